"""What a verdict rested on, frozen; and the same verdict again, years later, from nothing but that.

A snapshot holds the clause as it read, the hash of the policy file, the situation, the papers, and the hashes of the
documents. `recompute` judges it anew and compares the canonical JSON of both verdicts byte for byte.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from sqlalchemy import func, select

from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.core.types import canonical_json
from matchmaker.subsidies import policies
from matchmaker.subsidies.models import Claim, Snapshot
from matchmaker.subsidies.rules import Situation, Verdict, judge


def digest(body: Any) -> str:
    return hashlib.sha256(canonical_json(body).encode()).hexdigest()


def take(claim: Claim, moment: str, situation: Situation) -> Snapshot:
    """Freeze what is judged at this moment (`submitted`, `proposed`, `approved`, `rejected`)."""
    body = {
        "clause": claim.clause_frozen,
        "policy_id": claim.policy_id,
        "policy_sha256": claim.policy_sha256,
        "period": claim.period,
        "situation": situation.freeze(),
        "deals": sorted(str(deal.id) for deal in claim.deals),
        "papers": sorted([str(row.kind), row.folded, row.fen, _day(row.dated_on)] for row in claim.papers),
        "documents": sorted([str(row.kind), row.file.sha256] for row in claim.evidence),
        "verdict": plain(judge(claim.clause, situation)),
    }
    last = db.session.scalar(select(func.max(Snapshot.number)).where(Snapshot.claim_id == claim.id)) or 0
    row = Snapshot(
        claim_id=claim.id, number=last + 1, moment=moment, body=body, sha256=digest(body), created_at=clock.now()
    )
    db.session.add(row)
    return row


def _day(day: Any) -> str | None:
    return None if day is None else day.isoformat()


def plain(verdict: Verdict) -> dict[str, Any]:
    """A verdict as plain data: conditions with their reasons and facts, and the working to the fen."""
    working = verdict.working
    return {
        "conditions": [
            [str(condition.code), condition.met, condition.reason, _plain(condition.facts)]
            for condition in verdict.conditions
        ],
        "steps": None if working is None else [[_plain(step.label), step.fen] for step in working.steps],
        "amount_fen": None if working is None else working.amount_fen,
    }


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(name): _plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(part) for part in value]
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, Fraction):
        return str(value)
    return str(value)


@dataclass(frozen=True, slots=True)
class Recomputed:
    """`same` says that hash and verdict came out bit for bit as they were frozen."""

    snapshot: Snapshot
    verdict: Verdict
    same: bool


def recompute(snapshot: Snapshot) -> Recomputed:
    """Judge a snapshot again from what it holds."""
    body = snapshot.body
    verdict = judge(policies.thaw(body["clause"]), Situation.thaw(body["situation"]))
    unchanged = digest(body) == snapshot.sha256
    return Recomputed(
        snapshot, verdict, unchanged and canonical_json(plain(verdict)) == canonical_json(body["verdict"])
    )


def list_snapshots(claim: Claim) -> list[Snapshot]:
    """Oldest first."""
    query = select(Snapshot).where(Snapshot.claim_id == claim.id).order_by(Snapshot.number)
    return list(db.session.scalars(query))
