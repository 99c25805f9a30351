"""Offer and counter-offer: who answers with other terms, what becomes of the version before, what the others read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from lxml import html

from matchmaker.accounts.models import User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import audit
from matchmaker.core.access import Actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import InvalidMany, WrongState
from matchmaker.core.outbox import OutboxMessage
from matchmaker.deals import queries, refusals, rules, services
from matchmaker.deals.models import Deal
from matchmaker.deals.states import DealState, NotThisSide
from matchmaker.deals.terms import LumpSum, PricingRoute
from tests.deals.pages import EN, as_, text_of
from tests.deals.test_forms import entries
from tests.factories.accounts import PASSWORD, make_actor
from tests.factories.deals import (
    BROKER,
    LICENSEE,
    LICENSOR,
    PRICE_FEN,
    Play,
    invest_terms,
    make_deal,
    make_terms,
    organisation_of,
)

HALF = LumpSum(PRICE_FEN // 2)


def test_a_counter_offer_is_a_new_version_offered_by_who_answers(app: Flask) -> None:
    play = make_deal(DealState.OFFERED)
    first = play.deal.version_on_offer
    play.counter(LICENSEE, fee=HALF)
    deal = play.deal
    assert (deal.state, deal.number, deal.offered_by) == (DealState.OFFERED, 2, LICENSEE)
    assert deal.accepted_by == {LICENSEE}  # who makes an offer accepts it
    assert deal.draft == deal.version_on_offer.terms == replace(first.terms, fee=HALF)
    assert (deal.versions[0].sha256, deal.versions[0].terms) == (first.sha256, first.terms)  # frozen as it was
    event = audit.list_events(deal.id)[-1]
    assert (event.event, event.facts["answered"], event.facts["number"]) == ("deal.terms_countered", 1, 2)


@pytest.mark.parametrize("answer", ["accept", "sign", "counter"])
def test_the_version_answered_can_no_longer_be_accepted_signed_or_countered(app: Flask, answer: str) -> None:
    play = make_deal(DealState.AGREED, broker=True)
    old = play.sha256
    play.sign(LICENSOR)
    play.counter(LICENSEE, fee=HALF)
    if answer == "sign":
        play.accept(LICENSOR)
    commands: dict[str, Callable[[], Any]] = {
        "accept": lambda: services.accept_offer(play.actors[LICENSOR], play.deal, sha256=old),
        "sign": lambda: services.sign(play.actors[LICENSOR], play.deal, sha256=old, password=PASSWORD),
        "counter": lambda: services.counter_offer(play.actors[LICENSOR], play.deal, terms=make_terms(), sha256=old),
    }
    with pytest.raises(refusals.TermsChanged) as refusal, unit_of_work():
        commands[answer]()
    assert (refusal.value.status, refusal.value.facts) == (409, {"number": 2})
    assert play.deal.signed_by == frozenset()  # the signature under the version before counts no more


def test_the_sides_answer_each_other_until_one_accepts_and_all_sign_the_last_version(app: Flask) -> None:
    play = make_deal(DealState.OFFERED, broker=True)
    for number, side in enumerate((LICENSEE, LICENSOR, LICENSEE), start=2):
        play.counter(side, fee=LumpSum(1_000_000 * number))
        assert (play.deal.number, play.deal.offered_by) == (number, side)
    play.accept(LICENSOR)
    play.sign_by_all()
    assert (play.deal.state, play.deal.version_on_offer.terms.fee) == (DealState.ON_TRIAL, LumpSum(4_000_000))
    assert {row.sha256 for row in play.deal.signatures} == {play.sha256}
    assert len({version.sha256 for version in play.deal.versions}) == 4


@pytest.mark.parametrize(("first", "answering"), [(None, LICENSOR), (LICENSOR, LICENSOR), (LICENSOR, LICENSEE)])
def test_an_intermediarys_offer_is_countered_by_either_principal_also_after_the_first_acceptance(
    app: Flask, first: Any, answering: Any
) -> None:
    play = make_deal(DealState.OFFERED, offered_by=BROKER)
    if first is not None:
        play.accept(first)
    play.counter(answering, fee=HALF)
    assert (play.deal.offered_by, play.deal.accepted_by) == (answering, {answering})
    play.accept(LICENSEE if answering == LICENSOR else LICENSOR)
    assert play.deal.state == DealState.AGREED


def test_after_the_last_signature_there_is_no_counter_offer(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL)
    with pytest.raises(WrongState), unit_of_work():
        services.counter_offer(play.actors[LICENSEE], play.deal, terms=make_terms(fee=HALF), sha256=play.sha256)


def test_nobody_counters_their_own_offer_or_with_the_same_terms(app: Flask) -> None:
    play = make_deal(DealState.OFFERED)
    with pytest.raises(NotThisSide), unit_of_work():
        services.counter_offer(play.actors[LICENSOR], play.deal, terms=make_terms(fee=HALF), sha256=play.sha256)
    with pytest.raises(refusals.SameTerms), unit_of_work():
        services.counter_offer(play.actors[LICENSEE], play.deal, terms=play.deal.draft, sha256=play.sha256)
    assert play.deal.number == 1


def test_a_counter_offer_keeps_every_hard_rule(app: Flask) -> None:
    play = make_deal(DealState.OFFERED)
    with pytest.raises(InvalidMany) as refusal:
        play.counter(LICENSEE, ends_on=None, fee=LumpSum(0))
    assert {type(error) for error in refusal.value.errors} == {rules.NoEndDate, rules.AmountNotPositive}
    with pytest.raises(refusals.CommissionWithoutBroker):
        play.counter(LICENSEE, commission_fen=1)
    assert (play.deal.number, play.deal.draft.fee) == (1, LumpSum(PRICE_FEN))


def test_who_read_the_offer_before_a_colleague_accepted_it_is_told_so(app: Flask) -> None:
    play = make_deal(DealState.OFFERED)
    seen = play.deal.version
    play.accept(LICENSEE)
    with pytest.raises(refusals.OfferMoved) as refusal, unit_of_work():
        services.counter_offer(
            play.actors[LICENSEE], play.deal, terms=make_terms(fee=HALF), sha256=play.sha256, seen_version=seen
        )
    assert refusal.value.status == 409
    assert refusal.value.facts == {"number": 1, "state": DealState.AGREED}
    play.counter(LICENSEE, fee=HALF)  # read anew, it is still open
    assert play.deal.state == DealState.OFFERED


def test_a_counter_offer_takes_a_notice_of_its_own(app: Flask) -> None:
    play = make_deal(DealState.AGREED, terms=make_terms(pricing=PricingRoute.NEGOTIATED))
    play.act(LICENSOR, services.publish_notice, summary="轴承")
    play.counter(LICENSEE, fee=HALF)
    play.accept(LICENSOR)
    assert queries.notice(play.deal) is None
    with pytest.raises(refusals.NoticeMissing):
        play.sign(LICENSEE)


def email(actor: Actor) -> str:
    return db.session.get_one(User, actor.user_id).email


def mails() -> list[dict[str, Any]]:
    return [row.payload for row in db.session.scalars(sa.select(OutboxMessage).order_by(OutboxMessage.created_at))]


def test_the_other_parties_get_a_mail_with_the_differences(app: Flask) -> None:
    play = make_deal(DealState.OFFERED, broker=True)
    researcher = make_actor(
        OrganisationKind.UNIVERSITY, Role.RESEARCHER, organisation=organisation_of(play.actors[LICENSOR])
    )
    with unit_of_work():
        db.session.execute(sa.delete(OutboxMessage))
    play.counter(LICENSEE, fee=HALF)
    found = mails()
    acting = {email(play.actors[side]) for side in play.actors}
    assert acting & {one["to"] for one in found} == acting - {email(play.actors[LICENSEE])}  # nobody of one's own side
    assert email(researcher) not in {one["to"] for one in found}  # who does not act for a party
    assert all("收到反要约" in one["subject"] for one in found)
    assert all("- 一次总付：12万元 → 6万元" in one["body"] for one in found)
    assert all(f"/deals/{play.deal.id}" in one["body"] for one in found)


# --- pages ----------------------------------------------------------------------------------------------------------


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input id="[^"]*" name="(sha256|version)" type="hidden" value="([^"]*)">', page))


def send(client: FlaskClient, play: Play, seen: dict[str, str], **changes: Any) -> Any:
    data = {**entries(territory="吉林省", field_of_use="物流车动力电池"), **seen, **changes}
    return client.post(f"/deals/{play.deal.id}/counter-offer", data=data, headers=EN)


def opened(client: FlaskClient, play: Play, side: Any) -> dict[str, str]:
    page = as_(client, play.actors[side]).get(f"/deals/{play.deal.id}/counter-offer", headers=EN)
    assert page.status_code == 200
    return hidden(page.get_data(as_text=True))


def test_the_form_shows_the_terms_on_offer_and_sends_the_answer(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED)
    page = text_of(as_(client, play.actors[LICENSEE]).get(f"/deals/{play.deal.id}", headers=EN))
    assert f'href="/deals/{play.deal.id}/counter-offer"' in page
    page = text_of(client.get(f"/deals/{play.deal.id}/counter-offer", headers=EN))
    assert re.search(r'name="lump_fen"[^>]*value="120000"', page)
    answer = send(client, play, opened(client, play, LICENSEE), lump_fen="60000")
    assert answer.location == f"/deals/{play.deal.id}"
    db.session.rollback()
    assert db.session.get_one(Deal, play.deal.id).version_on_offer.terms.fee == HALF
    page = text_of(as_(client, play.actors[LICENSOR]).get(f"/deals/{play.deal.id}", headers=EN))
    assert "What version 2 changes" in page
    assert re.search(r"<del>[^<]*12[^<]*</del> → <ins>[^<]*6[^<]*</ins>", page)
    assert "answered version 1 with a counter-offer, version 2." in page
    assert "Answer changed terms" in text_of(client.get("/", headers=EN))


def test_what_is_different_can_be_seen_before_it_is_sent(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED)
    seen = opened(client, play, LICENSEE)
    page = send(client, play, seen, lump_fen="60000", trial_months="37", compare="1")
    assert page.status_code == 200
    assert re.search(r"<del>[^<]*12[^<]*</del> → <ins>[^<]*6[^<]*</ins>", text_of(page))
    assert "Unusual, but allowed" in text_of(page)
    db.session.rollback()
    assert db.session.get_one(Deal, play.deal.id).number == 1


@pytest.mark.parametrize("compare", [{}, {"compare": "1"}])
def test_a_fault_is_marked_at_its_entry_and_what_was_typed_is_kept(
    app: Flask, client: FlaskClient, compare: Any
) -> None:
    play = make_deal(DealState.OFFERED)
    answer = send(client, play, opened(client, play, LICENSEE), lump_fen="0", other="保留这句话", **compare)
    assert answer.status_code == 422
    assert re.search(r'id="field-lump_fen-wrong">Enter an amount above zero', text_of(answer))
    assert "保留这句话" in text_of(answer)
    db.session.rollback()
    assert db.session.get_one(Deal, play.deal.id).number == 1


def test_who_comes_too_late_is_told_what_happened_and_loses_nothing(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED)
    seen = opened(client, play, LICENSEE)
    play.counter(LICENSEE, fee=HALF)  # a colleague
    answer = send(client, play, seen, lump_fen="70000", other="保留这句话")
    assert answer.status_code == 409
    assert "Read version 2 before you answer" in text_of(answer)
    assert "保留这句话" in text_of(answer)
    db.session.rollback()
    assert db.session.get_one(Deal, play.deal.id).number == 2


def test_only_a_principal_who_is_to_answer_gets_the_form(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED, broker=True)
    path = f"/deals/{play.deal.id}/counter-offer"
    assert as_(client, play.actors[LICENSOR]).get(path).status_code == 403
    assert as_(client, play.actors[BROKER]).get(path).status_code == 403
    assert as_(client, make_actor(OrganisationKind.ENTERPRISE)).get(path).status_code == 404
    signed = make_deal(DealState.ON_TRIAL)
    assert as_(client, signed.actors[LICENSEE]).get(f"/deals/{signed.deal.id}/counter-offer").status_code == 409


def test_the_notice_of_terms_that_were_countered_says_so_and_takes_no_objection(
    app: Flask, client: FlaskClient
) -> None:
    play = make_deal(DealState.AGREED, terms=make_terms(pricing=PricingRoute.NEGOTIATED))
    notice = play.act(LICENSOR, services.publish_notice, summary="轴承")
    play.counter(LICENSEE, fee=HALF)
    client.post("/sign-out")
    for path in ("/deals/notices", f"/deals/notices/{notice.id}"):
        assert "Replaced by other terms" in text_of(client.get(path, headers=EN))
    with pytest.raises(refusals.NoticeReplaced), unit_of_work():
        services.object_to_notice(play.actors[LICENSEE], notice, text="太便宜")


def as_shown(page: str) -> dict[str, Any]:
    """The entries of the form, as a browser sends them when nothing was changed."""
    form = next(one for one in html.fromstring(page).forms if one.action and one.action.endswith("/counter-offer"))
    return dict(form.form_values())


@pytest.mark.parametrize("terms", [make_terms, invest_terms, lambda: make_terms(co_owned=False, audit=True)])
def test_a_form_sent_as_it_was_opened_changes_nothing(app: Flask, client: FlaskClient, terms: Any) -> None:
    play = make_deal(DealState.OFFERED, terms=terms())
    path = f"/deals/{play.deal.id}/counter-offer"
    page = as_(client, play.actors[LICENSEE]).get(path, headers=EN).get_data(as_text=True)
    compared = client.post(path, data={**as_shown(page), "compare": "1"}, headers=EN)
    assert "Nothing yet." in text_of(compared)
    answer = client.post(path, data=as_shown(page), headers=EN)
    assert answer.status_code == 422
    assert "These are the terms on offer, nothing is different." in text_of(answer)
    ticked = client.post(path, data={**as_shown(page), "related_party": "y"}, headers=EN)
    assert ticked.status_code == 302
