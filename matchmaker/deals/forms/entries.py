"""Between the entries of the form, one value for each field, and `terms.Terms`, which nest. Both ways."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from matchmaker.deals.royalty import REPORT_DAYS
from matchmaker.deals.terms import (
    ByTier,
    ByYear,
    DealKind,
    Deferral,
    Delivery,
    DisputeForum,
    EarlierOf,
    EntryFeeRoyalty,
    Fee,
    FirstRevenue,
    Guarantee,
    GuaranteeKind,
    Improvements,
    Instalment,
    Instalments,
    InvestFirst,
    LaterOf,
    LicenceKind,
    LumpSum,
    Milestone,
    Milestones,
    OnDate,
    PaymentTrigger,
    Penalty,
    Postponement,
    PricingRoute,
    Rate,
    RevenueThreshold,
    RoyaltyBase,
    SimpleTrigger,
    Stake,
    Tax,
    Terms,
    TierSpan,
    TrialEnd,
    TrialOutcome,
    simple_triggers,
)

NAMES: Mapping[str, str] = {
    "trigger.on": "trigger_on",
    "trigger.fen": "trigger_fen",
    "trigger.text": "trigger_text",
    "trial_end.extensions": "extensions",
    "trial_end.extension_months": "extension_months",
    "penalty.daily_rate": "penalty_rate",
    "penalty.cap": "penalty_cap",
    "tax.vat_rate": "vat_rate",
    "guarantee.name": "guarantee_name",
    "guarantee.premium_fen": "premium_fen",
    "guarantee.insured_fen": "insured_fen",
    "delivery.what": "delivery_what",
    "delivery.days": "delivery_days",
}
"""Fields whose names are not those of the entries of the terms."""

_PLAIN = (
    "territory", "field_of_use", "sublicence", "effective_on", "trial_months", "ends_on", "grace_days", "co_owned",
    "co_owners_consent", "state_secret", "related_party", "audit", "restrains_development", "confidentiality_years",
    "cure_days", "reward_rate",
)  # fmt: skip
"""Entries that are the same on both sides."""

UNSAID = ("co_owned", "co_owners_consent", "state_secret", "related_party", "audit", "restrains_development")
"""Boxes of which the terms know a third answer: nothing was said."""

_WORDS = (
    "acceptance", "technical_service", "confidentiality", "warranty", "infringement", "invalidation", "forum_place",
    "other",
)  # fmt: skip
"""Texts: empty on the page is not agreed."""

EVENTS = ("trigger", "second", "third", "fourth")
"""Fields of the events that start payment; a further one may be left empty."""

_ROYALTY = ("entry_fen", "base", "cap_fen", "period_months", "total_cap_fen", "report_days", "pay_days")

E = TypeVar("E", bound=StrEnum)


def terms_of(entered: Mapping[str, Any], *, parts: tuple[Instalment, ...]) -> Terms:
    """The terms that were entered."""
    plain: dict[str, Any] = {name: entered[name] for name in _PLAIN} | {name: entered[name] or None for name in _WORDS}
    return Terms(
        **plain,
        kind=DealKind(entered["kind"]),
        licence=LicenceKind(entered["licence"]),
        trigger=_trigger(entered),
        fee=_fee(entered, parts),
        commission_fen=entered.get("commission_fen"),
        pricing=PricingRoute(entered["pricing"]),
        completers=entered["completers"] or None,
        trial_end=_trial_end(entered),
        postponement=_member(Postponement, entered["postponement"]),
        penalty=_penalty(entered),
        tax=None if entered["vat_rate"] is None else Tax(entered["vat_rate"], entered["vat_included"]),
        guarantee=_guarantee(entered),
        delivery=_delivery(entered),
        improvements=_member(Improvements, entered["improvements"]),
        forum=_member(DisputeForum, entered["forum"]),
    )


def _member(members: type[E], value: str | None) -> E | None:
    return members(value) if value else None


def _trigger(entered: Mapping[str, Any]) -> PaymentTrigger:
    match entered["joined"]:
        case "earlier_of":
            return EarlierOf(_events(entered))
        case "later_of":
            return LaterOf(_events(entered))
    return _event(entered, "trigger")


def _events(entered: Mapping[str, Any]) -> tuple[SimpleTrigger, ...]:
    return tuple(_event(entered, prefix) for prefix in EVENTS if entered[prefix])


def _event(entered: Mapping[str, Any], prefix: str) -> SimpleTrigger:
    match entered[prefix]:
        case "on_date":
            return OnDate(entered[f"{prefix}_on"])
        case "revenue_threshold":
            return RevenueThreshold(entered[f"{prefix}_fen"])
        case "milestone":
            return Milestone(entered[f"{prefix}_text"])
    return FirstRevenue()


def _fee(entered: Mapping[str, Any], parts: tuple[Instalment, ...]) -> Fee:
    match entered["fee"]:
        case "instalments":
            return Instalments(parts)
        case "deferral":
            return Deferral(entered["deferral_fen"], entered["deferral_months"])
        case "milestones":
            return Milestones(entered["milestones"])
        case "stake":
            return Stake(entered["company"], entered["share"], entered["valued_fen"])
        case "invest_first":
            return InvestFirst(
                entered["company"], entered["project_fen"], entered["share"], entered["converts_by"], entered["exit"]
            )
        case "entry_fee_royalty":
            agreed = {name: entered[name] for name in _ROYALTY}
            agreed |= {"base": RoyaltyBase(entered["base"]), "minimum_fen": entered["minimum_fen"] or 0}
            return EntryFeeRoyalty(rate=_rate(entered), **agreed)
    return LumpSum(entered["lump_fen"])


def _rate(entered: Mapping[str, Any]) -> Rate:
    match entered["rate_kind"]:
        case "by_year":
            return ByYear(entered["rate_years"])
        case "by_tier":
            return ByTier(entered["rate_tiers"], _member(TierSpan, entered["span"]) or TierSpan.LIFE)
    rate: Rate = entered["rate"]
    return rate


def _trial_end(entered: Mapping[str, Any]) -> TrialEnd | None:
    outcome = _member(TrialOutcome, entered["outcome"])
    extensions, months = entered["extensions"] or 0, entered["extension_months"] or 0
    if outcome is None and not extensions:
        return None
    return TrialEnd(outcome or TrialOutcome.END, extensions, months)


def _penalty(entered: Mapping[str, Any]) -> Penalty | None:
    rate = entered["penalty_rate"]
    return None if rate is None else Penalty(rate, entered["penalty_cap"])


def _guarantee(entered: Mapping[str, Any]) -> Guarantee | None:
    kind = _member(GuaranteeKind, entered["guarantee_kind"])
    if kind is None:
        return None
    return Guarantee(
        kind,
        entered["guarantee_name"] or "",
        entered["policy_number"] or None,
        entered["premium_fen"],
        entered["insured_fen"],
    )


def _delivery(entered: Mapping[str, Any]) -> Delivery | None:
    if not entered["delivery_what"]:
        return None
    return Delivery(entered["delivery_what"], entered["delivery_days"] or 0, entered["delivery_place"] or None)


# --- back -----------------------------------------------------------------------------------------------------------


def entries_of(terms: Terms) -> dict[str, Any]:
    """What the form shows of these terms."""
    entries = {name: getattr(terms, name) for name in (*_PLAIN, *_WORDS, "kind", "licence", "commission_fen")}
    entries |= {name: getattr(terms, name) or "" for name in ("postponement", "improvements", "forum")}
    entries |= {"completers": terms.completers or (), "rate_kind": "fixed", "base": RoyaltyBase.SALES}
    entries["pay_days"] = REPORT_DAYS  # of a royalty that is yet to be entered
    entries |= {"span": TierSpan.LIFE, "outcome": "", "guarantee_kind": "", **dict.fromkeys(EVENTS, "")}
    entries["pricing"] = terms.pricing or PricingRoute.NEGOTIATED
    entries |= _trigger_entries(terms.trigger) | _fee_entries(terms.fee)
    if terms.trial_end is not None:
        end = terms.trial_end
        entries |= {"outcome": end.outcome, "extensions": end.extensions or None}
        entries |= {"extension_months": end.extension_months or None}
    if terms.penalty is not None:
        entries |= {"penalty_rate": terms.penalty.daily_rate, "penalty_cap": terms.penalty.cap}
    if terms.tax is not None:
        entries |= {"vat_rate": terms.tax.vat_rate, "vat_included": terms.tax.included}
    if terms.guarantee is not None:
        own = terms.guarantee
        entries |= {"guarantee_kind": own.kind, "guarantee_name": own.name, "policy_number": own.policy_number}
        entries |= {"premium_fen": own.premium_fen, "insured_fen": own.insured_fen}
    if terms.delivery is not None:
        entries |= {"delivery_what": terms.delivery.what, "delivery_days": terms.delivery.days}
        entries |= {"delivery_place": terms.delivery.place}
    return entries


def _trigger_entries(trigger: PaymentTrigger) -> dict[str, Any]:
    joined = {EarlierOf: "earlier_of", LaterOf: "later_of"}.get(type(trigger), "")
    entries: dict[str, Any] = {"joined": joined}
    for prefix, one in zip(EVENTS, simple_triggers(trigger), strict=False):
        match one:
            case OnDate(on):
                entries |= {prefix: "on_date", f"{prefix}_on": on}
            case FirstRevenue():
                entries |= {prefix: "first_revenue"}
            case RevenueThreshold(fen):
                entries |= {prefix: "revenue_threshold", f"{prefix}_fen": fen}
            case Milestone(text):
                entries |= {prefix: "milestone", f"{prefix}_text": text}
    return entries


def _fee_entries(fee: Fee) -> dict[str, Any]:
    match fee:
        case LumpSum(fen):
            return {"fee": "lump_sum", "lump_fen": fen}
        case Deferral(fen, months):
            return {"fee": "deferral", "deferral_fen": fen, "deferral_months": months}
        case Instalments(parts):
            cells = {f"part_{row}_months": part.months_after for row, part in enumerate(parts, start=1)}
            cells |= {f"part_{row}_fen": part.fen for row, part in enumerate(parts, start=1)}
            return {"fee": "instalments", **cells}
        case Milestones(steps):
            return {"fee": "milestones", "milestones": steps}
        case Stake(company, share, valued_fen):
            return {"fee": "stake", "company": company, "share": share, "valued_fen": valued_fen}
        case InvestFirst(company, project_fen, share, converts_by, exit):
            own = {"company": company, "project_fen": project_fen, "share": share, "converts_by": converts_by}
            return {"fee": "invest_first", "exit": exit, **own}
        case EntryFeeRoyalty():
            own = {name: getattr(fee, name) for name in _ROYALTY}
            return {
                "fee": "entry_fee_royalty",
                **own,
                "minimum_fen": fee.minimum_fen or None,
                **_rate_entries(fee.rate),
            }


def _rate_entries(rate: Rate) -> dict[str, Any]:
    match rate:
        case ByYear(rates):
            return {"rate_kind": "by_year", "rate_years": rates}
        case ByTier(tiers, span):
            return {"rate_kind": "by_tier", "rate_tiers": tiers, "span": span}
    return {"rate_kind": "fixed", "rate": rate}
