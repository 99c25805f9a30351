"""Claims for tests, brought to their state through the services by claimant, reviewer and payer."""

from __future__ import annotations

import io
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.deals.models import Deal
from matchmaker.deals.states import DealState, PartyRole
from matchmaker.subsidies import budget, queries, services
from matchmaker.subsidies.models import Budget, Claim
from matchmaker.subsidies.rules import CLAIMANT_PART
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import SYSTEM, make_actor, make_organisation, unit
from tests.factories.deals import Play, make_deal

P3_4 = "P3-4"
CAP_FEN = 50_000_000
SUM_FEN = 3_000_000
STATEMENT = "本机构三次组织双方对接，完成评估与合同谈判，服务成本合计三万元，据此申请补助。"
PDF = b"%PDF-1.7\n% invented evidence\n"


@dataclass(frozen=True)
class Bureau:
    """One person in each role of the science bureau."""

    organisation: Organisation
    reviewer: Actor
    administrator: Actor
    auditor: Actor


def make_bureau() -> Bureau:
    with unit():
        organisation = make_organisation(OrganisationKind.AUTHORITY)
        roles = (Role.REVIEWER, Role.ADMINISTRATOR, Role.AUDITOR)
        people = [make_actor(OrganisationKind.AUTHORITY, role, organisation=organisation) for role in roles]
        return Bureau(organisation, *people)


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

    def submit(self) -> None:
        with unit():
            services.submit_claim(self.claimant, self.claim)

    def withdraw(self) -> None:
        with unit():
            services.withdraw_claim(self.claimant, self.claim)

    def return_(self, reason: str = "缺少服务合同") -> None:
        with unit():
            services.return_claim(self.bureau.reviewer, self.claim, reason=reason)

    def reject(self, reason: str = "未见对接记录") -> None:
        with unit():
            services.reject_claim(self.bureau.reviewer, self.claim, reason=reason)

    def approve(self, fen: int | None = None, reason: str = "材料齐全，同意") -> None:
        with unit():
            fen = self.claim.requested_fen if fen is None else fen
            services.approve_claim(self.bureau.reviewer, self.claim, approved_fen=fen, reason=reason)

    def pay(self, **facts: Any) -> None:
        with unit():
            facts.setdefault("paid_on", clock.today())
            services.pay_claim(self.bureau.administrator, self.claim, **facts)

    def attach(self, root: Path, content: bytes = PDF, name: str = "服务合同.pdf", **facts: Any) -> None:
        with unit():
            facts = {"limit_bytes": 1_000_000, **facts}
            services.add_evidence(self.claimant, self.claim, stream=io.BytesIO(content), name=name, root=root, **facts)


def draft(actor: Actor, deal: Deal, *, clause_id: str = P3_4, requested_fen: int = SUM_FEN) -> Claim:
    with unit():
        return services.draft_claim(actor, deal, clause_id=clause_id, requested_fen=requested_fen, statement=STATEMENT)


def make_claim(
    state: ClaimState = ClaimState.DRAFT,
    *,
    clause_id: str = P3_4,
    requested_fen: int = SUM_FEN,
    approved_fen: int | None = None,
    play: Play | None = None,
    bureau: Bureau | None = None,
) -> Case:
    """A claim in this state for a signed, brokered deal; with a budget if none is set."""
    with unit():
        play = play or make_deal(DealState.ON_TRIAL, broker=True)
        claimant = play.actors[CLAIMANT_PART[clause_id]]
        claim = draft(claimant, play.deal, clause_id=clause_id, requested_fen=requested_fen)
        case = Case(claim, play, claimant, bureau or make_bureau())
        granted = state in (ClaimState.APPROVED, ClaimState.PAID)
        if granted and queries.find_budget(claim.programme, claim.year) is None:
            make_budget(programme=claim.programme, year=claim.year)
        steps = {
            ClaimState.DRAFT: [],
            ClaimState.SUBMITTED: [case.submit],
            ClaimState.WITHDRAWN: [case.submit, case.withdraw],
            ClaimState.REJECTED: [case.submit, case.reject],
            ClaimState.APPROVED: [case.submit, lambda: case.approve(approved_fen)],
            ClaimState.PAID: [case.submit, lambda: case.approve(approved_fen), case.pay],
        }[state]
        for step in steps:
            step()
    return case


def make_many_claims(play: Play, count: int, *, requested_fen: int = SUM_FEN) -> list[Claim]:
    """Submitted claims of one intermediary. The deals are copies of a signed one: signing a hundred takes too long."""
    signed = {column.key: getattr(play.deal, column.key) for column in sa.inspect(Deal).columns}
    broker = play.actors[PartyRole.BROKER]
    with unit():
        deals = [Deal(**signed | {"id": uuid.uuid4(), "title": f"示例交易 {number}"}) for number in range(count)]
        db.session.add_all(deals)
        db.session.flush()
        claims = [draft(broker, deal, requested_fen=requested_fen) for deal in deals]
        for claim in claims:
            services.submit_claim(broker, claim)
    return claims
