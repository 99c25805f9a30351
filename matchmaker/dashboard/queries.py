"""Figures, computed from the rows each time they are asked for; none is typed in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, distinct, func, select
from sqlalchemy.orm import joinedload

from matchmaker.accounts.models import Membership, MembershipRole, Organisation, OrganisationState
from matchmaker.accounts.roles import Role
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.core.money import FEN_PER_WAN
from matchmaker.dashboard.models import TargetEntry
from matchmaker.deals.models import Deal, Payment
from matchmaker.introductions.models import Introduction
from matchmaker.listings.models import Achievement, ListingState, Need
from matchmaker.matching.models import Level, MatchList
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.states import ClaimState

ELSEWHERE = ("jilin_other", "other")
"""Districts that are not of the city."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the funnel: its name and definition are catalogue keys."""

    code: str
    name: str
    definition: str
    count: int


@dataclass(frozen=True, slots=True)
class Sums:
    """Money that moved, in fen; None where too few deals or claims stand behind a sum for it to be shown."""

    paid_fen: int | None
    granted_fen: int | None
    disbursed_fen: int | None


def funnel() -> list[Stage]:
    """From posted to paid, in one statement."""
    row = db.session.execute(
        select(
            _count(Achievement.id).where(Achievement.published_at.is_not(None)).scalar_subquery()
            + _count(Need.id).where(Need.published_at.is_not(None)).scalar_subquery(),
            _count(MatchList.listing_id).where(MatchList.level >= int(Level.FAIRLY_STRONG)).scalar_subquery(),
            _count(Introduction.id).where(Introduction.introduced_at.is_not(None)).scalar_subquery(),
            _count(Deal.id).where(Deal.signed_on.is_not(None)).scalar_subquery(),
            select(func.count(distinct(Payment.deal_id))).where(Payment.stands).scalar_subquery(),
        )
    ).one()
    return [Stage(code, name, text, count) for (code, name, text), count in zip(_STAGES, row, strict=True)]


def _count(column: Any) -> Select[Any]:
    return select(func.count(column))


_STAGES = (
    ("posted", N_("Posted"), N_("Achievements and needs that were ever published.")),
    ("matched", N_("Matched"), N_("Published entries with at least one match that is fairly strong or strong.")),
    ("introduced", N_("Introduced"), N_("Introductions to which both sides agreed under confidentiality.")),
    ("signed", N_("Signed"), N_("Deals signed by every party.")),
    ("paid", N_("Paid"), N_("Deals for which at least one payment was received.")),
)
DEFINITIONS = {name: text for _, name, text in _STAGES}
"""What each stage counts, by its name."""


LEAST_BEHIND_A_SUM = 3


def sums(*, exact: bool) -> Sums:
    """Money received for deals, subsidies granted and subsidies paid out.

    Unless `exact`, in whole ten thousand yuan, and None while fewer than three deals or claims stand behind a sum: from
    one day's figure to the next, the price of a single deal could be read to the fen.
    """
    count, fen = func.count(), func.sum(Claim.approved_fen)
    disbursed = Claim.state == ClaimState.PAID
    row = db.session.execute(
        select(
            select(func.count(distinct(Payment.deal_id))).where(Payment.stands).scalar_subquery(),
            select(func.sum(Payment.fen)).where(Payment.stands).scalar_subquery(),
            *(count, fen, count.filter(disbursed), fen.filter(disbursed)),
        ).where(Claim.state.in_((ClaimState.APPROVED, ClaimState.PAID)))
    ).one()
    found = [(count, int(fen or 0)) for count, fen in zip(row[::2], row[1::2], strict=True)]
    return Sums(*(fen if exact else _for_all(fen, count) for count, fen in found))


def _for_all(fen: int, count: int) -> int | None:
    return fen // FEN_PER_WAN * FEN_PER_WAN if count >= LEAST_BEHIND_A_SUM else None


def counted_for_targets() -> dict[str, int]:
    """What the platform itself can count of the action plan's targets, by target id.

    T6, transfers within the city: deals signed whose licensee sits in one of the city's districts.
    T17, technology managers: people in that role at verified intermediaries.
    """
    transfers = select(func.count(Deal.id)).join(Deal.licensee)
    transfers = transfers.where(Deal.signed_on.is_not(None), Organisation.district.not_in(ELSEWHERE))
    managers = (
        select(func.count(distinct(Membership.user_id)))
        .join(Membership.roles)
        .join(Membership.organisation)
        .where(MembershipRole.role == Role.TECHNOLOGY_MANAGER, Organisation.state == OrganisationState.VERIFIED)
    )
    row = db.session.execute(select(transfers.scalar_subquery(), managers.scalar_subquery())).one()
    return dict(zip(("T6", "T17"), row, strict=True))


def latest_entries() -> dict[str, TargetEntry]:
    """The last entry of the bureau for each target that has one: the latest day, then the latest entered."""
    query = select(TargetEntry).options(joinedload(TargetEntry.entered_by))
    query = query.order_by(TargetEntry.as_of_on, TargetEntry.entered_at, TargetEntry.id)
    return {row.target_id: row for row in db.session.scalars(query)}


def list_entries(target_id: str) -> list[TargetEntry]:
    """What was entered for a target, the latest first."""
    query = select(TargetEntry).where(TargetEntry.target_id == target_id).options(joinedload(TargetEntry.entered_by))
    query = query.order_by(TargetEntry.as_of_on.desc(), TargetEntry.entered_at.desc(), TargetEntry.id)
    return list(db.session.scalars(query))


def latest_achievements(limit: int) -> list[Achievement]:
    """Newest published first, with organisation and public revision."""
    return _latest(select(Achievement), Achievement, limit)


def latest_needs(limit: int) -> list[Need]:
    """Newest published first, with organisation and public revision."""
    return _latest(select(Need), Need, limit)


def _latest(query: Select[Any], model: Any, limit: int) -> list[Any]:
    query = query.where(model.state == ListingState.PUBLISHED).order_by(model.published_at.desc(), model.id)
    query = query.options(joinedload(model.organisation), joinedload(model.revision))
    return list(db.session.scalars(query.limit(limit)))
