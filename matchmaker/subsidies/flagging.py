"""From rows to flags: what the detectors get to see of a claim and of those beside it, and where their findings are
kept.

Beside a claim stand those that share its deal, a party, the claimant, an achievement, or the number of a paper: each
found over an index, the latest first, at most `MOST` of them. Names that several people bear are counted over the
whole platform.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import select
from sqlalchemy.orm import joinedload, selectinload

from matchmaker.accounts.models import Membership, Organisation, User
from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.deals import queries as deals
from matchmaker.deals.models import Deal, DealAchievement
from matchmaker.deals.states import PartyRole
from matchmaker.deals.terms import fixed_fen
from matchmaker.listings.models import Achievement
from matchmaker.subsidies import flags, policies, queries
from matchmaker.subsidies.flag_words import empty_words
from matchmaker.subsidies.flags import Context, Flag, FlagCode, Inventor, Paper, Party, Record
from matchmaker.subsidies.folding import fold
from matchmaker.subsidies.models import Claim, ClaimDeal, ClaimPaper
from matchmaker.subsidies.review_models import ClaimFlag, FlagState, Particulars

MOST = 400
COMMON = 3
"""A name that so many people bear says nothing about who is related to whom."""


_OF_THE_DEAL = frozenset(
    {
        FlagCode.EXCLUDING_CLAUSE,
        FlagCode.SPLIT,
        FlagCode.REPEAT,
        FlagCode.CIRCULAR,
        FlagCode.LATE_BROKER,
        FlagCode.UNCONFIRMED_BROKER,
        FlagCode.INVENTOR_INSIDE,
    }
)
"""Findings about one deal, whose key ends with it: what was cleared for one deal is asked anew for another. The rest
are about a paper, two parties or the claim.
"""


def raise_flags(claim: Claim) -> list[ClaimFlag]:
    """Look at a claim, deal by deal, and keep what is found and was not found before. Part of submission and formal
    check.
    """
    db.session.flush()
    gathered = records([claim, *beside(claim)])
    mine = gathered.pop(claim.id)
    others = [record for rows in gathered.values() for record in rows]
    known_of = select(ClaimFlag.code, ClaimFlag.key).where(ClaimFlag.claim_id == claim.id)
    known = {(code, key) for code, key in db.session.execute(known_of)}
    surroundings, rows = context([*mine, *others]), []
    for deal, record in zip(_deals_of(claim), mine, strict=True):
        for flag in flags.detect(replace(record, **_broker(deal)), others, surroundings):
            found = _of_deal(flag, record) if deal is not None and flag.code in _OF_THE_DEAL else flag
            if (found.code, found.key) not in known:
                known.add((found.code, found.key))
                rows.append(_row(claim, found))
    db.session.add_all(rows)
    return rows


def _of_deal(flag: Flag, record: Record) -> Flag:
    return replace(flag, key=f"{flag.key}:{record.deal_id}", facts={**flag.facts, "deal": record.title})


def _deals_of(claim: Claim) -> Sequence[Deal | None]:
    return claim.deals or (None,)


def _row(claim: Claim, flag: Flag) -> ClaimFlag:
    facts = {name: list(value) if isinstance(value, tuple) else value for name, value in flag.facts.items()}
    return ClaimFlag(
        claim_id=claim.id,
        code=flag.code,
        key=flag.key,
        facts={**facts, "reason": flag.reason},
        rests_on=list(flag.rests_on),
        state=FlagState.OPEN,
        raised_at=clock.now(),
    )


def beside(claim: Claim) -> list[Claim]:
    """Other claims, handed in once or more, that share something with this one; the latest first."""
    papers = [paper.folded for paper in claim.papers]
    sums = [paper.fen for paper in claim.papers if paper.fen]
    reasons = [Claim.claimant_organisation_id == claim.claimant_organisation_id]
    if papers:
        shared = ClaimPaper.folded.in_(papers) | ClaimPaper.fen.in_(sums)
        reasons.append(Claim.id.in_(select(ClaimPaper.claim_id).where(shared)))
    if claim.deals:
        near = select(ClaimDeal.claim_id).where(ClaimDeal.deal_id.in_(_deals_beside(claim.deals)))
        reasons.append(Claim.id.in_(near))
    query = select(Claim).where(Claim.id != claim.id, Claim.submitted_at.is_not(None), sa.or_(*reasons))
    parts = (selectinload(Claim.deal_rows), joinedload(Claim.claimant), selectinload(Claim.papers))
    return list(db.session.scalars(query.options(*parts).order_by(Claim.submitted_at.desc(), Claim.id).limit(MOST)))


def _deals_beside(of_claim: Sequence[Deal]) -> sa.Select[uuid.UUID]:
    """The deals themselves, those of the same achievements, and those that their two sides have with anyone."""
    ids = [deal.id for deal in of_claim]
    sides = sorted({side for deal in of_claim for side in (deal.licensor_id, deal.licensee_id)})
    achievements = [row.achievement_id for deal in of_claim for row in deal.achievements]
    same = select(DealAchievement.deal_id).where(DealAchievement.achievement_id.in_(achievements))
    of_sides = select(Deal.id).where(Deal.licensor_id.in_(sides) | Deal.licensee_id.in_(sides))
    return select(Deal.id).where(Deal.id.in_(ids) | Deal.id.in_(same) | Deal.id.in_(of_sides))


def context(gathered: Iterable[Record]) -> Context:
    """Exclusions of the policy, and which of the names at hand are common."""
    parties = [party for record in gathered for party in record.organisations()]
    names = {fold(name) for party in parties for name in (party.representative, *party.owners)}
    names |= {fold(inventor.name) for record in gathered for inventor in record.inventors}
    return Context(exclusions(), _common(names - {""}), empty_words())


def exclusions() -> frozenset[frozenset[str]]:
    """Pairs of clauses that may not be claimed both for one deal, as the catalogue has them."""
    catalogue = policies.current().catalogue
    return frozenset(frozenset({clause.id, other}) for clause in catalogue for other in getattr(clause, "excludes", ()))


def _common(names: Collection[str]) -> frozenset[str]:
    counted = Counter(fold(name) for name in db.session.scalars(select(User.name)) if fold(name) in names)
    return frozenset(name for name, count in counted.items() if count >= COMMON)


def records(claims: Sequence[Claim]) -> dict[uuid.UUID, list[Record]]:
    """What the detectors look at, for several claims in a bounded number of reads: a record for each deal of a claim,
    one where it has none.
    """
    wanted = {claim.claimant_organisation_id for claim in claims}
    wanted |= {party for claim in claims for deal in claim.deals for party in deal.parties.values()}
    parties = _parties(wanted)
    inventors = _inventors([deal.id for claim in claims for deal in claim.deals])
    return {claim.id: [_record(claim, deal, parties, inventors) for deal in _deals_of(claim)] for claim in claims}


def _record(
    claim: Claim,
    deal: Deal | None,
    parties: dict[uuid.UUID, Party],
    made: dict[uuid.UUID, list[tuple[str, Inventor]]],
) -> Record:
    found = made.get(deal.id, []) if deal is not None else []
    return Record(
        id=str(claim.id),
        number=claim.number,
        clause_id=claim.clause_id,
        claimant=parties[claim.claimant_organisation_id],
        parties={role: parties[party] for role, party in deal.parties.items()} if deal is not None else {},
        deal_id=str(deal.id) if deal is not None else None,
        title=deal.title if deal is not None else claim.subject,
        achievements=frozenset(achievement for achievement, _ in found),
        inventors=tuple(inventor for _, inventor in found),
        sum_fen=claim.requested_fen,
        cap_fen=claim.clause_frozen.get("amount_fen"),
        price_fen=_price(deal),
        signed_on=deal.signed_on if deal is not None else None,
        papers=tuple(Paper(row.kind, row.number, row.fen, row.dated_on) for row in claim.papers),
        claimed_on=clock.day_of(claim.submitted_at) if claim.submitted_at is not None else clock.today(),
    )


def _broker(deal: Deal | None) -> dict[str, Any]:
    """Of the one claim that is looked at: when its intermediary came in, and whether both sides say so."""
    if deal is None or deal.broker_id is None:
        return {}
    return {
        "introduced_on": queries.introduced_on(deal),
        "broker_recorded_on": clock.day_of(deal.created_at),
        "confirmed_by": frozenset({PartyRole.LICENSOR, PartyRole.LICENSEE} if deals.broker_confirmed(deal) else ()),
    }


def _price(deal: Deal | None) -> int | None:
    """Sum of the fixed parts of the fee that the deal agrees on."""
    draft = None if deal is None else deal.draft
    return None if draft is None or draft.fee is None else fixed_fen(draft.fee) or None


def _parties(ids: Collection[uuid.UUID]) -> dict[uuid.UUID, Party]:
    people: dict[uuid.UUID, set[str]] = {}
    members = select(Membership.organisation_id, Membership.user_id).where(Membership.organisation_id.in_(sorted(ids)))
    for organisation_id, user_id in db.session.execute(members):
        people.setdefault(organisation_id, set()).add(str(user_id))
    query = (
        select(Organisation.id, Organisation.name, Organisation.credit_code, Particulars)
        .outerjoin(Particulars, Particulars.organisation_id == Organisation.id)
        .where(Organisation.id.in_(sorted(ids)))
    )
    found = {}
    for organisation_id, name, credit_code, stated in db.session.execute(query):
        told = {} if stated is None else _told(stated)
        known = frozenset(people.get(organisation_id, ()))
        found[organisation_id] = Party(str(organisation_id), credit_code, name=name, people=known, **told)
    return found


def _told(row: Particulars) -> dict[str, Any]:
    return {
        "address": row.address,
        "phone": row.phone,
        "representative": row.legal_representative,
        "owners": tuple(row.owners),
    }


def _inventors(deal_ids: Collection[uuid.UUID]) -> dict[uuid.UUID, list[tuple[str, Inventor]]]:
    """Achievements of each deal with the people who made them: those named as completers, and whoever entered it."""
    query = (
        select(DealAchievement.deal_id, Achievement.id, Achievement.completers, User.id, User.name)
        .join(Achievement, Achievement.id == DealAchievement.achievement_id)
        .outerjoin(User, User.id == Achievement.author_id)
        .where(DealAchievement.deal_id.in_(sorted(deal_ids)))
        .order_by(DealAchievement.deal_id, DealAchievement.position)
    )
    found: dict[uuid.UUID, list[tuple[str, Inventor]]] = {}
    for deal_id, achievement_id, completers, user_id, name in db.session.execute(query):
        people = {Inventor("", completer["name"]) for completer in completers}
        people |= {Inventor(str(user_id), name)} if user_id is not None else set()
        made = [(str(achievement_id), person) for person in sorted(people, key=lambda one: (one.id, one.name))]
        found.setdefault(deal_id, []).extend(made)
    return found
