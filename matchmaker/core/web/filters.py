"""How figures, days and names read in each language. One function for each kind of value."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from flask_babel import get_locale
from markupsafe import Markup

from matchmaker.core import clock
from matchmaker.core import money as fen


def chinese() -> bool:
    locale = get_locale()
    return locale is None or locale.language == "zh"


_CHINESE_UNITS = ((fen.FEN_PER_WAN * 10_000, "亿元"), (fen.FEN_PER_WAN, "万元"))


def money(amount_fen: int | None) -> str:
    """¥12,000.50; in Chinese, from ten thousand yuan on, 万元 or 亿元: 50万元, 1,200.5万元, 10亿元. Never rounds."""
    if amount_fen is None:
        return "—"
    sign, size = ("−" if amount_fen < 0 else ""), abs(amount_fen)
    for unit_fen, unit in _CHINESE_UNITS if chinese() else ():
        if size >= unit_fen and size % (unit_fen // 100) == 0:
            return sign + format_decimal(Decimal(size) / unit_fen, "#,##0.##", locale="zh") + unit
    return exact_money(amount_fen)


def money_on_page(amount_fen: int | None) -> Markup:
    """The same for pages, where no line may break between a figure and its unit."""
    return Markup('<span class="nowrap">{}</span>').format(money(amount_fen))


def exact_money(amount_fen: int | None) -> str:
    """¥1,200,000.00 with both decimals: statements and tables."""
    if amount_fen is None:
        return "—"
    sign = "−" if amount_fen < 0 else ""
    return f"{sign}¥" + format_decimal(Decimal(abs(amount_fen)) / fen.FEN_PER_YUAN, "#,##0.00", locale="en")


def day(value: date | None) -> str:
    """2026年11月23日 / 23 Nov 2026."""
    if value is None:
        return "—"
    if isinstance(value, datetime):
        value = clock.day_of(value)
    return format_date(value, "y年M月d日" if chinese() else "d MMM y", locale=get_locale() or "zh_Hans_CN")


def moment(value: datetime | None) -> str:
    """2026年11月23日 09:05 / 23 Nov 2026, 09:05, in China's time."""
    if value is None:
        return "—"
    pattern = "y年M月d日 HH:mm" if chinese() else "d MMM y, HH:mm"
    return format_datetime(value, pattern, tzinfo=clock.ZONE, locale=get_locale() or "zh_Hans_CN")


def number(value: int | float | Decimal) -> str:
    """12,272."""
    return format_decimal(value, locale=get_locale() or "zh_Hans_CN")


def percent(value: float | Decimal | Fraction, digits: int | None = None) -> str:
    """62 % as 62%. A measured share rounds to `digits` decimals (none if not said); an agreed rate, a Fraction, is
    shown as it is, 2.5%, with up to four decimals."""
    if isinstance(value, Fraction):
        exact = digits is None
        value = Decimal(value.numerator) / Decimal(value.denominator)
        if exact:
            return format_percent(value, "#,##0.####%", locale=get_locale() or "zh_Hans_CN")
    pattern = f"0.{'0' * digits}%" if digits else "0%"
    return format_percent(value, pattern, locale=get_locale() or "zh_Hans_CN")


def in_language(zh: str, en: str | None) -> str:
    """Of a name kept in both languages, the reader's."""
    return zh if chinese() or not en else en
