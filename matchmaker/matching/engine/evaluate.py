"""How well the ranking agrees with judgements it has not seen, with intervals, and what each part is worth.

Measures: nDCG@10 with gain 2^(level-1) - 1, mean over needs whose judged levels differ, equal scores counting against
the ranking; and 1 / (1 + mean absolute error of the level), the measure of the CCF BDCI 2019 contest.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from matchmaker.matching.engine.learn import Judged
from matchmaker.matching.engine.matcher import Matcher, Scored
from matchmaker.matching.engine.space import MEASURES

DEPTH = 10
_RESAMPLED = 1_000
_SEED = 2025


class By(StrEnum):
    """What a fold leaves out: whole needs, as when one is new, or single pairs. Needs of equal text are left out
    together: one that was posted twice is not new."""

    NEED = "need"
    PAIR = "pair"


class Interval(NamedTuple):
    """A figure with the middle 95 % of its values over needs drawn again and again, with replacement."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Figures:
    """needs: those with levels that differ, so that there was something to order."""

    ndcg: Interval
    score: Interval
    needs: int
    pairs: int


@dataclass(frozen=True)
class Report:
    """cold: nothing learned; warm: learned from the other folds. ablation: both nDCG, with a part left out."""

    by: By
    folds: int
    cold: Figures
    warm: Figures
    ablation: Mapping[str, tuple[Figures, Figures]]

    def as_dict(self) -> dict[str, Any]:
        """Plain JSON values."""
        return {**asdict(self), "by": str(self.by)}


def evaluate(
    matcher: Matcher, judged: Sequence[Judged], *, folds: int = 5, by: By = By.NEED, ablation: bool = True
) -> Report:
    """Raises ValueError where there are fewer needs (or pairs) than folds."""
    entries = sorted(judged)
    fold = _folds(matcher, entries, folds, by)
    cold, warm = _both(matcher, entries, fold, by)
    names = [name for name in MEASURES if matcher.ranker.weights.spreads[MEASURES.index(name)] > 0] if ablation else []
    return Report(by, folds, cold, warm, {name: _both(matcher.without(name), entries, fold, by) for name in names})


def _both(matcher: Matcher, entries: Sequence[Judged], fold: NDArray[np.int64], by: By) -> tuple[Figures, Figures]:
    pairs = [(entry.need_id, entry.achievement_id) for entry in entries]
    warm: list[Scored] = [Scored(0.0, 1)] * len(entries)
    for number in np.unique(fold).tolist():
        learned = matcher.learned([entry for entry, at in zip(entries, fold, strict=True) if at != number])
        left_out = np.flatnonzero(fold == number).tolist()
        for at, found in zip(left_out, learned.pairs([pairs[at] for at in left_out]), strict=True):
            warm[at] = found
    # What one model ranks: pairs of a need that were left out together. Scores of two models do not compare.
    together = fold if by is By.PAIR else np.zeros(len(entries), dtype=np.int64)
    return figures(entries, matcher.pairs(pairs), together), figures(entries, warm, together)


def _folds(matcher: Matcher, entries: Sequence[Judged], folds: int, by: By) -> NDArray[np.int64]:
    if by is By.NEED:
        keys = [str(sorted(matcher.need_documents[entry.need_id].fields.items())) for entry in entries]
    else:
        keys = [f"{entry.need_id}\t{entry.achievement_id}" for entry in entries]
    distinct = sorted(set(keys))
    if len(distinct) < folds or folds < 2:
        raise ValueError(f"{len(distinct)} judged {by}s cannot be cut into {folds} folds")
    drawn = np.random.default_rng(_SEED).permutation(len(distinct)) % folds
    number = dict(zip(distinct, drawn.tolist(), strict=True))
    return np.array([number[key] for key in keys])


def figures(entries: Sequence[Judged], scored: Sequence[Scored], together: NDArray[np.int64] | None = None) -> Figures:
    """Of what was said about judged pairs. With `together`, only pairs of a need with the same number are ranked."""
    numbers = [0] * len(entries) if together is None else together.tolist()
    by_need: dict[tuple[str, int], list[tuple[float, int, int]]] = {}
    for entry, found, number in zip(entries, scored, numbers, strict=True):
        by_need.setdefault((entry.need_id, number), []).append((found.score, found.level, entry.level))
    keys = sorted(by_need)
    needs = [by_need[key] for key in keys]
    ranked = np.array([ndcg([(s, level) for s, _, level in rows]) for rows in needs])
    errors = np.array([sum(abs(said - level) for _, said, level in rows) for rows in needs], dtype=float)
    sizes = np.array([len(rows) for rows in needs], dtype=float)
    judged_apart = ~np.isnan(ranked)
    return Figures(
        _interval(lambda at: float(np.nanmean(ranked[at])) if judged_apart[at].any() else 1.0, len(needs)),
        _interval(lambda at: float(1 / (1 + errors[at].sum() / sizes[at].sum())), len(needs)),
        len({need_id for (need_id, _), apart in zip(keys, judged_apart, strict=True) if apart}),
        len(entries),
    )


def ndcg(rows: Sequence[tuple[float, int]]) -> float:
    """Of (score, level) pairs of one need; NaN where all levels are equal."""
    levels = [level for _, level in rows]
    if min(levels) == max(levels):
        return float("nan")
    got = [level for _, level in sorted(rows, key=lambda row: (-row[0], row[1]))]
    return _gain(got) / _gain(sorted(levels, reverse=True))


def _gain(levels: Sequence[int]) -> float:
    return float(sum((2 ** (level - 1) - 1) / np.log2(place + 2) for place, level in enumerate(levels[:DEPTH])))


def _interval(measure: Any, needs: int) -> Interval:
    draw = np.random.default_rng(_SEED)
    drawn = [measure(draw.integers(0, needs, needs)) for _ in range(_RESAMPLED)]
    low, high = np.percentile(drawn, [2.5, 97.5]).tolist()
    return Interval(round(measure(np.arange(needs)), 4), round(low, 4), round(high, 4))
