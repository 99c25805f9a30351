"""Sums that follow a pattern over several claims or papers. Pure. One round sum proves nothing, nor does one claim
near a cap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from matchmaker.core.errors import N_
from matchmaker.core.money import FEN_PER_WAN
from matchmaker.subsidies.flags.records import Context, Flag, FlagCode, Record

BELOW_CAP = N_("This claim and %(count)s others of the claimant within a year stay just below the cap: %(claims)s.")
ALL_ROUND = N_("All %(count)s papers of the claim are unequal sums of whole ten thousands of yuan.")

JUST_BELOW = 95  # per cent of the cap, up to but not including the cap
CLAIMS, PAPERS, DAYS = 3, 5, 365


def _just_below(record: Record) -> bool:
    return record.cap_fen is not None and JUST_BELOW * record.cap_fen <= 100 * record.sum_fen < 100 * record.cap_fen


def sum_patterns(record: Record, others: Iterable[Record], context: Context) -> Iterator[Flag]:
    if _just_below(record):
        alike = [other for other in others if _of_the_claimant(record, other) and _just_below(other)]
        numbers = tuple(sorted({other.number for other in alike}))  # a claim for several deals has several records
        if len(numbers) + 1 >= CLAIMS:
            yield Flag(FlagCode.SUM_PATTERN, "cap", BELOW_CAP, {"count": len(numbers), "claims": numbers}, numbers)
    sums = [paper.fen for paper in record.papers if paper.fen]
    if len(sums) >= PAPERS and len(set(sums)) == len(sums) and all(fen % FEN_PER_WAN == 0 for fen in sums):
        yield Flag(FlagCode.SUM_PATTERN, "round", ALL_ROUND, {"count": len(sums)}, (record.number,))


def _of_the_claimant(record: Record, other: Record) -> bool:
    if record.claimant.id != other.claimant.id or record.clause_id != other.clause_id:
        return False
    days = (record.claimed_on, other.claimed_on)
    return days[0] is not None and days[1] is not None and abs((days[0] - days[1]).days) <= DAYS
