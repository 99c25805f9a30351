"""How figures, days and names read in each language."""

from datetime import UTC, date, datetime
from decimal import Decimal
from fractions import Fraction

import pytest
from flask_babel import force_locale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matchmaker.core.money import LIMIT_FEN
from matchmaker.core.web import filters


@pytest.fixture(params=["zh", "en"])
def language(dry_app, request):
    locale = {"zh": "zh_Hans_CN", "en": "en"}[request.param]
    with dry_app.test_request_context(), force_locale(locale):
        yield request.param


@pytest.mark.parametrize(
    ("fen", "zh", "en"),
    [
        (None, "—", "—"),
        (0, "¥0.00", "¥0.00"),
        (1, "¥0.01", "¥0.01"),
        (123_456, "¥1,234.56", "¥1,234.56"),
        (999_999, "¥9,999.99", "¥9,999.99"),
        (1_000_000, "1万元", "¥10,000.00"),
        (1_200_050, "¥12,000.50", "¥12,000.50"),
        (1_200_000, "1.2万元", "¥12,000.00"),
        (50_000_000, "50万元", "¥500,000.00"),
        (1_200_500_000, "1,200.5万元", "¥12,005,000.00"),
        (1_234_560_000, "1,234.56万元", "¥12,345,600.00"),
        (1_234_567_800, "¥12,345,678.00", "¥12,345,678.00"),
        (-50_000_000, "−50万元", "−¥500,000.00"),
        (-5, "−¥0.05", "−¥0.05"),
        (9_999_000_000, "9,999万元", "¥99,990,000.00"),
        (100_000_000_00, "1亿元", "¥100,000,000.00"),
        (105_000_000_00, "1.05亿元", "¥105,000,000.00"),
        (105_010_000_00, "10,501万元", "¥105,010,000.00"),
        (LIMIT_FEN, "900,000亿元", "¥90,000,000,000,000.00"),
    ],
)
def test_money_is_yuan_and_in_chinese_from_ten_thousand_on_wan(language, fen, zh, en):
    assert filters.money(fen) == {"zh": zh, "en": en}[language]


@given(st.integers(-LIMIT_FEN, LIMIT_FEN))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_money_never_rounds(language, fen):
    for shown in (filters.money(fen), filters.exact_money(fen)):
        figure = shown.replace(",", "").replace("¥", "").replace("−", "-")
        unit = figure.lstrip("-.0123456789")
        assert Decimal(figure.removesuffix(unit)) * {"": 100, "万元": 1_000_000, "亿元": 10_000_000_000}[unit] == fen


def test_exact_money_has_both_decimals_in_both_languages(language):
    assert filters.exact_money(120_000_000) == "¥1,200,000.00"
    assert filters.exact_money(-120_000_001) == "−¥1,200,000.01"
    assert filters.exact_money(None) == "—"


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (None, "—", "—"),
        (date(2026, 11, 23), "2026年11月23日", "23 Nov 2026"),
        (date(2024, 2, 9), "2024年2月9日", "9 Feb 2024"),
        (datetime(2026, 12, 31, 16, 0, tzinfo=UTC), "2027年1月1日", "1 Jan 2027"),  # that day in China
        (datetime(2026, 12, 31, 15, 59, tzinfo=UTC), "2026年12月31日", "31 Dec 2026"),
    ],
)
def test_days_read_as_people_write_them(language, value, zh, en):
    assert filters.day(value) == {"zh": zh, "en": en}[language]


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        (None, "—", "—"),
        (datetime(2026, 11, 23, 1, 5, 59, tzinfo=UTC), "2026年11月23日 09:05", "23 Nov 2026, 09:05"),
        (datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "2026年11月24日 00:00", "24 Nov 2026, 00:00"),
    ],
)
def test_moments_are_in_chinas_time(language, value, zh, en):
    assert filters.moment(value) == {"zh": zh, "en": en}[language]


@pytest.mark.parametrize(
    ("value", "digits", "shown"),
    [
        (0.62, None, "62%"), (0.625, 1, "62.5%"), (1, 1, "100.0%"), (0, None, "0%"), (0.004, None, "0%"),
        (Fraction(1, 4), None, "25%"), (Fraction(25, 1000), None, "2.5%"), (Fraction(1, 3), None, "33.3333%"),
        (Fraction(1, 3), 0, "33%"), (Fraction(12, 1), None, "1,200%"), (Decimal("0.075"), 1, "7.5%"),
    ],
)  # fmt: skip
def test_shares_round_as_told_and_agreed_rates_not_at_all(language, value, digits, shown):
    assert filters.percent(value, *(() if digits is None else (digits,))) == shown


def test_numbers_are_grouped(language):
    assert [filters.number(value) for value in (0, 12_272, 1_234_567.5)] == ["0", "12,272", "1,234,567.5"]


def test_of_two_names_the_readers_is_shown_or_the_one_there_is(language):
    assert filters.in_language("长春", "Changchun") == {"zh": "长春", "en": "Changchun"}[language]
    assert filters.in_language("长春", None) == "长春"
    assert filters.in_language("长春", "") == "长春"


def test_outside_a_request_it_is_chinese(dry_app):
    assert filters.chinese()
    with dry_app.app_context():
        assert filters.money(50_000_000) == "50万元"
