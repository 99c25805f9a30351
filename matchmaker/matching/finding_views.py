"""Beside the search: entries set side by side, and searches kept for another day."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from matchmaker.core import access
from matchmaker.core.access import needs, public
from matchmaker.core.errors import N_, NotFound
from matchmaker.core.types import clean_text
from matchmaker.core.web import navigation
from matchmaker.core.web.forms import Form, done, labelled, line
from matchmaker.listings.models import Mode, RightKind
from matchmaker.matching import queries, saved_searches
from matchmaker.matching.forms import SEARCH
from matchmaker.matching.models import Kind, SavedSearch
from matchmaker.matching.saved_searches import Can

blueprint = Blueprint("finding", __name__)

MOST_COMPARED = 4

navigation.item("finding.searches", N_("Saved searches"), 25, shown=lambda actor: access.may(actor, Can.SEARCH_SAVE))

Answer = str | Response | tuple[str, int]


# --- side by side ---------------------------------------------------------------------------------------------------


@blueprint.get("/achievements/compare")
@public("published achievements, as in the search")
def compare_achievements() -> str:
    return _compare(Kind.ACHIEVEMENT)


@blueprint.get("/needs/compare")
@public("published needs, as in the search")
def compare_needs() -> str:
    return _compare(Kind.NEED)


def _compare(kind: Kind) -> str:
    """Those of the chosen that are public now, in the order they were chosen."""
    ids = list(dict.fromkeys(filter(None, map(_id, request.args.getlist("id")))))[:MOST_COMPARED]
    rows = queries.list_public(g.actor, kind, ids)
    return render_template(
        "matching/compare.html",
        kind=kind,
        rows=rows,
        most=MOST_COMPARED,
        rights=dict(labelled(RightKind)),
        modes=dict(labelled(Mode)),
    )


def _id(text: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(text)
    except ValueError:
        return None


# --- kept -----------------------------------------------------------------------------------------------------------


class SaveForm(Form):
    name = line(_l("Name of the search"), most=80)


@blueprint.get("/searches")
@needs(Can.SEARCH_SAVE)
def searches() -> str:
    """All that the reader keeps, with what others published since; first those that find something."""
    news = queries.list_news(g.actor.user_id, apart_from={g.actor.organisation_id} - {None})
    kept = sorted(zip(news, queries.list_latest(news), strict=True), key=lambda each: not each[0].found)
    return render_template("matching/searches.html", kept=kept)


@blueprint.post("/searches")
@needs(Can.SEARCH_SAVE)
def save_search() -> Answer:
    form = SaveForm()
    kind, query = _kind(request.form.get("kind", "")), _parameters(request.form)
    since = _moment(request.form.get("since", ""))
    saved = form.run(
        lambda: saved_searches.save_search(
            g.actor, None, kind=kind, name=form.name.data or "", query=query, since=since
        )
    )
    if saved is None:
        return render_template("matching/save_search.html", form=form, kind=kind, query=query), 422
    done(_("The search was saved."))
    return redirect(url_for("finding.searches") if since else _address(kind, query))


@blueprint.post("/searches/<uuid:id>/remove")
@needs(Can.SEARCH_REMOVE, load=saved_searches.find_search)
def remove_search(search: SavedSearch) -> Response:
    again = {**search.query, "kind": str(search.kind), "name": search.name, "since": search.created_at.isoformat()}
    target = url_for("finding.searches") if "listed" in request.form else _address(search.kind, {})
    saved_searches.remove_search(g.actor, search)
    done(_("The saved search was removed."), undo=(url_for("finding.save_search"), again))
    return redirect(target)


def _kind(text: str) -> Kind:
    if text not in set(Kind):
        raise NotFound()
    return Kind(text)


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _parameters(form: Any) -> dict[str, str]:
    found = {name: clean_text(form.get(name, ""))[: queries.LONGEST_TEXT].strip() for name in SEARCH}
    return {name: text for name, text in found.items() if text}


def _address(kind: Kind, query: dict[str, Any]) -> str:
    return url_for(f"matching.search_{kind}s", **query)
