"""Every parameter of every clause below, at and above, and the day before and on its start (RELIABILITY B4).

What is expected comes from a reading of the YAML of its own: plain `yaml.safe_load`, none of the platform's code.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
import yaml

from matchmaker.subsidies import policies
from matchmaker.subsidies.catalogue import Change, Per
from matchmaker.subsidies.rules import Condition, Situation, Verdict, judge

RAW = yaml.safe_load((policies.FOLDER / "changchun-2025.yaml").read_text("utf-8"))
RULES = {rule["id"]: rule for rule in RAW["rules"]}
CLAUSES = {clause["id"]: clause for clause in RAW["clauses"]}
PAYING = [id for id, clause in CLAUSES.items() if clause["kind"] in ("cap", "fixed")]
CAPS = [id for id in PAYING if CLAUSES[id]["kind"] == "cap"]
KINDS = ("university", "enterprise", "intermediary", "authority")
ONE_DAY = timedelta(days=1)
LATER = timedelta(days=400)  # the day of the claim, after everything that has to come before it
SAMPLE_TEXT = "示例"


# --- facts that meet a condition, and each step over its edge -------------------------------------------------------


def day_or_number(value: Any, facts: dict[str, Any]) -> Any:
    return facts[value["fact"]] if isinstance(value, dict) else value


def meet(when: dict[str, Any], facts: dict[str, Any]) -> None:
    """Add facts that meet a condition, just so."""
    if "all" in when or "any" in when:
        for part in when.get("all") or when["any"][:1]:
            meet(part, facts)
        return
    ((word, value),) = ((word, value) for word, value in when.items() if word != "fact")
    if word in ("above", "at_least", "on_or_before") and isinstance(value, dict):
        facts.setdefault(value["fact"], 700 if word != "on_or_before" else facts["clause_from"])
    facts[when["fact"]] = {
        "is": lambda: value,
        "in": lambda: value[0],
        "has": lambda: (value,),
        "known": lambda: SAMPLE_TEXT,
        "on_or_after": lambda: day_or_number(value, facts),
        "on_or_before": lambda: day_or_number(value, facts),
        "above": lambda: day_or_number(value, facts) + 1,
        "at_least": lambda: day_or_number(value, facts),
    }[word]()


def edges(when: dict[str, Any], facts: dict[str, Any]) -> Iterator[tuple[dict[str, Any], bool | None]]:
    """Facts just inside and outside of each comparison, with what the condition then is."""
    for part in when.get("all", []):
        yield from edges(part, facts)
    if "any" in when:
        first, *others = when["any"]
        closed = {other["fact"]: not other["is"] for other in others}
        yield closed, True
        yield from (({**closed, **changed}, met) for changed, met in edges(first, facts))
        for other in others:  # another way is enough
            yield {first["fact"]: None, other["fact"]: other["is"]}, True
    if "fact" not in when:
        return
    name = when["fact"]
    ((word, value),) = ((word, value) for word, value in when.items() if word != "fact")
    edge = day_or_number(value, facts) if word not in ("is", "in", "has", "known") else None
    step = ONE_DAY if isinstance(edge, date) else 1
    yield {name: None}, None
    if word == "is":
        yield from (({name: value}, True), ({name: not value}, False))
    elif word == "in":
        yield from (({name: one}, True) for one in value)
        if name == "claimant_size":
            yield {name: "large"}, False
    elif word == "has":
        yield from (({name: (value,)}, True), ({name: ()}, False))
    elif word in ("on_or_after", "at_least"):
        yield from (({name: edge - step}, False), ({name: edge}, True), ({name: edge + step}, True))
    elif word == "on_or_before":
        yield from (({name: edge - step}, True), ({name: edge}, True), ({name: edge + step}, False))
    elif word == "above":
        yield from (({name: edge}, False), ({name: edge + step}, True), ({name: edge - step}, False))
    else:
        assert word == "known"


def sound_facts(clause: dict[str, Any]) -> dict[str, Any]:
    """Facts that meet every condition of a clause."""
    facts: dict[str, Any] = {"clause_from": clause["in_force_from"], "claims_elsewhere": ()}
    for name in clause.get("conditions", ()):
        meet(RULES[name]["when"], facts)
    if clause["beneficiary_kinds"]:
        facts["claimant_kind"] = clause["beneficiary_kinds"][0]
    if "part" in clause:
        facts["deal_part"] = clause["part"]
    if "counts" in clause:
        facts[clause["counts"]] = 1
    return facts


def verdict(clause_id: str, changed: dict[str, Any] | None = None, *, on: date | None = None, **asked: Any) -> Verdict:
    clause = CLAUSES[clause_id]
    facts = {**sound_facts(clause), **(changed or {})}
    facts = {name: value for name, value in facts.items() if value is not None}
    on = on or clause["in_force_from"] + LATER
    return judge(policies.current().catalogue.clause(clause_id), Situation(on, facts, **asked))


def condition(found: Verdict, code: str) -> Condition:
    return next(one for one in found.conditions if one.code == code)


# --- the clauses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("clause_id", PAYING)
def test_sound_facts_are_granted_where_someone_can_claim(clause_id: str) -> None:
    found = verdict(clause_id)
    nobody = not CLAUSES[clause_id]["beneficiary_kinds"]
    assert found.unmet + found.open == (("beneficiary",) if nobody else ())


@pytest.mark.parametrize("clause_id", PAYING)
def test_each_comparison_of_each_condition_turns_at_its_edge(clause_id: str) -> None:
    clause, looked_at = CLAUSES[clause_id], 0
    for name in clause["conditions"]:
        for changed, met in edges(RULES[name]["when"], sound_facts(clause)):
            found = verdict(clause_id, changed)
            assert condition(found, name).met is met, (name, changed)
            looked_at += 1
    assert looked_at >= 3 * len(clause["conditions"]) - 2


@pytest.mark.parametrize("clause_id", CLAUSES)
def test_the_day_before_its_start_is_too_early_and_the_day_itself_is_not(clause_id: str) -> None:
    start = CLAUSES[clause_id]["in_force_from"]
    for on, met in ((start - ONE_DAY, False), (start, True), (start + ONE_DAY, True)):
        assert condition(verdict(clause_id, on=on), "in_force").met is met


@pytest.mark.parametrize("clause_id", CLAUSES)
def test_each_kind_of_organisation_is_a_beneficiary_or_is_not(clause_id: str) -> None:
    for kind in KINDS:
        met = kind in CLAUSES[clause_id]["beneficiary_kinds"]
        assert condition(verdict(clause_id, {"claimant_kind": kind}), "beneficiary").met is met


@pytest.mark.parametrize("clause_id", CLAUSES)
def test_the_sum_holds_below_at_and_above_to_the_fen(clause_id: str) -> None:
    clause = CLAUSES[clause_id]
    if clause_id not in PAYING:
        assert condition(verdict(clause_id, requested_fen=1), "amount").met is False
        return
    sum_fen, fixed = clause["amount_fen"], clause["kind"] == "fixed"
    for requested_fen, met in ((1, not fixed), (sum_fen - 1, not fixed), (sum_fen, True), (sum_fen + 1, False)):
        assert condition(verdict(clause_id, requested_fen=requested_fen), "amount").met is met
    for granted_fen in (sum_fen - 1, sum_fen):
        found = verdict(clause_id, requested_fen=1, granted_fen=granted_fen)
        left = sum_fen - granted_fen if not fixed or "counts" in clause else 0
        assert condition(found, "amount").met is (left == 1)


@pytest.mark.parametrize("clause_id", [id for id in PAYING if "counts" in CLAUSES[id]])
def test_a_sum_for_each_person_grows_with_their_number(clause_id: str) -> None:
    clause = CLAUSES[clause_id]
    for number in (1, 2, 7):
        found = verdict(clause_id, {clause["counts"]: number})
        assert found.working is not None
        assert found.working.computed_fen == number * clause["amount_fen"]


@pytest.mark.parametrize("clause_id", [id for id in PAYING if "excludes" in CLAUSES[id]])
def test_each_excluding_clause_stands_in_the_way_and_no_other(clause_id: str) -> None:
    for other in CLAUSES:
        met = other not in CLAUSES[clause_id]["excludes"]
        assert condition(verdict(clause_id, {"claims_elsewhere": (other,)}), "exclusion").met is met


@pytest.mark.parametrize("clause_id", [id for id in PAYING if "part" in CLAUSES[id]])
def test_the_part_in_the_deal_is_the_one_of_the_clause(clause_id: str) -> None:
    for part in ("licensor", "licensee", "broker"):
        assert condition(verdict(clause_id, {"deal_part": part}), "part").met is (part == CLAUSES[clause_id]["part"])


# --- dated values, as the bureau will enter them: examples ----------------------------------------------------------


@pytest.mark.parametrize("clause_id", CAPS)
@pytest.mark.parametrize("rate", [Fraction(1, 100), Fraction(3, 100), Fraction(1, 3)])
def test_a_rate_counts_from_its_day_and_meets_the_cap_exactly(clause_id: str, rate: Fraction) -> None:
    raw = CLAUSES[clause_id]
    start, cap_fen = date(2026, 7, 1), raw["amount_fen"]
    change = Change(start, (("rate", rate), ("base", ("receipts_fen",))), "示例", "example")
    clause = policies.current().catalogue.clause(clause_id).with_changes((change,))
    full_fen = -(-cap_fen * rate.denominator // rate.numerator)  # the least receipts that give the whole cap
    for on, receipts_fen, expected in (
        (start - ONE_DAY, full_fen, None),
        (start, full_fen, cap_fen),
        (start, full_fen + 10_000, cap_fen),
        (start, full_fen - 10_000, cap_fen - int(10_000 * rate)),
        (start, 0, 0),
    ):
        facts = {**sound_facts(raw), "receipts_fen": receipts_fen, "receipt_reused": False}
        working = judge(clause, Situation(on, facts)).working
        assert working is not None
        if expected is None or expected in (0, cap_fen):
            assert working.computed_fen == expected
        else:
            assert abs((working.computed_fen or 0) - expected) <= 1


@pytest.mark.parametrize("clause_id", PAYING)
def test_a_changed_sum_a_least_sum_and_a_deadline_count_from_their_day(clause_id: str) -> None:
    start, sum_fen = date(2026, 7, 1), CLAUSES[clause_id]["amount_fen"]
    values = (("amount_fen", sum_fen + 100), ("deadline_on", start + ONE_DAY))
    clause = policies.current().catalogue.clause(clause_id).with_changes((Change(start, values, "示例", "example"),))
    facts = sound_facts(CLAUSES[clause_id])
    for on, most_fen, deadline in (
        (start - ONE_DAY, sum_fen, None),
        (start, sum_fen + 100, True),
        (start + ONE_DAY, sum_fen + 100, True),
        (start + 2 * ONE_DAY, sum_fen + 100, False),
    ):
        found = judge(clause, Situation(on, facts))
        assert found.working is not None
        assert found.working.limit_fen == most_fen
        assert [one.met for one in found.conditions if one.code == "deadline"] == (
            [] if deadline is None else [deadline]
        )


@pytest.mark.parametrize("clause_id", CAPS)
def test_a_least_sum_counts_from_its_day_below_at_and_above(clause_id: str) -> None:
    raw = CLAUSES[clause_id]
    start, least_fen = date(2026, 7, 1), 50_000
    before = Change(raw["in_force_from"], (("rate", Fraction(1, 100)), ("base", ("receipts_fen",))), "示例", "example")
    least = Change(start, (("minimum_fen", least_fen),), "示例", "example")
    clause = policies.current().catalogue.clause(clause_id).with_changes((before, least))
    for on, share_fen, granted_fen in (
        (start - ONE_DAY, least_fen - 1, least_fen - 1),
        (start, least_fen - 1, 0),
        (start, least_fen, least_fen),
        (start, least_fen + 1, least_fen + 1),
        (start + ONE_DAY, least_fen - 1, 0),
    ):
        facts = {**sound_facts(raw), "receipts_fen": share_fen * 100, "receipt_reused": False}
        found = judge(clause, Situation(on, facts))
        assert found.working is not None
        assert found.working.computed_fen == granted_fen
        assert condition(found, "amount").met is (granted_fen > 0)


@pytest.mark.parametrize("clause_id", CAPS)
@pytest.mark.parametrize("lowest", ["approved_fen", "invoices_fen", "receipts_fen", "receipts_year_fen"])
def test_of_the_sums_that_count_the_least_does_and_one_that_is_not_recorded_leaves_it_open(
    clause_id: str, lowest: str
) -> None:
    raw = CLAUSES[clause_id]
    base = ("approved_fen", "invoices_fen", "receipts_fen", "receipts_year_fen")
    change = Change(raw["in_force_from"], (("rate", Fraction(3, 100)), ("base", base)), "示例", "example")
    clause = policies.current().catalogue.clause(clause_id).with_changes((change,))
    on, money = raw["in_force_from"] + LATER, dict.fromkeys(base, 70_000)
    facts = {**sound_facts(raw), **money, "receipt_reused": False}
    for fen, granted_fen in ((69_999, 2100), (69_983, 2099), (70_000, 2100), (70_017, 2100)):  # half a fen is one
        working = judge(clause, Situation(on, {**facts, lowest: fen})).working
        assert working is not None
        assert working.computed_fen == granted_fen
    open_ = judge(clause, Situation(on, {name: value for name, value in facts.items() if name != lowest}))
    assert condition(open_, "amount").met is None
    nothing = judge(clause, Situation(on, {**facts, lowest: 0}))
    assert condition(nothing, "amount").met is False


@pytest.mark.parametrize("clause_id", PAYING)
def test_what_the_sum_is_granted_for_counts_from_its_day(clause_id: str) -> None:
    start, own = date(2026, 7, 1), CLAUSES[clause_id]["per"]
    other = Per.ONCE if own != "once" else Per.YEAR
    change = Change(start, (("per", other),), "示例", "example")
    clause = policies.current().catalogue.clause(clause_id).with_changes((change,))
    assert [clause.on(day).per for day in (start - ONE_DAY, start, start + ONE_DAY)] == [own, other, other]


# --- the published cases --------------------------------------------------------------------------------------------


def test_every_clause_has_a_worked_case_and_each_turns_out_as_it_says() -> None:
    from matchmaker.subsidies import cases

    shipped = policies.shipped_cases()
    assert {case.clause.id for case in shipped} == set(CLAUSES)
    assert len({case.id for case in shipped}) == len(shipped)
    assert [str(fault) for case in shipped for fault in cases.differences(case, file="")] == []
