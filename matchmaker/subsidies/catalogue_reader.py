"""How a policy file is read: every mapping knows its lines, every fault is named with its line and gathered. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any, TypeVar

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core.errors import DomainError
from matchmaker.core.money import LIMIT_FEN
from matchmaker.deals.states import PartyRole
from matchmaker.subsidies.catalogue import (
    BUILT_IN,
    OTHER_DOCUMENT,
    Basis,
    Catalogue,
    Change,
    Clause,
    ClauseKind,
    CountedBy,
    Document,
    Label,
    Part,
    Per,
    Rule,
    Source,
    Target,
    Task,
)
from matchmaker.subsidies.catalogue_faults import (
    BadCatalogue,
    CatalogueFault,
    DuplicateId,
    DuplicateKey,
    MissingKey,
    NameUnknown,
    NobodyToPay,
    NotADay,
    NotAFlag,
    NotAList,
    NotAMapping,
    NotAnId,
    NotARate,
    NotAWholeNumber,
    NothingChanges,
    NothingInCatalogue,
    NotOneOf,
    NotText,
    NotYaml,
    OneSided,
    OutOfOrder,
    RateWithoutCap,
    ReservedId,
    UnknownKey,
    Unpaired,
    WrongSum,
)
from matchmaker.subsidies.facts import FACTS, FactType
from matchmaker.subsidies.language import All, parse
from matchmaker.subsidies.lined import Lined, NotWellFormed, line_of
from matchmaker.subsidies.lined import read as read_lined


def load(text: str, *, file: str = "policy.yaml") -> Catalogue:
    """Catalogue of one policy file. `file` is the name that messages show. Raises BadCatalogue with every fault."""
    reader = _Reader(file)
    catalogue = reader.catalogue(text)
    if catalogue is None:
        raise reader.refusal()
    return catalogue


def load_conditions(text: str, *, file: str = "conditions") -> tuple[Rule, ...]:
    """Conditions of a text that is one list of them, written as a policy file writes its `rules`. Raises BadCatalogue
    with every fault.
    """
    reader = _Reader(file)
    return reader.alone(text, "conditions", _RULE, reader.rule)


def load_evidence(text: str, *, file: str = "evidence") -> tuple[Document, ...]:
    """The same for `documents`."""
    return _Reader(file).alone(text, "evidence", _DOCUMENT, lambda read, row: _document(read))


# --- how one value is read: the value itself, or Refused with the fault and its facts ---

_Check = Callable[[Any], Any]
_Member = TypeVar("_Member", bound=StrEnum)


class Refused(Exception):
    def __init__(self, fault: type[CatalogueFault], **facts: Any) -> None:
        self.fault, self.facts = fault, facts


def _as_is(value: Any) -> Any:
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or value != value.strip() or "\n" in value:
        raise Refused(NotText)
    return value


_ID = re.compile(r"[a-z][a-z0-9_]{0,39}", re.ASCII)


def _id(value: Any) -> str:
    """Of a condition or document: it stands in addresses and forms."""
    if not _ID.fullmatch(_text(value)):
        raise Refused(NotAnId)
    return str(value)


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused(NotAFlag)
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise Refused(NotAList)
    return tuple(_text(entry) for entry in value)


def _facts_of(type_: FactType) -> dict[str, str]:
    return {fact.name: fact.name for fact in FACTS.values() if fact.type is type_}


def _fact(type_: FactType) -> _Check:
    def check(value: Any) -> str:
        known = _facts_of(type_)
        if not isinstance(value, str) or value not in known:
            raise Refused(NotOneOf, value=str(value), options=tuple(known))
        return value

    return check


def _base(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not value:
        raise Refused(NotAList)
    return tuple(_fact(FactType.FEN)(entry) for entry in value)


def _whole(limit: int) -> _Check:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= limit:
            raise Refused(NotAWholeNumber, limit=limit)
        return value

    return check


def _day(value: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise Refused(NotADay)
    return value


def _rate(value: Any) -> Fraction:
    match = re.fullmatch(r"(\d{1,9})/([1-9]\d{0,8})", value, re.ASCII) if isinstance(value, str) else None
    rate = Fraction(int(match[1]), int(match[2])) if match else Fraction(0)
    if not 0 < rate <= 1:
        raise Refused(NotARate)
    return rate


def _member(options: type[_Member]) -> _Check:
    def check(value: Any) -> _Member:
        if value not in list(options):
            raise Refused(NotOneOf, value=str(value), options=tuple(option.value for option in options))
        return options(value)

    return check


def _members(options: type[_Member]) -> _Check:
    def check(value: Any) -> tuple[_Member, ...]:
        if not isinstance(value, list):
            raise Refused(NotAList)
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

_VALUES: Mapping[str, _Check] = {
    "amount_fen": _optional(_COUNT),
    "percent": _optional(_whole(100)),
    "rate": _optional(_rate),
    "base": _optional(_base),
    "minimum_fen": _optional(_COUNT),
    "deadline_on": _optional(_day),
    "per": _member(Per),
    "conditions": _texts,
    "evidence": _texts,
}

_CHANGE: Mapping[str, _Check] = {"from": _day, "source_zh": _text, "source_en": _text, **_VALUES}

_RULE: Mapping[str, _Check] = {
    "id": _id,
    "zh": _text,
    "en": _text,
    "when": _as_is,
    "change_zh": _text,
    "change_en": _text,
    "basis": _member(Basis),
}

_DOCUMENT: Mapping[str, _Check] = {"id": _id, "zh": _text, "en": _text, "needed": _flag, "basis": _member(Basis)}

_PART: Mapping[str, _Check] = {"id": _text, "zh": _text, "en": _text, "source_phrase": _text}

_CLAUSE: Mapping[str, _Check] = {
    "id": _text,
    "name_zh": _text,
    "name_en": _text,
    "beneficiary_zh": _text,
    "beneficiary_en": _text,
    "beneficiary_kinds": _members(OrganisationKind),
    "kind": _member(ClauseKind),
    "in_force_from": _day,
    "source_phrase": _text,
    "part": _optional(_member(PartyRole)),
    "programme": _optional(_text),
    "department_zh": _optional(_text),
    "department_en": _optional(_text),
    "counts": _optional(_fact(FactType.COUNT)),
    "excludes": _texts,
    "changes": _as_is,
    **_VALUES,
}

_SECTIONS = frozenset({"labels", "parts", "rules", "documents", "clauses", "targets", "tasks"})
_OPTIONAL = frozenset(
    {"part", "programme", "department_zh", "department_en", "counts", "evidence", "excludes", "changes"}
    | {"minimum_fen", "deadline_on", "conditions"}
)

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

_TASK: Mapping[str, _Check] = {"id": _text, "zh": _text, "en": _text, "source_phrase": _text, "actions": _as_is}

_LABEL: Mapping[str, _Check] = {"zh": _text, "en": _text}

_ROOT: Mapping[str, _Check] = {
    "id": _text,
    "title_zh": _text,
    "title_en": _text,
    **dict.fromkeys(("source", "labels", "parts", "rules", "documents", "clauses", "targets", "tasks"), _as_is),
}


def check_values(clause: Clause) -> None:
    """Whether kind, sum, percentage, rate and base of a clause go together."""
    if (clause.amount_fen is None) == (clause.kind in {ClauseKind.CAP, ClauseKind.FIXED, ClauseKind.FLOOR}):
        raise Refused(WrongSum, key="amount_fen", kind=clause.kind.value)
    if (clause.percent is None) == (clause.kind is ClauseKind.PCT):
        raise Refused(WrongSum, key="percent", kind=clause.kind.value)
    if clause.beneficiary_kinds and not clause.pays:
        raise Refused(NobodyToPay, key="beneficiary_kinds", kind=clause.kind.value)
    if clause.rate is not None and clause.kind is not ClauseKind.CAP:
        raise Refused(RateWithoutCap, key="rate", kind=clause.kind.value)
    if (clause.rate is None) != (clause.base is None):
        raise Refused(Unpaired, key="rate", partner="base")


def _target(read: dict[str, Any]) -> Target:
    _both_or_neither(read, "baseline", "baseline_phrase")
    _both_or_neither(read, "note_zh", "note_en")
    return Target(**read)


def _part(read: dict[str, Any]) -> Part:
    return Part(read["id"], Label(read["zh"], read["en"]), read["source_phrase"])


def _document(read: dict[str, Any]) -> Document:
    if read["id"] == OTHER_DOCUMENT:
        raise Refused(ReservedId, key="id")
    return Document(read["id"], Label(read["zh"], read["en"]), read["needed"], read["basis"])


def _both_or_neither(read: dict[str, Any], key: str, partner: str) -> None:
    if (read[key] is None) != (read[partner] is None):
        raise Refused(Unpaired, key=key, partner=partner)


# --- how the file is walked: every mapping knows its lines, faults are gathered ---

_Row = TypeVar("_Row", Clause, Target, Part, Rule, Document, Task)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.faults: list[DomainError] = []
        self.rules: dict[str, Rule] = {}
        self.documents: dict[str, Document] = {}

    def fault(self, kind: type[CatalogueFault], line: int, where: str, /, **facts: Any) -> None:
        self.faults.append(kind(file=self.file, line=line, where=where, **facts))

    def refusal(self) -> BadCatalogue:
        return BadCatalogue(sorted(self.faults, key=lambda fault: fault.facts["line"]))

    def alone(
        self,
        text: str,
        section: str,
        checks: Mapping[str, _Check],
        make: Callable[[dict[str, Any], Lined], _Row],
    ) -> tuple[_Row, ...]:
        """The rows of one section that is a text of its own and may be empty. Raises BadCatalogue."""
        root = Lined()
        root.line, root.lines, root.twice = 1, {section: 1}, []
        try:
            root[section] = read_lined(text)
        except NotWellFormed as error:
            self.fault(NotYaml, error.line, section, detail=error.detail)
            raise self.refusal() from error
        made = () if root[section] == [] else self.rows(root, section, checks, make)
        if self.faults:
            raise self.refusal()
        return made

    def catalogue(self, text: str) -> Catalogue | None:
        try:
            root = read_lined(text)
        except NotWellFormed as error:
            self.fault(NotYaml, error.line, "file", detail=error.detail)
            return None
        head = self.entry(root, "file", 1, _ROOT, optional=_SECTIONS)
        if not isinstance(root, Lined):
            return None
        if "clauses" not in root and "targets" not in root:
            self.fault(NothingInCatalogue, 1, "file")
        source = self.entry(root["source"], "source", root.lines["source"], _SOURCE) if "source" in root else None
        parts = self.rows(root, "parts", _PART, lambda read, row: _part(read))
        self.rules = {rule.id: rule for rule in self.rows(root, "rules", _RULE, self.rule)}
        self.documents = {
            one.id: one for one in self.rows(root, "documents", _DOCUMENT, lambda read, row: _document(read))
        }
        clauses = self.rows(root, "clauses", _CLAUSE, self.clause, optional=_OPTIONAL)
        self.exclusions(root, clauses)
        targets = self.rows(root, "targets", _TARGET, lambda read, row: _target(read))
        tasks = self.rows(root, "tasks", _TASK, self.task)
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
            tasks=tasks,
            parts=parts,
            rules=self.rules,
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
        if not isinstance(value, Lined):
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
            except Refused as refused:
                self.fault(refused.fault, value.lines[key], where, key=key, **refused.facts)
        for key in checks:
            if key not in value and key not in optional:
                self.fault(MissingKey, value.line, where, key=key)
        return read if len(self.faults) == before else None

    def rows(
        self,
        root: Lined,
        section: str,
        checks: Mapping[str, _Check],
        make: Callable[[dict[str, Any], Lined], _Row],
        *,
        optional: AbstractSet[str] = frozenset(),
    ) -> tuple[_Row, ...]:
        """Each entry of a section, made from its checked values; `make` may report faults of its own."""
        if section not in root:
            return ()
        entries, section_line = root[section], root.lines[section]
        if not isinstance(entries, list) or not entries:
            self.fault(NotAList, section_line, section)
            return ()
        made: list[_Row] = []
        first_lines: dict[str, int] = {}
        for number, entry in enumerate(entries, start=1):
            row_id = entry.get("id") if isinstance(entry, Lined) else None
            where = row_id if isinstance(row_id, str) else f"{section}[{number}]"
            read = self.entry(entry, where, section_line, checks, optional=optional)
            if read is None:
                continue
            if where in first_lines:
                self.fault(DuplicateId, entry.lines["id"], where, first_line=first_lines[where])
            first_lines.setdefault(where, entry.lines["id"])
            try:
                made.append(make(read, entry))
            except Refused as refused:
                self.fault(refused.fault, line_of(entry, refused.facts["key"], entry.line), where, **refused.facts)
        return tuple(made)

    # --- rules and clauses ---

    def rule(self, read: dict[str, Any], row: Lined) -> Rule:
        where = read["id"]
        when = parse(
            read["when"],
            lambda kind, line, **facts: self.fault(kind, line, where, **facts),
            line=row.lines["when"],
        )
        if where in BUILT_IN:
            raise Refused(ReservedId, key="id")
        return Rule(
            id=where,
            label=Label(read["zh"], read["en"]),
            when=when or All(()),  # a fault was reported: no catalogue comes of it
            change=Label(read["change_zh"], read["change_en"]),
            basis=read["basis"],
        )

    def clause(self, read: dict[str, Any], row: Lined) -> Clause:
        where, fields = read["id"], dict(read)
        if (fields.get("department_zh") is None) != (fields.get("department_en") is None):
            raise Refused(Unpaired, key="department_zh", partner="department_en")
        fields["conditions"] = self.named(self.rules, row, where, "conditions")
        fields["evidence"] = self.named(self.documents, row, where, "evidence")
        fields["changes"] = ()
        clause = Clause(**fields)
        check_values(clause)
        changes = self.changes(row.get("changes"), line_of(row, "changes", row.line), clause)
        return replace(clause, changes=changes)

    def named(self, known: Mapping[str, Any], row: Lined, where: str, key: str) -> tuple[Any, ...]:
        """What the names under a key of a row stand for."""
        for name in row.get(key, ()):
            if name not in known:
                self.fault(NameUnknown, row.lines[key], where, key=key, name=name)
        return tuple(known[name] for name in row.get(key, ()) if name in known)

    def changes(self, entries: Any, line: int, clause: Clause) -> tuple[Change, ...]:
        where = f"{clause.id}.changes"
        if entries is None:
            return ()
        if not isinstance(entries, list):
            self.fault(NotAList, line, where)
            return ()
        made: list[Change] = []
        for entry in entries:
            read = self.entry(entry, where, line, _CHANGE, optional=frozenset(_VALUES))
            if read is None:
                continue
            after = made[-1].from_on if made else clause.in_force_from
            if read["from"] <= after:
                self.fault(OutOfOrder, entry.lines["from"], where, day=after.isoformat())
            values = {name: read[name] for name in _VALUES if name in read}
            if not values:
                self.fault(NothingChanges, entry.line, where, options=tuple(_VALUES))
            for name, known in (("conditions", self.rules), ("evidence", self.documents)):
                if name in values:
                    values[name] = self.named(known, entry, where, name)
            made.append(Change(read["from"], tuple(values.items()), read["source_zh"], read["source_en"]))
            try:
                check_values(replace(clause, changes=tuple(made)).on(read["from"]))
            except Refused as refused:
                self.fault(refused.fault, line_of(entry, refused.facts["key"], entry.line), where, **refused.facts)
        return tuple(made)

    def exclusions(self, root: Lined, clauses: tuple[Clause, ...]) -> None:
        """Whoever excludes a clause is excluded by it."""
        by_id = {clause.id: clause for clause in clauses}
        entries = root.get("clauses")
        rows = {row.get("id"): row for row in entries if isinstance(row, Lined)} if isinstance(entries, list) else {}
        for clause in clauses:
            line = line_of(rows.get(clause.id), "excludes", 1)
            for name in clause.excludes:
                if name not in by_id:
                    self.fault(NameUnknown, line, clause.id, key="excludes", name=name)
                elif clause.id not in by_id[name].excludes:
                    self.fault(OneSided, line, clause.id, name=name)

    def task(self, read: dict[str, Any], row: Lined) -> Task:
        where, line, entries = read["id"], row.lines["actions"], read["actions"]
        if not isinstance(entries, list) or not entries:
            raise Refused(NotAList, key="actions")
        labels = [self.entry(entry, f"{where}.actions", line, _LABEL) for entry in entries]
        actions = tuple(Label(**label) for label in labels if label is not None)
        return Task(where, Label(read["zh"], read["en"]), read["source_phrase"], actions)

    # --- labels ---

    def labels(self, root: Lined) -> dict[str, Any]:
        """Names of the kinds, of what sums are paid per, and of a rate that is not known, in both languages."""
        if "labels" not in root:
            self.fault(MissingKey, root.line, "file", key="labels")
            return {}
        groups = dict.fromkeys(("kinds", "pers", "rate_missing", "bases"), _as_is)
        read = self.entry(root["labels"], "labels", root.lines["labels"], groups, optional={"bases"})
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
            "basis_labels": label_each("bases", Basis) if "bases" in read else {},
            "rate_missing": label(read["rate_missing"], "labels.rate_missing", lines["rate_missing"]),
        }
