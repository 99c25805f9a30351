"""Who may claim, judge, pay, recover, and set budgets.

Claimant, reviewer and payer of one claim are different people, and nobody who belongs to the claimant or to a party
of the deal judges or pays (RELIABILITY B5; the database checks the persons once more).
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from matchmaker.accounts.models import Membership, User
from matchmaker.accounts.roles import Role
from matchmaker.core.access import (
    AboutActor,
    Actor,
    Among,
    Member,
    Permission,
    Where,
    define,
    everyone,
    holds,
    seen_through,
    signed_in,
    verified,
)
from matchmaker.core.db import db
from matchmaker.deals.models import Deal
from matchmaker.subsidies.models import Claim, ClaimDeal
from matchmaker.subsidies.review_models import ClaimNotice, ClaimReview
from matchmaker.subsidies.states import EDITABLE_STATES, ClaimState


class Can(Permission):
    CLAIM_LIST = "claim:list"
    CLAIM_VIEW = "claim:view"
    CLAIM_CREATE = "claim:create"
    CLAIM_EDIT = "claim:edit"
    CLAIM_SUBMIT = "claim:submit"
    CLAIM_WITHDRAW = "claim:withdraw"
    CLAIM_CHECK = "claim:check"
    CLAIM_REVIEW = "claim:review"
    CLAIM_DECIDE = "claim:decide"
    CLAIM_PAY = "claim:pay"
    CLAIM_RECOVER = "claim:recover"
    CLAIM_OBJECT = "claim:object"
    CLAIM_EXAMINE = "claim:examine"
    ROUND_VIEW = "round:view"
    PARTICULARS_SET = "particulars:set"
    NOTICE_VIEW = "claim_notice:view"
    NOTICE_OBJECT = "claim_notice:object"
    WORKDAY_SET = "workday:set"
    BUDGET_VIEW = "budget:view"
    BUDGET_SET = "budget:set"


CLAIMING_ROLES = (Role.TTO_OFFICER, Role.ENTERPRISE_SIGNATORY, Role.TECHNOLOGY_MANAGER)


def has_interest(actor: Actor, claim: Claim) -> bool:
    """Whether the person belongs to the claimant or to a party of one of its deals, whomever they act for now.

    Asked for every step that a page offers, so it reads the person's memberships once for each transaction.
    """
    user = db.session.get(User, actor.user_id)
    parties = {claim.claimant_organisation_id, *(party for deal in claim.deals for party in deal.parties.values())}
    return user is not None and any(row.organisation_id in parties for row in user.memberships)


def _belongs_to_a_party(user_id: Any) -> sa.ColumnElement[bool]:
    """SQL condition on Claim: the person belongs to the claimant or to a party of the deal."""
    organisation = Membership.organisation_id
    of_claimant = sa.exists().where(Membership.user_id == user_id, organisation == Claim.claimant_organisation_id)
    of_party = sa.exists().where(
        Membership.user_id == user_id,
        ClaimDeal.claim_id == Claim.id,
        Deal.id == ClaimDeal.deal_id,
        (organisation == Deal.licensor_id) | (organisation == Deal.licensee_id) | (organisation == Deal.broker_id),
    )
    return of_claimant.correlate(Claim) | of_party.correlate(Claim)


def _others(column: Any) -> Where:
    """The person in this column is someone else (or nobody)."""
    return Where(
        lambda actor, claim: getattr(claim, column.key) is None or getattr(claim, column.key) != actor.user_id,
        lambda actor: column.is_distinct_from(actor.user_id),
    )


def _reviews(actor: Actor, claim: Claim) -> list[ClaimReview]:
    """The actor's own; a page that asks several times reads them once."""
    return [row for row in claim.reviews if row.reviewer_user_id == actor.user_id]


def _reviewing(actor: Actor, *conditions: Any) -> sa.ColumnElement[bool]:
    found = sa.exists().where(
        ClaimReview.claim_id == Claim.id, ClaimReview.reviewer_user_id == actor.user_id, *conditions
    )
    return found.correlate(Claim)


_SEAT_OPEN = (ClaimReview.seat.is_not(None), ClaimReview.given_at.is_(None))

_claimant = Member(Claim.claimant_organisation_id, *CLAIMING_ROLES)
_disinterested = Where(
    lambda actor, claim: not has_interest(actor, claim), lambda actor: ~_belongs_to_a_party(actor.user_id)
) & _others(Claim.claimed_by_user_id)
_seated = Where(
    lambda actor, claim: any(row.is_open for row in _reviews(actor, claim)),
    lambda actor: _reviewing(actor, *_SEAT_OPEN),
)
_no_reviewer = Where(lambda actor, claim: not _reviews(actor, claim), lambda actor: ~_reviewing(actor))
_begun = Among(Claim.state, set(ClaimState) - {ClaimState.DRAFT})
_handed_in = Where(lambda actor, claim: claim.submitted_at is not None, lambda actor: Claim.submitted_at.is_not(None))
_bureau = holds(Role.REVIEWER, Role.ADMINISTRATOR, Role.AUDITOR)
_judged_by_others = (
    _others(Claim.checked_by_user_id) & _others(Claim.proposed_by_user_id) & _others(Claim.reviewer_user_id)
)
_payer = holds(Role.ADMINISTRATOR) & _disinterested & _judged_by_others & _no_reviewer

define(
    {
        Can.CLAIM_LIST: signed_in,
        # A withdrawn draft was never handed in, so it stays the claimant's own.
        Can.CLAIM_VIEW: Member(Claim.claimant_organisation_id) | (_bureau & _begun & _handed_in),
        Can.CLAIM_CREATE: verified & holds(*CLAIMING_ROLES),
        Can.CLAIM_EDIT: _claimant & Among(Claim.state, set(EDITABLE_STATES)),
        Can.CLAIM_SUBMIT: verified & _claimant,
        Can.CLAIM_WITHDRAW: _claimant,
        Can.CLAIM_CHECK: holds(Role.REVIEWER) & _disinterested,
        Can.CLAIM_REVIEW: holds(Role.REVIEWER) & _disinterested & _seated,
        # Two persons for a grant: who proposed the sum does not approve it (ASVS 2.3.5).
        Can.CLAIM_DECIDE: holds(Role.REVIEWER) & _disinterested & _others(Claim.proposed_by_user_id),
        Can.CLAIM_PAY: _payer,
        Can.CLAIM_RECOVER: holds(Role.ADMINISTRATOR) & _disinterested,
        # An objection comes through the notice, from people who see nothing of the claim itself.
        Can.CLAIM_OBJECT: AboutActor(lambda actor: False),
        # Flags and opinions are the bureau's own: never shown to the claimant, let alone to others.
        Can.CLAIM_EXAMINE: _bureau & _disinterested & _handed_in,
        Can.ROUND_VIEW: _bureau,
        Can.PARTICULARS_SET: holds(*CLAIMING_ROLES),
        Can.NOTICE_VIEW: everyone,
        Can.NOTICE_OBJECT: signed_in,
        Can.WORKDAY_SET: holds(Role.ADMINISTRATOR),
        Can.BUDGET_VIEW: holds(Role.ADMINISTRATOR, Role.AUDITOR),
        Can.BUDGET_SET: holds(Role.ADMINISTRATOR),
    }
)
seen_through(Claim, Can.CLAIM_VIEW)
seen_through(ClaimNotice, Can.NOTICE_VIEW)
