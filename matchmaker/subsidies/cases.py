"""Worked cases, "situation -> verdict, amount, reasons", read from YAML and held against the rules. Pure.

A case lists every condition that is not met or not shown; all the others must be met. `values` are example values of
the clause, for what the implementing rules will say; `given` holds facts that all cases of a file share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from matchmaker.core.errors import NotFound
from matchmaker.subsidies.catalogue import Catalogue, Change, Clause, Label
from matchmaker.subsidies.catalogue_faults import (
    BadCatalogue,
    CatalogueFault,
    DuplicateKey,
    FactUnknown,
    MissingKey,
    NameUnknown,
    NotACase,
    NotAList,
    NotAMapping,
    NotYaml,
    UnknownKey,
)
from matchmaker.subsidies.facts import FACTS, FactType, fits
from matchmaker.subsidies.lined import Lined, NotWellFormed, line_of
from matchmaker.subsidies.lined import read as read_lined
from matchmaker.subsidies.rules import Situation, Verdict, judge

NOT_MET, NOT_SHOWN = "not_met", "not_shown"
OUTCOMES = ("granted", "open", "refused")


@dataclass(frozen=True)
class Case:
    """`values` are its example values, which `clause` has from its first day on; `lines` says where each part of it
    stands in its file.
    """

    id: str
    label: Label
    clause: Clause
    situation: Situation
    verdict: str
    amount_fen: int | None
    reasons: Mapping[str, str]
    values: Mapping[str, Any]
    lines: Mapping[str, int]

    @property
    def example(self) -> bool:
        """Whether it reckons with example values."""
        return bool(self.values)

    def judge(self) -> Verdict:
        return judge(self.clause, self.situation)

    def judge_under(self, values: Mapping[str, Any]) -> Verdict:
        """What the case would say with these values (`catalogue.CHANGEABLE`) in force on its day."""
        change = Change(self.situation.on, tuple(values.items()), "", "")
        return judge(self.clause.with_changes((change,)), self.situation)


def load(text: str, catalogue: Catalogue, *, file: str = "cases.yaml") -> tuple[Case, ...]:
    """Cases of a file. Raises BadCatalogue with every fault."""
    reader = _Reader(file, catalogue)
    cases = reader.cases(text)
    if reader.faults:
        raise BadCatalogue(sorted(reader.faults, key=lambda fault: fault.facts["line"]))
    return cases


def differences(case: Case, *, file: str) -> Iterator[CatalogueFault]:
    """Where the rules say otherwise than the case, each with its line."""
    verdict = case.judge()
    found = {one.code: NOT_MET if one.met is False else NOT_SHOWN for one in verdict.conditions if not one.met}
    amount_fen = verdict.working.computed_fen if verdict.working else None
    for key, expected, actual in (
        ("verdict", case.verdict, verdict.outcome),
        ("amount_fen", case.amount_fen, amount_fen),
        ("reasons", _sorted(case.reasons), _sorted(found)),
    ):
        if expected != actual:
            yield NotACase(file=file, line=case.lines[key], where=case.id, expected=str(expected), found=str(actual))


def _sorted(reasons: Mapping[str, str]) -> str:
    return ", ".join(f"{code} {how}" for code, how in sorted(reasons.items())) or "none"


_ROOT = ("policy", "given", "cases")
_CASE = ("id", "zh", "en", "clause", "day", "facts", "verdict", "amount_fen", "reasons")
_OPTIONAL = ("values", "requested_fen", "granted_fen")
_VALUES: Mapping[str, Callable[[Any], Any]] = {
    "rate": Fraction,
    "base": tuple,
    "amount_fen": int,
    "minimum_fen": int,
    "deadline_on": lambda day: day,
}


class _Reader:
    def __init__(self, file: str, catalogue: Catalogue) -> None:
        self.file, self.catalogue = file, catalogue
        self.faults: list[CatalogueFault] = []

    def fault(self, kind: type[CatalogueFault], line: int, where: str, **facts: Any) -> None:
        self.faults.append(kind(file=self.file, line=line, where=where, **facts))

    def cases(self, text: str) -> tuple[Case, ...]:
        try:
            root = read_lined(text)
        except NotWellFormed as error:
            self.fault(NotYaml, error.line, "file", detail=error.detail)
            return ()
        if not self.keys(root, "file", 1, _ROOT, optional=("given",)):
            return ()
        if root["policy"] != self.catalogue.id:
            self.fault(NameUnknown, root.lines["policy"], "file", key="policy", name=str(root["policy"]))
        given = self.facts(root.get("given", {}), line_of(root, "given", 1), "given")
        if not isinstance(root["cases"], list):
            self.fault(NotAList, root.lines["cases"], "cases")
            return ()
        made = [self.case(row, number, given) for number, row in enumerate(root["cases"], start=1)]
        return tuple(case for case in made if case is not None)

    def keys(self, row: Any, where: str, line: int, known: tuple[str, ...], *, optional: tuple[str, ...] = ()) -> bool:
        """Whether a mapping has the keys it must have, and no other."""
        if not isinstance(row, Lined):
            self.fault(NotAMapping, line, where)
            return False
        before = len(self.faults)
        for key, key_line in row.twice:
            self.fault(DuplicateKey, key_line, where, key=str(key))
        for key in row:
            if key not in known and key not in optional:
                self.fault(UnknownKey, row.lines[key], where, key=str(key), known=(*known, *optional))
        for key in known:
            if key not in row and key not in optional:
                self.fault(MissingKey, row.line, where, key=key)
        return len(self.faults) == before

    def case(self, row: Any, number: int, given: Mapping[str, Any]) -> Case | None:
        where = str(row.get("id")) if isinstance(row, Lined) and "id" in row else f"cases[{number}]"
        if not self.keys(row, where, 1, _CASE, optional=_OPTIONAL):
            return None
        before = len(self.faults)
        clause, values = self.clause(row, where)
        own = self.facts(row["facts"], row.lines["facts"], where)
        expected: dict[str, Any] = {"day": "a day", "verdict": "one of " + ", ".join(OUTCOMES), "reasons": "a mapping"}
        sound = {
            "day": isinstance(row["day"], date),
            "verdict": row["verdict"] in OUTCOMES,
            "reasons": isinstance(row["reasons"], dict) and set(row["reasons"].values()) <= {NOT_MET, NOT_SHOWN},
        }
        for key in [key for key, good in sound.items() if not good]:
            self.fault(NotACase, row.lines[key], where, expected=expected[key], found=str(row[key]))
        if clause is None or len(self.faults) > before:
            return None
        facts = {name: value for name, value in {**given, **own}.items() if value is not None}
        return Case(
            id=where,
            label=Label(str(row["zh"]), str(row["en"])),
            clause=clause,
            situation=Situation(row["day"], facts, row.get("requested_fen"), row.get("granted_fen", 0)),
            verdict=row["verdict"],
            amount_fen=row["amount_fen"],
            reasons=dict(row["reasons"]),
            values=values,
            lines=row.lines,
        )

    def clause(self, row: Lined, where: str) -> tuple[Clause | None, Mapping[str, Any]]:
        """The clause of a case, with its example values from the first day on."""
        try:
            clause = self.catalogue.clause(str(row["clause"]))
        except NotFound:
            self.fault(NameUnknown, row.lines["clause"], where, key="clause", name=str(row["clause"]))
            return None, {}
        values = row.get("values", {})
        if not values:
            return clause, {}
        line = row.lines["values"]
        if not self.keys(values, f"{where}.values", line, tuple(_VALUES), optional=tuple(_VALUES)):
            return None, {}
        try:
            read = {name: _VALUES[name](value) for name, value in values.items()}
        except (TypeError, ValueError):
            self.fault(NotACase, line, where, expected="values of a clause", found=str(dict(values)))
            return None, {}
        return clause.with_changes((Change(clause.in_force_from, tuple(read.items()), "example", "example"),)), read

    def facts(self, rows: Any, line: int, where: str) -> dict[str, Any]:
        """Facts of a mapping; null takes a shared one away."""
        if not isinstance(rows, dict):
            self.fault(NotAMapping, line, where)
            return {}
        read: dict[str, Any] = {}
        for name, value in rows.items():
            fact, at = FACTS.get(name), line_of(rows, name, line)
            if fact is None:
                self.fault(FactUnknown, at, where, fact=str(name), near=tuple(sorted(FACTS))[:3])
                continue
            value = tuple(value) if fact.type is FactType.TEXTS and isinstance(value, list) else value
            if value is not None and not fits(fact, value):
                self.fault(NotACase, at, where, expected=f"a {fact.type.value} for {name}", found=str(value))
                continue
            read[name] = value

        return read
