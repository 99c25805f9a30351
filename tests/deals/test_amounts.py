"""Open amounts as they are written down: in step with the deal after whatever happens to it, or not shown at all."""

from __future__ import annotations

import random
import sys
import threading
from collections import Counter
from contextlib import suppress
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from flask_migrate import downgrade, upgrade
from sqlalchemy import delete, event, insert, select, update

from matchmaker.cli import cli
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db, unit_of_work, writing
from matchmaker.core.errors import DomainError
from matchmaker.deals import basis as bases
from matchmaker.deals import jobs, queries, services
from matchmaker.deals.amount_models import OpenAmount
from matchmaker.deals.models import Deal, Payment, Record, RoyaltyReport
from matchmaker.deals.practice import practice
from matchmaker.deals.queries import lines
from matchmaker.deals.records import RecordKind
from matchmaker.deals.schedule import DueKind
from matchmaker.deals.states import DealState, PartyRole
from matchmaker.deals.terms import (
    ByTier,
    EntryFeeRoyalty,
    Instalment,
    Instalments,
    MilestonePart,
    Milestones,
    Penalty,
    Postponement,
    RoyaltyBase,
    Tier,
    TrialEnd,
    TrialOutcome,
)
from tests.deals.test_concurrency import at_once
from tests.factories.accounts import PASSWORD, unit
from tests.factories.deals import LICENSEE, LICENSOR, Play, make_deal, make_parties, make_terms, organisation_of

START = date(2026, 1, 31)
PARTS = Instalments(tuple(Instalment(months, 1_000) for months in (0, 3, 6, 9)))
TERMS: tuple[tuple[DealState, dict[str, Any]], ...] = (
    (DealState.PAYING, {"fee": PARTS, "penalty": Penalty(Fraction(1, 100)), "grace_days": 10}),
    (DealState.PAYING, {"fee": PARTS, "postponement": Postponement.NEXT_WORKING_DAY, "grace_days": 0}),
    (DealState.ON_TRIAL, {"fee": PARTS, "trial_months": 2, "trial_end": TrialEnd(TrialOutcome.CONVERT, 1, 1)}),
    (
        DealState.PAYING,
        {
            "fee": EntryFeeRoyalty(
                500,
                ByTier((Tier(0, Fraction(1, 10)), Tier(9_000, Fraction(1, 50)))),
                RoyaltyBase.SALES,
                minimum_fen=50,
                period_months=2,
            ),
            "audit": True,
        },
    ),
    (DealState.PAYING, {"fee": Milestones((MilestonePart("小试", 700, 10), MilestonePart("中试", 900, 0)))}),
)


def rows_of(deal: Deal) -> list[OpenAmount]:
    query = select(OpenAmount).where(OpenAmount.deal_id == deal.id)
    return list(db.session.scalars(query.order_by(OpenAmount.kind, OpenAmount.number)))


def check(deal: Deal, today: date) -> None:
    """Word by word against what the deal's own page computes."""
    db.session.rollback()
    db.session.expire_all()
    open_now = {(one.due, one.open_fen) for one in queries.allocation(deal).settled if one.open_fen}
    due_of = {(due.kind, due.number): due for due, _ in open_now}
    rows = rows_of(deal)
    assert {(due_of.get((row.kind, row.number)), row.open_fen) for row in rows} == open_now
    assert all(row.due_on == due_of[row.kind, row.number].due_on for row in rows)
    assert {(row.licensor_id, row.licensee_id) for row in rows} <= {(deal.licensor_id, deal.licensee_id)}
    late = {(one.due.kind, one.due.number): one.open_fen for one in queries.overdue(deal, today)}
    assert {(row.kind, row.number): row.open_fen for row in rows if row.late_after_on < today} == late


class Walk:
    """Some deals of one university, and whatever may happen to them. What is refused is part of the walk."""

    def __init__(self, app: Flask, seed: int) -> None:
        self.settings, self.today = app.extensions["matchmaker.settings"], START
        self.chance, self.done, self.keys = random.Random(seed), Counter[str](), 0
        with clock.at(clock.noon(START)):
            university = make_parties()
            self.enterprises = [make_parties()[LICENSEE] for _ in range(2)]
            self.plays = [
                make_deal(
                    state,
                    terms=make_terms(**terms, ends_on=date(2028, 1, 31)),
                    actors={**university, LICENSEE: self.chance.choice(self.enterprises)},
                )
                for state, terms in TERMS
            ]

    def step(self) -> None:
        play, name = self.chance.choice(self.plays), self.chance.choice(STEPS)
        with clock.at(clock.noon(self.today)):
            with suppress(DomainError, IndexError):  # IndexError: there is nothing to choose from
                getattr(self, name)(play)
                self.done[name] += 1
            for one in self.plays:
                check(one.deal, self.today)

    def licensee(self, play: Play) -> Actor:
        return next(one for one in self.enterprises if one.organisation_id == play.deal.licensee_id)

    def by(self, side: PartyRole, play: Play, command: Any, **facts: Any) -> Any:
        actor = self.licensee(play) if side == LICENSEE else play.actors[LICENSOR]
        with unit_of_work():
            return command(actor, play.deal, **facts)

    def number(self, play: Play) -> int:
        return self.chance.choice(play.deal.royalty_reports).number

    # --- steps ------------------------------------------------------------------------------------------------------

    def wait(self, play: Play) -> None:
        self.today += timedelta(days=self.chance.choice((1, 9, 11, 40)))

    def daily_run(self, play: Play) -> None:
        jobs.keep_time(self.settings)

    def pay(self, play: Play) -> None:
        self.keys += 1
        target = None
        if self.chance.random() < 0.4:
            due = self.chance.choice(queries.dues(play.deal))
            target = due.kind, due.number
        play.pay(self.chance.randint(1, 1_200), f"k{self.keys}", target=target)

    def pay_all(self, play: Play) -> None:
        self.keys += 1
        play.pay(queries.outstanding_fen(play.deal), f"k{self.keys}")

    def take_back(self, play: Play) -> None:
        self.by(LICENSOR, play, services.reverse_payment, payment=self.chance.choice(play.deal.payments))

    def begin(self, play: Play) -> None:
        self.by(LICENSEE, play, services.convert_trial)

    def milestone(self, play: Play) -> None:
        ref = self.chance.choice(queries.reportable_events(play.deal))
        self.by(LICENSEE, play, services.report_event, ref=ref, evidence="验收单", on=self.today)
        self.by(LICENSOR, play, services.confirm_event)

    def report(self, play: Play) -> None:
        number = queries.unreported_periods(play.deal)[0].number
        self.by(LICENSEE, play, services.report_royalty, number=number, base_fen=self.chance.randint(0, 9_000))

    def correct(self, play: Play) -> None:
        number = self.number(play)
        self.by(LICENSOR, play, services.dispute_royalty, number=number, reason="有出入")
        facts = {"number": number, "base_fen": self.chance.randint(0, 20_000), "reason": "补记"}
        self.by(LICENSEE, play, services.correct_royalty, **facts)

    def charge(self, play: Play) -> None:
        due = self.chance.choice(queries.dues(play.deal))
        self.by(LICENSOR, play, services.charge_penalty, target=(due.kind, due.number))

    def default(self, play: Play) -> None:
        self.by(LICENSOR, play, services.declare_default)

    def quarrel(self, play: Play) -> None:
        self.by(LICENSEE, play, services.raise_dispute, reason="资料不全")
        if self.chance.random() < 0.8:
            self.by(LICENSEE, play, services.settle_dispute, reason="已补交")

    def transfer(self, play: Play) -> None:
        heir = next(one for one in self.enterprises if one.organisation_id != play.deal.licensee_id)
        self.by(LICENSEE, play, services.ask_transfer, to=organisation_of(heir), reason="产线转让")
        with unit_of_work():
            services.accept_transfer(heir, play.deal, password=PASSWORD)
        self.by(LICENSOR, play, services.agree_to_transfer)

    def terminate(self, play: Play) -> None:
        if self.chance.random() < 0.3:
            self.by(LICENSEE, play, services.terminate_deal, reason="停产")

    def complete(self, play: Play) -> None:
        self.by(LICENSOR, play, services.complete_deal)


NAMES = [name for name in vars(Walk) if name not in ("step", "licensee", "by", "number") and not name.startswith("_")]
STEPS = NAMES + ["wait"] * 4 + ["pay"] * 3 + ["milestone", "report", "report", "correct", "charge"]


def test_whatever_happens_to_deals_what_is_written_is_what_is_computed(app: Flask) -> None:
    done = Counter[str]()
    for seed in range(6 if db.engine.dialect.name == "sqlite" else 3):
        walk = Walk(app, seed)
        for _ in range(90):
            walk.step()
        done += walk.done
        expect_pages(walk)
    assert set(done) == set(NAMES), done  # each step was taken, and not only refused


def expect_pages(walk: Walk) -> None:
    """What each organisation reads is what follows from its deals, one by one."""
    today = walk.today
    for actor, side in [(walk.plays[0].actors[LICENSOR], LICENSOR), *((one, LICENSEE) for one in walk.enterprises)]:
        deals = [play.deal for play in walk.plays if play.deal.parties[side] == actor.organisation_id]
        late = [one.open_fen for deal in deals for one in queries.overdue(deal, today)]
        settled = [one for deal in deals for one in queries.allocation(deal).settled if one.open_fen]
        until_now = [one for one in settled if one.due.due_on.strftime("%Y%m") <= today.strftime("%Y%m")]
        sums = queries.open_sums(actor, side, today)
        assert sums.late == (len(late), sum(late))
        assert sums.all == (len(settled), sum(one.open_fen for one in settled))
        assert sums.this_month[0] + sums.late[0] == len(until_now)
        assert sums.this_month[1] + sums.late[1] == sum(one.open_fen for one in until_now)
        listed = queries.list_open_amounts(actor, side, limit=1_000)
        assert sorted((one.due_on, one.kind, one.number, one.open_fen) for one in listed) == sorted(
            (one.due.due_on, one.due.kind, one.due.number, one.open_fen) for one in settled
        )
        assert listed == sorted(listed, key=lambda one: (one.due_on, one.title, one.kind, one.number))
        assert sum(one.open_fen for one in listed if one.days_late(today)) == sums.late[1]
        assert sum(one.open_fen for one in listed if one.falls_due_in_month_of(today)) == sums.this_month[1]


def paying(**changes: Any) -> Play:
    with clock.at(clock.noon(START)):
        return make_deal(DealState.PAYING, terms=make_terms(**{"fee": PARTS, **changes}))


def forget(*deals: Deal) -> None:
    """As a database is from before there was a table of open amounts."""
    ids = [deal.id for deal in deals]
    with unit_of_work():
        db.session.execute(delete(OpenAmount).where(OpenAmount.deal_id.in_(ids)))
        db.session.execute(update(Deal).where(Deal.id.in_(ids)).values(amounts_basis=""))
    db.session.expire_all()


def test_a_transferred_licence_is_paid_by_the_one_who_took_it_over(app: Flask) -> None:
    play = paying()
    heir, before = make_parties()[LICENSEE], play.actors[LICENSEE]
    today = clock.today()
    assert queries.open_sums(before, LICENSEE, today).all == (4, 4_000)
    play.act(LICENSEE, services.ask_transfer, to=organisation_of(heir), reason="产线转让")
    with unit():
        services.accept_transfer(heir, play.deal, password=PASSWORD)
    play.act(LICENSOR, services.agree_to_transfer)
    assert queries.open_sums(before, LICENSEE, today).all == (0, 0)
    assert queries.list_open_amounts(before, LICENSEE, limit=9) == []
    assert queries.open_sums(heir, LICENSEE, today).all == (4, 4_000)
    assert queries.open_sums(play.actors[LICENSOR], LICENSOR, today).all == (4, 4_000)
    assert queries.open_sums(heir, LICENSOR, today).all == (0, 0)


def test_amounts_are_undone_with_what_they_follow_from(app: Flask) -> None:
    play = paying()
    with pytest.raises(ZeroDivisionError), unit_of_work():
        play.pay(1_000)
        1 / 0  # noqa: B018
    check(play.deal, clock.today())
    assert len(rows_of(play.deal)) == 4


def test_of_many_that_pay_at_once_each_counts(app: Flask) -> None:
    play = paying(fee=Instalments((Instalment(0, 70), Instalment(3, 70))))
    licensor = play.actors[LICENSOR]

    def pay(deal: Deal, number: int) -> None:
        today = clock.today()
        services.record_payment(licensor, deal, fen=1, paid_on=today, idempotency_key=f"n{number}")

    answers = at_once(app, play.deal.id, pay)
    assert [one for one in answers if isinstance(one, Exception)] == []
    check(play.deal, clock.today())
    assert [(row.number, row.open_fen) for row in rows_of(play.deal)] == [(2, 40)]


def test_each_row_that_amounts_follow_from_is_enough_by_itself(app: Flask) -> None:
    """Though no service changes one without the deal's own row, one may some day."""
    with clock.at(clock.noon(START)):
        play = make_deal(DealState.PAYING, terms=make_terms(**TERMS[3][1]))
    with clock.at(clock.noon(date(2026, 7, 1))):
        first = play.report_royalty(1, 5_000)
        payment = play.pay(600)
        assert {(row.kind, row.open_fen) for row in rows_of(play.deal)} == {(DueKind.ROYALTY, 400)}
        version = play.deal.version
        facts = {"base_fen": 6_000, "fen": 480, "created_at": clock.now(), "reported_by_id": first.reported_by_id}
        with unit_of_work():
            db.session.add(RoyaltyReport(deal_id=play.deal.id, number=2, **facts))
        check(play.deal, clock.today())
        with unit_of_work():
            row = db.session.get_one(Payment, payment.id)
            row.due_kind, row.due_number = DueKind.ROYALTY, 1
        check(play.deal, clock.today())
        assert {(row.kind, row.number) for row in rows_of(play.deal)} == {(DueKind.ENTRY_FEE, 1), (DueKind.ROYALTY, 2)}
        with unit_of_work():
            db.session.add(penalty(play.deal, "entry_fee:1"))
        check(play.deal, clock.today())
        assert len(rows_of(play.deal)) == 3
        assert play.deal.version == version
        with unit_of_work():
            db.session.get_one(Deal, play.deal.id).payment_starts_on = START - timedelta(days=1)
        check(play.deal, clock.today())


def penalty(deal: Deal, ref: str) -> Record:
    facts = {"kind": RecordKind.PENALTY_CHARGED, "ref": ref, "on": clock.today(), "fen": 50, "at": clock.now()}
    return Record(deal_id=deal.id, number=len(deal.records) + 1, **facts)


def test_who_pays_waits_for_whoever_is_writing_what_is_open(app: Flask) -> None:
    """Else two that change one deal would each write what follows from its own change alone."""
    if db.engine.dialect.name == "sqlite":
        return  # where writers follow each other anyway
    play = paying()
    licensor, deal_id = play.actors[LICENSOR], play.deal.id

    def pay() -> None:
        with app.app_context():
            with unit_of_work():
                deal = db.session.get_one(Deal, deal_id)
                services.record_payment(licensor, deal, fen=1_500, paid_on=clock.today(), idempotency_key="1")
            db.session.remove()

    other = threading.Thread(target=pay)
    with unit_of_work():
        services.write_amounts([deal_id])
        other.start()
        other.join(0.5)
        assert other.is_alive()
    other.join()
    check(play.deal, clock.today())
    assert [row.open_fen for row in rows_of(play.deal)] == [500, 1_000, 1_000]


# --- what was never written, or by other rules ----------------------------------------------------------------------


def test_deals_from_before_are_not_shown_until_the_worker_has_written_them(app: Flask, monkeypatch: Any) -> None:
    plays = [paying() for _ in range(3)]
    forget(*(play.deal for play in plays))
    actors = [play.actors[LICENSEE] for play in plays]
    assert [queries.count_awaited(actor) for actor in actors] == [1, 1, 1]
    monkeypatch.setattr(lines, "AT_ONCE", 1)
    written = []

    def killed(ids: Any) -> None:
        if written:
            raise KeyboardInterrupt
        written.extend(ids)
        services.amounts.write_amounts(ids)

    monkeypatch.setattr(services, "write_amounts", killed)
    settings = app.extensions["matchmaker.settings"]
    with pytest.raises(KeyboardInterrupt):
        jobs.keep_amounts(settings)
    monkeypatch.undo()
    for play in plays:
        db.session.rollback()
        there = play.deal.id in written
        today = clock.today()
        assert queries.count_awaited(play.actors[LICENSEE]) == (not there)
        assert queries.open_sums(play.actors[LICENSEE], LICENSEE, today).all == ((4, 4_000) if there else (0, 0))
    assert jobs.keep_amounts(settings) == 2  # the first was kept
    assert jobs.keep_amounts(settings) == 0
    for play in plays:
        check(play.deal, clock.today())
        assert queries.count_awaited(play.actors[LICENSEE]) == 0


def test_a_database_from_before_the_table_is_brought_up_to_it(app: Flask) -> None:
    plays = [paying(), paying(grace_days=7)]
    plays[1].pay(1_700)
    before = [lines.written_lines([play.deal.id]) for play in plays]
    db.session.remove()
    with writing():
        downgrade(revision="0017")
        upgrade()
    assert db.session.scalars(select(OpenAmount)).all() == []
    assert jobs.keep_amounts(app.extensions["matchmaker.settings"]) == 2
    assert [lines.written_lines([one]) for written in before for one in written] == before


def test_a_deal_that_moves_before_the_worker_comes_is_written_whole(app: Flask) -> None:
    play = paying()
    forget(play.deal)
    play.pay(1_500)
    check(play.deal, clock.today())
    assert jobs.keep_amounts(app.extensions["matchmaker.settings"]) == 0


def test_a_changed_calendar_reaches_what_was_written(app: Flask, monkeypatch: Any) -> None:
    play = paying(postponement=Postponement.NEXT_WORKING_DAY)
    licensee, today = play.actors[LICENSEE], clock.today()
    first = next(row for row in rows_of(play.deal) if row.number == 2)
    day = first.due_on
    monkeypatch.setitem(practice().workdays._overrides, day, False)  # as after a start with another practice.yaml
    assert day not in {due.due_on for due in queries.dues(play.deal)}
    assert queries.open_sums(licensee, LICENSEE, today).all == (0, 0)  # nothing rather than something wrong
    assert queries.list_open_amounts(licensee, LICENSEE, limit=9) == []
    assert queries.count_awaited(licensee) == 1
    jobs.keep_amounts(app.extensions["matchmaker.settings"])
    check(play.deal, today)
    assert day not in {row.due_on for row in rows_of(play.deal)}
    assert queries.open_sums(licensee, LICENSEE, today).all == (4, 4_000)
    monkeypatch.undo()
    jobs.keep_amounts(app.extensions["matchmaker.settings"])
    check(play.deal, today)


def test_every_source_that_takes_part_in_computing_is_in_the_fingerprint(app: Flask) -> None:
    with clock.at(clock.noon(START)):
        plays = [make_deal(state, terms=make_terms(**terms)) for state, terms in TERMS]
    with clock.at(clock.noon(date(2026, 5, 1))):
        plays[0].pay(600, target=(DueKind.INSTALMENT, 2))
        plays[0].act(LICENSOR, services.charge_penalty, target=(DueKind.INSTALMENT, 1))
        plays[3].report_royalty(1, 10_000)
        plays[4].report_event(ref="milestone:0", on=START)
        plays[4].act(LICENSOR, services.confirm_event)
    for play in plays:
        play.deal.versions, play.deal.payments, play.deal.records, play.deal.royalty_reports  # noqa: B018 - loaded
        vars(play.deal.version_on_offer).pop("terms", None)
    package, seen = Path(bases.__file__).parents[1], set[Path]()

    def note(frame: Any, what: str, argument: Any) -> None:
        seen.add(Path(frame.f_code.co_filename))

    sys.setprofile(note)
    try:
        found = [lines.computed_lines(play.deal) for play in plays]
    finally:
        sys.setprofile(None)
    assert [len(one) for one in found] == [5, 4, 0, 2, 1]
    ours = {path for path in seen if path.is_relative_to(package)}
    # practice.py hands on the calendar, whose edition is in the fingerprint by itself; types.py reads columns
    assert ours - set(bases.RULES) <= {package / "deals" / "practice.py", package / "core" / "types.py"}
    assert {path.stem for path in ours} >= {
        "money",
        "schedule",
        "settlement",
        "royalty",
        "records",
        "workdays",
        "codec",
    }


def test_to_write_many_takes_as_many_statements_as_to_write_one(app: Flask) -> None:
    plays = [paying() for _ in range(4)]

    def statements(*deals: Deal) -> int:
        forget(*deals)
        sent = []

        def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
            sent.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        jobs.keep_amounts(app.extensions["matchmaker.settings"])
        event.remove(db.engine, "before_cursor_execute", note)
        return len(sent)

    assert statements(plays[0].deal) == statements(*(play.deal for play in plays[1:]))


# --- the command ----------------------------------------------------------------------------------------------------


def run(app: Flask, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> Any:
    db.session.rollback()  # or the test's own reading would keep SQLite's writers waiting
    monkeypatch.setattr("matchmaker.cli._app", lambda: app)
    return CliRunner().invoke(cli, ["deals", "verify", *arguments])


def test_verify_names_what_differs_and_mends_it(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    play, other = paying(), paying()
    assert run(app, monkeypatch).output == "what is written is what is computed\n"
    with unit_of_work():
        mine = OpenAmount.deal_id == play.deal.id
        db.session.execute(update(OpenAmount).where(mine, OpenAmount.number == 2).values(open_fen=999))
        row = {column.key: getattr(rows_of(play.deal)[0], column.key) for column in OpenAmount.__table__.columns} | {
            "kind": DueKind.PENALTY
        }
        db.session.execute(insert(OpenAmount), [row])
        db.session.execute(delete(OpenAmount).where(mine, OpenAmount.number == 3))
    answer = run(app, monkeypatch)
    assert answer.exit_code == 1
    assert f"deal {play.deal.id}: written: instalment 2, due on 2026-04-30, ¥9.99 open" in answer.output
    assert f"deal {play.deal.id}: computed: instalment 2, due on 2026-04-30, ¥10 open" in answer.output
    assert f"deal {play.deal.id}: computed: instalment 3" in answer.output
    assert f"deal {play.deal.id}: written: penalty" in answer.output
    assert str(other.deal.id) not in answer.output
    assert "deals that differ: 1; `matchmaker deals verify --mend`" in answer.output
    assert "deals written anew: 1" in run(app, monkeypatch, "--mend").output
    assert run(app, monkeypatch).output == "what is written is what is computed\n"
    forget(play.deal)
    assert "deals that wait for the worker to write their amounts: 1" in run(app, monkeypatch).output
    jobs.keep_amounts(app.extensions["matchmaker.settings"])
