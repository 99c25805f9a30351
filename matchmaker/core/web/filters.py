"""How figures, days and names read in each language. One function for each kind of value."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal, format_percent
from flask_babel import get_locale

from matchmaker.core import clock, money as fen


def chinese() -> bool:
    locale = get_locale()
    return locale is None or locale.language == "zh"


def money(amount_fen: int | None) -> str:
    """¥12,000.50; from ten thousand yuan on, in Chinese, 万元: 50万元, 1,200.5万元. Never rounds."""
    if amount_fen is None:
        return "—"
    if chinese() and abs(amount_fen) >= fen.FEN_PER_WAN and amount_fen % (fen.FEN_PER_WAN // 100) == 0:
        return format_decimal(Decimal(amount_fen) / fen.FEN_PER_WAN, "#,##0.##", locale="zh") + "万元"
    return exact_money(amount_fen)


def exact_money(amount_fen: int) -> str:
    """¥1,200,000.00 with both decimals: statements and tables."""
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
    return format_decimal(value, locale=get_locale() or "zh_Hans_CN")


def percent(value: float, digits: int = 0) -> str:
    pattern = "0%" if digits == 0 else f"0.{'0' * digits}%"
    return format_percent(value, pattern, locale=get_locale() or "zh_Hans_CN")


def in_language(zh: str, en: str | None) -> str:
    """Of a name kept in both languages, the reader's."""
    return zh if chinese() or not en else en
