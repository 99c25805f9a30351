"""Reminder letters from the licensor to the licensee, as the deal stands on a day, in the reader's language.

A letter is there only while there is something to remind of; `open_letters` says which are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from flask_babel import gettext as _
from flask_babel import ngettext

from matchmaker.core import messages
from matchmaker.core.errors import N_
from matchmaker.core.web import filters
from matchmaker.deals import queries
from matchmaker.deals.models import Deal
from matchmaker.deals.papers.paper import Block, Paper, Paragraph, Signatures
from matchmaker.deals.paperwork.sheets import about, facts, in_words, named, sheet, table, tax_note
from matchmaker.deals.settlement import Settled
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import OUTCOME_LABELS


class Letter(StrEnum):
    TRIAL_ENDS = "trial-ends"
    PAYMENT_DUE = "payment-due"
    OVERDUE = "overdue"


LETTER_LABELS: Mapping[Letter, str] = MappingProxyType(
    {
        Letter.TRIAL_ENDS: N_("Reminder that the trial ends"),
        Letter.PAYMENT_DUE: N_("Reminder of a payment"),
        Letter.OVERDUE: N_("Demand for what is overdue"),
    }
)

AHEAD_DAYS = 60
"""So many days ahead the trial's end and payments are written about: earlier nobody keeps a letter."""


def open_letters(deal: Deal, today: date) -> list[Letter]:
    """The letters there is reason for today, in the order of the list."""
    found = []
    if _trial_ends(deal, today):
        found.append(Letter.TRIAL_ENDS)
    if _coming(deal, today):
        found.append(Letter.PAYMENT_DUE)
    if queries.overdue(deal, today):
        found.append(Letter.OVERDUE)
    return found


def letter(deal: Deal, kind: Letter, today: date) -> Paper:
    """The letter of this kind, dated today. ValueError where there is no reason for it."""
    if kind not in open_letters(deal, today):
        raise ValueError(f"nothing to write a letter {kind} about")
    return sheet(
        messages.label(kind),
        facts((_("To"), named(deal.licensee)), (_("Date"), filters.day(today)), *about(deal)[:2]),
        *_BODIES[kind](deal, today),
        Signatures((_("Yours faithfully"),), ((named(deal.licensor),),), ((_("(seal)"),), (_("Signature"),))),
    )


def _trial_ends(deal: Deal, today: date) -> bool:
    on_trial = deal.state in (DealState.ON_TRIAL, DealState.DECISION_DUE)
    return on_trial and deal.trial_ends_on is not None and deal.trial_ends_on <= today + timedelta(days=AHEAD_DAYS)


def _coming(deal: Deal, today: date) -> list[Settled]:
    """Amounts not paid whose day is today or soon."""
    if deal.state not in (DealState.PAYING, DealState.DEFAULTED, DealState.DISPUTED):
        return []
    until = today + timedelta(days=AHEAD_DAYS)
    return [one for one in queries.allocation(deal).settled if one.open_fen and today <= one.due.due_on <= until]


def _trial_body(deal: Deal, today: date) -> Iterator[Block]:
    terms, ends_on = queries.terms_in_force(deal), deal.trial_ends_on
    assert terms is not None
    assert ends_on is not None  # set with the last signature
    left = (ends_on - today).days
    if left >= 0:
        days = ngettext("%(num)d day", "%(num)d days", left)
        sentence = _("The trial of the technology ends on %(day)s, in %(days)s.", day=filters.day(ends_on), days=days)
    else:
        sentence = _("The trial of the technology ended on %(day)s.", day=filters.day(ends_on))
    yield Paragraph((sentence,))
    yield Paragraph(
        (
            _(
                "Please send your report on the trial and let us know whether you will go on using the technology, ask "
                "for an extension, or end the trial and return the documents."
            ),
        )
    )
    if terms.trial_end is not None:
        outcome = _(OUTCOME_LABELS[terms.trial_end.outcome])
        yield Paragraph((_("If nothing is decided by then, the terms say: %(outcome)s.", outcome=outcome),))


def _payment_body(deal: Deal, today: date) -> Iterator[Block]:
    coming = _coming(deal, today)
    yield Paragraph((_("By the terms of the contract the following falls due:"),))
    rows = [
        [f"{messages.label(one.due.kind)} {one.due.number}", filters.day(one.due.due_on), _money(one.open_fen)]
        for one in coming
    ]
    yield table([_("Amount due"), _("Day"), _("Still to be paid")], rows, (2,))
    total = sum(one.open_fen for one in coming)
    yield Paragraph((_("Together: %(amount)s. Please pay by the days named.", amount=in_words(total)),))
    yield from _tax(deal)


def _overdue_body(deal: Deal, today: date) -> Iterator[Block]:
    terms, late = queries.terms_in_force(deal), queries.overdue(deal, today)
    assert terms is not None
    yield Paragraph((_("The following has not been paid, although its day and the days of grace have passed:"),))
    penalties = {charge.due: charge.fen for charge in queries.penalties(deal, today)}
    rows = [
        [
            f"{messages.label(one.due.kind)} {one.due.number}",
            filters.day(one.due.due_on),
            str(one.days_late),
            _money(one.open_fen),
            _money(penalties.get(one.due, 0)),
        ]
        for one in late
    ]
    head = [_("Amount due"), _("Day"), _("Days late"), _("Still to be paid"), _("Penalty so far")]
    yield table(head, rows, (2, 3, 4))
    total = sum(one.open_fen for one in late) + sum(penalties.get(one.due, 0) for one in late)
    yield Paragraph((_("Together, penalty included: %(amount)s, as of today.", amount=in_words(total)),))
    yield from _tax(deal)
    if terms.cure_days is not None:
        until = filters.day(today + timedelta(days=terms.cure_days))
        yield Paragraph(
            (_("Please pay by %(day)s: that is the time the contract gives to cure a default.", day=until),)
        )
    yield Paragraph(
        (
            _(
                "Who does not pay as agreed pays the arrears and the agreed penalty; who still does not pay has to "
                "stop using the technology, return the documents and is liable for the breach (Civil Code, art. 873)."
            ),
        )
    )


def _tax(deal: Deal) -> Iterator[Block]:
    """Whether value-added tax is within the amounts, where the terms say so."""
    terms = queries.terms_in_force(deal)
    if terms is not None and terms.tax is not None:
        yield facts((_("Value-added tax"), tax_note(terms)))


def _money(fen: int) -> str:
    return filters.exact_money(fen)


_BODIES: Mapping[Letter, Callable[[Deal, date], Iterator[Block]]] = MappingProxyType(
    {Letter.TRIAL_ENDS: _trial_body, Letter.PAYMENT_DUE: _payment_body, Letter.OVERDUE: _overdue_body}
)

messages.register_labels(LETTER_LABELS)
