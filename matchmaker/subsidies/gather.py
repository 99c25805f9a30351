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
from sqlalchemy.orm import selectinload

from matchmaker.accounts.models import Membership, MembershipRole, Organisation, OrganisationState, Recognition
from matchmaker.accounts.roles import OrganisationKind, RecognitionKind, Role
from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.deals import queries as deals_queries
from matchmaker.deals.models import Deal, DealAchievement, Payment
from matchmaker.introductions.models import Introduction
from matchmaker.subsidies import rulebook
from matchmaker.subsidies.facts import FACTS, FactType, Value, value_of
from matchmaker.subsidies.models import Allowance, Claim, ClaimDeal

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
    facts: Facts = {
        "claimant_kind": organisation.kind.value,
        "claimant_verified": organisation.state == OrganisationState.VERIFIED,
        "claimant_local": organisation.district not in ELSEWHERE,
        "claimant_discredited": rulebook.is_discredited(organisation.credit_code, on=on),
        "recognitions": tuple(
            sorted({row.kind.value for row in organisation.recognitions if row.valid_from <= on <= row.valid_until})
        ),
    }
    size = organisation.classification
    if size is not None:
        facts["claimant_size"] = size.size.value
    if organisation.kind == OrganisationKind.UNIVERSITY:
        facts["transfer_office"] = _has_member(organisation.id, Role.TTO_OFFICER)
    return facts | _recognition_days(organisation.recognitions, until or on)


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


def _has_member(organisation_id: uuid.UUID, role: Role) -> bool:
    query = (
        sa.select(Membership.id)
        .join(MembershipRole, MembershipRole.membership_id == Membership.id)
        .where(Membership.organisation_id == organisation_id, MembershipRole.role == role)
    )
    return db.session.scalar(query.limit(1)) is not None


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
    if not deals:
        return {}
    until = until or on
    ids = [deal.id for deal in deals]
    parties = {party for deal in deals for party in deal.parties.values()}
    organisations = _organisations(parties)
    shared = _people_of(parties)
    received = _received(ids, until)
    introductions = introduced(deals)
    claims = standing_claims(ids, but=claim_id)
    recorded = _recorded(deals, on)
    return {
        deal.id: {
            **_parties_facts(deal, claimant_id, organisations, shared),
            **_days_facts(deal, until),
            **received.get(deal.id, {"receipts_fen": 0, "receipts_year_fen": 0}),
            **introductions.get(deal.id, {}),
            **claims_facts(claims.get(deal.id, {}), clause_id),
            **recorded[deal.id],
        }
        for deal in deals
    }


def _organisations(ids: Iterable[uuid.UUID]) -> dict[uuid.UUID, Organisation]:
    query = sa.select(Organisation).where(Organisation.id.in_(sorted(ids, key=str)))
    return {row.id: row for row in db.session.scalars(query)}


def _people_of(organisations: Iterable[uuid.UUID]) -> dict[uuid.UUID, set[uuid.UUID]]:
    query = sa.select(Membership.organisation_id, Membership.user_id)
    people: dict[uuid.UUID, set[uuid.UUID]] = defaultdict(set)
    for row in db.session.execute(query.where(Membership.organisation_id.in_(sorted(organisations, key=str)))):
        people[row.organisation_id].add(row.user_id)
    return people


def _parties_facts(
    deal: Deal,
    claimant_id: uuid.UUID,
    organisations: Mapping[uuid.UUID, Organisation],
    people: Mapping[uuid.UUID, set[uuid.UUID]],
) -> Facts:
    """Part, places and size, and whether two parties have a person in common."""
    licensor, licensee = organisations[deal.licensor_id], organisations[deal.licensee_id]
    parties = list(deal.parties.values())
    related = any(
        not people.get(one, set()).isdisjoint(people.get(other, set()))
        for number, one in enumerate(parties)
        for other in parties[number + 1 :]
    )
    facts: Facts = {
        "parties_related": related,
        "licensor_local": licensor.district not in ELSEWHERE,
        "licensee_local": licensee.district not in ELSEWHERE,
    }
    side, size = deal.side_of(claimant_id), licensee.classification
    if side is not None:
        facts["deal_part"] = side.value
    return facts | ({"licensee_size": size.size.value} if size is not None else {})


def _days_facts(deal: Deal, on: date) -> Facts:
    facts: Facts = {"signed": deal.signed_on is not None and deal.signed_on <= on}
    days = {"signed_on": deal.signed_on if facts["signed"] else None, "free_until": deal.trial_ends_on}
    return facts | {name: day for name, day in days.items() if day is not None}


def _recorded(deals: Sequence[Deal], on: date) -> dict[uuid.UUID, Facts]:
    """Registration of the contract and confirmation of the intermediary; two reads for all deals that lack them."""
    bare = [deal.id for deal in deals if {"registration", "records"} & sa.inspect(deal).unloaded]
    if bare:
        loads = (selectinload(Deal.registration), selectinload(Deal.records))
        db.session.scalars(sa.select(Deal).where(Deal.id.in_(bare)).options(*loads)).all()  # onto the deals at hand
    return {deal.id: _recorded_of(deal, on) for deal in deals}


def _recorded_of(deal: Deal, on: date) -> Facts:
    row = deal.registration
    known = row is not None and row.registered_on <= on
    facts: Facts = {"contract_registered": known}
    if row is not None and known:
        facts |= {"registered_on": row.registered_on, "approved_fen": row.approved_fen}
    if deal.broker_id is not None:
        facts["broker_confirmed"] = deals_queries.broker_confirmed(deal)
    return facts


def _received(deal_ids: Sequence[uuid.UUID], on: date) -> dict[uuid.UUID, Facts]:
    """Payments that stand, by the day of their value: all until the day, and those of its calendar year."""
    of_year = sa.case((Payment.paid_on >= date(on.year, 1, 1), Payment.fen), else_=0)
    query = (
        sa.select(Payment.deal_id, sa.func.sum(Payment.fen), sa.func.sum(of_year))
        .where(Payment.deal_id.in_(deal_ids), Payment.reversal_id.is_(None), Payment.paid_on <= on)
        .group_by(Payment.deal_id)
    )
    return {
        deal_id: {"receipts_fen": int(total or 0), "receipts_year_fen": int(year or 0)}
        for deal_id, total, year in db.session.execute(query)
    }


def introduced(deals: Sequence[Deal]) -> dict[uuid.UUID, Facts]:
    """First day on which the broker of a deal introduced the licensee to one of its achievements."""
    brokered = {deal.id: deal for deal in deals if deal.broker_id is not None}
    if not brokered:
        return {}
    query = (
        sa.select(Deal.id, sa.func.min(Introduction.introduced_at))
        .join(DealAchievement, DealAchievement.deal_id == Deal.id)
        .join(
            Introduction,
            (Introduction.achievement_id == DealAchievement.achievement_id)
            & (Introduction.need_organisation_id == Deal.licensee_id)
            & (Introduction.broker_id == Deal.broker_id),
        )
        .where(Deal.id.in_(list(brokered)), Introduction.introduced_at.is_not(None))
        .group_by(Deal.id)
    )
    return {deal_id: {"introduced_on": clock.day_of(at)} for deal_id, at in db.session.execute(query) if at}


def standing_claims(deal_ids: Sequence[uuid.UUID], *, but: uuid.UUID | None = None) -> dict[uuid.UUID, dict[str, str]]:
    """Number of the claim that stands for a deal, by clause; one claim is left out."""
    query = (
        sa.select(ClaimDeal.deal_id, Claim.clause_id, Claim.number, Claim.id)
        .join(Claim, Claim.id == ClaimDeal.claim_id)
        .where(ClaimDeal.deal_id.in_(deal_ids), ClaimDeal.used_key.is_not(None))
        .order_by(Claim.number)
    )
    found: dict[uuid.UUID, dict[str, str]] = defaultdict(dict)
    for row in db.session.execute(query):
        if row.id != but:
            found[row.deal_id][row.clause_id] = row.number
    return found


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
