"""How long the daily run takes over ten thousand live deals: `python benchmarks/daily_run.py [DEALS] [DATABASE_URL]`.

A few deals are brought to life through the services and then copied row by row: on trial, paying by instalments with
payments, paying royalties with reports, in default. Prints the seconds of an ordinary day, of a day on which a tenth of
the trials runs out and is turned into paid licences, and of a day after ten missed ones.
"""

from __future__ import annotations

import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask_migrate import upgrade

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from matchmaker.app import create_app
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.outbox import OutboxMessage
from matchmaker.deals import jobs
from matchmaker.deals.models import Deal, Payment, Record, RoyaltyReport, TermsVersion
from matchmaker.deals.states import DealState, PartyRole
from matchmaker.deals.terms import (
    EntryFeeRoyalty,
    Instalment,
    Instalments,
    Penalty,
    RoyaltyBase,
    TrialEnd,
    TrialOutcome,
)
from matchmaker.ledger.models import JournalEntry, JournalLeg
from tests.conftest import settings_for
from tests.factories.deals import Play, make_deal, make_terms

START = date(2026, 1, 15)
TODAY = date(2026, 11, 20)
PARTS = Instalments(tuple(Instalment(months, 100_000) for months in range(0, 36, 3)))


def at(day: date) -> Any:
    return clock.at(clock.noon(day))


def on_trial(months: int) -> Play:
    end = TrialEnd(TrialOutcome.CONVERT)
    with at(START):
        return make_deal(DealState.ON_TRIAL, terms=make_terms(effective_on=START, trial_months=months, trial_end=end))


def paying(actors: dict[PartyRole, Actor] | None = None) -> Play:
    with at(START):
        terms = make_terms(fee=PARTS, penalty=Penalty(Fraction(1, 2000)))
        play = make_deal(DealState.PAYING, terms=terms, actors=actors)
    for number, months in enumerate((0, 3, 6)):
        with at(START + timedelta(days=31 * months + 5)):
            play.pay(100_000, str(number))
    return play


def royalties(actors: dict[PartyRole, Actor] | None = None) -> Play:
    fee = EntryFeeRoyalty(0, Fraction(3, 100), RoyaltyBase.SALES, period_months=3)
    with at(START):
        play = make_deal(DealState.PAYING, terms=make_terms(fee=fee), actors=actors)
    with at(TODAY):
        for number in (1, 2, 3):
            play.report_royalty(number, 5_000_000 * number)
    return play


@dataclass
class Copies:
    """Rows to insert, by table."""

    rows: dict[sa.Table, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, model: Any, row: Any, **changes: Any) -> None:
        table = model.__table__
        values = {column.key: getattr(row, column.key) for column in table.columns}
        self.rows.setdefault(table, []).append({**values, **changes})

    def deal(self, deal: Deal) -> None:
        id_ = uuid.uuid4()
        self.add(Deal, deal, id=id_, checked_on=None, amounts_basis="")
        for model, rows in (
            (TermsVersion, deal.versions),
            (Record, deal.records),
            (RoyaltyReport, deal.royalty_reports),
        ):
            for row in rows:
                self.add(model, row, deal_id=id_)
        for payment in deal.payments:
            entry_id = uuid.uuid4()
            self.add(JournalEntry, payment.entry, id=entry_id, idempotency_key=f"copy:{entry_id}")
            for leg in payment.entry.legs:
                self.add(JournalLeg, leg, entry_id=entry_id)
            self.add(Payment, payment, id=uuid.uuid4(), deal_id=id_, entry_id=entry_id)

    def insert(self) -> None:
        order = (Deal, TermsVersion, Record, RoyaltyReport, JournalEntry, JournalLeg, Payment)
        with unit_of_work() as session:
            for model in order:
                if rows := self.rows.get(model.__table__):
                    session.execute(sa.insert(model.__table__), rows)


def fill(count: int) -> None:
    plays = [on_trial(12), on_trial(12), on_trial(11), *(paying() for _ in range(4)), *(royalties() for _ in range(3))]
    copies = Copies()
    for number in range(count - len(plays)):
        copies.deal(plays[number % len(plays)].deal)
    db.session.rollback()
    copies.insert()


def timed(name: str, run: Callable[[], int]) -> None:
    began, cpu = time.perf_counter(), time.process_time()
    looked = run()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    mails = db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage))
    print(f"{name:45} {looked:6} deals {seconds:7.1f} s ({cpu:.1f} s of CPU)   mails so far {mails}")


def main(count: int, url: str | None) -> None:
    directory = Path(tempfile.mkdtemp(prefix="daily-run-"))
    settings = settings_for(directory, url or f"sqlite:///{directory}/bench.db")
    app = create_app(settings)
    app.config["WAKE_WORKER"] = False
    with app.app_context():
        upgrade()
        fill(count)
        with at(TODAY):
            timed("amounts that were never written", lambda: jobs.keep_amounts(settings))
        for name, day in (
            ("first day, with all the reminders of the past", TODAY),
            ("an ordinary day", TODAY + timedelta(days=1)),
            ("a day on which a tenth of the deals converts", TODAY + timedelta(days=27)),
            ("a day after ten missed ones", TODAY + timedelta(days=38)),
        ):
            with at(day):
                timed(name, lambda: jobs.keep_time(settings))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000, sys.argv[2] if len(sys.argv) > 2 else None)
