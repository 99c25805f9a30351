"""Facts read from profile, recognitions, deals and lists, on both databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import sqlalchemy as sa
from flask import Flask

from matchmaker.accounts import services as accounts
from matchmaker.accounts.models import MembershipRole, Organisation, User
from matchmaker.accounts.roles import OrganisationKind, RecognitionKind, Role
from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.deals import queries as deals_queries
from matchmaker.deals import services as deal_services
from matchmaker.deals.models import Deal, Payment
from matchmaker.deals.states import DealState
from matchmaker.subsidies import gather, queries
from matchmaker.subsidies.folding import fold
from matchmaker.subsidies.papers import PaperKind, payment_number, used_key
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import LARGE, SYSTEM, make_organisation, unit
from tests.factories.deals import BROKER, LICENSEE, LICENSOR, Play, make_deal
from tests.factories.subsidies import make_claim
from tests.subsidies.test_views import counted


def facts(play: Play, side: object = BROKER, **asked: object) -> dict[str, object]:
    deal = db.session.get_one(Deal, play.deal.id)
    claimant = play.actors[side].organisation_id  # type: ignore[index]
    found = gather.deal_facts([deal], claimant, on=clock.today(), **asked)  # type: ignore[arg-type]
    return dict(found[deal.id])


def recognise(organisation: Organisation, kind: RecognitionKind, number: str, first: date, last: date) -> None:
    with unit():
        accounts.add_recognition(SYSTEM, organisation, kind=kind, number=number, valid_from=first, valid_until=last)


def test_an_enterprise_is_read_with_its_size_and_place(app: Flask) -> None:
    small, large = make_organisation(), make_organisation(**LARGE)
    today = clock.today()
    found = gather.organisation_facts(small, on=today)
    assert found["claimant_kind"] == "enterprise"
    assert (found["claimant_verified"], found["claimant_local"], found["claimant_discredited"]) == (True, True, False)
    assert (found["claimant_size"], gather.organisation_facts(large, on=today)["claimant_size"]) == ("small", "large")
    assert "transfer_office" not in found
    assert found["recognitions"] == ()
    assert not any(name.endswith("_first_on") for name in found)


def test_a_university_has_a_transfer_office_while_someone_holds_the_role(app: Flask) -> None:
    university = make_organisation(OrganisationKind.UNIVERSITY)  # registered by its officer
    assert gather.organisation_facts(university, on=clock.today())["transfer_office"] is True
    with unit_of_work():
        db.session.execute(sa.delete(MembershipRole))
    university = db.session.get_one(Organisation, university.id)
    assert gather.organisation_facts(university, on=clock.today())["transfer_office"] is False


def test_recognitions_give_their_first_day_their_renewal_and_what_is_in_force(app: Flask) -> None:
    enterprise = make_organisation()
    recognise(enterprise, RecognitionKind.HIGH_TECH, "GR2022", date(2022, 11, 3), date(2025, 11, 2))
    recognise(enterprise, RecognitionKind.HIGH_TECH, "GR2025", date(2025, 11, 3), date(2028, 11, 2))
    recognise(enterprise, RecognitionKind.SRDI_PROVINCIAL, "S1", date(2025, 7, 1), date(2028, 6, 30))
    before = gather.organisation_facts(enterprise, on=date(2025, 11, 2))
    after = gather.organisation_facts(enterprise, on=date(2025, 11, 3))
    assert before["high_tech_first_on"] == after["high_tech_first_on"] == date(2022, 11, 3)
    assert "high_tech_renewed_on" not in before
    assert after["high_tech_renewed_on"] == date(2025, 11, 3)
    assert after["recognitions"] == ("high_tech", "srdi_provincial")
    assert after["srdi_provincial_first_on"] == date(2025, 7, 1)
    lapsed = gather.organisation_facts(enterprise, on=date(2029, 1, 1))
    assert lapsed["recognitions"] == ()


def test_a_deal_is_read_with_part_days_places_and_money(app: Flask) -> None:
    play = make_deal(DealState.PAYING, broker=True)
    found = facts(play)
    assert (found["deal_part"], found["signed"], found["signed_on"]) == ("broker", True, play.deal.signed_on)
    assert (found["licensor_local"], found["licensee_local"], found["licensee_size"]) == (True, True, "small")
    assert (found["receipts_fen"], found["parties_related"]) == (0, False)
    assert found["claims_elsewhere"] == ()
    assert "rival_claim" not in found
    play.pay(1_000_000)
    assert facts(play)["receipts_fen"] == facts(play)["receipts_year_fen"] == 1_000_000
    assert [facts(play, side)["deal_part"] for side in (LICENSOR, LICENSEE)] == ["licensor", "licensee"]


def test_money_of_last_year_counts_in_all_and_not_in_the_year(app: Flask) -> None:
    play = make_deal(DealState.PAYING, broker=True)
    play.pay(1_000_000)
    deal = db.session.get_one(Deal, play.deal.id)
    next_year = date(clock.today().year + 1, 1, 1)
    found = gather.deal_facts([deal], deal.broker_id, on=next_year)[deal.id]  # type: ignore[arg-type]
    assert (found["receipts_fen"], found["receipts_year_fen"]) == (1_000_000, 0)


def test_before_the_signing_a_deal_counts_as_unsigned(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    deal = db.session.get_one(Deal, play.deal.id)
    earlier = gather.deal_facts([deal], deal.broker_id, on=clock.today() - timedelta(days=1))[deal.id]  # type: ignore[arg-type]
    assert earlier["signed"] is False
    assert "signed_on" not in earlier


def test_parties_with_a_person_in_common_are_related(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    licensee = db.session.get_one(Organisation, play.deal.licensee_id)
    with unit():
        person = db.session.get_one(User, play.actors[BROKER].user_id)
        accounts.add_member(SYSTEM, licensee, person, roles={Role.ENTERPRISE_MEMBER})
    assert facts(play)["parties_related"] is True


def test_another_claim_is_a_rival_under_the_clause_and_elsewhere_under_others(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    same, other = facts(case.play, clause_id="P3-4"), facts(case.play, clause_id="P3-3")
    assert (same["rival_claim"], same["claims_elsewhere"]) == (case.claim.number, ())
    assert "rival_claim" not in other
    assert other["claims_elsewhere"] == ("P3-4",)
    own = facts(case.play, clause_id="P3-4", claim_id=case.claim.id)
    assert "rival_claim" not in own


def test_what_is_stated_counts_where_nothing_is_recorded_and_what_is_established_counts_first(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    claimant = db.session.get_one(Organisation, play.deal.broker_id)
    deal = db.session.get_one(Deal, play.deal.id)
    stated = {"signed": False, "service_shown": True, "industry_professors": "many"}
    found = gather.facts_of(
        claimant, on=clock.today(), deals=[deal], stated=stated, extra={"parties_related": True, "receipt_reused": None}
    )
    assert (found["signed"], found["service_shown"], found["parties_related"]) == (True, True, True)
    assert "industry_professors" not in found
    assert "receipt_reused" not in found


def test_the_number_of_statements_does_not_grow_with_the_deals(app: Flask) -> None:
    plays = [make_deal(DealState.ON_TRIAL, broker=True) for _ in range(3)]
    ids = [play.deal.id for play in plays]
    counts = []
    for some in (ids[:1], ids):
        db.session.rollback()
        deals = list(db.session.scalars(sa.select(Deal).where(Deal.id.in_(some))))
        with counted() as statements:
            found = gather.deal_facts(deals, deals[0].licensor_id, on=clock.today())
        assert set(found) == set(some)
        counts.append(len(statements))
    assert counts == [1, 1]


@pytest.mark.parametrize(
    ("name", "values", "together"),
    [
        ("receipts_fen", (5, 7), 12),
        ("receipts_fen", (5, None), None),
        ("contract_registered", (True, True), True),
        ("contract_registered", (True, False), False),
        ("contract_registered", (True, None), None),
        ("parties_related", (False, True), True),
        ("parties_related", (True, None), True),
        ("parties_related", (False, None), None),
        ("signed_on", (date(2026, 1, 2), date(2026, 1, 1)), date(2026, 1, 1)),
        ("introduced_on", (date(2026, 1, 2), date(2026, 1, 1)), date(2026, 1, 2)),
        ("claims_elsewhere", (("P3-3",), ("P2-3", "P3-3")), ("P2-3", "P3-3")),
        ("licensee_size", ("small", "small"), "small"),
        ("licensee_size", ("small", "large"), None),
        ("rival_claim", (None, "2026-A"), "2026-A"),
    ],
)
def test_facts_of_several_deals_are_joined(name: str, values: tuple[object, ...], together: object) -> None:
    several = [{} if value is None else {name: value} for value in values]
    assert gather.joined(several).get(name) == together  # type: ignore[arg-type]


def test_a_payment_has_one_number_in_the_database_and_outside(app: Flask) -> None:
    play = make_deal(DealState.PAYING)
    play.pay(100, "one")
    (payment,) = db.session.scalars(sa.select(Payment))
    written = used_key(PaperKind.RECEIPT, fold(payment_number(payment.id)))
    assert db.session.scalars(sa.select(queries.receipt_key_in_sql()).select_from(Payment)).one() == written


def test_both_sides_confirm_the_intermediary_in_sql_as_in_memory(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    query = sa.select(deals_queries.broker_confirmed_in_sql()).where(Deal.id == play.deal.id)
    found = []
    for side in (None, LICENSOR, LICENSEE):
        if side is not None:
            play.act(side, deal_services.confirm_broker)
        found.append((db.session.scalars(query).one(), deals_queries.broker_confirmed(play.deal)))
    assert found == [(False, False), (False, False), (True, True)]
