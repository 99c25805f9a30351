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
from matchmaker.deals import queries as deals

blueprint = Blueprint("desk", __name__)

navigation.item(
    "desk.pipeline",
    N_("Pipeline"),
    5,
    shown=lambda actor: access.may(actor, Can.PIPELINE_VIEW),
    group=navigation.Group.WORK,
)


@blueprint.get("/money")
@needs(Can.MONEY_VIEW)
def money() -> str:
    """Amounts open, overdue first; what the reader's organisation has to pay apart from what it awaits."""
    today = clock.today()
    pays = g.actor.organisation_kind == OrganisationKind.ENTERPRISE
    sides = open_amounts.sides_of(g.actor, today, first=pays)
    awaited = deals.count_awaited(g.actor)
    return render_template("dashboard/money.html", sides=sides, awaited=awaited, today=today)


@blueprint.get("/pipeline")
@needs(Can.PIPELINE_VIEW)
def pipeline() -> str:
    columns = desk.pipeline(g.actor)
    return render_template("dashboard/pipeline.html", columns=columns, paid=desk.paid_of(columns))
