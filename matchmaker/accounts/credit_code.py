"""Unified social credit code (统一社会信用代码), the 18 characters that name an organisation in China.

Source: GB 32100-2015. The alphabet leaves out I, O, S, V and Z; the 18th character is a check
character: each of the first 17 counts its place in the alphabet times 3 to the power of its position,
and the check character brings the sum to a multiple of 31. As 31 is prime, every single wrong
character and every swap of two neighbours is found.
"""

from __future__ import annotations

import unicodedata

from matchmaker.core.errors import N_, Invalid

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
LENGTH = 18

_VALUE = {character: value for value, character in enumerate(ALPHABET)}
_WEIGHTS = [pow(3, position, len(ALPHABET)) for position in range(LENGTH - 1)]


class WrongLength(Invalid):
    """Facts: length, expected."""

    code = "credit_code.wrong_length"
    phrase = N_(
        "A unified social credit code has %(expected)s characters, this one has %(length)s. "
        "Copy it again from the registration certificate."
    )


class IllegalCharacter(Invalid):
    """Facts: character, position (from 1)."""

    code = "credit_code.illegal_character"
    phrase = N_(
        "Character %(position)s, “%(character)s”, cannot stand in a unified social credit code: it is written in "
        "digits and capital letters without I, O, S, V and Z. Compare that character with the registration certificate."
    )


class WrongCheckCharacter(Invalid):
    """Says nothing of the character expected: the mistake may lie anywhere in the code."""

    code = "credit_code.wrong_check_character"
    phrase = N_(
        "The characters of this unified social credit code do not fit together, so at least one is mistyped. "
        "Compare all of them with the registration certificate."
    )


def normalise(text: str) -> str:
    """The code as people paste it, in plain capitals: NFKC, upper case, no blanks or invisible characters."""
    capitals = unicodedata.normalize("NFKC", text).upper()
    return "".join(c for c in capitals if not c.isspace() and unicodedata.category(c) != "Cf")


def check_character(first17: str) -> str:
    """Check character for the first 17 characters, already normalised. Raises ValueError for anything else."""
    if len(first17) != LENGTH - 1 or not _VALUE.keys() >= set(first17):
        raise ValueError("expected 17 characters of the GB 32100-2015 alphabet")
    total = sum(_VALUE[c] * weight for c, weight in zip(first17, _WEIGHTS, strict=True))
    return ALPHABET[-total % len(ALPHABET)]


def validate(text: str, *, field: str | None = None) -> str:
    """The normalised code. Raises WrongLength, IllegalCharacter or WrongCheckCharacter."""
    code = normalise(text)
    if len(code) != LENGTH:
        raise WrongLength(field=field, length=len(code), expected=LENGTH)
    for position, character in enumerate(code, start=1):
        if character not in _VALUE:
            raise IllegalCharacter(field=field, character=character, position=position)
    if code[-1] != check_character(code[:-1]):
        raise WrongCheckCharacter(field=field)
    return code
