"""Rules on rights, kinds of deals and further terms: what is refused, and what is warned about by which source."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from fractions import Fraction
from typing import Any

import pytest

from matchmaker.core.errors import InvalidMany
from matchmaker.deals.rules import Context, validate
from matchmaker.deals.terms import (
    ByTier,
    ByYear,
    Completer,
    DealKind,
    EarlierOf,
    EntryFeeRoyalty,
    FirstRevenue,
    Improvements,
    InvestFirst,
    LicenceKind,
    Milestones,
    OnDate,
    Penalty,
    PricingRoute,
    RoyaltyBase,
    Stake,
    Tier,
    TrialEnd,
    TrialOutcome,
)
from tests.deals.test_rules import SMALL, SOUND

SOLE, ORDINARY = LicenceKind.SOLE, LicenceKind.ORDINARY
STAKE = Stake("示例公司", Fraction(1, 5), 1_000)
INVEST = InvestFirst("示例公司", 1_000, Fraction(1, 5), exit="回购")


def faults(context: Context = SMALL, **changes: Any) -> set[tuple[str, str | None]]:
    try:
        validate(replace(SOUND, **changes), context)
    except InvalidMany as refusal:
        return {(fault.code.partition(".")[2], fault.field) for fault in refusal.errors}
    return set()


def royalty(rate: Any, **changes: Any) -> EntryFeeRoyalty:
    return EntryFeeRoyalty(0, rate, RoyaltyBase.SALES, **changes)


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"state_secret": True}, ("state_secret", "state_secret")),
        ({"co_owned": True, "licence": SOLE}, ("no_consent", "co_owners_consent")),
        ({"kind": DealKind.OPEN_LICENCE, "licence": SOLE}, ("open_not_ordinary", "licence")),
        ({"kind": DealKind.EQUITY}, ("fee_not_of_kind", "fee")),
        ({"kind": DealKind.INVEST_FIRST, "fee": STAKE}, ("fee_not_of_kind", "fee")),
        ({"kind": DealKind.LICENCE, "fee": STAKE}, ("fee_not_of_kind", "fee")),
        ({"trial_end": TrialEnd(TrialOutcome.EXTEND)}, ("no_extensions", "trial_end.extensions")),
        ({"trial_end": TrialEnd(TrialOutcome.END, 5, 12)}, ("extensions_past_end", "trial_end.extensions")),
        ({"trigger": EarlierOf((FirstRevenue(),))}, ("few_triggers", "trigger.of")),
        (
            {"trigger": EarlierOf((FirstRevenue(), OnDate(date(2026, 4, 1))))},
            ("payment_in_trial", "trigger.of.1.on"),
        ),
        ({"fee": royalty(ByYear(()))}, ("no_tiers", "fee.rate")),
        ({"fee": royalty(ByTier((Tier(5, Fraction(1, 10)),)))}, ("tiers_out_of_order", "fee.rate")),
        ({"fee": royalty(Fraction(1, 10), minimum_fen=9, total_cap_fen=8)}, ("cap_below_minimum", "fee.total_cap_fen")),
        ({"fee": Milestones(())}, ("no_instalments", "fee.parts")),
        ({"completers": (Completer("甲", Fraction(1, 2)),)}, ("shares_not_whole", "completers")),
        ({"reward_rate": Fraction(49, 100)}, ("too_low", "reward_rate")),
        ({"reward_rate": Fraction(101, 100)}, ("too_high", "reward_rate")),
        ({"penalty": Penalty(Fraction(0))}, ("rate_out_of_range", "penalty.daily_rate")),
        ({"acceptance": "  "}, ("blank", "acceptance")),
    ],
)
def test_what_the_rules_refuse(changes: Any, fault: tuple[str, str]) -> None:
    assert fault in faults(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"co_owned": True},
        {"co_owned": True, "co_owners_consent": True, "licence": SOLE},
        {"kind": DealKind.OPEN_LICENCE},
        {"kind": DealKind.EQUITY, "fee": STAKE},
        {"kind": DealKind.INVEST_FIRST, "fee": INVEST},
        {"kind": DealKind.ASSIGNMENT},
        {"trial_end": TrialEnd(TrialOutcome.EXTEND, 2, 6)},
        {"fee": royalty(ByTier((Tier(0, Fraction(1, 10)), Tier(5, Fraction(1, 20)))))},
        {
            "completers": (Completer("甲", Fraction(1, 3)), Completer("乙", Fraction(2, 3))),
            "reward_rate": Fraction(1, 2),
        },
    ],
)
def test_what_the_rules_allow(changes: Any) -> None:
    assert faults(**changes) == set()


def test_beside_an_open_licence_only_ordinary_ones_are_granted() -> None:
    opened = replace(SMALL, open_licence=True, existing_kinds=frozenset({ORDINARY}))
    assert ("openly_licensed", "licence") in faults(opened, licence=SOLE)
    assert faults(opened) == set()


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"improvements": Improvements.GRANTED_BACK_FREE}, "terms.free_grant_back"),
        ({"restrains_development": True}, "terms.restraint"),
        ({"penalty": Penalty(Fraction(2, 1000))}, "terms.high_penalty"),
        ({"pricing": None}, "terms.no_pricing"),
        ({"pricing": PricingRoute.NEGOTIATED, "related_party": True}, "terms.related_party"),
        ({"co_owned": True}, "terms.co_owned"),
        ({"trial_end": None}, "terms.undecided_trial"),
        ({"fee": royalty(ByYear((Fraction(1, 10), Fraction(1, 4))))}, "terms.high_royalty"),
    ],
)
def test_what_is_unusual_is_warned_about_with_its_source(changes: Any, code: str) -> None:
    found = {warning.code: warning for warning in validate(replace(SOUND, **changes), SMALL)}
    assert code in found
    assert found[code].source


def test_the_trial_that_is_advised_is_the_installations() -> None:
    narrow = replace(SMALL, trial_advised=(6, 9))
    assert {warning.code for warning in validate(SOUND, narrow)} == {"terms.long_trial"}


def test_licences_go_on_after_an_assignment() -> None:
    licensed = replace(SMALL, existing_kinds=frozenset({SOLE}))
    found = validate(replace(SOUND, kind=DealKind.ASSIGNMENT), licensed)
    assert [warning.code for warning in found] == ["terms.licensed_already"]
