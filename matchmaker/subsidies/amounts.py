"""How much of a clause a claim can ask for, with the working that pages show. Pure.

The policy of 2025 states caps and fixed sums, no rates (DOMAIN.md section 2.3). Without a rate there is nothing
to compute: the claimant names a sum under the cap and the reviewer judges it. With a rate, the sum is
also limited to the rate of what was received, so that during a free trial it is zero.
"""

from __future__ import annotations

from dataclasses import dataclass

from matchmaker.core.errors import N_, Conflict, Invalid
from matchmaker.core.money import at_rate, within_limit
from matchmaker.subsidies.catalogue import Clause, ClauseKind


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


class OverRate(Invalid):
    """Facts: base_fen, computed_fen."""

    code = "subsidies.over_rate"
    phrase = N_("For %(base_fen)s received the clause grants %(computed_fen)s. Claim that sum or less.")


@dataclass(frozen=True)
class Step:
    """One line of a working: what it is (catalogue key) and how much."""

    label: str
    fen: int


@dataclass(frozen=True)
class Working:
    """How the claimed amount was checked, line by line; `note` (catalogue key) says what stays open."""

    amount_fen: int
    steps: tuple[Step, ...]
    note: str | None = None


NO_RATE = N_(
    "The implementing rules of this clause are not recorded: there is no rate to compute by, "
    "and the reviewer judges the sum under the cap."
)


def claimable(
    clause: Clause,
    requested_fen: int,
    granted_fen_in_period: int,
    *,
    base_fen: int | None = None,
    field: str | None = None,
) -> Working:
    """Working of a claim for `requested_fen` under a clause.

    `granted_fen_in_period` is what the claimant was granted before under this clause for the same thing the sum
    is per (the same year, project, person ...). `base_fen`, what the rate applies to, is needed where the clause has a
    rate, else ValueError. Raises PaysNothing, NothingToClaim, CapUsedUp, OverCap, NotTheFixedSum, NothingReceivedYet
    or OverRate.
    """
    cap_fen = clause.amount_fen
    if not clause.pays or cap_fen is None:
        raise PaysNothing(clause=clause.id)
    if granted_fen_in_period < 0:
        raise ValueError("what was granted before cannot be negative")
    if within_limit(requested_fen, field=field) <= 0:
        raise NothingToClaim(field=field)

    fixed = clause.kind is ClauseKind.FIXED
    left_fen = 0 if fixed and granted_fen_in_period else max(cap_fen - granted_fen_in_period, 0)
    if left_fen == 0:
        raise CapUsedUp(field=field, cap_fen=cap_fen, granted_fen=granted_fen_in_period, left_fen=0)
    if fixed and requested_fen != cap_fen:
        raise NotTheFixedSum(field=field, amount_fen=cap_fen)
    if requested_fen > left_fen:
        raise OverCap(field=field, cap_fen=cap_fen, granted_fen=granted_fen_in_period, left_fen=left_fen)

    steps = [
        Step(N_("Fixed sum of the clause") if fixed else N_("Cap of the clause"), cap_fen),
        Step(N_("Granted before"), granted_fen_in_period),
        Step(N_("Left to claim"), left_fen),
    ]
    if clause.rate is not None:
        if base_fen is None:
            raise ValueError(f"clause {clause.id} has a rate: its base is needed")
        computed_fen = at_rate(base_fen, clause.rate)
        if computed_fen <= 0:
            raise NothingReceivedYet(field=field, base_fen=base_fen)
        if requested_fen > computed_fen:
            raise OverRate(field=field, base_fen=base_fen, computed_fen=computed_fen)
        steps += [Step(N_("Money received that counts"), base_fen), Step(N_("Share at the rate"), computed_fen)]
    steps.append(Step(N_("Claimed"), requested_fen))
    return Working(requested_fen, tuple(steps), NO_RATE if clause.rate is None and not fixed else None)
