"""The life of a deal as a table, and which side may take which step. Pure. Source: DOMAIN.md 1.3, 1.5.

    draft -> offered -> agreed -> on_trial <-> decision_due -> paying <-> defaulted -> ended
                                     |             |             |-> completed
                                     +-------------+--> ended <--+        (disputed: from and back to where it arose)

A principal who makes the offer has thereby accepted it; an intermediary's offer takes both principals, so that
the first acceptance is the step `accept_first` and the last one `accept`. `accepting_step` says which.

Every signature is the step `sign` but the last one, which brings the deal into force: `activate`, or
`activate_untried` where the terms leave nothing to wait for (`schedule.awaits_payment`). `signing_step` says which.

What one principal reports (an event that starts payment, a milestone), the other confirms or disputes; the
confirmation that completes the trigger is `confirm_and_start`, each other one `confirm_event`. Some weeks before the
trial ends a decision is due; where none comes, the platform does what the terms say (the steps `..._by_default`).

A deal that has ended stays so; what had fallen due can still be paid (Civil Code art. 567).

Until the last signature an offer can be taken back (by the side that made it; it returns to draft), declined, or
answered with a counter-offer (both by another principal): before that no written contract exists (Civil Code art. 490,
863). A counter-offer is a new version and a new offer (art. 488); what was accepted or signed of the one before counts
no more.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
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
    DECISION_DUE = "decision_due"
    PAYING = "paying"
    DEFAULTED = "defaulted"
    DISPUTED = "disputed"
    ENDED = "ended"
    COMPLETED = "completed"


class DealAction(StrEnum):
    EDIT = "edit"
    DISCARD = "discard"
    OFFER = "offer"
    WITHDRAW = "withdraw"
    ACCEPT_FIRST = "accept_first"
    ACCEPT = "accept"
    COUNTER = "counter"
    DECLINE = "decline"
    SIGN = "sign"
    ACTIVATE = "activate"
    ACTIVATE_UNTRIED = "activate_untried"
    REPORT_EVENT = "report_event"
    CONFIRM_EVENT = "confirm_event"
    CONFIRM_AND_START = "confirm_and_start"
    DISPUTE_EVENT = "dispute_event"
    START_PAYMENT = "start_payment"
    REPORT_TRIAL = "report_trial"
    ASK_EXTENSION = "ask_extension"
    GRANT_EXTENSION = "grant_extension"
    REFUSE_EXTENSION = "refuse_extension"
    CONVERT = "convert"
    END = "end"
    CALL_DECISION = "call_decision"
    CONVERT_BY_DEFAULT = "convert_by_default"
    EXTEND_BY_DEFAULT = "extend_by_default"
    END_BY_DEFAULT = "end_by_default"
    REPORT_ROYALTY = "report_royalty"
    CONFIRM_ROYALTY = "confirm_royalty"
    DISPUTE_ROYALTY = "dispute_royalty"
    CORRECT_ROYALTY = "correct_royalty"
    RECORD_PAYMENT = "record_payment"
    REVERSE_PAYMENT = "reverse_payment"
    CHARGE_PENALTY = "charge_penalty"
    DECLARE_DEFAULT = "declare_default"
    CURE = "cure"
    RAISE_DISPUTE = "raise_dispute"
    SETTLE_TO_TRIAL = "settle_to_trial"
    SETTLE_TO_PAYING = "settle_to_paying"
    ASK_TRANSFER = "ask_transfer"
    TRANSFER = "transfer"
    REFUSE_TRANSFER = "refuse_transfer"
    PAY_PROJECT_MONEY = "pay_project_money"
    TAKE_STAKE = "take_stake"
    CHANGE_STAKE = "change_stake"
    EXIT_STAKE = "exit_stake"
    CONFIRM_STAKE = "confirm_stake"
    DISPUTE_STAKE = "dispute_stake"
    COMPLETE = "complete"
    TERMINATE = "terminate"
    RETURN_DOCUMENTS = "return_documents"


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


class StakeOpen(Conflict):
    code = "deal.stake_open"
    phrase = N_(
        "A deal that is paid for in shares is completed once they were taken and given up again, and every entry of "
        "the register is confirmed. Until then it stays as it is."
    )


class NothingOverdue(Conflict):
    code = "deal.nothing_overdue"
    phrase = N_("Nothing is overdue beyond the days of grace, so there is no default. Look at the schedule again.")


class CureRunning(Conflict):
    """Facts: cure_until."""

    code = "deal.cure_running"
    phrase = N_("The licensee has until %(cure_until)s to cure the default. Terminate after that day.")


class ExtensionsUsedUp(Conflict):
    """Facts: most."""

    code = "deal.extensions_used_up"
    phrase = N_("The terms allow this many extensions of the trial and no more: %(most)s.")


class AlreadyReturned(Conflict):
    code = "deal.already_returned"
    phrase = N_("The return of the documents has already been confirmed.")


def _has_evidence(deal: Any, *, has_evidence: bool, **_: Any) -> None:
    if not has_evidence:
        raise NoEvidence(field="evidence")


def _documents_are_back(deal: Any, *, documents_returned: bool, **_: Any) -> None:
    if not documents_returned:
        raise DocumentsNotReturned(field="documents_returned")


def _within_outstanding(deal: Any, *, amount_fen: int, outstanding_fen: int, **_: Any) -> None:
    if amount_fen > outstanding_fen:
        raise OverPayment(field="fen", outstanding_fen=outstanding_fen)


def _nothing_owed(deal: Any, *, outstanding_fen: int, unreported: int, stake_settled: bool, **_: Any) -> None:
    if outstanding_fen > 0:
        raise StillOwed(outstanding_fen=outstanding_fen)
    if unreported > 0:
        raise PeriodsUnreported(unreported=unreported)
    if not stake_settled:
        raise StakeOpen()


def _is_overdue(deal: Any, *, overdue_fen: int, late_reports: int, **_: Any) -> None:
    if overdue_fen <= 0 and late_reports <= 0:
        raise NothingOverdue()


def _extension_left(deal: Any, *, granted: int, most: int, **_: Any) -> None:
    if granted >= most:
        raise ExtensionsUsedUp(most=most)


def _not_yet_returned(deal: Any, *, returned: bool, **_: Any) -> None:
    if returned:
        raise AlreadyReturned()


_S, _A = DealState, DealAction
_TRIAL = (_S.ON_TRIAL, _S.DECISION_DUE)
_PAID = (_S.PAYING, _S.DEFAULTED, _S.DISPUTED)
_HOLDING = (_S.PAYING, _S.DISPUTED, _S.ENDED)  # a stake outlives the licence


def _kept(states: Iterable[DealState], action: DealAction, event: str, permission: str, guard: Any = None) -> Any:
    """The same step in several states, each of which it leaves as it is."""
    return [Transition(state, action, state, event, permission, guard) for state in states]


def _to(
    states: Iterable[DealState],
    action: DealAction,
    following: DealState,
    event: str,
    permission: str,
    guard: Any = None,
) -> list[Transition]:
    return [Transition(state, action, following, event, permission, guard) for state in states]


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
        Transition(_S.OFFERED, _A.COUNTER, _S.OFFERED, "deal.terms_countered", "deal:counter"),
        Transition(_S.OFFERED, _A.DECLINE, _S.ENDED, "deal.offer_declined", "deal:decline"),
        Transition(_S.AGREED, _A.WITHDRAW, _S.DRAFT, "deal.offer_withdrawn", "deal:withdraw"),
        Transition(_S.AGREED, _A.COUNTER, _S.OFFERED, "deal.terms_countered", "deal:counter"),
        Transition(_S.AGREED, _A.DECLINE, _S.ENDED, "deal.offer_declined", "deal:decline"),
        Transition(_S.AGREED, _A.SIGN, _S.AGREED, "deal.signed", "deal:sign"),
        Transition(_S.AGREED, _A.ACTIVATE, _S.ON_TRIAL, "deal.activated", "deal:sign"),
        Transition(_S.AGREED, _A.ACTIVATE_UNTRIED, _S.PAYING, "deal.activated", "deal:sign"),
        *_kept((*_TRIAL, _S.PAYING), _A.REPORT_EVENT, "deal.event_reported", "deal:report_event", _has_evidence),
        *_kept((*_TRIAL, _S.PAYING), _A.CONFIRM_EVENT, "deal.event_confirmed", "deal:confirm_event"),
        *_to(_TRIAL, _A.CONFIRM_AND_START, _S.PAYING, "deal.payment_started", "deal:confirm_event"),
        *_kept((*_TRIAL, _S.PAYING), _A.DISPUTE_EVENT, "deal.event_disputed", "deal:confirm_event"),
        *_to(_TRIAL, _A.START_PAYMENT, _S.PAYING, "deal.payment_started", "deal:start_payment"),
        *_kept(_TRIAL, _A.REPORT_TRIAL, "deal.trial_reported", "deal:report_trial"),
        *_kept(_TRIAL, _A.ASK_EXTENSION, "deal.extension_asked", "deal:ask_extension", _extension_left),
        *_to(
            _TRIAL,
            _A.GRANT_EXTENSION,
            _S.ON_TRIAL,
            "deal.extension_granted",
            "deal:answer_extension",
            _extension_left,
        ),
        *_kept(_TRIAL, _A.REFUSE_EXTENSION, "deal.extension_refused", "deal:answer_extension"),
        *_to(_TRIAL, _A.CONVERT, _S.PAYING, "deal.converted", "deal:convert"),
        *_to(_TRIAL, _A.END, _S.ENDED, "deal.trial_ended", "deal:end", _documents_are_back),
        Transition(_S.ON_TRIAL, _A.CALL_DECISION, _S.DECISION_DUE, "deal.decision_called", "deal:keep_time"),
        *_to(_TRIAL, _A.CONVERT_BY_DEFAULT, _S.PAYING, "deal.converted", "deal:keep_time"),
        *_to(_TRIAL, _A.EXTEND_BY_DEFAULT, _S.ON_TRIAL, "deal.extension_granted", "deal:keep_time"),
        *_to(_TRIAL, _A.END_BY_DEFAULT, _S.ENDED, "deal.trial_ran_out", "deal:keep_time"),
        *_kept(_PAID, _A.REPORT_ROYALTY, "deal.royalty_reported", "deal:report_royalty"),
        *_kept(_PAID, _A.CONFIRM_ROYALTY, "deal.royalty_confirmed", "deal:answer_royalty"),
        *_kept(_PAID, _A.DISPUTE_ROYALTY, "deal.royalty_disputed", "deal:answer_royalty"),
        *_kept(_PAID, _A.CORRECT_ROYALTY, "deal.royalty_corrected", "deal:report_royalty"),
        *_kept(
            (*_PAID, _S.ENDED),
            _A.RECORD_PAYMENT,
            "deal.payment_recorded",
            "deal:record_payment",
            _within_outstanding,
        ),
        *_kept((*_PAID, _S.ENDED), _A.REVERSE_PAYMENT, "deal.payment_reversed", "deal:reverse_payment"),
        *_kept((*_PAID, _S.ENDED), _A.CHARGE_PENALTY, "deal.penalty_charged", "deal:charge_penalty"),
        Transition(
            _S.PAYING, _A.DECLARE_DEFAULT, _S.DEFAULTED, "deal.default_declared", "deal:declare_default", _is_overdue
        ),
        Transition(_S.DEFAULTED, _A.CURE, _S.PAYING, "deal.default_cured", "deal:declare_default"),
        *_to(
            (*_TRIAL, _S.PAYING, _S.DEFAULTED),
            _A.RAISE_DISPUTE,
            _S.DISPUTED,
            "deal.dispute_raised",
            "deal:raise_dispute",
        ),
        Transition(_S.DISPUTED, _A.SETTLE_TO_TRIAL, _S.ON_TRIAL, "deal.dispute_settled", "deal:settle_dispute"),
        Transition(_S.DISPUTED, _A.SETTLE_TO_PAYING, _S.PAYING, "deal.dispute_settled", "deal:settle_dispute"),
        Transition(_S.PAYING, _A.ASK_TRANSFER, _S.PAYING, "deal.transfer_asked", "deal:ask_transfer"),
        Transition(_S.PAYING, _A.TRANSFER, _S.PAYING, "deal.transferred", "deal:answer_transfer"),
        Transition(_S.PAYING, _A.REFUSE_TRANSFER, _S.PAYING, "deal.transfer_refused", "deal:answer_transfer"),
        *_kept((*_TRIAL, _S.PAYING), _A.PAY_PROJECT_MONEY, "deal.project_money_paid", "deal:declare_stake"),
        *_kept(_HOLDING, _A.TAKE_STAKE, "deal.stake_taken", "deal:declare_stake"),
        *_kept(_HOLDING, _A.CHANGE_STAKE, "deal.stake_changed", "deal:declare_stake"),
        *_kept(_HOLDING, _A.EXIT_STAKE, "deal.stake_exited", "deal:declare_stake"),
        *_kept((*_TRIAL, *_HOLDING), _A.CONFIRM_STAKE, "deal.stake_confirmed", "deal:answer_stake"),
        *_kept((*_TRIAL, *_HOLDING), _A.DISPUTE_STAKE, "deal.stake_disputed", "deal:answer_stake"),
        Transition(_S.PAYING, _A.COMPLETE, _S.COMPLETED, "deal.completed", "deal:complete", _nothing_owed),
        *_to(_PAID, _A.TERMINATE, _S.ENDED, "deal.terminated", "deal:terminate"),
        Transition(
            _S.ENDED,
            _A.RETURN_DOCUMENTS,
            _S.ENDED,
            "deal.documents_returned",
            "deal:return_documents",
            _not_yet_returned,
        ),
    ],
    final=[_S.COMPLETED],
)
"""Guards look at these facts: `report_event` has_evidence, `end` documents_returned, `return_documents` returned
(bool); `record_payment` amount_fen and outstanding_fen (int, from `settlement.outstanding`), `complete`
outstanding_fen, unreported and stake_settled, `declare_default` overdue_fen and late_reports, extensions granted and
most (int). Flags and figures only: facts go into the audit log."""

_PRINCIPALS = frozenset({PartyRole.LICENSOR, PartyRole.LICENSEE})
_LICENSOR, _LICENSEE = frozenset({PartyRole.LICENSOR}), frozenset({PartyRole.LICENSEE})
_EVERYONE, _NOBODY = frozenset(PartyRole), frozenset[PartyRole]()

ACTION_SIDES: Mapping[DealAction, frozenset[PartyRole]] = MappingProxyType(
    {
        _A.EDIT: _EVERYONE,
        _A.DISCARD: _EVERYONE,
        _A.OFFER: _EVERYONE,
        _A.WITHDRAW: _EVERYONE,
        _A.ACCEPT_FIRST: _PRINCIPALS,
        _A.ACCEPT: _PRINCIPALS,
        _A.COUNTER: _PRINCIPALS,
        _A.DECLINE: _PRINCIPALS,
        _A.SIGN: _EVERYONE,
        _A.ACTIVATE: _EVERYONE,
        _A.ACTIVATE_UNTRIED: _EVERYONE,
        _A.REPORT_EVENT: _PRINCIPALS,
        _A.CONFIRM_EVENT: _PRINCIPALS,
        _A.CONFIRM_AND_START: _PRINCIPALS,
        _A.DISPUTE_EVENT: _PRINCIPALS,
        _A.START_PAYMENT: _PRINCIPALS,
        _A.REPORT_TRIAL: _LICENSEE,
        _A.ASK_EXTENSION: _LICENSEE,
        _A.GRANT_EXTENSION: _LICENSOR,
        _A.REFUSE_EXTENSION: _LICENSOR,
        _A.CONVERT: _LICENSEE,
        _A.END: _LICENSEE,
        _A.CALL_DECISION: _NOBODY,
        _A.CONVERT_BY_DEFAULT: _NOBODY,
        _A.EXTEND_BY_DEFAULT: _NOBODY,
        _A.END_BY_DEFAULT: _NOBODY,
        _A.REPORT_ROYALTY: _LICENSEE,
        _A.CONFIRM_ROYALTY: _LICENSOR,
        _A.DISPUTE_ROYALTY: _LICENSOR,
        _A.CORRECT_ROYALTY: _LICENSEE,
        _A.RECORD_PAYMENT: _LICENSOR,
        _A.REVERSE_PAYMENT: _LICENSOR,
        _A.CHARGE_PENALTY: _LICENSOR,
        _A.DECLARE_DEFAULT: _LICENSOR,
        _A.CURE: _LICENSOR,
        _A.RAISE_DISPUTE: _PRINCIPALS,
        _A.SETTLE_TO_TRIAL: _PRINCIPALS,
        _A.SETTLE_TO_PAYING: _PRINCIPALS,
        _A.ASK_TRANSFER: _LICENSEE,
        _A.TRANSFER: _LICENSOR,
        _A.REFUSE_TRANSFER: _LICENSOR,
        _A.PAY_PROJECT_MONEY: _PRINCIPALS,
        _A.TAKE_STAKE: _PRINCIPALS,
        _A.CHANGE_STAKE: _PRINCIPALS,
        _A.EXIT_STAKE: _PRINCIPALS,
        _A.CONFIRM_STAKE: _PRINCIPALS,
        _A.DISPUTE_STAKE: _PRINCIPALS,
        _A.COMPLETE: _LICENSOR,
        _A.TERMINATE: _PRINCIPALS,
        _A.RETURN_DOCUMENTS: _LICENSOR,
    }
)
"""Which sides may ever take a step; `sides_for` narrows it by who made the offer. Payments and completion are the
licensor's word, because the licensor says what has come in; sales are the licensee's, who makes them. Nobody's are
the steps of the clock, which the platform takes."""

_BY_OFFEROR = frozenset({_A.WITHDRAW})
_BY_OTHERS = frozenset({_A.ACCEPT_FIRST, _A.ACCEPT, _A.COUNTER, _A.DECLINE})


def sides_for(action: DealAction, *, offered_by: PartyRole | None) -> frozenset[PartyRole]:
    """Sides that may take this step on a deal whose standing offer came from `offered_by` (None while a draft).

    Nobody accepts, counters or declines their own offer, and only who made it takes it back.
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


def check_counter(side: PartyRole | None, *, offered_by: PartyRole | None) -> None:
    """Raises NotThisSide for one whose answer to the standing offer is not asked."""
    if side not in sides_for(DealAction.COUNTER, offered_by=offered_by):
        raise NotThisSide(action=DealAction.COUNTER, side=side)


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
        _S.DECISION_DUE: N_("Decision due"),
        _S.PAYING: N_("Paying"),
        _S.DEFAULTED: N_("In default"),
        _S.DISPUTED: N_("In dispute"),
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
        _A.COUNTER: N_("Answer with a counter-offer"),
        _A.DECLINE: N_("Decline the offer"),
        _A.SIGN: N_("Sign"),
        _A.ACTIVATE: N_("Sign and start the trial"),
        _A.ACTIVATE_UNTRIED: N_("Sign and bring into force"),
        _A.REPORT_EVENT: N_("Report an event"),
        _A.CONFIRM_EVENT: N_("Confirm the event"),
        _A.CONFIRM_AND_START: N_("Confirm the event"),
        _A.DISPUTE_EVENT: N_("Dispute the event"),
        _A.START_PAYMENT: N_("Record that payment starts"),
        _A.REPORT_TRIAL: N_("Report on the trial"),
        _A.ASK_EXTENSION: N_("Ask for an extension"),
        _A.GRANT_EXTENSION: N_("Grant the extension"),
        _A.REFUSE_EXTENSION: N_("Refuse the extension"),
        _A.CONVERT: N_("Keep the licence and pay"),
        _A.END: N_("End the trial"),
        _A.CALL_DECISION: N_("Call for a decision"),
        _A.CONVERT_BY_DEFAULT: N_("Go on with the licence as the terms say"),
        _A.EXTEND_BY_DEFAULT: N_("Extend the trial as the terms say"),
        _A.END_BY_DEFAULT: N_("End the trial as the terms say"),
        _A.REPORT_ROYALTY: N_("Report a royalty period"),
        _A.CONFIRM_ROYALTY: N_("Confirm a royalty statement"),
        _A.DISPUTE_ROYALTY: N_("Dispute a royalty statement"),
        _A.CORRECT_ROYALTY: N_("Correct a royalty statement"),
        _A.RECORD_PAYMENT: N_("Record a payment"),
        _A.REVERSE_PAYMENT: N_("Take a payment back"),
        _A.CHARGE_PENALTY: N_("Charge the penalty"),
        _A.DECLARE_DEFAULT: N_("Declare a default"),
        _A.CURE: N_("Declare the default cured"),
        _A.RAISE_DISPUTE: N_("Raise a dispute"),
        _A.SETTLE_TO_TRIAL: N_("Settle the dispute"),
        _A.SETTLE_TO_PAYING: N_("Settle the dispute"),
        _A.ASK_TRANSFER: N_("Ask to transfer the licence"),
        _A.TRANSFER: N_("Agree to the transfer"),
        _A.REFUSE_TRANSFER: N_("Refuse the transfer"),
        _A.PAY_PROJECT_MONEY: N_("Enter project money"),
        _A.TAKE_STAKE: N_("Enter the stake taken"),
        _A.CHANGE_STAKE: N_("Enter a change of the stake"),
        _A.EXIT_STAKE: N_("Enter the exit"),
        _A.CONFIRM_STAKE: N_("Confirm an entry of the register"),
        _A.DISPUTE_STAKE: N_("Dispute an entry of the register"),
        _A.COMPLETE: N_("Complete the deal"),
        _A.TERMINATE: N_("Terminate the licence"),
        _A.RETURN_DOCUMENTS: N_("Confirm the return of the documents"),
    }
)

ROLE_LABELS: Mapping[PartyRole, str] = MappingProxyType(
    {
        PartyRole.LICENSOR: N_("Licensor"),
        PartyRole.LICENSEE: N_("Licensee"),
        PartyRole.BROKER: N_("Intermediary"),
    }
)
