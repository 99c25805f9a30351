"""The lexicon: names of one thing in both languages, so that 瓦斯 finds 煤层气 and "bearing" finds 轴承.

An entry is a concept. Its names are looked for in folded text, the longest first: 锂离子电池 is not read as 电池.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from matchmaker.matching.engine import text

_LATIN = re.compile("[a-z0-9]")
_WORD_END = re.compile("(?:e?s)?(?![a-z0-9])")


class Mention(NamedTuple):
    """text[start:end] of the original names the concept."""

    concept: int
    start: int
    end: int


@dataclass(frozen=True, eq=False)
class Lexicon:
    """`concepts[i]` holds the names of concept i, the first of them its title; `fields[i]` the field it belongs to."""

    concepts: tuple[tuple[str, ...], ...]
    fields: tuple[str, ...]
    _names: Mapping[str, tuple[int, ...]] = field(init=False, repr=False)
    _by_head: Mapping[str, tuple[str, ...]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        names: dict[str, tuple[int, ...]] = {}
        for number, concept in enumerate(self.concepts):
            for name in concept:
                for spelling in _spellings(text.fold(name)):
                    if number not in names.get(spelling, ()):
                        names[spelling] = (*names.get(spelling, ()), number)
        heads: dict[str, list[str]] = {}
        for name in sorted(filter(None, names), key=lambda name: (-len(name), name)):
            heads.setdefault(name[0], []).append(name)
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_by_head", {head: tuple(found) for head, found in heads.items()})

    @classmethod
    def of(cls, rows: Mapping[str, Iterable[str]]) -> Lexicon:
        """From lines "名 又名 | name; other name", by field. Fields and lines keep their order."""
        concepts: list[tuple[str, ...]] = []
        fields: list[str] = []
        for name, lines in rows.items():
            for line in lines:
                chinese, _, english = line.partition("|")
                concepts.append((*chinese.split(), *(part.strip() for part in english.split(";") if part.strip())))
                fields.append(name)
        return cls(tuple(concepts), tuple(fields))

    @cached_property
    def fingerprint(self) -> str:
        return hashlib.sha256(repr((self.concepts, self.fields)).encode()).hexdigest()

    def mentions(self, original: str) -> list[Mention]:
        """Concepts named in a text, from left to right, with their place in it. Names do not overlap."""
        folded, origin = text.fold_with_origin(original)
        joined, kept = text.without_loose_blanks_with_origin(folded)
        return [
            Mention(concept, origin[kept[start]], origin[kept[end - 1]] + 1)
            for name, start, end in self._find(joined)
            for concept in self._names[name]
        ]

    def count(self, original: str) -> list[int]:
        """The concepts named in a text, with repetition."""
        joined = text.without_loose_blanks(text.fold(original))
        return [concept for name, _, _ in self._find(joined) for concept in self._names[name]]

    def _find(self, joined: str) -> Iterator[tuple[str, int, int]]:
        """Names and where they stand, the longest at each place."""
        position = 0
        while position < len(joined):
            end = position + 1
            for name in self._by_head.get(joined[position], ()):
                if joined.startswith(name, position) and (stop := _end(joined, position, name)):
                    yield name, position, stop
                    end = stop
                    break
            position = end

    def titles(self, concepts: Sequence[int]) -> list[str]:
        return [self.concepts[concept][0] for concept in concepts]


_AMERICAN = (
    ("fibre", "fiber"), ("tyre", "tire"), ("centre", "center"), ("metre", "meter"), ("mould", "mold"),
    ("plough", "plow"), ("sulph", "sulf"), ("aluminium", "aluminum"), ("orthopaedic", "orthopedic"),
    ("colour", "color"), ("tumour", "tumor"), ("vapour", "vapor"), ("labelling", "labeling"),
    ("modelling", "modeling"), ("isation", "ization"), ("ising", "izing"), ("iser", "izer"), ("yser", "yzer"),
)  # fmt: skip


def _spellings(name: str) -> Iterator[str]:
    """Entries are in British spelling; American texts name the things as well. The plural of "battery" is not made by
    adding to it; those that are need no entry (see `_end`)."""
    american = name
    for british, other in _AMERICAN:
        american = american.replace(british, other)
    for spelling in dict.fromkeys((name, american)):
        yield spelling
        if spelling.isascii() and spelling.endswith("y"):
            yield spelling[:-1] + "ies"


def _end(joined: str, start: int, name: str) -> int | None:
    """Where the name found at `start` ends; None if it is but a piece of a word. Latin ends of names are ends of words,
    with a plural at most: "car" is not in "carbon"."""
    stop = start + len(name)
    if name[0].isascii() and start and _LATIN.match(joined, start - 1):
        return None
    if not name[-1].isascii():
        return stop
    match = _WORD_END.match(joined, stop)
    return match.end() if match else None
