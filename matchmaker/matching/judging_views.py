"""Judging pairs, from a list of matches or from the page of a pair."""

from __future__ import annotations

import uuid

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from matchmaker.core import access
from matchmaker.core.access import needs
from matchmaker.core.web.forms import done
from matchmaker.core.web.navigation import local_target
from matchmaker.listings import queries as listings
from matchmaker.listings.models import Achievement, Need
from matchmaker.listings.permissions import Can as ListingCan
from matchmaker.matching import judgements, services
from matchmaker.matching.judging_forms import VerdictForm
from matchmaker.matching.models import Judgement
from matchmaker.matching.permissions import Can

blueprint = Blueprint("judging", __name__)

Answer = str | Response | tuple[str, int]


@blueprint.post("/pairings/<uuid:need_id>/<uuid:id>/judge")
@needs(ListingCan.ACHIEVEMENT_VIEW, load=listings.find_achievement)
def judge(achievement: Achievement, need_id: uuid.UUID) -> Answer:
    """One press: a level, or a reason to put the pair aside. Back to where it was pressed."""
    need = listings.find_need(need_id)
    if need is None:
        raise access.unseen(g.actor, ListingCan.NEED_VIEW)
    form, before = VerdictForm(), judgements.find_own(g.actor, need, achievement)
    said = form.run(lambda: services.judge(g.actor, need, achievement=achievement, verdict=form.verdict()))
    if said is None:
        page = render_template("matching/judge.html", form=form, need=need, achievement=achievement, back=_back(need))
        return page, 422
    if said.reason is None:
        sentence = _("Noted as your judgement. Your list follows it at once; nobody else's does.")
    else:
        sentence = _("Put aside. You find it at the end of your list and can take it back.")
    again = url_for("judging.withdraw_judgement", id=said.id), {"next": _back(need)}
    done(sentence, undo=again if before is None else _say_again(before, _back(need)))
    return redirect(_back(need))


@blueprint.post("/judgements/<uuid:id>/withdraw")
@needs(Can.JUDGEMENT_WITHDRAW, load=judgements.find_judgement)
def withdraw_judgement(judgement: Judgement) -> Answer:
    back = local_target(request.form.get("next"), url_for("matching.matches_of_need", id=judgement.need_id))
    services.withdraw_judgement(g.actor, judgement)
    sentence = _("Taken back. The pair stands where the machine puts it.")
    done(sentence, undo=_say_again(judgement, back) if judgement.verdict is not None else None)
    return redirect(back)


def _say_again(said: Judgement, back: str) -> tuple[str, dict[str, str]]:
    """The POST that says of the pair what was said of it before."""
    verdict = {"level": said.level, "reason": said.reason, "note": said.note}
    fields = {name: str(value) for name, value in verdict.items() if value}
    return url_for("judging.judge", need_id=said.need_id, id=said.achievement_id), {**fields, "next": back}


def _back(need: Need) -> str:
    return local_target(request.form.get("next"), url_for("matching.matches_of_need", id=need.id))
