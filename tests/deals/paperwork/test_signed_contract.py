"""The signed contract comes in: what is not the version that counts is refused."""

from __future__ import annotations

import io
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.db import db, unit_of_work
from matchmaker.deals import services as deals
from matchmaker.deals.models import DealFile, FileKind
from matchmaker.deals.paperwork import contracts
from matchmaker.deals.paperwork.contracts import Form
from matchmaker.deals.states import DealState
from tests.deals.pages import EN, as_, text_of
from tests.factories.accounts import make_actor
from tests.factories.deals import LICENSEE, LICENSOR, Play, make_deal, make_terms, organisation_of

SCAN = b"%PDF-1.4 a scan without any text"


def hand_in(
    client: FlaskClient, play: Play, content: bytes = SCAN, fingerprint: str = "", name: str = "scan.pdf"
) -> Any:
    data = {"file": (io.BytesIO(content), "scan.pdf"), "fingerprint": fingerprint}
    return client.post(f"/deals/{play.deal.id}/signed-contract", data=data, headers=EN)


def handed_in(play: Play) -> list[DealFile]:
    db.session.expire_all()
    return db.session.query(DealFile).filter_by(deal_id=play.deal.id, kind=FileKind.SIGNED_SCAN).all()


def contract(play: Play, number: int = 1) -> bytes:
    return contracts.content(play.deal, play.deal.versions[number - 1], Form("zh", "pdf"))


@pytest.mark.parametrize("typed", [16, 24, 64])
def test_a_scan_whose_fingerprint_is_typed_from_the_page_is_attached(
    app: Flask, client: FlaskClient, typed: int
) -> None:
    play = make_deal(DealState.ON_TRIAL)
    as_(client, play.actors[LICENSOR])
    fingerprint = play.sha256[:typed].upper()
    answer = hand_in(client, play, fingerprint=f" {fingerprint[:4]} {fingerprint[4:]} ")
    assert answer.status_code == 302
    (row,) = handed_in(play)
    assert (row.name, row.note) == ("scan.pdf", play.sha256)
    assert len(row.file.sha256) == 64
    assert "Signed contract handed in on" in text_of(client.get(f"/deals/{play.deal.id}", headers=EN))


def test_our_own_pdf_signed_as_a_file_is_known_by_itself(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.ON_TRIAL)
    as_(client, play.actors[LICENSEE])
    signed = contract(play) + b"\n% a signature appended by another program\n%%EOF\n"
    assert hand_in(client, play, signed).status_code == 302
    assert len(handed_in(play)) == 1


def test_another_version_is_refused_and_named(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED)
    old, old_hash = contract(play), play.sha256
    with unit_of_work():
        deals.withdraw_offer(play.actors[LICENSOR], play.deal)
    play.edit(terms=make_terms(territory="辽宁省"))
    play.offer()
    as_(client, play.actors[LICENSOR])
    for answer in (hand_in(client, play, old), hand_in(client, play, fingerprint=old_hash)):
        assert answer.status_code == 422
        assert "This is version 1 of the contract; the one that counts is version 2." in text_of(answer)
    assert handed_in(play) == []


def test_another_contract_is_refused_and_both_fingerprints_are_shown(app: Flask, client: FlaskClient) -> None:
    play, other = make_deal(DealState.ON_TRIAL), make_deal(DealState.ON_TRIAL)
    as_(client, play.actors[LICENSOR])
    answer = hand_in(client, play, contract(other))
    assert answer.status_code == 422
    assert play.sha256[:16] in text_of(answer)
    assert other.sha256[:16] in text_of(answer)
    answer = hand_in(client, play, contract(play), fingerprint="0" * 16)
    assert "another contract" in text_of(answer)
    assert 'value="0000000000000000"' in text_of(answer)
    assert handed_in(play) == []


@pytest.mark.parametrize(
    ("fingerprint", "sentence"),
    [
        ("", "Type the first 16 characters"),
        ("0123456789abcde", "Type the first 16 characters"),
        ("0123456789abcdefg", "made of the digits 0 to 9"),
        ("f" * 65, "made of the digits 0 to 9"),
    ],
)
def test_a_scan_without_a_readable_fingerprint_is_not_taken(
    app: Flask, client: FlaskClient, fingerprint: str, sentence: str
) -> None:
    play = make_deal(DealState.ON_TRIAL)
    as_(client, play.actors[LICENSOR])
    answer = hand_in(client, play, fingerprint=fingerprint)
    assert answer.status_code == 422
    assert "There is a problem" in text_of(answer)
    assert sentence in text_of(answer)


def test_what_is_no_document_or_missing_is_refused_at_the_file(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.ON_TRIAL)
    as_(client, play.actors[LICENSOR])
    assert "Only PDF" in text_of(hand_in(client, play, b"MZ program", fingerprint=play.sha256))
    assert "Choose a file." in text_of(client.post(f"/deals/{play.deal.id}/signed-contract", headers=EN))
    assert handed_in(play) == []


def test_only_a_signatory_of_a_party_may_hand_it_in(app: Flask, client: FlaskClient) -> None:
    play, draft = make_deal(DealState.ON_TRIAL), make_deal()
    path = f"/deals/{play.deal.id}/signed-contract"
    assert hand_in(client, play, fingerprint=play.sha256).status_code in (302, 303, 401)
    as_(client, make_actor(OrganisationKind.ENTERPRISE))
    assert client.get(path).status_code == 404
    licensee = organisation_of(play.actors[LICENSEE])
    as_(client, make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_MEMBER, organisation=licensee))
    assert client.get(path).status_code == 403
    assert "Hand in the signed contract" not in text_of(client.get(f"/deals/{play.deal.id}", headers=EN))
    as_(client, draft.actors[LICENSOR])
    assert client.get(f"/deals/{draft.deal.id}/signed-contract").status_code == 404
    assert handed_in(play) == []
