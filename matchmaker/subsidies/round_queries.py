"""Reads of a programme's round: one programme in one year, its claims by rank, and what its budget still has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload

from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db, each
from matchmaker.subsidies import queries
from matchmaker.subsidies.models import Budget, Claim
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.review_models import ClaimFlag, FlagState
from matchmaker.subsidies.states import OVER_STATES, ClaimState

HANDED_IN = tuple(state for state in ClaimState if state not in (ClaimState.DRAFT, ClaimState.WITHDRAWN))


@dataclass(frozen=True, slots=True)
class Round:
    """Counts and sums of a round. `open_flags` is how many of its claims wait for an answer to a flag."""

    programme: str
    year: int
    counts: dict[ClaimState, int]
    requested_fen: int
    proposed_fen: int
    open_flags: int
    budget: Budget | None


def list_rounds() -> list[tuple[str, int, int]]:
    """Programme, year and number of claims handed in, the latest year first."""
    query = (
        select(Claim.programme, Claim.year, func.count())
        .where(Claim.state.in_(HANDED_IN))
        .group_by(Claim.programme, Claim.year)
        .order_by(Claim.year.desc(), Claim.programme)
    )
    return [(programme, year, count) for programme, year, count in db.session.execute(query)]


def find_round(programme: str, year: int) -> Round | None:
    """In three reads; None where nothing was handed in and no budget is set."""
    where = (Claim.programme == programme, Claim.year == year, Claim.state.in_(HANDED_IN))
    proposed = func.coalesce(func.sum(Claim.proposed_fen), 0)
    query = select(Claim.state, func.count(), func.coalesce(func.sum(Claim.requested_fen), 0), proposed).where(*where)
    found: Any = db.session.execute(query.group_by(Claim.state))
    rows = [
        (ClaimState(state), count, int(requested), int(proposed_fen)) for state, count, requested, proposed_fen in found
    ]
    budget = queries.find_budget(programme, year)
    if not rows and budget is None:
        return None
    flagged = select(ClaimFlag.claim_id).where(ClaimFlag.state == FlagState.OPEN)
    waiting = select(func.count()).select_from(Claim).where(*where, Claim.id.in_(flagged))
    return Round(
        programme=programme,
        year=year,
        counts=dict.fromkeys(HANDED_IN, 0) | {state: count for state, count, _, _ in rows},
        requested_fen=sum(fen for _, _, fen, _ in rows),
        proposed_fen=sum(fen for state, _, _, fen in rows if state not in OVER_STATES),
        open_flags=db.session.scalar(waiting) or 0,
        budget=budget,
    )


def list_round(programme: str, year: int, *, state: ClaimState | None = None) -> Select[Claim]:
    """Claims of a round: those with a score by rank, the best first; in one state, by the day they were handed in."""
    query = select(Claim).where(Claim.programme == programme, Claim.year == year)
    if state is None:
        query = query.where(Claim.review_score.is_not(None)).order_by(Claim.review_score.desc(), Claim.id.desc())
    else:
        query = query.where(Claim.state == state).order_by(Claim.submitted_at, Claim.id)
    return query.options(joinedload(Claim.claimant))


def export_rows(
    programme: str, year: int, *, state: ClaimState | None = None, most: int | None = None
) -> Iterator[Claim]:
    """The same, for a table: all of them, or the first so many, read in portions."""
    return each(list_round(programme, year, state=state).where(Claim.state.in_(HANDED_IN)).limit(most))


def list_publishable(actor: Actor, programme: str, year: int, *, limit: int) -> list[Claim]:
    """Claims with a proposed sum that the actor may put on notice, the best first."""
    query = list_round(programme, year).where(Claim.state == ClaimState.PROPOSED, visible(actor, Can.CLAIM_CHECK))
    return list(db.session.scalars(query.limit(limit)))
