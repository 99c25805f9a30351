"""A ledger that anything may happen to: dues, payments, reversals, replays, keys used twice. It stays balanced.

The journal here is a dictionary with the rules of `posting`, so that thousands of lives are played in seconds; that
the database keeps the same rules is tested in `test_services`, where such lives are walked on both engines.
"""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from matchmaker.core.errors import IdempotencyMismatch
from matchmaker.ledger import posting
from matchmaker.ledger.posting import AccountKind, AlreadyReversed, Entry, EntryKind, NotReversible, account

DEALS = [uuid.UUID(int=number) for number in (1, 2)]
PAYER, RECEIVER = uuid.UUID(int=11), uuid.UUID(int=12)
DAY = date(2026, 1, 31)


class Journal:
    """Keeps what was posted, as the database does: once for each key, and a reversal once for each entry."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}
        self.hashes: dict[str, str] = {}

    def post(self, entry: Entry) -> Entry:
        if entry.idempotency_key in self.entries:
            posting.check_replay(entry, self.hashes[entry.idempotency_key])
            return self.entries[entry.idempotency_key]
        if entry.reverses is not None and any(one.reverses == entry.reverses for one in self.entries.values()):
            raise AlreadyReversed()
        self.entries[entry.idempotency_key] = entry
        self.hashes[entry.idempotency_key] = posting.body_hash(entry)
        return entry


class Lives(RuleBasedStateMachine):
    """Beside the journal stand plain sums, kept by hand, with which its balances must agree."""

    def __init__(self) -> None:
        super().__init__()
        self.journal = Journal()
        self.owed, self.paid = Counter[uuid.UUID](), Counter[uuid.UUID]()
        self.reversed: set[str] = set()

    def _post(self, entry: Entry) -> bool:
        """Whether it is new. A key that came before with another body is refused and changes nothing."""
        known = self.journal.entries.get(entry.idempotency_key)
        if known is not None and posting.body_hash(known) != posting.body_hash(entry):
            before = dict(self.journal.entries)
            with pytest.raises(IdempotencyMismatch):
                self.journal.post(entry)
            assert self.journal.entries == before
            return False
        again = self.journal.post(entry)
        assert again == (known or entry)
        return known is None

    @rule(deal=st.sampled_from(DEALS), key=st.integers(0, 6), fen=st.integers(1, 5), days=st.integers(0, 1))
    def fall_due(self, deal: uuid.UUID, key: int, fen: int, days: int) -> None:
        if self._post(posting.deal_due(f"due:{key}", DAY + timedelta(days=days), fen, deal=deal)):
            self.owed[deal] += fen

    @rule(deal=st.sampled_from(DEALS), key=st.integers(0, 6), fen=st.integers(1, 5))
    def pay(self, deal: uuid.UUID, key: int, fen: int) -> None:
        entry = posting.deal_payment(f"pay:{key}", DAY, fen, deal=deal, licensee=PAYER, licensor=RECEIVER)
        if self._post(entry):
            self.paid[deal] += fen

    @rule(kind=st.sampled_from(["due", "pay"]), key=st.integers(0, 6), again=st.booleans())
    def take_back(self, kind: str, key: int, again: bool) -> None:
        entry = self.journal.entries.get(f"{kind}:{key}")
        if entry is None:
            return
        opposite = posting.reversal(entry, f"back:{kind}:{key}{':again' if again else ''}", DAY + timedelta(days=2))
        if entry.idempotency_key in self.reversed and opposite.idempotency_key not in self.journal.entries:
            with pytest.raises(AlreadyReversed):
                self.journal.post(opposite)
        elif self._post(opposite):
            self.reversed.add(entry.idempotency_key)
            deal = uuid.UUID(next(leg.account for leg in entry.legs if leg.account.startswith("deal:")).split(":")[1])
            sums = self.owed if entry.kind is EntryKind.DEAL_DUE else self.paid
            sums[deal] -= max(leg.fen for leg in entry.legs)

    @rule(key=st.integers(0, 6))
    def take_a_reversal_back(self, key: int) -> None:
        entry = self.journal.entries.get(f"back:pay:{key}")
        if entry is not None:
            with pytest.raises(NotReversible):
                posting.reversal(entry, "never", DAY + timedelta(days=3))

    @rule(key=st.integers(0, 6))
    def replay_with_another_memo(self, key: int) -> None:
        entry = self.journal.entries.get(f"pay:{key}")
        if entry is not None:
            assert not self._post(replace(entry, memo_code="correction"))

    @invariant()
    def it_balances(self) -> None:
        found = Counter(posting.balances(self.journal.entries.values()))
        assert sum(found.values()) == 0
        for deal in DEALS:
            fee, receivable, paid = (
                found[account(kind, deal)]
                for kind in (AccountKind.DEAL_FEE, AccountKind.DEAL_RECEIVABLE, AccountKind.DEAL_PAID)
            )
            assert (fee, paid) == (-self.owed[deal], self.paid[deal])
            assert fee + receivable + paid == 0
        cash = found[account(AccountKind.ORG_CASH, RECEIVER)]
        assert cash == -found[account(AccountKind.ORG_CASH, PAYER)] == sum(self.paid.values())


def lives(runs: int, steps: int) -> None:
    profile = settings(max_examples=runs, stateful_step_count=steps, deadline=None, database=None)
    run_state_machine_as_test(Lives, settings=profile)


def test_five_hundred_lives_of_thirty_steps_balance_after_every_step() -> None:
    lives(500, 30)


@pytest.mark.nightly
def test_ten_thousand_lives_of_fifty_steps_balance_after_every_step() -> None:
    lives(10_000, 50)
