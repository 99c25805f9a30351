"""What is paid on what, what is late, and what lateness costs. Pure.

Payments that name an amount are set against it first; everything else against the oldest amounts first. Nothing is
ever set against an amount beyond what is due on it. The result does not depend on the order of recording.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from fractions import Fraction

from matchmaker.core.money import round_half_up
from matchmaker.deals.schedule import Due, DueKind
from matchmaker.deals.terms import Terms

Target = tuple[DueKind, int]
"""Names an amount: its kind and its number within the kind."""


@dataclass(frozen=True, slots=True)
class Paid:
    """Money that came in on a day, and the amount it is for, where the payer said so."""

    fen: int
    paid_on: date
    target: Target | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """A due amount and how much of it is paid; `parts` says when, by day."""

    due: Due
    paid_fen: int
    parts: tuple[tuple[date, int], ...] = field(default=(), compare=False)

    @property
    def open_fen(self) -> int:
        return self.due.fen - self.paid_fen


@dataclass(frozen=True, slots=True)
class Allocation:
    """What was paid, set against the dues. `surplus_fen` is left over when all are paid."""

    settled: tuple[Settled, ...]
    surplus_fen: int

    @property
    def open_fen(self) -> int:
        return sum(one.open_fen for one in self.settled)


def settle(dues: Iterable[Due], payments: Iterable[Paid]) -> Allocation:
    """Set payments against dues, the dues in order of their days. ValueError for a negative payment."""
    ordered = sorted(dues, key=lambda due: (due.due_on, due.kind, due.number))
    left = sorted(payments, key=lambda one: (one.paid_on, one.fen, one.target or ("", 0)))
    if any(one.fen < 0 for one in left):
        raise ValueError("a payment cannot be negative")
    parts: list[list[tuple[date, int]]] = [[] for _ in ordered]
    open_fen = [due.fen for due in ordered]
    place_of: dict[Target, int] = {(due.kind, due.number): place for place, due in enumerate(ordered)}

    def take(place: int, paid_on: date, fen: int) -> int:
        part = min(fen, open_fen[place])
        if part:
            open_fen[place] -= part
            parts[place].append((paid_on, part))
        return fen - part

    rest = []
    for one in left:
        place = place_of.get(one.target) if one.target is not None else None
        rest.append((one.paid_on, one.fen if place is None else take(place, one.paid_on, one.fen)))
    surplus_fen = 0
    for paid_on, fen in rest:
        for place in range(len(ordered)):
            fen = take(place, paid_on, fen)
        surplus_fen += fen
    settled = tuple(
        Settled(due, due.fen - open_fen[place], tuple(sorted(parts[place]))) for place, due in enumerate(ordered)
    )
    return Allocation(settled, surplus_fen)


def allocate(dues: Iterable[Due], paid_fen: int) -> Allocation:
    """Set a sum of payments against the dues, oldest first.

    ValueError for a negative sum: corrections are postings of their own and already netted in it.
    """
    return settle(dues, [Paid(paid_fen, date.min)])


@dataclass(frozen=True, slots=True)
class Overdue:
    due: Due
    open_fen: int
    days_late: int


def overdue(allocation: Allocation, today: date, grace_days: int) -> list[Overdue]:
    """What is unpaid after its day and the days of grace, oldest first. Lateness counts from the due day."""
    late = [(one, (today - one.due.due_on).days) for one in allocation.settled if one.open_fen]
    return [Overdue(one.due, one.open_fen, days) for one, days in late if days > grace_days]


AGES = (30, 60, 90)
"""Upper ends, in days after the due day, of the classes of ageing; the last class is open."""


def ageing(allocation: Allocation, today: date) -> tuple[int, ...]:
    """Fen open after their due day, by class: up to 30 days, to 60, to 90, and over."""
    found = [0] * (len(AGES) + 1)
    for one in allocation.settled:
        days = (today - one.due.due_on).days
        if one.open_fen and days > 0:
            found[sum(days > age for age in AGES)] += one.open_fen
    return tuple(found)


def outstanding(allocation: Allocation, until: date | None = None) -> int:
    """Unpaid fen in all, or of what falls due up to and including `until`."""
    return sum(one.open_fen for one in allocation.settled if until is None or one.due.due_on <= until)


@dataclass(frozen=True, slots=True)
class Late:
    """One line of the working of a penalty: so many fen were late for so many days."""

    fen: int
    days: int


@dataclass(frozen=True, slots=True)
class Charge:
    """A penalty on one amount up to a day, with its working. `capped`: the agreed maximum replaced the sum."""

    due: Due
    fen: int
    late: tuple[Late, ...]
    until_on: date
    capped: bool = False


def penalty(one: Settled, terms: Terms, until: date, *, charged_on: date | None = None, charged_fen: int = 0) -> Charge:
    """Penalty on an amount that was paid late or is late still, up to and including `until`.

    Counted by the day from the day after the days of grace, the day of payment included; what was charged before,
    up to `charged_on`, is not counted again. Rounded half up once, after adding up. Zero where the terms agree no
    penalty, and on a penalty itself.
    """
    agreed = terms.penalty
    free_until = one.due.due_on + timedelta(days=terms.grace_days)
    counted_from = free_until if charged_on is None else max(free_until, charged_on)
    if agreed is None or one.due.kind is DueKind.PENALTY:
        return Charge(one.due, 0, (), until)
    parts: Sequence[tuple[date, int]] = [*one.parts, *([(until, one.open_fen)] if one.open_fen else [])]
    late = tuple(
        Late(fen, days)
        for day, fen in parts
        if (days := (min(day, until) - counted_from).days) > 0 and day > free_until
    )
    fen = round_half_up(sum((part.fen * part.days for part in late), 0) * Fraction(agreed.daily_rate))
    ever_late = sum(fen for day, fen in parts if day > free_until)  # what came in time bears no penalty
    most = None if agreed.cap is None else max(0, round_half_up(ever_late * agreed.cap) - charged_fen)
    capped = most is not None and fen > most
    return Charge(one.due, most if capped and most is not None else fen, late, until, capped)
