"""A claim for several deals: what they brought in is added up, each counts once, and everyone with a part in any of
them stays out of the judgement.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts import services as accounts
from matchmaker.accounts.models import User
from matchmaker.accounts.roles import Role
from matchmaker.core import audit, clock
from matchmaker.core.access import may
from matchmaker.core.db import db
from matchmaker.deals.models import Deal
from matchmaker.deals.states import DealState, PartyRole
from matchmaker.subsidies import flagging, policies, queries, review_queries, rules, services, snapshots
from matchmaker.subsidies.amounts import NothingReceivedYet
from matchmaker.subsidies.flags import FlagCode
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.papers import PaperKind
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.review_models import FlagState
from matchmaker.subsidies.services import AlreadyClaimed, NotYourPart, TooManyDeals
from tests.factories.accounts import SYSTEM, actor, unit
from tests.factories.deals import BROKER, Play, make_deal
from tests.factories.subsidies import CAP_FEN, P3_4, Case, draft, make_budget, make_bureau, record
from tests.subsidies.test_policy_services import decide, propose
from tests.subsidies.test_views import EN, as_, counted, text

WAN = 1_000_000


@pytest.fixture
def plays(app: Flask) -> list[Play]:
    """Three deals of different sides that one intermediary brokered."""
    with unit():
        first = record(make_deal(DealState.ON_TRIAL, broker=True))
        return [first, *(another(first) for _ in range(2))]


def another(play: Play) -> Play:
    fresh = make_deal(broker=False)
    return record(make_deal(DealState.ON_TRIAL, actors={**fresh.actors, BROKER: play.actors[BROKER]}))


def case_of(plays: list[Play], **facts: object) -> Case:
    first, *further = plays
    claim = draft(first.actors[BROKER], first.deal, further=[play.deal for play in further], **facts)  # type: ignore[arg-type]
    return Case(claim, first, first.actors[BROKER], make_bureau())


def test_the_claim_holds_its_deals_in_order_and_their_registrations(plays: list[Play]) -> None:
    claim = case_of(plays).claim
    assert claim.deals == [play.deal for play in plays]
    assert claim.deal == plays[0].deal
    assert [row.kind for row in claim.papers] == [PaperKind.REGISTRATION] * 3
    assert claim.subject.endswith("（3）")


def test_a_deal_counts_once_for_a_clause_alone_or_with_others(plays: list[Play]) -> None:
    case = case_of(plays[:2])
    for again in ([plays[1]], [plays[2], plays[0]]):
        with pytest.raises(AlreadyClaimed):
            case_of(again)
    assert queries.list_claimable_deals(case.claimant, case.claim.clause) == [plays[2].deal]
    case.withdraw()
    assert case_of(plays).claim.deals == [play.deal for play in plays]


def test_a_deal_in_which_the_claimant_has_no_part_spoils_all(plays: list[Play]) -> None:
    with pytest.raises(NotYourPart):
        case_of([plays[0], make_deal(DealState.ON_TRIAL, broker=True)])


def test_one_deal_named_twice_is_one(plays: list[Play]) -> None:
    assert case_of([plays[0], plays[0]]).claim.deals == [plays[0].deal]


def test_there_is_a_most(plays: list[Play], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "MOST_DEALS", 2)
    with pytest.raises(TooManyDeals):
        case_of(plays)


def test_sums_of_all_deals_are_added_before_the_rate_is_applied(
    plays: list[Play], monkeypatch: pytest.MonkeyPatch
) -> None:
    policy = policies.current()
    clause = replace(policy.catalogue.clause(P3_4), rate=Fraction(1, 100), base=("approved_fen",))
    catalogue = replace(policy.catalogue, clauses=(clause,))
    monkeypatch.setattr(policies, "current", lambda: replace(policy, catalogue=catalogue))
    each = int(queries.situation_of(case_of(plays[:1], requested_fen=100).claim).facts["approved_fen"])
    case = case_of(plays[1:], requested_fen=100)
    verdict = queries.current_verdict(case.claim)
    assert verdict.working is not None
    assert queries.situation_of(case.claim).facts["approved_fen"] == 2 * each
    assert verdict.working.limit_fen == min(2 * each // 100, CAP_FEN)


def test_a_condition_must_hold_for_every_deal(plays: list[Play]) -> None:
    unregistered = make_deal(
        DealState.ON_TRIAL, actors={**make_deal(broker=False).actors, BROKER: plays[0].actors[BROKER]}
    )
    alone, together = case_of(plays[:1]).claim, case_of([plays[1], unregistered]).claim
    assert queries.situation_of(alone).facts["contract_registered"] is True
    assert queries.situation_of(together).facts["contract_registered"] is False
    assert "registration" in {document.id for document in queries.list_missing_evidence(together)}
    assert "registration" not in {document.id for document in queries.list_missing_evidence(alone)}


def test_nobody_of_a_party_of_any_deal_checks_or_reviews(plays: list[Play]) -> None:
    case = case_of(plays)
    case.submit()
    insider = db.session.get_one(User, plays[2].actors[PartyRole.LICENSEE].user_id)
    with unit():
        membership = accounts.add_member(SYSTEM, case.bureau.organisation, insider, roles={Role.REVIEWER})
    bureau_too = actor(membership)
    assert may(case.bureau.reviewer, Can.CLAIM_CHECK, case.claim)
    assert not may(bureau_too, Can.CLAIM_CHECK, case.claim)
    candidates, _ = review_queries.reviewers_for(case.claim)
    assert bureau_too.user_id not in candidates


def test_flags_look_at_every_deal(plays: list[Play]) -> None:
    case = case_of(plays)
    records = flagging.records([case.claim])[case.claim.id]
    assert [one.deal_id for one in records] == [str(play.deal.id) for play in plays]


def test_snapshots_hold_the_facts_of_all_and_give_the_same_verdict(plays: list[Play]) -> None:
    case = case_of(plays)
    case.submit()
    (snapshot,) = snapshots.list_snapshots(case.claim)
    assert snapshot.body["deals"] == sorted(str(play.deal.id) for play in plays)
    assert snapshots.recompute(snapshot).same


def test_what_was_paid_is_entered_as_receipts_and_counts_once(app: Flask) -> None:
    play = record(make_deal(DealState.PAYING, broker=True))
    play.pay(7 * WAN)
    case = case_of([play])
    receipts = [row for row in case.claim.papers if row.kind is PaperKind.RECEIPT]
    assert [(row.fen, row.dated_on) for row in receipts] == [(7 * WAN, clock.today())]
    licensee = draft(play.actors[rules.CLAIMANT_PART["P2-3"]], play.deal, clause_id="P2-3")
    assert not [row for row in licensee.papers if row.kind is PaperKind.RECEIPT], "they stand in the first claim"


# --- keys of findings -----------------------------------------------------------------------------------------------


def late_brokers(case: Case) -> dict[str, FlagState]:
    """State of each finding of a late intermediary, by the deal that its key ends with."""
    rows = [row for row in review_queries.list_flags(case.claim) if row.code is FlagCode.LATE_BROKER]
    assert all(row.key.startswith("recorded:") for row in rows)
    return {row.key.removeprefix("recorded:"): row.state for row in rows}


def recorded_late(plays: list[Play]) -> None:
    """The platform learnt of these deals long after they were signed."""
    with unit():
        for play in plays:
            db.session.get_one(Deal, play.deal.id).created_at = clock.now() + timedelta(days=2)
            audit.record(SYSTEM, "deal.edited", play.deal)


def test_a_finding_about_a_deal_names_it_for_the_first_as_for_the_others(plays: list[Play]) -> None:
    case = case_of(plays)
    recorded_late(plays)
    case.submit()
    assert late_brokers(case) == {str(play.deal.id): FlagState.OPEN for play in plays}
    case.accept()  # looks again
    assert len(late_brokers(case)) == 3


def test_what_was_cleared_for_one_deal_is_asked_for_the_deal_that_takes_its_place(plays: list[Play]) -> None:
    case = case_of(plays[:1])
    recorded_late(plays)
    case.submit()
    case.accept()
    case.clear_flags()
    second = case_of(plays[1:2])
    second.submit()
    assert late_brokers(second) == {str(plays[1].deal.id): FlagState.OPEN}
    second.return_()
    with unit():
        claim = db.session.get_one(Claim, second.claim.id)
        facts = {"requested_fen": claim.requested_fen, "statement": claim.statement}
        services.edit_claim(second.claimant, claim, deals=[plays[2].deal], **facts)
    second.submit()
    assert late_brokers(second) == {str(play.deal.id): FlagState.OPEN for play in plays[1:]}


def test_what_another_claim_counts_is_named_on_the_page_of_the_one_that_lacks_it(
    app: Flask, client: FlaskClient, plays: list[Play]
) -> None:
    first = case_of(plays[:1])
    number = first.claim.papers[0].number
    licensee = plays[0].actors[PartyRole.LICENSEE]
    second = draft(licensee, plays[0].deal, clause_id="P2-3")
    assert [row.number for row in services.list_left_out(second)] == [number]
    assert services.list_left_out(first.claim) == []
    page = text(as_(client, licensee).get(f"/claims/{second.id}", headers=EN))
    assert "another claim counts it" in page
    assert number in page


def test_money_that_another_claim_counts_is_not_counted_again_under_the_number_of_the_bank(app: Flask) -> None:
    bureau = make_bureau()
    for clause_id in (P3_4, "P2-3"):
        values = {"rate": Fraction(1, 100), "base": ("receipts_fen",)}
        decide(bureau.administrator, propose(bureau.reviewer, clause_id=clause_id, values=values))
    play = record(make_deal(DealState.PAYING, broker=True))
    play.pay(7 * WAN, key="1")
    first = case_of([play], requested_fen=7 * WAN // 100)
    assert queries.situation_of(first.claim).facts["receipts_fen"] == 7 * WAN
    licensee = play.actors[PartyRole.LICENSEE]
    with pytest.raises(NothingReceivedYet):
        draft(licensee, play.deal, clause_id="P2-3", requested_fen=100)
    play.pay(2 * WAN, key="2")
    second = draft(licensee, play.deal, clause_id="P2-3", requested_fen=100)
    assert queries.situation_of(second).facts["receipts_fen"] == 2 * WAN
    with unit():
        facts = {"fen": 7 * WAN, "dated_on": clock.today()}
        services.add_paper(licensee, second, kind=PaperKind.RECEIPT, number="7701 2026 0001", **facts)
    assert queries.situation_of(second).facts["receipts_fen"] == 2 * WAN
    first.withdraw()
    assert queries.situation_of(second).facts["receipts_fen"] == 9 * WAN


def test_the_page_of_a_claim_is_read_as_often_for_more_of_everything(plays: list[Play], client: FlaskClient) -> None:
    make_budget()
    one, several = case_of(plays[:1]), case_of(plays[1:])
    several.enter(PaperKind.CONTRACT, "2026-001")
    for case in (one, several):
        for step in (case.submit, case.accept, case.review, case.clear_flags, case.propose, case.publish, case.object_):
            step()
    several.object_(text="该交易并未发生")
    counts = []
    for case in (one, several):
        as_(client, case.bureau.reviewer)
        with counted() as statements:
            page = text(client.get(f"/claims/{case.claim.id}", headers=EN))
        assert all(deal.title in page for deal in case.claim.deals)
        counts.append(len(statements))
    assert "该交易并未发生" in page
    assert counts[0] == counts[1] <= 12
