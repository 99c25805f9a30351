"""Writes to people about new matches of what they posted, and what searches they keep find anew. A puller: may run at
any time, twice, or after a kill."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from urllib.parse import urlencode

from flask_babel import force_locale, gettext, ngettext
from sqlalchemy import ColumnElement, Select, and_, or_, select

from matchmaker.accounts import queries as accounts
from matchmaker.accounts.models import User
from matchmaker.accounts.roles import Role
from matchmaker.config import Settings
from matchmaker.core import access, clock, jobs, outbox
from matchmaker.core.access import ANONYMOUS, Actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.messages import label
from matchmaker.core.web import i18n
from matchmaker.dashboard import new_matches
from matchmaker.dashboard.models import SPANS, NewMatchMail
from matchmaker.dashboard.new_matches import NewMatch
from matchmaker.dashboard.permissions import Can
from matchmaker.matching import queries as matching
from matchmaker.matching.queries import NEW_FOR, Arrival, News

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
    actors = _acting(user_id)
    fresh = [one for one in _arrivals(actors) if _key(one.own_id, one.other_id) not in told]
    news = [
        News(one.search, unsaid)
        for one in _news(user_id, actors)
        if (unsaid := [found for found in one.found if _key(one.search.id, found) not in told])
    ]
    keys = [_key(one.own_id, one.other_id) for one in fresh]
    keys += [_key(one.search.id, found) for one in news for found in one.found]
    row.looked_at, row.told = now, told | dict.fromkeys(keys, today)
    if not keys:
        return False
    user = db.session.get_one(User, user_id)
    best = sorted(fresh, key=lambda one: (one.level, one.score), reverse=True)[:MOST_TOLD]
    with force_locale(user.locale or i18n.ZH):
        subject = _subject(len(fresh), len(keys) - len(fresh))
        body = _body(new_matches.in_full(ANONYMOUS, best), news, base_url)
    outbox.post_mail(to=user.email, subject=subject, body=body)
    return True


def _key(own_id: uuid.UUID, other_id: uuid.UUID) -> str:
    """What is remembered of a pair, or of a search and what it finds, once it was told: short, since a month of an
    import may hold thousands."""
    return own_id.hex[:8] + other_id.hex[:8]


def _acting(user_id: uuid.UUID) -> list[Actor]:
    """The person for each of the organisations whose new matches he may see."""
    memberships = accounts.list_memberships(user_id)
    found = [accounts.find_actor(user_id, membership.organisation_id) for membership in memberships]
    return [actor for actor in found if actor is not None and access.may(actor, Can.NEW_MATCHES_VIEW)]


def _arrivals(actors: Sequence[Actor]) -> list[Arrival]:
    """Of what the person posted for these organisations and, where he answers for what one posts, of what was imported
    for it."""
    found: list[Arrival] = []
    for actor in actors:
        answers = actor.holds(Role.TTO_OFFICER, Role.ENTERPRISE_SIGNATORY)
        found += new_matches.open_arrivals(actor, {actor.user_id, None} if answers else {actor.user_id})
    return found


def _news(user_id: uuid.UUID, actors: Sequence[Actor]) -> list[News]:
    """Of the searches the person keeps, apart from what the own organisations posted."""
    own = {actor.organisation_id for actor in actors if actor.organisation_id is not None}
    return matching.list_news(user_id, apart_from=own) if actors else []


def _subject(matches: int, results: int) -> str:
    counted: list[str] = []
    if matches:
        counted.append(ngettext("%(count)s new match", "%(count)s new matches", matches, count=matches))
    if results:
        counted.append(ngettext("%(count)s new search result", "%(count)s new search results", results, count=results))
    return str(gettext(", ")).join(counted)


def _body(matches: Sequence[NewMatch], news: Sequence[News], base_url: str) -> str:
    """In the language that is set. Public titles alone: a mail may be read by others."""
    parts = [gettext("This was published after what it fits:")] if matches else []
    for match in matches:
        address = f"{base_url}/pairings/{match.need.id}/{match.achievement.id}"
        fit = gettext("%(level)s for: %(title)s", level=label(match.arrival.level), title=match.own.title)
        parts.append(f"{match.other.title}\n{fit}\n{address}")
    if news:
        parts.append(gettext("This was published after you saved a search that finds it:"))
    for one, latest in zip(news, matching.list_latest(news), strict=True):
        name = gettext("%(name)s: %(count)s new", name=one.search.name, count=len(one.found))
        address = f"{base_url}/{one.search.kind}s?{urlencode(one.query)}"
        parts.append("\n".join([name, *(row.title for row in latest), address]))
    closing = gettext("All new matches, and how often you are written to:")
    parts.append(f"{closing}\n{base_url}/new-matches")
    return "\n\n".join(parts) + "\n"
