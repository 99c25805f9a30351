"""Budgets and claims of the demonstration, each claim taken as far along its way as its row says."""

from __future__ import annotations

import io
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import yaml
from flask import current_app

from matchmaker.accounts.models import Membership
from matchmaker.accounts.roles import MANAGING_ROLE, Role
from matchmaker.config import SEED_DATA
from matchmaker.core import clock, typeset
from matchmaker.core.access import Actor
from matchmaker.deals import queries as deals
from matchmaker.deals import services as deal_services
from matchmaker.deals.models import ContractType
from matchmaker.demo.world import World
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
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.papers import PaperKind
from matchmaker.subsidies.reviewing import Opinion
from matchmaker.subsidies.states import ClaimState

RATE = Fraction(345, 10_000)
"""Yearly interest of the sample orders: invented, as all of the demonstration."""

ON_THE_WAY = (
    "submitted",
    "in_review",
    "proposed",
    "on_notice",
    "objected",
    "approved",
    "paid",
    "recovering",
    "recovered",
)
DAYS = (0, 3, 12, 14, 17, 40, 45, 60, 75)
"""Days after the submission at which each of these is reached."""


def load(world: World) -> None:
    plan = yaml.safe_load((SEED_DATA / "demo" / "claims.yaml").read_text(encoding="utf-8"))
    administrator = world.actor("admin@bureau.example")
    for row in plan["budgets"]:
        year, total_fen = world.today.year + row["year_offset"], row["yuan"] * 100
        budget.set_total(administrator, None, programme=row["programme"], year=year, total_fen=total_fen)
    for row in plan["claims"]:
        _Claim(world, row).play()


class _Claim:
    """One row on its way. Who checks also proposes; another reviewer approves."""

    def __init__(self, world: World, row: dict[str, Any]) -> None:
        self.world, self.row, self.until = world, row, row["until"]
        self.officer, self.approver = world.actor("reviewer@bureau.example"), world.actor("reviewer2@bureau.example")
        self.administrator = world.actor("admin@bureau.example")
        self.deal = world.deals[row["deal"]] if "deal" in row else None
        organisation = (
            getattr(self.deal, row["by"]) if self.deal is not None else world.organisations[row["organisation"]]
        )
        self.claimant = world.member_of(organisation, MANAGING_ROLE[organisation.kind])
        self.claim: Claim

    def record(self) -> None:
        """What the clauses ask of the deal: its registration, and that both sides confirm the intermediary."""
        if self.deal is None:
            return
        sides = {
            "licensor": self.world.member_of(self.deal.licensor, Role.TTO_OFFICER),
            "licensee": self.world.member_of(self.deal.licensee, Role.ENTERPRISE_SIGNATORY),
        }
        if deals.registration(self.deal) is None:
            deal_services.register_contract(
                sides["licensor"],
                self.deal,
                type=ContractType.LICENCE,
                number=f"2026220100{1000 + len(self.world.deals) + self.row['days_ago']:06d}",
                total_fen=self.row["yuan"] * 500,
                approved_fen=self.row["yuan"] * 500,
                registered_on=clock.today(),
            )
        if self.deal.broker_id is not None and not deals.broker_confirmed(self.deal):
            for side in sides.values():
                deal_services.confirm_broker(side, self.deal)

    def play(self) -> None:
        row = self.row
        if self.deal is not None and self.deal.signed_on is not None:
            with self.world.days_ago((self.world.today - self.deal.signed_on).days):
                self.record()
        with self.world.days_ago(row["days_ago"]):
            self.draft()
            if self.until != "draft":
                self.attach()
                services.submit_claim(self.claimant, self.claim)
        side_steps: dict[str, Callable[[], object]] = {
            "withdrawn": lambda: services.withdraw_claim(self.claimant, self.claim),
            "returned": lambda: review_services.return_claim(self.officer, self.claim, reason=row["reason"]),
            "rejected": lambda: review_services.reject_claim(self.officer, self.claim, reason=row["reason"]),
        }
        if self.until in side_steps:
            with self.world.days_ago(max(row["days_ago"] - 3, 0)):
                side_steps[self.until]()
        elif self.until != "draft":
            for state, days in list(zip(ON_THE_WAY, DAYS, strict=True))[1 : ON_THE_WAY.index(self.until) + 1]:
                if state != "objected" or self.until == "objected":
                    with self.world.days_ago(max(row["days_ago"] - days, 0)):
                        getattr(self, state)()
        assert self.claim.state == ClaimState(self.until)

    def draft(self) -> None:
        row = self.row
        self.claim = services.draft_claim(
            self.claimant,
            self.deal,
            clause_id=row["clause"],
            requested_fen=row["yuan"] * 100,
            statement=row["statement"],
            subject=row.get("subject", ""),
            stated=row.get("stated"),
        )
        for paper in row.get("papers", ()):
            sum_fen = paper["yuan"] * 100 if "yuan" in paper else None
            dated_on = self.world.day_ago(paper["days_ago"]) if "days_ago" in paper else None
            kind, number = PaperKind(paper["kind"]), paper["number"]
            services.add_paper(self.claimant, self.claim, kind=kind, number=number, fen=sum_fen, dated_on=dated_on)

    def attach(self) -> None:
        """A page for each document that is missing, marked as a sample."""
        settings, claim = current_app.extensions["matchmaker.settings"], self.claim
        for document in queries.list_missing_evidence(claim):
            data = {
                "title": document.label.zh,
                "claimant": claim.claimant.name,
                "made_on": clock.today().isoformat(),
                "lines": [f"申报编号：{claim.number}", f"申报条款：{claim.clause_id}", f"申报事项：{claim.subject}"],
            }
            content = typeset.pdf("claim_evidence_sample.typ", data, at=clock.now())
            services.add_evidence(
                self.claimant,
                claim,
                kind=document.id,
                stream=io.BytesIO(content),
                name=f"{document.label.zh}.pdf",
                root=settings.files_dir,
                limit_bytes=settings.upload_limit_bytes,
            )

    def in_review(self) -> None:
        review_services.accept_claim(self.officer, self.claim)
        if self.until == "in_review":
            self.opine(self.seats()[0])

    def seats(self) -> list[Actor]:
        rows = [row for row in review_queries.list_reviews(self.claim) if row.seat is not None and row.given_at is None]
        return [_reviewer(self.world, row.reviewer.email) for row in rows]

    def opine(self, who: Actor) -> None:
        fen, score = self.row.get("proposed", self.row["yuan"]) * 100, self.row["score"]
        facts: dict[str, Any] = {"score": score, "fen": fen, "comment": "符合要求（示例）。", "no_conflict": True}
        review_services.give_opinion(who, self.claim, opinion=Opinion.SUPPORT, **facts)

    def proposed(self) -> None:
        for who in self.seats():
            self.opine(who)
        for flag in review_queries.list_flags(self.claim):
            review_services.answer_flag(
                self.officer, self.claim, flag=flag, upheld=False, answer="已核实，不影响（示例）。"
            )
        for condition in queries.list_answerable(self.claim):
            review_services.answer_condition(
                self.officer, self.claim, code=condition.code, met=True, note="已查阅材料，符合（示例）。"
            )
        fen = self.row["proposed"] * 100
        review_services.propose_sum(self.officer, self.claim, fen=fen, reason=self.row["reason"])

    def on_notice(self) -> None:
        notice_services.publish_notice(self.officer, self.claim)

    def objected(self) -> None:
        notice = notice_queries.get_notice_of(self.claim)
        objector = self.world.actor("signatory@chunqi.example")
        notice_services.file_objection(objector, notice, text=self.row["objection"])

    def approved(self) -> None:
        notice_services.approve_claim(self.approver, self.claim)

    def paid(self) -> None:
        day = self.world.day_ago(self.row["days_ago"] - 45)
        payout_services.pay_claim(self.administrator, self.claim, paid_on=day)

    def recovering(self) -> None:
        months = self.row["bar_months"]
        payout_services.claw_back(
            self.administrator, self.claim, reason=self.row["clawback"], yearly_rate=RATE, bar_months=months
        )

    def recovered(self) -> None:
        day = self.world.day_ago(self.row["days_ago"] - 75)
        payout_services.record_return(self.administrator, self.claim, returned_on=day)


def _reviewer(world: World, email: str) -> Actor:
    membership: Membership = world.people[email]
    assert membership is not None
    return world.actor(email)
