"""Pages of search and matching: browse both sides, see what fits a listing, and why."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.wrappers import Response

from matchmaker.core import access
from matchmaker.core.access import needs, public
from matchmaker.core.errors import N_
from matchmaker.core.types import clean_text
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.forms import Form, done, labelled
from matchmaker.listings import queries as listings
from matchmaker.listings.models import Achievement, Mode, Need
from matchmaker.listings.permissions import Can
from matchmaker.matching import queries, services
from matchmaker.matching.forms import AsideForm, JudgeForm, read_filters
from matchmaker.matching.lexicon import measured
from matchmaker.matching.models import Judgement, Kind, Level, Reason
from matchmaker.matching.permissions import Can as JudgeCan

blueprint = Blueprint("matching", __name__)

Answer = str | Response | tuple[str, int]

_PARTS = {
    "wording": _l("shared wording"),
    "related": _l("words that occur together"),
    "concepts": _l("the lexicon"),
    "meaning_title": _l("meaning of the title"),
    "meaning_text": _l("meaning of the text"),
}

navigation.item("matching.search_achievements", N_("Achievements"), 10)
navigation.item("matching.search_needs", N_("Needs"), 20)


@blueprint.get("/achievements")
@public("published achievements are there to be found")
def search_achievements() -> str:
    return _search(Kind.ACHIEVEMENT, "matching/search_achievements.html")


@blueprint.get("/needs")
@public("published needs are there to be found")
def search_needs() -> str:
    return _search(Kind.NEED, "matching/search_needs.html")


def _search(kind: Kind, template: str) -> str:
    text, filters = clean_text(request.args.get("q", "")), read_filters(request.args)
    found = queries.search(g.actor, kind, text, filters, paging.page_number())
    return render_template(
        template,
        found=found,
        text=text.strip(),
        filtered=bool(filters.chosen()),
        most=queries.MOST_FOUND,
        modes=dict(labelled(Mode)),
    )


@blueprint.get("/achievements/<uuid:id>/matches")
@needs(Can.ACHIEVEMENT_VIEW, load=listings.find_achievement)
def matches_of_achievement(achievement: Achievement) -> str:
    matches = queries.list_matches_for_achievement(g.actor, achievement, paging.page_number())
    return render_template("matching/matches_of_achievement.html", listing=achievement, matches=matches, **_labels())


@blueprint.get("/needs/<uuid:id>/matches")
@needs(Can.NEED_VIEW, load=listings.find_need)
def matches_of_need(need: Need) -> str:
    matches = queries.list_matches_for_need(g.actor, need, paging.page_number())
    return render_template("matching/matches_of_need.html", listing=need, matches=matches, **_labels())


def _labels() -> dict[str, Any]:
    return {"modes": dict(labelled(Mode)), "levels": dict(labelled(Level))}


@blueprint.get("/pairings/<uuid:need_id>/<uuid:id>")
@needs(Can.ACHIEVEMENT_VIEW, load=listings.find_achievement)
def pairing(achievement: Achievement, need_id: uuid.UUID) -> str:
    """Either listing missing, hidden or unpublished: one and the same answer."""
    need = _need(need_id)
    return _pairing_page(need, achievement)[0]


def _pairing_page(
    need: Need, achievement: Achievement, judge: JudgeForm | None = None, aside: AsideForm | None = None
) -> tuple[str, int]:
    explained = queries.pairing(g.actor, need, achievement)
    own = queries.find_judgement(g.actor, need, achievement)
    page = render_template(
        "matching/pairing.html",
        need=need,
        achievement=achievement,
        pairing=explained,
        own=own,
        may_judge=services.may_judge(g.actor, need, achievement),
        judge=judge or JudgeForm(formdata=None, level=str(own.level) if own and own.level else None),
        aside=aside or AsideForm(formdata=None, reason=str(own.reason) if own and own.reason else ""),
        modes=dict(labelled(Mode)),
    )
    return page, 422 if any(form is not None and form.has_errors for form in (judge, aside)) else 200


def _need(need_id: uuid.UUID) -> Need:
    need = listings.find_need(need_id)
    if need is None:
        raise access.unseen(g.actor, Can.NEED_VIEW)
    return need


@blueprint.post("/pairings/<uuid:need_id>/<uuid:id>/judge")
@needs(JudgeCan.PAIRING_JUDGE, load=listings.find_achievement)
def judge(achievement: Achievement, need_id: uuid.UUID) -> Answer:
    """How well the two fit, by the reader's organisation."""
    need, form = _need(need_id), JudgeForm()

    def record() -> Judgement:
        return services.judge(g.actor, need, achievement=achievement, level=Level(form.level.data))

    if form.run(record) is None:
        return _pairing_page(need, achievement, judge=form)
    done(_("Noted. Your organisation's list follows at once; the ranking of all learns from it with the rest."))
    return redirect(url_for("matching.pairing", need_id=need.id, id=achievement.id))


@blueprint.post("/pairings/<uuid:need_id>/<uuid:id>/put-aside")
@needs(JudgeCan.PAIRING_JUDGE, load=listings.find_achievement)
def put_aside(achievement: Achievement, need_id: uuid.UUID) -> Answer:
    """Move the pairing to the end of the own list, for a reason."""
    need, form = _need(need_id), AsideForm()

    def record() -> Judgement:
        return services.judge(g.actor, need, achievement=achievement, reason=Reason(form.reason.data))

    if form.run(record) is None:
        return _pairing_page(need, achievement, aside=form)
    done(_("Put aside. In your organisation's list it now stands last."))
    return redirect(url_for("matching.pairing", need_id=need.id, id=achievement.id))


@blueprint.post("/pairings/<uuid:need_id>/<uuid:id>/take-back")
@needs(JudgeCan.PAIRING_JUDGE, load=listings.find_achievement)
def take_back(achievement: Achievement, need_id: uuid.UUID) -> Answer:
    """Take the own organisation's judgement back."""
    need, form = _need(need_id), Form()
    form.run(lambda: services.take_back(g.actor, need, achievement=achievement))
    done(_("The judgement is taken back."))
    return redirect(url_for("matching.pairing", need_id=need.id, id=achievement.id))


@blueprint.get("/how-well-does-it-match")
@public("how far the ranking can be trusted is for everybody to know")
def quality() -> str:
    least = {"judgements": queries.LEAST_JUDGEMENTS, "organisations": queries.LEAST_ORGANISATIONS}
    here = queries.find_ranker_figures()
    return render_template("matching/quality.html", measured=measured(), here=here, least=least, parts=_PARTS)
