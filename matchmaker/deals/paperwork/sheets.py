"""Sheets about a deal, in the reader's language: public notice, royalty statement, reward statement.

Each gives the working and names the version of the terms it follows from, so that it can be checked by hand.
"""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from flask_babel import get_locale
from flask_babel import gettext as _

from matchmaker.accounts.models import Organisation
from matchmaker.core import messages
from matchmaker.core.web import filters
from matchmaker.deals import queries
from matchmaker.deals.documents import line_text, percent_text, share_text
from matchmaker.deals.models import Deal, DealNotice, RewardStatement
from matchmaker.deals.papers.capitals import capitals
from matchmaker.deals.papers.paper import Block, Facts, Paper, Paragraph, Signatures, Table, Text
from matchmaker.deals.royalty import Royalty
from matchmaker.deals.schedule import Period
from matchmaker.deals.terms import (
    BASE_LABELS,
    DEAL_LABELS,
    LICENCE_LABELS,
    LICENCES,
    PRICING_LABELS,
    EntryFeeRoyalty,
    Terms,
    fee_lines,
    trigger_lines,
)


def sheet(title: str, *blocks: Block, subtitle: str = "", fingerprint: str = "") -> Paper:
    """A paper in the language at hand."""
    locale = get_locale()
    return Paper(
        languages=("en" if locale is not None and locale.language == "en" else "zh-CN",),
        title=(title,),
        subtitle=(subtitle,) if subtitle else None,
        blocks=blocks,
        foot=(title,),
        fingerprint=fingerprint,
        page=(_("page %(page)s of %(pages)s", page="{page}", pages="{pages}"),),
    )


def named(organisation: Organisation) -> str:
    return filters.in_language(organisation.name, organisation.name_en)


def facts(*rows: tuple[str, str | None]) -> Facts:
    """Those that have a value."""
    return Facts(tuple(((label,), (value,)) for label, value in rows if value))


def table(head: list[str], rows: list[list[str]], figures: tuple[int, ...] = ()) -> Table:
    return Table(_cells(head), tuple(_cells(row) for row in rows), figures)


def _cells(cells: list[str]) -> tuple[Text, ...]:
    return tuple((cell,) for cell in cells)


def about(deal: Deal) -> list[tuple[str, str | None]]:
    """Which contract a sheet belongs to."""
    version = deal.version_on_offer
    assert version is not None  # nothing is due, noticed or rewarded before an offer
    day = filters.day(deal.signed_on)
    contract = _("%(title)s, version %(number)s, signed on %(day)s", title=deal.title, number=version.number, day=day)
    return [
        (_("Contract"), contract if deal.signed_on is not None else deal.title),
        (_("Registration no."), deal.registration.number if deal.registration is not None else None),
        (_("Licensor"), named(deal.licensor)),
        (_("Licensee"), named(deal.licensee)),
    ]


def in_words(fen: int) -> str:
    """¥100,000.00, in Chinese with the amount in capitals beside it."""
    exact = filters.exact_money(fen)
    return _("%(amount)s (%(capitals)s)", amount=exact, capitals=capitals(fen)) if filters.chinese() else exact


# --- public notice --------------------------------------------------------------------------------------------------


def notice_sheet(notice: DealNotice) -> Paper:
    """What the law and the provinces want to be read: name, summary, mode, price or formula, related party, days."""
    deal = notice.deal
    version = next(version for version in deal.versions if version.number == notice.number)
    terms = version.terms
    return sheet(
        _("Public notice on the transformation of research results"),
        facts(
            (_("Result"), "\n".join(row["title"] for row in version.body["achievements"])),
            (_("Summary"), notice.summary),
            (_("Made by"), _(", ").join(one.name for one in terms.completers or ())),
            (_("Owner"), named(deal.licensor)),
            (_("Taken by"), named(deal.licensee)),
            (_("Way of transformation"), _mode(terms)),
            (_("How the price is set"), _(PRICING_LABELS[terms.pricing]) if terms.pricing is not None else None),
            (_("Price or formula"), _lines(terms)),
            (_("Related party"), _related(terms)),
            (_("Days of the notice"), _span(notice.starts_on, notice.ends_on)),
        ),
        Paragraph(
            (
                _(
                    "Anyone may object in writing within these days, with name and reasons, to the owner or on the "
                    "page of this notice. An objection suspends the signing until the owner has decided on it."
                ),
            )
        ),
        Signatures((_("Published by"),), ((named(deal.licensor),),), ((_("(seal)"),), (_("Date"),))),
        fingerprint=version.sha256,
    )  # fmt: skip


def _mode(terms: Terms) -> str:
    kind = _(DEAL_LABELS[terms.kind])
    return f"{kind}\n{_(LICENCE_LABELS[terms.licence])}" if terms.kind in LICENCES else kind


def _lines(terms: Terms) -> str:
    lines = [*fee_lines(terms.fee), *trigger_lines(terms.trigger)]
    return "\n".join(f"{_(line.label)}{_(': ')}{line_text(line)}" for line in lines if line.value not in (None, ""))


def _related(terms: Terms) -> str:
    if terms.related_party is None:
        return str(_("nothing was said"))
    return str(_("Yes: who takes it is related to one who made it") if terms.related_party else _("No"))


# --- royalty statement ----------------------------------------------------------------------------------------------


def royalty_sheet(deal: Deal, statement: Royalty, period: Period) -> Paper:
    """One period: its base, the working by rate, what bound it, when it is due, what is paid on it, and the tax."""
    terms = queries.terms_in_force(deal)
    assert terms is not None
    fee = terms.fee
    assert isinstance(fee, EntryFeeRoyalty)  # else there are no royalty statements
    due = statement.due
    settled = next(one for one in queries.allocation(deal).settled if one.due == due)
    rows = [[filters.exact_money(share.part_fen), f"{percent_text(share.rate)}%"] for share in statement.shares]
    return sheet(
        _("Royalty statement, period %(number)s", number=period.number),
        facts(
            *about(deal),
            (_("Days of the period"), _span(period.starts_on, period.ends_on)),
            (_("Royalty base"), _(BASE_LABELS[fee.base])),
            (_("Reported for the period"), filters.exact_money(statement.base_fen)),
        ),
        table([_("Part of the base"), _("Rate")], rows, (0, 1)),
        facts(
            (_("Rate on the base"), filters.exact_money(statement.rated_fen)),
            (_("Bounds"), messages.label(statement.bound) if statement.bound is not None else _("none applies")),
            (_("Royalty of the period"), in_words(due.fen)),
            (_("Due on"), filters.day(due.due_on)),
            (_("Paid on it"), filters.exact_money(settled.paid_fen)),
            (_("Still to be paid"), filters.exact_money(settled.open_fen)),
            (_("Value-added tax"), tax_note(terms)),
        ),
        fingerprint=fingerprint(deal),
    )


def _span(first: date, last: date) -> str:
    return str(_("from %(first)s to %(last)s", first=filters.day(first), last=filters.day(last)))


def tax_note(terms: Terms) -> str:
    if terms.tax is None:
        return str(_("not agreed; as the law provides"))
    rate = f"{percent_text(terms.tax.vat_rate)}%"
    return str(_("%(rate)s, within the amount", rate=rate) if terms.tax.included else _("%(rate)s on top", rate=rate))


def fingerprint(deal: Deal) -> str:
    version = deal.version_on_offer
    return "" if version is None else version.sha256


# --- reward statement -----------------------------------------------------------------------------------------------


def reward_sheet(deal: Deal, statement: RewardStatement) -> Paper:
    """How one payment is shared with those who made the result, to the fen."""
    money = filters.exact_money
    shares = [[part.name, share_text(part.share), money(part.fen)] for part in statement.shares]
    shares.append([_("In all"), "", money(sum(part.fen for part in statement.shares))])
    return sheet(
        _("Reward statement to those who made the result"),
        *(() if statement.payment.stands else (Paragraph((_("Void: the payment was taken back."),)),)),
        facts(*about(deal), (_("Payment received on"), filters.day(statement.payment.paid_on))),
        facts(
            (_("Received"), money(statement.received_fen)),
            (_("Costs"), money(statement.cost_fen)),
            (_("Tax"), money(statement.tax_fen)),
            (_("Net income"), money(statement.net_fen)),
            (_("Share for those who made it"), f"{percent_text(Fraction(statement.rate))}%"),
            (_("To be shared"), in_words(statement.pool_fen)),
            (_("Stays with the unit"), money(statement.net_fen - statement.pool_fen)),
        ),
        table([_("Made by"), _("Share"), _("Amount")], shares, (1, 2)),
        Paragraph(
            (
                _(
                    "Net income is what was received less costs and tax. At least half of it goes to those who made "
                    "the result (Law on Promoting the Transformation of Scientific and Technological Achievements, "
                    "art. 45). The parts are rounded so that they add up to the fen."
                ),
            )
        ),
        fingerprint=fingerprint(deal),
    )
