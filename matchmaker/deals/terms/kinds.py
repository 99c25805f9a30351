"""The closed lists that terms choose from, with the phrases that name their members. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from matchmaker.core.errors import N_


class DealKind(StrEnum):
    PAY_LATER_LICENCE = "pay_later_licence"
    LICENCE = "licence"
    ASSIGNMENT = "assignment"
    COMMISSIONED_DEVELOPMENT = "commissioned_development"
    COOPERATIVE_DEVELOPMENT = "cooperative_development"
    EQUITY = "equity"  # 作价入股: the technology is paid for in shares
    INVEST_FIRST = "invest_first"  # 先投后股: project money first, a stake when the conditions are met
    OPEN_LICENCE = "open_licence"


LICENCES = frozenset({DealKind.PAY_LATER_LICENCE, DealKind.LICENCE, DealKind.OPEN_LICENCE})
"""Kinds that let someone use a right and leave it with its owner."""


class LicenceKind(StrEnum):
    """Ordinary unless agreed otherwise (interpretation art. 25). The codes of the other two are what signed terms hold;
    in words 排他 is a sole licence and 独占 an exclusive one."""

    ORDINARY = "ordinary"  # 普通: others may be licensed too
    EXCLUSIVE_WITH_OWNER = "exclusive_with_owner"  # 排他: one licensee, the owner may still use
    SOLE = "sole"  # 独占: one licensee, not even the owner may use


class RoyaltyBase(StrEnum):
    """What a royalty is a share of (Civil Code art. 846)."""

    SALES = "sales"
    PROFIT = "profit"
    ADDED_VALUE = "added_value"
    PRICE = "price"


class PricingRoute(StrEnum):
    """How a public owner sets the price (law on promoting the transformation of results, art. 18)."""

    NEGOTIATED = "negotiated"  # 协议定价: takes a public notice
    LISTING = "listing"  # 挂牌
    AUCTION = "auction"  # 拍卖


class TrialOutcome(StrEnum):
    """What follows where the trial runs out and nobody has decided."""

    CONVERT = "convert"
    EXTEND = "extend"
    NEGOTIATE = "negotiate"  # assignment or shares: the trial ends, another deal follows
    END = "end"


class Postponement(StrEnum):
    """What happens to a day of payment that is no working day (Civil Code art. 203)."""

    AS_IT_FALLS = "as_it_falls"
    NEXT_WORKING_DAY = "next_working_day"


class GuaranteeKind(StrEnum):
    GUARANTOR = "guarantor"
    INSURER = "insurer"


class Improvements(StrEnum):
    """Whose later improvements are (Civil Code art. 875: the improver's, unless agreed otherwise)."""

    IMPROVER = "improver"
    SHARED = "shared"
    OFFERED_FOR_PAY = "offered_for_pay"
    GRANTED_BACK_FREE = "granted_back_free"


class DisputeForum(StrEnum):
    COURT = "court"
    ARBITRATION = "arbitration"


class TierSpan(StrEnum):
    """Over which time the base adds up before it reaches the next tier."""

    LIFE = "life"
    PERIOD = "period"


DEAL_LABELS: Mapping[DealKind, str] = MappingProxyType(
    {
        DealKind.PAY_LATER_LICENCE: N_("Licence, use first and pay later"),
        DealKind.LICENCE: N_("Licence"),
        DealKind.ASSIGNMENT: N_("Assignment of the right"),
        DealKind.COMMISSIONED_DEVELOPMENT: N_("Commissioned development"),
        DealKind.COOPERATIVE_DEVELOPMENT: N_("Co-operative development"),
        DealKind.EQUITY: N_("Technology for shares"),
        DealKind.INVEST_FIRST: N_("Invest first, shares later"),
        DealKind.OPEN_LICENCE: N_("Open licence"),
    }
)

LICENCE_LABELS: Mapping[LicenceKind, str] = MappingProxyType(
    {
        LicenceKind.ORDINARY: N_("Ordinary: others may be licensed too"),
        LicenceKind.EXCLUSIVE_WITH_OWNER: N_("Sole: one licensee, the owner may still use"),
        LicenceKind.SOLE: N_("Exclusive: one licensee, the owner may not use"),
    }
)

BASE_LABELS: Mapping[RoyaltyBase, str] = MappingProxyType(
    {
        RoyaltyBase.SALES: N_("Net sales"),
        RoyaltyBase.PROFIT: N_("Profit"),
        RoyaltyBase.ADDED_VALUE: N_("Added output value"),
        RoyaltyBase.PRICE: N_("Price of the products"),
    }
)

PRICING_LABELS: Mapping[PricingRoute, str] = MappingProxyType(
    {
        PricingRoute.NEGOTIATED: N_("Price agreed between the parties, with a public notice"),
        PricingRoute.LISTING: N_("Listed on a technology exchange"),
        PricingRoute.AUCTION: N_("Auction"),
    }
)

OUTCOME_LABELS: Mapping[TrialOutcome, str] = MappingProxyType(
    {
        TrialOutcome.CONVERT: N_("The licence goes on and payment starts"),
        TrialOutcome.EXTEND: N_("The trial is extended, then ends"),
        TrialOutcome.NEGOTIATE: N_("The trial ends; assignment or shares are negotiated"),
        TrialOutcome.END: N_("The trial ends and the documents go back"),
    }
)

POSTPONEMENT_LABELS: Mapping[Postponement, str] = MappingProxyType(
    {
        Postponement.AS_IT_FALLS: N_("Due on the day as it falls"),
        Postponement.NEXT_WORKING_DAY: N_("On a rest day, due on the next working day"),
    }
)

GUARANTEE_LABELS: Mapping[GuaranteeKind, str] = MappingProxyType(
    {GuaranteeKind.GUARANTOR: N_("Guarantor"), GuaranteeKind.INSURER: N_("Insurer")}
)

IMPROVEMENT_LABELS: Mapping[Improvements, str] = MappingProxyType(
    {
        Improvements.IMPROVER: N_("Improvements belong to the side that makes them"),
        Improvements.SHARED: N_("Both sides share improvements"),
        Improvements.OFFERED_FOR_PAY: N_("Improvements are offered to the other side first, for pay"),
        Improvements.GRANTED_BACK_FREE: N_("The licensee's improvements go to the licensor free of charge"),
    }
)

FORUM_LABELS: Mapping[DisputeForum, str] = MappingProxyType(
    {DisputeForum.COURT: N_("People's court"), DisputeForum.ARBITRATION: N_("Arbitration")}
)

SPAN_LABELS: Mapping[TierSpan, str] = MappingProxyType(
    {
        TierSpan.LIFE: N_("Tiers count all that was reported so far"),
        TierSpan.PERIOD: N_("Tiers begin anew with each period"),
    }
)

LABELS = (
    DEAL_LABELS,
    LICENCE_LABELS,
    BASE_LABELS,
    PRICING_LABELS,
    OUTCOME_LABELS,
    POSTPONEMENT_LABELS,
    GUARANTEE_LABELS,
    IMPROVEMENT_LABELS,
    FORUM_LABELS,
    SPAN_LABELS,
)
