"""The final statement of a deal that was completed or has ended, in the reader's language: every amount, every payment,
and the books beside them. It reconciles to the fen, or says by how much it does not."""

from __future__ import annotations

from collections.abc import Iterator

from flask_babel import gettext as _

from matchmaker.core import messages
from matchmaker.core.web import filters
from matchmaker.deals import queries
from matchmaker.deals.documents import of_company, percent_text
from matchmaker.deals.models import Deal, Payment
from matchmaker.deals.papers.paper import Block, Heading, Paper, Paragraph, Signatures
from matchmaker.deals.paperwork.sheets import about, facts, fingerprint, in_words, named, sheet, table
from matchmaker.deals.queries import Closing
from matchmaker.deals.states import DealState
from matchmaker.ledger.posting import MEMOS


def final_statement(deal: Deal) -> Paper:
    """ValueError for a deal that still goes on, or never came into force."""
    found = queries.closing(deal)
    if found is None:
        raise ValueError("a deal is settled up once it is over")
    return sheet(
        _("Final statement"),
        facts(*about(deal), *_days(deal)),
        *_amounts(found),
        *_payments(deal),
        *_balance(deal, found),
        *_shares(deal),
        Signatures(
            (_("Agreed by"),),
            tuple((named(party),) for party in (deal.licensor, deal.licensee)),
            ((_("(seal)"),), (_("Signature"),), (_("Date"),)),
        ),
        fingerprint=fingerprint(deal),
    )


def _days(deal: Deal) -> list[tuple[str, str | None]]:
    completed = deal.state == DealState.COMPLETED
    starts_on, returned_on = deal.payment_starts_on, deal.documents_returned_on
    return [
        (_("Payment started on"), filters.day(starts_on) if starts_on is not None else None),
        (_("Completed on") if completed else _("Ended on"), filters.day(deal.ended_on)),
        (_("Reason"), deal.ended_reason),
        (_("Documents returned on"), filters.day(returned_on) if returned_on is not None else None),
    ]


def _amounts(found: Closing) -> Iterator[Block]:
    yield Heading((_("What fell due"),))
    if not found.allocation.settled:
        yield Paragraph((_("Nothing fell due."),))
        return
    money = filters.exact_money
    rows = [
        [
            f"{messages.label(one.due.kind)} {one.due.number}",
            filters.day(one.due.due_on),
            money(one.due.fen),
            money(one.paid_fen),
            money(one.open_fen),
        ]
        for one in found.allocation.settled
    ]
    paid = sum(one.paid_fen for one in found.allocation.settled)
    rows.append([_("In all"), "", money(found.due_fen), money(paid), money(found.allocation.open_fen)])
    yield table([_("Amount due"), _("Day"), _("Due"), _("Paid"), _("Still to be paid")], rows, (2, 3, 4))


def _payments(deal: Deal) -> Iterator[Block]:
    if not deal.payments:
        return
    yield Heading((_("What came in"),))
    rows = [
        [
            filters.day(row.paid_on),
            messages.label(row.channel),
            filters.exact_money(row.fen),
            _taken_back(row),
        ]
        for row in deal.payments
    ]
    yield table([_("Received on"), _("How it came in"), _("Amount"), _("Taken back")], rows, (2,))


def _taken_back(row: Payment) -> str:
    return "" if row.reversal is None else _(MEMOS[row.reversal.memo_code])


def _balance(deal: Deal, found: Closing) -> Iterator[Block]:
    money, terms = filters.exact_money, queries.terms_in_force(deal)
    yield Heading((_("Balance"),))
    yield facts(
        (_("Fell due in all"), money(found.due_fen)),
        (_("Received"), money(found.received_fen)),
        (_("Taken back again"), money(found.taken_back_fen)),
        (_("Paid"), in_words(found.kept_fen)),
        (_("Still to be paid"), money(found.open_fen)),
    )
    if terms is not None and terms.tax is not None and found.vat_fen is not None:
        names = {"rate": f"{percent_text(terms.tax.vat_rate)}%", "amount": money(found.vat_fen)}
        yield Paragraph(
            (
                _("Value-added tax of %(rate)s is within the amounts due: %(amount)s.", **names)
                if terms.tax.included
                else _("Value-added tax of %(rate)s comes on top of the amounts due: %(amount)s.", **names),
            )
        )
    books = {
        "due": money(found.books_due_fen),
        "paid": money(found.books_paid_fen),
        "open": money(found.books_open_fen),
    }
    yield Paragraph((_("The books show: claimed %(due)s, paid %(paid)s, open %(open)s.", **books),))
    yield Paragraph(
        (
            _("This statement and the books agree to the fen.")
            if found.reconciles
            else _("This statement and the books do not agree. Do not sign it; ask the platform to look into it."),
        )
    )


def _shares(deal: Deal) -> Iterator[Block]:
    register = queries.register(deal)
    if register is None:
        return
    money = filters.exact_money
    yield Heading((_("Register of shares"),))
    held, result = register.held_ppm, register.result_fen
    yield facts(
        (_("Project money paid"), money(register.money_fen) if register.money_fen else None),
        (_("Taken at"), money(register.valued_fen) if register.valued_fen is not None else None),
        (_("Share held"), of_company(held) if held is not None else _("not taken yet")),
        (_("Brought in so far"), money(register.proceeds_fen)),
        (_("Gain over what it was taken for"), money(result) if result is not None and result >= 0 else None),
        (_("Loss against what it was taken for"), money(-result) if result is not None and result < 0 else None),
    )
