"""What goes wrong at the claimant's desk: hostile files, numbers spelt otherwise, two windows, a session that ended.

Each is answered with a sentence that says what to do, changes nothing, and loses nothing that was typed.
"""

from __future__ import annotations

import io
import re

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts.models import SignIn
from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.files import StoredFile
from matchmaker.deals.states import DealState
from matchmaker.subsidies.models import Claim, ClaimEvidence, ClaimPaper
from matchmaker.subsidies.papers import PaperKind
from matchmaker.subsidies.states import ClaimState
from tests.core.test_uploads import HOSTILE
from tests.factories.deals import BROKER, make_deal
from tests.factories.subsidies import make_claim, record
from tests.subsidies.test_views import EN, as_, reread, text, url

TYPED = "我单位自三月起组织对接六次，测算服务成本三万元。"


def count(model: type) -> int:
    return int(db.session.scalar(sa.select(sa.func.count()).select_from(model)) or 0)


@pytest.mark.parametrize("name", ["flat bomb", "pdf that is a page", "pdf that is an archive", "png flood 50k x 50k"])
def test_a_hostile_file_is_refused_at_its_field(app: Flask, client: FlaskClient, name: str) -> None:
    case = make_claim()
    as_(client, case.claimant)
    data = {"kind": "pledge", "file": (io.BytesIO(HOSTILE[name]), "承诺书.pdf")}
    answer = client.post(url(case, "/evidence"), data=data, headers=EN)
    assert (answer.status_code, 'href="#field-evidence-file"' in text(answer)) == (422, True)
    assert (count(ClaimEvidence), count(StoredFile)) == (0, 0)


def test_a_huge_file_is_refused_and_the_page_says_how_large_it_may_be(app: Flask, client: FlaskClient) -> None:
    case = make_claim()
    limit = app.extensions["matchmaker.settings"].upload_limit_bytes
    as_(client, case.claimant)
    for size, status, words in ((limit + 1, 422, "MB"), (limit + 2 * 1024 * 1024, 413, "too large")):
        head = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'
        body = head + b"0" * size + b"\r\n--x--\r\n"
        address, kind = url(case, "/evidence"), "multipart/form-data; boundary=x"
        answer = client.post(address, data=body, content_type=kind, headers=EN)
        assert (answer.status_code, words in text(answer)) == (status, True)
    assert count(ClaimEvidence) == 0


@pytest.mark.parametrize(
    "number", ["７７０１ ２０２６ ０００１", "7701-2026-0001", "（7701）20260001", " 770120260001 "]
)
def test_a_receipt_in_other_writing_is_the_same_receipt(app: Flask, client: FlaskClient, number: str) -> None:
    first, second = make_claim(), make_claim()
    first.enter(PaperKind.RECEIPT, "770120260001", fen=100, dated_on=clock.today())
    before = count(ClaimPaper)
    data = {"kind": "receipt", "number": number, "fen": "1", "dated_on": clock.today().isoformat()}
    for case in (first, second):
        answer = as_(client, case.claimant).post(url(case, "/papers"), data=data, headers=EN)
        assert (answer.status_code, "already stands in a claim" in text(answer)) == (422, True)
        assert number.strip() in text(answer), "what was typed stands in its field"
    assert count(ClaimPaper) == before


def test_the_claim_of_others_answers_like_one_that_does_not_exist(app: Flask, client: FlaskClient) -> None:
    mine, theirs = make_claim(), make_claim()
    as_(client, mine.claimant)
    nothing = "/claims/00000000-0000-4000-8000-000000000000"

    def masked(address: str, method: str) -> tuple[int, str]:
        answer = client.open(address, method=method, data={"reason": "x"} if method == "POST" else None)
        page = re.sub(r'(value="|nonce-|content=")[^"]*|[0-9a-f-]{36}', "", text(answer))
        return answer.status_code, page

    steps = ["", "/edit", "/submit", "/withdraw", "/evidence", "/papers", "/evidence/from-deals", "/accept", "/pay"]
    for number, path in enumerate(steps):
        method = "GET" if number < 2 else "POST"
        assert masked(url(theirs, path), method) == masked(nothing + path, method)
        assert masked(url(theirs, path), method)[0] == 404
    assert reread(theirs.claim).state == ClaimState.DRAFT


def test_two_windows_submit_one_draft_and_it_is_handed_in_once(app: Flask, client: FlaskClient) -> None:
    case = make_claim()
    case.complete()
    as_(client, case.claimant)
    assert client.post(url(case, "/submit")).status_code == 302
    again = client.post(url(case, "/submit"), headers=EN)
    assert (again.status_code, "Submitted, formal check" in text(again)) == (409, True)
    assert reread(case.claim).state == ClaimState.SUBMITTED


def version_on(page: str) -> str:
    found = re.search(r'name="version"[^>]*value="(\d+)"', page)
    assert found is not None
    return found[1]


def test_of_two_windows_the_second_does_not_overwrite_the_first_unawares(app: Flask, client: FlaskClient) -> None:
    case = make_claim()
    as_(client, case.claimant)
    data = {"deal": str(case.play.deal.id), "requested_fen": "20000"}
    seen = version_on(text(client.get(url(case, "/edit"))))
    assert client.post(url(case, "/edit"), data={**data, "statement": "第一个窗口", "version": seen}).status_code == 302
    late = {**data, "statement": TYPED, "version": seen}
    answer = client.post(url(case, "/edit"), data=late, headers=EN)
    page = text(answer)
    assert (answer.status_code, "changed in another window" in page, TYPED in page) == (422, True, True)
    assert reread(case.claim).statement == "第一个窗口"
    assert client.post(url(case, "/edit"), data={**late, "version": version_on(page)}).status_code == 302
    assert reread(case.claim).statement == TYPED


def test_what_was_typed_after_the_claim_went_in_from_another_window_is_shown_to_be_copied(
    app: Flask, client: FlaskClient
) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    data = {"deal": str(case.play.deal.id), "requested_fen": "1", "statement": TYPED}
    answer = as_(client, case.claimant).post(url(case, "/edit"), data=data)
    assert (answer.status_code, TYPED in text(answer), "复制" in text(answer)) == (403, True, True)


def test_a_session_that_ended_in_the_builder_loses_nothing(app: Flask, client: FlaskClient) -> None:
    play = record(make_deal(DealState.ON_TRIAL, broker=True))
    as_(client, play.actors[BROKER])
    address, data = "/claims/new?clause=P3-4", {"deal": str(play.deal.id), "requested_fen": "30000", "statement": TYPED}
    assert client.get(address).status_code == 200
    with unit_of_work():
        db.session.execute(sa.update(SignIn).values(ended_at=clock.now()))
    answer = client.post(address, data=data, headers=EN)
    page = text(answer)
    assert answer.status_code == 401
    assert "You are signed out" in page
    assert f"readonly>{TYPED}</textarea>" in page
    assert str(play.deal.id) not in page
    assert 'href="/sign-in' in page
    assert count(Claim) == 0
    as_(client, play.actors[BROKER])
    assert client.post(address, data=data).status_code == 302


def test_secrets_are_never_shown_again(app: Flask, client: FlaskClient) -> None:
    data = {"password": "a very long password", "totp_code": "0123456789012", "statement": "<b>geheim</b> & mehr"}
    page = text(client.post("/claims/new?clause=P3-4", data=data))
    assert "a very long password" not in page
    assert "0123456789012" not in page
    assert "&lt;b&gt;geheim&lt;/b&gt; &amp; mehr" in page
