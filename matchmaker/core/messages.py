"""Facts to sentences: the one place that phrases errors and names enumeration members for the reader."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from enum import StrEnum
from fractions import Fraction
from typing import Any

from flask_babel import gettext

from matchmaker.core.errors import DomainError, InvalidMany
from matchmaker.core.web import filters

LONGEST_FACT = 300
"""A sentence that repeats what was typed repeats this much of it: nobody reads a megabyte of digits."""

_labels: dict[tuple[type, str], str] = {}


def register_labels(labels: Mapping[Any, str]) -> None:
    """Enter the catalogue keys that name the members of an enumeration."""
    for member, phrase in labels.items():
        _labels[type(member), str(member)] = phrase


def label(member: Any) -> str:
    """Name of an enumeration member in the reader's language."""
    return str(gettext(_labels[type(member), str(member)]))


def has_label(member: Any) -> bool:
    return (type(member), str(member)) in _labels


def phrase(error: DomainError) -> str:
    """The sentence of an error, its facts shown the way the reader expects."""
    if isinstance(error, InvalidMany):
        return " ".join(phrase(part) for part in error.errors)
    return say(error.phrase, error.facts)


def say(sentence: str, facts: Mapping[str, Any]) -> str:
    """A catalogue phrase with its facts, each shown the way the reader expects."""
    translated = str(gettext(sentence))
    return translated % {name: _shown(name, value) for name, value in facts.items()} if facts else translated


def _shown(name: str, value: Any) -> Any:
    if name.endswith("_fen") and isinstance(value, int):
        return filters.money(value)
    if isinstance(value, StrEnum):
        return label(value) if has_label(value) else str(value)
    if isinstance(value, datetime):
        return filters.moment(value)
    if isinstance(value, date):
        return filters.day(value)
    if isinstance(value, Fraction):
        return filters.percent(value)
    if isinstance(value, tuple | list):
        return gettext(", ").join(str(_shown("", part)) for part in value)
    if isinstance(value, str) and len(value) > LONGEST_FACT:
        return value[:LONGEST_FACT] + "…"
    return value
