"""Whether a claim on a deal meets the conditions of its clause, and the reason for each. Pure.

A verdict lists every condition, passed or not. Sources: DOMAIN.md 2.2 (the intermediary is a third party and
brought the deal about; parties are not related; a contract counts once), 2.3 (cap less what was granted).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core.errors import N_, DomainError
from matchmaker.deals.states import PartyRole
from matchmaker.subsidies.amounts import Working, claimable
from matchmaker.subsidies.catalogue import Clause, Per

CLAIMANT_PART: Mapping[str, PartyRole] = MappingProxyType(
    {"P2-3": PartyRole.LICENSEE, "P3-3": PartyRole.LICENSOR, "P3-4": PartyRole.BROKER}
)
"""Clauses that are claimed for a deal, and the part the claimant has in it (DOMAIN.md section 0, last paragraph)."""

PERIOD_NOT_STATED = N_(
    "The source does not say for how long the cap counts. The platform counts what one claimant was granted "
    "in one calendar year."
)


def programme_of(clause: Clause) -> str:
    """Name of the budget line that pays a clause. The policy names no programmes, so each clause is its own."""
    return clause.id


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition with its verdict. `met` is None for a point that the reviewer looks at and that stops nobody."""

    code: str
    label: str
    met: bool | None
    reason: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Verdict:
    conditions: tuple[Condition, ...]
    working: Working | None

    @property
    def unmet(self) -> tuple[str, ...]:
        """Codes of the conditions that stop the claim."""
        return tuple(condition.code for condition in self.conditions if condition.met is False)


@dataclass(frozen=True, slots=True)
class Situation:
    """All that a verdict rests on. `granted_fen` is what the claimant got before under the clause in this year.

    `introduced_on` is the first day on which the claimant introduced these two sides, `rival` the number of
    another live claim under the clause for the deal, `base_fen` what was paid under the deal (where there is a rate).
    """

    on: date
    claimant_kind: OrganisationKind
    claimant_verified: bool
    part: PartyRole | None
    signed_on: date | None
    introduced_on: date | None
    credit_codes: tuple[str, ...]
    rival: str | None
    requested_fen: int
    granted_fen: int
    base_fen: int | None = None

    def freeze(self) -> dict[str, Any]:
        """As plain data, so that the verdict can be given again when the world has moved on."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        return {name: value.isoformat() if isinstance(value, date) else value for name, value in plain.items()} | {
            "credit_codes": list(self.credit_codes)
        }

    @classmethod
    def thaw(cls, frozen: Mapping[str, Any]) -> Situation:
        names, part = ("on", "signed_on", "introduced_on"), frozen["part"]
        days = {name: frozen[name] and date.fromisoformat(frozen[name]) for name in names}
        return cls(
            **{
                **frozen,
                **days,
                "claimant_kind": OrganisationKind(frozen["claimant_kind"]),
                "part": None if part is None else PartyRole(part),
                "credit_codes": tuple(frozen["credit_codes"]),
            }
        )


def judge(clause: Clause, situation: Situation) -> Verdict:
    """Verdict on a claim in this situation. Raises nothing: what is wrong is a condition with its reason."""
    working, amount = _amount(clause, situation)
    return Verdict((*_conditions(clause, situation), amount), working)


def _conditions(clause: Clause, case: Situation) -> Iterator[Condition]:
    yield _beneficiary(clause, case)
    if clause.id not in CLAIMANT_PART and case.part is None:  # claimed for something else than a deal
        yield _only_claim(case)
        yield _in_force(clause, case)
        return
    yield _part(clause, case)
    yield _signature(case)
    if CLAIMANT_PART.get(clause.id) is PartyRole.BROKER:
        yield _introduction(case)
    yield _parties(case)
    yield _only_claim(case)
    yield _in_force(clause, case)


def _beneficiary(clause: Clause, case: Situation) -> Condition:
    label, facts = N_("Claimant"), {"kind": case.claimant_kind, "kinds": clause.beneficiary_kinds}
    if case.claimant_kind not in clause.beneficiary_kinds:
        reason = N_("On this platform the clause is for: %(kinds)s. The claimant is another kind: %(kind)s.")
        return Condition("beneficiary", label, False, reason, facts)
    if not case.claimant_verified:
        reason = N_("The claimant is not verified. The science bureau verifies the organisation first.")
        return Condition("beneficiary", label, False, reason)
    reason = N_("The claimant is verified and of a kind that the clause is for: %(kind)s.")
    return Condition("beneficiary", label, True, reason, facts)


def _part(clause: Clause, case: Situation) -> Condition:
    label, needed = N_("Part in the deal"), CLAIMANT_PART.get(clause.id)
    if needed is None:
        reason = N_("This clause is not claimed for a deal. Choose a clause that is.")
        return Condition("part", label, False, reason)
    if case.part is not needed:
        reason = N_("The clause is for this party to the deal: %(role)s. The claimant is not that party.")
        return Condition("part", label, False, reason, {"role": needed})
    return Condition("part", label, True, N_("The claimant's part in the deal: %(role)s."), {"role": needed})


def _signature(case: Situation) -> Condition:
    label = N_("Signed deal")
    if case.signed_on is None:
        reason = N_("The deal is not signed by every party yet. Claim once it is.")
        return Condition("signature", label, False, reason)
    return Condition("signature", label, True, N_("Signed on %(signed_on)s."), {"signed_on": case.signed_on})


def _introduction(case: Situation) -> Condition:
    label = N_("Introduction")
    if case.introduced_on is None or case.signed_on is None or case.introduced_on > case.signed_on:
        reason = N_(
            "The platform has no record that the claimant introduced the two sides before they signed. "
            "The reviewer will look for it in the evidence."
        )
        return Condition("introduction", label, None, reason)
    reason = N_("The claimant introduced the two sides on %(introduced_on)s, before they signed.")
    return Condition("introduction", label, True, reason, {"introduced_on": case.introduced_on})


def _parties(case: Situation) -> Condition:
    label = N_("Independent parties")
    if len(set(case.credit_codes)) < len(case.credit_codes):
        reason = N_("Two parties to the deal have the same credit code. A deal with oneself earns no subsidy.")
        return Condition("parties", label, False, reason)
    reason = N_("The parties are different organisations by their credit codes.")
    return Condition("parties", label, True, reason)


def _only_claim(case: Situation) -> Condition:
    label = N_("Claimed once")
    if case.rival is not None:
        reason = N_("Claim %(number)s under this clause already stands for this deal. A deal counts once.")
        return Condition("only_claim", label, False, reason, {"number": case.rival})
    return Condition("only_claim", label, True, N_("No other claim under this clause stands for this deal."))


def _in_force(clause: Clause, case: Situation) -> Condition:
    label, facts = N_("Clause in force"), {"start_on": clause.in_force_from}
    if case.on < clause.in_force_from:
        return Condition("in_force", label, False, N_("The clause can be claimed from %(start_on)s on."), facts)
    return Condition("in_force", label, True, N_("The clause has been in force since %(start_on)s."), facts)


def _amount(clause: Clause, case: Situation) -> tuple[Working | None, Condition]:
    label = N_("Sum")
    try:
        working = claimable(clause, case.requested_fen, case.granted_fen, base_fen=case.base_fen)
    except DomainError as refusal:
        return None, Condition("amount", label, False, refusal.phrase, refusal.facts)
    reason = N_("%(requested_fen)s is within what the clause grants.")
    return working, Condition("amount", label, True, reason, {"requested_fen": case.requested_fen})


def period_note(clause: Clause) -> str | None:
    """What to tell about the time for which the cap counts (catalogue key)."""
    return PERIOD_NOT_STATED if clause.per is Per.NOT_STATED else None
