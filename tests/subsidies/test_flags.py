"""The integrity flags: each kind on the smallest case, and the drill on a whole corpus (RELIABILITY B3)."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest
from click.testing import CliRunner

from matchmaker.deals.states import PartyRole
from matchmaker.subsidies.cli import policy
from matchmaker.subsidies.drill_cli import measure
from matchmaker.subsidies.flag_words import empty_words
from matchmaker.subsidies.flags import Context, FlagCode, Inventor, Paper, Party, Record, detect
from matchmaker.subsidies.flags.paper_flags import apart
from matchmaker.subsidies.papers import PaperKind

LICENSOR, LICENSEE, BROKER = PartyRole.LICENSOR, PartyRole.LICENSEE, PartyRole.BROKER
DAY = date(2026, 3, 2)
CONTEXT = Context(frozenset({frozenset({"P2-3", "P3-3"})}), frozenset({"张示例"}), empty_words())
SIDES = {
    LICENSOR: Party("u", "91220101MA00000001", "某大学"),
    LICENSEE: Party("e", "91220101MA00000002", "某公司", people=frozenset({"p1"})),
    BROKER: Party("b", "91220101MA00000003", "某中介"),
}
ONE = Record(
    id="1", number="2026-1", clause_id="P3-4", claimant=SIDES[BROKER], parties=SIDES, deal_id="d1",
    title="耐寒凝胶电解质技术许可合同", achievements=frozenset({"a1"}), sum_fen=300, cap_fen=50_000_000,
    price_fen=12_345_600, signed_on=DAY, introduced_on=DAY, broker_recorded_on=DAY,
    confirmed_by=frozenset({LICENSOR, LICENSEE}), claimed_on=DAY,
    papers=(Paper(PaperKind.RECEIPT, "770120260001", 12_345_600, DAY),),
)  # fmt: skip
OTHER = replace(
    ONE, id="2", number="2026-2", deal_id="d2", achievements=frozenset({"a2"}), title="轴承故障诊断算法许可合同",
    price_fen=700_000, signed_on=DAY + timedelta(days=20), papers=(Paper(PaperKind.RECEIPT, "998877665544", 5, DAY),),
)  # fmt: skip


def codes(record: Record, *others: Record) -> list[FlagCode]:
    return [flag.code for flag in detect(record, others, CONTEXT)]


def test_honest_claims_raise_nothing() -> None:
    assert codes(ONE, OTHER, ONE) == []


@pytest.mark.parametrize("number", ["７７０１２０２６０００１", "7701 2026 0001", "(7701-2026-0001)"])
def test_the_same_paper_in_any_spelling(number: str) -> None:
    assert codes(ONE, replace(OTHER, papers=(Paper(PaperKind.RECEIPT, number, 5),))) == [FlagCode.SAME_PAPER]


def test_a_contract_number_counts_between_the_same_sides_alone() -> None:
    contract = (Paper(PaperKind.CONTRACT, "HT-2026-001"),)
    stranger = {**SIDES, LICENSEE: Party("x", "91220101MA00000009")}
    mine = replace(ONE, papers=contract)
    assert codes(mine, replace(OTHER, papers=contract)) == [FlagCode.SAME_PAPER]
    assert codes(mine, replace(OTHER, papers=contract, parties=stranger)) == []


@pytest.mark.parametrize("number", ["77012026000l", "7701202600O1", "770120260010", "77012026001", "770120260003"])
def test_a_paper_typed_almost_the_same(number: str) -> None:
    near = replace(OTHER, papers=(Paper(PaperKind.RECEIPT, number, 12_345_600, DAY + timedelta(days=3)),))
    assert codes(ONE, near) == [FlagCode.NEAR_PAPER]
    month_later = replace(OTHER, papers=(Paper(PaperKind.RECEIPT, number, 12_345_600, DAY + timedelta(days=30)),))
    assert codes(ONE, month_later) == []


@pytest.mark.parametrize(
    ("left", "right", "distance"),
    [
        ("123", "123", 0),
        ("123", "124", 1),
        ("123", "13", 1),
        ("1234", "1324", 1),
        ("1234", "4321", 3),
        ("", "123456", 3),
    ],
)
def test_mistakes_of_typing_are_counted(left: str, right: str, distance: int) -> None:
    assert apart(left, right, 2) == distance == apart(right, left, 2)


def test_one_deal_under_clauses_that_exclude_each_other() -> None:
    mine = replace(ONE, clause_id="P2-3", claimant=SIDES[LICENSEE])
    assert codes(mine, replace(OTHER, clause_id="P3-3", deal_id="d1")) == [FlagCode.EXCLUDING_CLAUSE]
    assert codes(mine, replace(OTHER, clause_id="P3-4", deal_id="d1")) == []


def test_parts_of_one_transaction() -> None:
    part = replace(OTHER, achievements=frozenset({"a1"}))
    assert codes(ONE, part) == [FlagCode.SPLIT]
    titled = replace(OTHER, achievements=frozenset(), title="耐寒凝胶电解质技术许可合同（二期）")
    assert codes(replace(ONE, achievements=frozenset()), titled) == [FlagCode.SPLIT]
    shells = {**SIDES, LICENSEE: replace(SIDES[LICENSEE], id="s", credit_code="91220101MA00000008")}
    assert codes(ONE, replace(part, parties=shells)) == [FlagCode.SPLIT]  # a licensee with the same person
    free = {**SIDES, LICENSEE: Party("f", "91220101MA00000007")}
    assert codes(ONE, replace(part, parties=free)) == []  # an ordinary licence to an independent firm
    assert codes(ONE, replace(part, signed_on=DAY + timedelta(days=61))) == []


def test_a_repeat_with_another_date() -> None:
    again = replace(OTHER, achievements=frozenset({"a1"}), price_fen=12_345_600, signed_on=DAY + timedelta(days=150))
    assert codes(ONE, again) == [FlagCode.REPEAT]
    assert codes(ONE, replace(again, signed_on=DAY + timedelta(days=400))) == []
    hidden = replace(again, achievements=frozenset({"a9"}), title="别的技术名称", price_fen=12_345_700)
    assert codes(ONE, hidden) == [FlagCode.REPEAT]  # a sum that is almost the same
    assert codes(ONE, replace(hidden, price_fen=12_345_600)) == []  # a standard price


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"people": frozenset({"p1"})}, True), ({"credit_code": "９１２２０１０１ma00000002"}, True),
        ({"address": "示例路1号2室"}, True), ({"phone": "+86 0431-1234567"}, True),
        ({"owners": ("91220101MA00000002",)}, True), ({"representative": "王某某", "owners": ("赵某某",)}, True),
        ({"representative": "王某某"}, False), ({"representative": "张示例", "owners": ("张示例",)}, False),
    ],
)  # fmt: skip
def test_related_parties(changes: dict[str, object], found: bool) -> None:
    licensee = replace(
        SIDES[LICENSEE],
        address="示例路 1 号 2 室",
        phone="0431 1234567",
        representative="王某某",
        owners=("赵某某", "张示例"),
    )
    broker = replace(SIDES[BROKER], **changes)
    sides = {**SIDES, LICENSEE: licensee, BROKER: broker}
    assert codes(replace(ONE, parties=sides, claimant=broker)) == ([FlagCode.RELATED_PARTIES] if found else [])


def test_circles_of_two_and_three() -> None:
    third = Party("t", "91220101MA00000005")

    def edge(number: str, left: Party, right: Party, price: int = 12_000_000) -> Record:
        return replace(OTHER, id=number, number=number, parties={LICENSOR: left, LICENSEE: right}, price_fen=price)

    a, b = SIDES[LICENSOR], SIDES[LICENSEE]
    assert codes(ONE, edge("7", b, a)) == [FlagCode.CIRCULAR]
    assert codes(ONE, edge("7", b, third), edge("8", third, a)) == [FlagCode.CIRCULAR]
    assert codes(ONE, edge("7", b, a, 30_000_000)) == []
    assert codes(ONE, edge("7", b, third)) == []


def test_an_intermediary_who_came_late_or_whom_nobody_confirmed() -> None:
    late = DAY + timedelta(days=1)
    assert codes(replace(ONE, broker_recorded_on=late)) == [FlagCode.LATE_BROKER]
    assert codes(replace(ONE, introduced_on=late)) == [FlagCode.LATE_BROKER]
    assert codes(replace(ONE, confirmed_by=frozenset({LICENSOR}))) == [FlagCode.UNCONFIRMED_BROKER]
    assert codes(replace(ONE, confirmed_by=None)) == []


def test_an_inventor_inside_the_licensee() -> None:
    assert codes(replace(ONE, inventors=(Inventor("p1", "某人"),))) == [FlagCode.INVENTOR_INSIDE]
    owned = {**SIDES, LICENSEE: replace(SIDES[LICENSEE], owners=("欧阳某某", "张示例"))}
    assert codes(replace(ONE, parties=owned, inventors=(Inventor("", "欧阳某某"),))) == [FlagCode.INVENTOR_INSIDE]
    assert codes(replace(ONE, parties=owned, inventors=(Inventor("", "张示例"),))) == []  # a name that many bear


def test_patterns_of_sums() -> None:
    near = replace(ONE, sum_fen=49_000_000)
    free = [replace(OTHER, id=str(n), number=str(n), sum_fen=48_000_000, parties={}, deal_id=None) for n in (5, 6)]
    assert codes(near, *free) == [FlagCode.SUM_PATTERN]
    assert codes(near, free[0]) == []
    assert codes(replace(ONE, sum_fen=50_000_000), *free) == []
    unequal = tuple(Paper(PaperKind.RECEIPT, f"r{n}", n * 1_000_000, DAY) for n in range(3, 9))
    equal = tuple(Paper(PaperKind.RECEIPT, f"r{n}", 5_000_000, DAY) for n in range(6))
    assert codes(replace(ONE, papers=unequal)) == [FlagCode.SUM_PATTERN]
    assert codes(replace(ONE, papers=equal)) == []


@pytest.mark.parametrize("seed", [2])
def test_the_drill_reaches_the_figures_on_a_seed_that_it_was_not_tuned_on(seed: int) -> None:
    report = measure(seed)
    assert report.frauds.of >= 500
    assert report.false_alarms.of >= 500
    assert report.groups["exact duplicates"].share == 1
    assert report.groups["splits"].share >= 0.95
    assert report.groups["near-duplicates"].share >= 0.9
    assert report.false_alarms.share <= 0.02


@pytest.mark.nightly
@pytest.mark.parametrize("seed", range(31, 61))
def test_the_drill_reaches_the_figures_on_every_one_of_many_seeds(seed: int) -> None:
    report = measure(seed)
    assert report.holds, report


def test_parts_that_only_together_are_a_round_sum_are_a_split_under_whatever_names() -> None:
    first = replace(ONE, price_fen=71_500_000, signed_on=DAY)
    second = _part(first, 71_500_000, days=20)
    assert codes(first, second) == [FlagCode.SPLIT]
    assert codes(first, _part(first, 71_400_000, days=20)) == []  # 1,429 thousand
    assert codes(first, _part(first, 71_500_000, days=61)) == []
    thirds = [_part(first, 22_333_333, days=days) for days in (0, 10, 20)]
    titles = ("耐寒凝胶电解质", "轴承故障诊断算法", "卫星影像配准")
    thirds = [
        replace(one, id=name, number=name, deal_id=name, title=name, achievements=frozenset({name}), papers=())
        for one, name in zip(thirds, titles, strict=True)
    ]
    assert codes(thirds[0], *thirds[1:]) == [FlagCode.SPLIT]  # 67 with the fen that rounding cost
    assert codes(thirds[0], thirds[1]) == []
    whole = replace(first, price_fen=71_000_000)
    assert codes(whole, _part(whole, 72_000_000, days=20)) == []


def _part(record: Record, fen: int, *, days: int) -> Record:
    """Another contract of the same sides, for an achievement and under a title of its own."""
    return replace(
        OTHER,
        parties=record.parties,
        claimant=record.claimant,
        clause_id=record.clause_id,
        title="低温密封胶医用储能",
        achievements=frozenset({"another"}),
        price_fen=fen,
        signed_on=(record.signed_on or DAY) + timedelta(days=days),
    )


def test_one_name_for_two_achievements_at_a_standard_price_of_these_sides_is_no_repeat() -> None:
    first = replace(ONE, price_fen=50_000_000, signed_on=DAY)
    namesake = replace(_part(first, 50_000_000, days=20), title=first.title)
    third = replace(_part(first, 50_000_000, days=30), id="3", number="3", deal_id="3", achievements=frozenset({"3"}))
    assert codes(first, namesake) == [FlagCode.REPEAT]
    assert codes(first, namesake, third) == []
    assert codes(first, namesake, replace(third, price_fen=49_000_000)) == [FlagCode.REPEAT]


def test_the_command_prints_the_figures() -> None:
    found = CliRunner().invoke(policy, ["audit-drill", "--seed", "1", "--json"])
    assert found.exit_code == 0, found.output
    data = json.loads(found.output)
    assert (data["seed"], data["holds"], data["frauds"]["of"]) == (1, True, 580)
