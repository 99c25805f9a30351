"""What a cap counts for, and which claims stand in each other's way. Pure. Source: DOMAIN.md section 0, "per what".

A cap per year counts what a claimant was granted in the calendar year of the claim; once: ever; per project or person:
for that very thing, by its name; per project or park and year: for both. A first recognition (首次认定) happens once:
its cap counts for ever, whatever the claim is called. A renewed one counts by its day. Where the source does not say,
the platform counts the calendar year (`rules.PERIOD_NOT_STATED`).
"""

from __future__ import annotations

import hashlib
from datetime import date

from matchmaker.subsidies.catalogue import Per
from matchmaker.subsidies.folding import fold

NOT_RECORDED = "-"
"""Renewals whose day is recorded nowhere share one cap."""


def thing(subject: str) -> str:
    """Short key of what is claimed for: the same for every spelling of its name."""
    return hashlib.sha256(fold(subject).encode()).hexdigest()[:16]


def period_of(per: Per, on: date, subject: str, *, renewed_on: date | None = None) -> str:
    """What the cap counts together: claims of one claimant under a clause with the same key share one cap.

    `on` is the day of the claim, `renewed_on` that of the latest renewal of the recognition that the clause is for.
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
