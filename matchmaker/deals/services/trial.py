"""The trial: events that start payment, reports, extension, and the decision at its end."""

from __future__ import annotations

from datetime import date
from typing import Any

from matchmaker.core import clock, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command
from matchmaker.deals import queries, records, schedule
from matchmaker.deals.models import Deal, DealFile
from matchmaker.deals.permissions import Can
from matchmaker.deals.records import RecordKind
from matchmaker.deals.refusals import (
    BelowThreshold,
    EventNotOpen,
    NothingToAnswer,
    NotInForceYet,
    PaymentNotYet,
    ReportKindUnknown,
)
from matchmaker.deals.schedule import fixed_start
from matchmaker.deals.services.shared import between, declare, finish, given, lock, post_dues, side_of, terms_of
from matchmaker.deals.states import DEAL, DealAction, DealState, NotThisSide
from matchmaker.deals.terms import RevenueThreshold, Terms, TrialOutcome, simple_triggers

# --- events ---------------------------------------------------------------------------------------------------------


@command(Can.DEAL_REPORT_EVENT)
def report_event(
    actor: Actor,
    deal: Deal,
    *,
    ref: str,
    evidence: str,
    on: date | None = None,
    fen: int | None = None,
    file: DealFile | None = None,
) -> records.Declared:
    """Report that an event of the terms has happened: `trigger:<place>` or `milestone:<place>`.

    `on` is the day of the event, today if not given; `fen` the revenue so far, where the event is a sum of revenue.
    The other principal confirms or disputes it. Raises NotInForceYet, EventNotOpen, NoEvidence, DayOutOfRange,
    BelowThreshold.
    """
    lock(deal, DealAction.REPORT_EVENT)
    side_of(actor, deal)
    terms = _in_force(deal)
    if ref not in queries.reportable_events(deal):
        raise EventNotOpen(field="ref")
    happened_on = between(on or clock.today(), terms.effective_on, clock.today(), field="on")
    _check_revenue(terms, ref, fen)
    facts: dict[str, Any] = {"ref": ref, "on": happened_on.isoformat(), "has_evidence": bool(evidence.strip())}
    workflow.apply(actor, deal, DEAL, DealAction.REPORT_EVENT, **facts)
    return declare(
        actor, deal, RecordKind.EVENT_REPORTED, ref=ref, on=happened_on, fen=fen, text=evidence.strip(), file=file
    )


def _in_force(deal: Deal) -> Terms:
    terms = terms_of(deal)
    if clock.today() < terms.effective_on:
        raise NotInForceYet(effective_on=terms.effective_on)
    return terms


def _check_revenue(terms: Terms, ref: str, fen: int | None) -> None:
    prefix, _, place = ref.partition(":")
    trigger = simple_triggers(terms.trigger)[int(place)] if prefix == "trigger" else None
    if isinstance(trigger, RevenueThreshold) and (fen is None or fen < trigger.fen):
        raise BelowThreshold(field="fen", limit_fen=trigger.fen)


@command(Can.DEAL_CONFIRM_EVENT)
def confirm_event(actor: Actor, deal: Deal) -> None:
    """Confirm what the other principal reported. Where that completes what starts payment, payment starts.

    Raises NothingToAnswer, NotThisSide for one's own report.
    """
    lock(deal, DealAction.CONFIRM_EVENT)
    event = _event_to_answer(actor, deal)
    declare(actor, deal, RecordKind.EVENT_CONFIRMED, about=event.number)
    starts_on = None
    if deal.payment_starts_on is None:
        happened = records.happened(deal.records, "trigger")
        starts_on = schedule.started_on(terms_of(deal).trigger, happened, clock.today())
    if starts_on is not None:
        _start(actor, deal, DealAction.CONFIRM_AND_START, starts_on, evidence=getattr(event, "text", ""))
        return
    workflow.apply(actor, deal, DEAL, DealAction.CONFIRM_EVENT, ref=event.ref)
    post_dues(actor, deal, queries.dues(deal))


@command(Can.DEAL_CONFIRM_EVENT)
def dispute_event(actor: Actor, deal: Deal, *, reason: str) -> None:
    """Say that what the other principal reported is not so. It can be reported anew. Raises ReasonMissing."""
    lock(deal, DealAction.DISPUTE_EVENT)
    event = _event_to_answer(actor, deal)
    declare(actor, deal, RecordKind.EVENT_DISPUTED, about=event.number, text=given(reason))
    workflow.apply(actor, deal, DEAL, DealAction.DISPUTE_EVENT, ref=event.ref)


def _event_to_answer(actor: Actor, deal: Deal) -> records.Declared:
    event = records.open_event(deal.records)
    if event is None:
        raise NothingToAnswer()
    if event.party == side_of(actor, deal):
        raise NotThisSide()
    return event


def _start(actor: Actor, deal: Deal, action: DealAction, on: date, *, evidence: str = "") -> None:
    deal.payment_starts_on = on
    deal.payment_evidence = evidence or None
    workflow.apply(actor, deal, DEAL, action, on=on.isoformat())
    post_dues(actor, deal, queries.dues(deal))


@command(Can.DEAL_START_PAYMENT)
def start_payment(actor: Actor, deal: Deal) -> None:
    """Record that payment starts where the terms fix the day. Raises PaymentNotYet, EventNotOpen."""
    lock(deal, DealAction.START_PAYMENT)
    fixed = fixed_start(terms_of(deal).trigger)
    if fixed is None:
        raise EventNotOpen()
    if clock.today() < fixed:
        raise PaymentNotYet(starts_on=fixed)
    _start(actor, deal, DealAction.START_PAYMENT, fixed)


# --- reports and extension ------------------------------------------------------------------------------------------


@command(Can.DEAL_REPORT_TRIAL)
def report_trial(actor: Actor, deal: Deal, *, kind: RecordKind, text: str, file: DealFile | None = None) -> None:
    """The licensee's mid-term or final report. Raises ReasonMissing, ReportKindUnknown."""
    lock(deal, DealAction.REPORT_TRIAL)
    if kind not in (RecordKind.TRIAL_MIDTERM, RecordKind.TRIAL_FINAL):
        raise ReportKindUnknown(field="kind")
    declare(actor, deal, kind, text=given(text), file=file)
    workflow.apply(actor, deal, DEAL, DealAction.REPORT_TRIAL, kind=str(kind))


@command(Can.DEAL_ASK_EXTENSION)
def ask_extension(actor: Actor, deal: Deal, *, reason: str) -> None:
    """Ask for the next extension that the terms allow. Raises ExtensionsUsedUp, ReasonMissing, NothingToAnswer."""
    lock(deal, DealAction.ASK_EXTENSION)
    if records.open_extension(deal.records) is not None:
        raise NothingToAnswer()
    workflow.apply(actor, deal, DEAL, DealAction.ASK_EXTENSION, **_extensions(deal))
    declare(actor, deal, RecordKind.EXTENSION_ASKED, text=given(reason))


@command(Can.DEAL_ANSWER_EXTENSION)
def grant_extension(actor: Actor, deal: Deal) -> None:
    """Raises NothingToAnswer, ExtensionsUsedUp."""
    lock(deal, DealAction.GRANT_EXTENSION)
    asked = records.open_extension(deal.records)
    if asked is None:
        raise NothingToAnswer()
    _extend(actor, deal, DealAction.GRANT_EXTENSION, about=asked.number)


@command(Can.DEAL_ANSWER_EXTENSION)
def refuse_extension(actor: Actor, deal: Deal, *, reason: str) -> None:
    lock(deal, DealAction.REFUSE_EXTENSION)
    asked = records.open_extension(deal.records)
    if asked is None:
        raise NothingToAnswer()
    declare(actor, deal, RecordKind.EXTENSION_REFUSED, about=asked.number, text=given(reason))
    workflow.apply(actor, deal, DEAL, DealAction.REFUSE_EXTENSION)


def _extensions(deal: Deal) -> dict[str, int]:
    end = terms_of(deal).trial_end
    return {"granted": records.extensions(deal.records), "most": end.extensions if end is not None else 0}


def _extend(actor: Actor, deal: Deal, action: DealAction, *, about: int | None) -> None:
    terms = terms_of(deal)
    months = terms.trial_end.extension_months if terms.trial_end is not None else 0
    facts = _extensions(deal)
    declare(actor, deal, RecordKind.EXTENSION_GRANTED, about=about, months=months)
    deal.trial_ends_on = schedule.trial_ends_on(terms, deal.extended_months)
    workflow.apply(actor, deal, DEAL, action, months=months, **facts)


# --- the decision ---------------------------------------------------------------------------------------------------


@command(Can.DEAL_CONVERT)
def convert_trial(actor: Actor, deal: Deal) -> None:
    """The licensee keeps the licence and pays from today, or from the day that the terms fix if that is later.

    Raises NotInForceYet.
    """
    lock(deal, DealAction.CONVERT)
    fixed = fixed_start(_in_force(deal).trigger)
    _start(actor, deal, DealAction.CONVERT, max(clock.today(), fixed or clock.today()))


@command(Can.DEAL_END)
def end_trial(actor: Actor, deal: Deal, *, documents_returned: bool, reason: str = "") -> None:
    """The licensee ends the trial without payment. Raises DocumentsNotReturned."""
    lock(deal, DealAction.END)
    finish(actor, deal, DealAction.END, reason, documents_returned=documents_returned)
    deal.documents_returned_on = clock.today()


@command(Can.DEAL_KEEP_TIME)
def call_decision(actor: Actor, deal: Deal) -> None:
    """The trial ends soon: let both sides know that a decision is due."""
    lock(deal, DealAction.CALL_DECISION)
    workflow.apply(actor, deal, DEAL, DealAction.CALL_DECISION)


@command(Can.DEAL_KEEP_TIME)
def start_on_its_day(actor: Actor, deal: Deal) -> bool:
    """Start payment where its day has come by the terms. Whether it did."""
    lock(deal, DealAction.START_PAYMENT)
    happened = records.happened(deal.records, "trigger")
    starts_on = schedule.started_on(terms_of(deal).trigger, happened, clock.today())
    if starts_on is not None:
        _start(actor, deal, DealAction.START_PAYMENT, starts_on)
    return starts_on is not None


@command(Can.DEAL_KEEP_TIME)
def apply_trial_end(actor: Actor, deal: Deal) -> bool:
    """Where the trial has run out without a decision, do what the terms say. Whether something was done.

    Days come from the terms, not from today, so that a run that comes late ends alike. Nothing is done while an event
    that starts payment is reported and not confirmed: by silence the licensee would escape payment.
    """
    lock(deal)
    terms, ran_out_on = terms_of(deal), deal.trial_ends_on
    in_trial = deal.state in (DealState.ON_TRIAL, DealState.DECISION_DUE)
    if not in_trial or terms.trial_end is None or ran_out_on is None or clock.today() <= ran_out_on:
        return False
    if records.start_is_open(deal.records):
        return False
    end = terms.trial_end
    if end.outcome is TrialOutcome.CONVERT:
        following = schedule.day_after(ran_out_on)
        starts_on = max(following, fixed_start(terms.trigger) or following)
        _start(actor, deal, DealAction.CONVERT_BY_DEFAULT, starts_on)
    elif end.outcome is TrialOutcome.EXTEND and _could_extend(deal, terms):
        _extend(actor, deal, DealAction.EXTEND_BY_DEFAULT, about=None)
    else:
        finish(actor, deal, DealAction.END_BY_DEFAULT, "", on=ran_out_on)
    return True


def _could_extend(deal: Deal, terms: Terms) -> bool:
    """Whether an extension is left and would move the end."""
    end = terms.trial_end
    if end is None or records.extensions(deal.records) >= end.extensions or deal.trial_ends_on is None:
        return False
    longer = schedule.trial_ends_on(terms, deal.extended_months + end.extension_months)
    return longer > deal.trial_ends_on
