"""Pages of people and organisations."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, flash, g, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from matchmaker.accounts import queries, services, sessions, states
from matchmaker.accounts.forms import (
    DecisionForm,
    InviteForm,
    OrganisationForm,
    PasswordForm,
    PersonForm,
    ProfileForm,
    RecognitionForm,
    RegisterForm,
    RolesForm,
    SignInForm,
)
from matchmaker.accounts.models import Invitation, Membership, Organisation, OrganisationState, SignIn, User
from matchmaker.accounts.permissions import Can
from matchmaker.accounts.roles import OrganisationKind, RecognitionKind
from matchmaker.core import workflow
from matchmaker.core.access import needs, public
from matchmaker.core.db import unit_of_work
from matchmaker.core.errors import N_, NotFound
from matchmaker.core.web import i18n, navigation, paging
from matchmaker.core.web.forms import done
from matchmaker.core.web.navigation import local_target

blueprint = Blueprint("accounts", __name__)

navigation.item("accounts.organisations", N_("Organisations"), 60)

DECISIONS = frozenset({"verify", "reject", "suspend", "reinstate"})
_DUMMY_HASH = services.hasher.hash("no account has this password")

Answer = str | Response | BaseResponse | tuple[str, int]


# --- signing in -----------------------------------------------------------------------------------------------------


@blueprint.route("/sign-in", methods=["GET", "POST"])
@public("the way in", own_transaction=True)
def sign_in() -> Answer:
    """The slow password check runs between two short transactions, not inside one."""
    form = SignInForm()
    target = local_target(request.values.get("next"), url_for("dashboard.home"))
    if not form.validate_on_submit():
        page = render_template("accounts/sign_in.html", form=form, target=target)
        return page, 422 if form.has_errors else 200
    email, password = form.email.data or "", form.password.data or ""
    with unit_of_work():
        services.note_attempt(email, request.remote_addr or "")
        user = queries.find_user_by_email(email)
        password_hash = user.password_hash if user is not None and user.active else None
    fits = services.password_fits(password_hash or _DUMMY_HASH, password)
    if not fits or password_hash is None:
        form.extra_errors.append(_("This e-mail address and password do not go together."))
        return render_template("accounts/sign_in.html", form=form, target=target), 422
    with unit_of_work():
        user = queries.find_user_by_email(email)
        assert user is not None
        services.strengthen_hash(user, password)
        token, row = services.open_session(user, replacing=sessions.current_row())
    sessions.start(token, row)
    return redirect(target)


def _start_session(user: User) -> None:
    sessions.start(*services.open_session(user, replacing=sessions.current_row()))


@blueprint.post("/sign-out")
@needs(Can.ACCOUNT_OWN)
def sign_out() -> Answer:
    services.close_session(g.actor, _session_row())
    sessions.end()
    return redirect(url_for("dashboard.home"))


@blueprint.post("/acting-for")
@needs(Can.ACCOUNT_OWN)
def act_for() -> Answer:
    services.act_for(g.actor, _session_row(), membership_id=request.form.get("membership", ""))
    return redirect(url_for("dashboard.home"))


@blueprint.post("/language")
@public("everyone reads")
def choose_language() -> Answer:
    chosen = request.form.get("lang", "")
    response = redirect(local_target(request.form.get("next"), url_for("dashboard.home")))
    if chosen in i18n.LOCALES:
        row = sessions.current_row()
        if row is not None:
            services.set_locale(g.actor, row.user, locale=chosen)
        secure = bool(current_app.config["SESSION_COOKIE_SECURE"])
        response.set_cookie(
            i18n.cookie_name(), chosen, max_age=365 * 86400, samesite="Lax", httponly=True, secure=secure
        )
    return response


@blueprint.route("/account", methods=["GET", "POST"])
@needs(Can.ACCOUNT_OWN)
def account() -> Answer:
    form = PasswordForm()
    user = _session_row().user
    if form.is_submitted():
        services.note_attempt(user.email, request.remote_addr or "")  # the present password can be guessed at here too
        form.run(lambda: _change_password(user, form))
        if not form.has_errors:
            done(_("Your password was changed; other sessions were ended."))
            return redirect(url_for("accounts.account"))
    return render_template("accounts/account.html", form=form, user=user), 422 if form.has_errors else 200


def _change_password(user: User, form: PasswordForm) -> None:
    services.change_password(g.actor, user, present=form.present.data or "", new=form.password.data or "")
    _start_session(user)


def _session_row() -> SignIn:
    row = sessions.current_row()
    if row is None:
        raise NotFound()
    return row


# --- registering ----------------------------------------------------------------------------------------------------


@blueprint.route("/register", methods=["GET", "POST"])
@needs(Can.ORGANISATION_REGISTER)
def register() -> Answer:
    """A new organisation; for those who have no account yet, with its first person."""
    signed_in = not g.actor.anonymous
    form = OrganisationForm() if signed_in else RegisterForm()
    organisation = form.run(lambda: _register(form)) if form.is_submitted() else None
    if organisation is None:
        page = render_template("accounts/register.html", form=form, signed_in=signed_in)
        return page, 422 if form.has_errors else 200
    done(_("Registered. The science bureau verifies the organisation; until then you can prepare drafts."))
    return redirect(url_for("accounts.organisation", id=organisation.id))


def _register(form: OrganisationForm) -> Organisation:
    if isinstance(form, RegisterForm):
        user = services.register_user(
            g.actor, None, email=form.email.data or "", name=form.person.data or "", password=form.password.data or ""
        )
    else:
        user = _session_row().user
    organisation = services.register_organisation(
        g.actor,
        user,
        kind=OrganisationKind(form.kind.data),
        credit_code=form.checked_credit_code(),
        profile=form.profile(),
    )
    if isinstance(form, RegisterForm):
        _start_session(user)
    return organisation


# --- organisations --------------------------------------------------------------------------------------------------


@blueprint.get("/organisations")
@needs(Can.ORGANISATION_LIST)
def organisations() -> Answer:
    kind, state, text = request.args.get("kind", ""), request.args.get("state", ""), paging.search_text()
    query = queries.list_organisations(
        g.actor,
        kind=OrganisationKind(kind) if kind in set(OrganisationKind) else None,
        state=OrganisationState(state) if state in set(OrganisationState) else None,
        text=text,
    )
    page = paging.paged(query, paging.page_number())
    return render_template(
        "accounts/organisations.html", page=page, kinds=OrganisationKind, states=OrganisationState, kind=kind, text=text
    )


@blueprint.get("/organisations/<uuid:id>")
@needs(Can.ORGANISATION_VIEW, load=queries.find_organisation)
def organisation(organisation: Organisation) -> Answer:
    return _organisation_page(organisation, DecisionForm(formdata=None))


def _organisation_page(organisation: Organisation, form: DecisionForm) -> str:
    actions = workflow.open_actions(g.actor, organisation, states.ORGANISATION, DECISIONS)
    namesakes = queries.list_namesakes(organisation) if actions else []
    return render_template(
        "accounts/organisation.html", organisation=organisation, actions=actions, namesakes=namesakes, form=form
    )


@blueprint.route("/organisations/<uuid:id>/edit", methods=["GET", "POST"])
@needs(Can.ORGANISATION_EDIT, load=queries.find_organisation)
def edit_organisation(organisation: Organisation) -> Answer:
    form = ProfileForm(obj=organisation)
    if form.is_submitted():
        form.run(lambda: services.update_profile(g.actor, organisation, profile=form.profile()))
        if not form.has_errors:
            waits = organisation.state == OrganisationState.PENDING
            done(_("The profile was saved. The bureau has yet to verify it.") if waits else _("The profile was saved."))
            return redirect(url_for("accounts.organisation", id=organisation.id))
    page = render_template("accounts/edit_organisation.html", form=form, organisation=organisation)
    return page, 422 if form.has_errors else 200


@blueprint.post("/organisations/<uuid:id>/<any(verify, reject, suspend, reinstate):action>")
@needs(Can.ORGANISATION_VERIFY, load=queries.find_organisation)
def decide_organisation(organisation: Organisation, action: str) -> Answer:
    form = DecisionForm()
    form.run(lambda: services.decide_organisation(g.actor, organisation, action=action, reason=form.reason.data or ""))
    if form.has_errors:
        return _organisation_page(organisation, form), 422
    done(_("The decision was recorded."))
    return redirect(url_for("accounts.organisation", id=organisation.id))


@blueprint.route("/organisations/<uuid:id>/recognitions/new", methods=["GET", "POST"])
@needs(Can.ORGANISATION_EDIT, load=queries.find_organisation)
def add_recognition(organisation: Organisation) -> Answer:
    form = RecognitionForm()
    if form.is_submitted():
        form.run(
            lambda: services.add_recognition(
                g.actor,
                organisation,
                kind=RecognitionKind(form.kind.data),
                number=form.number.data or "",
                valid_from=form.day(form.valid_from),
                valid_until=form.day(form.valid_until),
            )
        )
        if not form.has_errors:
            done(_("The recognition was entered."))
            return redirect(url_for("accounts.organisation", id=organisation.id))
    page = render_template("accounts/add_recognition.html", form=form, organisation=organisation)
    return page, 422 if form.has_errors else 200


# --- members --------------------------------------------------------------------------------------------------------


@blueprint.get("/organisations/<uuid:id>/members")
@needs(Can.MEMBER_VIEW, load=queries.find_organisation)
def members(organisation: Organisation) -> Answer:
    return render_template(
        "accounts/members.html",
        organisation=organisation,
        members=queries.list_members(organisation),
        invitations=queries.list_open_invitations(organisation),
        form=InviteForm(organisation.kind, formdata=None),
    )


@blueprint.post("/organisations/<uuid:id>/members/invite")
@needs(Can.MEMBER_MANAGE, load=queries.find_organisation)
def invite_member(organisation: Organisation) -> Answer:
    form = InviteForm(organisation.kind)
    link = form.run(lambda: _invite(organisation, form))
    if link is None:
        everyone, open_ones = queries.list_members(organisation), queries.list_open_invitations(organisation)
        page = render_template(
            "accounts/members.html", organisation=organisation, members=everyone, invitations=open_ones, form=form
        )
        return page, 422
    flash(
        _(
            "The invitation is on its way. You can also hand over this link, which is shown only now: %(link)s",
            link=link,
        )
    )
    return redirect(url_for("accounts.members", id=organisation.id))


def _invite(organisation: Organisation, form: InviteForm) -> str:
    base = current_app.extensions["matchmaker.settings"].base_url
    return services.invite_member(
        g.actor,
        organisation,
        email=form.email.data or "",
        roles=form.chosen(),
        link=lambda token: base + url_for("accounts.invitation", token=token),
        subject=_("Invitation to join %(name)s", name=organisation.name),
        body=lambda link: render_template("emails/invitation.txt", organisation=organisation, link=link),
    )


@blueprint.post("/invitations/<uuid:id>/revoke")
@needs(Can.INVITATION_MANAGE, load=queries.find_open_invitation)
def revoke_invitation(invitation: Invitation) -> Answer:
    services.revoke_invitation(g.actor, invitation)
    done(_("The invitation was withdrawn."))
    return redirect(url_for("accounts.members", id=invitation.organisation_id))


@blueprint.route("/memberships/<uuid:id>/roles", methods=["GET", "POST"])
@needs(Can.MEMBERSHIP_MANAGE, load=queries.find_membership)
def change_roles(membership: Membership) -> Answer:
    form = RolesForm(membership.organisation.kind, data={"roles": [str(role) for role in membership.role_set]})
    if form.is_submitted():
        form.run(lambda: services.change_roles(g.actor, membership, roles=form.chosen()))
        if not form.has_errors:
            done(_("The roles were changed."))
            return redirect(url_for("accounts.members", id=membership.organisation_id))
    page = render_template("accounts/change_roles.html", form=form, membership=membership)
    return page, 422 if form.has_errors else 200


@blueprint.post("/memberships/<uuid:id>/remove")
@needs(Can.MEMBERSHIP_MANAGE, load=queries.find_membership)
def remove_member(membership: Membership) -> Answer:
    organisation_id, oneself = membership.organisation_id, membership.user_id == g.actor.user_id
    services.remove_member(g.actor, membership)
    done(_("The member was removed."))
    return redirect(url_for("dashboard.home") if oneself else url_for("accounts.members", id=organisation_id))


@blueprint.route("/join/<token>", methods=["GET", "POST"])
@public("whoever holds the link was invited")
def invitation(token: str) -> Answer:
    """Join with the account at hand, or make one; the invitation's address decides which."""
    offer = queries.find_invitation(token)
    if offer is None:
        raise NotFound()
    known = queries.find_user_by_email(offer.email)
    form = PersonForm()
    if request.method == "POST":
        user = _invited_user(offer, known, form)
        if user is not None:
            services.accept_invitation(offer, user)
            _start_session(user)
            done(_("Welcome to “%(name)s”.", name=offer.organisation.name))
            return redirect(url_for("accounts.organisation", id=offer.organisation_id))
    page = render_template("accounts/invitation.html", offer=offer, known=known is not None, form=form)
    return page, 422 if form.has_errors else 200


def _invited_user(offer: Invitation, known: User | None, form: PersonForm) -> User | None:
    if known is None:
        return form.run(
            lambda: services.register_user(
                g.actor, None, email=offer.email, name=form.name.data or "", password=form.password.data or ""
            )
        )
    if g.actor.user_id != known.id:
        raise services.InvitationNotYours()
    return known
