"""Commands of the bureau up to the proposed sum: formal check, expert review, flags, proposal, rejection."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import command, db
from matchmaker.core.errors import N_, Conflict, Invalid
from matchmaker.subsidies import budget, flagging, queries, review_queries, reviewing, snapshots
from matchmaker.subsidies.amounts import cap_fen
from matchmaker.subsidies.models import Claim, ClaimAnswer
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.review_models import ClaimFlag, ClaimReview, FlagState
from matchmaker.subsidies.reviewing import BEST_SCORE, REVIEWERS, Given, Opinion
from matchmaker.subsidies.rules import judge
from matchmaker.subsidies.services import bar_of, free_papers, step
from matchmaker.subsidies.states import CLAIM, RESERVED_STATES, ClaimAction, ClaimState

SEATS = REVIEWERS + 1


class TooFewReviewers(Conflict):
    """Facts: needed."""

    code = "subsidies.too_few_reviewers"
    phrase = N_(
        "There are fewer than %(needed)s reviewers without an interest in this claim. "
        "Ask an administrator to appoint some."
    )


class OpinionFaulty(Invalid):
    """Facts: requested_fen."""

    code = "subsidies.opinion_faulty"
    phrase = N_("Who supports the claim names a sum above zero, up to the %(requested_fen)s claimed.")


class ScoreOutOfRange(Invalid):
    """Facts: best."""

    code = "subsidies.score_out_of_range"
    phrase = N_("The score lies between 0 and %(best)s.")


class MoreThanRecommended(Invalid):
    """Facts: recommended_fen."""

    code = "subsidies.more_than_recommended"
    phrase = N_("The reviewers recommend %(recommended_fen)s. Propose more than zero and no more than that.")


class AnsweredAlready(Conflict):
    code = "subsidies.flag_answered_already"
    phrase = N_("This flag was answered before. Reload the page to see the answer.")


# --- formal check ---------------------------------------------------------------------------------------------------


@command(Can.CLAIM_CHECK)
def return_claim(actor: Actor, claim: Claim, *, reason: str) -> None:
    """Give it back for completion. Raises ReasonMissing, WrongState."""
    columns = {"decision_reason": reason, "checked_by_user_id": actor.user_id}
    step(actor, claim, ClaimAction.RETURN, columns, has_reason=bool(reason))


@command(Can.CLAIM_CHECK)
def accept_claim(actor: Actor, claim: Claim) -> None:
    """Pass the formal check: two reviewers are drawn, and the flags looked for once more. Raises TooFewReviewers,
    WrongState.
    """
    step(actor, claim, ClaimAction.ACCEPT, {"checked_by_user_id": actor.user_id})
    flagging.raise_flags(claim)
    if not _draw(claim, REVIEWERS):
        raise TooFewReviewers(needed=REVIEWERS)


@command(Can.CLAIM_CHECK)
def reject_claim(actor: Actor, claim: Claim, *, reason: str) -> None:
    """From any step up to the approval; what was held is released. Raises ReasonMissing, WrongState."""
    reject(actor, claim, reason=reason)


def reject(actor: Actor, claim: Claim, *, reason: str) -> None:
    was, situation = claim.state, queries.situation_of(claim)
    columns = {"live_key": None, "approved_fen": None, **decision(actor, reason, situation)}
    step(actor, claim, ClaimAction.REJECT, columns, has_reason=bool(reason))
    free_papers(claim)
    snapshots.take(claim, "rejected", situation)
    if was == ClaimState.APPROVED:
        budget.ungrant(actor, claim)
    elif was in RESERVED_STATES:
        budget.release(actor, claim)


def decision(actor: Actor, reason: str, situation: Any) -> dict[str, Any]:
    """Columns of a decision: who, when, why, and the situation it rests on."""
    return {
        "reviewer_user_id": actor.user_id,
        "decided_at": clock.now(),
        "decision_reason": reason,
        "situation": situation.freeze(),
    }


# --- expert review --------------------------------------------------------------------------------------------------


@command(Can.CLAIM_REVIEW)
def give_opinion(
    actor: Actor, claim: Claim, *, opinion: Opinion, score: int, fen: int, comment: str, no_conflict: bool
) -> None:
    """Judge as one of the reviewers drawn; the first two do not see each other's opinion, and a third is drawn where
    they disagree. `no_conflict` is the declaration of independence.

    Raises ConflictNotDeclared, ScoreOutOfRange, OpinionFaulty, ReasonMissing, TooFewReviewers, WrongState.
    """
    CLAIM.step(claim.state, ClaimAction.REVIEW)
    if not no_conflict:
        raise ConflictNotDeclared(field="no_conflict")
    if not 0 <= score <= BEST_SCORE:
        raise ScoreOutOfRange(field="score", best=BEST_SCORE)
    if opinion is Opinion.SUPPORT and not 0 < fen <= claim.requested_fen:
        raise OpinionFaulty(field="fen", requested_fen=claim.requested_fen)
    rows = review_queries.list_reviews(claim)
    seat = next(row for row in rows if row.reviewer_user_id == actor.user_id)  # the permission asks for it
    said = Given(opinion, score, fen if opinion is Opinion.SUPPORT else 0)
    result = review_queries.outcome_among(rows, saying={seat.id: said})
    columns = {"review_score": result.score, "recommended_fen": result.fen or None}
    # before it is written: after that the seat is no longer open, and the step would be refused
    step(actor, claim, ClaimAction.REVIEW, columns, has_reason=bool(comment), seat=seat.seat)
    seat.opinion, seat.score, seat.fen, seat.comment = opinion, score, said.fen, comment
    seat.given_at = clock.now()
    if result.third and not _draw(claim, SEATS):
        raise TooFewReviewers(needed=SEATS)


class ConflictNotDeclared(Invalid):
    code = "subsidies.conflict_not_declared"
    phrase = N_("Declare that you have no interest in this claim, or stand down from it.")


@command(Can.CLAIM_REVIEW)
def stand_down(actor: Actor, claim: Claim, *, reason: str) -> None:
    """Declare a conflict of interest: another reviewer is drawn for the seat. Raises ReasonMissing, TooFewReviewers."""
    seat = review_queries.find_seat(claim, actor.user_id)
    assert seat is not None
    number = seat.seat
    assert number is not None
    step(actor, claim, ClaimAction.RECUSE, {}, has_reason=bool(reason), seat=number)
    seat.seat, seat.conflict = None, reason
    db.session.flush()
    if not _draw(claim, max(number, REVIEWERS)):
        raise TooFewReviewers(needed=max(number, REVIEWERS))


def _draw(claim: Claim, up_to: int) -> bool:
    """Fill the empty seats up to this one; False where there are not enough people."""
    rows = review_queries.list_reviews(claim)
    taken = {row.seat for row in rows}
    empty = [seat for seat in range(1, up_to + 1) if seat not in taken]
    candidates, busy = review_queries.reviewers_for(claim)
    fresh = candidates - {row.reviewer_user_id for row in rows}
    by_text: Mapping[str, Any] = {str(user_id): user_id for user_id in fresh}
    lots = reviewing.draw(str(claim.id), by_text, {str(user): count for user, count in busy.items()}, len(empty))
    for seat, lot in zip(empty, lots, strict=False):
        row = ClaimReview(
            claim=claim,
            seat=seat,
            reviewer_user_id=by_text[lot],
            claimed_by_user_id=claim.claimed_by_user_id,
            drawn_at=clock.now(),
        )
        db.session.add(row)
    db.session.flush()
    return len(lots) == len(empty)


# --- flags ----------------------------------------------------------------------------------------------------------


@command(Can.CLAIM_CHECK)
def answer_flag(actor: Actor, claim: Claim, *, flag: ClaimFlag, upheld: bool, answer: str) -> None:
    """Clear a flag with a reason, or uphold it, which leaves only the rejection. Raises AnsweredAlready,
    ReasonMissing.
    """
    CLAIM.step(claim.state, ClaimAction.ANSWER_FLAG)
    if flag.state != FlagState.OPEN:
        raise AnsweredAlready()
    step(actor, claim, ClaimAction.ANSWER_FLAG, {}, has_reason=bool(answer), code=str(flag.code), upheld=upheld)
    flag.state = FlagState.UPHELD if upheld else FlagState.CLEARED
    flag.answer, flag.answered_by_user_id, flag.answered_at = answer, actor.user_id, clock.now()


# --- conditions that the facts leave open ---------------------------------------------------------------------------


class NotOpen(Conflict):
    code = "subsidies.condition_not_open"
    phrase = N_("This condition is settled by what is recorded, so there is nothing to answer. Reload the page.")


@command(Can.CLAIM_CHECK)
def answer_condition(actor: Actor, claim: Claim, *, code: str, met: bool, note: str) -> None:
    """Say whether a condition is met that the facts leave open, and how that was found out; a later answer replaces an
    earlier one. What the facts settle afterwards counts before the answer.

    Raises NotOpen, ReasonMissing, WrongState.
    """
    CLAIM.step(claim.state, ClaimAction.ANSWER_CONDITION)
    if code not in {condition.code for condition in queries.list_answerable(claim)}:
        raise NotOpen()
    step(actor, claim, ClaimAction.ANSWER_CONDITION, {}, has_reason=bool(note), code=code, met=met)
    row = next((row for row in claim.answers if row.code == code), None) or ClaimAnswer(code=code)
    assert actor.user_id is not None
    row.met, row.note, row.answered_by_user_id, row.answered_at = met, note, actor.user_id, clock.now()
    if row not in claim.answers:
        claim.answers.append(row)


# --- the proposed sum -----------------------------------------------------------------------------------------------


@command(Can.CLAIM_CHECK)
def propose_sum(actor: Actor, claim: Claim, *, fen: int, reason: str) -> None:
    """Propose a sum for the public notice and reserve it in allowance and budget, all in one.

    Raises WrongState, FlagsOpen, FlagUpheld, ReviewNotConcluded, ConditionsOpen, MoreThanRecommended, why the sum
    cannot be granted (`amounts`, as a condition), ReasonMissing, BudgetExhausted, NoBudget.
    """
    CLAIM.step(claim.state, ClaimAction.PROPOSE)
    supported = bool(review_queries.outcome_of(claim).support)
    if supported and not 0 < fen <= (claim.recommended_fen or 0):
        raise MoreThanRecommended(field="fen", recommended_fen=claim.recommended_fen)
    situation = queries.situation_of(claim, fen=fen)
    verdict, counted = judge(claim.clause, situation), review_queries.count_flags(claim)
    facts = {
        "has_reason": bool(reason),
        "supported": supported,
        "open_flags": counted[FlagState.OPEN],
        "upheld_flags": counted[FlagState.UPHELD],
        "unmet": list(verdict.unmet),
        "unanswered": list(verdict.open),
        "sum_fen": fen,
        **bar_of(claim),
    }
    columns = {"proposed_fen": fen, "proposed_by_user_id": actor.user_id, "decision_reason": reason}
    step(actor, claim, ClaimAction.PROPOSE, columns, **facts)
    snapshots.take(claim, "proposed", situation)
    budget.reserve(actor, claim, fen=fen, cap_fen=cap_fen(claim.clause, situation.facts))
