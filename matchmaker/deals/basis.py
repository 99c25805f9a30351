"""What open amounts follow from besides the rows of a deal: the rules as they are written, and the calendar.

Both change only with a release or a new start, and no row moves then. So amounts are written down with a fingerprint
of the two, and what bears another one is computed anew by the worker (`jobs.keep_amounts`).
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from matchmaker.deals.practice import practice

_HERE = Path(__file__).parent
RULES = (
    *(_HERE / f"{name}.py" for name in ("models", "records", "royalty", "schedule", "settlement", "workdays")),
    *(_HERE / "queries" / f"{name}.py" for name in ("lines", "money", "terms")),
    *sorted((_HERE / "terms").glob("*.py")),
    _HERE.parent / "core" / "money.py",
)
"""Source files that take part in computing what is open; a test runs one computation to see that none is missing."""


def basis() -> str:
    """Fingerprint of rules and calendar."""
    calendar = repr(practice().workdays.edition)
    return hashlib.sha256(f"{_rules()} {calendar}".encode()).hexdigest()[:16]


@cache
def _rules() -> str:
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in RULES)).hexdigest()
