"""Searches people keep: saved, listed, removed. Each person has their own."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import func, select

from matchmaker.core import audit, clock
from matchmaker.core.access import Actor, Permission, Self, define, seen_through, signed_in
from matchmaker.core.db import command, db
from matchmaker.core.errors import N_, Invalid
from matchmaker.matching.arrivals import NEW_FOR
from matchmaker.matching.models import Kind, SavedSearch

MOST = 20


class Can(Permission):
    SEARCH_SAVE = "search:save"
    SEARCH_VIEW = "search:view"
    SEARCH_REMOVE = "search:remove"


define(
    {
        Can.SEARCH_SAVE: signed_in,
        Can.SEARCH_VIEW: Self(SavedSearch.user_id),
        Can.SEARCH_REMOVE: Self(SavedSearch.user_id),
    }
)
seen_through(SavedSearch, Can.SEARCH_VIEW)


class TooManySearches(Invalid):
    code = "matching.too_many_searches"
    phrase = N_("You keep %(most)s searches already. Remove one first.")


class NameMissing(Invalid):
    code = "matching.name_missing"
    phrase = N_("Give the search a name.")


def find_search(search_id: uuid.UUID) -> SavedSearch | None:
    return db.session.get(SavedSearch, search_id)


def list_searches(actor: Actor, kind: Kind) -> list[SavedSearch]:
    """The actor's own of this kind, the latest first."""
    if actor.user_id is None:
        return []
    query = select(SavedSearch).where(SavedSearch.user_id == actor.user_id, SavedSearch.kind == kind)
    return list(db.session.scalars(query.order_by(SavedSearch.created_at.desc(), SavedSearch.id)))


@command(Can.SEARCH_SAVE)
def save_search(
    actor: Actor, _: None, *, kind: Kind, name: str, query: Mapping[str, str], since: datetime | None = None
) -> SavedSearch:
    """Keep a search under a name. Raises NameMissing, TooManySearches.

    `since`: from when on it was kept already, for one that was removed and comes back with what is new to it.
    """
    now = clock.now()
    if not name:
        raise NameMissing(field="name")
    mine = select(func.count()).select_from(SavedSearch).where(SavedSearch.user_id == actor.user_id)
    if (db.session.scalar(mine) or 0) >= MOST:
        raise TooManySearches(field="name", most=MOST)
    assert actor.user_id is not None  # signed in
    created_at = now if since is None else min(max(since, now - NEW_FOR), now)
    row = SavedSearch(user_id=actor.user_id, kind=kind, name=name, query=dict(query), created_at=created_at)
    db.session.add(row)
    audit.record(actor, "search.saved", row)
    return row


@command(Can.SEARCH_REMOVE)
def remove_search(actor: Actor, search: SavedSearch) -> None:
    audit.record(actor, "search.removed", search)
    db.session.delete(search)
