"""Commands on people and organisations."""

from __future__ import annotations

import hashlib
import math
import re
import secrets
import unicodedata
import uuid
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import func, select, update

from matchmaker.accounts import queries, states
from matchmaker.accounts.models import (
    Invitation,
    Membership,
    MembershipRole,
    Organisation,
    OrganisationState,
    Recognition,
    SignIn,
    SignInAttempt,
    User,
)
from matchmaker.accounts.permissions import Can
from matchmaker.accounts.roles import (
    MANAGING_ROLE,
    ROLES_OF,
    OrganisationKind,
    RecognitionKind,
    Role,
    conflicting_roles,
)
from matchmaker.core import audit, clock, outbox, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db, translated_errors
from matchmaker.core.errors import N_, Conflict, DomainError, Forbidden, Invalid, NotFound, TooMany
from matchmaker.core.wording import clean_name

SHORTEST_PASSWORD, LONGEST_PASSWORD = 10, 1024
INVITATION_LIFETIME = timedelta(days=14)
INVITATIONS_A_DAY, INVITATIONS_A_DAY_UNVERIFIED = 50, 5
"""What an organisation may send in 24 hours: whoever registers one could else fill the mailboxes of strangers."""
ATTEMPTS, ATTEMPTS_PER_SOURCE, ATTEMPT_WINDOW = 10, 60, timedelta(minutes=5)

hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)  # OWASP's floor for Argon2id
LONGEST_EMAIL = 254
_ODD = r'@\s,;:<>()\[\]\\"'  # what a mail header could read as a second address, and blanks
_EMAIL = re.compile(rf"[^{_ODD}]+@[^.{_ODD}]+(?:\.[^.{_ODD}]+)+")


class EmailInvalid(Invalid):
    code = "accounts.email_invalid"
    phrase = N_("“%(text)s” is not an e-mail address.")


class EmailTaken(Invalid):
    code = "accounts.email_taken"
    phrase = N_("This e-mail address already has an account. Sign in first, then register the organisation.")


class CreditCodeTaken(Invalid):
    code = "accounts.credit_code_taken"
    phrase = N_("An organisation with this credit code is already registered. Ask its administrator for an invitation.")


class PasswordTooShort(Invalid):
    code = "accounts.password_too_short"
    phrase = N_("A password needs at least %(least)s characters; a sentence is a good one.")


class PasswordTooLong(Invalid):
    code = "accounts.password_too_long"
    phrase = N_("A password has at most %(most)s characters.")


class PasswordWrong(Invalid):
    code = "accounts.password_wrong"
    phrase = N_("This is not your present password.")


class RolesInvalid(Invalid):
    code = "accounts.roles_invalid"
    phrase = N_("Choose at least one role that belongs to this kind of organisation.")


class RolesConflict(Invalid):
    code = "accounts.roles_conflict"
    phrase = N_("One person may not hold these roles together: %(roles)s.")


class LastManager(Conflict):
    code = "accounts.last_manager"
    phrase = N_("The organisation needs someone who looks after its members. Give another member that role first.")


class AlreadyMember(Conflict):
    code = "accounts.already_member"
    phrase = N_("You already belong to this organisation.")


class InvitationNotYours(DomainError):
    code = "accounts.invitation_not_yours"
    status = 403
    phrase = N_("This invitation was sent to another e-mail address. Sign in with that one.")


class NameMissing(Invalid):
    code = "accounts.name_missing"
    phrase = N_("The name holds nothing that can be read.")


class BureauName(Invalid):
    code = "accounts.bureau_name"
    phrase = N_("The name of a bureau stands as it was registered. Ask those who run the platform to change it.")


class InvitationsTooMany(Invalid):
    code = "accounts.invitations_too_many"
    phrase = N_(
        "Your organisation may send %(most)s invitations in 24 hours and has sent them. Nothing was sent now; "
        "try again tomorrow."
    )


class RecognitionTaken(Invalid):
    code = "accounts.recognition_taken"
    phrase = N_("This recognition is already entered.")


class ValidityReversed(Invalid):
    code = "accounts.validity_reversed"
    phrase = N_("The last day of validity lies before the first.")


constraint_means("uq_users_email", lambda: EmailTaken(field="email"))
constraint_means("uq_organisations_credit_code", lambda: CreditCodeTaken(field="credit_code"))
constraint_means("uq_memberships_user_id_organisation_id", AlreadyMember)
constraint_means("uq_recognitions_organisation_id_kind_number", lambda: RecognitionTaken(field="number"))
constraint_means("ck_recognitions_validity", lambda: ValidityReversed(field="valid_until"))


# --- passwords and sessions -----------------------------------------------------------------------------------------


def hash_password(password: str) -> str:
    """Argon2id hash. Length is judged before any hashing. Raises PasswordTooShort, PasswordTooLong."""
    if len(password) < SHORTEST_PASSWORD:
        raise PasswordTooShort(field="password", least=SHORTEST_PASSWORD)
    if len(password) > LONGEST_PASSWORD:
        raise PasswordTooLong(field="password", most=LONGEST_PASSWORD)
    return hasher.hash(_as_typed(password))


def password_fits(password_hash: str, password: str) -> bool:
    if len(password) > LONGEST_PASSWORD:
        return False
    try:
        return hasher.verify(password_hash, _as_typed(password))
    except (VerificationError, InvalidHashError):
        return False


def _as_typed(password: str) -> bytes:
    """NFC, so that one keyboard's é is another's; nothing else is changed, nothing cut off."""
    return unicodedata.normalize("NFC", password).encode("utf-8", "surrogatepass")


def strengthen_hash(user: User, password: str) -> None:
    """Hash a password just checked again where today's parameters ask for more than its hash has."""
    if hasher.check_needs_rehash(user.password_hash):
        user.password_hash = hasher.hash(_as_typed(password))
        audit.record(_as(user), "user.password_rehashed", user)


def note_attempt(email: str, source: str) -> None:
    """Count a password check before it is made. Raises TooMany: per account, then per source.

    Other accounts are never slowed; when the guessing ends, the account's owner waits at most the window.
    """
    email = queries.normalised_email(email)
    account, origin = _digest(email), _digest(source)
    now = clock.now()
    # Guesses at one account that come at the same moment are counted one after the other.
    db.session.execute(select(User.id).where(User.email == email).with_for_update())
    for column, value, most in (
        (SignInAttempt.account, account, ATTEMPTS),
        (SignInAttempt.source, origin, ATTEMPTS_PER_SOURCE),
    ):
        recent = select(func.count(), func.min(SignInAttempt.at)).where(
            column == value, SignInAttempt.at > now - ATTEMPT_WINDOW
        )
        count, oldest = db.session.execute(recent).one()
        if count >= most:
            raise TooMany(seconds=max(1, math.ceil((oldest + ATTEMPT_WINDOW - now).total_seconds())))
    db.session.add(SignInAttempt(at=now, account=account, source=origin))
    db.session.query(SignInAttempt).filter(SignInAttempt.at < now - timedelta(days=1)).delete()


def open_session(user: User, *, replacing: SignIn | None = None) -> tuple[str, SignIn]:
    """A new session for a person whose password was checked; it ends the one it replaces.

    Acts for the organisation last acted for.
    """
    if replacing is not None:
        _end(_as(user), replacing)
    last = db.session.scalar(
        select(SignIn.membership_id)
        .where(SignIn.user_id == user.id, SignIn.membership_id.is_not(None))
        .order_by(SignIn.created_at.desc())
        .limit(1)
    )
    if last is None:
        memberships = queries.list_memberships(user.id)
        last = memberships[0].id if memberships else None
    token = secrets.token_urlsafe(32)
    row = SignIn(token_hash=queries.token_hash(token), user_id=user.id, membership_id=last, created_at=clock.now())
    db.session.add(row)
    db.session.query(SignInAttempt).filter(SignInAttempt.account == _digest(user.email)).delete()
    audit.record(_as(user), "session.opened", row)
    return token, row


@command(Can.SESSION_CHANGE)
def close_session(actor: Actor, row: SignIn) -> None:
    _end(actor, row)


def _end(actor: Actor, row: SignIn) -> None:
    row.ended_at = clock.now()
    audit.record(actor, "session.closed", row)


@command(Can.SESSION_CHANGE)
def act_for(actor: Actor, row: SignIn, *, membership_id: Any) -> None:
    """Act for another of one's organisations. Raises NotFound where there is no such membership."""
    membership = next((m for m in queries.list_memberships(row.user_id) if str(m.id) == str(membership_id)), None)
    if membership is None:
        raise NotFound()
    row.membership_id = membership.id
    audit.record(actor, "session.acts_for", row, membership=str(membership.id))


@command(Can.ACCOUNT_CHANGE)
def change_password(actor: Actor, user: User, *, present: str, new: str) -> None:
    """Set a new password and end every session, this one too: who stays gets a fresh one."""
    if not password_fits(user.password_hash, present):
        raise PasswordWrong(field="present")
    user.password_hash = hash_password(new)
    live = update(SignIn).where(SignIn.user_id == user.id, SignIn.ended_at.is_(None))
    db.session.execute(live.values(ended_at=clock.now()))
    audit.record(actor, "user.password_changed", user)


@command(Can.ACCOUNT_CHANGE)
def set_locale(actor: Actor, user: User, *, locale: str) -> None:
    user.locale = locale
    audit.record(actor, "user.locale_set", user, locale=locale)


# --- organisations --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Profile:
    """What an organisation says of itself. Figures only for enterprises, for the SME size class."""

    name: str
    district: str
    name_en: str | None = None
    summary: str = ""
    summary_en: str | None = None
    industry: str | None = None
    employees: int | None = None
    revenue_fen: int | None = None
    assets_fen: int | None = None
    figures_year: int | None = None


@command(Can.ORGANISATION_REGISTER)
def register_user(actor: Actor, _: None, *, email: str, name: str, password: str) -> User:
    user = User(email=_checked_email(email), name=name, password_hash=hash_password(password), created_at=clock.now())
    db.session.add(user)
    audit.record(actor, "user.registered", user)
    return user


def _checked_email(text: str) -> str:
    email = queries.normalised_email(text)
    if len(email) > LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise EmailInvalid(field="email", text=email)
    return email


@command(Can.ORGANISATION_REGISTER)
def register_organisation(
    actor: Actor, user: User, *, kind: OrganisationKind, credit_code: str, profile: Profile
) -> Organisation:
    """A new organisation in state *pending*, its first member being the one who registers it.

    A bureau is registered by the platform alone, from the command line.
    """
    if not actor.system and (kind == OrganisationKind.AUTHORITY or actor.user_id not in (None, user.id)):
        raise Forbidden(permission=str(Can.ORGANISATION_REGISTER))
    organisation = Organisation(
        kind=kind,
        state=OrganisationState.PENDING,
        credit_code=credit_code,
        created_at=clock.now(),
        **_columns(kind, profile),
    )
    db.session.add(organisation)
    audit.record(actor, "organisation.registered", organisation, kind=str(kind))
    add_member(actor, organisation, user, roles=_first_roles(kind))
    return organisation


def _first_roles(kind: OrganisationKind) -> set[Role]:
    return {MANAGING_ROLE[kind], *([Role.ENTERPRISE_MEMBER] if kind == OrganisationKind.ENTERPRISE else [])}


def add_member(actor: Actor, organisation: Organisation, user: User, *, roles: Collection[Role]) -> Membership:
    """Part of the commands that let someone in. Raises RolesInvalid, RolesConflict, AlreadyMember."""
    checked = _checked_roles(organisation.kind, roles, held=_roles_elsewhere(user.id, organisation.id))
    membership = Membership(user_id=user.id, organisation_id=organisation.id, created_at=clock.now())
    membership.roles = [MembershipRole(role=role) for role in sorted(checked)]
    db.session.add(membership)
    audit.record(actor, "membership.added", membership, roles=sorted(checked))
    return membership


@command(Can.ORGANISATION_EDIT)
def update_profile(actor: Actor, organisation: Organisation, *, profile: Profile) -> None:
    """Save what the organisation says of itself; a verified one that changes its name waits for the bureau again.

    Raises NameMissing, BureauName.
    """
    columns = _columns(organisation.kind, profile)
    renamed = (columns["name"], columns["name_en"]) != (organisation.name, organisation.name_en)
    if renamed and organisation.kind == OrganisationKind.AUTHORITY:
        raise BureauName(field="name")  # nobody could verify it again
    for name, value in columns.items():
        setattr(organisation, name, value)
    if renamed and organisation.state == OrganisationState.VERIFIED:
        workflow.apply(actor, organisation, states.ORGANISATION, "rename")
        organisation.decision_reason = None
    audit.record(actor, "organisation.profile_updated", organisation)


@command(Can.ORGANISATION_VERIFY)
def decide_organisation(actor: Actor, organisation: Organisation, *, action: str, reason: str = "") -> None:
    """Verify, reject, suspend or reinstate. Members read the reason on the organisation's page."""
    workflow.apply(actor, organisation, states.ORGANISATION, action)
    organisation.decision_reason = reason or None


@command(Can.ORGANISATION_EDIT)
def add_recognition(
    actor: Actor, organisation: Organisation, *, kind: RecognitionKind, number: str, valid_from: date, valid_until: date
) -> Recognition:
    recognition = Recognition(
        organisation_id=organisation.id, kind=kind, number=number, valid_from=valid_from, valid_until=valid_until
    )
    db.session.add(recognition)
    audit.record(actor, "recognition.added", recognition, kind=str(kind))
    return recognition


_FIGURES = ("industry", "employees", "revenue_fen", "assets_fen", "figures_year")


def _columns(kind: OrganisationKind, profile: Profile) -> dict[str, Any]:
    columns = {name: getattr(profile, name) for name in Profile.__slots__}
    columns["name"], columns["name_en"] = clean_name(profile.name), clean_name(profile.name_en or "") or None
    if not columns["name"]:
        raise NameMissing(field="name")
    return columns if kind == OrganisationKind.ENTERPRISE else {**columns, **dict.fromkeys(_FIGURES)}


# --- members --------------------------------------------------------------------------------------------------------


@command(Can.MEMBER_MANAGE)
def invite_member(
    actor: Actor, organisation: Organisation, *, email: str, roles: Collection[Role], link: Any, subject: str, body: Any
) -> str:
    """Offer membership by mail. Returns the secret link, which is shown once and kept only as a hash.

    `link` makes the address of a token; `subject` and `body` (given the link) are phrased by the caller. Raises
    EmailInvalid, RolesInvalid, RolesConflict, InvitationsTooMany.
    """
    email, checked = _checked_email(email), _checked_roles(organisation.kind, roles)
    verified = organisation.state == OrganisationState.VERIFIED
    most = INVITATIONS_A_DAY if verified else INVITATIONS_A_DAY_UNVERIFIED
    if queries.count_invitations(organisation, since=clock.now() - timedelta(days=1)) >= most:
        raise InvitationsTooMany(field="email", most=most)
    token = secrets.token_urlsafe(32)
    invitation = Invitation(
        organisation_id=organisation.id,
        email=email,
        roles=sorted(checked),
        token_hash=queries.token_hash(token),
        invited_by_id=actor.user_id,
        created_at=clock.now(),
        expires_at=clock.now() + INVITATION_LIFETIME,
    )
    db.session.add(invitation)
    audit.record(actor, "invitation.sent", invitation, roles=sorted(checked))
    address = str(link(token))
    outbox.post_mail(to=email, subject=subject, body=body(address))
    return address


@command(Can.INVITATION_MANAGE)
def revoke_invitation(actor: Actor, invitation: Invitation) -> None:
    invitation.revoked_at = clock.now()
    audit.record(actor, "invitation.revoked", invitation)


def accept_invitation(invitation: Invitation, user: User) -> Membership:
    """Redeem an invitation once, by the person it was sent to. Raises InvitationNotYours, AlreadyMember."""
    if user.email != invitation.email:
        raise InvitationNotYours()
    taken = update(Invitation).where(Invitation.id == invitation.id, queries.is_open())
    if db.session.execute(taken.values(accepted_at=clock.now())).rowcount != 1:  # type: ignore[attr-defined]
        raise NotFound()
    with translated_errors():
        return add_member(_as(user), invitation.organisation, user, roles=[Role(role) for role in invitation.roles])


@command(Can.MEMBERSHIP_MANAGE)
def change_roles(actor: Actor, membership: Membership, *, roles: Collection[Role]) -> None:
    held = _roles_elsewhere(membership.user_id, membership.organisation_id)
    checked = _checked_roles(membership.organisation.kind, roles, held=held)
    _keep_a_manager(membership, checked)
    kept = [entry for entry in membership.roles if entry.role in checked]
    added = checked - {entry.role for entry in kept}
    membership.roles = kept + [MembershipRole(role=role) for role in sorted(added)]
    audit.record(actor, "membership.roles_changed", membership, roles=sorted(checked))
    if MANAGING_ROLE[membership.organisation.kind] not in checked:
        _revoke_invitations_by(actor, membership)


@command(Can.MEMBERSHIP_MANAGE)
def remove_member(actor: Actor, membership: Membership) -> None:
    """End a membership; it counts no more from the next request on, nor do invitations that this member sent."""
    _keep_a_manager(membership, set())
    _revoke_invitations_by(actor, membership)
    audit.record(actor, "membership.removed", membership)
    db.session.execute(update(SignIn).where(SignIn.membership_id == membership.id).values(membership_id=None))
    db.session.delete(membership)


def _revoke_invitations_by(actor: Actor, membership: Membership) -> None:
    """Who may invite no more could else come back, or let others in, by a link kept from before."""
    for invitation in queries.list_open_invitations(membership.organisation):
        if invitation.invited_by_id == membership.user_id:
            invitation.revoked_at = clock.now()
            audit.record(actor, "invitation.revoked", invitation)


def _checked_roles(kind: OrganisationKind, roles: Collection[Role], *, held: Collection[Role] = ()) -> set[Role]:
    """Roles that one may hold here, given those `held` elsewhere: duties stay separate across organisations."""
    chosen = set(roles)
    if not chosen or not chosen <= set(ROLES_OF[kind]):
        raise RolesInvalid(field="roles")
    clash = conflicting_roles({*chosen, *held})
    if clash:
        raise RolesConflict(field="roles", roles=tuple(sorted(clash)))
    return chosen


def _roles_elsewhere(user_id: uuid.UUID, organisation_id: uuid.UUID) -> list[Role]:
    query = (
        select(MembershipRole.role)
        .join(MembershipRole.membership)
        .where(Membership.user_id == user_id, Membership.organisation_id != organisation_id)
    )
    return list(db.session.scalars(query))


def _keep_a_manager(membership: Membership, roles: set[Role]) -> None:
    # Two managers who remove each other at the same moment: the second waits here, and then is the last.
    organisation = select(Organisation.id).where(Organisation.id == membership.organisation_id)
    db.session.execute(organisation.with_for_update())
    managing = MANAGING_ROLE[membership.organisation.kind]
    others = (
        select(func.count())
        .select_from(MembershipRole)
        .join(MembershipRole.membership)
        .where(
            Membership.organisation_id == membership.organisation_id,
            Membership.id != membership.id,
            MembershipRole.role == managing,
        )
    )
    if managing not in roles and not db.session.scalar(others):
        raise LastManager()


def _as(user: User) -> Actor:
    return Actor(kind="user", name=user.name, user_id=user.id)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
