"""Forms of claims and budgets."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date
from fractions import Fraction
from typing import Any, TypeVar

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DecimalField, HiddenField, IntegerField, SelectField
from wtforms.fields.choices import SelectChoice  # type: ignore[attr-defined]
from wtforms.validators import InputRequired, Optional

from matchmaker.core import clock
from matchmaker.core.web import filters
from matchmaker.core.web.forms import ChecksField, DayField, Form, MoneyField, labelled, line, paragraph
from matchmaker.deals.models import Deal
from matchmaker.subsidies import stated_forms
from matchmaker.subsidies.catalogue import Clause, Per
from matchmaker.subsidies.models import OTHER, Claim
from matchmaker.subsidies.papers import PaperKind
from matchmaker.subsidies.reviewing import Opinion
from matchmaker.subsidies.services import NAMED_BY_SUBJECT

_FILL = _l("Please fill this in.")
F = TypeVar("F", bound="ClaimForm")


def _choices(pairs: Iterable[tuple[str, Any]]) -> list[SelectChoice]:
    return [SelectChoice(value=value, label=label) for value, label in pairs]


def _day_of(value: Any) -> date | None:
    return date.fromisoformat(value) if isinstance(value, str) and value else value or None


class ClaimForm(Form):
    """What a draft says."""

    requested_fen = MoneyField(_l("Sum claimed, in yuan"), help=_l("Up to what is left of the cap."))
    statement = paragraph(
        _l("Statement"),
        most=4000,
        rows=8,
        help=_l("What your organisation did, what it cost, and how you arrive at the sum."),
    )

    period_on = SelectField(
        _l("Claimed for"),
        [Optional()],
        coerce=_day_of,
        choices=[],
        description=_l("It counts in the cap of that period, with what was signed and received until its end."),
    )

    def offer_periods(self, clause: Clause, earlier: Collection[date]) -> None:
        """Earlier periods to choose from; no field where there is none."""
        if not earlier:
            del self.period_on
            return
        renewals = clause.per is Per.RECOGNITION_RENEWAL
        named = [(day.isoformat(), filters.day(day) if renewals else str(day.year)) for day in earlier]
        now = _l("the latest renewal") if renewals else str(clock.today().year)
        self.period_on.choices = [SelectChoice(value="", label=now), *_choices(named)]

    def entries(self) -> dict[str, Any]:
        return {
            "requested_fen": self.requested_fen.data,
            "statement": self.statement.data,
            "stated": stated_forms.entered(self),
            "period_on": self.period_on.data if self.period_on else None,
        }

    @property
    def facts(self) -> list[str]:
        """Names of the fields that state facts."""
        return [field.name for field in stated_forms.asked_fields(self)]

    version = HiddenField()

    @property
    def seen_version(self) -> int | None:
        """Version of the claim that the page showed."""
        typed = str(self.version.data or "")
        return int(typed) if typed.isascii() and typed.isdecimal() and len(typed) < 10 else None

    def show(self, claim: Claim) -> None:
        """Fill the fields that are no columns of the claim."""
        for name, value in stated_forms.prefilled(claim.stated).items():
            if (field := self._fields.get(name)) is not None:
                field.data = value


def stating(form: type[F], clause: Clause) -> type[F]:
    """The form with a field for each fact that the claimant states under this clause; all may stay open."""
    return stated_forms.asking(form, clause, but=NAMED_BY_SUBJECT)


class NewClaimForm(ClaimForm):
    deal = ChecksField(
        _l("Deals"),
        [InputRequired(_l("Choose at least one deal."))],
        description=_l("Signed deals for which no claim under this clause stands. What they brought in is added up."),
    )

    def __init__(self, deals: Collection[Deal], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        signed = [(str(deal.id), f"{deal.title} · {filters.day(deal.signed_on)}") for deal in deals]
        self.deal.choices = _choices(signed)
        self.offered = list(deals)

    @property
    def chosen(self) -> list[Deal]:
        return [deal for deal in self.offered if str(deal.id) in (self.deal.data or ())]

    def show(self, claim: Claim) -> None:
        super().show(claim)
        self.deal.data = [str(deal.id) for deal in claim.deals]


class NewSubjectForm(ClaimForm):
    """For a clause that is not claimed for a deal."""

    subject = line(
        _l("What you claim for"),
        help=_l("Name of the project, platform, park or person, as it stands in the decision or contract."),
    )


class EvidenceForm(Form):
    kind = SelectField(_l("Kind of document"), choices=[])
    file = FileField(_l("File"), [FileRequired(_l("Choose a file."))], description=_l("PDF, PNG, JPEG, DOCX or XLSX."))

    def __init__(self, clause: Clause, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        asked = [(one.id, filters.in_language(one.label.zh, one.label.en)) for one in clause.evidence]
        self.kind.choices = [*asked, (OTHER, _l("Other document"))]
        if not self.kind.data or self.kind.data == "None":
            self.kind.data = OTHER


class PaperForm(Form):
    kind = SelectField(_l("Kind of number"), choices=[])
    number = line(_l("Number"), most=80, help=_l("As it stands on the paper. It counts once, however it is spelt."))
    fen = MoneyField(_l("Sum, in yuan"), required=False, help=_l("Of receipts and invoices."))
    dated_on = DayField(_l("Day"), required=False, help=_l("Of receipts and invoices."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind.choices = labelled(PaperKind)


class ParticularsForm(Form):
    address = line(_l("Registered address"))
    phone = line(_l("Telephone"), most=40)
    legal_representative = line(_l("Legal representative"), most=80)
    owners = paragraph(
        _l("Owners"),
        most=2000,
        required=False,
        help=_l("Shareholders from 5% on: one name or credit code on each line."),
    )

    def entries(self) -> dict[str, Any]:
        names = [name.strip() for name in (self.owners.data or "").splitlines() if name.strip()]
        return {
            "address": self.address.data,
            "phone": self.phone.data,
            "legal_representative": self.legal_representative.data,
            "owners": names,
        }


class ReasonForm(Form):
    reason = paragraph(_l("Reason"), most=2000, help=_l("The claimant reads it with the decision."))


class OpinionForm(Form):
    opinion = SelectField(_l("Opinion"), [InputRequired(_FILL)])
    score = IntegerField(_l("Score, 0 to 100"), [InputRequired(_FILL)])
    fen = MoneyField(_l("Sum you would grant, in yuan"), required=False, help=_l("Needed to support the claim."))
    comment = paragraph(_l("Grounds"), most=2000, help=_l("Read by the bureau, not by the claimant."))
    no_conflict = BooleanField(
        _l("I belong to neither the claimant nor a party of the deal, and have no interest in this claim.")
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.opinion.choices = labelled(Opinion, blank=_l("Choose"))

    def entries(self) -> dict[str, Any]:
        return {
            "opinion": Opinion(self.opinion.data),
            "score": self.score.data if self.score.data is not None else -1,
            "fen": int(self.fen.data or 0),
            "comment": self.comment.data,
            "no_conflict": bool(self.no_conflict.data),
        }


class StandDownForm(Form):
    conflict = paragraph(_l("Your interest in this claim"), most=1000, rows=2)


class FlagForm(Form):
    answer = paragraph(_l("What you found"), most=1000, rows=2)


class ConditionForm(Form):
    note = paragraph(_l("What you found"), most=1000, rows=2, help=_l("The claimant reads it with the verdict."))


class ProposalForm(Form):
    fen = MoneyField(_l("Sum proposed, in yuan"), help=_l("Up to what the reviewers recommend."))
    reason = paragraph(_l("Reason"), most=2000, help=_l("The claimant reads it with the decision."))


class ObjectionForm(Form):
    text = paragraph(_l("Your objection"), most=4000, help=_l("What is wrong, and what shows it. The bureau reads it."))


class ObjectionDecisionForm(Form):
    decision = paragraph(_l("Decision and its grounds"), most=2000, rows=3)


class PaymentForm(Form):
    paid_on = DayField(_l("Day of the payment"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.paid_on.data is None and not self.is_submitted():
            self.paid_on.data = clock.today()


class ClawBackForm(Form):
    rate = DecimalField(
        _l("Yearly rate of interest, in per cent"),
        [InputRequired(_FILL)],
        description=_l("Simple interest by the day."),
    )
    bar_months = IntegerField(
        _l("Months without claims"),
        [InputRequired(_FILL)],
        description=_l("How long the claimant is barred; 0 for none."),
    )
    reason = paragraph(_l("Reason"), most=2000, help=_l("The claimant reads it with the decision."))

    def entries(self) -> dict[str, Any]:
        rate = self.rate.data
        exact = Fraction(rate) / 100 if rate is not None and rate.is_finite() else Fraction(-1)
        months = self.bar_months.data if self.bar_months.data is not None else -1
        return {"yearly_rate": exact, "bar_months": months, "reason": self.reason.data}


class ReturnForm(Form):
    returned_on = DayField(_l("Day of the repayment"))


class WorkdayForm(Form):
    day = DayField(_l("Day"))
    works = SelectField(
        _l("That day is"),
        choices=_choices([("no", _l("a day off")), ("yes", _l("a workday"))]),
        validators=[InputRequired(_FILL)],
    )
    note = line(_l("Source"), help=_l("The announcement that says so."))


class BudgetForm(Form):
    programme = SelectField(_l("Programme"), [InputRequired(_FILL)])
    year = IntegerField(_l("Year"), [InputRequired(_FILL)])
    total_fen = MoneyField(
        _l("Total of the year, in yuan"), help=_l("Not less than what is already granted or reserved.")
    )

    def __init__(self, clauses: Collection[Clause], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(clause.id, filters.in_language(clause.name_zh, clause.name_en)) for clause in clauses]
        self.programme.choices = [("", _l("Choose")), *((key, f"{key} {name}") for key, name in named)]
