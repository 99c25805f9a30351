"""Terms as canonical JSON, their hash, and what differs between two of them. Pure.

The JSON says every term outright, and leaves out only what is None (not agreed): an optional term added later
leaves the hash of what was signed as it was.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date
from enum import StrEnum
from fractions import Fraction
from functools import cache
from types import MappingProxyType, NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from matchmaker.core.errors import N_, Invalid
from matchmaker.deals.terms.model import (
    ByTier,
    ByYear,
    Deferral,
    EarlierOf,
    EntryFeeRoyalty,
    FirstRevenue,
    Instalments,
    InvestFirst,
    LaterOf,
    LumpSum,
    Milestone,
    Milestones,
    OnDate,
    RevenueThreshold,
    Stake,
    Terms,
)

SCHEMA = 1
"""Form of the JSON. It changes only where old terms could no longer be read."""


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
        "earlier_of": EarlierOf,
        "later_of": LaterOf,
        "milestones": Milestones,
        "stake": Stake,
        "invest_first": InvestFirst,
        "by_year": ByYear,
        "by_tier": ByTier,
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
    tagged = [option for option in options if option in _TAG_OF]
    if tagged and (isinstance(data, dict) or tagged == options):
        tag = data.get("type") if isinstance(data, dict) else None
        cls = _TAGS.get(tag) if isinstance(tag, str) else None
        if cls not in tagged:
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
