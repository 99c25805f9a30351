"""The undertaking is one text for both sides, and stays what it was."""

from __future__ import annotations

import pytest

from matchmaker.introductions.confidentiality import CURRENT, UNDERTAKINGS, Undertaking

PUBLISHED = {"2026-1": "1e3bb78e2c0a7458e2f5a556a702c1b97d194eda44f1101632ca0b4059278514"}


def test_a_published_version_never_changes() -> None:
    """Whoever agreed to it agreed to these words: a better text is a new version, not an edit of this one."""
    assert {version: text.sha256 for version, text in UNDERTAKINGS.items()} == PUBLISHED


def test_the_current_version_is_one_of_the_published() -> None:
    assert UNDERTAKINGS[CURRENT.version] is CURRENT


@pytest.mark.parametrize("clauses", [("a", "c"), ("a b",), ("b", "a"), ("a", "b", "")])
def test_the_hash_tells_any_other_text_apart(clauses: tuple[str, ...]) -> None:
    assert Undertaking("x", ("a", "b")).sha256 != Undertaking("x", clauses).sha256
