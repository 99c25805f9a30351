"""Forms of the deal pages."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, IntegerField, PasswordField, RadioField, SelectField
from wtforms.validators import InputRequired, NumberRange, Optional, Regexp
from wtforms.widgets import HiddenInput, TextInput

from matchmaker.core import clock
from matchmaker.core.errors import N_, Invalid, InvalidMany
from matchmaker.core.web.forms import ChecksField, DayField, Form, MoneyField, labelled, line, paragraph
from matchmaker.deals.documents import percent_text
from matchmaker.deals.models import Deal
from matchmaker.deals.rules import TEXT_LIMIT
from matchmaker.deals.services import REVERSAL_MEMOS
from matchmaker.deals.terms import (
    DealKind,
    Deferral,
    EntryFeeRoyalty,
    Fee,
    FirstRevenue,
    Instalment,
    Instalments,
    LicenceKind,
    LumpSum,
    Milestone,
    OnDate,
    PaymentTrigger,
    RevenueThreshold,
    RoyaltyBase,
    Terms,
)
from matchmaker.ledger.posting import MEMOS
from matchmaker.listings.models import Achievement

_FILL = _l("Please fill this in.")
FIRST_ROWS, MORE_ROWS, MOST_ROWS = 4, 6, 120


def _as_id(value: uuid.UUID | str) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(value)


class NewDealForm(Form):
    """Which achievements, with whom. The parts that the actor's own organisation takes are left out."""

    kind = RadioField(_l("Kind of deal"), [InputRequired(_FILL)])
    q = line(_l("Search by title"), required=False)
    achievements = ChecksField(
        _l("Achievements to be licensed"), [InputRequired(_l("Choose at least one."))], coerce=_as_id
    )
    licensee = line(
        _l("Licensee"),
        help=_l("A verified enterprise: its name or its unified social credit code."),
        render_kw={"list": "enterprises", "autocomplete": "off"},
    )
    broker = line(
        _l("Intermediary"),
        required=False,
        help=_l("Who brought the two together, if anyone did. It signs as well and may claim a subsidy for the deal."),
        render_kw={"list": "intermediaries", "autocomplete": "off"},
    )
    title = line(_l("Title"), required=False, help=_l("If left empty, that of the first achievement."))

    def __init__(self, *args: Any, leave_out: Iterable[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = labelled(DealKind)
        for name in leave_out:
            del self[name]

    def offer_choice(self, achievements: Iterable[Achievement]) -> None:
        self.achievements.choices = [(row.id, f"{row.title} · {row.organisation.name}") for row in achievements]


# --- terms ----------------------------------------------------------------------------------------------------------

TRIGGERS = {
    "on_date": N_("On a day fixed in advance"),
    "first_revenue": N_("With the first revenue from the product or service"),
    "revenue_threshold": N_("When revenue reaches an amount"),
    "milestone": N_("When a milestone has been accepted"),
}
FEES = {
    "lump_sum": N_("Lump sum when payment starts"),
    "instalments": N_("Price in instalments"),
    "deferral": N_("Price some months after payment starts"),
    "entry_fee_royalty": N_("Entry fee and royalty"),
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "on_date": ("trigger_on",),
    "revenue_threshold": ("trigger_fen",),
    "milestone": ("trigger_text",),
    "lump_sum": ("lump_fen",),
    "deferral": ("deferral_fen", "deferral_months"),
    "entry_fee_royalty": ("entry_fen", "rate", "base", "period_months"),
}
"""Entries that are asked for only with this trigger or fee."""

_RATE = re.compile(r"(\d{1,3}(?:\.\d{1,6})?|\d{1,6}/[1-9]\d{0,5})[%％]?")


class PercentField(Field):
    """A share in percent on the page, an exact Fraction of the whole in `data`."""

    widget = TextInput()

    def process_formdata(self, valuelist: list[str]) -> None:
        self.typed = valuelist[0].strip() if valuelist else ""
        match = _RATE.fullmatch(self.typed)
        self.data: Fraction | None = Fraction(match[1]) / 100 if match else None
        if self.typed and match is None:
            raise ValueError(_l("Write a percentage, such as 3 or 2.5."))

    def _value(self) -> str:
        typed = getattr(self, "typed", "")
        return typed or ("" if self.data is None else percent_text(self.data))


def _months(label: Any, *, required: bool = True, help: Any = "") -> IntegerField:
    first = InputRequired(_FILL) if required else Optional()
    return IntegerField(label, [first, NumberRange(0, 9999)], description=help)


def _not_optional(field: Field) -> None:
    """Let the label not say “optional”, without the browser asking for it: other entries or the rules decide."""
    field.flags.required = True
    field.render_kw = {**(field.render_kw or {}), "required": False}


class TermsForm(Form):
    """All entries of `terms.Terms`, those of the triggers and fees that are not chosen left out of account."""

    version = IntegerField(widget=HiddenInput())
    kind = SelectField(_l("Kind of deal"), [InputRequired(_FILL)])
    licence = SelectField(_l("Kind of licence"), [InputRequired(_FILL)])
    territory = line(_l("Territory"), help=_l("Where the licensee may use it, such as Jilin Province."))
    field_of_use = paragraph(
        _l("Field of use"), most=TEXT_LIMIT, rows=2, help=_l("For which products, services or processes.")
    )
    sublicence = BooleanField(_l("The licensee may grant sub-licences"))
    effective_on = DayField(_l("In force from"))
    trial_months = _months(
        _l("Trial, in months"), help=_l("Free use before payment. Twelve months are usual; 0 for none.")
    )
    ends_on = DayField(
        _l("Last day of the licence"),
        help=_l("Not later than the day on which the first of the rights expires."),
    )
    trigger = SelectField(_l("Payment starts"), [InputRequired(_FILL)])
    trigger_on = DayField(_l("Payment starts on"), required=False)
    trigger_fen = MoneyField(_l("Payment starts when revenue reaches, in yuan"), required=False)
    trigger_text = line(_l("Payment starts with the milestone"), required=False, most=TEXT_LIMIT)
    fee = SelectField(_l("Fee"), [InputRequired(_FILL)])
    lump_fen = MoneyField(_l("Lump sum, in yuan"), required=False)
    deferral_fen = MoneyField(_l("Deferred fee, in yuan"), required=False)
    deferral_months = _months(_l("Months after payment starts"), required=False)
    entry_fen = MoneyField(_l("Entry fee, in yuan"), required=False, help=_l("0 for none."))
    rate = PercentField(_l("Royalty rate, in percent"), [Optional()], render_kw={"inputmode": "decimal"})
    base = SelectField(_l("Royalty base"), [Optional()])
    minimum_fen = MoneyField(_l("Minimum royalty for each period, in yuan"), required=False)
    cap_fen = MoneyField(_l("Maximum royalty for each period, in yuan"), required=False)
    period_months = _months(
        _l("Royalty period, in months"),
        required=False,
        help=_l("From 1 to 12. The licensee reports after each one."),
    )
    grace_days = IntegerField(
        _l("Days of grace"),
        [InputRequired(_FILL), NumberRange(0, 9999)],
        description=_l("An amount is overdue when so many days have passed after its day."),
    )
    commission_fen = MoneyField(_l("Commission of the intermediary, in yuan"), required=False)

    rows = 0

    def __init__(self, *args: Any, has_broker: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices, self.licence.choices = labelled(DealKind), labelled(LicenceKind)
        self.trigger.choices = [(name, _l(phrase)) for name, phrase in TRIGGERS.items()]
        self.fee.choices = [(name, _l(phrase)) for name, phrase in FEES.items()]
        self.base.choices = labelled(RoyaltyBase)
        if not has_broker:
            del self.commission_fen
        for name in (name for names in NEEDED.values() for name in names):
            _not_optional(self[name])

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        super().validate(*args, **kwargs)
        parts = [f"part_{row}_{cell}" for row in self.part_rows for cell in ("months", "fen")]
        for choice, names in {**NEEDED, "instalments": parts}.items():
            for name in names:
                field = self[name]
                if choice not in (self.trigger.data, self.fee.data):
                    field.errors = []
                elif choice in NEEDED and field.data in (None, "") and not field.errors:
                    field.errors = [_FILL]
        return not self.errors

    def attach(self, error: Invalid) -> None:
        for part in error.errors if isinstance(error, InvalidMany) else [error]:
            part.field = self._name_of(part.field or "")
        super().attach(error)

    def _name_of(self, path: str) -> str:
        """The field that holds this entry of the terms."""
        if match := re.fullmatch(r"fee\.parts\.(\d+)\.(fen|months_after)", path):
            return f"part_{self._filled_rows()[int(match[1])]}_{'fen' if match[2] == 'fen' else 'months'}"
        return {
            "trigger.on": "trigger_on",
            "trigger.fen": "trigger_fen",
            "trigger.text": "trigger_text",
            "fee.fen": "lump_fen" if self.fee.data == "lump_sum" else "deferral_fen",
            "fee.months_after": "deferral_months",
            "fee.parts": "part_1_fen",
        }.get(path, path.removeprefix("fee."))

    def _filled_rows(self) -> list[int]:
        return [row for row in self.part_rows if self._cells(row) != (None, None)]

    @property
    def part_rows(self) -> range:
        return range(1, self.rows + 1)

    def _cells(self, row: int) -> tuple[int | None, int | None]:
        """Months and fen of an instalment."""
        return self[f"part_{row}_months"].data, self[f"part_{row}_fen"].data

    def terms(self) -> Terms:
        """What was entered, valid as a form. Raises InvalidMany for instalments that are half filled in."""
        entered: dict[str, Any] = self.data
        return Terms(
            kind=DealKind(entered["kind"]),
            licence=LicenceKind(entered["licence"]),
            territory=entered["territory"],
            field_of_use=entered["field_of_use"],
            sublicence=entered["sublicence"],
            effective_on=entered["effective_on"],
            trial_months=entered["trial_months"],
            ends_on=entered["ends_on"],
            trigger=self._trigger(entered),
            fee=self._fee(entered),
            grace_days=entered["grace_days"],
            commission_fen=entered.get("commission_fen"),
        )

    def _trigger(self, entered: dict[str, Any]) -> PaymentTrigger:
        match entered["trigger"]:
            case "on_date":
                return OnDate(entered["trigger_on"])
            case "revenue_threshold":
                return RevenueThreshold(entered["trigger_fen"])
            case "milestone":
                return Milestone(entered["trigger_text"])
        return FirstRevenue()

    def _fee(self, entered: dict[str, Any]) -> Fee:
        match entered["fee"]:
            case "instalments":
                return Instalments(self._parts())
            case "deferral":
                return Deferral(entered["deferral_fen"], entered["deferral_months"])
            case "entry_fee_royalty":
                return EntryFeeRoyalty(
                    entry_fen=entered["entry_fen"],
                    rate=entered["rate"],
                    base=RoyaltyBase(entered["base"]),
                    minimum_fen=entered["minimum_fen"] or 0,
                    cap_fen=entered["cap_fen"],
                    period_months=entered["period_months"],
                )
        return LumpSum(entered["lump_fen"])

    def _parts(self) -> tuple[Instalment, ...]:
        cells = [self._cells(row) for row in self._filled_rows()]
        gaps = [
            RowIncomplete(field=f"fee.parts.{index}.{'fen' if fen is None else 'months_after'}")
            for index, (months, fen) in enumerate(cells)
            if months is None or fen is None
        ]
        if gaps:
            raise InvalidMany(gaps)
        return tuple(Instalment(months, fen) for months, fen in cells if months is not None and fen is not None)


class RowIncomplete(Invalid):
    code = "deal.row_incomplete"
    phrase = N_("An instalment needs both: the months after payment starts, and the amount.")


def terms_form(deal: Deal, *, rows: int, **binding: Any) -> TermsForm:
    """The form with room for so many instalments, showing the draft or, before there is one, what is usual."""
    cells: dict[str, Any] = {}
    for row in range(1, rows + 1):
        cells[f"part_{row}_months"] = _months(_l("Months after payment starts"), required=False)
        cells[f"part_{row}_fen"] = MoneyField(_l("Amount, in yuan"), required=False)
    form_class = type("TermsFormWithRows", (TermsForm,), {**cells, "rows": rows})
    draft = deal.draft
    data = _usual(deal.kind) if draft is None else _entries(draft)
    form: TermsForm = form_class(
        has_broker=deal.broker_id is not None, data={**data, "version": deal.version}, **binding
    )
    return form


def rows_for(draft: Terms | None) -> int:
    """Room for the instalments of the draft and a few more."""
    used = len(draft.fee.parts) if draft is not None and isinstance(draft.fee, Instalments) else 0
    return min(MOST_ROWS, max(FIRST_ROWS, used + 2))


def _usual(kind: DealKind) -> dict[str, Any]:
    today = clock.today()
    return {
        "kind": kind,
        "licence": LicenceKind.ORDINARY,
        "effective_on": today,
        "trial_months": 12 if kind == DealKind.PAY_LATER_LICENCE else 0,
        "trigger": "first_revenue" if kind == DealKind.PAY_LATER_LICENCE else "on_date",
        "trigger_on": None if kind == DealKind.PAY_LATER_LICENCE else today,
        "fee": "lump_sum",
        "base": RoyaltyBase.SALES,
        "period_months": 12,
        "grace_days": 30,
    }


def _entries(terms: Terms) -> dict[str, Any]:
    names = ("kind", "licence", "territory", "field_of_use", "sublicence", "effective_on", "trial_months", "ends_on")
    entries = {name: getattr(terms, name) for name in (*names, "grace_days", "commission_fen")}
    match terms.trigger:
        case OnDate(on):
            entries |= {"trigger": "on_date", "trigger_on": on}
        case FirstRevenue():
            entries |= {"trigger": "first_revenue"}
        case RevenueThreshold(fen):
            entries |= {"trigger": "revenue_threshold", "trigger_fen": fen}
        case Milestone(text):
            entries |= {"trigger": "milestone", "trigger_text": text}
    match terms.fee:
        case LumpSum(fen):
            entries |= {"fee": "lump_sum", "lump_fen": fen}
        case Deferral(fen, months):
            entries |= {"fee": "deferral", "deferral_fen": fen, "deferral_months": months}
        case Instalments(parts):
            entries |= {"fee": "instalments"}
            for row, part in enumerate(parts, start=1):
                entries |= {f"part_{row}_months": part.months_after, f"part_{row}_fen": part.fen}
        case EntryFeeRoyalty() as fee:
            entries |= {"fee": "entry_fee_royalty", "minimum_fen": fee.minimum_fen or None}
            entries |= {name: getattr(fee, name) for name in ("entry_fen", "rate", "base", "cap_fen", "period_months")}
    return entries


# --- steps ----------------------------------------------------------------------------------------------------------


class PlainForm(Form):
    """A button."""


class OfferForm(Form):
    version = IntegerField(widget=HiddenInput(), validators=[InputRequired()])


class AnswerForm(Form):
    """Names the version that was read."""

    sha256 = HiddenField(validators=[InputRequired()])


class SignForm(AnswerForm):
    password = PasswordField(
        _l("Your password"),
        [InputRequired(_FILL)],
        description=_l("You sign for your organisation with the password you sign in with."),
        render_kw={"autocomplete": "current-password"},
    )


class DeclineForm(Form):
    reason = line(_l("Reason"), required=False, most=500, help=_l("The other parties read it."))


class TerminateForm(Form):
    reason = line(_l("Reason"), most=500, help=_l("The other parties read it."))


class StartPaymentForm(Form):
    on = DayField(_l("Day of the event"), required=False, help=_l("Today, if left empty."))
    evidence = line(
        _l("How it is known"), required=False, most=500, help=_l("Such as the number of an invoice or of a report.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _not_optional(self.evidence)


class EndForm(DeclineForm):
    documents_returned = BooleanField(_l("The technical documents were returned and use has stopped."))


class RoyaltyForm(Form):
    number = IntegerField(widget=HiddenInput(), validators=[InputRequired()])
    base_fen = MoneyField(_l("Amount of the base in this period, in yuan"), help=_l("0 if there was none."))


class PaymentForm(Form):
    idempotency_key = HiddenField(
        default=lambda: uuid.uuid4().hex, validators=[InputRequired(), Regexp(r"[A-Za-z0-9._:-]{1,100}\Z")]
    )
    fen = MoneyField(_l("Amount received, in yuan"))
    paid_on = DayField(_l("Received on"), default=clock.today)
    note = line(_l("Note"), required=False, most=500, help=_l("Such as the reference of the bank transfer."))


class ReversalForm(Form):
    memo_code = SelectField(_l("Reason"), [InputRequired(_FILL)])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.memo_code.choices = [(code, _l(MEMOS[code])) for code in REVERSAL_MEMOS]
