"""Cash so far as a line drawing: where each point lies in an SVG, no words. Pure.

One drawing for each way to pay, small enough to stand beside the others and to be read on a phone without scaling;
all share the scale of money, so that heights can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate

WIDTH, HEIGHT = 320, 190
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 12, 24


@dataclass(frozen=True, slots=True)
class Scale:
    """Fen from the lowest to the highest tick, and the ticks, which include 0."""

    low: int
    high: int
    ticks: tuple[int, ...]

    def y(self, fen: int) -> float:
        share = (fen - self.low) / (self.high - self.low)
        return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def scale(cash: Iterable[Sequence[int]]) -> Scale:
    """A scale that holds the running totals of all these, with three to eight ticks at round amounts."""
    totals = [total for flow in cash for total in accumulate(flow)]
    low, high = min(0, *totals), max(0, *totals)
    step = _round_step(max(high - low, 100))
    first, last = low // step, -(-high // step)
    last = max(last, first + 1)
    return Scale(first * step, last * step, tuple(number * step for number in range(first, last + 1)))


def _round_step(span: int) -> int:
    """The smallest of 1, 2, 5, 10, 20 … fen of which at most six cover the span."""
    unit = 1
    while True:
        for digit in (1, 2, 5):
            if digit * unit * 6 >= span:
                return digit * unit
        unit *= 10


def x(month: int, months: int) -> float:
    return round(LEFT + month * (WIDTH - LEFT - RIGHT) / months, 1)


def line(cash: Sequence[int], by: Scale) -> str:
    """The running total as points of a polyline: level through a month, moving at its end."""
    months = len(cash)
    points = [(x(0, months), by.y(0))]
    for month, total in enumerate(accumulate(cash)):
        points += [(x(month, months), by.y(total)), (x(month + 1, months), by.y(total))]
    return " ".join(f"{across},{down}" for across, down in points)


def years(months: int) -> list[tuple[float, int]]:
    """Ticks at the ends of years: where, and which year. Every one, or every second, third … where they crowd."""
    count = months // 12
    every = -(-count // 8) if count else 1
    return [(x(12 * year, months), year) for year in range(every, count + 1, every)]
