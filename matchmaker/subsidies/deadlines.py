"""Workdays and the time that each step of a claim has. Pure.

The policy says "部门受理、专家评审、社会公示、适时兑现" (DOMAIN.md 2.1) and no days: the numbers here are the
platform's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import MappingProxyType

from matchmaker.subsidies.states import ClaimState

WORKDAYS: Mapping[ClaimState, int] = MappingProxyType(
    {
        ClaimState.SUBMITTED: 5,
        ClaimState.RETURNED: 10,
        ClaimState.IN_REVIEW: 15,
        ClaimState.PROPOSED: 5,
        ClaimState.ON_NOTICE: 5,
        ClaimState.OBJECTED: 10,
        ClaimState.APPROVED: 20,
        ClaimState.RECOVERING: 20,
    }
)
"""Workdays until the next step is due, by the state that waits for it. On notice: how long the notice stands at
least.
"""

NOTICE_WORKDAYS = WORKDAYS[ClaimState.ON_NOTICE]

SOON_WORKDAYS = 2
LATE_DAYS = (1, 5, 10, 20)
"""A reminder goes out when so many workdays are left, and when so many workdays have passed since the deadline."""

AT_ONCE = (ClaimState.RETURNED, ClaimState.IN_REVIEW, ClaimState.RECOVERING)
"""States of which somebody outside the daily business of the bureau is told as soon as a claim comes into them."""

IsWorkday = Callable[[date], bool]
_LONGEST = 400  # days without a workday: a calendar that has none is a mistake


def add_workdays(day: date, count: int, is_workday: IsWorkday) -> date:
    """The `count`-th workday after a day. ValueError for a negative count, or where no workday comes within a year."""
    if count < 0:
        raise ValueError("workdays are counted forwards")
    idle = 0
    while count:
        day += timedelta(days=1)
        idle = 0 if is_workday(day) else idle + 1
        count -= idle == 0
        if idle > _LONGEST:
            raise ValueError("this calendar has no workdays")
    return day


def reminders(state: ClaimState, due_on: date, today: date, is_workday: IsWorkday) -> list[str]:
    """Reminders of one deadline that are due by a day, the latest last: `now`, `soon`, `late:N`. Of a notice, which
    ends by itself, only those after its end.
    """
    found = ["now"] if state in AT_ONCE else []
    if state is not ClaimState.ON_NOTICE and add_workdays(today, SOON_WORKDAYS, is_workday) >= due_on:
        found.append("soon")
    if today > due_on:
        found += [f"late:{days}" for days in LATE_DAYS if add_workdays(due_on, days, is_workday) <= today]
    return found


def due_on(state: ClaimState, day: date, is_workday: IsWorkday) -> date | None:
    """When what a claim waits for is due, for one that came into this state on that day; None where nothing is
    awaited.
    """
    count = WORKDAYS.get(state)
    return None if count is None else add_workdays(day, count, is_workday)
