"""Reads of claims, budgets and the deals that can be claimed for."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
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
from matchmaker.deals import queries as deals_queries
from matchmaker.deals.models import Deal, DealFile, FileKind, Payment
from matchmaker.deals.permissions import Can as DealCan
from matchmaker.deals.states import PartyRole
from matchmaker.subsidies import gather, policies
from matchmaker.subsidies.around import introduced_at
from matchmaker.subsidies.catalogue import Clause, ClauseKind, Document, Per
from matchmaker.subsidies.facts import Value
from matchmaker.subsidies.facts import thaw as thaw_facts
from matchmaker.subsidies.folding import fold
from matchmaker.subsidies.models import OTHER, Allowance, Budget, Claim, ClaimDeal, ClaimEvidence, ClaimPaper
from matchmaker.subsidies.papers import PAYMENT_DIGITS, PAYMENT_PREFIX, WITH_A_SUM, PaperKind, used_key
from matchmaker.subsidies.periods import earlier_periods
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.review_models import ClaimReview, Recovery
from matchmaker.subsidies.rules import RECEIPTS, Condition, Situation, Verdict, answerable, judge
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
    """Clauses that an organisation of this kind can claim: those for deals first, then the others in their order."""
    found = [clause for clause in policies.current().catalogue if clause.pays and kind in clause.beneficiary_kinds]
    return sorted(found, key=lambda clause: clause.part is None)


# --- claims ---------------------------------------------------------------------------------------------------------


def find_claim(claim_id: uuid.UUID) -> Claim | None:
    """With claimant, deals with their registration, answers, evidence and papers, in three reads.

    Deals, answers and repayments of the claimant come with the claim's row: seldom more than one or two of each.
    """
    recorded = (joinedload(part) for part in (Deal.licensor, Deal.licensee, Deal.registration))
    few = (
        joinedload(Claim.claimant),
        joinedload(Claim.deal_rows).joinedload(ClaimDeal.deal).options(*recorded),
        joinedload(Claim.answers),
        joinedload(Claim.recoveries),
    )
    query = select(Claim).where(Claim.id == claim_id).options(*few)
    lists = selectinload(Claim.evidence), selectinload(Claim.papers)
    return db.session.scalars(query.options(*lists)).unique().one_or_none()


def find_evidence(claim: Claim, evidence_id: uuid.UUID) -> ClaimEvidence | None:
    return next((evidence for evidence in claim.evidence if evidence.id == evidence_id), None)


def find_paper(claim: Claim, paper_id: uuid.UUID) -> ClaimPaper | None:
    return next((paper for paper in claim.papers if paper.id == paper_id), None)


def list_missing_evidence(claim: Claim) -> list[Document]:
    """Documents that the clause needs and that are neither attached nor held by the platform itself."""
    there = {row.kind for row in claim.evidence} | list_held_evidence(claim)
    return [document for document in claim.clause.evidence if document.needed and document.id not in there]


def list_held_evidence(claim: Claim) -> set[str]:
    """Kinds of documents that the deals themselves hold, all of them: the contract as it was signed here, and the
    registration.
    """
    found = claim.deals
    if not found:
        return set()
    registered = all(deal.registration is not None for deal in found)
    signed = all(deal.signed_on is not None for deal in found)
    return {kind for kind, held in (("contract", signed), ("registration", registered)) if held}


_PROVES = {
    FileKind.CERTIFICATE: "registration",
    FileKind.BROKER_AGREEMENT: "service_agreement",
    FileKind.SIGNED_SCAN: "contract",
}


def list_offered_files(claim: Claim) -> list[tuple[DealFile, str]]:
    """Files that the claim's deals hold and that are not attached yet, each once, with the kind of document it would be
    attached as.
    """
    if not claim.deal_rows:
        return []
    asked, there = {document.id for document in claim.clause.evidence}, {row.file_id for row in claim.evidence}
    found: dict[uuid.UUID, tuple[DealFile, str]] = {}
    for row in deals_queries.list_proofs([row.deal_id for row in claim.deal_rows]):
        kind = _PROVES.get(row.kind, "receipts")
        if row.file_id not in there:
            found.setdefault(row.file_id, (row, kind if kind in asked else OTHER))
    return list(found.values())


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
    part = clause.part
    if part is None or actor.organisation_id is None:
        return []
    standing = (Claim.clause_id == clause.id, ClaimDeal.used_key.is_not(None))
    claimed = sa.exists().where(ClaimDeal.deal_id == Deal.id, Claim.id == ClaimDeal.claim_id, *standing)
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


def list_earlier_periods(claimant_id: uuid.UUID | None, clause: Clause) -> list[date]:
    """Earlier periods that can be claimed for, each by one of its days, the latest first."""
    today = clock.today()
    renewals = gather.renewals(claimant_id, on=today) if clause.per is Per.RECOGNITION_RENEWAL else ()
    return earlier_periods(clause.per, clause.in_force_from, today, renewals)


def verdict_on(claim: Claim) -> Verdict | None:
    """As it stood at the decision; for an open claim as it stands now; None for one withdrawn."""
    if claim.state in DECIDED_STATES:
        return claim.frozen_verdict
    return None if claim.state == ClaimState.WITHDRAWN else current_verdict(claim, fen=claim.proposed_fen)


def current_verdict(claim: Claim, *, fen: int | None = None) -> Verdict:
    """The verdict as things are now, on the sum requested or another."""
    return judge(claim.clause, situation_of(claim, fen=fen))


def list_answerable(claim: Claim) -> list[Condition]:
    """Conditions that the facts leave open, which a reviewer answers (or answered, and can answer anew)."""
    return answerable(current_verdict(claim))


def situation_of(claim: Claim, *, fen: int | None = None) -> Situation:
    """What the verdict on a claim rests on: today for a draft, else its day of submission and what is true now."""
    submitted_at = None if claim.state in EDITABLE_STATES else claim.submitted_at
    on = clock.day_of(submitted_at) if submitted_at else clock.today()
    stated = thaw_facts(claim.stated or {})
    claimant = claim.claimant or db.session.get_one(Organisation, claim.claimant_organisation_id)
    facts = gather.facts_of(
        claimant,
        on=on,
        deals=claim.deals,
        clause_id=claim.clause_id,
        claim_id=claim.id,
        period_on=claim.period_on,
        stated=stated,
    )
    return Situation(
        on=on,
        facts=facts | _paper_facts(claim, facts, claim.period_on or on),
        requested_fen=claim.requested_fen if fen is None else fen,
        granted_fen=granted_fen(claim),
        stated=frozenset(name for name in stated if facts.get(name) == stated[name]),
        answers={row.code: (row.met, row.note) for row in claim.answers},
    )


def _paper_facts(claim: Claim, facts: Mapping[str, Value], until: date) -> dict[str, Value]:
    """What the numbers entered with a claim show: invoices, and receipts, of which each counts once and on its day.

    Of receipts no more counts than the deals have recorded as paid and no other claim counts, whatever number the bank
    gave them. The database holds their numbers unique.
    """
    entered = {kind: [paper for paper in claim.papers if paper.kind is kind] for kind in WITH_A_SUM}
    since = {"receipts_fen": date.min, "receipts_year_fen": date(until.year, 1, 1)}
    elsewhere = _counted_elsewhere(claim) if any(facts.get(name) for name in RECEIPTS) else []
    found: dict[str, Value] = {}
    for name in RECEIPTS & facts.keys():
        taken = sum(fen for fen, paid_on in elsewhere if since[name] <= paid_on <= until)
        found[name] = max(int(str(facts[name])) - taken, 0)
    if entered[PaperKind.INVOICE]:
        found["invoices_fen"] = sum(paper.fen or 0 for paper in entered[PaperKind.INVOICE])
    if entered[PaperKind.RECEIPT]:
        found["receipt_reused"] = False
        for name in RECEIPTS & facts.keys():
            days = (since[name], until)
            counted = [p.fen or 0 for p in entered[PaperKind.RECEIPT] if days[0] <= (p.dated_on or until) <= days[1]]
            found[name] = min(int(str(found[name])), sum(counted))
    return found


def _counted_elsewhere(claim: Claim) -> list[tuple[int, date]]:
    """Sum and day of the payments of the claim's deals that stand in other claims."""
    query = (
        select(Payment.fen, Payment.paid_on)
        .join(ClaimPaper, ClaimPaper.used_key == receipt_key_in_sql())
        .where(
            Payment.deal_id.in_([row.deal.id for row in claim.deal_rows]),
            Payment.stands,
            ClaimPaper.claim_id != claim.id,
        )
    )
    return [(fen, paid_on) for fen, paid_on in db.session.execute(query)]


def receipt_key_in_sql() -> sa.ColumnElement[str]:
    """`used_key` of a payment's own number (`papers.payment_number`), as a column of Payment."""
    digits = sa.func.replace(sa.cast(Payment.id, sa.Text), "-", "")
    number = sa.func.upper(sa.func.substr(digits, 1, PAYMENT_DIGITS))
    prefix = used_key(PaperKind.RECEIPT, fold(PAYMENT_PREFIX))
    assert prefix is not None  # receipts are used once
    return sa.literal(prefix) + number


def find_bar(organisation_id: uuid.UUID | None) -> date | None:
    """The last day on which the organisation is barred from claims, None where it is not barred today."""
    query = select(Recovery.barred_until).where(
        Recovery.organisation_id == organisation_id, Recovery.barred_until >= clock.today()
    )
    return db.session.scalar(query.order_by(Recovery.barred_until.desc()).limit(1))


def introduced_on(deal: Deal) -> date | None:
    """First day on which the broker introduced the licensee to an achievement of the deal."""
    at = db.session.scalar(select(introduced_at()).where(Deal.id == deal.id))
    return None if at is None else clock.day_of(at)


def granted_fen(claim: Claim) -> int:
    """What the claimant was granted, or is proposed, under the clause in the claim's period, apart from this very
    claim.
    """
    allowance = find_allowance(claim)
    own_fen = (claim.proposed_fen or 0) if claim.state in _HOLDING else 0
    return allowance.used_fen - own_fen if allowance is not None else 0


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
        "claim.condition_answered": N_("A reviewer answered a condition that was not shown yet."),
        "claim.flag_answered": N_("A reviewer looked into a point of the claim."),
        "claim.proposed": N_("The bureau proposed %(sum_fen)s."),
        "claim.published": N_("The proposed sum was put on public notice."),
        "claim.objected": N_("Someone objected to the notice."),
        "claim.objection_dismissed": N_("The bureau dismissed an objection."),
        "claim.approved": N_("The bureau approved %(approved_fen)s."),
        "claim.rejected": N_("The bureau rejected the claim."),
        "claim.paid": N_("The bureau recorded the payment."),
        "claim.reminded": N_("Whoever has to act was reminded of the deadline."),
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
