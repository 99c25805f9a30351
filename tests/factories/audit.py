"""What the log says of a row, for tests."""

from __future__ import annotations

import uuid

import sqlalchemy as sa

from matchmaker.core.audit import AuditEvent
from matchmaker.core.db import db


def count_events(subject_id: uuid.UUID) -> int:
    """How long the history of one row is."""
    return db.session.scalars(sa.select(sa.func.count()).where(AuditEvent.subject_id == subject_id)).one()
