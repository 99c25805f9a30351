"""Public notices, open to everyone, and the days that are worked."""

from __future__ import annotations

from flask import Response, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.core import access, clock
from matchmaker.core.access import needs, public
from matchmaker.core.errors import N_
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.forms import done
from matchmaker.subsidies import notice_queries, notice_services, workdays
from matchmaker.subsidies.blueprint import blueprint
from matchmaker.subsidies.forms import ObjectionForm, WorkdayForm
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.review_models import ClaimNotice
from matchmaker.subsidies.states import ClaimState

Answer = str | Response | BaseResponse | tuple[str, int]

navigation.item("subsidies.notices", N_("Subsidy notices"), 53)
navigation.item(
    "subsidies.workdays",
    N_("Workdays"),
    56,
    shown=lambda actor: access.may(actor, Can.WORKDAY_SET),
    group=navigation.Group.ADMINISTER,
)


@blueprint.get("/claim-notices")
@public("a public notice is for everyone")
def notices() -> Answer:
    running = request.args.get("all") is None
    page = paging.paged(notice_queries.list_notices(running=running), paging.page_number())
    return render_template("subsidies/notices.html", page=page, running=running, today=clock.today())


@blueprint.get("/claim-notices/<uuid:id>")
@needs(Can.NOTICE_VIEW, load=notice_queries.find_notice)
def notice(notice: ClaimNotice) -> Answer:
    return _page(notice, ObjectionForm(formdata=None))


def _page(notice: ClaimNotice, form: ObjectionForm) -> str:
    claim = notice.claim
    runs = claim.state in (ClaimState.ON_NOTICE, ClaimState.OBJECTED) and clock.today() <= notice.ends_on
    return render_template(
        "subsidies/notice.html", notice=notice, claim=claim, clause=claim.clause, form=form, runs=runs
    )


@blueprint.post("/claim-notices/<uuid:id>/object")
@needs(Can.NOTICE_OBJECT, load=notice_queries.find_notice)
def file_objection(notice: ClaimNotice) -> Answer:
    form = ObjectionForm()
    form.run(lambda: notice_services.file_objection(g.actor, notice, text=form.text.data or ""))
    if form.has_errors:
        return _page(notice, form), 422
    done(_("Your objection is with the bureau. The claim waits until it is decided."))
    return redirect(url_for("subsidies.notice", id=notice.id))


@blueprint.route("/workdays", endpoint="workdays", methods=["GET", "POST"])
@needs(Can.WORKDAY_SET)
def workdays_page() -> Answer:
    form = WorkdayForm()
    if form.is_submitted():
        form.run(
            lambda: workdays.set_workday(
                g.actor,
                None,
                day=form.day.data or clock.today(),
                works=form.works.data == "yes",
                note=form.note.data or "",
            )
        )
        if not form.has_errors:
            done(_("The day was set."))
            return redirect(url_for("subsidies.workdays"))
    page = paging.paged(workdays.list_overrides(), paging.page_number())
    return render_template("subsidies/workdays.html", form=form, page=page), 422 if form.has_errors else 200
