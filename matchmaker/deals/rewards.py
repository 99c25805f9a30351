"""The reward of those who made an achievement, for each payment (law on promoting the transformation of results). Pure.

Net income = received − costs − tax (Zhejiang regulation art. 37); public research money is no cost. The law's
default is at least half of the net income (art. 45); a unit's own rule may give more, not less.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from matchmaker.core.errors import N_, Invalid
from matchmaker.core.money import split
from matchmaker.deals.terms import Completer

LEAST_RATE = Fraction(1, 2)


class RewardTooLow(Invalid):
    """Facts: least."""

    code = "reward.too_low"
    phrase = N_("The reward is at least %(least)s of the net income (law on promoting transformation, art. 45).")


class RewardTooHigh(Invalid):
    code = "reward.too_high"
    phrase = N_("The reward is at most all of the net income, 100 percent.")


class NoCompleters(Invalid):
    code = "reward.no_completers"
    phrase = N_("The terms name nobody who made the achievement. Nothing can be split.")


class CostsBeyondIncome(Invalid):
    code = "reward.costs_beyond_income"
    phrase = N_("Costs and tax together are more than what was received. Check the amounts.")


def rate_fault(rate: Fraction, field: str) -> Invalid | None:
    if rate < LEAST_RATE:
        return RewardTooLow(field=field, least=LEAST_RATE)
    return RewardTooHigh(field=field) if rate > 1 else None


@dataclass(frozen=True, slots=True)
class Part:
    name: str
    share: Fraction
    fen: int


@dataclass(frozen=True, slots=True)
class Reward:
    """How a payment is shared: `pool_fen` for the completers in `parts`, the rest stays with the unit."""

    received_fen: int
    cost_fen: int
    tax_fen: int
    rate: Fraction
    net_fen: int
    pool_fen: int
    parts: tuple[Part, ...]

    @property
    def unit_fen(self) -> int:
        return self.net_fen - self.pool_fen


def reward(received_fen: int, cost_fen: int, tax_fen: int, rate: Fraction, completers: Sequence[Completer]) -> Reward:
    """Split what a payment leaves. The pool is rounded up, so that it never falls below the rate.

    Raises RewardTooLow, RewardTooHigh, NoCompleters, CostsBeyondIncome.
    """
    if (fault := rate_fault(rate, "rate")) is not None:
        raise fault
    if not completers or sum(one.share for one in completers) <= 0:
        raise NoCompleters(field="completers")
    if cost_fen < 0 or tax_fen < 0 or cost_fen + tax_fen > received_fen:
        raise CostsBeyondIncome(field="cost_fen")
    net_fen = received_fen - cost_fen - tax_fen
    pool_fen = -(-net_fen * rate.numerator // rate.denominator)
    fens = split(pool_fen, [one.share for one in completers])
    parts = tuple(Part(one.name, one.share, fen) for one, fen in zip(completers, fens, strict=True))
    return Reward(received_fen, cost_fen, tax_fen, rate, net_fen, pool_fen, parts)
