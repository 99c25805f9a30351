"""What the form shows of terms and what it makes of its entries again are the same terms."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core.db import db
from matchmaker.deals.forms.entries import entries_of, terms_of
from matchmaker.deals.forms.terms import TermsForm
from matchmaker.deals.models import Deal
from matchmaker.deals.terms import (
    ByTier,
    ByYear,
    Completer,
    EarlierOf,
    EntryFeeRoyalty,
    FirstRevenue,
    Instalments,
    LaterOf,
    Milestone,
    MilestonePart,
    Milestones,
    OnDate,
    Penalty,
    PricingRoute,
    RevenueThreshold,
    RoyaltyBase,
    Terms,
    Tier,
    TierSpan,
    TrialEnd,
    TrialOutcome,
    to_json,
)
from tests.deals.pages import EN, as_
from tests.deals.strategies import ANY_TERMS
from tests.deals.test_forms import entries
from tests.factories.accounts import make_actor
from tests.factories.deals import make_deal, make_terms

NAMES = [name for name in dir(TermsForm) if not name.startswith("_")]
FLAGS = ("sublicence", "co_owned", "co_owners_consent", "state_secret", "related_party", "audit",
         "restrains_development")  # fmt: skip
BLANK = ("acceptance", "technical_service", "confidentiality", "warranty", "infringement", "invalidation",
         "forum_place", "other")  # fmt: skip


def of_the_form(terms: Terms) -> bool:
    """Terms that one form can hold: two events at most, and nothing that is agreed but empty."""
    if isinstance(terms.trigger, EarlierOf | LaterOf) and len(terms.trigger.of) != 2:
        return False
    end, own = terms.trial_end, terms.delivery
    if end is not None and (end.extensions > 0) != (end.extension_months > 0):
        return False
    if own is not None and (not own.what or own.place == ""):
        return False
    if terms.guarantee is not None and terms.guarantee.policy_number == "":
        return False
    return all(getattr(terms, name) != "" for name in BLANK) and terms.completers != ()


@given(ANY_TERMS.filter(of_the_form))
def test_terms_survive_the_way_through_the_form(terms: Terms) -> None:
    entered: dict[str, Any] = dict.fromkeys(NAMES) | entries_of(terms)
    parts = terms.fee.parts if isinstance(terms.fee, Instalments) else ()
    again = terms_of(entered, parts=parts)
    changed = {
        field.name: (getattr(again, field.name), getattr(terms, field.name))
        for field in fields(Terms)
        if getattr(again, field.name) != getattr(terms, field.name)
    }
    changed.pop("pricing", None) if terms.pricing is None else None  # the form asks for it
    assert not changed


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        (
            {
                "fee": "entry_fee_royalty", "entry_fen": "0", "base": "added_value", "period_months": "6",
                "rate_kind": "by_year", "rate_years": "5\n4.5%\n3", "report_days": "15", "total_cap_fen": "1000000",
            },
            {
                "fee": EntryFeeRoyalty(
                    0, ByYear((Fraction(1, 20), Fraction(9, 200), Fraction(3, 100))), RoyaltyBase.ADDED_VALUE,
                    period_months=6, report_days=15, pay_days=30, total_cap_fen=100_000_000,
                )
            },
        ),
        (
            {
                "fee": "entry_fee_royalty", "entry_fen": "0", "base": "sales", "period_months": "12",
                "rate_kind": "by_tier", "rate_tiers": "0；3\n1,000,000; 2.5", "span": "period",
            },
            {
                "fee": EntryFeeRoyalty(
                    0, ByTier((Tier(0, Fraction(3, 100)), Tier(100_000_000, Fraction(1, 40))), TierSpan.PERIOD),
                    RoyaltyBase.SALES, pay_days=30,
                )
            },
        ),
        (
            {"fee": "milestones", "milestones": "中试验收；100000；30\n量产；200000；0"},
            {"fee": Milestones((MilestonePart("中试验收", 10_000_000, 30), MilestonePart("量产", 20_000_000, 0)))},
        ),
        (
            {"joined": "earlier_of", "second": "on_date", "second_on": "2028-02-29"},
            {"trigger": EarlierOf((FirstRevenue(), OnDate(date(2028, 2, 29))))},
        ),
        (
            {
                "joined": "later_of", "second": "revenue_threshold", "second_fen": "5000000", "third": "milestone",
                "third_text": "通过验收", "fourth": "on_date", "fourth_on": "2028-02-29",
            },
            {
                "trigger": LaterOf(
                    (FirstRevenue(), RevenueThreshold(500_000_000), Milestone("通过验收"), OnDate(date(2028, 2, 29)))
                )
            },
        ),
        (
            {"joined": "later_of", "third": "milestone", "third_text": "通过验收", "fourth_on": "2028-02-29"},
            {"trigger": LaterOf((FirstRevenue(), Milestone("通过验收")))},
        ),
        (
            {
                "outcome": "extend", "extensions": "2", "extension_months": "3", "penalty_rate": "0.05",
                "penalty_cap": "20",
            },
            {
                "trial_end": TrialEnd(TrialOutcome.EXTEND, 2, 3),
                "penalty": Penalty(Fraction(5, 10_000), Fraction(1, 5)),
            },
        ),
        (
            {"completers": "张三\t60\t\n李四 ; 40", "reward_rate": "70", "pricing": "negotiated", "related_party": "y"},
            {
                "completers": (Completer("张三", Fraction(3, 5)), Completer("李四", Fraction(2, 5))),
                "reward_rate": Fraction(7, 10), "pricing": PricingRoute.NEGOTIATED, "related_party": True,
            },
        ),
    ],
)  # fmt: skip
def test_what_is_entered_becomes_the_terms(app: Flask, client: FlaskClient, changes: Any, expected: Any) -> None:
    deal = make_deal(terms=make_terms()).deal
    as_(client, make_actor(OrganisationKind.UNIVERSITY, organisation=deal.licensor))
    answer = client.post(f"/deals/{deal.id}/terms", data=entries(version=deal.version, **changes), headers=EN)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    draft = db.session.get_one(Deal, deal.id).draft
    assert {name: getattr(draft, name) for name in expected} == expected
    page = client.get(f"/deals/{deal.id}/terms", headers=EN)
    assert page.status_code == 200
    assert to_json(draft)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"fee": "milestones", "milestones": "中试"}, "milestones", "Write on each line: the milestone"),
        ({"fee": "milestones", "milestones": ""}, "milestones", "Please fill this in."),
        ({"completers": "张三"}, "completers", "Write on each line: a name"),
        ({"joined": "later_of", "second": "on_date"}, "second_on", "Please fill this in."),
        ({"joined": "later_of", "fourth": "milestone"}, "fourth_text", "Please fill this in."),
        (
            {
                "fee": "entry_fee_royalty",
                "entry_fen": "0",
                "base": "sales",
                "period_months": "12",
                "rate_kind": "by_tier",
            },
            "rate_tiers",
            "Please fill this in.",
        ),
    ],
)
def test_a_list_that_cannot_be_read_is_marked(
    app: Flask, client: FlaskClient, changes: Any, field: str, sentence: str
) -> None:
    deal = make_deal(terms=make_terms()).deal
    as_(client, make_actor(OrganisationKind.UNIVERSITY, organisation=deal.licensor))
    answer = client.post(f"/deals/{deal.id}/terms", data=entries(version=deal.version, **changes), headers=EN)
    assert answer.status_code == 422
    assert f'id="field-{field}-wrong">{sentence}' in answer.get_data(as_text=True)
