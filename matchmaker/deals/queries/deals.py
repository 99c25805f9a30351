"""Which deals there are, what can be done with one now, and what a deal can be made of."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, selectinload

from matchmaker.accounts import queries as accounts
from matchmaker.accounts.models import Organisation, OrganisationState
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import clock, workflow
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.deals import records, stakes, states
from matchmaker.deals.models import Deal, DealAchievement, Payment, Registration
from matchmaker.deals.permissions import Can
from matchmaker.deals.queries import money
from matchmaker.deals.queries.terms import terms_in_force
from matchmaker.deals.records import RecordKind, ReportState
from matchmaker.deals.refusals import PartyAmbiguous, PartyUnknown
from matchmaker.deals.schedule import fixed_start
from matchmaker.deals.stake_models import StakeEntry
from matchmaker.deals.stakes import StakeKind
from matchmaker.deals.states import DEAL, DealAction, DealState, PartyRole
from matchmaker.deals.terms import InvestFirst, Stake
from matchmaker.introductions.models import Introduction
from matchmaker.listings import queries as listings
from matchmaker.listings.models import Achievement

LIVE_STATES = (
    DealState.ON_TRIAL,
    DealState.DECISION_DUE,
    DealState.PAYING,
    DealState.DEFAULTED,
    DealState.DISPUTED,
)
"""States of a deal that is in force."""

SIGNED_STATES = (*LIVE_STATES, DealState.COMPLETED)
"""States of a deal that all parties have signed and that has not ended early."""

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
            joinedload(Deal.transfer_to),
            joinedload(Deal.brokering),
            selectinload(Deal.versions),
            selectinload(Deal.acceptances),
            selectinload(Deal.signatures),
            selectinload(Deal.royalty_reports),
            selectinload(Deal.payments).options(joinedload(Payment.reversal), joinedload(Payment.reward)),
            selectinload(Deal.records),
            selectinload(Deal.files),
            joinedload(Deal.notices),  # at most one for each version: seldom two
            joinedload(Deal.registration).joinedload(Registration.certificate),
        )
    )
    return db.session.scalars(query).unique().one_or_none()


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


def list_begun(actor: Actor, introduction: Introduction) -> list[Deal]:
    """Deals of an introduction that the actor may see and that have not ended, the newest first."""
    begun = list_deals(actor).where(
        Deal.licensee_id == introduction.need_organisation_id,  # by its index
        Deal.introduction_id == introduction.id,
        Deal.state != DealState.ENDED,
    )
    return list(db.session.scalars(begun))


def open_steps(actor: Actor, deal: Deal) -> list[DealAction]:
    """Steps open to the actor now, in the table's order, without those that would be refused for what has been done."""
    steps = [DealAction(action) for action in workflow.open_actions(actor, deal, DEAL)]
    side = deal.side_of(actor.organisation_id)
    return [step for step in steps if step not in _VARIANTS and not _in_vain(deal, side, step)]


def _in_vain(deal: Deal, side: PartyRole | None, step: DealAction) -> bool:
    """Whether the step would be refused for what has been done already, or not yet."""
    vain = _vain_before(deal, side, step) or _vain_in_trial(deal, side, step) or _vain_money(deal, step)
    return vain or (step in _REGISTER and _vain_shares(deal, side, step))


def _vain_before(deal: Deal, side: PartyRole | None, step: DealAction) -> bool:
    match step:
        case DealAction.ACCEPT:
            return side in deal.accepted_by
        case DealAction.COUNTER:
            return side == deal.offered_by
        case DealAction.SIGN:
            return side in deal.signed_by
    return False


def _vain_in_trial(deal: Deal, side: PartyRole | None, step: DealAction) -> bool:
    terms = terms_in_force(deal)
    match step:
        case DealAction.REPORT_EVENT:
            return not reportable_events(deal)
        case DealAction.CONFIRM_EVENT | DealAction.DISPUTE_EVENT:
            event = records.open_event(deal.records)
            return event is None or event.party == side
        case DealAction.START_PAYMENT:
            return terms is None or fixed_start(terms.trigger) is None
        case DealAction.ASK_EXTENSION:
            left = 0 if terms is None or terms.trial_end is None else terms.trial_end.extensions
            return records.open_extension(deal.records) is not None or records.extensions(deal.records) >= left
        case DealAction.GRANT_EXTENSION | DealAction.REFUSE_EXTENSION:
            return records.open_extension(deal.records) is None
    return False


_REGISTER = (
    DealAction.PAY_PROJECT_MONEY,
    DealAction.TAKE_STAKE,
    DealAction.CHANGE_STAKE,
    DealAction.EXIT_STAKE,
    DealAction.CONFIRM_STAKE,
    DealAction.DISPUTE_STAKE,
)


def _vain_shares(deal: Deal, side: PartyRole | None, step: DealAction) -> bool:
    terms = terms_in_force(deal)
    if terms is None or not isinstance(terms.fee, Stake | InvestFirst):
        return True
    found = stakes.register(deal.stakes)
    waiting = any(one.kind is not StakeKind.MONEY_PAID for one in found.open)
    match step:
        case DealAction.PAY_PROJECT_MONEY:
            return not isinstance(terms.fee, InvestFirst) or found.money_fen >= terms.fee.project_fen
        case DealAction.TAKE_STAKE:
            return waiting or found.held_ppm is not None
        case DealAction.CHANGE_STAKE | DealAction.EXIT_STAKE:
            return waiting or not found.held_ppm
    return not answerable_entries(deal, side)


def register(deal: Deal) -> stakes.Register | None:
    """What stands of the register of shares; None for a deal that is not paid for in them."""
    terms = terms_in_force(deal)
    if terms is None or deal.signed_on is None or not isinstance(terms.fee, Stake | InvestFirst):
        return None
    return stakes.register(deal.stakes)


def answerable_entries(deal: Deal, side: PartyRole | None) -> list[StakeEntry]:
    """Entries of the register that await this side's answer."""
    waiting = {one.number for one in stakes.register(deal.stakes).open}
    return [row for row in deal.stakes if row.number in waiting and row.party != side]


def _vain_money(deal: Deal, step: DealAction) -> bool:
    today = clock.today()
    match step:
        case DealAction.REPORT_ROYALTY:
            return all(period.ends_on >= today for period in money.unreported_periods(deal)[:1])
        case DealAction.CONFIRM_ROYALTY | DealAction.DISPUTE_ROYALTY:
            return not answerable_reports(deal)
        case DealAction.CORRECT_ROYALTY:
            return not correctable_reports(deal)
        case DealAction.RECORD_PAYMENT:
            return money.outstanding_fen(deal) == 0
        case DealAction.REVERSE_PAYMENT:
            return not deal.payments
        case DealAction.CHARGE_PENALTY:
            return not money.penalties(deal, today)
        case DealAction.DECLARE_DEFAULT:
            return money.overdue_fen(deal, today) == 0 and not money.late_reports(deal, today)
        case DealAction.ASK_TRANSFER:
            return deal.transfer_to_id is not None
        case DealAction.TRANSFER:
            return deal.transfer_to_id is None or open_transfer_acceptance(deal) is None
        case DealAction.REFUSE_TRANSFER:
            return deal.transfer_to_id is None
        case DealAction.COMPLETE:
            owed = money.outstanding_fen(deal) > 0 or bool(money.unreported_periods(deal))
            terms = terms_in_force(deal)
            return owed or terms is None or not stakes.is_settled(terms, deal.stakes)
        case DealAction.RETURN_DOCUMENTS:
            return deal.documents_returned_on is not None or deal.signed_on is None
    return False


def check_counter(actor: Actor, deal: Deal) -> None:
    """Raises WrongState, or NotThisSide for whoever does not answer the standing offer."""
    DEAL.step(deal.state, DealAction.COUNTER)
    states.check_counter(deal.side_of(actor.organisation_id), offered_by=deal.offered_by)


def reportable_events(deal: Deal) -> list[str]:
    """Refs of the events that can be reported now: of the trigger while it is awaited, and of milestones."""
    terms = terms_in_force(deal)
    if terms is None:
        return []
    found = []
    if deal.payment_starts_on is None:
        found = [f"trigger:{place}" for place in money.awaited(terms) if place not in _happened(deal, "trigger")]
    found += [f"milestone:{place}" for place in money.milestones(terms) if place not in _happened(deal, "milestone")]
    return [ref for ref in found if records.open_event(deal.records, ref) is None]


def _happened(deal: Deal, prefix: str) -> dict[int, date]:
    return records.happened(deal.records, prefix)


def answerable_reports(deal: Deal) -> list[int]:
    """Numbers of the royalty periods whose statement awaits the licensor's answer, or an audit's end."""
    waiting = (ReportState.REPORTED, ReportState.AUDITED)
    return [row.number for row in deal.royalty_reports if records.report_state(deal.records, row.number) in waiting]


def correctable_reports(deal: Deal) -> list[int]:
    """Numbers of the royalty periods whose statement was disputed or is being audited."""
    open_now = (ReportState.DISPUTED, ReportState.AUDITED)
    return [row.number for row in deal.royalty_reports if records.report_state(deal.records, row.number) in open_now]


def open_transfer_acceptance(deal: Deal) -> records.Declared | None:
    """The new licensee's yes to the transfer asked for last."""
    asked = records.of_kind(deal.records, RecordKind.TRANSFER_ASKED)
    accepted = records.of_kind(deal.records, RecordKind.TRANSFER_ACCEPTED)
    return next((one for one in accepted if asked and one.about == asked[-1].number), None)


_VARIANTS = {
    DealAction.ACCEPT_FIRST,
    DealAction.ACTIVATE,
    DealAction.ACTIVATE_UNTRIED,
    DealAction.CONFIRM_AND_START,
    DealAction.SETTLE_TO_TRIAL,
}
"""Forms that an acceptance, a signature, a confirmation or a settlement takes; which one, the command finds out."""


def is_waiting_for(actor: Actor, deal: Deal) -> bool:
    """Whether the actor's answer to an offer, or signature, is awaited."""
    awaited = {DealState.OFFERED: DealAction.ACCEPT, DealState.AGREED: DealAction.SIGN}.get(deal.state)
    if awaited is None:
        return False
    open_now = workflow.open_actions(actor, deal, DEAL, among=[awaited])
    return bool(open_now) and not _vain_before(deal, deal.side_of(actor.organisation_id), awaited)


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
    query = select(func.count(Payment.deal_id.distinct())).where(Payment.stands)
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
