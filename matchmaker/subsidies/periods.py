"""What a cap counts for, and which claims stand in each other's way. Pure. Source: DOMAIN.md section 0, "per what".

A cap per year counts what a claimant was granted in the calendar year; once: ever; per project, person or
recognition: for that very thing. Where the source does not say, the platform counts the calendar year
(`rules.PERIOD_NOT_STATED`).
"""

from __future__ import annotations

import hashlib

from matchmaker.subsidies.catalogue import Per
from matchmaker.subsidies.folding import fold

_OF_THE_THING = frozenset({Per.PROJECT, Per.MAJOR_PROJECT, Per.PERSON, Per.RECOGNITION, Per.RECOGNITION_RENEWAL})
_OF_THE_THING_AND_YEAR = frozenset({Per.PROJECT_YEAR, Per.PARK_YEAR})


def thing(subject: str) -> str:
    """Short key of what is claimed for: the same for every spelling of its name."""
    return hashlib.sha256(fold(subject).encode()).hexdigest()[:16]


def period_of(per: Per, year: int, subject: str) -> str:
    """Key of the period for which a claimant's cap counts."""
    if per is Per.ONCE:
        return "once"
    if per in _OF_THE_THING:
        return thing(subject)
    if per in _OF_THE_THING_AND_YEAR:
        return f"{thing(subject)}:{year}"
    return str(year)
