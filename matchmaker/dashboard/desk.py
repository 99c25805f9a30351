"""What an intermediary has on its desk beside its tasks: the board of deals it brokers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.deals import queries as deals
from matchmaker.deals.models import Deal
from matchmaker.deals.permissions import Can as DealCan
from matchmaker.deals.states import DealState
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.permissions import Can as IntroductionCan
from matchmaker.introductions.states import IntroductionState

# --- pipeline -------------------------------------------------------------------------------------------------------

MOST_SHOWN = 20
"""Cards of a column; how many there are besides, the column says."""


@dataclass(frozen=True, slots=True)
class Column:
    """A stage on the way from a lead to payment. `name` is a catalogue key; `rows` are introductions or deals, those
    that moved on longest ago last; `total` counts all of them."""

    code: str
    name: str
    rows: Sequence[Any]
    total: int


_DEAL_COLUMNS: tuple[tuple[str, str, tuple[DealState, ...]], ...] = (
    ("terms", N_("Terms"), (DealState.DRAFT, DealState.OFFERED, DealState.AGREED)),
    ("trial", N_("Trial"), (DealState.ON_TRIAL, DealState.DECISION_DUE)),
    ("paying", N_("Being paid"), (DealState.PAYING, DealState.DEFAULTED, DealState.DISPUTED)),
    ("paid", N_("Paid in full"), (DealState.COMPLETED,)),
)


def pipeline(actor: Actor) -> list[Column]:
    """What the actor's intermediary brings about, by stage. Deals that ended early stand in no column."""
    introductions = (
        ("lead", N_("Lead"), Introduction.state == IntroductionState.REQUESTED),
        (
            "introduced",
            N_("Introduced"),
            (Introduction.state == IntroductionState.INTRODUCED)
            & ~select(Deal.id).where(Deal.introduction_id == Introduction.id).exists(),
        ),
    )
    columns = [
        _column(
            code,
            name,
            select(Introduction)
            .where(Introduction.broker_id == actor.organisation_id, visible(actor, IntroductionCan.INTRODUCTION_VIEW))
            .where(condition)
            .options(
                joinedload(Introduction.achievement),
                joinedload(Introduction.achievement_organisation),
                joinedload(Introduction.need_organisation),
            )
            .order_by(Introduction.created_at.desc(), Introduction.id),
        )
        for code, name, condition in introductions
    ]
    mine = (Deal.broker_id == actor.organisation_id, visible(actor, DealCan.DEAL_VIEW))
    found = db.session.execute(select(Deal.state, func.count()).where(*mine).group_by(Deal.state))
    counts = {DealState(state): count for state, count in found}
    for code, name, states in _DEAL_COLUMNS:
        total = sum(counts.get(state, 0) for state in states)
        query = (
            select(Deal)
            .where(*mine, Deal.state.in_(states))
            .options(joinedload(Deal.licensor), joinedload(Deal.licensee))
            .order_by(Deal.created_at.desc(), Deal.id)
        )
        columns.append(_column(code, name, query, total))
    return columns


def _column(code: str, name: str, query: Any, total: int | None = None) -> Column:
    if total == 0:
        return Column(code, name, [], 0)
    rows = list(db.session.scalars(query.limit(MOST_SHOWN)))
    if total is None:
        full = len(rows) == MOST_SHOWN
        total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) if full else None
    return Column(code, name, rows, len(rows) if total is None else total)


def paid_of(columns: Sequence[Column]) -> dict[UUID, int]:
    """Fen paid of each deal on the board, by the ledger, in one read."""
    return deals.paid_by_deal(row for column in columns for row in column.rows if isinstance(row, Deal))
