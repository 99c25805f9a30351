"""Searches that people of the demonstration keep."""

from __future__ import annotations

from matchmaker.demo.world import World, read
from matchmaker.matching import saved_searches
from matchmaker.matching.models import Kind


def load(world: World) -> None:
    for row in read("searches.yaml"):
        with world.days_ago(row["days_ago"]):
            saved_searches.save_search(
                world.actor(row["by"]), None, kind=Kind(row["kind"]), name=row["name"], query=row["query"]
            )
