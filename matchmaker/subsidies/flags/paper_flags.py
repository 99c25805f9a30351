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

NEAR_DAYS = 5
_LOOKS_LIKE = str.maketrans("OQDILZSBG", "000112586")


def looks(folded: str) -> str:
    """A folded number with letters that pass for digits written as those: what an eye takes for the same."""
    return folded.translate(_LOOKS_LIKE)


def one_apart(left: str, right: str) -> bool:
    """Whether one character was changed, left out, added, or exchanged with its neighbour."""
    if left == right or abs(len(left) - len(right)) > 1:
        return False
    start = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    a, b = left[start:], right[start:]
    return a[1:] == b[1:] or a[1:] == b or a == b[1:] or (a[:2] == b[1::-1] and a[2:] == b[2:])


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
    return looks(left) == looks(right) or one_apart(left, right)


def _between_the_same(left: Record, right: Record) -> bool:
    return left.pair is not None and left.pair == right.pair


def _same_deal(left: Record, right: Record) -> bool:
    if left.deal_id is not None and left.deal_id == right.deal_id:
        return True
    registered = [
        {paper.folded for paper in record.papers if paper.kind is PaperKind.REGISTRATION} for record in (left, right)
    ]
    return bool(registered[0] & registered[1])
