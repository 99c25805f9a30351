"""Money as whole fen (1 yuan = 100 fen). Pure; float never enters.

Amounts are plain `int` fen wherever they are stored or passed (`*_fen`); this module holds the
few operations that may not be written twice: reading yuan, splitting, applying a rate.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

from matchmaker.core.errors import N_, Invalid
from matchmaker.core.wording import WAN, YI, YUAN

LIMIT_FEN = 9 * 10**15
"""Largest amount kept, either sign: below 2**53, so that no JSON reader rounds it."""

FEN_PER_YUAN = 100
FEN_PER_WAN = 1_000_000

_YUAN = re.compile(
    r"¥?\s*([+-]?(?:\d{1,14}|\d{1,3}(?:,\d{3}){1,4})"
    rf"(?:\.\d{{1,2}}(?!\d)|\.\d{{1,6}}(?=\s*{WAN})|\.\d{{1,10}}(?=\s*{YI}))?)\s*(?P<unit>{WAN}|{YI}|){YUAN}?",
    re.ASCII,
)
# A comma may only group thousands: read as a mere ornament, "12,50" would become 1250 yuan.
_UNITS = {"": 1, WAN: 10**4, YI: 10**8}
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {ord("￥"): ord("¥")}
"""As a Chinese keyboard writes digits and marks, to ASCII."""


class NotAnAmount(Invalid):
    code = "money.not_an_amount"
    phrase = N_("“%(text)s” is not an amount. Write yuan with at most two decimals, such as 12000 or 12000.50.")


class AmountTooLarge(NotAnAmount):
    """Facts: text, limit_fen."""

    code = "money.amount_too_large"
    phrase = N_("Amounts of more than %(limit_fen)s cannot be recorded. Check the number of digits and the unit, yuan.")


def parse_yuan(text: str, *, field: str | None = None) -> int:
    """Fen of an amount written in yuan: '12,000.50' -> 1200050, '1.2万' -> 1200000. Raises NotAnAmount or
    AmountTooLarge."""
    match = _YUAN.fullmatch(text.translate(_FULL_WIDTH).strip())
    if match is None:
        raise NotAnAmount(field=field, text=text)
    return within_limit(int(Decimal(match[1].replace(",", "")) * _UNITS[match["unit"]] * FEN_PER_YUAN), field=field)


def within_limit(fen: int, *, field: str | None = None) -> int:
    """The amount itself; AmountTooLarge beyond the range that is kept, NotAnAmount where it is no whole number."""
    if isinstance(fen, bool) or not isinstance(fen, int):
        raise NotAnAmount(field=field, text=str(fen))
    if abs(fen) > LIMIT_FEN:
        raise AmountTooLarge(field=field, text=yuan_text(fen), limit_fen=LIMIT_FEN)
    return fen


def yuan_text(fen: int) -> str:
    """Exact plain figure in yuan: 1200050 -> '12000.50', 1200000 -> '12000'."""
    sign, whole = ("-" if fen < 0 else ""), abs(fen)
    yuan, rest = divmod(whole, FEN_PER_YUAN)
    return f"{sign}{yuan}.{rest:02d}" if rest else f"{sign}{yuan}"


def round_half_up(amount: Fraction) -> int:
    """Whole fen, halves away from zero (四舍五入): the one rounding point for rates. Raises TypeError for a float."""
    amount = _exact(amount)
    sign = -1 if amount < 0 else 1
    return sign * int((abs(amount) * 2 + 1) // 2)


def at_rate(fen: int, rate: Fraction) -> int:
    """`rate` of an amount, rounded half up to the fen. Raises TypeError for a float."""
    return round_half_up(_exact(fen) * _exact(rate))


def split(fen: int, shares: Sequence[int | Fraction]) -> list[int]:
    """Share out an amount by weights so that the parts add up exactly.

    Largest-remainder method: every part lies within one fen of its exact share; ties go to the
    earlier weight. Raises ValueError where no positive weight is given or a weight is negative, TypeError for a float.
    """
    weights = [_exact(share) for share in shares]
    total = sum(weights)
    if not weights or total <= 0 or min(weights) < 0:
        raise ValueError("shares must not be negative and must add up to more than zero")
    exact = [_exact(fen) * weight / total for weight in weights]
    parts = [int(amount // 1) for amount in exact]
    by_remainder = sorted(range(len(parts)), key=lambda i: (parts[i] - exact[i], i))
    for i in by_remainder[: fen - sum(parts)]:
        parts[i] += 1
    return parts


def _exact(number: int | Fraction) -> Fraction:
    # Fraction(0.1) would silently take over the error of the float, and int * float round.
    if isinstance(number, bool) or not isinstance(number, int | Fraction):
        raise TypeError(f"money is reckoned in whole fen and fractions, not in {type(number).__name__}")
    return Fraction(number)
