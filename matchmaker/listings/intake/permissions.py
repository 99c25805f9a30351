"""Who brings files in: who posts for the organisation. Each sees his own, officers and signatories all of them."""

from __future__ import annotations

from matchmaker.accounts.roles import Role
from matchmaker.core.access import Member, Permission, Self, define, holds, seen_through
from matchmaker.listings.intake.models import Intake
from matchmaker.listings.permissions import RESEARCHERS, SEEKERS


class Can(Permission):
    INTAKE_BEGIN = "intake:begin"
    INTAKE_VIEW = "intake:view"
    INTAKE_CHANGE = "intake:change"


_view = Member(Intake.organisation_id, Role.TTO_OFFICER, Role.ENTERPRISE_SIGNATORY) | (
    Member(Intake.organisation_id, Role.RESEARCHER, Role.ENTERPRISE_MEMBER) & Self(Intake.user_id)
)

define(
    {
        Can.INTAKE_BEGIN: holds(*RESEARCHERS, *SEEKERS),
        Can.INTAKE_VIEW: _view,
        Can.INTAKE_CHANGE: _view,
    }
)
seen_through(Intake, Can.INTAKE_VIEW)
