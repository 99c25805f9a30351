"""What stands around deals, as far as claims ask for it: in one read, for one deal or for fifty."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from matchmaker.accounts.models import Membership, Organisation
from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.deals import queries as deals_queries
from matchmaker.deals.models import Deal, DealAchievement, Payment, Registration
from matchmaker.introductions.models import Introduction
from matchmaker.subsidies.models import Claim, ClaimDeal


@dataclass(frozen=True, slots=True)
class Around:
    """Of one deal. `receipts_fen` and `receipts_year_fen`: payments that stand, until a day and in its calendar year;
    `introduced_on`: when the broker first introduced the licensee to one of its achievements; `standing`: number of the
    claim that stands for the deal, by clause."""

    licensor: Organisation
    licensee: Organisation
    related: bool
    receipts_fen: int
    receipts_year_fen: int
    introduced_on: date | None
    broker_confirmed: bool
    registered_on: date | None
    approved_fen: int | None
    standing: dict[str, str] = field(default_factory=dict)


def around(deals: Sequence[Deal], *, until: date, but: uuid.UUID | None = None) -> dict[uuid.UUID, Around]:
    """By deal; payments count until a day, and one claim is left out of those that stand."""
    found: dict[uuid.UUID, Around] = {}
    for deal_id, claim_id, clause_id, number, *about in db.session.execute(_query(deals, until)) if deals else ():
        one = found.setdefault(deal_id, _read(*about))
        if claim_id is not None and claim_id != but:
            one.standing[clause_id] = number
    return found


def _query(deals: Sequence[Deal], until: date) -> sa.Select[Any]:
    """A row for each claim that stands for a deal, at least one for each deal."""
    licensor, licensee = aliased(Organisation), aliased(Organisation)
    standing = (ClaimDeal.deal_id == Deal.id) & ClaimDeal.used_key.is_not(None)
    return (
        sa.select(
            Deal.id,
            Claim.id,
            Claim.clause_id,
            Claim.number,
            licensor,
            licensee,
            _related(),
            _received(date.min, until),
            _received(date(until.year, 1, 1), until),
            introduced_at(),
            deals_queries.broker_confirmed_in_sql(),
            Registration.registered_on,
            Registration.approved_fen,
        )
        .join(licensor, licensor.id == Deal.licensor_id)
        .join(licensee, licensee.id == Deal.licensee_id)
        .outerjoin(Registration, Registration.deal_id == Deal.id)
        .outerjoin(ClaimDeal, standing)
        .outerjoin(Claim, Claim.id == ClaimDeal.claim_id)
        .where(Deal.id.in_([deal.id for deal in deals]))
        .order_by(Claim.number)
    )


def _read(
    licensor: Organisation,
    licensee: Organisation,
    related: bool,
    fen: Any,
    year_fen: Any,
    introduced: Any,
    confirmed: bool,
    registered_on: date | None,
    approved_fen: int | None,
) -> Around:
    introduced_on = None if introduced is None else clock.day_of(introduced)
    sums = int(fen or 0), int(year_fen or 0)  # PostgreSQL adds up to a decimal
    return Around(licensor, licensee, related, *sums, introduced_on, confirmed, registered_on, approved_fen)


def _related() -> sa.ColumnElement[bool]:
    """Condition on Deal: a person belongs to two of its parties."""
    one, other = aliased(Membership), aliased(Membership)
    parties = (Deal.licensor_id, Deal.licensee_id, Deal.broker_id)
    return (
        sa.exists()
        .where(
            one.user_id == other.user_id,
            one.organisation_id != other.organisation_id,
            one.organisation_id.in_(parties),
            other.organisation_id.in_(parties),
        )
        .correlate(Deal)
    )


def _received(since: date, until: date) -> sa.ScalarSelect[Any]:
    """Sum of the payments that stand."""
    of_deal = (Payment.deal_id == Deal.id, Payment.stands, Payment.paid_on.between(since, until))
    return sa.select(sa.func.sum(Payment.fen)).where(*of_deal).correlate(Deal).scalar_subquery()


def introduced_at() -> sa.ScalarSelect[Any]:
    """Column of Deal: when its broker first introduced the licensee to one of its achievements."""
    query = (
        sa.select(sa.func.min(Introduction.introduced_at))
        .join(DealAchievement, DealAchievement.achievement_id == Introduction.achievement_id)
        .where(
            DealAchievement.deal_id == Deal.id,
            Introduction.need_organisation_id == Deal.licensee_id,
            Introduction.broker_id == Deal.broker_id,
        )
    )
    return query.correlate(Deal).scalar_subquery()
