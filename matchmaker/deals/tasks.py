"""What waits for whom in deals, and what moved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Text, and_, cast, exists, func, or_, select
from sqlalchemy.orm import aliased, joinedload

from matchmaker.accounts.roles import Role
from matchmaker.core import access, workflow
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.core.web import tasks
from matchmaker.core.web.tasks import Move, Task
from matchmaker.deals.amount_models import OpenAmount
from matchmaker.deals.basis import basis
from matchmaker.deals.models import Deal, Reminder, RoyaltyReport
from matchmaker.deals.permissions import SIGNATORY, Can
from matchmaker.deals.reminders import ReminderKind
from matchmaker.deals.stake_models import StakeEntry
from matchmaker.deals.states import DEAL, DealAction, DealState, PartyRole

PAGE = "deals.deal"

_LIVE = (
    DealState.OFFERED,
    DealState.AGREED,
    DealState.ON_TRIAL,
    DealState.DECISION_DUE,
    DealState.PAYING,
    DealState.DEFAULTED,
    DealState.DISPUTED,
)
_PRINCIPALS = (PartyRole.LICENSOR, PartyRole.LICENSEE)


@tasks.source("deals")
def waiting(actor: Actor) -> list[Task]:
    """Offers to answer, deals to sign, trials that run out or await a decision, and deals in which money is due."""
    if not actor.holds(*SIGNATORY.values()):
        return []
    asked = _entry_waits(actor)
    query = (
        select(Deal, asked, _report_waits(actor), *_owed(actor))
        .where(visible(actor, Can.DEAL_VIEW), or_(Deal.state.in_(_LIVE), asked))
        .options(joinedload(Deal.acceptances), joinedload(Deal.signatures))
        .order_by(Deal.created_at, Deal.id)
        .limit(tasks.MOST)
    )
    found: list[Task] = []
    for deal, entry_waits, report_waits, due_on, open_fen in db.session.execute(query).unique():
        found += _tasks(actor, deal)
        if deal.state == DealState.PAYING and due_on is not None:
            facts = {"amount_fen": open_fen}
            found.append(Task(tasks.PAY, N_("Pay %(amount_fen)s"), deal.title, PAGE, {"id": deal.id}, due_on, facts))
        if report_waits:
            found.append(Task(tasks.WRITE, N_("Report a royalty period"), deal.title, PAGE, {"id": deal.id}))
        if entry_waits:
            what = N_("Answer an entry of the register of shares")
            found.append(Task(tasks.DECIDE, what, deal.title, PAGE, {"id": deal.id}))
    return found


def _entry_waits(actor: Actor) -> ColumnElement[bool]:
    """Whether the deal's register of shares has an entry that the other side made and nobody has answered."""
    answer = aliased(StakeEntry)
    answered = exists().where(answer.deal_id == StakeEntry.deal_id, answer.about == StakeEntry.number)
    open_now = select(StakeEntry.deal_id).where(
        StakeEntry.about.is_(None), StakeEntry.organisation_id != actor.organisation_id, ~answered
    )
    return and_(visible(actor, Can.DEAL_ANSWER_STAKE), Deal.id.in_(open_now)).label("entry_waits")


def _report_waits(actor: Actor) -> ColumnElement[bool]:
    """Whether the actor's organisation was called upon to report a royalty period and has not."""
    reported = exists().where(
        RoyaltyReport.deal_id == Reminder.deal_id, cast(RoyaltyReport.number, Text) == Reminder.ref
    )
    called = exists().where(Reminder.deal_id == Deal.id, Reminder.kind == ReminderKind.REPORT_DUE, ~reported)
    mine = Deal.licensee_id == actor.organisation_id
    return and_(mine, Deal.state.in_(_LIVE), called.correlate(Deal)).label("report_waits")


def _owed(actor: Actor) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    """Of a deal the first day on which the actor's organisation has something to pay, and how much on it. Looked up by
    deal, so that the rest of the platform is of no consequence; none where the worker is about to write it anew."""
    mine = (OpenAmount.deal_id == Deal.id, OpenAmount.licensee_id == actor.organisation_id)
    current = Deal.amounts_basis == basis()
    first = select(func.min(OpenAmount.due_on)).where(*mine, current).correlate(Deal).scalar_subquery()
    sums = select(func.sum(OpenAmount.open_fen)).where(*mine, OpenAmount.due_on == first)
    return first, cast(sums.correlate(Deal).scalar_subquery(), BigInteger)


def _tasks(actor: Actor, deal: Deal) -> Iterator[Task]:
    values = {"id": deal.id}
    side = deal.side_of(actor.organisation_id)
    match deal.state:
        case DealState.OFFERED | DealState.AGREED:
            open_now = workflow.open_actions(actor, deal, DEAL)
            if DealAction.ACCEPT in open_now and side not in deal.accepted_by:
                what = N_("Answer an offer") if deal.number == 1 else N_("Answer changed terms")
                yield Task(tasks.DECIDE, what, deal.title, PAGE, values)
            if DealAction.SIGN in open_now and side not in deal.signed_by:
                yield Task(tasks.SIGN, N_("Sign a deal"), deal.title, PAGE, values)
        case DealState.ON_TRIAL if side in _PRINCIPALS:
            yield Task(tasks.DECIDE, N_("The trial ends"), deal.title, PAGE, values, due_on=deal.trial_ends_on)
        case DealState.DECISION_DUE if side in _PRINCIPALS:
            yield Task(tasks.DECIDE, N_("Decide what follows the trial"), deal.title, PAGE, values)
        case DealState.DEFAULTED if side == PartyRole.LICENSEE:
            yield Task(tasks.PAY, N_("Cure the default"), deal.title, PAGE, values, due_on=deal.cure_until)
        case DealState.DISPUTED if side in _PRINCIPALS:
            yield Task(tasks.DECIDE, N_("Settle the dispute"), deal.title, PAGE, values)


@tasks.news("deals")
def moved(actor: Actor) -> list[Move]:
    if actor.holds(Role.AUDITOR) or not access.may(actor, Can.DEAL_LIST):
        return []  # who watches everything follows nothing in particular
    return tasks.last_moved(Deal, Deal.title, visible(actor, Can.DEAL_VIEW), endpoint=PAGE)
