"""What a cap counts for, and which claims stand in each other's way. Pure. Source: DOMAIN.md section 0, "per what".

A cap per year counts what a claimant was granted in the calendar year of the claim; once: ever; per project or person:
for that very thing, by its name; per project or park and year: for both. A first recognition (首次认定) happens once:
its cap counts for ever, whatever the claim is called. A renewed one counts by its day. Where the source does not say,
the platform counts the calendar year (`rules.PERIOD_NOT_STATED`).

A claim can be made for an earlier period: then it counts in that one's cap, and rests on what was signed and received
until that period ended.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import date

from matchmaker.subsidies.catalogue import Per
from matchmaker.subsidies.folding import fold

YEARLY = (Per.YEAR, Per.CITY_YEAR, Per.PROJECT_YEAR, Per.PARK_YEAR, Per.NOT_STATED)

NOT_RECORDED = "-"
"""Renewals whose day is recorded nowhere share one cap."""


def thing(subject: str) -> str:
    """Short key of what is claimed for: the same for every spelling of its name."""
    return hashlib.sha256(fold(subject).encode()).hexdigest()[:16]


def earlier_periods(per: Per, since: date, today: date, renewals: Iterable[date] = ()) -> list[date]:
    """A day for each earlier period that can be claimed for under a clause in force since a day, the latest first: the
    last one of a calendar year, or that of a renewal before the latest.
    """
    if per in YEARLY:
        return [date(year, 12, 31) for year in range(today.year - 1, since.year - 1, -1)]
    if per is Per.RECOGNITION_RENEWAL:
        return [day for day in sorted(renewals, reverse=True)[1:] if since <= day <= today]
    return []


def period_of(per: Per, on: date, subject: str, *, renewed_on: date | None = None) -> str:
    """What the cap counts together: claims of one claimant under a clause with the same key share one cap.

    `on` is the day of the claim, or of the earlier period it is for; `renewed_on` that of the latest renewal of the
    recognition that the clause is for.
    """
    match per:
        case Per.ONCE | Per.RECOGNITION:
            return "once"
        case Per.PROJECT | Per.MAJOR_PROJECT | Per.PERSON:
            return thing(subject)
        case Per.PROJECT_YEAR | Per.PARK_YEAR:
            return f"{thing(subject)}:{on.year}"
        case Per.RECOGNITION_RENEWAL:
            return NOT_RECORDED if renewed_on is None else renewed_on.isoformat()
    return str(on.year)
