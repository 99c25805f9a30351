"""Forms of the register of shares."""

from __future__ import annotations

from typing import Self

from flask import g
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import SelectField
from wtforms.validators import InputRequired

from matchmaker.core import messages
from matchmaker.core.web import filters
from matchmaker.core.web.forms import DayField, MoneyField, labelled, line
from matchmaker.deals import queries
from matchmaker.deals.documents import of_company
from matchmaker.deals.forms.fields import FILL, PercentField
from matchmaker.deals.forms.steps import FILE_HELP, StepForm
from matchmaker.deals.models import Deal
from matchmaker.deals.stake_models import StakeEntry
from matchmaker.deals.stakes import ExitWay, StakeKind
from matchmaker.deals.terms import Stake


def entry_text(entry: StakeEntry) -> str:
    """An entry in one line, to choose from."""
    amount = filters.exact_money(entry.fen) if entry.fen is not None else ""
    share = of_company(entry.ppm) if entry.ppm is not None else ""
    parts = (messages.label(entry.kind), filters.day(entry.on), share, amount)
    return f"{entry.number}: {' · '.join(part for part in parts if part)}"


def _percent(label: str, help: str) -> PercentField:
    return PercentField(label, [InputRequired(FILL)], description=help, render_kw={"inputmode": "decimal"})


class ProjectMoneyForm(StepForm):
    fen = MoneyField(_l("Amount paid, in yuan"))
    on = DayField(_l("Paid on"))
    evidence = line(_l("How it is known"), most=500, help=_l("Such as the reference of the bank transfer."))
    file = FileField(_l("Evidence"), description=FILE_HELP)


class TakeStakeForm(StepForm):
    share = _percent(_l("Share of the company, in percent"), _l("To four places after the point."))
    fen = MoneyField(_l("Valued at, in yuan"))
    on = DayField(_l("Registered on"))
    reference = line(_l("Reference of the registration"), help=_l("As the market supervision administration gave it."))
    file = FileField(_l("Evidence"), description=FILE_HELP)

    def for_deal(self, deal: Deal) -> Self:
        terms = queries.terms_in_force(deal)
        if terms is not None and not self.is_submitted() and hasattr(terms.fee, "share"):
            self.share.data = terms.fee.share
            self.fen.data = terms.fee.valued_fen if isinstance(terms.fee, Stake) else None
        return self


class ChangeStakeForm(StepForm):
    kind = SelectField(_l("What changed"), [InputRequired(FILL)])
    share = _percent(_l("Share held afterwards, in percent"), _l("To four places after the point."))
    fen = MoneyField(_l("What the sale brought, in yuan"), required=False, help=_l("Only where a part was sold."))
    on = DayField(_l("Day"))
    reason = line(_l("Reason"), most=500, help=_l("The other parties read it."))
    file = FileField(_l("Evidence"), description=FILE_HELP)

    def for_deal(self, deal: Deal) -> Self:
        self.kind.choices = [(str(kind), messages.label(kind)) for kind in (StakeKind.DILUTED, StakeKind.SOLD)]
        return self


class ExitStakeForm(StepForm):
    way = SelectField(_l("Way of the exit"), [InputRequired(FILL)])
    fen = MoneyField(_l("What it brought, in yuan"), help=_l("0 if nothing. A loss is entered as it is."))
    on = DayField(_l("Day"))
    reason = line(_l("Reason"), most=500, help=_l("The other parties read it."))
    file = FileField(_l("Evidence"), description=FILE_HELP)

    def for_deal(self, deal: Deal) -> Self:
        self.way.choices = labelled(ExitWay)
        return self


class ConfirmEntryForm(StepForm):
    number = SelectField(_l("Entry"), [InputRequired(FILL)], coerce=int)

    def for_deal(self, deal: Deal) -> Self:
        side = deal.side_of(g.actor.organisation_id)
        self.number.choices = [(row.number, entry_text(row)) for row in queries.answerable_entries(deal, side)]
        return self


class DisputeEntryForm(ConfirmEntryForm):
    reason = line(_l("Reason"), most=500, help=_l("The other parties read it."))
