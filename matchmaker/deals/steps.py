"""What each step on a deal asks for, which command it runs, and what the page says before and after. For `views`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask import current_app, g

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import files
from matchmaker.core.errors import N_
from matchmaker.deals import forms, queries, records, services
from matchmaker.deals.models import Channel, Deal, DealFile, FileKind
from matchmaker.deals.records import RecordKind
from matchmaker.deals.stakes import ExitWay, StakeKind
from matchmaker.deals.states import DealAction


class Place(StrEnum):
    """Where the page shows a step."""

    BUTTON = "button"  # beside the title
    OPEN = "open"  # what is next
    FOLDED = "folded"  # what ends something, or is seldom needed


@dataclass(frozen=True, slots=True)
class Step:
    """`help` is a phrase that may name the facts of `views.facts_of`."""

    form: type[forms.StepForm]
    run: Callable[[Deal, Any], object]
    done: str
    place: Place = Place.OPEN
    help: str = ""


def upload(deal: Deal, field: Any, kind: FileKind, note: str = "") -> DealFile | None:
    """Store and attach what was chosen in a file field; None where nothing was."""
    storage, settings = field.data, current_app.extensions["matchmaker.settings"]
    if not storage or not storage.filename:
        return None
    file = files.put(settings.files_dir, storage.stream, limit_bytes=settings.upload_limit_bytes, field=field.name)
    name = files.safe_name(storage.filename, file.media_type)
    return services.attach_file(g.actor, deal, kind=kind, file=file, name=name, note=note)


def _report_event(deal: Deal, form: Any) -> object:
    return services.report_event(
        g.actor,
        deal,
        ref=form.ref.data,
        on=form.on.data,
        fen=form.fen.data,
        evidence=form.evidence.data or "",
        file=upload(deal, form.file, FileKind.EVIDENCE),
    )


def _report_trial(deal: Deal, form: Any) -> object:
    return services.report_trial(
        g.actor,
        deal,
        kind=RecordKind(form.kind.data),
        text=form.text.data,
        file=upload(deal, form.file, FileKind.TRIAL_REPORT),
    )


def _correct_royalty(deal: Deal, form: Any) -> object:
    return services.correct_royalty(
        g.actor,
        deal,
        number=form.number.data,
        base_fen=form.base_fen.data,
        reason=form.reason.data,
        file=upload(deal, form.file, FileKind.EVIDENCE),
    )


def _record_payment(deal: Deal, form: Any) -> object:
    return services.record_payment(
        g.actor,
        deal,
        fen=form.fen.data,
        paid_on=form.paid_on.data,
        note=form.note.data or "",
        idempotency_key=form.idempotency_key.data,
        channel=Channel(form.channel.data),
        target=form.chosen_target(),
        receipt=upload(deal, form.file, FileKind.RECEIPT),
    )


def _ask_transfer(deal: Deal, form: Any) -> object:
    to = queries.get_party(g.actor, OrganisationKind.ENTERPRISE, form.to.data, field="to")
    return services.ask_transfer(g.actor, deal, to=to, reason=form.reason.data)


def _charge_penalty(deal: Deal, form: Any) -> object:
    return services.charge_penalty(g.actor, deal, target=records.read_target(form.target.data))


def _pay_project_money(deal: Deal, form: Any) -> object:
    return services.pay_project_money(
        g.actor,
        deal,
        fen=form.fen.data,
        on=form.on.data,
        evidence=form.evidence.data,
        file=upload(deal, form.file, FileKind.EVIDENCE),
    )


def _take_stake(deal: Deal, form: Any) -> object:
    return services.take_stake(
        g.actor,
        deal,
        share=form.share.data,
        valued_fen=form.fen.data,
        on=form.on.data,
        reference=form.reference.data,
        file=upload(deal, form.file, FileKind.EVIDENCE),
    )


def _change_stake(deal: Deal, form: Any) -> object:
    return services.change_stake(
        g.actor,
        deal,
        sold=form.kind.data == StakeKind.SOLD,
        share=form.share.data,
        on=form.on.data,
        reason=form.reason.data,
        proceeds_fen=form.fen.data or 0,
        file=upload(deal, form.file, FileKind.EVIDENCE),
    )


def _exit_stake(deal: Deal, form: Any) -> object:
    return services.exit_stake(
        g.actor,
        deal,
        way=ExitWay(form.way.data),
        proceeds_fen=form.fen.data,
        on=form.on.data,
        reason=form.reason.data,
        file=upload(deal, form.file, FileKind.EVIDENCE),
    )


_ENTERED = N_("The entry was made. It counts once the other side has confirmed it.")

_A = DealAction
STEPS: Mapping[DealAction, Step] = {
    _A.DISCARD: Step(
        forms.PlainForm,
        lambda deal, form: services.discard_draft(g.actor, deal),
        N_("The draft was discarded."),
        Place.BUTTON,
    ),
    _A.OFFER: Step(
        forms.OfferForm,
        lambda deal, form: services.offer_terms(g.actor, deal, seen_version=form.version.data),
        N_("The terms were offered. The other parties can read and answer them."),
        Place.BUTTON,
    ),
    _A.WITHDRAW: Step(
        forms.PlainForm,
        lambda deal, form: services.withdraw_offer(g.actor, deal),
        N_("The offer was taken back; the terms are a draft again."),
        Place.BUTTON,
    ),
    _A.ACCEPT: Step(
        forms.AnswerForm,
        lambda deal, form: services.accept_offer(g.actor, deal, sha256=form.sha256.data),
        N_("You have accepted the terms."),
        help=N_("You accept version %(number)s as it stands below. Every party still signs afterwards."),
    ),
    _A.DECLINE: Step(
        forms.DeclineForm,
        lambda deal, form: services.decline_offer(g.actor, deal, reason=form.reason.data or ""),
        N_("You have declined the offer."),
        Place.FOLDED,
    ),
    _A.SIGN: Step(
        forms.SignForm,
        lambda deal, form: services.sign(g.actor, deal, sha256=form.sha256.data, password=form.password.data),
        N_("You have signed."),
        help=N_(
            "You sign version %(number)s as it stands below. With the last signature the licence is in force. "
            "Fingerprint (SHA-256): %(sha256)s"
        ),
    ),
    _A.REPORT_EVENT: Step(
        forms.EventForm,
        _report_event,
        N_("The report was sent. The other side confirms or disputes it."),
        help=N_("When an event that the terms name has happened. The other side confirms or disputes it."),
    ),
    _A.CONFIRM_EVENT: Step(
        forms.PlainForm,
        lambda deal, form: services.confirm_event(g.actor, deal),
        N_("You have confirmed the event."),
        help=N_("The other side reported: %(event)s"),
    ),
    _A.DISPUTE_EVENT: Step(
        forms.ReasonForm,
        lambda deal, form: services.dispute_event(g.actor, deal, reason=form.reason.data),
        N_("You have disputed the event. It can be reported anew."),
        Place.FOLDED,
    ),
    _A.START_PAYMENT: Step(
        forms.PlainForm,
        lambda deal, form: services.start_payment(g.actor, deal),
        N_("Payment has started; the amounts due are in the schedule."),
        Place.FOLDED,
        help=N_("From the day that the terms name. On that day the platform does it by itself."),
    ),
    _A.REPORT_TRIAL: Step(
        forms.TrialReportForm,
        _report_trial,
        N_("The report was handed in."),
        help=N_("The licensor reads how the trial goes: half-way through it and at its end."),
    ),
    _A.ASK_EXTENSION: Step(
        forms.ReasonForm,
        lambda deal, form: services.ask_extension(g.actor, deal, reason=form.reason.data),
        N_("You have asked for an extension."),
        Place.FOLDED,
    ),
    _A.GRANT_EXTENSION: Step(
        forms.PlainForm,
        lambda deal, form: services.grant_extension(g.actor, deal),
        N_("The trial was extended."),
        help=N_("The licensee asks for it: %(extension)s"),
    ),
    _A.REFUSE_EXTENSION: Step(
        forms.ReasonForm,
        lambda deal, form: services.refuse_extension(g.actor, deal, reason=form.reason.data),
        N_("You have refused the extension."),
        Place.FOLDED,
    ),
    _A.CONVERT: Step(
        forms.PlainForm,
        lambda deal, form: services.convert_trial(g.actor, deal),
        N_("Payment has started; the amounts due are in the schedule."),
        Place.FOLDED,
        help=N_("You keep the licence without waiting for the event, and payment starts today."),
    ),
    _A.END: Step(
        forms.EndForm,
        lambda deal, form: services.end_trial(
            g.actor, deal, documents_returned=bool(form.documents_returned.data), reason=form.reason.data or ""
        ),
        N_("The trial was ended."),
        Place.FOLDED,
        help=N_("The licence ends without payment."),
    ),
    _A.REPORT_ROYALTY: Step(
        forms.RoyaltyForm,
        lambda deal, form: services.report_royalty(g.actor, deal, number=form.number.data, base_fen=form.base_fen.data),
        N_("The report was recorded; the royalty is in the schedule."),
        help=N_("Royalty period %(period)s, from %(first_on)s to %(last_on)s."),
    ),
    _A.CONFIRM_ROYALTY: Step(
        forms.ConfirmRoyaltyForm,
        lambda deal, form: services.confirm_royalty(g.actor, deal, number=form.number.data),
        N_("You have confirmed the statement."),
    ),
    _A.DISPUTE_ROYALTY: Step(
        forms.DisputeRoyaltyForm,
        lambda deal, form: services.dispute_royalty(
            g.actor, deal, number=form.number.data, reason=form.reason.data, audit=bool(form.audit.data)
        ),
        N_("The licensee has been told. It corrects the statement or stands by it."),
        Place.FOLDED,
    ),
    _A.CORRECT_ROYALTY: Step(
        forms.CorrectRoyaltyForm, _correct_royalty, N_("The statement was corrected; the schedule follows.")
    ),
    _A.RECORD_PAYMENT: Step(
        forms.PaymentForm,
        _record_payment,
        N_("The payment is recorded and set against what is owed."),
        help=N_("What has come in from the licensee. It is set against the oldest amounts first, unless it names one."),
    ),
    _A.CHARGE_PENALTY: Step(
        forms.PenaltyForm,
        _charge_penalty,
        N_("The penalty is in the schedule."),
        Place.FOLDED,
        help=N_("What has run up to today. It is owed from today; the days charged are not charged again."),
    ),
    _A.DECLARE_DEFAULT: Step(
        forms.DeclineForm,
        lambda deal, form: services.declare_default(g.actor, deal, reason=form.reason.data or ""),
        N_("The default was declared. The licensee has time to cure it."),
        Place.FOLDED,
        help=N_("Something is overdue. The licensee gets the days that the terms name to pay; then you may terminate."),
    ),
    _A.CURE: Step(
        forms.PlainForm,
        lambda deal, form: services.declare_cured(g.actor, deal),
        N_("The default is cured."),
        Place.FOLDED,
    ),
    _A.RAISE_DISPUTE: Step(
        forms.ReasonForm,
        lambda deal, form: services.raise_dispute(g.actor, deal, reason=form.reason.data),
        N_("The dispute was raised. What is owed stays owed meanwhile."),
        Place.FOLDED,
    ),
    _A.SETTLE_TO_PAYING: Step(
        forms.ReasonForm,
        lambda deal, form: services.settle_dispute(g.actor, deal, reason=form.reason.data),
        N_("The dispute is settled; the deal goes on."),
        help=N_("Say how it was settled. The side that raised the dispute does this."),
    ),
    _A.ASK_TRANSFER: Step(
        forms.TransferForm,
        _ask_transfer,
        N_("The enterprise was asked to take the licence over; then the licensor decides."),
        Place.FOLDED,
    ),
    _A.TRANSFER: Step(
        forms.PlainForm,
        lambda deal, form: services.agree_to_transfer(g.actor, deal),
        N_("The licence has a new licensee."),
        help=N_("The licence is to go to %(successor)s, which has accepted all that is owed under it."),
    ),
    _A.REFUSE_TRANSFER: Step(
        forms.ReasonForm,
        lambda deal, form: services.refuse_transfer(g.actor, deal, reason=form.reason.data),
        N_("You have refused the transfer."),
        Place.FOLDED,
    ),
    _A.CONFIRM_STAKE: Step(
        forms.ConfirmEntryForm,
        lambda deal, form: services.confirm_stake(g.actor, deal, number=form.number.data),
        N_("You have confirmed the entry; it counts from now on."),
        help=N_("The other side made an entry in the register of shares. It counts once you confirm it."),
    ),
    _A.DISPUTE_STAKE: Step(
        forms.DisputeEntryForm,
        lambda deal, form: services.dispute_stake(g.actor, deal, number=form.number.data, reason=form.reason.data),
        N_("You have disputed the entry. It does not count and can be made anew."),
        Place.FOLDED,
    ),
    _A.PAY_PROJECT_MONEY: Step(
        forms.ProjectMoneyForm,
        _pay_project_money,
        _ENTERED,
        Place.FOLDED,
        help=N_("A part of the project money that was paid. The other side confirms it."),
    ),
    _A.TAKE_STAKE: Step(
        forms.TakeStakeForm,
        _take_stake,
        _ENTERED,
        Place.FOLDED,
        help=N_("The shares as they were registered. The other side confirms it."),
    ),
    _A.CHANGE_STAKE: Step(
        forms.ChangeStakeForm,
        _change_stake,
        _ENTERED,
        Place.FOLDED,
        help=N_("New capital has made the share smaller, or a part of it was sold."),
    ),
    _A.EXIT_STAKE: Step(
        forms.ExitStakeForm,
        _exit_stake,
        _ENTERED,
        Place.FOLDED,
        help=N_("All that is left of the stake was given up."),
    ),
    _A.COMPLETE: Step(
        forms.PlainForm,
        lambda deal, form: services.complete_deal(g.actor, deal),
        N_("The deal is completed."),
        Place.BUTTON,
    ),
    _A.TERMINATE: Step(
        forms.ReasonForm,
        lambda deal, form: services.terminate_deal(g.actor, deal, reason=form.reason.data or ""),
        N_("The licence was terminated."),
        Place.FOLDED,
        help=N_("What has fallen due stays owed; later amounts are no longer claimed."),
    ),
    _A.RETURN_DOCUMENTS: Step(
        forms.PlainForm,
        lambda deal, form: services.confirm_return(g.actor, deal),
        N_("The return of the documents is on record."),
        help=N_("The technical documents are back and use has stopped (Civil Code art. 873)."),
    ),
}
"""Editing has a page of its own, and taking back a payment an address of its own."""

VERBS: Mapping[str, DealAction] = {action.replace("_", "-"): action for action in STEPS}
