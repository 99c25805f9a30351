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


def due_on(state: ClaimState, day: date, is_workday: IsWorkday) -> date | None:
    """When what a claim waits for is due, for one that came into this state on that day; None where nothing is
    awaited.
    """
    count = WORKDAYS.get(state)
    return None if count is None else add_workdays(day, count, is_workday)
