"""What each command on a claim does, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from matchmaker.accounts import services as accounts
from matchmaker.accounts.models import Organisation
from matchmaker.core import audit, clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Conflict
from matchmaker.core.files import FileEmpty, FileTooLarge, FileTypeRefused
from matchmaker.deals.states import DealState, PartyRole
from matchmaker.introductions.states import IntroductionState, Side
from matchmaker.ledger import queries as journal
from matchmaker.subsidies import notice_services, policies, queries, review_services, services
from matchmaker.subsidies.amounts import NothingReceivedYet, NothingToClaim, OverCap, OverRate
from matchmaker.subsidies.catalogue import Clause
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.payout_services import PaidOnInvalid
from matchmaker.subsidies.rules import Situation
from matchmaker.subsidies.services import (
    MOST_EVIDENCE,
    AlreadyClaimed,
    EvidenceTwice,
    NotYourPart,
    TooMuchEvidence,
)
from matchmaker.subsidies.states import ClaimState, ConditionsNotMet
from tests.factories.accounts import SYSTEM
from tests.factories.deals import BROKER, LICENSEE, LICENSOR, Play, make_deal
from tests.factories.introductions import make_introduction, make_pair
from tests.factories.subsidies import (
    CAP_FEN,
    P3_4,
    STATEMENT,
    SUM_FEN,
    after_notice,
    draft,
    make_budget,
    make_claim,
    record,
)


def reread(claim: Claim) -> Claim:
    db.session.expire_all()
    return db.session.get_one(Claim, claim.id)


def met(claim: Claim) -> dict[str, bool | None]:
    verdict = queries.verdict_on(claim)
    assert verdict is not None
    return {condition.code: condition.met for condition in verdict.conditions}


# --- drafting -------------------------------------------------------------------------------------------------------


def test_a_draft_keeps_the_clause_as_it_reads_with_the_hash_of_the_policy_file(app: Flask) -> None:
    claim = reread(make_claim().claim)
    policy = policies.current()
    assert claim.clause == policy.catalogue.clause(P3_4)
    assert (claim.policy_id, claim.policy_sha256) == ("changchun-2025", policy.sha256)
    assert (claim.programme, claim.year) == (P3_4, clock.today().year)
    assert (claim.state, claim.requested_fen, claim.statement) == (ClaimState.DRAFT, SUM_FEN, STATEMENT)


def test_numbers_of_claims_begin_with_the_year_and_differ(app: Flask) -> None:
    first, second = make_claim().claim, make_claim().claim
    assert first.number.startswith(f"{clock.today().year}-")
    assert first.number != second.number


@pytest.mark.parametrize(("clause_id", "part"), [("P2-3", LICENSEE), ("P3-3", LICENSOR), (P3_4, BROKER)])
def test_each_clause_is_claimed_by_its_party_alone(app: Flask, clause_id: str, part: PartyRole) -> None:
    play = record(make_deal(DealState.ON_TRIAL, broker=True))
    for side, actor in play.actors.items():
        if side != part:
            with pytest.raises(NotYourPart):
                draft(actor, play.deal, clause_id=clause_id)
    claim = draft(play.actors[part], play.deal, clause_id=clause_id)
    assert queries.current_verdict(claim).unmet == ()


@pytest.mark.parametrize("clause_id", ["P1-1", "P3-1", "P7-1", "P9-9"])
def test_a_clause_that_is_not_for_deals_cannot_be_claimed_for_one(app: Flask, clause_id: str) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    with pytest.raises(NotYourPart):
        draft(play.actors[BROKER], play.deal, clause_id=clause_id)


def test_a_deal_carries_one_live_claim_under_a_clause(app: Flask) -> None:
    case = make_claim()
    with pytest.raises(AlreadyClaimed):
        draft(case.claimant, case.play.deal)
    draft(case.play.actors[LICENSEE], case.play.deal, clause_id="P2-3")  # another clause is another matter
    case.withdraw()
    draft(case.claimant, case.play.deal)


@pytest.mark.parametrize("state", ["rejected", "withdrawn"])
def test_a_claim_that_no_longer_stands_makes_room_for_another(app: Flask, state: str) -> None:
    case = make_claim(ClaimState(state))
    assert reread(case.claim).live_key is None
    draft(case.claimant, case.play.deal)


@pytest.mark.parametrize("state", ["submitted", "returned", "in_review", "objected", "approved", "paid"])
def test_a_claim_that_stands_makes_no_room(app: Flask, state: str) -> None:
    case = make_claim(ClaimState(state))
    with pytest.raises(AlreadyClaimed):
        draft(case.claimant, case.play.deal)


@pytest.mark.parametrize(("fen", "refusal"), [(0, NothingToClaim), (CAP_FEN + 1, OverCap)])
def test_a_sum_that_cannot_be_claimed_is_refused_at_its_field(app: Flask, fen: int, refusal: type) -> None:
    play = make_deal(DealState.ON_TRIAL, broker=True)
    with pytest.raises(refusal) as caught:
        draft(play.actors[BROKER], play.deal, requested_fen=fen)
    assert caught.value.field == "requested_fen"
    case = make_claim(play=play)
    with pytest.raises(refusal), unit_of_work():
        services.edit_claim(case.claimant, case.claim, requested_fen=fen, statement="x")


def test_a_draft_can_be_changed(app: Flask) -> None:
    case = make_claim()
    with unit_of_work():
        services.edit_claim(case.claimant, case.claim, requested_fen=100, statement="改")
    claim = reread(case.claim)
    assert (claim.requested_fen, claim.statement) == (100, "改")


# --- the verdict ----------------------------------------------------------------------------------------------------


def test_a_sound_claim_meets_every_condition_but_a_missing_introduction_is_looked_at(app: Flask) -> None:
    case = make_claim()
    found = met(case.claim)
    assert found.pop("introduction") is None
    found.pop("registered"), found.pop("broker_confirmed")  # as far as the deals record them
    assert set(found.values()) == {True}


def test_an_introduction_by_the_broker_before_the_signature_is_found(app: Flask) -> None:
    pair = make_pair()
    make_introduction(pair, by=Side.BROKER, state=IntroductionState.INTRODUCED)
    actors = {LICENSOR: pair.tto, LICENSEE: pair.signatory, BROKER: pair.broker}
    play = make_deal(DealState.ON_TRIAL, actors=actors, achievements=[pair.achievement])
    assert met(make_claim(play=play).claim)["introduction"] is True


def test_an_introduction_after_the_signature_does_not_count(app: Flask) -> None:
    pair = make_pair()
    actors = {LICENSOR: pair.tto, LICENSEE: pair.signatory, BROKER: pair.broker}
    with clock.at(clock.noon(clock.today() - timedelta(days=3))):
        play = make_deal(DealState.ON_TRIAL, actors=actors, achievements=[pair.achievement])
    make_introduction(pair, by=Side.BROKER, state=IntroductionState.INTRODUCED)
    assert met(make_claim(play=play).claim)["introduction"] is None


def test_an_unsigned_deal_stops_the_claim(app: Flask) -> None:
    case = make_claim(play=make_deal(DealState.AGREED, broker=True))
    assert met(case.claim)["signature"] is False
    with pytest.raises(ConditionsNotMet):
        case.submit()
    assert reread(case.claim).state == ClaimState.DRAFT


def test_a_claimant_suspended_since_the_submission_gets_nothing(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    make_budget()
    with unit_of_work():
        organisation = db.session.get_one(Organisation, case.claimant.organisation_id)
        accounts.decide_organisation(SYSTEM, organisation, action="suspend")
    assert met(case.claim)["verified"] is False
    case.accept()
    case.review()
    with pytest.raises(ConditionsNotMet):
        case.propose()


def test_the_day_before_the_clause_is_in_force_is_too_early_and_the_day_itself_is_not(app: Flask) -> None:
    case = make_claim()
    start_on = date(2025, 1, 6)
    for on, expected in ((start_on - timedelta(days=1), False), (start_on, True)):
        with clock.at(clock.noon(on)):
            assert met(case.claim)["in_force"] is expected


def test_the_verdict_of_a_decided_claim_stays_as_it_was(app: Flask) -> None:
    case = make_claim(ClaimState.APPROVED)
    before = queries.verdict_on(reread(case.claim))
    assert before is not None
    assert before.unmet == ()
    with unit_of_work():
        organisation = db.session.get_one(Organisation, case.claimant.organisation_id)
        accounts.decide_organisation(SYSTEM, organisation, action="suspend")
    assert set(queries.current_verdict(reread(case.claim)).unmet) == {"verified"}
    assert queries.verdict_on(reread(case.claim)) == before


def _another_deal(play: Play) -> Play:
    """A deal of other sides that the same intermediary brokered."""
    fresh = make_deal(broker=False)
    actors = {**fresh.actors, BROKER: play.actors[BROKER]}
    return record(make_deal(DealState.ON_TRIAL, actors=actors))


def test_a_situation_survives_being_frozen(app: Flask) -> None:
    situation = queries.situation_of(make_claim().claim)
    assert Situation.thaw(situation.freeze()) == situation


# --- submission and return ------------------------------------------------------------------------------------------


def test_submission_records_when_and_a_return_keeps_the_reason(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    assert reread(case.claim).submitted_at is not None
    case.return_("缺少服务合同")
    claim = reread(case.claim)
    assert (claim.state, claim.decision_reason, claim.reviewer_user_id) == (ClaimState.RETURNED, "缺少服务合同", None)
    case.submit()
    assert reread(case.claim).decision_reason is None


def test_a_claim_is_of_the_year_in_which_it_is_submitted(app: Flask) -> None:
    case = make_claim()
    this_year = clock.today().year
    with clock.at(clock.noon(date(this_year + 1, 1, 1))):
        case.submit()
    assert reread(case.claim).year == this_year + 1


def test_the_cap_counts_by_calendar_year(app: Flask) -> None:
    case = make_claim(ClaimState.PROPOSED, requested_fen=CAP_FEN)
    play = _another_deal(case.play)
    with pytest.raises(OverCap):
        draft(case.claimant, play.deal)
    with clock.at(clock.noon(date(clock.today().year + 1, 1, 1))):
        claim = draft(case.claimant, play.deal)
        assert queries.current_verdict(claim).unmet == ()


# --- what was granted -----------------------------------------------------------------------------------------------


def test_the_whole_cap_can_be_granted_to_the_fen(app: Flask) -> None:
    case = make_claim(ClaimState.APPROVED, requested_fen=CAP_FEN)
    assert reread(case.claim).approved_fen == CAP_FEN


def test_a_payment_goes_to_the_claimant_and_leaves_the_budget_as_it_is(app: Flask) -> None:
    case = make_claim(ClaimState.PAID)
    claim = reread(case.claim)
    assert (claim.paid_on, claim.payer_user_id) == (clock.today(), case.bureau.administrator.user_id)
    committed = f"budget:{P3_4}:{claim.year}:committed"
    cash = f"org:{claim.claimant_organisation_id}:cash"
    assert journal.balances_of([committed, cash]) == {committed: 0, cash: SUM_FEN}
    assert queries.find_budget(P3_4, claim.year).used_fen == SUM_FEN  # type: ignore[union-attr]
    assert journal.trial_balance() == 0


def test_a_payment_lies_between_approval_and_today(app: Flask) -> None:
    case = make_claim(ClaimState.APPROVED)
    for day in (clock.today() - timedelta(days=1), clock.today() + timedelta(days=1)):
        with pytest.raises(PaidOnInvalid):
            case.pay(paid_on=day)
    assert reread(case.claim).state == ClaimState.APPROVED


def test_of_two_writers_of_one_version_the_second_gets_a_conflict(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    stale = case.claim.version
    case.accept()
    with pytest.raises(Conflict), unit_of_work():
        claim = db.session.get_one(Claim, case.claim.id)
        sa.orm.attributes.set_committed_value(claim, "version", stale)
        sa.orm.attributes.set_committed_value(claim, "state", ClaimState.SUBMITTED)
        review_services.reject_claim(case.bureau.reviewer, claim, reason="x")
    assert reread(case.claim).state == ClaimState.IN_REVIEW


def test_every_step_is_an_event_without_the_text_of_the_reason(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    make_budget()
    case.return_("机密理由")
    case.submit()
    case.accept()
    case.review(comment="机密理由")
    case.propose(reason="机密理由")
    case.publish()
    objection = case.object_(text="机密理由")
    with unit_of_work():
        notice_services.dismiss_objection(case.bureau.approver, case.claim, objection=objection, decision="机密理由")
    with after_notice(80):
        case.approve()
        case.pay()
        case.claw_back(reason="机密理由")
        case.record_return()
    events = audit.list_events(case.claim.id)
    steps = [event.event.removeprefix("claim.") for event in events]
    assert [step for step in steps if step not in ("evidence_added", "condition_answered")] == [
        "drafted", "submitted", "returned", "submitted", "accepted", "reviewed", "reviewed", "proposed", "published",
        "objected", "objection_dismissed", "approved", "paid", "clawed_back", "returned_money",
    ]  # fmt: skip
    assert "机密理由" not in str([event.facts for event in events])
    assert len(queries.list_history(case.claim)) == len(events)


# --- a rate, should the bureau record one ---------------------------------------------------------------------------


@pytest.fixture
def one_percent(monkeypatch: pytest.MonkeyPatch) -> Clause:
    """P3-4 with a rate of 1 % of the money received: a sample, not the rule of 2025 (DOMAIN.md 2.3)."""
    policy = policies.current()
    clause = replace(policy.catalogue.clause(P3_4), rate=Fraction(1, 100), base=("receipts_fen",))
    catalogue = replace(policy.catalogue, clauses=(clause,))
    monkeypatch.setattr(policies, "current", lambda: replace(policy, catalogue=catalogue))
    return clause


def test_with_a_rate_a_deal_on_trial_earns_nothing_until_money_arrives(app: Flask, one_percent: Clause) -> None:
    play = record(make_deal(DealState.PAYING, broker=True))
    with pytest.raises(NothingReceivedYet):
        draft(play.actors[BROKER], play.deal)
    play.pay(1_000_000)
    with pytest.raises(OverRate):
        draft(play.actors[BROKER], play.deal, requested_fen=10_001)
    claim = draft(play.actors[BROKER], play.deal, requested_fen=10_000)
    assert queries.current_verdict(claim).unmet == ()
    assert reread(claim).clause == one_percent


# --- evidence -------------------------------------------------------------------------------------------------------


def test_evidence_is_kept_under_a_safe_name_and_removed_again(app: Flask, tmp_path: Path) -> None:
    case = make_claim()
    case.attach(tmp_path, name="..\\目录/服务\u202e合同.exe")
    (row,) = reread(case.claim).evidence
    assert row.name == "服务合同.exe.pdf"
    assert row.file.media_type == "application/pdf"
    with unit_of_work():
        services.remove_evidence(case.claimant, case.claim, evidence=row)
    assert reread(case.claim).evidence == []


def test_the_same_file_is_attached_once(app: Flask, tmp_path: Path) -> None:
    case = make_claim()
    case.attach(tmp_path)
    with pytest.raises(EvidenceTwice):
        case.attach(tmp_path, name="另一个名字.pdf")
    case.attach(tmp_path, b"%PDF-1.7 other")


@pytest.mark.parametrize(
    ("content", "refusal"),
    [(b"", FileEmpty), (b"<svg onload=alert(1)>", FileTypeRefused), (b"%PDF-" * 300_000, FileTooLarge)],
)
def test_a_file_that_is_no_document_is_refused(app: Flask, tmp_path: Path, content: bytes, refusal: type) -> None:
    case = make_claim()
    with pytest.raises(refusal):
        case.attach(tmp_path, content)
    assert reread(case.claim).evidence == []


def test_a_claim_carries_so_many_files_and_no_more(app: Flask, tmp_path: Path) -> None:
    case = make_claim()
    for number in range(MOST_EVIDENCE):
        case.attach(tmp_path, b"%%PDF-1.7 %d" % number)
    with pytest.raises(TooMuchEvidence):
        case.attach(tmp_path)


# --- deals to choose from -------------------------------------------------------------------------------------------


def test_deals_to_choose_are_the_signed_ones_of_ones_own_part_without_a_claim(app: Flask) -> None:
    clause = policies.current().catalogue.clause(P3_4)
    play = make_deal(DealState.ON_TRIAL, broker=True)
    broker = play.actors[BROKER]
    parties = {**make_deal(broker=False).actors, BROKER: broker}
    make_deal(DealState.AGREED, actors=parties)
    make_deal(DealState.ON_TRIAL, broker=True)  # someone else's
    assert [deal.id for deal in queries.list_claimable_deals(broker, clause)] == [play.deal.id]
    assert queries.list_claimable_deals(play.actors[LICENSOR], clause) == []
    case = make_claim(play=play)
    assert queries.list_claimable_deals(broker, clause) == []
    case.withdraw()
    assert [deal.id for deal in queries.list_claimable_deals(broker, clause)] == [play.deal.id]
