"""Reads of matching: lists of matches, search, and why a pair scores what it scores.

What is shown is decided when it is read: only listings that are published now and visible to the actor, whatever a
stored list or the index still holds. All text is that of public revisions, for owners too.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa
from flask import current_app
from sqlalchemy import ColumnElement, func, select

from matchmaker.core import clock, taxonomy
from matchmaker.core.access import ANONYMOUS, Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.core.types import clean_text
from matchmaker.core.web.paging import Page, paged, sliced
from matchmaker.listings import queries as listings
from matchmaker.listings.models import Achievement, ListingState, Mode, Need, Revision
from matchmaker.listings.permissions import Can as ListingCan
from matchmaker.matching import indexing
from matchmaker.matching.arrivals import NEW_FOR, Arrival, first_published, list_arrivals, list_arrivals_of_all
from matchmaker.matching.engine import Document, Index, explain, scores, shared, worded
from matchmaker.matching.engine.conditions import Condition, Offered, Wanted, hard
from matchmaker.matching.engine.matcher import OTHER_NAMES, expanded
from matchmaker.matching.engine.text import fold, telling
from matchmaker.matching.indexing import MODELS, Indexes, Listing, document, kind_of, published
from matchmaker.matching.judgements import Learnt, judgements_fingerprint, list_judgements_to_learn, list_own, may_judge
from matchmaker.matching.lexicon import lexicon
from matchmaker.matching.models import Judgement, Kind, Level, MatchList, SavedSearch
from matchmaker.matching.ranking import Texts, texts_of
from matchmaker.matching.verdicts import Standing, Verdict, arrange

__all__ = [  # and what stands below
    "NEW_FOR",
    "Arrival",
    "Learnt",
    "judgements_fingerprint",
    "list_arrivals",
    "list_arrivals_of_all",
    "list_judgements_to_learn",
]

VIEW = {Kind.ACHIEVEMENT: ListingCan.ACHIEVEMENT_VIEW, Kind.NEED: ListingCan.NEED_VIEW}

_MILLION = 1_000_000


def _root() -> Path:
    root: Path = current_app.extensions["matchmaker.settings"].index_dir
    return root


def find_indexes() -> Indexes | None:
    """The index in use; None while it is being built."""
    return indexing.find_indexes(db.session(), _root())


# --- lists of matches -----------------------------------------------------------------------------------------------

PHRASES, LEAST_SHARE = 3, 0.07
"""Shared phrases that a list names as the reason, and the share of the score from which on one is named."""


class Phrase(NamedTuple):
    """What both sides say; `written`: in these words, or else under another name."""

    words: str
    written: bool


@dataclass(frozen=True, slots=True)
class Match:
    """A listing of the other side, how well it fits (0 to 1), the phrases that count most, and hard conditions it
    misses.

    `own`: what the reader's organisation said of the pair, which goes before the machine's level; `score` and `level`
    are None where the organisation judged a pair that the machine does not list. `judged_here`: the reader may judge.
    """

    listing: Listing
    score: float | None
    level: Level | None
    reason: tuple[Phrase, ...]
    missed: tuple[Condition, ...] = ()
    own: Judgement | None = None
    judged_here: bool = False


@dataclass(frozen=True, slots=True)
class Matches:
    """A page of matches. `pending`: the list of this published listing has not been computed yet. `aside`: what the
    reader's organisation put aside, latest first. `withdrawn`: entries of the list that are public no more."""

    page: Page[Match]
    pending: bool = False
    aside: Sequence[Match] = ()
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
    own = list_own(actor, listing)
    verdicts = {other_id: verdict for other_id, row in own.items() if (verdict := row.verdict) is not None}
    hits = [(uuid.UUID(hit), score, level) for hit, score, level in stored.hits]
    shown = _public(actor, kind_of(listing).other, {hit for hit, *_ in hits} | verdicts.keys())
    listed, aside = arrange([hit for hit in hits if hit[0] in shown], _those(verdicts, shown))
    page = sliced(listed, number)
    facts, today = texts_of(kind_of(listing), listing), clock.today()
    reasons = _reasons(listing, [shown[standing.key] for standing in page.items])

    def match(standing: Standing[uuid.UUID], reason: tuple[Phrase, ...] = ()) -> Match:
        score, level, row = standing.score, standing.level, shown[standing.key]
        return Match(
            row,
            None if score is None else min(max(score / _MILLION, 0.0), 1.0),
            None if level is None else Level(str(level)),
            reason,
            _missed(facts, texts_of(kind_of(row), row), today),
            own.get(row.id),
            may_judge(actor, *_sides(listing, row)),
        )

    found = [match(standing, reason) for standing, reason in zip(page.items, reasons, strict=True)]
    return Matches(
        Page(found, page.number, page.total, page.size),
        aside=[match(standing) for standing in aside],
        withdrawn=sum(hit not in shown for hit, *_ in hits),
    )


def _those(verdicts: Mapping[uuid.UUID, Verdict], shown: Collection[uuid.UUID]) -> dict[uuid.UUID, Verdict]:
    return {other_id: verdict for other_id, verdict in verdicts.items() if other_id in shown}


def _sides(listing: Listing, other: Listing) -> tuple[Need, Achievement]:
    """Of two listings of different kinds: the need and the achievement."""
    need, achievement = (listing, other) if isinstance(listing, Need) else (other, listing)
    assert isinstance(need, Need) and isinstance(achievement, Achievement)  # noqa: PT018
    return need, achievement


def _missed(own: Texts, other: Texts, today: date) -> tuple[Condition, ...]:
    wanted, offered = (own.facts, other.facts) if isinstance(own.facts, Wanted) else (other.facts, own.facts)
    assert isinstance(wanted, Wanted)
    assert isinstance(offered, Offered)
    return tuple(condition for condition in hard(wanted, offered, today) if not condition.met)


def _public(actor: Actor, kind: Kind, ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Listing]:
    """Of these listings those that the actor may be shown now."""
    query = published(kind, MODELS[kind].id.in_(ids), visible(actor, VIEW[kind]))
    return {row.id: row for row in db.session.scalars(query)}


def list_public(actor: Actor, kind: Kind, ids: Sequence[uuid.UUID]) -> list[Listing]:
    """Of these listings those that the actor may be shown now, in the order given."""
    found = _public(actor, kind, ids)
    return [found[listing_id] for listing_id in ids if listing_id in found]


def _reasons(listing: Listing, others: Sequence[Listing]) -> list[tuple[Phrase, ...]]:
    indexes = find_indexes() if others else None
    if indexes is None:
        return [()] * len(others)
    index, own = indexes.of(kind_of(listing)), expanded(document(listing), lexicon())
    return [found_by(index, own, other) for other in others]


def found_by(index: Index, query: Document, listing: Listing) -> tuple[Phrase, ...]:
    """The phrases of the query, other names among them, that bring this listing most; what brings little is left out,
    but for the first."""
    written = fold("\n".join(text for name, text in query.fields.items() if name != OTHER_NAMES))
    parts = explain(index, query, document(listing), limit=PHRASES).parts
    return tuple(
        Phrase(part.term, fold(part.term) in written)
        for place, part in enumerate(parts)
        if part.term is not None and (not place or part.share >= LEAST_SHARE)
    )


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

LONGEST_TEXT = 400
"""Characters: in Chinese nine bytes each in an address, of which servers take about 4,000."""

RELEVANT_SHARE = 0.2
"""A listing is found where its score is at least this share of the best one's, or where it has all that was typed.
Without a bound a short paragraph would find half of all listings, by one everyday word or another."""

MOST_FOUND = 2_000
"""Of what a text finds only so many are kept, the best: they are filtered and counted one by one."""


@dataclass(frozen=True, slots=True)
class Filters:
    """The facets chosen. `trl`: achievements at this level or above; needs content with this level."""

    field: str | None = None
    district: str | None = None
    trl: int | None = None
    mode: Mode | None = None

    @classmethod
    def read(cls, args: Mapping[str, str]) -> Filters:
        """From a query string. What no facet offers counts as not chosen, so that an old link still works."""
        field, district, trl, mode = (args.get(name, "") for name in FACETS)
        return cls(
            field=field if field in taxonomy.terms("fields") else None,
            district=district if district in taxonomy.terms("districts") else None,
            trl=int(trl) if trl in taxonomy.terms("trl") else None,
            mode=Mode(mode) if mode in set(Mode) else None,
        )

    def chosen(self) -> dict[str, Any]:
        values = {name: getattr(self, name) for name in FACETS}
        return {name: value for name, value in values.items() if value is not None}


FACETS = ("field", "district", "trl", "mode")


class Order(StrEnum):
    """How results are sorted. `BEST` needs a text; without one it is `NEWEST`."""

    BEST = "best"
    NEWEST = "newest"
    MATURE = "mature"
    """Achievements: the highest readiness level first."""
    URGENT = "urgent"
    """Needs: the first deadline first; those without one last."""


ORDERS: Mapping[Kind, Mapping[Order, str]] = {
    Kind.ACHIEVEMENT: {
        Order.BEST: N_("Best match first"),
        Order.NEWEST: N_("Newest first"),
        Order.MATURE: N_("Most mature first"),
    },
    Kind.NEED: {
        Order.BEST: N_("Best match first"),
        Order.NEWEST: N_("Newest first"),
        Order.URGENT: N_("Earliest deadline first"),
    },
}
"""What a side can be sorted by, in words."""


def _sorted(query: sa.Select[Any], order: Order) -> sa.Select[Any]:
    if order is Order.MATURE:
        keys: list[Any] = [Achievement.trl.desc().nulls_last(), Achievement.published_at.desc(), Achievement.id]
    elif order is Order.URGENT:
        keys = [Need.deadline_on.asc().nulls_last(), Need.published_at.desc(), Need.id]
    else:
        return query
    return query.order_by(None).order_by(*keys)


@dataclass(frozen=True, slots=True)
class Option:
    """A value of a facet, and how many listings choosing it would leave under the text and the other facets."""

    value: Any
    count: int
    chosen: bool


@dataclass(frozen=True, slots=True)
class Found:
    """A page of results. `ranked`: by how well they fit the text, else newest first; `building`: a text was given but
    there is no index to rank by; `cut`: more was found than is kept; `also`: other names looked for as well; `loose`:
    nothing has the words, only single characters of them; `reasons`: by what each was found, but for all that was
    typed."""

    page: Page[Any]
    facets: Mapping[str, Sequence[Option]]
    ranked: bool = False
    building: bool = False
    cut: bool = False
    order: Order = Order.NEWEST
    also: Sequence[str] = ()
    loose: bool = False
    reasons: Mapping[uuid.UUID, Sequence[Phrase]] = field(default_factory=dict)


def search(
    actor: Actor,
    kind: Kind,
    text: str = "",
    filters: Filters | None = None,
    page: int = 1,
    order: Order = Order.BEST,
) -> Found:
    """Published listings under these filters, in the engine's order for this text, or newest first without one."""
    filters = filters or Filters()
    base = [MODELS[kind].state == ListingState.PUBLISHED, visible(actor, VIEW[kind])]
    text = clean_text(text).strip()[:LONGEST_TEXT]
    indexes = find_indexes() if text else None
    if indexes is None:
        order = Order.NEWEST if order is Order.BEST else order
        listed = paged(_sorted(published(kind, *base, *_conditions(kind, filters.chosen())), order), page)
        return Found(listed, _facets(kind, base, filters), building=bool(text and listed.total), order=order)
    index, query = indexes.of(kind), _asked(text)
    found, loose = _relevant(index, text, query)
    base.append(MODELS[kind].id.in_(found))
    chosen = _conditions(kind, filters.chosen())
    if order is Order.BEST:
        kept = set(db.session.scalars(select(MODELS[kind].id).where(*base, *chosen)))
        ranked = sliced([listing_id for listing_id in found if listing_id in kept], page)
        rows = list_public(actor, kind, ranked.items)
        shown: Page[Any] = Page(rows, ranked.number, ranked.total, ranked.size)
    else:
        shown = paged(_sorted(published(kind, *base, *chosen), order), page)
    return Found(
        shown,
        _facets(kind, base, filters),
        ranked=order is Order.BEST,
        cut=len(found) == MOST_FOUND,
        order=order,
        also=[name for name in query.fields.get(OTHER_NAMES, "").splitlines() if fold(name) not in fold(text)],
        loose=loose,
        reasons={
            row.id: tuple(phrase for phrase in found_by(index, query, row) if fold(phrase.words) != fold(text))
            for row in shown.items
        },
    )


def _asked(text: str) -> Document:
    """Words typed, with their other names."""
    return expanded(Document("", {"title": text}), lexicon())


def _relevant(index: Index, text: str, query: Document) -> tuple[list[uuid.UUID], bool]:
    """Ids of the documents found, best first, equal scores by id, and whether they have but single characters of the
    words: those are found only where nothing has more. Other names count about a third of what was typed."""
    found, typed = scores(index, query), telling([text], index.config.max_gram)
    near = (found > 0) & (found >= RELEVANT_SHARE * found.max(initial=0.0))
    good = worded(index, query) & (near | (shared(index, typed) == len(typed)))
    rows = (good if good.any() else near).nonzero()[0]
    ordered = sorted(rows, key=lambda row: (-found[row], index.ids[row]))
    return [uuid.UUID(index.ids[row]) for row in ordered[:MOST_FOUND]], bool(ordered) and not good.any()


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


# --- searches that somebody keeps -----------------------------------------------------------------------------------

LATEST = 3
"""Of what a saved search finds anew, so many are named; a link leads to all."""


@dataclass(frozen=True, slots=True)
class News:
    """A saved search, and what it finds that was first published after it was saved: ids, the latest first."""

    search: SavedSearch
    found: Sequence[uuid.UUID]

    @property
    def filters(self) -> Filters:
        return Filters.read(self.search.query)

    @property
    def query(self) -> dict[str, str]:
        """Of the address of the search, what it finds with the newest first."""
        return {**self.search.query, "order": Order.NEWEST.value}


def list_news(user_id: uuid.UUID, *, apart_from: Collection[uuid.UUID]) -> list[News]:
    """This person's saved searches, the latest first, and what they find of the last thirty days.

    As anybody may see it, and without what these organisations posted. By single characters alone, or while there is no
    index, words find nothing.
    """
    mine = select(SavedSearch).where(SavedSearch.user_id == user_id)
    searches = db.session.scalars(mine.order_by(SavedSearch.created_at.desc(), SavedSearch.id)).all()
    indexes = find_indexes() if searches else None
    found: dict[uuid.UUID, Sequence[uuid.UUID]] = {}
    for kind in Kind:
        if kept := [search for search in searches if search.kind == kind]:
            found |= _news(kind, kept, apart_from, indexes.of(kind) if indexes else None)
    return [News(search, found[search.id]) for search in searches]


def list_latest(news: Sequence[News]) -> list[list[Listing]]:
    """Of each the latest few in full, as anybody may see them."""
    wanted = {kind: [one for some in news if some.search.kind == kind for one in some.found[:LATEST]] for kind in Kind}
    shown = {row.id: row for kind, ids in wanted.items() if ids for row in list_public(ANONYMOUS, kind, ids)}
    return [[shown[one] for one in some.found[:LATEST] if one in shown] for some in news]


def _news(
    kind: Kind, searches: Sequence[SavedSearch], apart_from: Collection[uuid.UUID], index: Index | None
) -> dict[uuid.UUID, list[uuid.UUID]]:
    """One read for all of them: each listing that is new, and whether it has what each search filters by."""
    model = MODELS[kind]
    filtered = [sa.and_(sa.true(), *_conditions(kind, Filters.read(search.query).chosen())) for search in searches]
    query = (
        first_published(kind, clock.now() - NEW_FOR)
        .add_columns(*(held.label(f"held_{number}") for number, held in enumerate(filtered)))
        .where(visible(ANONYMOUS, VIEW[kind]), model.organisation_id.not_in(apart_from))
        .order_by(Revision.created_at.desc(), model.id)
    )
    rows = db.session.execute(query).all()
    with_words = [_with_words(index, search) if rows else None for search in searches]
    return {
        search.id: [
            listing_id
            for listing_id, published_at, *held in rows
            if held[at] and published_at > search.created_at and (found is None or listing_id in found)
        ]
        for at, (search, found) in enumerate(zip(searches, with_words, strict=True))
    }


def _with_words(index: Index | None, search: SavedSearch) -> Collection[uuid.UUID] | None:
    """What the words of a search find; None where it has none, and finds everything."""
    text = search.query.get("q", "")
    if not text:
        return None
    found, loose = _relevant(index, text, _asked(text)) if index else ([], True)
    return () if loose else set(found)
