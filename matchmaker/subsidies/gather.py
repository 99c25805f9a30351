"""The facts a verdict rests on, read from profile, recognitions, deals, introductions and lists of the bureau.

A fact that is recorded nowhere is left out: it is unknown, and a condition on it is "not shown yet". The number of
statements does not grow with the number of deals.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

import sqlalchemy as sa

from matchmaker.accounts.models import Membership, MembershipRole, Organisation, OrganisationState, Recognition
from matchmaker.accounts.roles import OrganisationKind, RecognitionKind, Role
from matchmaker.core.db import db
from matchmaker.deals.models import Deal
from matchmaker.subsidies import rulebook
from matchmaker.subsidies.around import Around, around
from matchmaker.subsidies.facts import FACTS, FactType, Value, value_of
from matchmaker.subsidies.models import Allowance

ELSEWHERE = frozenset({"jilin_other", "other"})
"""Districts of the taxonomy that do not belong to Changchun."""

Facts = dict[str, Value]


def facts_of(
    claimant: Organisation,
    *,
    on: date,
    deals: Sequence[Deal] = (),
    clause_id: str = "",
    claim_id: uuid.UUID | None = None,
    period_on: date | None = None,
    stated: Mapping[str, Any] | None = None,
    extra: Mapping[str, Any] | None = None,
) -> Facts:
    """Facts of one claim; of one for an earlier period (`period_on`) as to signatures, money and renewals those of that
    period's end. What was `stated` counts only where the platform records nothing itself; `extra` is what
    other parts of the platform established and counts before everything else."""
    facts = organisation_facts(claimant, on=on, until=period_on)
    if deals:
        by_deal = deal_facts(deals, claimant.id, on=on, until=period_on, clause_id=clause_id, claim_id=claim_id)
        facts |= joined(list(by_deal.values()))
    known = {name: value for name, value in (stated or {}).items() if name not in facts}
    facts |= {name: value for name in known if (value := value_of(known, name)) is not None}
    return facts | {name: value for name in extra or {} if (value := value_of(extra or {}, name)) is not None}


# --- the organisation -----------------------------------------------------------------------------------------------


def organisation_facts(organisation: Organisation, *, on: date, until: date | None = None) -> Facts:
    """Facts about an organisation on a day: profile, size class, recognitions, the bad-credit list. Days of
    recognitions are those until `until`, where it is given.
    """
    discredited, office, recognitions = _entered(organisation, on)
    facts: Facts = {
        "claimant_kind": organisation.kind.value,
        "claimant_verified": organisation.state == OrganisationState.VERIFIED,
        "claimant_local": organisation.district not in ELSEWHERE,
        "claimant_discredited": discredited,
        "recognitions": tuple(
            sorted({row.kind.value for row in recognitions if row.valid_from <= on <= row.valid_until})
        ),
    }
    size = organisation.classification
    if size is not None:
        facts["claimant_size"] = size.size.value
    if organisation.kind == OrganisationKind.UNIVERSITY:
        facts["transfer_office"] = office
    return facts | _recognition_days(recognitions, until or on)


def _entered(organisation: Organisation, on: date) -> tuple[bool, bool, list[Recognition]]:
    """In one read: whether the bad-credit list names it on a day, whether it has an officer of technology transfer, and
    its recognitions."""
    office = sa.exists().where(
        Membership.organisation_id == organisation.id,
        MembershipRole.membership_id == Membership.id,
        MembershipRole.role == Role.TTO_OFFICER,
    )
    query = (
        sa.select(rulebook.discredited(organisation.credit_code, on=on), office, Recognition)
        .select_from(Organisation)
        .outerjoin(Recognition, Recognition.organisation_id == Organisation.id)
        .where(Organisation.id == organisation.id)
        .order_by(Recognition.valid_from, Recognition.id)
    )
    rows = db.session.execute(query).all()
    listed, has_office, _ = rows[0]
    return listed, has_office, [row for *_, row in rows if row is not None]


_FIRST = {
    RecognitionKind.HIGH_TECH: "high_tech_first_on",
    RecognitionKind.SRDI_NATIONAL: "srdi_national_first_on",
    RecognitionKind.SRDI_PROVINCIAL: "srdi_provincial_first_on",
    RecognitionKind.SRDI_MUNICIPAL: "srdi_municipal_first_on",
}


def _recognition_days(recognitions: Iterable[Recognition], on: date) -> Facts:
    """First day of each title, and the latest renewal of 高新技术企业: a title that follows an earlier one."""
    days: dict[RecognitionKind, list[date]] = defaultdict(list)
    for row in recognitions:
        if row.valid_from <= on:
            days[row.kind].append(row.valid_from)
    facts: Facts = {name: min(days[kind]) for kind, name in _FIRST.items() if days[kind]}
    renewed = _renewals(days[RecognitionKind.HIGH_TECH])
    return facts | ({"high_tech_renewed_on": renewed[-1]} if renewed else {})


def _renewals(days: Iterable[date]) -> list[date]:
    """Of the days on which titles begin those that follow an earlier one."""
    return sorted(set(days))[1:]


def renewals(organisation_id: uuid.UUID | None, *, on: date) -> list[date]:
    """Days of the renewals as 高新技术企业 until a day, the latest last."""
    of_title = (Recognition.organisation_id == organisation_id, Recognition.kind == RecognitionKind.HIGH_TECH)
    days = db.session.scalars(sa.select(Recognition.valid_from).where(*of_title, Recognition.valid_from <= on))
    return _renewals(days)


def renewed_on(organisation_id: uuid.UUID, *, on: date) -> date | None:
    """Day of the latest renewal as 高新技术企业 until a day."""
    return next(reversed(renewals(organisation_id, on=on)), None)


# --- deals ----------------------------------------------------------------------------------------------------------


def deal_facts(
    deals: Sequence[Deal],
    claimant_id: uuid.UUID,
    *,
    on: date,
    until: date | None = None,
    clause_id: str = "",
    claim_id: uuid.UUID | None = None,
) -> dict[uuid.UUID, Facts]:
    """Facts about each deal as they were on the day, as seen by one of its parties; signatures and money count until
    `until`, where it is given.
    """
    found = around(deals, until=until or on, but=claim_id)
    return {
        deal.id: facts_around(deal, found[deal.id], claimant_id, on=on, until=until, clause_id=clause_id)
        for deal in deals
    }


def facts_around(
    deal: Deal, known: Around, claimant_id: uuid.UUID, *, on: date, until: date | None = None, clause_id: str = ""
) -> Facts:
    """Facts about one deal, of which what stands around it was read before."""
    return {
        **_parties_facts(deal, known, claimant_id),
        **_days_facts(deal, until or on),
        "receipts_fen": known.receipts_fen,
        "receipts_year_fen": known.receipts_year_fen,
        **({"introduced_on": known.introduced_on} if known.introduced_on is not None else {}),
        **claims_facts(known.standing, clause_id),
        **_recorded(deal, known, on),
    }


def _parties_facts(deal: Deal, known: Around, claimant_id: uuid.UUID) -> Facts:
    """Part, places and size, and whether two parties have a person in common."""
    facts: Facts = {
        "parties_related": known.related,
        "licensor_local": known.licensor.district not in ELSEWHERE,
        "licensee_local": known.licensee.district not in ELSEWHERE,
    }
    side, size = deal.side_of(claimant_id), known.licensee.classification
    if side is not None:
        facts["deal_part"] = side.value
    return facts | ({"licensee_size": size.size.value} if size is not None else {})


def _days_facts(deal: Deal, on: date) -> Facts:
    facts: Facts = {"signed": deal.signed_on is not None and deal.signed_on <= on}
    days = {"signed_on": deal.signed_on if facts["signed"] else None, "free_until": deal.trial_ends_on}
    return facts | {name: day for name, day in days.items() if day is not None}


def _recorded(deal: Deal, known: Around, on: date) -> Facts:
    """Registration of the contract and confirmation of the intermediary."""
    day, fen = known.registered_on, known.approved_fen
    facts: Facts = {"contract_registered": day is not None and day <= on}
    if day is not None and fen is not None and day <= on:
        facts |= {"registered_on": day, "approved_fen": fen}
    if deal.broker_id is not None:
        facts["broker_confirmed"] = known.broker_confirmed
    return facts


def claims_facts(standing: Mapping[str, str], clause_id: str) -> Facts:
    facts: Facts = {"claims_elsewhere": tuple(sorted(clause for clause in standing if clause != clause_id))}
    return facts | ({"rival_claim": standing[clause_id]} if clause_id in standing else {})


def granted_in_year(organisation_id: uuid.UUID, year: int) -> dict[str, int]:
    """What an organisation was granted in a year, or once for all, by clause, in fen."""
    query = sa.select(Allowance.clause_id, Allowance.used_fen).where(
        Allowance.claimant_organisation_id == organisation_id, Allowance.period.in_([str(year), "once"])
    )
    return {row.clause_id: row.used_fen for row in db.session.execute(query)}


# --- several deals --------------------------------------------------------------------------------------------------

_ANY_IS_ENOUGH = frozenset({"parties_related", "receipt_reused"})
_LATEST = frozenset({"introduced_on", "free_until", "registered_on"})


def joined(several: Sequence[Mapping[str, Value]]) -> Facts:
    """Facts of a claim for several deals: sums of money are added, the others must hold for each deal.

    What is unknown for one deal is unknown for all of them, but for flags of which one is enough.
    """
    if len(several) == 1:
        return dict(several[0])
    names = {name for facts in several for name in facts}
    together = {name: _together(name, [facts[name] for facts in several if name in facts]) for name in sorted(names)}
    whole = {name for name in names if all(name in facts for facts in several)}
    return {
        name: value
        for name, value in together.items()
        if value is not None and (name in whole or name == "rival_claim" or (name in _ANY_IS_ENOUGH and value is True))
    }


def _together(name: str, values: Sequence[Any]) -> Value | None:
    together: Value | None
    match FACTS[name].type:
        case FactType.FEN | FactType.COUNT:
            together = sum(values)
        case FactType.FLAG:
            together = any(values) if name in _ANY_IS_ENOUGH else all(values)
        case FactType.DAY:
            together = max(values) if name in _LATEST else min(values)
        case FactType.TEXTS:
            together = tuple(sorted({text for texts in values for text in texts}))
        case FactType.TEXT:
            together = str(values[0])
        case _:
            together = values[0] if len(set(values)) == 1 else None
    return together
