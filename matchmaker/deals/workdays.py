"""Working days in China: public holidays and make-up days, with a table of corrections. Pure.

The calendar comes from the `holidays` package, which carries the State Council's yearly arrangement for the years it
knows; a year that has not been announced yet has the fixed holidays and the weekends. `overrides` says otherwise for
single days: True is a working day, False a rest day.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from importlib.metadata import version

import holidays

_CALENDAR = version("holidays")
_LONGEST_REST = 31
"""Longer than any run of rest days; a table of overrides that exceeds it is a mistake."""


class Workdays:
    def __init__(self, overrides: Mapping[date, bool] | None = None) -> None:
        self._overrides = dict(overrides or {})
        self._calendar = holidays.country_holidays("CN")

    @property
    def edition(self) -> tuple[str, tuple[tuple[str, bool], ...]]:
        """What the calendar was read from; two of the same edition agree on every day."""
        return _CALENDAR, tuple(sorted((day.isoformat(), work) for day, work in self._overrides.items()))

    def is_workday(self, day: date) -> bool:
        known = self._overrides.get(day)
        return bool(self._calendar.is_working_day(day)) if known is None else known

    def on_or_after(self, day: date) -> date:
        """The day itself, or the next working day (Civil Code art. 203). ValueError where none comes in a month."""
        for ahead in range(_LONGEST_REST):
            if self.is_workday(found := day + timedelta(days=ahead)):
                return found
        raise ValueError(f"no working day within {_LONGEST_REST} days of {day}")
