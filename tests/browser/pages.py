"""The page types of the platform, by who reads them: for the checks that every page has to pass.

A page is an address, and links to follow from it; demo accounts are named by their address before the @.
`test_page_types` holds the list to what the platform has.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from playwright.sync_api import Page

Step = str | Callable[[Page], None]
"""A link's selector, or something done on the page that leads on."""


@dataclass(frozen=True)
class Kind:
    name: str
    who: str  # address of a demo account, or nothing
    path: str
    follow: tuple[Step, ...] = ()  # each in turn
    status: int = 200
    shows: str = ""  # the endpoint that the links lead to; without links it is that of the address

    def open(self, page: Page) -> None:
        answer = page.goto(self.path)
        assert answer is not None
        assert answer.status == self.status, (self.path, answer.status)
        for step in self.follow:
            if callable(step):
                step(page)
                continue
            link = page.locator(step).first
            assert link.count(), (self.path, step, page.url)
            address = link.get_attribute("href")
            assert address, (self.path, step)
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 200, (address, answer.status)


def two_side_by_side(page: Page) -> None:
    """The first two entries of a list compared: what ticking them leads to."""
    ids = [page.locator("#results input[name=id]").nth(place).get_attribute("value") for place in (0, 1)]
    page.goto(f"{page.url.split('?')[0]}/compare?id={ids[0]}&id={ids[1]}")


def its_near_duplicates(page: Page) -> None:
    """What an author is shown before a listing is handed in."""
    page.goto(page.url.split("?")[0] + "/similar")


def its_cautions(page: Page) -> None:
    """What an author is asked where a public text looks confidential."""
    page.goto(page.url.split("?")[0] + "/cautions")


def the_choice_of_a_need(page: Page) -> None:
    """With which of one's own needs an introduction is asked for."""
    page.goto("/introductions/choose?achievement=" + page.url.split("?")[0].rsplit("/", 1)[1])


def its_navigator(page: Page) -> None:
    """What an organisation could claim, as the bureau sees it."""
    page.goto("/policy/navigator/" + page.url.split("?")[0].rsplit("/", 1)[1])


def once_it_was_read(page: Page) -> None:
    """The worker reads the file that the demonstration comes with within a moment."""
    page.locator("#entries").wait_for(timeout=60_000)


TTO, RESEARCHER = "tto@beihu.example", "researcher@beihu.example"
SIGNATORY, MANAGER = "signatory@chunqi.example", "manager@qiaoliang.example"
REVIEWER, ADMIN, AUDITOR = "reviewer@bureau.example", "admin@bureau.example", "auditor@bureau.example"

ENTRY_A = "main .entry a[href^='/achievements/']"
ENTRY_N = "main .entry a[href^='/needs/']"
MATCHES = "main a[href$='/matches']"
DEAL = "main a[href^='/deals/']:not([href^='/deals/new'])"

NEEDS_IMPORT = "main .entry a[href^='/listings/imports/']"
MINE_A = "main .entry a[href^='/achievements/']"
EDIT = "main a[href$='/edit']"
PAIRING = "main a[href*='/pairings/']"
INTRODUCTION = "main a[href^='/introductions/']:not([href$='/choose']):not([href*='?'])"
OWN_ORGANISATION = ".drop-body a[href^='/organisations/']"

KINDS = (
    Kind("front", "", "/"),
    Kind("try", "", "/try"),
    Kind("achievements", "", "/achievements?q=激光"),
    Kind("needs-map", "", "/needs?view=map"),
    Kind("nothing-found", "", "/needs?q=激光&field=digital&district=yushu&trl=1"),
    Kind("compare-empty", "", "/achievements/compare"),
    Kind("compare", "", "/achievements?q=激光", (two_side_by_side,), shows="finding.compare_achievements"),
    Kind("compare-needs", "", "/needs?q=激光", (two_side_by_side,), shows="finding.compare_needs"),
    Kind("achievement", "", "/achievements?q=动力电池", (ENTRY_A,), shows="listings.achievement"),
    Kind("need", "", "/needs?q=动力电池", (ENTRY_N,), shows="listings.need"),
    Kind("matches", "", "/needs?q=动力电池 水冷板", (ENTRY_N, MATCHES), shows="matching.matches_of_need"),
    Kind("matches-a", "", "/achievements?q=动力电池", (ENTRY_A, MATCHES), shows="matching.matches_of_achievement"),
    Kind("pairing", "", "/needs?q=动力电池 水冷板", (ENTRY_N, MATCHES, PAIRING), shows="matching.pairing"),
    Kind("policy", "", "/policy"),
    Kind("clause", "", "/policy/P3-4"),
    Kind("targets", "", "/policy/targets"),
    Kind("figures", "", "/dashboard"),
    Kind("design", "", "/design"),
    Kind("organisations", "", "/organisations"),
    Kind(
        "organisation",
        "",
        "/organisations",
        ("main a[href^='/organisations/']",),
        shows="accounts.organisation",
    ),
    Kind("how-well", "", "/matching/quality"),
    Kind("simulator", "", "/simulator"),
    Kind("workdays", "", "/workdays"),
    Kind("public-notices", "", "/deals/notices"),
    Kind("public-notice", "", "/deals/notices", ("main a[href^='/deals/notices/']",), shows="notices.notice"),
    Kind("subsidy-notices", "", "/claim-notices?all=1"),
    Kind(
        "subsidy-notice",
        "",
        "/claim-notices?all=1",
        ("main a[href^='/claim-notices/']",),
        shows="subsidies.notice",
    ),
    Kind("sign-in", "", "/sign-in"),
    Kind("register", "", "/register"),
    Kind("not-found", "", "/nothing-here", status=404),
    Kind("home", TTO, "/"),
    Kind("my-listings", TTO, "/listings/mine"),
    Kind("review-queue", TTO, "/listings/review"),
    Kind("review", TTO, "/listings/review", ("main .entry a",), shows="listings.achievement"),
    Kind("introductions", TTO, "/introductions"),
    Kind("introduction", TTO, "/introductions", (INTRODUCTION,), shows="introductions.introduction"),
    Kind("deals", TTO, "/deals"),
    Kind("deal", TTO, "/deals", (DEAL,), shows="deals.deal"),
    Kind(
        "counter-offer",
        TTO,
        "/deals?state=offered",
        (DEAL, "main a[href$='/counter-offer']"),
        shows="deals.counter_offer",
    ),
    Kind(
        "signed-contract",
        TTO,
        "/deals?state=on_trial",
        (DEAL, "main a[href$='/signed-contract']"),
        shows="paperwork.signed_contract",
    ),
    Kind("edit-organisation", TTO, "/", (OWN_ORGANISATION, EDIT), shows="accounts.edit_organisation"),
    Kind("members", TTO, "/", (OWN_ORGANISATION, "main a[href$='/members']"), shows="accounts.members"),
    Kind(
        "change-roles",
        TTO,
        "/",
        (OWN_ORGANISATION, "main a[href$='/members']", "main a[href$='/roles']"),
        shows="accounts.change_roles",
    ),
    Kind("account", TTO, "/account"),
    Kind("forbidden", TTO, "/needs/new", status=403),
    Kind("money", TTO, "/money"),
    Kind("new-matches", TTO, "/new-matches"),
    Kind("new-matches-of-needs", SIGNATORY, "/new-matches"),
    Kind("researcher-home", RESEARCHER, "/"),
    Kind("new-achievement", RESEARCHER, "/achievements/new"),
    *(
        Kind(f"new-achievement-{step}", RESEARCHER, f"/achievements/new?step={step}")
        for step in ("what", "found", "terms", "rights", "confidential")
    ),
    Kind(
        "edit-achievement",
        RESEARCHER,
        "/listings/mine?by=me",
        (MINE_A, EDIT),
        shows="listings.edit_achievement",
    ),
    Kind(
        "similar",
        RESEARCHER,
        "/achievements?q=激光雷达点云去噪",
        (ENTRY_A, its_near_duplicates),
        shows="duplicates.similar_achievements",
    ),
    Kind(
        "cautions",
        RESEARCHER,
        "/achievements?q=激光雷达点云去噪",
        (ENTRY_A, its_cautions),
        shows="cautions.look_again_at_achievement",
    ),
    Kind("bring-in", RESEARCHER, "/achievements/bring-in"),
    Kind("imports", RESEARCHER, "/listings/imports"),
    Kind("one-import", RESEARCHER, "/listings/imports", (NEEDS_IMPORT, once_it_was_read), shows="intake.one_import"),
    Kind("new-need", SIGNATORY, "/needs/new"),
    Kind("new-need-step", SIGNATORY, "/needs/new?step=terms"),
    Kind("bring-in-need", SIGNATORY, "/needs/bring-in"),
    Kind("edit-need", SIGNATORY, "/listings/mine?state=published", (ENTRY_N, EDIT), shows="listings.edit_need"),
    Kind(
        "similar-needs",
        SIGNATORY,
        "/listings/mine?state=published",
        (ENTRY_N, its_near_duplicates),
        shows="duplicates.similar_needs",
    ),
    Kind(
        "cautions-of-need",
        SIGNATORY,
        "/listings/mine?state=published",
        (ENTRY_N, its_cautions),
        shows="cautions.look_again_at_need",
    ),
    Kind(
        "add-recognition",
        SIGNATORY,
        "/",
        (OWN_ORGANISATION, "main a[href$='/recognitions/new']"),
        shows="accounts.add_recognition",
    ),
    Kind("own-matches", SIGNATORY, "/listings/mine?state=published", (ENTRY_N, MATCHES)),
    Kind("own-pairing", SIGNATORY, "/listings/mine?state=published", (ENTRY_N, MATCHES, PAIRING)),
    Kind(
        "choose",
        SIGNATORY,
        "/achievements?q=动力电池",
        (ENTRY_A, the_choice_of_a_need),
        shows="introductions.choose",
    ),
    Kind("navigator-small", SIGNATORY, "/policy/navigator"),
    Kind("particulars", SIGNATORY, "/claims/particulars"),
    Kind("manager-home", MANAGER, "/?tour=1"),
    Kind("new-pairs", MANAGER, "/new-matches"),
    Kind("saved-searches", MANAGER, "/searches"),
    Kind("saved-searches-none", RESEARCHER, "/searches"),
    Kind("pipeline", MANAGER, "/pipeline"),
    Kind(
        "new-introduction",
        MANAGER,
        "/needs?q=动力电池 水冷板",
        (ENTRY_N, MATCHES, PAIRING, "main a[href*='/introductions/new']"),
        shows="introductions.new_introduction",
    ),
    Kind("new-deal", MANAGER, "/deals/new"),
    Kind("edit-terms", MANAGER, "/deals?state=draft", (DEAL, "main a[href$='/terms']"), shows="deals.edit_terms"),
    Kind("deal-on-trial", MANAGER, "/deals?state=on_trial", (DEAL,), shows="deals.deal"),
    Kind("deal-paying", MANAGER, "/deals?state=paying", (DEAL,), shows="deals.deal"),
    Kind("claims", MANAGER, "/claims"),
    Kind("new-claim", MANAGER, "/claims/new?clause=P3-4"),
    Kind(
        "edit-claim",
        MANAGER,
        "/claims?state=draft",
        ("main .entry a[href^='/claims/']", EDIT),
        shows="subsidies.edit_claim",
    ),
    Kind("navigator", MANAGER, "/policy/navigator"),
    Kind("claim", REVIEWER, "/claims?state=", ("main .entry a[href^='/claims/']",), shows="subsidies.claim"),
    Kind("rounds", REVIEWER, "/rounds"),
    Kind("round", REVIEWER, "/rounds", ("main a[href^='/rounds/']",), shows="subsidies.round_"),
    Kind("policy-values", REVIEWER, "/policy/values"),
    Kind(
        "policy-value",
        REVIEWER,
        "/policy/values",
        ("main a[href^='/policy/values/']:not([href$='/new'])",),
        shows="subsidies.policy_value",
    ),
    Kind("propose-values", REVIEWER, "/policy/values/new?clause=P3-4"),
    Kind("credit", REVIEWER, "/policy/credit"),
    Kind("near-duplicates", REVIEWER, "/near-duplicates"),
    Kind(
        "near-duplicates-compared",
        REVIEWER,
        "/near-duplicates",
        ("main a[href^='/near-duplicates/']",),
        shows="duplicates.comparison",
    ),
    Kind(
        "navigator-of",
        REVIEWER,
        "/organisations",
        ("main a[href^='/organisations/']", its_navigator),
        shows="subsidies.navigator_of",
    ),
    Kind("admin-home", ADMIN, "/"),
    Kind("budgets", ADMIN, "/budgets"),
    Kind("set-budget", ADMIN, "/budgets/set"),
    Kind("enter-target", ADMIN, "/dashboard/targets/T3"),
    Kind("auditor-home", AUDITOR, "/"),
)
