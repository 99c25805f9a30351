"""Who may see a deal and who may take which step. The sides come from the pure table (`states.sides_for`)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from operator import or_
from types import MappingProxyType

from sqlalchemy.orm import InstrumentedAttribute

from matchmaker.accounts.roles import Role
from matchmaker.core.access import (
    AboutActor,
    Among,
    Member,
    Permission,
    Rule,
    define,
    everyone,
    holds,
    seen_through,
    signed_in,
    verified,
)
from matchmaker.deals.models import Deal, DealNotice
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
    DEAL_COUNTER = "deal:counter"
    DEAL_DECLINE = "deal:decline"
    DEAL_SIGN = "deal:sign"
    DEAL_REPORT_EVENT = "deal:report_event"
    DEAL_CONFIRM_EVENT = "deal:confirm_event"
    DEAL_START_PAYMENT = "deal:start_payment"
    DEAL_REPORT_TRIAL = "deal:report_trial"
    DEAL_ASK_EXTENSION = "deal:ask_extension"
    DEAL_ANSWER_EXTENSION = "deal:answer_extension"
    DEAL_CONVERT = "deal:convert"
    DEAL_END = "deal:end"
    DEAL_KEEP_TIME = "deal:keep_time"
    DEAL_REPORT_ROYALTY = "deal:report_royalty"
    DEAL_ANSWER_ROYALTY = "deal:answer_royalty"
    DEAL_RECORD_PAYMENT = "deal:record_payment"
    DEAL_REVERSE_PAYMENT = "deal:reverse_payment"
    DEAL_CHARGE_PENALTY = "deal:charge_penalty"
    DEAL_DECLARE_DEFAULT = "deal:declare_default"
    DEAL_RAISE_DISPUTE = "deal:raise_dispute"
    DEAL_SETTLE_DISPUTE = "deal:settle_dispute"
    DEAL_ASK_TRANSFER = "deal:ask_transfer"
    DEAL_ACCEPT_TRANSFER = "deal:accept_transfer"
    DEAL_ANSWER_TRANSFER = "deal:answer_transfer"
    DEAL_DECLARE_STAKE = "deal:declare_stake"
    DEAL_ANSWER_STAKE = "deal:answer_stake"
    DEAL_COMPLETE = "deal:complete"
    DEAL_TERMINATE = "deal:terminate"
    DEAL_RETURN_DOCUMENTS = "deal:return_documents"
    DEAL_ATTACH = "deal:attach"
    DEAL_REGISTER = "deal:register"
    DEAL_CONFIRM_BROKER = "deal:confirm_broker"
    DEAL_STATE_REWARD = "deal:state_reward"
    NOTICE_PUBLISH = "deal_notice:publish"
    NOTICE_VIEW = "deal_notice:view"
    NOTICE_OBJECT = "deal_notice:object"
    NOTICE_DECIDE = "deal_notice:decide"


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


def _may_take(*actions: DealAction) -> Rule:
    """The sides of these actions in their roles; where it depends on who made the offer, only for those offers."""
    rules = [
        _as_side(side, action) for action in actions for side in PartyRole if side in sides_for(action, offered_by=None)
    ]
    return reduce(or_, rules)


def _as_side(side: PartyRole, action: DealAction) -> Rule:
    acting = Member(_COLUMN[side], SIGNATORY[side])
    offers = {offeror for offeror in PartyRole if side in sides_for(action, offered_by=offeror)}
    return acting if offers == set(PartyRole) else acting & Among(Deal.offered_by, offers)


_nobody = AboutActor(lambda actor: False)
_licensor = Member(_COLUMN[PartyRole.LICENSOR], SIGNATORY[PartyRole.LICENSOR])
_licensee = Member(_COLUMN[PartyRole.LICENSEE], SIGNATORY[PartyRole.LICENSEE])
_broker = Member(_COLUMN[PartyRole.BROKER], SIGNATORY[PartyRole.BROKER])

define(
    {
        Can.DEAL_LIST: holds(*SIGNATORY.values(), Role.RESEARCHER, Role.ENTERPRISE_MEMBER, Role.AUDITOR),
        # A draft that was never offered is its author's own business.
        Can.DEAL_VIEW: Member(Deal.drafted_by_id)
        | (_party & ~Among(Deal.number, {0}))
        | Member(Deal.transfer_to_id)  # who is to take the licence over reads what it is
        | holds(Role.AUDITOR),
        # For which parties is settled by `services.draft_deal`: it takes the achievements to say.
        Can.DEAL_DRAFT: verified & holds(*SIGNATORY.values()),
        Can.DEAL_EDIT: _may_take(DealAction.EDIT),
        Can.DEAL_DISCARD: _may_take(DealAction.DISCARD),
        Can.DEAL_OFFER: _may_take(DealAction.OFFER),
        Can.DEAL_WITHDRAW: _may_take(DealAction.WITHDRAW),
        # Whose answer is awaited the commands say of the offer that stands when it comes: who comes too late, because a
        # colleague has countered, is told what happened (409) and not that it is none of his business (403).
        Can.DEAL_ACCEPT: _licensor | _licensee,
        Can.DEAL_COUNTER: _licensor | _licensee,
        Can.DEAL_DECLINE: _may_take(DealAction.DECLINE),
        Can.DEAL_SIGN: _may_take(DealAction.SIGN),
        Can.DEAL_REPORT_EVENT: _may_take(DealAction.REPORT_EVENT),
        Can.DEAL_CONFIRM_EVENT: _may_take(DealAction.CONFIRM_EVENT),
        Can.DEAL_START_PAYMENT: _may_take(DealAction.START_PAYMENT),
        Can.DEAL_REPORT_TRIAL: _may_take(DealAction.REPORT_TRIAL),
        Can.DEAL_ASK_EXTENSION: _may_take(DealAction.ASK_EXTENSION),
        Can.DEAL_ANSWER_EXTENSION: _may_take(DealAction.GRANT_EXTENSION),
        Can.DEAL_CONVERT: _may_take(DealAction.CONVERT),
        Can.DEAL_END: _may_take(DealAction.END),
        Can.DEAL_KEEP_TIME: _nobody,  # the platform's, for which every rule holds
        Can.DEAL_REPORT_ROYALTY: _may_take(DealAction.REPORT_ROYALTY),
        Can.DEAL_ANSWER_ROYALTY: _may_take(DealAction.CONFIRM_ROYALTY),
        Can.DEAL_RECORD_PAYMENT: _may_take(DealAction.RECORD_PAYMENT),
        Can.DEAL_REVERSE_PAYMENT: _may_take(DealAction.REVERSE_PAYMENT),
        Can.DEAL_CHARGE_PENALTY: _may_take(DealAction.CHARGE_PENALTY),
        Can.DEAL_DECLARE_DEFAULT: _may_take(DealAction.DECLARE_DEFAULT),
        Can.DEAL_RAISE_DISPUTE: _may_take(DealAction.RAISE_DISPUTE),
        Can.DEAL_SETTLE_DISPUTE: _may_take(DealAction.SETTLE_TO_PAYING),
        Can.DEAL_ASK_TRANSFER: _may_take(DealAction.ASK_TRANSFER),
        Can.DEAL_ACCEPT_TRANSFER: Member(Deal.transfer_to_id, SIGNATORY[PartyRole.LICENSEE]),
        Can.DEAL_ANSWER_TRANSFER: _may_take(DealAction.TRANSFER),
        Can.DEAL_DECLARE_STAKE: _may_take(DealAction.TAKE_STAKE),
        Can.DEAL_ANSWER_STAKE: _may_take(DealAction.CONFIRM_STAKE),
        Can.DEAL_COMPLETE: _may_take(DealAction.COMPLETE),
        Can.DEAL_TERMINATE: _may_take(DealAction.TERMINATE),
        Can.DEAL_RETURN_DOCUMENTS: _may_take(DealAction.RETURN_DOCUMENTS),
        Can.DEAL_ATTACH: _licensor | _licensee | _broker,
        Can.DEAL_REGISTER: _licensor,
        Can.DEAL_CONFIRM_BROKER: _licensor | _licensee,
        Can.DEAL_STATE_REWARD: _licensor,
        Can.NOTICE_PUBLISH: _licensor,
        Can.NOTICE_VIEW: everyone,  # that is what a public notice is for
        Can.NOTICE_OBJECT: signed_in,
        Can.NOTICE_DECIDE: Member(DealNotice.licensor_id, SIGNATORY[PartyRole.LICENSOR]),
    }
)
seen_through(Deal, Can.DEAL_VIEW)
seen_through(DealNotice, Can.NOTICE_VIEW)
