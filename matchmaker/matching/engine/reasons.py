"""Why a pair scores what it scores in the second stage: parts that add up, and the phrases behind them."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from matchmaker.matching.engine.conditions import Bonus
from matchmaker.matching.engine.config import EngineConfig
from matchmaker.matching.engine.explain import Span, take_apart, whole_words
from matchmaker.matching.engine.index import Document
from matchmaker.matching.engine.ranker import Ranker
from matchmaker.matching.engine.space import Floats, Side, Space, measures, shared_concepts, shared_grams
from matchmaker.matching.engine.text import Run, locate
from matchmaker.matching.engine.words import Lexicon


class Kind(StrEnum):
    """Sources of a score. PHRASE names what is shared, CONCEPT what the two sides call it, STRUCTURE its condition."""

    PHRASE = "phrase"
    OTHER_WORDING = "other_wording"
    CONCEPT = "concept"
    RELATED = "related"
    MEANING = "meaning"
    STRUCTURE = "structure"
    TAUGHT_WEIGHTS = "taught_weights"
    TAUGHT_WORDS = "taught_words"
    TAUGHT_NEED = "taught_need"


class Part(NamedTuple):
    kind: Kind
    term: str
    value: float


@dataclass(frozen=True)
class Reasons:
    """`parts` add up to `score` (math.fsum, exactly). Spans are by field, ascending and disjoint.

    words: of the achievement, those whose judged company moves the part TAUGHT_WORDS most, with about what each adds.
    """

    score: float
    level: int
    probabilities: tuple[float, float, float, float]
    parts: tuple[Part, ...]
    need_spans: Mapping[str, tuple[Span, ...]]
    achievement_spans: Mapping[str, tuple[Span, ...]]
    words: tuple[tuple[str, float], ...] = ()


_CONFIG = EngineConfig()
_MOST_WORDS, _LONGEST = 6, 12
_TELLING = 0.25  # share of the most that one gram adds
_LEAST = 0.001  # a tenth of a point of a hundred: less is not shown anywhere


def reasons(
    ranker: Ranker,
    need: Document,
    achievement: Document,
    sides: tuple[Side, Side],
    structure: Sequence[Bonus] = (),
    *,
    limit: int = 10,
) -> Reasons:
    """Take one pair apart. `sides` are the two documents as rows of one each, made by the ranker's space."""
    needs, achievements = sides
    none = np.zeros(1, dtype=np.int64)
    measured = measures(needs, achievements, none, none)[0]
    weights = ranker.weights.measures
    space = ranker.space
    grams = {space.terms[c]: weights[0] * v for c, v in shared_grams(needs, achievements, 0, 0).items()}
    worded = take_apart(grams, need, achievement, _CONFIG, space.rarity, limit=limit)
    parts = [
        Part(Kind.PHRASE if part.term is not None else Kind.OTHER_WORDING, part.term or "", part.contribution)
        for part in worded.parts
    ]
    shared = sorted(shared_concepts(needs, achievements, 0, 0).items(), key=lambda entry: (-entry[1], entry[0]))
    called = [_called(space.lexicon, side) if shared else {} for side in (need, achievement)]
    for concept, value in shared:
        ours, theirs = (names.get(concept, space.lexicon.concepts[concept][0]) for names in called)
        term = ours if ours.casefold() == theirs.casefold() else f"{ours} / {theirs}"
        parts.append(Part(Kind.CONCEPT, term, weights[2] * value))
    parts.append(Part(Kind.RELATED, "", weights[1] * float(measured[1])))
    parts.append(Part(Kind.MEANING, "", weights[3] * float(measured[3]) + weights[4] * float(measured[4])))
    words: tuple[tuple[str, float], ...] = ()
    if ranker.learned is not None:
        taught = ranker.learned.corrections(needs, achievements, none, none, measured[None])
        for kind, answers in zip((Kind.TAUGHT_WEIGHTS, Kind.TAUGHT_NEED, Kind.TAUGHT_WORDS), taught, strict=True):
            parts.append(Part(kind, "", float(answers.mean())))
        words = _words(ranker, achievement, achievements, ranker.learned.gram_weights(needs, 0, achievement.id))
    parts += [Part(Kind.STRUCTURE, str(bonus.code), bonus.value) for bonus in structure]
    parts = [part for part in parts if part.value]
    score = math.fsum(part.value for part in parts)
    answers = ranker.answers(needs, achievements, none, none)[0] + sum(bonus.value for bonus in structure)
    calibration = ranker.calibration(need.id, achievement.id)
    return Reasons(
        score=score,
        level=calibration.level(answers),
        probabilities=calibration.probabilities(answers),
        parts=tuple(parts),
        need_spans=worded.query_spans,
        achievement_spans=worded.document_spans,
        words=words,
    )


def _by_weight(document: Document) -> list[str]:
    """Its fields, the title first."""
    return sorted(document.fields, key=lambda field: (-_CONFIG.weight(field), field))


def _called(lexicon: Lexicon, document: Document) -> dict[int, str]:
    """What the text calls each concept that it names, in the title if there."""
    found: dict[int, str] = {}
    for field in _by_weight(document):
        content = document.fields[field]
        for mention in lexicon.mentions(content):
            found.setdefault(mention.concept, content[mention.start : mention.end])
    return found


def _words(ranker: Ranker, achievement: Document, achievements: Side, weights: Floats) -> tuple[tuple[str, float], ...]:
    """The stretches of the text, as written, whose grams add most, all for or all against."""
    row = achievements.grams[[0]].tocoo()
    terms = [ranker.space.terms[column] for column in row.coords[1].tolist()]
    values = (row.data * weights[row.coords[1]]).tolist()
    added = {term: value for term, value in zip(terms, values, strict=True) if _says_something(term)}
    least = max(map(abs, added.values()), default=0.0) * _TELLING
    found: dict[str, tuple[str, float]] = {}
    for field in _by_weight(achievement):
        content = achievement.fields[field]
        for run in locate(content).runs:
            for start, stop, value in _stretches(run, added, least, ranker.space):
                written = content[run.starts[start] : run.ends[stop - 1]]
                found.setdefault(run.gram(start, stop), (written, value))
    best: list[tuple[str, float]] = []
    for written, value in sorted(found.values(), key=lambda entry: (-abs(entry[1]), entry[0])):
        if len(best) < _MOST_WORDS and not any(written in other or other in written for other, _ in best):
            best.append((written, value))
    return tuple(best)


def _stretches(run: Run, added: Mapping[str, float], least: float, space: Space) -> Iterator[tuple[int, int, float]]:
    """(start, stop, sum) of neighbours whose grams of two all add at least so much, for or against, and of words that
    do alone; cut to whole words."""
    start = 0
    while start < len(run.units):
        stop, sign = start + 1, 0.0
        while stop < len(run.units) and stop - start < _LONGEST:
            value = added.get(run.gram(stop - 1, stop + 1), 0.0)
            if abs(value) < least or value * sign < 0:
                break
            stop, sign = stop + 1, value
        first, last = whole_words(run, start, stop, space.rarity)
        grams = [(at, at + 2) for at in range(first, last - 1)] or [(first, last)]
        total = math.fsum(added.get(run.gram(*gram), 0.0) for gram in grams)
        if abs(total) >= max(least, _LEAST):
            yield first, last, total
        start = stop


def _says_something(gram: str) -> bool:
    """A single character, a number or a unit means too little to be a reason."""
    if any(map(str.isdigit, gram)):
        return False
    return all(len(word) > 2 for word in gram.split()) if gram.isascii() else len(gram) > 1
