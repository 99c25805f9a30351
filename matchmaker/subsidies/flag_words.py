"""The words that say nothing of a technology, read once from seed_data/integrity."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

from matchmaker.config import SEED_DATA
from matchmaker.subsidies.flags import Words


@cache
def empty_words() -> Words:
    found = read_yaml(SEED_DATA / "integrity" / "words.yaml")
    return Words(**{name: tuple(words) for name, words in found.items()})


def read_yaml(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))
