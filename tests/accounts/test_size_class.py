"""中小企业划型标准规定 (工信部联企业〔2011〕300号): 16 groups, bounds typed here apart from the code's table."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.accounts.size_class import (
    LABELS,
    RULE,
    Figures,
    Indicator,
    IndustryGroup,
    IndustryNotCovered,
    IndustryTooBroad,
    MissingAssets,
    MissingEmployees,
    MissingRevenue,
    NegativeFigure,
    SizeClass,
    UnknownIndustry,
    bounds,
    classify,
    industry_group,
    is_sme,
)
from matchmaker.core.errors import InvalidMany

LARGE, MEDIUM, SMALL, MICRO = SizeClass.LARGE, SizeClass.MEDIUM, SizeClass.SMALL, SizeClass.MICRO
X, Y, Z = Indicator.EMPLOYEES, Indicator.REVENUE, Indicator.ASSETS
FEN_PER_WAN_YUAN = 10_000 * 100

# code, group, indicator, large from, medium from, small from (persons; 万元), row by row as the standard prints them
PRINTED = [
    ("A", "agriculture", Y, 20000, 500, 50),
    ("C", "industry", X, 1000, 300, 20),
    ("C", "industry", Y, 40000, 2000, 300),
    ("E", "construction", Y, 80000, 6000, 300),
    ("E", "construction", Z, 80000, 5000, 300),
    ("F51", "wholesale", X, 200, 20, 5),
    ("F51", "wholesale", Y, 40000, 5000, 1000),
    ("F52", "retail", X, 300, 50, 10),
    ("F52", "retail", Y, 20000, 500, 100),
    ("G54", "transport", X, 1000, 300, 20),
    ("G54", "transport", Y, 30000, 3000, 200),
    ("G59", "storage", X, 200, 100, 20),
    ("G59", "storage", Y, 30000, 1000, 100),
    ("G60", "post", X, 1000, 300, 20),
    ("G60", "post", Y, 30000, 2000, 100),
    ("H61", "accommodation", X, 300, 100, 10),
    ("H61", "accommodation", Y, 10000, 2000, 100),
    ("H62", "catering", X, 300, 100, 10),
    ("H62", "catering", Y, 10000, 2000, 100),
    ("I63", "information", X, 2000, 100, 10),
    ("I63", "information", Y, 100000, 1000, 100),
    ("I65", "software", X, 300, 100, 10),
    ("I65", "software", Y, 10000, 1000, 50),
    ("K7010", "real_estate", Y, 200000, 1000, 100),
    ("K7010", "real_estate", Z, 10000, 5000, 2000),
    ("K7020", "property_management", X, 1000, 300, 100),
    ("K7020", "property_management", Y, 5000, 1000, 500),
    ("L", "leasing_and_business", X, 300, 100, 10),
    ("L", "leasing_and_business", Z, 120000, 8000, 100),
    ("M", "other", X, 300, 100, 10),
]
CODE_OF = {IndustryGroup(group): code for code, group, *_ in PRINTED}
PLENTY = {"employees": 10**9, "revenue_fen": 10**18, "assets_fen": 10**18}
ARGUMENT = {X: "employees", Y: "revenue_fen", Z: "assets_fen"}


def figures(industry, x=None, y=None, z=None):
    """Persons, and revenue and assets in 万元."""
    fen = [None if wan is None else wan * FEN_PER_WAN_YUAN for wan in (y, z)]
    return Figures(industry, x, *fen)


@pytest.mark.parametrize(
    ("industry", "x", "y", "z", "size"),
    [
        ("C36", 300, 2000, None, MEDIUM),
        ("C36", 299, 50000, None, SMALL),
        ("C36", 1000, 39999, None, MEDIUM),
        ("C36", 1000, 40000, None, LARGE),
        ("C36", 19, 100000, None, MICRO),
        ("C36", 20, 300, None, SMALL),
        ("I65", 10, 50, None, SMALL),
        ("I65", 100, 1000, None, MEDIUM),
        ("I65", 300, 10000, None, LARGE),
        ("I65", 9, 9999, None, MICRO),
        ("A01", None, 49, None, MICRO),
        ("A01", None, 50, None, SMALL),
        ("A01", None, 20000, None, LARGE),
        ("M73", 9, None, None, MICRO),
        ("M73", 10, None, None, SMALL),
        ("M73", 300, None, None, LARGE),
        ("L72", 300, None, 119999, MEDIUM),
    ],
)
def test_vectors_of_the_domain_notes(industry, x, y, z, size):
    assert classify(figures(industry, x, y, z)).size is size


def test_the_table_has_exactly_the_printed_rows():
    rows = {(group.value, indicator) for group in IndustryGroup for indicator in bounds(group)}
    assert rows == {(group, indicator) for _, group, indicator, *_ in PRINTED}
    assert len(IndustryGroup) == 16


@pytest.mark.parametrize(("code", "group", "indicator", "large", "medium", "small"), PRINTED)
def test_each_bound_includes_its_number_and_excludes_what_lies_below(code, group, indicator, large, medium, small):
    unit = 1 if indicator is X else FEN_PER_WAN_YUAN

    def alone(value):
        result = classify(Figures(code, **(PLENTY | {ARGUMENT[indicator]: value})))
        assert result.group == group
        return result.size

    expected = {
        0: MICRO,
        small * unit - 1: MICRO,
        small * unit: SMALL,
        medium * unit - 1: SMALL,
        medium * unit: MEDIUM,
        large * unit - 1: MEDIUM,
        large * unit: LARGE,
    }
    assert {value: alone(value) for value in expected} == expected


def test_storage_with_100_to_199_persons_keeps_its_class():
    """A published implementation loses the class here."""
    for persons in (100, 150, 199):
        assert classify(figures("G59", persons, 1000)).size is MEDIUM


def test_information_transmission_is_large_only_from_100000_wan_of_revenue():
    """A published implementation types 10000."""
    assert classify(figures("I63", 2000, 10000)).size is MEDIUM
    assert classify(figures("I64", 2000, 99999)).size is MEDIUM
    assert classify(figures("I64", 2000, 100000)).size is LARGE


@given(st.sampled_from(IndustryGroup), st.data())
def test_the_class_never_falls_when_an_indicator_rises(group, data):
    stated, raised = {}, {}
    for indicator, row in bounds(group).items():
        value = data.draw(st.integers(0, row[2] * 2), label=indicator)
        stated[ARGUMENT[indicator]] = value
        raised[ARGUMENT[indicator]] = value + data.draw(st.integers(0, row[2]), label=f"rise of {indicator}")
    before, after = classify(Figures(CODE_OF[group], **stated)), classify(Figures(CODE_OF[group], **raised))
    assert before.size.rank <= after.size.rank


@given(st.sampled_from(IndustryGroup), st.data())
def test_the_lowest_class_among_the_indicators_counts_and_the_working_shows_it(group, data):
    stated = {ARGUMENT[i]: data.draw(st.integers(0, row[2] * 2)) for i, row in bounds(group).items()}
    result = classify(Figures(CODE_OF[group], **stated))
    assert {w.indicator for w in result.workings} == set(bounds(group))
    assert result.size.rank == min(w.size.rank for w in result.workings)
    assert result.deciding
    assert all(w.size is result.size for w in result.deciding)
    for working in result.workings:
        assert working.value == stated[ARGUMENT[working.indicator]]
        assert working.size.rank == len([bound for bound in working.bounds if bound <= working.value])
        assert set(re.findall(r"%\((\w+)\)s", working.phrase)) == set(working.facts)


def test_a_working_states_value_and_bounds_in_words():
    persons, revenue = classify(figures("C36", 1000, 39999)).workings
    assert persons.phrase % persons.facts == "1000 persons is at least 1000: large by this indicator."
    assert revenue.facts == {"value_fen": 39_999_000_000, "lower_fen": 2_000_000_000, "upper_fen": 40_000_000_000}
    assert "medium by this indicator" in revenue.phrase


def test_one_fen_of_revenue_below_the_bound_drops_the_class():
    assert classify(Figures("C36", 1000, 40_000 * FEN_PER_WAN_YUAN)).size is LARGE
    assert classify(Figures("C36", 1000, 40_000 * FEN_PER_WAN_YUAN - 1)).size is MEDIUM


@pytest.mark.parametrize(
    ("code", "group"),
    [
        ("A", "agriculture"), ("A05", "agriculture"), ("B06", "industry"), ("C", "industry"), ("C43", "industry"),
        ("C3610", "industry"), ("D44", "industry"), ("E50", "construction"), ("F511", "wholesale"),
        ("F5299", "retail"), ("G55", "transport"), ("G58", "transport"), ("I64", "information"),
        ("K701", "real_estate"), ("K702", "property_management"), ("K7030", "other"), ("K7090", "other"),
        ("L71", "leasing_and_business"), ("M75", "other"), ("N79", "other"), ("O82", "other"), ("Q85", "other"),
        ("R90", "other"), (" c36 ", "industry"), ("Ｃ３６", "industry"),
    ],
)  # fmt: skip
def test_codes_of_gbt_4754_lead_to_their_group(code, group):
    assert industry_group(code) == group


@pytest.mark.parametrize(
    "code", ["J", "J66", "J6911", "G53", "G5310", "P", "P83", "Q84", "Q8411", "S", "S91", "T97", "K704", "K7040"]
)
def test_industries_left_to_other_rules_are_refused(code):
    with pytest.raises(IndustryNotCovered) as refusal:
        classify(Figures(code, **PLENTY))
    assert refusal.value.facts == {"industry": code}
    assert refusal.value.field == "industry"


@pytest.mark.parametrize(
    ("code", "part"),
    [("F", "F51"), ("G", "G54"), ("H", "H62"), ("I", "I65"), ("K", "K701"), ("K70", "K702"), ("Q", "Q85")],
)
def test_a_code_over_several_groups_is_refused_with_its_parts(code, part):
    with pytest.raises(IndustryTooBroad) as refusal:
        industry_group(code)
    assert part in refusal.value.facts["examples"]
    assert all(example.startswith(code) for example in refusal.value.facts["examples"])


@pytest.mark.parametrize(
    "code", ["", "36", "X", "U98", "C3", "C05", "C44", "A36", "C36101", "C3X", "C３", "CC36", "K705", "制造业"]
)
def test_what_is_no_code_of_gbt_4754_is_refused(code):
    with pytest.raises(UnknownIndustry) as refusal:
        industry_group(code)
    assert refusal.value.facts == {"industry": code}


def test_every_division_from_01_to_97_is_decided():
    """No division may be forgotten: each leads to a group, is not covered, or (K70) asks for more digits."""
    sections = "A" * 5 + "B" * 7 + "C" * 31 + "D" * 3 + "E" * 4 + "FF" + "G" * 8 + "HH" + "III" + "JJJJ" + "K" + "LL"
    sections += "MMM" + "NNNN" + "OOO" + "P" + "QQ" + "RRRRR" + "SSSSSS" + "T"
    assert len(sections) == 97
    refused = {}
    for number, section in enumerate(sections, start=1):
        try:
            industry_group(f"{section}{number:02d}")
        except (IndustryNotCovered, IndustryTooBroad) as refusal:
            refused[f"{section}{number:02d}"] = type(refusal)
    broad = [code for code, kind in refused.items() if kind is IndustryTooBroad]
    assert broad == ["K70"]
    assert refused.keys() - {"K70"} == {
        "G53", "J66", "J67", "J68", "J69", "P83", "Q84", "S91", "S92", "S93", "S94", "S95", "S96", "T97",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("figures_", "kind", "field"),
    [
        (figures("C36", None, 300), MissingEmployees, "employees"),
        (figures("C36", 20, None), MissingRevenue, "revenue"),
        (figures("E47", None, 300, None), MissingAssets, "assets"),
    ],
)
def test_a_missing_indicator_is_named_at_its_field(figures_, kind, field):
    with pytest.raises(kind) as refusal:
        classify(figures_)
    assert refusal.value.field == field


def test_all_missing_indicators_are_named_at_once():
    with pytest.raises(InvalidMany) as refusal:
        classify(Figures("C36"))
    assert [type(error) for error in refusal.value.errors] == [MissingEmployees, MissingRevenue]


def test_an_indicator_the_industry_does_not_use_may_be_missing():
    assert classify(figures("M73", 10)).size is SMALL
    assert classify(figures("A01", None, 500)).size is MEDIUM


def test_a_figure_below_zero_is_refused_at_its_field():
    with pytest.raises(NegativeFigure) as refusal:
        classify(figures("C36", -1, 300))
    assert refusal.value.field == "employees"
    assert refusal.value.facts == {"indicator": X}


def test_everything_but_large_is_an_sme():
    assert {size for size in SizeClass if is_sme(size)} == {MICRO, SMALL, MEDIUM}


def test_ranks_run_from_micro_to_large():
    assert [size.rank for size in (MICRO, SMALL, MEDIUM, LARGE)] == [0, 1, 2, 3]


def test_every_member_has_a_label():
    assert list(LABELS) == [*SizeClass, *Indicator, *IndustryGroup]
    assert all(LABELS.values())
    assert RULE
