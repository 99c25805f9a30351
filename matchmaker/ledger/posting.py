"""Double entry: what may be written into the journal. Pure.

An entry is two or more legs that add up to zero: debits positive, credits negative, whole fen. Entries are
never changed; a mistake is taken back by the opposite entry (`reversal`). Each entry carries an idempotency
key: the same key with the same body is the same entry, with another body it is a conflict (`check_replay`).

The books record what others report: `org:<uuid>:cash` may go below zero. For every deal
fee + receivable + paid = 0, that is: earned = still owed + paid. For every budget
appropriated + available + reserved + committed + (paid out, in the receivers' cash) = 0.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from uuid import UUID

from matchmaker.core.errors import N_, Conflict, IdempotencyMismatch, Invalid
from matchmaker.core.money import LIMIT_FEN, within_limit

KEY_LIMIT = 255


class AccountKind(StrEnum):
    """Closed set; the value is the grammar of the account's name."""

    ORG_CASH = "org:<uuid>:cash"
    DEAL_FEE = "deal:<uuid>:fee"
    DEAL_RECEIVABLE = "deal:<uuid>:receivable"
    DEAL_PAID = "deal:<uuid>:paid"
    BUDGET_APPROPRIATED = "budget:<programme>:<year>:appropriated"
    BUDGET_AVAILABLE = "budget:<programme>:<year>:available"
    BUDGET_RESERVED = "budget:<programme>:<year>:reserved"
    BUDGET_COMMITTED = "budget:<programme>:<year>:committed"
    BUDGET_INTEREST = "budget:<programme>:<year>:interest"


_ID_FORMS = {
    "<uuid>": "([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
    "<programme>": "([A-Za-z0-9][A-Za-z0-9.-]{0,63})",
    "<year>": "(20[0-9]{2})",
}


def _grammar(kind: AccountKind) -> re.Pattern[str]:
    return re.compile("".join(_ID_FORMS.get(part, part) for part in re.split("(<[a-z]+>)", kind.value)))


_GRAMMARS = {kind: _grammar(kind) for kind in AccountKind}


class MalformedEntry(ValueError):
    """A posting that no caller should ever build. A mistake in the program, not a refusal to a person."""


class AmountNotPositive(Invalid):
    code = "ledger.amount_not_positive"
    phrase = N_("Enter an amount above zero.")


class SameParty(Invalid):
    code = "ledger.same_party"
    phrase = N_("An organisation cannot pay itself. Choose another payer or receiver.")


class BeforeOriginal(Invalid):
    """Facts: occurred_on, the day of the posting to be taken back."""

    code = "ledger.before_original"
    phrase = N_("A posting cannot be taken back before the day it was made for, %(occurred_on)s. Choose a later day.")


class AlreadyReversed(Conflict):
    code = "ledger.already_reversed"
    phrase = N_("This posting has already been taken back. Reload the page to see both.")


class NotReversible(Conflict):
    code = "ledger.not_reversible"
    phrase = N_("A posting that takes another back is not itself taken back. Record the correct posting anew.")


def account(kind: AccountKind, *ids: UUID | str | int) -> str:
    """Name of an account: `account(AccountKind.DEAL_PAID, deal_id)`. MalformedEntry where ids do not fit."""
    given = iter(ids)
    parts = re.split("(<[a-z]+>)", kind.value)
    name = "".join(str(next(given, "")) if part in _ID_FORMS else part for part in parts)
    if next(given, None) is not None or not _GRAMMARS[kind].fullmatch(name):
        raise MalformedEntry(f"{ids} does not name a {kind.name} account")
    return name


def read_account(name: str) -> tuple[AccountKind, tuple[str, ...]]:
    """Kind and ids of an account's name. MalformedEntry unless the grammar of some kind fits."""
    for kind, grammar in _GRAMMARS.items():
        if match := grammar.fullmatch(name):
            return kind, match.groups()
    raise MalformedEntry(f"{name!r} is not an account")


@dataclass(frozen=True, slots=True)
class Leg:
    """One side of an entry: debit positive, credit negative."""

    account: str
    fen: int


class EntryKind(StrEnum):
    DEAL_DUE = "deal_due"
    DEAL_PAYMENT = "deal_payment"
    BUDGET_APPROPRIATION = "budget_appropriation"
    BUDGET_RESERVATION = "budget_reservation"
    BUDGET_COMMITMENT = "budget_commitment"
    BUDGET_RELEASE = "budget_release"
    SUBSIDY_PAYOUT = "subsidy_payout"
    SUBSIDY_INTEREST = "subsidy_interest"
    REVERSAL = "reversal"


MEMOS: Mapping[str, str] = MappingProxyType(
    {
        "deal_due": N_("Licence fee due"),
        "deal_payment": N_("Licence fee paid"),
        "budget_appropriation": N_("Budget made available"),
        "budget_reservation": N_("Sum proposed for a claim"),
        "budget_commitment": N_("Claim approved"),
        "budget_release": N_("Approved amount released"),
        "subsidy_payout": N_("Subsidy paid out"),
        "subsidy_interest": N_("Interest on a subsidy taken back"),
        "reservation_released": N_("Proposed sum released"),
        "subsidy_recovered": N_("Subsidy taken back"),
        "correction": N_("Correction of a posting"),
        "entered_twice": N_("Posting entered twice"),
        "returned_by_bank": N_("Payment returned by the bank"),
    }
)
"""Closed set of memo codes with their phrases: what a statement prints for an entry."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A balanced posting. `reverses` is the key of the entry that a reversal takes back.

    Raises MalformedEntry with every fault: fewer than two legs, not adding up to zero, an unknown account or
    one named twice, an amount that is zero, no whole number or over the limit, a bad key or memo code.
    """

    idempotency_key: str
    kind: EntryKind
    occurred_on: date
    legs: tuple[Leg, ...]
    memo_code: str
    reverses: str | None = None

    def __post_init__(self) -> None:
        faults = [*_key_faults(self.idempotency_key), *_leg_faults(self.legs)]
        if self.memo_code not in MEMOS:
            faults.append(f"unknown memo code {self.memo_code!r}")
        if (self.kind is EntryKind.REVERSAL) != (self.reverses is not None):
            faults.append("a reversal, and nothing else, names the entry it takes back")
        if faults:
            raise MalformedEntry("; ".join(faults))


def _key_faults(key: str) -> list[str]:
    fits = 0 < len(key) <= KEY_LIMIT and key.isascii() and key.isprintable() and " " not in key
    return [] if fits else [f"{key!r} is not an idempotency key"]


def _leg_faults(legs: tuple[Leg, ...]) -> list[str]:
    faults = []
    for leg in legs:
        # bool is an int to isinstance, and True would post one fen
        if type(leg.fen) is not int or leg.fen == 0 or abs(leg.fen) > LIMIT_FEN:
            faults.append(f"{leg.fen!r} is not an amount to post")
        try:
            read_account(leg.account)
        except MalformedEntry as fault:
            faults.append(str(fault))
    twice = [account for account, count in Counter(leg.account for leg in legs).items() if count > 1]
    faults.extend(f"{account} appears twice" for account in twice)
    if len(legs) < 2:
        faults.append("fewer than two legs")
    if not faults and sum(leg.fen for leg in legs) != 0:
        faults.append(f"the legs add up to {sum(leg.fen for leg in legs)}")
    return faults


def body_hash(entry: Entry) -> str:
    """SHA-256 of all that the entry says except its key; the order of the legs says nothing."""
    body = {
        "kind": entry.kind.value,
        "occurred_on": entry.occurred_on.isoformat(),
        "legs": sorted([leg.account, leg.fen] for leg in entry.legs),
        "memo_code": entry.memo_code,
        "reverses": entry.reverses,
    }
    return hashlib.sha256(json.dumps(body, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def check_replay(entry: Entry, recorded_hash: str) -> None:
    """Pass where this entry is the one recorded under its key. Raises IdempotencyMismatch where it is another."""
    if body_hash(entry) != recorded_hash:
        raise IdempotencyMismatch(idempotency_key=entry.idempotency_key)


def reversal(entry: Entry, key: str, occurred_on: date, memo_code: str = "correction") -> Entry:
    """The opposite of an entry, on that day or later. Raises NotReversible for a reversal, BeforeOriginal.

    That an entry is reversed once at most is for the journal to guard (AlreadyReversed).
    """
    if entry.kind is EntryKind.REVERSAL:
        raise NotReversible()
    if occurred_on < entry.occurred_on:
        raise BeforeOriginal(field="occurred_on", occurred_on=entry.occurred_on)
    legs = tuple(Leg(leg.account, -leg.fen) for leg in entry.legs)
    return Entry(key, EntryKind.REVERSAL, occurred_on, legs, memo_code, reverses=entry.idempotency_key)


def balances(entries: Iterable[Entry]) -> dict[str, int]:
    """Balance of every account named, by name. The values always add up to zero."""
    found: Counter[str] = Counter()
    for entry in entries:
        for leg in entry.legs:
            found[leg.account] += leg.fen
    return dict(sorted(found.items()))


# Templates


def deal_due(key: str, occurred_on: date, fen: int, *, deal: UUID) -> Entry:
    """A fee falls due under a deal."""
    return _moved(
        EntryKind.DEAL_DUE,
        key,
        occurred_on,
        fen,
        (account(AccountKind.DEAL_FEE, deal), account(AccountKind.DEAL_RECEIVABLE, deal)),
    )


def deal_payment(key: str, occurred_on: date, fen: int, *, deal: UUID, licensee: UUID, licensor: UUID) -> Entry:
    """The licensee pays the licensor under a deal; what the deal still owes goes down by as much."""
    if licensee == licensor:
        raise SameParty(field="licensee")
    return _moved(
        EntryKind.DEAL_PAYMENT,
        key,
        occurred_on,
        fen,
        (account(AccountKind.ORG_CASH, licensee), account(AccountKind.ORG_CASH, licensor)),
        (account(AccountKind.DEAL_RECEIVABLE, deal), account(AccountKind.DEAL_PAID, deal)),
    )


def budget_appropriation(key: str, occurred_on: date, fen: int, *, programme: str, year: int) -> Entry:
    """Money is made available to a programme for a year."""
    return _moved(
        EntryKind.BUDGET_APPROPRIATION,
        key,
        occurred_on,
        fen,
        (account(AccountKind.BUDGET_APPROPRIATED, programme, year), _available(programme, year)),
    )


def budget_reservation(key: str, occurred_on: date, fen: int, *, programme: str, year: int) -> Entry:
    """A sum is proposed for a claim: it leaves what is available. Taken back by its reversal."""
    return _moved(
        EntryKind.BUDGET_RESERVATION, key, occurred_on, fen, (_available(programme, year), _reserved(programme, year))
    )


def budget_commitment(key: str, occurred_on: date, fen: int, *, programme: str, year: int) -> Entry:
    """A claim is approved: what was reserved for it is committed."""
    return _moved(
        EntryKind.BUDGET_COMMITMENT, key, occurred_on, fen, (_reserved(programme, year), _committed(programme, year))
    )


def budget_release(key: str, occurred_on: date, fen: int, *, programme: str, year: int) -> Entry:
    """An approved amount, or what is left of it, becomes available again."""
    return _moved(
        EntryKind.BUDGET_RELEASE, key, occurred_on, fen, (_committed(programme, year), _available(programme, year))
    )


def subsidy_payout(key: str, occurred_on: date, fen: int, *, programme: str, year: int, beneficiary: UUID) -> Entry:
    """An approved amount is paid to its beneficiary."""
    return _moved(
        EntryKind.SUBSIDY_PAYOUT,
        key,
        occurred_on,
        fen,
        (_committed(programme, year), account(AccountKind.ORG_CASH, beneficiary)),
    )


def subsidy_interest(key: str, occurred_on: date, fen: int, *, programme: str, year: int, beneficiary: UUID) -> Entry:
    """A beneficiary pays interest on a subsidy that was taken back. It is no part of the budget."""
    interest = account(AccountKind.BUDGET_INTEREST, programme, year)
    return _moved(
        EntryKind.SUBSIDY_INTEREST, key, occurred_on, fen, (account(AccountKind.ORG_CASH, beneficiary), interest)
    )


def _available(programme: str, year: int) -> str:
    return account(AccountKind.BUDGET_AVAILABLE, programme, year)


def _reserved(programme: str, year: int) -> str:
    return account(AccountKind.BUDGET_RESERVED, programme, year)


def _committed(programme: str, year: int) -> str:
    return account(AccountKind.BUDGET_COMMITTED, programme, year)


def _moved(kind: EntryKind, key: str, occurred_on: date, fen: int, *moves: tuple[str, str]) -> Entry:
    """The same amount moved from the first account of each pair to the second."""
    if within_limit(fen, field="fen") <= 0:
        raise AmountNotPositive(field="fen")
    legs = tuple(leg for source, target in moves for leg in (Leg(target, fen), Leg(source, -fen)))
    return Entry(key, kind, occurred_on, legs, memo_code=kind.value)
