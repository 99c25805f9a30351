"""Pages behind the home page: money that falls due, and the board of an intermediary."""

from __future__ import annotations

from flask import Blueprint, g, render_template

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import access, clock
from matchmaker.core.access import needs
from matchmaker.core.errors import N_
from matchmaker.core.web import navigation
from matchmaker.dashboard import desk, open_amounts
from matchmaker.dashboard.permissions import Can

blueprint = Blueprint("desk", __name__)

navigation.item(
    "desk.pipeline",
    N_("Pipeline"),
    5,
    shown=lambda actor: access.may(actor, Can.PIPELINE_VIEW),
    group=navigation.Group.WORK,
)


MOST_AMOUNTS = 200
"""So many rows of a table of amounts, those that fell due first; the sums above it are over all of them."""


@blueprint.get("/money")
@needs(Can.MONEY_VIEW)
def money() -> str:
    """Amounts open, overdue first; what the reader's organisation has to pay apart from what it awaits."""
    today = clock.today()
    amounts = open_amounts.list_open_amounts(g.actor, today)
    pays = g.actor.organisation_kind == OrganisationKind.ENTERPRISE
    sides = open_amounts.sides_of(amounts, today, first=pays)
    return render_template("dashboard/money.html", sides=sides, today=today, most=MOST_AMOUNTS)


@blueprint.get("/pipeline")
@needs(Can.PIPELINE_VIEW)
def pipeline() -> str:
    columns = desk.pipeline(g.actor)
    return render_template("dashboard/pipeline.html", columns=columns, paid=desk.paid_of(columns))
