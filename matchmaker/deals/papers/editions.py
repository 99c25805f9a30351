"""The editions of the contract wording: a file each under `seed_data/contracts`.

An edition is never edited once a contract was offered under it: another wording is another file.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from matchmaker.config import SEED_DATA
from matchmaker.deals.papers.wording import CHINESE, ENGLISH, Wording

FIRST = "2026-1"
"""What versions were offered under that name no edition."""

CURRENT = "2026-1"
LANGUAGES: Mapping[str, tuple[str, ...]] = {"zh": (CHINESE,), "zh-en": (CHINESE, ENGLISH)}
"""The forms a contract comes in: Chinese, and Chinese with English below. The Chinese text prevails in both."""


@cache
def wording(languages: tuple[str, ...], edition: str = CURRENT) -> Wording:
    """Raises OSError for an edition there is none of."""
    return Wording(_entries(edition), languages)


@cache
def _entries(edition: str) -> Mapping[str, Any]:
    found = yaml.safe_load((SEED_DATA / "contracts" / f"technology-{edition}.yaml").read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found
