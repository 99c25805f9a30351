"""Three years of one deal, with a moving clock: trial, extension, conversion, eight quarterly royalties with a change
of tier, one late payment with penalty, one reversal, completion. The final statement reconciles to the fen."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from flask import Flask

from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.deals import jobs, queries, services
from matchmaker.deals.models import Payment
from matchmaker.deals.schedule import DueKind
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import (
    ByTier,
    Completer,
    EntryFeeRoyalty,
    Penalty,
    RoyaltyBase,
    Tier,
    TrialEnd,
    TrialOutcome,
)
from matchmaker.ledger import queries as ledger
from matchmaker.ledger.posting import AccountKind, account
from tests.deals import oracle
from tests.factories.deals import LICENSEE, LICENSOR, Play, make_deal, make_terms

START = date(2026, 1, 31)
BASES = [40_000_00, 55_000_00, 70_000_00, 90_000_00, 30_000_00, 80_000_00, 120_000_00, 10_000_00]
TERMS = dict(
    effective_on=START,
    ends_on=date(2029, 2, 28),
    trial_months=6,
    trial_end=TrialEnd(TrialOutcome.END, extensions=1, extension_months=3),
    grace_days=10,
    penalty=Penalty(Fraction(5, 10_000), Fraction(1, 5)),
    audit=True,
    completers=(Completer("甲", Fraction(1, 3)), Completer("乙", Fraction(2, 3))),
    reward_rate=Fraction(7, 10),
    fee=EntryFeeRoyalty(
        20_000_00,
        ByTier((Tier(0, Fraction(3, 100)), Tier(200_000_00, Fraction(1, 40)))),
        RoyaltyBase.SALES,
        minimum_fen=500_00,
        period_months=3,
        pay_days=30,
    ),
)


class Life:
    """A deal and the day it has come to; the daily run looks in on every day."""

    def __init__(self, app: Flask) -> None:
        self.settings, self.today = app.extensions["matchmaker.settings"], START
        with clock.at(clock.noon(START)):
            self.play: Play = make_deal(DealState.ON_TRIAL, terms=make_terms(**TERMS))

    def until(self, day: date, *, every: int = 7) -> None:
        """Days pass; the worker runs once a week, which ends as if it had run each day."""
        while self.today < day:
            self.today = min(day, self.today + timedelta(days=every))
            with clock.at(clock.noon(self.today)):
                db.session.rollback()
                jobs.keep_time(self.settings)

    def do(self, side: Any, command: Any, **facts: Any) -> Any:
        with clock.at(clock.noon(self.today)):
            return self.play.act(side, command, **facts)

    def pay(self, fen: int, key: str, **facts: Any) -> Payment:
        with clock.at(clock.noon(self.today)):
            return self.play.pay(fen, key, **facts)


def test_a_full_life_of_three_years_reconciles_to_the_fen(app: Flask) -> None:
    life = Life(app)
    deal = life.play.deal

    life.until(date(2026, 7, 10))
    assert (deal.state, deal.trial_ends_on) == (DealState.DECISION_DUE, date(2026, 7, 31))
    life.do(LICENSEE, services.ask_extension, reason="一个冬季的数据")
    life.do(LICENSOR, services.grant_extension)
    assert (deal.state, deal.trial_ends_on) == (DealState.ON_TRIAL, date(2026, 10, 31))

    life.until(date(2026, 10, 20))
    life.do(LICENSEE, services.report_trial, kind="trial_final", text="达到约定指标")
    life.do(LICENSEE, services.convert_trial)
    assert (deal.state, deal.payment_starts_on) == (DealState.PAYING, date(2026, 10, 20))
    life.until(date(2026, 10, 27))
    life.pay(20_000_00, "entry")

    expected = oracle.royalties(deal.version_on_offer.terms, BASES)
    paid, penalty_fen = 20_000_00, 0
    for number, base in enumerate(BASES, start=1):
        period = queries.royalty_periods(deal)[number - 1]
        life.until(period.ends_on + timedelta(days=8))
        report = life.do(LICENSEE, services.report_royalty, number=number, base_fen=base)
        assert report.fen == expected[number - 1]
        life.do(LICENSOR, services.confirm_royalty, number=number)
        due_on = period.ends_on + timedelta(days=30)
        if number == 3:  # seventy days late: sixty after the days of grace
            life.until(due_on + timedelta(days=70))
            life.pay(report.fen, f"q{number}")
            penalty_fen = life.do(LICENSOR, services.charge_penalty, target=(DueKind.ROYALTY, 3))
            assert penalty_fen == oracle.half_up(report.fen * 60 * Fraction(5, 10_000))
            life.pay(penalty_fen, "penalty", target=(DueKind.PENALTY, 1))
        elif number == 5:  # entered twice over, taken back, entered right
            life.until(due_on - timedelta(days=3))
            wrong = life.pay(report.fen - 1, "q5-wrong")
            with clock.at(clock.noon(life.today)), unit_of_work():
                services.reverse_payment(life.play.actors[LICENSOR], deal, payment=wrong)
            life.pay(report.fen, "q5")
        else:
            life.until(due_on - timedelta(days=3))
            life.pay(report.fen, f"q{number}")
        paid += report.fen
    assert expected[3] != oracle.half_up(Fraction(BASES[3]) * Fraction(3, 100))  # the tier changed within period 4

    reward = life.do(LICENSOR, services.state_reward, payment=deal.payments[-1], tax_fen=100)
    assert (reward.net_fen, sum(part.fen for part in reward.shares)) == (expected[-1] - 100, reward.pool_fen)

    # nine periods would fit; the licence is ended by agreement once the eighth is paid
    life.until(date(2029, 3, 15), every=30)
    last = queries.unreported_periods(deal)
    for period in last:
        minimum = life.do(LICENSEE, services.report_royalty, number=period.number, base_fen=0)
        assert minimum.fen == 500_00
        life.pay(minimum.fen, f"q{period.number}")
        paid += minimum.fen
    life.do(LICENSOR, services.complete_deal)
    assert deal.state == DealState.COMPLETED

    total = paid + penalty_fen
    standing = queries.standing(deal, life.today)
    assert (standing.paid_fen, standing.allocation.open_fen, standing.allocation.surplus_fen) == (total, 0, 0)
    books = {
        kind: ledger.balance(account(kind, deal.id))
        for kind in (AccountKind.DEAL_FEE, AccountKind.DEAL_RECEIVABLE, AccountKind.DEAL_PAID)
    }
    assert list(books.values()) == [-total, 0, total]
    assert queries.paid_fen(deal) == total == sum(due.fen for due in queries.dues(deal))
    assert ledger.balance(account(AccountKind.ORG_CASH, deal.licensor_id)) == total
    assert ledger.trial_balance() == 0

    closing = queries.closing(deal)
    assert (closing.due_fen, closing.kept_fen, closing.open_fen) == (total, total, 0)
    assert closing.received_fen == total + expected[4] - 1  # with what was entered wrong
    assert closing.taken_back_fen == expected[4] - 1
    assert closing.reconciles
