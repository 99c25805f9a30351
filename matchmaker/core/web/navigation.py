"""The menu: each feature enters its items; a reader sees those that lead somewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import g, request

from matchmaker.core.access import Actor

LONGEST_TARGET = 2000  # headers of responses have limits too


@dataclass(frozen=True, slots=True)
class Item:
    endpoint: str
    phrase: str
    order: int
    shown: Callable[[Actor], bool]

    @property
    def current(self) -> bool:
        here = request.endpoint or ""
        return here == self.endpoint


_items: list[Item] = []


def item(endpoint: str, phrase: str, order: int, shown: Callable[[Actor], bool] = lambda actor: True) -> None:
    """Enter a menu item; `phrase` is a catalogue key."""
    entry = Item(endpoint, phrase, order, shown)
    if all(known.endpoint != endpoint for known in _items):
        _items.append(entry)


def menu() -> list[Item]:
    return sorted((entry for entry in _items if entry.shown(g.actor)), key=lambda entry: entry.order)


def local_target(target: str | None, default: str) -> str:
    """A redirect target that stays on this host: a path of ours, else the default (no open redirects)."""
    if not target or len(target) > LONGEST_TARGET or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    return default if any(ord(char) < 33 or char == "\\" or ord(char) == 127 for char in target) else target
