"""The register of shares of a deal that is paid for in them: project money, the stake, its changes, its end. Pure.

Technology for shares (作价入股): the stake is taken, diluted or sold in parts, and given up at last. Invest first,
shares later (先投后股): before that the project money is paid in parts, and the stake follows when what the terms name
has happened (DOMAIN.md 7). One principal declares, the other confirms or disputes; only what is confirmed counts.
Nothing is ever changed: what was wrong is disputed and declared anew.

Shares are whole millionths of the company, money is whole fen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Protocol

from matchmaker.core.errors import N_, Conflict, Invalid
from matchmaker.deals.states import PartyRole
from matchmaker.deals.terms import InvestFirst, Stake, Terms

WHOLE = 1_000_000
"""Millionths of the company."""


class StakeKind(StrEnum):
    MONEY_PAID = "money_paid"  # a part of the project money
    TAKEN = "taken"  # the shares were registered
    DILUTED = "diluted"  # by new capital: a smaller share, no money
    SOLD = "sold"  # a part of it, for money
    EXITED = "exited"  # all that was left, at whatever it brought
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"


class ExitWay(StrEnum):
    BUYBACK = "buyback"
    TRANSFER = "transfer"
    LISTING = "listing"
    LIQUIDATION = "liquidation"


STAKE_LABELS: Mapping[StakeKind, str] = MappingProxyType(
    {
        StakeKind.MONEY_PAID: N_("Project money paid"),
        StakeKind.TAKEN: N_("Stake taken"),
        StakeKind.DILUTED: N_("Stake diluted"),
        StakeKind.SOLD: N_("Part of the stake sold"),
        StakeKind.EXITED: N_("Stake given up"),
        StakeKind.CONFIRMED: N_("Entry confirmed"),
        StakeKind.DISPUTED: N_("Entry disputed"),
    }
)
WAY_LABELS: Mapping[ExitWay, str] = MappingProxyType(
    {
        ExitWay.BUYBACK: N_("Bought back by the company or its founders"),
        ExitWay.TRANSFER: N_("Sold to others"),
        ExitWay.LISTING: N_("Sold on an exchange after listing"),
        ExitWay.LIQUIDATION: N_("Winding-up of the company"),
    }
)

ANSWERS = frozenset({StakeKind.CONFIRMED, StakeKind.DISPUTED})
_SHARES = frozenset({StakeKind.TAKEN, StakeKind.DILUTED, StakeKind.SOLD, StakeKind.EXITED})
BRINGS_MONEY = frozenset({StakeKind.SOLD, StakeKind.EXITED})


class NoShares(Conflict):
    code = "stake.no_shares"
    phrase = N_("This deal is not paid for in shares, so it has no register of them.")


class AnswerFirst(Conflict):
    code = "stake.answer_first"
    phrase = N_("An entry about the stake awaits the other side's answer. Wait for it before you enter the next one.")


class NotTaken(Conflict):
    code = "stake.not_taken"
    phrase = N_("No stake is held: it was not taken yet, or has been given up already.")


class AlreadyTaken(Conflict):
    code = "stake.already_taken"
    phrase = N_("The stake was taken already. Enter what changed since, or that it was given up.")


class MoneyBeyondTerms(Invalid):
    """Facts: left_fen."""

    code = "stake.money_beyond_terms"
    phrase = N_("The terms promise project money of which %(left_fen)s is left. Enter at most that.")


class NoProjectMoney(Conflict):
    code = "stake.no_project_money"
    phrase = N_("These terms name no project money: the technology itself is exchanged for shares.")


class ShareNotSmaller(Invalid):
    """Facts: held (Fraction)."""

    code = "stake.share_not_smaller"
    phrase = N_("%(held)s is held. What is left after this is less than that, and more than nothing.")


class ShareOutOfRange(Invalid):
    code = "stake.share_out_of_range"
    phrase = N_("A share is more than 0 and at most 100 %%, to four places after the point.")


class BeforeTheLast(Invalid):
    """Facts: last_on."""

    code = "stake.before_the_last"
    phrase = N_("The register goes on in the order of days: the last entry is of %(last_on)s.")


class Entered(Protocol):
    """`about`: number of the entry that this one answers. `ppm`: share held from this entry on."""

    number: int
    kind: StakeKind
    party: PartyRole
    about: int | None
    on: date | None
    fen: int | None
    ppm: int | None


@dataclass(frozen=True, slots=True)
class Register:
    """What stands of a register: only confirmed entries count. `open` are those that await an answer."""

    money_fen: int
    valued_fen: int | None
    held_ppm: int | None  # None: no stake was taken yet
    proceeds_fen: int
    last_on: date | None
    open: tuple[Entered, ...]

    @property
    def result_fen(self) -> int | None:
        """What was brought in beyond what the stake was taken for, or below it; None while something is held."""
        if self.held_ppm != 0:
            return None
        return self.proceeds_fen - (self.money_fen or self.valued_fen or 0)


def register(entries: Sequence[Entered]) -> Register:
    answers = {one.about: one.kind for one in entries if one.kind in ANSWERS}
    stands = [one for one in entries if answers.get(one.number) is StakeKind.CONFIRMED]
    shares = [one for one in stands if one.kind in _SHARES]
    taken = next((one for one in shares if one.kind is StakeKind.TAKEN), None)
    return Register(
        money_fen=sum(one.fen or 0 for one in stands if one.kind is StakeKind.MONEY_PAID),
        valued_fen=taken.fen if taken is not None else None,
        held_ppm=shares[-1].ppm if shares else None,
        proceeds_fen=sum(one.fen or 0 for one in stands if one.kind in BRINGS_MONEY),
        last_on=max((one.on for one in shares if one.on is not None), default=None),
        open=tuple(one for one in entries if one.kind not in ANSWERS and one.number not in answers),
    )


def answer_to(entries: Sequence[Entered], number: int) -> StakeKind | None:
    """How an entry was answered, None while it was not."""
    return next((one.kind for one in entries if one.kind in ANSWERS and one.about == number), None)


def check_money(terms: Terms, entries: Sequence[Entered], fen: int) -> None:
    """Raises NoShares, NoProjectMoney, MoneyBeyondTerms; money declared and not disputed counts as paid."""
    fee = _fee(terms)
    if not isinstance(fee, InvestFirst):
        raise NoProjectMoney()
    found = register(entries)
    waiting = sum(one.fen or 0 for one in found.open if one.kind is StakeKind.MONEY_PAID)
    left_fen = fee.project_fen - found.money_fen - waiting
    if not 0 < fen <= left_fen:
        raise MoneyBeyondTerms(field="fen", left_fen=left_fen)


def check_share(terms: Terms, entries: Sequence[Entered], kind: StakeKind, ppm: int, on: date) -> None:
    """Whether this may come next. Raises NoShares, AnswerFirst, AlreadyTaken, NotTaken, BeforeTheLast,
    ShareOutOfRange, ShareNotSmaller."""
    _fee(terms)
    found = register(entries)
    if any(one.kind in _SHARES for one in found.open):
        raise AnswerFirst()
    if kind is StakeKind.TAKEN and found.held_ppm is not None:
        raise AlreadyTaken()
    if kind is not StakeKind.TAKEN and not found.held_ppm:
        raise NotTaken()
    if found.last_on is not None and on < found.last_on:
        raise BeforeTheLast(field="on", last_on=found.last_on)
    if kind is StakeKind.TAKEN and not 0 < ppm <= WHOLE:
        raise ShareOutOfRange(field="share")
    if kind in (StakeKind.DILUTED, StakeKind.SOLD) and not 0 < ppm < (found.held_ppm or 0):
        raise ShareNotSmaller(field="share", held=Fraction(found.held_ppm or 0, WHOLE))


def brings_reward(entries: Sequence[Entered], entry: Entered) -> bool:
    """Whether a confirmed entry is something the completers share in: the stake taken, or money it brought."""
    stands = answer_to(entries, entry.number) is StakeKind.CONFIRMED
    return stands and (entry.kind is StakeKind.TAKEN or (entry.kind in BRINGS_MONEY and bool(entry.fen)))


def is_settled(terms: Terms, entries: Sequence[Entered]) -> bool:
    """Whether nothing is left to happen: of a deal paid for in shares, they were taken and given up, all confirmed."""
    if not isinstance(terms.fee, Stake | InvestFirst):
        return True
    found = register(entries)
    return found.held_ppm == 0 and not found.open


def _fee(terms: Terms) -> Stake | InvestFirst:
    if not isinstance(terms.fee, Stake | InvestFirst):
        raise NoShares()
    return terms.fee


def ppm_of(share: Fraction) -> int:
    """Whole millionths. Raises ShareOutOfRange for a share that has none."""
    millionths = share * WHOLE
    if millionths.denominator != 1:
        raise ShareOutOfRange(field="share")
    return int(millionths)
