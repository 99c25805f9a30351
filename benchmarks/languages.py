"""Where the achievement stands that a need was written for, across the languages and within one.

    python -m benchmarks.languages [--cache DIRECTORY]

All achievements of the demonstration are ranked, Chinese and English ones; nothing is judged. As one: with one mean for
the vectors of all texts, and meaning weighed alike.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import yaml

from benchmarks.corpus import SEED_DATA
from matchmaker.matching.engine import Document, Matcher, text
from matchmaker.matching.engine.semantic import Model, Vectors, models, user_cache
from matchmaker.matching.lexicon import lexicon

NEEDS = Path(__file__).resolve().parent / "bilingual-needs.yaml"
_TEXTS = ("title", "summary", "problem", "advantages", "applications", "targets", "background", "keywords")
_LANGUAGES = {True: "Chinese", False: "English"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cache", type=Path, default=user_cache(), help="directory of vectors")
    cache = parser.parse_args().cache
    print("models | languages | need, achievement | needs | first | among 3 | among 10 | mean of 1 / place")
    for used in dict.fromkeys([(), models(extra=False), models(extra=True)]):
        for apart in (False, True) if used else (True,):
            name = " + ".join(model.name for model in used) or "none"
            report((name, "told apart" if apart else "as one"), places(cache, used, apart=apart))


def report(of: tuple[str, str], places: Mapping[tuple[bool, bool], list[int]]) -> None:
    """A line for each pair of languages."""
    for (need, achievement), found in sorted(places.items()):
        at = np.array(found)
        figures = (f"{value:.2f}" for value in [*((at <= k).mean() for k in (1, 3, 10)), (1 / at).mean()])
        print(*of, f"{_LANGUAGES[need]}, {_LANGUAGES[achievement]}", len(at), *figures, sep=" | ")


def places(cache: Path, used: tuple[Model, ...], *, apart: bool) -> dict[tuple[bool, bool], list[int]]:
    """Place of each need's achievement from 1, by whether need and achievement are in Chinese."""
    achievements, needs = demonstration("achievements"), demonstration("needs")
    asked = {f"asked-{n}": row for n, row in enumerate(yaml.safe_load(NEEDS.read_text(encoding="utf-8")))}
    needs |= {need_id: _document(need_id, row) for need_id, row in asked.items()}
    found = defaultdict(list)
    with nullcontext() if apart else mock.patch.object(text, "is_chinese", return_value=True):
        matcher = Matcher.of(needs, achievements, lexicon(), Vectors(cache, used) if used else None)
    for need_id, hits in matcher.top(len(achievements)):
        if need_id in asked:
            wanted = asked[need_id]["for"]
            pair = (_in_chinese(needs[need_id]), _in_chinese(achievements[wanted]))
            found[pair].append(place(wanted, [hit.id for hit in hits], len(achievements)))
    return found


def place(wanted: str, ids: Sequence[str], last: int) -> int:
    return ids.index(wanted) + 1 if wanted in ids else last


def _in_chinese(document: Document) -> bool:
    return text.is_chinese(document.fields["title"])


def demonstration(kind: str) -> dict[str, Document]:
    """By key, with the texts that the platform compares alone: `corpus.demonstration` joins English keys in as well."""
    paths = sorted((SEED_DATA / kind).glob("*.yaml"))
    rows = [row for path in paths for row in yaml.safe_load(path.read_text(encoding="utf-8"))]
    return {row["key"]: _document(row["key"], row) for row in rows}


def _document(document_id: str, row: dict[str, Any]) -> Document:
    texts = {name: row[name] for name in _TEXTS if row.get(name)}
    return Document(document_id, {k: v if isinstance(v, str) else "、".join(v) for k, v in texts.items()})


if __name__ == "__main__":
    main()
