"""Writing into the journal. Parts of the commands of other features, which check permission and record the event."""

from __future__ import annotations

from datetime import date

from sqlalchemy.exc import IntegrityError

from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import constraint_means, db, translated_errors
from matchmaker.ledger import posting, queries
from matchmaker.ledger.models import JournalEntry, JournalLeg
from matchmaker.ledger.posting import AlreadyReversed, Entry, MalformedEntry

constraint_means("uq_journal_entries_reverses_id", AlreadyReversed)


def post(actor: Actor, entry: Entry) -> JournalEntry:
    """Write an entry, once: the same key with the same body gives the row that is there already, also in a race.

    Raises IdempotencyMismatch for the same key with another body, AlreadyReversed for a second reversal,
    MalformedEntry for a reversal that is not the exact opposite of an entry in the journal.
    """
    recorded = queries.find_entry(entry.idempotency_key)
    if recorded is None:
        original = _original(entry)
        try:
            with db.session.begin_nested():
                return _write(actor, entry, original)
        except IntegrityError:
            # Lost a race under this key: what the winner wrote decides. Anything else is a fault of its own.
            recorded = queries.find_entry(entry.idempotency_key)
            if recorded is None:
                with translated_errors():
                    raise
    posting.check_replay(entry, recorded.body_hash)
    return recorded


def reverse(
    actor: Actor, row: JournalEntry, *, key: str, occurred_on: date, memo_code: str = "correction"
) -> JournalEntry:
    """Take an entry back by its opposite. Raises AlreadyReversed, NotReversible, BeforeOriginal."""
    return post(actor, posting.reversal(queries.as_posted(row), key, occurred_on, memo_code))


def _original(entry: Entry) -> JournalEntry | None:
    if entry.reverses is None:
        return None
    original = queries.find_entry(entry.reverses)
    if original is None:
        raise MalformedEntry(f"there is no entry {entry.reverses!r} to take back")
    opposite = posting.reversal(queries.as_posted(original), entry.idempotency_key, entry.occurred_on, entry.memo_code)
    if posting.body_hash(opposite) != posting.body_hash(entry):
        raise MalformedEntry(f"the reversal is not the opposite of {entry.reverses!r}")
    return original


def _write(actor: Actor, entry: Entry, original: JournalEntry | None) -> JournalEntry:
    row = JournalEntry(
        idempotency_key=entry.idempotency_key,
        kind=entry.kind,
        occurred_on=entry.occurred_on,
        memo_code=entry.memo_code,
        body_hash=posting.body_hash(entry),
        reverses=original,
        posted_at=clock.now(),
        actor_kind=actor.kind,
        actor_id=actor.user_id,
        organisation_id=actor.organisation_id,
        legs=[
            JournalLeg(position=position, account=leg.account, fen=leg.fen) for position, leg in enumerate(entry.legs)
        ],
    )
    db.session.add(row)
    db.session.flush()
    return row
