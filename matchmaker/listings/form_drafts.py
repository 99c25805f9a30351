"""What someone typed and did not save yet: kept as it is, for this person and this form alone.

These are no commands: nothing that others see changes, so there is nothing for the audit log, which would else grow by
an event for every pause in typing. Permission is asked all the same.
"""

from __future__ import annotations

from collections.abc import Iterable

from matchmaker.core import access, clock
from matchmaker.core.access import Actor
from matchmaker.core.db import constraint_means, db, translated_errors
from matchmaker.core.errors import Conflict
from matchmaker.listings import queries
from matchmaker.listings.models import FormDraft
from matchmaker.listings.permissions import Can

MOST_CHARACTERS = 200_000
MOST_FIELDS = 600
NOT_KEPT = frozenset({"csrf_token", "then", "more_rows", "go"})
"""Buttons and the like."""

constraint_means("uq_form_drafts_user_id_organisation_id_key", Conflict)


def keep(actor: Actor, key: str, fields: Iterable[tuple[str, str]]) -> FormDraft:
    """Keep these fields under this key, in place of what was kept before. What is too long is cut, not refused."""
    access.require(actor, Can.LISTING_LIST)
    kept: list[list[str]] = []
    left = MOST_CHARACTERS
    for name, text in list(fields)[:MOST_FIELDS]:
        if text and left > 0:
            kept.append([name[:100], text[:left]])
            left -= len(text)
    draft = queries.find_form_draft(actor, key)
    with translated_errors(), db.session.begin_nested():
        if draft is None:
            draft = FormDraft(user_id=actor.user_id, organisation_id=actor.organisation_id, key=key)
            db.session.add(draft)
        draft.fields, draft.saved_at = kept, clock.now()
        db.session.flush()
    return draft


def keep_part(actor: Actor, key: str, sections: Iterable[str], fields: Iterable[tuple[str, str]]) -> FormDraft:
    """Keep what one step of a form asks for, and all that was kept of the other steps.

    `sections` names the fields of the step; a box that was unticked is not sent, and so is forgotten.
    """
    names = frozenset(sections)
    draft = queries.find_form_draft(actor, key)
    others = [(name, text) for name, text in (draft.fields if draft else ()) if name.split("-")[0] not in names]
    return keep(actor, key, [*others, *((name, text) for name, text in fields if name.split("-")[0] in names)])


def drop(actor: Actor, key: str) -> None:
    """Forget what was kept under this key."""
    draft = queries.find_form_draft(actor, key)
    if draft is not None:
        db.session.delete(draft)
