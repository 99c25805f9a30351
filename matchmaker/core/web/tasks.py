"""What waits for a reader, and what moved: each feature enters its sources, the home page asks them all.

A source answers for one actor with what that person can do now; it reads a bounded number of rows in one or two
statements, never one for each row, and none where the actor's roles leave nothing to do. A feature fills it in its own
`tasks.py`, which `app` imports:

    @tasks.source("deals")
    def waiting(actor: Actor) -> list[Task]: ...

    @tasks.news("deals")
    def moved(actor: Actor) -> list[Move]: ...
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select

from matchmaker.core.access import Actor
from matchmaker.core.audit import AuditEvent
from matchmaker.core.db import db
from matchmaker.core.errors import N_

MOST = 30
"""Rows that a source should answer at most."""

DECIDE, SIGN, CONFIRM, PAY, REVIEW, WRITE = "decide", "sign", "confirm", "pay", "review", "write"
KINDS = {
    DECIDE: N_("To decide"),
    SIGN: N_("To sign"),
    CONFIRM: N_("To confirm"),
    PAY: N_("To pay"),
    REVIEW: N_("To review"),
    WRITE: N_("To finish"),
}
"""What is asked of the reader, in words for the page."""


@dataclass(frozen=True, slots=True)
class Task:
    """Something one person can do now. `phrase` is a catalogue key ("Sign the deal"), `title` names the thing.

    `due_on` puts what is urgent first; `kind` is one of the words above; `facts` fill the phrase.
    """

    kind: str
    phrase: str
    title: str
    endpoint: str
    values: dict[str, Any] = field(default_factory=dict)
    due_on: date | None = None
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Move:
    """Something of the reader's that changed: its name, its present state (a member with a label) and when."""

    at: datetime
    title: str
    endpoint: str
    values: dict[str, Any]
    state: Any


Source = Callable[[Actor], Sequence[Task]]
News = Callable[[Actor], Sequence[Move]]

_sources: dict[str, Source] = {}
_news: dict[str, News] = {}


def source(name: str) -> Callable[[Source], Source]:
    """Enter a source of tasks under the name of its feature; the same name again takes its place."""

    def enter(function: Source) -> Source:
        _sources[name] = function
        return function

    return enter


def list_tasks(actor: Actor) -> list[Task]:
    """All that waits for the actor: what is due first, then in the order of the features."""
    if actor.anonymous:
        return []
    found = [task for name in sorted(_sources) for task in _sources[name](actor)]
    return sorted(found, key=lambda task: task.due_on or date.max)


def news(name: str) -> Callable[[News], News]:
    """Enter a source of what moved, as above."""

    def enter(function: News) -> News:
        _news[name] = function
        return function

    return enter


def list_moves(actor: Actor, most: int = 8) -> list[Move]:
    """What moved last among all that the actor may follow, the latest first."""
    if actor.anonymous:
        return []
    found = [move for name in sorted(_news) for move in _news[name](actor)]
    return sorted(found, key=lambda move: move.at, reverse=True)[:most]


def last_moved(
    model: Any, title: Any, condition: ColumnElement[bool], *, endpoint: str, joined: Any = None, most: int = 8
) -> list[Move]:
    """Rows of `model` by their latest event in the audit log, in one statement. `title` is a column."""
    at = func.max(AuditEvent.number)
    query = select(model.id, title, model.state, func.max(AuditEvent.at))
    query = query.join(AuditEvent, AuditEvent.subject_id == model.id)
    if joined is not None:
        query = query.join(joined)
    query = query.where(condition).group_by(model.id, title, model.state).order_by(at.desc()).limit(most)
    rows = db.session.execute(query)
    return [Move(when, name, endpoint, {"id": row_id}, state) for row_id, name, state, when in rows]
