"""How terms and the working of a deal read on a page."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

from flask_babel import gettext as _
from flask_babel import ngettext

from matchmaker.core.web import filters
from matchmaker.deals.stakes import WHOLE
from matchmaker.deals.terms import Instalment, Line, Unit


def line_text(line: Line) -> str:
    """The value of a line in the reader's language."""
    value = line.value
    match line.unit:
        case Unit.CHOICE:
            return str(_(value))
        case Unit.DAY:
            return filters.day(value)
        case Unit.MONTHS:
            return months_text(value)
        case Unit.DAYS:
            return str(ngettext("%(num)d day", "%(num)d days", value))
        case Unit.FEN:
            return filters.money(value)
        case Unit.RATE:
            return _percent(value)
        case Unit.YEARS:
            return str(ngettext("%(num)d year", "%(num)d years", value))
        case Unit.PART:
            return _part_text(value)
        case Unit.MILESTONE:
            days = ngettext("%(num)d day", "%(num)d days", value.days_after)
            amount = filters.money(value.fen)
            return str(_("%(amount)s, %(days)s after: %(text)s", amount=amount, days=days, text=value.text))
        case Unit.TIER:
            return str(_("from %(amount)s: %(rate)s", amount=filters.money(value.from_fen), rate=_percent(value.rate)))
        case Unit.YEAR_RATE:
            return str(_("year %(year)s: %(rate)s", year=value[0], rate=_percent(value[1])))
        case Unit.COMPLETER:
            return f"{value.name} {share_text(value.share)}"
    return str(value)


def _part_text(part: Instalment) -> str:
    amount = filters.money(part.fen)
    if part.months_after == 0:
        return str(_("%(amount)s when payment starts", amount=amount))
    months = months_text(part.months_after)
    return str(_("%(amount)s, %(months)s after payment starts", amount=amount, months=months))


def _percent(rate: Fraction) -> str:
    return f"{percent_text(rate)}%"


def share_text(share: Fraction) -> str:
    """40%; one that no percentage gives exactly as the fraction it is, 2/3."""
    text = percent_text(share)
    return str(share) if "/" in text else f"{text}%"


def of_company(millionths: int) -> str:
    """A share of a company in percent: 125000 -> 12.5%."""
    return filters.percent(Fraction(millionths, WHOLE))


def months_text(months: int) -> str:
    return str(ngettext("%(num)d month", "%(num)d months", months))


def percent_text(rate: Fraction) -> str:
    """The rate in percent, exactly: 3/200 -> '1.5', 1/3 -> '100/3'."""
    percent = rate * 100
    decimal = Decimal(percent.numerator) / Decimal(percent.denominator)
    return f"{decimal.normalize():f}" if Fraction(decimal) == percent else str(percent)
