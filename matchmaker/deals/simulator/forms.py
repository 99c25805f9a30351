"""What the simulator is asked: a form that is sent by GET, so that a result has an address to share."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict
from wtforms import IntegerField
from wtforms.validators import InputRequired, NumberRange

from matchmaker.core.money import FEN_PER_WAN, yuan_text
from matchmaker.core.web.forms import DayField, Form, MoneyField
from matchmaker.deals.documents import percent_text
from matchmaker.deals.forms.fields import PercentField
from matchmaker.deals.practice import practice
from matchmaker.deals.simulate import Assumptions, Prices, Scenario
from matchmaker.deals.terms import Deferral, EntryFeeRoyalty, Instalments, LumpSum, Terms, fixed_fen, rates_of

MOST_FEN = 100_000 * FEN_PER_WAN
"""One billion yuan: beyond what any licence or product of this platform's members is about."""

USUAL: Mapping[str, str] = {
    "price": "1000000",
    "years": "5",
    "begin": "6",
    "low": "1500000",
    "expected": "4000000",
    "high": "8000000",
    "growth": "10",
    "margin": "25",
    "investment": "600000",
    "handover": "50000",
    "rate": "8",
    "vat": "0",
    "commission": "0",
    "parts": "3",
    "every": "12",
    "defer": "24",
    "entry": "200000",
    "royalty": "5",
    "period": "12",
    "minimum": "",
    "cap": "",
    "trial": "12",
    "later": "1150000",
    "later_royalty": "0",
}
"""An example to begin with, so that nobody looks at an empty page. Plainly invented."""

GROUPS = (
    ("technology", ("start", "years", "begin", "low", "expected", "high", "growth", "margin", "investment")),
    ("prices", ("price", "parts", "every", "defer", "entry", "royalty", "period", "minimum", "cap")),
    ("later", ("trial", "later", "later_royalty", "rate", "handover", "vat", "commission")),
)


def _whole(label: Any, low: int, high: int, help: Any = "") -> IntegerField:
    rules = [InputRequired(_l("Please fill this in.")), NumberRange(low, high)]
    return IntegerField(label, rules, description=help, render_kw={"min": low, "max": high, "inputmode": "numeric"})


def _money(label: Any, *, required: bool = True, help: Any = "") -> MoneyField:
    return MoneyField(label, required=required, help=help)


def _percent(label: Any, help: Any = "") -> PercentField:
    rules = [InputRequired(_l("Please fill this in."))]
    return PercentField(label, rules, description=help, render_kw={"inputmode": "decimal", "autocomplete": "off"})


class SimulatorForm(Form):
    class Meta:
        csrf = False  # it only reads

    start = DayField(_l("In force from"))
    years = _whole(_l("Years of the licence"), 1, 15)
    begin = _whole(_l("Months until sales begin"), 0, 120)
    low = _money(_l("Sales in a year, low, in yuan"))
    expected = _money(_l("Sales in a year, expected, in yuan"))
    high = _money(_l("Sales in a year, high, in yuan"))
    growth = _whole(_l("Sales grow each year by, in percent"), -90, 100, _l("Below 0 if they shrink."))
    margin = _percent(_l("Profit on sales before any fee, in percent"))
    investment = _money(_l("What the licensee invests at the start, in yuan"))
    price = _money(_l("Price as a lump sum, in yuan"))
    parts = _whole(_l("Number of instalments"), 2, 60)
    every = _whole(_l("Months between instalments"), 1, 60)
    defer = _whole(_l("Months of deferral"), 1, 120)
    entry = _money(_l("Entry fee, in yuan"), help=_l("0 for none."))
    royalty = _percent(_l("Royalty on net sales, in percent"))
    period = _whole(_l("Royalty period, in months"), 1, 12)
    minimum = _money(_l("Minimum royalty for each period, in yuan"), required=False)
    cap = _money(_l("Maximum royalty for each period, in yuan"), required=False)
    trial = _whole(_l("Trial, in months"), 1, 60)
    later = _money(_l("Price after the trial, in yuan"), help=_l("Paid when the trial ends, if use goes on."))
    later_royalty = _percent(_l("Royalty after the trial, in percent"), _l("0 for none."))
    rate = _percent(
        _l("Discount rate a year, in percent"), _l("What money earns elsewhere: later money is worth less.")
    )
    handover = _money(_l("What handing over costs the licensor, in yuan"))
    vat = _percent(
        _l("Value-added tax on top of the fees, in percent"),
        _l("0 if the contract is exempt or the licensee can deduct it."),
    )
    commission = _percent(
        _l("Commission of the intermediary, in percent of the fees"),
        _l("0 for none. Each side bears half, as the law has it where nothing clear was agreed."),
    )

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        super().validate(*args, **kwargs)
        for name, sentence in self._faults() if not self.errors else ():
            self[name].errors = [*self[name].errors, sentence]
        return not self.errors

    def _faults(self) -> Iterator[tuple[str, Any]]:
        entered: dict[str, Any] = self.data
        months = 12 * entered["years"]
        for field in self:
            if isinstance(field, MoneyField) and (field.data or 0) > MOST_FEN:
                yield field.name, _l("Enter at most 1,000,000,000 yuan.")
            if isinstance(field, PercentField) and entered[field.name] > 1:
                yield field.name, _l("Enter at most 100 percent.")
        if not entered["low"] <= entered["expected"] <= entered["high"]:
            yield "expected", _l("Expected sales lie between the low and the high ones.")
        if entered["cap"] is not None and entered["cap"] < (entered["minimum"] or 0):
            yield "cap", _l("The maximum royalty of a period is below its minimum. Raise one or lower the other.")
        too_late = _l("This is beyond the end of the licence. Enter fewer months or more years.")
        if (entered["parts"] - 1) * entered["every"] >= months:
            yield "every", too_late
        for name in ("begin", "defer", "trial"):
            if entered[name] >= months:
                yield name, too_late

    def world(self) -> Assumptions:
        """What was entered, valid."""
        entered: dict[str, Any] = self.data
        return Assumptions(
            effective_on=entered["start"],
            months=12 * entered["years"],
            sales_fen={scenario: entered[scenario] for scenario in (Scenario.LOW, Scenario.EXPECTED, Scenario.HIGH)},
            sales_begin=entered["begin"],
            growth=Fraction(entered["growth"], 100),
            margin=entered["margin"],
            rate=entered["rate"],
            investment_fen=entered["investment"],
            handover_fen=entered["handover"],
            vat=entered["vat"],
            commission=entered["commission"],
            workdays=practice().workdays,
        )

    def prices(self) -> Prices:
        """What was entered, valid."""
        entered: dict[str, Any] = self.data
        return Prices(
            price_fen=entered["price"],
            parts=entered["parts"],
            every_months=entered["every"],
            deferral_months=entered["defer"],
            entry_fen=entered["entry"],
            royalty=entered["royalty"],
            period_months=entered["period"],
            minimum_fen=entered["minimum"] or 0,
            cap_fen=entered["cap"],
            trial_months=entered["trial"],
            later_fen=entered["later"],
            later_royalty=entered["later_royalty"],
        )


def simulator_form(known: Mapping[str, str], sent: Mapping[str, str], today: date) -> SimulatorForm:
    """The form with what was sent; else with what is known; else with the example."""
    usual = {**USUAL, "start": today.isoformat()}
    entries = {name: sent.get(name, known.get(name, text)) for name, text in usual.items()}
    return SimulatorForm(formdata=MultiDict(entries))


def from_price(price_fen: int) -> dict[str, str]:
    """A price asked for as the entries it settles."""
    return {"price": yuan_text(price_fen), "later": yuan_text(price_fen)}


def from_terms(terms: Terms) -> dict[str, str]:
    """Terms on the table as the entries they settle, where the form has room for them; all of it within bounds."""
    found: dict[str, str] = {"start": terms.effective_on.isoformat()}
    if terms.tax is not None and not terms.tax.included:
        found["vat"] = percent_text(terms.tax.vat_rate)
    if terms.ends_on is not None and terms.ends_on > terms.effective_on:
        found["years"] = str(math.ceil((terms.ends_on - terms.effective_on).days / 366))
    if terms.trial_months:
        found["trial"] = str(terms.trial_months)
    match terms.fee:
        case LumpSum(fen):
            found |= from_price(fen)
        case Deferral(fen, months_after):
            found |= {**from_price(fen), "defer": str(months_after)}
        case Instalments(parts):
            found |= {**from_price(fixed_fen(terms.fee)), "parts": str(len(parts))}
            if len(parts) > 1:
                found["every"] = str(parts[1].months_after - parts[0].months_after)
        case EntryFeeRoyalty() as fee:
            found |= {"entry": yuan_text(fee.entry_fen), "period": str(fee.period_months)}
            found |= {"minimum": yuan_text(fee.minimum_fen)} if fee.minimum_fen else {}
            found |= {"cap": yuan_text(fee.cap_fen)} if fee.cap_fen is not None else {}
            found |= {"royalty": percent_text(rates_of(fee.rate)[0])} if rates_of(fee.rate) else {}
    return _within_bounds(found)


def _within_bounds(known: dict[str, str]) -> dict[str, str]:
    """The entries with every count of months, the usual ones too, brought to where the form takes it."""

    def clamped(name: str, low: int, high: int) -> int:
        number = min(max(int(known.get(name, USUAL[name])), low), high)
        known[name] = str(number)
        return number

    months = 12 * clamped("years", 1, 15)
    for name, low, high in (("begin", 0, 120), ("defer", 1, 120), ("trial", 1, 60)):
        clamped(name, low, min(high, months - 1))
    parts = clamped("parts", 2, min(60, months))
    clamped("every", 1, min(60, (months - 1) // (parts - 1)))
    return known
