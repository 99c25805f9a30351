"""What the bureau of the demonstration entered for the targets of the plan."""

from __future__ import annotations

from matchmaker.dashboard import services
from matchmaker.demo.world import World, read


def load(world: World) -> None:
    administrator = world.actor("admin@bureau.example")
    for row in read("target_entries.yaml"):
        with world.days_ago(row["days_ago"]):
            services.enter_target(
                administrator,
                None,
                target_id=row["target"],
                value=row["value"],
                as_of_on=world.day_ago(row["days_ago"]),
                source=row["source"],
            )
