"""The life of a claim as a table. Pure. Source: DOMAIN.md 2.1 (received, judged, published, paid).

draft -> submitted -> approved -> paid
  ^         |  |
  +-returned+  +-> rejected        (draft and submitted: also withdrawn by the claimant)
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from matchmaker.core.errors import N_, Conflict, Invalid
from matchmaker.core.workflow_table import Transition, Workflow


class ClaimState(StrEnum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    PAID = "paid"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class ClaimAction(StrEnum):
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    RETURN = "return"
    APPROVE = "approve"
    REJECT = "reject"
    PAY = "pay"


LIVE_STATES = (ClaimState.DRAFT, ClaimState.SUBMITTED, ClaimState.APPROVED, ClaimState.PAID)
"""While a claim is in one of these, no other claim under its clause can be made for its deal."""

GRANTED_STATES = (ClaimState.APPROVED, ClaimState.PAID)
DECIDED_STATES = (*GRANTED_STATES, ClaimState.REJECTED)


class ConditionsNotMet(Conflict):
    """Facts: unmet, how many conditions fail."""

    code = "subsidies.conditions_not_met"
    phrase = N_("%(unmet)s of the conditions of this clause are not met. The page of the claim says which and why.")


class ReasonMissing(Invalid):
    code = "subsidies.reason_missing"
    phrase = N_("Give the reason of this decision. The claimant will read it.")


def _conditions_are_met(claim: Any, *, unmet: Collection[str], **_: Any) -> None:
    if unmet:
        raise ConditionsNotMet(unmet=len(unmet))


def _has_a_reason(claim: Any, *, has_reason: bool, **_: Any) -> None:
    if not has_reason:
        raise ReasonMissing(field="reason")


def _can_be_approved(claim: Any, *, unmet: Collection[str], has_reason: bool, **_: Any) -> None:
    _has_a_reason(claim, has_reason=has_reason)
    _conditions_are_met(claim, unmet=unmet)


_S, _A = ClaimState, ClaimAction
_REVIEW = "claim:review"

CLAIM = Workflow(
    "claim",
    _S.DRAFT,
    [
        Transition(_S.DRAFT, _A.SUBMIT, _S.SUBMITTED, "claim.submitted", "claim:submit", _conditions_are_met),
        Transition(_S.DRAFT, _A.WITHDRAW, _S.WITHDRAWN, "claim.withdrawn", "claim:withdraw"),
        Transition(_S.SUBMITTED, _A.WITHDRAW, _S.WITHDRAWN, "claim.withdrawn", "claim:withdraw"),
        Transition(_S.SUBMITTED, _A.RETURN, _S.DRAFT, "claim.returned", _REVIEW, _has_a_reason),
        Transition(_S.SUBMITTED, _A.APPROVE, _S.APPROVED, "claim.approved", _REVIEW, _can_be_approved),
        Transition(_S.SUBMITTED, _A.REJECT, _S.REJECTED, "claim.rejected", _REVIEW, _has_a_reason),
        Transition(_S.APPROVED, _A.PAY, _S.PAID, "claim.paid", "claim:pay"),
    ],
    final=[_S.PAID, _S.REJECTED, _S.WITHDRAWN],
)
"""Guards look at these facts: `unmet` (codes of the conditions that fail, from `rules.judge`) and `has_reason`."""

LABELS: Mapping[StrEnum, str] = MappingProxyType(
    {
        _S.DRAFT: N_("Draft"),
        _S.SUBMITTED: N_("Submitted"),
        _S.APPROVED: N_("Approved"),
        _S.PAID: N_("Paid out"),
        _S.REJECTED: N_("Rejected"),
        _S.WITHDRAWN: N_("Withdrawn by the claimant"),
        _A.SUBMIT: N_("Submit the claim"),
        _A.WITHDRAW: N_("Withdraw the claim"),
        _A.RETURN: N_("Return for completion"),
        _A.APPROVE: N_("Approve"),
        _A.REJECT: N_("Reject"),
        _A.PAY: N_("Record the payment"),
    }
)
