"""What a cap counts together: by the clauses of the policy, at year ends, and for claims made under them."""

from __future__ import annotations

from datetime import date

import pytest
import sqlalchemy as sa
from flask import Flask

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind, RecognitionKind, Role
from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.subsidies import policies, services
from matchmaker.subsidies.catalogue import Per
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.periods import NOT_RECORDED, period_of, thing
from tests.factories.accounts import make_actor
from tests.factories.subsidies import STATEMENT
from tests.subsidies.test_gather import recognise

LAST, FIRST = date(2026, 12, 31), date(2027, 1, 1)


@pytest.mark.parametrize(
    ("clause_id", "last", "first"),
    [
        ("P1-1", "2026", "2027"),  # each year
        ("P1-2", "once", "once"),
        ("P1-6", "{A}", "{A}"),  # per project
        ("P2-1", "{A}", "{A}"),  # per major project
        ("P3-2", "{A}:2026", "{A}:2027"),  # per project and year
        ("P4-2", "{A}:2026", "{A}:2027"),  # per park and year
        ("P3-4", "2026", "2027"),  # not stated
        ("P4-3", "once", "once"),  # per first recognition
        ("P4-4", "2026-03-01", "2026-03-01"),  # per renewed recognition
        ("P6-1", "{A}", "{A}"),  # per person
    ],
)
def test_a_cap_counts_together_what_its_clause_says(clause_id: str, last: str, first: str) -> None:
    per, renewed_on = policies.current().catalogue.clause(clause_id).per, date(2026, 3, 1)
    found = [period_of(per, day, "项目 A", renewed_on=renewed_on) for day in (LAST, FIRST)]
    assert found == [key.format(A=thing("项目A")) for key in (last, first)]


@pytest.mark.parametrize("per", list(Per))
def test_a_name_in_another_writing_is_the_same_period_and_another_name_never_a_second_recognition(per: Per) -> None:
    assert period_of(per, LAST, "项 目Ａ") == period_of(per, LAST, "项目a")
    by_name = {Per.PROJECT, Per.MAJOR_PROJECT, Per.PERSON, Per.PROJECT_YEAR, Per.PARK_YEAR}
    assert (period_of(per, LAST, "项目A") != period_of(per, LAST, "项目B")) == (per in by_name)


def test_a_renewal_that_is_recorded_nowhere_shares_one_period() -> None:
    assert period_of(Per.RECOGNITION_RENEWAL, LAST, "a") == period_of(Per.RECOGNITION_RENEWAL, FIRST, "b")
    assert period_of(Per.RECOGNITION_RENEWAL, LAST, "a") == NOT_RECORDED


def test_claims_count_by_the_year_and_recognition_of_their_day(app: Flask) -> None:
    actor = make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY)
    organisation = db.session.get_one(Organisation, actor.organisation_id)
    recognise(organisation, RecognitionKind.HIGH_TECH, "GR1", date(2023, 11, 1), date(2026, 10, 31))
    recognise(organisation, RecognitionKind.HIGH_TECH, "GR2", date(2026, 11, 2), date(2029, 11, 1))

    def period(clause_id: str, subject: str) -> str:
        with unit_of_work():
            claim = services.draft_claim(
                actor, None, clause_id=clause_id, subject=subject, requested_fen=100, statement=STATEMENT
            )
        return db.session.scalars(sa.select(Claim.period).where(Claim.id == claim.id)).one()

    with clock.at(clock.noon(LAST)):
        assert period("P4-4", "重新认定") == "2026-11-02"
        assert period("P4-3", "首次认定") == period("P4-3", "高新技术企业首次认定") == "once"
        assert period("P4-2", "园区 A") == f"{thing('园区A')}:2026"
    with clock.at(clock.noon(FIRST)):
        assert period("P4-2", "园区 A") == f"{thing('园区A')}:2027"
