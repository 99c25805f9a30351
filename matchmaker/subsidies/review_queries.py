"""Reads of reviews, flags and repayments: the bureau's own side of a claim."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from datetime import date
from typing import Any

from sqlalchemy import func, select

from matchmaker.accounts.models import Membership, MembershipRole, Organisation, OrganisationState, User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.deals.states import PartyRole
from matchmaker.subsidies import reviewing
from matchmaker.subsidies.flags.people_flags import Link
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.papers import PaperKind
from matchmaker.subsidies.review_models import ClaimFlag, ClaimReview, FlagState, Particulars, Recovery
from matchmaker.subsidies.reviewing import Given, Outcome


def list_reviews(claim: Claim) -> list[ClaimReview]:
    """All who were drawn, those who stood down too, in the order of their seats and the draw; with the person."""
    return sorted(claim.reviews, key=lambda row: (row.seat is None, row.seat or 0, row.drawn_at, str(row.id)))


def count_drawn(claim_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, int]:
    """How many people were drawn for each of these claims so far; a claim of none is left out."""
    query = select(ClaimReview.claim_id, func.count()).where(ClaimReview.claim_id.in_(claim_ids))
    return dict(db.session.execute(query.group_by(ClaimReview.claim_id)).all())


def find_seat(claim: Claim, user_id: uuid.UUID | None) -> ClaimReview | None:
    """The seat of a person who has not given an opinion yet."""
    return next((row for row in claim.reviews if row.reviewer_user_id == user_id and row.is_open), None)


def outcome_of(claim: Claim) -> Outcome:
    """What the opinions given so far add up to."""
    return outcome_among(list_reviews(claim))


def outcome_among(rows: list[ClaimReview], *, saying: Mapping[uuid.UUID, Given] | None = None) -> Outcome:
    """The same of these; `saying`: what is about to be given, by review."""
    given = {row.id: Given(row.opinion, row.score or 0, row.fen or 0) for row in rows if row.opinion is not None}
    given |= saying or {}
    return reviewing.outcome([given[row.id] for row in rows if row.id in given])


def shown_reviews(actor: Actor, rows: list[ClaimReview]) -> list[ClaimReview]:
    """The opinions that a reader may know of now: until the review is concluded, a reviewer only the own one."""
    if outcome_among(rows).support is not None:
        return rows
    return [row for row in rows if row.reviewer_user_id == actor.user_id]


def reviewers_for(claim: Claim) -> tuple[set[uuid.UUID], dict[uuid.UUID, int]]:
    """People who may review a claim, and how many open reviews each has.

    Reviewers of verified authorities who belong neither to the claimant nor to a party of the deal and did not write
    it.
    """
    parties = {claim.claimant_organisation_id, *(party for deal in claim.deals for party in deal.parties.values())}
    interested = select(Membership.user_id).where(Membership.organisation_id.in_(sorted(parties)))
    people = (
        select(User.id)
        .distinct()
        .join(Membership, Membership.user_id == User.id)
        .join(MembershipRole, MembershipRole.membership_id == Membership.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            User.active,
            User.id != claim.claimed_by_user_id,
            MembershipRole.role == Role.REVIEWER,
            Organisation.kind == OrganisationKind.AUTHORITY,
            Organisation.state == OrganisationState.VERIFIED,
            User.id.not_in(interested),
        )
    )
    open_seats = (
        select(ClaimReview.reviewer_user_id, func.count())
        .where(ClaimReview.given_at.is_(None), ClaimReview.seat.is_not(None))
        .group_by(ClaimReview.reviewer_user_id)
    )
    return set(db.session.scalars(people)), dict(row for row in db.session.execute(open_seats))  # type: ignore[misc]


def list_flags(claim: Claim) -> list[ClaimFlag]:
    """In the order in which they were raised."""
    query = select(ClaimFlag).where(ClaimFlag.claim_id == claim.id)
    return list(db.session.scalars(query.order_by(ClaimFlag.raised_at, ClaimFlag.code, ClaimFlag.key)))


def find_flag(claim: Claim, flag_id: uuid.UUID) -> ClaimFlag | None:
    return db.session.scalar(select(ClaimFlag).where(ClaimFlag.id == flag_id, ClaimFlag.claim_id == claim.id))


def count_flags(claim: Claim) -> dict[FlagState, int]:
    """How many flags are in each state; every state is there."""
    query = select(ClaimFlag.state, func.count()).where(ClaimFlag.claim_id == claim.id).group_by(ClaimFlag.state)
    return dict.fromkeys(FlagState, 0) | {FlagState(state): count for state, count in db.session.execute(query)}


def flag_facts(flag: ClaimFlag) -> Mapping[str, Any]:
    """The facts of a flag as its sentence wants them: days as days, members of enumerations with their names."""
    return {name: _live(name, value) for name, value in flag.facts.items()}


def _live(name: str, value: Any) -> Any:
    if name.endswith("_on"):
        return date.fromisoformat(value)
    if name == "kind":
        return PaperKind(value)
    if name == "links":
        return tuple(Link(link) for link in value)
    if name == "sides":
        return tuple(PartyRole(side) for side in value)
    return value


def recovery_of(claim: Claim) -> Recovery | None:
    """The order to repay this subsidy, of those that came with the claim."""
    return next((row for row in claim.recoveries if row.claim_id == claim.id), None)


def bar_of(claim: Claim) -> date | None:
    """The last day on which its claimant is barred from claims, as `queries.find_bar`, of what came with the claim."""
    until = [row.barred_until for row in claim.recoveries if row.barred_until and row.barred_until >= clock.today()]
    return max(until, default=None)


def find_recovery(claim: Claim) -> Recovery | None:
    return db.session.scalar(select(Recovery).where(Recovery.claim_id == claim.id))


def find_particulars(organisation_id: uuid.UUID | None) -> Particulars | None:
    return None if organisation_id is None else db.session.get(Particulars, organisation_id)
