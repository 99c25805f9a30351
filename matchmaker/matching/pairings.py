"""Why a pair fits: its score in parts, the passages of both texts that carry it, and the conditions.

All text is that of public revisions, for owners too.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from matchmaker.core import access, clock, money
from matchmaker.core.access import Actor
from matchmaker.core.errors import NotFound
from matchmaker.listings.models import Achievement, ListingState, Need
from matchmaker.matching import ranking
from matchmaker.matching.engine import Document, Span, explain
from matchmaker.matching.engine.conditions import Code, Condition, Offered, Wanted, compared_figures, hard, structure
from matchmaker.matching.engine.figures import Compared, Verdict
from matchmaker.matching.engine.reasons import Kind as ReasonKind
from matchmaker.matching.indexing import kind_of
from matchmaker.matching.models import Kind, Level
from matchmaker.matching.queries import VIEW, find_indexes
from matchmaker.matching.ranking import Texts

STRONG_SHARE = 0.1
"""A shared passage that carries at least this share of the score is marked strongly."""

POINTS = 1_000
"""A full score in tenths of a point: pages show 0.0 to 100.0."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of text: shared with the other side or not, and whether it counts much."""

    text: str
    shared: bool
    strong: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """A field of a listing's public text, cut into segments that join to the whole."""

    name: str
    segments: Sequence[Segment]


@dataclass(frozen=True, slots=True)
class Part:
    """What a source adds, in tenths of a point (it may be less than nothing). `term`: the phrase, concept or condition
    it stands for, else empty."""

    kind: ReasonKind
    term: str
    tenths: int


@dataclass(frozen=True, slots=True)
class Change:
    """What a condition, fully met, would add, in tenths of a point."""

    code: Code
    tenths: int


@dataclass(frozen=True, slots=True)
class Pairing:
    """A pair explained. The parts add up to `tenths` exactly.

    probabilities: of levels 1 to 4, in percent that add up to 100; empty where there is only the first stage. words: of
    the achievement, those that judgements speak for or against, where all of them together make a part of their own.
    """

    level: Level
    tenths: int
    parts: Sequence[Part]
    need: Sequence[Passage]
    achievement: Sequence[Passage]
    conditions: Sequence[Condition]
    figures: Sequence[FigurePair]
    probabilities: Sequence[int] = ()
    changes: Sequence[Change] = ()
    words: Sequence[tuple[str, bool]] = ()


@dataclass(frozen=True, slots=True)
class FigurePair:
    """A figure wanted and the one offered, as written, and whether it is reached."""

    wanted: str
    offered: str
    met: bool


def pairing(actor: Actor, need: Need, achievement: Achievement) -> Pairing | None:
    """Why this pair scores what it scores; None while the index is being built.

    From public text alone, also for the owners: both sides read the same page. Raises NotFound unless both are
    published and visible to the actor.
    """
    for listing in (need, achievement):
        access.require(actor, VIEW[kind_of(listing)], listing)
        if listing.state != ListingState.PUBLISHED:
            raise NotFound()
    sides = ranking.texts_of(Kind.NEED, need), ranking.texts_of(Kind.ACHIEVEMENT, achievement)
    wanted, offered = sides[0].facts, sides[1].facts
    assert isinstance(wanted, Wanted)
    assert isinstance(offered, Offered)
    facts: dict[str, Any] = {
        "conditions": hard(wanted, offered, clock.today()),
        "figures": [
            FigurePair(*_quoted(wanted, offered, one), one.verdict is Verdict.MET)
            for one in compared_figures(wanted, offered)
        ],
    }
    found = ranking.explained(*sides, limit=PHRASES_EXPLAINED)
    if found is None:
        return _first_stage(sides, facts)
    tenths, parts = _tenths([part.value for part in found.parts])
    shown = [Part(part.kind, part.term, value) for part, value in zip(found.parts, parts, strict=True) if value]
    by_words = any(part.kind is ReasonKind.TAUGHT_WORDS for part in shown)
    bonuses = structure(wanted, offered)
    return Pairing(
        level=Level(str(found.level)),
        tenths=tenths,
        parts=shown,
        need=_passages(sides[0].document, found.need_spans),
        achievement=_passages(sides[1].document, found.achievement_spans),
        probabilities=money.split(100, [Fraction(share) for share in found.probabilities]),
        changes=[
            Change(one.code, round((one.possible - one.value) * POINTS)) for one in bonuses if one.possible > one.value
        ],
        words=[(word, value > 0) for word, value in found.words if by_words],
        **facts,
    )


PHRASES_EXPLAINED = 10


def _first_stage(sides: tuple[Texts, Texts], facts: Mapping[str, Any]) -> Pairing | None:
    """Before a second stage has been fitted."""
    indexes = find_indexes()
    if indexes is None:
        return None
    explanation = explain(indexes.of(Kind.NEED), sides[0].document, sides[1].document, limit=PHRASES_EXPLAINED)
    tenths, parts = _tenths([part.contribution for part in explanation.parts])
    kinds = [ReasonKind.OTHER_WORDING if part.term is None else ReasonKind.PHRASE for part in explanation.parts]
    rows = zip(kinds, explanation.parts, parts, strict=True)
    return Pairing(
        level=Level(str(explanation.level)),
        tenths=tenths,
        parts=[Part(kind, part.term or "", value) for kind, part, value in rows],
        need=_passages(sides[0].document, explanation.query_spans),
        achievement=_passages(sides[1].document, explanation.document_spans),
        **facts,
    )


def _tenths(values: Sequence[float]) -> tuple[int, list[int]]:
    """The sum in tenths of a point, and the values so rounded (largest remainder) that they add up to it."""
    total = round(math.fsum(values) * POINTS)
    floors = [math.floor(value * POINTS) for value in values]
    by_rest = sorted(range(len(values)), key=lambda at: (floors[at] - values[at] * POINTS, at))
    for at in by_rest[: total - sum(floors)]:
        floors[at] += 1
    return total, floors


def _quoted(wanted: Wanted, offered: Offered, one: Compared) -> tuple[str, str]:
    return (
        f"{one.wanted.context} {wanted.text[one.wanted.start : one.wanted.end].strip()}",
        f"{one.offered.context} {offered.text[one.offered.start : one.offered.end].strip()}",
    )


def _passages(side: Document, spans: Mapping[str, Sequence[Span]]) -> list[Passage]:
    return [Passage(name, segments(text, spans.get(name, ()))) for name, text in side.fields.items() if text]


def segments(text: str, spans: Sequence[Span]) -> list[Segment]:
    """The text cut at its spans (ascending, disjoint); joined it is the text again."""
    found, position = [], 0
    for span in spans:
        found.append(Segment(text[position : span.start], shared=False, strong=False))
        found.append(Segment(text[span.start : span.end], shared=True, strong=span.weight >= STRONG_SHARE))
        position = span.end
    found.append(Segment(text[position:], shared=False, strong=False))
    return [segment for segment in found if segment.text]
