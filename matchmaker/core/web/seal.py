"""Closes the app: every view must say who may reach it, and is wrapped so that it is held to it.

An unsafe method runs in one unit of work that commits inside the wrapped view, so that an error at commit
still becomes a proper page. A safe method runs in a read-only transaction.
"""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable
from typing import Any

from flask import Flask, g, request, session

from matchmaker.core import access
from matchmaker.core.access import Actor, Mark
from matchmaker.core.db import db, with_retries
from matchmaker.core.errors import Unauthenticated

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Unmarked(RuntimeError):
    """Views that say nothing about who may reach them."""


def seal(app: Flask, actor_of: Callable[[], Actor]) -> None:
    """Wrap every view. Raises Unmarked naming all that carry no `@needs` or `@public`, or a permission without rule."""
    open_views = []
    for endpoint, view in app.view_functions.items():
        if endpoint == "static":
            continue
        mark = getattr(view, "__access__", None)
        if mark is None or (mark.permission is not None and mark.permission not in access.all_rules()):
            open_views.append(endpoint)
            continue
        app.view_functions[endpoint] = _guarded(view, mark, actor_of)
    if open_views:
        raise Unmarked("mark these views with @needs and a defined rule, or @public: " + ", ".join(sorted(open_views)))


def _guarded(view: Callable[..., Any], mark: Mark, actor_of: Callable[[], Actor]) -> Callable[..., Any]:
    def attempt(kwargs: dict[str, Any]) -> Any:
        g.actor = actor_of()
        if mark.permission is None:
            return view(**kwargs)
        if mark.load is None:
            access.require(g.actor, mark.permission)
            return view(**kwargs)
        # Asked before loading: to an anonymous reader a hidden row and a missing one must answer alike.
        if g.actor.anonymous and not access.all_rules()[mark.permission].open_to_anonymous:
            raise Unauthenticated()
        row = mark.load(kwargs["id"])
        if row is None:
            raise access.unseen(g.actor, mark.permission)
        access.require(g.actor, mark.permission, row)
        return view(row, **{name: value for name, value in kwargs.items() if name != "id"})

    @functools.wraps(view)
    def guarded(**kwargs: Any) -> Any:
        if request.method in SAFE or mark.own_transaction:
            try:
                return attempt(kwargs)
            finally:
                db.session.rollback()
        before = copy.deepcopy(dict(session))

        def again() -> Any:
            _put_back(before)
            return attempt(kwargs)

        try:
            return with_retries(again)
        except BaseException:
            _put_back(before)
            raise

    return guarded


def _put_back(before: dict[str, Any]) -> None:
    """What a view put into the session is part of its unit of work: nothing of it stays where that failed."""
    if dict(session) != before:
        session.clear()
        session.update(copy.deepcopy(before))
