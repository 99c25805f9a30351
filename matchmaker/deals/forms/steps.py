"""Forms of the steps on a deal. `for_deal` fills in what can be chosen."""

from __future__ import annotations

import uuid
from typing import Any, Self

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, HiddenField, IntegerField, PasswordField, SelectField
from wtforms.validators import InputRequired, Optional, Regexp
from wtforms.widgets import HiddenInput

from matchmaker.core import clock, messages
from matchmaker.core.web import filters
from matchmaker.core.web.forms import DayField, Form, MoneyField, labelled, line, paragraph
from matchmaker.deals import queries, records
from matchmaker.deals.forms.fields import FILL, PercentField, not_optional, whole
from matchmaker.deals.models import Channel, ContractType, Deal, FileKind
from matchmaker.deals.records import RecordKind
from matchmaker.deals.rules import TEXT_LIMIT
from matchmaker.deals.services import REVERSAL_MEMOS
from matchmaker.deals.settlement import Target
from matchmaker.deals.terms import (
    FirstRevenue,
    Milestone,
    Milestones,
    RevenueThreshold,
    SimpleTrigger,
    Terms,
    simple_triggers,
)
from matchmaker.ledger.posting import MEMOS

FILE_HELP = _l("PDF, Word, Excel, PNG or JPEG.")


class StepForm(Form):
    def for_deal(self, deal: Deal) -> Self:
        return self


class PlainForm(StepForm):
    """A button."""


class OfferForm(StepForm):
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired()])


class AnswerForm(StepForm):
    """Names the version that was read."""

    sha256 = HiddenField(validators=[InputRequired()])


def _password() -> PasswordField:
    return PasswordField(
        _l("Your password"),
        [InputRequired(FILL)],
        description=_l("You sign for your organisation with the password you sign in with."),
        render_kw={"autocomplete": "current-password"},
    )


class SignForm(AnswerForm):
    password = _password()


class PasswordForm(StepForm):
    password = _password()


class DeclineForm(StepForm):
    reason = line(_l("Reason"), required=False, most=500, help=_l("The other parties read it."))


class ReasonForm(StepForm):
    reason = line(_l("Reason"), most=500, help=_l("The other parties read it."))


class EndForm(DeclineForm):
    documents_returned = BooleanField(_l("The technical documents were returned and use has stopped."))


# --- events and trial -----------------------------------------------------------------------------------------------


def event_text(terms: Terms, ref: str) -> str:
    """What an event is, in words: of the trigger or a milestone that is paid for."""
    prefix, _sep, place = ref.partition(":")
    if prefix == "milestone" and isinstance(terms.fee, Milestones):
        return terms.fee.parts[int(place)].text
    return _trigger_text(simple_triggers(terms.trigger)[int(place)])


def _trigger_text(trigger: SimpleTrigger) -> str:
    match trigger:
        case FirstRevenue():
            return str(_("First revenue from the product or service"))
        case RevenueThreshold(fen):
            return str(_("Revenue has reached %(amount)s", amount=filters.money(fen)))
        case Milestone(text):
            return text
    return ""


class EventForm(StepForm):
    ref = SelectField(_l("Event"), [InputRequired(FILL)])
    on = DayField(_l("Day of the event"), required=False, help=_l("Today, if left empty."))
    fen = MoneyField(_l("Revenue so far, in yuan"), required=False, help=_l("Where a sum of revenue is the event."))
    evidence = line(
        _l("How it is known"), required=False, most=500, help=_l("Such as the number of an invoice or of a report.")
    )
    file = FileField(_l("Evidence"), description=FILE_HELP)

    def for_deal(self, deal: Deal) -> Self:
        terms = queries.terms_in_force(deal)
        refs = queries.reportable_events(deal)
        self.ref.choices = [(ref, event_text(terms, ref)) for ref in refs] if terms is not None else []
        not_optional(self.evidence)
        return self


class TrialReportForm(StepForm):
    kind = SelectField(_l("Report"), [InputRequired(FILL)])
    text = paragraph(_l("What was found"), most=TEXT_LIMIT, rows=4)
    file = FileField(_l("File"), description=FILE_HELP)

    def for_deal(self, deal: Deal) -> Self:
        kinds = (RecordKind.TRIAL_MIDTERM, RecordKind.TRIAL_FINAL)
        self.kind.choices = [(str(kind), messages.label(kind)) for kind in kinds]
        return self


# --- royalties, payments, penalties ---------------------------------------------------------------------------------


class RoyaltyForm(StepForm):
    number = IntegerField(widget=HiddenInput(), validators=[InputRequired()])
    base_fen = MoneyField(_l("Amount of the base in this period, in yuan"), help=_l("0 if there was none."))


class _StatementForm(StepForm):
    number = SelectField(_l("Royalty period"), [InputRequired(FILL)], coerce=int)

    def _offer(self, deal: Deal, numbers: list[int]) -> Self:
        """Let these royalty periods be chosen from."""
        periods = {period.number: period for period in queries.royalty_periods(deal)}
        self.number.choices = [
            (
                number,
                _(
                    "%(number)s: %(first)s to %(last)s",
                    number=number,
                    first=filters.day(periods[number].starts_on),
                    last=filters.day(periods[number].ends_on),
                ),
            )
            for number in numbers
        ]
        return self


class ConfirmRoyaltyForm(_StatementForm):
    def for_deal(self, deal: Deal) -> Self:
        return self._offer(deal, queries.answerable_reports(deal))


class DisputeRoyaltyForm(ConfirmRoyaltyForm):
    reason = line(_l("Reason"), most=500, help=_l("The other parties read it."))
    audit = BooleanField(_l("Order an inspection of the accounts"))


class CorrectRoyaltyForm(_StatementForm):
    base_fen = MoneyField(_l("Correct amount of the base, in yuan"))
    reason = line(_l("Reason"), most=500, help=_l("The other parties read it."))
    file = FileField(_l("Evidence"), description=FILE_HELP)

    def for_deal(self, deal: Deal) -> Self:
        return self._offer(deal, queries.correctable_reports(deal))


def _targets(deal: Deal) -> list[tuple[str, str]]:
    """Amounts with something open, to choose from."""
    return [
        (
            records.target_ref((one.due.kind, one.due.number)),
            f"{messages.label(one.due.kind)} {one.due.number} · {filters.day(one.due.due_on)} · "
            f"{filters.exact_money(one.open_fen)}",
        )
        for one in queries.allocation(deal).settled
        if one.open_fen
    ]


class PaymentForm(StepForm):
    idempotency_key = HiddenField(
        default=lambda: uuid.uuid4().hex, validators=[InputRequired(), Regexp(r"[A-Za-z0-9._:-]{1,100}\Z")]
    )
    fen = MoneyField(_l("Amount received, in yuan"))
    paid_on = DayField(_l("Received on"), default=clock.today)
    channel = SelectField(_l("How it came in"), [Optional()])
    target = SelectField(_l("For"), [Optional()])
    note = line(_l("Note"), required=False, most=500, help=_l("Such as the reference of the bank transfer."))
    file = FileField(_l("Receipt"), description=FILE_HELP)

    def for_deal(self, deal: Deal) -> Self:
        self.channel.choices = labelled(Channel)
        self.channel.data = self.channel.data or str(Channel.BANK)
        self.target.choices = [("", _l("the oldest amounts first")), *_targets(deal)]
        self.target.data = self.target.data or ""
        return self

    def chosen_target(self) -> Target | None:
        return records.read_target(self.target.data) if self.target.data else None


class PenaltyForm(StepForm):
    target = SelectField(_l("Penalty on"), [InputRequired(FILL)])

    def for_deal(self, deal: Deal) -> Self:
        self.target.choices = [
            (
                records.target_ref((one.due.kind, one.due.number)),
                f"{messages.label(one.due.kind)} {one.due.number} · {filters.exact_money(one.fen)}",
            )
            for one in queries.penalties(deal, clock.today())
        ]
        return self


class ReversalForm(StepForm):
    memo_code = SelectField(_l("Reason"), [InputRequired(FILL)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.memo_code.choices = [(code, _l(MEMOS[code])) for code in REVERSAL_MEMOS]


class TransferForm(StepForm):
    to = line(
        _l("New licensee"),
        help=_l("A verified enterprise: its name or its unified social credit code."),
        render_kw={"autocomplete": "off"},
    )
    reason = line(_l("Reason"), most=500, help=_l("The other parties read it."))


# --- beside the deal ------------------------------------------------------------------------------------------------


class FileForm(StepForm):
    kind = SelectField(_l("Kind of file"), [InputRequired(FILL)])
    file = FileField(_l("File"), [InputRequired(_l("Choose a file."))], description=FILE_HELP)
    note = line(_l("Note"), required=False, most=500)

    def for_deal(self, deal: Deal) -> Self:
        # The scan of the signed contract has a form of its own, which checks the hash printed on it.
        self.kind.choices = [one for one in labelled(FileKind) if one[0] != FileKind.SIGNED_SCAN]
        return self


class NoticeForm(StepForm):
    summary = paragraph(
        _l("Summary of the achievement"), most=TEXT_LIMIT, rows=4, help=_l("Everyone can read it, without signing in.")
    )
    days = whole(_l("Days"), help=_l("At least 15. Signing is open from the day after."))


class RegistrationForm(StepForm):
    type = SelectField(_l("Type of contract"), [InputRequired(FILL)])
    number = line(_l("Registration number"), most=100)
    total_fen = MoneyField(_l("Price of the contract, in yuan"))
    approved_fen = MoneyField(_l("Approved technology part, in yuan"), help=_l("At most the price of the contract."))
    registered_on = DayField(_l("Registered on"))
    file = FileField(_l("Certificate of registration"), description=FILE_HELP)

    def for_deal(self, deal: Deal) -> Self:
        self.type.choices = labelled(ContractType)
        return self


class RewardForm(StepForm):
    cost_fen = MoneyField(_l("Costs, in yuan"), help=_l("Public research money is no cost."))
    tax_fen = MoneyField(_l("Tax, in yuan"))
    rate = PercentField(
        _l("Reward of the completers, in percent of net income"),
        [Optional()],
        description=_l("As the terms or the platform say, if left empty."),
    )


class ObjectionForm(Form):
    text = paragraph(_l("Your objection"), most=TEXT_LIMIT, rows=5)
    objector = line(
        _l("In the name of"), required=False, help=_l("If it came on paper from someone else: who objects.")
    )


class DecisionForm(Form):
    decision = paragraph(_l("What was found out and decided"), most=TEXT_LIMIT, rows=4)
    upheld = BooleanField(_l("The objection is right: the deal is not signed on these terms"))
