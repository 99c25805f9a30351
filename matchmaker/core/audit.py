"""What happened, who did it, to what: one event in the transaction of the change itself.

Append-only (the database refuses UPDATE and DELETE). Facts hold ids, states and figures, never personal
or undisclosed text, so that erasing a person need not touch the log.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask import g, has_request_context
from sqlalchemy import Index, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.core.types import Id, Json, Number, UtcDateTime


class AuditEvent(db.Model):
    __tablename__ = "audit_events"
    __table_args__ = (Index("ix_audit_events_subject_id", "subject_id", "number"),)

    number: Mapped[int] = mapped_column(Number, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(UtcDateTime)
    event: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[uuid.UUID | None] = mapped_column(Id)
    organisation_id: Mapped[uuid.UUID | None] = mapped_column(Id)
    subject: Mapped[str]
    subject_id: Mapped[uuid.UUID | None] = mapped_column(Id)
    request_id: Mapped[str | None]
    facts: Mapped[Any] = mapped_column(Json)


def record(actor: Actor, event: str, row: Any, **facts: Any) -> None:
    """Add the event of a change just made to `row` (a mapped row with `id`). Facts must be plain data."""
    db.session.flush()
    db.session.add(AuditEvent(**_columns(actor, event, type(row)), subject_id=row.id, facts=facts))


def record_many(actor: Actor, event: str, model: type, facts_by_id: Mapping[uuid.UUID, Mapping[str, Any]]) -> None:
    """Add one event for each of many rows of `model`, written past the ORM. Nobody wakes the worker for these."""
    shared = _columns(actor, event, model)
    rows = [{**shared, "subject_id": row_id, "facts": dict(facts)} for row_id, facts in facts_by_id.items()]
    if rows:
        db.session.execute(insert(AuditEvent), rows)


def _columns(actor: Actor, event: str, model: Any) -> dict[str, Any]:
    return {
        "at": clock.now(),
        "event": event,
        "actor_kind": actor.kind,
        "actor_id": actor.user_id,
        "organisation_id": actor.organisation_id,
        "subject": model.__tablename__,
        "request_id": g.get("request_id") if has_request_context() else None,
    }


def list_events(subject_id: uuid.UUID) -> list[AuditEvent]:
    """History of one row, oldest first."""
    query = select(AuditEvent).where(AuditEvent.subject_id == subject_id).order_by(AuditEvent.number)
    return list(db.session.scalars(query))
