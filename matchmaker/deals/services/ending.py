"""Default and cure, dispute, transfer, completion, termination, and the return of documents."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from matchmaker.accounts.models import Organisation, OrganisationState
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.accounts.size_class import is_sme
from matchmaker.core import audit, clock, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command
from matchmaker.deals import queries, records, stakes
from matchmaker.deals.models import Deal, Record
from matchmaker.deals.permissions import Can
from matchmaker.deals.records import RecordKind
from matchmaker.deals.refusals import NothingToAnswer, PartyNotFit, PartyNotVerified, SameParty
from matchmaker.deals.rules import LicenseeNotSme
from matchmaker.deals.services.shared import (
    check_password,
    declare,
    finish,
    given,
    lock,
    release_due,
    side_of,
    terms_of,
)
from matchmaker.deals.states import DEAL, CureRunning, DealAction, NotThisSide, PartyRole
from matchmaker.deals.terms import DealKind

CURE_DAYS = 30
"""Days to cure a default where the terms name none."""


@command(Can.DEAL_COMPLETE)
def complete_deal(actor: Actor, deal: Deal) -> None:
    """Declare that everything has come in. Raises StillOwed, PeriodsUnreported, StakeOpen."""
    lock(deal, DealAction.COMPLETE)
    outstanding, unreported = queries.outstanding_fen(deal), len(queries.unreported_periods(deal))
    settled = stakes.is_settled(terms_of(deal), deal.stakes)
    facts: dict[str, Any] = {"outstanding_fen": outstanding, "unreported": unreported, "stake_settled": settled}
    finish(actor, deal, DealAction.COMPLETE, "", **facts)


@command(Can.DEAL_DECLARE_DEFAULT)
def declare_default(actor: Actor, deal: Deal, *, reason: str = "") -> None:
    """Say that the licensee is in default: something is overdue, or a report is. It has some days to cure it.

    Raises NothingOverdue.
    """
    lock(deal, DealAction.DECLARE_DEFAULT)
    today, days = clock.today(), terms_of(deal).cure_days
    deal.cure_until = today + timedelta(days=CURE_DAYS if days is None else days)
    workflow.apply(
        actor,
        deal,
        DEAL,
        DealAction.DECLARE_DEFAULT,
        overdue_fen=queries.overdue_fen(deal, today),
        late_reports=len(queries.late_reports(deal, today)),
        cure_until=deal.cure_until.isoformat(),
    )
    declare(actor, deal, RecordKind.DEFAULT_DECLARED, on=deal.cure_until, text=reason.strip())


@command(Can.DEAL_DECLARE_DEFAULT)
def declare_cured(actor: Actor, deal: Deal) -> None:
    """The licensor is content. (A payment of all that is overdue cures by itself.)"""
    lock(deal, DealAction.CURE)
    workflow.apply(actor, deal, DEAL, DealAction.CURE)


# --- dispute --------------------------------------------------------------------------------------------------------


@command(Can.DEAL_RAISE_DISPUTE)
def raise_dispute(actor: Actor, deal: Deal, *, reason: str) -> None:
    lock(deal, DealAction.RAISE_DISPUTE)
    declare(actor, deal, RecordKind.DISPUTE_RAISED, text=given(reason))
    workflow.apply(actor, deal, DEAL, DealAction.RAISE_DISPUTE)


@command(Can.DEAL_SETTLE_DISPUTE)
def settle_dispute(actor: Actor, deal: Deal, *, reason: str) -> None:
    """Say how the dispute was settled; the deal goes on where it stood. For the side that raised it."""
    step = DealAction.SETTLE_TO_PAYING if deal.payment_starts_on is not None else DealAction.SETTLE_TO_TRIAL
    lock(deal, step)
    raised = records.open_request(deal.records, RecordKind.DISPUTE_RAISED, RecordKind.DISPUTE_SETTLED)
    if raised is None:
        raise NothingToAnswer()
    if raised.party != side_of(actor, deal):
        raise NotThisSide()
    declare(actor, deal, RecordKind.DISPUTE_SETTLED, about=raised.number, text=given(reason))
    workflow.apply(actor, deal, DEAL, step)


# --- transfer -------------------------------------------------------------------------------------------------------


@command(Can.DEAL_ASK_TRANSFER)
def ask_transfer(actor: Actor, deal: Deal, *, to: Organisation, reason: str) -> None:
    """Ask that another enterprise takes the licence over. It accepts, then the licensor agrees (Civil Code art. 555).

    Raises SameParty, PartyNotFit, PartyNotVerified, LicenseeNotSme, ReasonMissing, NothingToAnswer where one is asked
    for already.
    """
    lock(deal, DealAction.ASK_TRANSFER)
    if deal.transfer_to_id is not None:
        raise NothingToAnswer()
    if to.id == deal.licensee_id:
        raise SameParty(field="to", name=to.name)
    if to.kind != OrganisationKind.ENTERPRISE:
        raise PartyNotFit(field="to", name=to.name, kind=OrganisationKind.ENTERPRISE)
    if to.state != OrganisationState.VERIFIED:
        raise PartyNotVerified(field="to", name=to.name)
    size = to.classification
    if deal.kind == DealKind.PAY_LATER_LICENCE and (size is None or not is_sme(size.size)):
        raise LicenseeNotSme(field="to")
    declare(actor, deal, RecordKind.TRANSFER_ASKED, text=given(reason))
    deal.transfer_to_id = to.id
    workflow.apply(actor, deal, DEAL, DealAction.ASK_TRANSFER, successor=str(to.id))


@command(Can.DEAL_ACCEPT_TRANSFER)
def accept_transfer(actor: Actor, deal: Deal, *, password: str) -> None:
    """The enterprise named takes the licence over with all that is owed. Raises PasswordWrong, NothingToAnswer."""
    lock(deal, DealAction.TRANSFER)
    asked = _transfer_asked(deal)
    if queries.open_transfer_acceptance(deal) is not None:
        raise NothingToAnswer()
    check_password(actor, password)
    declare(actor, deal, RecordKind.TRANSFER_ACCEPTED, about=asked.number)
    audit.record(actor, "deal.transfer_accepted", deal)


@command(Can.DEAL_ANSWER_TRANSFER)
def agree_to_transfer(actor: Actor, deal: Deal) -> None:
    """The licensor agrees: from now on the enterprise named is the licensee. Raises NothingToAnswer."""
    lock(deal, DealAction.TRANSFER)
    asked = _transfer_asked(deal)
    if queries.open_transfer_acceptance(deal) is None or deal.transfer_to_id is None:
        raise NothingToAnswer()
    declare(actor, deal, RecordKind.TRANSFER_ANSWERED, about=asked.number)
    facts = {"before": str(deal.licensee_id), "after": str(deal.transfer_to_id)}
    workflow.apply(actor, deal, DEAL, DealAction.TRANSFER, **facts)
    deal.licensee_id, deal.transfer_to_id = deal.transfer_to_id, None


@command(Can.DEAL_ANSWER_TRANSFER)
def refuse_transfer(actor: Actor, deal: Deal, *, reason: str) -> None:
    lock(deal, DealAction.REFUSE_TRANSFER)
    asked = _transfer_asked(deal)
    declare(actor, deal, RecordKind.TRANSFER_ANSWERED, about=asked.number, text=given(reason))
    workflow.apply(actor, deal, DEAL, DealAction.REFUSE_TRANSFER)
    deal.transfer_to_id = None


def _transfer_asked(deal: Deal) -> Record:
    asked = [row for row in deal.records if row.kind == RecordKind.TRANSFER_ASKED]
    if deal.transfer_to_id is None or not asked:
        raise NothingToAnswer()
    return asked[-1]


# --- the end --------------------------------------------------------------------------------------------------------


@command(Can.DEAL_TERMINATE)
def terminate_deal(actor: Actor, deal: Deal, *, reason: str) -> None:
    """End the licence before its time. What has fallen due stays owed; later amounts are no longer claimed.

    Raises ReasonMissing, CureRunning to the licensor while a default can still be cured (Civil Code art. 563), also
    where it has meanwhile been called cured, or disputed: neither is a way round these days.
    """
    lock(deal, DealAction.TERMINATE)
    given(reason)
    today = clock.today()
    by_licensor = deal.side_of(actor.organisation_id) == PartyRole.LICENSOR
    if by_licensor and deal.cure_until is not None and today <= deal.cure_until:
        raise CureRunning(cure_until=deal.cure_until)
    for due in queries.dues(deal):
        if due.due_on > today:
            release_due(actor, deal, due)
    deal.transfer_to_id = None
    finish(actor, deal, DealAction.TERMINATE, reason)


@command(Can.DEAL_RETURN_DOCUMENTS)
def confirm_return(actor: Actor, deal: Deal) -> None:
    """The technical documents are back and use has stopped (Civil Code art. 873). Raises AlreadyReturned."""
    lock(deal, DealAction.RETURN_DOCUMENTS)
    returned = deal.documents_returned_on is not None or deal.signed_on is None
    workflow.apply(actor, deal, DEAL, DealAction.RETURN_DOCUMENTS, returned=returned)
    declare(actor, deal, RecordKind.DOCUMENTS_RETURNED)
    deal.documents_returned_on = clock.today()
