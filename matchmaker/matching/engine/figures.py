"""Numbers with units as facts: "≥67 %", "不低于 100 kW", "3~5 年", brought to one unit for each dimension.

A figure of a need and one of an achievement are comparable where both have the same dimension and the words before them
name the same thing at their end: 转化效率 with 效率, but not 效率 with 回收率, nor 电芯最大温差 with 电芯最高温度.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple

from matchmaker.matching.engine import text

_CONTEXT = 24
_ABOUT = 0.1

#: By dimension each unit, as folded text, and its factor to one of them (SI Brochure, 9th edition; 亩 = 1/15 公顷).
_DIMENSIONS: Mapping[str, Mapping[str, float]] = {
    "share": {"%": 1.0, "‰": 0.1, "ppm": 0.0001},
    "power": {"w": 1.0, "kw": 1000.0, "mw": 1000000.0, "瓦": 1.0, "千瓦": 1000.0, "兆瓦": 1000000.0},
    "energy": {"wh": 1.0, "kwh": 1000.0, "mwh": 1000000.0, "千瓦时": 1000.0, "度电": 1000.0},
    "energy density": {"wh/kg": 1.0},
    "voltage": {"v": 1.0, "kv": 1000.0, "mv": 0.001, "千伏": 1000.0},
    "current": {"a": 1.0, "ma": 0.001},
    "charge": {"mah": 1.0, "ah": 1000.0},
    "frequency": {"hz": 1.0, "khz": 1000.0, "mhz": 1000000.0, "ghz": 1000000000.0},
    "pressure": {"pa": 1.0, "kpa": 1000.0, "mpa": 1000000.0, "gpa": 1000000000.0, "bar": 100000.0},
    "length": {
        "nm": 1e-09,
        "um": 1e-06,
        "μm": 1e-06,
        "微米": 1e-06,
        "纳米": 1e-09,
        "mm": 0.001,
        "毫米": 0.001,
        "cm": 0.01,
        "厘米": 0.01,
        "m": 1.0,
        "米": 1.0,
        "km": 1000.0,
        "公里": 1000.0,
        "千米": 1000.0,
    },
    "area": {"m2": 1.0, "平方米": 1.0, "亩": 10000 / 15, "公顷": 10000.0},
    "volume": {"m3": 1.0, "立方米": 1.0, "l": 0.001, "升": 0.001, "ml": 1e-06},
    "mass": {
        "mg": 1e-06,
        "g": 0.001,
        "克": 0.001,
        "kg": 1.0,
        "公斤": 1.0,
        "千克": 1.0,
        "斤": 0.5,
        "t": 1000.0,
        "吨": 1000.0,
    },
    "concentration": {"mg/l": 1.0, "g/l": 1000.0},
    "dust": {"mg/m3": 1.0},
    "temperature": {"°c": 1.0, "摄氏度": 1.0},
    "time": {
        "ms": 0.001,
        "毫秒": 0.001,
        "s": 1.0,
        "秒": 1.0,
        "min": 60.0,
        "分钟": 60.0,
        "h": 3600.0,
        "小时": 3600.0,
        "天": 86400.0,
        "年": 31557600.0,
    },
    "speed": {"m/s": 1.0, "km/h": 1 / 3.6},
    "rotation": {"rpm": 1.0, "r/min": 1.0, "转/分": 1.0},
    "force": {"n": 1.0, "kn": 1000.0},
    "loudness": {"db": 1.0, "分贝": 1.0},
    "cycles": {"次": 1.0},
    "money": {"万元": 10000.0, "元": 1.0, "亿元": 100000000.0},
}
_UNITS = {unit: (dimension, factor) for dimension, units in _DIMENSIONS.items() for unit, factor in units.items()}

#: Units whose meaning hangs on the case in which they are written: 235 mPa is no 235 MPa.
_MILLI = re.compile("m(?:W|Wh|Pa)")
_NO_UNITS = frozenset({"H", "M", "nM", "mM"})
"""Hardness of a pencil, amounts of substance."""
_TENS = {"": 1.0, "百": 1e2, "千": 1e3, "万": 1e4, "亿": 1e8}

_LEAST = "≥|>=|>|不低于|不小于|不少于|大于|高于|超过|至少|达到|at least|more than|over"
_MOST = "≤|<=|<|不高于|不大于|不超过|不多于|小于|低于|少于|至多|at most|less than|below"
_NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?"
_MINUS = r"(?:[-−–—]|零下)?\s?"
_UNIT = "|".join(sorted(map(re.escape, _UNITS), key=lambda unit: (-len(unit), unit)))
# At most three blanks in a row: without a limit a text of blanks alone takes time by the square of its length.
_FIGURE = re.compile(
    rf"(?P<least>{_LEAST})?(?P<most>{_MOST})?\s{{0,3}}(?<![\d.a-z第/])(?<![a-z]-)(?<!第\s)(?<!\d分)"
    rf"(?P<low>{_MINUS}{_NUMBER})\s{{0,3}}(?:(?P<unit1>{_UNIT})?\s{{0,3}}"
    rf"(?:~|-|–|—|至|到|to)\s{{0,3}}(?P<high>{_MINUS}{_NUMBER}))?\s{{0,3}}(?P<tens>[百千万亿]?)(?P<unit>{_UNIT})(?![a-z])"
    # What goes on after a unit is of another dimension: 3 g/kg is no mass, 235 mPa·s no pressure, 94 V-0 no voltage.
    r"(?!\s?[/·*]\s?[(\da-z一-鿿]|-\d)\s{0,3}(?P<after>以上|以下|以内)?"
)
_YEAR = re.compile("(?:19|20)[0-9]{2}")
_STOP = re.compile(r"[，。；;,、:：()（）\n]")
_CUT_WORD = re.compile("^[a-z-]+")  # what is left of a word that the context begins within
_FROM = re.compile("[由从自]$")
_CHANGE = re.compile("(?:提高|提升|增加|降低|下降|减少|缩短)了?约?$")
"""A share by which something changes is the least: who wants 20 % less is content with 30 % less."""
_TO = re.compile(r"^(?:.{0,4}?)(?:到|至|为|成)(?:了|约|不足|不到|近)?$")
"""Before the second figure of "由46 μm压到7.2 μm": what is said is the second one, of the words before the first."""


class Figure(NamedTuple):
    """text[start:end] says that something, named by the words before, lies between `low` and `high` (either may be
    infinite), in the unit of `dimension`."""

    dimension: str
    low: float
    high: float
    context: str
    start: int
    end: int

    @property
    def bounded(self) -> bool:
        """On one side alone: at least, at most."""
        return math.isinf(self.low) or math.isinf(self.high)


class Verdict(StrEnum):
    MET = "met"
    MISSED = "missed"


class Compared(NamedTuple):
    wanted: Figure
    offered: Figure
    verdict: Verdict


def figures(original: str) -> list[Figure]:
    """Figures in the order of the text. Of "from one to another" the second alone, which is what was reached."""
    folded, origin = text.fold_with_origin(original)
    found: list[Figure] = []
    end = 0
    for match in _FIGURE.finditer(folded):
        before, end = end, match.end()
        start, stop = origin[match.start()], origin[match.end() - 1] + 1
        bounds = _bounds(match, original[origin[match.start("unit")] : origin[match.end("unit") - 1] + 1])
        if bounds is None:
            continue
        begin = max(before, match.start() - _CONTEXT)
        words = folded[begin : match.start()]
        if begin > before:
            words = _CUT_WORD.sub("", words)
        context = _STOP.split(words)[-1].strip(" 为±")
        if found and before and _TO.match(words.strip()) and _FROM.search(found[-1].context):
            context = _FROM.sub("", found.pop().context)
        low, high = bounds
        if low == high and match["unit"] == "%" and _CHANGE.search(context):
            high = math.inf
        found.append(Figure(_UNITS[match["unit"]][0], low, high, context, start, stop))
    return found


def _bounds(match: re.Match[str], unit: str) -> tuple[float, float] | None:
    """From what to what, in the unit of the dimension; None for what only looks like a figure. `unit` as written."""
    _, factor = _UNITS[match["unit"]]
    if unit.strip() in _NO_UNITS or (match["unit"] == "年" and _YEAR.fullmatch(match["high"] or match["low"])):
        return None
    if _MILLI.fullmatch(unit.strip()):
        factor *= 1e-9
    factor *= _TENS[match["tens"]]
    first = _value(match["low"]) * factor
    last = _value(match["high"]) * factor if match["high"] else first
    low, high = min(first, last), max(first, last)
    if match["least"] or match["after"] == "以上":
        high = math.inf
    elif match["most"] or match["after"] in ("以下", "以内"):
        low = -math.inf
    return low, high


def _value(number: str) -> float:
    found = float(re.sub("[^0-9.]", "", number))
    return found if number[0].isdigit() else -found


def compare(wanted: Sequence[Figure], offered: Sequence[Figure]) -> list[Compared]:
    """For each figure wanted the best of the comparable ones offered; those without any are left out."""
    found = []
    for want in wanted:
        alike = [offer for offer in offered if offer.dimension == want.dimension and _about_one_thing(want, offer)]
        if alike:
            met = [offer for offer in alike if _meets(want, offer)]
            found.append(Compared(want, (met or alike)[0], Verdict.MET if met else Verdict.MISSED))
    return found


def _meets(want: Figure, offer: Figure) -> bool:
    """ "≥67 %" is met by 70 %, by 65-70 % and by "≥60 %" not: what is offered must reach into what is wanted. A single
    figure is wanted about so: a tenth more or less is it."""
    around = abs(want.low) * _ABOUT if want.low == want.high else 0.0
    reached = offer.high if math.isfinite(offer.high) else offer.low
    least = offer.low if math.isfinite(offer.low) else offer.high
    return reached >= want.low - around and least <= want.high + around


def _about_one_thing(want: Figure, offer: Figure) -> bool:
    """Two pairs in common, or all of the shorter name: 成本 and 材料成本 are one, 抗拉强度 and 抗折强度 are two."""
    one, other = _named(want.context), _named(offer.context)
    return 0 < min(len(one), len(other), 2) <= len(one & other)


_LINKING = re.compile(
    "(?:为|是|约|达|到|了|至|在|可|仅|只|由|从|平均|提高|提升|降低|下降|上升|缩短|延长|增加|减少|控制|保持|保留|稳定)+$"
    r"|\b(?:is|are|of|to|at|the|was|were|reaches|reached)\b\s*$"
)


def _named(context: str) -> set[str]:
    """What is measured: the end of the words before, in pairs of characters of the last four, or the last two words."""
    while (shorter := _LINKING.sub("", context).strip()) != context:
        context = shorter
    words = re.findall("[a-z]{3,}", context)
    if context[-1:].isascii():
        return set(words[-2:])
    return {context[-4:][i : i + 2] for i in range(len(context[-4:]) - 1)}
