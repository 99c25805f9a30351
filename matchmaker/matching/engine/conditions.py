"""What both sides state as facts: hard conditions, kept apart from the score, and structure, which is a part of it.

A hard condition that is missed does not lower the score and hides nothing: it is shown beside it. The weights of
structure are set by hand, small against a title in common: no judged pairs with such facts were at hand to tune on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Any, NamedTuple

from matchmaker.matching.engine.figures import Compared, Figure, Verdict, compare, figures


@dataclass(frozen=True)
class _Stated:
    """What either side may state; None or empty is not stated. Amounts in fen."""

    field: str | None = None
    industries: tuple[str, ...] = ()
    modes: tuple[str, ...] = ()
    district: str | None = None
    text: str = ""

    @cached_property
    def figures(self) -> list[Figure]:
        """Of the text, read once: a need meets hundreds of candidates."""
        return figures(self.text)


@dataclass(frozen=True)
class Wanted(_Stated):
    """Facts of a need. `exact`: whether its text states targets; elsewhere an exact figure says how things are now."""

    min_trl: int | None = None
    budget_max_fen: int | None = None
    deadline_on: date | None = None
    exact: bool = True

    @cached_property
    def figures(self) -> list[Figure]:
        return [one for one in figures(self.text) if self.exact or one.bounded]


@dataclass(frozen=True)
class Offered(_Stated):
    """Facts of an achievement. rights: (status, day of expiry) of each."""

    trl: int | None = None
    price_min_fen: int | None = None
    rights: tuple[tuple[str, date | None], ...] = ()


class Code(StrEnum):
    RIGHTS_IN_FORCE = "rights_in_force"
    MODE_SHARED = "mode_shared"
    TRL_REACHED = "trl_reached"
    DEADLINE_OPEN = "deadline_open"
    FIELD_SHARED = "field_shared"
    INDUSTRY_SHARED = "industry_shared"
    BUDGET_SUFFICES = "budget_suffices"
    DISTRICT_SHARED = "district_shared"
    FIGURES_MET = "figures_met"


class Condition(NamedTuple):
    """Met or missed; `facts` for the sentence about it."""

    code: Code
    met: bool
    facts: Mapping[str, Any]


class Bonus(NamedTuple):
    """What a condition adds to the score now, and what it would add if it were met in full."""

    code: Code
    value: float
    possible: float


_OF_FIELD, _OF_INDUSTRY, _OF_MODE, _OF_BUDGET, _OF_DISTRICT = 0.04, 0.03, 0.02, 0.03, 0.01
_OF_LEVEL, _MOST_LEVELS = 0.04, 4
"""Each readiness level short of what is wanted costs so much, of at most four."""

_OF_FIGURE, _MOST_FIGURES = 0.02, 3


def hard(wanted: Wanted, offered: Offered, today: date) -> list[Condition]:
    """Conditions that both sides state and without which there is no deal, whatever the texts say."""
    found: list[Condition] = []
    facts: dict[str, Any]
    if offered.rights:
        live = [end for status, end in offered.rights if status != "lapsed" and (end is None or end >= today)]
        last = max((end for _, end in offered.rights if end is not None), default=None)
        found.append(Condition(Code.RIGHTS_IN_FORCE, bool(live), {"expired_on": None if live else last}))
    if wanted.modes and offered.modes:
        shared = tuple(mode for mode in wanted.modes if mode in offered.modes)
        facts = {"shared": shared, "wanted": wanted.modes, "offered": offered.modes}
        found.append(Condition(Code.MODE_SHARED, bool(shared), facts))
    if wanted.min_trl is not None and offered.trl is not None:
        facts = {"trl": offered.trl, "min_trl": wanted.min_trl}
        found.append(Condition(Code.TRL_REACHED, offered.trl >= wanted.min_trl, facts))
    if wanted.deadline_on is not None:
        facts = {"deadline_on": wanted.deadline_on}
        found.append(Condition(Code.DEADLINE_OPEN, wanted.deadline_on >= today, facts))
    return found


def structure(wanted: Wanted, offered: Offered) -> list[Bonus]:
    """Parts of the score from facts that both sides state, those of no value included."""
    return list(_bonuses(wanted, offered))


def compared_figures(wanted: Wanted, offered: Offered) -> list[Compared]:
    return compare(wanted.figures, offered.figures) if wanted.figures else []


def _bonuses(wanted: Wanted, offered: Offered) -> Iterator[Bonus]:
    if wanted.field and offered.field:
        yield _bonus(Code.FIELD_SHARED, wanted.field == offered.field, _OF_FIELD)
    if wanted.industries and offered.industries:
        yield _bonus(Code.INDUSTRY_SHARED, _share_one(wanted.industries, offered.industries), _OF_INDUSTRY)
    if wanted.modes and offered.modes:
        yield _bonus(Code.MODE_SHARED, _share_one(wanted.modes, offered.modes), _OF_MODE)
    if wanted.min_trl is not None and offered.trl is not None:
        short = min(max(wanted.min_trl - offered.trl, 0), _MOST_LEVELS)
        yield Bonus(Code.TRL_REACHED, -_OF_LEVEL * short, 0.0)
    if wanted.budget_max_fen is not None and offered.price_min_fen is not None:
        enough = offered.price_min_fen <= wanted.budget_max_fen
        yield Bonus(Code.BUDGET_SUFFICES, _OF_BUDGET if enough else -_OF_BUDGET, _OF_BUDGET)
    if wanted.district and offered.district:
        yield _bonus(Code.DISTRICT_SHARED, wanted.district == offered.district, _OF_DISTRICT)
    if found := compared_figures(wanted, offered):
        signs = [1 if one.verdict is Verdict.MET else -1 for one in found][:_MOST_FIGURES]
        yield Bonus(Code.FIGURES_MET, _OF_FIGURE * sum(signs), _OF_FIGURE * len(signs))


def _bonus(code: Code, met: bool, value: float) -> Bonus:
    return Bonus(code, value if met else 0.0, value)


def _share_one(left: Sequence[str], right: Sequence[str]) -> bool:
    return not set(left).isdisjoint(right)
