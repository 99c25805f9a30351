"""How well levels are read where few judgements were learned from, beside two simpler rules.

    python -m benchmarks.levels --needs F --achievements F --judgements F [--draws 10] [--cache DIRECTORY]

Files as `matchmaker evaluate` takes them. In each draw some needs are learned from, by a few judged pairs each: any of
them, or the likeliest by the score without learning, as people judge what is proposed to them. The figure is 1 / (1 +
mean error of the level) over the other judged pairs of these needs, and over those of all other needs. The simpler
rules: an answer of one half is a yes, for needs that were judged; and the thresholds that fit answers with whole needs
left out best, for others.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matchmaker.matching.engine import Judged, Matcher
from matchmaker.matching.engine.learn import STEPS, best_threshold
from matchmaker.matching.engine.semantic import Vectors, models, user_cache
from matchmaker.matching.lexicon import lexicon
from matchmaker.matching.rank_files import ACHIEVEMENT_TEXT, NEED_TEXT, read_documents, read_judgements

SIZES = [(needs, pairs) for needs in (24, 100, 200) for pairs in (1, 2, 4, 8, 16)]
"""Needs learned from, and judged pairs of each."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("needs", "achievements", "judgements"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--cache", type=Path, default=user_cache(), help="directory of vectors")
    options = parser.parse_args()
    needs = read_documents(options.needs, text_field=NEED_TEXT)
    achievements = read_documents(options.achievements, text_field=ACHIEVEMENT_TEXT)
    judged = sorted(read_judgements(options.judgements, needs=needs, achievements=achievements))
    matcher = Matcher.of(needs, achievements, lexicon(), Vectors(options.cache, models(extra=False)))
    print("pairs | needs | of each | judged needs: as read, at a half | other needs: as read, best fit")
    for likeliest in (True, False):
        for size, pairs in SIZES:
            draw = np.random.default_rng(size * 100 + pairs)
            drawn = [_measured(matcher, judged, draw, size, pairs, likeliest=likeliest) for _ in range(options.draws)]
            figures = (f"{value:.3f}" for value in np.mean(drawn, axis=0))
            print("likeliest" if likeliest else "any", size, pairs, *figures, sep=" | ", flush=True)


def _measured(
    matcher: Matcher, judged: list[Judged], draw: np.random.Generator, size: int, pairs: int, *, likeliest: bool
) -> tuple[float, float, float, float]:
    likely = {entry: -one.score for entry, one in zip(judged, matcher.pairs(_ids(judged)), strict=True)}
    chosen = set(draw.choice(sorted({entry.need_id for entry in judged}), size, replace=False).tolist())
    shuffled = [judged[at] for at in draw.permutation(len(judged)).tolist()]
    in_order = sorted(shuffled, key=likely.__getitem__) if likeliest else shuffled
    by_need: dict[str, list[Judged]] = {need_id: [] for need_id in chosen}
    for entry in in_order:
        if entry.need_id in chosen:
            by_need[entry.need_id].append(entry)
    ranker, left_out = matcher.ranker.learn(
        matcher.needs, matcher.achievements, taught := sorted(one for some in by_need.values() for one in some[:pairs])
    )
    assert left_out is not None
    levels = np.array([entry.level for entry in taught])
    fit = np.array([best_threshold(left_out.need[:, step], levels >= step + 2) for step in range(STEPS)])
    found = []
    for tested, simpler in (
        ([one for some in by_need.values() for one in some[pairs:]], np.full(STEPS, 0.5)),
        ([entry for entry in judged if entry.need_id not in chosen], fit),
    ):
        rows = [(matcher.needs.rows[n], matcher.achievements.rows[a]) for n, a in _ids(tested)]
        at = np.array(rows, dtype=np.int64)
        answers = ranker.answers(matcher.needs, matcher.achievements, at[:, 0], at[:, 1])
        said = np.array(ranker.levels([entry.need_id for entry in tested], answers))
        found += [_score(tested, said), _score(tested, 1 + (answers >= simpler).sum(axis=1))]
    return found[0], found[1], found[2], found[3]


def _ids(judged: list[Judged]) -> list[tuple[str, str]]:
    return [(entry.need_id, entry.achievement_id) for entry in judged]


def _score(judged: list[Judged], levels: NDArray[np.int64]) -> float:
    return float(1 / (1 + np.abs(levels - np.array([entry.level for entry in judged])).mean()))


if __name__ == "__main__":
    main()
