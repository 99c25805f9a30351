"""The pages of listings: who reaches them, what they say, and what they never say."""

from __future__ import annotations

import html
import io
import re

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from matchmaker.accounts.models import Membership
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.db import db, unit_of_work
from matchmaker.listings import services
from matchmaker.listings.models import Achievement, Attachment, ListingState, Need
from tests.factories import accounts
from tests.factories import listings as make
from tests.factories.accounts import SYSTEM, unit
from tests.listings.cast import E, U
from tests.listings.test_permissions import PDF, attach
from tests.listings.test_queries import counted

ENGLISH = {"Accept-Language": "en"}
READY = {"title": "新成果", "summary": make.SUMMARY, "modes": "equity", "language": "zh"}
READY_NEED = {"title": "新需求", "problem": make.PROBLEM, "modes": "equity", "language": "zh"}


@pytest.fixture
def university(app):
    return accounts.make_organisation(U, name="示例甲大学")


def sign_in(client: FlaskClient, organisation, *roles: Role) -> Membership:
    """A new member of the organisation, signed in."""
    membership = accounts.make_member(organisation, *roles)
    accounts.sign_in(client, membership.user)
    return membership


def heading(answer) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.S)
    return html.unescape(found[1]) if found else ""


def only(model):
    db.session.expire_all()
    return db.session.scalars(select(model)).one()


# --- reading --------------------------------------------------------------------------------------------------------


def test_a_published_achievement_is_open_to_everyone_in_both_languages(client):
    row = make.make_achievement(title="自加热", price_min_fen=50_000_000, price_max_fen=80_000_000)
    chinese, english = client.get(f"/achievements/{row.id}"), client.get(f"/achievements/{row.id}", headers=ENGLISH)
    assert (chinese.status_code, heading(chinese)) == (200, "自加热")
    assert "技术成熟度" in chinese.text
    assert "50万元" in chinese.text
    assert "Technology readiness level" in english.text
    assert row.organisation.name in english.text


def test_the_page_of_a_need_tells_budget_and_deadline(client):
    row = make.make_need(budget_max_fen=30_000_000)
    answer = client.get(f"/needs/{row.id}")
    assert (answer.status_code, heading(answer)) == (200, row.title)
    assert "30万元" in answer.text


def test_texts_of_people_are_escaped(client):
    row = make.make_achievement(title="<script>alert(1)</script>", summary="<b onclick=x>" + make.SUMMARY)
    answer = client.get(f"/achievements/{row.id}")
    assert "<script>alert" not in answer.text
    assert "<b onclick" not in answer.text


@pytest.mark.parametrize("state", [ListingState.DRAFT, ListingState.IN_REVIEW, ListingState.WITHDRAWN])
def test_what_is_not_public_answers_outsiders_like_what_does_not_exist(client, state):
    row = make.make_need(state=state)
    missing = client.get("/needs/00000000-0000-4000-8000-000000000000")
    hidden = client.get(f"/needs/{row.id}")
    assert (hidden.status_code, missing.status_code) == (404, 404)

    def body(answer) -> str:
        return re.sub(r"[0-9a-f-]{36}|csrf_token.*?>", "", answer.text)

    assert body(hidden) == body(missing)


def test_outsiders_read_the_revision_and_the_owner_the_change(client, university):
    row = make.make_achievement(university, title="旧题")
    make.propose(row, title="新题")
    assert heading(client.get(f"/achievements/{row.id}")) == "旧题"
    sign_in(client, university, Role.RESEARCHER)
    assert heading(client.get(f"/achievements/{row.id}")) == "新题"
    assert heading(client.get(f"/achievements/{row.id}?public=1")) == "旧题"


def test_confidential_text_shows_to_owner_and_those_let_in_only(client, university, visitor):
    listings = [make.make_achievement(university), make.make_need()]
    for row in listings:
        make.propose(row, title="改")
    reader = accounts.make_organisation(E)
    make.disclose(listings[0], reader)

    def told(member: Membership | None) -> list[bool]:
        browser = visitor()
        if member is not None:
            accounts.sign_in(browser, member.user)
        pages = [
            browser.get(f"/achievements/{listings[0].id}"),
            browser.get(f"/needs/{listings[1].id}"),
            browser.get("/listings/mine"),
            browser.get("/listings/review"),
            browser.get(f"/achievements/{listings[0].id}/edit"),
        ]
        assert pages[0].status_code == pages[1].status_code == 200
        return [make.CANARY in page.text for page in pages]

    nobody = [False] * 5
    assert told(None) == nobody
    assert told(accounts.make_member(accounts.make_organisation(U), Role.RESEARCHER)) == nobody
    for role in (Role.ADMINISTRATOR, Role.REVIEWER, Role.AUDITOR):
        assert told(accounts.make_member(accounts.make_organisation(OrganisationKind.AUTHORITY), role)) == nobody
    assert told(accounts.make_member(reader, Role.ENTERPRISE_MEMBER)) == [True, False, False, False, False]
    assert told(accounts.make_member(university, Role.TTO_OFFICER)) == [True, False, False, False, True]


def test_the_page_of_an_anonymous_need_names_its_seeker_to_nobody_outside(client, visitor):
    owner = accounts.make_organisation(E, name="隐名示例公司")
    row = make.make_need(owner, anonymous=True, title="求升温方案")
    bureau = accounts.make_member(accounts.make_organisation(OrganisationKind.AUTHORITY), Role.ADMINISTRATOR)
    for user in (None, bureau.user, accounts.make_member(accounts.make_organisation(U)).user):
        browser = visitor()
        if user is not None:
            accounts.sign_in(browser, user)
        page = browser.get(f"/needs/{row.id}")
        assert page.status_code == 200
        assert owner.name not in page.text
        assert str(owner.id) not in page.text
    sign_in(client, owner, Role.ENTERPRISE_MEMBER)
    assert owner.name in client.get(f"/needs/{row.id}").text


def test_the_bureau_judges_an_anonymous_need_without_being_told_the_seeker(client):
    owner = accounts.make_organisation(E, name="隐名示例公司", verified=False)
    row = make.make_need(owner, anonymous=True, state=ListingState.IN_REVIEW)
    sign_in(client, accounts.make_organisation(OrganisationKind.AUTHORITY), Role.ADMINISTRATOR)
    for address in ("/listings/review", f"/needs/{row.id}"):
        page = client.get(address)
        assert row.title in page.text
        assert owner.name not in page.text
        assert row.author.name not in page.text
    assert client.post(f"/needs/{row.id}/approve", data={"version": row.version}).status_code == 302
    assert only(Need).state == ListingState.PUBLISHED


# --- lists ----------------------------------------------------------------------------------------------------------


def test_my_listings_filters_by_state_and_teaches_where_there_is_nothing(client, university):
    membership = sign_in(client, university, Role.RESEARCHER)
    empty = client.get("/listings/mine")
    assert (empty.status_code, heading(empty)) == (200, "我的发布")
    assert "/achievements/new" in empty.text
    make.make_achievement(university, author=accounts.actor(membership), title="甲稿", state=ListingState.DRAFT)
    make.make_achievement(university, title="乙文")
    assert all(title in client.get("/listings/mine").text for title in ("甲稿", "乙文"))
    drafts = client.get("/listings/mine?state=draft").text
    assert ("甲稿" in drafts, "乙文" in drafts) == (True, False)
    by_me = client.get("/listings/mine?by=me&state=nonsense").text
    assert ("甲稿" in by_me, "乙文" in by_me) == (True, False)
    assert "甲稿" not in client.get("/listings/mine?state=withdrawn").text


def test_lists_are_for_those_who_post_or_approve(client):
    assert "/sign-in" in client.get("/listings/mine").location
    sign_in(client, accounts.make_organisation(OrganisationKind.INTERMEDIARY), Role.TECHNOLOGY_MANAGER)
    assert client.get("/listings/mine").status_code == 403
    assert client.get("/listings/review").status_code == 403
    assert client.get("/achievements/new").status_code == 403


@pytest.mark.parametrize("address", ["/listings/mine", "/listings/review"])
def test_a_list_page_sends_the_same_number_of_statements_however_long_it_is(client, university, address):
    sign_in(client, university, Role.TTO_OFFICER)

    def add(count: int) -> None:
        with unit():
            for _ in range(count):
                make.make_achievement(university, state=ListingState.IN_REVIEW)
                make.propose(make.make_achievement(university))

    def measure() -> int:
        with counted() as statements:
            assert client.get(address).status_code == 200
        return len(statements)

    add(1)
    before = measure()
    add(6)
    assert measure() == before


# --- writing --------------------------------------------------------------------------------------------------------


def test_a_researcher_saves_hands_in_and_the_officer_publishes(client, university, visitor):
    sign_in(client, university, Role.RESEARCHER)
    assert heading(client.get("/achievements/new")) == "发布成果"
    answer = client.post("/achievements/new", data={**READY, "then": "save"})
    row = only(Achievement)
    assert answer.location.endswith(f"/achievements/{row.id}")
    assert row.state == ListingState.DRAFT
    assert client.post(f"/achievements/{row.id}/submit").status_code == 302
    assert client.post(f"/achievements/{row.id}/approve").status_code == 403

    officer = visitor()
    sign_in(officer, university, Role.TTO_OFFICER)
    assert row.title in officer.get("/listings/review").text
    answer = officer.post(f"/achievements/{row.id}/approve", data={"version": only(Achievement).version})
    assert answer.status_code == 302
    assert only(Achievement).state == ListingState.PUBLISHED
    assert "已发布" in officer.get(answer.location).text


def test_who_may_approve_publishes_in_one_step(client):
    sign_in(client, accounts.make_organisation(E), Role.ENTERPRISE_SIGNATORY)
    assert client.post("/needs/new", data={**READY_NEED, "then": "publish"}).status_code == 302
    assert only(Need).state == ListingState.PUBLISHED


def test_a_member_hands_in_with_the_form(client):
    sign_in(client, accounts.make_organisation(E), Role.ENTERPRISE_MEMBER)
    assert client.post("/needs/new", data={**READY_NEED, "then": "submit"}).status_code == 302
    assert only(Need).state == ListingState.IN_REVIEW


def test_every_field_of_the_form_is_kept_and_shown_again(client, university):
    sign_in(client, university, Role.TTO_OFFICER)
    client.post(
        "/achievements/new",
        data={
            **READY,
            "keywords": "电池，低温",
            "field": "nev",
            "industries-0": "C36",
            "industries-2": "C38",
            "district": "erdao",
            "trl": "6",
            "advantages": "快",
            "applications": "车",
            "price_min_fen": "5000",
            "price_max_fen": "8,000.50",
            "rights-0-kind": "invention_patent",
            "rights-0-number": "ZL2023DEMO1",
            "rights-0-status": "granted",
            "rights-0-expires_on": "2043-03-16",
            "rights-1-kind": "",
            "completers-0-name": "示例甲",
            "completers-0-share": "60",
            "completers-1-name": "示例乙",
            "completers-1-share": "40",
            "confidential": "配方",
        },
    )
    row = only(Achievement)
    assert (row.keywords, row.industries, row.trl) == (["电池", "低温"], ["C36", "C38"], 6)
    assert (row.price_min_fen, row.price_max_fen) == (500_000, 800_050)
    assert row.rights == [
        {"kind": "invention_patent", "number": "ZL2023DEMO1", "status": "granted", "expires_on": "2043-03-16"}
    ]
    assert row.completers == [{"name": "示例甲", "share": 60}, {"name": "示例乙", "share": 40}]
    form = client.get(f"/achievements/{row.id}/edit").text
    for shown in ("ZL2023DEMO1", "2043-03-16", "示例乙", "配方", "8000.50", "电池, 低温"):
        assert shown in form
    assert re.search(r'<option selected value="C38">', form)
    page = client.get(f"/achievements/{row.id}").text
    for shown in ("ZL2023DEMO1", "2043年3月16日", "60%", "发明专利", "汽车制造业", "5,000.00", "6 · "):
        assert shown in page


@pytest.mark.parametrize(
    ("entered", "field", "said"),
    [
        ({"title": ""}, "title", "请填写此项"),
        ({"summary": "太短", "then": "submit"}, "summary", "至少写 30 个字"),
        ({"modes": [], "then": "submit"}, "modes", "至少选择一种"),
        ({"price_min_fen": "9", "price_max_fen": "8"}, "price_max_fen", "上限低于下限"),
        ({"price_min_fen": "许多"}, "price_min_fen", "不是金额"),
        ({"keywords": "长" * 41}, "keywords", "超过 40 个字"),
        ({"rights-0-number": "ZL1"}, "rights", "知识产权第 1 行"),
        ({"rights-0-kind": "crown"}, "rights", "crown"),
        ({"rights-0-kind": "know_how", "rights-0-status": "granted", "rights-0-expires_on": "soon"}, "rights", "soon"),
        ({"completers-0-name": "示例甲", "completers-0-share": "half"}, "completers", "1 到 100"),
        ({"completers-0-name": "示例甲", "completers-0-share": "60"}, "completers", "60%"),
        ({"industries-0": "Z99"}, "industries", "Z99"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_the_entry_is_kept(client, university, entered, field, said):
    sign_in(client, university, Role.TTO_OFFICER)
    answer = client.post("/achievements/new", data={**READY, "confidential": "别丢了", **entered})
    assert answer.status_code == 422
    assert f'href="#field-{field}"' in answer.text
    assert said in html.unescape(answer.text)
    assert "别丢了" in answer.text
    assert db.session.scalars(select(Achievement)).all() == []


def test_more_rows_are_given_without_judging_the_entry(client, university):
    sign_in(client, university, Role.RESEARCHER)
    answer = client.post("/achievements/new", data={"title": "", "rights-0-number": "ZL1", "more_rows": "1"})
    assert answer.status_code == 200
    assert "rights-4-kind" in answer.text
    assert "ZL1" in answer.text


def test_handing_in_an_incomplete_draft_leads_to_the_form_with_what_is_missing(client, university):
    membership = sign_in(client, university, Role.RESEARCHER)
    row = make.make_achievement(author=accounts.actor(membership), state=ListingState.DRAFT, summary="", modes=())
    answer = client.post(f"/achievements/{row.id}/submit")
    assert answer.status_code == 422
    assert 'href="#field-summary"' in answer.text
    assert 'href="#field-modes"' in answer.text
    assert only(Achievement).state == ListingState.DRAFT


def test_a_form_opened_before_someone_else_saved_does_not_overwrite(client, university):
    membership = sign_in(client, university, Role.RESEARCHER)
    row = make.make_achievement(author=accounts.actor(membership), state=ListingState.DRAFT)
    found = re.search(r'name="version"[^>]*value="(\d+)"', client.get(f"/achievements/{row.id}/edit").text)
    with unit():
        services.update_achievement(SYSTEM, row, facts=make.achievement_facts(title="先到"))
    answer = client.post(f"/achievements/{row.id}/edit", data={**READY, "version": found[1]})
    assert answer.status_code == 409
    assert only(Achievement).title == "先到"


def test_an_edit_of_a_published_listing_waits_for_approval(client, university):
    membership = sign_in(client, university, Role.RESEARCHER)
    row = make.make_achievement(author=accounts.actor(membership), title="原题")
    answer = client.post(f"/achievements/{row.id}/edit", data={**READY, "title": "新题", "then": "submit"})
    assert answer.status_code == 302
    assert (only(Achievement).title, only(Achievement).proposal["title"]) == ("原题", "新题")
    assert "等待审核的修改" in client.get(f"/achievements/{row.id}").text


@pytest.mark.parametrize("address", ["edit", "submit", "withdraw", "reopen", "attachments", "approve", "return"])
def test_steps_are_closed_to_colleagues_others_and_the_signed_out(client, university, address, visitor):
    row = make.make_achievement(university)

    def answers(browser) -> int:
        return browser.post(f"/achievements/{row.id}/{address}", data={"reason": "x"}).status_code

    assert answers(client) == 302
    assert "/sign-in" in client.post(f"/achievements/{row.id}/{address}").location
    for organisation, role in ((university, Role.RESEARCHER), (accounts.make_organisation(U), Role.TTO_OFFICER)):
        browser = visitor()
        sign_in(browser, organisation, role)
        assert answers(browser) == 403
    assert (only(Achievement).state, only(Achievement).version) == (ListingState.PUBLISHED, row.version)


def test_a_step_that_is_not_open_now_is_a_conflict(client, university):
    sign_in(client, university, Role.TTO_OFFICER)
    row = make.make_achievement(university)
    for step in ("submit", "approve", "reopen"):
        assert client.post(f"/achievements/{row.id}/{step}").status_code == 409


def test_withdrawing_and_reopening(client, visitor):
    owner = accounts.make_organisation(E)
    sign_in(client, owner, Role.ENTERPRISE_SIGNATORY)
    row = make.make_need(owner)
    page = client.post(f"/needs/{row.id}/withdraw", follow_redirects=True)
    assert "已撤回" in page.text
    assert visitor().get(f"/needs/{row.id}").status_code == 404
    (undo,) = re.findall(r'action="([^"]*)" class="undo"', page.text)
    assert "须重新审核" in page.text  # what was public is not so again without an approval
    assert client.post(undo).status_code == 302
    assert only(Need).state == ListingState.DRAFT


def test_putting_a_draft_aside_is_undone_in_full(client, university):
    sign_in(client, university, Role.TTO_OFFICER)
    row = make.make_achievement(university, state=ListingState.DRAFT)
    page = client.post(f"/achievements/{row.id}/withdraw", follow_redirects=True)
    (undo,) = re.findall(r'action="([^"]*)" class="undo"', page.text)
    assert "须重新审核" not in page.text
    client.post(undo)
    assert only(Achievement).state == ListingState.DRAFT


def test_returning_needs_a_reason_that_the_author_then_reads(client, university):
    sign_in(client, university, Role.TTO_OFFICER)
    row = make.make_achievement(university, state=ListingState.IN_REVIEW)
    answer = client.post(f"/achievements/{row.id}/return", data={"reason": ""})
    assert answer.status_code == 422
    assert 'href="#field-reason"' in answer.text
    answer = client.post(f"/achievements/{row.id}/return", data={"reason": "请补充检测数据"})
    assert answer.location.endswith("/listings/review")
    assert "请补充检测数据" in client.get(f"/achievements/{row.id}").text


def test_a_draft_of_an_unverified_university_says_what_it_waits_for(client):
    university = accounts.make_organisation(U, verified=False)
    sign_in(client, university, Role.TTO_OFFICER)
    row = make.make_achievement(university, state=ListingState.IN_REVIEW)
    assert client.post(f"/achievements/{row.id}/approve").status_code == 409
    assert "等待科技局核验" in client.get(f"/achievements/{row.id}").text


# --- files ----------------------------------------------------------------------------------------------------------


def test_a_file_is_attached_downloaded_and_removed(client, university, visitor):
    membership = sign_in(client, university, Role.RESEARCHER)
    row = make.make_achievement(author=accounts.actor(membership), state=ListingState.DRAFT)
    upload = {"file": (io.BytesIO(PDF), "检测.pdf"), "confidential": "y"}
    assert client.post(f"/achievements/{row.id}/attachments", data=upload).status_code == 302
    file = only(Attachment)
    assert (file.name, file.confidential) == ("检测.pdf", True)
    answer = client.get(f"/attachments/{file.id}")
    assert (answer.status_code, answer.data, answer.mimetype) == (200, PDF, "application/pdf")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert any(policy.startswith("sandbox") for policy in answer.headers.getlist("Content-Security-Policy"))
    answer.close()
    assert visitor().get(f"/attachments/{file.id}").status_code == 404
    assert client.post(f"/attachments/{file.id}/remove").status_code == 302
    assert db.session.scalars(select(Attachment)).all() == []


def test_a_file_that_is_not_taken_is_explained_at_the_field(client):
    owner = accounts.make_organisation(E)
    sign_in(client, owner, Role.ENTERPRISE_SIGNATORY)
    row = make.make_need(owner, state=ListingState.DRAFT)
    for upload in ({}, {"file": (io.BytesIO(b"<html>"), "x.pdf")}):
        answer = client.post(f"/needs/{row.id}/attachments", data=upload)
        assert answer.status_code == 422
        assert 'href="#field-file"' in answer.text
    assert db.session.scalars(select(Attachment)).all() == []


def test_files_open_to_those_who_may_know_of_them_and_are_missing_to_all_others(app, university, visitor):
    row = make.make_achievement(university, state=ListingState.DRAFT)
    public, secret = attach(app, row, confidential=False), attach(app, row, confidential=True)
    make.bring_to(row, ListingState.PUBLISHED)
    reader = accounts.make_organisation(E)
    make.disclose(row, reader)

    def opened(browser) -> list[int]:
        answers = [browser.get(f"/attachments/{file.id}") for file in (public, secret)]
        for answer in answers:
            answer.close()
        return [answer.status_code for answer in answers]

    assert opened(visitor()) == [200, 404]
    for organisation, expected in (
        (reader, [200, 200]),
        (university, [200, 200]),
        (accounts.make_organisation(E), [200, 404]),
        (accounts.make_organisation(OrganisationKind.AUTHORITY), [200, 404]),
    ):
        browser = visitor()
        sign_in(browser, organisation)
        assert opened(browser) == expected
    assert visitor().post(f"/attachments/{public.id}/remove").status_code == 302


def test_a_file_of_a_withdrawn_listing_is_missing_to_outsiders(app, visitor):
    row = make.make_need(state=ListingState.DRAFT)
    file = attach(app, row, confidential=False)
    make.bring_to(row, ListingState.PUBLISHED)
    with unit_of_work():
        services.withdraw(SYSTEM, row)
    assert visitor().get(f"/attachments/{file.id}").status_code == 404
