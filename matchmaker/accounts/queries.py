"""Reads of people and organisations."""

from __future__ import annotations

import hashlib
import unicodedata
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, func, select
from sqlalchemy.orm import contains_eager, joinedload, selectinload

from matchmaker.accounts.models import Invitation, Membership, Organisation, OrganisationState, SignIn, User
from matchmaker.accounts.permissions import Can
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.access import ANONYMOUS, Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import NotFound
from matchmaker.core.types import clean_text
from matchmaker.core.wording import same_name_key

SESSION_LIFETIME = timedelta(hours=12)


def token_hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def normalised_email(text: str) -> str:
    """The one form of an address, by which accounts are told apart."""
    return unicodedata.normalize("NFKC", clean_text(text)).strip().casefold()


def find_sign_in(token: str) -> SignIn | None:
    """The live session of a token, with its person, who is a member of what and in which roles, in one read."""
    query = (
        select(SignIn)
        .join(SignIn.user)
        .where(
            SignIn.token_hash == token_hash(token),
            SignIn.ended_at.is_(None),
            SignIn.created_at > clock.now() - SESSION_LIFETIME,
            User.active,
        )
        .options(
            contains_eager(SignIn.user)
            .joinedload(User.memberships)
            .options(joinedload(Membership.organisation), joinedload(Membership.roles))
        )
    )
    return db.session.scalars(query).unique().one_or_none()


@dataclass(frozen=True, slots=True)
class Place:
    """An organisation that a person may act for, as the head of every page names it."""

    membership_id: uuid.UUID
    organisation_id: uuid.UUID
    organisation_name: str
    roles: tuple[Role, ...]


def places_of(sign_in: SignIn | None) -> list[Place]:
    """Where the person of a session may act, by name: from what came with the session, without a further read."""
    if sign_in is None:
        return []
    places = [
        Place(row.id, row.organisation_id, row.organisation.name, tuple(entry.role for entry in row.roles))
        for row in sign_in.user.memberships
    ]
    return sorted(places, key=lambda place: (place.organisation_name, str(place.membership_id)))


def actor_of(sign_in: SignIn | None) -> Actor:
    """Who acts in a session. Roles of a rejected or suspended organisation do not count, of a bureau only verified."""
    if sign_in is None:
        return ANONYMOUS
    membership = sign_in.membership
    if membership is None:
        return Actor(kind="user", name=sign_in.user.name, user_id=sign_in.user_id)
    return _acting(membership, sign_in.user)


def find_actor(user_id: uuid.UUID, organisation_id: uuid.UUID) -> Actor | None:
    """A person acting for an organisation now, for work that was left to the platform; None where he is no member of
    it any more."""
    query = (
        select(Membership)
        .join(Membership.user)
        .where(Membership.user_id == user_id, Membership.organisation_id == organisation_id, User.active)
        .options(joinedload(Membership.organisation), joinedload(Membership.user), selectinload(Membership.roles))
    )
    membership = db.session.scalar(query)
    return None if membership is None else _acting(membership, membership.user)


def _acting(membership: Membership, user: User) -> Actor:
    organisation = membership.organisation
    live = organisation.state == OrganisationState.VERIFIED or (
        organisation.state == OrganisationState.PENDING and organisation.kind != OrganisationKind.AUTHORITY
    )
    return Actor(
        kind="user",
        name=user.name,
        user_id=user.id,
        organisation_id=organisation.id,
        organisation_kind=organisation.kind,
        organisation_name=organisation.name,
        verified=organisation.state == OrganisationState.VERIFIED,
        roles=frozenset(membership.role_set) if live else frozenset(),
    )


def find_organisation(organisation_id: uuid.UUID) -> Organisation | None:
    return db.session.get(Organisation, organisation_id)


def get_organisation_by_credit_code(credit_code: str) -> Organisation:
    """Raises NotFound."""
    organisation = db.session.scalar(select(Organisation).where(Organisation.credit_code == credit_code))
    if organisation is None:
        raise NotFound()
    return organisation


def list_namesakes(organisation: Organisation) -> list[Organisation]:
    """Other organisations, in whatever state, of the same name but for width, case and blanks."""
    wanted = same_name_key(organisation.name)
    names = db.session.execute(select(Organisation.id, Organisation.name).where(Organisation.id != organisation.id))
    same = [found for found, name in names if same_name_key(name) == wanted]
    return list(db.session.scalars(select(Organisation).where(Organisation.id.in_(same)).order_by(Organisation.id)))


def list_organisations(
    actor: Actor, *, kind: OrganisationKind | None = None, state: OrganisationState | None = None, text: str = ""
) -> Select[Organisation]:
    """Organisations the actor may see, by name."""
    query = select(Organisation).where(visible(actor, Can.ORGANISATION_VIEW))
    if kind is not None:
        query = query.where(Organisation.kind == kind)
    if state is not None:
        query = query.where(Organisation.state == state)
    if text:
        query = query.where(
            Organisation.name.icontains(text, autoescape=True)
            | Organisation.name_en.icontains(text, autoescape=True)
            | (Organisation.credit_code == text.upper())
        )
    return query.order_by(Organisation.name, Organisation.id)


def list_members(organisation: Organisation) -> list[Membership]:
    query = (
        select(Membership)
        .join(Membership.user)
        .where(Membership.organisation_id == organisation.id)
        .options(joinedload(Membership.user), selectinload(Membership.roles))
        .order_by(User.name, Membership.id)
    )
    return list(db.session.scalars(query))


def list_memberships(user_id: uuid.UUID) -> list[Membership]:
    """The organisations a person may act for, by name."""
    query = (
        select(Membership)
        .join(Membership.organisation)
        .where(Membership.user_id == user_id)
        .options(contains_eager(Membership.organisation), joinedload(Membership.roles))
        .order_by(Organisation.name, Membership.id)
    )
    return list(db.session.scalars(query).unique())


def list_open_invitations(organisation: Organisation) -> list[Invitation]:
    query = (
        select(Invitation)
        .where(Invitation.organisation_id == organisation.id, is_open())
        .order_by(Invitation.created_at, Invitation.id)
    )
    return list(db.session.scalars(query))


def count_invitations(organisation: Organisation, *, since: datetime) -> int:
    """How many the organisation has sent after a moment, whatever became of them."""
    query = select(func.count()).where(Invitation.organisation_id == organisation.id, Invitation.created_at > since)
    return db.session.scalar(query) or 0


def is_open() -> ColumnElement[bool]:
    """SQL condition: the invitation can be taken up now."""
    return and_(Invitation.accepted_at.is_(None), Invitation.revoked_at.is_(None), Invitation.expires_at > clock.now())


def find_invitation(token: str) -> Invitation | None:
    """The invitation a link stands for, while it can be taken up."""
    return db.session.scalar(select(Invitation).where(Invitation.token_hash == token_hash(token), is_open()))


def find_open_invitation(invitation_id: uuid.UUID) -> Invitation | None:
    return db.session.scalar(select(Invitation).where(Invitation.id == invitation_id, is_open()))


def find_membership(membership_id: uuid.UUID) -> Membership | None:
    return db.session.get(Membership, membership_id)


def find_user_by_email(email: str) -> User | None:
    return db.session.scalar(select(User).where(User.email == normalised_email(email)))
