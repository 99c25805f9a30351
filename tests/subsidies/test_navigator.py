"""Which clauses fit an organisation, which nearly, and what is missing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind, RecognitionKind
from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.deals.states import DealState
from matchmaker.subsidies import navigator, policies
from matchmaker.subsidies.facts import Place
from matchmaker.subsidies.navigator import Fit, fit_of
from matchmaker.subsidies.rules import judge
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import LARGE, make_organisation
from tests.factories.deals import BROKER, LICENSEE, make_deal
from tests.factories.subsidies import make_claim
from tests.subsidies.test_gather import recognise
from tests.subsidies.test_rules import AT_RATE, MONEY, P3_4, UNKNOWN, case
from tests.subsidies.test_views import counted


def fits(organisation_id: Any) -> dict[str, Fit]:
    organisation = db.session.get_one(Organisation, organisation_id)
    found = navigator.list_prospects(organisation, on=clock.today())
    return {prospect.clause.id: fit for fit, rows in found.items() for prospect in rows}


def test_every_clause_for_its_kind_is_listed_once_and_no_other(app: Flask) -> None:
    for kind in navigator.KINDS:
        meant = {c.id for c in policies.current().catalogue if c.pays and kind in c.beneficiary_kinds}
        assert set(fits(make_organisation(kind).id)) == meant


def test_a_recognised_small_enterprise_fits_what_its_recognitions_earn(app: Flask) -> None:
    enterprise = make_organisation()
    recent = clock.today() - timedelta(days=30)
    recognise(enterprise, RecognitionKind.HIGH_TECH, "GR1", recent, recent.replace(year=recent.year + 3))
    recognise(enterprise, RecognitionKind.SRDI_MUNICIPAL, "S1", recent, recent.replace(year=recent.year + 3))
    found = fits(enterprise.id)
    assert (found["P4-3"], found["P4-5c"]) == (Fit.FITS, Fit.FITS)
    assert found["P4-4"] is Fit.NEARLY  # a renewal is recorded among the recognitions
    assert found["P4-1"] is found["P4-6"] is Fit.ASKS  # only the enterprise knows whether it runs an incubator


def test_a_large_enterprise_is_no_sme_and_an_early_recognition_is_no_new_one(app: Flask) -> None:
    enterprise = make_organisation(**LARGE)
    recognise(enterprise, RecognitionKind.SRDI_NATIONAL, "S1", date(2025, 7, 1), date(2028, 6, 30))
    recognise(enterprise, RecognitionKind.HIGH_TECH, "GR1", date(2023, 7, 1), date(2099, 6, 30))
    found = fits(enterprise.id)
    assert (found["P4-5a"], found["P4-3"]) == (Fit.NOT, Fit.NOT)


def test_a_pending_organisation_is_nearly_there(app: Flask) -> None:
    enterprise = make_organisation(verified=False)
    recent = clock.today() - timedelta(days=30)
    recognise(enterprise, RecognitionKind.HIGH_TECH, "GR1", recent, recent.replace(year=recent.year + 3))
    assert fits(enterprise.id)["P4-3"] is Fit.NEARLY


def test_an_intermediary_is_shown_the_deal_that_comes_nearest(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    broker = db.session.get_one(Organisation, play.deal.broker_id)
    (prospect,) = [
        one
        for rows in navigator.list_prospects(broker, on=clock.today()).values()
        for one in rows
        if one.clause.id == "P3-4"
    ]
    assert prospect.deal is not None
    assert prospect.deal.id == play.deal.id
    assert prospect.most_fen == 50_000_000
    assert {condition.code for condition in prospect.lacking} <= {"introduction", "registered", "broker_confirmed"}


def test_without_a_deal_the_deal_is_what_is_missing(app: Flask) -> None:
    assert fits(make_organisation(OrganisationKind.INTERMEDIARY).id)["P3-4"] is Fit.NEARLY


def test_a_deal_that_is_claimed_says_so_until_another_comes_near(app: Flask) -> None:
    case_ = make_claim(ClaimState.SUBMITTED)
    broker_id = case_.play.deal.broker_id
    assert fits(broker_id)["P3-4"] is Fit.CLAIMED
    make_deal(DealState.ON_TRIAL, actors={**make_deal(broker=False).actors, BROKER: case_.play.actors[BROKER]})
    assert fits(broker_id)["P3-4"] is not Fit.CLAIMED


@pytest.mark.parametrize(
    ("clause", "situation", "fit"),
    [
        (P3_4, case(), Fit.FITS),
        (P3_4, case(facts={"contract_registered": False}), Fit.NEARLY),
        (P3_4, case(facts={"contract_registered": UNKNOWN}), Fit.NEARLY),
        (P3_4, case(facts={"parties_related": True}), Fit.NOT),
        (P3_4, case(facts={"licensor_local": False, "licensee_local": False}), Fit.NOT),
        (P3_4, case(facts={"rival_claim": "2026-A"}), Fit.CLAIMED),
        (P3_4, case(granted_fen=50_000_000), Fit.NOT),
        (
            AT_RATE,
            case(facts={**MONEY, "receipts_fen": 0, "free_until": date(2027, 1, 1)}, requested_fen=None),
            Fit.NEARLY,
        ),
    ],
)
def test_how_near_a_verdict_is(clause: Any, situation: Any, fit: Fit) -> None:
    assert fit_of(judge(clause, situation)) is fit


def test_what_is_missing_names_the_place_where_it_is_recorded() -> None:
    verdict = judge(P3_4, case(facts={"contract_registered": False}))
    (lacking,) = [condition for condition in verdict.conditions if not condition.met]
    assert navigator.places(lacking) == [Place.DEAL]


def test_the_number_of_statements_does_not_grow_with_the_deals(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    counts = []
    for more in (0, 3):
        for _ in range(more):
            make_deal(DealState.ON_TRIAL, actors={**make_deal(broker=False).actors, LICENSEE: play.actors[LICENSEE]})
        db.session.rollback()
        organisation = db.session.get_one(Organisation, play.deal.licensee_id)
        with counted() as statements:
            navigator.list_prospects(organisation, on=clock.today())
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 6
