"""The only place that asks what time it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Shanghai")
"""Calendar days (`*_on`) are days of this zone, wherever the server stands."""

_set: ContextVar[datetime | None] = ContextVar("set", default=None)


def now() -> datetime:
    """This instant, aware, UTC."""
    return _set.get() or datetime.now(UTC)


def today() -> date:
    """This calendar day in China."""
    return day_of(now())


def day_of(instant: datetime) -> date:
    """The calendar day in China on which an instant falls."""
    return instant.astimezone(ZONE).date()


@contextmanager
def at(instant: datetime) -> Iterator[None]:
    """Let it be this instant: for demo data with a past, and for tests that live through years."""
    token = _set.set(instant.astimezone(UTC))
    try:
        yield
    finally:
        _set.reset(token)


def noon(day: date) -> datetime:
    """Noon in China of a calendar day."""
    return datetime(day.year, day.month, day.day, 12, tzinfo=ZONE)
