"""Who is reminded of which step of a claim, and the words of it.

Whoever has to act: the claimant where a claim came back or money has to be repaid, the reviewers whose opinion is
awaited, and otherwise those of the bureau who may take the step, the proposer apart from the approver (`permissions`).
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from types import MappingProxyType

from sqlalchemy import select

from matchmaker.accounts.models import Membership, MembershipRole, Organisation, OrganisationState, User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.subsidies import review_queries
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.permissions import CLAIMING_ROLES
from matchmaker.subsidies.states import ClaimState

TASKS: Mapping[ClaimState, str] = MappingProxyType(
    {
        ClaimState.SUBMITTED: N_("The formal check of this claim is due on %(day)s."),
        ClaimState.RETURNED: N_("The bureau returned this claim for completion. Complete it by %(day)s."),
        ClaimState.IN_REVIEW: N_("The expert review of this claim is due on %(day)s."),
        ClaimState.PROPOSED: N_("The public notice of this claim is due on %(day)s."),
        ClaimState.ON_NOTICE: N_("The public notice of this claim ended on %(day)s. It waits for the approval."),
        ClaimState.OBJECTED: N_("The decision on the objections to this claim is due on %(day)s."),
        ClaimState.APPROVED: N_("The payment of this claim is due on %(day)s."),
        ClaimState.RECOVERING: N_("The subsidy of this claim has to be repaid by %(day)s."),
    }
)


def readers(claim: Claim) -> set[uuid.UUID]:
    """Ids of the people who have to act on a claim now."""
    match claim.state:
        case ClaimState.RETURNED:
            return _claimants(claim)
        case ClaimState.RECOVERING:
            return _claimants(claim) | _administrators(claim)
        case ClaimState.APPROVED:
            return _administrators(claim)
        case ClaimState.IN_REVIEW:
            rows = review_queries.list_reviews(claim)
            awaited = {row.reviewer_user_id for row in rows if row.seat is not None and row.given_at is None}
            checker = {claim.checked_by_user_id} if claim.checked_by_user_id is not None else set()
            return awaited or checker  # with every opinion given, somebody has to propose or reject
    reviewers, _ = review_queries.reviewers_for(claim)
    decides = claim.state in (ClaimState.ON_NOTICE, ClaimState.OBJECTED)
    return reviewers - {claim.proposed_by_user_id} if decides else reviewers


def _claimants(claim: Claim) -> set[uuid.UUID]:
    """Who wrote it, and everyone who can claim for the claimant."""
    query = (
        select(Membership.user_id)
        .join(MembershipRole, MembershipRole.membership_id == Membership.id)
        .where(Membership.organisation_id == claim.claimant_organisation_id, MembershipRole.role.in_(CLAIMING_ROLES))
    )
    return {claim.claimed_by_user_id, *db.session.scalars(query)}


def _administrators(claim: Claim) -> set[uuid.UUID]:
    """Who pays: administrators of the bureau who belong to no party and took no part in the judgement."""
    parties = {claim.claimant_organisation_id, *(party for deal in claim.deals for party in deal.parties.values())}
    interested = select(Membership.user_id).where(Membership.organisation_id.in_(sorted(parties)))
    query = (
        select(Membership.user_id)
        .join(MembershipRole, MembershipRole.membership_id == Membership.id)
        .join(Organisation, Organisation.id == Membership.organisation_id)
        .where(
            MembershipRole.role == Role.ADMINISTRATOR,
            Organisation.kind == OrganisationKind.AUTHORITY,
            Organisation.state == OrganisationState.VERIFIED,
            Membership.user_id.not_in(interested),
        )
    )
    judged = {claim.checked_by_user_id, claim.proposed_by_user_id, claim.reviewer_user_id}
    return set(db.session.scalars(query)) - judged


def list_people(ids: Collection[uuid.UUID]) -> list[User]:
    """The active ones of these people, in a stable order."""
    query = select(User).where(User.id.in_(sorted(ids)), User.active).order_by(User.email, User.id)
    return list(db.session.scalars(query)) if ids else []
