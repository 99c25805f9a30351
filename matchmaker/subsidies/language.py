"""The small language of conditions over facts: read from YAML with faults by line, evaluated in three values. Pure.

    {all: [..]}  {any: [..]}  {not: ..}                              Kleene's logic: unknown is neither true nor false
    {fact: F, is: V}  {fact: F, in: [V, ..]}                         any type but texts
    {fact: F, has: V}  {fact: F, has_any: [V, ..]}                   texts
    {fact: F, at_least | above | at_most | below: N}                 counts and fen
    {fact: F, on_or_after | on_or_before: D}                         days
    {fact: F, within: {days | months | years: N, after | before: D}} days: the span begins or ends with that day
    {fact: F, known: true}                                           any

N and D may be another fact of the same type, written {fact: G}. Reading is bounded in depth and size; evaluating never
raises, whatever the facts hold.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from matchmaker.core.money import LIMIT_FEN
from matchmaker.deals.schedule import add_months
from matchmaker.subsidies.catalogue_faults import (
    CatalogueFault,
    ComparisonUnknown,
    DuplicateKey,
    EmptyCondition,
    FactUnknown,
    NotACondition,
    TooDeep,
    TooLarge,
    ValueUnfit,
)
from matchmaker.subsidies.facts import FACTS, Fact, FactType, Value, fits, value_of
from matchmaker.subsidies.lined import Lined, line_of

DEEPEST, LARGEST = 8, 64
LONGEST_SPAN = 36_600  # days, a hundred years

Report = Callable[..., None]
"""Takes the class of a fault, the line, and its facts."""


class Op(StrEnum):
    IS = "is"
    IN = "in"
    HAS = "has"
    HAS_ANY = "has_any"
    AT_LEAST = "at_least"
    ABOVE = "above"
    AT_MOST = "at_most"
    BELOW = "below"
    ON_OR_AFTER = "on_or_after"
    ON_OR_BEFORE = "on_or_before"
    WITHIN = "within"
    KNOWN = "known"


_ORDERED = (Op.IS, Op.IN, Op.AT_LEAST, Op.ABOVE, Op.AT_MOST, Op.BELOW, Op.KNOWN)
_PLAIN = (Op.IS, Op.IN, Op.KNOWN)

OPS: Mapping[FactType, tuple[Op, ...]] = {
    FactType.FLAG: (Op.IS, Op.KNOWN),
    FactType.COUNT: _ORDERED,
    FactType.FEN: _ORDERED,
    FactType.DAY: (Op.IS, Op.ON_OR_AFTER, Op.ON_OR_BEFORE, Op.WITHIN, Op.KNOWN),
    FactType.TEXT: _PLAIN,
    FactType.CHOICE: _PLAIN,
    FactType.TEXTS: (Op.HAS, Op.HAS_ANY, Op.KNOWN),
}
"""Which comparisons a fact of each type allows."""


@dataclass(frozen=True, slots=True)
class Ref:
    """The value of another fact."""

    fact: str


@dataclass(frozen=True, slots=True)
class Span:
    """So long after a day, or before it; both ends belong to it. `unit` is days, months or years."""

    number: int
    unit: str
    after: bool
    day: date | Ref


Operand = Value | Ref | Span


@dataclass(frozen=True, slots=True)
class Compare:
    fact: str
    op: Op
    operand: Operand


@dataclass(frozen=True, slots=True)
class All:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Not:
    part: Expression


Expression = Compare | All | AnyOf | Not


# --- reading --------------------------------------------------------------------------------------------------------


def parse(source: Any, report: Report, *, line: int = 0) -> Expression | None:
    """Expression of a YAML value; None where faults were reported. `line` serves values that know none."""
    return _Parser(report).expression(source, line, 1)


class _Parser:
    def __init__(self, report: Report) -> None:
        self.report, self.size = report, 0

    def expression(self, source: Any, line: int, depth: int) -> Expression | None:
        line = source.line if isinstance(source, Lined) else line
        if depth > DEEPEST:
            return self.refuse(TooDeep, line, limit=DEEPEST)
        self.size += 1
        if self.size > LARGEST:
            return self.refuse(TooLarge, line, limit=LARGEST) if self.size == LARGEST + 1 else None
        if not isinstance(source, dict):
            return self.refuse(NotACondition, line)
        for key, key_line in getattr(source, "twice", ()):
            return self.refuse(DuplicateKey, key_line, key=str(key))
        keys = set(source)
        if keys in ({"all"}, {"any"}):
            (key,) = keys
            return self.several(source, str(key), line, depth)
        if keys == {"not"}:
            part = self.expression(source["not"], line_of(source, "not", line), depth + 1)
            return None if part is None else Not(part)
        if "fact" in keys and len(keys) == 2:
            return self.compare(source, line)
        return self.refuse(NotACondition, line)

    def several(self, source: Any, key: str, line: int, depth: int) -> Expression | None:
        entries, line = source[key], line_of(source, key, line)
        if not isinstance(entries, list) or not entries:
            return self.refuse(EmptyCondition, line, key=key)
        parts = [self.expression(entry, line, depth + 1) for entry in entries]
        whole = tuple(part for part in parts if part is not None)
        if len(whole) < len(parts):
            return None
        return All(whole) if key == "all" else AnyOf(whole)

    def compare(self, source: Any, line: int) -> Expression | None:
        name = source["fact"]
        fact = FACTS.get(name) if isinstance(name, str) else None
        if fact is None:
            return self.refuse(FactUnknown, line_of(source, "fact", line), fact=str(name), near=_near(str(name)))
        (word,) = set(source) - {"fact"}
        line = line_of(source, word, line)
        allowed = OPS[fact.type]
        if word not in {str(op) for op in allowed}:
            names = tuple(op.value for op in allowed)
            return self.refuse(ComparisonUnknown, line, word=str(word), fact=fact.name, options=names)
        op = Op(word)
        operand = _operand(fact, op, source[word])
        if operand is None:
            return self.refuse(ValueUnfit, line, fact=fact.name, type=fact.type.value, word=op.value)
        return Compare(fact.name, op, operand)

    def refuse(self, kind: type[CatalogueFault], line: int, **facts: Any) -> Expression | None:
        """Report a fault; there is no expression then."""
        self.report(kind, line, **facts)
        return None


def _near(name: str) -> tuple[str, ...]:
    """Names that share most letters with a mistyped one."""
    import difflib

    return tuple(difflib.get_close_matches(name[:60], FACTS, n=3, cutoff=0.5)) or ("claimed_on",)


def _operand(fact: Fact, op: Op, value: Any) -> Operand | None:
    """What a fact is compared with, None where it does not fit."""
    match op:
        case Op.KNOWN:
            return True if value is True else None
        case Op.WITHIN:
            return _span(value)
        case Op.IN | Op.HAS_ANY:
            return _members(fact, value)
        case Op.HAS:
            members = _members(fact, [value])
            return members[0] if members else None
        case Op.IS:
            read: Any = _day(value) if fact.type is FactType.DAY else value
            return read if fits(fact, read) else None
    found: Operand | None = _value_or_ref(fact.type, value)
    return found


def _members(fact: Fact, value: Any) -> tuple[Any, ...] | None:
    if not isinstance(value, list | tuple) or not value:
        return None
    whole = tuple(value)
    good = fits(fact, whole) if fact.type is FactType.TEXTS else all(fits(fact, one) for one in whole)
    return whole if good else None


def _value_or_ref(type_: FactType, value: Any) -> Any:
    if isinstance(value, dict):
        name = value.get("fact")
        other = FACTS.get(name) if isinstance(name, str) and len(value) == 1 else None
        return Ref(other.name) if other is not None and other.type is type_ else None
    if type_ is FactType.DAY:
        return _day(value)
    return value if _is_whole(value) and 0 <= value <= LIMIT_FEN else None


def _span(value: Any) -> Span | None:
    if not isinstance(value, dict) or len(value) != 2:
        return None
    units, ends = set(value) & {"days", "months", "years"}, set(value) & {"after", "before"}
    if len(units) != 1 or len(ends) != 1:
        return None
    (unit,), (end,) = units, ends
    number, day = value[unit], _value_or_ref(FactType.DAY, value[end])
    if day is None or not _is_whole(number) or not 0 <= number <= LONGEST_SPAN:
        return None
    return Span(number, unit, end == "after", day)


def _day(value: Any) -> date | None:
    """A day as YAML reads it, or as JSON keeps it."""
    if isinstance(value, str):
        try:
            return date.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, date) and not isinstance(value, datetime) else None


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def plain(expression: Expression) -> dict[str, Any]:
    """The expression as plain JSON data, which `parse` reads back."""
    match expression:
        case All(parts):
            return {"all": [plain(part) for part in parts]}
        case AnyOf(parts):
            return {"any": [plain(part) for part in parts]}
        case Not(part):
            return {"not": plain(part)}
        case Compare(fact, op, operand):
            return {"fact": fact, op.value: _plain_operand(operand)}
    raise AssertionError(expression)


def _plain_operand(operand: Operand) -> Any:
    match operand:
        case Ref(fact):
            return {"fact": fact}
        case Span(number, unit, after, day):
            return {unit: number, ("after" if after else "before"): _plain_operand(day)}
        case date():
            return operand.isoformat()
        case tuple():
            return list(operand)
    return operand


# --- evaluating -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Finding:
    """One comparison with the value it met: None is unknown. `other` is the value of the fact compared with."""

    fact: str
    op: Op
    operand: Operand
    value: Value | None
    met: bool | None
    other: Value | None = None


def truth(expression: Expression, facts: Mapping[str, Any]) -> bool | None:
    """True, False, or None where it hangs on something unknown."""
    match expression:
        case All(parts):
            return _all(truth(part, facts) for part in parts)
        case AnyOf(parts):
            return _not(_all(_not(truth(part, facts)) for part in parts))
        case Not(part):
            return _not(truth(part, facts))
    return _compare(expression, facts).met


def _all(truths: Iterator[bool | None]) -> bool | None:
    seen = set(truths)
    return False if False in seen else None if None in seen else True


def _not(one: bool | None) -> bool | None:
    return None if one is None else not one


def findings(expression: Expression, facts: Mapping[str, Any]) -> tuple[Finding, ...]:
    """Every comparison in the order it is written."""
    return tuple(_compare(leaf, facts) for leaf in leaves(expression))


def leaves(expression: Expression) -> Iterator[Compare]:
    match expression:
        case All(parts) | AnyOf(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case Compare():
            yield expression


def names(expression: Expression) -> tuple[str, ...]:
    """Facts that an expression looks at, each once, in the order it is written."""
    found: dict[str, None] = {}
    for leaf in leaves(expression):
        found[leaf.fact] = None
        operand = leaf.operand.day if isinstance(leaf.operand, Span) else leaf.operand
        if isinstance(operand, Ref):
            found[operand.fact] = None
    return tuple(found)


def _compare(leaf: Compare, facts: Mapping[str, Any]) -> Finding:
    value = value_of(facts, leaf.fact)
    target: Any = leaf.operand.day if isinstance(leaf.operand, Span) else leaf.operand
    other = value_of(facts, target.fact) if isinstance(target, Ref) else None
    if leaf.op is Op.KNOWN:
        met: bool | None = value is not None or None
    elif value is None or (isinstance(target, Ref) and other is None):
        met = None
    else:
        met = _holds(leaf, value, target if other is None else other)
    return Finding(leaf.fact, leaf.op, leaf.operand, value, met, other)


def _holds(leaf: Compare, value: Any, target: Any) -> bool:
    match leaf.op:
        case Op.IS:
            return bool(value == target)
        case Op.IN:
            return value in target
        case Op.HAS:
            return target in value
        case Op.HAS_ANY:
            return not set(target).isdisjoint(value)
        case Op.AT_LEAST | Op.ON_OR_AFTER:
            return bool(value >= target)
        case Op.ABOVE:
            return bool(value > target)
        case Op.AT_MOST | Op.ON_OR_BEFORE:
            return bool(value <= target)
        case Op.BELOW:
            return bool(value < target)
    first, last = bounds(leaf.operand, target) if isinstance(leaf.operand, Span) else (target, target)
    return bool(first <= value <= last)


def bounds(span: Span, day: date) -> tuple[date, date]:
    """First and last day of a span; it ends where the calendar does."""
    other = _moved(day, span.number if span.after else -span.number, span.unit)
    return (day, other) if span.after else (other, day)


def _moved(day: date, number: int, unit: str) -> date:
    try:
        if unit == "days":
            return day + timedelta(days=number)
        return add_months(day, number * (12 if unit == "years" else 1))
    except (OverflowError, ValueError):
        return date.max if number > 0 else date.min


def missing(expression: Expression, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """Unknown facts that an undecided expression hangs on, each once; none where it is decided."""
    if truth(expression, facts) is not None:
        return ()
    return tuple(name for name in names(expression) if value_of(facts, name) is None)


def blockers(expression: Expression, facts: Mapping[str, Any], *, wanted: bool = True) -> tuple[Finding, ...]:
    """What would have to change to make the expression `wanted`: all of these comparisons would have to turn out the
    other way. Of several ways, the one with the fewest, the first among equals. None where it is so already."""
    if truth(expression, facts) is wanted:
        return ()
    match expression:
        case Not(part):
            return blockers(part, facts, wanted=not wanted)
        case All(parts) | AnyOf(parts):
            ways = [blockers(part, facts, wanted=wanted) for part in parts if truth(part, facts) is not wanted]
            if isinstance(expression, All) is wanted:
                return tuple(dict.fromkeys(finding for way in ways for finding in way))
            return min(ways, key=len)
    return (_compare(expression, facts),)
