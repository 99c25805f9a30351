"""Pages on which files of many entries come in: upload, what was found, how far it is, what became of it."""

from __future__ import annotations

from flask import Blueprint, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from matchmaker.accounts import queries as accounts
from matchmaker.core import sheets
from matchmaker.core.access import needs
from matchmaker.core.db import each
from matchmaker.core.errors import NotFound
from matchmaker.core.web import paging
from matchmaker.core.web.downloads import made, table_of
from matchmaker.core.web.forms import done
from matchmaker.listings import queries as listings
from matchmaker.listings.intake import queries, reading, services, table, template
from matchmaker.listings.intake.forms import BringInForm, IntakeForm
from matchmaker.listings.intake.models import Intake
from matchmaker.listings.intake.permissions import Can
from matchmaker.listings.intake.states import EntryState, IntakeState
from matchmaker.listings.models import ListingState
from matchmaker.listings.permissions import Can as ListingCan

blueprint = Blueprint("intake", __name__)

Answer = str | Response | tuple[str, int]

PAGE = 50


@blueprint.route("/listings/imports", methods=["GET", "POST"])
@needs(Can.INTAKE_BEGIN)
def imports() -> Answer:
    """The files that came in, and the way for another one."""
    form = IntakeForm()
    if form.is_submitted():
        row = form.run(lambda: _begin(form))
        if row is not None:
            return redirect(url_for("intake.one_import", id=row.id))
    page = paging.paged(queries.list_intakes(g.actor), paging.page_number())
    answer = render_template(
        "listings/imports.html",
        form=form,
        page=page,
        noun=services.noun_of(g.actor.organisation_kind),
        most_mb=reading.MOST_BYTES // 1_000_000,
        most=reading.MOST_ENTRIES,
    )
    return answer, 422 if form.has_errors else 200


def _begin(form: IntakeForm) -> Intake:
    organisation = accounts.find_organisation(g.actor.organisation_id)
    if organisation is None:
        raise NotFound()
    form.file.data.stream.seek(0)
    content = form.file.data.stream.read(reading.MOST_BYTES + 1)
    row = services.begin(g.actor, None, organisation=organisation, name=form.file.data.filename or "", content=content)
    if row.state != IntakeState.READING:
        done(_("This file is on its way in already. Here it is."))
    return row


@blueprint.get("/listings/imports/template.xlsx")
@needs(Can.INTAKE_BEGIN)
def import_template() -> Answer:
    """The spreadsheet to fill in, in the reader's language; it is read in either."""
    noun = services.noun_of(g.actor.organisation_kind)
    return made("matchmaker-template.xlsx", sheets.MEDIA_TYPE, lambda target: template.write(target, noun))


@blueprint.get("/listings/mine.<any(csv, xlsx):kind>")
@needs(ListingCan.LISTING_LIST)
def export_listings(kind: str) -> Answer:
    """Listings of the organisation as a table: those that the list shows, whatever the page."""
    chosen, by_me = request.args.get("state", ""), request.args.get("by") == "me"
    state = ListingState(chosen) if chosen in set(ListingState) else None
    noun = services.noun_of(g.actor.organisation_kind)
    rows = each(listings.list_mine(g.actor, state=state, by_me=by_me))
    return table_of(kind, f"{noun}s", _("My listings"), table.headings(noun), table.lines(noun, rows))


@blueprint.get("/listings/imports/<uuid:id>")
@needs(Can.INTAKE_VIEW, load=queries.find_intake)
def one_import(intake: Intake) -> Answer:
    """Where a file stands."""
    return _page(intake, BringInForm(formdata=None))


def _page(intake: Intake, form: BringInForm) -> Answer:
    asked = request.args.get("show", "")
    shown = EntryState(asked) if asked in set(EntryState) else None
    counts = queries.counts(intake)
    page = render_template(
        "listings/one_import.html",
        intake=intake,
        counts=counts,
        total=sum(counts.values()),
        settled=counts[EntryState.WRITTEN] + counts[EntryState.FAILED],
        shown=shown,
        entries=paging.paged(queries.list_entries(intake, shown), paging.page_number(), size=PAGE),
        earlier=queries.find_earlier(intake) if intake.state == IntakeState.OPEN else None,
        form=form,
        heading=template.heading,
    )
    return page, 422 if form.has_errors else 200


@blueprint.post("/listings/imports/<uuid:id>/bring-in")
@needs(Can.INTAKE_CHANGE, load=queries.find_intake)
def bring_in(intake: Intake) -> Answer:
    form = BringInForm()
    form.run(lambda: services.bring_in(g.actor, intake, also_alike=bool(form.also_alike.data)))
    return _page(intake, form) if form.has_errors else _back(intake)


@blueprint.post("/listings/imports/<uuid:id>/stop")
@needs(Can.INTAKE_CHANGE, load=queries.find_intake)
def stop(intake: Intake) -> Answer:
    services.stop(g.actor, intake)
    done(_("Stopped. The drafts that were made stay; the rest can be brought in later."))
    return _back(intake)


@blueprint.post("/listings/imports/<uuid:id>/discard")
@needs(Can.INTAKE_CHANGE, load=queries.find_intake)
def discard(intake: Intake) -> Answer:
    services.discard(g.actor, intake)
    done(_("Thrown away. Drafts that were made of it stay."))
    return redirect(url_for("intake.imports"))


def _back(intake: Intake) -> Response:
    return redirect(url_for("intake.one_import", id=intake.id))
