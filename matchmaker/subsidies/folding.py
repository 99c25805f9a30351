"""The one form of a number or a name, by which two spellings of the same thing are told to be the same. Pure.

NFKC makes full-width and compatibility characters plain; case, spaces, dashes, brackets and what nobody sees say
nothing.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache


@lru_cache(maxsize=16_384)
def fold(text: str) -> str:
    """Letters and digits of a text in one form: 'ＪＬ〔2026〕 0 １7 号' -> 'JL2026017号'. Folding twice changes
    nothing more.
    """
    before, text = "", unicodedata.normalize("NFKC", text)
    while before != text:  # the capital of a character can be one that NFKC changes again
        before, text = text, unicodedata.normalize("NFKC", text.casefold().upper())
    return "".join(character for character in text if character.isalnum())
