"""Who may see and change accounts and organisations."""

from __future__ import annotations

from matchmaker.accounts.models import Invitation, Membership, Organisation, OrganisationState, SignIn, User
from matchmaker.accounts.roles import Role
from matchmaker.core.access import (
    Among,
    Member,
    Permission,
    Self,
    Where,
    define,
    everyone,
    holds,
    seen_through,
    signed_in,
)

MANAGERS = (Role.TTO_OFFICER, Role.ENTERPRISE_SIGNATORY, Role.TECHNOLOGY_MANAGER, Role.ADMINISTRATOR)
"""Each kind of organisation has one role that looks after its profile and its members."""


class Can(Permission):
    ACCOUNT_OWN = "account:own"
    ACCOUNT_CHANGE = "account:change"
    SESSION_CHANGE = "session:change"
    ORGANISATION_REGISTER = "organisation:register"
    ORGANISATION_LIST = "organisation:list"
    ORGANISATION_VIEW = "organisation:view"
    ORGANISATION_EDIT = "organisation:edit"
    ORGANISATION_VERIFY = "organisation:verify"
    MEMBER_VIEW = "member:view"
    MEMBER_MANAGE = "member:manage"
    MEMBERSHIP_VIEW = "membership:view"
    MEMBERSHIP_MANAGE = "membership:manage"
    INVITATION_VIEW = "invitation:view"
    INVITATION_MANAGE = "invitation:manage"
    AUDIT_VIEW = "audit:view"


_bureau = holds(Role.ADMINISTRATOR, Role.AUDITOR, Role.REVIEWER)
_of_others = Where(  # nobody decides on the own organisation: a bureau could shut itself out
    one=lambda actor, row: row is None or row.id != actor.organisation_id,
    many=lambda actor: Organisation.id != actor.organisation_id,
)

define(
    {
        Can.ACCOUNT_OWN: signed_in,
        Can.ACCOUNT_CHANGE: Self(User.id),
        Can.SESSION_CHANGE: Self(SignIn.user_id),
        Can.ORGANISATION_REGISTER: everyone,
        Can.ORGANISATION_LIST: everyone,
        Can.ORGANISATION_VIEW: Among(Organisation.state, {OrganisationState.VERIFIED})
        | Member(Organisation.id)
        | _bureau,
        Can.ORGANISATION_EDIT: Member(Organisation.id, *MANAGERS),
        Can.ORGANISATION_VERIFY: holds(Role.ADMINISTRATOR) & _of_others,
        Can.MEMBER_VIEW: Member(Organisation.id),
        Can.MEMBER_MANAGE: Member(Organisation.id, *MANAGERS),
        Can.MEMBERSHIP_VIEW: Member(Membership.organisation_id),
        Can.MEMBERSHIP_MANAGE: Member(Membership.organisation_id, *MANAGERS),
        Can.INVITATION_VIEW: Member(Invitation.organisation_id),
        Can.INVITATION_MANAGE: Member(Invitation.organisation_id, *MANAGERS),
        Can.AUDIT_VIEW: holds(Role.AUDITOR),
    }
)
seen_through(Organisation, Can.ORGANISATION_VIEW)
seen_through(Membership, Can.MEMBERSHIP_VIEW)
seen_through(Invitation, Can.INVITATION_VIEW)
