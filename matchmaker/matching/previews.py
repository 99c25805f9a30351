"""What a text that is not published would match: for the box on the front page and beside a form being written.

Only published listings are found and only their public text is quoted; nothing of what was typed is kept.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.core.types import clean_text
from matchmaker.listings.permissions import Can as ListingCan
from matchmaker.listings.queries import PUBLIC_TEXTS
from matchmaker.matching import queries
from matchmaker.matching.engine import Document, Index, rank, scores, worded
from matchmaker.matching.engine.matcher import TELLING, expanded
from matchmaker.matching.indexing import MODELS, Listing, published
from matchmaker.matching.lexicon import lexicon
from matchmaker.matching.models import LISTED_LEVEL, Kind
from matchmaker.matching.queries import Match

_VIEW = {Kind.ACHIEVEMENT: ListingCan.ACHIEVEMENT_VIEW, Kind.NEED: ListingCan.NEED_VIEW}

LONGEST_TEXT = 5_000
"""Characters of each field that a preview reads: a paragraph, not a book."""

CANDIDATES = 40
"""Hits looked at before those that are not public any more are left out."""


@dataclass(frozen=True, slots=True)
class Gain:
    """What a field adds to the score of the best match, in tenths of a point; less than nothing where it dilutes."""

    name: str
    tenths: int


@dataclass(frozen=True, slots=True)
class Preview:
    """The best public matches of a text, by its words and other names alone: a score of 1 is that of a strong match;
    `building` where there is no index to ask."""

    matches: Sequence[Match]
    gains: Sequence[Gain] = ()
    building: bool = False


def texts_of(kind: Kind, given: Mapping[str, str]) -> dict[str, str]:
    """Of what a form sent, the public texts of this kind of listing, cleaned and cut."""
    names = (*PUBLIC_TEXTS[kind], "keywords")
    found = {name: clean_text(given.get(name, "")).strip()[:LONGEST_TEXT] for name in names}
    return {name: text for name, text in found.items() if text}


def preview(actor: Actor, kind: Kind, texts: Mapping[str, str], *, most: int = 5, with_gains: bool = False) -> Preview:
    """What a listing of this kind with these texts would match on the other side, best first."""
    if not texts:
        return Preview(())
    indexes = queries.find_indexes()
    if indexes is None:
        return Preview((), building=True)
    index = indexes.of(kind.other)
    query = _asked(texts)
    hits = [hit for hit in rank(index, query, CANDIDATES, worded(index, query)) if hit.level >= LISTED_LEVEL]
    rows = _public(actor, kind.other, [uuid.UUID(hit.id) for hit in hits])
    shown = [hit for hit in hits if hit.id in rows][:most]
    # No level: the thresholds of the index are for whole texts with a title, and would call most of these weak.
    matches = [
        Match(rows[hit.id], min(_share(index, hit.score), 1.0), None, queries.found_by(index, query, rows[hit.id]))
        for hit in shown
    ]
    gains = _gains(index, texts, shown[0].id) if with_gains and shown else ()
    return Preview(matches, gains)


def _share(index: Index, score: float) -> float:
    """Of the score that a strong match reaches."""
    return score / index.config.level_thresholds[-1]


def _public(actor: Actor, kind: Kind, ids: Sequence[uuid.UUID]) -> dict[str, Listing]:
    """Of these listings those that are public now."""
    public = published(kind, MODELS[kind].id.in_(ids), visible(actor, _VIEW[kind]))
    return {str(row.id): row for row in db.session.scalars(public)}


def _gains(index: Index, texts: Mapping[str, str], best: str) -> list[Gain]:
    """Score of the best match with everything, less the score without each field."""

    def points(query: Document) -> float:
        return 1000 * _share(index, float(scores(index, query)[index.rows[best]]))

    gains = []
    for name in texts:
        rest = {other: text for other, text in texts.items() if other != name}
        # The names that a title brings go with it: those of the rest do not stand in for them.
        bare = name in TELLING and not any(other in rest for other in TELLING)
        less = Document("", rest) if bare else _asked(rest)
        gains.append(Gain(name, round(points(_asked(texts)) - points(less))))
    return gains


def _asked(texts: Mapping[str, str]) -> Document:
    return expanded(Document("", dict(texts)), lexicon())
