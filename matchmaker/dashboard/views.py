"""Front page and figures."""

from __future__ import annotations

from flask import Blueprint, render_template

from matchmaker.core.access import public
from matchmaker.core.errors import N_
from matchmaker.core.web import navigation
from matchmaker.dashboard import queries
from matchmaker.subsidies import policies

blueprint = Blueprint("dashboard", __name__)

navigation.item("dashboard.figures", N_("Figures"), 90)

LATEST = 4


@blueprint.get("/")
@public("the front page")
def home() -> str:
    return render_template(
        "dashboard/home.html",
        funnel=queries.funnel(),
        achievements=queries.latest_achievements(LATEST),
        needs=queries.latest_needs(LATEST),
    )


@blueprint.get("/dashboard")
@public("the funnel is public")
def figures() -> str:
    return render_template(
        "dashboard/figures.html",
        funnel=queries.funnel(),
        sums=queries.sums(),
        targets=policies.targets().targets,
        counted=queries.counted_for_targets(),
    )
