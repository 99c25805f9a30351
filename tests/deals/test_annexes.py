"""What stands around a deal: public notice, registration, the intermediary's part, rewards, files."""

from __future__ import annotations

import io
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DatabaseError

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import clock, files
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Forbidden, WrongState
from matchmaker.core.files import StoredFile
from matchmaker.deals import queries, refusals, rewards, services
from matchmaker.deals.models import DealNotice, FileKind, Record
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import Completer, PricingRoute
from tests.deals.pages import EN, as_, text_of
from tests.factories.accounts import make_actor
from tests.factories.deals import (
    BROKER,
    LICENSEE,
    LICENSOR,
    PRICE_FEN,
    Play,
    confirm_broker,
    make_deal,
    make_terms,
    register,
)

PDF = b"%PDF-1.7\n%example\n"


def negotiated(**changes: Any) -> Play:
    return make_deal(DealState.AGREED, terms=make_terms(pricing=PricingRoute.NEGOTIATED, **changes))


def publish(play: Play, **facts: Any) -> DealNotice:
    return play.act(LICENSOR, services.publish_notice, **{"summary": "可在零下三十度启动。", **facts})


def later(days: int) -> Any:
    return clock.at(clock.noon(clock.today() + timedelta(days=days)))


# --- public notice --------------------------------------------------------------------------------------------------


def test_a_negotiated_price_is_signed_only_after_a_notice_of_fifteen_days(app: Flask) -> None:
    play = negotiated()
    with pytest.raises(refusals.NoticeMissing):
        play.sign(LICENSOR)
    notice = publish(play)
    assert (notice.ends_on - notice.starts_on).days == 14
    with later(14), pytest.raises(refusals.NoticeRunning) as refusal:
        play.sign(LICENSOR)
    assert refusal.value.facts == {"ends_on": notice.ends_on}
    with later(15):
        play.sign_by_all()
    assert play.deal.state == DealState.ON_TRIAL


def test_who_is_to_sign_reads_from_when_on(app: Flask, client: FlaskClient) -> None:
    play = negotiated()

    def page() -> str:
        return text_of(as_(client, play.actors[LICENSOR]).get(f"/deals/{play.deal.id}", headers=EN))

    assert "The licensor publishes the terms for at least 15 days before anyone signs." in page()
    publish(play)
    assert "The public notice runs until" in page()
    with later(15):
        assert "The public notice runs until" not in page()


def test_a_listed_or_auctioned_price_needs_no_notice(app: Flask) -> None:
    for route in (PricingRoute.LISTING, PricingRoute.AUCTION):
        play = make_deal(DealState.AGREED, terms=make_terms(pricing=route))
        play.sign(LICENSOR)


@pytest.mark.parametrize("days", [14, 91])
def test_a_notice_is_no_shorter_than_the_rule_and_not_endless(app: Flask, days: int) -> None:
    with pytest.raises(refusals.NoticeDaysWrong):
        publish(negotiated(), days=days)


def test_a_notice_is_for_one_version_once_and_by_the_licensor(app: Flask) -> None:
    play = negotiated()
    with pytest.raises(Forbidden):
        play.act(LICENSEE, services.publish_notice, summary="x")
    publish(play)
    with pytest.raises(refusals.NoticeExists):
        publish(play)
    play.act(LICENSOR, services.withdraw_offer)
    with pytest.raises(refusals.NotAgreed):
        publish(play)
    play.offer()
    play.accept_by_all()
    with later(20), pytest.raises(refusals.NoticeMissing):
        play.sign(LICENSOR)  # the notice was for the version that was taken back


def objected(play: Play, days: int = 3) -> Any:
    objector = make_actor(OrganisationKind.ENTERPRISE)
    notice = queries.notice(play.deal)
    with later(days), unit_of_work():
        return services.object_to_notice(objector, notice, text="权属有争议")


def test_an_objection_suspends_and_its_days_are_added_once_it_is_rejected(app: Flask) -> None:
    play = negotiated()
    notice = publish(play)
    ends_on, objection = notice.ends_on, objected(play, 3)
    assert notice.state == "suspended"
    with later(30), pytest.raises(refusals.NoticeSuspended):
        play.sign(LICENSOR)
    with later(10), unit_of_work():
        services.decide_objection(
            play.actors[LICENSOR], notice, objection=objection, upheld=False, decision="权属证明已核对"
        )
    assert (notice.state, notice.ends_on) == ("open", ends_on + timedelta(days=7))
    with pytest.raises(refusals.ObjectionDecided), unit_of_work():
        services.decide_objection(play.actors[LICENSOR], notice, objection=objection, upheld=True, decision="x")
    with later(22):
        play.sign(LICENSOR)


def test_an_objection_that_is_right_stops_these_terms_for_good(app: Flask) -> None:
    play = negotiated()
    notice = publish(play)
    objection = objected(play)
    with unit_of_work():
        services.decide_objection(play.actors[LICENSOR], notice, objection=objection, upheld=True, decision="属实")
    with later(40), pytest.raises(refusals.NoticeUpheld):
        play.sign(LICENSOR)
    with pytest.raises(WrongState):
        objected(play)


def test_with_two_objections_the_notice_goes_on_when_both_are_rejected(app: Flask) -> None:
    play = negotiated()
    notice = publish(play)
    both = [objected(play, 1), objected(play, 2)]
    for objection, state in zip(both, ("suspended", "open"), strict=True):
        with later(5), unit_of_work():
            services.decide_objection(play.actors[LICENSOR], notice, objection=objection, upheld=False, decision="否")
        assert notice.state == state


def test_the_notice_is_read_without_signing_in_and_says_what_the_rule_asks(app: Flask, client: FlaskClient) -> None:
    play = negotiated(related_party=True)
    notice = publish(play)
    objected(play, 0)
    play.deal.licensor  # noqa: B018 - loaded before the client ends this transaction
    id_, title, names = notice.id, play.deal.title, (play.deal.licensor.name, play.deal.licensee.name)
    listed, page = client.get("/deals/notices", headers=EN), client.get(f"/deals/notices/{id_}", headers=EN)
    assert (listed.status_code, page.status_code) == (200, 200)
    assert title in text_of(listed)
    for words in (
        title,
        *names,
        "可在零下三十度启动。",
        "Licence, use first and pay later",
        "¥120,000.00",
        "related to one",
    ):
        assert words in text_of(page)
    assert "权属有争议" not in text_of(page)  # the words of an objector are for the owner
    assert "权属有争议" in text_of(as_(client, play.actors[LICENSOR]).get(f"/deals/notices/{id_}"))
    assert "No notice fits" in text_of(client.get("/deals/notices?q=nothing", headers=EN))


def test_objecting_and_deciding_on_the_page(app: Flask, client: FlaskClient) -> None:
    play = negotiated()
    id_ = publish(play).id
    assert "/sign-in" in client.post(f"/deals/notices/{id_}/objections", data={"text": "x"}).location
    as_(client, make_actor(OrganisationKind.ENTERPRISE))
    assert client.post(f"/deals/notices/{id_}/objections", data={"text": ""}).status_code == 422
    assert client.post(f"/deals/notices/{id_}/objections", data={"text": "权属有争议"}).status_code == 302
    objection = db.session.get_one(DealNotice, id_).objections[0].id
    address = f"/deals/notices/{id_}/objections/{objection}/decision"
    assert client.post(address, data={"decision": "x"}).status_code == 403
    assert as_(client, play.actors[LICENSOR]).post(address, data={"decision": "已核对"}).status_code == 302
    assert db.session.get_one(DealNotice, id_).state == "open"


# --- registration ---------------------------------------------------------------------------------------------------


def test_a_signed_contract_is_registered_and_can_be_corrected(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL)
    register(play, number="2026 2201－000001", approved_fen=100, total_fen=200)
    found = queries.registration(play.deal)
    assert (found.number, found.number_key, found.approved_fen) == ("2026 2201－000001", "20262201000001", 100)
    register(play, number="20262201000002", approved_fen=150, total_fen=200)
    assert queries.registration(play.deal).approved_fen == 150


def test_a_number_is_unique_however_it_is_written(app: Flask) -> None:
    register(make_deal(DealState.ON_TRIAL), number="ａｂ-１２")
    with pytest.raises(refusals.NumberTaken):
        register(make_deal(DealState.ON_TRIAL), number="AB 12")
    with pytest.raises(refusals.NumberMissing):
        register(make_deal(DealState.ON_TRIAL), number=" - ")


def test_the_technology_part_is_at_most_the_price(app: Flask) -> None:
    with pytest.raises(refusals.ApprovedAboveTotal):
        register(make_deal(DealState.ON_TRIAL), approved_fen=201, total_fen=200)


def test_what_is_not_signed_is_not_registered(app: Flask) -> None:
    with pytest.raises(refusals.NotSigned):
        register(make_deal(DealState.AGREED))


# --- the intermediary -----------------------------------------------------------------------------------------------


def test_the_intermediarys_part_is_confirmed_by_both_sides_once(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    play.act(LICENSOR, services.confirm_broker)
    assert not queries.broker_confirmed(play.deal)
    with pytest.raises(refusals.AlreadyConfirmed):
        play.act(LICENSOR, services.confirm_broker)
    with pytest.raises(Forbidden):
        play.act(BROKER, services.confirm_broker)
    play.act(LICENSEE, services.confirm_broker)
    assert queries.broker_confirmed(play.deal)
    with pytest.raises(refusals.NoBroker):
        confirm_broker(make_deal(DealState.ON_TRIAL))


# --- rewards --------------------------------------------------------------------------------------------------------


def test_each_payment_has_one_statement_of_the_reward(app: Flask) -> None:
    people = (Completer("甲", Fraction(1, 3)), Completer("乙", Fraction(2, 3)))
    play = make_deal(DealState.PAYING, terms=make_terms(completers=people))
    payment = play.pay(1_000_001)
    found = play.act(LICENSOR, services.state_reward, payment=payment, cost_fen=1)
    assert (found.net_fen, found.pool_fen) == (1_000_000, 500_000)  # half of it, where terms and unit say nothing
    assert [(part.name, part.fen) for part in found.shares] == [("甲", 166_667), ("乙", 333_333)]
    with pytest.raises(refusals.AlreadyStated):
        play.act(LICENSOR, services.state_reward, payment=payment)
    with pytest.raises(rewards.RewardTooLow):
        play.act(LICENSOR, services.state_reward, payment=play.pay(100, "2"), rate=Fraction(1, 3))


def test_a_payment_that_was_taken_back_is_not_shared(app: Flask) -> None:
    play = make_deal(DealState.PAYING, terms=make_terms(completers=(Completer("甲", Fraction(1)),)))
    payment = play.pay(PRICE_FEN)
    play.act(LICENSOR, services.reverse_payment, payment=payment)
    with pytest.raises(refusals.PaymentTakenBack):
        play.act(LICENSOR, services.state_reward, payment=payment)


# --- files and records ----------------------------------------------------------------------------------------------


def stored(app: Flask) -> StoredFile:
    settings = app.extensions["matchmaker.settings"]
    return files.put(settings.files_dir, io.BytesIO(PDF), limit_bytes=1_000)


def test_a_receipt_stands_with_its_payment(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    with unit_of_work():
        row = services.attach_file(
            play.actors[LICENSOR], play.deal, kind=FileKind.RECEIPT, file=stored(app), name="回单.pdf"
        )
    play.pay(100, receipt=row)
    play.pay(50, "2")
    assert [(one.fen, one.file.name if one.file else None) for one in queries.receipts(play.deal)] == [
        (100, "回单.pdf"), (50, None),
    ]  # fmt: skip


def test_a_file_is_attached_and_read_on_the_page_by_the_parties_alone(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    id_ = play.deal.id
    data = {"kind": "broker_agreement", "file": (io.BytesIO(PDF), "协议.pdf"), "note": "三方"}
    as_(client, play.actors[BROKER])
    assert client.post(f"/deals/{id_}/files", data=data, content_type="multipart/form-data").status_code == 302
    row = queries.broker_agreement(db.session.get_one(type(play.deal), id_))
    address = f"/deals/{id_}/files/{row.id}"
    with as_(client, play.actors[LICENSEE]).get(address) as answer:
        assert (answer.status_code, answer.data) == (200, PDF)
        assert answer.headers["Content-Disposition"].startswith("attachment")
    stranger = as_(client, make_actor(OrganisationKind.ENTERPRISE))
    assert stranger.get(address).status_code == 404


@pytest.mark.parametrize("statement", ["UPDATE deal_records SET text = 'x'", "DELETE FROM deal_records"])
def test_what_was_declared_is_never_changed(app: Flask, statement: str) -> None:
    play = make_deal(DealState.ON_TRIAL)
    play.report_event()
    with pytest.raises(DatabaseError, match="append_only"), unit_of_work():
        db.session.execute(sa.text(statement))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Record)) == 1
