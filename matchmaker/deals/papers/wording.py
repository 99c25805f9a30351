"""How a sentence of the wording takes its facts, in each language. Pure; `editions` reads the data."""

from __future__ import annotations

import calendar
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from matchmaker.core.money import FEN_PER_YUAN
from matchmaker.deals.papers.capitals import capitals
from matchmaker.deals.papers.paper import Text

CHINESE, ENGLISH = "zh-CN", "en"
_PLACE = {CHINESE: 0, ENGLISH: 1}


@dataclass(frozen=True, slots=True)
class Fen:
    """An amount as a contract writes it: in figures and, in Chinese, in capitals."""

    fen: int


@dataclass(frozen=True, slots=True)
class Span:
    """So many of a unit: days | months | years."""

    count: int
    unit: str


Fact = str | int | date | Fraction | Fen | Span | Text
"""A text is taken in the language at hand; a string is the parties' own and the same in all."""


@dataclass(frozen=True)
class Wording:
    """One edition, in the languages asked for."""

    entries: Mapping[str, Any]
    languages: tuple[str, ...]

    @property
    def edition(self) -> str:
        return str(self.entries["edition"])

    def say(self, key: str, /, **facts: Fact) -> Text:
        """The sentence of this key. LookupError for an unknown one or a missing fact."""
        return self.fill(self.entries["sentences"][key], **facts)

    def has(self, key: str) -> bool:
        return key in self.entries["sentences"]

    def added(self, key: str, /, **facts: Fact) -> Iterator[Text]:
        """A sentence that came with a later edition than the first: none where this one lacks it."""
        if self.has(key):
            yield self.say(key, **facts)

    def text(self, section: str, key: str, /, **facts: Fact) -> Text:
        """An entry of another section: labels, titles, cover …"""
        return self.fill(self.entries[section][key], **facts)

    def fill(self, pair: Sequence[str], /, **facts: Fact) -> Text:
        """A pair of sentences, Chinese and English, with their facts."""
        return tuple(
            pair[_PLACE[language]].format(**{name: self._shown(fact, at, language) for name, fact in facts.items()})
            for at, language in enumerate(self.languages)
        )

    def join(self, texts: Sequence[Text], by: str = "join") -> Text:
        return tuple(
            self.entries["formats"][by][_PLACE[language]].join(text[at] for text in texts)
            for at, language in enumerate(self.languages)
        )

    def same(self, words: str) -> Text:
        """The parties' own words, or a figure, which read the same in each language."""
        return (words,) * len(self.languages)

    def shown(self, fact: Fact) -> Text:
        return tuple(self._shown(fact, at, language) for at, language in enumerate(self.languages))

    def _shown(self, fact: Fact, at: int, language: str) -> str:
        match fact:
            case str():
                return fact
            case int():
                return str(fact)
            case tuple():
                return fact[at]
            case Fraction():
                return percent(fact)
            case date():
                month = calendar.month_name[fact.month]
                return self._format("day", language, y=fact.year, m=fact.month, d=fact.day, month=month)
            case Fen(fen):
                return self._format("money", language, figure=figure(fen), capitals=capitals(fen))
            case Span(count, unit):
                key = f"{unit.removesuffix('s')}_one" if count == 1 else unit
                return self._format(key, language, n=count)

    def _format(self, key: str, language: str, **values: Any) -> str:
        return str(self.entries["formats"][key][_PLACE[language]]).format(**values)


def figure(fen: int) -> str:
    """1200050 -> '12,000.50', always with both decimals."""
    yuan, rest = divmod(fen, FEN_PER_YUAN)
    return f"{yuan:,}.{rest:02d}"


def percent(rate: Fraction) -> str:
    """Exactly: 3/200 -> '1.5%', 1/3 -> '100/3%'."""
    share = rate * 100
    whole, rest = divmod(share.numerator * 10**6, share.denominator)
    if rest:
        return f"{share}%"
    units, parts = divmod(whole, 10**6)
    return f"{units}.{parts:06d}".rstrip("0").rstrip(".") + "%"
