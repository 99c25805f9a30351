"""Pages of search and matching: browse both sides, see what fits a listing, and why."""

from __future__ import annotations

import uuid

from flask import Blueprint, g, render_template, request

from matchmaker.core import access
from matchmaker.core.access import needs, public
from matchmaker.core.errors import N_
from matchmaker.core.types import clean_text
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.forms import labelled
from matchmaker.listings import queries as listings
from matchmaker.listings.models import Achievement, Mode, Need
from matchmaker.listings.permissions import Can
from matchmaker.matching import judgements, pairings, queries, saved_searches
from matchmaker.matching.forms import SEARCH, read_order
from matchmaker.matching.indexing import Listing, kind_of
from matchmaker.matching.models import Kind, Level
from matchmaker.matching.tiles import tiles
from matchmaker.matching.verdicts import Reason

blueprint = Blueprint("matching", __name__)

navigation.item("matching.search_achievements", N_("Achievements"), 10)
navigation.item("matching.search_needs", N_("Needs"), 20, also=("/pairings",))


@blueprint.get("/achievements")
@public("published achievements are there to be found")
def search_achievements() -> str:
    return _search(Kind.ACHIEVEMENT, "matching/search_achievements.html")


@blueprint.get("/needs")
@public("published needs are there to be found")
def search_needs() -> str:
    return _search(Kind.NEED, "matching/search_needs.html")


def _search(kind: Kind, template: str) -> str:
    text, filters = clean_text(request.args.get("q", "")), queries.Filters.read(request.args)
    order = read_order(request.args, kind)
    found = queries.search(g.actor, kind, text, filters, paging.page_number(), order)
    return render_template(
        template,
        found=found,
        text=text.strip(),
        longest=queries.LONGEST_TEXT,
        filtered=bool(filters.chosen()),
        most=queries.MOST_FOUND,
        modes=dict(labelled(Mode)),
        kind=kind,
        orders=queries.ORDERS[kind],
        tiles=tiles(found.facets["district"]) if request.args.get("view") == "map" else [],
        saved=saved_searches.list_searches(g.actor, kind),
        query={name: value for name, value in request.args.items() if name in SEARCH and value},
    )


@blueprint.get("/achievements/<uuid:id>/matches")
@needs(Can.ACHIEVEMENT_VIEW, load=listings.find_achievement)
def matches_of_achievement(achievement: Achievement) -> str:
    matches = queries.list_matches_for_achievement(g.actor, achievement, paging.page_number())
    return _matches("matching/matches_of_achievement.html", achievement, matches)


@blueprint.get("/needs/<uuid:id>/matches")
@needs(Can.NEED_VIEW, load=listings.find_need)
def matches_of_need(need: Need) -> str:
    matches = queries.list_matches_for_need(g.actor, need, paging.page_number())
    return _matches("matching/matches_of_need.html", need, matches)


def _matches(template: str, listing: Listing, matches: queries.Matches) -> str:
    other = kind_of(listing).other
    return render_template(
        template, listing=listing, matches=matches, other=other, modes=dict(labelled(Mode)), reasons=list(Reason)
    )


@blueprint.get("/pairings/<uuid:need_id>/<uuid:id>")
@needs(Can.ACHIEVEMENT_VIEW, load=listings.find_achievement)
def pairing(achievement: Achievement, need_id: uuid.UUID) -> str:
    """Either listing missing, hidden or unpublished: one and the same answer."""
    need = listings.find_need(need_id)
    if need is None:
        raise access.unseen(g.actor, Can.NEED_VIEW)
    explained = pairings.pairing(g.actor, need, achievement)
    return render_template(
        "matching/pairing.html",
        need=need,
        achievement=achievement,
        pairing=explained,
        own=judgements.find_own(g.actor, need, achievement),
        judged_here=judgements.may_judge(g.actor, need, achievement),
        reasons=list(Reason),
        modes=dict(labelled(Mode)),
        levels=dict(labelled(Level)),
    )
