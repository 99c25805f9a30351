"""Money is whole fen: read exactly, split without loss, rounded at one named point."""

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.core.money import (
    FEN_PER_WAN,
    FEN_PER_YUAN,
    LIMIT_FEN,
    AmountTooLarge,
    NotAnAmount,
    at_rate,
    parse_yuan,
    round_half_up,
    split,
    within_limit,
    yuan_text,
)

fens = st.integers(-LIMIT_FEN, LIMIT_FEN)
weights = st.lists(
    st.one_of(st.integers(0, 10**6), st.fractions(0, 100, max_denominator=1000)), min_size=1, max_size=12
).filter(any)


# --- reading and writing yuan ---


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("0", 0), ("12000", 1_200_000), ("12000.5", 1_200_050), ("12000.50", 1_200_050), ("0.01", 1), ("007", 700),
        ("12,000.50", 1_200_050), ("1,234,567", 123_456_700), ("12，000", 1_200_000), ("¥12000", 1_200_000),
        ("￥ 12,000", 1_200_000), ("  12000\n", 1_200_000), ("-3.20", -320), ("+3", 300), ("¥-3", -300),
        ("１２", 1_200), ("12.５", 1_250), ("１２，０００．５", 1_200_050), ("1万", 1_000_000), ("1.2 万元", 1_200_000),
        ("12元", 1_200), ("0.000001万", 1), ("3.5亿元", 35_000_000_000), ("0.0000000001亿", 1),
        ("1,200万", 1_200_000_000),
    ],
)  # fmt: skip
def test_an_amount_in_yuan_is_read_exactly(text, fen):
    assert parse_yuan(text) == fen


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "¥", "-", "1.", ".5", "1.234", "1e5", "1E5", "0x10", "NaN", "inf", "1_000", "١٢", "²",
        "一万", "1.0000001万", "1.234元", "万", "1万万", "1万2", "1.234567万亿", "1.00000000001亿", "12元元", "12美元",
        "12 000", "1-2", "--1", "-¥3", "¥¥3", "¥￥3", "12 yuan", "12\x00", "1\n2",
    ],
)  # fmt: skip
def test_anything_else_is_refused_and_quoted(text):
    with pytest.raises(NotAnAmount) as refusal:
        parse_yuan(text, field="price")
    assert refusal.value.field == "price"
    assert refusal.value.facts == {"text": text}


@pytest.mark.parametrize(
    "text", ["12,50", "1,2", "1,23,456", ",100", "100,", "1000,000", "1,,000", "1,000,00", "12.5,0"]
)
def test_a_comma_groups_thousands_or_is_refused(text):
    """Read as an ornament, the comma of '12,50' would turn twelve and a half yuan into 1250."""
    with pytest.raises(NotAnAmount):
        parse_yuan(text)


def test_the_limit_is_kept_and_one_fen_more_is_refused():
    assert parse_yuan("90,000,000,000,000") == LIMIT_FEN
    assert parse_yuan("-90000000000000") == -LIMIT_FEN
    for text in ("90000000000000.01", "-90000000000000.01", "999,999,999,999,999"):
        with pytest.raises(AmountTooLarge) as refusal:
            parse_yuan(text, field="price")
        assert refusal.value.field == "price"
        assert refusal.value.facts == {"text": text.replace(",", ""), "limit_fen": LIMIT_FEN}


def test_no_json_reader_rounds_an_amount_within_the_limit():
    assert LIMIT_FEN < 2**53
    assert int(float(LIMIT_FEN)) == LIMIT_FEN


@given(fens)
def test_what_is_written_reads_back_the_same(fen):
    assert parse_yuan(yuan_text(fen)) == fen
    assert parse_yuan(f"¥{yuan_text(fen)}") == fen


@given(st.integers(-(10**14) + 1, 10**14 - 1))
def test_grouped_and_plain_figures_read_the_same(yuan):
    if abs(yuan) * FEN_PER_YUAN <= LIMIT_FEN:
        assert parse_yuan(f"{yuan:,}") == parse_yuan(str(yuan)) == yuan * 100


@pytest.mark.parametrize(
    ("fen", "text"), [(0, "0"), (1, "0.01"), (10, "0.10"), (1_200_050, "12000.50"), (1_200_000, "12000"), (-5, "-0.05")]
)
def test_whole_yuan_are_written_without_decimals_and_fen_with_two(fen, text):
    assert yuan_text(fen) == text


@given(st.text())
def test_any_text_is_an_amount_or_refused(text):
    try:
        fen = parse_yuan(text)
    except NotAnAmount:
        return
    assert abs(fen) <= LIMIT_FEN


@pytest.mark.parametrize("value", [1.0, 0.5, "1", None, True, Fraction(1)])
def test_only_whole_numbers_are_within_the_limit(value):
    with pytest.raises(NotAnAmount):
        within_limit(value)


@given(fens)
def test_an_amount_within_the_limit_is_returned_as_it_is(fen):
    assert within_limit(fen) == fen


def test_units():
    assert FEN_PER_YUAN == 100
    assert FEN_PER_WAN == 10_000 * 100


# --- rounding and rates ---


@pytest.mark.parametrize(
    ("amount", "fen"),
    [
        (Fraction(5, 2), 3), (Fraction(-5, 2), -3), (Fraction(1, 2), 1), (Fraction(-1, 2), -1), (Fraction(0), 0),
        (Fraction(249, 100), 2), (Fraction(-249, 100), -2), (Fraction(251, 100), 3), (7, 7), (-7, -7),
    ],
)  # fmt: skip
def test_halves_round_away_from_zero(amount, fen):
    assert round_half_up(amount) == fen


@given(st.fractions())
def test_rounding_moves_by_at_most_half_a_fen_and_treats_both_signs_alike(amount):
    assert abs(round_half_up(amount) - amount) <= Fraction(1, 2)
    assert round_half_up(-amount) == -round_half_up(amount)


@given(fens, st.fractions(0, 2, max_denominator=10_000))
def test_a_rate_agrees_with_exact_arithmetic(fen, rate):
    exact = abs(fen * rate)
    expected = floor(exact) + (exact - floor(exact) >= Fraction(1, 2))
    assert at_rate(fen, rate) == (expected if fen >= 0 else -expected)


def test_three_per_cent_of_1_200_000_yuan_is_36_000_yuan():
    assert at_rate(120_000_000, Fraction(3, 100)) == 3_600_000


@pytest.mark.parametrize("wrong", [0.1, 1.0, float("nan"), "1/10", True, None])
def test_a_float_or_anything_inexact_never_enters(wrong):
    with pytest.raises(TypeError, match="fractions"):
        at_rate(100, wrong)
    with pytest.raises(TypeError, match="fractions"):
        at_rate(wrong, Fraction(1, 10))
    with pytest.raises(TypeError, match="fractions"):
        round_half_up(wrong)
    with pytest.raises(TypeError, match="fractions"):
        split(100, [wrong])
    with pytest.raises(TypeError, match="fractions"):
        split(wrong, [1])


# --- splitting ---


@given(fens, weights)
def test_parts_add_up_exactly(fen, shares):
    assert sum(split(fen, shares)) == fen


@given(fens, weights)
def test_every_part_lies_within_one_fen_of_its_exact_share(fen, shares):
    total = sum(Fraction(share) for share in shares)
    for part, share in zip(split(fen, shares), shares, strict=True):
        assert isinstance(part, int)
        assert abs(part - fen * Fraction(share) / total) < 1


@given(fens, weights, st.randoms(use_true_random=False))
def test_order_of_the_weights_moves_no_part_by_more_than_one_fen(fen, shares, random):
    order = list(range(len(shares)))
    random.shuffle(order)
    parts, shuffled = split(fen, shares), split(fen, [shares[i] for i in order])
    assert all(abs(shuffled[place] - parts[i]) <= 1 for place, i in enumerate(order))


@given(fens, weights, st.integers(1, 1000))
def test_only_the_proportion_of_the_weights_counts(fen, shares, factor):
    assert split(fen, shares) == split(fen, [share * factor for share in shares])


@given(fens, weights)
def test_a_weight_of_zero_gets_nothing(fen, shares):
    assert split(fen, [*shares, 0]) == [*split(fen, shares), 0]


@given(st.integers(0, LIMIT_FEN), st.integers(1, 50))
def test_equal_weights_differ_by_at_most_one_fen_and_the_earlier_get_it(fen, count):
    parts = split(fen, [1] * count)
    assert max(parts) - min(parts) <= 1
    assert parts == sorted(parts, reverse=True)


def test_the_largest_remainder_gets_the_fen_that_is_left():
    assert split(100, [1, 1, 1]) == [34, 33, 33]
    assert split(10, [Fraction(1, 3), Fraction(2, 3)]) == [3, 7]
    assert split(1, [1, 3]) == [0, 1]
    assert split(-100, [1, 1, 1]) == [-33, -33, -34]
    assert split(0, [5, 5]) == [0, 0]


@pytest.mark.parametrize("shares", [[], [0], [0, 0], [-1], [2, -1], [Fraction(-1, 2), 1]])
def test_weights_must_not_be_negative_and_must_count_for_something(shares):
    with pytest.raises(ValueError, match="add up to more than zero"):
        split(100, shares)
