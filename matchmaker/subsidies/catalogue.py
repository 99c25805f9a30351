"""The policy catalogue: dated clauses and targets. Pure; `catalogue_reader` makes it from YAML text.

The code knows how to read policy, never what it says. A file carries its source, and `clauses`, `targets`
or both. Kinds of clause (DOMAIN.md section 0): `cap` 最高, `fixed` an exact sum, `floor` 不少于 (a budget line,
never a claim), `pct` a percentage, `none` no sum. Rates are exact fractions; where the source gives none,
`rate` is null and the amount stays a matter of judgement under the cap. A clause opens with the values of its
first day; what changes later stands in `changes`, each with its day and source, and `Clause.on` gives it as it reads
on a day.
Conditions and documents are written once, in `rules` and `documents`, and clauses name them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Any

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core.errors import NotFound
from matchmaker.deals.states import PartyRole
from matchmaker.subsidies.facts import FACTS, Place
from matchmaker.subsidies.language import Expression, names


class ClauseKind(StrEnum):
    CAP = "cap"
    FIXED = "fixed"
    FLOOR = "floor"
    PCT = "pct"
    NONE = "none"


BUILT_IN = frozenset({"beneficiary", "part", "receipts", "only_claim", "exclusion", "in_force", "deadline", "amount"})
"""Codes of the conditions that every clause has (`rules`): no condition of the data bears one of these."""

OTHER_DOCUMENT = "other"
"""What a file is filed under that is none of the documents asked for."""


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


class Basis(StrEnum):
    """Where a condition or document comes from: the policy's own words, the law, an earlier rule, or this platform."""

    POLICY = "policy"
    LAW = "law"
    EARLIER = "earlier"
    PLATFORM = "platform"


@dataclass(frozen=True)
class Rule:
    """A condition in words and over facts; `change` says what to do where it is not met."""

    id: str
    label: Label
    when: Expression
    change: Label
    basis: Basis


@dataclass(frozen=True)
class Document:
    """A piece of evidence that a claim carries; `needed` or only where there is one."""

    id: str
    label: Label
    needed: bool
    basis: Basis


@dataclass(frozen=True)
class Change:
    """Values of a clause from a day on, and where that stands. `number` is that of the bureau's entry, if it is one."""

    from_on: date
    values: tuple[tuple[str, Any], ...]
    source_zh: str
    source_en: str
    number: str | None = None


@dataclass(frozen=True)
class Values:
    """What a clause grants from a day on: one row of its history. `change` is None for the first day."""

    from_on: date
    clause: Clause
    change: Change | None


@dataclass(frozen=True)
class Part:
    """A part of the policy, as its source heads it."""

    id: str
    label: Label
    source_phrase: str


@dataclass(frozen=True)
class Clause:
    """One dated promise. `beneficiary_kinds` are the organisations of the platform that can claim it, if any can.

    `base` names the sums of money of which the least is what the rate applies to; `counts` the number of persons a
    sum is multiplied by; `part` the claimant's part in a deal, for clauses claimed for one; `excludes` the clauses that
    may not be claimed for the same deal. Null is "not stated by the source" throughout.
    """

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
    base: tuple[str, ...] | None
    in_force_from: date
    source_phrase: str
    part: PartyRole | None = None
    programme: str | None = None
    department_zh: str | None = None
    department_en: str | None = None
    deadline_on: date | None = None
    minimum_fen: int | None = None
    counts: str | None = None
    conditions: tuple[Rule, ...] = ()
    evidence: tuple[Document, ...] = ()
    excludes: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()

    @property
    def pays(self) -> bool:
        """Whether the clause sets a sum that someone can receive: floors, percentages and bare intentions do not."""
        return self.kind in _PAYING

    @property
    def part_id(self) -> str:
        """Part of the policy the clause stands in: P3 of P3-4."""
        return self.id.split("-")[0]

    @property
    def asks(self) -> tuple[str, ...]:
        """Facts that the claimant states itself, in the order the conditions need them."""
        wanted = [name for rule in self.conditions for name in names(rule.when)]
        wanted += [*(self.base or ()), *([self.counts] if self.counts else [])]
        own = dict.fromkeys(name for name in wanted if FACTS[name].place is Place.CLAIM)
        return tuple(name for name in own if name not in _BY_ITSELF)

    def on(self, day: date) -> Clause:
        """The clause as it reads on a day: changes that have begun are applied, later ones left out."""
        begun = tuple(change for change in self.changes if change.from_on <= day)
        values = {name: value for change in begun for name, value in change.values}
        return replace(self, **values, changes=begun)

    def history(self) -> tuple[Values, ...]:
        """Every state of the clause, the first first."""
        rows = [Values(self.in_force_from, replace(self, changes=()), None)]
        for change in self.changes:
            before = rows[-1].clause
            rows.append(Values(change.from_on, replace(before, **dict(change.values)), change))
        return tuple(rows)

    def with_changes(self, changes: tuple[Change, ...]) -> Clause:
        """The clause with these dated values besides its own; of those from one day the later in the list counts."""
        return replace(self, changes=tuple(sorted((*self.changes, *changes), key=lambda change: change.from_on)))


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
class Task:
    """A project of the action plan with the actions it consists of."""

    id: str
    label: Label
    source_phrase: str
    actions: tuple[Label, ...]


@dataclass(frozen=True)
class Catalogue:
    """One file of policy, in its own order. Labels are empty where there are no clauses."""

    id: str
    title_zh: str
    title_en: str
    source: Source
    clauses: tuple[Clause, ...] = ()
    targets: tuple[Target, ...] = ()
    tasks: tuple[Task, ...] = ()
    kind_labels: Mapping[ClauseKind, Label] = field(default_factory=dict)
    per_labels: Mapping[Per, Label] = field(default_factory=dict)
    rate_missing: Label | None = None
    basis_labels: Mapping[Basis, Label] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    rules: Mapping[str, Rule] = field(default_factory=dict)

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


CHANGEABLE = (
    *("amount_fen", "percent", "rate", "base", "minimum_fen", "deadline_on"),
    *("per", "conditions", "evidence"),
)
"""What a dated value may change."""

_BY_ITSELF = frozenset({"claimed_on", "rival_claim", "claims_elsewhere", "invoices_fen"})
"""Facts of a claim that nobody is asked for: they come of the claim itself and of the papers entered with it."""

_PAYING = frozenset({ClauseKind.CAP, ClauseKind.FIXED})
