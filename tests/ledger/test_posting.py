"""Money is neither made nor lost, an entry is recorded once, and a mistake is taken back by its opposite."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from matchmaker.core.errors import IdempotencyMismatch, Invalid
from matchmaker.core.money import LIMIT_FEN, AmountTooLarge
from matchmaker.ledger.posting import (
    MEMOS,
    AccountKind,
    AlreadyReversed,
    AmountNotPositive,
    BeforeOriginal,
    Entry,
    EntryKind,
    Leg,
    MalformedEntry,
    NotReversible,
    SameParty,
    account,
    balances,
    body_hash,
    budget_appropriation,
    budget_commitment,
    budget_release,
    budget_reservation,
    check_replay,
    deal_due,
    deal_payment,
    read_account,
    reversal,
    subsidy_interest,
    subsidy_payout,
)

DAY = date(2026, 3, 31)
DEAL, LICENSEE, LICENSOR, OTHER = (UUID(int=0xA0 + number, version=4) for number in range(4))
PROGRAMME, YEAR = "P3-4", 2026


def cash(org: UUID) -> str:
    return f"org:{org}:cash"


def budget(side: str) -> str:
    return f"budget:{PROGRAMME}:{YEAR}:{side}"


def paid(fen: int = 500, key: str = "payment-1", day: date = DAY) -> Entry:
    return deal_payment(key, day, fen, deal=DEAL, licensee=LICENSEE, licensor=LICENSOR)


def as_dict(entry: Entry) -> dict[str, int]:
    return {leg.account: leg.fen for leg in entry.legs}


# Accounts


def test_an_account_is_named_by_its_kind_and_ids() -> None:
    assert account(AccountKind.ORG_CASH, DEAL) == f"org:{DEAL}:cash"
    assert account(AccountKind.BUDGET_AVAILABLE, "P3-4", 2026) == "budget:P3-4:2026:available"


IDS_OF = {"org": (str(DEAL),), "deal": (str(DEAL),), "budget": (PROGRAMME, str(YEAR))}


@pytest.mark.parametrize("kind", list(AccountKind))
def test_an_account_reads_back_as_its_kind_and_ids(kind: AccountKind) -> None:
    ids = IDS_OF[kind.value.partition(":")[0]]
    assert read_account(account(kind, *ids)) == (kind, ids)


@pytest.mark.parametrize(
    "ids", [(), (str(DEAL), str(DEAL)), ("not-a-uuid",), (str(DEAL).upper(),), (f"{DEAL}\n",), (f"{DEAL}:cash:x",)]
)
def test_ids_that_do_not_fit_the_kind_name_no_account(ids: tuple[str, ...]) -> None:
    with pytest.raises(MalformedEntry):
        account(AccountKind.DEAL_PAID, *ids)


@pytest.mark.parametrize(
    "name", ["", "cash", f"org:{DEAL}:gold", "budget:P3-4:1999:available", "budget::2026:available"]
)
def test_a_name_outside_the_closed_set_is_no_account(name: str) -> None:
    with pytest.raises(MalformedEntry):
        read_account(name)


# Entries


def entry(*legs: tuple[str, Any], key: str = "k-1", **changes: Any) -> Entry:
    given = {"kind": EntryKind.DEAL_DUE, "memo_code": "deal_due"} | changes
    return Entry(key, occurred_on=DAY, legs=tuple(Leg(*leg) for leg in legs), **given)


ONE, TWO, THREE = cash(LICENSEE), cash(LICENSOR), cash(OTHER)


def test_a_balanced_entry_of_two_or_more_legs_is_fine() -> None:
    assert len(entry((ONE, 3), (TWO, -3)).legs) == 2
    assert len(entry((ONE, 3), (TWO, -1), (THREE, -2)).legs) == 3
    assert len(entry((ONE, LIMIT_FEN), (TWO, -LIMIT_FEN)).legs) == 2


@pytest.mark.parametrize(
    ("legs", "fault"),
    [
        ((), "fewer than two legs"),
        (((ONE, 1),), "fewer than two legs"),
        (((ONE, 3), (TWO, -2)), "the legs add up to 1"),
        (((ONE, 0), (TWO, 0)), "0 is not an amount"),
        (((ONE, LIMIT_FEN + 1), (TWO, -LIMIT_FEN - 1)), "is not an amount"),
        (((ONE, True), (TWO, -1)), "True is not an amount"),
        (((ONE, 1.0), (TWO, -1.0)), "1.0 is not an amount"),
        (((ONE, 1), (ONE, -1)), "appears twice"),
        (((ONE, 1), ("petty cash", -1)), "'petty cash' is not an account"),
    ],
)
def test_an_entry_that_breaks_the_books_cannot_be_built(legs: tuple[tuple[str, Any], ...], fault: str) -> None:
    with pytest.raises(MalformedEntry, match=re.escape(fault)):
        entry(*legs)


@pytest.mark.parametrize("key", ["", "x" * 256, "a b", "line\n", "键"])
def test_a_key_is_short_plain_text(key: str) -> None:
    with pytest.raises(MalformedEntry, match="is not an idempotency key"):
        entry((ONE, 1), (TWO, -1), key=key)
    assert entry((ONE, 1), (TWO, -1), key="x" * 255)


def test_every_fault_of_an_entry_is_named_at_once() -> None:
    with pytest.raises(MalformedEntry) as refusal:
        entry((ONE, 0), key="", memo_code="a secret", kind=EntryKind.REVERSAL)
    for fault in ("idempotency key", "memo code", "not an amount", "fewer than two legs", "names the entry it takes"):
        assert fault in str(refusal.value)


def test_only_a_reversal_names_another_entry() -> None:
    with pytest.raises(MalformedEntry, match="names the entry it takes back"):
        entry((ONE, 1), (TWO, -1), reverses="k-0")


def test_every_kind_of_template_has_its_memo() -> None:
    assert {kind.value for kind in EntryKind} - {"reversal"} <= set(MEMOS)


# The body's hash


def test_the_order_of_the_legs_does_not_change_the_body() -> None:
    assert body_hash(entry((ONE, 1), (TWO, -1))) == body_hash(entry((TWO, -1), (ONE, 1)))


def test_the_key_is_not_part_of_the_body() -> None:
    assert body_hash(paid(key="a")) == body_hash(paid(key="b"))


def test_anything_else_is_part_of_the_body() -> None:
    original = entry((ONE, 1), (TWO, -1))
    others = [
        replace(original, occurred_on=DAY + timedelta(days=1)),
        replace(original, kind=EntryKind.DEAL_PAYMENT),
        replace(original, memo_code="correction"),
        entry((ONE, 2), (TWO, -2)),
        entry((ONE, -1), (TWO, 1)),
        entry((ONE, 1), (THREE, -1)),
        reversal(entry((ONE, -1), (TWO, 1)), "k-2", DAY, "deal_due"),
        reversal(entry((ONE, -1), (TWO, 1), key="k-9"), "k-2", DAY, "deal_due"),
    ]
    assert len({body_hash(one) for one in [original, *others]}) == len(others) + 1


def test_a_replay_of_the_same_body_passes_and_of_another_conflicts() -> None:
    check_replay(paid(500), body_hash(paid(500)))
    with pytest.raises(IdempotencyMismatch) as refusal:
        check_replay(paid(501), body_hash(paid(500)))
    assert refusal.value.status == 409


# Templates


def test_a_payment_moves_cash_and_lowers_what_the_deal_owes() -> None:
    assert as_dict(paid(500)) == {
        cash(LICENSEE): -500,
        cash(LICENSOR): 500,
        f"deal:{DEAL}:receivable": -500,
        f"deal:{DEAL}:paid": 500,
    }


def test_what_a_deal_earned_is_what_it_is_owed_and_what_it_was_paid() -> None:
    found = balances([deal_due("due-1", DAY, 900, deal=DEAL), paid(500)])
    earned, owed, received = (found[f"deal:{DEAL}:{side}"] for side in ("fee", "receivable", "paid"))
    assert (-earned, owed, received) == (900, 400, 500)


def test_a_budget_is_appropriated_reserved_committed_paid_out_and_released() -> None:
    about: dict[str, Any] = {"programme": PROGRAMME, "year": YEAR}
    found = balances(
        [
            budget_appropriation("b-1", DAY, 1000, **about),
            budget_reservation("b-2", DAY, 350, **about),
            budget_commitment("b-3", DAY, 300, **about),
            subsidy_payout("b-4", DAY, 200, beneficiary=OTHER, **about),
            budget_release("b-5", DAY, 100, **about),
            subsidy_interest("b-6", DAY, 7, beneficiary=OTHER, **about),
        ]
    )
    assert found == {
        budget("appropriated"): -1000,
        budget("available"): 750,
        budget("reserved"): 50,
        budget("committed"): 0,
        budget("interest"): 7,
        cash(OTHER): 193,
    }


@pytest.mark.parametrize("fen", [0, -1])
def test_nothing_is_posted_for_no_money(fen: int) -> None:
    with pytest.raises(AmountNotPositive) as refusal:
        paid(fen)
    assert refusal.value.field == "fen"


def test_an_amount_beyond_the_limit_is_refused_to_the_person_who_entered_it() -> None:
    with pytest.raises(AmountTooLarge):
        paid(LIMIT_FEN + 1)


def test_an_organisation_does_not_pay_itself() -> None:
    with pytest.raises(SameParty) as refusal:
        deal_payment("k", DAY, 1, deal=DEAL, licensee=LICENSEE, licensor=LICENSEE)
    assert isinstance(refusal.value, Invalid)


# Reversal


@given(st.integers(1, LIMIT_FEN), st.integers(0, 1000))
def test_an_entry_and_its_reversal_leave_nothing(fen: int, days: int) -> None:
    original = paid(fen)
    back = reversal(original, "back-1", DAY + timedelta(days=days), "returned_by_bank")
    assert set(balances([original, back]).values()) == {0}
    assert (back.reverses, back.kind, back.memo_code) == ("payment-1", EntryKind.REVERSAL, "returned_by_bank")


def test_a_reversal_is_not_reversed() -> None:
    with pytest.raises(NotReversible):
        reversal(reversal(paid(), "back-1", DAY), "back-2", DAY)


def test_a_reversal_is_not_dated_before_what_it_takes_back() -> None:
    with pytest.raises(BeforeOriginal) as refusal:
        reversal(paid(), "back-1", DAY - timedelta(days=1))
    assert refusal.value.phrase % refusal.value.facts


# The journal as a whole, against a plain model


class Book:
    """The smallest journal that keeps the promises: entries by key, nothing ever changed."""

    def __init__(self) -> None:
        self.entries: dict[str, Entry] = {}

    def post(self, entry: Entry) -> Entry:
        recorded = self.entries.get(entry.idempotency_key)
        if recorded is not None:
            check_replay(entry, body_hash(recorded))
            return recorded
        if entry.reverses is not None and entry.reverses in {one.reverses for one in self.entries.values()}:
            raise AlreadyReversed()
        self.entries[entry.idempotency_key] = entry
        return entry


AMOUNTS = st.integers(1, 10**12)
DAYS = st.dates(date(2026, 1, 1), date(2029, 12, 31))
ORGS = [LICENSEE, LICENSOR, OTHER]


class Journal(RuleBasedStateMachine):
    """Cash, budget and deal figures are kept a second time as plain integers, without any ledger."""

    @initialize()
    def open_books(self) -> None:
        self.book = Book()
        self.cash = dict.fromkeys(ORGS, 0)
        self.deal = {"earned": 0, "paid": 0}
        self.budget = dict.fromkeys(("appropriated", "available", "reserved", "committed", "interest"), 0)
        self.undo: dict[str, tuple[dict[Any, int], dict[str, int], dict[str, int]]] = {}

    def record(self, entry: Entry, *, cash: Any = (), deal: Any = (), budget: Any = ()) -> None:
        assert self.book.post(entry) is entry
        changes = (dict(cash), dict(deal), dict(budget))
        self.apply(changes, 1)
        self.undo[entry.idempotency_key] = changes

    def apply(self, changes: tuple[dict[Any, int], dict[str, int], dict[str, int]], sign: int) -> None:
        kept: tuple[dict[Any, int], ...] = (self.cash, self.deal, self.budget)
        for figures, change in zip(kept, changes, strict=True):
            for name, fen in change.items():
                figures[name] += sign * fen

    def key(self) -> str:
        return f"key-{len(self.book.entries)}"

    @rule(fen=AMOUNTS, day=DAYS)
    def fee_falls_due(self, fen: int, day: date) -> None:
        self.record(deal_due(self.key(), day, fen, deal=DEAL), deal={"earned": fen})

    @rule(fen=AMOUNTS, day=DAYS, pair=st.permutations(ORGS))
    def payment(self, fen: int, day: date, pair: list[UUID]) -> None:
        payer, receiver = pair[:2]
        posting = deal_payment(self.key(), day, fen, deal=DEAL, licensee=payer, licensor=receiver)
        self.record(posting, cash={payer: -fen, receiver: fen}, deal={"paid": fen})

    @rule(fen=AMOUNTS, day=DAYS)
    def appropriation(self, fen: int, day: date) -> None:
        posting = budget_appropriation(self.key(), day, fen, programme=PROGRAMME, year=YEAR)
        self.record(posting, budget={"appropriated": fen, "available": fen})

    @rule(fen=AMOUNTS, day=DAYS)
    def reservation(self, fen: int, day: date) -> None:
        posting = budget_reservation(self.key(), day, fen, programme=PROGRAMME, year=YEAR)
        self.record(posting, budget={"available": -fen, "reserved": fen})

    @rule(fen=AMOUNTS, day=DAYS)
    def commitment(self, fen: int, day: date) -> None:
        posting = budget_commitment(self.key(), day, fen, programme=PROGRAMME, year=YEAR)
        self.record(posting, budget={"reserved": -fen, "committed": fen})

    @rule(fen=AMOUNTS, day=DAYS, org=st.sampled_from(ORGS))
    def interest(self, fen: int, day: date, org: UUID) -> None:
        posting = subsidy_interest(self.key(), day, fen, programme=PROGRAMME, year=YEAR, beneficiary=org)
        self.record(posting, cash={org: -fen}, budget={"interest": fen})

    @rule(fen=AMOUNTS, day=DAYS)
    def release(self, fen: int, day: date) -> None:
        posting = budget_release(self.key(), day, fen, programme=PROGRAMME, year=YEAR)
        self.record(posting, budget={"available": fen, "committed": -fen})

    @rule(fen=AMOUNTS, day=DAYS, org=st.sampled_from(ORGS))
    def payout(self, fen: int, day: date, org: UUID) -> None:
        posting = subsidy_payout(self.key(), day, fen, programme=PROGRAMME, year=YEAR, beneficiary=org)
        self.record(posting, cash={org: fen}, budget={"committed": -fen})

    @precondition(lambda self: self.book.entries)
    @rule(data=st.data())
    def same_key_same_body_changes_nothing(self, data: st.DataObject) -> None:
        recorded = self.picked(data)
        before = dict(self.book.entries)
        again = replace(recorded, legs=tuple(reversed(recorded.legs)))
        assert self.book.post(again) is recorded
        assert self.book.entries == before

    @precondition(lambda self: self.book.entries)
    @rule(data=st.data(), days=st.integers(1, 400))
    def same_key_other_body_conflicts_and_changes_nothing(self, data: st.DataObject, days: int) -> None:
        recorded = self.picked(data)
        before = dict(self.book.entries)
        other = data.draw(
            st.sampled_from(
                [
                    replace(recorded, occurred_on=recorded.occurred_on + timedelta(days=days)),
                    replace(recorded, legs=tuple(Leg(leg.account, -leg.fen) for leg in recorded.legs)),
                    replace(recorded, memo_code="entered_twice"),
                ]
            )
        )
        with pytest.raises(IdempotencyMismatch):
            self.book.post(other)
        assert self.book.entries == before

    @precondition(lambda self: self.book.entries)
    @rule(data=st.data(), days=st.integers(0, 400))
    def correction(self, data: st.DataObject, days: int) -> None:
        recorded = self.picked(data)
        if recorded.kind is EntryKind.REVERSAL:
            with pytest.raises(NotReversible):
                reversal(recorded, self.key(), recorded.occurred_on)
            return
        back = reversal(recorded, self.key(), recorded.occurred_on + timedelta(days=days))
        if recorded.idempotency_key in self.undo:
            assert self.book.post(back) is back
            self.apply(self.undo.pop(recorded.idempotency_key), -1)
        else:
            with pytest.raises(AlreadyReversed):
                self.book.post(back)

    def picked(self, data: st.DataObject) -> Entry:
        return data.draw(st.sampled_from(list(self.book.entries.values())))

    @invariant()
    def the_books_add_up_to_zero_and_agree_with_the_plain_figures(self) -> None:
        found = balances(self.book.entries.values())
        assert sum(found.values()) == 0
        expected = {cash(org): fen for org, fen in self.cash.items()}
        expected[f"deal:{DEAL}:fee"] = -self.deal["earned"]
        expected[f"deal:{DEAL}:paid"] = self.deal["paid"]
        expected[f"deal:{DEAL}:receivable"] = self.deal["earned"] - self.deal["paid"]
        expected[budget("appropriated")] = -self.budget["appropriated"]
        expected[budget("available")] = self.budget["available"]
        expected[budget("reserved")] = self.budget["reserved"]
        expected[budget("committed")] = self.budget["committed"]
        expected[budget("interest")] = self.budget["interest"]
        assert {name: fen for name, fen in found.items() if fen} == {name: fen for name, fen in expected.items() if fen}


Journal.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestJournal = Journal.TestCase
