"""Pages of introductions: what each reader is shown, may press, and is kept from."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, select
from werkzeug.test import TestResponse

from matchmaker.accounts.models import User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.introductions import services
from matchmaker.introductions.confidentiality import CURRENT
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.states import IntroductionState, Outcome, Reason, Side
from matchmaker.listings.models import ListingState
from tests.factories.accounts import make_actor, sign_in
from tests.factories.introductions import MESSAGE, Pair, make_introduction, make_pair, request
from tests.factories.listings import CANARY, bring_to, make_achievement, make_need

EN = {"Accept-Language": "en"}


def as_(client: FlaskClient, actor: Actor) -> FlaskClient:
    client.delete_cookie("session")
    return sign_in(client, db.session.get_one(User, actor.user_id))


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def heading(answer: TestResponse) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", text(answer), re.S)
    assert found is not None
    return found[1].strip()


def reload(row_id: uuid.UUID) -> Introduction:
    db.session.rollback()
    return db.session.get_one(Introduction, row_id)


def address(pair: Pair, *, need: bool = True) -> str:
    return f"/introductions/new?achievement={pair.achievement.id}" + (f"&need={pair.need.id}" if need else "")


# --- the list -------------------------------------------------------------------------------------------------------


def test_the_list_shows_what_is_open_and_what_waits_for_the_reader(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    row = make_introduction(pair)
    answer = as_(client, pair.tto).get("/introductions")
    assert answer.status_code == 200
    assert heading(answer) == "对接"
    assert f"/introductions/{row.id}" in text(answer)
    assert row.need_organisation.name in text(answer)
    assert "待您处理" in text(answer)
    assert "待您处理" not in text(as_(client, pair.member).get("/introductions"))


def test_what_ended_is_on_its_own_tab(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    row = make_introduction(pair, state=IntroductionState.DECLINED)
    as_(client, pair.tto)
    assert str(row.id) not in text(client.get("/introductions"))
    assert str(row.id) in text(client.get("/introductions?show=ended"))


def test_an_empty_list_says_what_to_do(app: Flask, client: FlaskClient) -> None:
    as_(client, make_pair().tto)
    assert "请先找到与您相符的成果或需求" in text(client.get("/introductions"))
    assert "您还没有已结束的对接" in text(client.get("/introductions?show=ended"))
    assert "No introduction is open." in text(client.get("/introductions", headers=EN))


def test_the_list_is_paged(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_REQUESTS", 21)
    pair = make_pair()
    for _ in range(21):
        make_introduction(pair, state=IntroductionState.DECLINED)
    as_(client, pair.tto)
    first, second = (text(client.get(f"/introductions?show=ended&page={page}")) for page in (1, 2))
    assert first.count('<li class="entry">') == 20
    assert second.count('<li class="entry">') == 1
    assert "show=ended&amp;page=2" in first


@contextmanager
def counted() -> Iterator[list[str]]:
    statements: list[str] = []

    def note(connection: sa.Connection, cursor: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize("path", ["/introductions", "/introductions?show=ended"])
def test_a_longer_list_asks_the_database_no_more_often(app: Flask, client: FlaskClient, path: str) -> None:
    pair = make_pair()
    state = IntroductionState.WITHDRAWN if "ended" in path else IntroductionState.REQUESTED
    counts = []
    as_(client, pair.tto)
    for _ in range(2):
        for _ in range(3):
            make_introduction(make_pair_with(pair), state=state, by=Side.BROKER)
        db.session.rollback()
        with counted() as statements:
            assert client.get(path).status_code == 200
        counts.append(len(statements))
    assert counts[0] == counts[1]


def make_pair_with(pair: Pair) -> Pair:
    """The same university and achievement, and another enterprise and broker."""
    other = make_pair()
    return Pair(pair.achievement, other.need, pair.tto, pair.author, pair.researcher, *other_side(other))


def other_side(pair: Pair) -> tuple[Actor, Actor, Actor]:
    return pair.signatory, pair.member, pair.broker


# --- who may come in ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/introductions", "/introductions/new", "/introductions/choose"])
def test_without_signing_in_one_is_sent_to_the_sign_in_page(app: Flask, client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 302
    assert answer.location.startswith("/sign-in")


def test_an_anonymous_reader_learns_nothing_of_an_introduction(app: Flask, client: FlaskClient) -> None:
    row = make_introduction()
    there, nowhere = client.get(f"/introductions/{row.id}"), client.get(f"/introductions/{uuid.uuid4()}")
    assert there.status_code == nowhere.status_code == 302
    assert client.post(f"/introductions/{row.id}/agree").status_code == 302
    assert reload(row.id).state == IntroductionState.REQUESTED


def test_strangers_get_the_answer_of_what_does_not_exist(app: Flask, client: FlaskClient) -> None:
    row_id = make_introduction().id
    as_(client, make_pair().tto)
    bare = [
        re.sub(r"[0-9a-f-]{32,36}|nonce=\S+|value=\"\S+\">", "", text(client.get(f"/introductions/{id}")))
        for id in (row_id, uuid.uuid4())
    ]
    assert bare[0] == bare[1]
    for verb in ("agree", "decline", "withdraw", "conclude"):
        assert client.post(f"/introductions/{row_id}/{verb}").status_code == 404
    assert client.get(f"/introductions/{row_id}").status_code == 404


def test_reviewers_have_no_list_and_auditors_read_without_buttons(app: Flask, client: FlaskClient) -> None:
    row_id = make_introduction().id
    assert as_(client, make_actor(OrganisationKind.AUTHORITY, Role.REVIEWER)).get("/introductions").status_code == 403
    as_(client, make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR))
    assert str(row_id) in text(client.get("/introductions"))
    answer = client.get(f"/introductions/{row_id}")
    assert answer.status_code == 200
    assert f"/introductions/{row_id}/" not in text(answer)
    assert client.post(f"/introductions/{row_id}/agree", data={"undertakes": "y"}).status_code == 403


def test_a_colleague_without_a_say_reads_but_may_not_decide(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    row = make_introduction(pair)
    as_(client, pair.researcher)
    assert "同意对接</button>" not in text(client.get(f"/introductions/{row.id}"))
    assert client.post(f"/introductions/{row.id}/agree", data={"undertakes": "y"}).status_code == 403
    assert reload(row.id).state == IntroductionState.REQUESTED


# --- asking ---------------------------------------------------------------------------------------------------------


def test_the_page_says_what_will_be_asked_and_shows_the_undertaking(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    as_(client, pair.member)
    answer = client.get(address(pair), headers=EN)
    assert answer.status_code == 200
    assert heading(answer) == "Ask for an introduction"
    assert pair.achievement.title in text(answer)
    assert pair.need.title in text(answer)
    for clause in CURRENT.clauses:
        assert clause in text(answer)
    assert CANARY not in text(answer)
    chinese = client.get(address(pair))
    assert heading(chinese) == "申请对接"
    assert "对方在本次对接中披露的信息，仅用于判断双方能否合作。" in text(chinese)


def test_a_request_is_sent_and_leads_to_its_page(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    answer = as_(client, pair.member).post(address(pair), data={"message": MESSAGE, "undertakes": "y"})
    row = db.session.scalars(select(Introduction)).one()
    assert answer.status_code == 302
    assert answer.location == f"/introductions/{row.id}"
    assert row.message == MESSAGE
    page = client.get(answer.location)
    assert "申请已提交" in text(page)
    assert MESSAGE in text(page)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"undertakes": "y"}, "请填写"),
        ({"message": MESSAGE}, "请阅读承诺内容并勾选"),
        ({"message": "话" * 2001, "undertakes": "y"}, "2000"),
    ],
)
def test_a_faulty_request_comes_back_with_what_was_typed(
    app: Flask, client: FlaskClient, data: dict[str, str], sentence: str
) -> None:
    pair = make_pair()
    answer = as_(client, pair.member).post(address(pair), data=data)
    assert answer.status_code == 422
    assert 'role="alert"' in text(answer)
    assert sentence in text(answer)
    assert data.get("message", "")[:2000] in text(answer)
    assert db.session.scalars(select(Introduction)).all() == []


def test_a_broker_proposes_without_an_undertaking(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    as_(client, pair.broker)
    page = client.get(address(pair))
    assert heading(page) == "提议对接"
    assert 'name="undertakes"' not in text(page)
    assert client.post(address(pair), data={"message": MESSAGE}).status_code == 302
    assert db.session.scalars(select(Introduction)).one().broker_id == pair.broker.organisation_id


def test_a_pair_that_is_being_introduced_leads_to_that_introduction(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    row = make_introduction(pair)
    assert as_(client, pair.tto).get(address(pair)).location == f"/introductions/{row.id}"


def test_who_has_no_part_in_the_open_introduction_is_told_that_there_is_one(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    request(pair)
    answer = as_(client, pair.broker).post(address(pair), data={"message": MESSAGE})
    assert answer.status_code == 409
    assert "已有进行中的对接" in text(answer)


def test_listings_one_may_not_see_are_not_there(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    hidden = make_need(state=ListingState.DRAFT)
    as_(client, pair.broker)
    for query in (
        f"achievement={uuid.uuid4()}",
        "achievement=nonsense",
        f"achievement={pair.achievement.id}&need={hidden.id}",
        f"achievement={pair.achievement.id}&need=",
        "",
    ):
        assert client.get(f"/introductions/new?{query}").status_code == 404, query


def test_a_pair_of_others_is_not_for_an_enterprise(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    answer = as_(client, make_pair().member).get(address(pair))
    assert answer.status_code == 403
    assert "技术经理人可以为另外两家单位提议对接" in text(answer)


def test_a_need_alone_asks_which_of_one_s_achievements_fits(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    as_(client, pair.tto)
    answer = client.get(f"/introductions/new?need={pair.need.id}", follow_redirects=True)
    assert heading(answer) == "您的哪项成果适合该需求？"
    assert address(pair).replace("&", "&amp;") in text(answer)
    assert "可用于该需求" in text(as_(client, pair.researcher).get(f"/introductions/choose?need={pair.need.id}"))


def test_an_enterprise_may_add_one_of_its_needs(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    as_(client, pair.member)
    choose = f"/introductions/choose?achievement={pair.achievement.id}"
    assert choose in text(client.get(address(pair, need=False)))
    assert address(pair).replace("&", "&amp;") in text(client.get(choose))
    bring_to(pair.need, ListingState.WITHDRAWN)
    assert "可以不附需求直接申请" in text(client.get(choose))


def test_a_broker_is_shown_the_way_to_the_matches(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    as_(client, pair.broker)
    assert f"/needs/{pair.need.id}/matches" in text(client.get(f"/introductions/choose?need={pair.need.id}"))


@pytest.mark.parametrize(("who", "noun"), [("member", "need"), ("tto", "achievement")])
def test_there_is_nothing_to_choose_for_what_one_could_not_pair(
    app: Flask, client: FlaskClient, who: str, noun: str
) -> None:
    pair = make_pair()
    listing = make_need() if noun == "need" else make_achievement()
    assert as_(client, getattr(pair, who)).get(f"/introductions/choose?{noun}={listing.id}").status_code == 403


# --- deciding -------------------------------------------------------------------------------------------------------


def test_agreeing_introduces_and_shows_the_contacts(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    row = make_introduction(pair)
    asked_by, agreed_by = (db.session.get_one(User, actor.user_id).email for actor in (pair.member, pair.tto))
    as_(client, pair.tto)
    assert asked_by not in text(client.get(f"/introductions/{row.id}"))
    answer = client.post(f"/introductions/{row.id}/agree", data={"undertakes": "y"})
    assert answer.status_code == 302
    page = text(client.get(answer.location))
    assert "双方均已同意，对接成立。" in page
    assert asked_by in page
    assert agreed_by in page
    assert CANARY in text(client.get(f"/needs/{pair.need.id}"))
    assert CANARY in text(as_(client, pair.member).get(f"/achievements/{pair.achievement.id}"))


def test_the_broker_sees_that_they_met_and_not_what_they_disclosed(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    row = make_introduction(pair, by=Side.BROKER, state=IntroductionState.INTRODUCED)
    as_(client, pair.broker)
    page = text(client.get(f"/introductions/{row.id}"))
    assert "不对中介机构开放" in page
    assert CANARY not in page
    assert CANARY not in text(client.get(f"/needs/{pair.need.id}"))
    assert CANARY not in text(client.get(f"/achievements/{pair.achievement.id}"))


def test_agreeing_without_the_tick_is_refused_at_the_box(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    row = make_introduction(pair)
    answer = as_(client, pair.tto).post(f"/introductions/{row.id}/agree")
    assert answer.status_code == 422
    assert 'id="field-undertakes-wrong"' in text(answer)
    assert reload(row.id).state == IntroductionState.REQUESTED


def test_declining_asks_for_a_reason_and_keeps_it(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    row = make_introduction(pair)
    as_(client, pair.tto)
    refused = client.post(f"/introductions/{row.id}/decline", data={"note": "先放一放"})
    assert refused.status_code == 422
    assert 'id="field-reason-wrong"' in text(refused)
    assert "先放一放" in text(refused)
    assert client.post(f"/introductions/{row.id}/decline", data={"reason": "no_capacity"}).status_code == 302
    assert reload(row.id).reason == Reason.NO_CAPACITY
    page = text(as_(client, pair.member).get(f"/introductions/{row.id}"))
    assert "目前没有精力" in page
    assert "婉拒了对接" in page


def test_a_reason_that_is_not_in_the_list_is_refused(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    row = make_introduction(pair)
    assert as_(client, pair.tto).post(f"/introductions/{row.id}/decline", data={"reason": "mood"}).status_code == 422


def test_who_asked_takes_the_request_back(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    row = make_introduction(pair)
    as_(client, pair.signatory)
    assert f"/introductions/{row.id}/withdraw" in text(client.get(f"/introductions/{row.id}"))
    assert client.post(f"/introductions/{row.id}/withdraw").status_code == 302
    assert reload(row.id).state == IntroductionState.WITHDRAWN
    again = client.post(f"/introductions/{row.id}/withdraw")
    assert again.status_code == 409
    assert "已撤回" in text(again)


def test_the_outcome_is_recorded_once(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    row = make_introduction(pair, state=IntroductionState.INTRODUCED)
    as_(client, pair.signatory)
    path = f"/introductions/{row.id}/conclude"
    assert client.post(path, data={}).status_code == 422
    assert client.post(path, data={"outcome": "no_deal"}).status_code == 422
    assert client.post(path, data={"outcome": "deal", "met_on": "2020-01-01"}).status_code == 422
    assert client.post(path, data={"outcome": "deal"}).status_code == 302
    assert reload(row.id).outcome == Outcome.DEAL
    assert client.post(path, data={"outcome": "deal"}).status_code == 409


@pytest.mark.parametrize("state", list(IntroductionState))
@pytest.mark.parametrize("headers", [{}, EN], ids=["zh", "en"])
def test_every_state_has_its_page_for_everyone_around_it(
    app: Flask, client: FlaskClient, state: IntroductionState, headers: dict[str, str]
) -> None:
    pair = make_pair()
    row = make_introduction(pair, by=Side.BROKER, state=state)
    for actor in (pair.tto, pair.signatory, pair.broker):
        answer = as_(client, actor).get(f"/introductions/{row.id}", headers=headers)
        assert answer.status_code == 200
        assert ("Demo University ↔ Demo Works" in heading(answer)) == bool(headers)
        assert ("提议双方对接" in text(answer)) != bool(headers)


def test_a_page_waits_while_a_listing_is_withdrawn(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    row = make_introduction(pair)
    bring_to(pair.need, ListingState.WITHDRAWN)
    as_(client, pair.tto)
    page = text(client.get(f"/introductions/{row.id}"))
    assert "恢复后双方方可同意对接" in page
    assert f"/introductions/{row.id}/agree" not in page
    assert f"/needs/{pair.need.id}" not in page  # no link to what is not public
    assert client.post(f"/introductions/{row.id}/agree", data={"undertakes": "y"}).status_code == 409


# --- the anonymous seeker -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", list(Side))
def test_an_anonymous_enterprise_is_on_no_page_of_the_others_until_both_agree(
    app: Flask, client: FlaskClient, by: Side
) -> None:
    pair = make_pair(anonymous=True)
    auditor = make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR)
    row_id = make_introduction(pair, by=by).id
    enterprise = pair.need.organisation
    secrets = [enterprise.name, enterprise.name_en or "", enterprise.credit_code, str(enterprise.id)]
    secrets += [db.session.get_one(User, actor.user_id).email for actor in (pair.signatory, pair.member)]
    readers = [pair.tto, auditor, *([pair.broker] if by == Side.BROKER else [])]
    for actor in readers:
        as_(client, actor)
        pages = [client.get("/introductions"), client.get(f"/introductions/{row_id}")]
        for page in pages:
            assert page.status_code == 200
            assert "匿名企业" in text(page)
            assert [secret for secret in secrets if secret in text(page)] == []
    own = text(as_(client, pair.member).get(f"/introductions/{row_id}"))
    assert enterprise.name in own


def test_an_anonymous_enterprise_is_named_once_both_have_agreed(app: Flask, client: FlaskClient) -> None:
    pair = make_pair(anonymous=True)
    row = make_introduction(pair, state=IntroductionState.INTRODUCED)
    page = text(as_(client, pair.tto).get(f"/introductions/{row.id}"))
    assert pair.need.organisation.name in page
    assert "匿名企业" not in page


def test_the_request_page_tells_about_anonymity(app: Flask, client: FlaskClient) -> None:
    pair = make_pair(anonymous=True)
    assert "对方才能看到贵单位名称" in text(as_(client, pair.member).get(address(pair)))
    page = text(as_(client, pair.tto).get(address(pair)))
    assert "双方均同意后才显示企业名称" in page
    assert pair.need.organisation.name not in page
