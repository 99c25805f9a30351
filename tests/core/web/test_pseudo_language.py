"""With every phrase marked, what stands unmarked on a page is nobody's to translate.

A made-up language wraps each phrase in ⟦ ⟧. What is left between the marks must be a name, a figure or a text that
people wrote: no label, button, heading of a table or legend.
"""

import html
import re

import pytest

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.web import i18n
from tests.factories.accounts import make_member, make_organisation, sign_in
from tests.factories.listings import make_achievement, make_need
from tests.factories.matching import refresh

OURS = re.compile(
    r"<(button|legend|caption|h2|h3|dt|thead|summary)\b[^>]*>(.*?)</\1>"
    r"|<label\b[^>]*>([^<]*)|(?:aria-label|placeholder)=\"([^\"]+)\"",
    re.S,
)
WORD = re.compile(r"[A-Za-z\u4e00-\u9fff]{2,}")
PAGES = {
    None: [
        "/",
        "/try",
        "/achievements?view=map",
        "/needs",
        "/dashboard",
        "/design",
        "/sign-in",
        "/register",
        "/nowhere",
    ],
    (OrganisationKind.UNIVERSITY, Role.TTO_OFFICER): [
        "/",
        "/achievements/new",
        "/achievements/bring-in",
        "/listings/mine",
    ],
    (OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY): ["/needs/new", "/introductions", "/deals"],
    (OrganisationKind.AUTHORITY, Role.ADMINISTRATOR): ["/budgets", "/dashboard/targets/T3", "/claims"],
}


class _Marked:
    """Stands for a catalogue: each phrase as it is in the code, between marks, its placeholders untouched."""

    def __getattr__(self, name):
        if name in ("ugettext", "gettext"):
            return lambda message: f"⟦{message}⟧"
        if name in ("ungettext", "ngettext"):
            return lambda one, many, number: f"⟦{one if number == 1 else many}⟧"
        if name in ("upgettext", "pgettext"):
            return lambda context, message: f"⟦{message}⟧"
        raise AttributeError(name)


@pytest.fixture
def marked(monkeypatch):
    monkeypatch.setattr(i18n, "_chinese", lambda: _Marked())


def unmarked(page: str) -> list[str]:
    """Words of the page's own pieces that no phrase accounts for."""
    page = page.split("<body")[1]
    found = []
    for parts in OURS.findall(page):
        text = re.sub(r"<(kbd|code|mark|svg|select)\b.*?</\1>", "", parts[1], flags=re.S)
        text = html.unescape(" ".join([re.sub(r"<[^>]+>", " ", text), parts[2], parts[3]]))
        while "⟦" in text:  # a phrase within a phrase: the inner one first
            shorter = re.sub(r"⟦[^⟦⟧]*⟧", " ", text)
            if shorter == text:
                break
            text = shorter
        if words := WORD.findall(text):
            found.append(" ".join(words))
    return found


@pytest.mark.parametrize("who", PAGES, ids=str)
def test_every_piece_of_a_page_is_a_phrase(client, marked, who):
    written = {make_achievement().title, make_need().title}
    refresh()
    if who:
        member = make_member(make_organisation(who[0]), who[1])
        written |= {member.user.name, member.organisation.name}
        sign_in(client, member.user)
    names = "|".join(
        " ".join(WORD.findall(name)) for name in sorted([*written, "中文", "English"], key=len, reverse=True)
    )
    for address in PAGES[who]:
        page = client.get(address, headers={"Accept-Language": "zh-CN"}).get_data(as_text=True)
        assert "⟦" in page
        assert [text for text in unmarked(page) if re.sub(names, "", text).strip()] == [], address


def test_the_check_itself_finds_what_is_not_a_phrase():
    assert unmarked("<body><button>⟦Save⟧</button><h2>Raw</h2><label for='a'>⟦Title⟧</label>") == ["Raw"]
