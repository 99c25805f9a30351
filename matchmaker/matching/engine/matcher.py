"""Both stages over a corpus in hand: what `rank` and `evaluate` do, without database or application."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

import numpy as np

from matchmaker.matching.engine import space as spaces
from matchmaker.matching.engine.config import EngineConfig
from matchmaker.matching.engine.index import Document, build
from matchmaker.matching.engine.learn import Judged
from matchmaker.matching.engine.rank import Hit, rank_many
from matchmaker.matching.engine.ranker import Ranker
from matchmaker.matching.engine.semantic import Meaning, Vectors, nearest
from matchmaker.matching.engine.space import Side
from matchmaker.matching.engine.words import Lexicon

CANDIDATES = 500
"""Documents of the first stage that are scored in full; nearest in meaning so many more, where there is a model."""

NEAREST = 100

TELLING = ("title", "keywords")
"""Fields that say what a text is about, and are written for it."""

OTHER_NAMES = "lexicon"
"""The field of a query that holds the other names of what its text names."""

_BATCH = 100
"""Needs whose candidates are looked for at once, so that memory stays bounded."""


class Scored(NamedTuple):
    score: float
    level: int


@dataclass(frozen=True, eq=False)
class Matcher:
    """The two sides, by id, and how pairs of them are scored."""

    ranker: Ranker
    need_documents: Mapping[str, Document]
    achievement_documents: Mapping[str, Document]
    needs: Side
    achievements: Side

    @classmethod
    def of(
        cls,
        needs: Mapping[str, Document],
        achievements: Mapping[str, Document],
        lexicon: Lexicon,
        vectors: Vectors | None = None,
    ) -> Matcher:
        """From the whole corpus; its order is of no consequence."""
        wanted, offered = ([side[i] for i in sorted(side)] for side in (needs, achievements))
        space = spaces.fit(wanted, offered, lexicon)
        sides = space.needs(wanted), space.achievements(offered)
        if vectors is None:
            return cls(Ranker(space), needs, achievements, *sides)
        meaning = Meaning.fit(wanted, offered, lexicon, vectors)
        dense = meaning.needs(sides[0], wanted, vectors), meaning.achievements(sides[1], offered, vectors)
        return cls(Ranker(space, meaning), needs, achievements, *dense)

    def learned(self, judged: Sequence[Judged]) -> Matcher:
        ranker, _ = self.ranker.learn(self.needs, self.achievements, judged)
        return replace(self, ranker=ranker)

    def without(self, *names: str) -> Matcher:
        """The same with these measures left out."""
        return replace(self, ranker=replace(self.ranker, without=frozenset(names)))

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> list[Scored]:
        """Of each (need id, achievement id). Raises KeyError for an id that is not there."""
        need_rows = np.array([self.needs.rows[need_id] for need_id, _ in pairs], dtype=np.int64)
        rows = np.array([self.achievements.rows[achievement_id] for _, achievement_id in pairs], dtype=np.int64)
        answers = self.ranker.answers(self.needs, self.achievements, need_rows, rows)
        levels = self.ranker.levels(pairs, answers)
        return [Scored(*found) for found in zip(answers.mean(axis=1).tolist(), levels, strict=True)]

    def top(self, k: int) -> Iterator[tuple[str, list[Hit]]]:
        """For each need, in the order given, its best achievements."""
        index = build(self.achievement_documents.values(), EngineConfig(), background=self.need_documents.values())
        ids = iter(self.need_documents)
        while batch := list(islice(ids, _BATCH)):
            rows = [self.needs.rows[need_id] for need_id in batch]
            queries = [expanded(self.need_documents[need_id], self.ranker.space.lexicon) for need_id in batch]
            alike = rank_many(index, queries, max(CANDIDATES, k))
            near = nearest(self.needs.take(rows), self.achievements, NEAREST)
            for need_id, need, hits, also in zip(batch, rows, alike, near, strict=True):
                found = np.array([self.achievements.rows[hit.id] for hit in hits], dtype=np.int64)
                candidates = np.union1d(found, also)
                yield need_id, self.ranker.best(self.needs, self.achievements, need, candidates, k)


def expanded(document: Document, lexicon: Lexicon) -> Document:
    """The document with the other names of what its title and keywords name, of what all of it names where it has
    neither. For the first stage alone: so an English need finds Chinese achievements, and 瓦斯 finds 煤层气."""
    telling = [document.fields[name] for name in TELLING if name in document.fields]
    concepts = dict.fromkeys(lexicon.count("\n".join(telling or document.fields.values())))
    others = "\n".join(name for concept in concepts for name in lexicon.concepts[concept])
    return Document(document.id, {**document.fields, OTHER_NAMES: others}) if others else document
