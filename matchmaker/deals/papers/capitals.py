"""Amounts in capitals, as contracts and receipts write them beside the figures. Pure."""

from __future__ import annotations

import cn2an

from matchmaker.core.money import yuan_text


def capitals(fen: int) -> str:
    """The amount in financial capitals: 10000000 fen -> one hundred thousand yuan whole, in Chinese.

    Whole fen are handed over, and as text: the converter cuts a third decimal off without a word, and takes floats.
    ValueError for a negative amount: a contract promises none.
    """
    if fen < 0:
        raise ValueError("a negative amount is not written in capitals")
    return str(cn2an.an2cn(yuan_text(fen), "rmb"))
