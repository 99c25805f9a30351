"""Forms of claims and budgets."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import IntegerField, SelectField
from wtforms.validators import InputRequired

from matchmaker.core import clock
from matchmaker.core.web import filters
from matchmaker.core.web.forms import DayField, Form, MoneyField, paragraph
from matchmaker.deals.models import Deal
from matchmaker.subsidies.catalogue import Clause

_FILL = _l("Please fill this in.")


class ClaimForm(Form):
    """What a draft says."""

    requested_fen = MoneyField(_l("Sum claimed, in yuan"), help=_l("Up to what is left of the cap."))
    statement = paragraph(
        _l("Statement"),
        most=4000,
        rows=8,
        help=_l("What your organisation did for this deal, what it cost, and how you arrive at the sum."),
    )

    def entries(self) -> dict[str, Any]:
        return {"requested_fen": self.requested_fen.data, "statement": self.statement.data}


class NewClaimForm(ClaimForm):
    deal = SelectField(
        _l("Deal"), [InputRequired(_FILL)], description=_l("Signed deals for which no claim under this clause stands.")
    )

    def __init__(self, deals: Collection[Deal], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        signed = [(str(deal.id), f"{deal.title} · {filters.day(deal.signed_on)}") for deal in deals]
        self.deal.choices = [("", _l("Choose")), *signed]


class EvidenceForm(Form):
    file = FileField(_l("File"), [FileRequired(_l("Choose a file."))], description=_l("PDF, PNG, JPEG, DOCX or XLSX."))


class DecisionForm(Form):
    approved_fen = MoneyField(
        _l("Sum approved, in yuan"), required=False, help=_l("Needed to approve. Up to the sum claimed.")
    )
    reason = paragraph(_l("Reason"), most=2000, help=_l("The claimant reads it with the decision."))


class PaymentForm(Form):
    paid_on = DayField(_l("Day of the payment"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.paid_on.data is None and not self.is_submitted():
            self.paid_on.data = clock.today()


class BudgetForm(Form):
    programme = SelectField(_l("Programme"), [InputRequired(_FILL)])
    year = IntegerField(_l("Year"), [InputRequired(_FILL)])
    total_fen = MoneyField(_l("Total of the year, in yuan"), help=_l("Not less than what is already granted."))

    def __init__(self, clauses: Collection[Clause], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(clause.id, filters.in_language(clause.name_zh, clause.name_en)) for clause in clauses]
        self.programme.choices = [("", _l("Choose")), *((key, f"{key} {name}") for key, name in named)]
