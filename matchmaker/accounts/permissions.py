"""Who may see and change accounts and organisations."""

from __future__ import annotations

from matchmaker.accounts.models import Invitation, Membership, Organisation, OrganisationState
from matchmaker.accounts.roles import Role
from matchmaker.core.access import Among, Member, Permission, define, everyone, holds, seen_through, signed_in

MANAGERS = (Role.TTO_OFFICER, Role.ENTERPRISE_SIGNATORY, Role.TECHNOLOGY_MANAGER, Role.ADMINISTRATOR)
"""Each kind of organisation has one role that looks after its profile and its members."""


class Can(Permission):
    ACCOUNT_OWN = "account:own"
    ORGANISATION_REGISTER = "organisation:register"
    ORGANISATION_LIST = "organisation:list"
    ORGANISATION_VIEW = "organisation:view"
    ORGANISATION_EDIT = "organisation:edit"
    ORGANISATION_VERIFY = "organisation:verify"
    MEMBER_VIEW = "member:view"
    MEMBER_MANAGE = "member:manage"
    MEMBERSHIP_MANAGE = "membership:manage"
    INVITATION_MANAGE = "invitation:manage"
    AUDIT_VIEW = "audit:view"


_bureau = holds(Role.ADMINISTRATOR, Role.AUDITOR, Role.REVIEWER)

define(
    {
        Can.ACCOUNT_OWN: signed_in,
        Can.ORGANISATION_REGISTER: everyone,
        Can.ORGANISATION_LIST: everyone,
        Can.ORGANISATION_VIEW: Among(Organisation.state, {OrganisationState.VERIFIED})
        | Member(Organisation.id)
        | _bureau,
        Can.ORGANISATION_EDIT: Member(Organisation.id, *MANAGERS),
        Can.ORGANISATION_VERIFY: holds(Role.ADMINISTRATOR),
        Can.MEMBER_VIEW: Member(Organisation.id),
        Can.MEMBER_MANAGE: Member(Organisation.id, *MANAGERS),
        Can.MEMBERSHIP_MANAGE: Member(Membership.organisation_id, *MANAGERS),
        Can.INVITATION_MANAGE: Member(Invitation.organisation_id, *MANAGERS),
        Can.AUDIT_VIEW: holds(Role.AUDITOR),
    }
)
seen_through(Organisation, Can.ORGANISATION_VIEW)
