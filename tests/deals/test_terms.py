"""What was agreed can be written down, read back exactly, fingerprinted and compared."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given

from matchmaker.deals.terms import (
    Completer,
    DealKind,
    Deferral,
    EntryFeeRoyalty,
    FirstRevenue,
    Instalment,
    Instalments,
    LicenceKind,
    LumpSum,
    Milestone,
    MilestonePart,
    NotTerms,
    OnDate,
    RevenueThreshold,
    RoyaltyBase,
    Terms,
    Tier,
    Unit,
    canonical,
    diff,
    fixed_fen,
    from_json,
    lines,
    terms_hash,
    to_json,
)
from tests.deals.strategies import ANY_TERMS

LUMP = Terms(
    territory="吉林省",
    field_of_use="轨道车辆轴承",
    effective_on=date(2026, 3, 31),
    ends_on=date(2031, 3, 31),
    trigger=OnDate(date(2027, 3, 31)),
    fee=LumpSum(12_000_000),
)
ROYALTY = replace(
    LUMP,
    kind=DealKind.LICENCE,
    licence=LicenceKind.SOLE,
    sublicence=True,
    trigger=FirstRevenue(),
    fee=EntryFeeRoyalty(500_000, Fraction(3, 100), RoyaltyBase.PROFIT, 10_000, 9_000_000, 3),
    commission_fen=60_000,
)
PARTS = Instalments((Instalment(0, 100), Instalment(6, 250)))


def plain(data: Any) -> bool:
    if isinstance(data, dict):
        return all(type(key) is str and plain(value) for key, value in data.items())
    if isinstance(data, list):
        return all(plain(value) for value in data)
    return type(data) in (str, int, bool)


def test_a_licence_is_ordinary_pay_later_without_sublicence_and_tried_for_a_year_unless_agreed_otherwise() -> None:
    assert (LUMP.kind, LUMP.licence) == (DealKind.PAY_LATER_LICENCE, LicenceKind.ORDINARY)
    assert (LUMP.sublicence, LUMP.trial_months, LUMP.commission_fen) == (False, 12, None)


@given(ANY_TERMS)
def test_terms_survive_the_way_through_json_exactly(terms: Terms) -> None:
    data = to_json(terms)
    assert plain(data)
    assert from_json(data) == terms
    text = json.loads(json.dumps(data))
    assert from_json(text) == terms
    assert terms_hash(from_json(text)) == terms_hash(terms)


def test_the_canonical_text_says_every_term_outright() -> None:
    assert canonical(LUMP) == (
        '{"effective_on":"2026-03-31","ends_on":"2031-03-31","fee":{"fen":12000000,"type":"lump_sum"},'
        '"field_of_use":"轨道车辆轴承","grace_days":30,"kind":"pay_later_licence","licence":"ordinary","schema":1,'
        '"sublicence":false,"territory":"吉林省","trial_months":12,"trigger":{"on":"2027-03-31","type":"on_date"}}'
    )


def test_the_hash_of_signed_terms_never_changes() -> None:
    """A changed figure here means that signatures under stored terms no longer verify."""
    assert terms_hash(LUMP) == "26b227595767aa8460547f944e9b396908b91a20c1f73501896e5b32bc97cf5c"
    assert terms_hash(ROYALTY) == "fed5892ce6d694e4307504a327a7a6499f2810418f2b58f19993103d8b6fadd2"


@given(ANY_TERMS, ANY_TERMS)
def test_equal_terms_and_only_they_have_equal_hashes_and_no_differences(one: Terms, other: Terms) -> None:
    assert (terms_hash(one) == terms_hash(other)) == (one == other) == (diff(one, other) == [])
    assert terms_hash(one) == terms_hash(replace(one))


@given(ANY_TERMS, ANY_TERMS)
def test_differences_read_backwards_are_the_differences_of_the_way_back(one: Terms, other: Terms) -> None:
    forward = {path: (old, new) for path, old, new in diff(one, other)}
    backward = {path: (new, old) for path, old, new in diff(other, one)}
    assert forward == backward


def test_differences_name_the_entry_with_both_values() -> None:
    changed = replace(LUMP, trial_months=6, fee=PARTS, commission_fen=5)
    assert diff(LUMP, changed) == [
        ("trial_months", 12, 6),
        ("fee.type", "lump_sum", "instalments"),
        ("fee.fen", 12_000_000, None),
        ("fee.parts.0.months_after", None, 0),
        ("fee.parts.0.fen", None, 100),
        ("fee.parts.1.months_after", None, 6),
        ("fee.parts.1.fen", None, 250),
        ("commission_fen", None, 5),
    ]


def changed(path: str, value: Any, terms: Terms = LUMP) -> Any:
    data = json.loads(json.dumps(to_json(terms)))
    *above, last = path.split(".")
    inner = data
    for step in above:
        inner = inner[int(step)] if isinstance(inner, list) else inner[step]
    inner[last] = value
    return data


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (None, "schema"),
        ([], "schema"),
        (changed("schema", 2), "schema"),
        (changed("territory", None), "territory"),
        (changed("territory", 5), "territory"),
        (changed("licence", "gift"), "licence"),
        (changed("sublicence", 0), "sublicence"),
        (changed("trial_months", True), "trial_months"),
        (changed("trial_months", 12.0), "trial_months"),
        (changed("trial_months", "12"), "trial_months"),
        (changed("effective_on", "20260331"), "effective_on"),
        (changed("effective_on", "2026-02-29"), "effective_on"),
        (changed("ends_on", 0), "ends_on"),
        (changed("penalty", 1), "penalty"),
        (changed("fee", None), "fee.type"),
        (changed("fee.type", "on_date"), "fee.type"),
        (changed("fee.type", ["lump_sum"]), "fee.type"),
        (changed("trigger.type", "lump_sum"), "trigger.type"),
        (changed("fee.fen", 1e3), "fee.fen"),
        (changed("fee.tip", 1), "fee.tip"),
        (changed("fee.rate", "2/4", ROYALTY), "fee.rate"),
        (changed("fee.rate", "1/0", ROYALTY), "fee.rate"),
        (changed("fee.rate", "0.5", ROYALTY), "fee.rate"),
        (changed("fee.rate", "1e999999999/1", ROYALTY), "fee.rate"),
        (changed("fee.parts", {}, replace(LUMP, fee=PARTS)), "fee.parts"),
        (changed("fee.parts.1.fen", "x", replace(LUMP, fee=PARTS)), "fee.parts.1.fen"),
        (changed("fee.parts", [5], replace(LUMP, fee=PARTS)), "fee.parts.0"),
    ],
)
def test_what_is_not_terms_is_refused_at_the_entry_at_fault(data: Any, path: str) -> None:
    with pytest.raises(NotTerms) as refusal:
        from_json(data)
    assert refusal.value.facts == {"path": path}
    assert refusal.value.status == 422


REQUIRED = [field.name for field in fields(Terms) if getattr(LUMP, field.name) is not None and field.name != "ends_on"]


@pytest.mark.parametrize("name", REQUIRED)
def test_an_entry_that_is_missing_is_refused_and_not_guessed(name: str) -> None:
    data = to_json(LUMP)
    del data[name]
    with pytest.raises(NotTerms) as refusal:
        from_json(data)
    assert refusal.value.field == name


@pytest.mark.parametrize(
    ("fee", "fen"),
    [
        (LumpSum(7), 7),
        (Deferral(7, 3), 7),
        (PARTS, 350),
        (EntryFeeRoyalty(7, Fraction(1, 2), RoyaltyBase.SALES), 7),
        (EntryFeeRoyalty(0, Fraction(1, 2), RoyaltyBase.SALES), 0),
    ],
)
def test_the_fixed_part_of_a_fee_is_known_beforehand(fee: Any, fen: int) -> None:
    assert fixed_fen(fee) == fen


def test_the_summary_has_a_line_for_each_agreed_term() -> None:
    shown = {line.label: (line.value, line.unit) for line in lines(ROYALTY)}
    assert shown["Territory"] == ("吉林省", Unit.TEXT)
    assert shown["Kind of licence"] == ("Exclusive: one licensee, the owner may not use", Unit.CHOICE)
    assert shown["Sub-licence"] == ("May be granted", Unit.CHOICE)
    assert shown["Last day of the licence"] == (date(2031, 3, 31), Unit.DAY)
    assert shown["Payment starts"] == ("With the first revenue from the product or service", Unit.CHOICE)
    assert shown["Entry fee"] == (500_000, Unit.FEN)
    assert shown["Royalty rate"] == (Fraction(3, 100), Unit.RATE)
    assert shown["Minimum royalty for each period"] == (10_000, Unit.FEN)
    assert shown["Maximum royalty for each period"] == (9_000_000, Unit.FEN)
    assert shown["Commission of the intermediary"] == (60_000, Unit.FEN)


def test_the_summary_leaves_out_what_is_not_agreed() -> None:
    bare = replace(
        ROYALTY, fee=EntryFeeRoyalty(0, Fraction(3, 100), RoyaltyBase.SALES), commission_fen=None, ends_on=None
    )
    labels = [line.label for line in lines(bare)]
    assert not {"Commission of the intermediary", "Last day of the licence"} & set(labels)
    assert not [label for label in labels if label.startswith(("Minimum", "Maximum"))]


@pytest.mark.parametrize(
    ("trigger", "label", "value", "unit"),
    [
        (OnDate(date(2027, 1, 1)), "Payment starts on", date(2027, 1, 1), Unit.DAY),
        (RevenueThreshold(9), "Payment starts when revenue reaches", 9, Unit.FEN),
        (Milestone("First order"), "Payment starts with the milestone", "First order", Unit.TEXT),
    ],
)
def test_the_summary_says_what_starts_payment(trigger: Any, label: str, value: Any, unit: Unit) -> None:
    assert (label, value, unit) in lines(replace(LUMP, trigger=trigger))


@pytest.mark.parametrize(
    ("fee", "expected"),
    [
        (LumpSum(9), [("Lump sum", 9, Unit.FEN)]),
        (Deferral(9, 6), [("Deferred fee", Instalment(6, 9), Unit.PART)]),
        (
            PARTS,
            [
                ("Price", 350, Unit.FEN),
                ("Instalment", Instalment(0, 100), Unit.PART),
                ("Instalment", Instalment(6, 250), Unit.PART),
            ],
        ),
    ],
)
def test_the_summary_says_what_is_paid(fee: Any, expected: list[Any]) -> None:
    found = lines(replace(LUMP, fee=fee))
    assert [line for line in found if line in expected] == expected


@given(ANY_TERMS)
def test_any_terms_can_be_summed_up(terms: Terms) -> None:
    kinds = {
        Unit.TEXT: str,
        Unit.CHOICE: str,
        Unit.DAY: date,
        Unit.MONTHS: int,
        Unit.DAYS: int,
        Unit.FEN: int,
        Unit.RATE: Fraction,
        Unit.PART: Instalment,
        Unit.YEARS: int,
        Unit.NUMBER: int,
        Unit.MILESTONE: MilestonePart,
        Unit.TIER: Tier,
        Unit.YEAR_RATE: tuple,
        Unit.COMPLETER: Completer,
    }
    assert all(type(line.value) is kinds[line.unit] for line in lines(terms))
