"""Pages of public notices (公示): everyone reads them, without signing in."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, Response, g, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.core import access, clock
from matchmaker.core.access import needs
from matchmaker.core.errors import N_, NotFound
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.forms import Form, done
from matchmaker.deals import documents, forms, queries, services
from matchmaker.deals.models import DealNotice
from matchmaker.deals.permissions import Can
from matchmaker.deals.terms import fee_lines, trigger_lines

blueprint = Blueprint("notices", __name__)

navigation.item("notices.notices", N_("Public notices"), 60, also=("/deals/notices",))

Answer = str | Response | BaseResponse | tuple[str, int]


@blueprint.context_processor
def _words() -> dict[str, Any]:
    return {"line_text": documents.line_text, "today": clock.today()}


@blueprint.get("/deals/notices")
@needs(Can.NOTICE_VIEW)
def notices() -> Answer:
    text = paging.search_text()
    page = paging.paged(queries.list_notices(g.actor, text=text), paging.page_number())
    return render_template("deals/notices.html", page=page, text=text)


@blueprint.get("/deals/notices/<uuid:id>")
@needs(Can.NOTICE_VIEW, load=queries.find_notice)
def notice(notice: DealNotice) -> Answer:
    return _page(notice)


def _page(notice: DealNotice, refused: dict[str, Form] | None = None) -> str:
    """The notice with the price or the formula that was agreed, and forms to object and to decide."""
    version = next(row for row in notice.deal.versions if row.number == notice.number)
    terms, today = version.terms, clock.today()
    running = notice.state != "upheld" and not notice.replaced and notice.starts_on <= today <= notice.ends_on
    found: dict[str, Form] = {}
    if running and access.may(g.actor, Can.NOTICE_OBJECT, notice):
        found["object"] = forms.ObjectionForm(formdata=None)
    if access.may(g.actor, Can.NOTICE_DECIDE, notice):
        found["decide"] = forms.DecisionForm(formdata=None)
    return render_template(
        "deals/notice.html",
        notice=notice,
        terms=terms,
        lines=[*trigger_lines(terms.trigger), *fee_lines(terms.fee)],
        forms={**found, **(refused or {})},
        running=running,
        reads_text=access.may(g.actor, Can.NOTICE_DECIDE, notice),
    )


@blueprint.post("/deals/notices/<uuid:id>/objections")
@needs(Can.NOTICE_OBJECT, load=queries.find_notice)
def object_to(notice: DealNotice) -> Answer:
    form = forms.ObjectionForm()
    form.run(
        lambda: services.object_to_notice(g.actor, notice, text=form.text.data or "", objector=form.objector.data or "")
    )
    if form.has_errors:
        return _page(notice, {"object": form}), 422
    done(_("Your objection is on record. The notice is suspended until it has been decided."))
    return redirect(url_for("notices.notice", id=notice.id))


@blueprint.post("/deals/notices/<uuid:id>/objections/<uuid:objection_id>/decision")
@needs(Can.NOTICE_DECIDE, load=queries.find_notice)
def decide(notice: DealNotice, objection_id: uuid.UUID) -> Answer:
    objection = queries.find_objection(notice, objection_id)
    if objection is None:
        raise NotFound()
    form = forms.DecisionForm()
    form.run(
        lambda: services.decide_objection(
            g.actor, notice, objection=objection, upheld=bool(form.upheld.data), decision=form.decision.data or ""
        )
    )
    if form.has_errors:
        return _page(notice, {"decide": form}), 422
    done(_("The decision is on record."))
    return redirect(url_for("notices.notice", id=notice.id))
