"""Claims for tests, brought to their state through the services by claimant, reviewer and payer."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app

from matchmaker.accounts.models import Membership, Organisation
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.deals import queries as deals
from matchmaker.deals.models import Deal
from matchmaker.deals.states import DealState
from matchmaker.subsidies import (
    budget,
    notice_queries,
    notice_services,
    payout_services,
    queries,
    review_queries,
    review_services,
    services,
)
from matchmaker.subsidies.models import Budget, Claim, ClaimDeal
from matchmaker.subsidies.papers import PaperKind
from matchmaker.subsidies.review_models import ClaimObjection, FlagState
from matchmaker.subsidies.reviewing import Opinion
from matchmaker.subsidies.rules import CLAIMANT_PART
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import SYSTEM, actor, make_actor, make_organisation, unit
from tests.factories.deals import Play, confirm_broker, make_deal, register

P3_4 = "P3-4"
CAP_FEN = 50_000_000
SUM_FEN = 3_000_000
STATEMENT = "本机构三次组织双方对接，完成评估与合同谈判，服务成本合计三万元，据此申请补助。"
PDF = b"%PDF-1.7\n% invented evidence\n"


@dataclass(frozen=True)
class Bureau:
    """People of the science bureau: five reviewers, who also check, propose and approve, and one in each other role."""

    organisation: Organisation
    reviewers: tuple[Actor, ...]
    administrator: Actor
    auditor: Actor

    @property
    def reviewer(self) -> Actor:
        """Who checks, answers flags and proposes."""
        return self.reviewers[0]

    @property
    def approver(self) -> Actor:
        """Who approves and decides on objections: another person than the one who proposed."""
        return self.reviewers[1]


def make_bureau() -> Bureau:
    with unit():
        organisation = make_organisation(OrganisationKind.AUTHORITY)
        roles = [*[Role.REVIEWER] * 5, Role.ADMINISTRATOR, Role.AUDITOR]
        people = [make_actor(OrganisationKind.AUTHORITY, role, organisation=organisation) for role in roles]
        return Bureau(organisation, tuple(people[:5]), *people[5:])


def make_budget(total_fen: int = 1_000_000_000, *, programme: str = P3_4, year: int | None = None) -> Budget:
    with unit():
        year = year or clock.today().year
        return budget.set_total(SYSTEM, None, programme=programme, year=year, total_fen=total_fen)


@dataclass(frozen=True)
class Case:
    """A claim and those who act on it."""

    claim: Claim
    play: Play
    claimant: Actor
    bureau: Bureau

    def complete(self) -> None:
        """Attach a file for each document that is missing."""
        root = current_app.extensions["matchmaker.settings"].files_dir
        for document in queries.list_missing_evidence(self.claim):
            self.attach(root, PDF + document.id.encode(), f"{document.id}.pdf", kind=document.id)

    def submit(self) -> None:
        self.complete()
        with unit():
            services.submit_claim(self.claimant, self.claim)

    def withdraw(self) -> None:
        with unit():
            services.withdraw_claim(self.claimant, self.claim)

    def return_(self, reason: str = "缺少服务合同") -> None:
        with unit():
            review_services.return_claim(self.bureau.reviewer, self.claim, reason=reason)

    def accept(self) -> None:
        with unit():
            review_services.accept_claim(self.bureau.reviewer, self.claim)

    def seated(self) -> list[Actor]:
        """The reviewers drawn whose opinion is awaited, by seat."""
        rows = [row for row in review_queries.list_reviews(self.claim) if row.seat is not None and row.given_at is None]
        return [actor_of(row.reviewer_user_id) for row in rows]

    def opine(self, who: Actor, opinion: Opinion = Opinion.SUPPORT, **facts: Any) -> None:
        facts = {"score": 80, "fen": self.claim.requested_fen, "comment": "符合要求", "no_conflict": True, **facts}
        with unit():
            review_services.give_opinion(who, self.claim, opinion=opinion, **facts)

    def review(self, opinion: Opinion = Opinion.SUPPORT, **facts: Any) -> None:
        """Both reviewers drawn agree."""
        for who in self.seated():
            self.opine(who, opinion, **facts)

    def clear_flags(self) -> None:
        with unit():
            for flag in review_queries.list_flags(self.claim):
                if flag.state == FlagState.OPEN:
                    review_services.answer_flag(
                        self.bureau.reviewer, self.claim, flag=flag, upheld=False, answer="已核实"
                    )

    def answer_conditions(self, *, met: bool = True, note: str = "已查阅对接记录") -> None:
        with unit():
            for condition in queries.list_answerable(self.claim):
                review_services.answer_condition(
                    self.bureau.reviewer, self.claim, code=condition.code, met=met, note=note
                )

    def propose(self, fen: int | None = None, reason: str = "材料齐全，同意") -> None:
        with unit():
            fen = self.claim.requested_fen if fen is None else fen
            self.answer_conditions()
            review_services.propose_sum(self.bureau.reviewer, self.claim, fen=fen, reason=reason)

    def publish(self) -> None:
        with unit():
            notice_services.publish_notice(self.bureau.reviewer, self.claim)

    def object_(self, who: Actor | None = None, text: str = "该项目已获其他补助") -> ClaimObjection:
        notice = notice_queries.get_notice_of(self.claim)
        with unit():
            who = who or make_actor(OrganisationKind.ENTERPRISE)
            return notice_services.file_objection(who, notice, text=text)

    def approve(self) -> None:
        with unit():
            notice_services.approve_claim(self.bureau.approver, self.claim)

    def reject(self, reason: str = "未见对接记录") -> None:
        with unit():
            review_services.reject_claim(self.bureau.reviewer, self.claim, reason=reason)

    def pay(self, **facts: Any) -> None:
        with unit():
            facts.setdefault("paid_on", clock.today())
            payout_services.pay_claim(self.bureau.administrator, self.claim, **facts)

    def claw_back(self, **facts: Any) -> None:
        facts = {"reason": "虚假材料", "yearly_rate": Fraction(365, 10000), "bar_months": 24, **facts}
        with unit():
            payout_services.claw_back(self.bureau.administrator, self.claim, **facts)

    def record_return(self) -> None:
        with unit():
            payout_services.record_return(self.bureau.administrator, self.claim, returned_on=clock.today())

    def attach(self, root: Path, content: bytes = PDF, name: str = "服务合同.pdf", **facts: Any) -> None:
        with unit():
            facts = {"limit_bytes": 1_000_000, **facts}
            services.add_evidence(self.claimant, self.claim, stream=io.BytesIO(content), name=name, root=root, **facts)

    def enter(self, kind: PaperKind, number: str, **facts: Any) -> None:
        with unit():
            services.add_paper(self.claimant, self.claim, kind=kind, number=number, **facts)


def actor_of(user_id: Any) -> Actor:
    """The person as member of the one organisation they belong to."""
    return actor(db.session.scalars(sa.select(Membership).where(Membership.user_id == user_id)).one())


def draft(
    actor: Actor, deal: Deal | None, *, clause_id: str = P3_4, requested_fen: int = SUM_FEN, **facts: Any
) -> Claim:
    with unit():
        return services.draft_claim(
            actor, deal, clause_id=clause_id, requested_fen=requested_fen, statement=STATEMENT, **facts
        )


def after_notice(days: int = 40) -> Any:
    """A time when a notice that began today is over."""
    return clock.at(clock.now() + timedelta(days=days))


def make_claim(
    state: ClaimState = ClaimState.DRAFT,
    *,
    clause_id: str = P3_4,
    requested_fen: int = SUM_FEN,
    proposed_fen: int | None = None,
    play: Play | None = None,
    bureau: Bureau | None = None,
) -> Case:
    """A claim in this state for a signed, brokered deal; with a budget if none is set and one is needed.

    What lies after the public notice happened in the past: the claim was proposed forty days ago.
    """
    with unit():
        then = clock.now() - timedelta(days=40) if state in _AFTER_NOTICE else clock.now()
        with clock.at(then):
            play = play or make_deal(DealState.ON_TRIAL, broker=True)
            record(play)
            claimant = play.actors[CLAIMANT_PART[clause_id]]
            claim = draft(claimant, play.deal, clause_id=clause_id, requested_fen=requested_fen)
            case = Case(claim, play, claimant, bureau or make_bureau())
            before, after = _way_to(case, state, proposed_fen)
            if len(before) > 4:
                _budget_for(claim)
            for step in before:
                step()
        for step in after:
            step()
    return case


def record(play: Play) -> Play:
    """What the clauses ask of a signed deal: that it is registered, and that both sides confirmed the intermediary."""
    if play.deal.signed_on is not None:
        if deals.registration(play.deal) is None:
            register(play)
        if play.deal.broker_id is not None and not deals.broker_confirmed(play.deal):
            confirm_broker(play)
    return play


_AFTER_NOTICE = (ClaimState.APPROVED, ClaimState.PAID, ClaimState.RECOVERING, ClaimState.RECOVERED)


def _budget_for(claim: Claim) -> None:
    if queries.find_budget(claim.programme, claim.year) is None:
        make_budget(programme=claim.programme, year=claim.year)


def _way_to(case: Case, state: ClaimState, fen: int | None) -> tuple[list[Any], list[Any]]:
    """Steps up to the notice, and those after it."""
    in_review = [case.submit, case.accept]
    proposed = [*in_review, case.review, case.clear_flags, lambda: case.propose(fen)]
    on_notice = [*proposed, case.publish]
    return {
        ClaimState.DRAFT: ([], []),
        ClaimState.SUBMITTED: ([case.submit], []),
        ClaimState.RETURNED: ([case.submit, case.return_], []),
        ClaimState.WITHDRAWN: ([case.submit, case.withdraw], []),
        ClaimState.REJECTED: ([case.submit, case.reject], []),
        ClaimState.IN_REVIEW: (in_review, []),
        ClaimState.PROPOSED: (proposed, []),
        ClaimState.ON_NOTICE: (on_notice, []),
        ClaimState.OBJECTED: ([*on_notice, case.object_], []),
        ClaimState.APPROVED: (on_notice, [case.approve]),
        ClaimState.PAID: (on_notice, [case.approve, case.pay]),
        ClaimState.RECOVERING: (on_notice, [case.approve, case.pay, case.claw_back]),
        ClaimState.RECOVERED: (on_notice, [case.approve, case.pay, case.claw_back, case.record_return]),
    }[state]


def make_many_claims(
    play: Play, count: int, *, requested_fen: int = SUM_FEN, state: ClaimState = ClaimState.SUBMITTED
) -> list[Claim]:
    """Claims of one intermediary, submitted or with a concluded review.

    Deals and claims are copies of one that went all the way: a hundred times the same steps take too long.
    """
    with unit():
        first = _copy(play.deal, title="示例交易")
        db.session.add(first)
    case = make_claim(ClaimState.IN_REVIEW, play=Play(first, play.actors), requested_fen=requested_fen)
    case.review()
    case.clear_flags()
    case.answer_conditions()
    registration, confirmed = deals.registration(first), list(first.records)
    with unit():
        claims = []
        for number in range(count):
            deal = _copy(play.deal, title=f"示例交易 {number}")
            db.session.add(deal)
            db.session.flush()
            number_ = f"R{number:05d}"
            db.session.add(_copy(registration, deal_id=deal.id, number=number_, number_key=number_))
            db.session.add_all([_copy(row, deal_id=deal.id) for row in confirmed])
            claim = _copy(
                case.claim, number=f"T-{number:05d}", live_key=f"{P3_4}:{deal.id}", deal_id=deal.id, state=state
            )
            claim.subject = deal.title
            db.session.add(claim)
            db.session.flush()
            db.session.add(ClaimDeal(claim_id=claim.id, deal_id=deal.id, position=0, used_key=claim.live_key))
            db.session.add_all([_copy(row, claim_id=claim.id) for row in case.claim.answers])
            if state == ClaimState.IN_REVIEW:
                rows = review_queries.list_reviews(case.claim)
                db.session.add_all([_copy(row, claim_id=claim.id) for row in rows])
            else:
                claim.review_score = claim.recommended_fen = claim.checked_by_user_id = None
            claims.append(claim)
    case.reject()
    return claims


def _copy(row: Any, **changes: Any) -> Any:
    values = {column.key: getattr(row, column.key) for column in sa.inspect(type(row)).columns}
    own = {"id": uuid.uuid4()} if "id" in values else {}
    return type(row)(**values | own | changes)
