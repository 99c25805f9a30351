"""Text to terms: folding, units, grams. Chinese by character n-grams, everything else by word n-grams.

Chinese words are not separated, and characters with their neighbours find related wordings better than a segmenter's
guess. Pieces of English words, by contrast, match by accident: there the word is the unit. Grams never cross
punctuation, whitespace between Chinese characters, a change of script or a function word.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import NamedTuple

import opencc


class _Folds(dict[int, str]):
    """Memo of `_fold_character`, in the shape that str.translate wants."""

    def __missing__(self, code: int) -> str:
        folded = self[code] = _fold_character(chr(code))
        return folded


def _fold_character(character: str) -> str:
    """Comparable form of one character, by itself: so that offsets into the original are a matter of lengths.

    Compatibility forms (full width, ligatures, circled digits) and case are unified, traditional characters become
    simplified ones. Accents go, since precomposed and combining spellings could not otherwise agree character by
    character. Invisible formatting vanishes.
    """
    category = unicodedata.category(character)
    if category in ("Cf", "Mn", "Me"):
        return ""
    if category == "Zs" or character == "\t":
        return " "
    if category in ("Cc", "Zl", "Zp"):
        return "\n"
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", character).casefold())
    kept = "".join(part for part in decomposed if unicodedata.category(part) not in ("Cf", "Mn", "Me"))
    composed = unicodedata.normalize("NFKC", kept)
    return _simplified(composed) if len(composed) == 1 and unicodedata.category(composed) == "Lo" else composed


@cache
def _converter() -> opencc.OpenCC:
    return opencc.OpenCC("t2s")


def _simplified(character: str) -> str:
    """By OpenCC's table of characters. Its phrases (乾坤 stays, 乾燥 changes) need neighbours, which a fold by
    character does not look at: 乾 and its like stay or change everywhere, on both sides alike."""
    converted: str = _converter().convert(character)
    return converted if len(converted) == 1 else character


_folds = _Folds()

_HAN = r"\u3005\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
_WORD = rf"[^\W_{_HAN}]+"
_RUN = re.compile(rf"(?P<han>[{_HAN}]+)|{_WORD}(?:[ -]{_WORD})*")
_WORDS = re.compile(_WORD)
_CHARACTERS = re.compile(f"[{_HAN}]")

# Only characters that hardly ever stand inside a technical word (等, 和, 在 do: 等离子体, 饱和, 在线).
_FUNCTION_CHARACTERS = re.compile("[的了或是与及其该]")
_FUNCTION_WORDS = frozenset(
    re.findall(
        r"\w+",
        """
        a an and any are as at be been both but by can could do does each for from had has have if in into is it its may
        more most must no not of on or our s shall should so some such t than that the their them then there these they
        this those to under up was we were what when where which while who will with would you your
        """,
    )
)


class Run(NamedTuple):
    """A stretch of text within which grams may form: its units and where each stands."""

    units: Sequence[str]
    starts: Sequence[int]
    ends: Sequence[int]
    joiner: str

    def gram(self, start: int, stop: int) -> str:
        return self.joiner.join(self.units[start:stop])


def fold(text: str) -> str:
    return text.translate(_folds)


def fold_with_origin(text: str) -> tuple[str, list[int]]:
    """The folded text, and for each of its characters the position in `text` that it came from."""
    return fold(text), [position for position, character in enumerate(text) for _ in _folds[ord(character)]]


# Blanks are loose beside Chinese characters (titles that come cut into words), but not between Latin words.
_LOOSE_BLANKS = re.compile(r" +(?![a-z0-9 ])|(?<![a-z0-9 ]) +")


def without_loose_blanks(folded: str) -> str:
    return _LOOSE_BLANKS.sub("", folded)


def without_loose_blanks_with_origin(folded: str) -> tuple[str, list[int]]:
    """Likewise, and for each character left its position in `folded`."""
    loose = {position for match in _LOOSE_BLANKS.finditer(folded) for position in range(*match.span())}
    kept = [position for position in range(len(folded)) if position not in loose]
    return "".join(folded[position] for position in kept), kept


def is_chinese(text: str) -> bool:
    """Written mostly in Chinese characters (Japanese, Korean): at least as many of them as words in other letters."""
    return len(_CHARACTERS.findall(text)) >= len(_WORDS.findall(text))


def _runs(folded: str) -> Iterator[Run]:
    for match in _RUN.finditer(folded):
        if match["han"]:
            start = match.start()
            for stop in [*(m.start() for m in _FUNCTION_CHARACTERS.finditer(folded, *match.span())), match.end()]:
                if stop > start:
                    yield Run(folded[start:stop], range(start, stop), range(start + 1, stop + 1), "")
                start = stop + 1
        else:
            yield from _word_runs(list(_WORDS.finditer(folded, *match.span())))


def _word_runs(words: list[re.Match[str]]) -> Iterator[Run]:
    breaks = [-1, *(i for i, word in enumerate(words) if _is_empty_word(word[0])), len(words)]
    for before, after in pairwise(breaks):
        if kept := words[before + 1 : after]:
            yield Run([_stem(w[0]) for w in kept], [w.start() for w in kept], [w.end() for w in kept], " ")


def _is_empty_word(word: str) -> bool:
    """Function words, and numbers of one or two digits: those number paragraphs and quantities, not things."""
    return word in _FUNCTION_WORDS or (len(word) <= 2 and word.isdecimal())


def _stem(word: str) -> str:
    """Singular of a regular English plural: S-stemmer (Harman, "How effective is suffixing?", 1991) and sibilants."""
    if len(word) > 3 and word.isascii() and word.isalpha():
        if word.endswith("ies") and word[-4] not in "ae":
            return word[:-3] + "y"
        if word.endswith(("sses", "xes", "ches", "shes")):
            return word[:-2]
        if word.endswith("es") and word[-3] not in "aeo":
            return word[:-1]
        if word.endswith("s") and word[-2] not in "ius":
            return word[:-1]
    return word


def grams(text: str, max_gram: int) -> list[str]:
    """Terms of a text with repetition: every run of 1 to `max_gram` neighbouring units."""
    return [gram for run in _runs(fold(text)) for size in range(1, max_gram + 1) for gram in _grams(run, size)]


def telling(texts: Iterable[str], max_gram: int) -> set[str]:
    """The shortest terms of texts that say something by themselves: words; of Chinese, neighbouring characters, and a
    character that stands alone. 马铃薯 is told by 马铃 and 铃薯, by none of its characters."""
    runs = (run for text in texts for run in _runs(fold(text)))
    sized = ((run, 1 if run.joiner else min(2, max_gram, len(run.units))) for run in runs)
    return {gram for run, size in sized for gram in _grams(run, size)}


def _grams(run: Run, size: int) -> list[str]:
    return [run.joiner.join(run.units[i : i + size]) for i in range(len(run.units) - size + 1)]


@dataclass(frozen=True, slots=True)
class LocatedText:
    """A text with its runs, their starts and ends counted in the *original* text."""

    original: str
    runs: tuple[Run, ...]


def locate(text: str) -> LocatedText:
    """The runs that `grams` sees, placed in the original text. An end takes in combining marks that follow it."""
    folded, origin = fold_with_origin(text)
    origin.append(len(text))

    def end(folded_end: int) -> int:
        stop = origin[folded_end - 1] + 1
        while stop < len(text) and not _folds[ord(text[stop])]:
            stop += 1
        return stop

    runs = (
        Run(run.units, [origin[start] for start in run.starts], [end(stop) for stop in run.ends], run.joiner)
        for run in _runs(folded)
    )
    return LocatedText(text, tuple(runs))
