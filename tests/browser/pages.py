"""The page types of the platform, by who reads them: for the checks that every page has to pass.

A page is an address, and links to follow from it; demo accounts are named by their address before the @.
"""

from __future__ import annotations

from dataclasses import dataclass

from playwright.sync_api import Page


@dataclass(frozen=True)
class Kind:
    name: str
    who: str  # address of a demo account, or nothing
    path: str
    follow: tuple[str, ...] = ()  # selectors of links, each followed in turn
    status: int = 200

    def open(self, page: Page) -> None:
        answer = page.goto(self.path)
        assert answer is not None
        assert answer.status == self.status, (self.path, answer.status)
        for selector in self.follow:
            address = page.locator(selector).first.get_attribute("href")
            assert address, (self.path, selector)
            answer = page.goto(address)
            assert answer is not None
            assert answer.status == 200, (address, answer.status)


TTO, RESEARCHER = "tto@beihu.example", "researcher@beihu.example"
SIGNATORY, MANAGER = "signatory@chunqi.example", "manager@qiaoliang.example"
REVIEWER, ADMIN, AUDITOR = "reviewer@bureau.example", "admin@bureau.example", "auditor@bureau.example"

ENTRY_A = "main .entry a[href^='/achievements/']"
ENTRY_N = "main .entry a[href^='/needs/']"
MATCHES = "main a[href$='/matches']"
DEAL = "main a[href^='/deals/']:not([href^='/deals/new'])"

KINDS = (
    Kind("front", "", "/"),
    Kind("try", "", "/try"),
    Kind("achievements", "", "/achievements?q=激光"),
    Kind("needs-map", "", "/needs?view=map"),
    Kind("nothing-found", "", "/needs?q=激光&field=digital&district=yushu&trl=1"),
    Kind("compare-empty", "", "/achievements/compare"),
    Kind("achievement", "", "/achievements?q=动力电池", (ENTRY_A,)),
    Kind("need", "", "/needs?q=动力电池", (ENTRY_N,)),
    Kind("matches", "", "/needs?q=动力电池 水冷板", (ENTRY_N, MATCHES)),
    Kind("pairing", "", "/needs?q=动力电池 水冷板", (ENTRY_N, MATCHES, "main a[href*='/pairings/']")),
    Kind("policy", "", "/policy"),
    Kind("clause", "", "/policy/P3-4"),
    Kind("targets", "", "/policy/targets"),
    Kind("figures", "", "/dashboard"),
    Kind("design", "", "/design"),
    Kind("organisations", "", "/organisations"),
    Kind("organisation", "", "/organisations", ("main a[href^='/organisations/']",)),
    Kind("how-well", "", "/matching/quality"),
    Kind("sign-in", "", "/sign-in"),
    Kind("register", "", "/register"),
    Kind("not-found", "", "/nothing-here", status=404),
    Kind("home", TTO, "/"),
    Kind("my-listings", TTO, "/listings/mine"),
    Kind("review-queue", TTO, "/listings/review"),
    Kind("review", TTO, "/listings/review", ("main .entry a",)),
    Kind("introductions", TTO, "/introductions"),
    Kind(
        "introduction",
        TTO,
        "/introductions",
        ("main a[href^='/introductions/']:not([href$='/choose']):not([href*='?'])",),
    ),
    Kind("deals", TTO, "/deals"),
    Kind("deal", TTO, "/deals", (DEAL,)),
    Kind("counter-offer", TTO, "/deals?state=offered", (DEAL, "main a[href$='/counter-offer']")),
    Kind("members", TTO, "/", (".drop-body a[href^='/organisations/']", "main a[href$='/members']")),
    Kind("account", TTO, "/account"),
    Kind("forbidden", TTO, "/needs/new", status=403),
    Kind("money", TTO, "/money"),
    Kind("new-achievement", RESEARCHER, "/achievements/new"),
    Kind("new-achievement-step", RESEARCHER, "/achievements/new?step=found"),
    Kind("bring-in", RESEARCHER, "/achievements/bring-in"),
    Kind("new-need", SIGNATORY, "/needs/new"),
    Kind("own-matches", SIGNATORY, "/listings/mine?state=published", (ENTRY_N, MATCHES)),
    Kind("own-pairing", SIGNATORY, "/listings/mine?state=published", (ENTRY_N, MATCHES, "main a[href*='/pairings/']")),
    Kind("manager-home", MANAGER, "/?tour=1"),
    Kind("pipeline", MANAGER, "/pipeline"),
    Kind("new-deal", MANAGER, "/deals/new"),
    Kind("claims", MANAGER, "/claims"),
    Kind("new-claim", MANAGER, "/claims/new?clause=P3-4"),
    Kind("navigator", MANAGER, "/policy/navigator"),
    Kind("claim", REVIEWER, "/claims", ("main a[href^='/claims/']",)),
    Kind("propose-values", REVIEWER, "/policy/values/new?clause=P3-4"),
    Kind("near-duplicates", REVIEWER, "/near-duplicates"),
    Kind("budgets", ADMIN, "/budgets"),
    Kind("enter-target", ADMIN, "/dashboard/targets/T3"),
)
