"""Formal check to approval: reviewers drawn, conflicts declared, flags answered, notices objected to, papers used
once.
"""

from __future__ import annotations

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import audit, clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Conflict
from matchmaker.deals.states import DealState
from matchmaker.subsidies import (
    flagging,
    notice_queries,
    notice_services,
    queries,
    review_queries,
    review_services,
    services,
    snapshots,
    workdays,
)
from matchmaker.subsidies.flags import FlagCode
from matchmaker.subsidies.models import Claim, Snapshot
from matchmaker.subsidies.notice_services import NoticeOver, ObjectionEmpty, OwnObjection
from matchmaker.subsidies.papers import PaperKind
from matchmaker.subsidies.recovery import barred_until
from matchmaker.subsidies.review_models import FlagState
from matchmaker.subsidies.review_services import MoreThanRecommended, NotOpen, TooFewReviewers
from matchmaker.subsidies.reviewing import Opinion
from matchmaker.subsidies.rules import Situation
from matchmaker.subsidies.services import AlreadyClaimed, Barred, NotYourPart, PaperFaulty, PaperUsed, SubjectMissing
from matchmaker.subsidies.states import (
    ClaimState,
    ConditionsNotMet,
    ConditionsOpen,
    EvidenceMissing,
    FlagsOpen,
    FlagUpheld,
    NoticeStillRuns,
    ReasonMissing,
    ReviewNotConcluded,
)
from tests.factories.accounts import SYSTEM, make_actor
from tests.factories.deals import BROKER, LICENSEE, Play, make_deal, make_parties
from tests.factories.subsidies import SUM_FEN, Case, after_notice, draft, make_budget, make_bureau, make_claim, record
from tests.subsidies.test_permissions import with_second_place


def reread(claim: Claim) -> Claim:
    db.session.expire_all()
    return db.session.get_one(Claim, claim.id)


# --- reviewers ------------------------------------------------------------------------------------------------------


def test_passing_the_formal_check_draws_two_without_an_interest(app: Flask) -> None:
    case = make_claim(ClaimState.IN_REVIEW)
    rows = review_queries.list_reviews(case.claim)
    assert [row.seat for row in rows] == [1, 2]
    assert len({row.reviewer_user_id for row in rows}) == 2
    assert {row.reviewer_user_id for row in rows} <= {who.user_id for who in case.bureau.reviewers}


def test_nobody_of_a_party_is_drawn_and_too_few_stop_the_check(app: Flask) -> None:
    case = make_claim(ClaimState.SUBMITTED)
    for who in case.bureau.reviewers[2:]:
        with_second_place(db.session.get_one(type(case.claim.claimant), case.play.deal.licensee_id),
                          Role.ENTERPRISE_MEMBER, who)  # fmt: skip
    candidates, _ = review_queries.reviewers_for(case.claim)
    assert candidates == {who.user_id for who in case.bureau.reviewers[:2]}
    with_second_place(case.claim.claimant, Role.TECHNOLOGY_MANAGER, case.bureau.reviewers[1])
    with pytest.raises(TooFewReviewers):
        case.accept()
    assert reread(case.claim).state == ClaimState.SUBMITTED


def test_who_declares_a_conflict_is_replaced_and_never_drawn_again(app: Flask) -> None:
    case = make_claim(ClaimState.IN_REVIEW)
    first = case.seated()[0]
    with unit_of_work():
        review_services.stand_down(first, case.claim, reason="亲属任职")
    rows = review_queries.list_reviews(case.claim)
    assert [row.seat for row in rows] == [1, 2, None]
    assert rows[2].reviewer_user_id == first.user_id
    assert first.user_id not in {who.user_id for who in case.seated()}


def test_disagreement_goes_to_a_third_and_opinions_stay_hidden_until_then(app: Flask) -> None:
    case = make_claim(ClaimState.IN_REVIEW)
    one, two = case.seated()
    case.opine(one)
    rows = review_queries.list_reviews(case.claim)
    assert review_queries.shown_reviews(two, rows) == [row for row in rows if row.reviewer_user_id == two.user_id]
    case.opine(two, Opinion.REFUSE)
    make_budget()
    with pytest.raises(ReviewNotConcluded):
        case.propose()
    (third,) = case.seated()
    case.opine(third, score=50, fen=100)
    claim = reread(case.claim)
    assert (claim.review_score, claim.recommended_fen) == (70, 100)
    assert len(review_queries.shown_reviews(two, review_queries.list_reviews(claim))) == 3
    with pytest.raises(MoreThanRecommended):
        case.propose(101)
    case.propose(100)


def test_a_claim_that_the_review_refuses_is_not_proposed(app: Flask) -> None:
    case = make_claim(ClaimState.IN_REVIEW)
    case.review(Opinion.REFUSE)
    make_budget()
    with pytest.raises(ReviewNotConcluded):
        case.propose()
    case.reject()


def test_a_sum_for_each_person_is_proposed_for_all_of_them(app: Flask) -> None:
    actor = make_actor(OrganisationKind.UNIVERSITY, Role.TTO_OFFICER)
    stated = {"industry_professors": 3}
    claim = draft(actor, None, clause_id="P6-1", requested_fen=30_000_000, subject="产业教授三名", stated=stated)
    case = Case(claim, make_deal(DealState.ON_TRIAL), actor, make_bureau())
    case.submit()
    case.accept()
    case.review()
    case.clear_flags()
    make_budget(programme=claim.programme, year=claim.year)
    case.propose()
    allowance = queries.find_allowance(reread(claim))
    assert allowance is not None
    assert (allowance.used_fen, allowance.cap_fen) == (30_000_000, 30_000_000)


# --- flags ----------------------------------------------------------------------------------------------------------


def flagged(case: Case) -> set[FlagCode]:
    return {flag.code for flag in review_queries.list_flags(case.claim)}


def test_a_second_deal_of_the_same_sides_and_achievement_is_flagged_and_must_be_answered(app: Flask) -> None:
    first = make_claim(ClaimState.SUBMITTED)
    deal = first.play.deal
    again = make_deal(
        DealState.ON_TRIAL,
        actors=dict(first.play.actors),
        achievements=[row.achievement for row in deal.achievements],
    )
    second = make_claim(ClaimState.IN_REVIEW, play=again, bureau=first.bureau)
    assert flagged(second) & {FlagCode.SPLIT, FlagCode.REPEAT}
    second.review()
    make_budget()
    with pytest.raises(FlagsOpen):
        second.propose()
    for flag in review_queries.list_flags(second.claim):
        assert first.claim.number in flag.rests_on or flag.code not in (FlagCode.SPLIT, FlagCode.REPEAT)
    second.clear_flags()
    second.propose()
    answers = {flag.state for flag in review_queries.list_flags(second.claim)}
    assert answers == {FlagState.CLEARED}


def test_a_flag_that_is_upheld_leaves_only_the_rejection(app: Flask) -> None:
    case = make_claim(ClaimState.IN_REVIEW)
    case.review()
    make_budget()
    with unit_of_work():
        services.set_particulars(
            case.claimant, None, address="示例路1号", phone="0431-12345678", legal_representative="甲", owners=[]
        )
        services.set_particulars(
            case.play.actors[LICENSEE],
            None,
            address="乙路2号",
            phone="0431 12345678",
            legal_representative="乙",
            owners=[],
        )
    with unit_of_work():
        flagging.raise_flags(case.claim)
    (flag,) = [f for f in review_queries.list_flags(case.claim) if f.code == FlagCode.RELATED_PARTIES]
    assert flag.facts["links"] == ["phone"]
    with unit_of_work():
        review_services.answer_flag(case.bureau.reviewer, case.claim, flag=flag, upheld=True, answer="系关联方")
    with pytest.raises(Conflict), unit_of_work():
        review_services.answer_flag(case.bureau.reviewer, case.claim, flag=flag, upheld=False, answer="x")
    case.clear_flags()
    with pytest.raises(FlagUpheld):
        case.propose()
    case.reject()


# --- papers ---------------------------------------------------------------------------------------------------------


def receipt(number: str) -> dict[str, Any]:
    return {"kind": PaperKind.RECEIPT, "number": number, "fen": 100, "dated_on": clock.today()}


def test_a_number_counts_once_over_all_claims_and_clauses_however_it_is_spelt(app: Flask) -> None:
    first = make_claim()
    first.enter(**receipt("ＪＬ－7701 0021"))
    other = make_claim(clause_id="P2-3")
    with pytest.raises(PaperUsed) as caught:
        other.enter(**receipt("jl77010021"))
    assert caught.value.field == "number"
    with pytest.raises(PaperUsed):
        first.enter(**receipt("JL 7701-0021"))
    other.enter(kind=PaperKind.INVOICE, number="jl77010021", fen=1, dated_on=clock.today())
    first.withdraw()
    other.enter(**receipt("jl77010021"))  # free again


def test_contract_numbers_are_the_parties_own(app: Flask) -> None:
    make_claim().enter(kind=PaperKind.CONTRACT, number="2026-001")
    make_claim().enter(kind=PaperKind.CONTRACT, number="2026-001")


@pytest.mark.parametrize(
    "change", [{"number": "——"}, {"fen": None}, {"fen": 0}, {"dated_on": None}, {"dated_on": date(2999, 1, 1)}]
)
def test_a_faulty_paper_is_refused(app: Flask, change: dict[str, Any]) -> None:
    with pytest.raises(PaperFaulty):
        make_claim().enter(**{**receipt("1"), **change})


def test_the_database_itself_keeps_numbers_unique(app: Flask) -> None:
    first, second = make_claim(), make_claim()
    first.enter(**receipt("1"))
    second.enter(**receipt("2"))
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        db.session.execute(sa.text("UPDATE claim_papers SET folded = '1', used_key = 'receipt:1'"))


# --- notice and objection -------------------------------------------------------------------------------------------


def test_a_notice_stands_for_five_workdays_and_the_approval_waits_for_its_end(app: Flask) -> None:
    monday = clock.noon(date(2026, 9, 28))
    with clock.at(monday):
        case = make_claim(ClaimState.ON_NOTICE)
        notice = notice_queries.get_notice_of(case.claim)
        assert notice.ends_on == date(2026, 10, 10)  # Golden Week off, Saturday the 10th made up
        assert case.claim.due_on == notice.ends_on
    with clock.at(clock.noon(notice.ends_on)), pytest.raises(NoticeStillRuns):
        case.approve()
    with clock.at(clock.noon(notice.ends_on + timedelta(days=1))):
        case.approve()


def test_an_objection_suspends_and_its_dismissal_lets_the_notice_run_anew(app: Flask) -> None:
    case = make_claim(ClaimState.ON_NOTICE)
    one, two = case.object_(), case.object_()
    with after_notice(), pytest.raises(Conflict):
        case.approve()
    with clock.at(clock.now() + timedelta(days=20)), unit_of_work():
        notice_services.dismiss_objection(case.bureau.approver, case.claim, objection=one, decision="不成立")
        assert case.claim.state == ClaimState.OBJECTED
        notice_services.dismiss_objection(case.bureau.approver, case.claim, objection=two, decision="不成立")
        assert case.claim.state == ClaimState.ON_NOTICE
        assert notice_queries.get_notice_of(case.claim).ends_on > clock.today()
    with after_notice(80):
        case.approve()


def test_an_objection_that_is_upheld_rejects_the_claim_and_releases_its_sum(app: Flask) -> None:
    case = make_claim(ClaimState.ON_NOTICE)
    objection = case.object_()
    with unit_of_work():
        notice_services.uphold_objection(case.bureau.approver, case.claim, objection=objection, decision="属实")
    assert reread(case.claim).state == ClaimState.REJECTED
    assert queries.find_budget(case.claim.programme, case.claim.year).free_fen == 1_000_000_000  # type: ignore[union-attr]


def test_objections_are_taken_while_the_notice_runs_and_decided_by_others(app: Flask) -> None:
    case = make_claim(ClaimState.ON_NOTICE)
    with pytest.raises(ObjectionEmpty):
        case.object_(text="")
    with after_notice(), pytest.raises(NoticeOver):
        case.object_()
    own = case.object_(who=case.bureau.approver)
    with pytest.raises(OwnObjection), unit_of_work():
        notice_services.dismiss_objection(case.bureau.approver, case.claim, objection=own, decision="x")


# --- the bar, claims without a deal, workdays -----------------------------------------------------------------------


def test_after_a_clawback_no_claim_is_taken_until_the_bar_ends(app: Flask) -> None:
    case = make_claim(ClaimState.RECOVERED)
    row = review_queries.find_recovery(case.claim)
    assert row is not None
    actors = {**make_parties(), BROKER: case.claimant}
    play = make_deal(DealState.ON_TRIAL, actors=actors)
    with pytest.raises(Barred) as caught:
        draft(case.claimant, play.deal)
    assert caught.value.facts == {"barred_until": row.barred_until}
    with clock.at(clock.noon(row.barred_until + timedelta(days=1))):  # type: ignore[operator]
        draft(case.claimant, play.deal)


def test_a_clawback_asks_for_interest_by_the_day_and_stops_a_draft_that_was_there_before(app: Flask) -> None:
    case = make_claim(ClaimState.PAID)
    other = record(make_deal(DealState.ON_TRIAL, actors={**make_parties(), BROKER: case.claimant}))
    waiting = Case(draft(case.claimant, other.deal), other, case.claimant, case.bureau)
    waiting.complete()
    assert case.claim.paid_on is not None
    with clock.at(clock.noon(case.claim.paid_on + timedelta(days=100))):
        case.claw_back(yearly_rate=Fraction(365, 10_000), bar_months=24)
        row = review_queries.find_recovery(case.claim)
        assert row is not None
        assert (row.fen, row.interest_fen) == (SUM_FEN, SUM_FEN // 100)  # a hundred days at a ten-thousandth
        assert row.barred_until == barred_until(clock.today(), 24)
        with pytest.raises(Barred):
            waiting.submit()
    assert reread(waiting.claim).state == ClaimState.DRAFT


def test_a_clause_that_is_for_no_deal_is_claimed_for_what_it_names(app: Flask) -> None:
    tto = make_actor(OrganisationKind.UNIVERSITY, Role.TTO_OFFICER)
    claim = draft(tto, None, clause_id="P3-6", subject="耐寒电解质概念验证", stated={"concept_project": True, "x": 1})
    assert (claim.deal, claim.subject) == (None, "耐寒电解质概念验证")
    assert claim.stated == {"concept_project": True, "project_title": "耐寒电解质概念验证"}
    assert queries.current_verdict(claim).unmet == ()
    with pytest.raises(AlreadyClaimed):
        draft(tto, None, clause_id="P3-6", subject="耐寒电解质 概念验证")
    draft(tto, None, clause_id="P3-6", subject="另一个项目", requested_fen=100)
    with pytest.raises(SubjectMissing):
        draft(tto, None, clause_id="P3-6", subject=" — ")
    with pytest.raises(NotYourPart):
        draft(make_actor(OrganisationKind.INTERMEDIARY), None, clause_id="P3-6", subject="x")
    with pytest.raises(NotYourPart):
        draft(tto, None, clause_id="P3-3", subject="x")
    bureau = make_bureau()
    Case(claim, Play(None, {}), tto, bureau).submit()  # type: ignore[arg-type]
    with unit_of_work():
        review_services.accept_claim(bureau.reviewer, claim)


def test_an_override_moves_deadlines_that_are_set_afterwards(app: Flask) -> None:
    monday = clock.noon(date(2026, 11, 23))
    with clock.at(monday):
        assert workdays.due_on(ClaimState.SUBMITTED) == date(2026, 11, 30)
        with unit_of_work():
            workdays.set_workday(SYSTEM, None, day=date(2026, 11, 24), works=False, note="示例通知")
            workdays.set_workday(SYSTEM, None, day=date(2026, 11, 28), works=True, note="示例通知")
        assert workdays.due_on(ClaimState.SUBMITTED) == date(2026, 11, 30)
        with unit_of_work():
            workdays.set_workday(SYSTEM, None, day=date(2026, 11, 28), works=False, note="更正")
        assert workdays.due_on(ClaimState.SUBMITTED) == date(2026, 12, 1)


# --- the same verdict years later -----------------------------------------------------------------------------------


def test_each_verdict_is_frozen_and_comes_out_the_same_bit_for_bit(app: Flask) -> None:
    case: Case = make_claim(ClaimState.PAID)
    found = snapshots.list_snapshots(reread(case.claim))
    assert [row.moment for row in found] == ["submitted", "proposed", "approved"]
    with clock.at(clock.now() + timedelta(days=3000)):
        for row in found:
            again = snapshots.recompute(row)
            assert again.same
            assert again.verdict.unmet == ()


def test_a_snapshot_that_was_tampered_with_is_told(app: Flask) -> None:
    row = snapshots.list_snapshots(make_claim(ClaimState.SUBMITTED).claim)[0]
    forged = Snapshot(body={**row.body, "policy_sha256": "0" * 64}, sha256=row.sha256)
    assert not snapshots.recompute(forged).same
    with pytest.raises(sa.exc.DatabaseError, match="append_only"), unit_of_work():
        db.session.execute(sa.text("UPDATE claim_snapshots SET moment = 'approved'"))


def test_a_rejection_freezes_what_it_rests_on(app: Flask) -> None:
    case = make_claim(ClaimState.REJECTED)
    assert [row.moment for row in snapshots.list_snapshots(case.claim)] == ["submitted", "rejected"]


# --- what is open is answered, what is missing stops -----------------------------------------------------------------


def _reviewed() -> Case:
    case = make_claim(ClaimState.IN_REVIEW)
    make_budget()
    case.review()
    case.clear_flags()
    assert [condition.code for condition in queries.list_answerable(case.claim)] == ["introduction"]
    return case


def _propose(case: Case) -> None:
    with unit_of_work():
        fen = case.claim.requested_fen
        review_services.propose_sum(case.bureau.reviewer, case.claim, fen=fen, reason="同意")


def test_no_sum_is_proposed_while_a_condition_is_open(app: Flask) -> None:
    case = _reviewed()
    with pytest.raises(ConditionsOpen):
        _propose(case)
    case.answer_conditions()
    _propose(case)
    assert case.claim.state == ClaimState.PROPOSED


def test_a_condition_found_not_met_leaves_only_the_rejection(app: Flask) -> None:
    case = _reviewed()
    case.answer_conditions(met=False, note="双方称此前已相识")
    with pytest.raises(ConditionsNotMet):
        _propose(case)
    verdict = queries.current_verdict(case.claim)
    assert (verdict.unmet, verdict.open) == (("introduction",), ())
    case.answer_conditions(met=True, note="补交了对接记录")  # the later answer counts
    assert queries.current_verdict(case.claim).outcome == "granted"


def test_what_was_answered_is_asked_again_at_the_approval(app: Flask) -> None:
    case = make_claim(ClaimState.ON_NOTICE)
    with unit_of_work():
        claim = db.session.get_one(Claim, case.claim.id)
        claim.answers.clear()
        audit.record(SYSTEM, "claim.edited", claim)
    with after_notice(), pytest.raises(ConditionsOpen):
        case.approve()


def test_what_the_facts_settle_is_not_asked_and_an_answer_needs_its_grounds(app: Flask) -> None:
    case = _reviewed()
    for code, note, error in (
        ("registered", "x", NotOpen),
        ("amount", "x", NotOpen),
        ("introduction", "", ReasonMissing),
    ):
        with pytest.raises(error), unit_of_work():
            review_services.answer_condition(case.bureau.reviewer, case.claim, code=code, met=True, note=note)
    assert case.claim.answers == []


def test_answers_are_frozen_with_the_situation(app: Flask) -> None:
    case = make_claim(ClaimState.APPROVED)
    situation = Situation.thaw(case.claim.situation)
    assert situation.answers == {"introduction": (True, "已查阅对接记录")}
    assert case.claim.frozen_verdict is not None
    assert case.claim.frozen_verdict.outcome == "granted"
    assert all(snapshots.recompute(row).same for row in snapshots.list_snapshots(case.claim))


def test_missing_evidence_stops_a_submission_until_it_is_there(app: Flask) -> None:
    case = make_claim()
    missing = [document.id for document in queries.list_missing_evidence(case.claim)]
    assert "pledge" in missing
    assert not {"contract", "registration"} & set(missing), "the platform holds these"
    with pytest.raises(EvidenceMissing) as refused, unit_of_work():
        services.submit_claim(case.claimant, case.claim)
    assert refused.value.facts["missing"] == len(missing)
    assert case.claim.state == ClaimState.DRAFT
    case.submit()
    assert case.claim.state == ClaimState.SUBMITTED
