"""Budgets and claims of the demonstration: draft, submitted, approved, paid, rejected, withdrawn."""

from __future__ import annotations

from typing import Any

import yaml

from matchmaker.accounts.roles import Role
from matchmaker.config import SEED_DATA
from matchmaker.demo.world import World
from matchmaker.subsidies import budget, services

CLAUSE = "P3-4"


def load(world: World) -> None:
    plan = yaml.safe_load((SEED_DATA / "demo" / "claims.yaml").read_text(encoding="utf-8"))
    administrator = world.actor("admin@bureau.example")
    for row in plan["budgets"]:
        year, total_fen = world.today.year + row["year_offset"], row["yuan"] * 100
        budget.set_total(administrator, None, programme=row["programme"], year=year, total_fen=total_fen)
    for row in plan["claims"]:
        _claim(world, row)


def _claim(world: World, row: dict[str, Any]) -> None:
    deal = world.deals[row["deal"]]
    broker = world.member_of(deal.broker, Role.TECHNOLOGY_MANAGER)
    reviewer, payer = world.actor("reviewer@bureau.example"), world.actor("admin@bureau.example")
    with world.days_ago(row["days_ago"]):
        claim = services.draft_claim(
            broker, deal, clause_id=CLAUSE, requested_fen=row["yuan"] * 100, statement=row["statement"]
        )
        if row["until"] != "draft":
            services.submit_claim(broker, claim)
    with world.days_ago(max(row["days_ago"] - 10, 0)):
        if row["until"] == "withdrawn":
            services.withdraw_claim(broker, claim)
        if row["until"] == "rejected":
            services.reject_claim(reviewer, claim, reason=row["reason"])
        if row["until"] in ("approved", "paid"):
            services.approve_claim(reviewer, claim, approved_fen=row["approved"] * 100, reason=row["reason"])
    if row["until"] == "paid":
        with world.days_ago(row["days_ago"] - 25):
            services.pay_claim(payer, claim, paid_on=world.day_ago(row["days_ago"] - 25))
