"""The made-up language over the whole demonstration: each page type, as each role finds it by its links.

Every phrase stands between marks; what people wrote, names and policy stand in Chinese or are marked as English. So an
English word outside the marks, that no data holds, is one that nobody can translate.
"""

import html
import re
from collections import deque
from functools import cache
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select
from werkzeug.exceptions import HTTPException

from matchmaker.accounts.models import Organisation
from matchmaker.config import SEED_DATA
from matchmaker.core.db import db
from matchmaker.core.web import i18n
from matchmaker.deals.models import Deal
from matchmaker.demo.world import PASSWORD
from matchmaker.listings.intake import jobs
from matchmaker.listings.models import Achievement, Need
from matchmaker.matching.duplicate_jobs import compare_some
from tests.browser.test_page_types import ELSEWHERE, FILES
from tests.core.web.test_pseudo_language import _Marked

READERS = (
    "", "researcher@beihu.example", "tto@beihu.example", "signatory@chunqi.example", "manager@qiaoliang.example",
    "reviewer@bureau.example", "admin@bureau.example",
)  # fmt: skip
OF_EACH = 2
"""So many pages of an endpoint are read for each reader: another row may show other pieces."""

NO_WORDS = {"English", "CSV", "XLSX", "PDF", "TRL", "Word", "BibTeX", "RIS", "pdf", "DEMO-"}
"""What is the same in every language."""

HIDDEN = re.compile(r"<(script|style|kbd|code|mark|svg|textarea|template|dialog)\b.*?</\1>", re.S)
ENGLISH_PART = re.compile(r"<(\w+)[^>]*\slang=\"en\"[^>]*>.*?</\1>", re.S)
NAMED = re.compile(r"\b(?:aria-label|placeholder|title|alt)=\"([^\"]*)\"")
WORD = re.compile(r"[A-Za-z][A-Za-z'-]{2,}")


@cache
def known_words() -> frozenset[str]:
    """Words of the data: codes of taxonomies, names and texts of the demonstration and of the policies."""
    found = set(NO_WORDS)
    for path in SEED_DATA.rglob("*"):
        if path.suffix in (".yaml", ".bib"):
            found |= set(WORD.findall(re.sub(r"^\s*[\w-]+:(?=\s|$)", "", path.read_text("utf-8"), flags=re.M)))
    return frozenset(found)


def untranslatable(page: str) -> list[str]:
    body = ENGLISH_PART.sub(" ", HIDDEN.sub(" ", page.split("<body")[1].partition(">")[2]))
    text = html.unescape(" ".join([re.sub(r"<[^>]*>", " ", body), *NAMED.findall(body)]))
    while (shorter := re.sub(r"⟦[^⟦⟧]*⟧", " ", text)) != text:
        text = shorter
    text = re.sub(
        r"\S+…|\S+@\S+|https?://\S+|[\w-]+\.(?:bib|pdf|docx)|[0-9a-fA-F]{6,}|\b[A-Z0-9]+-[A-Z0-9-]+", " ", text
    )
    return [word for word in WORD.findall(text) if word not in known_words()]


def crawl(app, client, starts):
    """Pages by their endpoints, found by links from these addresses."""
    adapter = app.url_map.bind("localhost")
    seen: dict[str, int] = {}
    waiting, met = deque(starts), set(starts)
    while waiting:
        address = waiting.popleft()
        try:
            endpoint, _ = adapter.match(urlsplit(address).path, method="GET")
        except HTTPException:
            continue
        if endpoint in FILES or seen.get(endpoint, 0) >= OF_EACH:
            continue
        answer = client.get(address, headers={"Accept-Language": "zh-CN"})
        if answer.status_code != 200 or not answer.mimetype.startswith("text/html"):
            continue
        seen[endpoint] = seen.get(endpoint, 0) + 1
        page = answer.get_data(as_text=True)
        yield endpoint, address, page
        for link in re.findall(r"<a [^>]*href=\"(/[^\"#]*)", page):
            link = html.unescape(link)
            if link not in met:
                met.add(link)
                waiting.append(link)


@pytest.mark.parametrize("bench", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("demonstration")
def test_no_page_says_a_word_that_nobody_can_translate(app, client, monkeypatch):
    settings = app.extensions["matchmaker.settings"]
    jobs.take_in(settings)
    compare_some(settings.index_dir)
    db.session.rollback()
    one, other = db.session.scalars(select(Achievement.id).where(Achievement.state == "published").limit(2))
    of_signatory = select(Organisation.id).where(Organisation.name_en.startswith("Chunqi"))
    theirs = select(Need.id).where(Need.state == "published", Need.organisation_id.in_(of_signatory))
    needs = list(db.session.scalars(theirs.limit(2)))
    of_tto = select(Organisation.id).where(Organisation.name_en.startswith("Beihu"))
    chinese = (Achievement.organisation_id.in_(of_tto), Achievement.language == "zh")
    own = db.session.scalars(select(Achievement.id).where(*chinese).order_by(Achievement.title).limit(1))
    drafts = db.session.scalars(select(Deal.id).where(Deal.state == "draft"))
    starts = [
        *(f"/achievements/{row}/cautions" for row in own), *(f"/needs/{need}/cautions" for need in needs),
        *(f"/needs/{need}/edit" for need in needs), *(f"/deals/{deal}/terms" for deal in drafts), "/try",
        "/", "/design", "/simulator", "/workdays", "/policy/credit", "/policy/values/new?clause=P3-4", "/budgets/set",
        f"/achievements/compare?id={one}&id={other}", f"/needs/compare?id={needs[0]}&id={needs[1]}",
        f"/introductions/choose?achievement={one}", f"/introductions/choose?need={needs[0]}", "/near-duplicates",
        "/achievements/new", "/needs/new", "/listings/imports", "/claims/new?clause=P3-4", "/deals?state=draft",
        "/claims?state=", "/claim-notices?all=1", "/listings/mine?state=draft", "/listings/mine?by=me", "/account",
        *(f"/achievements/new?step={step}" for step in ("what", "found", "terms", "rights", "confidential")),
    ]  # fmt: skip
    monkeypatch.setattr(i18n, "_chinese", lambda: _Marked())
    reached, faults = set(), []
    for email in READERS:
        client.post("/sign-out")
        if email:
            assert client.post("/sign-in", data={"email": email, "password": PASSWORD}).status_code == 302
        for endpoint, address, page in crawl(app, client, starts):
            reached.add(endpoint)
            assert "⟦" in page, address
            if words := untranslatable(page):
                faults.append((endpoint, address, words[:12]))
    assert faults == [], "\n".join(map(str, faults))
    pages = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert pages - FILES - ELSEWHERE - reached <= {
        "duplicates.similar_achievements", "duplicates.similar_needs", "subsidies.navigator_of",
        "paperwork.signed_contract", "accounts.sign_in", "accounts.register",
    }  # fmt: skip


def test_the_check_itself_finds_a_word_that_is_no_phrase():
    page = '<body class=\'x\'><p>⟦Save %(name)s⟧ 电池 <b lang="en">Sub-pixel</b></p><img alt="Hardcoded"> Rawword'
    assert untranslatable(page) == ["Rawword", "Hardcoded"]
