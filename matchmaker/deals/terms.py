"""Terms of a licence: what the parties agree to, as plain frozen values. Pure.

The fields follow DOMAIN.md 1.5 and 8 (Civil Code art. 845, 846; technology-contract interpretation art. 25, 28).
`rules.validate` judges them, `schedule` computes days and amounts from them. A value of `Terms` may be wrong
or unfinished, so that every fault can be shown at once; only validated terms are offered.

Terms are frozen for signature as canonical JSON and its hash. The JSON says every term outright, and leaves out
only what is None (not agreed): an optional term added later leaves the hash of what was signed as it was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

from matchmaker.core.errors import N_, Invalid

SCHEMA = 1
"""Form of the JSON. It changes only where old terms could no longer be read."""


class DealKind(StrEnum):
    PAY_LATER_LICENCE = "pay_later_licence"
    LICENCE = "licence"


class LicenceKind(StrEnum):
    """Ordinary unless agreed otherwise (interpretation art. 25)."""

    ORDINARY = "ordinary"  # 普通: others may be licensed too
    EXCLUSIVE_WITH_OWNER = "exclusive_with_owner"  # 排他: one licensee, the owner may still use
    SOLE = "sole"  # 独占: one licensee, not even the owner may use


class RoyaltyBase(StrEnum):
    SALES = "sales"
    PROFIT = "profit"


@dataclass(frozen=True, slots=True)
class OnDate:
    """Payment starts on a day fixed in advance."""

    on: date


@dataclass(frozen=True, slots=True)
class FirstRevenue:
    """Payment starts with the first revenue from the product or service."""


@dataclass(frozen=True, slots=True)
class RevenueThreshold:
    """Payment starts when accumulated revenue reaches this amount."""

    fen: int


@dataclass(frozen=True, slots=True)
class Milestone:
    """Payment starts when this has been accepted, in the parties' own words."""

    text: str


PaymentTrigger = OnDate | FirstRevenue | RevenueThreshold | Milestone


@dataclass(frozen=True, slots=True)
class LumpSum:
    """Whole price when payment starts."""

    fen: int


@dataclass(frozen=True, slots=True)
class Instalment:
    months_after: int
    fen: int


@dataclass(frozen=True, slots=True)
class Instalments:
    """Price in parts, each some months after payment starts."""

    parts: tuple[Instalment, ...]


@dataclass(frozen=True, slots=True)
class Deferral:
    """Whole price, some months after payment starts."""

    fen: int
    months_after: int


@dataclass(frozen=True, slots=True)
class EntryFeeRoyalty:
    """Entry fee when payment starts (0: none) and for each period a share of the base.

    `minimum_fen` and `cap_fen` bound the royalty of one period; cap None: no upper bound.
    """

    entry_fen: int
    rate: Fraction
    base: RoyaltyBase
    minimum_fen: int = 0
    cap_fen: int | None = None
    period_months: int = 12


Fee = LumpSum | Instalments | Deferral | EntryFeeRoyalty


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Terms of one licence. `ends_on` is the last day of the licence; None only while it is not yet filled in."""

    kind: DealKind = DealKind.PAY_LATER_LICENCE
    licence: LicenceKind = LicenceKind.ORDINARY
    territory: str
    field_of_use: str
    sublicence: bool = False
    effective_on: date
    trial_months: int = 12
    ends_on: date | None
    trigger: PaymentTrigger
    fee: Fee
    grace_days: int = 30
    commission_fen: int | None = None


def fixed_parts(fee: Fee) -> tuple[Instalment, ...]:
    """The parts of a fee that are fixed in amount, by months after payment starts. A zero entry fee is no part."""
    match fee:
        case LumpSum(fen):
            return (Instalment(0, fen),)
        case Deferral(fen, months_after):
            return (Instalment(months_after, fen),)
        case Instalments(parts):
            return parts
        case EntryFeeRoyalty(entry_fen=fen):
            return (Instalment(0, fen),) if fen else ()


def fixed_fen(fee: Fee) -> int:
    """Sum of the fixed parts; royalties come on top."""
    return sum(part.fen for part in fixed_parts(fee))


# JSON, hash, differences


class NotTerms(Invalid):
    """A stored or posted document that does not read as terms. `field` is the path of the entry at fault."""

    code = "terms.unreadable"
    phrase = N_("These terms cannot be read: the entry “%(path)s” is missing, unknown or not of the right form.")


_TAGS: Mapping[str, type] = MappingProxyType(
    {
        "on_date": OnDate,
        "first_revenue": FirstRevenue,
        "revenue_threshold": RevenueThreshold,
        "milestone": Milestone,
        "lump_sum": LumpSum,
        "instalments": Instalments,
        "deferral": Deferral,
        "entry_fee_royalty": EntryFeeRoyalty,
    }
)
_TAG_OF = MappingProxyType({cls: tag for tag, cls in _TAGS.items()})


def to_json(terms: Terms) -> dict[str, Any]:
    """Plain data: dicts, lists, strings, whole numbers, true/false. Days are ISO text, rates "p/q"."""
    return {"schema": SCHEMA, **_write(terms)}


def from_json(data: Any) -> Terms:
    """The terms written by `to_json`, exactly. Raises NotTerms for anything else."""
    if not isinstance(data, dict) or data.get("schema") != SCHEMA:
        raise NotTerms(field="schema", path="schema")
    terms = _read(Terms, {key: value for key, value in data.items() if key != "schema"}, "")
    assert isinstance(terms, Terms)
    return terms


def canonical(terms: Terms) -> str:
    """The one text of these terms: sorted keys, no spaces, UTF-8 kept."""
    return json.dumps(to_json(terms), sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def terms_hash(terms: Terms) -> str:
    """SHA-256 of the canonical text, 64 hexadecimal digits."""
    return hashlib.sha256(canonical(terms).encode()).hexdigest()


def diff(old: Terms, new: Terms) -> list[tuple[str, Any, Any]]:
    """Entries that differ as (path, old, new) in JSON form, None where one side has none. Empty for equal terms."""
    before, after = _flat(to_json(old)), _flat(to_json(new))
    paths = dict.fromkeys([*before, *after])
    return [(path, before.get(path), after.get(path)) for path in paths if before.get(path) != after.get(path)]


def _flat(data: Any, path: str = "") -> dict[str, Any]:
    if isinstance(data, dict):
        items = [(f"{path}.{key}" if path else key, value) for key, value in data.items()]
    elif isinstance(data, list):
        items = [(f"{path}.{number}", value) for number, value in enumerate(data)]
    else:
        return {path: data}
    return {key: leaf for item_path, value in items for key, leaf in _flat(value, item_path).items()}


def _write(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    if isinstance(value, (bool, int, str)):
        return value
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Fraction):
        return f"{value.numerator}/{value.denominator}"
    if isinstance(value, tuple):
        return [_write(item) for item in value]
    tag = {"type": _TAG_OF[type(value)]} if type(value) in _TAG_OF else {}
    entries = {field.name: getattr(value, field.name) for field in fields(value)}
    return tag | {name: _write(entry) for name, entry in entries.items() if entry is not None}


def _read(hint: Any, data: Any, path: str) -> Any:
    """Value of the hinted type. What would not be written back the same is refused."""
    options = [option for option in get_args(hint) if option is not NoneType] if type(hint) is UnionType else [hint]
    if options[0] in _TAG_OF:
        tag = data.get("type") if isinstance(data, dict) else None
        cls = _TAGS.get(tag) if isinstance(tag, str) else None
        if cls not in options:
            raise NotTerms(field=path, path=f"{path}.type")
        return _read_fields(cls, {key: value for key, value in data.items() if key != "type"}, path)
    hint = options[0]
    if is_dataclass(hint):
        return _read_fields(hint, data, path)
    if get_origin(hint) is tuple and isinstance(data, list):
        return tuple(_read(get_args(hint)[0], item, f"{path}.{number}") for number, item in enumerate(data))
    value = _read_leaf(hint, data)
    if value is None or _write(value) != data:
        raise NotTerms(field=path, path=path)
    return value


def _read_fields(cls: Any, data: Any, path: str) -> Any:
    if not isinstance(data, dict):
        raise NotTerms(field=path, path=path)
    hints, under = _hints(cls), f"{path}." if path else ""
    optional = {name for name, hint in hints.items() if NoneType in get_args(hint)}
    for name in [*data, *hints]:
        if name not in hints or (name not in data and name not in optional):
            raise NotTerms(field=f"{under}{name}", path=f"{under}{name}")
    return cls(**{name: _read(hints[name], data[name], under + name) if name in data else None for name in hints})


def _read_leaf(hint: Any, data: Any) -> Any:
    if hint in (int, bool):
        return data if type(data) is hint else None
    if not isinstance(data, str) or (hint is Fraction and not _RATIO.fullmatch(data)):
        return None
    try:
        return date.fromisoformat(data) if hint is date else hint(data)
    except (ValueError, ZeroDivisionError):
        return None


_RATIO = re.compile(r"-?[0-9]{1,18}/[0-9]{1,18}")


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


# What the page shows


class Unit(StrEnum):
    """How a value is to be written: which formatter, and for `choice` that the value is itself a phrase."""

    TEXT = "text"  # str, the parties' own words
    CHOICE = "choice"  # str, phrase of the catalogue
    DAY = "day"  # date
    MONTHS = "months"  # int
    DAYS = "days"  # int
    FEN = "fen"  # int
    RATE = "rate"  # Fraction
    PART = "part"  # Instalment


class Line(NamedTuple):
    """One line of a summary. `label` is a phrase of the catalogue."""

    label: str
    value: Any
    unit: Unit


DEAL_LABELS: Mapping[DealKind, str] = MappingProxyType(
    {
        DealKind.PAY_LATER_LICENCE: N_("Licence, use first and pay later"),
        DealKind.LICENCE: N_("Licence"),
    }
)

LICENCE_LABELS: Mapping[LicenceKind, str] = MappingProxyType(
    {
        LicenceKind.ORDINARY: N_("Ordinary: others may be licensed too"),
        LicenceKind.EXCLUSIVE_WITH_OWNER: N_("Exclusive with owner: one licensee, the owner may still use"),
        LicenceKind.SOLE: N_("Sole: one licensee, the owner may not use"),
    }
)

BASE_LABELS: Mapping[RoyaltyBase, str] = MappingProxyType(
    {
        RoyaltyBase.SALES: N_("Net sales"),
        RoyaltyBase.PROFIT: N_("Profit"),
    }
)


def lines(terms: Terms) -> list[Line]:
    """The terms in reading order, for pages and documents. What is not agreed has no line."""
    found = [
        Line(N_("Kind of deal"), DEAL_LABELS[terms.kind], Unit.CHOICE),
        Line(N_("Kind of licence"), LICENCE_LABELS[terms.licence], Unit.CHOICE),
        Line(N_("Territory"), terms.territory, Unit.TEXT),
        Line(N_("Field of use"), terms.field_of_use, Unit.TEXT),
        Line(N_("Sub-licence"), N_("May be granted") if terms.sublicence else N_("May not be granted"), Unit.CHOICE),
        Line(N_("In force from"), terms.effective_on, Unit.DAY),
        Line(N_("Trial"), terms.trial_months, Unit.MONTHS),
        Line(N_("Last day of the licence"), terms.ends_on, Unit.DAY),
        *_trigger_lines(terms.trigger),
        *_fee_lines(terms.fee),
        Line(N_("Days of grace"), terms.grace_days, Unit.DAYS),
        Line(N_("Commission of the intermediary"), terms.commission_fen, Unit.FEN),
    ]
    return [line for line in found if line.value is not None]


def _trigger_lines(trigger: PaymentTrigger) -> list[Line]:
    match trigger:
        case OnDate(on):
            return [Line(N_("Payment starts on"), on, Unit.DAY)]
        case FirstRevenue():
            return [Line(N_("Payment starts"), N_("With the first revenue from the product or service"), Unit.CHOICE)]
        case RevenueThreshold(fen):
            return [Line(N_("Payment starts when revenue reaches"), fen, Unit.FEN)]
        case Milestone(text):
            return [Line(N_("Payment starts with the milestone"), text, Unit.TEXT)]


def _fee_lines(fee: Fee) -> list[Line]:
    match fee:
        case LumpSum(fen):
            return [Line(N_("Lump sum"), fen, Unit.FEN)]
        case Deferral():
            return [Line(N_("Deferred fee"), part, Unit.PART) for part in fixed_parts(fee)]
        case Instalments(parts):
            total = Line(N_("Price"), fixed_fen(fee), Unit.FEN)
            return [total, *(Line(N_("Instalment"), part, Unit.PART) for part in parts)]
        case EntryFeeRoyalty():
            return [
                Line(N_("Entry fee"), fee.entry_fen, Unit.FEN),
                Line(N_("Royalty rate"), fee.rate, Unit.RATE),
                Line(N_("Royalty base"), BASE_LABELS[fee.base], Unit.CHOICE),
                Line(N_("Minimum royalty for each period"), fee.minimum_fen or None, Unit.FEN),
                Line(N_("Maximum royalty for each period"), fee.cap_fen, Unit.FEN),
                Line(N_("Royalty period"), fee.period_months, Unit.MONTHS),
            ]
