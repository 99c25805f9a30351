"""The question to an author whose public text holds what looks confidential: is it meant to be read by everybody?"""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from matchmaker.core.access import Actor, needs
from matchmaker.core.web.forms import done
from matchmaker.listings import documents, queries, services
from matchmaker.listings.documents import Listing
from matchmaker.listings.models import Achievement, Need
from matchmaker.listings.permissions import Can

blueprint = Blueprint("cautions", __name__)

PLACE = 1


@services.before_review(PLACE)
def ask(actor: Actor, listing: Listing, then: str) -> str | None:
    """The page that shows the passages, or None where there are none."""
    if not documents.cautions_of(listing):
        return None
    return url_for(f"cautions.look_again_at_{queries.noun_of(type(listing))}", id=listing.id, then=then)


@blueprint.get("/achievements/<uuid:id>/cautions")
@needs(Can.ACHIEVEMENT_SUBMIT, load=queries.find_achievement)
def look_again_at_achievement(achievement: Achievement) -> str:
    return _look_again(achievement)


@blueprint.get("/needs/<uuid:id>/cautions")
@needs(Can.NEED_SUBMIT, load=queries.find_need)
def look_again_at_need(need: Need) -> str:
    return _look_again(need)


def _look_again(listing: Listing) -> str:
    return render_template(
        "listings/cautions.html",
        listing=listing,
        noun=queries.noun_of(type(listing)),
        cautions=documents.cautions_of(listing),
        then=_then(request.args.get("then")),
    )


@blueprint.post("/achievements/<uuid:id>/cautions")
@needs(Can.ACHIEVEMENT_SUBMIT, load=queries.find_achievement)
def hand_in_achievement(achievement: Achievement) -> Response:
    return _hand_in(achievement)


@blueprint.post("/needs/<uuid:id>/cautions")
@needs(Can.NEED_SUBMIT, load=queries.find_need)
def hand_in_need(need: Need) -> Response:
    return _hand_in(need)


def _hand_in(listing: Listing) -> Response:
    """The author says that it is meant so: on to the next question, or to review."""
    then = _then(request.form.get("then"))
    question = services.hand_in(g.actor, listing, then, answered=PLACE)
    handed_in = _("Handed in. You find it here when it was approved or returned.")
    if question is None:
        done(_("Published.") if then == "publish" else handed_in)
    return redirect(question or url_for(f"listings.{queries.noun_of(type(listing))}", id=listing.id))


def _then(given: str | None) -> str:
    return "publish" if given == "publish" else "submit"
