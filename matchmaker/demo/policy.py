"""Values that the invented bureau has entered: examples, marked as such, not the rules of 2025."""

from __future__ import annotations

from fractions import Fraction

import yaml

from matchmaker.accounts.credit_code import check_character
from matchmaker.config import SEED_DATA
from matchmaker.demo.world import World
from matchmaker.subsidies import policy_services


def load(world: World) -> None:
    plan = yaml.safe_load((SEED_DATA / "demo" / "policy.yaml").read_text(encoding="utf-8"))
    administrator, reviewer = world.actor("admin@bureau.example"), world.actor("reviewer@bureau.example")
    for row in plan["values"]:
        with world.days_ago(row["days_ago"]):
            change = policy_services.propose_values(
                reviewer,
                None,
                clause_id=row["clause"],
                from_on=world.day_ago(row["days_ago"]),
                values={"rate": Fraction(row["rate"]), "base": tuple(row["base"])},
                source=row["source"],
            )
            if row["confirmed"]:
                policy_services.decide_change(administrator, change, confirmed=True)
    for row in plan["discredited"]:
        policy_services.list_discredited(
            administrator,
            None,
            credit_code=row["code"] + check_character(row["code"]),
            name=row["name"],
            listed_on=world.day_ago(row["days_ago"]),
            source=row["source"],
        )
