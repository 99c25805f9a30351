"""Commands around the public notice: publish, object, decide on objections, approve."""

from __future__ import annotations

from datetime import date

from matchmaker.core import audit, clock
from matchmaker.core.access import Actor, system_actor
from matchmaker.core.db import command, db
from matchmaker.core.errors import N_, Conflict, Invalid
from matchmaker.subsidies import budget, deadlines, notice_queries, queries, review_services, snapshots, workdays
from matchmaker.subsidies.deadlines import NOTICE_WORKDAYS
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.review_models import ClaimNotice, ClaimObjection, ObjectionState
from matchmaker.subsidies.rules import judge
from matchmaker.subsidies.services import bar_of, step
from matchmaker.subsidies.states import CLAIM, ClaimAction, ClaimState

NOTICE_BOARD = system_actor("public notice")
"""Takes the step on a claim that an objector cannot see."""

MOST_OBJECTIONS = 20


class NoticeOver(Conflict):
    """Facts: ends_on."""

    code = "subsidies.notice_over"
    phrase = N_("The notice ended on %(ends_on)s; objections were taken until then.")


class TooManyObjections(Conflict):
    code = "subsidies.too_many_objections"
    phrase = N_("Enough objections wait for a decision. Try again once they are decided.")


class ObjectionEmpty(Invalid):
    code = "subsidies.objection_empty"
    phrase = N_("Say what you object to, and on what grounds.")


class DecidedAlready(Conflict):
    code = "subsidies.objection_decided_already"
    phrase = N_("This objection was decided before. Reload the page to see the decision.")


class OwnObjection(Conflict):
    code = "subsidies.own_objection"
    phrase = N_("You filed this objection yourself, so another reviewer decides it.")


def _ends_on(day: date) -> date:
    return deadlines.add_workdays(day, NOTICE_WORKDAYS, workdays.calendar())


@command(Can.CLAIM_CHECK)
def publish_notice(actor: Actor, claim: Claim) -> ClaimNotice:
    """Put the proposed sum on public notice, from today. Raises ClaimantBarred, WrongState."""
    CLAIM.step(claim.state, ClaimAction.PUBLISH)
    assert claim.proposed_fen is not None
    starts_on = clock.today()
    notice = ClaimNotice(claim_id=claim.id, fen=claim.proposed_fen, starts_on=starts_on, ends_on=_ends_on(starts_on))
    db.session.add(notice)
    step(
        actor,
        claim,
        ClaimAction.PUBLISH,
        {"due_on": notice.ends_on},
        ends_on=notice.ends_on.isoformat(),
        **bar_of(claim),
    )
    return notice


@command(Can.NOTICE_OBJECT)
def file_objection(actor: Actor, notice: ClaimNotice, *, text: str) -> ClaimObjection:
    """Object to a notice that still runs; the claim waits until the bureau has decided.

    Raises NoticeOver, ObjectionEmpty, TooManyObjections.
    """
    claim = notice.claim
    if claim.state not in (ClaimState.ON_NOTICE, ClaimState.OBJECTED) or clock.today() > notice.ends_on:
        raise NoticeOver(ends_on=notice.ends_on)
    if not text:
        raise ObjectionEmpty(field="text")
    if sum(row.state == ObjectionState.OPEN for row in notice.objections) >= MOST_OBJECTIONS:
        raise TooManyObjections()
    objection = ClaimObjection(
        notice=notice,
        filed_by_user_id=actor.user_id,
        organisation_id=actor.organisation_id,
        text=text,
        filed_at=clock.now(),
    )
    db.session.add(objection)
    audit.record(actor, "notice.objected", notice)
    step(NOTICE_BOARD, claim, ClaimAction.OBJECT, {})
    return objection


@command(Can.CLAIM_DECIDE)
def dismiss_objection(actor: Actor, claim: Claim, *, objection: ClaimObjection, decision: str) -> None:
    """Decide against an objection; after the last one the notice runs anew for its full time.

    Raises ReasonMissing, DecidedAlready, OwnObjection, WrongState.
    """
    CLAIM.step(claim.state, ClaimAction.DISMISS)
    notice = _open(actor, objection)
    last = all(row is objection or row.state != ObjectionState.OPEN for row in notice.objections)
    action, columns = ClaimAction.DISMISS, {}
    if last and decision:
        notice.ends_on = _ends_on(clock.today())
        action, columns = ClaimAction.DISMISS_LAST, {"due_on": notice.ends_on}
    step(actor, claim, action, columns, has_reason=bool(decision))
    _decide(actor, objection, ObjectionState.DISMISSED, decision)


@command(Can.CLAIM_DECIDE)
def uphold_objection(actor: Actor, claim: Claim, *, objection: ClaimObjection, decision: str) -> None:
    """Decide for an objection: the claim is rejected and its sum released. Raises ReasonMissing, DecidedAlready,
    OwnObjection.
    """
    CLAIM.step(claim.state, ClaimAction.DISMISS)
    notice = _open(actor, objection)
    review_services.reject(actor, claim, reason=decision)
    for row in notice.objections:
        if row.state == ObjectionState.OPEN and row.filed_by_user_id != actor.user_id:
            _decide(actor, row, ObjectionState.UPHELD, decision)


def _open(actor: Actor, objection: ClaimObjection) -> ClaimNotice:
    if objection.state != ObjectionState.OPEN:
        raise DecidedAlready()
    if objection.filed_by_user_id == actor.user_id:
        raise OwnObjection()
    return objection.notice


def _decide(actor: Actor, objection: ClaimObjection, state: ObjectionState, decision: str) -> None:
    objection.state, objection.decision = state, decision
    objection.decided_by_user_id, objection.decided_at = actor.user_id, clock.now()


@command(Can.CLAIM_DECIDE)
def approve_claim(actor: Actor, claim: Claim, *, reason: str = "") -> None:
    """Grant the proposed sum once its notice has run without an open objection; what was reserved is committed.

    Raises ClaimantBarred, NoticeStillRuns, ConditionsNotMet, ConditionsOpen, WrongState.
    """
    CLAIM.step(claim.state, ClaimAction.APPROVE)
    notice = notice_queries.get_notice_of(claim)
    fen = claim.proposed_fen
    assert fen is not None
    situation = queries.situation_of(claim, fen=fen)
    verdict = judge(claim.clause, situation)
    facts = {
        "ends_on": notice.ends_on.isoformat(),
        "is_over": clock.today() > notice.ends_on,
        "unmet": list(verdict.unmet),
        "unanswered": list(verdict.open),
        "approved_fen": fen,
        **bar_of(claim),
    }
    columns = {
        "approved_fen": fen,
        **review_services.decision(actor, reason or claim.decision_reason or "", situation),
    }
    step(actor, claim, ClaimAction.APPROVE, columns, **facts)
    snapshots.take(claim, "approved", situation)
    budget.grant(actor, claim)
