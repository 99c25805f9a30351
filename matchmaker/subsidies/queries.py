"""Reads of claims, budgets and the deals that can be claimed for."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Select, select
from sqlalchemy.orm import InstrumentedAttribute, joinedload, selectinload

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import audit, clock
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.deals.models import Deal
from matchmaker.deals.permissions import Can as DealCan
from matchmaker.deals.states import PartyRole
from matchmaker.subsidies import gather, policies
from matchmaker.subsidies.catalogue import Clause, ClauseKind
from matchmaker.subsidies.facts import thaw as thaw_facts
from matchmaker.subsidies.models import Allowance, Budget, Claim, ClaimEvidence
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.rules import Situation, Verdict, judge
from matchmaker.subsidies.states import ClaimState

MOST_DEALS = 200
"""How many deals a claimant chooses from, the latest signed first."""

_COLUMN: dict[PartyRole, InstrumentedAttribute[uuid.UUID | None]] = {
    PartyRole.LICENSOR: Deal.licensor_id,
    PartyRole.LICENSEE: Deal.licensee_id,
    PartyRole.BROKER: Deal.broker_id,
}


# --- the catalogue --------------------------------------------------------------------------------------------------


def list_clauses(
    catalogue: Iterable[Clause],
    *,
    text: str = "",
    kind: OrganisationKind | None = None,
    part: str = "",
    rate: bool | None = None,
) -> list[Clause]:
    """Clauses in the order of the policy: those that hold every word of `text`, for organisations of this kind, in this
    part of the policy, with a rate recorded or (of those that take one) without."""
    words = text.casefold().split()

    def fits(clause: Clause) -> bool:
        rules = (label for rule in clause.conditions for label in (rule.label.zh, rule.label.en))
        haystack = " ".join(
            (
                clause.id,
                clause.name_zh,
                clause.name_en,
                clause.beneficiary_zh,
                clause.beneficiary_en,
                clause.source_phrase,
                *rules,
            )
        ).casefold()
        return (
            all(word in haystack for word in words)
            and (kind is None or kind in clause.beneficiary_kinds)
            and part in ("", clause.part_id)
            and (rate is None or (clause.kind == ClauseKind.CAP and (clause.rate is not None) is rate))
        )

    return [clause for clause in catalogue if fits(clause)]


def list_claimable_clauses(kind: str | None) -> list[Clause]:
    """Clauses that an organisation of this kind can claim for a deal."""
    catalogue = policies.current().catalogue
    return [clause for clause in catalogue if clause.part is not None and kind in clause.beneficiary_kinds]


# --- claims ---------------------------------------------------------------------------------------------------------


def find_claim(claim_id: uuid.UUID) -> Claim | None:
    """With claimant, deal and evidence."""
    query = select(Claim).where(Claim.id == claim_id)
    return db.session.scalar(
        query.options(joinedload(Claim.claimant), joinedload(Claim.deal), selectinload(Claim.evidence))
    )


def find_evidence(claim: Claim, evidence_id: uuid.UUID) -> ClaimEvidence | None:
    return next((evidence for evidence in claim.evidence if evidence.id == evidence_id), None)


def list_claims(actor: Actor, *, state: ClaimState | None = None, clause_id: str = "", text: str = "") -> Select[Claim]:
    """Claims the actor may see, with claimant and deal: those to be judged oldest first, others newest first."""
    query = select(Claim).join(Claim.claimant).where(visible(actor, Can.CLAIM_VIEW))
    if state is not None:
        query = query.where(Claim.state == state)
    if clause_id:
        query = query.where(Claim.clause_id == clause_id)
    if text:
        query = query.where((Claim.number == text.upper()) | Organisation.name.contains(text, autoescape=True))
    oldest_first = state is ClaimState.SUBMITTED
    order = Claim.submitted_at if oldest_first else Claim.created_at.desc()
    return query.options(joinedload(Claim.claimant), joinedload(Claim.deal)).order_by(order, Claim.id)


def count_claims(actor: Actor) -> dict[ClaimState, int]:
    """How many claims the actor may see in each state; every state is there."""
    query = select(Claim.state, sa.func.count()).where(visible(actor, Can.CLAIM_VIEW)).group_by(Claim.state)
    return dict.fromkeys(ClaimState, 0) | {ClaimState(state): count for state, count in db.session.execute(query)}


def list_claimable_deals(actor: Actor, clause: Clause) -> list[Deal]:
    """Signed deals in which the actor's organisation has the part that the clause is for, and no claim stands."""
    part = clause.part
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
    if claim.state in (ClaimState.DRAFT, ClaimState.SUBMITTED):
        return current_verdict(claim)
    return claim.frozen_verdict


def current_verdict(claim: Claim, *, fen: int | None = None) -> Verdict:
    """The verdict as things are now, on the sum requested or another."""
    return judge(claim.clause, situation_of(claim, fen=fen))


def situation_of(claim: Claim, *, fen: int | None = None) -> Situation:
    """What the verdict on a claim rests on: today for a draft, else its day of submission and what is true now."""
    submitted_at = None if claim.state == ClaimState.DRAFT else claim.submitted_at
    on = clock.day_of(submitted_at) if submitted_at else clock.today()
    deals = getattr(claim, "deals", None) or ([claim.deal] if claim.deal is not None else [])
    stated = thaw_facts(getattr(claim, "stated", None) or {})
    claimant = claim.claimant or db.session.get_one(Organisation, claim.claimant_organisation_id)
    facts = gather.facts_of(claimant, on=on, deals=deals, clause_id=claim.clause_id, claim_id=claim.id, stated=stated)
    return Situation(
        on=on,
        facts=facts,
        requested_fen=claim.requested_fen if fen is None else fen,
        granted_fen=granted_fen(claim),
        stated=frozenset(name for name in stated if facts.get(name) == stated[name]),
    )


def granted_fen(claim: Claim) -> int:
    """What the claimant was granted under the clause in the claim's year."""
    allowance = find_allowance(claim)
    return allowance.used_fen if allowance is not None else 0


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
        "claim.submitted": N_("The claimant submitted the claim."),
        "claim.withdrawn": N_("The claimant withdrew the claim."),
        "claim.returned": N_("The bureau returned the claim for completion."),
        "claim.approved": N_("The bureau approved %(approved_fen)s."),
        "claim.rejected": N_("The bureau rejected the claim."),
        "claim.paid": N_("The bureau recorded the payment."),
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
            Allowance.year == claim.year,
        )
    )


def find_budget(programme: str, year: int) -> Budget | None:
    return db.session.scalar(select(Budget).where(Budget.programme == programme, Budget.year == year))


def list_budgets(year: int) -> list[Budget]:
    return list(db.session.scalars(select(Budget).where(Budget.year == year).order_by(Budget.programme)))


def list_budget_years() -> list[int]:
    """Years with a budget, the latest first."""
    return list(db.session.scalars(select(Budget.year).distinct().order_by(Budget.year.desc())))
