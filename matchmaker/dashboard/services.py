"""Commands of the dashboard."""

from __future__ import annotations

from datetime import date

from matchmaker.accounts.models import User
from matchmaker.core import audit, clock
from matchmaker.core.access import Actor
from matchmaker.core.db import command, db
from matchmaker.core.errors import N_, Invalid
from matchmaker.dashboard.models import NewMatchMail, Rhythm, TargetEntry
from matchmaker.dashboard.permissions import Can


class DayAhead(Invalid):
    code = "dashboard.day_ahead"
    phrase = N_("This day has not come yet. Enter the day on which the figure was true.")


class SourceMissing(Invalid):
    code = "dashboard.source_missing"
    phrase = N_("Say where the figure comes from: a bulletin, a statistical report, a letter.")


@command(Can.TARGET_ENTER)
def enter_target(actor: Actor, _: None, *, target_id: str, value: int, as_of_on: date, source: str) -> TargetEntry:
    """Add the state of a target on a day. Earlier entries stay. Raises DayAhead, SourceMissing."""
    if as_of_on > clock.today():
        raise DayAhead(field="as_of_on")
    if not source:
        raise SourceMissing(field="source")
    assert actor.user_id is not None  # an administrator, signed in
    row = TargetEntry(
        target_id=target_id,
        value=value,
        as_of_on=as_of_on,
        source=source,
        entered_by_id=actor.user_id,
        entered_at=clock.now(),
    )
    db.session.add(row)
    audit.record(actor, "target.entered", row, target=target_id, value=value, as_of_on=as_of_on.isoformat())
    return row


@command(Can.NEW_MATCHES_MAIL)
def set_rhythm(actor: Actor, _: None, *, rhythm: Rhythm) -> NewMatchMail:
    """Choose how often to be written to about new matches."""
    row = db.session.get(NewMatchMail, actor.user_id, with_for_update=True)
    if row is None:
        row = NewMatchMail(user_id=actor.user_id)
        db.session.add(row)
    row.rhythm = rhythm
    audit.record(actor, "user.new_match_mails_set", db.session.get_one(User, actor.user_id), rhythm=rhythm.value)
    return row
