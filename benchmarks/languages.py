"""Where the Chinese achievement stands that an English need was written for, with either model of meaning and without.

    python -m benchmarks.languages [--cache DIRECTORY]

All achievements of the demonstration are ranked, the English ones among them; nothing is judged. One mean: vectors less
that of all texts, as if all were in one language.
"""

from __future__ import annotations

import argparse
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import yaml

from benchmarks.corpus import SEED_DATA
from matchmaker.matching.engine import Document, Matcher, text
from matchmaker.matching.engine.semantic import Model, Vectors, models, user_cache
from matchmaker.matching.lexicon import lexicon

NEEDS = Path(__file__).resolve().parent / "english-needs.yaml"
_TEXTS = ("title", "summary", "problem", "advantages", "applications", "targets", "background", "keywords")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cache", type=Path, default=user_cache(), help="directory of vectors")
    cache = parser.parse_args().cache
    light, both = models(extra=False), models(extra=True)
    print("model | mean | nearest | among 3 | among 10 | English of the first 10")
    for used in dict.fromkeys([(), light, both]):
        for one_mean in (True, False) if used else (False,):
            found = measured(cache, used, one_mean=one_mean)
            name = " + ".join(model.name for model in used) or "words"
            print(name, "one" if one_mean else "of each language", *(f"{value:.2f}" for value in found), sep=" | ")


def measured(cache: Path, used: tuple[Model, ...], *, one_mean: bool) -> tuple[float, float, float, float]:
    """Share of needs whose achievement is the first, among three, among ten; English ones of the first ten, mean."""
    achievements, needs = _demonstration("achievements"), _demonstration("needs")
    asked = {f"need-for-{row['for']}": row for row in yaml.safe_load(NEEDS.read_text(encoding="utf-8"))}
    needs |= {need_id: _document(need_id, row) for need_id, row in asked.items()}
    places, english = [], []
    with _as_one_language() if one_mean else nullcontext():
        matcher = Matcher.of(needs, achievements, lexicon(), Vectors(cache, used) if used else None)
    for need_id, hits in matcher.top(len(achievements)):
        if need_id in asked:
            ids = [hit.id for hit in hits]
            wanted = asked[need_id]["for"]
            places.append(ids.index(wanted) if wanted in ids else len(achievements))
            english.append(sum(not text.is_chinese(achievements[one].fields["title"]) for one in ids[:10]))
    at = np.array(places)
    return float((at < 1).mean()), float((at < 3).mean()), float((at < 10).mean()), float(np.mean(english))


def _as_one_language() -> AbstractContextManager[Any]:
    return mock.patch.object(text, "is_chinese", return_value=True)


def _demonstration(kind: str) -> dict[str, Document]:
    paths = sorted((SEED_DATA / kind).glob("*.yaml"))
    rows = [row for path in paths for row in yaml.safe_load(path.read_text(encoding="utf-8"))]
    return {row["key"]: _document(row["key"], row) for row in rows}


def _document(document_id: str, row: dict[str, Any]) -> Document:
    texts = {name: row[name] for name in _TEXTS if row.get(name)}
    return Document(document_id, {k: v if isinstance(v, str) else "、".join(v) for k, v in texts.items()})


if __name__ == "__main__":
    main()
