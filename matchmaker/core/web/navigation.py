"""The menu: each feature enters its items; a reader sees those that lead somewhere, in three groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from flask import g, request

from matchmaker.core.access import Actor
from matchmaker.core.errors import N_

LONGEST_TARGET = 2000  # headers of responses have limits too


class Group(StrEnum):
    """Parts of the menu, in their order: what a reader does, what anyone may look up, what the bureau keeps in order.

    The first part that a reader has lies open; the others unfold, so that the menu stays short whatever the roles.
    """

    WORK = N_("My work")
    EXPLORE = N_("Explore")
    ADMINISTER = N_("Administer")


@dataclass(frozen=True, slots=True)
class Item:
    endpoint: str
    phrase: str
    order: int
    group: Group
    shown: Callable[[Actor], bool]

    @property
    def current(self) -> bool:
        here = request.endpoint or ""
        return here == self.endpoint


_items: list[Item] = []


def item(
    endpoint: str,
    phrase: str,
    order: int,
    shown: Callable[[Actor], bool] = lambda actor: True,
    *,
    group: Group = Group.EXPLORE,
) -> None:
    """Enter a menu item; `phrase` is a catalogue key."""
    entry = Item(endpoint, phrase, order, group, shown)
    if all(known.endpoint != endpoint for known in _items):
        _items.append(entry)


def menu() -> dict[Group, list[Item]]:
    """What leads the reader somewhere, in order. A group that has nothing for him is left out."""
    shown = sorted((entry for entry in _items if entry.shown(g.actor)), key=lambda entry: entry.order)
    groups = {group: [entry for entry in shown if entry.group is group] for group in Group}
    return {group: entries for group, entries in groups.items() if entries}


def local_target(target: str | None, default: str) -> str:
    """A redirect target that stays on this host: a path of ours, else the default (no open redirects)."""
    if not target or len(target) > LONGEST_TARGET or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    return default if any(ord(char) < 33 or char == "\\" or ord(char) == 127 for char in target) else target
