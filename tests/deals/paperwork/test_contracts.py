"""Contracts of deals: who gets them, the same bytes each time, kept from the last signature on."""

from __future__ import annotations

import io
import uuid
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from docx import Document
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.attributes import set_committed_value

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import access, clock, typeset
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Forbidden, NotFound
from matchmaker.deals import queries
from matchmaker.deals import services as deals
from matchmaker.deals.papers import editions
from matchmaker.deals.paperwork import contracts, jobs, services
from matchmaker.deals.paperwork.contracts import ALL_FORMS, Form
from matchmaker.deals.paperwork.models import FrozenContract
from matchmaker.deals.states import DealState
from tests.deals.pages import EN, as_
from tests.factories.accounts import make_actor
from tests.factories.deals import BROKER, LICENSEE, LICENSOR, Play, make_deal, make_terms

PDF = Form("zh", "pdf")


def settings(app: Flask) -> Any:
    return app.extensions["matchmaker.settings"]


def words(content: bytes) -> str:
    document = Document(io.BytesIO(content))
    texts = [paragraph.text for paragraph in document.paragraphs]
    texts += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return "\n".join([*texts, *(paragraph.text for paragraph in document.sections[0].footer.paragraphs)])


def keep(app: Flask) -> None:
    jobs.keep_signed_contracts(settings(app))


# --- on demand ------------------------------------------------------------------------------------------------------


def test_who_may_see_the_deal_gets_its_contract_as_a_download_in_each_form(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED, title="轴承许可")
    as_(client, play.actors[LICENSEE])
    for suffix, start in (("pdf", b"%PDF-"), ("docx", b"PK")):
        for language in ("zh", "zh-en"):
            answer = client.get(f"/deals/{play.deal.id}/contract.{suffix}?language={language}")
            assert answer.status_code == 200
            assert answer.data.startswith(start)
            assert answer.headers["Content-Disposition"].startswith("attachment")
            assert "%E7%AC%AC1%E7%89%88" in answer.headers["Content-Disposition"]  # the version's number, in Chinese
            assert answer.headers["Content-Security-Policy"].startswith("sandbox")
            assert answer.headers["Cache-Control"] == "no-store"


def test_it_says_who_and_what_on_which_terms(app: Flask) -> None:
    play = make_deal(DealState.OFFERED, offered_by=BROKER, terms=make_terms(territory="辽宁省", commission_fen=100))
    version = play.deal.version_on_offer
    assert version is not None
    text = words(contracts.content(play.deal, version, Form("zh-en", "docx")))
    assert play.deal.broker is not None
    for expected in (
        play.deal.licensor.name, play.deal.licensee.credit_code, play.deal.broker.name, "辽宁省", version.sha256,
        play.deal.achievements[0].title, "Technology Licence Contract", "人民币1.00元（大写：壹元整）",
    ):  # fmt: skip
        assert expected in text


def test_others_cannot_tell_it_from_one_that_is_not_there(app: Flask, client: FlaskClient) -> None:
    play, draft = make_deal(DealState.OFFERED), make_deal()
    as_(client, make_actor(OrganisationKind.ENTERPRISE))
    hidden, missing = (client.get(f"/deals/{id_}/contract.pdf") for id_ in (play.deal.id, uuid.uuid4()))
    assert hidden.status_code == missing.status_code == 404
    as_(client, draft.actors[LICENSOR])
    assert client.get(f"/deals/{draft.deal.id}/contract.pdf").status_code == 404
    client.post("/sign-out")
    assert client.get(f"/deals/{play.deal.id}/contract.pdf", headers=EN).status_code in (302, 303, 401)


def test_what_the_address_asks_for_in_vain_is_not_there(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED)
    as_(client, play.actors[LICENSOR])
    for wrong in ("pdf?version=2", "pdf?version=0", "pdf?version=x", "pdf?version=-1", "pdf?language=fr", "exe"):
        assert client.get(f"/deals/{play.deal.id}/contract.{wrong}").status_code == 404


def test_the_same_version_has_the_same_bytes_on_any_day_and_another_version_has_others(app: Flask) -> None:
    play = make_deal(DealState.OFFERED, terms=make_terms(territory="辽宁省"))
    deal = play.deal
    first = {form: contracts.content(deal, deal.versions[0], form) for form in ALL_FORMS}
    _offer_again(play)
    with clock.at(clock.now() + timedelta(days=400)):
        again = queries.find_deal(deal.id)
        assert again is not None
        assert {form: contracts.content(again, again.versions[0], form) for form in ALL_FORMS} == first
        assert contracts.content(again, again.versions[1], PDF) != first[PDF]


def _offer_again(play: Play) -> None:
    with unit_of_work():
        deals.withdraw_offer(play.actors[LICENSOR], play.deal)
    play.edit(terms=make_terms(territory="黑龙江省"))
    play.offer()


def test_it_keeps_the_names_it_was_offered_under(app: Flask) -> None:
    play = make_deal(DealState.OFFERED, title="轴承许可")
    deal, version = play.deal, play.deal.versions[0]
    first = contracts.content(deal, version, PDF)
    name = deal.licensor.name
    with unit_of_work():
        db.session.get_one(Organisation, deal.licensor_id).name = "改名大学"
        deal.title = "另一名称"
    assert contracts.content(deal, version, PDF) == first
    assert version.body["names"]["licensor"]["name"] == name
    assert version.body["form"] == editions.current()


def test_a_version_from_before_names_were_frozen_is_set_with_those_of_today(app: Flask) -> None:
    play = make_deal(DealState.OFFERED, offered_by=BROKER)
    version = play.deal.versions[0]
    old = {key: value for key, value in version.body.items() if key not in ("names", "title", "form")}
    set_committed_value(version, "body", {**version.body, "form": {**version.body["form"], "edition": editions.FIRST}})
    new = contracts.content(play.deal, version, PDF)
    set_committed_value(version, "body", old)
    assert contracts.content(play.deal, version, PDF) == new


# --- kept -----------------------------------------------------------------------------------------------------------


def test_the_last_signature_is_followed_by_keeping_every_form_as_it_was_on_demand(app: Flask) -> None:
    play = make_deal(DealState.AGREED)
    deal, version = play.deal, play.deal.version_on_offer
    assert version is not None
    before = {form: contracts.content(deal, version, form) for form in ALL_FORMS}
    keep(app)
    assert jobs.list_unkept() == []
    assert db.session.query(FrozenContract).count() == 0
    play.sign_by_all()
    assert jobs.list_unkept() == [deal.id]
    keep(app)
    assert jobs.list_unkept() == []
    for form in ALL_FORMS:
        kept = contracts.find_frozen(version, form)
        assert kept is not None
        path = settings(app).files_dir / kept.sha256[:2] / kept.sha256[2:4] / kept.sha256
        assert path.read_bytes() == before[form]


def test_what_was_kept_is_what_one_gets_whatever_the_program_would_set_today(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    play = make_deal(DealState.ON_TRIAL)
    keep(app)
    as_(client, play.actors[LICENSEE])
    with client.get(f"/deals/{play.deal.id}/contract.pdf") as answer:
        first = answer.data
    monkeypatch.setattr(typeset, "pdf", lambda *args, **kwargs: b"set otherwise")
    with unit_of_work():
        db.session.get_one(Organisation, play.deal.licensor_id).name = "改名大学"
    with client.get(f"/deals/{play.deal.id}/contract.pdf") as answer:
        assert answer.data == first
        assert answer.headers["Content-Disposition"].startswith("attachment")


def test_keeping_may_run_again_and_is_for_the_platform_alone(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL)
    keep(app)
    keep(app)
    assert db.session.query(FrozenContract).count() == len(ALL_FORMS)
    with pytest.raises((Forbidden, NotFound)), unit_of_work():
        services.keep_contract(play.actors[LICENSOR], play.deal, root=settings(app).files_dir)


def test_one_contract_that_cannot_be_set_does_not_keep_the_others_waiting(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad, good = make_deal(DealState.ON_TRIAL), make_deal(DealState.ON_TRIAL)
    real = services.content

    def content(deal: Any, version: Any, form: Any) -> bytes:
        if deal.id == bad.deal.id:
            raise RuntimeError("cannot be set")
        return real(deal, version, form)

    monkeypatch.setattr(services, "content", content)
    with pytest.raises(RuntimeError, match="cannot be set"):
        keep(app)
    assert list(jobs.list_unkept()) == [bad.deal.id]
    assert good.deal.state == DealState.ON_TRIAL


@pytest.mark.parametrize("statement", ["UPDATE frozen_contracts SET suffix = 'docx'", "DELETE FROM frozen_contracts"])
def test_the_database_refuses_to_change_what_was_kept(app: Flask, statement: str) -> None:
    make_deal(DealState.ON_TRIAL)
    keep(app)
    with pytest.raises(DBAPIError, match="append_only"), unit_of_work():
        db.session.execute(sa.text(statement))


def test_nothing_is_kept_of_what_was_never_signed(app: Flask, tmp_path: Path) -> None:
    play = make_deal(DealState.OFFERED)
    with unit_of_work():
        assert services.keep_contract(access.system_actor("test"), play.deal, root=tmp_path) == []


# --- before an offer ------------------------------------------------------------------------------------------------


def test_a_draft_is_seen_as_a_contract_before_it_is_offered_and_is_marked_as_a_draft(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_papers = []
    monkeypatch.setattr(typeset, "pdf", lambda name, data, at: set_papers.append(data) or pdf(name, data, at=at))
    play = make_deal(terms=make_terms())
    as_(client, play.actors[LICENSOR])
    form = client.get(f"/deals/{play.deal.id}/terms", headers=EN).get_data(as_text=True)
    for language, mark in (
        ("zh", ["草案，尚未发出，不具约束力"]),
        ("zh-en", ["草案，尚未发出，不具约束力", "Draft, not offered, not binding"]),
    ):
        address = f"/deals/{play.deal.id}/contract-draft.pdf?language={language}"
        assert address in form
        answer = client.get(address, headers=EN)
        assert (answer.status_code, answer.mimetype, answer.data[:5]) == (200, "application/pdf", b"%PDF-")
        assert (set_papers[-1]["mark"], set_papers[-1]["fingerprint"], set_papers[-1]["keyword"]) == (mark, "", "")
    assert services.carried_fingerprint(io.BytesIO(answer.data)) is None
    db.session.expire_all()
    assert (play.deal.state, play.deal.number, play.deal.versions) == (DealState.DRAFT, 0, [])
    play.offer()
    client.get(f"/deals/{play.deal.id}/contract.pdf", headers=EN)
    assert (set_papers[-1]["mark"], len(set_papers[-1]["fingerprint"])) == ([], 64)


pdf = typeset.pdf


def test_a_draft_with_faults_is_not_previewed_and_others_do_not_know_of_it(app: Flask, client: FlaskClient) -> None:
    play = make_deal(terms=make_terms(ends_on=None))
    address = f"/deals/{play.deal.id}/contract-draft.pdf"
    as_(client, play.actors[LICENSOR])
    answer = client.get(address, headers=EN)
    assert (answer.status_code, answer.location) == (302, f"/deals/{play.deal.id}/terms")
    assert client.get(f"{address}?language=fr", headers=EN).status_code == 404
    as_(client, make_actor(OrganisationKind.ENTERPRISE))
    assert client.get(address, headers=EN).status_code == 404
    offered = make_deal(DealState.OFFERED)
    as_(client, offered.actors[LICENSOR])
    assert client.get(f"/deals/{offered.deal.id}/contract-draft.pdf", headers=EN).status_code in (403, 409)
