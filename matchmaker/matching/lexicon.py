"""The lexicon in `seed_data`: names of one thing in both languages, by field."""

from __future__ import annotations

from functools import cache

import yaml

from matchmaker.config import SEED_DATA
from matchmaker.matching.engine import Lexicon


@cache
def lexicon() -> Lexicon:
    rows: dict[str, list[str]] = {}
    for path in sorted((SEED_DATA / "lexicon").glob("*.yaml")):
        rows |= yaml.safe_load(path.read_text(encoding="utf-8"))
    return Lexicon.of(rows)
