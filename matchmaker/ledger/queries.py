"""Reads of the journal. A balance is always the sum of the legs: nothing is stored that could disagree with them."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from matchmaker.core.db import db
from matchmaker.ledger.models import JournalEntry, JournalLeg
from matchmaker.ledger.posting import Entry, Leg, read_account


def find_entry(idempotency_key: str) -> JournalEntry | None:
    query = select(JournalEntry).where(JournalEntry.idempotency_key == idempotency_key)
    return db.session.scalar(query.options(selectinload(JournalEntry.legs), joinedload(JournalEntry.reverses)))


def as_posted(row: JournalEntry) -> Entry:
    """The entry as it was handed to the journal."""
    legs = tuple(Leg(leg.account, leg.fen) for leg in row.legs)
    reverses = row.reverses.idempotency_key if row.reverses is not None else None
    return Entry(row.idempotency_key, row.kind, row.occurred_on, legs, row.memo_code, reverses)


def balance(account: str) -> int:
    """Fen on an account; 0 where nothing was posted. MalformedEntry for what is no account's name."""
    return balances_of([account])[account]


def balances_of(accounts: Collection[str]) -> dict[str, int]:
    """Fen on each of these accounts, in one read."""
    for account in accounts:
        read_account(account)
    query = _sums().where(JournalLeg.account.in_(sorted(accounts)))
    return dict.fromkeys(accounts, 0) | _read(query)


def balances(prefix: str = "") -> dict[str, int]:
    """Fen on every account whose name begins so, by name; accounts without a posting are left out."""
    return _read(_sums().where(JournalLeg.account.startswith(prefix, autoescape=True)).order_by(JournalLeg.account))


def trial_balance() -> int:
    """Sum of all legs: 0, or the books are broken."""
    return int(db.session.scalar(select(func.coalesce(func.sum(JournalLeg.fen), 0))) or 0)


def list_entries(account: str) -> list[JournalEntry]:
    """Entries with a leg on this account, oldest posting first, with all their legs."""
    query = (
        select(JournalEntry)
        .where(JournalEntry.id.in_(select(JournalLeg.entry_id).where(JournalLeg.account == account)))
        .options(selectinload(JournalEntry.legs))
        .order_by(JournalEntry.posted_at, JournalEntry.id)
    )
    return list(db.session.scalars(query))


def _sums() -> Select[str, int]:
    return select(JournalLeg.account, func.sum(JournalLeg.fen)).group_by(JournalLeg.account)


def _read(query: Select[str, int]) -> dict[str, int]:
    # PostgreSQL adds up 64-bit columns as numeric
    return {account: int(fen) for account, fen in db.session.execute(query)}
