"""The life of a deal as a table, and which side may take which step. Pure. Source: DOMAIN.md 1.3, 1.5.

    draft -> offered -> agreed -> on_trial -> paying -> completed
                                     |          |
                                     +-> ended <+        (also a declined offer)

A principal who makes the offer has thereby accepted it; an intermediary's offer takes both principals, so that
the first acceptance is the step `accept_first` and the last one `accept`. `accepting_step` says which.

Every signature is the step `sign` but the last one, which brings the deal into force: `activate`, or
`activate_untried` where the terms leave nothing to wait for (`schedule.awaits_payment`). `signing_step` says which.

A deal that has ended stays so; what had fallen due can still be paid (Civil Code art. 567).

An offer can be taken back until the last signature (by the side that made it; it returns to draft) or declined
(by another side): before that no written contract exists (Civil Code art. 490, 863).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from matchmaker.core.errors import N_, Conflict, Forbidden, Invalid
from matchmaker.core.workflow_table import Transition, Workflow


class DealState(StrEnum):
    DRAFT = "draft"
    OFFERED = "offered"
    AGREED = "agreed"
    ON_TRIAL = "on_trial"
    PAYING = "paying"
    ENDED = "ended"
    COMPLETED = "completed"


class DealAction(StrEnum):
    EDIT = "edit"
    DISCARD = "discard"
    OFFER = "offer"
    WITHDRAW = "withdraw"
    ACCEPT_FIRST = "accept_first"
    ACCEPT = "accept"
    DECLINE = "decline"
    SIGN = "sign"
    ACTIVATE = "activate"
    ACTIVATE_UNTRIED = "activate_untried"
    START_PAYMENT = "start_payment"
    END = "end"
    REPORT_ROYALTY = "report_royalty"
    RECORD_PAYMENT = "record_payment"
    REVERSE_PAYMENT = "reverse_payment"
    COMPLETE = "complete"
    TERMINATE = "terminate"


class PartyRole(StrEnum):
    LICENSOR = "licensor"
    LICENSEE = "licensee"
    BROKER = "broker"


class AlreadyAccepted(Conflict):
    code = "deal.already_accepted"
    phrase = N_("Your side has already accepted this version of the terms. The other party's answer is awaited.")


class AlreadySigned(Conflict):
    code = "deal.already_signed"
    phrase = N_("Your side has already signed this version of the terms. Nothing more is needed from you now.")


class NotThisSide(Forbidden):
    """Facts: action, side."""

    code = "deal.not_this_side"
    phrase = N_("This step is for another party to the deal. Wait for them to take it.")


class NoEvidence(Invalid):
    code = "deal.no_evidence"
    phrase = N_(
        "Payment starts when the agreed event has happened. Say how it is known, such as an invoice or a report."
    )


class DocumentsNotReturned(Invalid):
    code = "deal.documents_not_returned"
    phrase = N_(
        "A trial ends without payment only once the technical documents are back and use has stopped "
        "(as Civil Code art. 873 asks after a default). Confirm the return first."
    )


class OverPayment(Invalid):
    """Facts: outstanding_fen."""

    code = "deal.over_payment"
    phrase = N_(
        "Only %(outstanding_fen)s is still to be paid. Enter at most that; where more came in, record the rest "
        "when it falls due."
    )


class PeriodsUnreported(Conflict):
    """Facts: unreported, the number of royalty periods."""

    code = "deal.periods_unreported"
    phrase = N_(
        "The deal cannot be completed while royalty periods have not been reported: %(unreported)s. "
        "Wait for the reports, or terminate the licence."
    )


class StillOwed(Conflict):
    """Facts: outstanding_fen."""

    code = "deal.still_owed"
    phrase = N_(
        "The deal cannot be completed while %(outstanding_fen)s is still to be paid. Record the payments first."
    )


def _has_evidence(deal: Any, *, has_evidence: bool, **_: Any) -> None:
    if not has_evidence:
        raise NoEvidence(field="evidence")


def _documents_are_back(deal: Any, *, documents_returned: bool, **_: Any) -> None:
    if not documents_returned:
        raise DocumentsNotReturned(field="documents_returned")


def _within_outstanding(deal: Any, *, amount_fen: int, outstanding_fen: int, **_: Any) -> None:
    if amount_fen > outstanding_fen:
        raise OverPayment(field="fen", outstanding_fen=outstanding_fen)


def _nothing_owed(deal: Any, *, outstanding_fen: int, unreported: int, **_: Any) -> None:
    if outstanding_fen > 0:
        raise StillOwed(outstanding_fen=outstanding_fen)
    if unreported > 0:
        raise PeriodsUnreported(unreported=unreported)


_S, _A = DealState, DealAction

DEAL = Workflow(
    "deal",
    _S.DRAFT,
    [
        Transition(_S.DRAFT, _A.EDIT, _S.DRAFT, "deal.terms_edited", "deal:edit"),
        Transition(_S.DRAFT, _A.DISCARD, _S.ENDED, "deal.draft_discarded", "deal:discard"),
        Transition(_S.DRAFT, _A.OFFER, _S.OFFERED, "deal.terms_offered", "deal:offer"),
        Transition(_S.OFFERED, _A.WITHDRAW, _S.DRAFT, "deal.offer_withdrawn", "deal:withdraw"),
        Transition(_S.OFFERED, _A.ACCEPT_FIRST, _S.OFFERED, "deal.offer_accepted", "deal:accept"),
        Transition(_S.OFFERED, _A.ACCEPT, _S.AGREED, "deal.offer_accepted", "deal:accept"),
        Transition(_S.OFFERED, _A.DECLINE, _S.ENDED, "deal.offer_declined", "deal:decline"),
        Transition(_S.AGREED, _A.WITHDRAW, _S.DRAFT, "deal.offer_withdrawn", "deal:withdraw"),
        Transition(_S.AGREED, _A.DECLINE, _S.ENDED, "deal.offer_declined", "deal:decline"),
        Transition(_S.AGREED, _A.SIGN, _S.AGREED, "deal.signed", "deal:sign"),
        Transition(_S.AGREED, _A.ACTIVATE, _S.ON_TRIAL, "deal.activated", "deal:sign"),
        Transition(_S.AGREED, _A.ACTIVATE_UNTRIED, _S.PAYING, "deal.activated", "deal:sign"),
        Transition(
            _S.ON_TRIAL, _A.START_PAYMENT, _S.PAYING, "deal.payment_started", "deal:start_payment", _has_evidence
        ),
        Transition(_S.ON_TRIAL, _A.END, _S.ENDED, "deal.trial_ended", "deal:end", _documents_are_back),
        Transition(_S.PAYING, _A.REPORT_ROYALTY, _S.PAYING, "deal.royalty_reported", "deal:report_royalty"),
        Transition(
            _S.PAYING,
            _A.RECORD_PAYMENT,
            _S.PAYING,
            "deal.payment_recorded",
            "deal:record_payment",
            _within_outstanding,
        ),
        Transition(_S.PAYING, _A.REVERSE_PAYMENT, _S.PAYING, "deal.payment_reversed", "deal:reverse_payment"),
        Transition(_S.PAYING, _A.COMPLETE, _S.COMPLETED, "deal.completed", "deal:complete", _nothing_owed),
        Transition(_S.PAYING, _A.TERMINATE, _S.ENDED, "deal.terminated", "deal:terminate"),
        Transition(
            _S.ENDED, _A.RECORD_PAYMENT, _S.ENDED, "deal.payment_recorded", "deal:record_payment", _within_outstanding
        ),
        Transition(_S.ENDED, _A.REVERSE_PAYMENT, _S.ENDED, "deal.payment_reversed", "deal:reverse_payment"),
    ],
    final=[_S.COMPLETED],
)
"""Guards look at these facts: `start_payment` has_evidence (bool), `end` documents_returned (bool),
`record_payment` amount_fen and outstanding_fen (int, from `schedule.outstanding`), `complete` outstanding_fen and
unreported (int, royalty periods without a report). Flags and figures only: facts go into the audit log."""

_PRINCIPALS = frozenset({PartyRole.LICENSOR, PartyRole.LICENSEE})
_EVERYONE = frozenset(PartyRole)

ACTION_SIDES: Mapping[DealAction, frozenset[PartyRole]] = MappingProxyType(
    {
        _A.EDIT: _EVERYONE,
        _A.DISCARD: _EVERYONE,
        _A.OFFER: _EVERYONE,
        _A.WITHDRAW: _EVERYONE,
        _A.ACCEPT_FIRST: _PRINCIPALS,
        _A.ACCEPT: _PRINCIPALS,
        _A.DECLINE: _PRINCIPALS,
        _A.SIGN: _EVERYONE,
        _A.ACTIVATE: _EVERYONE,
        _A.ACTIVATE_UNTRIED: _EVERYONE,
        _A.START_PAYMENT: _PRINCIPALS,
        _A.END: _PRINCIPALS,
        _A.REPORT_ROYALTY: frozenset({PartyRole.LICENSEE}),
        _A.RECORD_PAYMENT: frozenset({PartyRole.LICENSOR}),
        _A.REVERSE_PAYMENT: frozenset({PartyRole.LICENSOR}),
        _A.COMPLETE: frozenset({PartyRole.LICENSOR}),
        _A.TERMINATE: _PRINCIPALS,
    }
)
"""Which sides may ever take a step; `sides_for` narrows it by who made the offer. Payments and completion are the
licensor's word, because the licensor says what has come in; sales are the licensee's, who makes them."""

_BY_OFFEROR = frozenset({_A.WITHDRAW})
_BY_OTHERS = frozenset({_A.ACCEPT_FIRST, _A.ACCEPT, _A.DECLINE})


def sides_for(action: DealAction, *, offered_by: PartyRole | None) -> frozenset[PartyRole]:
    """Sides that may take this step on a deal whose standing offer came from `offered_by` (None while a draft).

    Nobody accepts or declines their own offer, and only who made it takes it back.
    """
    sides = ACTION_SIDES[action]
    if offered_by is not None and action in _BY_OFFEROR:
        return sides & {offered_by}
    if offered_by is not None and action in _BY_OTHERS:
        return sides - {offered_by}
    return sides


def accepting_step(side: PartyRole, *, offered_by: PartyRole, accepted: Collection[PartyRole]) -> DealAction:
    """The step that this side's acceptance is: `accept` where nobody else's is missing, else `accept_first`.

    `accepted` counts acceptances of the standing version only. Raises NotThisSide for one that is not asked
    and AlreadyAccepted for a second acceptance.
    """
    asked = sides_for(DealAction.ACCEPT, offered_by=offered_by)
    if side not in asked:
        raise NotThisSide(action=DealAction.ACCEPT, side=side)
    if side in accepted:
        raise AlreadyAccepted()
    return DealAction.ACCEPT_FIRST if asked - set(accepted) - {side} else DealAction.ACCEPT


def signing_step(
    side: PartyRole, *, parties: Collection[PartyRole], signed: Collection[PartyRole], awaits_payment: bool
) -> DealAction:
    """The step that this side's signature is: `sign`, or one of the activations if it is the last one missing.

    `signed` counts signatures under the standing version only. Raises NotThisSide for one that is no party
    and AlreadySigned for a second signature.
    """
    if side not in parties:
        raise NotThisSide(action=DealAction.SIGN, side=side)
    if side in signed:
        raise AlreadySigned()
    if set(parties) - set(signed) - {side}:
        return DealAction.SIGN
    return DealAction.ACTIVATE if awaits_payment else DealAction.ACTIVATE_UNTRIED


STATE_LABELS: Mapping[DealState, str] = MappingProxyType(
    {
        _S.DRAFT: N_("Draft"),
        _S.OFFERED: N_("Offered"),
        _S.AGREED: N_("Agreed, being signed"),
        _S.ON_TRIAL: N_("On trial"),
        _S.PAYING: N_("Paying"),
        _S.ENDED: N_("Ended"),
        _S.COMPLETED: N_("Completed"),
    }
)

ACTION_LABELS: Mapping[DealAction, str] = MappingProxyType(
    {
        _A.EDIT: N_("Edit the terms"),
        _A.DISCARD: N_("Discard the draft"),
        _A.OFFER: N_("Offer these terms"),
        _A.WITHDRAW: N_("Take the offer back"),
        _A.ACCEPT_FIRST: N_("Accept the terms"),
        _A.ACCEPT: N_("Accept the terms"),
        _A.DECLINE: N_("Decline the offer"),
        _A.SIGN: N_("Sign"),
        _A.ACTIVATE: N_("Sign and start the trial"),
        _A.ACTIVATE_UNTRIED: N_("Sign and bring into force"),
        _A.START_PAYMENT: N_("Record that payment starts"),
        _A.END: N_("End the trial"),
        _A.REPORT_ROYALTY: N_("Report a royalty period"),
        _A.RECORD_PAYMENT: N_("Record a payment"),
        _A.REVERSE_PAYMENT: N_("Take a payment back"),
        _A.COMPLETE: N_("Complete the deal"),
        _A.TERMINATE: N_("Terminate the licence"),
    }
)

ROLE_LABELS: Mapping[PartyRole, str] = MappingProxyType(
    {
        PartyRole.LICENSOR: N_("Licensor"),
        PartyRole.LICENSEE: N_("Licensee"),
        PartyRole.BROKER: N_("Intermediary"),
    }
)
