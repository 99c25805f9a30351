"""Whether a claim meets the conditions of its clause, the reason for each, and what would change it. Pure.

A verdict lists every condition: met, not met, or not shown yet, where a fact it needs is not recorded. The conditions
of a clause are data (`language`); those that every clause has stand here: who it is for, that it is claimed once, that
no clause stands in the way, its first day, its deadline, and the sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from types import MappingProxyType
from typing import Any

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core.errors import N_
from matchmaker.deals.states import PartyRole
from matchmaker.subsidies import facts as facts_of
from matchmaker.subsidies import language
from matchmaker.subsidies.amounts import MoneyNotShown, PaysNothing, Working, work_out
from matchmaker.subsidies.catalogue import Basis, Clause, Label, Per, Rule
from matchmaker.subsidies.facts import value_of
from matchmaker.subsidies.language import Compare, Finding, Op

CLAIMANT_PART: Mapping[str, PartyRole] = MappingProxyType(
    {
        "P1-5": PartyRole.LICENSOR,
        "P2-3": PartyRole.LICENSEE,
        "P3-3": PartyRole.LICENSOR,
        "P3-4": PartyRole.BROKER,
    }
)
"""Clauses of the shipped policy that are claimed for a deal, and the claimant's part in it. Same as `Clause.part`."""

RECEIPTS = frozenset({"receipts_fen", "receipts_year_fen"})
"""Sums of bank receipts: a clause that reckons by one counts each receipt once."""

PERIOD_NOT_STATED = N_(
    "The source does not say for how long the cap counts. The platform counts what one claimant was granted "
    "in one calendar year."
)


def programme_of(clause: Clause) -> str:
    """Name of the budget line that pays a clause; its own where the policy names none."""
    return clause.programme or clause.id


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition with its verdict; `met` is None where it is not shown yet.

    `label` is in both languages, or a catalogue key; `reason` and `advice` are catalogue keys that may use the facts.
    `findings` are the comparisons it rests on, `blockers` those that would have to turn out otherwise, `change` says
    what to do about it.
    """

    code: str
    label: Label | str
    met: bool | None
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()
    blockers: tuple[Finding, ...] = ()
    change: Label | None = None
    basis: Basis | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    conditions: tuple[Condition, ...]
    working: Working | None

    @property
    def unmet(self) -> tuple[str, ...]:
        """Codes of the conditions that stop the claim."""
        return tuple(condition.code for condition in self.conditions if condition.met is False)

    @property
    def open(self) -> tuple[str, ...]:
        """Codes of the conditions that are not shown yet."""
        return tuple(condition.code for condition in self.conditions if condition.met is None)

    @property
    def outcome(self) -> str:
        """granted, open or refused."""
        return "refused" if self.unmet else "open" if self.open else "granted"


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a verdict rests on: the day, the facts, what is asked and what was granted in the cap's period.

    `stated` names the facts that the claimant stated itself, which evidence has to prove. `answers` holds what a
    reviewer found on conditions that the facts leave open, by code: whether it is met, and how that was found out.
    """

    on: date
    facts: Mapping[str, Any]
    requested_fen: int | None = None
    granted_fen: int = 0
    stated: frozenset[str] = frozenset()
    answers: Mapping[str, tuple[bool, str]] = field(default_factory=dict)

    def freeze(self) -> dict[str, Any]:
        """As plain data, so that the verdict can be given again when the world has moved on."""
        answers = {code: [met, note] for code, (met, note) in sorted(self.answers.items())}
        return {
            "on": self.on.isoformat(),
            "facts": facts_of.freeze(self.facts),
            "requested_fen": self.requested_fen,
            "granted_fen": self.granted_fen,
            "stated": sorted(self.stated),
            **({"answers": answers} if answers else {}),  # what was frozen before there were any reads the same
        }

    @classmethod
    def thaw(cls, frozen: Mapping[str, Any]) -> Situation:
        plain = frozen if "facts" in frozen else _second_form(frozen)
        return cls(
            on=date.fromisoformat(plain["on"]),
            facts=facts_of.thaw(plain["facts"]),
            requested_fen=plain["requested_fen"],
            granted_fen=plain["granted_fen"],
            stated=frozenset(plain["stated"]),
            answers={code: (met, note) for code, (met, note) in plain.get("answers", {}).items()},
        )


def _second_form(frozen: Mapping[str, Any]) -> dict[str, Any]:
    """The first form had fields of its own for the few facts it knew."""
    codes = frozen["credit_codes"]
    facts = {
        "claimant_kind": frozen["claimant_kind"],
        "claimant_verified": frozen["claimant_verified"],
        "deal_part": frozen["part"],
        "signed": frozen["signed_on"] is not None,
        "signed_on": frozen["signed_on"],
        "introduced_on": frozen["introduced_on"],
        "parties_related": len(set(codes)) < len(codes),
        "rival_claim": frozen["rival"],
        "receipts_fen": frozen.get("base_fen"),
    }
    return {**{name: frozen[name] for name in ("on", "requested_fen", "granted_fen")}, "facts": facts, "stated": []}


def judge(clause: Clause, situation: Situation) -> Verdict:
    """Verdict on a claim in this situation, under the clause as it reads on its day. Raises nothing."""
    rule = clause.on(situation.on)
    facts = {**situation.facts, "claimed_on": situation.on, "clause_from": rule.in_force_from}
    working = work_out(
        rule, facts, on=situation.on, requested_fen=situation.requested_fen, granted_fen=situation.granted_fen
    )
    conditions = [_answered(condition, situation.answers) for condition in _conditions(rule, facts, situation.on)]
    return Verdict((*conditions, _amount(working)), working if working.steps else None)


ANSWERED_MET = N_("A reviewer found that it is met: %(note)s")
ANSWERED_NOT_MET = N_("A reviewer found that it is not met: %(note)s")
MET = N_("What is recorded meets this condition.")
NOT_MET = N_("What is recorded does not meet this condition.")
NOT_SHOWN = N_("This is not shown yet: some of the facts it needs are not recorded.")


def _conditions(clause: Clause, facts: Mapping[str, Any], on: date) -> Iterator[Condition]:
    yield _beneficiary(clause, facts)
    if clause.part is not None:
        yield _part(clause.part, facts)
    for rule in clause.conditions:
        yield _condition(rule, facts)
    if not RECEIPTS.isdisjoint(clause.base or ()):
        yield _receipts(facts)
    if clause.part is not None:
        yield _only_claim(facts)
    if clause.excludes:
        yield _exclusion(clause, facts)
    yield _in_force(clause, on)
    if clause.deadline_on is not None:
        yield _deadline(clause.deadline_on, on)


def _answered(condition: Condition, answers: Mapping[str, tuple[bool, str]]) -> Condition:
    """A condition that the facts leave open is settled by what the reviewer found; what the facts say stands.

    The sum is not settled so: money that is not shown cannot be reckoned with.
    """
    if condition.met is not None or condition.code not in answers:
        return condition
    met, note = answers[condition.code]
    reason = ANSWERED_MET if met else ANSWERED_NOT_MET
    return replace(condition, met=met, reason=reason, facts={"note": note}, change=None)


def answerable(verdict: Verdict) -> list[Condition]:
    """Conditions that the facts leave open, answered or not: all but the sum, which needs the money to be shown."""
    answered = (ANSWERED_MET, ANSWERED_NOT_MET)
    return [c for c in verdict.conditions if c.reason in answered or (c.met is None and c.code != "amount")]


def _condition(rule: Rule, facts: Mapping[str, Any]) -> Condition:
    met = language.truth(rule.when, facts)
    return Condition(
        code=rule.id,
        label=rule.label,
        met=met,
        reason={True: MET, False: NOT_MET, None: NOT_SHOWN}[met],
        findings=language.findings(rule.when, facts),
        blockers=language.blockers(rule.when, facts),
        change=None if met else rule.change,
        basis=rule.basis,
    )


def _beneficiary(clause: Clause, facts: Mapping[str, Any]) -> Condition:
    label, kinds = N_("Claimant"), tuple(str(kind) for kind in clause.beneficiary_kinds)
    kind = value_of(facts, "claimant_kind")
    finding = _finding("claimant_kind", Op.IN, kinds, facts)
    if kind is None:
        return Condition("beneficiary", label, None, NOT_SHOWN, findings=finding)
    shown = {"kind": OrganisationKind(str(kind)), "kinds": clause.beneficiary_kinds}
    if not kinds:
        reason = N_("No kind of organisation on this platform is the beneficiary of this clause.")
        return Condition("beneficiary", label, False, reason, findings=finding)
    if kind not in kinds:
        reason = N_("On this platform the clause is for: %(kinds)s. The claimant is another kind: %(kind)s.")
        return Condition("beneficiary", label, False, reason, shown, finding)
    reason = N_("The claimant is of a kind that the clause is for: %(kind)s.")
    return Condition("beneficiary", label, True, reason, shown, finding)


def _finding(name: str, op: Op, operand: Any, facts: Mapping[str, Any]) -> tuple[Finding, ...]:
    return language.findings(Compare(name, op, operand), facts)


def _part(needed: PartyRole, facts: Mapping[str, Any]) -> Condition:
    label, shown = N_("Part in the deal"), {"role": needed}
    part = value_of(facts, "deal_part")
    if part is None:
        reason = N_("The clause is claimed for a deal by this party to it: %(role)s. No such deal is chosen.")
        return Condition("part", label, None, reason, shown)
    if part != needed:
        reason = N_("The clause is for this party to the deal: %(role)s. The claimant is not that party.")
        return Condition("part", label, False, reason, shown)
    return Condition("part", label, True, N_("The claimant's part in the deal: %(role)s."), shown)


def _receipts(facts: Mapping[str, Any]) -> Condition:
    label, reused = N_("Money counted once"), value_of(facts, "receipt_reused")
    finding = _finding("receipt_reused", Op.IS, False, facts)
    if reused is None:
        reason = N_("It is not recorded whether a receipt of this claim counts in another claim.")
        return Condition("receipts", label, None, reason, findings=finding)
    if reused:
        reason = N_("A receipt of this claim already counts in another claim. Money counts once: leave it out.")
        return Condition("receipts", label, False, reason, findings=finding)
    return Condition("receipts", label, True, N_("No receipt of this claim counts in another."), findings=finding)


def _only_claim(facts: Mapping[str, Any]) -> Condition:
    label, rival = N_("Claimed once"), value_of(facts, "rival_claim")
    if rival is not None:
        reason = N_("Claim %(number)s under this clause already stands for this deal. A deal counts once.")
        return Condition("only_claim", label, False, reason, {"number": rival})
    if value_of(facts, "claims_elsewhere") is None:
        reason = N_("Whether another claim under this clause stands for the deal is not shown yet.")
        return Condition("only_claim", label, None, reason)
    return Condition("only_claim", label, True, N_("No other claim under this clause stands for this deal."))


def _exclusion(clause: Clause, facts: Mapping[str, Any]) -> Condition:
    label, elsewhere = N_("No excluding clause"), value_of(facts, "claims_elsewhere")
    if not isinstance(elsewhere, tuple):
        reason = N_("The clauses that exclude this one: %(clauses)s. Whether one was claimed is not shown yet.")
        return Condition("exclusion", label, None, reason, {"clauses": clause.excludes})
    clash = tuple(name for name in clause.excludes if name in elsewhere)
    if clash:
        reason = N_(
            "For the same deal a claim stands under a clause that excludes this one: %(clauses)s. "
            "Keep one of the two claims and withdraw the other."
        )
        return Condition("exclusion", label, False, reason, {"clauses": clash})
    reason = N_("No claim stands under the clauses that exclude this one: %(clauses)s.")
    return Condition("exclusion", label, True, reason, {"clauses": clause.excludes})


def _in_force(clause: Clause, on: date) -> Condition:
    label, facts = N_("Clause in force"), {"start_on": clause.in_force_from}
    if on < clause.in_force_from:
        return Condition("in_force", label, False, N_("The clause can be claimed from %(start_on)s on."), facts)
    return Condition("in_force", label, True, N_("The clause has been in force since %(start_on)s."), facts)


def _deadline(deadline_on: date, on: date) -> Condition:
    label, facts = N_("Deadline"), {"deadline_on": deadline_on}
    if on > deadline_on:
        reason = N_("Claims were taken until %(deadline_on)s. Wait for the next round.")
        return Condition("deadline", label, False, reason, facts)
    return Condition("deadline", label, True, N_("Claims are taken until %(deadline_on)s."), facts)


def _amount(working: Working) -> Condition:
    label, refusal = N_("Sum"), working.refusal
    if isinstance(refusal, MoneyNotShown):
        return Condition("amount", label, None, refusal.phrase, refusal.facts)
    if refusal is not None:
        return Condition("amount", label, False, refusal.phrase, refusal.facts)
    facts = {"sum_fen": working.amount_fen or working.limit_fen}
    if working.amount_fen == 0:
        return Condition("amount", label, True, N_("Up to %(sum_fen)s can be claimed."), facts)
    return Condition("amount", label, True, N_("%(sum_fen)s is within what the clause grants."), facts)


def pays_something(verdict: Verdict) -> bool:
    """Whether the clause is one that pays at all."""
    amount = verdict.conditions[-1]
    return amount.reason != PaysNothing.phrase


def period_note(clause: Clause) -> str | None:
    """What to tell about the time for which the cap counts (catalogue key)."""
    return PERIOD_NOT_STATED if clause.per is Per.NOT_STATED else None
