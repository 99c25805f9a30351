"""Interest and bar of a subsidy that is taken back. Pure.

Law on promoting the transformation of scientific and technological achievements, art. 47: who obtains subsidies by
fraud repays them (DOMAIN.md section 5). The rate of interest and the length of the bar are decided case by case by
the bureau.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from matchmaker.core.money import at_rate

DAYS_OF_YEAR = 365
HIGHEST_RATE = Fraction(24, 100)
LONGEST_BAR_MONTHS = 120


def interest(fen: int, yearly_rate: Fraction, paid_on: date, until: date) -> int:
    """Simple interest by the day, rounded half up to the fen; 0 where `until` is not after the payment."""
    days = max((until - paid_on).days, 0)
    return at_rate(fen, yearly_rate * Fraction(days, DAYS_OF_YEAR))


def barred_until(day: date, months: int) -> date:
    """The last day of a bar of so many months that begins on a day."""
    years, month = divmod(day.month - 1 + months, 12)
    for last in (day.day, 30, 29, 28):
        try:
            return date(day.year + years, month + 1, last)
        except ValueError:
            continue
    raise AssertionError("every month has a 28th")
