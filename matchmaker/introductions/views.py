"""Pages of introductions."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Blueprint, Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.core import access, workflow
from matchmaker.core.access import needs
from matchmaker.core.errors import N_, NotFound
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.forms import Form, done
from matchmaker.introductions import confidentiality, documents, queries, services
from matchmaker.introductions.forms import AgreeForm, ConcludeForm, DeclineForm, ProposalForm, RequestForm
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.permissions import Can
from matchmaker.introductions.states import INTRODUCTION, IntroductionState, Outcome, Side
from matchmaker.listings import queries as listings
from matchmaker.listings.models import Achievement, Need
from matchmaker.listings.permissions import Can as ListingCan

blueprint = Blueprint("introductions", __name__)

navigation.item(
    "introductions.introductions",
    N_("Introductions"),
    40,
    shown=lambda actor: access.may(actor, Can.INTRODUCTION_LIST),
    group=navigation.Group.WORK,
)

L = TypeVar("L", Achievement, Need)
Answer = str | Response | BaseResponse | tuple[str, int]


@blueprint.context_processor
def _names() -> dict[str, Any]:
    """Names of the sides as the reader at hand may see them, and whether the reader is waited for."""
    return {
        "party": lambda introduction, side: documents.party_name(introduction, side, g.actor.organisation_id),
        "is_waited_for": lambda introduction: queries.agreement_is_due(g.actor, introduction),
        "Side": Side,
    }


@blueprint.get("/introductions")
@needs(Can.INTRODUCTION_LIST)
def introductions() -> Answer:
    ended = request.args.get("show") == "ended"
    page = paging.paged(queries.list_introductions(g.actor, ended=ended), paging.page_number())
    return render_template("introductions/introductions.html", page=page, ended=ended)


# --- asking ---------------------------------------------------------------------------------------------------------


@blueprint.route("/introductions/new", methods=["GET", "POST"])
@needs(Can.INTRODUCTION_REQUEST)
def new_introduction() -> Answer:
    """`?achievement=<id>&need=<id>`, or an achievement alone. Leads to the pair's open introduction if it has one."""
    achievement, need = _named_listings()
    if achievement is None:
        return redirect(url_for("introductions.choose", need=request.args["need"]))
    side = queries.asking_side(g.actor, achievement, need)
    enterprise_id = need.organisation_id if need is not None else g.actor.organisation_id
    known = queries.find_open_introduction(achievement, need, enterprise_id)
    if known is not None and not known.gives_way and access.may(g.actor, Can.INTRODUCTION_VIEW, known):
        return redirect(url_for("introductions.introduction", id=known.id))
    form = ProposalForm() if side == Side.BROKER else RequestForm()
    introduction = form.run(lambda: _request(form, achievement, need)) if form.is_submitted() else None
    if introduction is not None:
        done(_("Your request is on its way. You hear of the answer by mail."))
        return redirect(url_for("introductions.introduction", id=introduction.id))
    facts = {"achievement": achievement, "need": need, "undertaking": confidentiality.CURRENT}
    page = render_template("introductions/new_introduction.html", form=form, side=side, **facts)
    return page, 422 if form.has_errors else 200


@blueprint.get("/introductions/choose")
@needs(Can.INTRODUCTION_REQUEST)
def choose() -> Answer:
    """`?need=<id>` or `?achievement=<id>`: which of the reader's own listings goes with it."""
    achievement, need = _named_listings()
    page = paging.paged(queries.list_counterparts(g.actor, achievement or need), paging.page_number())
    return render_template("introductions/choose.html", page=page, achievement=achievement, need=need)


def _named_listings() -> tuple[Achievement | None, Need | None]:
    """What the address names: at least one of the two. Raises NotFound."""
    achievement = _listing("achievement", listings.find_achievement, ListingCan.ACHIEVEMENT_VIEW)
    need = _listing("need", listings.find_need, ListingCan.NEED_VIEW)
    if achievement is None and need is None:
        raise NotFound()
    return achievement, need


def _listing(name: str, find: Callable[[uuid.UUID], L | None], permission: ListingCan) -> L | None:
    """None where the address names none. What the actor may not see answers like what does not exist."""
    if name not in request.args:
        return None
    try:
        listing = find(uuid.UUID(request.args[name]))
    except ValueError:
        listing = None
    if listing is None:
        raise access.unseen(g.actor, permission)
    access.require(g.actor, permission, listing)
    return listing


def _request(form: ProposalForm, achievement: Achievement, need: Need | None) -> Introduction:
    undertakes = isinstance(form, RequestForm) and bool(form.undertakes.data)
    return services.request_introduction(
        g.actor, achievement, need=need, message=form.message.data or "", undertakes=undertakes
    )


# --- one introduction -----------------------------------------------------------------------------------------------


@blueprint.get("/introductions/<uuid:id>")
@needs(Can.INTRODUCTION_VIEW, load=queries.find_introduction)
def introduction(introduction: Introduction) -> Answer:
    return _page(introduction)


@blueprint.post("/introductions/<uuid:id>/agree")
@needs(Can.INTRODUCTION_DECIDE, load=queries.find_introduction)
def agree(introduction: Introduction) -> Answer:
    form = AgreeForm()
    form.run(lambda: services.agree_to_introduction(g.actor, introduction, undertakes=bool(form.undertakes.data)))
    both = introduction.state == IntroductionState.INTRODUCED
    sentence = (
        _("Both sides have agreed: you are introduced.") if both else _("You have agreed; the other side is asked.")
    )
    return _answer(introduction, form, sentence, agree_form=form)


@blueprint.post("/introductions/<uuid:id>/decline")
@needs(Can.INTRODUCTION_DECIDE, load=queries.find_introduction)
def decline(introduction: Introduction) -> Answer:
    form = DeclineForm()
    form.run(
        lambda: services.decline_introduction(
            g.actor, introduction, reason=form.chosen_reason(), note=form.note.data or ""
        )
    )
    return _answer(introduction, form, _("You have declined. Thank you for the reason."), decline_form=form)


@blueprint.post("/introductions/<uuid:id>/withdraw")
@needs(Can.INTRODUCTION_WITHDRAW, load=queries.find_introduction)
def withdraw(introduction: Introduction) -> Answer:
    services.withdraw_introduction(g.actor, introduction)
    done(_("The request was withdrawn."))
    return redirect(url_for("introductions.introduction", id=introduction.id))


@blueprint.post("/introductions/<uuid:id>/conclude")
@needs(Can.INTRODUCTION_CONCLUDE, load=queries.find_introduction)
def conclude(introduction: Introduction) -> Answer:
    form = ConcludeForm()
    form.run(
        lambda: services.conclude_introduction(
            g.actor,
            introduction,
            outcome=Outcome(form.outcome.data),
            reason=form.chosen_reason(),
            note=form.note.data or "",
            met_on=form.met_on.data,
        )
    )
    return _answer(introduction, form, _("The outcome was recorded."), conclude_form=form)


def _answer(introduction: Introduction, form: Form, sentence: str, **forms: Form) -> Answer:
    """Back to the page: with the refused form in its place, or anew."""
    if form.has_errors:
        return _page(introduction, **forms), 422
    done(sentence)
    return redirect(url_for("introductions.introduction", id=introduction.id))


def _page(introduction: Introduction, **forms: Form) -> str:
    shown = {
        "agree_form": AgreeForm(formdata=None),
        "decline_form": DeclineForm(formdata=None),
        "conclude_form": ConcludeForm(formdata=None),
        **forms,
    }
    return render_template(
        "introductions/introduction.html",
        introduction=introduction,
        side=introduction.side_of(g.actor.organisation_id),
        actions=workflow.open_actions(g.actor, introduction, INTRODUCTION),
        history=queries.list_history(introduction),
        **shown,
    )
