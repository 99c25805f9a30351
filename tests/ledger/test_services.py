"""The journal only grows, always balances, and takes a posting once: on the real database."""

from __future__ import annotations

import threading
import uuid
from collections import Counter
from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.exc import DBAPIError, IntegrityError

from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import DomainError, IdempotencyMismatch
from matchmaker.ledger import posting, queries, services
from matchmaker.ledger.models import JournalEntry, JournalLeg
from matchmaker.ledger.posting import AccountKind, AlreadyReversed, Entry, MalformedEntry, NotReversible, account
from tests.factories.accounts import SYSTEM

DAY = date(2026, 3, 31)
PROGRAMME = {"programme": "P3-4", "year": 2026}
AVAILABLE = account(AccountKind.BUDGET_AVAILABLE, "P3-4", 2026)
RESERVED = account(AccountKind.BUDGET_RESERVED, "P3-4", 2026)


def appropriation(key: str = "a", fen: int = 1000) -> Entry:
    return posting.budget_appropriation(key, DAY, fen, programme="P3-4", year=2026)


def reservation(key: str, fen: int) -> Entry:
    return posting.budget_reservation(key, DAY, fen, programme="P3-4", year=2026)


def post(entry: Entry) -> JournalEntry:
    with unit_of_work():
        return services.post(SYSTEM, entry)


def test_an_entry_comes_back_as_it_was_posted(app: Flask) -> None:
    entry = posting.deal_payment("payment:1", DAY, 5, deal=uuid.uuid4(), licensee=uuid.uuid4(), licensor=uuid.uuid4())
    row = post(entry)
    db.session.expire_all()
    assert queries.as_posted(row) == entry
    assert (row.actor_kind, row.posted_at.tzinfo is not None) == ("system", True)


def test_balances_are_the_sums_of_the_legs(app: Flask) -> None:
    post(appropriation(fen=1000))
    post(reservation("c1", 300))
    post(reservation("c2", 50))
    assert queries.balance(AVAILABLE) == 650
    assert queries.balance(RESERVED) == 350
    assert queries.balances("budget:P3-4:2026:") == {
        account(AccountKind.BUDGET_APPROPRIATED, "P3-4", 2026): -1000,
        AVAILABLE: 650,
        RESERVED: 350,
    }
    assert queries.balances("budget:P3-4:2025:") == {}
    assert queries.trial_balance() == 0


def test_an_account_without_postings_stands_at_zero_and_a_wrong_name_is_a_mistake(app: Flask) -> None:
    assert queries.balance(AVAILABLE) == 0
    with pytest.raises(MalformedEntry):
        queries.balance("budget:P3-4")


def test_entries_of_an_account_are_listed_oldest_first_with_all_their_legs(app: Flask) -> None:
    first, second = post(appropriation()), post(reservation("c", 1))
    assert [row.id for row in queries.list_entries(AVAILABLE)] == [first.id, second.id]
    assert [row.id for row in queries.list_entries(RESERVED)] == [second.id]
    assert all(len(row.legs) == 2 for row in queries.list_entries(AVAILABLE))


def test_the_same_key_with_the_same_body_is_the_same_entry(app: Flask) -> None:
    assert post(appropriation()).id == post(appropriation()).id
    assert queries.balance(AVAILABLE) == 1000


def test_the_same_key_with_another_body_is_a_conflict_and_posts_nothing(app: Flask) -> None:
    post(appropriation(fen=1000))
    with pytest.raises(IdempotencyMismatch) as refusal:
        post(appropriation(fen=1001))
    assert refusal.value.status == 409
    assert queries.balance(AVAILABLE) == 1000


def test_a_reversal_takes_the_entry_back_to_the_fen(app: Flask) -> None:
    row = post(appropriation())
    with unit_of_work():
        back = services.reverse(SYSTEM, row, key="a:reversal", occurred_on=DAY, memo_code="entered_twice")
    assert (back.reverses_id, back.memo_code) == (row.id, "entered_twice")
    assert set(queries.balances().values()) == {0}


def test_an_entry_is_taken_back_once(app: Flask) -> None:
    row = post(appropriation())
    with unit_of_work():
        services.reverse(SYSTEM, row, key="first", occurred_on=DAY)
    with pytest.raises(AlreadyReversed), unit_of_work():
        services.reverse(SYSTEM, row, key="second", occurred_on=DAY)
    with unit_of_work():
        assert services.reverse(SYSTEM, row, key="first", occurred_on=DAY).idempotency_key == "first"
    assert queries.balance(AVAILABLE) == 0


def test_a_reversal_is_not_taken_back(app: Flask) -> None:
    row = post(appropriation())
    with unit_of_work():
        back = services.reverse(SYSTEM, row, key="back", occurred_on=DAY)
    with pytest.raises(NotReversible), unit_of_work():
        services.reverse(SYSTEM, back, key="again", occurred_on=DAY)


def test_a_reversal_must_be_the_opposite_of_an_entry_in_the_journal(app: Flask) -> None:
    post(appropriation(fen=1000))
    for forged in (
        posting.reversal(appropriation(fen=999), "forged", DAY),
        posting.reversal(appropriation("unknown"), "forged", DAY),
    ):
        with pytest.raises(MalformedEntry):
            post(forged)
    assert queries.balance(AVAILABLE) == 1000


@pytest.mark.parametrize("table", ["journal_entries", "journal_legs"])
def test_the_database_refuses_to_change_or_remove_what_was_posted(app: Flask, table: str) -> None:
    row = post(appropriation())
    column = "memo_code = 'correction'" if table == "journal_entries" else "fen = fen + 1"
    statements = [f"UPDATE {table} SET {column}", f"DELETE FROM {table}"]
    if db.engine.dialect.name == "postgresql":
        statements.append(f"TRUNCATE {table} CASCADE")
    for statement in statements:
        with pytest.raises(DBAPIError, match="append_only"), unit_of_work():
            db.session.execute(sa.text(statement))
    with pytest.raises(DBAPIError, match="append_only"), unit_of_work():
        db.session.get(JournalEntry, row.id).memo_code = "correction"
        db.session.flush()
    with pytest.raises(DBAPIError, match="append_only"), unit_of_work():
        db.session.delete(db.session.get(JournalLeg, (row.id, 0)))
        db.session.flush()
    assert queries.balance(AVAILABLE) == 1000


@pytest.mark.parametrize("fen", [0, 9 * 10**15 + 1, -(9 * 10**15) - 1])
def test_the_database_refuses_a_leg_of_nothing_or_beyond_the_limit(app: Flask, fen: int) -> None:
    row = post(appropriation())
    with pytest.raises(IntegrityError, match="ck_journal_legs_fen"), unit_of_work():
        db.session.add(JournalLeg(entry_id=row.id, position=9, account=RESERVED, fen=fen))
        db.session.flush()


def test_a_reversal_names_what_it_takes_back_and_nothing_else_does(app: Flask) -> None:
    row = post(appropriation())
    with pytest.raises(IntegrityError, match="ck_journal_entries_reverses"), unit_of_work():
        db.session.add(
            JournalEntry(
                idempotency_key="x", kind=row.kind, occurred_on=DAY, memo_code=row.memo_code, body_hash="",
                reverses_id=row.id, posted_at=row.posted_at, actor_kind="system",
            )
        )  # fmt: skip
        db.session.flush()


def test_of_a_hundred_parallel_postings_under_one_key_one_is_written_and_all_get_it(app: Flask) -> None:
    answers: list[object] = []

    def work(number: int) -> None:
        with app.app_context():
            try:
                with unit_of_work():
                    fen = 1000 if number % 2 else 1001
                    answers.append(services.post(SYSTEM, appropriation(fen=fen)).id)
            except DomainError as error:
                answers.append(type(error))
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    row = db.session.scalars(sa.select(JournalEntry)).one()
    assert Counter(answers) == {row.id: 50, IdempotencyMismatch: 50}


# Conservation: whatever is posted, replayed or taken back, the database says what plain arithmetic says.

AMOUNTS = st.integers(1, 10**6)
KEYS = st.integers(0, 4)


def machine(app: Flask) -> type[RuleBasedStateMachine]:
    class Books(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.run = uuid.uuid4().hex[:12]
            self.deal, self.licensee, self.licensor = uuid.uuid4(), uuid.uuid4(), uuid.uuid4()
            self.posted: dict[str, tuple[str, int]] = {}
            self.reversed: set[str] = set()

        def entry(self, kind: str, key: str, fen: int) -> Entry:
            if kind == "due":
                return posting.deal_due(key, DAY, fen, deal=self.deal)
            return posting.deal_payment(key, DAY, fen, deal=self.deal, licensee=self.licensee, licensor=self.licensor)

        @rule(kind=st.sampled_from(["due", "payment"]), number=KEYS, fen=AMOUNTS)
        def post(self, kind: str, number: int, fen: int) -> None:
            key = f"{self.run}:{number}"
            known = self.posted.get(key)
            if known not in (None, (kind, fen)):
                with pytest.raises(IdempotencyMismatch):
                    post(self.entry(kind, key, fen))
                return
            post(self.entry(kind, key, fen))
            self.posted[key] = (kind, fen)

        @rule(number=KEYS)
        def replay(self, number: int) -> None:
            key = f"{self.run}:{number}"
            if key in self.posted:
                post(self.entry(self.posted[key][0], key, self.posted[key][1]))

        @rule(number=KEYS, other_key=st.booleans())
        def take_back(self, number: int, other_key: bool) -> None:
            key = f"{self.run}:{number}"
            if key not in self.posted:
                return
            back = f"{key}:back" + (":again" if other_key and key in self.reversed else "")
            original = queries.find_entry(key)
            if back.endswith(":again"):
                with pytest.raises(AlreadyReversed), unit_of_work():
                    services.reverse(SYSTEM, original, key=back, occurred_on=DAY)
            else:
                with unit_of_work():
                    services.reverse(SYSTEM, original, key=back, occurred_on=DAY)
                self.reversed.add(key)

        @rule(number=KEYS, fen=AMOUNTS)
        def fail_half_way(self, number: int, fen: int) -> None:
            with pytest.raises(ZeroDivisionError), unit_of_work():
                services.post(SYSTEM, self.entry("due", f"{self.run}:lost:{number}", fen))
                1 / 0  # noqa: B018

        @invariant()
        def books_agree(self) -> None:
            live = [value for key, value in self.posted.items() if key not in self.reversed]
            due = sum(fen for kind, fen in live if kind == "due")
            paid = sum(fen for kind, fen in live if kind == "payment")
            found = queries.balances_of(
                [
                    fee := account(AccountKind.DEAL_FEE, self.deal),
                    receivable := account(AccountKind.DEAL_RECEIVABLE, self.deal),
                    settled := account(AccountKind.DEAL_PAID, self.deal),
                    payer := account(AccountKind.ORG_CASH, self.licensee),
                    payee := account(AccountKind.ORG_CASH, self.licensor),
                ]
            )
            assert found == {fee: -due, receivable: due - paid, settled: paid, payer: -paid, payee: paid}
            assert queries.trial_balance() == 0

    return Books


def walk(app: Flask, lives: int) -> None:
    profile = settings(max_examples=lives, stateful_step_count=30, deadline=None, database=None)
    run_state_machine_as_test(machine(app), settings=profile)


def test_whatever_happens_the_books_balance(app: Flask) -> None:
    walk(app, 30)


@pytest.mark.nightly
def test_whatever_happens_in_many_lives_the_books_balance(app: Flask) -> None:
    walk(app, 500)
