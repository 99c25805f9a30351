"""How many of the corpus's frauds the flags find, and how many honest claims they trouble. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from matchmaker.subsidies.flags import Context, FlagCode, Record, Words, detect
from matchmaker.subsidies.flags.corpus import EXCLUSIONS, Corpus, Sample

GROUPS = {
    "exact duplicates": ("exact paper", "exact contract"),
    "splits": ("split",),
    "near-duplicates": ("near paper", "date shifted"),
}
"""The three that RELIABILITY B3 sets figures for, by the kinds of the corpus."""

LEAST = {"exact duplicates": 1.0, "splits": 0.95, "near-duplicates": 0.9}
MOST_FALSE = 0.02


@dataclass(frozen=True, slots=True)
class Rate:
    found: int
    of: int

    @property
    def share(self) -> float:
        return self.found / self.of if self.of else 0.0


@dataclass(frozen=True, slots=True)
class Report:
    """`false_alarms` counts honest samples with any flag at all, whatever its code."""

    by_kind: dict[str, Rate]
    groups: dict[str, Rate]
    frauds: Rate
    false_alarms: Rate
    false_by_code: dict[FlagCode, int]

    @property
    def holds(self) -> bool:
        """Whether the figures that RELIABILITY B3 asks for are reached."""
        enough = all(self.groups[name].share >= least for name, least in LEAST.items())
        return enough and self.false_alarms.share <= MOST_FALSE


class Neighbours:
    """Claims by what they share, so that each is compared with few: party, deal, achievement, number of a paper."""

    def __init__(self, records: Iterable[Record]) -> None:
        self.by_key: dict[tuple[str, str], list[Record]] = defaultdict(list)
        for record in records:
            for key in _keys(record):
                self.by_key[key].append(record)

    def of(self, record: Record) -> list[Record]:
        found = {other.id: other for key in _keys(record) for other in self.by_key[key]}
        return list(found.values())


def _keys(record: Record) -> set[tuple[str, str]]:
    keys = {("party", party.id) for party in record.organisations()}
    keys |= {("deal", record.deal_id or record.id)}
    keys |= {("achievement", achievement) for achievement in record.achievements}
    return keys | {("paper", paper.folded) for paper in record.papers}


def run(corpus: Corpus, words: Words) -> Report:
    """Every claim of the corpus beside all others, frauds and honest ones mixed."""
    context = Context(EXCLUSIONS, corpus.common_names(), words)
    neighbours = Neighbours(corpus.records)

    def codes(sample: Sample) -> list[FlagCode]:
        return [f.code for record in sample.records for f in detect(record, neighbours.of(record), context)]

    flagged = [(sample, codes(sample)) for sample in corpus.samples]
    by_kind: dict[str, Rate] = {}
    for kind in dict.fromkeys(sample.kind for sample in corpus.samples):
        mine = [(s, found) for s, found in flagged if s.kind == kind and s.fraud]
        by_kind[kind] = Rate(sum(not s.expected.isdisjoint(found) for s, found in mine), len(mine))
    honest = [found for sample, found in flagged if not sample.fraud]
    false_by_code: dict[FlagCode, int] = defaultdict(int)
    for found in honest:
        for code in set(found):
            false_by_code[code] += 1
    groups = {name: _together([by_kind[kind] for kind in kinds]) for name, kinds in GROUPS.items()}
    false = Rate(sum(bool(found) for found in honest), len(honest))
    return Report(by_kind, groups, _together(list(by_kind.values())), false, dict(false_by_code))


def _together(rates: list[Rate]) -> Rate:
    return Rate(sum(rate.found for rate in rates), sum(rate.of for rate in rates))
