"""Contracts: every article in every contract, every sentence of the wording in some, the same bytes every time."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from matchmaker.core import typeset
from matchmaker.deals import services
from matchmaker.deals.papers import clauses, editions
from matchmaker.deals.papers.contract import contract
from matchmaker.deals.papers.paper import Heading, Paper, Paragraph, Table, to_data
from matchmaker.deals.papers.word import docx
from matchmaker.deals.papers.wording import Fen, Span, figure, percent
from matchmaker.deals.terms import (
    ByTier,
    ByYear,
    DealKind,
    Deferral,
    DisputeForum,
    EarlierOf,
    EntryFeeRoyalty,
    FirstRevenue,
    Guarantee,
    GuaranteeKind,
    Improvements,
    Instalment,
    Instalments,
    InvestFirst,
    LaterOf,
    LicenceKind,
    LumpSum,
    Milestone,
    MilestonePart,
    Milestones,
    OnDate,
    Penalty,
    Postponement,
    PricingRoute,
    RevenueThreshold,
    RoyaltyBase,
    Stake,
    Tax,
    Terms,
    Tier,
    TierSpan,
    TrialEnd,
    TrialOutcome,
)
from tests.deals.papers.matters import bare, full, matter
from tests.deals.strategies import ANY_TERMS

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ZH, BOTH = (editions.wording(editions.LANGUAGES[name]) for name in ("zh", "zh-en"))


def made(terms: Terms, *, broker: bool = False, **changes: Any) -> Paper:
    return contract(terms, matter(broker=broker, **changes), ZH)


def texts(paper: Paper) -> str:
    found: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, str):
            found.append(value)
        elif isinstance(value, dict):
            for item in value.values():
                walk(item)
        elif isinstance(value, list):
            for item in value:
                walk(item)

    walk(to_data(paper))
    return "\n".join(found)


def articles(paper: Paper) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    key = ""
    for block in paper.blocks:
        if isinstance(block, Heading):
            key = block.text[0]
            found[key] = []
        elif key and isinstance(block, Paragraph | Table):
            found[key].append(block)
    return found


SECTIONS = [
    "鉴于", "名词和术语", "方式与范围", "技术内容", "技术资料的交付", "费用及支付方式", "验收的标准与方法", "保密",
    "技术服务与培训", "后续改进的提供与分享", "违约及索赔", "侵权的处理", "权利被撤销、被宣告无效的处理", "不可抗力",
    "税费", "争议的解决办法", "合同的生效、变更与终止", "其他", "中介方", "附件",
]  # fmt: skip


def test_every_article_stands_in_every_contract_in_order_and_those_not_agreed_say_none() -> None:
    found = articles(made(bare()))
    assert list(found) == SECTIONS
    for key in ("技术资料的交付", "验收的标准与方法", "保密", "技术服务与培训", "后续改进的提供与分享", "侵权的处理",
                "权利被撤销、被宣告无效的处理", "不可抗力", "税费", "争议的解决办法", "中介方"):  # fmt: skip
        assert found[key][0].text == ("无。",), key


def test_what_is_agreed_stands_in_its_article_and_nothing_says_none_there() -> None:
    found = articles(made(full(), broker=True))
    for key in SECTIONS:
        if key != "不可抗力":  # terms have no entry for it: the law's rule stands
            assert ("无。",) not in [getattr(block, "text", None) for block in found[key]], key
    assert "共同验收" in found["验收的标准与方法"][0].text[0]
    assert "0.05%" in found["违约及索赔"][1].text[0]
    assert "壹拾万元整" in "".join(block.text[0] for block in found["费用及支付方式"])


def test_articles_are_numbered_in_chinese_and_their_sentences_in_figures() -> None:
    headings = [block for block in made(bare()).blocks if isinstance(block, Heading)]
    assert [heading.number for heading in headings][:3] == ["", "第一条", "第二条"]
    assert headings[17].number == "第十七条"
    numbers = [block.number for block in made(bare()).blocks if isinstance(block, Paragraph) and block.number]
    assert numbers[0] == "1.1"
    assert len(numbers) == len(set(numbers))


def test_the_fingerprint_and_the_version_stand_at_the_foot() -> None:
    paper = made(bare())
    assert paper.fingerprint == "0123456789abcdef" * 4
    assert "第3版" in paper.foot[0]
    assert "{page}" in paper.page[0]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"licence": LicenceKind.SOLE}, "独占许可：在同一范围内仅由乙方实施"),
        ({"licence": LicenceKind.EXCLUSIVE_WITH_OWNER}, "排他许可：除甲方自己可以实施外"),
        ({}, "普通许可：甲方可以自己实施"),
        (
            {"trial_months": 12},
            "试用期12个月，自2027年1月1日起至2028年1月1日止。试用期内乙方不支付费用；"
            "付费起算之日先于试用期届满到来的，试用期于该日终止。",
        ),
        ({"trial_months": 0}, "本合同不设试用期。"),
        ({"trigger": OnDate(date(2028, 1, 1))}, "付费自2028年1月1日起算。"),
        ({"trigger": RevenueThreshold(100_000_000)}, "累计收入达到人民币1,000,000.00元（大写：壹佰万元整）"),
        ({"fee": LumpSum(50_000_000)}, "一次总付：人民币500,000.00元（大写：伍拾万元整），于付费起算之日支付。"),
        ({"fee": Deferral(50_000_000, 24)}, "于付费起算之日后满24个月之日支付。"),
        (
            {"trigger": EarlierOf((OnDate(date(2028, 1, 1)), Milestone("首台样机")))},
            "付费自以下各日中最先到来的一日起算：\n（1）2028年1月1日；\n（2）“首台样机”验收通过之日。",
        ),
        ({"grace_days": 1}, "到期后1日内付清的，不作逾期处理。"),
        ({"grace_days": 0}, "到期未付即为逾期。"),
        ({"fee": Stake("长春示例科技有限公司", Fraction(15, 100), 90_000_000)}, "甲方取得该公司15%的股权"),
        ({"forum": DisputeForum.COURT, "forum_place": "长春市朝阳区"}, "向长春市朝阳区人民法院提起诉讼"),
    ],
)
def test_terms_read_as_a_lawyer_would_write_them(changes: dict[str, Any], sentence: str) -> None:
    assert sentence in texts(made(bare(**changes)))


DEVELOPMENTS = [DealKind.COMMISSIONED_DEVELOPMENT, DealKind.COOPERATIVE_DEVELOPMENT]


@pytest.mark.parametrize(("kind", "cited"), list(zip(DEVELOPMENTS, ["二 三 四 九", "五 六 十"], strict=True)))
def test_a_development_contract_cites_the_law_on_development_with_its_ownership_and_risk(
    kind: DealKind, cited: str
) -> None:
    said = texts(made(bare(kind=kind, fee=LumpSum(1), trial_months=0)))
    articles = ["第八百六十条" if last == "十" else f"第八百五十{last}条" for last in cited.split()]
    assert [one for one in articles if one not in said] == []
    assert "第八百五十八条" in said
    assert "第八百六十一条" in said
    assert [one for one in ("第八百七十四条", "第八百七十五条", "第八百六十五条") if one in said] == []


@pytest.mark.parametrize(
    ("changes", "sentence", "others"),
    [
        ({}, "视为付费起算的事实于该日发生", {"trigger": OnDate(date(2028, 1, 1))}),
        ({}, "甲方要求提前终止试用的，应当取得乙方同意", {"trial_months": 0}),
        ({"trial_end": TrialEnd(TrialOutcome.CONVERT)}, "不适用本条关于试用期届满的约定", {}),
        ({}, "乙方应当作最后一次报告", {"fee": LumpSum(1)}),
        ({"fee": LumpSum(1)}, "终止前已到期的各期款项仍应支付", {}),
        ({}, "向国务院专利行政部门备案", {"kind": DealKind.ASSIGNMENT, "fee": LumpSum(1)}),
        ({}, "甲方同意之前，不得向该第三人披露", {"kind": DealKind.ASSIGNMENT, "fee": LumpSum(1)}),
        ({"kind": DEVELOPMENTS[0]}, "“合同产品”是指实施研究开发成果", {}),
        ({"kind": DealKind.OPEN_LICENCE}, "《中华人民共和国专利法》第五十一条", {}),
        ({"postponement": Postponement.NEXT_WORKING_DAY}, "附件二所列付款日为休息日的", {}),
        ({"guarantee": Guarantee(GuaranteeKind.GUARANTOR, "某担保公司")}, "保证人\n某担保公司",
         {"guarantee": Guarantee(GuaranteeKind.INSURER, "某担保公司")}),
    ],
)  # fmt: skip
def test_a_sentence_stands_where_the_terms_ask_for_it_and_nowhere_else(
    changes: dict[str, Any], sentence: str, others: dict[str, Any]
) -> None:
    assert sentence in texts(made(bare(**changes)))
    assert sentence not in texts(made(bare(**others)))


def test_the_time_for_cure_where_none_is_agreed_is_the_one_that_the_platform_counts() -> None:
    assert services.CURE_DAYS == 30
    assert "双方没有约定改正期限的，期限为三十日" in texts(made(bare()))
    assert "双方没有约定改正期限的" not in texts(made(bare(cure_days=9)))


def test_a_duty_of_years_is_no_duty_of_none() -> None:
    found = articles(made(bare(confidentiality_years=3)))["保密"]
    assert ("无。",) not in [block.text for block in found]
    assert "自本合同生效之日起3年；本合同期限更长的，至本合同期限届满为止" in found[1].text[0]


def test_every_outcome_that_ends_the_trial_says_what_happens_to_use_and_fee() -> None:
    for outcome in (TrialOutcome.EXTEND, TrialOutcome.NEGOTIATE, TrialOutcome.END):
        said = texts(made(bare(trial_end=TrialEnd(outcome, 1, 3))))
        assert "乙方停止使用标的技术并返还技术资料，不支付费用" in said, outcome


def test_instalments_stand_in_a_table_whose_amounts_add_up_to_the_price_named() -> None:
    parts = (Instalment(0, 3_333_334), Instalment(12, 3_333_333), Instalment(24, 3_333_333))
    article = articles(made(bare(fee=Instalments(parts))))["费用及支付方式"]
    table = next(block for block in article if isinstance(block, Table))
    fens = [int(row[2][0].replace(",", "").replace(".", "")) for row in table.rows]
    assert fens == [3_333_334, 3_333_333, 3_333_333]
    assert "人民币100,000.00元" in texts(made(bare(fee=Instalments(parts))))


def test_the_plan_of_performance_gives_the_days_that_the_schedule_gives() -> None:
    terms = full(trigger=OnDate(date(2028, 1, 31)), fee=Instalments((Instalment(0, 100), Instalment(1, 200))))
    plan = articles(made(terms))["附件"][3]
    assert [row[1][0] for row in plan.rows] == [
        "2027年1月1日", "生效后15日内", "2028年1月1日", "2028年1月31日", "2028年1月31日", "2028年2月29日",
        "2032年12月31日",
    ]  # fmt: skip


def test_every_right_is_listed_with_its_number_and_its_end() -> None:
    table = articles(made(bare()))["附件"][1]
    assert table.rows[0][1:] == (("发明专利",), ("ZL202310000001.X",), ("有效",), ("2043年3月1日",))
    assert table.rows[1][1:] == (("技术秘密",), ("—",), ("有效",), ("—",))
    assert table.rows[2][1] == ("无",)


# --- the wording ----------------------------------------------------------------------------------------------------

ROYALTY = EntryFeeRoyalty(0, Fraction(3, 100), RoyaltyBase.SALES)
OTHER_TERMS = [
    full(),
    bare(trial_months=0),
    *(bare(trial_end=TrialEnd(outcome)) for outcome in TrialOutcome),
    *(bare(licence=kind, sublicence=True) for kind in LicenceKind),
    *(bare(fee=replace(ROYALTY, base=base), audit=False) for base in RoyaltyBase),
    *(bare(improvements=one, restrains_development=True) for one in Improvements),
    *(bare(kind=kind, fee=LumpSum(1)) for kind in DealKind),
    *(bare(pricing=one, postponement=two) for one, two in zip(PricingRoute, [*Postponement, None], strict=True)),
    *(bare(fee=replace(ROYALTY, rate=ByTier((Tier(0, Fraction(1, 20)),), span), pay_days=9)) for span in TierSpan),
    bare(fee=replace(ROYALTY, rate=ByYear((Fraction(1, 20),)), minimum_fen=5, cap_fen=9, total_cap_fen=99)),
    bare(fee=Milestones((MilestonePart("中试通过", 5, 10),)), trigger=Milestone("样机验收")),
    bare(fee=Deferral(1, 2), trigger=EarlierOf((FirstRevenue(), RevenueThreshold(5)))),
    bare(fee=Instalments((Instalment(0, 1), Instalment(5, 1))), trigger=LaterOf((OnDate(date(2028, 1, 1)),))),
    bare(kind=DealKind.EQUITY, fee=Stake("某公司", Fraction(1, 5), 5)),
    bare(kind=DealKind.INVEST_FIRST, fee=InvestFirst("某公司", 5, Fraction(1, 5), date(2030, 1, 1), "回购")),
    bare(related_party=True, co_owned=True, grace_days=0, tax=Tax(Fraction(6, 100), False)),
    bare(guarantee=Guarantee(GuaranteeKind.GUARANTOR, "某担保公司"), forum=DisputeForum.COURT),
    bare(forum=DisputeForum.COURT, forum_place="长春市", penalty=Penalty(Fraction(1, 1000))),
]  # fmt: skip
LATER_TERMS = [
    bare(confidentiality_years=3, postponement=Postponement.NEXT_WORKING_DAY),
    bare(fee=replace(ROYALTY, rate=ByYear((Fraction(1, 20), Fraction(1, 25))), period_months=5)),
]


def test_every_sentence_of_the_wording_stands_in_some_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    said: set[str] = set()
    wording = type(ZH)

    def listen(self: Any, key: str, /, **facts: Any) -> Any:
        said.add(key)
        return self.fill(self.entries["sentences"][key], **facts)

    monkeypatch.setattr(wording, "say", listen)
    for terms in OTHER_TERMS + LATER_TERMS:
        for broker in (False, True):
            made(terms, broker=broker)
    assert set(ZH.entries["sentences"]) - said == set()


FROZEN = {
    "2026-1": "bee3743c00aef6b393716072e507236de70e9fc62549cbd1776b868e4098675a",
    "2026-2": "04b7dab63d42f2ae8e6a869f40b566bac7eba2b1bcb809c940c207b1dad84801",
}


@pytest.mark.parametrize("edition", FROZEN)
def test_what_was_offered_under_an_earlier_edition_reads_as_it_did(edition: str) -> None:
    wording = editions.wording(editions.LANGUAGES["zh-en"], edition)
    papers = [
        to_data(contract(terms, matter(languages=2, broker=broker), wording))
        for terms in OTHER_TERMS
        for broker in (False, True)
    ]
    assert hashlib.sha256(json.dumps(papers, ensure_ascii=False).encode()).hexdigest() == FROZEN[edition]


def test_both_languages_of_a_sentence_take_the_same_facts() -> None:
    import string

    def names(sentence: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}

    for key, (chinese, english) in ZH.entries["sentences"].items():
        assert names(chinese) == names(english), key
        assert chinese.strip(), key
        assert english.strip(), key


@settings(max_examples=80, deadline=None)
@given(ANY_TERMS, st.booleans())
def test_any_terms_at_all_make_a_whole_contract_in_both_languages(terms: Terms, broker: bool) -> None:
    paper = contract(terms, matter(languages=2, broker=broker), BOTH)
    found = articles(paper)
    assert list(found) == SECTIONS
    assert all(found.values())
    for block in paper.blocks:
        if isinstance(block, Paragraph):
            assert len(block.text) == 2
            assert block.text[0].strip()
            assert block.text[1].strip()


def test_facts_read_in_each_language() -> None:
    shown = BOTH.shown
    assert shown(Fen(10_000_000)) == ("人民币100,000.00元（大写：壹拾万元整）", "RMB 100,000.00")
    assert shown(date(2028, 2, 29)) == ("2028年2月29日", "29 February 2028")
    assert shown(Span(1, "days")) == ("1日", "1 day")
    assert shown(Span(12, "months")) == ("12个月", "12 months")
    assert shown(Span(1, "years")) == ("1年", "1 year")


@given(st.fractions(0, 1, max_denominator=10**6))
def test_a_rate_is_written_exactly(rate: Fraction) -> None:
    assert Fraction(percent(rate).removesuffix("%")) == rate * 100


@given(st.integers(0, 9 * 10**15))
def test_figures_keep_every_fen(fen: int) -> None:
    assert int(figure(fen).replace(",", "").replace(".", "")) == fen


# --- files ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("wording", "languages"), [(ZH, 1), (BOTH, 2)])
def test_the_same_version_gives_the_same_pdf_and_the_same_word_file(wording: Any, languages: int) -> None:
    def both_files() -> tuple[bytes, bytes]:
        paper = contract(full(), matter(languages=languages, broker=True), wording)
        return typeset.pdf("paper.typ", to_data(paper), at=AT), docx(paper, at=AT)

    assert both_files() == both_files()


def test_words_that_the_font_lacks_and_words_that_look_like_markup_stop_nothing() -> None:
    terms = full(acceptance="𠮷 😀 #panic() *x* {{ 7 }} {% x %} <w:p/> \\ $x$ \n第二行", territory="{territory} {0}")
    paper = made(terms)
    assert "{territory} {0}" in texts(paper)
    assert typeset.pdf("paper.typ", to_data(paper), at=AT).startswith(b"%PDF")
    assert docx(paper, at=AT).startswith(b"PK")


def test_an_article_that_is_none_is_refused() -> None:
    with pytest.raises(KeyError):
        clauses.article("nonsense", bare(), matter(), ZH)
