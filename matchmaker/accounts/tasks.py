"""What waits for whom in accounts."""

from __future__ import annotations

from matchmaker.accounts import queries
from matchmaker.accounts.models import OrganisationState
from matchmaker.accounts.permissions import Can
from matchmaker.core import access
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.core.errors import N_
from matchmaker.core.web import tasks
from matchmaker.core.web.filters import in_language
from matchmaker.core.web.tasks import Task


@tasks.source("accounts")
def waiting(actor: Actor) -> list[Task]:
    """Organisations that wait to be verified."""
    if not access.may(actor, Can.ORGANISATION_VERIFY):
        return []
    query = queries.list_organisations(actor, state=OrganisationState.PENDING).limit(tasks.MOST)
    return [
        Task(
            tasks.DECIDE,
            N_("Verify an organisation"),
            in_language(row.name, row.name_en),
            "accounts.organisation",
            {"id": row.id},
        )
        for row in db.session.scalars(query)
    ]
