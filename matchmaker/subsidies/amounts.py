"""How much a clause grants, with every step of the working. Pure.

`amount = min(rate x base, cap - granted before in the cap's period)`, where the base is the least of the sums of money
that the clause names: as a rule the approved technology transaction sum, the invoices and the receipts (DOMAIN.md 2.3).
The policy of 2025 states caps and fixed sums, no rates: without one nothing is computed, the claimant names a sum
under the cap and the reviewer judges it. With one, a deal in its free period earns nothing, since nothing was received.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Any

from matchmaker.core.errors import N_, Conflict, DomainError, Invalid
from matchmaker.core.money import at_rate, within_limit
from matchmaker.subsidies.catalogue import Clause, ClauseKind
from matchmaker.subsidies.facts import FACTS, value_of


class PaysNothing(Conflict):
    """The clause is a budget line, a percentage or an intention. Facts: clause (id)."""

    code = "subsidies.pays_nothing"
    phrase = N_("Clause %(clause)s sets no sum that anyone can claim. Choose a clause with a cap or a fixed sum.")


class NothingToClaim(Invalid):
    code = "subsidies.nothing_to_claim"
    phrase = N_("The sum you claim must be more than zero. Enter it in yuan.")


class OverCap(Invalid):
    """Facts: cap_fen, granted_fen, left_fen."""

    code = "subsidies.over_cap"
    phrase = N_(
        "The clause grants %(cap_fen)s at most, of which %(granted_fen)s was granted before. "
        "Claim %(left_fen)s or less."
    )


class CapUsedUp(OverCap):
    """Facts: cap_fen, granted_fen, left_fen (0)."""

    code = "subsidies.cap_used_up"
    phrase = N_(
        "The clause grants %(cap_fen)s at most, and %(granted_fen)s was granted before: nothing is left to claim here."
    )


class NotTheFixedSum(Invalid):
    """Facts: amount_fen."""

    code = "subsidies.not_the_fixed_sum"
    phrase = N_("The clause grants exactly %(amount_fen)s, no more and no less. Enter that sum.")


class NothingReceivedYet(Conflict):
    """Facts: base_fen."""

    code = "subsidies.nothing_received_yet"
    phrase = N_(
        "The clause grants a share of the money received, and %(base_fen)s received so far gives nothing. "
        "Claim again once a payment has arrived."
    )


class StillFree(NothingReceivedYet):
    """Facts: base_fen, free_until."""

    code = "subsidies.still_free"
    phrase = N_(
        "The deal is in its free period until %(free_until)s. The clause grants a share of the money received, "
        "so that it is nothing now. That changes with the first payment after the free period: claim again then."
    )


class OverRate(Invalid):
    """Facts: base_fen, computed_fen."""

    code = "subsidies.over_rate"
    phrase = N_("For %(base_fen)s received the clause grants %(computed_fen)s. Claim that sum or less.")


class BelowMinimum(Conflict):
    """Facts: computed_fen, minimum_fen."""

    code = "subsidies.below_minimum"
    phrase = N_(
        "The clause would grant %(computed_fen)s here, and nothing below %(minimum_fen)s is paid out. "
        "Claim once more of the money has arrived."
    )


class MoneyNotShown(Conflict):
    """Facts: missing (labels of facts, catalogue keys)."""

    code = "subsidies.money_not_shown"
    phrase = N_("The sum cannot be worked out yet: what it rests on is not recorded. Look at the working.")


@dataclass(frozen=True)
class Step:
    """One line of a working: what it is (catalogue key) and how much: an amount, a rate or a number.

    All three null: the amount is not recorded.
    """

    label: str
    fen: int | None
    rate: Fraction | None = None
    number: int | None = None


@dataclass(frozen=True)
class Working:
    """How the sum was found, line by line; `note` (catalogue key) says what stays open.

    `amount_fen` is what is asked, or what the clause grants where nothing is asked. `computed_fen` is what the clause
    grants: null where it names no rate, or where `missing` facts stand in the way. `limit_fen` is the most that can be
    asked. `refusal` says why what was asked cannot be granted.
    """

    amount_fen: int
    steps: tuple[Step, ...]
    note: str | None = None
    computed_fen: int | None = None
    limit_fen: int = 0
    missing: tuple[str, ...] = ()
    refusal: DomainError | None = field(default=None, compare=False)


NO_RATE = N_(
    "The implementing rules of this clause are not recorded: there is no rate to compute by, "
    "and the reviewer judges the sum under the cap."
)


@dataclass(frozen=True)
class _Found:
    """What the steps come to. `base_fen` is null where there is no rate, or where it is not recorded."""

    cap_fen: int
    granted_fen: int
    left_fen: int
    base_fen: int | None
    computed_fen: int | None
    missing: tuple[str, ...]
    too_little: DomainError | None = None


def work_out(
    clause: Clause,
    facts: Mapping[str, Any],
    *,
    on: date,
    requested_fen: int | None,
    granted_fen: int,
    base_fen: int | None = None,
) -> Working:
    """Working of a clause as it reads on the day. Raises nothing: what is wrong is the `refusal`.

    `granted_fen` is what the claimant was granted before under this clause for the same thing the sum is per (the same
    year, project, person ...). `base_fen` stands in for the sums of money that the clause names, where it is given.
    """
    if not clause.pays or clause.amount_fen is None:
        return Working(0, (), refusal=PaysNothing(clause=clause.id))
    odd = _odd(requested_fen)
    if odd is not None:
        return Working(0, (), refusal=odd)
    steps, found = _found(clause, facts, on, max(granted_fen, 0), base_fen)
    refusal = _refusal(clause, found, requested_fen)
    amount_fen = requested_fen if requested_fen is not None else found.computed_fen or 0
    if requested_fen is not None or found.computed_fen is not None:
        label = N_("Claimed") if requested_fen is not None else N_("Granted by the clause")
        steps.append(Step(label, amount_fen))
    return Working(
        amount_fen,
        tuple(steps),
        NO_RATE if clause.rate is None and clause.kind is ClauseKind.CAP else None,
        found.computed_fen,
        found.left_fen if found.computed_fen is None else found.computed_fen,
        found.missing,
        refusal,
    )


def claimable(
    clause: Clause,
    requested_fen: int,
    granted_fen_in_period: int,
    *,
    base_fen: int | None = None,
    facts: Mapping[str, Any] = MappingProxyType({}),
    on: date | None = None,
    field: str | None = None,
) -> Working:
    """Working of a claim for `requested_fen` under a clause as it reads now, or on the day.

    Raises PaysNothing, NothingToClaim, CapUsedUp, OverCap, NotTheFixedSum, NothingReceivedYet, StillFree, BelowMinimum,
    MoneyNotShown or OverRate, with `field` as the field at fault.
    """
    if granted_fen_in_period < 0:
        raise ValueError("what was granted before cannot be negative")
    rule = clause if on is None else clause.on(on)
    working = work_out(
        rule,
        facts,
        on=on or rule.in_force_from,
        requested_fen=requested_fen,
        granted_fen=granted_fen_in_period,
        base_fen=base_fen,
    )
    if working.refusal is not None:
        working.refusal.field = field
        raise working.refusal
    return working


def _found(
    clause: Clause, facts: Mapping[str, Any], on: date, granted_fen: int, given_fen: int | None
) -> tuple[list[Step], _Found]:
    fixed = clause.kind is ClauseKind.FIXED
    steps, cap_fen, missing = _cap(clause, facts, fixed)
    once = fixed and not clause.counts
    left_fen = (0 if granted_fen else cap_fen) if once else max(cap_fen - granted_fen, 0)
    steps += [Step(N_("Granted before"), granted_fen), Step(N_("Left to claim"), left_fen)]
    if clause.rate is None:
        computed_fen = left_fen if fixed and not missing else None
        return steps, _Found(cap_fen, granted_fen, left_fen, None, computed_fen, missing)
    base_fen, lines, lacking = _base(clause, facts, given_fen)
    steps, missing = steps + lines, missing + lacking
    if base_fen is None or missing:
        return steps, _Found(cap_fen, granted_fen, left_fen, base_fen, None, missing)
    share_fen = at_rate(base_fen, clause.rate)
    steps += [Step(N_("Rate"), None, rate=clause.rate), Step(N_("Share at the rate"), share_fen)]
    computed_fen = min(share_fen, left_fen)
    too_little = _too_little(clause, facts, on, base_fen, computed_fen if share_fen > 0 else None)
    if too_little is not None:
        computed_fen = 0
    return steps, _Found(cap_fen, granted_fen, left_fen, base_fen, computed_fen, (), too_little)


def cap_fen(clause: Clause, facts: Mapping[str, Any]) -> int:
    """What one claimant is granted at most in one period of the cap; `facts` say for how many persons, where it counts
    persons.
    """
    return _cap(clause, facts, fixed=False)[1]


def _odd(requested_fen: int | None) -> DomainError | None:
    """Why what is asked is no sum that can be asked."""
    if requested_fen is None:
        return None
    try:
        return None if within_limit(requested_fen) > 0 else NothingToClaim()
    except Invalid as error:
        return error


def _cap(clause: Clause, facts: Mapping[str, Any], fixed: bool) -> tuple[list[Step], int, tuple[str, ...]]:
    """The sum of the clause, for each person where it counts persons, and the facts it lacks."""
    assert clause.amount_fen is not None
    label = N_("Fixed sum of the clause") if fixed else N_("Cap of the clause")
    steps = [Step(label, clause.amount_fen)]
    if clause.counts is None:
        return steps, clause.amount_fen, ()
    number = value_of(facts, clause.counts)
    steps.append(Step(FACTS[clause.counts].label, None, number=number if isinstance(number, int) else None))
    if not isinstance(number, int):
        return steps, clause.amount_fen, (clause.counts,)
    total_fen = clause.amount_fen * number
    return [*steps, Step(N_("Sum for all of them"), total_fen)], total_fen, ()


def _base(
    clause: Clause, facts: Mapping[str, Any], given_fen: int | None
) -> tuple[int | None, list[Step], tuple[str, ...]]:
    """The least of the sums that the clause names, a line for each, and those that are not recorded."""
    label = N_("Money that counts, the least of these")
    if given_fen is not None:
        return given_fen, [Step(N_("Money received that counts"), given_fen)], ()
    sums = {name: value_of(facts, name) for name in clause.base or () if name in FACTS}
    steps = [Step(FACTS[name].label, fen if isinstance(fen, int) else None) for name, fen in sums.items()]
    missing = tuple(name for name, fen in sums.items() if fen is None)
    known = [fen for fen in sums.values() if isinstance(fen, int)]
    if 0 in known:
        return 0, [*steps, Step(label, 0)], ()  # whatever the others are, the least is nothing
    if missing or not known:
        return None, steps, missing
    return min(known), [*steps, Step(label, min(known))], ()


def _too_little(
    clause: Clause, facts: Mapping[str, Any], on: date, base_fen: int, sum_fen: int | None
) -> DomainError | None:
    """Why the sum is not paid out; `sum_fen` is null where the share comes to nothing."""
    if sum_fen is None:
        free_until = value_of(facts, "free_until")
        if base_fen == 0 and isinstance(free_until, date) and free_until >= on:
            return StillFree(base_fen=base_fen, free_until=free_until)
        return NothingReceivedYet(base_fen=base_fen)
    if clause.minimum_fen is not None and 0 < sum_fen < clause.minimum_fen:
        return BelowMinimum(computed_fen=sum_fen, minimum_fen=clause.minimum_fen)
    return None


def _refusal(clause: Clause, found: _Found, requested_fen: int | None) -> DomainError | None:
    """Why the sum cannot be granted: the cap comes first, then what it rests on, then what was asked."""
    cap: dict[str, Any] = {"cap_fen": found.cap_fen, "granted_fen": found.granted_fen, "left_fen": found.left_fen}
    fixed = clause.kind is ClauseKind.FIXED
    counted = clause.counts in found.missing
    if found.left_fen == 0 and not counted:
        return CapUsedUp(**cap)
    if requested_fen is not None and not counted:
        if fixed and requested_fen != found.left_fen:
            return NotTheFixedSum(amount_fen=found.left_fen)
        if requested_fen > found.left_fen:
            return OverCap(**cap)
    if found.missing:
        return MoneyNotShown(missing=tuple(FACTS[name].label for name in found.missing))
    if found.too_little is not None:
        return found.too_little
    if found.base_fen is not None and requested_fen is not None and requested_fen > (found.computed_fen or 0):
        return OverRate(base_fen=found.base_fen, computed_fen=found.computed_fen)
    return None
