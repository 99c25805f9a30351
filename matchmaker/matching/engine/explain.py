"""Why a pair scores what it scores: the phrases both texts share, what each adds, and where they stand.

The score is a sum over shared terms (grams), so it can be taken apart without rest. People read phrases, not grams:
each gram is booked on the longest shared phrase it occurs in ("正极材料", not 正, 正极, 极 ...), cut to whole words.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NamedTuple
from unicodedata import category

from matchmaker.matching.engine.config import EngineConfig
from matchmaker.matching.engine.index import Document, Index
from matchmaker.matching.engine.text import LocatedText, Run, locate

#: Units of a quote that people still take in; it also keeps the work linear where one text repeats the other.
_LONGEST_PHRASE = 30

#: Of idf: in two thirds more of the texts, or more.
_CLEARLY = 0.5


class Part(NamedTuple):
    """A share of the score. `term` is a phrase as the query spells it; None stands for all other terms together."""

    term: str | None
    share: float
    contribution: float


class Span(NamedTuple):
    """text[start:end] of the original occurs on the other side too; `weight` is the share of the score it carries."""

    start: int
    end: int
    weight: float


@dataclass(frozen=True)
class Explanation:
    """`parts` add up to `score` (shares to 1), largest first, other terms last; empty where the score is 0.

    Spans are by field name, ascending and disjoint; fields without any are left out.
    """

    score: float
    level: int
    parts: tuple[Part, ...]
    query_spans: Mapping[str, tuple[Span, ...]]
    document_spans: Mapping[str, tuple[Span, ...]]


class _Phrase(NamedTuple):
    """A stretch of one side that the other side contains, as long as can be."""

    key: str
    start: int
    end: int
    length: int
    grams: frozenset[str]


def explain(index: Index, query: Document, document: Document, *, limit: int = 12) -> Explanation:
    """Take the score of `query` and `document` apart, naming at most `limit` phrases.

    The score is the one `rank` gives (to 1e-6: postings are float32), if `document` has the texts that were indexed.
    """
    contributions = _contributions(index, query, document)
    return take_apart(contributions, query, document, index.config, index.rarity, limit=limit)


def take_apart(
    contributions: Mapping[str, float],
    query: Document,
    document: Document,
    config: EngineConfig,
    rarity: Callable[[str], float],
    *,
    limit: int,
) -> Explanation:
    """The same for a score that is the sum of `contributions`, what each shared gram adds. `rarity` is that of a gram
    among all texts, infinite where none has it."""
    score = math.fsum(contributions.values())
    if not contributions:
        return Explanation(0.0, config.level(0.0), (), {}, {})
    located_query, located_document = (_locate(side, config) for side in (query, document))
    query_phrases = _phrases(located_query, located_document, contributions, config.max_gram, rarity)
    document_phrases = _phrases(located_document, located_query, contributions, config.max_gram, rarity)
    return Explanation(
        score=score,
        level=config.level(score),
        parts=tuple(_parts(located_query, query_phrases, contributions, score, limit)),
        query_spans=_spans(query_phrases, contributions, score),
        document_spans=_spans(document_phrases, contributions, score),
    )


def _contributions(index: Index, query: Document, document: Document) -> dict[str, float]:
    """What each shared gram adds to the score: the product of its weights on both sides."""
    vectors = index.vectors([query, document])
    product = vectors[[0]].multiply(vectors[[1]]).tocoo()
    return {index.terms[column]: float(value) for column, value in zip(product.coords[1], product.data, strict=True)}


def _locate(side: Document, config: EngineConfig) -> dict[str, LocatedText]:
    """Fields in the order of their weight, so that a phrase is quoted from the title first."""
    names = sorted(side.fields, key=lambda name: (-config.weight(name), name))
    return {name: locate(side.fields[name]) for name in names if config.weight(name) > 0}


def _bounded(run: Run, start: int, stop: int) -> str:
    """Units as they can be looked up inside other bounded runs: words only at word boundaries."""
    return f"{run.joiner}{run.gram(start, stop)}{run.joiner}"


def whole_words(run: Run, start: int, stop: int, rarity: Callable[[str], float], least: int = 1) -> tuple[int, int]:
    """Without the characters at either end that stand clearly more often beside their neighbour outside than beside the
    one inside: 池 of 池低温, which is half of 电池. So many as `least` stay."""

    def rare(at: int) -> float:
        """A character beside the next."""
        return rarity(run.gram(at, at + 2))

    if not run.joiner:
        while 0 < start < stop - least and rare(start - 1) < rare(start) - _CLEARLY:
            start += 1
        while start + least < stop < len(run.units) and rare(stop - 1) < rare(stop - 2) - _CLEARLY:
            stop -= 1
    return start, stop


def _phrases(
    side: Mapping[str, LocatedText],
    other: Mapping[str, LocatedText],
    contributions: Mapping[str, float],
    max_gram: int,
    rarity: Callable[[str], float],
) -> dict[str, list[_Phrase]]:
    """By field, every stretch of units that occurs on the other side and cannot grow, cut to whole words. A single
    Chinese character is too little to show, unless it stands alone in its text."""
    elsewhere = "\n".join(_bounded(run, 0, len(run.units)) for text in other.values() for run in text.runs)
    found: dict[str, list[_Phrase]] = {}
    for name, text in side.items():
        for run in text.runs:
            for start, stop in _longest_shared(run, elsewhere, max_gram, rarity):
                grams = frozenset(
                    gram
                    for size in range(1, max_gram + 1)
                    for i in range(start, stop - size + 1)
                    if (gram := run.gram(i, i + size)) in contributions
                )
                if grams and (stop - start > 1 or run.joiner or len(run.units) == 1):
                    found.setdefault(name, []).append(
                        _Phrase(run.gram(start, stop), run.starts[start], run.ends[stop - 1], stop - start, grams)
                    )
    return found


def _longest_shared(
    run: Run, elsewhere: str, max_gram: int, rarity: Callable[[str], float]
) -> Iterator[tuple[int, int]]:
    start = stop = 0
    while start < len(run.units):
        previous, stop = stop, max(stop, start)
        while stop < min(len(run.units), start + _LONGEST_PHRASE) and _bounded(run, start, stop + 1) in elsewhere:
            stop += 1
        cut = stop - start == _LONGEST_PHRASE
        if stop > max(previous, start):
            first, last = whole_words(run, start, stop, rarity, least=2)
            yield (first if start >= previous else start), (stop if cut else last)
        # A phrase that is cut goes on in the next, which overlaps so far that no gram falls between them.
        start = stop - max_gram + 1 if cut else start + 1


def _parts(
    side: Mapping[str, LocatedText],
    phrases: Mapping[str, list[_Phrase]],
    contributions: Mapping[str, float],
    score: float,
    limit: int,
) -> Iterator[Part]:
    quotes: dict[str, tuple[str, _Phrase]] = {}
    for name, of_field in phrases.items():
        for phrase in of_field:
            quotes.setdefault(phrase.key, (_quote(side[name].original[phrase.start : phrase.end]), phrase))
    open_grams = set(contributions)
    totals: list[tuple[float, str]] = []
    for quote, phrase in sorted(quotes.values(), key=lambda entry: -entry[1].length):  # stable: first in the text first
        if booked := phrase.grams & open_grams:
            open_grams -= booked
            totals.append((math.fsum(contributions[gram] for gram in booked), quote))
    totals.sort(key=lambda entry: (-entry[0], entry[1]))
    for total, quote in totals[:limit]:
        yield Part(quote, total / score, total)
    rest = math.fsum([*(contributions[gram] for gram in open_grams), *(total for total, _ in totals[limit:])])
    if rest:
        yield Part(None, rest / score, rest)


def _quote(original: str) -> str:
    """As written, without line breaks and invisible characters."""
    return " ".join("".join(character for character in original if category(character) != "Cf").split())


def _spans(
    phrases: Mapping[str, list[_Phrase]], contributions: Mapping[str, float], score: float
) -> dict[str, tuple[Span, ...]]:
    def weight(grams: Iterable[str]) -> float:
        return min(1.0, math.fsum(contributions[gram] for gram in grams) / score)

    merged: dict[str, tuple[Span, ...]] = {}
    for name, of_field in phrases.items():
        stretches: list[tuple[int, int, frozenset[str]]] = []
        for phrase in sorted(of_field, key=lambda phrase: (phrase.start, phrase.end)):
            if stretches and phrase.start <= stretches[-1][1]:
                start, end, grams = stretches.pop()
                stretches.append((start, max(end, phrase.end), grams | phrase.grams))
            else:
                stretches.append((phrase.start, phrase.end, phrase.grams))
        merged[name] = tuple(Span(start, end, weight(grams)) for start, end, grams in stretches)
    return merged
