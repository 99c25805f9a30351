"""Pages of policy, claims and budgets: what each reader is shown, may press, and is kept from."""

from __future__ import annotations

import io
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from matchmaker.accounts.models import User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.deals.states import DealState
from matchmaker.subsidies import policies, queries
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import make_actor, sign_in
from tests.factories.deals import BROKER, LICENSOR, make_deal
from tests.factories.subsidies import (
    CAP_FEN,
    P3_4,
    PDF,
    SUM_FEN,
    Case,
    make_budget,
    make_bureau,
    make_claim,
    make_many_claims,
    record,
)

EN = {"Accept-Language": "en"}
CLAUSES = [clause.id for clause in policies.current().catalogue]


def as_(client: FlaskClient, who: Actor) -> FlaskClient:
    client.delete_cookie("session")
    return sign_in(client, db.session.get_one(User, who.user_id))


def text(answer: TestResponse) -> str:
    return answer.get_data(as_text=True)


def heading(answer: TestResponse) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", text(answer), re.S)
    assert found is not None
    return found[1].strip()


def reread(claim: Claim) -> Claim:
    db.session.rollback()
    return db.session.get_one(Claim, claim.id)


def url(case: Case, part: str = "") -> str:
    return f"/claims/{case.claim.id}{part}"


@contextmanager
def counted() -> Iterator[list[str]]:
    """The SQL statements of the block, without those that begin and end transactions."""
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN", "SAVEPOINT", "RELEASE")):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


# --- the policy -----------------------------------------------------------------------------------------------------


def test_the_catalogue_shows_all_clauses_to_anyone_in_both_languages(client: FlaskClient) -> None:
    chinese, english = client.get("/policy"), client.get("/policy", headers=EN)
    assert (chinese.status_code, english.status_code) == (200, 200)
    assert heading(chinese) == "关于科技创新推动长春高质量发展的若干政策"
    assert heading(english).startswith("Policies on science")
    for clause in policies.current().catalogue:
        assert f"/policy/{clause.id}" in text(chinese)
        assert clause.name_zh in text(chinese)
        assert clause.name_en in text(english)
    assert '最高 <strong class="num"><span class="nowrap">50万元</span></strong>' in re.sub(r"\s+", " ", text(chinese))
    assert "长办发〔2025〕1号" in text(chinese)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("q=中介", {"P3-4"}),
        ("q=p3-4", {"P3-4"}),
        ("q=INTERMEDIARIES", {"P3-4"}),
        ("q=许可 企业", {"P2-3", "P3-1"}),
        ("q=没有这样的条款", set()),
        ("kind=intermediary", {"P3-4", "P4-1"}),
        ("kind=intermediary&q=孵化器", {"P4-1"}),
        ("kind=nonsense&q=产业教授", {"P6-1"}),
        ("q=%00中介", {"P3-4"}),
    ],
)
def test_the_catalogue_is_searched_and_filtered(client: FlaskClient, query: str, expected: set[str]) -> None:
    page = text(client.get(f"/policy?{query}"))
    assert set(re.findall(r'href="/policy/(P\d-\w+)"', page)) == expected
    assert ("没有符合条件的条款" in page) == (not expected)


@pytest.mark.parametrize("clause_id", CLAUSES)
def test_every_clause_has_a_page_with_the_words_of_the_source(client: FlaskClient, clause_id: str) -> None:
    clause = policies.current().catalogue.clause(clause_id)
    answer = client.get(f"/policy/{clause_id}")
    assert answer.status_code == 200
    assert heading(answer) == clause.name_zh
    page = text(answer)
    assert f"<p>{clause.source_phrase}</p>" in page
    assert "2025年1月6日" in page
    assert ("细则未收录" in page) == clause.pays
    assert clause.beneficiary_zh in page
    assert "申报此项补助" not in page  # nobody is signed in
    english = client.get(f"/policy/{clause_id}", headers=EN)
    assert heading(english) == clause.name_en
    assert ("implementing rules not recorded" in text(english)) == clause.pays


@pytest.mark.parametrize("clause_id", ["P9-9", "p3-4", "%00", "..%2Fx"])
def test_an_unknown_clause_is_not_found(client: FlaskClient, clause_id: str) -> None:
    assert client.get(f"/policy/{clause_id}").status_code == 404


def test_the_targets_of_the_action_plan_stand_in_a_table(client: FlaskClient) -> None:
    answer = client.get("/policy/targets")
    assert answer.status_code == 200
    for target in policies.targets().targets:
        assert target.name_zh in text(answer)
        assert target.source_phrase in text(answer)
    assert "6,000 项" in text(answer)
    assert "3,500" in text(answer)
    assert "Technology transfers within the city" in text(client.get("/policy/targets", headers=EN))


@pytest.mark.parametrize(
    ("kind", "role", "for_deals"),
    [
        (OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER, ["P3-4"]),
        (OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY, ["P1-5", "P2-3"]),
        (OrganisationKind.UNIVERSITY, Role.TTO_OFFICER, ["P1-5", "P3-3"]),
    ],
)
def test_those_who_may_claim_find_the_button_on_their_clauses_alone(
    app: Flask, client: FlaskClient, kind: OrganisationKind, role: Role, for_deals: list[str]
) -> None:
    as_(client, make_actor(kind, role))
    with_button = [id for id in CLAUSES if f"/claims/new?clause={id}" in text(client.get(f"/policy/{id}"))]
    expected = [clause.id for clause in queries.list_claimable_clauses(kind)]
    assert expected[: len(for_deals)] == for_deals  # the clauses for deals come first
    assert with_button == sorted(expected, key=CLAUSES.index)


# --- lists ----------------------------------------------------------------------------------------------------------


def test_anonymous_readers_are_asked_to_sign_in(app: Flask, client: FlaskClient) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    for address in ("/claims", "/claims/new", url(case), f"/claims/{uuid.uuid4()}", "/budgets", "/budgets/set"):
        answer = client.get(address)
        assert (answer.status_code, answer.location.split("?")[0]) == (302, "/sign-in"), address


def test_a_claimant_sees_the_claims_of_the_own_organisation(app: Flask, client: FlaskClient) -> None:
    case, other = make_claim(), make_claim(ClaimState.SUBMITTED)
    page = text(as_(client, case.claimant).get("/claims"))
    assert url(case) in page
    assert url(other) not in page
    english = client.get("/claims", headers=EN)
    assert heading(english) == "Claims"


def test_a_reviewer_begins_with_what_waits_the_oldest_first(app: Flask, client: FlaskClient) -> None:
    bureau = make_bureau()
    waiting = [make_claim(ClaimState.SUBMITTED, bureau=bureau) for _ in range(3)]
    draft, decided = make_claim(bureau=bureau), make_claim(ClaimState.REJECTED, bureau=bureau)
    page = text(as_(client, bureau.reviewer).get("/claims"))
    assert re.findall(r'h2><a href="(/claims/[^"]+)"', page) == [url(case) for case in waiting]
    everything = text(client.get("/claims?state="))
    assert url(decided) in everything
    assert url(draft) not in everything
    assert "已提交，形式审查中 (3)" in everything
    assert "未通过 (1)" in everything


def test_claims_are_found_by_state_clause_number_and_claimant(app: Flask, client: FlaskClient) -> None:
    bureau = make_bureau()
    first = make_claim(ClaimState.SUBMITTED, bureau=bureau)
    second = make_claim(ClaimState.PAID, clause_id="P2-3", bureau=bureau)
    as_(client, bureau.auditor)
    for query, expected in (
        ("", [first, second]),
        ("?state=paid", [second]),
        ("?state=nonsense", [first, second]),
        ("?clause=P3-4", [first]),
        (f"?q={first.claim.number.lower()}", [first]),
        (f"?q={second.claim.claimant.name}", [second]),
        ("?q=%00%25", []),
        ("?q=没有这样的单位", []),
    ):
        page = text(client.get(f"/claims{query}"))
        assert [case for case in (first, second) if url(case) in page] == expected, query
        assert ("没有符合条件的申报" in page) == (not expected), query


def test_empty_lists_say_what_to_do(app: Flask, client: FlaskClient) -> None:
    assert "还没有申报" in text(as_(client, make_actor(OrganisationKind.INTERMEDIARY)).get("/claims"))
    assert "没有待形式审查的申报" in text(as_(client, make_bureau().reviewer).get("/claims"))


def test_the_list_pages_and_reads_the_same_number_of_times_however_long_it_is(app: Flask, client: FlaskClient) -> None:
    bureau = make_bureau()
    case = make_claim(ClaimState.SUBMITTED, bureau=bureau)
    as_(client, bureau.reviewer)
    with counted() as few:
        assert client.get("/claims").status_code == 200
    make_many_claims(case.play, 20, requested_fen=1)
    with counted() as many:
        page = text(client.get("/claims"))
    assert len(many) == len(few) <= 8
    assert page.count('<li class="entry">') == 20
    assert "page=2" in page
    assert text(client.get("/claims?page=2")).count('<li class="entry">') == 1
    assert url(case) in page


# --- a new claim ----------------------------------------------------------------------------------------------------


def test_the_form_offers_the_signed_deals_and_leads_to_the_verdict(app: Flask, client: FlaskClient) -> None:
    play = record(make_deal(DealState.ON_TRIAL, broker=True, title="示例许可交易"))
    make_deal(DealState.ON_TRIAL, broker=True, title="别家的交易")
    answer = as_(client, play.actors[BROKER]).get("/claims/new")
    assert answer.status_code == 200
    assert "示例许可交易" in text(answer)
    assert "别家的交易" not in text(answer)
    data = {"deal": str(play.deal.id), "requested_fen": "30000", "statement": "服务说明"}
    answer = client.post("/claims/new?clause=P3-4", data=data, follow_redirects=True)
    page = text(answer)
    assert heading(answer) == "示例许可交易"
    assert "草稿已保存" in page
    assert page.count('class="state good">符合') == 12
    assert page.count('class="state warn">待证明') == 1  # the introduction
    for words in ("核验结果", "计算过程", "条款上限", "¥500,000.00", "¥30,000.00", "细则未收录", "一个自然年度"):
        assert words in page, words


@pytest.mark.parametrize(
    ("entry", "sentence"),
    [
        ({"requested_fen": "500000.01"}, "本条款最高补助 50万元"),
        ({"requested_fen": "0"}, "申报金额须大于零"),
        ({"requested_fen": "很多"}, "不是"),
        ({"statement": ""}, "请填写此项"),
        ({"deal": ""}, ""),
        ({"deal": str(uuid.uuid4())}, ""),
    ],
)
def test_a_faulty_entry_is_told_at_its_field_and_keeps_the_rest(
    app: Flask, client: FlaskClient, entry: dict[str, str], sentence: str
) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    data = {"deal": str(play.deal.id), "requested_fen": "30000", "statement": "保留的说明", **entry}
    answer = as_(client, play.actors[BROKER]).post("/claims/new?clause=P3-4", data=data)
    assert answer.status_code == 422
    assert 'id="errors"' in text(answer)
    assert f'href="#field-{next(iter(entry))}"' in text(answer)
    assert sentence in text(answer)
    assert ("保留的说明" in text(answer)) == ("statement" not in entry)
    db.session.rollback()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Claim)) == 0


def test_without_a_deal_the_page_says_why(app: Flask, client: FlaskClient) -> None:
    answer = as_(client, make_actor(OrganisationKind.INTERMEDIARY)).get("/claims/new")
    assert (answer.status_code, "没有可依本条款申报的已签约交易" in text(answer)) == (200, True)


@pytest.mark.parametrize("clause_id", ["P2-3", "P1-1", "P9-9", "%00"])
def test_a_clause_that_one_cannot_claim_is_not_found(app: Flask, client: FlaskClient, clause_id: str) -> None:
    as_(client, make_actor(OrganisationKind.INTERMEDIARY))
    assert client.get(f"/claims/new?clause={clause_id}").status_code == 404


def test_readers_without_the_role_begin_no_claim(app: Flask, client: FlaskClient) -> None:
    for who in (make_bureau().reviewer, make_actor(OrganisationKind.UNIVERSITY, Role.RESEARCHER)):
        assert as_(client, who).get("/claims/new").status_code == 403


def test_a_second_claim_for_a_deal_meets_a_conflict_or_an_empty_choice(app: Flask, client: FlaskClient) -> None:
    case = make_claim()
    data = {"deal": str(case.play.deal.id), "requested_fen": "1", "statement": "x"}
    assert as_(client, case.claimant).post("/claims/new", data=data).status_code == 422


# --- one claim ------------------------------------------------------------------------------------------------------


def test_outsiders_get_the_answer_of_what_does_not_exist(app: Flask, client: FlaskClient) -> None:
    case, draft = make_claim(ClaimState.SUBMITTED), make_claim()
    missing = as_(client, make_actor(OrganisationKind.INTERMEDIARY)).get(f"/claims/{uuid.uuid4()}")
    assert missing.status_code == 404
    for who, hidden in ((None, case), (case.play.actors[LICENSOR], case), (draft.bureau.reviewer, draft)):
        answer = (as_(client, who) if who else client).get(url(hidden))
        assert answer.status_code == 404
        strip = lambda page: re.sub(r"[0-9a-f]{32}|nonce-\S+|<header.*</header>", "", page, flags=re.S)  # noqa: E731
        assert strip(text(answer)) == strip(text(missing))


def test_the_claimant_edits_submits_and_withdraws(app: Flask, client: FlaskClient) -> None:
    case = make_claim()
    as_(client, case.claimant)
    assert "30000" in text(client.get(url(case, "/edit")))
    deal = {"deal": str(case.play.deal.id)}
    wrong = client.post(url(case, "/edit"), data={**deal, "requested_fen": "600000", "statement": "x"})
    assert wrong.status_code == 422
    done = client.post(url(case, "/edit"), data={**deal, "requested_fen": "12345.67", "statement": "改"})
    assert done.status_code == 302
    assert reread(case.claim).requested_fen == 1_234_567
    page = text(client.get(url(case)))
    assert "提交前还需上传" in page
    assert "诚信承诺书" in page
    assert url(case, "/submit") not in page
    incomplete = client.post(url(case, "/submit"))
    assert (incomplete.status_code, "材料还缺 5 份" in text(incomplete)) == (409, True)
    case.complete()
    assert url(case, "/submit") in text(client.get(url(case)))
    assert client.post(url(case, "/submit")).status_code == 302
    page = text(client.get(url(case)))
    assert "撤回申报" in page
    assert url(case, "/edit") not in page
    assert client.get(url(case, "/edit")).status_code == 403
    assert client.post(url(case, "/submit")).status_code == 409
    assert client.post(url(case, "/withdraw")).status_code == 302
    assert reread(case.claim).state == ClaimState.WITHDRAWN


def test_a_claim_with_a_condition_unmet_offers_no_submission(app: Flask, client: FlaskClient) -> None:
    case = make_claim(play=make_deal(DealState.AGREED, broker=True))
    page = text(as_(client, case.claimant).get(url(case)))
    assert url(case, "/submit") not in page
    assert 'class="state bad">不符合' in page
    assert "完成全部签署" in page
    answer = client.post(url(case, "/submit"))
    assert (answer.status_code, "3 项条件不符合" in text(answer)) == (409, True)


@pytest.mark.parametrize("state", list(ClaimState))
def test_every_state_has_its_page_for_all_who_may_see_it(app: Flask, client: FlaskClient, state: ClaimState) -> None:
    case = make_claim(state)
    readers = [case.claimant]
    if state != ClaimState.DRAFT:
        readers += [case.bureau.reviewer, case.bureau.administrator, case.bureau.auditor]
    for who in readers:
        for headers in ({}, EN):
            answer = as_(client, who).get(url(case), headers=headers)
            assert answer.status_code == 200
            assert case.claim.number in text(answer)


# --- evidence -------------------------------------------------------------------------------------------------------


def upload(client: FlaskClient, case: Case, content: bytes = PDF, name: str = "合同.pdf") -> TestResponse:
    return client.post(url(case, "/evidence"), data={"file": (io.BytesIO(content), name)})


def test_evidence_is_attached_downloaded_and_removed(app: Flask, client: FlaskClient) -> None:
    case = make_claim()
    assert upload(as_(client, case.claimant), case).status_code == 302
    page = text(client.get(url(case)))
    (link,) = re.findall(rf'href="({url(case)}/evidence/[^"]+)"', page)
    with client.get(link) as file:
        assert (file.status_code, file.get_data()) == (200, PDF)
    assert file.headers["Content-Type"] == "application/pdf"
    assert file.headers["Content-Disposition"].startswith("attachment;")
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert file.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert file.headers["Cache-Control"] == "no-store"
    assert client.post(f"{link}/remove").status_code == 302
    assert client.get(link).status_code == 404
    assert client.post(f"{link}/remove").status_code == 404


@pytest.mark.parametrize(
    ("content", "name", "sentence"),
    [
        (b"<html><script>alert(1)</script>", "x.pdf", "只接收 PDF"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "x.svg", "只接收 PDF"),
        (b"", "x.pdf", ""),
    ],
)
def test_what_is_no_document_is_refused_at_the_field(
    app: Flask, client: FlaskClient, content: bytes, name: str, sentence: str
) -> None:
    case = make_claim()
    answer = upload(as_(client, case.claimant), case, content, name)
    assert answer.status_code == 422
    page = text(answer)
    assert 'href="#field-evidence-file"' in page
    ids = re.findall(r' id="(field-[^"]+)"', page)
    assert len(ids) == len(set(ids))  # the form of the numbers beside it has a field of the same name
    assert sentence in text(answer)


def test_no_file_is_told_at_the_field(app: Flask, client: FlaskClient) -> None:
    case = make_claim()
    answer = as_(client, case.claimant).post(url(case, "/evidence"))
    assert (answer.status_code, "请选择文件" in text(answer)) == (422, True)


def test_evidence_opens_to_readers_of_its_own_claim_alone_and_is_fixed_once_submitted(
    app: Flask, client: FlaskClient
) -> None:
    case, other = make_claim(), make_claim(ClaimState.SUBMITTED)
    upload(as_(client, case.claimant), case)
    evidence_id = queries.find_claim(case.claim.id).evidence[0].id  # type: ignore[union-attr]
    case.submit()
    assert upload(client, case, b"%PDF-other").status_code == 403
    assert client.post(url(case, f"/evidence/{evidence_id}/remove")).status_code == 403
    as_(client, case.bureau.reviewer)
    with client.get(url(case, f"/evidence/{evidence_id}")) as file:
        assert file.status_code == 200
    assert client.get(url(other, f"/evidence/{evidence_id}")).status_code == 404
    assert as_(client, case.play.actors[LICENSOR]).get(url(case, f"/evidence/{evidence_id}")).status_code == 404


# --- budgets --------------------------------------------------------------------------------------------------------


def test_budgets_show_what_is_granted_and_left(app: Flask, client: FlaskClient) -> None:
    make_budget(10_000_000)
    case = make_claim(ClaimState.APPROVED, proposed_fen=2_500_000)
    make_budget(5, programme="P2-3", year=2030)
    for who in (case.bureau.administrator, case.bureau.auditor):
        page = text(as_(client, who).get(f"/budgets?year={clock.today().year}"))
        for words in ("¥100,000.00", "¥25,000.00", "¥75,000.00", "25%", "科技中介机构补助"):
            assert words in page, words
        assert ("/budgets/set" in page) == (who is case.bureau.administrator)
        assert "P2-3" in text(client.get("/budgets"))  # the latest year
    assert client.get("/budgets?year=" + "9" * 5000).status_code == 200
    assert as_(client, case.bureau.reviewer).get("/budgets").status_code == 403


def test_no_budget_yet_is_said(app: Flask, client: FlaskClient) -> None:
    assert "尚未设置预算" in text(as_(client, make_bureau().auditor).get("/budgets"))


def test_the_administrator_sets_a_budget(app: Flask, client: FlaskClient) -> None:
    bureau, year = make_bureau(), clock.today().year
    assert as_(client, bureau.auditor).get("/budgets/set").status_code == 403
    as_(client, bureau.administrator)
    assert re.search(
        r'value="P3-4"[^>]*selected|selected[^>]*value="P3-4"', text(client.get("/budgets/set?programme=P3-4"))
    )
    data = {"programme": P3_4, "year": str(year), "total_fen": "2000000"}
    assert client.post("/budgets/set", data=data).location == f"/budgets?year={year}"
    db.session.rollback()
    assert queries.find_budget(P3_4, year).total_fen == 200_000_000  # type: ignore[union-attr]
    make_claim(ClaimState.APPROVED, requested_fen=CAP_FEN)
    for entry, sentence in (
        ({"total_fen": "1"}, "该预算已批准或预留 50万元"),
        ({"year": "1999"}, "预算年度须在"),
        ({"year": "9" * 400}, ""),
        ({"total_fen": "x"}, ""),
        ({"programme": "P7-1"}, ""),
    ):
        answer = client.post("/budgets/set", data={**data, **entry})
        assert (answer.status_code, sentence in text(answer)) == (422, True), entry


def test_the_page_of_a_claim_reads_a_bounded_number_of_times(app: Flask, client: FlaskClient) -> None:
    case = make_claim(ClaimState.IN_REVIEW, requested_fen=SUM_FEN)
    case.review()
    address = url(case)
    as_(client, case.bureau.reviewer)
    with counted() as statements:
        assert client.get(address).status_code == 200
    assert len(statements) <= 12
