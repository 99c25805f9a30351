"""Who may claim, judge, pay, and set budgets.

Claimant, reviewer and payer of one claim are different people, and nobody who belongs to a party of the deal
judges or pays (RELIABILITY B5; the database checks the three persons once more).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from matchmaker.accounts.models import Membership
from matchmaker.accounts.roles import Role
from matchmaker.core.access import (
    Actor,
    Among,
    Member,
    Permission,
    Where,
    define,
    holds,
    seen_through,
    signed_in,
    verified,
)
from matchmaker.core.db import db
from matchmaker.deals.models import Deal
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.states import ClaimState


class Can(Permission):
    CLAIM_LIST = "claim:list"
    CLAIM_VIEW = "claim:view"
    CLAIM_CREATE = "claim:create"
    CLAIM_EDIT = "claim:edit"
    CLAIM_SUBMIT = "claim:submit"
    CLAIM_WITHDRAW = "claim:withdraw"
    CLAIM_REVIEW = "claim:review"
    CLAIM_PAY = "claim:pay"
    BUDGET_VIEW = "budget:view"
    BUDGET_SET = "budget:set"


CLAIMING_ROLES = (Role.TTO_OFFICER, Role.ENTERPRISE_SIGNATORY, Role.TECHNOLOGY_MANAGER)


def has_interest(actor: Actor, claim: Claim) -> bool:
    """Whether the person belongs to the claimant or to a party of its deal, whomever they act for now."""
    deal = claim.deal
    parties = [claim.claimant_organisation_id, deal.licensor_id, deal.licensee_id]
    query = sa.select(Membership.id).where(
        Membership.user_id == actor.user_id,
        Membership.organisation_id.in_(parties + ([deal.broker_id] if deal.broker_id else [])),
    )
    return db.session.scalar(query.limit(1)) is not None


def _no_interest_in(actor: Actor) -> sa.ColumnElement[bool]:
    organisation = Membership.organisation_id
    of_party = sa.exists().where(
        Membership.user_id == actor.user_id,
        Deal.id == Claim.deal_id,
        (organisation == Claim.claimant_organisation_id)
        | (organisation == Deal.licensor_id)
        | (organisation == Deal.licensee_id)
        | (organisation == Deal.broker_id),
    )
    return ~of_party.correlate(Claim)


def _others(column: Any) -> Where:
    """The person in this column is someone else (or nobody)."""
    return Where(
        lambda actor, claim: getattr(claim, column.key) is None or getattr(claim, column.key) != actor.user_id,
        lambda actor: column.is_distinct_from(actor.user_id),
    )


_claimant = Member(Claim.claimant_organisation_id, *CLAIMING_ROLES)
_disinterested = Where(lambda actor, claim: not has_interest(actor, claim), _no_interest_in) & _others(
    Claim.claimed_by_user_id
)
_begun = Among(Claim.state, set(ClaimState) - {ClaimState.DRAFT})
_handed_in = Where(lambda actor, claim: claim.submitted_at is not None, lambda actor: Claim.submitted_at.is_not(None))

define(
    {
        Can.CLAIM_LIST: signed_in,
        # A withdrawn draft was never handed in, so it stays the claimant's own.
        Can.CLAIM_VIEW: Member(Claim.claimant_organisation_id)
        | (holds(Role.REVIEWER, Role.ADMINISTRATOR, Role.AUDITOR) & _begun & _handed_in),
        Can.CLAIM_CREATE: verified & holds(*CLAIMING_ROLES),
        Can.CLAIM_EDIT: _claimant & Among(Claim.state, {ClaimState.DRAFT}),
        Can.CLAIM_SUBMIT: verified & _claimant,
        Can.CLAIM_WITHDRAW: _claimant,
        Can.CLAIM_REVIEW: holds(Role.REVIEWER) & _disinterested,
        Can.CLAIM_PAY: holds(Role.ADMINISTRATOR) & _disinterested & _others(Claim.reviewer_user_id),
        Can.BUDGET_VIEW: holds(Role.ADMINISTRATOR, Role.AUDITOR),
        Can.BUDGET_SET: holds(Role.ADMINISTRATOR),
    }
)
seen_through(Claim, Can.CLAIM_VIEW)
