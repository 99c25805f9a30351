"""Text as it is kept, whoever wrote it. Pure."""

from __future__ import annotations

import re
import unicodedata

YUAN, WAN, YI = "元", "万", "亿"
"""The unit of money, and what multiplies it by ten thousand and by a hundred million."""

_DROPPED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff"  # control characters (line break and tab stay), surrogates
    "\u200e\u200f\u061c\u202a-\u202e\u2066-\u2069"  # direction marks, overrides and isolates
    "\u200b\u2060\ufeff]"  # zero-width space, word joiner, byte order mark; the joiners that scripts need stay
)


_UNSEEN = re.compile("[\u034f\u115f\u1160\u3164\uffa0\ufe00-\ufe0f\U000e0100-\U000e01ef]")
"""Joiners, fillers and variation selectors: letters and marks to Unicode, nothing to the eye."""


def clean_name(text: str) -> str:
    """A name as it is seen: clean text in one line, without format characters and fillers, blanks made one."""
    seen = "".join(sign for sign in clean_text(text) if unicodedata.category(sign) != "Cf")
    return " ".join(_UNSEEN.sub("", seen).split())


def same_name_key(name: str) -> str:
    """Equal for names that differ in width, case or blanks alone."""
    return "".join(unicodedata.normalize("NFKC", clean_name(name)).casefold().split())


def clean_text(text: str) -> str:
    """Text fit to store on either engine: NFC, no NUL, control, surrogate, bidi or zero-width characters.

    PostgreSQL refuses NUL, SQLite cuts at it; lone surrogates break both drivers; bidi overrides and what nobody
    sees let a name pass for another. Line breaks become ``\\n``; tabs stay. Cleaning twice changes nothing more.
    """
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    return unicodedata.normalize("NFC", _DROPPED.sub("", text))
