"""Commands on the policy: a dated value is proposed by one person of the bureau and confirmed by another."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from datetime import date
from typing import Any

from matchmaker.accounts import credit_code as codes
from matchmaker.core import audit, clock
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.errors import N_, Conflict, Invalid
from matchmaker.subsidies import policies, rulebook
from matchmaker.subsidies.catalogue import CHANGEABLE, Clause, ClauseKind
from matchmaker.subsidies.policy_models import DiscreditedParty, PolicyChange, PolicyDecision
from matchmaker.subsidies.policy_permissions import Can


class NothingProposed(Invalid):
    code = "policy.nothing_proposed"
    phrase = N_(
        "Change at least one value: the sum, the rate with its base, the least sum paid out, the deadline, "
        "what the sum is granted for, conditions or evidence."
    )


class RateWithoutBase(Invalid):
    code = "policy.rate_without_base"
    phrase = N_("A rate needs the money it applies to. Choose at least one sum.")


class BaseWithoutRate(Invalid):
    code = "policy.base_without_rate"
    phrase = N_("The money that counts goes with a rate. Enter the rate as well.")


class NoRateHere(Invalid):
    """Facts: clause."""

    code = "policy.no_rate_here"
    phrase = N_("Clause %(clause)s grants no share of anything: only a clause with a cap can have a rate.")


class NoSumHere(Invalid):
    """Facts: clause."""

    code = "policy.no_sum_here"
    phrase = N_("Clause %(clause)s states no sum, so that none can be changed.")


class BeforeTheClause(Invalid):
    """Facts: start_on."""

    code = "policy.before_the_clause"
    phrase = N_("The clause begins on %(start_on)s. A changed value begins on that day at the earliest.")


class AlreadyDecided(Conflict):
    code = "policy.already_decided"
    phrase = N_("Someone has decided on this proposal already. Reload the page.")


class SamePerson(Conflict):
    code = "policy.same_person"
    phrase = N_("Two persons stand behind every value: someone else confirms what you proposed.")


class ReasonMissing(Invalid):
    code = "policy.reason_missing"
    phrase = N_("Say why the proposal is refused. Who proposed it will read it.")


class LiftedBeforeListed(Invalid):
    """Facts: listed_on."""

    code = "policy.lifted_before_listed"
    phrase = N_("The entry was listed on %(listed_on)s. It is lifted on that day at the earliest.")


constraint_means("pk_policy_decisions", AlreadyDecided)
constraint_means("ck_policy_decisions_two_persons", SamePerson)
constraint_means("ck_discredited_parties_lifted_on", Conflict)


@command(Can.POLICY_PROPOSE)
def propose_values(
    actor: Actor, _: None, *, clause_id: str, from_on: date, values: Mapping[str, Any], source: str
) -> PolicyChange:
    """Propose dated values (`catalogue.CHANGEABLE`) of a clause. They count once another person has confirmed them.

    Raises NotFound, NothingProposed, BeforeTheClause, NoSumHere, NoRateHere, RateWithoutBase, BaseWithoutRate.
    """
    clause = rulebook.clause_in_time(clause_id)
    values = {name: values[name] for name in CHANGEABLE if name in values}
    _check(clause, from_on, values)
    change = PolicyChange(
        clause_id=clause.id,
        from_on=from_on,
        body=policies.freeze_values(values),
        source=source,
        proposed_by_id=actor.user_id,
        created_at=clock.now(),
    )
    db.session.add(change)
    audit.record(actor, "policy.proposed", change, clause=clause.id, from_on=from_on.isoformat(), values=change.body)
    return change


def _check(clause: Clause, from_on: date, values: Mapping[str, Any]) -> None:
    if not values:
        raise NothingProposed(field="rate")
    if from_on < clause.in_force_from:
        raise BeforeTheClause(field="from_on", start_on=clause.in_force_from)
    if "amount_fen" in values and clause.amount_fen is None:
        raise NoSumHere(field="amount_fen", clause=clause.id)
    rate, base = values.get("rate"), values.get("base")
    if rate is not None and clause.kind is not ClauseKind.CAP:
        raise NoRateHere(field="rate", clause=clause.id)
    if rate is not None and not base:
        raise RateWithoutBase(field="base")
    if base and rate is None:
        raise BaseWithoutRate(field="rate")


@command(Can.POLICY_DECIDE)
def decide_change(actor: Actor, change: PolicyChange, *, confirmed: bool, reason: str = "") -> PolicyDecision:
    """Confirm or refuse what another person proposed. Raises SamePerson, AlreadyDecided, ReasonMissing."""
    if change.proposed_by_id == actor.user_id:
        raise SamePerson()
    if change.decision is not None:
        raise AlreadyDecided()
    if not confirmed and not reason:
        raise ReasonMissing(field="reason")
    decision = PolicyDecision(
        change=change,
        proposed_by_id=change.proposed_by_id,
        decided_by_id=actor.user_id,
        confirmed=confirmed,
        reason=reason,
        decided_at=clock.now(),
    )
    db.session.add(decision)
    event = "policy.confirmed" if confirmed else "policy.refused"
    audit.record(actor, event, change, clause=change.clause_id, from_on=change.from_on.isoformat())
    return decision


@command(Can.CREDIT_KEEP)
def list_discredited(
    actor: Actor, _: None, *, credit_code: str, name: str, listed_on: date, source: str
) -> DiscreditedParty:
    """Enter a party in the bad-credit list kept here. Raises what is wrong with the credit code."""
    entry = DiscreditedParty(
        credit_code=codes.validate(credit_code, field="credit_code"),
        name=unicodedata.normalize("NFKC", name),
        listed_on=listed_on,
        source=source,
        entered_by_id=actor.user_id,
        created_at=clock.now(),
    )
    db.session.add(entry)
    audit.record(actor, "credit.listed", entry, listed_on=listed_on.isoformat())
    return entry


@command(Can.CREDIT_KEEP)
def lift_discredited(actor: Actor, entry: DiscreditedParty, *, lifted_on: date) -> None:
    """End an entry from a day on. Raises LiftedBeforeListed, Conflict where it is lifted already."""
    if entry.lifted_on is not None:
        raise Conflict()
    if lifted_on < entry.listed_on:
        raise LiftedBeforeListed(field="lifted_on", listed_on=entry.listed_on)
    entry.lifted_on, entry.lifted_by_id = lifted_on, actor.user_id
    audit.record(actor, "credit.lifted", entry, lifted_on=lifted_on.isoformat())
