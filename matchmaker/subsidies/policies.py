"""The policy files of this platform: read once, with the hash of their bytes, and clauses kept with a claim."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.config import SEED_DATA
from matchmaker.subsidies.catalogue import Catalogue, Clause, ClauseKind, Per, load

FOLDER = SEED_DATA / "policies"


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
    return read(FOLDER / "changchun-2025.yaml")


@cache
def targets() -> Catalogue:
    """The action plan."""
    return read(FOLDER / "targets-2027.yaml").catalogue


def freeze(clause: Clause) -> dict[str, Any]:
    """A clause as plain data, to be kept with what was claimed under it."""
    return asdict(clause) | {
        "beneficiary_kinds": [str(kind) for kind in clause.beneficiary_kinds],
        "rate": None if clause.rate is None else str(clause.rate),
        "in_force_from": clause.in_force_from.isoformat(),
    }


def thaw(frozen: dict[str, Any]) -> Clause:
    """The clause that was frozen."""
    rate = frozen["rate"]
    return Clause(
        **frozen
        | {
            "beneficiary_kinds": tuple(OrganisationKind(kind) for kind in frozen["beneficiary_kinds"]),
            "kind": ClauseKind(frozen["kind"]),
            "per": Per(frozen["per"]),
            "rate": None if rate is None else Fraction(rate),
            "in_force_from": date.fromisoformat(frozen["in_force_from"]),
        }
    )
