"""Figures with units are read as facts and compared in one unit."""

import math

import pytest

from matchmaker.matching.engine.figures import Verdict, compare, figures


@pytest.mark.parametrize(
    ("text", "dimension", "low", "high"),
    [
        ("效率≥67%", "share", 67, math.inf),
        ("效率不低于 67 ％", "share", 67, math.inf),
        ("功率100kW以上", "power", 100_000, math.inf),
        ("功率 100～120 kW", "power", 100_000, 120_000),
        ("寿命3至5年", "time", 3 * 31_557_600, 5 * 31_557_600),
        ("成本低于2万元", "money", -math.inf, 20_000),
        ("粒径小于10nm", "length", -math.inf, 1e-8),
        ("电压 1,200 V", "voltage", 1200, 1200),
        ("at least 5 kg", "mass", 5, math.inf),
        ("−40～65 ℃ 全温区", "temperature", -40, 65),
        ("零下 30 ℃ 静置", "temperature", -30, -30),
        ("温差 5-10 ℃", "temperature", 5, 10),
        ("功耗 0.5 mW", "power", 0.0005, 0.0005),
        ("粉尘 ≤ 20 mg/m³", "dust", -math.inf, 20),
    ],
)
def test_a_figure_is_read_with_its_bound_and_unit(text, dimension, low, high):
    (found,) = figures(text)
    assert (found.dimension, found.low, found.high) == (dimension, pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "第3章",
        "2025规划",
        "A4纸",
        "🔋",
        "%",
        "kW",
        "第 28 天",
        "2024年11月至2026年3月",
        "9分40秒",
        "增加1.7 g/kg",
        "黏度235 mPa·s",
        "导热系数12.6 W/(m·K)",
        "扭矩960 N·m",
        "每米 20 mg/1000 m",
        "600 元/kg",
        "UL 94 V-0",
        "Ti-6Al-4V",
        "铅笔硬度 4H",
        "14 nM",
    ],
)
def test_what_is_no_figure_or_has_a_unit_of_more_parts_is_passed_over(text):
    assert figures(text) == []


@pytest.mark.parametrize(
    ("text", "context"),
    [
        ("压降从 28 kPa 涨到 51 kPa", "压降"),
        ("Z向热误差由46 μm压到不足7 μm", "z向热误差"),
        ("耗电量由3.4 kWh降到2.7 kWh", "耗电量"),
        ("板宽600 mm、厚50 mm", "厚"),
        ("the long-term stand survival is 85 %", "stand survival is"),
    ],
)
def test_of_a_change_what_was_reached_is_read_and_the_words_are_whole(text, context):
    assert figures(text)[-1].context == context
    assert len(figures(text)) == text.count("厚") + 1


def test_a_figure_stands_where_it_says():
    text = "转换效率≥６７％，功率达到 100 kW。"
    assert [text[f.start : f.end].strip() for f in figures(text)] == ["≥６７％", "达到 100 kW"]


@pytest.mark.parametrize(
    ("wanted", "offered", "verdict"),
    [
        ("转换效率≥67%", "实测转换效率70%", Verdict.MET),
        ("转换效率≥67%", "转换效率60%", Verdict.MISSED),
        ("转换效率≥67%", "转换效率65-70%", Verdict.MET),
        ("输出功率100kW", "输出功率0.1MW", Verdict.MET),
        ("成本低于2万元", "成本3万元", Verdict.MISSED),
        ("电芯底面最大温差 ≤ 4 ℃", "最大温差为2.9℃", Verdict.MET),
        ("作业速度 8 km/h", "作业速度8.2 km/h", Verdict.MET),
        ("作业速度 8 km/h", "作业速度6 km/h", Verdict.MISSED),
        ("amylose 15 to 18 %", "amylose 16.8 %", Verdict.MET),
        ("材料成本低于42元", "成本28元", Verdict.MET),
        ("启动力矩降低 20%", "空载启动力矩降低23%", Verdict.MET),
        ("启动力矩降低 20%", "空载启动力矩降低13%", Verdict.MISSED),
        ("容量保持率达到80%以上", "循环后容量保持率为99.1%", Verdict.MET),
        ("fibre length at least 9 mm", "the fibre length is 10 mm", Verdict.MET),
    ],
)
def test_comparable_figures_are_compared_in_one_unit(wanted, offered, verdict):
    (found,) = compare(figures(wanted), figures(offered))
    assert found.verdict is verdict


@pytest.mark.parametrize(
    ("wanted", "offered"),
    [
        ("效率≥67%", "回收率70%"),
        ("效率≥67%", "效率70kW"),
        ("≥67%", "70%"),
        ("电芯底面最大温差≤4℃", "电芯最高温度44.8℃"),
        ("抗拉强度不低于290 MPa", "抗折强度118 MPa"),
        ("出苗率≥92%", "保苗率81%"),
        ("fibre length at least 9 mm", "a fibre diameter of 10 mm"),
    ],
)
def test_figures_of_other_things_are_not_compared(wanted, offered):
    assert compare(figures(wanted), figures(offered)) == []


@pytest.mark.parametrize("repeated", [" ", "\n", "1", "1,", "1 ", "- ", "零下 "])
def test_a_very_long_text_takes_no_longer_than_its_length(repeated):
    """By the square of its length this would take longer than the whole suite may."""
    assert figures(repeated * 200_000) == []
