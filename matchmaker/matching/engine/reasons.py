"""Why a pair scores what it scores in the second stage: parts that add up, and the phrases behind them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np

from matchmaker.matching.engine.conditions import Bonus
from matchmaker.matching.engine.config import EngineConfig
from matchmaker.matching.engine.explain import Span, take_apart
from matchmaker.matching.engine.index import Document
from matchmaker.matching.engine.ranker import Ranker
from matchmaker.matching.engine.space import Side, measures, shared_concepts, shared_grams
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

    words: of the achievement, those whose judged company moves the part TAUGHT_WORDS most, with what each adds.
    """

    score: float
    level: int
    probabilities: tuple[float, float, float, float]
    parts: tuple[Part, ...]
    need_spans: Mapping[str, tuple[Span, ...]]
    achievement_spans: Mapping[str, tuple[Span, ...]]
    words: tuple[tuple[str, float], ...] = ()


_CONFIG = EngineConfig()
_MOST_WORDS = 6


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
    worded = take_apart(grams, need, achievement, _CONFIG, limit=limit)
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
        words = _words(ranker, achievements, ranker.learned.gram_weights(needs, 0))
    parts += [Part(Kind.STRUCTURE, str(bonus.code), bonus.value) for bonus in structure]
    parts = [part for part in parts if part.value]
    score = math.fsum(part.value for part in parts)
    answers = ranker.answers(needs, achievements, none, none)[0] + sum(bonus.value for bonus in structure)
    calibration = ranker.calibration(need.id)
    return Reasons(
        score=score,
        level=calibration.level(answers),
        probabilities=calibration.probabilities(answers),
        parts=tuple(parts),
        need_spans=worded.query_spans,
        achievement_spans=worded.document_spans,
        words=words,
    )


def _telling(term: str) -> bool:
    return len(term) > (2 if term.isascii() else 1) and not any(map(str.isdigit, term))


def _called(lexicon: Lexicon, document: Document) -> dict[int, str]:
    """What the text calls each concept that it names, in the title if there."""
    found: dict[int, str] = {}
    for field in sorted(document.fields, key=lambda field: (-_CONFIG.weight(field), field)):
        content = document.fields[field]
        for mention in lexicon.mentions(content):
            found.setdefault(mention.concept, content[mention.start : mention.end])
    return found


def _words(ranker: Ranker, achievements: Side, weights: np.ndarray) -> tuple[tuple[str, float], ...]:
    """Grams of two characters, or words: a single character, a number or a unit means too little to be a reason."""
    row = achievements.grams[[0]].tocoo()
    found = [
        (ranker.space.terms[column], float(value * weights[column]))
        for column, value in zip(row.coords[1].tolist(), row.data.tolist(), strict=True)
        if _telling(ranker.space.terms[column])
    ]
    found.sort(key=lambda entry: (-abs(entry[1]), entry[0]))
    return tuple(entry for entry in found[:_MOST_WORDS] if entry[1])
