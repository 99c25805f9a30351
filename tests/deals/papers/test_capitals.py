"""Amounts in capitals, read back by an inverse that knows nothing of how they were written."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.core.money import LIMIT_FEN
from matchmaker.deals.papers.capitals import capitals

DIGITS = {char: value for value, char in enumerate("零壹贰叁肆伍陆柒捌玖")}
SMALL = {"拾": 10, "佰": 100, "仟": 1000}


def whole(text: str) -> int:
    """Yuan of a numeral: split at the greatest unit first, then by thousands."""
    for unit, worth in (("亿", 10**8), ("万", 10**4)):
        if unit in text:
            before, after = text.rsplit(unit, 1) if unit == "亿" else text.split(unit, 1)
            return whole(before) * worth + whole(after)
    total = digit = 0
    for char in text:
        if char in SMALL:
            total += (digit or 1) * SMALL[char]
            digit = 0
        else:
            digit = DIGITS[char]
    return total + digit


def read(text: str) -> int:
    """Fen."""
    yuan, _, rest = text.rpartition("元")
    jiao, fen = 0, 0
    for digit, unit in pairwise(rest):
        jiao, fen = (DIGITS[digit], fen) if unit == "角" else (jiao, DIGITS[digit]) if unit == "分" else (jiao, fen)
    return whole(yuan) * 100 + jiao * 10 + fen


@pytest.mark.parametrize(
    ("fen", "text"),
    [
        (0, "零元整"),
        (1, "壹分"),
        (10, "壹角"),
        (10_000_000, "壹拾万元整"),
        (12_000_000, "壹拾贰万元整"),
        (50_000_000, "伍拾万元整"),
        (100_000_000, "壹佰万元整"),
        (10_050_050, "壹拾万零伍佰元伍角"),
        (105, "壹元零伍分"),
        (2_000_000_100, "贰仟万零壹元整"),
        (100_000_000_000, "壹拾亿元整"),
        (123_456_789, "壹佰贰拾叁万肆仟伍佰陆拾柒元捌角玖分"),
    ],
)
def test_known_amounts(fen: int, text: str) -> None:
    assert capitals(fen) == text


@given(st.integers(0, LIMIT_FEN))
def test_every_amount_is_read_back_to_the_fen(fen: int) -> None:
    assert read(capitals(fen)) == fen


@given(st.integers(0, 99), st.sampled_from([10**n for n in range(16)]))
def test_so_are_round_ones_with_long_runs_of_zeros(part: int, unit: int) -> None:
    fen = min(part * unit + part, LIMIT_FEN)
    assert read(capitals(fen)) == fen


def test_a_negative_amount_is_refused() -> None:
    with pytest.raises(ValueError, match="negative"):
        capitals(-1)
