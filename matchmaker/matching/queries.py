"""Reads of matching: lists of matches, search, and why a pair scores what it scores.

What is shown is decided when it is read: only listings that are published now and visible to the actor, whatever a
stored list or the index still holds. All text is that of public revisions, for owners too.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import aliased

from matchmaker.core import access, clock, money, taxonomy
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import NotFound
from matchmaker.core.types import clean_text
from matchmaker.core.web.paging import Page, paged, sliced
from matchmaker.listings import queries as listings
from matchmaker.listings.models import Achievement, ListingState, Mode, Need
from matchmaker.listings.permissions import Can as ListingCan
from matchmaker.matching import indexing, ranking
from matchmaker.matching.engine import Document, Index, Span, explain, scores
from matchmaker.matching.engine.conditions import Code, Condition, Offered, Wanted, compared_figures, hard, structure
from matchmaker.matching.engine.figures import Compared, Verdict
from matchmaker.matching.engine.reasons import Kind as ReasonKind
from matchmaker.matching.indexing import MODELS, Indexes, Listing, document, kind_of, published
from matchmaker.matching.models import Judgement, Kind, Level, MatchList, MatchRanker
from matchmaker.matching.ranking import Texts

_VIEW = {Kind.ACHIEVEMENT: ListingCan.ACHIEVEMENT_VIEW, Kind.NEED: ListingCan.NEED_VIEW}

_MILLION = 1_000_000


def _root() -> Path:
    root: Path = current_app.extensions["matchmaker.settings"].index_dir
    return root


def find_indexes() -> Indexes | None:
    """The index in use; None while it is being built."""
    return indexing.find_indexes(db.session(), _root())


# --- lists of matches -----------------------------------------------------------------------------------------------

PHRASES = 3
"""Shared phrases that a list names as the reason."""


@dataclass(frozen=True, slots=True)
class Match:
    """A listing of the other side, how well it fits (0 to 1), the phrases that count most, and hard conditions it
    misses. `judged`: what the reader's organisation said of it."""

    listing: Listing
    score: float
    level: Level
    reason: tuple[str, ...]
    missed: tuple[Condition, ...] = ()
    judged: Judgement | None = None


@dataclass(frozen=True, slots=True)
class Matches:
    """A page of matches. `pending`: the list of this published listing has not been computed yet; `withdrawn`: entries
    of the list that are public no more."""

    page: Page[Match]
    pending: bool = False
    withdrawn: int = 0


def list_matches_for_need(actor: Actor, need: Need, page: int = 1) -> Matches:
    """Published achievements that fit a need, best first."""
    return _matches(actor, need, page)


def list_matches_for_achievement(actor: Actor, achievement: Achievement, page: int = 1) -> Matches:
    """Published needs that an achievement fits, best first."""
    return _matches(actor, achievement, page)


def _matches(actor: Actor, listing: Listing, number: int) -> Matches:
    nothing: Page[Match] = sliced([], number)
    if listing.state != ListingState.PUBLISHED:
        return Matches(nothing)
    stored = db.session.get(MatchList, listing.id)
    if stored is None:
        return Matches(nothing, pending=True)
    other = kind_of(listing).other
    hits = {uuid.UUID(hit): (score, level) for hit, score, level in stored.hits}
    shown = _public(actor, other, hits.keys())
    judged = _own_judgements(actor, listing)
    order = sorted((hit for hit in hits if hit in shown), key=lambda hit: _judged_place(judged.get(hit)))
    page = sliced([shown[hit] for hit in order], number)
    reasons = _reasons(listing, page.items)
    own, today = ranking.texts_of(kind_of(listing), listing), clock.today()
    found = [
        Match(
            row,
            min(max(hits[row.id][0] / _MILLION, 0.0), 1.0),
            Level(str(hits[row.id][1])),
            reason,
            _missed(own, ranking.texts_of(other, row), today),
            judged.get(row.id),
        )
        for row, reason in zip(page.items, reasons, strict=True)
    ]
    return Matches(Page(found, page.number, page.total, page.size), withdrawn=len(hits) - len(shown))


def _judged_place(judgement: Judgement | None) -> int:
    """What the reader's organisation called strong stands first, what it put aside or called no match last; between
    them the order of the list (a sort is stable)."""
    if judgement is None or (judgement.level is None and judgement.reason is None):
        return 0
    if judgement.level is None:
        return 3
    return {4: -2, 3: -1, 2: 1, 1: 2}[judgement.level]


def _missed(own: Texts, other: Texts, today: date) -> tuple[Condition, ...]:
    wanted, offered = (own.facts, other.facts) if isinstance(own.facts, Wanted) else (other.facts, own.facts)
    assert isinstance(wanted, Wanted)
    assert isinstance(offered, Offered)
    return tuple(condition for condition in hard(wanted, offered, today) if not condition.met)


def _own_judgements(actor: Actor, listing: Listing) -> dict[uuid.UUID, Judgement]:
    """What the reader's organisation says of pairings of this listing, by the other side's id."""
    if actor.organisation_id is None:
        return {}
    is_need = kind_of(listing) is Kind.NEED
    column = Judgement.need_id if is_need else Judgement.achievement_id
    query = current_judgements().where(Judgement.organisation_id == actor.organisation_id, column == listing.id)
    return {row.achievement_id if is_need else row.need_id: row for row in db.session.scalars(query)}


def find_judgement(actor: Actor, need: Need, achievement: Achievement) -> Judgement | None:
    """What the actor's organisation says of this pairing now."""
    found = _own_judgements(actor, need).get(achievement.id)
    return found if found is not None and (found.level is not None or found.reason is not None) else None


def current_judgements() -> sa.Select[Any]:
    """Judgements that no later one of the same organisation about the same pair replaces."""
    later = aliased(Judgement)
    replaced = sa.exists().where(
        later.organisation_id == Judgement.organisation_id,
        later.need_id == Judgement.need_id,
        later.achievement_id == Judgement.achievement_id,
        later.version > Judgement.version,
    )
    return select(Judgement).where(~replaced)


def _public(actor: Actor, kind: Kind, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Listing]:
    """Of these listings those that the actor may be shown now."""
    query = published(kind, MODELS[kind].id.in_(ids), visible(actor, _VIEW[kind]))
    return {row.id: row for row in db.session.scalars(query)}


def _reasons(listing: Listing, others: Sequence[Listing]) -> list[tuple[str, ...]]:
    indexes = find_indexes() if others else None
    if indexes is None:
        return [()] * len(others)
    index, own = indexes.of(kind_of(listing)), document(listing)
    explained = (explain(index, own, document(other), limit=PHRASES) for other in others)
    return [tuple(part.term for part in found.parts if part.term is not None) for found in explained]


LEAST_JUDGEMENTS, LEAST_ORGANISATIONS = 30, 3
"""Below either the ranking learns nothing: an effect could be traced to one organisation."""


def find_ranker_figures() -> MatchRanker | None:
    """The second stage in use, with how well it agrees with judgements made here that were left out."""
    return db.session.get(MatchRanker, 1)


def count_matched_needs(level: int = 3) -> int:
    """Published needs whose best match reaches this level. A withdrawn achievement counts until lists are refreshed."""
    query = (
        select(func.count())
        .select_from(Need)
        .join(MatchList, MatchList.listing_id == Need.id)
        .where(Need.state == ListingState.PUBLISHED, MatchList.level >= level)
    )
    return db.session.scalar(query) or 0


def find_level(need_id: uuid.UUID, achievement_id: uuid.UUID) -> Level | None:
    """How well a pair fits by the stored lists; None where neither names the other."""
    for own, other in ((need_id, achievement_id), (achievement_id, need_id)):
        stored = db.session.get(MatchList, own)
        for hit, _, level in stored.hits if stored else ():
            if hit == str(other):
                return Level(str(level))
    return None


# --- search ---------------------------------------------------------------------------------------------------------

LONGEST_TEXT = 200

RELEVANT_SHARE = 0.2
"""A listing is found where its score is at least this share of the best one's. A single character in common with a
long corpus says nothing; without a bound half of all listings would be counted as found."""

MOST_FOUND = 2_000
"""Of what a text finds only so many are kept, the best: they are filtered and counted one by one."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The facets chosen. `trl`: achievements at this level or above; needs content with this level."""

    field: str | None = None
    district: str | None = None
    trl: int | None = None
    mode: Mode | None = None

    def chosen(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in FACETS}
        return {name: value for name, value in values.items() if value is not None}


FACETS = ("field", "district", "trl", "mode")


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a facet, and how many listings choosing it would leave under the text and the other facets."""

    value: Any
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A page of results. `ranked`: by how well they fit the text, else newest first; `building`: a text was given but
    there is no index to rank by; `cut`: more was found than is kept."""

    page: Page[Any]
    facets: Mapping[str, Sequence[Option]]
    ranked: bool = False
    building: bool = False
    cut: bool = False


def search(actor: Actor, kind: Kind, text: str = "", filters: Filters | None = None, page: int = 1) -> Found:
    """Published listings under these filters, in the engine's order for this text, or newest first without one."""
    filters = filters or Filters()
    base = [MODELS[kind].state == ListingState.PUBLISHED, visible(actor, _VIEW[kind])]
    text = clean_text(text).strip()[:LONGEST_TEXT]
    indexes = find_indexes() if text else None
    if indexes is None:
        newest = paged(published(kind, *base, *_conditions(kind, filters.chosen())), page)
        return Found(newest, _facets(kind, base, filters), building=bool(text and newest.total))
    found = _relevant(indexes.of(kind), text)
    base.append(MODELS[kind].id.in_(found))
    kept = set(db.session.scalars(select(MODELS[kind].id).where(*base, *_conditions(kind, filters.chosen()))))
    ranked = sliced([listing_id for listing_id in found if listing_id in kept], page)
    rows = _public(actor, kind, ranked.items)
    listed = [row for listing_id in ranked.items if (row := rows.get(listing_id))]
    shown = Page(listed, ranked.number, ranked.total, ranked.size)
    return Found(shown, _facets(kind, base, filters), ranked=True, cut=len(found) == MOST_FOUND)


def _relevant(index: Index, text: str) -> list[uuid.UUID]:
    """Ids of the documents found, best first, equal scores by id."""
    found = scores(index, Document("", {"title": text}))
    best = found.max(initial=0.0)
    rows = (found >= RELEVANT_SHARE * best).nonzero()[0] if best else []
    ordered = sorted(rows, key=lambda row: (-found[row], index.ids[row]))
    return [uuid.UUID(index.ids[row]) for row in ordered[:MOST_FOUND]]


def _conditions(kind: Kind, chosen: Mapping[str, Any]) -> list[ColumnElement[bool]]:
    if kind is Kind.ACHIEVEMENT:
        return listings.achievement_filters(**{_named(name, "trl_min"): value for name, value in chosen.items()})
    return listings.need_filters(**{_named(name, "trl_max"): value for name, value in chosen.items()})


def _named(facet: str, level: str) -> str:
    return level if facet == "trl" else facet


def _facets(kind: Kind, base: Sequence[ColumnElement[bool]], filters: Filters) -> dict[str, list[Option]]:
    """Each value's count is what choosing it would show: its own facet aside, the chosen filters hold. One read."""
    chosen = filters.chosen()
    values: dict[str, list[Any]] = {
        "field": list(taxonomy.terms("fields")),
        "district": list(taxonomy.terms("districts")),
        "trl": list(range(1, 10)),
        "mode": list(Mode),
    }
    columns = [
        func.count().filter(sa.and_(sa.true(), *_conditions(kind, {**chosen, name: value})))
        for name in FACETS
        for value in values[name]
    ]
    counts = iter(db.session.execute(select(*columns).select_from(MODELS[kind]).where(*base)).one())
    return {name: [Option(value, next(counts), value == chosen.get(name)) for value in values[name]] for name in FACETS}


# --- why a pair fits ------------------------------------------------------------------------------------------------

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
    the achievement, those that judgements speak for or against.
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
        access.require(actor, _VIEW[kind_of(listing)], listing)
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
    bonuses = structure(wanted, offered)
    return Pairing(
        level=Level(str(found.level)),
        tenths=tenths,
        parts=[Part(part.kind, part.term, value) for part, value in zip(found.parts, parts, strict=True) if value],
        need=_passages(sides[0].document, found.need_spans),
        achievement=_passages(sides[1].document, found.achievement_spans),
        probabilities=money.split(100, [Fraction(share) for share in found.probabilities]),
        changes=[
            Change(one.code, round((one.possible - one.value) * POINTS)) for one in bonuses if one.possible > one.value
        ],
        words=[(word, value > 0) for word, value in found.words],
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
