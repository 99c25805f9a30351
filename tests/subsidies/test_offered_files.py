"""Files that the deals of a claim hold are offered as evidence: the same bytes, no upload, no copy."""

from __future__ import annotations

import io

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.core import files
from matchmaker.core.db import db
from matchmaker.core.files import StoredFile
from matchmaker.deals import services as deals
from matchmaker.deals.models import DealFile, FileKind
from matchmaker.deals.states import DealState
from matchmaker.subsidies import queries, services
from matchmaker.subsidies.models import ClaimEvidence
from tests.factories.accounts import unit
from tests.factories.deals import BROKER, LICENSOR, Play, confirm_broker, make_deal, register
from tests.factories.subsidies import PDF, Case, draft, make_bureau
from tests.subsidies.test_views import EN, as_, reread, text, url


def attach(app: Flask, play: Play, kind: FileKind, name: str) -> DealFile:
    root = app.extensions["matchmaker.settings"].files_dir
    with unit():
        file = files.put(root, io.BytesIO(PDF + name.encode()), limit_bytes=1_000_000)
        return deals.attach_file(play.actors[LICENSOR], play.deal, kind=kind, file=file, name=f"{name}.pdf")


@pytest.fixture
def case(app: Flask) -> Case:
    """A deal with a paid instalment, one that was reversed, a certificate, a corrected one before it, and a report."""
    play = make_deal(DealState.PAYING, broker=True)
    confirm_broker(play)
    play.pay(500, key="1", receipt=attach(app, play, FileKind.RECEIPT, "回单"))
    wrong = play.pay(700, key="2", receipt=attach(app, play, FileKind.RECEIPT, "错误回单"))
    with unit():
        deals.reverse_payment(play.actors[LICENSOR], play.deal, payment=wrong)
    attach(app, play, FileKind.CERTIFICATE, "旧证书")
    register(play, certificate=attach(app, play, FileKind.CERTIFICATE, "登记证明"))
    attach(app, play, FileKind.BROKER_AGREEMENT, "三方协议")
    attach(app, play, FileKind.SIGNED_SCAN, "签字扫描件")
    attach(app, play, FileKind.TRIAL_REPORT, "试用报告")
    return Case(draft(play.actors[BROKER], play.deal), play, play.actors[BROKER], make_bureau())


def test_what_proves_the_deal_is_offered_under_its_kind_and_nothing_else(case: Case) -> None:
    assert {(row.name, kind) for row, kind in queries.list_offered_files(case.claim)} == {
        ("回单.pdf", "receipts"),
        ("登记证明.pdf", "registration"),
        ("三方协议.pdf", "service_agreement"),
        ("签字扫描件.pdf", "contract"),
    }


def test_one_is_attached_with_one_press_then_all_that_are_left(app: Flask, client: FlaskClient, case: Case) -> None:
    before = db.session.scalar(sa.select(sa.func.count()).select_from(StoredFile))
    row = next(row for row, kind in queries.list_offered_files(case.claim) if kind == "service_agreement")
    page = text(as_(client, case.claimant).get(url(case), headers=EN))
    assert "Attach 三方协议.pdf" in page
    assert client.post(url(case, "/evidence/from-deals"), data={"file": str(row.id)}).status_code == 302
    claim = reread(case.claim)
    (evidence,) = claim.evidence
    assert (evidence.kind, evidence.name, evidence.file_id) == ("service_agreement", "三方协议.pdf", row.file_id)
    assert "Attach 三方协议.pdf" not in text(client.get(url(case), headers=EN))
    assert client.post(url(case, "/evidence/from-deals")).status_code == 302
    claim = reread(case.claim)
    assert len(claim.evidence) == 4
    assert len({row.file.sha256 for row in claim.evidence}) == 4
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StoredFile)) == before  # no copy
    assert queries.list_offered_files(claim) == []
    assert client.post(url(case, "/evidence/from-deals")).status_code == 404  # there is nothing left
    download = client.get(url(case, f"/evidence/{claim.evidence[0].id}"))
    assert download.data.startswith(b"%PDF")
    download.close()
    assert download.headers["Content-Disposition"].startswith("attachment")


def test_only_what_is_offered_and_only_by_the_claimant(app: Flask, client: FlaskClient, case: Case) -> None:
    strange = make_deal(DealState.PAYING, broker=True)
    others = attach(app, strange, FileKind.SIGNED_SCAN, "他人合同")
    report = db.session.scalars(sa.select(DealFile).where(DealFile.kind == FileKind.TRIAL_REPORT)).one()
    as_(client, case.claimant)
    for row in (others, report):
        assert client.post(url(case, "/evidence/from-deals"), data={"file": str(row.id)}).status_code == 404
    as_(client, strange.actors[BROKER])
    assert client.post(url(case, "/evidence/from-deals")).status_code == 404
    assert reread(case.claim).evidence == []


def test_too_many_files_are_refused_with_a_sentence_and_none_is_attached(
    app: Flask, client: FlaskClient, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "MOST_EVIDENCE", 3)
    answer = as_(client, case.claimant).post(url(case, "/evidence/from-deals"), headers=EN)
    assert (answer.status_code, "at most 3 files" in text(answer)) == (422, True)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(ClaimEvidence)) == 0
    assert 'id="offered"' in text(answer)
