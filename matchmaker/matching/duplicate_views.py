"""Near-duplicates: the question to the author before handing in, and the bureau's pages."""

from __future__ import annotations

import uuid

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from matchmaker.core import access
from matchmaker.core.access import Actor, needs
from matchmaker.core.errors import N_, NotFound
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.forms import done
from matchmaker.listings import queries as listings
from matchmaker.listings import services as listing_services
from matchmaker.listings.models import Achievement, Need
from matchmaker.listings.permissions import Can as ListingCan
from matchmaker.matching import alike, services
from matchmaker.matching.indexing import Listing, kind_of
from matchmaker.matching.models import Kind
from matchmaker.matching.permissions import Can

blueprint = Blueprint("duplicates", __name__)

navigation.item(
    "duplicates.clusters",
    N_("Near-duplicates"),
    37,
    shown=lambda actor: access.may(actor, Can.DUPLICATES_VIEW),
    group=navigation.Group.ADMINISTER,
)

Answer = str | Response


# --- before handing in ----------------------------------------------------------------------------------------------


@listing_services.before_review(2)
def ask(actor: Actor, listing: Listing, then: str) -> str | None:
    """Whether the platform already has something like it: the page that asks, or None."""
    if not alike.list_alike(actor, listing):
        return None
    return url_for(f"duplicates.similar_{kind_of(listing)}s", id=listing.id, then=then)


@blueprint.get("/achievements/<uuid:id>/similar")
@needs(ListingCan.ACHIEVEMENT_SUBMIT, load=listings.find_achievement)
def similar_achievements(achievement: Achievement) -> Answer:
    return _similar(achievement)


@blueprint.get("/needs/<uuid:id>/similar")
@needs(ListingCan.NEED_SUBMIT, load=listings.find_need)
def similar_needs(need: Need) -> Answer:
    return _similar(need)


def _similar(listing: Listing) -> str:
    return render_template(
        "matching/similar.html",
        listing=listing,
        noun=str(kind_of(listing)),
        found=alike.list_alike(g.actor, listing),
        then="publish" if request.args.get("then") == "publish" else "submit",
    )


@blueprint.post("/achievements/<uuid:id>/similar")
@needs(ListingCan.ACHIEVEMENT_SUBMIT, load=listings.find_achievement)
def hand_in_achievement(achievement: Achievement) -> Answer:
    return _hand_in(achievement)


@blueprint.post("/needs/<uuid:id>/similar")
@needs(ListingCan.NEED_SUBMIT, load=listings.find_need)
def hand_in_need(need: Need) -> Answer:
    return _hand_in(need)


def _hand_in(listing: Listing) -> Answer:
    """What the author answered: it is a new one, or it replaces the entry named."""
    found, publish = alike.list_alike(g.actor, listing), request.form.get("then") == "publish"
    replaced = request.form.get("replaces", "")
    if replaced:
        other = next((row.listing for row in found if str(row.listing.id) == replaced), None)
        if other is None:
            raise NotFound()
        services.hand_in_as_replacement(g.actor, listing, of=other, publish=publish)
        done(_("The older entry was withdrawn; this one takes its place."))
    else:
        services.hand_in_as_new(g.actor, listing, others=[row.listing for row in found], publish=publish)
        done(_("Handed in as a new entry."))
    return redirect(url_for(f"listings.{kind_of(listing)}", id=listing.id))


# --- for the bureau -------------------------------------------------------------------------------------------------


@blueprint.get("/near-duplicates")
@needs(Can.DUPLICATES_VIEW)
def clusters() -> Answer:
    kind = Kind.NEED if request.args.get("kind") == Kind.NEED else Kind.ACHIEVEMENT
    page = alike.list_clusters(g.actor, kind, paging.page_number())
    return render_template("matching/clusters.html", kind=kind, kinds=list(Kind), page=page)


@blueprint.get("/near-duplicates/<uuid:first_id>/<uuid:id>")
@needs(Can.DUPLICATES_VIEW)
def comparison(first_id: uuid.UUID, id: uuid.UUID) -> Answer:
    found = alike.get_comparison(g.actor, *_pair(first_id, id))
    return render_template("matching/comparison.html", found=found, noun=str(kind_of(found.first)))


@blueprint.post("/near-duplicates/<uuid:first_id>/<uuid:id>/keep-apart")
@needs(Can.DUPLICATES_SETTLE)
def keep_apart(first_id: uuid.UUID, id: uuid.UUID) -> Answer:
    first, second = _pair(first_id, id)
    services.mark_distinct(g.actor, first, second=second)
    done(_("Remembered: these are two different entries."))
    return redirect(url_for("duplicates.clusters", kind=kind_of(first)))


@blueprint.post("/near-duplicates/<uuid:first_id>/<uuid:id>/reopen")
@needs(Can.DUPLICATES_SETTLE)
def reopen(first_id: uuid.UUID, id: uuid.UUID) -> Answer:
    first, second = _pair(first_id, id)
    services.unmark_distinct(g.actor, first, second=second)
    done(_("They are shown as near-duplicates again."))
    return redirect(url_for("duplicates.comparison", first_id=first_id, id=id))


def _pair(first_id: uuid.UUID, second_id: uuid.UUID) -> tuple[Listing, Listing]:
    """Two entries of one kind. Raises NotFound."""
    for find in (listings.find_achievement, listings.find_need):
        first, second = find(first_id), find(second_id)
        if first is not None and second is not None:
            return first, second
    raise NotFound()
