"""How complete a text is before it is handed in, what could be said better, and what should not be public. Pure.

Nothing here refuses: `facts.faults` and `facts.gaps` do. This is advice beside a form, given while it is written.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from matchmaker.core.errors import N_
from matchmaker.listings import wording
from matchmaker.listings.facts import LEAST_TEXT, keywords_of

Given = Mapping[str, Any]

MOST_SUGGESTED = 8


@dataclass(frozen=True, slots=True)
class Item:
    """One thing a good listing has: the field, what to do (a catalogue key), and whether it is there."""

    field: str
    phrase: str
    done: bool


@dataclass(frozen=True, slots=True)
class Caution:
    """Something in a public field that readers may wish they had not published; `quote` is the passage."""

    field: str
    phrase: str
    quote: str


@dataclass(frozen=True, slots=True)
class Check:
    items: Sequence[Item]
    cautions: Sequence[Caution]
    keywords: Sequence[str]
    figures: Sequence[str]

    @property
    def share(self) -> float:
        """0 to 1."""
        return sum(item.done for item in self.items) / len(self.items)


def _long(name: str, least: int = LEAST_TEXT) -> Callable[[Given], bool]:
    return lambda given: len(str(given.get(name) or "")) >= least


def _any(*names: str) -> Callable[[Given], bool]:
    return lambda given: any(given.get(name) not in (None, "", [], ()) for name in names)


def _with_figures(name: str) -> Callable[[Given], bool]:
    return lambda given: bool(wording.figures(str(given.get(name) or "")))


_SHARED: tuple[tuple[str, str, Callable[[Given], bool]], ...] = (
    ("keywords", N_("Three keywords or more, in the words of the trade"), lambda given: _count(given) >= 3),
    ("field", N_("The technical field, so that it is found by it"), _any("field")),
    ("modes", N_("How it may change hands"), _any("modes")),
    ("district", N_("The district"), _any("district")),
)
_ITEMS: Mapping[str, tuple[tuple[str, str, Callable[[Given], bool]], ...]] = {
    "achievement": (
        ("title", N_("A title that names the thing"), _long("title", 8)),
        ("summary", N_("A summary that says what was measured"), _long("summary", 80)),
        ("summary", N_("Figures with units in the summary"), _with_figures("summary")),
        ("advantages", N_("What is better than what is used today"), _long("advantages")),
        ("applications", N_("Where it can be used"), _long("applications", 10)),
        ("trl", N_("The readiness level"), _any("trl")),
        *_SHARED,
        (
            "price_max_fen",
            N_("A price guidance, which saves both sides a round"),
            _any("price_min_fen", "price_max_fen"),
        ),
    ),
    "need": (
        ("title", N_("A title that names the thing"), _long("title", 8)),
        ("problem", N_("What stands in the way, in a few sentences"), _long("problem", 80)),
        ("targets", N_("Target figures with units"), _with_figures("targets")),
        ("background", N_("What you have tried and can contribute"), _long("background")),
        ("min_trl", N_("The least readiness level"), _any("min_trl")),
        *_SHARED,
        ("budget_max_fen", N_("A budget, which tells serious from curious"), _any("budget_min_fen", "budget_max_fen")),
        ("deadline_on", N_("A deadline"), _any("deadline_on")),
    ),
}


def _count(given: Given) -> int:
    return len(keywords_of(str(given.get("keywords") or "")))


# --- what should not be public --------------------------------------------------------------------------------------

_PUBLIC = ("title", "summary", "advantages", "applications", "problem", "targets", "background", "keywords")
_SIGNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (wording.CONFIDENTIAL, N_("sounds confidential. Move it to the confidential part if it is.")),
    (wording.TELEPHONE, N_("looks like a telephone number. Contacts are exchanged by an introduction.")),
    (wording.EMAIL, N_("looks like an e-mail address. Contacts are exchanged by an introduction.")),
    (wording.IDENTITY_NUMBER, N_("looks like an identity number. Take it out.")),
)
_NAMED = N_("names your organisation, though you wish to stay anonymous.")
_AROUND = 12


def cautions(given: Given, *, own_names: Sequence[str] = ()) -> list[Caution]:
    """Passages of public fields that look like something else; for an anonymous need also the seeker's own name."""
    found = []
    for name in _PUBLIC:
        text = str(given.get(name) or "")
        for sign, phrase in _SIGNS:
            if match := sign.search(text):
                found.append(Caution(name, phrase, _quote(text, match.start(), match.end())))
        for own in own_names if given.get("anonymous") else ():
            if own and own in text:
                at = text.index(own)
                found.append(Caution(name, _NAMED, _quote(text, at, at + len(own))))
    return found


def _quote(text: str, start: int, end: int) -> str:
    left, right = max(0, start - _AROUND), min(len(text), end + _AROUND)
    return ("…" if left else "") + " ".join(text[left:right].split()) + ("…" if right < len(text) else "")


def check(noun: str, given: Given, *, own_names: Sequence[str] = ()) -> Check:
    """All advice on a form's present content."""
    items = [Item(name, phrase, done(given)) for name, phrase, done in _ITEMS[noun]]
    text = "\n".join(str(given.get(name) or "") for name in _PUBLIC if name != "keywords")
    present = str(given.get("keywords") or "")
    keywords = [word for word in wording.suggest(text) if word not in present]
    return Check(items, cautions(given, own_names=own_names), keywords[:MOST_SUGGESTED], wording.figures(text))
