"""The life of a claim as a table. Pure. Source: DOMAIN.md 2.1 (received, judged, published, paid), 2.2, section 5
art. 47.

    draft -> submitted -> in_review -> proposed -> on_notice -> approved -> paid -> recovering -> recovered
               |    ^        |            |         |     ^        |
           returned-+        |            |       objected+        |
               |             v            v          v             v
               |          rejected  (from every step of the bureau up to approved)
               +-> withdrawn (by the claimant, until the sum is on notice)

`propose` reserves the sum in the budget, `approve` commits it, `reject` and `withdraw` release it, `record_return`
gives it back. An objection suspends the notice; `dismiss` decides one of several, `dismiss_last` the last one, after
which the notice runs anew.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from matchmaker.core.errors import N_, Conflict, Invalid
from matchmaker.core.workflow_table import Transition, Workflow


class ClaimState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    IN_REVIEW = "in_review"
    PROPOSED = "proposed"
    ON_NOTICE = "on_notice"
    OBJECTED = "objected"
    APPROVED = "approved"
    PAID = "paid"
    RECOVERING = "recovering"
    RECOVERED = "recovered"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ClaimAction(StrEnum):
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    RETURN = "return"
    ACCEPT = "accept"
    REVIEW = "review"
    RECUSE = "recuse"
    ANSWER_FLAG = "answer_flag"
    ANSWER_CONDITION = "answer_condition"
    PROPOSE = "propose"
    PUBLISH = "publish"
    OBJECT = "object"
    DISMISS = "dismiss"
    DISMISS_LAST = "dismiss_last"
    APPROVE = "approve"
    REJECT = "reject"
    PAY = "pay"
    CLAW_BACK = "claw_back"
    RECORD_RETURN = "record_return"


EDITABLE_STATES = (ClaimState.DRAFT, ClaimState.RETURNED)
GRANTED_STATES = (ClaimState.APPROVED, ClaimState.PAID, ClaimState.RECOVERING, ClaimState.RECOVERED)
RESERVED_STATES = (ClaimState.PROPOSED, ClaimState.ON_NOTICE, ClaimState.OBJECTED)
"""While a claim is in one of these, its sum is reserved in the budget."""

DECIDED_STATES = (*GRANTED_STATES, ClaimState.REJECTED)
PAID_STATES = (ClaimState.PAID, ClaimState.RECOVERING, ClaimState.RECOVERED)
_UNPAID_FOR_EVER = (ClaimState.REJECTED, ClaimState.WITHDRAWN)
PAYABLE_STATES = tuple(state for state in ClaimState if state not in (*PAID_STATES, *_UNPAID_FOR_EVER))
"""A claim in one of these can still come to be paid."""

OVER_STATES = (ClaimState.REJECTED, ClaimState.WITHDRAWN, ClaimState.RECOVERED)
LIVE_STATES = tuple(state for state in ClaimState if state not in OVER_STATES)
"""While a claim is in one of these, no other claim can be made for the same thing, and its papers are used."""


class ConditionsNotMet(Conflict):
    """Facts: unmet, how many conditions fail."""

    code = "subsidies.conditions_not_met"
    phrase = N_("%(unmet)s of the conditions of this clause are not met. The page of the claim says which and why.")


class ConditionsOpen(Conflict):
    """Facts: open, how many conditions are neither shown nor answered."""

    code = "subsidies.conditions_open"
    phrase = N_(
        "%(open)s of the conditions are not shown yet. A reviewer answers each of them, met or not met, with what was "
        "found; or the facts are completed."
    )


class EvidenceMissing(Conflict):
    """Facts: missing, how many documents are."""

    code = "subsidies.evidence_missing"
    phrase = N_("%(missing)s documents that this clause asks for are missing. The page of the claim lists them.")


class ReasonMissing(Invalid):
    code = "subsidies.reason_missing"
    phrase = N_("Give the reason of this decision. The claimant will read it.")


class ReviewNotConcluded(Conflict):
    code = "subsidies.review_not_concluded"
    phrase = N_("The review is not concluded in favour of the claim, so no sum can be proposed.")


class FlagsOpen(Conflict):
    """Facts: open, how many flags wait for an answer."""

    code = "subsidies.flags_open"
    phrase = N_("%(open)s integrity flags wait for an answer. Clear each with a reason, or uphold it.")


class FlagUpheld(Conflict):
    code = "subsidies.flag_upheld"
    phrase = N_("An integrity flag was upheld: the claim can only be rejected.")


class NoticeStillRuns(Conflict):
    """Facts: ends_on."""

    code = "subsidies.notice_still_runs"
    phrase = N_("The public notice runs until %(ends_on)s. The claim can be approved after that day.")


class ClaimantBarred(Conflict):
    """Facts: barred_until."""

    code = "subsidies.claimant_barred"
    phrase = N_(
        "The claimant is barred from claims until %(barred_until)s, since a subsidy had to be taken back. "
        "Until then this claim can only wait or be rejected."
    )


def _is_not_barred(claim: Any, *, barred_until: str | None, **_: Any) -> None:
    if barred_until is not None:
        raise ClaimantBarred(barred_until=date.fromisoformat(barred_until))


def _conditions_are_met(claim: Any, *, unmet: Collection[str], **_: Any) -> None:
    if unmet:
        raise ConditionsNotMet(unmet=len(unmet))


def _can_be_submitted(claim: Any, *, missing: int, unmet: Collection[str], **_: Any) -> None:
    _conditions_are_met(claim, unmet=unmet)
    if missing:
        raise EvidenceMissing(missing=missing)


def _nothing_is_open(claim: Any, *, unmet: Collection[str], unanswered: Collection[str], **_: Any) -> None:
    _conditions_are_met(claim, unmet=unmet)
    if unanswered:
        raise ConditionsOpen(open=len(unanswered))


def _has_a_reason(claim: Any, *, has_reason: bool, **_: Any) -> None:
    if not has_reason:
        raise ReasonMissing(field="reason")


def _can_be_proposed(claim: Any, *, supported: bool, open_flags: int, upheld_flags: int, **facts: Any) -> None:
    _has_a_reason(claim, **facts)
    _is_not_barred(claim, **facts)
    if open_flags:
        raise FlagsOpen(open=open_flags)
    if upheld_flags:
        raise FlagUpheld()
    if not supported:
        raise ReviewNotConcluded()
    _nothing_is_open(claim, **facts)


def _notice_is_over(claim: Any, *, ends_on: str, is_over: bool, **facts: Any) -> None:
    _is_not_barred(claim, **facts)
    if not is_over:
        raise NoticeStillRuns(ends_on=date.fromisoformat(ends_on))
    _nothing_is_open(claim, **facts)


_S, _A = ClaimState, ClaimAction
_CHECK, _DECIDE, _EDIT = "claim:check", "claim:decide", "claim:submit"

_WITHDRAWABLE = (_S.DRAFT, _S.SUBMITTED, _S.RETURNED, _S.IN_REVIEW, _S.PROPOSED)
_REJECTABLE = (_S.SUBMITTED, _S.IN_REVIEW, _S.PROPOSED, _S.ON_NOTICE, _S.OBJECTED, _S.APPROVED)

CLAIM = Workflow(
    "claim",
    _S.DRAFT,
    [
        Transition(_S.DRAFT, _A.SUBMIT, _S.SUBMITTED, "claim.submitted", _EDIT, _can_be_submitted),
        Transition(_S.RETURNED, _A.SUBMIT, _S.SUBMITTED, "claim.submitted", _EDIT, _can_be_submitted),
        *(Transition(s, _A.WITHDRAW, _S.WITHDRAWN, "claim.withdrawn", "claim:withdraw") for s in _WITHDRAWABLE),
        Transition(_S.SUBMITTED, _A.RETURN, _S.RETURNED, "claim.returned", _CHECK, _has_a_reason),
        Transition(_S.SUBMITTED, _A.ACCEPT, _S.IN_REVIEW, "claim.accepted", _CHECK),
        Transition(_S.IN_REVIEW, _A.REVIEW, _S.IN_REVIEW, "claim.reviewed", "claim:review", _has_a_reason),
        Transition(_S.IN_REVIEW, _A.RECUSE, _S.IN_REVIEW, "claim.recused", "claim:review", _has_a_reason),
        Transition(_S.IN_REVIEW, _A.ANSWER_FLAG, _S.IN_REVIEW, "claim.flag_answered", _CHECK, _has_a_reason),
        Transition(_S.IN_REVIEW, _A.ANSWER_CONDITION, _S.IN_REVIEW, "claim.condition_answered", _CHECK, _has_a_reason),
        Transition(_S.IN_REVIEW, _A.PROPOSE, _S.PROPOSED, "claim.proposed", _CHECK, _can_be_proposed),
        Transition(_S.PROPOSED, _A.PUBLISH, _S.ON_NOTICE, "claim.published", _CHECK, _is_not_barred),
        Transition(_S.ON_NOTICE, _A.OBJECT, _S.OBJECTED, "claim.objected", "claim:object"),
        Transition(_S.OBJECTED, _A.OBJECT, _S.OBJECTED, "claim.objected", "claim:object"),
        Transition(_S.OBJECTED, _A.DISMISS, _S.OBJECTED, "claim.objection_dismissed", _DECIDE, _has_a_reason),
        Transition(_S.OBJECTED, _A.DISMISS_LAST, _S.ON_NOTICE, "claim.objection_dismissed", _DECIDE, _has_a_reason),
        Transition(_S.ON_NOTICE, _A.APPROVE, _S.APPROVED, "claim.approved", _DECIDE, _notice_is_over),
        *(Transition(s, _A.REJECT, _S.REJECTED, "claim.rejected", _CHECK, _has_a_reason) for s in _REJECTABLE),
        Transition(_S.APPROVED, _A.PAY, _S.PAID, "claim.paid", "claim:pay", _is_not_barred),
        Transition(_S.PAID, _A.CLAW_BACK, _S.RECOVERING, "claim.clawed_back", "claim:recover", _has_a_reason),
        Transition(_S.RECOVERING, _A.RECORD_RETURN, _S.RECOVERED, "claim.returned_money", "claim:recover"),
    ],
    final=[_S.RECOVERED, _S.REJECTED, _S.WITHDRAWN],
)
"""Guards look at facts that the commands vouch for: what is unmet or missing, whether there is a reason, flags,
notice, and whether the claimant is barred, which stops every step towards money, wherever the claim stands.
"""

LABELS: Mapping[StrEnum, str] = MappingProxyType(
    {
        _S.DRAFT: N_("Draft"),
        _S.SUBMITTED: N_("Submitted, formal check"),
        _S.RETURNED: N_("Returned for completion"),
        _S.IN_REVIEW: N_("In expert review"),
        _S.PROPOSED: N_("Sum proposed"),
        _S.ON_NOTICE: N_("On public notice"),
        _S.OBJECTED: N_("Objection under examination"),
        _S.APPROVED: N_("Approved"),
        _S.PAID: N_("Paid out"),
        _S.RECOVERING: N_("Being recovered"),
        _S.RECOVERED: N_("Recovered"),
        _S.REJECTED: N_("Rejected"),
        _S.WITHDRAWN: N_("Withdrawn by the claimant"),
        _A.SUBMIT: N_("Submit the claim"),
        _A.WITHDRAW: N_("Withdraw the claim"),
        _A.RETURN: N_("Return for completion"),
        _A.ACCEPT: N_("Pass the formal check"),
        _A.REVIEW: N_("Give the opinion"),
        _A.RECUSE: N_("Declare a conflict of interest"),
        _A.ANSWER_FLAG: N_("Answer a flag"),
        _A.ANSWER_CONDITION: N_("Answer a condition"),
        _A.PROPOSE: N_("Propose the sum"),
        _A.PUBLISH: N_("Publish the notice"),
        _A.OBJECT: N_("Object"),
        _A.DISMISS: N_("Dismiss the objection"),
        _A.DISMISS_LAST: N_("Dismiss the last objection"),
        _A.APPROVE: N_("Approve"),
        _A.REJECT: N_("Reject"),
        _A.PAY: N_("Record the payment"),
        _A.CLAW_BACK: N_("Order the repayment"),
        _A.RECORD_RETURN: N_("Record the repayment"),
    }
)
