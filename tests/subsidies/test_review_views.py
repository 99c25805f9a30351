"""What the bureau does on the page of a claim, and what each reader of it sees of that."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts.models import User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.accounts.services import add_member
from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import SYSTEM, make_organisation
from tests.factories.deals import LICENSEE
from tests.factories.subsidies import after_notice, make_budget, make_claim
from tests.subsidies.test_views import EN, as_, reread, text, url


def test_a_claim_goes_all_the_way_page_by_page(app: Flask, client: FlaskClient) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    make_budget(10_000_000)
    page = text(as_(client, case.bureau.reviewer).get(url(case)))
    assert "形式审查通过" in page
    assert client.post(url(case, "/accept")).status_code == 302
    for who in case.seated():
        page = text(as_(client, who).get(url(case)))
        assert "评审人员独立评审" in page
        data = {"opinion": "support", "score": "80", "fen": "25000", "comment": "材料齐全", "no_conflict": "y"}
        assert client.post(url(case, "/opinion"), data=data).status_code == 302
    page = text(as_(client, case.bureau.reviewer).get(url(case)))
    assert "预算剩余：10万元" in re.sub("</?span[^>]*>", "", page)
    assert "建议补助 ¥25,000.00" in page
    assert "待答复的条件" in page
    refused = client.post(url(case, "/propose"), data={"fen": "20000", "reason": "同意"})
    assert (refused.status_code, "尚未查明" in text(refused)) == (409, True)
    wrong = client.post(url(case, "/conditions/introduction/met"), data={"note": ""})
    assert (wrong.status_code, "请填写此项" in text(wrong)) == (422, True)
    assert client.post(url(case, "/conditions/amount/met"), data={"note": "x"}).status_code == 409
    assert client.post(url(case, "/conditions/introduction/met"), data={"note": "对接记录属实"}).status_code == 302
    assert "对接记录属实" in text(client.get(url(case)))
    answer = client.post(url(case, "/propose"), data={"fen": "20000", "reason": "同意"}, follow_redirects=True)
    assert "在预算中预留" in text(answer)
    assert client.post(url(case, "/publish")).status_code == 302
    assert client.post(url(case, "/approve")).status_code == 403  # who proposed does not approve
    assert as_(client, case.bureau.approver).post(url(case, "/approve")).status_code == 409  # the notice runs
    with after_notice():
        as_(client, case.bureau.approver)
        assert "批准" in text(client.get(url(case)))
        assert client.post(url(case, "/approve")).status_code == 302
        assert client.post(url(case, "/pay"), data={"paid_on": str(clock.today())}).status_code == 403
        page = text(as_(client, case.bureau.administrator).get(url(case)))
        assert f'value="{clock.today()}"' in page
        wrong = client.post(url(case, "/pay"), data={"paid_on": "2000-01-01"})
        assert (wrong.status_code, "拨付日期须在" in text(wrong)) == (422, True)
        assert client.post(url(case, "/pay"), data={"paid_on": str(clock.today())}).status_code == 302
        page = text(as_(client, case.claimant).get(url(case)))
        for words in ("已拨付", "¥20,000.00", "同意", "科技局批准 2万元", "为作出决定当日的核验结果"):
            assert words in page, words
        assert "诚信核查提示" not in page
        assert "材料齐全" not in page
        data = {"rate": "3.65", "bar_months": "12", "reason": "虚假材料"}
        assert as_(client, case.bureau.administrator).post(url(case, "/claw-back"), data=data).status_code == 302
        assert "责令退回" in text(as_(client, case.claimant).get(url(case)))
        returned = {"returned_on": str(clock.today())}
        as_(client, case.bureau.administrator)
        assert client.post(url(case, "/record-return"), data=returned).status_code == 302
        assert reread(case.claim).state == ClaimState.RECOVERED
        refused = as_(client, case.claimant).post("/claims/new?clause=P3-4", data={"deal": str(case.play.deal.id)})
        assert refused.status_code == 422


@pytest.mark.parametrize(
    ("action", "data", "sentence"),
    [
        ("propose", {"fen": "30000.01", "reason": "x"}, "不超过该数"),
        ("propose", {"fen": "", "reason": "x"}, "请填写此项"),
        ("propose", {"fen": "30000", "reason": ""}, "请填写此项"),
        ("propose", {"fen": "20000", "reason": "x"}, "年度预算剩余 1万元"),
        ("reject", {"reason": "  "}, "请填写此项"),
    ],
)
def test_a_faulty_proposal_is_told_at_its_field(
    app: Flask, client: FlaskClient, action: str, data: dict[str, str], sentence: str
) -> None:
    case = make_claim(ClaimState.IN_REVIEW)
    case.review()
    case.answer_conditions()
    make_budget(1_000_000)
    answer = as_(client, case.bureau.reviewer).post(url(case, f"/{action}"), data=data)
    assert (answer.status_code, sentence in text(answer)) == (422, True)
    assert reread(case.claim).state == ClaimState.IN_REVIEW


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"no_conflict": ""}, "无利害关系"),
        ({"score": "101"}, "0 至 100"),
        ({"score": "x"}, ""),
        ({"fen": "30000.01"}, "不超过申报金额"),
        ({"fen": ""}, "不超过申报金额"),
        ({"comment": ""}, "请填写此项"),
        ({"opinion": "maybe"}, ""),
    ],
)
def test_a_faulty_opinion_is_told_at_its_field(
    app: Flask, client: FlaskClient, data: dict[str, str], sentence: str
) -> None:
    case = make_claim(ClaimState.IN_REVIEW)
    entry = {"opinion": "support", "score": "80", "fen": "25000", "comment": "可", "no_conflict": "y", **data}
    answer = as_(client, case.seated()[0]).post(url(case, "/opinion"), data=entry)
    assert (answer.status_code, sentence in text(answer)) == (422, True)


def test_without_a_budget_the_reviewer_is_told_whom_to_ask(app: Flask, client: FlaskClient) -> None:
    case = make_claim(ClaimState.IN_REVIEW)
    case.review()
    case.answer_conditions()
    page = text(as_(client, case.bureau.reviewer).get(url(case)))
    assert "尚未设置" in page
    answer = client.post(url(case, "/propose"), data={"fen": "1", "reason": "x"}, headers=EN)
    assert (answer.status_code, "Ask an administrator to set it first" in text(answer)) == (422, True)


def test_a_returned_claim_shows_its_reason_to_the_claimant(app: Flask, client: FlaskClient) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    answer = as_(client, case.bureau.reviewer).post(url(case, "/return"), data={"reason": "缺少合同"})
    assert (answer.status_code, answer.location) == (302, url(case))
    page = text(as_(client, case.claimant).get(url(case)))
    for words in ("退回补正：", "缺少合同", case.claim.clause.evidence[0].label.zh):
        assert words in page


def test_a_rejected_claim_shows_its_reason(app: Flask, client: FlaskClient) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    assert as_(client, case.bureau.reviewer).post(url(case, "/reject"), data={"reason": "不符合"}).status_code == 302
    page = text(as_(client, case.claimant).get(url(case), headers=EN))
    assert "Reason of the decision:" in page
    assert "The bureau rejected the claim." in page


def test_a_reviewer_who_belongs_to_a_party_is_told_so_and_may_not_check(app: Flask, client: FlaskClient) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    with unit_of_work():
        signatory = db.session.get_one(User, case.play.actors[LICENSEE].user_id)
        place = add_member(SYSTEM, make_organisation(OrganisationKind.AUTHORITY), signatory, roles={Role.REVIEWER})
    as_(client, case.play.actors[LICENSEE]).post("/acting-for", data={"membership": str(place.id)})
    page = text(client.get(url(case)))
    assert "须由其他人员审查和评审" in page
    assert "诚信核查提示" not in page
    assert url(case, "/accept") not in page
    assert client.post(url(case, "/accept")).status_code == 403


def test_reviewers_are_blind_to_each_other_until_all_have_spoken_and_the_claimant_always(
    app: Flask, client: FlaskClient
) -> None:
    case = make_claim(ClaimState.IN_REVIEW)
    first, second = case.seated()
    case.opine(first, comment="第一位的评语", score=83)
    names = {who: db.session.get_one(User, who.user_id).name for who in (first, second)}
    page = text(as_(client, second).get(url(case)))
    assert ("第一位的评语" in page, names[first] in page) == (False, False)
    assert "第一位的评语" in text(as_(client, first).get(url(case)))  # one's own
    case.opine(second, comment="第二位的评语", score=85)
    page = text(as_(client, first).get(url(case)))
    assert "第一位的评语" in page
    assert "第二位的评语" in page
    page = text(as_(client, case.claimant).get(url(case)))
    for words in ("第一位的评语", "第二位的评语", *names.values()):
        assert words not in page


def test_whoever_has_a_conflict_stands_down_on_the_page_and_sees_no_form_any_more(
    app: Flask, client: FlaskClient
) -> None:
    case = make_claim(ClaimState.IN_REVIEW)
    first, _ = case.seated()
    as_(client, first)
    assert "/opinion" in text(client.get(url(case)))
    assert client.post(url(case, "/stand-down"), data={"conflict": ""}).status_code == 422
    assert client.post(url(case, "/stand-down"), data={"conflict": "亲属任职"}).status_code == 302
    assert "/opinion" not in text(client.get(url(case)))
    data = {"opinion": "support", "score": "80", "fen": "100", "comment": "可", "no_conflict": "y"}
    assert client.post(url(case, "/opinion"), data=data).status_code == 403
