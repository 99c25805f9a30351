"""Pages of achievements and needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, current_app, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.accounts import queries as accounts
from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import Role
from matchmaker.core import access
from matchmaker.core.access import needs
from matchmaker.core.db import db
from matchmaker.core.errors import N_, Invalid, NotFound
from matchmaker.core.web import navigation, paging
from matchmaker.core.web.downloads import download
from matchmaker.core.web.forms import done
from matchmaker.listings import completeness, documents, form_drafts, queries, services
from matchmaker.listings.forms import MORE_ROWS, AchievementForm, AttachmentForm, NeedForm, ReturnForm
from matchmaker.listings.models import Achievement, Attachment, ListingState, Need
from matchmaker.listings.permissions import SEEKERS, Can
from matchmaker.listings.queries import Listing

blueprint = Blueprint("listings", __name__)

navigation.item(
    "listings.my_listings",
    N_("My listings"),
    30,
    shown=lambda actor: access.may(actor, Can.LISTING_LIST),
    group=navigation.Group.WORK,
    also=("/listings/imports", "/achievements/new", "/achievements/bring-in", "/needs/new", "/needs/bring-in"),
)
navigation.item(
    "listings.review_queue",
    N_("To approve"),
    35,
    shown=lambda actor: access.may(actor, Can.LISTING_REVIEW),
    group=navigation.Group.WORK,
)

Answer = str | Response | BaseResponse | tuple[str, int]
ListingForm = AchievementForm | NeedForm


# --- lists ----------------------------------------------------------------------------------------------------------


@blueprint.get("/listings/mine")
@needs(Can.LISTING_LIST)
def my_listings() -> Answer:
    chosen, by_me = request.args.get("state", ""), request.args.get("by") == "me"
    state = ListingState(chosen) if chosen in set(ListingState) else None
    page = paging.paged(queries.list_mine(g.actor, state=state, by_me=by_me), paging.page_number())
    return render_template(
        "listings/my_listings.html",
        page=page,
        states=ListingState,
        state=state,
        by_me=by_me,
        noun="need" if g.actor.holds(*SEEKERS) else "achievement",
    )


@blueprint.get("/listings/review")
@needs(Can.LISTING_REVIEW)
def review_queue() -> Answer:
    page = paging.paged(queries.list_for_review(g.actor), paging.page_number())
    noun = "achievement" if g.actor.holds(Role.TTO_OFFICER) else "need"
    named = queries.seekers_shown(g.actor, page.items) if noun == "need" else set()
    return render_template("listings/review_queue.html", page=page, noun=noun, named=named)


# --- one listing ----------------------------------------------------------------------------------------------------


@blueprint.get("/achievements/<uuid:id>")
@needs(Can.ACHIEVEMENT_VIEW, load=queries.find_achievement)
def achievement(achievement: Achievement) -> Answer:
    return _page(achievement)


@blueprint.get("/needs/<uuid:id>")
@needs(Can.NEED_VIEW, load=queries.find_need)
def need(need: Need) -> Answer:
    return _page(need)


def _page(listing: Listing, returning: ReturnForm | None = None, attaching: AttachmentForm | None = None) -> Answer:
    """The owner, and who must judge a change, reads what was last saved; everyone else the frozen revision."""
    as_public = "public" in request.args and listing.revision is not None
    inside = not as_public and queries.reads_working_copy(g.actor, listing)
    facts = documents.working_facts(listing) if inside else documents.public_facts(listing)
    if facts is None:
        raise NotFound()
    entitled = not as_public and queries.may_read_confidential(g.actor, listing)
    noun = queries.noun_of(type(listing))
    page = render_template(
        f"listings/{noun}.html",
        noun=noun,
        listing=listing,
        facts=documents.without_confidential(facts),
        inside=inside,
        confidential=(facts if inside else documents.facts_of(listing)).confidential if entitled else None,
        attachments=[row for row in queries.list_attachments(g.actor, listing) if inside or row.released],
        named=_named(listing, as_public),
        cautions=documents.cautions_of(listing) if listing.submitted_at else [],
        actions=queries.open_actions(g.actor, listing) if not as_public else [],
        returning=returning or ReturnForm(formdata=None),
        attaching=attaching or AttachmentForm(formdata=None),
    )
    return page, 422 if (returning and returning.has_errors) or (attaching and attaching.has_errors) else 200


def _named(listing: Listing, as_public: bool) -> bool:
    if isinstance(listing, Achievement):
        return True
    return access.may(g.actor, Can.NEED_SEE_SEEKER, listing) and not (as_public and listing.anonymous)


def _go(listing: Listing) -> BaseResponse:
    return redirect(url_for(f"listings.{queries.noun_of(type(listing))}", id=listing.id))


# --- writing --------------------------------------------------------------------------------------------------------


@blueprint.route("/achievements/new", methods=["GET", "POST"])
@needs(Can.ACHIEVEMENT_POST)
def new_achievement() -> Answer:
    form = AchievementForm(**_stepped("achievement:new", AchievementForm))
    save = lambda: services.create_achievement(g.actor, _organisation(), facts=form.facts())  # noqa: E731
    return _next_step(form) or _write(form, save)


@blueprint.route("/needs/new", methods=["GET", "POST"])
@needs(Can.NEED_POST)
def new_need() -> Answer:
    form = NeedForm(**_stepped("need:new", NeedForm))
    save = lambda: services.create_need(g.actor, _organisation(), facts=form.facts())  # noqa: E731
    return _next_step(form) or _write(form, save)


@blueprint.route("/achievements/<uuid:id>/edit", methods=["GET", "POST"])
@needs(Can.ACHIEVEMENT_EDIT, load=queries.find_achievement)
def edit_achievement(achievement: Achievement) -> Answer:
    form = AchievementForm() if request.method == "POST" else AchievementForm(**_begun(achievement))

    def save() -> Achievement:
        services.update_achievement(g.actor, achievement, facts=form.facts(), seen_version=form.seen_version)
        return achievement

    return _write(form, save, achievement)


@blueprint.route("/needs/<uuid:id>/edit", methods=["GET", "POST"])
@needs(Can.NEED_EDIT, load=queries.find_need)
def edit_need(need: Need) -> Answer:
    form = NeedForm() if request.method == "POST" else NeedForm(**_begun(need))

    def save() -> Need:
        services.update_need(g.actor, need, facts=form.facts(), seen_version=form.seen_version)
        return need

    return _write(form, save, need)


def _filled(listing: Listing) -> dict[str, Any]:
    columns = documents.columns(documents.working_facts(listing))
    return {**columns, "keywords": ", ".join(columns["keywords"]), "version": listing.version}


def _kept(key: str) -> dict[str, Any]:
    """What was typed here before and not saved, for a form that is shown."""
    draft = queries.find_form_draft(g.actor, key) if request.method == "GET" else None
    if draft is None:
        return {}
    g.resumed_at = draft.saved_at
    return {"formdata": MultiDict([(name, text) for name, text in draft.fields])}


def _step(shape: type[ListingForm] | ListingForm) -> str | None:
    """The step of the form that is asked for; None for the whole of it on one page."""
    step = request.args.get("step")
    return step if step in shape.steps else None


def _stepped(key: str, shape: type[ListingForm]) -> dict[str, Any]:
    """What a form is made of that may be filled in step by step: what a step sends is kept beside what the others
    sent, so that going back, leaving and coming back another day lose nothing."""
    step = _step(shape)
    if request.method == "GET" or step is None:
        return _kept(key)
    draft = form_drafts.keep_part(g.actor, key, shape.steps[step], request.form.items(multi=True))
    fields = [*((name, text) for name, text in draft.fields), ("csrf_token", request.form.get("csrf_token", ""))]
    return {"formdata": MultiDict(fields)}


def _next_step(form: ListingForm) -> BaseResponse | None:
    """Where the button of a step leads, to another one or out of the form."""
    target = request.form.get("go", "")
    if target == "later":
        done(_("Kept as you typed it. Open the form again to go on."))
        return redirect(url_for("listings.my_listings"))
    return redirect(url_for(request.endpoint or "", step=target)) if target in form.steps else None


def _begun(listing: Listing) -> dict[str, Any]:
    """The listing as saved, or what was typed on top of it, unless someone saved it since."""
    kept = _kept(str(listing.id))
    if kept and kept["formdata"].get("version") == str(listing.version):
        return kept
    g.pop("resumed_at", None)
    return {"data": _filled(listing)}


def _organisation() -> Organisation:
    organisation = accounts.find_organisation(g.actor.organisation_id)
    if organisation is None:
        raise NotFound()
    return organisation


def _write(form: ListingForm, save: Callable[[], Listing], listing: Listing | None = None) -> Answer:
    """Show a listing's form; save it and go as far as the button pressed says."""
    if form.is_submitted() and "more_rows" in request.form:
        form.add_rows(MORE_ROWS)
    elif form.is_submitted() and request.form.get("then") != "check":
        done_with = form.run(lambda: _go_on(save()))
        if done_with is not None:
            saved, question = done_with
            form_drafts.drop(g.actor, _key(form, listing))
            _tell(saved)
            return redirect(question) if question else _go(saved)
    return _form_page(form, listing)


def _key(form: ListingForm, listing: Listing | None) -> str:
    """Names a form, for what is typed into it and not saved."""
    noun = "achievement" if isinstance(form, AchievementForm) else "need"
    return f"{noun}:new" if listing is None else str(listing.id)


def _go_on(listing: Listing) -> tuple[Listing, str | None]:
    """As far as the button says, or to the question that comes before: the listing and the question's address."""
    then = request.form.get("then", "")
    return listing, services.hand_in(g.actor, listing, then) if then in ("submit", "publish") else None


def _tell(listing: Listing) -> None:
    if listing.submitted_at is not None:
        done(_("Handed in. You find it here when it was approved or returned."))
    elif listing.proposal is not None:
        done(_("The change was saved. The public text stays as it is until the change was handed in and approved."))
    elif listing.state == ListingState.PUBLISHED:
        done(_("Published."))
    else:
        done(_("Saved as a draft."))


def _form_page(form: ListingForm, listing: Listing | None) -> Answer:
    noun = "achievement" if isinstance(form, AchievementForm) else "need"
    may_publish = g.actor.verified and g.actor.holds(Role.TTO_OFFICER, Role.ENTERPRISE_SIGNATORY)
    template = f"listings/{'new' if listing is None else 'edit'}_{noun}.html"
    page = render_template(
        template,
        form=form,
        listing=listing,
        noun=noun,
        may_publish=may_publish,
        key=_key(form, listing),
        resumed_at=g.get("resumed_at"),
        step=None if form.has_errors else _step(form),
        check=completeness.check(noun, form.data, own_names=(g.actor.organisation_name,)),
    )
    return page, 422 if form.has_errors else 200


# --- steps ----------------------------------------------------------------------------------------------------------


@blueprint.post("/achievements/<uuid:id>/submit")
@needs(Can.ACHIEVEMENT_SUBMIT, load=queries.find_achievement)
def submit_achievement(achievement: Achievement) -> Answer:
    return _submit(achievement)


@blueprint.post("/needs/<uuid:id>/submit")
@needs(Can.NEED_SUBMIT, load=queries.find_need)
def submit_need(need: Need) -> Answer:
    return _submit(need)


def _submit(listing: Listing) -> Answer:
    """Where something is missing, the form says so at its field."""
    try:
        with db.session.begin_nested():
            if question := services.hand_in(g.actor, listing, "submit"):
                return redirect(question)
    except Invalid as error:
        shape: type[ListingForm] = AchievementForm if isinstance(listing, Achievement) else NeedForm
        form = shape(formdata=None, data=_filled(listing))
        form.attach(error)
        return _form_page(form, listing)
    _tell(listing)
    return _go(listing)


@blueprint.post("/achievements/<uuid:id>/approve")
@needs(Can.ACHIEVEMENT_REVIEW, load=queries.find_achievement)
def approve_achievement(achievement: Achievement) -> Answer:
    return _approve(achievement)


@blueprint.post("/needs/<uuid:id>/approve")
@needs(Can.NEED_REVIEW, load=queries.find_need)
def approve_need(need: Need) -> Answer:
    return _approve(need)


def _approve(listing: Listing) -> Answer:
    version = request.form.get("version", type=int)
    services.approve(g.actor, listing, seen_version=version)
    _tell(listing)
    return _go(listing)


@blueprint.post("/achievements/<uuid:id>/return")
@needs(Can.ACHIEVEMENT_REVIEW, load=queries.find_achievement)
def return_achievement(achievement: Achievement) -> Answer:
    return _return(achievement)


@blueprint.post("/needs/<uuid:id>/return")
@needs(Can.NEED_REVIEW, load=queries.find_need)
def return_need(need: Need) -> Answer:
    return _return(need)


def _return(listing: Listing) -> Answer:
    form = ReturnForm()
    form.run(lambda: services.return_(g.actor, listing, reason=form.reason.data or ""))
    if form.has_errors:
        return _page(listing, returning=form)
    done(_("Returned to the author with your reason."))
    return redirect(url_for("listings.review_queue"))  # who judges for the bureau no longer sees it


@blueprint.post("/achievements/<uuid:id>/withdraw")
@needs(Can.ACHIEVEMENT_WITHDRAW, load=queries.find_achievement)
def withdraw_achievement(achievement: Achievement) -> Answer:
    return _withdraw(achievement)


@blueprint.post("/needs/<uuid:id>/withdraw")
@needs(Can.NEED_WITHDRAW, load=queries.find_need)
def withdraw_need(need: Need) -> Answer:
    return _withdraw(need)


def _withdraw(listing: Listing) -> Answer:
    was_public = listing.state == ListingState.PUBLISHED
    services.withdraw(g.actor, listing)
    sentence = _("Withdrawn. Only your organisation sees it now.")
    if was_public:  # taking it back is no way round a review
        sentence = _("Withdrawn. Only your organisation sees it now. Undo makes it a draft, to be approved anew.")
    done(sentence, undo=(url_for(f"listings.reopen_{queries.noun_of(type(listing))}", id=listing.id), {}))
    return _go(listing)


@blueprint.post("/achievements/<uuid:id>/reopen")
@needs(Can.ACHIEVEMENT_WITHDRAW, load=queries.find_achievement)
def reopen_achievement(achievement: Achievement) -> Answer:
    return _reopen(achievement)


@blueprint.post("/needs/<uuid:id>/reopen")
@needs(Can.NEED_WITHDRAW, load=queries.find_need)
def reopen_need(need: Need) -> Answer:
    return _reopen(need)


def _reopen(listing: Listing) -> Answer:
    services.reopen(g.actor, listing)
    done(_("It is a draft again."))
    return _go(listing)


# --- files ----------------------------------------------------------------------------------------------------------


@blueprint.post("/achievements/<uuid:id>/attachments")
@needs(Can.ACHIEVEMENT_EDIT, load=queries.find_achievement)
def attach_to_achievement(achievement: Achievement) -> Answer:
    return _attach(achievement)


@blueprint.post("/needs/<uuid:id>/attachments")
@needs(Can.NEED_EDIT, load=queries.find_need)
def attach_to_need(need: Need) -> Answer:
    return _attach(need)


def _attach(listing: Listing) -> Answer:
    form, settings = AttachmentForm(), current_app.extensions["matchmaker.settings"]
    form.run(
        lambda: services.attach_file(
            g.actor,
            listing,
            root=settings.files_dir,
            limit_bytes=settings.upload_limit_bytes,
            stream=form.file.data.stream,
            name=form.file.data.filename,
            confidential=bool(form.confidential.data),
        )
    )
    if form.has_errors:
        return _page(listing, attaching=form)
    done(_("The file was attached. Others see it after the next approval."))
    return _go(listing)


@blueprint.get("/attachments/<uuid:id>")
@needs(Can.ATTACHMENT_VIEW, load=queries.find_attachment)
def attachment(attachment: Attachment) -> Answer:
    return download(attachment.file, attachment.name)


@blueprint.post("/attachments/<uuid:id>/remove")
@needs(Can.ATTACHMENT_REMOVE, load=queries.find_attachment)
def remove_attachment(attachment: Attachment) -> Answer:
    listing = attachment.listing
    services.remove_attachment(g.actor, attachment)
    done(_("The file was removed."))
    return _go(listing)
