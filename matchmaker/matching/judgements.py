"""Reads of judgements: an organisation's own, what the machine learns from all, and the figures that may be shown."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session, joinedload

from matchmaker.core import access
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.listings.models import Achievement, Need
from matchmaker.matching.models import Judgement
from matchmaker.matching.permissions import Can, judges
from matchmaker.matching.verdicts import ACCEPTED_LEVEL, learnt_level

_PAIR = (Judgement.organisation_id, Judgement.need_id, Judgement.achievement_id)


def _newest(*conditions: ColumnElement[bool]) -> Select[Any]:
    """Numbers of the rows that hold: the newest of each organisation and pair."""
    return select(func.max(Judgement.number)).where(*conditions).group_by(*_PAIR)


# --- an organisation's own ------------------------------------------------------------------------------------------


def find_judgement(judgement_id: uuid.UUID) -> Judgement | None:
    return db.session.scalar(select(Judgement).where(Judgement.id == judgement_id))


def find_own(actor: Actor, need: Need, achievement: Achievement) -> Judgement | None:
    """What the actor's organisation last said of a pair, where that still holds."""
    if actor.organisation_id is None:
        return None
    row = newest_of(actor.organisation_id, need.id, achievement.id)
    return row if row is not None and row.verdict is not None else None


def newest_of(organisation_id: uuid.UUID, need_id: uuid.UUID, achievement_id: uuid.UUID) -> Judgement | None:
    """The last row of an organisation on a pair, also where it takes back what was said."""
    query = (
        select(Judgement)
        .where(
            Judgement.organisation_id == organisation_id,
            Judgement.need_id == need_id,
            Judgement.achievement_id == achievement_id,
        )
        .options(joinedload(Judgement.user))
        .order_by(Judgement.number.desc())
        .limit(1)
    )
    return db.session.scalar(query)


def list_own(actor: Actor, listing: Need | Achievement) -> dict[uuid.UUID, Judgement]:
    """What the actor's organisation says of this listing's pairs, by the id of the other listing; latest first."""
    if actor.organisation_id is None:
        return {}
    column, other = (
        (Judgement.need_id, "achievement_id") if isinstance(listing, Need) else (Judgement.achievement_id, "need_id")
    )
    mine = (Judgement.organisation_id == actor.organisation_id, column == listing.id)
    query = (
        select(Judgement)
        .where(Judgement.number.in_(_newest(*mine)), visible(actor, Can.JUDGEMENT_VIEW))
        .options(joinedload(Judgement.user))
        .order_by(Judgement.number.desc())
    )
    return {getattr(row, other): row for row in db.session.scalars(query) if row.verdict is not None}


def list_judged_pairs(organisation_id: uuid.UUID) -> set[tuple[uuid.UUID, uuid.UUID]]:
    """Pairs (need, achievement) of which the organisation has said something that still holds."""
    mine = Judgement.organisation_id == organisation_id
    query = select(Judgement.need_id, Judgement.achievement_id).where(
        Judgement.number.in_(_newest(mine)), Judgement.level.is_not(None) | Judgement.reason.is_not(None)
    )
    return {(need_id, achievement_id) for need_id, achievement_id in db.session.execute(query)}


def may_judge(actor: Actor, need: Need, achievement: Achievement) -> bool:
    return access.may(actor, Can.PAIRING_JUDGE) and judges(actor, need, achievement)


# --- what is learnt -------------------------------------------------------------------------------------------------


class Learnt(NamedTuple):
    """What one organisation teaches of a pair: a level from 1 (no match) to 4 (strong)."""

    need_id: uuid.UUID
    achievement_id: uuid.UUID
    level: int
    organisation_id: uuid.UUID


def list_judgements_to_learn(session: Session, *, most: int | None = None) -> list[Learnt]:
    """What holds now of every organisation, the latest first; see `verdicts.LEARNT_LEVEL` for reasons.

    `most`: the latest so many alone.
    Pairs of listings that are no longer published are among them; organisations may contradict each other.
    """
    query = (
        select(
            Judgement.need_id, Judgement.achievement_id, Judgement.level, Judgement.reason, Judgement.organisation_id
        )
        .where(Judgement.number.in_(_newest()))
        .order_by(Judgement.number.desc())
    )
    found = [
        Learnt(need_id, achievement_id, learnt, organisation_id)
        for need_id, achievement_id, level, reason, organisation_id in session.execute(query)
        if (learnt := learnt_level(level, reason)) is not None
    ]
    return found[:most]


def judgements_fingerprint(session: Session) -> str:
    """Changes whenever a judgement was added or taken back, and only then: the table only grows.

    The count is there for PostgreSQL, where a row with a lower number may be committed after a higher one.
    """
    count, last = session.execute(select(func.count(), func.max(Judgement.number)).select_from(Judgement)).one()
    return f"{count}:{last or 0}"


# --- figures for everyone -------------------------------------------------------------------------------------------

FEWEST_JUDGEMENTS, FEWEST_ORGANISATIONS = 20, 3
"""Fewer are not shown: what one organisation judged could be read off the figures."""

FEWEST_IN_ROW = 5


@dataclass(frozen=True, slots=True)
class Acceptance:
    """Pairs that the machine had at this level: how many people judged or put aside, and how many they accepted.
    Both None where there are too few to be shown."""

    level: int
    judged: int | None
    accepted: int | None


@dataclass(frozen=True, slots=True)
class Figures:
    """What people's judgements say of the machine's levels, over the judgements that hold now.

    `judged`: pairs with a level or put aside, each counted once for each organisation. `compared`: those of them with
    a level of both sides, people's and the machine's; `same` and `near` (at most one level apart) are shares of them.
    """

    judged: int
    organisations: int
    compared: int
    same: float
    near: float
    acceptance: Sequence[Acceptance]


def find_figures() -> Figures | None:
    """None while there are too few judgements to say anything, or to hide whose they are."""
    columns = (Judgement.machine_level, Judgement.level, Judgement.reason)
    held = (Judgement.number.in_(_newest()), Judgement.level.is_not(None) | Judgement.reason.is_not(None))
    organisations = db.session.scalar(select(func.count(Judgement.organisation_id.distinct())).where(*held)) or 0
    rows = db.session.execute(select(*columns, func.count()).where(*held).group_by(*columns)).all()
    judged = sum(count for *_, count in rows)
    if judged < FEWEST_JUDGEMENTS or organisations < FEWEST_ORGANISATIONS:
        return None
    both = [
        (machine, level, count)
        for machine, said, reason, count in rows
        if machine is not None and (level := learnt_level(said, reason)) is not None
    ]
    compared = sum(count for _, _, count in both)
    same = sum(count for machine, level, count in both if machine == level)
    near = sum(count for machine, level, count in both if abs(machine - level) <= 1)
    total = max(compared, 1)
    return Figures(judged, organisations, compared, same / total, near / total, _acceptance(rows))


def _acceptance(rows: Sequence[Any]) -> list[Acceptance]:
    judged, accepted = Counter[int](), Counter[int]()
    for machine, level, _, count in rows:
        if machine is not None:
            judged[machine] += count
            accepted[machine] += count if (level or 0) >= ACCEPTED_LEVEL else 0
    levels = (4, 3, 2)  # what is below is on no list
    return [
        Acceptance(level, judged[level], accepted[level])
        if judged[level] >= FEWEST_IN_ROW
        else Acceptance(level, None, None)
        for level in levels
    ]
