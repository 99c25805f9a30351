"""Trial, start of payment, royalties, payments and the end: what is owed, what is paid, and what the books say."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.exc import IntegrityError

from matchmaker.core import audit, clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import IdempotencyMismatch, NotFound, WrongState
from matchmaker.deals import queries, refusals, services
from matchmaker.deals.models import Deal, Payment
from matchmaker.deals.rules import DayOutOfRange
from matchmaker.deals.schedule import DueKind, add_months
from matchmaker.deals.states import (
    DealState,
    DocumentsNotReturned,
    NoEvidence,
    OverPayment,
    PeriodsUnreported,
    StillOwed,
)
from matchmaker.deals.terms import EntryFeeRoyalty, Instalment, Instalments, OnDate, RoyaltyBase
from matchmaker.ledger import queries as ledger
from matchmaker.ledger.posting import AccountKind, AlreadyReversed, AmountNotPositive, account
from tests.factories.deals import LICENSEE, LICENSOR, PRICE_FEN, Play, make_deal, make_terms

PARTS = Instalments((Instalment(0, 100), Instalment(6, 200), Instalment(12, 300)))


def royalty_terms(**changes: Any) -> Any:
    """From a year ago: an entry fee, then 3 % of the sales of each quarter, at least ¥10."""
    day = add_months(clock.today(), -12)
    fee = EntryFeeRoyalty(1_000, Fraction(3, 100), RoyaltyBase.SALES, minimum_fen=1_000, period_months=3)
    return make_terms(**{"effective_on": day, "ends_on": add_months(day, 24), "fee": fee, **changes})


def paying_royalties() -> Play:
    play = make_deal(DealState.ON_TRIAL, terms=royalty_terms())
    play.start_payment(on=play.deal.draft.effective_on)
    return play


def report(play: Play, number: int, base_fen: int) -> Any:
    with unit_of_work():
        return services.report_royalty(play.actors[LICENSEE], play.deal, number=number, base_fen=base_fen)


def take_back(play: Play, payment: Payment, **facts: Any) -> None:
    with unit_of_work():
        services.reverse_payment(play.actors[LICENSOR], play.deal, payment=payment, **facts)


def books(deal: Deal) -> dict[str, int]:
    """Balances by the last word of the account."""
    kinds = {"fee": AccountKind.DEAL_FEE, "receivable": AccountKind.DEAL_RECEIVABLE, "paid": AccountKind.DEAL_PAID}
    found = {name: ledger.balance(account(kind, deal.id)) for name, kind in kinds.items()}
    cash = {"licensee": deal.licensee_id, "licensor": deal.licensor_id}
    return found | {name: ledger.balance(account(AccountKind.ORG_CASH, party)) for name, party in cash.items()}


# --- trial and start ------------------------------------------------------------------------------------------------


def test_payment_starts_with_the_event_and_its_evidence(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, terms=make_terms(fee=PARTS))
    with pytest.raises(NoEvidence):
        play.report_event(evidence="  ")
    play.start_payment()
    assert (play.deal.state, play.deal.payment_evidence) == (DealState.PAYING, "invoice 1")
    assert [(due.due_on, due.fen) for due in queries.dues(play.deal)] == [
        (clock.today(), 100), (add_months(clock.today(), 6), 200), (add_months(clock.today(), 12), 300),
    ]  # fmt: skip
    assert books(play.deal) == {"fee": -600, "receivable": 600, "paid": 0, "licensee": 0, "licensor": 0}


def test_the_event_lies_between_the_licence_taking_effect_and_today(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL)
    for day in (clock.today() - timedelta(days=1), clock.today() + timedelta(days=1)):
        with pytest.raises(DayOutOfRange) as refusal:
            play.report_event(on=day)
        assert refusal.value.field == "on"


def test_before_a_licence_takes_effect_no_event_is_reported_and_nothing_kept(app: Flask) -> None:
    tomorrow = clock.today() + timedelta(days=1)
    play = make_deal(DealState.ON_TRIAL, terms=make_terms(effective_on=tomorrow))
    for step in (play.report_event, lambda: play.act(LICENSEE, services.convert_trial)):
        with pytest.raises(refusals.NotInForceYet) as refusal:
            step()
        assert refusal.value.facts == {"effective_on": tomorrow}
    assert play.deal.payment_starts_on is None
    with clock.at(clock.noon(tomorrow)):
        play.act(LICENSEE, services.convert_trial)
    assert play.deal.payment_starts_on == tomorrow


def test_where_the_terms_fix_the_day_that_day_counts_and_is_its_own_evidence(app: Flask) -> None:
    start = add_months(clock.today(), 13)
    play = make_deal(DealState.ON_TRIAL, terms=make_terms(trigger=OnDate(start)))
    assert [due.due_on for due in queries.planned_dues(play.deal)] == [start]
    with pytest.raises(refusals.PaymentNotYet) as refusal:
        play.start_payment()
    assert refusal.value.facts == {"starts_on": start}
    with clock.at(clock.noon(start + timedelta(days=3))), unit_of_work():
        services.start_payment(play.actors[LICENSOR], play.deal)
    assert play.deal.payment_starts_on == start


def test_a_trial_ends_without_payment_once_the_documents_are_back(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL)
    with pytest.raises(DocumentsNotReturned), unit_of_work():
        services.end_trial(play.actors[LICENSEE], play.deal, documents_returned=False)
    with unit_of_work():
        services.end_trial(play.actors[LICENSEE], play.deal, documents_returned=True, reason="not mature")
    assert (play.deal.state, play.deal.ended_on, play.deal.ended_reason) == ("ended", clock.today(), "not mature")
    assert play.deal.documents_returned_on == clock.today()
    assert queries.outstanding_fen(play.deal) == 0


# --- payments -------------------------------------------------------------------------------------------------------


def test_a_payment_moves_what_is_owed_and_settles_the_oldest_first(app: Flask) -> None:
    play = make_deal(DealState.PAYING, terms=make_terms(fee=PARTS))
    play.pay(250)
    assert books(play.deal) == {"fee": -600, "receivable": 350, "paid": 250, "licensee": -250, "licensor": 250}
    standing = queries.standing(play.deal, clock.today())
    assert [one.paid_fen for one in standing.allocation.settled] == [100, 150, 0]
    assert (standing.allocation.open_fen, standing.due_now_fen, standing.paid_fen) == (350, 0, 250)
    assert queries.last_payment(play.deal).fen == 250


def test_what_is_late_beyond_the_days_of_grace_is_overdue(app: Flask) -> None:
    play = make_deal(DealState.PAYING, terms=make_terms(fee=PARTS, grace_days=10))
    for days, late in ((10, []), (11, [11])):
        standing = queries.standing(play.deal, clock.today() + timedelta(days=days))
        assert [one.days_late for one in standing.late.values()] == late


def test_the_same_key_with_the_same_facts_is_the_same_payment_for_ever(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    first = play.pay(PRICE_FEN, "k")
    events = len(audit.list_events(play.deal.id))
    assert play.pay(PRICE_FEN, "k").id == first.id
    play.complete()
    assert play.pay(PRICE_FEN, "k").id == first.id
    assert queries.paid_fen(play.deal) == PRICE_FEN
    assert len(audit.list_events(play.deal.id)) == events + 1


def test_the_same_key_with_other_facts_is_a_conflict(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    play.pay(100, "k")
    for fen, on in ((101, clock.today()), (100, clock.today() - timedelta(days=1))):
        with pytest.raises(IdempotencyMismatch):
            play.pay(fen, "k", on)
    other = make_deal(DealState.PAYING)
    other.pay(100, "k")
    assert (queries.paid_fen(play.deal), queries.paid_fen(other.deal)) == (100, 100)


@pytest.mark.parametrize("key", ["", "two words", "x" * 101, "密钥"])
def test_a_key_is_short_plain_text(app: Flask, key: str) -> None:
    play = make_deal(DealState.PAYING)
    with pytest.raises(refusals.KeyInvalid):
        play.pay(100, key)


def test_no_more_is_recorded_than_is_outstanding(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    play.pay(PRICE_FEN - 1)
    with pytest.raises(OverPayment) as refusal:
        play.pay(2, "2")
    assert refusal.value.facts == {"outstanding_fen": 1}
    play.pay(1, "2")
    assert queries.outstanding_fen(play.deal) == 0


@pytest.mark.parametrize("fen", [0, -1])
def test_a_payment_is_above_zero(app: Flask, fen: int) -> None:
    play = make_deal(DealState.PAYING)
    with pytest.raises(AmountNotPositive):
        play.pay(fen)


def test_a_payment_came_in_between_signature_and_today(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    for day in (clock.today() - timedelta(days=1), clock.today() + timedelta(days=1)):
        with pytest.raises(DayOutOfRange):
            play.pay(1, on=day)


def test_the_database_refuses_a_payment_of_nothing(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    play.pay(100)
    with pytest.raises(IntegrityError, match="ck_payments_fen"), unit_of_work():
        db.session.execute(sa.update(Payment).values(fen=0))


def test_a_payment_is_taken_back_by_a_counter_posting_once(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    payment = play.pay(PRICE_FEN)
    take_back(play, payment, memo_code="returned_by_bank")
    assert queries.paid_fen(play.deal) == 0
    assert queries.last_payment(play.deal) is None
    assert (payment.reversal.reverses_id, payment.reversal.memo_code) == (payment.entry_id, "returned_by_bank")
    with pytest.raises(AlreadyReversed):
        take_back(play, payment)
    play.pay(PRICE_FEN, "again")
    assert queries.outstanding_fen(play.deal) == 0


def test_a_payment_is_taken_back_on_its_own_deal_and_for_a_known_reason(app: Flask) -> None:
    play, other = make_deal(DealState.PAYING), make_deal(DealState.PAYING)
    payment = other.pay(100)
    with pytest.raises(NotFound):
        take_back(play, payment)
    with pytest.raises(refusals.MemoUnknown):
        take_back(other, payment, memo_code="deal_due")


# --- royalties ------------------------------------------------------------------------------------------------------


def test_a_royalty_follows_from_the_reported_sales_and_is_owed(app: Flask) -> None:
    play = paying_royalties()
    first, second = report(play, 1, 100_000), report(play, 2, 100)
    assert (first.fen, second.fen) == (3_000, 1_000)  # the minimum applies to the second
    assert [(due.kind, due.fen) for due in queries.dues(play.deal)] == [
        (DueKind.ENTRY_FEE, 1_000), (DueKind.ROYALTY, 3_000), (DueKind.ROYALTY, 1_000),
    ]  # fmt: skip
    assert (books(play.deal)["receivable"], queries.outstanding_fen(play.deal)) == (5_000, 5_000)


def test_periods_are_reported_in_order_once_and_when_they_are_over(app: Flask) -> None:
    play = paying_royalties()
    assert [period.number for period in queries.unreported_periods(play.deal)] == list(range(1, 9))
    with pytest.raises(refusals.PeriodNotOpen):
        report(play, 2, 1)
    for number in (1, 2, 3):
        report(play, number, 1)
    with pytest.raises(refusals.PeriodNotOpen):
        report(play, 3, 1)
    with pytest.raises(refusals.PeriodNotOpen):
        report(play, 4, 1)  # its last day is today


def test_a_royalty_of_nothing_is_reported_and_owes_nothing(app: Flask) -> None:
    fee = EntryFeeRoyalty(0, Fraction(3, 100), RoyaltyBase.PROFIT, period_months=3)
    play = make_deal(DealState.ON_TRIAL, terms=royalty_terms(fee=fee))
    play.start_payment(on=play.deal.draft.effective_on)
    report(play, 1, 0)
    assert (queries.outstanding_fen(play.deal), books(play.deal)["receivable"]) == (0, 0)


# --- the end --------------------------------------------------------------------------------------------------------


def test_a_deal_is_completed_when_all_is_paid(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    play.pay(PRICE_FEN - 1)
    with pytest.raises(StillOwed) as refusal:
        play.complete()
    assert refusal.value.facts == {"outstanding_fen": 1}
    play.pay(1, "2")
    play.complete()
    assert (play.deal.state, play.deal.ended_on) == (DealState.COMPLETED, clock.today())
    with pytest.raises(WrongState):
        play.pay(1, "3")


def test_a_deal_with_royalties_is_completed_only_after_the_last_report(app: Flask) -> None:
    play = paying_royalties()
    play.pay(1_000)
    with pytest.raises(PeriodsUnreported):
        play.complete()
    with clock.at(clock.noon(play.deal.draft.ends_on + timedelta(days=1))):
        for number in range(1, 9):
            report(play, number, 0)
        play.pay(8_000, "rest")
        play.complete()
    assert play.deal.state == DealState.COMPLETED


def test_after_termination_only_what_had_fallen_due_is_owed_and_can_be_paid(app: Flask) -> None:
    play = make_deal(DealState.PAYING, terms=make_terms(fee=PARTS))
    with pytest.raises(refusals.ReasonMissing), unit_of_work():
        services.terminate_deal(play.actors[LICENSEE], play.deal, reason=" ")
    with unit_of_work():
        services.terminate_deal(play.actors[LICENSEE], play.deal, reason="production has stopped")
    assert (play.deal.state, queries.outstanding_fen(play.deal)) == (DealState.ENDED, 100)
    assert books(play.deal)["receivable"] == 100
    with pytest.raises(OverPayment):
        play.pay(101)
    play.pay(100)
    assert books(play.deal) == {"fee": -100, "receivable": 0, "paid": 100, "licensee": -100, "licensor": 100}


def machine(app: Flask) -> type[RuleBasedStateMachine]:
    class Paying(RuleBasedStateMachine):
        """One deal with instalments; beside it plain sums that the books must agree with."""

        def __init__(self) -> None:
            super().__init__()
            self.play = make_deal(DealState.PAYING, terms=make_terms(fee=PARTS))
            self.owed, self.payments, self.reversed = 600, dict[str, Payment](), set[str]()

        def paid(self) -> int:
            return sum(row.fen for key, row in self.payments.items() if key not in self.reversed)

        @rule(number=st.integers(0, 5), fen=st.integers(1, 400))
        def pay(self, number: int, fen: int) -> None:
            key = str(number)
            if key in self.payments and self.payments[key].fen != fen:
                with pytest.raises(IdempotencyMismatch):
                    self.play.pay(fen, key)
            elif key not in self.payments and fen > self.owed - self.paid():
                with pytest.raises(OverPayment):
                    self.play.pay(fen, key)
            else:
                self.payments[key] = self.play.pay(fen, key)

        @rule(number=st.integers(0, 5))
        def take_back(self, number: int) -> None:
            key = str(number)
            if key in self.reversed:
                with pytest.raises(AlreadyReversed):
                    take_back(self.play, self.payments[key])
            elif key in self.payments:
                take_back(self.play, self.payments[key])
                self.reversed.add(key)

        @rule()
        def terminate(self) -> None:
            if self.owed == 600 and len(self.payments) > 2:
                with unit_of_work():
                    services.terminate_deal(self.play.actors[LICENSOR], self.play.deal, reason="default")
                self.owed = 100

        @invariant()
        def books_agree(self) -> None:
            found = books(self.play.deal)
            assert (found["fee"], found["paid"]) == (-self.owed, self.paid())
            assert found["fee"] + found["receivable"] + found["paid"] == 0
            assert found["licensor"] == -found["licensee"] == self.paid()
            assert queries.outstanding_fen(self.play.deal) == max(0, self.owed - self.paid())
            assert ledger.trial_balance() == 0

    return Paying


def test_whatever_is_paid_and_taken_back_the_books_agree(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        return  # the rules above run on both engines; this long walk on one
    run_state_machine_as_test(
        machine(app), settings=settings(max_examples=20, stateful_step_count=15, deadline=None, database=None)
    )


def test_a_leap_day_is_kept_as_the_day_payment_started(app: Flask) -> None:
    with clock.at(clock.noon(date(2028, 2, 29))):
        play = make_deal(DealState.PAYING, terms=make_terms(fee=PARTS))
    assert [due.due_on for due in queries.dues(play.deal)] == [date(2028, 2, 29), date(2028, 8, 29), date(2029, 2, 28)]


def test_payments_that_stand_are_looked_up_by_their_deal(app: Flask) -> None:
    if db.engine.dialect.name != "sqlite":
        return  # without statistics SQLite takes the index of reversals for the better one
    query = sa.select(Payment.id).where(Payment.deal_id == sa.bindparam("deal"), Payment.stands)
    plan = f"EXPLAIN QUERY PLAN {query.compile(db.engine)}"
    (step,) = db.session.connection().exec_driver_sql(plan, (b"",)).all()
    assert "ix_payments_deal_id" in step.detail
