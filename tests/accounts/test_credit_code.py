"""GB 32100-2015: 18 characters, an alphabet of 31, weights 3**i mod 31."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.accounts.credit_code import (
    ALPHABET,
    IllegalCharacter,
    WrongCheckCharacter,
    WrongLength,
    check_character,
    normalise,
    validate,
)

EXAMPLE = "91350100M000100Y43"
"""The example that implementations of GB 32100-2015 commonly test with."""

PRINTED_WEIGHTS = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28]
"""The weights as the standard prints them, independent of the power they come from."""

first17s = st.text(ALPHABET, min_size=17, max_size=17)


def test_the_alphabet_has_31_characters_without_i_o_s_v_z():
    assert len(set(ALPHABET)) == 31
    assert not set("IOSVZ") & set(ALPHABET)


def test_the_common_example_is_accepted():
    assert validate(EXAMPLE) == EXAMPLE


@given(first17s)
def test_check_character_brings_the_weighted_sum_to_a_multiple_of_31(first17):
    total = sum(ALPHABET.index(c) * w for c, w in zip(first17, PRINTED_WEIGHTS, strict=True))
    assert (total + ALPHABET.index(check_character(first17))) % 31 == 0


def test_check_character_refuses_what_is_not_17_characters_of_the_alphabet():
    for text in ("", EXAMPLE, EXAMPLE[:16], "I" * 17, EXAMPLE[:17].lower()):
        with pytest.raises(ValueError, match="17 characters"):
            check_character(text)


@given(first17s)
def test_a_code_with_its_check_character_is_accepted_however_it_is_written(first17):
    code = first17 + check_character(first17)
    full_width = "".join(chr(ord(c) + 0xFEE0) for c in code)
    for written in (code, code.lower(), full_width, f" {code}\n", f"{code[:8]} {code[8:]}", f"\ufeff{code}\u200b"):
        assert validate(written) == code


def test_every_single_wrong_character_is_found():
    for position in range(18):
        for other in set(ALPHABET) - {EXAMPLE[position]}:
            with pytest.raises(WrongCheckCharacter):
                validate(EXAMPLE[:position] + other + EXAMPLE[position + 1 :])


@given(first17s, st.integers(0, 16))
def test_every_swap_of_unlike_neighbours_is_found(first17, position):
    code = first17 + check_character(first17)
    swapped = code[:position] + code[position + 1] + code[position] + code[position + 2 :]
    if swapped != code:
        with pytest.raises(WrongCheckCharacter):
            validate(swapped)


@pytest.mark.parametrize("text", ["", " ", EXAMPLE[:17], EXAMPLE + "1", "12345"])
def test_another_length_is_refused_with_the_length_found(text):
    with pytest.raises(WrongLength) as refusal:
        validate(text, field="credit_code")
    assert refusal.value.facts == {"length": len(text.strip()), "expected": 18}
    assert refusal.value.field == "credit_code"


@pytest.mark.parametrize("character", [*"IOSVZ", "-", "长", "_", "É", "\0"])
@pytest.mark.parametrize("position", [1, 9, 18])
def test_an_illegal_character_is_named_with_its_position(character, position):
    with pytest.raises(IllegalCharacter) as refusal:
        validate(EXAMPLE[: position - 1] + character + EXAMPLE[position:], field="credit_code")
    assert refusal.value.facts == {"character": character, "position": position}
    assert refusal.value.field == "credit_code"


def test_the_wrong_check_character_is_refused_without_a_guess_at_the_right_one():
    with pytest.raises(WrongCheckCharacter) as refusal:
        validate(EXAMPLE[:-1] + "4", field="credit_code")
    assert refusal.value.facts == {}
    assert refusal.value.field == "credit_code"
    assert "%(" not in refusal.value.phrase


@given(st.text())
def test_normalise_leaves_no_blank_and_any_text_is_either_refused_or_a_code(text):
    assert normalise(text) == "".join(normalise(text).split())
    try:
        code = validate(text)
    except (WrongLength, IllegalCharacter, WrongCheckCharacter):
        return
    assert len(code) == 18
