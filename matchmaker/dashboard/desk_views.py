"""Pages behind the home page: new matches, money that falls due, and the board of an intermediary."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import access, clock
from matchmaker.core.access import needs
from matchmaker.core.errors import N_
from matchmaker.core.messages import label
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.forms import done, labelled
from matchmaker.dashboard import desk, open_amounts, services
from matchmaker.dashboard import new_matches as arrivals
from matchmaker.dashboard.forms import RhythmForm
from matchmaker.dashboard.models import Rhythm
from matchmaker.dashboard.permissions import Can
from matchmaker.deals import queries as deals
from matchmaker.listings.models import Mode

blueprint = Blueprint("desk", __name__)
Answer = Response | tuple[str, int]

navigation.item(
    "desk.pipeline",
    N_("Pipeline"),
    5,
    shown=lambda actor: access.may(actor, Can.PIPELINE_VIEW),
    group=navigation.Group.WORK,
)


navigation.item(
    "desk.new_matches",
    N_("New matches"),
    32,
    shown=lambda actor: access.may(actor, Can.NEW_MATCHES_VIEW),
    group=navigation.Group.WORK,
)


@blueprint.get("/new-matches")
@needs(Can.NEW_MATCHES_VIEW)
def new_matches() -> str:
    form = RhythmForm(rhythm=arrivals.find_rhythm(g.actor).value)
    return _new_matches(form)


@blueprint.post("/new-matches")
@needs(Can.NEW_MATCHES_MAIL)
def set_rhythm() -> Answer:
    form = RhythmForm()
    chosen = form.run(lambda: services.set_rhythm(g.actor, None, rhythm=Rhythm(form.rhythm.data)))
    if chosen is None:
        return _new_matches(form), 422
    done(_("Mails about new matches: %(rhythm)s.", rhythm=label(chosen.rhythm)))
    return redirect(url_for("desk.new_matches"))


def _new_matches(form: RhythmForm) -> str:
    page = arrivals.list_new_matches(g.actor, paging.page_number())
    return render_template(
        "dashboard/new_matches.html",
        page=page,
        form=form,
        modes=dict(labelled(Mode)),
        brokers=arrivals.brokers(g.actor),
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
