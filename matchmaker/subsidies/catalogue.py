"""The policy catalogue: dated clauses and targets, read from YAML text with faults named by line. Pure.

The code knows how to read policy, never what it says. A file carries its source, and `clauses`, `targets`
or both. Kinds of clause (DOMAIN.md section 0): `cap` 最高, `fixed` an exact sum, `floor` 不少于 (a budget line,
never a claim), `pct` a percentage, `none` no sum. Rates are exact fractions; where the source gives none,
`rate` is null and the amount stays a matter of judgement under the cap.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

import yaml

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core.errors import DomainError, NotFound
from matchmaker.core.money import LIMIT_FEN
from matchmaker.subsidies.catalogue_faults import (
    BadCatalogue,
    CatalogueFault,
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


class ClauseKind(StrEnum):
    CAP = "cap"
    FIXED = "fixed"
    FLOOR = "floor"
    PCT = "pct"
    NONE = "none"


class Per(StrEnum):
    """What a sum is granted for, once each."""

    ONCE = "once"
    YEAR = "year"
    CITY_YEAR = "city_year"
    PROJECT = "project"
    PROJECT_YEAR = "project_year"
    MAJOR_PROJECT = "major_project"
    PARK_YEAR = "park_year"
    PERSON = "person"
    RECOGNITION = "recognition"
    RECOGNITION_RENEWAL = "recognition_renewal"
    NOT_STATED = "not_stated"
    NOT_APPLICABLE = "not_applicable"


class CountedBy(StrEnum):
    PLATFORM = "platform"
    BUREAU = "bureau"


@dataclass(frozen=True)
class Label:
    zh: str
    en: str


@dataclass(frozen=True)
class Source:
    """Where the text stands: who published it when, and what to bear in mind about it."""

    title_zh: str
    title_en: str
    publisher_zh: str
    publisher_en: str
    released_on: date
    document_no: str | None
    note_zh: str
    note_en: str


@dataclass(frozen=True)
class Clause:
    """One dated promise. `beneficiary_kinds` are the organisations of the platform that can claim it, if any can."""

    id: str
    name_zh: str
    name_en: str
    beneficiary_zh: str
    beneficiary_en: str
    beneficiary_kinds: tuple[OrganisationKind, ...]
    kind: ClauseKind
    amount_fen: int | None
    percent: int | None
    per: Per
    rate: Fraction | None
    base: str | None
    in_force_from: date
    source_phrase: str

    @property
    def pays(self) -> bool:
        """Whether the clause sets a sum that someone can receive: floors, percentages and bare intentions do not."""
        return self.kind in _PAYING


@dataclass(frozen=True)
class Target:
    """A figure of the action plan. `baseline` and the notes only where there are any."""

    id: str
    name_zh: str
    name_en: str
    value: int
    unit_zh: str
    unit_en: str
    by_year: int
    baseline: int | None
    baseline_phrase: str | None
    counted_by: CountedBy
    note_zh: str | None
    note_en: str | None
    source_phrase: str


@dataclass(frozen=True)
class Catalogue:
    """One file of policy, in its own order. Labels are empty where there are no clauses."""

    id: str
    title_zh: str
    title_en: str
    source: Source
    clauses: tuple[Clause, ...] = ()
    targets: tuple[Target, ...] = ()
    kind_labels: Mapping[ClauseKind, Label] = field(default_factory=dict)
    per_labels: Mapping[Per, Label] = field(default_factory=dict)
    rate_missing: Label | None = None

    def __iter__(self) -> Iterator[Clause]:
        return iter(self.clauses)

    def clause(self, clause_id: str) -> Clause:
        """Raises NotFound."""
        for clause in self.clauses:
            if clause.id == clause_id:
                return clause
        raise NotFound(clause_id=clause_id)

    def export_rows(self) -> list[dict[str, Any]]:
        """Id, amount, kind, per and source phrase of each clause, as plain values."""
        return [
            {
                "id": clause.id,
                "amount_fen": clause.amount_fen,
                "kind": clause.kind.value,
                "per": clause.per.value,
                "source_phrase": clause.source_phrase,
            }
            for clause in self.clauses
        ]


def load(text: str, *, file: str = "policy.yaml") -> Catalogue:
    """Catalogue of one policy file. `file` is the name that messages show. Raises BadCatalogue with every fault."""
    reader = _Reader(file)
    catalogue = reader.catalogue(text)
    if catalogue is None:
        raise BadCatalogue(sorted(reader.faults, key=lambda fault: fault.facts["line"]))
    return catalogue


# --- how one value is read: the value itself, or _Refused with the fault and its facts ---

_Check = Callable[[Any], Any]
_Member = TypeVar("_Member", bound=StrEnum)
_PAYING = frozenset({ClauseKind.CAP, ClauseKind.FIXED})


class _Refused(Exception):
    def __init__(self, fault: type[CatalogueFault], **facts: Any) -> None:
        self.fault, self.facts = fault, facts


def _as_is(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or value != value.strip() or "\n" in value:
        raise _Refused(NotText)
    return value


def _whole(limit: int) -> _Check:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limit:
            raise _Refused(NotAWholeNumber, limit=limit)
        return value

    return check


def _day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise _Refused(NotADay)
    return value


def _rate(value: Any) -> Fraction:
    match = re.fullmatch(r"(\d{1,9})/([1-9]\d{0,8})", value, re.ASCII) if isinstance(value, str) else None
    rate = Fraction(int(match[1]), int(match[2])) if match else Fraction(0)
    if not 0 < rate <= 1:
        raise _Refused(NotARate)
    return rate


def _member(options: type[_Member]) -> _Check:
    def check(value: Any) -> _Member:
        if value not in list(options):
            raise _Refused(NotOneOf, value=str(value), options=tuple(option.value for option in options))
        return options(value)

    return check


def _members(options: type[_Member]) -> _Check:
    def check(value: Any) -> tuple[_Member, ...]:
        if not isinstance(value, list):
            raise _Refused(NotAList)
        return tuple(_member(options)(entry) for entry in value)

    return check


def _optional(check: _Check) -> _Check:
    return lambda value: None if value is None else check(value)


_COUNT = _whole(LIMIT_FEN)

_SOURCE: Mapping[str, _Check] = {
    "title_zh": _text,
    "title_en": _text,
    "publisher_zh": _text,
    "publisher_en": _text,
    "released_on": _day,
    "document_no": _optional(_text),
    "note_zh": _text,
    "note_en": _text,
}

_CLAUSE: Mapping[str, _Check] = {
    "id": _text,
    "name_zh": _text,
    "name_en": _text,
    "beneficiary_zh": _text,
    "beneficiary_en": _text,
    "beneficiary_kinds": _members(OrganisationKind),
    "kind": _member(ClauseKind),
    "amount_fen": _optional(_COUNT),
    "percent": _optional(_whole(100)),
    "per": _member(Per),
    "rate": _optional(_rate),
    "base": _optional(_text),
    "in_force_from": _day,
    "source_phrase": _text,
}

_TARGET: Mapping[str, _Check] = {
    "id": _text,
    "name_zh": _text,
    "name_en": _text,
    "value": _COUNT,
    "unit_zh": _text,
    "unit_en": _text,
    "by_year": _whole(9999),
    "baseline": _optional(_COUNT),
    "baseline_phrase": _optional(_text),
    "counted_by": _member(CountedBy),
    "note_zh": _optional(_text),
    "note_en": _optional(_text),
    "source_phrase": _text,
}

_LABEL: Mapping[str, _Check] = {"zh": _text, "en": _text}

_ROOT: Mapping[str, _Check] = {
    "id": _text,
    "title_zh": _text,
    "title_en": _text,
    **dict.fromkeys(("source", "labels", "clauses", "targets"), _as_is),
}


def _clause(read: dict[str, Any]) -> Clause:
    clause = Clause(**read)
    if (clause.amount_fen is None) == (clause.kind in {ClauseKind.CAP, ClauseKind.FIXED, ClauseKind.FLOOR}):
        raise _Refused(WrongSum, key="amount_fen", kind=clause.kind.value)
    if (clause.percent is None) == (clause.kind is ClauseKind.PCT):
        raise _Refused(WrongSum, key="percent", kind=clause.kind.value)
    if clause.beneficiary_kinds and not clause.pays:
        raise _Refused(NobodyToPay, key="beneficiary_kinds", kind=clause.kind.value)
    if clause.rate is not None and clause.kind is not ClauseKind.CAP:
        raise _Refused(RateWithoutCap, key="rate", kind=clause.kind.value)
    _both_or_neither(read, "rate", "base")
    return clause


def _target(read: dict[str, Any]) -> Target:
    _both_or_neither(read, "baseline", "baseline_phrase")
    _both_or_neither(read, "note_zh", "note_en")
    return Target(**read)


def _both_or_neither(read: dict[str, Any], key: str, partner: str) -> None:
    if (read[key] is None) != (read[partner] is None):
        raise _Refused(Unpaired, key=key, partner=partner)


# --- how the file is walked: every mapping knows its lines, faults are gathered ---

_Row = TypeVar("_Row", Clause, Target)


class _Lined(dict[Any, Any]):
    """A YAML mapping with the line it begins on, the line of each key, and the keys that stand twice."""

    line: int
    lines: dict[Any, int]
    twice: list[tuple[Any, int]]


class _Loader(yaml.SafeLoader):
    def lined(self, node: yaml.MappingNode) -> _Lined:
        mapping = _Lined(self.construct_mapping(node, deep=True))
        mapping.line, mapping.lines, mapping.twice = node.start_mark.line + 1, {}, []
        for key_node, _ in node.value:
            key, line = self.construct_object(key_node), key_node.start_mark.line + 1
            if key in mapping.lines:
                mapping.twice.append((key, line))
            mapping.lines[key] = line
        return mapping

    def day_or_text(self, node: yaml.ScalarNode) -> Any:
        # 2025-02-30 looks like a day: as text it is refused where it stands, not somewhere in the parser.
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError:
            return node.value


_Loader.add_constructor("tag:yaml.org,2002:map", _Loader.lined)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.day_or_text)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[DomainError] = []

    def fault(self, kind: type[CatalogueFault], line: int, where: str, /, **facts: Any) -> None:
        self.faults.append(kind(file=self.file, line=line, where=where, **facts))

    def catalogue(self, text: str) -> Catalogue | None:
        try:
            root = _Loader(text).get_single_data()
        except (yaml.YAMLError, ValueError) as error:
            mark, detail = getattr(error, "problem_mark", None), getattr(error, "problem", None)
            self.fault(NotYaml, mark.line + 1 if mark else 1, "file", detail=detail or str(error))
            return None
        head = self.entry(root, "file", 1, _ROOT, optional={"labels", "clauses", "targets"})
        if not isinstance(root, _Lined):
            return None
        if "clauses" not in root and "targets" not in root:
            self.fault(NothingInCatalogue, 1, "file")
        source = self.entry(root["source"], "source", root.lines["source"], _SOURCE) if "source" in root else None
        clauses = self.rows(root, "clauses", _CLAUSE, _clause)
        targets = self.rows(root, "targets", _TARGET, _target)
        labels = self.labels(root) if "clauses" in root or "labels" in root else {}
        if self.faults or head is None or source is None:
            return None
        return Catalogue(
            id=head["id"],
            title_zh=head["title_zh"],
            title_en=head["title_en"],
            source=Source(**source),
            clauses=clauses,
            targets=targets,
            **labels,
        )

    def entry(
        self,
        value: Any,
        where: str,
        line: int,
        checks: Mapping[str, _Check],
        *,
        optional: AbstractSet[str] = frozenset(),
    ) -> dict[str, Any] | None:
        """Checked values of a mapping; None where there was a fault. `line` serves a value that is no mapping."""
        if not isinstance(value, _Lined):
            self.fault(NotAMapping, line, where)
            return None
        before = len(self.faults)
        read: dict[str, Any] = {}
        for key, key_line in value.twice:
            self.fault(DuplicateKey, key_line, where, key=key)
        for key, entry in value.items():
            if key not in checks:
                self.fault(UnknownKey, value.lines[key], where, key=key, known=tuple(checks))
                continue
            try:
                read[key] = checks[key](entry)
            except _Refused as refused:
                self.fault(refused.fault, value.lines[key], where, key=key, **refused.facts)
        for key in checks:
            if key not in value and key not in optional:
                self.fault(MissingKey, value.line, where, key=key)
        return read if len(self.faults) == before else None

    def rows(
        self, root: _Lined, section: str, checks: Mapping[str, _Check], make: Callable[[dict[str, Any]], _Row]
    ) -> tuple[_Row, ...]:
        if section not in root:
            return ()
        entries, section_line = root[section], root.lines[section]
        if not isinstance(entries, list) or not entries:
            self.fault(NotAList, section_line, section)
            return ()
        made: list[_Row] = []
        first_lines: dict[str, int] = {}
        for number, entry in enumerate(entries, start=1):
            row_id = entry.get("id") if isinstance(entry, _Lined) else None
            where = row_id if isinstance(row_id, str) else f"{section}[{number}]"
            read = self.entry(entry, where, section_line, checks)
            if read is None:
                continue
            if where in first_lines:
                self.fault(DuplicateId, entry.lines["id"], where, first_line=first_lines[where])
            first_lines.setdefault(where, entry.lines["id"])
            try:
                made.append(make(read))
            except _Refused as refused:
                self.fault(refused.fault, entry.lines[refused.facts["key"]], where, **refused.facts)
        return tuple(made)

    def labels(self, root: _Lined) -> dict[str, Any]:
        """Names of the kinds, of what sums are paid per, and of a rate that is not known, in both languages."""
        if "labels" not in root:
            self.fault(MissingKey, root.line, "file", key="labels")
            return {}
        groups = dict.fromkeys(("kinds", "pers", "rate_missing"), _as_is)
        read = self.entry(root["labels"], "labels", root.lines["labels"], groups)
        if read is None:
            return {}
        lines = root["labels"].lines

        def label(value: Any, where: str, line: int) -> Label | None:
            checked = self.entry(value, where, line, _LABEL)
            return Label(**checked) if checked else None

        def label_each(key: str, members: type[StrEnum]) -> dict[Any, Label | None]:
            where, line = f"labels.{key}", lines[key]
            checked = self.entry(read[key], where, line, dict.fromkeys(members, _as_is)) or {}
            return {members(m): label(value, f"{where}.{m}", read[key].lines[m]) for m, value in checked.items()}

        return {
            "kind_labels": label_each("kinds", ClauseKind),
            "per_labels": label_each("pers", Per),
            "rate_missing": label(read["rate_missing"], "labels.rate_missing", lines["rate_missing"]),
        }
