"""Integrity flags: what a reviewer must look at before a claim is judged. Pure.

A flag is a question with its reason and the rows it rests on, never a verdict. `detect` looks at one claim beside
others that share a party, a deal, an achievement or a paper with it; what it does not get to see it cannot find.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from matchmaker.subsidies.flags import deal_flags, paper_flags, people_flags, sum_flags
from matchmaker.subsidies.flags import records as _records
from matchmaker.subsidies.flags.records import Context, Flag, FlagCode, Inventor, Paper, Party, Record, Words

__all__ = ["LABELS", "Context", "Flag", "FlagCode", "Inventor", "Paper", "Party", "Record", "Words", "detect"]

LABELS: Mapping[StrEnum, str] = {**_records.LABELS, **people_flags.LABELS}

_DETECTORS = (
    paper_flags.same_papers,
    paper_flags.near_papers,
    paper_flags.excluding_clauses,
    deal_flags.splits_and_repeats,
    people_flags.related_parties,
    deal_flags.circles,
    people_flags.late_broker,
    people_flags.unconfirmed_broker,
    people_flags.inventor_inside,
    sum_flags.sum_patterns,
)


def detect(record: Record, others: Iterable[Record], context: Context | None = None) -> list[Flag]:
    """Flags of a claim, in a fixed order; `others` may hold the claim itself, which is left out."""
    context = context or Context()
    rest = sorted((other for other in others if other.id != record.id), key=lambda other: other.id)
    return [flag for detector in _DETECTORS for flag in detector(record, rest, context)]
