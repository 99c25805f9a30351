"""Reads of deals: what is agreed, what is due, what was paid, what happened."""

from __future__ import annotations

import re
import uuid
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from matchmaker.accounts import queries as accounts
from matchmaker.accounts.models import Organisation, OrganisationState
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.accounts.size_class import is_sme
from matchmaker.core import audit, clock, workflow
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import N_, InvalidMany
from matchmaker.deals import rules, schedule, settlement
from matchmaker.deals import terms as agreed
from matchmaker.deals.models import Deal, DealAchievement, Payment, TermsVersion
from matchmaker.deals.permissions import Can
from matchmaker.deals.refusals import PartyAmbiguous, PartyUnknown
from matchmaker.deals.schedule import Due, DueKind, Period
from matchmaker.deals.settlement import Allocation, Overdue
from matchmaker.deals.states import DEAL, DealAction, DealState, PartyRole
from matchmaker.deals.terms import Line, OnDate, Terms
from matchmaker.ledger import queries as ledger
from matchmaker.ledger.posting import AccountKind, account
from matchmaker.listings import queries as listings
from matchmaker.listings.models import Achievement

SIGNED_STATES = (DealState.ON_TRIAL, DealState.PAYING, DealState.COMPLETED)
"""States of a deal that all parties have signed and that has not ended early."""

_LICENSED = (DealState.AGREED, *SIGNED_STATES)


# --- deals ----------------------------------------------------------------------------------------------------------


def find_deal(deal_id: uuid.UUID) -> Deal | None:
    """With its parties and all that hangs on it, in a fixed number of reads."""
    query = (
        select(Deal)
        .where(Deal.id == deal_id)
        .options(
            *_PARTIES,
            selectinload(Deal.achievements).options(
                joinedload(DealAchievement.achievement), joinedload(DealAchievement.revision)
            ),
            joinedload(Deal.introduction),
            selectinload(Deal.versions),
            selectinload(Deal.acceptances),
            selectinload(Deal.signatures),
            selectinload(Deal.royalty_reports),
            selectinload(Deal.payments).joinedload(Payment.reversal),
        )
    )
    return db.session.scalar(query)


_PARTIES = (joinedload(Deal.licensor), joinedload(Deal.licensee), joinedload(Deal.broker))


def list_deals(actor: Actor, *, state: DealState | None = None, text: str = "") -> Select[Deal]:
    """Deals the actor may see, the newest first."""
    assents = (selectinload(Deal.acceptances), selectinload(Deal.signatures))
    query = select(Deal).where(visible(actor, Can.DEAL_VIEW)).options(*_PARTIES, *assents)
    if state is not None:
        query = query.where(Deal.state == state)
    if text:
        query = query.where(Deal.title.contains(text, autoescape=True))
    return query.order_by(Deal.created_at.desc(), Deal.id)


def open_steps(actor: Actor, deal: Deal) -> list[DealAction]:
    """Steps open to the actor now, in the table's order, without those that would be refused for what has been done."""
    steps = [DealAction(action) for action in workflow.open_actions(actor, deal, DEAL)]
    side = deal.side_of(actor.organisation_id)
    return [step for step in steps if step not in _VARIANTS and not _in_vain(deal, side, step)]


def _in_vain(deal: Deal, side: PartyRole | None, step: DealAction) -> bool:
    """Whether the step would be refused for what has been done already, or not yet."""
    match step:
        case DealAction.ACCEPT:
            return side in deal.accepted_by
        case DealAction.SIGN:
            return side in deal.signed_by
        case DealAction.REPORT_ROYALTY:
            return all(period.ends_on >= clock.today() for period in unreported_periods(deal)[:1])
        case DealAction.RECORD_PAYMENT:
            return outstanding_fen(deal) == 0
        case DealAction.REVERSE_PAYMENT:
            return not deal.payments
        case DealAction.COMPLETE:
            return outstanding_fen(deal) > 0 or bool(unreported_periods(deal))
    return False


_VARIANTS = {DealAction.ACCEPT_FIRST, DealAction.ACTIVATE, DealAction.ACTIVATE_UNTRIED}
"""Forms that an acceptance or a signature takes; which one, the command finds out."""


def is_waiting_for(actor: Actor, deal: Deal) -> bool:
    """Whether the actor's answer or signature is awaited."""
    if deal.state not in (DealState.OFFERED, DealState.AGREED):
        return False
    return bool({DealAction.ACCEPT, DealAction.SIGN} & set(open_steps(actor, deal)))


def count_by_state(actor: Actor) -> dict[DealState, int]:
    """How many deals the actor may see are in each state; states without any are left out."""
    query = select(Deal.state, func.count()).where(visible(actor, Can.DEAL_VIEW)).group_by(Deal.state)
    return {DealState(state): count for state, count in db.session.execute(query)}


def list_brokered(actor: Actor) -> list[Deal]:
    """Signed deals that the actor's intermediary brought about, the last signed first."""
    query = (
        select(Deal)
        .where(Deal.broker_id == actor.organisation_id, Deal.state.in_(SIGNED_STATES), visible(actor, Can.DEAL_VIEW))
        .options(*_PARTIES)
        .order_by(Deal.signed_on.desc(), Deal.id)
    )
    return list(db.session.scalars(query))


def count_signed(since: date | None = None) -> int:
    """How many deals all parties have signed, on or after `since` if given; those that ended later included."""
    query = select(func.count()).select_from(Deal).where(Deal.signed_on.is_not(None))
    if since is not None:
        query = query.where(Deal.signed_on >= since)
    return db.session.scalar(query) or 0


def count_paid(since: date | None = None) -> int:
    """How many deals have a payment that stands, received on or after `since` if given."""
    query = select(func.count(Payment.deal_id.distinct())).where(Payment.reversal_id.is_(None))
    if since is not None:
        query = query.where(Payment.paid_on >= since)
    return db.session.scalar(query) or 0


# --- what a deal can be made of -------------------------------------------------------------------------------------

CHOICE = 20


def list_licensable(actor: Actor, *, text: str = "", chosen: Collection[uuid.UUID] = ()) -> list[Achievement]:
    """Published achievements to choose from: those chosen already, then up to `CHOICE` with this text in the title.

    An officer of a university chooses among its own.
    """
    conditions = [Achievement.title.contains(text, autoescape=True)]
    if actor.organisation_kind == OrganisationKind.UNIVERSITY:
        conditions.append(Achievement.organisation_id == actor.organisation_id)
    kept: Any = listings.list_published_achievements(Achievement.id.in_(sorted(chosen)))
    others: Any = listings.list_published_achievements(*conditions, Achievement.id.not_in(sorted(chosen)))
    return [*db.session.scalars(kept), *db.session.scalars(others.limit(CHOICE))]


def list_parties(actor: Actor, kind: OrganisationKind, *, limit: int = 300) -> list[Organisation]:
    """Verified organisations of a kind, by name, to choose from."""
    query = accounts.list_organisations(actor, kind=kind, state=OrganisationState.VERIFIED)
    return list(db.session.scalars(query.limit(limit)))


def get_party(actor: Actor, kind: OrganisationKind, text: str, *, field: str) -> Organisation:
    """The verified organisation of a kind that goes by this name, part of a name, or credit code.

    Raises PartyUnknown, PartyAmbiguous.
    """
    code = _CREDIT_CODE.search(text.upper())
    query = accounts.list_organisations(
        actor, kind=kind, state=OrganisationState.VERIFIED, text=code[0] if code else text
    )
    found = list(db.session.scalars(query.limit(CHOICE)))
    exact = [row for row in found if text in (row.name, row.name_en)]
    if len(exact or found) == 1:
        return (exact or found)[0]
    if not found:
        raise PartyUnknown(field=field, text=text)
    raise PartyAmbiguous(field=field, names=tuple(row.name for row in found[:5]))


_CREDIT_CODE = re.compile(r"\b[0-9A-Z]{18}\b")


# --- terms ----------------------------------------------------------------------------------------------------------


def context(deal: Deal, terms: Terms) -> rules.Context:
    """What the terms are judged against: rights of the revisions, size of the licensee, other licences now."""
    size = deal.licensee.classification
    return rules.Context(
        rights_expire_on=min((day for row in deal.achievements for day in _expiries(row)), default=None),
        licensee_is_sme=None if size is None else is_sme(size.size),
        existing_kinds=frozenset(_existing(deal, from_on=terms.effective_on)),
    )


def _expiries(row: DealAchievement) -> Iterable[date]:
    return (date.fromisoformat(right["expires_on"]) for right in row.revision.body["rights"] if right["expires_on"])


def _existing(deal: Deal, *, from_on: date) -> Iterable[agreed.LicenceKind]:
    """Kinds of the other licences, in force or being signed, that still run on this day."""
    achievements = [row.achievement_id for row in deal.achievements]
    others = select(DealAchievement.deal_id).where(DealAchievement.achievement_id.in_(achievements))
    query = (
        select(TermsVersion)
        .join(Deal, (Deal.id == TermsVersion.deal_id) & (Deal.number == TermsVersion.number))
        .where(Deal.id.in_(others), Deal.id != deal.id, Deal.state.in_(_LICENSED))
    )
    for version in db.session.scalars(query):
        terms = version.terms
        if terms.ends_on is None or terms.ends_on >= from_on:
            yield terms.licence


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the rules say of a draft: `faults` stand in the way of an offer, `warnings` do not."""

    faults: InvalidMany | None
    warnings: list[rules.TermsWarning]


def judge(deal: Deal, terms: Terms) -> Verdict:
    try:
        return Verdict(None, rules.validate(terms, context(deal, terms)))
    except InvalidMany as faults:
        return Verdict(faults, [])


Change = tuple[Line | None, Line | None]


def list_changes(deal: Deal) -> list[tuple[TermsVersion, list[Change]]]:
    """Versions, the latest first, each with the lines that differ from the one before: old and new, None for none."""
    before = [None, *deal.versions]
    return [
        (version, _changes(old.terms, version.terms) if old is not None else [])
        for old, version in reversed(list(zip(before, deal.versions, strict=False)))
    ]


def _changes(old: Terms, new: Terms) -> list[Change]:
    before, after = _numbered(agreed.lines(old)), _numbered(agreed.lines(new))
    pairs = [(before.get(key), after.get(key)) for key in dict.fromkeys([*before, *after])]
    return [pair for pair in pairs if pair[0] != pair[1]]


def _numbered(lines: Iterable[Line]) -> dict[tuple[str, int], Line]:
    """Lines by label, those with the same label (instalments) told apart by their place."""
    seen: Counter[str] = Counter()
    found = {}
    for line in lines:
        seen[line.label] += 1
        found[line.label, seen[line.label]] = line
    return found


# --- money ----------------------------------------------------------------------------------------------------------


def terms_in_force(deal: Deal) -> Terms | None:
    """The terms last offered, None before the first offer."""
    version = deal.version_on_offer
    return None if version is None else version.terms


def dues(deal: Deal) -> list[Due]:
    """What is to be paid, by day: fixed amounts once payment has begun, and the royalties reported.

    Of a deal that ended early, what had fallen due by then.
    """
    terms = terms_in_force(deal)
    if terms is None or deal.payment_starts_on is None:
        return []
    ends_on = {period.number: period.ends_on for period in schedule.royalty_periods(terms, deal.payment_starts_on)}
    found = schedule.amounts_due(terms, deal.payment_starts_on)
    found += [Due(row.number, ends_on[row.number], row.fen, DueKind.ROYALTY) for row in deal.royalty_reports]
    if deal.state == DealState.ENDED and deal.ended_on is not None:
        found = [due for due in found if due.due_on <= deal.ended_on]
    return sorted(found, key=lambda due: (due.due_on, due.kind, due.number))


def planned_dues(deal: Deal) -> list[Due]:
    """The fixed amounts as they will fall due, where the terms fix the day on which payment starts; else empty."""
    terms = terms_in_force(deal)
    if terms is None or not isinstance(terms.trigger, OnDate):
        return []
    return schedule.amounts_due(terms, terms.trigger.on)


def unreported_periods(deal: Deal) -> list[Period]:
    """Royalty periods, of a deal in the state of paying, that the licensee has not reported yet."""
    terms = terms_in_force(deal)
    if terms is None or deal.payment_starts_on is None or deal.state != DealState.PAYING:
        return []
    reported = {row.number for row in deal.royalty_reports}
    return [
        period for period in schedule.royalty_periods(terms, deal.payment_starts_on) if period.number not in reported
    ]


def paid_account(deal_id: uuid.UUID) -> str:
    return account(AccountKind.DEAL_PAID, deal_id)


def paid_fen(deal: Deal) -> int:
    """What was paid and not taken back, by the ledger."""
    return ledger.balance(paid_account(deal.id))


def paid_by_deal(deals: Iterable[Deal]) -> dict[uuid.UUID, int]:
    """The same for several deals, in one read."""
    accounts = {paid_account(deal.id): deal.id for deal in deals}
    return {accounts[name]: fen for name, fen in ledger.balances_of(accounts).items()} if accounts else {}


def outstanding_fen(deal: Deal) -> int:
    """Due now or later, and not paid."""
    return settlement.outstanding(settlement.allocate(dues(deal), paid_fen(deal)))


def last_payment(deal: Deal) -> Payment | None:
    """The latest payment that stands."""
    return next((row for row in reversed(deal.payments) if row.reversal_id is None), None)


def find_payment(deal: Deal, payment_id: uuid.UUID) -> Payment | None:
    return db.session.scalar(select(Payment).where(Payment.id == payment_id, Payment.deal_id == deal.id))


def find_payment_by_key(deal: Deal, idempotency_key: str) -> Payment | None:
    query = select(Payment).where(Payment.deal_id == deal.id, Payment.idempotency_key == idempotency_key)
    return db.session.scalar(query)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a deal stands on a day. `planned` says that payment has not begun and the amounts lie ahead."""

    allocation: Allocation
    late: Mapping[Due, Overdue]
    due_now_fen: int
    paid_fen: int
    planned: bool


def standing(deal: Deal, today: date) -> Standing | None:
    """Amounts, what is paid on each, what is overdue. None where nothing is due or known to fall due."""
    terms = terms_in_force(deal)
    found = dues(deal)
    planned = not found and deal.state in (DealState.OFFERED, DealState.AGREED, DealState.ON_TRIAL)
    amounts = planned_dues(deal) if planned else found
    if terms is None or not amounts:
        return None
    paid = 0 if planned else paid_fen(deal)
    allocation = settlement.allocate(amounts, paid)
    late = [] if planned else settlement.overdue(allocation, today, terms.grace_days)
    return Standing(
        allocation=allocation,
        late={one.due: one for one in late},
        due_now_fen=0 if planned else settlement.outstanding(allocation, until=today),
        paid_fen=paid,
        planned=planned,
    )


# --- history --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Moment:
    """One event: `phrase` is a catalogue key that names `who` (None: the platform) acted and may use the facts."""

    at: datetime
    phrase: str
    who: Organisation | None
    facts: Mapping[str, Any]


PHRASES: Mapping[str, str] = MappingProxyType(
    {
        "deal.drafted": N_("%(who)s began the draft."),
        "deal.terms_edited": N_("%(who)s edited the terms."),
        "deal.draft_discarded": N_("%(who)s discarded the draft."),
        "deal.terms_offered": N_("%(who)s offered the terms, version %(number)s."),
        "deal.offer_withdrawn": N_("%(who)s took the offer back."),
        "deal.offer_accepted": N_("%(who)s accepted version %(number)s."),
        "deal.offer_declined": N_("%(who)s declined the offer."),
        "deal.signed": N_("%(who)s signed version %(number)s."),
        "deal.activated": N_("%(who)s signed version %(number)s as the last party. The licence is in force."),
        "deal.payment_started": N_("%(who)s recorded that payment starts."),
        "deal.trial_ended": N_("%(who)s ended the trial; the documents were returned."),
        "deal.royalty_reported": N_("%(who)s reported royalty period %(number)s: royalty %(amount_fen)s."),
        "deal.payment_recorded": N_("%(who)s recorded a payment of %(amount_fen)s."),
        "deal.payment_reversed": N_("%(who)s took a payment of %(amount_fen)s back."),
        "deal.completed": N_("%(who)s declared the deal completed."),
        "deal.terminated": N_("%(who)s terminated the licence."),
    }
)
"""What to say of each event of the transition table and of the one that begins a deal."""


def list_history(deal: Deal) -> list[Moment]:
    """What happened, oldest first."""
    return [
        Moment(event.at, PHRASES[event.event], organisation_on(deal, deal.side_of(event.organisation_id)), event.facts)
        for event in audit.list_events(deal.id)
    ]


def organisation_on(deal: Deal, side: PartyRole | None) -> Organisation | None:
    """None for no side, and for the broker's where there is no broker."""
    return {
        None: None,
        PartyRole.LICENSOR: deal.licensor,
        PartyRole.LICENSEE: deal.licensee,
        PartyRole.BROKER: deal.broker,
    }[side]
