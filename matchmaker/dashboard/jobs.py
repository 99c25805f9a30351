"""Writes to people about new matches of what they posted. A puller: may run at any time, twice, or after a kill."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime

from flask_babel import force_locale, gettext, ngettext
from sqlalchemy import ColumnElement, Select, and_, or_, select

from matchmaker.accounts import queries as accounts
from matchmaker.accounts.models import User
from matchmaker.accounts.roles import Role
from matchmaker.config import Settings
from matchmaker.core import access, clock, jobs, outbox
from matchmaker.core.access import ANONYMOUS
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.messages import label
from matchmaker.core.web import i18n
from matchmaker.dashboard import new_matches
from matchmaker.dashboard.models import SPANS, NewMatchMail
from matchmaker.dashboard.new_matches import NEW_FOR, NewMatch
from matchmaker.dashboard.permissions import Can
from matchmaker.matching.queries import Arrival

CHUNK = 100
MOST_TOLD = 10
"""Matches that a mail names, the best; the page has them all."""


@jobs.puller("new_matches")
def tell(settings: Settings) -> int:
    """Look for everybody whose time has come, and write where there is something. Returns how many are written to."""
    now, told = clock.now(), 0
    while chunk := list(db.session.scalars(_whose_time_has_come(now).limit(CHUNK))):
        for user_id in chunk:
            with unit_of_work():
                told += look_for(user_id, now, settings.base_url)
    return told


def _whose_time_has_come(now: datetime) -> Select[uuid.UUID]:
    never_looked: ColumnElement[bool] = NewMatchMail.user_id.is_(None)
    over = (
        and_(NewMatchMail.rhythm == rhythm, or_(NewMatchMail.looked_at.is_(None), NewMatchMail.looked_at <= now - span))
        for rhythm, span in SPANS.items()
    )
    return (
        select(User.id)
        .outerjoin(NewMatchMail, NewMatchMail.user_id == User.id)
        .where(or_(never_looked, *over))
        .order_by(User.id)
    )


def look_for(user_id: uuid.UUID, now: datetime, base_url: str) -> bool:
    """Put a mail with what is new for this person into the transaction at hand; whether there was anything.

    What was told is remembered as long as it could be found again: a pair is told once, also one that comes to fit
    after a while, or ceases to and fits again.
    """
    row = db.session.get(NewMatchMail, user_id, with_for_update=True)
    if row is None:
        row = NewMatchMail(user_id=user_id, told={})
        db.session.add(row)
        db.session.flush()
    elif row.waits(now):
        return False  # another worker was here
    first, today = clock.day_of(now - NEW_FOR).isoformat(), clock.day_of(now).isoformat()
    told = {pair: day for pair, day in row.told.items() if day >= first}
    fresh = [arrival for arrival in _arrivals(user_id) if new_matches.key(arrival) not in told]
    row.looked_at, row.told = now, told | {new_matches.key(arrival): today for arrival in fresh}
    if not fresh:
        return False
    user = db.session.get_one(User, user_id)
    best = sorted(fresh, key=lambda one: (one.level, one.score), reverse=True)[:MOST_TOLD]
    with force_locale(user.locale or i18n.ZH):
        subject, body = _letter(new_matches.in_full(ANONYMOUS, best), len(fresh), base_url)
    outbox.post_mail(to=user.email, subject=subject, body=body)
    return True


def _arrivals(user_id: uuid.UUID) -> list[Arrival]:
    """Of what the person posted for organisations of which he is a member still, and, where he answers for what the
    organisation posts, of what was imported for it."""
    found: list[Arrival] = []
    for membership in accounts.list_memberships(user_id):
        actor = accounts.find_actor(user_id, membership.organisation_id)
        if actor is not None and access.may(actor, Can.NEW_MATCHES_VIEW):
            authors = {user_id, None} if actor.holds(Role.TTO_OFFICER, Role.ENTERPRISE_SIGNATORY) else {user_id}
            found += new_matches.open_arrivals(actor, authors)
    return found


def _letter(matches: Sequence[NewMatch], count: int, base_url: str) -> tuple[str, str]:
    """Subject and body, in the language that is set. Public titles alone: a mail may be read by others."""
    subject = ngettext("%(count)s new match", "%(count)s new matches", count, count=count)
    parts = [gettext("This was published after what it fits:")]
    for match in matches:
        address = f"{base_url}/pairings/{match.need.id}/{match.achievement.id}"
        fit = gettext("%(level)s for: %(title)s", level=label(match.arrival.level), title=match.own.title)
        parts.append(f"{match.other.title}\n{fit}\n{address}")
    closing = gettext("All new matches, and how often you are written to:")
    parts.append(f"{closing}\n{base_url}/new-matches")
    return subject, "\n\n".join(parts) + "\n"
