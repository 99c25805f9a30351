"""Front page and figures."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from matchmaker.core import clock
from matchmaker.core.access import needs, public
from matchmaker.core.errors import N_, NotFound
from matchmaker.core.web import filters, navigation, paging, tasks, theme
from matchmaker.core.web.downloads import csv_of
from matchmaker.core.web.forms import done
from matchmaker.dashboard import queries, services
from matchmaker.dashboard.figures import FIGURES, Figure, open_to, reads_exactly
from matchmaker.dashboard.forms import TargetForm
from matchmaker.dashboard.permissions import Can
from matchmaker.subsidies import policies

blueprint = Blueprint("dashboard", __name__)

navigation.item("dashboard.figures", N_("Figures"), 90)

LATEST = 4
SOON = timedelta(days=14)
TOURED = "toured"
PHRASED = frozenset({"funnel", "times"})
"""Figures whose rows are named by catalogue keys; those of the others are names already."""


@blueprint.get("/")
@public("the front page; who signed in finds what waits for them")
def home() -> str:
    return _front() if g.actor.anonymous else _desk()


def _front() -> str:
    return render_template(
        "dashboard/front.html",
        funnel=queries.funnel(),
        achievements=queries.latest_achievements(LATEST),
        needs=queries.latest_needs(LATEST),
    )


def _desk() -> str:
    today = clock.today()
    return render_template(
        "dashboard/desk.html",
        tasks=tasks.list_tasks(g.actor),
        kinds=tasks.KINDS,
        moves=tasks.list_moves(g.actor),
        today=today,
        soon=today + SOON,
        touring="tour" in request.args or TOURED not in request.cookies,
    )


@blueprint.post("/tour")
@public("a note in a cookie that the first steps were read")
def end_tour() -> Response:
    response = redirect(url_for("dashboard.home"))
    secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
    response.set_cookie(TOURED, "1", max_age=365 * 86400, samesite="Lax", httponly=True, secure=secure)
    return response


@blueprint.get("/dashboard")
@public("the funnel is public")
def figures() -> str:
    return render_template(
        "dashboard/figures.html",
        figures=[FIGURES[code]() for code in open_to(g.actor)],
        charts=_chart,
        sums=queries.sums(exact=reads_exactly(g.actor)),
        exact=reads_exactly(g.actor),
        definitions=queries.DEFINITIONS,
        plan=policies.targets(),
        counted=queries.counted_for_targets(),
        entered=queries.latest_entries(),
    )


def _chart(figure: Figure) -> dict[str, Any]:
    """What js/charts.js draws of a figure. A second column of another unit stays in the table."""
    columns = figure.columns if figure.stacked else figure.columns[:1]
    links = [url_for(row.link[0], **row.link[1]) if row.link else None for row in figure.rows]
    return {
        "kind": figure.chart,
        "categories": [_(row.name) if figure.code in PHRASED else row.name for row in figure.rows],
        "series": [
            {"name": _(name), "data": [row.values[place] for row in figure.rows], "links": links}
            for place, name in enumerate(columns)
        ],
        "across": figure.across,
        "stacked": figure.stacked,
    }


@blueprint.get("/dashboard/<any(funnel, times, months, fields, districts, universities, intermediaries):code>.csv")
@public("the same figures as the page's")
def figure_csv(code: str) -> Response:
    if code not in open_to(g.actor):
        raise NotFound()
    figure = FIGURES[code]()
    rows = [[_(row.name) if code in PHRASED else row.name, *row.values] for row in figure.rows]
    return csv_of(f"{code}-{clock.today().isoformat()}.csv", [_(figure.title), *map(_, figure.columns)], rows)


@blueprint.get("/dashboard/targets.csv")
@public("the same figures as the page's")
def targets_csv() -> Response:
    counted, entered = queries.counted_for_targets(), queries.latest_entries()
    rows = []
    for target in policies.targets().targets:
        entry = entered.get(target.id)
        said = [entry.value, entry.as_of_on.isoformat(), entry.source] if entry else [None, None, None]
        name = filters.in_language(target.name_zh, target.name_en)
        rows.append([name, target.value, counted.get(target.id), *said, target.source_phrase])
    heads = [
        N_("Target"),
        N_("By 2027"),
        N_("Counted here"),
        N_("Entered by the bureau"),
        N_("As of"),
        N_("Source"),
        N_("Source phrase"),
    ]
    return csv_of(f"targets-{clock.today().isoformat()}.csv", [_(head) for head in heads], rows)


@blueprint.route("/dashboard/targets/<id>", methods=["GET", "POST"])
@needs(Can.TARGET_ENTER)
def enter_target(id: str) -> str | Response | tuple[str, int]:
    target = next((one for one in policies.targets().targets if one.id == id), None)
    if target is None:
        raise NotFound()
    form = TargetForm()
    saved = form.is_submitted() and form.run(
        lambda: services.enter_target(
            g.actor,
            None,
            target_id=id,
            value=form.value.data or 0,
            as_of_on=form.as_of_on.data or clock.today(),
            source=form.source.data or "",
        )
    )
    if saved:
        done(_("The figure was entered. Earlier ones are kept."))
        return redirect(url_for("dashboard.figures", _anchor="targets"))
    page = render_template("dashboard/enter_target.html", form=form, target=target, entries=queries.list_entries(id))
    return page, 422 if form.has_errors else 200


@blueprint.post("/theme")
@public("everyone reads")
def choose_theme() -> Response:
    """Light, dark or as the system has it: kept in a cookie, no row is written."""
    chosen = request.form.get("theme", "")
    came_from = urlsplit(request.referrer or "")  # the form stands on every page, which need not repeat its address
    target = f"{came_from.path}?{came_from.query}".rstrip("?")
    response = redirect(navigation.local_target(target, url_for("dashboard.home")))
    if chosen in theme.THEMES:
        secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
        name = theme.cookie_name()
        response.set_cookie(name, chosen, max_age=365 * 86400, samesite="Lax", httponly=True, secure=secure)
    return response


@blueprint.get("/design")
@public("shows the pieces of the pages, no row")
def design() -> str:
    """The living style page: every token and macro, drawn by the code that draws the pages."""
    return render_template("dashboard/design.html", page=paging.Page([], 2, 61))
