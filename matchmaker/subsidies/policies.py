"""The policy files of this platform: read once, with the hash of their bytes, and clauses kept with a claim.

A clause is kept whole, its conditions with it, as plain JSON: the verdict on an old claim needs no file of today.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.config import SEED_DATA
from matchmaker.deals.states import PartyRole
from matchmaker.subsidies import cases, language
from matchmaker.subsidies.cases import Case
from matchmaker.subsidies.catalogue import (
    Basis,
    Catalogue,
    Change,
    Clause,
    ClauseKind,
    Document,
    Label,
    Per,
    Rule,
)
from matchmaker.subsidies.catalogue_reader import load

FOLDER = SEED_DATA / "policies"
CURRENT = "changchun-2025.yaml"
TARGETS = "targets-2027.yaml"

FORM = 2
"""Of the frozen clause. The first form, without conditions and dated values, can still be read."""


@dataclass(frozen=True)
class Policy:
    """A catalogue and the SHA-256 of the very bytes it was read from."""

    catalogue: Catalogue
    sha256: str


def read(path: Path) -> Policy:
    """Raises BadCatalogue with every fault, OSError, UnicodeDecodeError."""
    content = path.read_bytes()
    return Policy(load(content.decode("utf-8"), file=path.name), hashlib.sha256(content).hexdigest())


@cache
def current() -> Policy:
    """The policy whose clauses can be claimed."""
    return read(FOLDER / CURRENT)


@cache
def targets() -> Catalogue:
    """The action plan."""
    return read(FOLDER / TARGETS).catalogue


def read_cases(path: Path) -> tuple[Case, ...]:
    """Worked cases of the current policy. Raises BadCatalogue with every fault, OSError, UnicodeDecodeError."""
    return cases.load(path.read_bytes().decode("utf-8"), current().catalogue, file=path.name)


@cache
def shipped_cases() -> tuple[Case, ...]:
    """The cases that are published with the clauses."""
    return tuple(case for path in sorted(FOLDER.glob("cases/*.yaml")) for case in read_cases(path))


# --- clauses kept as plain data -------------------------------------------------------------------------------------


def freeze(clause: Clause) -> dict[str, Any]:
    """A clause as plain data, to be kept with what was claimed under it."""
    return {
        "form": FORM,
        **{name: getattr(clause, name) for name in _TEXTS},
        "beneficiary_kinds": [str(kind) for kind in clause.beneficiary_kinds],
        "kind": clause.kind.value,
        "part": None if clause.part is None else clause.part.value,
        "in_force_from": clause.in_force_from.isoformat(),
        "excludes": list(clause.excludes),
        "changes": [
            {
                "from": change.from_on.isoformat(),
                "source_zh": change.source_zh,
                "source_en": change.source_en,
                "number": change.number,
                "values": freeze_values(dict(change.values)),
            }
            for change in clause.changes
        ],
        **freeze_values({name: getattr(clause, name) for name in _FREEZE}),
    }


def thaw(frozen: Mapping[str, Any]) -> Clause:
    """The clause that was frozen."""
    if "form" not in frozen:
        frozen = _second_form(frozen)
    return Clause(
        **{name: frozen[name] for name in _TEXTS},
        beneficiary_kinds=tuple(OrganisationKind(kind) for kind in frozen["beneficiary_kinds"]),
        kind=ClauseKind(frozen["kind"]),
        part=None if frozen["part"] is None else PartyRole(frozen["part"]),
        in_force_from=date.fromisoformat(frozen["in_force_from"]),
        excludes=tuple(frozen["excludes"]),
        changes=tuple(
            Change(
                from_on=date.fromisoformat(change["from"]),
                values=tuple(thaw_values(change["values"]).items()),
                source_zh=change["source_zh"],
                source_en=change["source_en"],
                number=change["number"],
            )
            for change in frozen["changes"]
        ),
        **thaw_values({name: frozen[name] for name in _FREEZE}),
    )


def _second_form(frozen: Mapping[str, Any]) -> dict[str, Any]:
    """What the first form lacked, empty; its base was free text that nothing was reckoned by."""
    empty: dict[str, Any] = {"excludes": [], "evidence": [], "changes": [], "conditions": [], "part": None}
    return {**dict.fromkeys((*_TEXTS, *_FREEZE)), **empty, **frozen, "base": None, "rate": None}


_TEXTS = (
    *("id", "name_zh", "name_en", "beneficiary_zh", "beneficiary_en", "source_phrase"),
    *("programme", "department_zh", "department_en", "counts"),
)


def _frozen_label(label: Label) -> dict[str, str]:
    return {"zh": label.zh, "en": label.en}


def _frozen_document(document: Document) -> dict[str, Any]:
    return {
        "id": document.id,
        **_frozen_label(document.label),
        "needed": document.needed,
        "basis": document.basis.value,
    }


def _thawed_document(plain: Mapping[str, Any]) -> Document:
    return Document(plain["id"], Label(plain["zh"], plain["en"]), plain["needed"], Basis(plain["basis"]))


def _frozen_rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        **_frozen_label(rule.label),
        "when": language.plain(rule.when),
        "change": _frozen_label(rule.change),
        "basis": rule.basis.value,
    }


def _thawed_rule(plain: Mapping[str, Any]) -> Rule:
    when = language.parse(plain["when"], _refuse)
    assert when is not None
    return Rule(plain["id"], Label(plain["zh"], plain["en"]), when, Label(**plain["change"]), Basis(plain["basis"]))


def _refuse(kind: type[Exception], line: int, **facts: Any) -> None:
    raise ValueError(f"a kept condition cannot be read: {kind.__name__} {facts}")


_FREEZE: Mapping[str, Any] = {
    "amount_fen": int,
    "percent": int,
    "rate": str,
    "base": list,
    "minimum_fen": int,
    "deadline_on": date.isoformat,
    "per": str,
    "conditions": lambda rules: [_frozen_rule(rule) for rule in rules],
    "evidence": lambda documents: [_frozen_document(document) for document in documents],
}
_THAW: Mapping[str, Any] = {
    **_FREEZE,
    "rate": Fraction,
    "base": tuple,
    "deadline_on": date.fromisoformat,
    "per": Per,
    "conditions": lambda rules: tuple(_thawed_rule(rule) for rule in rules),
    "evidence": lambda documents: tuple(_thawed_document(document) for document in documents),
}


def freeze_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """Dated values (`catalogue.CHANGEABLE`) as plain data."""
    return {name: None if value is None else _FREEZE[name](value) for name, value in values.items()}


def thaw_values(plain: Mapping[str, Any]) -> dict[str, Any]:
    """The dated values that were frozen."""
    return {name: None if value is None else _THAW[name](value) for name, value in plain.items()}
