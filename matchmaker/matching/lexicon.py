"""Data of the matcher in `seed_data`: the lexicon (names of one thing in both languages, by field), and how well the
ranking did when it was measured."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import yaml

from matchmaker.config import SEED_DATA
from matchmaker.matching.engine import Lexicon


@cache
def lexicon() -> Lexicon:
    rows: dict[str, list[str]] = {}
    for path in sorted((SEED_DATA / "lexicon").glob("*.yaml")):
        rows |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return Lexicon.of(rows)


@cache
def measured() -> dict[str, Any]:
    """What `matchmaker evaluate` printed for the benchmark, with command and versions; figures alone, no texts."""
    found: dict[str, Any] = json.loads((SEED_DATA / "quality" / "matching.json").read_text(encoding="utf-8"))
    return found
