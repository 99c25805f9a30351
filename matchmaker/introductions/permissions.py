"""Who may ask for introductions, see them and decide on them."""

from __future__ import annotations

from matchmaker.accounts.roles import Role
from matchmaker.core.access import Member, Permission, Self, define, holds, seen_through, verified
from matchmaker.introductions.models import Introduction


class Can(Permission):
    INTRODUCTION_LIST = "introduction:list"
    INTRODUCTION_VIEW = "introduction:view"
    INTRODUCTION_REQUEST = "introduction:request"
    INTRODUCTION_DECIDE = "introduction:decide"
    INTRODUCTION_WITHDRAW = "introduction:withdraw"
    INTRODUCTION_CONCLUDE = "introduction:conclude"


ASKING_ROLES = (
    Role.RESEARCHER,
    Role.TTO_OFFICER,
    Role.ENTERPRISE_MEMBER,
    Role.ENTERPRISE_SIGNATORY,
    Role.TECHNOLOGY_MANAGER,
)

_university = Member(Introduction.achievement_organisation_id, Role.TTO_OFFICER) | (
    Member(Introduction.achievement_organisation_id, Role.RESEARCHER) & Self(Introduction.achievement_author_id)
)
_enterprise = Member(Introduction.need_organisation_id, Role.ENTERPRISE_SIGNATORY, Role.ENTERPRISE_MEMBER)
_broker = Member(Introduction.broker_id, Role.TECHNOLOGY_MANAGER)
_asked = Member(Introduction.requested_by_organisation_id)

define(
    {
        Can.INTRODUCTION_LIST: holds(*ASKING_ROLES, Role.AUDITOR),
        Can.INTRODUCTION_VIEW: Member(Introduction.achievement_organisation_id)
        | Member(Introduction.need_organisation_id)
        | Member(Introduction.broker_id)
        | holds(Role.AUDITOR),
        # For which pair is settled by `queries.asking_side`: it takes both listings to say.
        Can.INTRODUCTION_REQUEST: verified & holds(*ASKING_ROLES),
        Can.INTRODUCTION_DECIDE: (_university | _enterprise) & ~_asked,  # who asked has agreed; they may withdraw
        Can.INTRODUCTION_WITHDRAW: (_university | _enterprise | _broker) & _asked,
        Can.INTRODUCTION_CONCLUDE: _university | _enterprise,
    }
)
seen_through(Introduction, Can.INTRODUCTION_VIEW)
