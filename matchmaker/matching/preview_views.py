"""Pages that show what a text would match before anything of it is kept: front page and forms ask them."""

from __future__ import annotations

from flask import Blueprint, g, render_template, request

from matchmaker.core.access import needs, public
from matchmaker.listings.permissions import Can
from matchmaker.matching import previews
from matchmaker.matching.models import Kind

blueprint = Blueprint("previews", __name__)


@blueprint.route("/try", methods=["GET", "POST"])
@public("shows published listings to whoever describes a need or a result; keeps nothing")
def try_it() -> str | tuple[str, int]:
    """By POST: what is typed here may be half a secret, and addresses end up in logs."""
    kind = Kind.ACHIEVEMENT if request.form.get("side") == "achievement" else Kind.NEED
    text = request.form.get("text", "")[: previews.LONGEST_TEXT]
    field = "problem" if kind is Kind.NEED else "summary"
    found = previews.preview(g.actor, kind, previews.texts_of(kind, {field: text}), most=5)
    page = render_template("matching/try_it.html", kind=kind, text=text, found=found)
    return page, 422 if request.method == "POST" and not text.strip() else 200


@blueprint.post("/achievements/preview-matches")
@needs(Can.ACHIEVEMENT_POST)
def preview_of_achievement() -> str:
    return _preview(Kind.ACHIEVEMENT)


@blueprint.post("/needs/preview-matches")
@needs(Can.NEED_POST)
def preview_of_need() -> str:
    return _preview(Kind.NEED)


def _preview(kind: Kind) -> str:
    """Beside a form: the best matches of its public fields, and what each field adds."""
    texts = previews.texts_of(kind, request.form)
    found = previews.preview(g.actor, kind, texts, most=3, with_gains=True)
    return render_template("matching/preview_matches.html", kind=kind, texts=texts, found=found)
