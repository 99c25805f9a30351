"""Helpers of the listing forms: what is typed is kept, checked and brought in from files, before anything is saved."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from werkzeug.wrappers import Response
from wtforms import HiddenField

from matchmaker.core.access import needs
from matchmaker.core.web import filters
from matchmaker.core.web.forms import Form, done, paragraph
from matchmaker.listings import citations, completeness, form_drafts, queries
from matchmaker.listings.citations import Sketch
from matchmaker.listings.models import Achievement, Need
from matchmaker.listings.permissions import Can
from matchmaker.listings.queries import Listing

blueprint = Blueprint("drafting", __name__)

Answer = str | Response | tuple[str, int]

MOST_PASTED = 600_000
NOT_KEPT = form_drafts.NOT_KEPT


# --- kept while it is typed -----------------------------------------------------------------------------------------


@blueprint.post("/achievements/new/keep")
@needs(Can.ACHIEVEMENT_POST)
def keep_new_achievement() -> str:
    return _keep("achievement:new")


@blueprint.post("/needs/new/keep")
@needs(Can.NEED_POST)
def keep_new_need() -> str:
    return _keep("need:new")


@blueprint.post("/achievements/<uuid:id>/edit/keep")
@needs(Can.ACHIEVEMENT_EDIT, load=queries.find_achievement)
def keep_achievement(achievement: Achievement) -> str:
    return _keep(str(achievement.id))


@blueprint.post("/needs/<uuid:id>/edit/keep")
@needs(Can.NEED_EDIT, load=queries.find_need)
def keep_need(need: Need) -> str:
    return _keep(str(need.id))


def _keep(key: str) -> str:
    """Answers with a sentence for the page."""
    fields = [(name, text) for name, text in request.form.items(multi=True) if name not in NOT_KEPT]
    draft = form_drafts.keep(g.actor, key, fields)
    return str(_("What you typed was kept at %(moment)s.", moment=filters.moment(draft.saved_at)))


@blueprint.post("/achievements/new/discard")
@needs(Can.ACHIEVEMENT_POST)
def discard_new_achievement() -> Response:
    form_drafts.drop(g.actor, "achievement:new")
    return redirect(url_for("listings.new_achievement"))


@blueprint.post("/needs/new/discard")
@needs(Can.NEED_POST)
def discard_new_need() -> Response:
    form_drafts.drop(g.actor, "need:new")
    return redirect(url_for("listings.new_need"))


@blueprint.post("/achievements/<uuid:id>/edit/discard")
@needs(Can.ACHIEVEMENT_EDIT, load=queries.find_achievement)
def discard_achievement(achievement: Achievement) -> Response:
    return _discard(achievement)


@blueprint.post("/needs/<uuid:id>/edit/discard")
@needs(Can.NEED_EDIT, load=queries.find_need)
def discard_need(need: Need) -> Response:
    return _discard(need)


def _discard(listing: Listing) -> Response:
    form_drafts.drop(g.actor, str(listing.id))
    return redirect(url_for(f"listings.edit_{queries.noun_of(type(listing))}", id=listing.id))


# --- advice while it is typed ---------------------------------------------------------------------------------------


@blueprint.post("/achievements/check")
@needs(Can.ACHIEVEMENT_POST)
def check_achievement() -> str:
    return _check("achievement")


@blueprint.post("/needs/check")
@needs(Can.NEED_POST)
def check_need() -> str:
    return _check("need")


def _check(noun: str) -> str:
    """The advice beside the form, for what stands in it now."""
    given: dict[str, Any] = {**request.form.to_dict(), "modes": request.form.getlist("modes")}
    check = completeness.check(noun, given, own_names=(g.actor.organisation_name,))
    return render_template("listings/checked.html", check=check)


# --- brought in from files ------------------------------------------------------------------------------------------


class ImportForm(Form):
    file = FileField(_l("File"), description=_l("BibTeX, RIS, CSL or Crossref JSON, CSV of patents, or Word (DOCX)."))
    text = paragraph(
        _l("Or paste it here"), required=False, rows=8, most=MOST_PASTED, help=_l("Any of the same, but for Word.")
    )
    chosen = HiddenField()


@blueprint.route("/achievements/bring-in", methods=["GET", "POST"])
@needs(Can.ACHIEVEMENT_POST)
def bring_in_achievement() -> Answer:
    return _bring_in("achievement")


@blueprint.route("/needs/bring-in", methods=["GET", "POST"])
@needs(Can.NEED_POST)
def bring_in_need() -> Answer:
    return _bring_in("need")


def _bring_in(noun: str) -> Answer:
    """Read a file or a pasted text; one entry goes to the form at once, of several one is chosen."""
    form = ImportForm()
    sketches = form.run(lambda: citations.read(_content(form), noun)) or [] if form.is_submitted() else []
    chosen = form.chosen.data or ""
    number = int(chosen) if chosen.isdecimal() and len(chosen) < 5 else 0
    if len(sketches) == 1 or (chosen and number < len(sketches)):
        return _to_form(noun, sketches[number])
    source = citations.text_of(_content(form)) if sketches else ""
    page = render_template("listings/bring_in.html", noun=noun, form=form, sketches=sketches, source=source)
    return page, 422 if form.has_errors else 200


def _content(form: ImportForm) -> bytes:
    """Of the file chosen, else what was pasted."""
    if form.file.data is None or not form.file.data.filename:
        return (form.text.data or "").encode()
    form.file.data.stream.seek(0)
    return bytes(form.file.data.stream.read(citations.MOST_BYTES + 1))


def _to_form(noun: str, sketch: Sketch) -> Response:
    form_drafts.keep(g.actor, f"{noun}:new", sketch.fields(noun))
    if sketch.cut:
        done(
            _("“%(title)s” was brought in, but a text was longer than fits and is cut at its end.", title=sketch.title)
        )
    else:
        done(_("“%(title)s” was brought in. Read it through and add what is missing.", title=sketch.title))
    return redirect(url_for(f"listings.new_{noun}"))
