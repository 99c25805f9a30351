"""Policy files are read exactly, and every fault is named by line."""

import re
from datetime import date
from fractions import Fraction
from pathlib import Path

import pytest

from matchmaker.core.errors import NotFound
from matchmaker.core.money import LIMIT_FEN
from matchmaker.subsidies.catalogue import CountedBy, Label, Per
from matchmaker.subsidies.catalogue_faults import (
    BadCatalogue,
    DuplicateId,
    DuplicateKey,
    MissingKey,
    NobodyToPay,
    NotADay,
    NotAList,
    NotAMapping,
    NotARate,
    NotAWholeNumber,
    NothingInCatalogue,
    NotOneOf,
    NotText,
    NotYaml,
    RateWithoutCap,
    UnknownKey,
    Unpaired,
    WrongSum,
)
from matchmaker.subsidies.catalogue_reader import load

POLICIES = Path(__file__).parents[2] / "seed_data" / "policies"

# id, kind, sum in 万元 or percentage, per what: the table of DOMAIN.md section 0
PRINTED = """
P1-1  cap   1000   year
P1-2  fixed 200    once
P1-3  none  -      not_applicable
P1-4  floor 1500   city_year
P1-5  cap   300    not_stated
P1-6  cap   50     project
P2-1  cap   1000   major_project
P2-2  cap   1000   not_stated
P2-3  cap   50     not_stated
P3-1  none  -      not_applicable
P3-2  cap   1000   project_year
P3-3  cap   50     not_stated
P3-4  cap   50     not_stated
P3-5  cap   200    not_stated
P3-6  cap   50     not_stated
P3-7  cap   200    not_stated
P3-8  cap   200    not_stated
P4-1  cap   50     not_stated
P4-2  cap   300    park_year
P4-3  cap   10     recognition
P4-4  cap   5      recognition_renewal
P4-5a fixed 50     recognition
P4-5b fixed 20     recognition
P4-5c fixed 10     recognition
P4-6  cap   100    not_stated
P5-1a pct   50%    not_applicable
P5-1b pct   40%    not_applicable
P5-2  cap   50     not_stated
P5-3  cap   100    not_stated
P6-1  fixed 10     person
P7-1  floor 100000 city_year
"""
EXPECTED = [row.split() for row in PRINTED.strip().splitlines()]

# targets of the action plan, in its order, people and enterprises in ones, the funds in 亿元
TARGETS = [500, 1000, 15, 530, 1_700_000, 6000, 6000, 4000, 2500, 58, 5, 10, 5, 35, 25, 1500, 200, 200, 50]
TARGETS += [950_000, 2000, 1000, 300]


@pytest.fixture(scope="module")
def changchun():
    return load((POLICIES / "changchun-2025.yaml").read_text("utf-8"), file="changchun-2025.yaml")


@pytest.fixture(scope="module")
def plan():
    return load((POLICIES / "targets-2027.yaml").read_text("utf-8"), file="targets-2027.yaml")


# --- the shipped policy ---


def test_all_31_clauses_stand_in_order_with_kind_sum_and_per(changchun):
    assert len(EXPECTED) == 31

    def shown(clause):
        if clause.percent is not None:
            return f"{clause.percent}%"
        return "-" if clause.amount_fen is None else str(clause.amount_fen / 1_000_000).removesuffix(".0")

    assert [[c.id, c.kind.value, shown(c), c.per.value] for c in changchun] == EXPECTED


def test_every_source_phrase_states_the_figure_of_its_clause(changchun):
    for clause in changchun:
        phrase = clause.source_phrase
        assert phrase == phrase.strip() != ""
        if clause.percent is not None:
            figure = f"{clause.percent}%"
        elif clause.amount_fen is None:
            assert not re.search(r"\d", phrase), clause.id
            continue
        else:
            wan = clause.amount_fen // 1_000_000
            figure = f"{wan // 10_000}亿元" if wan >= 10_000 else f"{wan}万元"
        assert re.search(rf"(?<!\d){figure}", phrase), clause.id


def test_source_phrases_are_distinct_except_for_the_three_levels_of_one_award(changchun):
    phrases = [clause.source_phrase for clause in changchun]
    assert len(set(phrases)) == len(phrases) - 2
    assert len({changchun.clause(f"P4-5{level}").source_phrase for level in "abc"}) == 1


def test_wording_of_the_phrase_fits_the_kind(changchun):
    mark = {"cap": "最高", "floor": "不少于", "pct": "%", "fixed": "给予", "none": ""}
    for clause in changchun:
        assert mark[clause.kind] in clause.source_phrase, clause.id
        assert ("最高" in clause.source_phrase) == (clause.kind == "cap"), clause.id


def test_no_rate_and_no_base_is_recorded_and_the_label_says_so(changchun):
    assert all(clause.rate is None and clause.base is None for clause in changchun)
    assert changchun.rate_missing == Label("细则未收录", "implementing rules not recorded")


def test_every_clause_is_in_force_from_the_day_of_release(changchun):
    assert {clause.in_force_from for clause in changchun} == {changchun.source.released_on} == {date(2025, 1, 6)}


def test_the_clauses_of_the_matchmaking_flow_name_who_can_claim(changchun):
    claimants = {c.id: [kind.value for kind in c.beneficiary_kinds] for c in changchun}
    assert claimants["P2-3"] == ["enterprise"]
    assert claimants["P3-1"] == []
    assert claimants["P3-3"] == ["university"]
    assert claimants["P3-4"] == ["intermediary"]


def test_only_clauses_that_pay_have_claimants(changchun):
    assert all(clause.pays for clause in changchun if clause.beneficiary_kinds)
    assert {c.id for c in changchun if not c.pays} == {"P1-3", "P1-4", "P3-1", "P5-1a", "P5-1b", "P7-1"}


def test_every_kind_and_per_has_a_name_in_both_languages(changchun):
    assert changchun.per_labels[Per.PROJECT_YEAR] == Label("每个项目每年", "per project and year")
    assert len(changchun.kind_labels) == 5
    assert set(changchun.per_labels) == set(Per)
    used = {clause.per for clause in changchun}
    assert used == set(Per)


def test_texts_stand_in_their_language(changchun, plan):
    han = re.compile(r"[\u4e00-\u9fff]")
    for row in (*changchun.clauses, *plan.targets):
        for name, text in vars(row).items():
            if isinstance(text, str) and name.endswith(("_zh", "phrase")):
                assert han.search(text), (row.id, name)
            if isinstance(text, str) and name.endswith("_en"):
                assert not han.search(text), (row.id, name)


def test_a_clause_is_found_by_its_id(changchun):
    assert changchun.clause("P3-4").amount_fen == 50_000_000
    with pytest.raises(NotFound):
        changchun.clause("P9-9")


def test_export_rows_are_plain_values_in_order(changchun):
    rows = changchun.export_rows()
    assert [row["id"] for row in rows] == [row[0] for row in EXPECTED]
    assert rows[12] == {
        "id": "P3-4",
        "amount_fen": 50_000_000,
        "kind": "cap",
        "per": "not_stated",
        "source_phrase": "对促成我市科技成果转化项目的科技中介机构最高给予50万元补助",
    }
    assert {type(value) for row in rows for value in row.values()} == {str, int, type(None)}


def test_the_action_plan_states_its_figures_for_2027(plan):
    assert [target.value for target in plan.targets] == TARGETS
    assert {target.by_year for target in plan.targets} == {2027}
    assert plan.clauses == ()
    assert plan.rate_missing is None


def test_every_target_phrase_states_its_figure(plan):
    for target in plan.targets:
        figure = f"{target.value // 10_000}万" if target.value >= 10_000 else str(target.value)
        if target.unit_zh == "亿元":
            figure = "千亿元"
        assert re.search(rf"(?<!\d){figure}(?!\d)", target.source_phrase), target.id
        if target.baseline is not None:
            assert str(target.baseline) in target.baseline_phrase, target.id


def test_the_platform_counts_only_two_targets_and_says_which_part(plan):
    counted = {t.name_zh for t in plan.targets if t.counted_by is CountedBy.PLATFORM}
    assert counted == {"科技成果本地转化", "高素质技术经理人"}
    assert all((t.note_en is not None) == (t.counted_by is CountedBy.PLATFORM) for t in plan.targets)


# --- a small file, and what can be wrong in it ---

SMALL = """\
id: small
title_zh: 示例政策
title_en: Example policy
source:
  title_zh: 示例解读
  title_en: Example reading
  publisher_zh: 示例发布者
  publisher_en: Example publisher
  released_on: 2025-01-06
  document_no: null
  note_zh: 仅供测试
  note_en: For tests only
labels:
  rate_missing: {zh: 未收录, en: not recorded}
  kinds:
    cap: {zh: 甲, en: a}
    fixed: {zh: 乙, en: b}
    floor: {zh: 丙, en: c}
    pct: {zh: 丁, en: d}
    none: {zh: 戊, en: e}
  pers:
PERS
clauses:
  - id: S-1
    name_zh: 示例补助
    name_en: Example subsidy
    beneficiary_zh: 示例机构
    beneficiary_en: Example organisation
    beneficiary_kinds: [enterprise]
    kind: cap
    amount_fen: 5000
    percent: null
    per: once
    rate: null
    base: null
    in_force_from: 2025-01-06
    source_phrase: 最高50元
targets:
  - id: T-1
    name_zh: 示例目标
    name_en: Example target
    value: 5
    unit_zh: 项
    unit_en: items
    by_year: 2027
    baseline: null
    baseline_phrase: null
    counted_by: bureau
    note_zh: null
    note_en: null
    source_phrase: 达到5项
""".replace("PERS", "\n".join(f"    {per.value}: {{zh: 每, en: per}}" for per in Per))


def line_of(text, part):
    return next(n for n, line in enumerate(text.splitlines(), start=1) if part in line)


def faults_of(text):
    with pytest.raises(BadCatalogue) as refusal:
        load(text, file="small.yaml")
    assert all(error.facts["file"] == "small.yaml" for error in refusal.value.errors)
    return refusal.value.errors


def the_fault(text):
    (fault,) = faults_of(text)
    return fault


def test_a_sound_file_is_read():
    catalogue = load(SMALL)
    assert [clause.id for clause in catalogue] == ["S-1"]
    assert catalogue.clause("S-1").amount_fen == 5000
    assert [target.value for target in catalogue.targets] == [5]
    assert catalogue.source.document_no is None


@pytest.mark.parametrize(("text", "rate"), [("3/100", Fraction(3, 100)), ("1/1", Fraction(1)), ("1/3", Fraction(1, 3))])
def test_a_rate_is_read_as_an_exact_fraction_with_its_base(text, rate):
    clause = load(SMALL.replace("rate: null", f"rate: {text}").replace("base: null", "base: [receipts_fen]")).clause(
        "S-1"
    )
    assert (clause.rate, clause.base) == (rate, ("receipts_fen",))


@pytest.mark.parametrize("amount", [1, LIMIT_FEN])
def test_a_sum_runs_from_one_fen_to_the_limit_of_money(amount):
    assert load(SMALL.replace("amount_fen: 5000", f"amount_fen: {amount}")).clause("S-1").amount_fen == amount


@pytest.mark.parametrize(
    ("old", "new", "kind", "where"),
    [
        ("    percent: null", "    percentage: null\n    percent: null", UnknownKey, "S-1"),
        ("    unit_en: items", "    unit_en: items\n    unit: x", UnknownKey, "T-1"),
        ("  note_en: For tests only", "  note_en: For tests only\n  grade: C", UnknownKey, "source"),
        ("title_en: Example policy", "title_en: Example policy\nextra: 1", UnknownKey, "file"),
        ("    once: {zh: 每", "    twice: {zh: 每, en: per}\n    once: {zh: 每", UnknownKey, "labels.pers"),
        ("    per: once", "    per: once\n    per: year", DuplicateKey, "S-1"),
        ("{zh: 未收录, en: not recorded}", "{zh: 未收录, en: a, en: b}", DuplicateKey, "labels.rate_missing"),
        ("    name_en: Example subsidy", "    name_en: ''", NotText, "S-1"),
        ("    name_en: Example subsidy", "    name_en: ' x'", NotText, "S-1"),
        ("    name_en: Example subsidy", "    name_en: 5", NotText, "S-1"),
        ("    source_phrase: 最高50元", '    source_phrase: "最高\\n50元"', NotText, "S-1"),
        ("    amount_fen: 5000", "    amount_fen: 5000.0", NotAWholeNumber, "S-1"),
        ("    amount_fen: 5000", "    amount_fen: '5000'", NotAWholeNumber, "S-1"),
        ("    amount_fen: 5000", "    amount_fen: yes", NotAWholeNumber, "S-1"),
        ("    amount_fen: 5000", "    amount_fen: 0", NotAWholeNumber, "S-1"),
        ("    amount_fen: 5000", "    amount_fen: -1", NotAWholeNumber, "S-1"),
        ("    amount_fen: 5000", "    amount_fen: 9000000000000001", NotAWholeNumber, "S-1"),
        ("    value: 5", "    value: five", NotAWholeNumber, "T-1"),
        ("    in_force_from: 2025-01-06", "    in_force_from: soon", NotADay, "S-1"),
        ("    in_force_from: 2025-01-06", "    in_force_from: 2025-02-30", NotADay, "S-1"),
        ("    in_force_from: 2025-01-06", "    in_force_from: 2025-01-06 08:00:00", NotADay, "S-1"),
        ("    kind: cap", "    kind: roof", NotOneOf, "S-1"),
        ("    per: once", "    per: null", NotOneOf, "S-1"),
        ("[enterprise]", "[enterprises]", NotOneOf, "S-1"),
        ("[enterprise]", "enterprise", NotAList, "S-1"),
        ("    counted_by: bureau", "    counted_by: nobody", NotOneOf, "T-1"),
        ("    rate: null", "    rate: 0.03", NotARate, "S-1"),
        ("    rate: null", "    rate: 3%", NotARate, "S-1"),
        ("    rate: null", "    rate: 0/5", NotARate, "S-1"),
        ("    rate: null", "    rate: 1/0", NotARate, "S-1"),
        ("    rate: null", "    rate: 101/100", NotARate, "S-1"),
        ("    rate: null", "    rate: 3/100", Unpaired, "S-1"),
        ("    baseline: null", "    baseline: 3", Unpaired, "T-1"),
        ("    note_zh: null", "    note_zh: 说明", Unpaired, "T-1"),
        ("    amount_fen: 5000", "    amount_fen: null", WrongSum, "S-1"),
        ("    percent: null", "    percent: 50", WrongSum, "S-1"),
        ("rate_missing: {zh: 未收录, en: not recorded}", "rate_missing: 未收录", NotAMapping, "labels.rate_missing"),
    ],
)  # fmt: skip
def test_a_fault_is_named_with_file_line_and_place(old, new, kind, where):
    assert SMALL.count(old) == 1
    text = SMALL.replace(old, new)
    fault = the_fault(text)
    assert type(fault) is kind
    assert fault.facts["where"] == where
    line = line_of(SMALL, old)
    assert fault.facts["line"] in (line, line + new.count("\n"))
    assert str(fault).startswith(f"small.yaml, line {fault.facts['line']}, {where}: ")
    assert "%(" not in str(fault)


@pytest.mark.parametrize("key", ["id", "name_zh", "beneficiary_kinds", "amount_fen", "rate", "source_phrase"])
def test_a_missing_key_is_named_at_the_beginning_of_its_clause(key):
    lines = SMALL.splitlines(keepends=True)
    first = line_of(SMALL, "- id: S-1")
    at = next(n for n in range(first - 1, len(lines)) if re.match(rf"[ -]*{key}:", lines[n]))
    lines[at] = "  - \n" if key == "id" else ""
    fault = the_fault("".join(lines))
    assert type(fault) is MissingKey
    assert fault.facts["key"] == key
    assert fault.facts["where"] == ("clauses[1]" if key == "id" else "S-1")
    assert fault.facts["line"] in (first, first + 1)


@pytest.mark.parametrize("key", ["title_zh: 示例政策\n", "id: small\n"])
def test_a_missing_key_of_the_file_is_named(key):
    fault = the_fault(SMALL.replace(key, "", 1))
    assert (type(fault), fault.facts["where"]) == (MissingKey, "file")


@pytest.mark.parametrize(
    ("kind", "amount", "percent", "fault"),
    [
        ("fixed", "null", "null", WrongSum),
        ("floor", "null", "null", WrongSum),
        ("pct", "5000", "50", WrongSum),
        ("pct", "null", "null", WrongSum),
        ("pct", "null", "50", NobodyToPay),
        ("none", "5000", "null", WrongSum),
        ("none", "null", "null", NobodyToPay),
        ("floor", "5000", "null", NobodyToPay),
    ],
)
def test_kind_sum_and_claimants_must_fit_together(kind, amount, percent, fault):
    text = SMALL.replace("kind: cap", f"kind: {kind}").replace("amount_fen: 5000", f"amount_fen: {amount}")
    text = text.replace("percent: null", f"percent: {percent}")
    assert type(the_fault(text)) is fault
    if fault is NobodyToPay:
        assert load(text.replace("[enterprise]", "[]")).clause("S-1").kind == kind


def test_only_a_cap_can_have_a_rate():
    text = (
        SMALL.replace("kind: cap", "kind: fixed")
        .replace("rate: null", "rate: 3/100")
        .replace("base: null", "base: [receipts_fen]")
    )
    assert type(the_fault(text)) is RateWithoutCap


def test_a_second_use_of_an_id_is_named_with_the_first():
    clause = SMALL[SMALL.index("  - id: S-1") : SMALL.index("targets:")]
    text = SMALL.replace("targets:\n", f"{clause}targets:\n")
    fault = the_fault(text)
    assert type(fault) is DuplicateId
    assert fault.facts["first_line"] == line_of(text, "- id: S-1")
    assert fault.facts["line"] == fault.facts["first_line"] + clause.count("\n")


def test_all_faults_are_told_at_once_in_the_order_of_the_file():
    text = SMALL.replace("amount_fen: 5000", "amount_fen: x").replace("kind: cap", "kind: roof")
    text = text.replace("value: 5", "value: x").replace("released_on: 2025-01-06", "released_on: x")
    faults = faults_of(text)
    assert [type(fault) for fault in faults] == [NotADay, NotOneOf, NotAWholeNumber, NotAWholeNumber]
    lines = [fault.facts["line"] for fault in faults]
    assert lines == sorted(lines)
    with pytest.raises(BadCatalogue, match=r"(?s)line 9, source: .*line \d+, S-1: .*line \d+, T-1: "):
        load(text)


@pytest.mark.parametrize(
    ("text", "line"),
    [("id: [", 1), ("id: a\nb: 'c", 2), ("a: b: c", 1), ("\0", 1), ("{[a]: b}", 1), ("- !!python/none x", 1)],
)
def test_what_is_not_yaml_is_refused_with_its_line(text, line):
    fault = the_fault(text)
    assert type(fault) is NotYaml
    assert fault.facts["line"] == line
    assert fault.facts["detail"]


@pytest.mark.parametrize("text", ["", "# nothing", "just text", "[a, b]", "5"])
def test_a_file_that_is_no_mapping_is_refused(text):
    fault = the_fault(text)
    assert (type(fault), fault.facts["line"]) == (NotAMapping, 1)


def test_a_file_states_clauses_or_targets():
    fault = the_fault(SMALL[: SMALL.index("clauses:")])
    assert (type(fault), fault.facts["line"]) == (NothingInCatalogue, 1)


def test_targets_alone_need_no_labels_but_clauses_do():
    without_labels = SMALL[: SMALL.index("labels:")] + SMALL[SMALL.index("clauses:") :]
    fault = the_fault(without_labels)
    assert (type(fault), fault.facts["key"]) == (MissingKey, "labels")
    targets_only = SMALL[: SMALL.index("labels:")] + SMALL[SMALL.index("targets:") :]
    assert load(targets_only).clauses == ()


@pytest.mark.parametrize("section", ["clauses: []", "clauses: x", "clauses: {a: b}"])
def test_a_section_must_be_a_list_with_entries(section):
    text = SMALL[: SMALL.index("clauses:")] + section + "\n"
    fault = the_fault(text)
    assert type(fault) is NotAList
    assert fault.facts["line"] == line_of(text, "clauses:")


def test_an_entry_that_is_no_mapping_is_named_by_its_place():
    fault = the_fault(SMALL[: SMALL.index("clauses:")] + "clauses:\n  - just text\n")
    assert (type(fault), fault.facts["where"]) == (NotAMapping, "clauses[1]")
