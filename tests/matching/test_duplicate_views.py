"""The question before handing in, the bureau's pages, and the page of figures."""

import json
import uuid

import pytest

from matchmaker.accounts.models import User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.db import db
from matchmaker.listings.models import Achievement, ListingState
from matchmaker.matching import quality_views
from tests.factories.accounts import make_member, make_organisation, sign_in
from tests.factories.listings import SUMMARY, make_achievement, make_need
from tests.factories.matching import refresh
from tests.matching.test_alike import compare
from tests.matching.test_benchmarks import EVALUATED, RESULT, written
from tests.matching.test_views import ENGLISH, strip, text_of

FORM = {
    "title": "动力电池低温自加热技术",
    "summary": SUMMARY,
    "keywords": "电池, 低温",
    "field": "nev",
    "modes": "ordinary_licence",
    "language": "zh",
}


@pytest.fixture
def university(app):
    return make_organisation(OrganisationKind.UNIVERSITY)


def enter(client, organisation, *roles):
    member = make_member(organisation, *roles)
    return sign_in(client, db.session.get(User, member.user_id))


def saved():
    db.session.expire_all()
    return db.session.query(Achievement).order_by(Achievement.created_at.desc()).first()


def post_new(client, then):
    return client.post("/achievements/new", data={**FORM, "then": then})


def test_what_resembles_nothing_is_handed_in_without_a_question(client, university):
    refresh()
    enter(client, university, Role.RESEARCHER)
    answer = post_new(client, "submit")
    assert answer.location == f"/achievements/{saved().id}"
    assert saved().state == ListingState.IN_REVIEW


def test_before_handing_in_the_author_sees_what_is_there_and_answers(client, university):
    other = make_achievement()
    refresh()
    enter(client, university, Role.RESEARCHER)
    question = post_new(client, "submit").location
    assert question == f"/achievements/{saved().id}/similar?then=submit"
    assert saved().state == ListingState.DRAFT
    page = text_of(client, question, headers=ENGLISH)
    assert "<h1>Is it new?</h1>" in page
    assert other.title in page
    assert "100% of the wording is shared" in page
    assert "Mine replaces this one" not in page  # it is another's
    assert "<h1>是否为新内容？</h1>" in text_of(client, question)
    answer = client.post(f"/achievements/{saved().id}/similar", data={"then": "submit", "replaces": ""})
    assert answer.location == f"/achievements/{saved().id}"
    assert saved().state == ListingState.IN_REVIEW


def test_what_is_missing_is_said_before_the_question(client, university):
    make_achievement()
    refresh()
    enter(client, university, Role.RESEARCHER)
    answer = client.post("/achievements/new", data={**FORM, "modes": [], "then": "submit"})
    assert answer.status_code == 422
    assert db.session.query(Achievement).count() == 1


def test_an_officer_publishes_in_place_of_an_own_entry(client, university):
    old_id = make_achievement(university).id
    refresh()
    enter(client, university, Role.TTO_OFFICER)
    question = post_new(client, "publish").location
    page = text_of(client, question, headers=ENGLISH)
    assert "Mine replaces this one" in page
    assert "It is something new: publish it" in page
    new_id = saved().id
    client.post(f"/achievements/{new_id}/similar", data={"then": "publish", "replaces": str(old_id)})
    db.session.expire_all()
    assert db.session.get(Achievement, old_id).state == ListingState.WITHDRAWN
    assert db.session.get(Achievement, new_id).state == ListingState.PUBLISHED


def test_the_button_on_the_listing_asks_too(client, university):
    make_achievement()
    draft_id = make_achievement(university, state=ListingState.DRAFT).id
    refresh()
    enter(client, university, Role.TTO_OFFICER)
    answer = client.post(f"/achievements/{draft_id}/submit")
    assert answer.location == f"/achievements/{draft_id}/similar?then=submit"
    assert db.session.get(Achievement, draft_id).state == ListingState.DRAFT


def test_needs_are_asked_about_in_the_same_way(client, app):
    make_need()
    enterprise = make_organisation(OrganisationKind.ENTERPRISE)
    draft = make_need(enterprise, state=ListingState.DRAFT, anonymous=True)
    refresh()
    enter(client, enterprise, Role.ENTERPRISE_SIGNATORY)
    question = client.post(f"/needs/{draft.id}/submit").location
    assert question == f"/needs/{draft.id}/similar?then=submit"
    assert client.post(f"/needs/{draft.id}/similar", data={}).location == f"/needs/{draft.id}"


def test_the_question_belongs_to_those_who_may_hand_in(client, university):
    draft_id = make_achievement(university, state=ListingState.DRAFT).id
    published_id = make_achievement(university).id
    refresh()
    for which in (draft_id, uuid.uuid4()):
        assert client.get(f"/achievements/{which}/similar").location.startswith("/sign-in")
    enter(client, make_organisation(OrganisationKind.UNIVERSITY), Role.TTO_OFFICER)
    pages = {
        strip(client.open(f"/achievements/{which}/similar", method=method).get_data(as_text=True))
        for which in (draft_id, uuid.uuid4())
        for method in ("GET", "POST")
    }
    assert len(pages) == 1
    assert client.get(f"/achievements/{published_id}/similar").status_code == 403


def test_what_is_named_as_replaced_must_be_among_those_shown(client, university):
    draft_id = make_achievement(university, state=ListingState.DRAFT).id
    enter(client, university, Role.TTO_OFFICER)
    for other in (uuid.uuid4(), "x"):
        answer = client.post(f"/achievements/{draft_id}/similar", data={"replaces": str(other)})
        assert answer.status_code == 404
    assert db.session.get(Achievement, draft_id).state == ListingState.DRAFT


# --- for the bureau -------------------------------------------------------------------------------------------------


def test_the_bureau_looks_through_groups_compares_and_settles(client, app):
    first, second = make_achievement(), make_achievement()
    compare()
    enter(client, make_organisation(OrganisationKind.AUTHORITY), Role.REVIEWER)
    page = text_of(client, "/near-duplicates", headers=ENGLISH)
    assert "1 group" in page
    low, high = sorted((str(first.id), str(second.id)))
    address = f"/near-duplicates/{low}/{high}"
    assert f'href="{address}"' in page
    page = text_of(client, address, headers=ENGLISH)
    assert "<h1>Side by side</h1>" in page
    assert "<mark" in page
    assert client.post(f"{address}/keep-apart").location == "/near-duplicates?kind=achievement"
    assert "No two published entries say nearly the same." in text_of(client, "/near-duplicates", headers=ENGLISH)
    assert "Held to be two different entries" in text_of(client, address, headers=ENGLISH)
    client.post(f"{address}/reopen")
    assert "1 组" in text_of(client, "/near-duplicates?kind=achievement")


def test_an_auditor_reads_without_buttons_and_others_do_not_get_in(client, app):
    first, second = make_achievement(), make_achievement()
    address = f"/near-duplicates/{first.id}/{second.id}"
    for path in ("/near-duplicates", address):
        assert client.get(path).status_code in (302, 401)
    enter(client, make_organisation(OrganisationKind.AUTHORITY), Role.AUDITOR)
    assert "keep-apart" not in text_of(client, address)
    assert client.post(f"{address}/keep-apart").status_code == 403
    assert client.get(f"/near-duplicates/{first.id}/{uuid.uuid4()}").status_code == 404
    enter(client, make_organisation(OrganisationKind.ENTERPRISE))
    for path in ("/near-duplicates", address):
        assert client.get(path).status_code == 403


# --- how well it matches --------------------------------------------------------------------------------------------


def test_the_page_of_figures_says_what_there_is_and_what_is_missing(client, tmp_path, monkeypatch):
    monkeypatch.setattr(quality_views, "BENCHMARKS", tmp_path)
    page = text_of(client, "/matching/quality", headers=ENGLISH)
    assert "Too few judgements yet." in page
    assert "No benchmark result comes with this version." in page
    written(tmp_path, matching_a=json.dumps(RESULT))
    page = text_of(client, "/matching/quality", headers=ENGLISH)
    for sentence in ("<h3>Benchmark</h3>", "0.730–0.770", "abc1234", "25 Nov 2026", "What each part adds", "<svg"):
        assert sentence in page
    assert "<h3>基准测试</h3>" in text_of(client, "/matching/quality")
    written(tmp_path, matching_b=json.dumps(EVALUATED))
    assert "220 条需求的 7376 个已评判配对" in text_of(client, "/matching/quality")
    assert "without common wording" in text_of(client, "/matching/quality", headers=ENGLISH)
