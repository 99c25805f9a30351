"""A file of many entries that a researcher of the demonstration has just brought; the worker reads it."""

from __future__ import annotations

from matchmaker.config import SEED_DATA
from matchmaker.demo.world import World
from matchmaker.listings.intake import services

FILE = "references.bib"


def load(world: World) -> None:
    content = (SEED_DATA / "demo" / FILE).read_bytes()
    researcher = world.actor("researcher@beihu.example")
    services.begin(researcher, None, organisation=world.organisations["beihu"], name=FILE, content=content)
