"""A hundred at once: one wins, the others are told so, and one event says it happened. On both engines."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from matchmaker.core import audit, clock, messages
from matchmaker.core.access import Actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Conflict, DomainError
from matchmaker.deals import queries, services
from matchmaker.deals.models import Deal
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import LumpSum
from matchmaker.ledger import queries as ledger
from tests.factories.accounts import PASSWORD
from tests.factories.deals import BROKER, LICENSEE, LICENSOR, PRICE_FEN, Play, make_deal, make_terms

PARALLEL = 100
round_after_round = pytest.mark.parametrize("rounds", [5, pytest.param(50, marks=pytest.mark.nightly)])


def at_once(app: Flask, deal_id: uuid.UUID, work: Callable[[Deal, int], Any]) -> list[Any]:
    """Run the work in that many threads; the answer of each is its result or the refusal."""
    answers: list[Any] = []
    barrier = threading.Barrier(PARALLEL)

    def run(number: int) -> None:
        with app.app_context():
            try:
                barrier.wait()
                with unit_of_work():
                    answers.append(work(db.session.get_one(Deal, deal_id), number))
            except DomainError as error:
                answers.append(error)
            finally:
                db.session.remove()

    db.session.rollback()  # a read transaction left open here would keep the writers of SQLite waiting
    threads = [threading.Thread(target=run, args=(number,)) for number in range(PARALLEL)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    db.session.expire_all()
    assert len(answers) == PARALLEL
    return answers


def check_one_winner(answers: list[Any], deal: Deal, event: str) -> None:
    refused = [answer for answer in answers if isinstance(answer, Exception)]
    assert len(refused) == PARALLEL - 1
    assert all(isinstance(answer, Conflict) for answer in refused), Counter(map(type, refused))
    assert all(answer.status == 409 and messages.phrase(answer) for answer in refused)  # each is told what happened
    assert [entry.event for entry in audit.list_events(deal.id)].count(event) == 1


Step = Callable[[Deal, Actor], Any]


def sha256_of(deal: Deal) -> str:
    version = deal.version_on_offer
    assert version is not None
    return version.sha256


def accept(deal: Deal, actor: Actor) -> None:
    services.accept_offer(actor, deal, sha256=sha256_of(deal))


def sign(deal: Deal, actor: Actor) -> None:
    services.sign(actor, deal, sha256=sha256_of(deal), password=PASSWORD)


def terminate(deal: Deal, actor: Actor) -> None:
    services.terminate_deal(actor, deal, reason="default")


def counter(deal: Deal, actor: Actor, seen: tuple[str, int], fen: int = 1_000_000) -> str:
    """The answer of one who read the page when the deal looked as `seen`."""
    terms = make_terms(fee=LumpSum(fen))
    return services.counter_offer(actor, deal, terms=terms, sha256=seen[0], seen_version=seen[1]).sha256


def seen_now(deal: Deal) -> tuple[str, int]:
    return sha256_of(deal), deal.version


@round_after_round
def test_of_a_hundred_counter_offers_to_one_version_one_stands(app: Flask, rounds: int) -> None:
    for _ in range(rounds):
        play = make_deal(DealState.OFFERED)
        actor, seen = play.actors[LICENSEE], seen_now(play.deal)
        answers = at_once(app, play.deal.id, lambda deal, n, a=actor, s=seen: counter(deal, a, s, 1_000_000 + n))
        check_one_winner(answers, play.deal, "deal.terms_countered")
        assert [sha256_of(play.deal)] == [answer for answer in answers if isinstance(answer, str)]
        assert [version.number for version in play.deal.versions] == [1, 2]


@round_after_round
def test_of_acceptances_and_counter_offers_at_once_one_wins(app: Flask, rounds: int) -> None:
    won = set()
    for _ in range(rounds):
        play = make_deal(DealState.OFFERED)
        actor, seen = play.actors[LICENSEE], seen_now(play.deal)

        def answer(deal: Deal, number: int, actor: Actor = actor, seen: tuple[str, int] = seen) -> None:
            if number % 2:
                services.accept_offer(actor, deal, sha256=seen[0])
            else:
                counter(deal, actor, seen)

        answers = at_once(app, play.deal.id, answer)
        events = [entry.event for entry in audit.list_events(play.deal.id)]
        event = "deal.offer_accepted" if "deal.offer_accepted" in events else "deal.terms_countered"
        check_one_winner(answers, play.deal, event)
        assert {"deal.offer_accepted", "deal.terms_countered"} - set(events)  # the other never happened
        after = (DealState.AGREED, 1) if event == "deal.offer_accepted" else (DealState.OFFERED, 2)
        assert (play.deal.state, play.deal.number) == after
        won.add(event)
    assert won


def test_of_a_last_signature_and_a_counter_offer_at_once_one_wins(app: Flask) -> None:
    play = make_deal(DealState.AGREED)
    play.sign(LICENSOR)
    actor, seen = play.actors[LICENSEE], seen_now(play.deal)

    def answer(deal: Deal, number: int) -> None:
        if number % 2:
            services.sign(actor, deal, sha256=seen[0], password=PASSWORD)
        else:
            counter(deal, actor, seen)

    answers = at_once(app, play.deal.id, answer)
    assert sum(not isinstance(one, Exception) for one in answers) == 1
    assert all(one is None or one.status == 409 for one in answers)
    signed = play.deal.state == DealState.ON_TRIAL
    assert (play.deal.state, play.deal.number) == ((DealState.ON_TRIAL, 1) if signed else (DealState.OFFERED, 2))


@round_after_round
@pytest.mark.parametrize(
    ("state", "side", "step", "event", "after"),
    [
        (DealState.OFFERED, LICENSEE, accept, "deal.offer_accepted", DealState.AGREED),
        (DealState.AGREED, LICENSEE, sign, "deal.signed", DealState.AGREED),
        (DealState.PAYING, LICENSOR, terminate, "deal.terminated", DealState.ENDED),
    ],
)
def test_of_a_hundred_who_take_the_same_step_one_does(
    app: Flask, rounds: int, state: DealState, side: Any, step: Step, event: str, after: DealState
) -> None:
    for _ in range(rounds):
        play = make_deal(state)
        actor = play.actors[side]
        answers = at_once(app, play.deal.id, lambda deal, _, actor=actor: step(deal, actor))
        check_one_winner(answers, play.deal, event)
        assert play.deal.state == after


def test_when_all_parties_sign_at_once_each_signs_once_and_the_last_one_activates(app: Flask) -> None:
    play = make_deal(DealState.AGREED, broker=True)
    sides = list(play.actors)
    answers = at_once(app, play.deal.id, lambda deal, number: sign(deal, play.actors[sides[number % 3]]))
    assert sum(not isinstance(answer, Exception) for answer in answers) == 3
    assert all(answer is None or isinstance(answer, Conflict) for answer in answers)
    assert (play.deal.state, play.deal.signed_by) == (DealState.ON_TRIAL, frozenset(sides))
    events = Counter(entry.event for entry in audit.list_events(play.deal.id))
    assert (events["deal.signed"], events["deal.activated"]) == (2, 1)


def test_of_a_hundred_edits_of_one_draft_none_is_lost_unnoticed(app: Flask) -> None:
    play = make_deal()
    seen, actor = play.deal.version, play.actors[LICENSOR]

    def edit(deal: Deal, number: int) -> int:
        services.edit_terms(actor, deal, terms=make_terms(territory=f"第{number}版"), seen_version=seen)
        return number

    answers = at_once(app, play.deal.id, edit)
    (winner,) = [answer for answer in answers if isinstance(answer, int)]
    assert all(isinstance(answer, int | Conflict) for answer in answers)
    assert play.deal.draft.territory == f"第{winner}版"


def pay(play: Play, deal: Deal, fen: int, key: str) -> uuid.UUID:
    payment = services.record_payment(play.actors[LICENSOR], deal, fen=fen, paid_on=clock.today(), idempotency_key=key)
    db.session.flush()
    return payment.id


def test_a_hundred_recordings_under_one_key_are_one_payment(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    answers = at_once(app, play.deal.id, lambda deal, _: pay(play, deal, 100, "k"))
    assert len(set(answers)) == 1
    assert queries.paid_fen(play.deal) == 100


def test_a_hundred_payments_never_exceed_what_is_owed(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    part = PRICE_FEN // 40
    answers = at_once(app, play.deal.id, lambda deal, number: pay(play, deal, part, str(number)))
    assert sum(isinstance(answer, uuid.UUID) for answer in answers) == 40
    assert (queries.paid_fen(play.deal), queries.outstanding_fen(play.deal)) == (PRICE_FEN, 0)
    assert ledger.trial_balance() == 0


def test_both_principals_may_accept_a_brokers_offer_at_the_same_moment(app: Flask) -> None:
    play = make_deal(DealState.OFFERED, offered_by=BROKER)
    sides = [LICENSOR, LICENSEE]
    answers = at_once(app, play.deal.id, lambda deal, number: accept(deal, play.actors[sides[number % 2]]))
    assert answers.count(None) == 2
    assert (play.deal.state, play.deal.accepted_by) == (DealState.AGREED, frozenset(sides))
