"""What is typed and not posted: words in the search, a text in the box of the front page. With and without other names.

    python -m benchmarks.typed [--needs F --achievements F --judgements F]

The index alone answers. The needs of `benchmarks.languages` first: where the achievement stands that each was written
for, among all of the demonstration. With files as `matchmaker evaluate` takes them also nDCG@10 of the judged pairs,
and how much the other names add to it, with its standard error over needs.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import yaml
from numpy.typing import NDArray

from benchmarks.languages import NEEDS, demonstration, place, report
from matchmaker.matching.engine import Document, EngineConfig, Judged, build, pair_scores, rank, text
from matchmaker.matching.engine.evaluate import figures
from matchmaker.matching.engine.matcher import Scored, expanded
from matchmaker.matching.lexicon import lexicon
from matchmaker.matching.rank_files import ACHIEVEMENT_TEXT, NEED_TEXT, read_documents, read_judgements

WAYS = {False: "title in the search", True: "all in the box"}
NAMES = {False: "words alone", True: "other names"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("needs", "achievements", "judgements"):
        parser.add_argument(f"--{name}", type=Path)
    options = parser.parse_args()
    print("asked by | names | need, achievement | needs | first | among 3 | among 10 | mean of 1 / place")
    for whole, way in WAYS.items():
        for named, names in NAMES.items():
            report((way, names), places(whole=whole, named=named))
    if options.judgements is None:
        return
    needs = read_documents(options.needs, text_field=NEED_TEXT)
    achievements = read_documents(options.achievements, text_field=ACHIEVEMENT_TEXT)
    judged = sorted(read_judgements(options.judgements, needs=needs, achievements=achievements))
    print("asked by | nDCG@10, words alone | with other names | standard error of the difference")
    for whole, way in WAYS.items():
        plain, named = (ordered(needs, achievements, judged, whole=whole, named=named) for named in NAMES)
        error = (named - plain).std() / len(plain) ** 0.5
        print(way, *(f"{value:.4f}" for value in (plain.mean(), named.mean(), error)), sep=" | ")


def asked(title: str, rest: str, *, whole: bool, named: bool) -> Document:
    """The query, as the pages make it."""
    query = Document("", {"problem": f"{title}\n{rest}"} if whole else {"title": title})
    return expanded(query, lexicon()) if named else query


def places(*, whole: bool, named: bool) -> dict[tuple[bool, bool], list[int]]:
    """As `languages.places`."""
    achievements, needs = demonstration("achievements"), demonstration("needs")
    index = build(achievements.values(), EngineConfig(), background=needs.values())
    found = defaultdict(list)
    for row in yaml.safe_load(NEEDS.read_text(encoding="utf-8")):
        hits = rank(index, asked(row["title"], row["problem"], whole=whole, named=named), len(achievements))
        pair = tuple(text.is_chinese(title) for title in (row["title"], achievements[row["for"]].fields["title"]))
        found[pair].append(place(row["for"], [hit.id for hit in hits], len(achievements)))
    return found


def ordered(
    needs: Mapping[str, Document],
    achievements: Mapping[str, Document],
    judged: list[Judged],
    *,
    whole: bool,
    named: bool,
) -> NDArray[np.float64]:
    """nDCG@10 of every need whose judged levels differ."""
    index = build(achievements.values(), EngineConfig(), background=needs.values())
    of_need = defaultdict(list)
    for entry in judged:
        of_need[entry.need_id].append(entry)
    found = []
    for need_id, entries in of_need.items():
        texts = dict(needs[need_id].fields)
        query = asked(texts.pop("title"), "\n".join(texts.values()), whole=whole, named=named)
        pairs = [(need_id, entry.achievement_id) for entry in entries]
        scored = [Scored(float(score), 1) for score in pair_scores(index, {need_id: query}, pairs)]
        if len({entry.level for entry in entries}) > 1:
            found.append(figures(entries, scored).ndcg.value)
    return np.array(found)


if __name__ == "__main__":
    main()
