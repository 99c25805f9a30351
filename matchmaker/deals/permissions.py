"""Who may see a deal and who may take which step. The sides come from the pure table (`states.sides_for`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from types import MappingProxyType

from sqlalchemy.orm import InstrumentedAttribute

from matchmaker.accounts.roles import Role
from matchmaker.core.access import Among, Member, Permission, Rule, define, holds, seen_through, verified
from matchmaker.deals.models import Deal
from matchmaker.deals.states import DealAction, PartyRole, sides_for


class Can(Permission):
    DEAL_LIST = "deal:list"
    DEAL_VIEW = "deal:view"
    DEAL_DRAFT = "deal:draft"
    DEAL_EDIT = "deal:edit"
    DEAL_DISCARD = "deal:discard"
    DEAL_OFFER = "deal:offer"
    DEAL_WITHDRAW = "deal:withdraw"
    DEAL_ACCEPT = "deal:accept"
    DEAL_DECLINE = "deal:decline"
    DEAL_SIGN = "deal:sign"
    DEAL_START_PAYMENT = "deal:start_payment"
    DEAL_END = "deal:end"
    DEAL_REPORT_ROYALTY = "deal:report_royalty"
    DEAL_RECORD_PAYMENT = "deal:record_payment"
    DEAL_REVERSE_PAYMENT = "deal:reverse_payment"
    DEAL_COMPLETE = "deal:complete"
    DEAL_TERMINATE = "deal:terminate"


SIGNATORY: Mapping[PartyRole, Role] = MappingProxyType(
    {
        PartyRole.LICENSOR: Role.TTO_OFFICER,
        PartyRole.LICENSEE: Role.ENTERPRISE_SIGNATORY,
        PartyRole.BROKER: Role.TECHNOLOGY_MANAGER,
    }
)
"""The role that acts for each party."""

_COLUMN: Mapping[PartyRole, InstrumentedAttribute[object]] = MappingProxyType(
    {PartyRole.LICENSOR: Deal.licensor_id, PartyRole.LICENSEE: Deal.licensee_id, PartyRole.BROKER: Deal.broker_id}
)

_party = reduce(or_, (Member(column) for column in _COLUMN.values()))


def _may_take(action: DealAction) -> Rule:
    """The sides of this action in their roles; where it depends on who made the offer, only for those offers."""
    return reduce(or_, (_as_side(side, action) for side in PartyRole if side in sides_for(action, offered_by=None)))


def _as_side(side: PartyRole, action: DealAction) -> Rule:
    acting = Member(_COLUMN[side], SIGNATORY[side])
    offers = {offeror for offeror in PartyRole if side in sides_for(action, offered_by=offeror)}
    return acting if offers == set(PartyRole) else acting & Among(Deal.offered_by, offers)


define(
    {
        Can.DEAL_LIST: holds(*SIGNATORY.values(), Role.RESEARCHER, Role.ENTERPRISE_MEMBER, Role.AUDITOR),
        # A draft that was never offered is its author's own business.
        Can.DEAL_VIEW: Member(Deal.drafted_by_id) | (_party & ~Among(Deal.number, {0})) | holds(Role.AUDITOR),
        # For which parties is settled by `services.draft_deal`: it takes the achievements to say.
        Can.DEAL_DRAFT: verified & holds(*SIGNATORY.values()),
        Can.DEAL_EDIT: _may_take(DealAction.EDIT),
        Can.DEAL_DISCARD: _may_take(DealAction.DISCARD),
        Can.DEAL_OFFER: _may_take(DealAction.OFFER),
        Can.DEAL_WITHDRAW: _may_take(DealAction.WITHDRAW),
        Can.DEAL_ACCEPT: _may_take(DealAction.ACCEPT),
        Can.DEAL_DECLINE: _may_take(DealAction.DECLINE),
        Can.DEAL_SIGN: _may_take(DealAction.SIGN),
        Can.DEAL_START_PAYMENT: _may_take(DealAction.START_PAYMENT),
        Can.DEAL_END: _may_take(DealAction.END),
        Can.DEAL_REPORT_ROYALTY: _may_take(DealAction.REPORT_ROYALTY),
        Can.DEAL_RECORD_PAYMENT: _may_take(DealAction.RECORD_PAYMENT),
        Can.DEAL_REVERSE_PAYMENT: _may_take(DealAction.REVERSE_PAYMENT),
        Can.DEAL_COMPLETE: _may_take(DealAction.COMPLETE),
        Can.DEAL_TERMINATE: _may_take(DealAction.TERMINATE),
    }
)
seen_through(Deal, Can.DEAL_VIEW)
