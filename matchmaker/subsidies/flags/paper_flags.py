"""Papers that stand elsewhere too, the same or almost, and deals under clauses that exclude each other. Pure.

Source: DOMAIN.md 2.1 ("同一技术合同当年实际到账金额只能享受一次市级财政后补助"), RELIABILITY B3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from matchmaker.core.errors import N_
from matchmaker.subsidies.flags.records import Context, Flag, FlagCode, Paper, Record
from matchmaker.subsidies.papers import USED_ONCE, PaperKind

SAME = N_("%(kind)s %(number)s also stands in claim %(claim)s.")
NEAR = N_("%(kind)s %(number)s is almost %(other)s of claim %(claim)s, for the same sum between the same parties.")
EXCLUDED = N_("Claim %(claim)s is for the same deal under clause %(clause)s, which excludes this one.")

NEAR_DAYS, MISTAKES = 5, 2
_LOOKS_LIKE = str.maketrans("OQDILZSBG", "000112586")


def looks(folded: str) -> str:
    """A folded number with letters that pass for digits written as those: what an eye takes for the same."""
    return folded.translate(_LOOKS_LIKE)


def apart(left: str, right: str, most: int) -> int:
    """How many characters were changed, left out, added, or exchanged with their neighbour; `most + 1` for more."""
    if abs(len(left) - len(right)) > most:
        return most + 1
    before, last = [0] * (len(right) + 1), list(range(len(right) + 1))
    for i, a in enumerate(left, start=1):
        now = [i]
        for j, b in enumerate(right, start=1):
            cost = min(last[j] + 1, now[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            now.append(cost)
        if min(now) > most:
            return most + 1
        before, last = last, now
    return last[-1]


def same_papers(record: Record, others: Iterable[Record], context: Context) -> Iterator[Flag]:
    mine = {(paper.kind, paper.folded): paper for paper in record.papers if paper.folded}
    for other in others:
        for paper in other.papers:
            found = mine.get((paper.kind, paper.folded))
            if found is not None and (paper.kind in USED_ONCE or _between_the_same(record, other)):
                facts = {"kind": found.kind, "number": found.number, "claim": other.number}
                key = f"{found.kind}:{found.folded}:{other.id}"
                yield Flag(FlagCode.SAME_PAPER, key, SAME, facts, (other.number,))


def near_papers(record: Record, others: Iterable[Record], context: Context) -> Iterator[Flag]:
    """Across claims only: invoices split at the printing limit follow each other within one."""
    for other in others:
        if record.pair is None or record.pair != other.pair:
            continue
        for mine in record.papers:
            for theirs in other.papers:
                if _almost(mine, theirs):
                    facts = {"kind": mine.kind, "number": mine.number, "other": theirs.number, "claim": other.number}
                    key = f"{mine.kind}:{mine.folded}:{other.id}:{theirs.folded}"
                    yield Flag(FlagCode.NEAR_PAPER, key, NEAR, facts, (other.number,))


def excluding_clauses(record: Record, others: Iterable[Record], context: Context) -> Iterator[Flag]:
    for other in others:
        if frozenset({record.clause_id, other.clause_id}) in context.exclusions and _same_deal(record, other):
            facts = {"claim": other.number, "clause": other.clause_id}
            yield Flag(FlagCode.EXCLUDING_CLAUSE, other.id, EXCLUDED, facts, (other.number,))


def _almost(mine: Paper, theirs: Paper) -> bool:
    left, right = mine.folded, theirs.folded
    if mine.kind is not theirs.kind or mine.kind is PaperKind.CONTRACT or left == right or mine.fen != theirs.fen:
        return False
    if mine.dated_on and theirs.dated_on and abs((mine.dated_on - theirs.dated_on).days) > NEAR_DAYS:
        return False
    return apart(looks(left), looks(right), MISTAKES) <= MISTAKES


def _between_the_same(left: Record, right: Record) -> bool:
    return left.pair is not None and left.pair == right.pair


def _same_deal(left: Record, right: Record) -> bool:
    if left.deal_id is not None and left.deal_id == right.deal_id:
        return True
    registered = [
        {paper.folded for paper in record.papers if paper.kind is PaperKind.REGISTRATION} for record in (left, right)
    ]
    return bool(registered[0] & registered[1])
