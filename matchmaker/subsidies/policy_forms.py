"""Forms of the policy: dated values, decisions on them, the bad-credit list."""

from __future__ import annotations

import re
from collections.abc import Collection
from fractions import Fraction
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import Field, SelectField
from wtforms.validators import InputRequired, Optional
from wtforms.widgets import TextInput

from matchmaker.core.errors import DomainError
from matchmaker.core.web import filters
from matchmaker.core.web.forms import ChecksField, DayField, Form, MoneyField, line, on_one_line, paragraph
from matchmaker.subsidies import policies
from matchmaker.subsidies.catalogue import Clause, Per
from matchmaker.subsidies.catalogue_faults import BadCatalogue
from matchmaker.subsidies.catalogue_reader import load_conditions, load_evidence
from matchmaker.subsidies.clause_text import conditions_text, evidence_text
from matchmaker.subsidies.words import fact_name, words

_FILL = _l("Please fill this in.")

MONEY = ("approved_fen", "invoices_fen", "receipts_fen", "receipts_year_fen")
"""Sums of money that a rate can apply to; the least of those chosen counts."""

_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,4}))?\s*[%％]", re.ASCII)
_FRACTION = re.compile(r"(\d{1,9})\s*/\s*([1-9]\d{0,8})", re.ASCII)


class RateField(Field):
    """A rate as people write it, 3% or 3/100; an exact fraction above 0 and up to 1 in `data`."""

    widget = TextInput()
    data: Fraction | None
    typed = ""

    def __init__(self, label: Any, *, help: Any = "", **kwargs: Any) -> None:
        super().__init__(label, [Optional()], description=help, render_kw={"autocomplete": "off"}, **kwargs)

    def process_formdata(self, valuelist: list[str]) -> None:
        self.typed = on_one_line(valuelist[0]) if valuelist else ""
        self.data = rate_of(self.typed) if self.typed else None
        if self.typed and self.data is None:
            raise ValueError(
                str(_l("Write a percentage or a fraction such as 3/100, above zero and not above the whole."))
            )

    def _value(self) -> str:
        return self.typed


def rate_of(text: str) -> Fraction | None:
    """Rate of a text, None where it is none."""
    rate = Fraction(0)
    if match := _PERCENT.fullmatch(text):
        decimals = match[2] or ""
        rate = Fraction(int(match[1] + decimals), 100 * 10 ** len(decimals))
    elif match := _FRACTION.fullmatch(text):
        rate = Fraction(int(match[1]), int(match[2]))
    return rate if 0 < rate <= 1 else None


class ValuesForm(Form):
    clause_id = SelectField(_l("Clause"), [InputRequired(_FILL)])
    from_on = DayField(_l("In force from"), help=_l("Claims handed in on this day and later are judged by it."))
    rate = RateField(
        _l("Rate"), help=_l("A percentage or a fraction such as 3/100. Leave it empty where the rate does not change.")
    )
    base = ChecksField(
        _l("Money the rate applies to"),
        [Optional()],
        description=_l("The least of those you choose counts."),
    )
    amount_fen = MoneyField(_l("Sum of the clause, in yuan"), required=False, help=_l("Only where it changes."))
    minimum_fen = MoneyField(_l("Least sum paid out, in yuan"), required=False, help=_l("Only where it changes."))
    deadline_on = DayField(_l("Last day for claims"), required=False, help=_l("Only where it changes."))
    per = SelectField(_l("The sum is granted for"), [Optional()], description=_l("Only where it changes."))
    conditions = paragraph(
        _l("Conditions for a claim"),
        required=False,
        rows=14,
        help=_l("As in the policy file. What you leave as it stands does not change; [] takes all of them away."),
    )
    evidence = paragraph(
        _l("Evidence"),
        required=False,
        rows=6,
        help=_l("As in the policy file. What you leave as it stands does not change; [] takes all of them away."),
    )
    source = paragraph(
        _l("Source"), most=500, rows=2, help=_l("Title, number and article of the document that sets these values.")
    )

    def __init__(self, clauses: Collection[Clause], shown: Clause | None) -> None:
        """`shown` is the clause whose text stands in the form to begin with, if it is for one alone."""
        self.shown = shown
        super().__init__(data=_text_of(shown) if shown is not None else None)
        named = [(one.id, f"{one.id} {filters.in_language(one.name_zh, one.name_en)}") for one in clauses]
        self.clause_id.choices = [("", _l("Choose")), *named]
        self.base.choices = [(name, fact_name(name)) for name in MONEY]
        labels = policies.current().catalogue.per_labels
        pers = [(per.value, words(label)) for per, label in labels.items() if per is not Per.NOT_APPLICABLE]
        self.per.choices = [("", _l("As it is")), *pers]

    def values(self) -> dict[str, Any]:
        """Dated values that were entered. Raises BadCatalogue with the faults of the texts, each at its field."""
        entered = {
            "rate": self.rate.data,
            "base": tuple(name for name in MONEY if name in (self.base.data or ())) or None,
            "amount_fen": self.amount_fen.data,
            "minimum_fen": self.minimum_fen.data,
            "deadline_on": self.deadline_on.data,
            "per": Per(self.per.data) if self.per.data else None,
            **self._lists(),
        }
        return {name: value for name, value in entered.items() if value is not None}

    def _lists(self) -> dict[str, Any]:
        """Conditions and evidence that differ from those the form began with."""
        read: dict[str, Any] = {}
        faults: list[DomainError] = []
        for field, load in ((self.conditions, load_conditions), (self.evidence, load_evidence)):
            try:
                read[field.name] = load(field.data, file=str(field.label.text)) if field.data else None
            except BadCatalogue as refused:
                for fault in refused.errors:
                    fault.field = field.name
                faults += refused.errors
        if faults:
            raise BadCatalogue(faults)
        return {name: rows for name, rows in read.items() if self.shown is None or rows != getattr(self.shown, name)}


def _text_of(clause: Clause) -> dict[str, str]:
    lists = {"conditions": conditions_text(clause.conditions), "evidence": evidence_text(clause.evidence)}
    return {"clause_id": clause.id, **lists}


class DecisionForm(Form):
    reason = paragraph(_l("Reason"), required=False, most=2000, help=_l("Needed to refuse. The proposer reads it."))


class DiscreditedForm(Form):
    credit_code = line(_l("Unified social credit code"), most=18)
    name = line(_l("Name of the organisation"))
    listed_on = DayField(_l("Listed on"))
    source = line(_l("Source"), help=_l("The list or decision that this entry comes from."))
