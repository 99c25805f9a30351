"""The editions of the contract wording: a file each under `seed_data/contracts`.

An edition is never edited once a contract was offered under it: another wording is another file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from matchmaker.config import SEED_DATA
from matchmaker.deals.papers.wording import CHINESE, ENGLISH, Wording

FIRST = "2026-1"
"""What versions were offered under that name no edition."""

CURRENT = "2026-3"
LANGUAGES: Mapping[str, tuple[str, ...]] = {"zh": (CHINESE,), "zh-en": (CHINESE, ENGLISH)}
"""The forms a contract comes in: Chinese, and Chinese with English below. The Chinese text prevails in both."""


@cache
def wording(languages: tuple[str, ...], edition: str = CURRENT) -> Wording:
    """Raises OSError for an edition there is none of."""
    return Wording(_entries(edition), languages)


@cache
def current() -> dict[str, str]:
    """The edition that contracts are offered under now, as it is frozen with them: name, and hash of the file."""
    return {"edition": CURRENT, "sha256": hashlib.sha256(_path(CURRENT).read_bytes()).hexdigest()}


@cache
def _entries(edition: str) -> Mapping[str, Any]:
    found = yaml.safe_load(_path(edition).read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def _path(edition: str) -> Path:
    return SEED_DATA / "contracts" / f"technology-{edition}.yaml"
