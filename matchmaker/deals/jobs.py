"""The daily run: what time does to deals. A puller, so it may run at any time, twice, and after a kill.

A deal is looked at once for each day; which day that was stands in `checked_on`, written in the same unit of work as
what was done. Days come from the terms and not from today, so that a run that comes late ends alike.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Any

from flask_babel import force_locale, gettext
from sqlalchemy import ColumnElement, insert, or_, select, update
from sqlalchemy.orm import joinedload, selectinload

from matchmaker.accounts.models import Membership, MembershipRole, User
from matchmaker.config import Settings
from matchmaker.core import audit, clock, jobs, messages, outbox
from matchmaker.core.access import system_actor
from matchmaker.core.clock import day_of
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import DomainError
from matchmaker.core.web import i18n
from matchmaker.deals import queries, records, reminders, schedule, services, stakes
from matchmaker.deals import royalty as royalties
from matchmaker.deals.models import Deal, Reminder
from matchmaker.deals.permissions import SIGNATORY
from matchmaker.deals.practice import practice
from matchmaker.deals.records import RecordKind, ReportState
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import Terms

log = logging.getLogger(__name__)

CLOCK = system_actor("clock")
CHUNK = 200
_TRIAL = (DealState.ON_TRIAL, DealState.DECISION_DUE)


@jobs.puller("deals")
def keep_time(settings: Settings) -> int:
    """Look at every live deal that was not looked at today. Returns how many were."""
    looked, today = 0, clock.today()
    while chunk := _next(today):
        with unit_of_work():
            look_at(chunk, today, settings.base_url)
        looked += len(chunk)
    return looked


@jobs.puller("open_amounts")
def keep_amounts(settings: Settings) -> int:
    """Write the amounts of deals that came without them (from before there was a table of them, or as copied rows), and
    anew those that were computed by other rules or another calendar. Returns of how many deals.
    """
    written = 0
    while chunk := queries.list_unwritten():
        with unit_of_work():
            services.write_amounts(chunk)
        written += len(chunk)
    return written


def verify_amounts(*, mend: bool = False) -> Iterator[services.Found]:
    """Deals of which something else is written than is computed now; with `mend`, written anew."""
    last = None
    while chunk := queries.list_written(after=last):
        with unit_of_work():
            found = services.list_differing(chunk)
            if mend:
                services.write_amounts([one.deal_id for one in found])
        yield from found
        last = chunk[-1]


def _next(today: date) -> list[uuid.UUID]:
    query = select(Deal.id).where(Deal.state.in_(queries.LIVE_STATES), _unseen(today)).order_by(Deal.id).limit(CHUNK)
    return list(db.session.scalars(query))


def _unseen(today: date) -> ColumnElement[bool]:
    return or_(Deal.checked_on.is_(None), Deal.checked_on < today)


def look_at(ids: Sequence[uuid.UUID], today: date, base_url: str) -> None:
    """What time does to these deals, and the reminders that are due. Part of a unit of work.

    A deal that cannot be gone on with is logged and skipped for the day: the others must not wait for it.
    """
    query = select(Deal).where(Deal.id.in_(ids), _unseen(today)).options(*_LOADS).order_by(Deal.id)
    deals = list(db.session.scalars(query.with_for_update(of=Deal)))
    services.hold(deals)
    mails = []
    for deal in deals:
        try:
            with db.session.begin_nested():
                take_its_course(deal)
        except DomainError as error:
            log.error("deal %s does not go on by itself: %s", deal.id, error.code)
        mails += [(deal, one) for one in reminders.due(view_of(deal, today), today)]
    _remind(mails, today, base_url)
    db.session.execute(
        update(Deal).where(Deal.id.in_([deal.id for deal in deals])).values(checked_on=today),
        execution_options={"synchronize_session": False},
    )


_LOADS: tuple[Any, ...] = (
    joinedload(Deal.licensor),
    joinedload(Deal.licensee),
    selectinload(Deal.versions),
    selectinload(Deal.records),
    selectinload(Deal.stakes),
    selectinload(Deal.royalty_reports),
    selectinload(Deal.payments),
)


# --- what time does -------------------------------------------------------------------------------------------------


def take_its_course(deal: Deal) -> None:
    """Start payment, or end the trial as the terms say, whichever day came first; then call for a decision."""
    while deal.state in _TRIAL and (step := _next_step(deal)) is not None:
        if not step(CLOCK, deal):
            break
    ends_on = deal.trial_ends_on
    soon = ends_on is not None and (ends_on - clock.today()).days <= practice().decision_days
    if deal.state == DealState.ON_TRIAL and soon:
        services.call_decision(CLOCK, deal)


def _next_step(deal: Deal) -> Any:
    terms, today = queries.terms_in_force(deal), clock.today()
    if terms is None or deal.trial_ends_on is None:
        return None
    starts_on = schedule.started_on(terms.trigger, records.happened(deal.records, "trigger"), today)
    ran_out = terms.trial_end is not None and today > deal.trial_ends_on
    if starts_on is not None and (not ran_out or starts_on <= schedule.day_after(deal.trial_ends_on)):
        return services.start_on_its_day
    return services.apply_trial_end if ran_out else None


# --- reminders ------------------------------------------------------------------------------------------------------


def view_of(deal: Deal, today: date) -> reminders.View:
    """The deal as reminders look at it."""
    terms = queries.terms_in_force(deal)
    if terms is None or deal.state not in queries.LIVE_STATES:
        return reminders.View()
    in_trial = deal.state in _TRIAL
    kinds = {row.kind for row in deal.records}
    return reminders.View(
        trial_ends_on=deal.trial_ends_on if in_trial and terms.trial_months else None,
        decided_by_terms=terms.trial_end is not None,
        midterm_on=None if RecordKind.TRIAL_MIDTERM in kinds else schedule.midterm_on(terms),
        final_missing=RecordKind.TRIAL_FINAL not in kinds,
        unanswered=tuple(_unanswered(deal)),
        open_amounts=queries.allocation(deal).settled if not in_trial else (),
        grace_days=terms.grace_days,
        unreported=_reports(deal, terms),
        cure_until=deal.cure_until if deal.state == DealState.DEFAULTED else None,
        ends_on=terms.ends_on,
    )


def _unanswered(deal: Deal) -> Iterable[tuple[str, date]]:
    event = records.open_event(deal.records)
    since = {row.number: day_of(row.at) for row in deal.records}
    if event is not None:
        yield f"event:{event.number}", since[event.number]
    for entry in stakes.register(deal.stakes).open:
        yield f"stake:{entry.number}", next(day_of(row.at) for row in deal.stakes if row.number == entry.number)
    for row in deal.royalty_reports:
        if records.report_state(deal.records, row.number) is ReportState.REPORTED:
            yield f"royalty:{row.number}", day_of(row.created_at)


def _reports(deal: Deal, terms: Terms) -> list[tuple[Any, Any]]:
    return [(period, royalties.report_by(terms, period)) for period in queries.unreported_periods(deal)]


def _remind(found: Sequence[tuple[Deal, reminders.Due]], today: date, base_url: str) -> None:
    """Keep each reminder once and mail the latest of each matter to those who act for the parties it is for."""
    known = _sent({deal.id for deal, _ in found})
    fresh = [(deal, one) for deal, one in found if (deal.id, str(one.kind), one.ref) not in known]
    if not fresh:
        return
    rows = [{"deal_id": deal.id, "kind": str(one.kind), "ref": one.ref, "on": today} for deal, one in fresh]
    db.session.execute(insert(Reminder), rows)
    outbox.post_mails(_mails([(deal, one) for deal, one in fresh if one.mailed], base_url))
    audit.record_many(CLOCK, "deal.reminded", Deal, {deal.id: {"reminders": 1} for deal, _ in fresh})


def _sent(ids: set[uuid.UUID]) -> set[tuple[uuid.UUID, str, str]]:
    query = select(Reminder.deal_id, Reminder.kind, Reminder.ref).where(Reminder.deal_id.in_(sorted(ids)))
    return {(deal_id, kind, ref) for deal_id, kind, ref in db.session.execute(query)} if ids else set()


def _readers(organisations: set[uuid.UUID]) -> dict[tuple[uuid.UUID, str], list[User]]:
    """People by organisation and role."""
    found: dict[tuple[uuid.UUID, str], list[User]] = defaultdict(list)
    if organisations:
        query = (
            select(Membership.organisation_id, MembershipRole.role, User)
            .join(Membership.roles)
            .join(Membership.user)
            .where(Membership.organisation_id.in_(sorted(organisations)), User.active)
            .order_by(User.email)
        )
        for organisation_id, role, user in db.session.execute(query):
            found[organisation_id, role].append(user)
    return found


def _mails(found: Sequence[tuple[Deal, reminders.Due]], base_url: str) -> Iterator[outbox.Mail]:
    """Of each reminder one mail to each reader, by language: to turn to a language costs more than to write in it."""
    readers = _readers({deal.parties[role] for deal, one in found for role in reminders.TO[one.kind]})
    to: dict[str, list[tuple[Deal, reminders.Due, list[str]]]] = defaultdict(list)
    for deal, one in found:
        addresses: dict[str, list[str]] = defaultdict(list)
        for role in reminders.TO[one.kind]:
            for user in readers[deal.parties[role], SIGNATORY[role]]:
                addresses[user.locale or i18n.ZH].append(user.email)
        for locale, emails in addresses.items():
            to[locale].append((deal, one, emails))
    for locale, letters in to.items():
        with force_locale(locale):
            for deal, one, emails in letters:
                subject, body = _letter(deal, one, base_url)
                yield from (outbox.Mail(email, subject, body) for email in emails)


def _letter(deal: Deal, one: reminders.Due, base_url: str) -> tuple[str, str]:
    """Subject and body, in the language that is set."""
    sentence = messages.say(reminders.SENTENCES[one.kind], {"day": one.day, "amount_fen": one.fen})
    subject = gettext("Reminder: %(title)s", title=deal.title)
    closing = gettext("The deal: %(address)s", address=f"{base_url}/deals/{deal.id}")
    return subject, f"{sentence}\n\n{closing}\n"
