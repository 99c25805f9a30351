"""The working of a claim as text: clause, facts, documents, conditions and steps, from what was frozen with it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from flask_babel import gettext as _

from matchmaker.core import messages
from matchmaker.core.db import db
from matchmaker.core.errors import NotFound
from matchmaker.core.types import canonical_json
from matchmaker.core.web import filters
from matchmaker.subsidies import facts, policies, queries, snapshots, words
from matchmaker.subsidies.catalogue import Clause
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.rules import Condition, Situation, Verdict, judge


def get_claim(number: str) -> Claim:
    """Raises NotFound."""
    claim = db.session.scalar(sa.select(Claim).where(Claim.number == number.upper()))
    if claim is None:
        raise NotFound(number=number)
    return claim


def sha256_of(plain: Any) -> str:
    """Of the canonical JSON of what was frozen: the same data has the same hash, on any machine."""
    return hashlib.sha256(canonical_json(plain).encode()).hexdigest()


def lines(claim: Claim) -> Iterator[str]:
    """The working, line by line, in the language of the context."""
    frozen = claim.situation
    situation = Situation.thaw(frozen) if frozen is not None else queries.situation_of(claim)
    clause = policies.thaw(claim.clause_frozen)
    verdict = judge(clause, situation)
    yield f"{_('Claim')} {claim.number}{_(': ')}{messages.label(claim.state)}"
    yield from _clause_lines(claim, clause)
    if claim.period_on is not None:
        yield f"  {_('Claimed for')}{_(': ')}{claim.period_on.isoformat()}"
    yield ""
    basis = _("Facts as they were frozen at the decision") if frozen is not None else _("Facts as they are now")
    plain = situation.freeze() if frozen is None else frozen
    yield f"{basis}{_(', ')}{filters.day(situation.on)}{_(': ')}sha256 {sha256_of(plain)}"
    for name, value in facts.thaw(facts.freeze(situation.facts)).items():
        mark = f"  [{_('stated by the claimant')}]" if name in situation.stated else ""
        yield f"  {words.fact_name(name)}{_(': ')}{words.fact_value(name, value)}{mark}"
    yield ""
    yield _("Documents")
    for row in claim.evidence:
        yield f"  {row.name}{_(': ')}sha256 {row.file.sha256}"
    yield ""
    yield from _verdict_lines(verdict)
    yield from _snapshot_lines(claim)


def _snapshot_lines(claim: Claim) -> Iterator[str]:
    """What was frozen at each moment, and whether it gives the same verdict now, bit for bit."""
    moments = {
        "submitted": _("submission"),
        "proposed": _("proposed sum"),
        "approved": _("approval"),
        "rejected": _("rejection"),
    }
    for number, row in enumerate(snapshots.list_snapshots(claim)):
        if number == 0:
            yield ""
            yield _("Frozen at each step, and judged again from that alone")
        outcome = _("the same, bit for bit") if snapshots.recompute(row).same else _("NOT the same")
        yield f"  {row.number} {moments[row.moment]}{_(', ')}{filters.moment(row.created_at)}{_(': ')}{outcome}"
        yield f"    sha256 {row.sha256}{_('; ')}{_('Policy')} sha256 {row.body['policy_sha256']}"
        for kind, sha256 in row.body["documents"]:
            yield f"    {kind}{_(': ')}sha256 {sha256}"


def _clause_lines(claim: Claim, clause: Clause) -> Iterator[str]:
    yield f"{clause.id} {filters.in_language(clause.name_zh, clause.name_en)}"
    yield f"  {clause.source_phrase}"
    yield f"  {_('Policy')} {claim.policy_id}{_(': ')}sha256 {claim.policy_sha256}"
    yield f"  {_('Clause as it read then')}{_(': ')}sha256 {sha256_of(claim.clause_frozen)}"
    for change in clause.changes:
        source = filters.in_language(change.source_zh, change.source_en)
        yield f"  {_('From %(day)s', day=filters.day(change.from_on))}{_(': ')}{source}"


def _verdict_lines(verdict: Verdict) -> Iterator[str]:
    outcomes = {"granted": _("met"), "open": _("to be looked at"), "refused": _("not met")}
    yield f"{_('Verdict')}{_(': ')}{outcomes[verdict.outcome]}"
    for condition in verdict.conditions:
        yield from _condition_lines(condition)
    if verdict.working is None:
        return
    yield ""
    yield _("Working")
    for step in verdict.working.steps:
        yield f"  {_(step.label)}{_(': ')}{words.step_value(step)}"
    if verdict.working.note:
        yield f"  {_(verdict.working.note)}"


def _condition_lines(condition: Condition) -> Iterator[str]:
    mark = {True: "[+]", False: "[-]", None: "[?]"}[condition.met]
    yield f"  {mark} {words.words(condition.label)}{_(': ')}{messages.say(condition.reason, condition.facts)}"
    for finding in condition.findings:
        yield (
            f"        {words.fact_name(finding.fact)}{_(': ')}{words.fact_value(finding.fact, finding.value)}"
            f"{_('; ')}{words.needed(finding)}"
        )
    if condition.change is not None:
        yield f"        → {words.words(condition.change)}"
