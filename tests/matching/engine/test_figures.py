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
    ],
)
def test_a_figure_is_read_with_its_bound_and_unit(text, dimension, low, high):
    (found,) = figures(text)
    assert (found.dimension, found.low, found.high) == (dimension, pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize("text", ["", "第3章", "2025规划", "A4纸", "🔋", "%", "kW"])
def test_what_is_no_figure_is_passed_over(text):
    assert figures(text) == []


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
    ],
)
def test_comparable_figures_are_compared_in_one_unit(wanted, offered, verdict):
    (found,) = compare(figures(wanted), figures(offered))
    assert found.verdict is verdict


@pytest.mark.parametrize(("wanted", "offered"), [("效率≥67%", "回收率70%"), ("效率≥67%", "效率70kW"), ("≥67%", "70%")])
def test_figures_of_other_things_are_not_compared(wanted, offered):
    assert compare(figures(wanted), figures(offered)) == []
