"""The schematic map of the districts: where each tile stands, and how full it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import yaml

from matchmaker.config import SEED_DATA
from matchmaker.core.web.filters import in_language
from matchmaker.matching.queries import Option

SHADES = 4


@dataclass(frozen=True, slots=True)
class Tile:
    code: str
    column: int
    row: int
    name: str
    count: int
    chosen: bool
    shade: int
    """0 where there is nothing, else 1 to `SHADES`."""


@cache
def _places() -> list[dict[str, object]]:
    found = yaml.safe_load((SEED_DATA / "taxonomy" / "district_tiles.yaml").read_text(encoding="utf-8"))
    return list(found)


def tiles(options: Sequence[Option]) -> list[Tile]:
    """A tile for each district, shaded by its count against the highest."""
    by_code = {option.value: option for option in options}
    most = max((option.count for option in options), default=0)
    found = []
    for place in _places():
        option = by_code[place["code"]]
        shade = -(-SHADES * option.count // most) if most else 0
        name = in_language(str(place["zh"]), str(place["en"]))
        found.append(
            Tile(
                option.value,
                int(str(place["column"])),
                int(str(place["row"])),
                name,
                option.count,
                option.chosen,
                shade,
            )
        )
    return found
