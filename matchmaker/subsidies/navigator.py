"""Which clauses fit an organisation now, which nearly, and what is missing, from what the platform knows of it.

In the spirit of 免申即享: nobody has to read 31 clauses to learn which are meant for them. The number of statements
does not grow with the number of clauses or deals.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.core.messages import register_labels
from matchmaker.deals.models import Deal
from matchmaker.subsidies import gather, rulebook
from matchmaker.subsidies.amounts import NothingReceivedYet, StillFree
from matchmaker.subsidies.around import around
from matchmaker.subsidies.catalogue import Clause
from matchmaker.subsidies.facts import FACTS, FactType, Place
from matchmaker.subsidies.rules import Condition, Situation, Verdict, judge

KINDS = (OrganisationKind.UNIVERSITY, OrganisationKind.ENTERPRISE, OrganisationKind.INTERMEDIARY)

MOST_DEALS = 50
"""How many signed deals are looked at, the latest first."""


class Fit(StrEnum):
    """How near an organisation is to a clause, the nearest first."""

    FITS = "fits"
    NEARLY = "nearly"
    ASKS = "asks"
    CLAIMED = "claimed"
    NOT = "not"


LABELS: Mapping[StrEnum, str] = MappingProxyType(
    {
        Fit.FITS: N_("Fits now"),
        Fit.NEARLY: N_("Nearly: something is missing"),
        Fit.ASKS: N_("Fits if this is so, which only you know"),
        Fit.CLAIMED: N_("Claimed already"),
        Fit.NOT: N_("Does not fit"),
    }
)
register_labels(LABELS)

_LASTING = frozenset({"parties_related", "claimant_local", "licensor_local", "licensee_local"})
"""Flags that nobody changes in order to claim."""

_MONEY_TO_COME = frozenset({NothingReceivedYet.phrase, StillFree.phrase})


@dataclass(frozen=True)
class Prospect:
    """One clause for one organisation: by the deal that comes nearest, where it is claimed for one."""

    clause: Clause
    verdict: Verdict
    fit: Fit
    deal: Deal | None

    @property
    def lacking(self) -> list[Condition]:
        """Conditions that are not met or not shown."""
        return [condition for condition in self.verdict.conditions if not condition.met]

    @property
    def most_fen(self) -> int:
        """What the clause grants, or the most that can be asked where nothing is computed."""
        working = self.verdict.working
        return working.limit_fen if working is not None else 0


def list_prospects(organisation: Organisation, *, on: date) -> dict[Fit, list[Prospect]]:
    """Clauses for organisations of this kind, in the order of the policy, by how near they are; every fit is there."""
    clauses = [one for one in rulebook.catalogue_on(on) if one.pays and organisation.kind in one.beneficiary_kinds]
    own = gather.organisation_facts(organisation, on=on)
    deals = _deals(organisation) if any(clause.part for clause in clauses) else []
    known = around(deals, until=on)
    by_deal = {deal.id: gather.facts_around(deal, known[deal.id], organisation.id, on=on) for deal in deals}
    granted = gather.granted_in_year(organisation.id, on.year)
    found: dict[Fit, list[Prospect]] = {fit: [] for fit in Fit}
    for clause in clauses:
        mine = [deal for deal in deals if clause.part is not None and deal.side_of(organisation.id) is clause.part]
        ways: list[tuple[Deal | None, dict[str, Any]]] = [
            (deal, own | by_deal[deal.id] | gather.claims_facts(known[deal.id].standing, clause.id)) for deal in mine
        ]
        prospect = _best(clause, ways or [(None, dict(own))], on, granted.get(clause.id, 0))
        found[prospect.fit].append(prospect)
    return found


def _best(
    clause: Clause, ways: Iterable[tuple[Deal | None, Mapping[str, Any]]], on: date, granted_fen: int
) -> Prospect:
    """The way that comes nearest, the first among equals."""

    def prospect(deal: Deal | None, facts: Mapping[str, Any]) -> Prospect:
        verdict = judge(clause, Situation(on, facts, granted_fen=granted_fen))
        return Prospect(clause, verdict, fit_of(verdict), deal)

    order = list(Fit)
    return min(
        (prospect(deal, facts) for deal, facts in ways), key=lambda one: (order.index(one.fit), len(one.lacking))
    )


def fit_of(verdict: Verdict) -> Fit:
    """How near a verdict is to being granted."""
    if verdict.outcome == "granted":
        return Fit.FITS
    if "only_claim" in verdict.unmet:
        return Fit.CLAIMED
    lacking = [condition for condition in verdict.conditions if not condition.met]
    if any(condition.met is False and not _curable(condition) for condition in lacking):
        return Fit.NOT
    return Fit.ASKS if not verdict.unmet and all(_own_to_say(condition) for condition in lacking) else Fit.NEARLY


def _curable(condition: Condition) -> bool:
    """Whether the organisation can bring about what is missing."""
    if condition.code == "amount":
        return condition.reason in _MONEY_TO_COME
    return bool(condition.blockers) and all(
        finding.value is None or (FACTS[finding.fact].type is FactType.FLAG and finding.fact not in _LASTING)
        for finding in condition.blockers
    )


def _own_to_say(condition: Condition) -> bool:
    """Whether it hangs on nothing but what the claimant states itself."""
    if condition.code == "amount":
        return condition.met is None
    return bool(condition.blockers) and all(FACTS[one.fact].place is Place.CLAIM for one in condition.blockers)


def places(condition: Condition) -> list[Place]:
    """Where what is missing gets recorded, each place once."""
    return list(dict.fromkeys(FACTS[finding.fact].place for finding in condition.blockers))


def _deals(organisation: Organisation) -> list[Deal]:
    """Signed deals of the organisation, the latest first."""
    party = (Deal.licensor_id, Deal.licensee_id, Deal.broker_id)
    query = (
        sa.select(Deal)
        .where(sa.or_(*(column == organisation.id for column in party)), Deal.signed_on.is_not(None))
        .order_by(Deal.signed_on.desc(), Deal.id)
        .limit(MOST_DEALS)
    )
    return list(db.session.scalars(query))
