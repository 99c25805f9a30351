"""Size class of an enterprise (大型、中型、小型、微型), computed with its working.

Source: 中小企业划型标准规定 (工信部联企业〔2011〕300号), DOMAIN.md section 3. Each industry group is judged by
one or two of: persons employed, revenue, total assets. “以上” includes the number and “以下” excludes it.
Large, medium and small demand the lower bound of *all* listed indicators, else the enterprise drops a class;
for micro one indicator is enough. So the class is the lowest that any indicator gives by itself.
Industries the standard leaves to other rules are refused, never guessed.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from matchmaker.core.errors import N_, DomainError, Invalid, InvalidMany
from matchmaker.core.money import FEN_PER_WAN


class SizeClass(StrEnum):
    """In ascending order, so that the place in the class is the rank."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"

    @property
    def rank(self) -> int:
        """0 for micro to 3 for large. (As strings the members compare by letter.)"""
        return list(SizeClass).index(self)


class Indicator(StrEnum):
    EMPLOYEES = "employees"
    REVENUE = "revenue"
    ASSETS = "assets"


class IndustryGroup(StrEnum):
    """The 16 groups of the standard, in its order."""

    AGRICULTURE = "agriculture"
    INDUSTRY = "industry"
    CONSTRUCTION = "construction"
    WHOLESALE = "wholesale"
    RETAIL = "retail"
    TRANSPORT = "transport"
    STORAGE = "storage"
    POST = "post"
    ACCOMMODATION = "accommodation"
    CATERING = "catering"
    INFORMATION = "information"
    SOFTWARE = "software"
    REAL_ESTATE = "real_estate"
    PROPERTY_MANAGEMENT = "property_management"
    LEASING_AND_BUSINESS = "leasing_and_business"
    OTHER = "other"


LABELS: Mapping[StrEnum, str] = {
    SizeClass.MICRO: N_("Micro"),
    SizeClass.SMALL: N_("Small"),
    SizeClass.MEDIUM: N_("Medium"),
    SizeClass.LARGE: N_("Large"),
    Indicator.EMPLOYEES: N_("Persons employed"),
    Indicator.REVENUE: N_("Annual revenue"),
    Indicator.ASSETS: N_("Total assets"),
    IndustryGroup.AGRICULTURE: N_("Agriculture, forestry, animal husbandry and fishery"),
    IndustryGroup.INDUSTRY: N_("Industry: mining, manufacturing, and supply of electricity, heat, gas and water"),
    IndustryGroup.CONSTRUCTION: N_("Construction"),
    IndustryGroup.WHOLESALE: N_("Wholesale trade"),
    IndustryGroup.RETAIL: N_("Retail trade"),
    IndustryGroup.TRANSPORT: N_("Transport, without railways"),
    IndustryGroup.STORAGE: N_("Storage"),
    IndustryGroup.POST: N_("Post"),
    IndustryGroup.ACCOMMODATION: N_("Accommodation"),
    IndustryGroup.CATERING: N_("Catering"),
    IndustryGroup.INFORMATION: N_("Information transmission"),
    IndustryGroup.SOFTWARE: N_("Software and information technology services"),
    IndustryGroup.REAL_ESTATE: N_("Real estate development and operation"),
    IndustryGroup.PROPERTY_MANAGEMENT: N_("Property management"),
    IndustryGroup.LEASING_AND_BUSINESS: N_("Leasing and business services"),
    IndustryGroup.OTHER: N_("Other industries not listed"),
}

RULE = N_(
    "Large, medium and small each demand the lower bound of every indicator of the industry; where one falls short "
    "the enterprise drops a class. One indicator is enough for micro. The lowest class among the indicators counts."
)
"""The standard's rule in words, for pages that show a working."""

_X, _Y, _Z = Indicator.EMPLOYEES, Indicator.REVENUE, Indicator.ASSETS

_TABLE: Mapping[IndustryGroup, Mapping[Indicator, tuple[int, int, int]]] = {
    # Lower bounds of small, medium and large, as printed: persons, or 万元 (10,000 yuan).
    IndustryGroup.AGRICULTURE: {_Y: (50, 500, 20_000)},
    IndustryGroup.INDUSTRY: {_X: (20, 300, 1_000), _Y: (300, 2_000, 40_000)},
    IndustryGroup.CONSTRUCTION: {_Y: (300, 6_000, 80_000), _Z: (300, 5_000, 80_000)},
    IndustryGroup.WHOLESALE: {_X: (5, 20, 200), _Y: (1_000, 5_000, 40_000)},
    IndustryGroup.RETAIL: {_X: (10, 50, 300), _Y: (100, 500, 20_000)},
    IndustryGroup.TRANSPORT: {_X: (20, 300, 1_000), _Y: (200, 3_000, 30_000)},
    IndustryGroup.STORAGE: {_X: (20, 100, 200), _Y: (100, 1_000, 30_000)},
    IndustryGroup.POST: {_X: (20, 300, 1_000), _Y: (100, 2_000, 30_000)},
    IndustryGroup.ACCOMMODATION: {_X: (10, 100, 300), _Y: (100, 2_000, 10_000)},
    IndustryGroup.CATERING: {_X: (10, 100, 300), _Y: (100, 2_000, 10_000)},
    IndustryGroup.INFORMATION: {_X: (10, 100, 2_000), _Y: (100, 1_000, 100_000)},
    IndustryGroup.SOFTWARE: {_X: (10, 100, 300), _Y: (50, 1_000, 10_000)},
    IndustryGroup.REAL_ESTATE: {_Y: (100, 1_000, 200_000), _Z: (2_000, 5_000, 10_000)},
    IndustryGroup.PROPERTY_MANAGEMENT: {_X: (100, 300, 1_000), _Y: (500, 1_000, 5_000)},
    IndustryGroup.LEASING_AND_BUSINESS: {_X: (10, 100, 300), _Z: (100, 8_000, 120_000)},
    IndustryGroup.OTHER: {_X: (10, 100, 300)},
}

_DIVISIONS: Mapping[str, range] = {
    # Two-digit divisions of each section of GB/T 4754-2017.
    "A": range(1, 6), "B": range(6, 13), "C": range(13, 44), "D": range(44, 47), "E": range(47, 51),
    "F": range(51, 53), "G": range(53, 61), "H": range(61, 63), "I": range(63, 66), "J": range(66, 70),
    "K": range(70, 71), "L": range(71, 73), "M": range(73, 76), "N": range(76, 80), "O": range(80, 83),
    "P": range(83, 84), "Q": range(84, 86), "R": range(86, 91), "S": range(91, 97), "T": range(97, 98),
}  # fmt: skip

_GROUP_OF: Mapping[str, IndustryGroup | None] = {
    # Longest matching beginning of a GB/T 4754-2017 code; None: the standard does not cover it.
    "A": IndustryGroup.AGRICULTURE,
    "B": IndustryGroup.INDUSTRY, "C": IndustryGroup.INDUSTRY, "D": IndustryGroup.INDUSTRY,
    "E": IndustryGroup.CONSTRUCTION,
    "F51": IndustryGroup.WHOLESALE, "F52": IndustryGroup.RETAIL,
    "G53": None,  # railways
    "G54": IndustryGroup.TRANSPORT, "G55": IndustryGroup.TRANSPORT, "G56": IndustryGroup.TRANSPORT,
    "G57": IndustryGroup.TRANSPORT, "G58": IndustryGroup.TRANSPORT,
    "G59": IndustryGroup.STORAGE, "G60": IndustryGroup.POST,
    "H61": IndustryGroup.ACCOMMODATION, "H62": IndustryGroup.CATERING,
    "I63": IndustryGroup.INFORMATION, "I64": IndustryGroup.INFORMATION, "I65": IndustryGroup.SOFTWARE,
    "J": None,  # finance has a standard of its own
    "K701": IndustryGroup.REAL_ESTATE, "K702": IndustryGroup.PROPERTY_MANAGEMENT,
    "K703": IndustryGroup.OTHER, "K709": IndustryGroup.OTHER,
    "K704": None,  # letting one's own property
    "L": IndustryGroup.LEASING_AND_BUSINESS,
    "M": IndustryGroup.OTHER, "N": IndustryGroup.OTHER, "O": IndustryGroup.OTHER, "R": IndustryGroup.OTHER,
    "P": None, "Q84": None, "S": None, "T": None,  # education, health, public administration, international bodies
    "Q85": IndustryGroup.OTHER,  # social work
}  # fmt: skip


class UnknownIndustry(Invalid):
    """Facts: industry."""

    code = "size_class.unknown_industry"
    phrase = N_(
        "“%(industry)s” is not a code of the industry classification GB/T 4754-2017. "
        "Choose an industry from the list, such as C36."
    )


class IndustryTooBroad(Invalid):
    """Several groups with different bounds lie under the code. Facts: industry, examples (codes)."""

    code = "size_class.industry_too_broad"
    phrase = N_(
        "Industry “%(industry)s” is too broad to tell the size class: its parts have different bounds. "
        "Choose the part you belong to: %(examples)s."
    )


class IndustryNotCovered(Invalid):
    """Facts: industry."""

    code = "size_class.industry_not_covered"
    phrase = N_(
        "The SME standard of 2011 does not cover industry “%(industry)s” (such as finance, railways, education, "
        "health, public administration), so no size class can be computed. "
        "Ask the science bureau which rule applies to you."
    )


class MissingEmployees(Invalid):
    code = "size_class.missing_employees"
    phrase = N_("In your industry the size class depends on the persons employed. Enter their number.")


class MissingRevenue(Invalid):
    code = "size_class.missing_revenue"
    phrase = N_("In your industry the size class depends on the annual revenue. Enter it in yuan; 0 if there was none.")


class MissingAssets(Invalid):
    code = "size_class.missing_assets"
    phrase = N_("In your industry the size class depends on the total assets. Enter them in yuan; 0 if there are none.")


class NegativeFigure(Invalid):
    """Facts: indicator."""

    code = "size_class.negative_figure"
    phrase = N_("“%(indicator)s” cannot be below zero. Enter the figure of your latest annual accounts.")


@dataclass(frozen=True)
class Figures:
    """What an enterprise states of one year: GB/T 4754-2017 code, persons, and money in fen. None: not stated."""

    industry: str
    employees: int | None = None
    revenue_fen: int | None = None
    assets_fen: int | None = None


@dataclass(frozen=True)
class Working:
    """One indicator of the classification, in persons or fen.

    `bounds` are the lower bounds of small, medium and large. `phrase` says in words which class the
    indicator gives by itself; its `facts` are counts, or money where the name ends in `_fen`.
    """

    indicator: Indicator
    value: int
    bounds: tuple[int, int, int]
    size: SizeClass
    phrase: str
    facts: Mapping[str, Any]


@dataclass(frozen=True)
class Classification:
    size: SizeClass
    group: IndustryGroup
    workings: tuple[Working, ...]

    @property
    def deciding(self) -> tuple[Working, ...]:
        """The indicators that give the lowest class and so decide."""
        return tuple(working for working in self.workings if working.size is self.size)


def is_sme(size: SizeClass) -> bool:
    """Whether the class counts as 中小微企业: everything but large (中小企业促进法 article 2)."""
    return size is not SizeClass.LARGE


def industry_group(gbt4754_code: str, *, field: str | None = "industry") -> IndustryGroup:
    """Group of the standard for a GB/T 4754-2017 code: a section letter, alone or with two to four digits.

    Raises UnknownIndustry, IndustryTooBroad (F, G, H, I, K, K70 and Q hold several groups) or IndustryNotCovered.
    """
    code = unicodedata.normalize("NFKC", gbt4754_code).strip().upper()
    section, digits = code[:1], code[1:]
    known = section in _DIVISIONS and (
        not digits
        or (digits.isascii() and digits.isdigit() and 2 <= len(digits) <= 4 and int(digits[:2]) in _DIVISIONS[section])
    )
    if not known:
        raise UnknownIndustry(field=field, industry=gbt4754_code)
    for length in range(len(code), 0, -1):
        if code[:length] in _GROUP_OF:
            group = _GROUP_OF[code[:length]]
            if group is None:
                raise IndustryNotCovered(field=field, industry=code)
            return group
    parts = tuple(sorted(part for part in _GROUP_OF if part.startswith(code)))
    if not parts:
        raise UnknownIndustry(field=field, industry=gbt4754_code)
    raise IndustryTooBroad(field=field, industry=code, examples=parts)


def bounds(group: IndustryGroup) -> Mapping[Indicator, tuple[int, int, int]]:
    """Indicators of a group with their lower bounds of small, medium and large, in persons or fen."""
    unit = {Indicator.EMPLOYEES: 1, Indicator.REVENUE: FEN_PER_WAN, Indicator.ASSETS: FEN_PER_WAN}
    return {
        indicator: (small * unit[indicator], medium * unit[indicator], large * unit[indicator])
        for indicator, (small, medium, large) in _TABLE[group].items()
    }


def classify(figures: Figures) -> Classification:
    """Size class with its working.

    Raises what `industry_group` raises, and for each indicator of the group that is not stated or
    below zero a refusal at its field (InvalidMany where there are several).
    """
    group = industry_group(figures.industry)
    stated = {
        Indicator.EMPLOYEES: figures.employees,
        Indicator.REVENUE: figures.revenue_fen,
        Indicator.ASSETS: figures.assets_fen,
    }
    workings: list[Working] = []
    refusals: list[DomainError] = []
    for indicator, row in bounds(group).items():
        value = stated[indicator]
        if value is None:
            refusals.append(_MISSING[indicator](field=indicator.value))
        elif value < 0:
            refusals.append(NegativeFigure(field=indicator.value, indicator=indicator))
        else:
            workings.append(_working(indicator, value, row))
    if len(refusals) == 1:
        raise refusals[0]
    if refusals:
        raise InvalidMany(refusals)
    lowest = min((working.size for working in workings), key=lambda size: size.rank)
    return Classification(size=lowest, group=group, workings=tuple(workings))


_MISSING: Mapping[Indicator, type[Invalid]] = {
    Indicator.EMPLOYEES: MissingEmployees,
    Indicator.REVENUE: MissingRevenue,
    Indicator.ASSETS: MissingAssets,
}

_PERSONS_PHRASES: Mapping[SizeClass, str] = {
    SizeClass.MICRO: N_("%(value)s persons is below %(upper)s: micro by this indicator."),
    SizeClass.SMALL: N_("%(value)s persons is at least %(lower)s and below %(upper)s: small by this indicator."),
    SizeClass.MEDIUM: N_("%(value)s persons is at least %(lower)s and below %(upper)s: medium by this indicator."),
    SizeClass.LARGE: N_("%(value)s persons is at least %(lower)s: large by this indicator."),
}

_MONEY_PHRASES: Mapping[SizeClass, str] = {
    SizeClass.MICRO: N_("%(value_fen)s is below %(upper_fen)s: micro by this indicator."),
    SizeClass.SMALL: N_("%(value_fen)s is at least %(lower_fen)s and below %(upper_fen)s: small by this indicator."),
    SizeClass.MEDIUM: N_("%(value_fen)s is at least %(lower_fen)s and below %(upper_fen)s: medium by this indicator."),
    SizeClass.LARGE: N_("%(value_fen)s is at least %(lower_fen)s: large by this indicator."),
}


def _working(indicator: Indicator, value: int, row: tuple[int, int, int]) -> Working:
    rank = sum(value >= bound for bound in row)
    size = list(SizeClass)[rank]
    phrases, suffix = (_PERSONS_PHRASES, "") if indicator is Indicator.EMPLOYEES else (_MONEY_PHRASES, "_fen")
    facts = {f"value{suffix}": value}
    if rank > 0:
        facts[f"lower{suffix}"] = row[rank - 1]
    if rank < len(row):
        facts[f"upper{suffix}"] = row[rank]
    return Working(indicator, value, row, size, phrases[size], MappingProxyType(facts))
