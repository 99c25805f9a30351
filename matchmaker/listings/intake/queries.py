"""Reads of files on their way in."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from matchmaker.core import clock
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.listings.intake.models import Intake, IntakeEntry
from matchmaker.listings.intake.permissions import Can
from matchmaker.listings.intake.states import LIVE, EntryState, IntakeState

FORGOTTEN_AFTER = timedelta(days=30)
"""A file that nobody decided about for so long is thrown away, with what it says."""


def find_intake(intake_id: uuid.UUID) -> Intake | None:
    return db.session.get(Intake, intake_id, options=[joinedload(Intake.user)])


def find_live(key: str) -> Intake | None:
    """The file that is on its way already."""
    return db.session.scalar(select(Intake).where(Intake.live_key == key))


def find_earlier(intake: Intake) -> Intake | None:
    """The last time that the same file was brought in for the organisation."""
    query = (
        select(Intake)
        .where(
            Intake.organisation_id == intake.organisation_id,
            Intake.noun == intake.noun,
            Intake.sha256 == intake.sha256,
            Intake.state == IntakeState.DONE,
            Intake.id != intake.id,
        )
        .order_by(Intake.created_at.desc(), Intake.id)
        .limit(1)
    )
    return db.session.scalar(query)


def list_intakes(actor: Actor) -> Select[Any]:
    """Files brought in for the organisation acted for, latest first."""
    return (
        select(Intake)
        .where(Intake.organisation_id == actor.organisation_id, visible(actor, Can.INTAKE_VIEW))
        .options(joinedload(Intake.user))
        .order_by(Intake.created_at.desc(), Intake.id)
    )


def list_entries(intake: Intake, state: EntryState | None = None) -> Select[Any]:
    """Its entries, in the order of the file."""
    query = select(IntakeEntry).where(IntakeEntry.intake_id == intake.id)
    if state is not None:
        query = query.where(IntakeEntry.state == state)
    return query.order_by(IntakeEntry.number)


def counts(intake: Intake) -> dict[EntryState, int]:
    """How many of its entries are in each state; every state is there."""
    query = (
        select(IntakeEntry.state, func.count()).where(IntakeEntry.intake_id == intake.id).group_by(IntakeEntry.state)
    )
    found = {EntryState(state): int(count) for state, count in db.session.execute(query)}
    return {state: found.get(state, 0) for state in EntryState}


def count_live(organisation_id: uuid.UUID) -> int:
    query = select(func.count()).where(Intake.organisation_id == organisation_id, Intake.state.in_(LIVE))
    return db.session.scalar(query) or 0


def list_waiting(actor: Actor, most: int) -> list[Intake]:
    """Files of the actor's own that were read and wait for a word."""
    query = list_intakes(actor).where(
        Intake.user_id == actor.user_id, Intake.state.in_((IntakeState.OPEN, IntakeState.STOPPED))
    )
    return list(db.session.scalars(query.limit(most)))


# --- for the worker -------------------------------------------------------------------------------------------------


def list_ids(state: IntakeState) -> list[uuid.UUID]:
    """Files in this state, the longest waiting first."""
    query = select(Intake.id).where(Intake.state == state).order_by(Intake.created_at, Intake.id)
    return list(db.session.scalars(query))


def list_forgotten() -> list[uuid.UUID]:
    before = clock.now() - FORGOTTEN_AFTER
    query = (
        select(Intake.id)
        .where(Intake.state.in_((IntakeState.OPEN, IntakeState.STOPPED)), Intake.created_at < before)
        .order_by(Intake.created_at, Intake.id)
    )
    return list(db.session.scalars(query))


def next_entries(intake: Intake, most: int) -> list[IntakeEntry]:
    return list(db.session.scalars(list_entries(intake, EntryState.READY).limit(most)))


def lock(intake_id: uuid.UUID) -> Intake | None:
    """The row as it is now, held against other workers."""
    query = select(Intake).where(Intake.id == intake_id).with_for_update()
    return db.session.scalar(query.execution_options(populate_existing=True))
