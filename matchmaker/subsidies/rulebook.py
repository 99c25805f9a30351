"""The policy as it reads on a day: the files of this platform and what two persons of the bureau confirmed since."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import joinedload

from matchmaker.core.db import db
from matchmaker.subsidies import policies
from matchmaker.subsidies.cases import Case
from matchmaker.subsidies.catalogue import CHANGEABLE, Catalogue, Change, Clause
from matchmaker.subsidies.policy_models import DiscreditedParty, PolicyChange, PolicyDecision
from matchmaker.subsidies.rules import Verdict, programme_of


def clause_on(clause_id: str, day: date) -> Clause:
    """A clause as it reads on a day. Raises NotFound."""
    return clause_in_time(clause_id).on(day)


def clause_in_time(clause_id: str) -> Clause:
    """A clause with all its dated values, those to come as well. Raises NotFound."""
    clause = policies.current().catalogue.clause(clause_id)
    return clause.with_changes(_confirmed([clause_id]).get(clause_id, ()))


def clause_without(change: PolicyChange) -> Clause:
    """The clause of a proposal as it reads on the proposal's day without it."""
    clause = policies.current().catalogue.clause(change.clause_id)
    others = [one for one in _confirmed([clause.id]).get(clause.id, ()) if one.number != str(change.id)]
    return clause.with_changes(tuple(others)).on(change.from_on)


@dataclass(frozen=True, slots=True)
class Compared:
    """A worked case without a proposal and under it."""

    case: Case
    before: Verdict
    after: Verdict

    @property
    def differs(self) -> bool:
        return self.before != self.after


def compare_cases(change: PolicyChange) -> list[Compared]:
    """What the worked cases of the clause say without a proposal and under it, on the day of each case.

    Example values of a case stand for what the bureau has not set: the proposal counts before them.
    """
    clause, proposed = clause_without(change), dict(change.change.values)
    now = {name: getattr(clause, name) for name in CHANGEABLE}
    found = []
    for case in policies.shipped_cases():
        if case.clause.id == clause.id:
            before = {**now, **case.values}
            found.append(Compared(case, case.judge_under(before), case.judge_under({**before, **proposed})))
    return found


def catalogue_on(day: date) -> Catalogue:
    """All clauses as they read on a day, in one read."""
    catalogue, changes = policies.current().catalogue, _confirmed()
    clauses = tuple(clause.with_changes(changes.get(clause.id, ())).on(day) for clause in catalogue)
    return replace(catalogue, clauses=clauses)


def as_it_reads(clause_id: str, day: date) -> dict[str, Any]:
    """Columns that keep with a claim the clause as it reads on a day."""
    policy, clause = policies.current(), clause_on(clause_id, day)
    return {
        "clause_frozen": policies.freeze(clause),
        "policy_id": policy.catalogue.id,
        "policy_sha256": policy.sha256,
        "programme": programme_of(clause),
        "year": day.year,
    }


def _confirmed(clause_ids: Iterable[str] | None = None) -> dict[str, tuple[Change, ...]]:
    """Confirmed changes by clause; of those that begin on one day the one confirmed last comes last, and counts."""
    query = (
        sa.select(PolicyChange)
        .join(PolicyDecision, PolicyDecision.change_id == PolicyChange.id)
        .where(PolicyDecision.confirmed)
        .order_by(PolicyChange.clause_id, PolicyChange.from_on, PolicyDecision.decided_at, PolicyChange.id)
    )
    if clause_ids is not None:
        query = query.where(PolicyChange.clause_id.in_(list(clause_ids)))
    found: dict[str, list[Change]] = defaultdict(list)
    for row in db.session.scalars(query):
        found[row.clause_id].append(row.change)
    return {clause_id: tuple(changes) for clause_id, changes in found.items()}


# --- what the bureau entered ----------------------------------------------------------------------------------------

_WITH_PERSONS = (
    joinedload(PolicyChange.proposed_by),
    joinedload(PolicyChange.decision).joinedload(PolicyDecision.decided_by),
)


def find_change(change_id: Any) -> PolicyChange | None:
    """With who proposed it and who decided."""
    return db.session.scalar(sa.select(PolicyChange).where(PolicyChange.id == change_id).options(*_WITH_PERSONS))


def list_changes(*, clause_id: str = "", waiting: bool = False) -> sa.Select[Any]:
    """Proposals with who proposed and decided, the newest first; `waiting` for a second person alone."""
    query = sa.select(PolicyChange).options(*_WITH_PERSONS)
    if clause_id:
        query = query.where(PolicyChange.clause_id == clause_id)
    if waiting:
        query = query.where(~sa.exists().where(PolicyDecision.change_id == PolicyChange.id))
    return query.order_by(PolicyChange.created_at.desc(), PolicyChange.id)


# --- the bad-credit list --------------------------------------------------------------------------------------------


def discredited(credit_code: str, *, on: date) -> sa.ColumnElement[bool]:
    """SQL condition: the list kept here names this credit code on a day."""
    return sa.exists().where(
        DiscreditedParty.credit_code == credit_code,
        DiscreditedParty.listed_on <= on,
        DiscreditedParty.lifted_on.is_(None) | (DiscreditedParty.lifted_on > on),
    )


def find_discredited(entry_id: Any) -> DiscreditedParty | None:
    return db.session.get(DiscreditedParty, entry_id)


def list_discredited(*, text: str = "") -> sa.Select[Any]:
    """Entries of the list, those in force first, then the latest."""
    query = sa.select(DiscreditedParty)
    if text:
        query = query.where(
            DiscreditedParty.name.contains(text, autoescape=True) | (DiscreditedParty.credit_code == text.upper())
        )
    return query.order_by(
        DiscreditedParty.lifted_on.is_not(None), DiscreditedParty.listed_on.desc(), DiscreditedParty.id
    )
