"""The batch view of a round: ranking, budget, tables for the bureau, notices for all at once."""

from __future__ import annotations

import io
import uuid
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import clock, sheets, typeset
from matchmaker.core.db import db, unit_of_work
from matchmaker.deals.states import DealState
from matchmaker.subsidies import round_queries, round_tables
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import make_actor
from tests.factories.deals import make_deal
from tests.factories.subsidies import P3_4, make_budget, make_bureau, make_claim, make_many_claims
from tests.subsidies.test_views import as_, counted, text

YEAR = clock.today().year
HERE = f"/rounds/{P3_4}/{YEAR}"
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\0=1", "＝1", "＋1", "－1", "＠x", "=cmd|' /C calc'!A0"]


def test_the_round_ranks_by_score_and_shows_what_is_left(app: Flask, client: FlaskClient) -> None:
    bureau = make_bureau()
    make_budget(10_000_000)
    for score in (60, 90, 75):
        case = make_claim(ClaimState.IN_REVIEW, bureau=bureau)
        case.review(score=score)
    case.propose(1_000_000)
    make_claim(ClaimState.SUBMITTED, bureau=bureau)
    page = text(as_(client, bureau.auditor).get(HERE))
    order = [page.index(f">{score}</td>") for score in (90, 75, 60)]
    assert order == sorted(order)
    for words in ("¥100,000.00", "¥10,000.00", "¥90,000.00", "已提交，形式审查中 (1)"):
        assert words in page, words
    assert HERE in text(client.get("/rounds"))
    assert client.get(f"/rounds/P9-9/{YEAR}").status_code == 404
    assert as_(client, case.claimant).get(HERE).status_code == 403


def test_the_page_reads_a_bounded_number_of_times_however_many_claims(app: Flask, client: FlaskClient) -> None:
    make_many_claims(make_deal(DealState.ON_TRIAL, broker=True), 5, state=ClaimState.IN_REVIEW)
    as_(client, make_bureau().auditor)
    with counted() as few:
        assert client.get(HERE).status_code == 200
    with unit_of_work():
        row = db.session.scalars(sa.select(Claim).where(Claim.state == ClaimState.IN_REVIEW)).first()
        assert row is not None
        values = {column.key: getattr(row, column.key) for column in sa.inspect(Claim).columns}
        copies = [
            values | {"id": uuid.uuid4(), "number": f"C-{n}", "live_key": f"copy:{n}", "deal_id": None}
            for n in range(300)
        ]
        db.session.execute(sa.insert(Claim), copies)
    with counted() as many:
        assert client.get(HERE).status_code == 200
    assert len(many) == len(few) <= 12


def test_one_press_publishes_what_the_reader_may_publish(app: Flask, client: FlaskClient) -> None:
    bureau = make_bureau()
    cases = [make_claim(ClaimState.PROPOSED, bureau=bureau) for _ in range(3)]
    page = text(as_(client, bureau.approver).get(HERE))
    assert "发布 3 条公示" in page
    answer = client.post(f"{HERE}/publish", follow_redirects=True)
    assert "已发布 3 条公示" in text(answer)
    db.session.rollback()
    assert {db.session.get_one(Claim, case.claim.id).state for case in cases} == {ClaimState.ON_NOTICE}
    client.delete_cookie("session")
    notices = text(client.get("/claim-notices"))
    for case in cases:
        assert case.claim.subject in notices
        assert case.claim.statement not in notices
    assert as_(client, bureau.administrator).post(f"{HERE}/publish").status_code == 302  # publishes none
    assert client.get("/claim-notices?all=1").status_code == 200


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_of_a_table_is_a_formula(name: str) -> None:
    content = io.BytesIO()
    sheets.write_workbook(content, name, ["A", name], [[1, name, sheets.fen_cell(-123), None]], at=clock.now())
    sheet = load_workbook(content).active
    for row in sheet.iter_rows():
        for cell in row:
            assert cell.data_type != "f"
    assert sheet["C2"].value == pytest.approx(-1.23)
    assert (sheet["A2"].data_type, sheet["C2"].data_type) == ("n", "n")
    if sheet["B2"].value:
        assert sheet["B2"].quotePrefix


def test_the_tables_hold_the_claims_of_the_round(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    bureau = make_bureau()
    case = make_claim(ClaimState.PROPOSED, bureau=bureau)
    with unit_of_work():
        db.session.execute(sa.update(Claim).values(subject="=HYPERLINK(1)"))
    as_(client, bureau.auditor)
    with client.get(f"{HERE}/table.xlsx") as answer:
        assert answer.headers["Content-Disposition"].startswith("attachment")
        sheet = load_workbook(io.BytesIO(answer.get_data())).active
    assert [cell.value for cell in sheet[1]][:3] == ["序号", "申报编号", "申报单位"]
    row = [cell.value for cell in sheet[2]]
    assert row[1:3] == [case.claim.number, case.claim.claimant.name]
    assert (row[5], row[6]) == ("=HYPERLINK(1)", case.claim.requested_fen / 100)
    printed: list[dict[str, Any]] = []
    real = typeset.pdf
    monkeypatch.setattr(typeset, "pdf", lambda form, data, *, at: printed.append(data) or real(form, data, at=at))
    for most in (1, 0):
        monkeypatch.setattr(round_tables, "MOST_PRINTED", most)
        with client.get(f"{HERE}/table.pdf") as answer:
            assert answer.get_data().startswith(b"%PDF-")
    assert [(len(data["rows"]), bool(data["note"])) for data in printed] == [(1, False), (0, True)]
    assert as_(client, case.claimant).get(f"{HERE}/table.xlsx").status_code == 403


def test_a_round_adds_up(app: Flask) -> None:
    bureau = make_bureau()
    make_claim(ClaimState.PROPOSED, bureau=bureau, proposed_fen=1_000_000)
    make_claim(ClaimState.REJECTED, bureau=bureau)
    make_claim(ClaimState.WITHDRAWN, bureau=bureau)
    found = round_queries.find_round(P3_4, YEAR)
    assert found is not None
    assert (found.requested_fen, found.proposed_fen) == (6_000_000, 1_000_000)
    assert found.counts[ClaimState.PROPOSED] == found.counts[ClaimState.REJECTED] == 1
    assert round_queries.find_round("P2-3", YEAR) is None


def test_everyone_reads_a_notice_and_who_is_signed_in_objects(app: Flask, client: FlaskClient) -> None:
    case = make_claim(ClaimState.ON_NOTICE)
    link = next(line for line in text(client.get("/claim-notices")).split('"') if line.startswith("/claim-notices/"))
    page = text(client.get(link))
    assert case.claim.claimant.name in page
    assert "登录后提出异议" in page
    assert client.post(f"{link}/object", data={"text": "x"}).status_code == 302  # to the sign-in
    stranger = make_actor(OrganisationKind.ENTERPRISE)
    assert as_(client, stranger).post(f"{link}/object", data={"text": ""}).status_code == 422
    answer = client.post(f"{link}/object", data={"text": "已获其他补助"}, follow_redirects=True)
    assert "异议已提交科技局" in text(answer)
    assert "已获其他补助" not in text(answer)
    assert client.get(f"/claims/{case.claim.id}").status_code == 404
    page = text(as_(client, case.claimant).get(f"/claims/{case.claim.id}"))
    assert "异议处理中" in page
    assert "已获其他补助" not in page  # the objector's words are for the bureau
    assert "已获其他补助" in text(as_(client, case.bureau.reviewer).get(f"/claims/{case.claim.id}"))


def test_particulars_and_workdays_have_their_pages(app: Flask, client: FlaskClient) -> None:
    who = make_actor(OrganisationKind.INTERMEDIARY)
    data = {"address": "示例路1号", "phone": "0431-1", "legal_representative": "甲", "owners": "乙\n丙"}
    assert as_(client, who).post("/claims/particulars", data=data).status_code == 302
    assert "乙\n丙" in text(client.get("/claims/particulars"))
    assert client.get("/workdays").status_code == 403
    day = {"day": "2027-02-13", "works": "yes", "note": "示例通知"}
    assert as_(client, make_bureau().administrator).post("/workdays", data=day).status_code == 302
    assert "示例通知" in text(client.get("/workdays"))
    assert client.post("/workdays", data={**day, "day": "1999-01-01"}).status_code == 422
