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

from matchmaker.core.web import filters
from matchmaker.core.web.forms import ChecksField, DayField, Form, MoneyField, line, on_one_line, paragraph
from matchmaker.subsidies.catalogue import Clause
from matchmaker.subsidies.words import fact_name

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
    source = paragraph(
        _l("Source"), most=500, rows=2, help=_l("Title, number and article of the document that sets these values.")
    )

    def __init__(self, clauses: Collection[Clause], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = [(one.id, f"{one.id} {filters.in_language(one.name_zh, one.name_en)}") for one in clauses]
        self.clause_id.choices = [("", _l("Choose")), *named]
        self.base.choices = [(name, fact_name(name)) for name in MONEY]

    def values(self) -> dict[str, Any]:
        """Dated values that were entered."""
        entered = {
            "rate": self.rate.data,
            "base": tuple(name for name in MONEY if name in (self.base.data or ())) or None,
            "amount_fen": self.amount_fen.data,
            "minimum_fen": self.minimum_fen.data,
            "deadline_on": self.deadline_on.data,
        }
        return {name: value for name, value in entered.items() if value is not None}


class DecisionForm(Form):
    reason = paragraph(_l("Reason"), required=False, most=2000, help=_l("Needed to refuse. The proposer reads it."))


class DiscreditedForm(Form):
    credit_code = line(_l("Unified social credit code"), most=18)
    name = line(_l("Name"))
    listed_on = DayField(_l("Listed on"))
    source = line(_l("Source"), help=_l("The list or decision that this entry comes from."))
