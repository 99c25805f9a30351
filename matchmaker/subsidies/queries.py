"""Reads of claims, budgets and the deals that can be claimed for."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload, selectinload

from matchmaker.accounts.models import Organisation, OrganisationState
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import audit, clock
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.deals import queries as deals
from matchmaker.deals.models import Deal
from matchmaker.deals.permissions import Can as DealCan
from matchmaker.deals.states import PartyRole
from matchmaker.introductions import queries as introductions
from matchmaker.subsidies import policies
from matchmaker.subsidies.catalogue import Clause
from matchmaker.subsidies.models import Allowance, Budget, Claim, ClaimEvidence, ClaimPaper
from matchmaker.subsidies.papers import WITH_A_SUM, EvidenceKind, evidence_asked
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.review_models import ClaimReview
from matchmaker.subsidies.rules import CLAIMANT_PART, Situation, Verdict, judge
from matchmaker.subsidies.states import (
    DECIDED_STATES,
    EDITABLE_STATES,
    GRANTED_STATES,
    RESERVED_STATES,
    ClaimState,
)

_HOLDING = {*RESERVED_STATES, *GRANTED_STATES} - {ClaimState.RECOVERED}

MOST_DEALS = 200
"""How many deals a claimant chooses from, the latest signed first."""

_COLUMN: dict[PartyRole, InstrumentedAttribute[uuid.UUID | None]] = {
    PartyRole.LICENSOR: Deal.licensor_id,
    PartyRole.LICENSEE: Deal.licensee_id,
    PartyRole.BROKER: Deal.broker_id,
}


# --- the catalogue --------------------------------------------------------------------------------------------------


def list_clauses(*, text: str = "", kind: OrganisationKind | None = None) -> list[Clause]:
    """Clauses in the order of the policy: those that hold every word of `text`, for organisations of this kind."""
    words = text.casefold().split()

    def fits(clause: Clause) -> bool:
        haystack = " ".join(
            (
                clause.id,
                clause.name_zh,
                clause.name_en,
                clause.beneficiary_zh,
                clause.beneficiary_en,
                clause.source_phrase,
            )
        ).casefold()
        return all(word in haystack for word in words) and (kind is None or kind in clause.beneficiary_kinds)

    return [clause for clause in policies.current().catalogue if fits(clause)]


def list_claimable_clauses(kind: str | None) -> list[Clause]:
    """Clauses that an organisation of this kind can claim: those for deals first, then the others in their order."""
    found = [clause for clause in policies.current().catalogue if clause.pays and kind in clause.beneficiary_kinds]
    return sorted(found, key=lambda clause: clause.id not in CLAIMANT_PART)


# --- claims ---------------------------------------------------------------------------------------------------------


def find_claim(claim_id: uuid.UUID) -> Claim | None:
    """With claimant, deal, evidence and papers."""
    query = select(Claim).where(Claim.id == claim_id)
    parts = (selectinload(Claim.evidence), selectinload(Claim.papers))
    return db.session.scalar(query.options(joinedload(Claim.claimant), joinedload(Claim.deal), *parts))


def find_evidence(claim: Claim, evidence_id: uuid.UUID) -> ClaimEvidence | None:
    return next((evidence for evidence in claim.evidence if evidence.id == evidence_id), None)


def find_paper(claim: Claim, paper_id: uuid.UUID) -> ClaimPaper | None:
    return next((paper for paper in claim.papers if paper.id == paper_id), None)


def list_missing_evidence(claim: Claim) -> list[EvidenceKind]:
    """Kinds of file that the clause asks for and that are not attached yet."""
    attached = {row.kind for row in claim.evidence}
    return [kind for kind in evidence_asked(CLAIMANT_PART.get(claim.clause_id)) if kind not in attached]


def list_claims(
    actor: Actor,
    *,
    state: ClaimState | None = None,
    clause_id: str = "",
    text: str = "",
    mine: bool = False,
    late: bool = False,
) -> Select[Claim]:
    """Claims the actor may see, with claimant: those to be checked oldest first, others newest first.

    `mine`: those for which the actor's opinion is awaited; `late`: those past their deadline.
    """
    query = select(Claim).join(Claim.claimant).where(visible(actor, Can.CLAIM_VIEW))
    if state is not None:
        query = query.where(Claim.state == state)
    if clause_id:
        query = query.where(Claim.clause_id == clause_id)
    if text:
        query = query.where((Claim.number == text.upper()) | Organisation.name.contains(text, autoescape=True))
    if mine:
        seats = ClaimReview.reviewer_user_id == actor.user_id, ClaimReview.seat.is_not(None)
        query = query.where(Claim.id.in_(select(ClaimReview.claim_id).where(*seats, ClaimReview.given_at.is_(None))))
    if late:
        query = query.where(Claim.due_on < clock.today())
    oldest_first = state is ClaimState.SUBMITTED
    order = Claim.submitted_at if oldest_first else Claim.created_at.desc()
    return query.options(joinedload(Claim.claimant)).order_by(order, Claim.id)


def count_claims(actor: Actor) -> dict[ClaimState, int]:
    """How many claims the actor may see in each state; every state is there."""
    query = select(Claim.state, sa.func.count()).where(visible(actor, Can.CLAIM_VIEW)).group_by(Claim.state)
    return dict.fromkeys(ClaimState, 0) | {ClaimState(state): count for state, count in db.session.execute(query)}


def list_claimable_deals(actor: Actor, clause: Clause) -> list[Deal]:
    """Signed deals in which the actor's organisation has the part that the clause is for, and no claim stands."""
    part = CLAIMANT_PART.get(clause.id)
    if part is None or actor.organisation_id is None:
        return []
    claimed = sa.exists().where(Claim.deal_id == Deal.id, Claim.clause_id == clause.id, Claim.live_key.is_not(None))
    query = (
        select(Deal)
        .where(
            visible(actor, DealCan.DEAL_VIEW),
            _COLUMN[part] == actor.organisation_id,
            Deal.signed_on.is_not(None),
            ~claimed,
        )
        .order_by(Deal.signed_on.desc(), Deal.id)
        .limit(MOST_DEALS)
    )
    return list(db.session.scalars(query))


def verdict_on(claim: Claim) -> Verdict | None:
    """As it stood at the decision; for an open claim as it stands now; None for one withdrawn."""
    if claim.state in DECIDED_STATES:
        return claim.frozen_verdict
    return None if claim.state == ClaimState.WITHDRAWN else current_verdict(claim, fen=claim.proposed_fen)


def current_verdict(claim: Claim, *, fen: int | None = None) -> Verdict:
    """The verdict as things are now, on the sum requested or another."""
    return judge(claim.clause, situation_of(claim, fen=fen))


def situation_of(claim: Claim, *, fen: int | None = None) -> Situation:
    """What the verdict on a claim rests on: today for a draft, else its day of submission and what is true now."""
    deal, claimant = claim.deal, claim.claimant
    submitted_at = None if claim.state in EDITABLE_STATES else claim.submitted_at
    return Situation(
        on=clock.day_of(submitted_at) if submitted_at else clock.today(),
        claimant_kind=claimant.kind,
        claimant_verified=claimant.state == OrganisationState.VERIFIED,
        part=None if deal is None else deal.side_of(claimant.id),
        signed_on=None if deal is None else deal.signed_on,
        introduced_on=None if deal is None else introduced_on(deal),
        credit_codes=() if deal is None else _credit_codes(deal),
        rival=_rival(claim),
        requested_fen=claim.requested_fen if fen is None else fen,
        granted_fen=granted_fen(claim),
        base_fen=base_fen(claim) if claim.clause.rate is not None else None,
    )


def introduced_on(deal: Deal) -> date | None:
    """First day on which the broker introduced the licensee to an achievement of the deal."""
    if deal.broker_id is None:
        return None
    pairs = [(row.achievement_id, deal.licensee_id) for row in deal.achievements]
    found = [introductions.was_introduced_by(deal.broker_id, *pair) for pair in pairs]
    instants = [row.introduced_at for row in found if row is not None and row.introduced_at is not None]
    return clock.day_of(min(instants)) if instants else None


def _credit_codes(deal: Deal) -> tuple[str, ...]:
    parties = list(deal.parties.values())
    rows = db.session.execute(select(Organisation.id, Organisation.credit_code).where(Organisation.id.in_(parties)))
    codes = {row.id: row.credit_code for row in rows}
    return tuple(codes[party] for party in parties)


def _rival(claim: Claim) -> str | None:
    """Number of another claim that stands under the same clause for the same thing."""
    if claim.deal_id is None:  # the live key alone knows the thing, and the database holds it unique
        return None
    query = select(Claim.number).where(
        Claim.deal_id == claim.deal_id,
        Claim.clause_id == claim.clause_id,
        Claim.live_key.is_not(None),
        Claim.id != claim.id,
    )
    return db.session.scalar(query.limit(1))


def granted_fen(claim: Claim) -> int:
    """What the claimant was granted, or is proposed, under the clause in the claim's period, apart from this very
    claim.
    """
    allowance = find_allowance(claim)
    own_fen = (claim.proposed_fen or 0) if claim.state in _HOLDING else 0
    return allowance.used_fen - own_fen if allowance is not None else 0


def base_fen(claim: Claim) -> int:
    """What a rate applies to: the least of what was paid under the deal and of the invoices and receipts entered, if
    any.
    """
    sums = [] if claim.deal is None else [deals.paid_fen(claim.deal)]
    for kind in WITH_A_SUM:
        entered = [paper.fen or 0 for paper in claim.papers if paper.kind is kind]
        sums += [sum(entered)] if entered else []
    return min(sums, default=0)


@dataclass(frozen=True, slots=True)
class Moment:
    """One event of a claim: `phrase` is a catalogue key that may use the facts."""

    at: datetime
    phrase: str
    facts: Mapping[str, Any]


PHRASES: Mapping[str, str] = MappingProxyType(
    {
        "claim.drafted": N_("The claimant began the claim for %(requested_fen)s."),
        "claim.edited": N_("The claimant changed the claim, which now asks for %(requested_fen)s."),
        "claim.evidence_added": N_("The claimant attached a file."),
        "claim.evidence_removed": N_("The claimant removed a file."),
        "claim.paper_added": N_("The claimant entered a number."),
        "claim.paper_removed": N_("The claimant removed a number."),
        "claim.submitted": N_("The claimant submitted the claim."),
        "claim.withdrawn": N_("The claimant withdrew the claim."),
        "claim.returned": N_("The bureau returned the claim for completion."),
        "claim.accepted": N_("The claim passed the formal check; reviewers were drawn."),
        "claim.reviewed": N_("A reviewer gave an opinion."),
        "claim.recused": N_("A reviewer stood down; another was drawn."),
        "claim.flag_answered": N_("A reviewer looked into a point of the claim."),
        "claim.proposed": N_("The bureau proposed %(sum_fen)s."),
        "claim.published": N_("The proposed sum was put on public notice."),
        "claim.objected": N_("Someone objected to the notice."),
        "claim.objection_dismissed": N_("The bureau dismissed an objection."),
        "claim.approved": N_("The bureau approved %(approved_fen)s."),
        "claim.rejected": N_("The bureau rejected the claim."),
        "claim.paid": N_("The bureau recorded the payment."),
        "claim.clawed_back": N_("The bureau ordered the repayment of the subsidy with interest of %(interest_fen)s."),
        "claim.returned_money": N_("The bureau recorded the repayment."),
    }
)


def list_history(claim: Claim) -> list[Moment]:
    """What happened, oldest first."""
    return [Moment(event.at, PHRASES[event.event], event.facts) for event in audit.list_events(claim.id)]


# --- budgets --------------------------------------------------------------------------------------------------------


def find_allowance(claim: Claim) -> Allowance | None:
    return db.session.scalar(
        select(Allowance).where(
            Allowance.claimant_organisation_id == claim.claimant_organisation_id,
            Allowance.clause_id == claim.clause_id,
            Allowance.period == claim.period,
        )
    )


def find_budget(programme: str, year: int) -> Budget | None:
    return db.session.scalar(select(Budget).where(Budget.programme == programme, Budget.year == year))


def list_budgets(year: int) -> list[Budget]:
    return list(db.session.scalars(select(Budget).where(Budget.year == year).order_by(Budget.programme)))


def list_budget_years() -> list[int]:
    """Years with a budget, the latest first."""
    return list(db.session.scalars(select(Budget.year).distinct().order_by(Budget.year.desc())))
