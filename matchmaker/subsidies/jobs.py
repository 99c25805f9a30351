"""The daily look at deadlines: whoever has to act on a claim is reminded by mail. A puller, so it may run at any time.

A claim with a deadline is looked at once a day, and again when it takes a step: `chase_on` is the day of the next look.
Each reminder is a row and is sent once; of several that have become due since somebody looked last only the latest goes
out.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta

from flask_babel import force_locale, gettext
from sqlalchemy import insert, select, update

from matchmaker.accounts.models import User
from matchmaker.config import Settings
from matchmaker.core import audit, clock, jobs, messages, outbox
from matchmaker.core.access import system_actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.web import i18n
from matchmaker.subsidies import chasing, deadlines, review_queries, workdays
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.review_models import ClaimReminder
from matchmaker.subsidies.states import ClaimState

CLOCK = system_actor("clock")
CHUNK = 100


@jobs.puller("claims")
def chase(settings: Settings) -> int:
    """Look at every claim with a deadline that was not looked at today. Returns how many were."""
    looked, today = 0, clock.today()
    waiting = select(Claim.id).where(Claim.chase_on <= today).order_by(Claim.chase_on, Claim.id).limit(CHUNK)
    while chunk := list(db.session.scalars(waiting)):
        with unit_of_work():
            look_at(chunk, today, settings.base_url)
        looked += len(chunk)
    return looked


def look_at(ids: Sequence[uuid.UUID], today: date, base_url: str) -> None:
    """Reminders that are due for these claims, one mail for each reader. Part of a unit of work."""
    query = select(Claim).where(Claim.id.in_(ids), Claim.chase_on <= today).order_by(Claim.due_on, Claim.id)
    claims, calendar = list(db.session.scalars(query.with_for_update(of=Claim))), workdays.calendar()
    known_of = select(ClaimReminder.claim_id, ClaimReminder.state, ClaimReminder.due_on, ClaimReminder.ref)
    known = {tuple(row) for row in db.session.execute(known_of.where(ClaimReminder.claim_id.in_(ids)))}
    drawn = review_queries.count_drawn(ids)
    letters: dict[uuid.UUID, list[Claim]] = defaultdict(list)
    for claim in claims:
        assert claim.due_on is not None
        due = [_ref(claim, ref, drawn) for ref in deadlines.reminders(claim.state, claim.due_on, today, calendar)]
        fresh = [ref for ref in due if (claim.id, claim.state.value, claim.due_on, ref) not in known]
        if fresh:
            _keep(claim, fresh, today)
            for user_id in chasing.readers(claim):
                letters[user_id].append(claim)
    outbox.post_mails(_mails(letters, base_url))
    looked_at = (
        update(Claim).where(Claim.id.in_([claim.id for claim in claims])).values(chase_on=today + timedelta(days=1))
    )
    db.session.execute(looked_at, execution_options={"synchronize_session": False})


def _ref(claim: Claim, ref: str, drawn: Mapping[uuid.UUID, int]) -> str:
    """Whoever is drawn later for a review, for one who stood down or as the third, is told at once as well."""
    later = claim.state is ClaimState.IN_REVIEW and ref == "now"
    return f"now:{drawn.get(claim.id, 0)}" if later else ref


def _keep(claim: Claim, refs: Sequence[str], today: date) -> None:
    about = {"claim_id": claim.id, "state": claim.state.value, "due_on": claim.due_on, "on": today}
    db.session.execute(insert(ClaimReminder), [{**about, "ref": ref} for ref in refs])
    audit.record_many(CLOCK, "claim.reminded", Claim, {claim.id: {"reminders": len(refs)}})


def _mails(letters: Mapping[uuid.UUID, list[Claim]], base_url: str) -> Iterator[outbox.Mail]:
    """One mail to each reader, in their language, with all that waits for them."""
    by_language: dict[str, list[User]] = defaultdict(list)
    for user in chasing.list_people(letters):
        by_language[user.locale or i18n.ZH].append(user)
    for locale, users in by_language.items():
        with force_locale(locale):
            for user in users:
                subject, body = _letter(letters[user.id], base_url)
                yield outbox.Mail(user.email, subject, body)


def _letter(claims: Sequence[Claim], base_url: str) -> tuple[str, str]:
    """Subject and body, in the language that is set."""
    subject = gettext("Reminder: %(count)s claims wait for you", count=len(claims))
    if len(claims) == 1:
        subject = gettext("Reminder: claim %(number)s", number=claims[0].number)
    parts = []
    for claim in claims:
        sentence = messages.say(chasing.TASKS[claim.state], {"day": claim.due_on})
        parts.append(f"{claim.number} {claim.subject}\n{sentence}\n{base_url}/claims/{claim.id}\n")
    return subject, "\n".join(parts)
