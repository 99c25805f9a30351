"""Conditions over facts: what can be written, what it means in three values, and that nothing makes it raise."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.subsidies import language
from matchmaker.subsidies.catalogue_faults import (
    ComparisonUnknown,
    DuplicateKey,
    EmptyCondition,
    FactUnknown,
    NotACondition,
    TooDeep,
    TooLarge,
    ValueUnfit,
)
from matchmaker.subsidies.facts import FACTS, FactType, freeze, thaw, value_of
from matchmaker.subsidies.language import (
    DEEPEST,
    LARGEST,
    OPS,
    All,
    AnyOf,
    Compare,
    Expression,
    Not,
    Op,
    Ref,
    Span,
    blockers,
    findings,
    missing,
    names,
    parse,
    plain,
    truth,
)
from matchmaker.subsidies.lined import read
from tests.subsidies.values import any_facts, sound_facts, values_of

DAY = date(2026, 3, 2)


def faults_of(text: str) -> list[tuple[type, int]]:
    found: list[tuple[type, int]] = []
    assert parse(read(text), lambda kind, line, **facts: found.append((kind, line))) is None
    return found


def made(text: str) -> Expression:
    def refuse(kind: type, line: int, **facts: Any) -> None:
        raise AssertionError((kind, line, facts))

    expression = parse(read(text), refuse)
    assert expression is not None
    return expression


# --- reading --------------------------------------------------------------------------------------------------------


def test_every_form_is_read() -> None:
    text = """
    all:
      - {fact: claimant_kind, in: [university, enterprise]}
      - any:
          - {fact: signed_on, within: {months: 12, before: {fact: claimed_on}}}
          - not: {fact: recognitions, has_any: [gazelle, unicorn]}
      - {fact: receipts_fen, at_least: {fact: invoices_fen}}
      - {fact: project_title, known: true}
    """
    assert made(text) == All(
        (
            Compare("claimant_kind", Op.IN, ("university", "enterprise")),
            AnyOf(
                (
                    Compare("signed_on", Op.WITHIN, Span(12, "months", False, Ref("claimed_on"))),
                    Not(Compare("recognitions", Op.HAS_ANY, ("gazelle", "unicorn"))),
                )
            ),
            Compare("receipts_fen", Op.AT_LEAST, Ref("invoices_fen")),
            Compare("project_title", Op.KNOWN, True),
        )
    )


@pytest.mark.parametrize(
    ("text", "fault", "line"),
    [
        ("just text", NotACondition, 0),
        ("- {fact: claimant_verified, is: true}", NotACondition, 0),
        ("{}", NotACondition, 1),
        ("fact: claimant_verified", NotACondition, 1),
        ("fact: claimant_verified\nis: true\nknown: true", NotACondition, 1),
        ("all: []", EmptyCondition, 1),
        ("any: {fact: claimant_verified, is: true}", EmptyCondition, 1),
        ("all:\n  - fact: claimant_verified\n    is: true\n  - fact: claimant_verifed\n    is: true", FactUnknown, 4),
        ("all:\n  - not:\n      fact: claimant_verified\n      at_least: 3", ComparisonUnknown, 4),
        ("fact: claimant_verified\nis: 1", ValueUnfit, 2),
        ("fact: claimant_kind\nis: shop", ValueUnfit, 2),
        ("fact: claimant_kind\nin: university", ValueUnfit, 2),
        ("fact: claimant_kind\nin: []", ValueUnfit, 2),
        ("fact: recognitions\nhas: knighted", ValueUnfit, 2),
        ("fact: receipts_fen\nat_least: -1", ValueUnfit, 2),
        ("fact: receipts_fen\nat_least: 1.5", ValueUnfit, 2),
        ("fact: receipts_fen\nat_least: true", ValueUnfit, 2),
        ("fact: receipts_fen\nat_least: {fact: signed_on}", ValueUnfit, 2),
        ("fact: receipts_fen\nat_least: {fact: no_such}", ValueUnfit, 2),
        ("fact: signed_on\non_or_after: 2026-02-30", ValueUnfit, 2),
        ("fact: signed_on\nwithin: {days: 3}", ValueUnfit, 2),
        ("fact: signed_on\nwithin: {days: -3, after: 2026-01-01}", ValueUnfit, 2),
        ("fact: signed_on\nwithin: {days: 99999, after: 2026-01-01}", ValueUnfit, 2),
        ("fact: signed_on\nknown: false", ValueUnfit, 2),
        ("fact: signed_on\nfact: signed\nis: true", DuplicateKey, 2),
    ],
)
def test_what_cannot_be_read_is_named_with_its_line(text: str, fault: type, line: int) -> None:
    assert faults_of(text) == [(fault, line)]


def test_a_mistyped_fact_is_answered_with_similar_ones() -> None:
    told: dict[str, Any] = {}
    parse({"fact": "claimant_verifed", "is": True}, lambda kind, line, **facts: told.update(facts))
    assert told["near"][0] == "claimant_verified"


LEAF = {"fact": "claimant_verified", "is": True}


@pytest.mark.parametrize(("levels", "fault"), [(DEEPEST - 1, None), (DEEPEST, TooDeep), (200, TooDeep)])
def test_conditions_are_nested_so_deep_and_no_deeper(levels: int, fault: type | None) -> None:
    nested: Any = LEAF
    for _ in range(levels):
        nested = {"not": nested}
    found: list[type] = []
    expression = parse(nested, lambda kind, line, **facts: found.append(kind))
    assert (found, expression is None) == ([fault] if fault else [], fault is not None)


@pytest.mark.parametrize(("parts", "faults"), [(LARGEST - 1, []), (LARGEST, [TooLarge]), (5000, [TooLarge])])
def test_a_condition_has_so_many_parts_and_no_more(parts: int, faults: list[type]) -> None:
    found: list[type] = []
    parse({"all": [LEAF] * parts}, lambda kind, line, **facts: found.append(kind))
    assert found == faults


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(["claimant_verified", "is"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["all", "any", "not", "fact", "is", "in", "within"]) | st.text(), inner)
    ),
    max_leaves=12,
)


@given(anything)
def test_reading_never_raises_and_faults_leave_no_expression(source: Any) -> None:
    found: list[type] = []
    expression = parse(source, lambda kind, line, **facts: found.append(kind))
    assert (expression is None) == bool(found)


# --- expressions of every kind --------------------------------------------------------------------------------------


@st.composite
def compares(draw: st.DrawFn) -> Compare:
    fact = FACTS[draw(st.sampled_from(sorted(FACTS)))]
    op = draw(st.sampled_from(OPS[fact.type]))
    value = draw(values_of(fact))
    same = sorted(other.name for other in FACTS.values() if other.type is fact.type)
    if op is Op.KNOWN:
        operand: Any = True
    elif op is Op.WITHIN:
        day = draw(st.just(value) | st.sampled_from(same).map(Ref))
        operand = Span(draw(st.integers(0, 500)), draw(st.sampled_from(["days", "months", "years"])), True, day)
    elif op in (Op.HAS, Op.HAS_ANY):
        options = [str(option) for option in fact.options or ("P3-4", "P2-3")]
        some = draw(st.lists(st.sampled_from(options), min_size=1, max_size=2, unique=True))
        operand = some[0] if op is Op.HAS else tuple(some)
    elif op is Op.IN:
        operand = (value, draw(values_of(fact)))
    elif op is Op.IS:
        operand = value
    else:
        operand = draw(st.just(value) | st.sampled_from(same).map(Ref))
    return Compare(fact.name, op, operand)


expressions = st.recursive(
    compares(),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map(lambda parts: All(tuple(parts)))
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: AnyOf(tuple(parts)))
        | inner.map(Not)
    ),
    max_leaves=6,
)


@given(expressions)
def test_an_expression_written_as_json_or_yaml_is_read_back(expression: Expression) -> None:
    if _depth(expression) > DEEPEST:
        return
    kept = plain(expression)
    assert json.loads(json.dumps(kept)) == kept
    assert parse(kept, pytest.fail) == expression
    assert made(yaml.safe_dump(kept)) == expression


def _depth(expression: Expression) -> int:
    parts = [expression.part] if isinstance(expression, Not) else getattr(expression, "parts", ())
    return 1 + max((_depth(part) for part in parts), default=0)


@given(expressions, any_facts)
def test_evaluating_never_raises_and_tells_of_every_comparison(expression: Expression, facts: dict[str, Any]) -> None:
    result = truth(expression, facts)
    assert result in (True, False, None)
    assert len(findings(expression, facts)) >= 1
    assert (missing(expression, facts) == ()) or result is None
    assert set(missing(expression, facts)) <= set(names(expression))


@given(expressions, sound_facts, sound_facts)
def test_learning_more_never_overturns_what_was_decided(
    expression: Expression, facts: dict[str, Any], more: dict[str, Any]
) -> None:
    before = truth(expression, facts)
    assert before is None or truth(expression, {**more, **facts}) is before


@given(expressions, sound_facts)
def test_not_and_de_morgan_hold_in_three_values(expression: Expression, facts: dict[str, Any]) -> None:
    once = truth(expression, facts)
    assert truth(Not(expression), facts) is (None if once is None else not once)
    assert truth(Not(Not(expression)), facts) is once
    pair = (expression, Not(expression))
    assert truth(All(pair), facts) is not True
    assert truth(AnyOf(pair), facts) is not False
    assert truth(Not(All(pair)), facts) is truth(AnyOf(tuple(Not(part) for part in pair)), facts)


@given(expressions, sound_facts)
def test_what_stands_in_the_way_is_named_exactly_where_something_does(
    expression: Expression, facts: dict[str, Any]
) -> None:
    met = truth(expression, facts)
    way = blockers(expression, facts)
    assert (way == ()) is (met is True)
    assert set(way) <= set(findings(expression, facts))


@given(st.lists(st.sampled_from([name for name, fact in FACTS.items() if fact.type is FactType.FLAG]), max_size=4))
def test_turning_what_stands_in_the_way_meets_the_condition(flags: list[str]) -> None:
    expression = AnyOf(
        (
            All(tuple(Compare(name, Op.IS, True) for name in ("signed", *flags))),
            Not(Compare("claimant_local", Op.IS, True)),
        )
    )
    facts: dict[str, Any] = {"claimant_local": True, **dict.fromkeys(flags, False)}
    turned = {finding.fact: not value_of(facts, finding.fact) for finding in blockers(expression, facts)}
    assert truth(expression, {**facts, **turned}) is True


# --- what comparisons mean ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("op", "below", "at", "above"),
    [
        (Op.AT_LEAST, False, True, True),
        (Op.ABOVE, False, False, True),
        (Op.AT_MOST, True, True, False),
        (Op.BELOW, True, False, False),
        (Op.IS, False, True, False),
    ],
)
def test_numbers_below_at_and_above(op: Op, below: bool, at: bool, above: bool) -> None:
    leaf = Compare("receipts_fen", op, 100)
    assert [truth(leaf, {"receipts_fen": fen}) for fen in (99, 100, 101)] == [below, at, above]


@pytest.mark.parametrize(
    ("span", "first", "last"),
    [
        (Span(10, "days", True, DAY), DAY, date(2026, 3, 12)),
        (Span(10, "days", False, DAY), date(2026, 2, 20), DAY),
        (Span(1, "months", True, date(2026, 1, 31)), date(2026, 1, 31), date(2026, 2, 28)),
        (Span(2, "years", False, date(2024, 2, 29)), date(2022, 2, 28), date(2024, 2, 29)),
        (Span(0, "days", True, DAY), DAY, DAY),
        (Span(36_600, "years", True, DAY), DAY, date.max),
        (Span(36_600, "years", False, DAY), date.min, DAY),
    ],
)
def test_both_ends_of_a_span_belong_to_it(span: Span, first: date, last: date) -> None:
    leaf = Compare("signed_on", Op.WITHIN, span)
    inside = [truth(leaf, {"signed_on": day}) for day in (first, last)]
    assert inside == [True, True]
    outside = [first - timedelta(days=1)] if first > date.min else []
    outside += [last + timedelta(days=1)] if last < date.max else []
    assert [truth(leaf, {"signed_on": day}) for day in outside] == [False] * len(outside)


def test_a_comparison_with_an_unknown_fact_is_unknown() -> None:
    leaf = Compare("introduced_on", Op.ON_OR_BEFORE, Ref("signed_on"))
    assert truth(leaf, {"introduced_on": DAY}) is None
    assert truth(leaf, {"signed_on": DAY}) is None
    assert truth(leaf, {"introduced_on": DAY, "signed_on": DAY}) is True
    assert missing(leaf, {"introduced_on": DAY}) == ("signed_on",)


def test_that_something_is_recorded_is_true_or_unknown_and_never_false() -> None:
    leaf = Compare("project_title", Op.KNOWN, True)
    assert truth(leaf, {}) is None
    assert truth(leaf, {"project_title": "x" * 999}) is None
    assert truth(leaf, {"project_title": "示例"}) is True


# --- facts ----------------------------------------------------------------------------------------------------------


@given(any_facts)
def test_facts_are_frozen_as_plain_json_and_odd_ones_are_left_out(facts: dict[str, Any]) -> None:
    frozen = freeze(facts)
    assert json.loads(json.dumps(frozen)) == frozen
    thawed = thaw(frozen)
    assert freeze(thawed) == frozen
    assert set(thawed) == {name for name in FACTS if value_of(facts, name) is not None}


def test_every_fact_has_a_label_of_its_own() -> None:
    labels = [fact.label for fact in FACTS.values()]
    assert len(set(labels)) == len(labels)
    assert all((fact.type is FactType.CHOICE) <= (fact.options is not None) for fact in FACTS.values())


def test_the_language_says_what_it_offers() -> None:
    described = language.__doc__ or ""
    assert all(op.value in described for op in Op)
