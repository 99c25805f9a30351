"""Commands on claims. Budgets move in `budget`, in the same transaction."""

from __future__ import annotations

import secrets
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from matchmaker.core import audit, clock, files, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.errors import N_, Conflict, Forbidden, Invalid
from matchmaker.deals.models import Deal
from matchmaker.subsidies import budget, queries, rulebook
from matchmaker.subsidies.amounts import claimable
from matchmaker.subsidies.models import Claim, ClaimEvidence
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.rules import CLAIMANT_PART
from matchmaker.subsidies.states import CLAIM, ClaimAction

MOST_EVIDENCE = 20
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none is mistaken for another on paper


class NotYourPart(Forbidden):
    code = "subsidies.not_your_part"
    phrase = N_(
        "Your organisation cannot claim under this clause for this deal. "
        "The page of the clause says who can; choose one of the deals offered there."
    )


class AlreadyClaimed(Conflict):
    code = "subsidies.already_claimed"
    phrase = N_("A claim under this clause already stands for this deal. Open it in the list of claims.")


class MoreThanRequested(Invalid):
    """Facts: requested_fen."""

    code = "subsidies.more_than_requested"
    phrase = N_("The claimant asked for %(requested_fen)s. Approve more than zero and no more than that.")


class PaidOnInvalid(Invalid):
    """Facts: decided_on."""

    code = "subsidies.paid_on_invalid"
    phrase = N_("The payment lies between the approval on %(decided_on)s and today. Correct the day.")


class EvidenceTwice(Invalid):
    code = "subsidies.evidence_twice"
    phrase = N_("This very file is already attached to the claim.")


class TooMuchEvidence(Invalid):
    """Facts: most."""

    code = "subsidies.too_much_evidence"
    phrase = N_("A claim carries at most %(most)s files. Join some of them into one.")


constraint_means("uq_claims_live_key", AlreadyClaimed)
constraint_means("uq_claim_evidence_claim_id_file_id", lambda: EvidenceTwice(field="file"))


# --- by the claimant ------------------------------------------------------------------------------------------------


@command(Can.CLAIM_CREATE)
def draft_claim(actor: Actor, deal: Deal, *, clause_id: str, requested_fen: int, statement: str) -> Claim:
    """Begin a claim. Raises NotYourPart, AlreadyClaimed, or why the sum cannot be claimed (`amounts`)."""
    part = deal.side_of(actor.organisation_id)
    if part is None or part != CLAIMANT_PART.get(clause_id):
        raise NotYourPart()
    claim = Claim(
        number=f"{clock.today().year}-{''.join(secrets.choice(_LETTERS) for _ in range(6))}",
        live_key=f"{clause_id}:{deal.id}",
        clause_id=clause_id,
        claimant_organisation_id=actor.organisation_id,
        claimed_by_user_id=actor.user_id,
        deal=deal,
        requested_fen=requested_fen,
        statement=statement,
        created_at=clock.now(),
        **_as_it_reads_now(clause_id),
    )
    _check_sum(claim, requested_fen, field="requested_fen")
    db.session.add(claim)
    audit.record(actor, "claim.drafted", claim, clause=clause_id, deal=str(deal.id), requested_fen=requested_fen)
    return claim


@command(Can.CLAIM_EDIT)
def edit_claim(actor: Actor, claim: Claim, *, requested_fen: int, statement: str) -> None:
    """Raises why the sum cannot be claimed (`amounts`)."""
    _check_sum(claim, requested_fen, field="requested_fen")
    claim.requested_fen, claim.statement = requested_fen, statement
    audit.record(actor, "claim.edited", claim, requested_fen=requested_fen)


@command(Can.CLAIM_EDIT)
def add_evidence(
    actor: Actor, claim: Claim, *, stream: BinaryIO, name: str, root: Path, limit_bytes: int
) -> ClaimEvidence:
    """Attach a file. Raises TooMuchEvidence, EvidenceTwice, FileTooLarge, FileTypeRefused, FileEmpty."""
    if len(claim.evidence) >= MOST_EVIDENCE:
        raise TooMuchEvidence(field="file", most=MOST_EVIDENCE)
    file = files.put(root, stream, limit_bytes=limit_bytes, field="file")
    evidence = ClaimEvidence(
        claim=claim,
        file=file,
        name=files.safe_name(name, file.media_type),
        added_by_user_id=actor.user_id,
        created_at=clock.now(),
    )
    db.session.add(evidence)
    audit.record(actor, "claim.evidence_added", claim, sha256=file.sha256)
    return evidence


@command(Can.CLAIM_EDIT)
def remove_evidence(actor: Actor, claim: Claim, *, evidence: ClaimEvidence) -> None:
    audit.record(actor, "claim.evidence_removed", claim, sha256=evidence.file.sha256)
    claim.evidence.remove(evidence)


@command(Can.CLAIM_SUBMIT)
def submit_claim(actor: Actor, claim: Claim) -> None:
    """Hand in, under the clause as it reads now. Raises ConditionsNotMet, WrongState."""
    CLAIM.step(claim.state, ClaimAction.SUBMIT)
    _set(claim, _as_it_reads_now(claim.clause_id))
    unmet = list(queries.current_verdict(claim).unmet)
    _step(actor, claim, ClaimAction.SUBMIT, {"submitted_at": clock.now(), "decision_reason": None}, unmet=unmet)


@command(Can.CLAIM_WITHDRAW)
def withdraw_claim(actor: Actor, claim: Claim) -> None:
    """Raises WrongState once it is decided."""
    _step(actor, claim, ClaimAction.WITHDRAW, {"live_key": None})


# --- by the bureau --------------------------------------------------------------------------------------------------


@command(Can.CLAIM_REVIEW)
def return_claim(actor: Actor, claim: Claim, *, reason: str) -> None:
    """Give it back for completion. Raises ReasonMissing, WrongState."""
    _step(actor, claim, ClaimAction.RETURN, {"decision_reason": reason}, has_reason=bool(reason))


@command(Can.CLAIM_REVIEW)
def reject_claim(actor: Actor, claim: Claim, *, reason: str) -> None:
    """Raises ReasonMissing, WrongState."""
    columns = {"live_key": None, **_decision(actor, claim, reason, claim.requested_fen)}
    _step(actor, claim, ClaimAction.REJECT, columns, has_reason=bool(reason))


@command(Can.CLAIM_REVIEW)
def approve_claim(actor: Actor, claim: Claim, *, approved_fen: int, reason: str) -> None:
    """Grant a sum and take it from allowance and budget, all in one.

    Raises WrongState, MoreThanRequested, why the sum cannot be granted (`amounts`), ReasonMissing, ConditionsNotMet,
    BudgetExhausted, NoBudget.
    """
    CLAIM.step(claim.state, ClaimAction.APPROVE)
    if not 0 < approved_fen <= claim.requested_fen:
        raise MoreThanRequested(field="approved_fen", requested_fen=claim.requested_fen)
    cap_fen = _check_sum(claim, approved_fen, field="approved_fen")
    unmet = list(queries.current_verdict(claim, fen=approved_fen).unmet)
    columns = {"approved_fen": approved_fen, **_decision(actor, claim, reason, approved_fen)}
    facts = {"unmet": unmet, "has_reason": bool(reason), "approved_fen": approved_fen}
    _step(actor, claim, ClaimAction.APPROVE, columns, **facts)
    budget.take(actor, claim, fen=approved_fen, cap_fen=cap_fen)


@command(Can.CLAIM_PAY)
def pay_claim(actor: Actor, claim: Claim, *, paid_on: date) -> None:
    """Record that the approved sum was paid on that day. Raises PaidOnInvalid, WrongState."""
    CLAIM.step(claim.state, ClaimAction.PAY)
    assert claim.decided_at is not None
    decided_on = clock.day_of(claim.decided_at)
    if not decided_on <= paid_on <= clock.today():
        raise PaidOnInvalid(field="paid_on", decided_on=decided_on)
    _step(actor, claim, ClaimAction.PAY, {"payer_user_id": actor.user_id, "paid_on": paid_on})
    budget.pay_out(actor, claim)


# --- parts ----------------------------------------------------------------------------------------------------------


def _as_it_reads_now(clause_id: str) -> dict[str, Any]:
    """Columns that keep the clause as today's catalogue has it."""
    return rulebook.as_it_reads(clause_id, clock.today())


def _check_sum(claim: Claim, fen: int, *, field: str) -> int:
    """The clause's cap. Raises why the sum cannot be claimed."""
    situation = queries.situation_of(claim, fen=fen)
    claimable(claim.clause, fen, situation.granted_fen, facts=situation.facts, on=situation.on, field=field)
    assert claim.clause.amount_fen is not None
    return claim.clause.amount_fen


def _decision(actor: Actor, claim: Claim, reason: str, fen: int) -> dict[str, Any]:
    """Columns of a decision: who, when, why, and the situation it rests on."""
    return {
        "reviewer_user_id": actor.user_id,
        "decided_at": clock.now(),
        "decision_reason": reason,
        "situation": queries.situation_of(claim, fen=fen).freeze(),
    }


def _set(claim: Claim, columns: dict[str, Any]) -> None:
    for name, value in columns.items():
        setattr(claim, name, value)


def _step(actor: Actor, claim: Claim, action: ClaimAction, columns: dict[str, Any], **facts: Any) -> None:
    """One step and the columns that go with it, in one write: half of it would break the row's CHECKs."""
    with db.session.no_autoflush:
        _set(claim, columns)
        workflow.apply(actor, claim, CLAIM, action, **facts)
