"""What a deal in payment asks of the licensee on the home page: what is open first, and the reports that are due."""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction

from flask import Flask
from sqlalchemy import update

from matchmaker.core import access, clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.web import tasks
from matchmaker.deals import jobs
from matchmaker.deals.models import Deal
from matchmaker.deals.states import DealState
from matchmaker.deals.tasks import waiting
from matchmaker.deals.terms import ByTier, EntryFeeRoyalty, Instalment, Instalments, OnDate, RoyaltyBase, Tier
from tests.factories.deals import LICENSEE, LICENSOR, Play, equity_terms, make_deal, make_terms

TODAY = date(2026, 1, 31)


def asked(play: Play, side: object = LICENSEE) -> list[tuple[str, date | None, int | None]]:
    db.session.rollback()
    found = waiting(play.actors[side])  # type: ignore[index]
    return [(one.kind, one.due_on, one.facts.get("amount_fen")) for one in found]


def paying(**changes: object) -> Play:
    with clock.at(clock.noon(TODAY)):
        terms = make_terms(trial_months=0, effective_on=TODAY, trigger=OnDate(TODAY), **changes)
        return make_deal(DealState.PAYING, terms=terms)


def test_the_licensee_is_asked_for_what_is_open_first_and_no_longer_once_all_is_paid(app: Flask) -> None:
    play = paying(fee=Instalments((Instalment(0, 100), Instalment(1, 200))))
    with clock.at(clock.noon(TODAY)):
        assert asked(play) == [(tasks.PAY, TODAY, 100)]
        assert asked(play, LICENSOR) == []
        play.pay(40)
        assert asked(play) == [(tasks.PAY, TODAY, 60)]
        play.pay(60, key="2")
        assert asked(play) == [(tasks.PAY, date(2026, 2, 28), 200)]
        play.pay(200, key="3")
        assert asked(play) == []


def test_amounts_of_other_rules_are_not_asked_for_until_the_worker_wrote_them_anew(app: Flask) -> None:
    play = paying(fee=Instalments((Instalment(0, 100), Instalment(1, 200))))
    with unit_of_work():
        db.session.execute(update(Deal).values(amounts_basis="of before"))
    assert asked(play) == []
    jobs.keep_amounts(app.extensions["matchmaker.settings"])
    assert asked(play) == [(tasks.PAY, TODAY, 100)]


def test_a_deal_that_is_paid_for_in_shares_asks_for_no_money(app: Flask) -> None:
    assert asked(make_deal(DealState.PAYING, terms=equity_terms())) == []


def test_a_royalty_period_asks_for_its_report_from_the_day_of_the_first_reminder(app: Flask) -> None:
    rate = ByTier((Tier(0, Fraction(1, 20)),))
    play = paying(fee=EntryFeeRoyalty(0, rate, RoyaltyBase.SALES, period_months=12))
    assert access.may(play.actors[LICENSEE], access.permission("deal:report_royalty"), play.deal)
    over = date(2027, 2, 1)
    for day, expected in ((over - timedelta(days=2), []), (over, [(tasks.WRITE, None, None)])):
        with clock.at(clock.noon(day)):
            db.session.rollback()
            jobs.keep_time(app.extensions["matchmaker.settings"])
            assert asked(play) == expected
            assert asked(play, LICENSOR) == []
    with clock.at(clock.noon(over)):
        play.report_royalty(1, 1_000_00)
        assert [kind for kind, _, _ in asked(play)] == [tasks.PAY]
