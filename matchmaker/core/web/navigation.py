"""The menu: each feature enters its items; a reader sees those that lead somewhere, in three groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from flask import g, request, url_for

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
    also: tuple[str, ...] = ()
    """Where else pages of this section stand, beside those below its own address."""

    def reach(self, path: str) -> int:
        """How much of an address belongs to this section; 0 for none of it."""
        prefixes = [prefix for prefix in (url_for(self.endpoint), *self.also) if prefix != "/"]
        return max((len(prefix) for prefix in prefixes if path == prefix or path.startswith(prefix + "/")), default=0)


@dataclass(frozen=True, slots=True)
class Place:
    """An item as a page shows it. `mark`: `page` on the page itself, `true` on those of its section, else nothing."""

    endpoint: str
    phrase: str
    mark: str


_items: list[Item] = []


def item(
    endpoint: str,
    phrase: str,
    order: int,
    shown: Callable[[Actor], bool] = lambda actor: True,
    *,
    group: Group = Group.EXPLORE,
    also: tuple[str, ...] = (),
) -> None:
    """Enter a menu item; `phrase` is a catalogue key, `also` addresses of its section that stand elsewhere."""
    entry = Item(endpoint, phrase, order, group, shown, also)
    if all(known.endpoint != endpoint for known in _items):
        _items.append(entry)


def menu() -> dict[Group, list[Place]]:
    """What leads the reader somewhere, in order. A group that has nothing for him is left out."""
    shown = sorted((entry for entry in _items if entry.shown(g.actor)), key=lambda entry: entry.order)
    reaches = {entry.endpoint: entry.reach(request.path) for entry in shown}
    section = max(reaches, key=lambda endpoint: reaches[endpoint], default="")
    groups: dict[Group, list[Place]] = {}
    for group in Group:
        for entry in shown:
            if entry.group is group:
                inside = entry.endpoint == section and reaches[section] > 0 and not g.get("lost")
                mark = "page" if entry.endpoint == request.endpoint else "true" if inside else ""
                groups.setdefault(group, []).append(Place(entry.endpoint, entry.phrase, mark))
    return groups


def local_target(target: str | None, default: str) -> str:
    """A redirect target that stays on this host: a path of ours, else the default (no open redirects)."""
    if not target or len(target) > LONGEST_TARGET or not target.startswith("/") or target.startswith(("//", "/\\")):
        return default
    return default if any(ord(char) < 33 or char == "\\" or ord(char) == 127 for char in target) else target
