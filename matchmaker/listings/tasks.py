"""What waits for whom in listings."""

from __future__ import annotations

from matchmaker.core import access
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.core.web import tasks
from matchmaker.core.web.tasks import Task
from matchmaker.listings import queries
from matchmaker.listings.intake import queries as intakes
from matchmaker.listings.models import ListingState
from matchmaker.listings.permissions import Can
from matchmaker.listings.queries import Listing


@tasks.source("listings")
def waiting(actor: Actor) -> list[Task]:
    """Listings to approve, those that came back to their author, and drafts left behind."""
    found: list[Task] = []
    if access.may(actor, Can.LISTING_REVIEW):
        rows = db.session.scalars(queries.list_for_review(actor).limit(tasks.MOST))
        found += [_task(tasks.REVIEW, N_("Approve a listing"), row) for row in rows]
    if access.may(actor, Can.LISTING_LIST):
        drafts = queries.list_mine(actor, state=ListingState.DRAFT, by_me=True).limit(tasks.MOST)
        for row in db.session.scalars(drafts):
            returned = row.return_reason is not None
            found.append(
                _task(tasks.WRITE, N_("Change what came back") if returned else N_("Finish your draft"), row, "edit_")
            )
        for file in intakes.list_waiting(actor, tasks.MOST):
            phrase = N_("Look at what a file brings")
            found.append(Task(tasks.WRITE, phrase, file.name, "intake.one_import", {"id": file.id}))
    return found


def _task(kind: str, phrase: str, row: Listing, page: str = "") -> Task:
    title = row.proposal["title"] if row.proposal else row.title
    return Task(kind, phrase, title, f"listings.{page}{queries.noun_of(type(row))}", {"id": row.id})
