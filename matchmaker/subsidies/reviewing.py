"""What two or three opinions on a claim add up to. Pure. Source: DOMAIN.md 2.1 (专家评审).

Two reviewers judge without seeing each other's opinion. Where they agree it is concluded; where they do not, a third
decides.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from statistics import median_low
from types import MappingProxyType

from matchmaker.core.errors import N_

REVIEWERS = 2
FAR_APART = 30
"""Scores that differ by so much or more are a disagreement, even where both would support the claim."""

BEST_SCORE = 100


class Opinion(StrEnum):
    SUPPORT = "support"
    REFUSE = "refuse"


LABELS: Mapping[StrEnum, str] = MappingProxyType(
    {Opinion.SUPPORT: N_("Support the claim"), Opinion.REFUSE: N_("Do not support it")}
)


@dataclass(frozen=True, slots=True)
class Given:
    """One opinion: score 0 to 100, and the sum the reviewer would grant (0 where refused)."""

    opinion: Opinion
    score: int
    fen: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """`support` is None while it is not concluded; `third` says that another reviewer is needed."""

    support: bool | None
    third: bool = False
    score: int | None = None
    fen: int = 0


def outcome(given: Sequence[Given]) -> Outcome:
    """Outcome of the opinions in the order given: pending, a third needed, or concluded with mean score and middle sum.

    The sum is the lower median of those who support: no reviewer alone can raise it.
    """
    if len(given) < REVIEWERS:
        return Outcome(None)
    first, second = given[:REVIEWERS]
    agree = first.opinion is second.opinion and abs(first.score - second.score) < FAR_APART
    if not agree and len(given) == REVIEWERS:
        return Outcome(None, third=True)
    for_it = [one for one in given if one.opinion is Opinion.SUPPORT]
    support = 2 * len(for_it) > len(given)
    score = (2 * sum(one.score for one in given) + len(given)) // (2 * len(given))
    return Outcome(support, score=score, fen=median_low([one.fen for one in for_it]) if support else 0)


def draw(key: str, candidates: Iterable[str], busy: Mapping[str, int], count: int) -> list[str]:
    """So many of the candidates: those with the least open work first, among equals by a draw that `key` fixes.

    The same key gives the same draw, so that it can be checked afterwards; nobody can choose it.
    """
    lots = {name: hashlib.sha256(f"{key}:{name}".encode()).hexdigest() for name in candidates}
    return sorted(lots, key=lambda name: (busy.get(name, 0), lots[name]))[:count]
