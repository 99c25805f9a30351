"""The second stage over published listings: candidates of the index become final lists.

The ranker in use is named by the database (`models.MatchRanker`) and fitted by `learning`. Until there is one, the
order of the first stage stands. Texts and facts are those of public revisions alone.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from flask import current_app
from sqlalchemy import Select, select
from sqlalchemy.orm import Session, joinedload, load_only

from matchmaker.core.db import db
from matchmaker.listings.models import ListingState, Revision
from matchmaker.matching import indexing
from matchmaker.matching.blocks import ordered
from matchmaker.matching.engine import Document, Hit, Index, Ranker, semantic
from matchmaker.matching.engine.conditions import Offered, Wanted, structure
from matchmaker.matching.engine.matcher import expanded
from matchmaker.matching.engine.reasons import Reasons, reasons
from matchmaker.matching.engine.semantic import Model, Vectors
from matchmaker.matching.engine.space import Side
from matchmaker.matching.lexicon import lexicon
from matchmaker.matching.models import LIST_SIZE, LISTED_LEVEL, Kind, MatchRanker

CANDIDATES = {kind: 4 * size for kind, size in LIST_SIZE.items()}
"""Best of the first stage that are scored in full for a list of each kind; with as many of the nearest in meaning as
the list is long, where there is a model of it."""

_CHUNK = 500


class Ranked(list[Hit]):
    """A list, best first. `least`: score of the first stage from which on a newcomer may belong to it."""

    least: float = 0.0


@dataclass(frozen=True, eq=False)
class Texts:
    """A published listing as the second stage sees it."""

    id: str
    revision_id: str
    document: Document
    facts: Wanted | Offered


@dataclass(frozen=True, eq=False)
class Opened:
    """The ranker in use, with the rows of all documents it was fitted on: by side, and by revision."""

    ranker: Ranker
    rows: Mapping[Kind, Side]
    vectors: Vectors | None

    def side(self, kind: Kind, entries: Sequence[Texts]) -> Side:
        """Rows for these listings, in this order. Those not seen at the fit are made now."""
        kept = self.rows[kind]
        known = [entry for entry in entries if entry.revision_id in kept.rows]
        fresh = [entry for entry in entries if entry.revision_id not in kept.rows]
        found = kept.take([kept.rows[entry.revision_id] for entry in known])
        if fresh:
            found = found.joined(self._made(kind, fresh))
        ids = [entry.id for entry in (*known, *fresh)]
        place = {listing_id: row for row, listing_id in enumerate(ids)}
        return found.named(ids).take([place[entry.id] for entry in entries])

    def _made(self, kind: Kind, entries: Sequence[Texts]) -> Side:
        documents = [entry.document for entry in entries]
        space, meaning = self.ranker.space, self.ranker.meaning
        side = space.needs(documents) if kind is Kind.NEED else space.achievements(documents)
        if meaning is None or self.vectors is None:
            return side
        of_kind = meaning.needs if kind is Kind.NEED else meaning.achievements
        return of_kind(side, documents, self.vectors)


def index_dir() -> Path:
    root: Path = current_app.extensions["matchmaker.settings"].index_dir
    return root


def vectors(root: Path, models: tuple[Model, ...], *, encode: bool) -> Vectors:
    """Of the platform's texts. Only the worker encodes; a page looks up what is there."""
    return Vectors(root / "vectors", models, encode=encode)


def models() -> tuple[Model, ...]:
    """Those that read the texts here: the extra one may be switched off, or not be installed."""
    return semantic.models(extra=current_app.extensions["matchmaker.settings"].semantic)


def find_ranker(session: Session, root: Path, *, asked: tuple[Model, ...] = ()) -> Opened | None:
    """The ranker in use; None where none was fitted yet, or its files are missing or damaged. Texts that are newer than
    the fit are read for their meaning by these models."""
    row = session.get(MatchRanker, 1)
    return None if row is None else _open(root, row.directory, asked)


@lru_cache(maxsize=4)
def _open(root: Path, name: str, asked: tuple[Model, ...]) -> Opened | None:
    ranker = Ranker.load(root / name, lexicon())
    if ranker is None:
        return None
    used = ranker.models
    try:
        rows = {kind: Side.load(root / name, str(kind), meaning=bool(used)) for kind in Kind}
    except (OSError, ValueError, KeyError):
        return None
    return Opened(ranker, rows, vectors(root, used, encode=set(used) <= set(asked)) if used else None)


# --- listings -------------------------------------------------------------------------------------------------------


def published_texts(kind: Kind, ids: Collection[str], *, of_revisions: bool = False) -> dict[str, Texts]:
    """Of these listings (or of those that these are revisions of) the published ones, by id of the listing."""
    wanted = sorted(uuid.UUID(one) for one in ids)
    model = indexing.MODELS[kind]
    of_kind = Revision.achievement_id if kind is Kind.ACHIEVEMENT else Revision.need_id
    found = {}
    with indexing.reading() as session:
        for start in range(0, len(wanted), _CHUNK):
            part = wanted[start : start + _CHUNK]
            # By the key of the listing, for there is no index over their revisions.
            listed = select(of_kind).where(Revision.id.in_(part)) if of_revisions else part
            query: Select[Any] = (
                select(model)
                .where(model.state == ListingState.PUBLISHED, model.id.in_(listed))
                .options(load_only(model.revision_id), joinedload(model.revision))
                .order_by(model.id)
            )
            for listing in session.scalars(query):
                found[str(listing.id)] = texts_of(kind, listing)
    return found


def texts_of(kind: Kind, listing: indexing.Listing) -> Texts:
    document = indexing.document(listing)
    revision: Revision | None = listing.revision
    body = revision.body if revision is not None else {}
    return Texts(document.id, str(listing.revision_id), document, facts_of(kind, body, document))


def facts_of(kind: Kind, body: Mapping[str, Any], document: Document) -> Wanted | Offered:
    """What a public revision states as facts."""
    shared: dict[str, Any] = {
        "field": body.get("field"),
        "industries": tuple(body.get("industries") or ()),
        "modes": tuple(body.get("modes") or ()),
        "district": body.get("district"),
        "text": "\n".join(document.fields.values()),
    }
    if kind is Kind.NEED:
        deadline = body.get("deadline_on")
        targets = document.fields.get("targets", "")
        return Wanted(
            **{**shared, "text": targets or shared["text"]},
            exact=bool(targets),
            min_trl=body.get("min_trl"),
            budget_max_fen=body.get("budget_max_fen"),
            deadline_on=date.fromisoformat(deadline) if deadline else None,
        )
    rights = tuple(
        (right.get("status") or "", date.fromisoformat(right["expires_on"]) if right.get("expires_on") else None)
        for right in body.get("rights") or ()
    )
    return Offered(**shared, trl=body.get("trl"), price_min_fen=body.get("price_min_fen"), rights=rights)


# --- lists ----------------------------------------------------------------------------------------------------------


def rank_lists(index: Index, kind: Kind, documents: Sequence[Document], *, threads: int = 1) -> list[Ranked]:
    """The final list of each document of `kind`, from the index of the other side. Every stored list comes from here
    or, where another machine finds the candidates, from the two halves of it."""
    queries, size = asked(kind, documents)
    return finished(index, kind, documents, ordered(index, queries, size, threads=threads))


def asked(kind: Kind, documents: Sequence[Document]) -> tuple[list[Document], int]:
    """What the first stage is asked for these documents, and how many candidates of each are wanted."""
    opened = _in_use()
    if opened is None:
        return list(documents), LIST_SIZE[kind]
    return [expanded(document, opened.ranker.space.lexicon) for document in documents], CANDIDATES[kind]


def finished(
    index: Index, kind: Kind, documents: Sequence[Document], candidates: Sequence[Sequence[Hit]]
) -> list[Ranked]:
    """The final list of each document from its candidates."""
    opened = _in_use()
    if opened is None:
        return [_first_stage(index, kind, hits) for hits in candidates]
    own = published_texts(kind, [document.id for document in documents])
    rows = opened.side(kind, list(own.values()))
    near = _nearest(opened, kind, rows)
    others = published_texts(kind.other, {hit.id for hits in candidates for hit in hits})
    others |= {entry.id: entry for some in near.values() for entry in some}
    sides = {kind: rows, kind.other: opened.side(kind.other, list(others.values()))}
    return [
        _second_stage(opened.ranker, kind, sides, own.get(document.id), others, hits, near.get(document.id, ()))
        for document, hits in zip(documents, candidates, strict=True)
    ]


def _nearest(opened: Opened, kind: Kind, own: Side) -> dict[str, list[Texts]]:
    """For each of `own` the published listings of the other side that mean the most alike, of those seen at the fit:
    so an English need finds Chinese achievements with which it shares no word."""
    fitted = opened.rows[kind.other]
    rows = semantic.nearest(own, fitted, LIST_SIZE[kind])
    revisions = {fitted.ids[row] for some in rows for row in some.tolist()}
    found = published_texts(kind.other, revisions, of_revisions=True)
    by_revision = {entry.revision_id: entry for entry in found.values()}
    return {
        listing_id: [by_revision[fitted.ids[row]] for row in some.tolist() if fitted.ids[row] in by_revision]
        for listing_id, some in zip(own.ids, rows, strict=True)
    }


def _in_use() -> Opened | None:
    with indexing.reading() as session:
        return find_ranker(session, index_dir(), asked=models())


def _first_stage(index: Index, kind: Kind, hits: Sequence[Hit]) -> Ranked:
    ranked = Ranked(hits)
    full = len(hits) == LIST_SIZE[kind] and hits[-1].level >= LISTED_LEVEL
    ranked.least = hits[-1].score if full else index.config.level_thresholds[LISTED_LEVEL - 2]
    return ranked


def _second_stage(
    ranker: Ranker,
    kind: Kind,
    sides: Mapping[Kind, Side],
    own: Texts | None,
    others: Mapping[str, Texts],
    hits: Sequence[Hit],
    near: Sequence[Texts],
) -> Ranked:
    ranked = Ranked()
    ranked.least = hits[-1].score if len(hits) == CANDIDATES[kind] else 0.0
    found = list({entry.id: entry for entry in [*(others[hit.id] for hit in hits if hit.id in others), *near]}.values())
    if own is None or not found:
        return ranked
    there = np.array([sides[kind.other].rows[entry.id] for entry in found], dtype=np.int64)
    here = np.full(len(found), sides[kind].rows[own.id], dtype=np.int64)
    needs, rows = (here, there) if kind is Kind.NEED else (there, here)
    answers = ranker.answers(sides[Kind.NEED], sides[Kind.ACHIEVEMENT], needs, rows)
    answers += np.array([bonus(own.facts, entry.facts) for entry in found])[:, None]
    ids = [entry.id for entry in found]
    levels = ranker.levels([(own.id, other) if kind is Kind.NEED else (other, own.id) for other in ids], answers)
    scored = [Hit(*hit) for hit in zip(ids, answers.mean(axis=1).tolist(), levels, strict=True)]
    ranked.extend(sorted(scored, key=lambda hit: (-hit.score, hit.id))[: LIST_SIZE[kind]])
    return ranked


def bonus(one: Wanted | Offered, other: Wanted | Offered) -> float:
    """What structure adds to the score of a pair, its sides in either order."""
    wanted, offered = (one, other) if isinstance(one, Wanted) else (other, one)
    assert isinstance(wanted, Wanted)
    assert isinstance(offered, Offered)
    return sum(part.value for part in structure(wanted, offered))


# --- one pair -------------------------------------------------------------------------------------------------------


def explained(need: Texts, achievement: Texts, *, limit: int) -> Reasons | None:
    """A pair taken apart; None while there is no ranker. The same score as in the lists."""
    opened = find_ranker(db.session(), index_dir())
    if opened is None:
        return None
    sides = opened.side(Kind.NEED, [need]), opened.side(Kind.ACHIEVEMENT, [achievement])
    assert isinstance(need.facts, Wanted)
    assert isinstance(achievement.facts, Offered)
    parts = structure(need.facts, achievement.facts)
    return reasons(opened.ranker, need.document, achievement.document, sides, parts, limit=limit)
