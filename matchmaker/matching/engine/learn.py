"""Learning from judgements: a Gaussian process over pairs, whose answers stay sums that can be read.

Two pairs are alike as far as their measures agree, their achievements are alike, their needs are alike, and both.
The judged levels, less what the score says without learning, are explained by these likenesses. Because each likeness
is a product of rows, all that was learned folds into one weight for each measure, one row of gram weights for each
judged need, and an offset for each: no judgement needs to be looked at again.

Solved exactly (Cholesky). The inverse also gives, without fitting again, what would have been said of each pair had it,
or all pairs of its need, not been judged (Rasmussen and Williams, Gaussian Processes for Machine Learning, 5.4.2); on
these answers the levels are calibrated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, sparse

from matchmaker.matching.engine import arrays
from matchmaker.matching.engine.space import Floats, Side, by_need

#: How much each likeness may explain, in units of a standardised measure, and the variance of a judgement beside it.
#: Tuned on judged pairs by leaving out needs; the order hardly moves within a factor of two of each.
_OF_ACHIEVEMENT, _OF_NEED, _OF_OWN_NEED, _OF_BOTH, _NOISE = 0.1, 0.2, 0.2, 5.0, 1.5

#: With vectors of meaning, likeness of texts is made of wording and meaning in these shares.
_WORDING, _MEANING = 0.6, 0.4

MOST = 9_000
"""Judgements learned from, the latest: the matrix to solve holds their number squared."""

_BLOCK = 512
_PAIRS = 10_000


class Judged(NamedTuple):
    need_id: str
    achievement_id: str
    level: int


@dataclass(frozen=True)
class Calibration:
    """Scores from which on levels 2, 3 and 4 are as likely as not, and the spread: P(level >= k) is logistic in
    (score - threshold[k - 2]) / spread. The level is the median, which makes the mean absolute error least."""

    thresholds: tuple[float, float, float]
    spread: float

    def level(self, score: float) -> int:
        return 1 + sum(score >= threshold for threshold in self.thresholds)

    def levels(self, scores: Floats) -> NDArray[np.int64]:
        reached = scores[:, None] >= np.array(self.thresholds)
        return np.asarray(1 + reached.sum(axis=1), dtype=np.int64)

    def probabilities(self, score: float) -> tuple[float, float, float, float]:
        """Of the levels 1 to 4; they add up to 1."""
        margins = np.clip([(score - threshold) / self.spread for threshold in self.thresholds], -50, 50)
        least = [1.0, *(1 / (1 + np.exp(-margins))).tolist(), 0.0]
        first, second, third, fourth = (float(least[i] - least[i + 1]) for i in range(4))
        return first, second, third, fourth


@dataclass(frozen=True, eq=False)
class Learned:
    """What judgements taught, folded. All in units of the score (0 none, 1 strong).

    measures: correction of each measure's weight; offset: of every pair; achievements: a weight for each gram (and
    dimension of meaning) of an achievement, whatever the need. The judged needs, a row each: themselves, the sum of
    their residuals, and the grams (dimensions) of their achievements weighed by residual.
    """

    measures: Floats
    offset: float
    needs: Side
    own: Floats
    grams: sparse.csr_array
    dense: Floats | None
    seen: Calibration
    unseen: Calibration
    count: int
    fingerprint: str

    def likeness(self, needs: Side) -> Floats:
        """Of each need to each judged one: len(needs) x len(judged)."""
        return _likeness(needs, self.needs, self.dense is not None)

    def corrections(
        self, needs: Side, achievements: Side, need_rows: NDArray[np.int64], rows: NDArray[np.int64]
    ) -> tuple[Floats, Floats]:
        """Of each pair, beside the measures: for its need (all achievements alike), and for its achievement's text."""
        alike = self.likeness(needs)
        own = np.array([self.own[row] if (row := self.needs.rows.get(i)) is not None else 0.0 for i in needs.ids])
        of_need = self.offset + _OF_NEED * (alike @ self.own) + _OF_OWN_NEED * own
        taught = (1.0 if self.dense is None else _WORDING) * np.asarray((achievements.grams @ self.grams.T).todense())
        if self.dense is not None and achievements.dense is not None:
            taught = taught + _MEANING * (achievements.dense[0] @ self.dense.T)
        of_any = _OF_ACHIEVEMENT * taught.sum(axis=1)
        found = np.empty(len(rows))
        for start in range(0, len(rows), _PAIRS):
            part = slice(start, start + _PAIRS)
            found[part] = np.einsum("ij,ij->i", alike[need_rows[part]], taught[rows[part]], dtype=np.float64)
        return of_need[need_rows], _OF_BOTH * found + of_any[rows]

    def gram_weights(self, needs: Side, need: int) -> Floats:
        """What each gram of an achievement adds for this need, in its row of length one."""
        alike = self.likeness(needs.take([need]))[0]
        weights = _OF_BOTH * (self.grams.T @ alike) + _OF_ACHIEVEMENT * np.asarray(self.grams.sum(axis=0)).ravel()
        return np.asarray(weights * (1.0 if self.dense is None else _WORDING), dtype=np.float64)

    def save(self, directory: Path) -> None:
        arrays.write(directory, "learned-measures", self.measures)
        arrays.write(directory, "learned-own", self.own)
        arrays.write_sparse(directory, "learned-grams", self.grams)
        arrays.write_sparse(directory, "learned-need-grams", self.needs.grams)
        if self.dense is not None and self.needs.dense is not None:
            arrays.write(directory, "learned-dense", self.dense)
            arrays.write(directory, "learned-need-dense", np.stack(self.needs.dense))
        plain = {
            "ids": self.needs.ids,
            "offset": self.offset,
            "count": self.count,
            "fingerprint": self.fingerprint,
            "meaning": self.dense is not None,
        }
        for name, calibration in (("seen", self.seen), ("unseen", self.unseen)):
            plain[name] = [*calibration.thresholds, calibration.spread]
        arrays.write_json(directory, "learned", plain)

    @classmethod
    def load(cls, directory: Path) -> Learned:
        plain = arrays.read_json(directory, "learned")
        grams = arrays.read_sparse(directory, "learned-need-grams")
        dense = arrays.read(directory, "learned-need-dense") if plain["meaning"] else None
        count = len(plain["ids"])
        needs = Side(
            tuple(plain["ids"]),
            grams,
            np.ones(count),
            np.empty((count, 0)),
            sparse.csr_array((count, 0)),
            None if dense is None else (dense[0], dense[1]),
        )
        seen, unseen = (Calibration((a, b, c), spread) for a, b, c, spread in (plain["seen"], plain["unseen"]))
        return cls(
            arrays.read(directory, "learned-measures"),
            plain["offset"],
            needs,
            arrays.read(directory, "learned-own"),
            arrays.read_sparse(directory, "learned-grams"),
            arrays.read(directory, "learned-dense") if plain["meaning"] else None,
            seen,
            unseen,
            plain["count"],
            plain["fingerprint"],
        )


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Answers for judged pairs as if the pair, or every pair of its need, had not been judged; along `fit`'s input."""

    pair: Floats
    need: Floats


def fit(
    needs: Side,
    achievements: Side,
    judged: Sequence[tuple[int, int, int]],
    *,
    prior: Floats,
    measured: Floats,
    scale: Floats,
    fingerprint: str,
) -> tuple[Learned, LeftOut]:
    """Learn from (need row, achievement row, level 1-4), at least one.

    prior: the score of each without learning; measured: its measures, with `scale` for each (0 leaves a measure out).
    Pairs judged several times count each time. The order of `judged` decides only rounding: sort it.
    """
    pairs = np.array(judged, dtype=np.int64).reshape(-1, 3)
    used = scale > 0
    standard = np.where(used, measured / np.where(used, scale, 1.0), 0.0)
    of_measures = 1.0 / max(int(used[: measured.shape[1]].sum()), 1)
    meaning = needs.dense is not None and achievements.dense is not None
    need_rows, own = np.unique(pairs[:, 0], return_inverse=True)
    judged_needs = needs.take(need_rows)
    rows = achievements.take(pairs[:, 1])
    target = (pairs[:, 2] - 1) / 3 - prior

    alike = _likeness(judged_needs, judged_needs, meaning).astype(np.float32)
    matrix = _covariance(alike, own, rows, standard, of_measures, meaning)
    inverse = _inverse(matrix)
    residuals: NDArray[np.float32] = inverse @ target.astype(np.float32)
    without_pair: Floats = residuals.astype(np.float64) / np.diagonal(inverse)
    left_out = LeftOut(
        pair=prior + target - without_pair,
        need=prior + target - _without_need(inverse, residuals, own),
    )
    del inverse
    weights = residuals.astype(np.float64)
    fold = sparse.csr_array((weights, (own, np.arange(len(weights)))), shape=(len(need_rows), len(weights)))
    learned = Learned(
        measures=np.where(used, of_measures * (standard.T @ weights) / np.where(used, scale, 1.0), 0.0),
        offset=float(weights.sum()),
        needs=judged_needs,
        own=np.asarray(fold.sum(axis=1)).ravel(),
        grams=sparse.csr_array(fold @ rows.grams),
        dense=np.asarray(fold @ rows.dense[0]) if meaning and rows.dense is not None else None,
        seen=calibrate(left_out.pair, pairs[:, 2]),
        unseen=calibrate(left_out.need, pairs[:, 2]),
        count=len(pairs),
        fingerprint=fingerprint,
    )
    return learned, left_out


def fingerprint_of(judged: Sequence[Judged], *others: str) -> str:
    """Names what is learned from: the judgements in any order, and what else decides the result."""
    digest = hashlib.sha256("\n".join(others).encode())
    for entry in sorted(judged):
        digest.update(f"\n{entry.need_id}\t{entry.achievement_id}\t{entry.level}".encode())
    return digest.hexdigest()


def calibrate(scores: Floats, levels: NDArray[np.int64]) -> Calibration:
    """Thresholds that make the mean absolute error of the level least: a sum for each, so each is found alone."""
    thresholds: list[float] = []
    order = np.argsort(scores, kind="stable")
    ordered = scores[order]
    margin = float(ordered[-1] - ordered[0]) * 0.05 + 1e-6
    for level in (2, 3, 4):
        reached = (levels[order] >= level).astype(np.int64)
        wrong = np.concatenate([[0], np.cumsum(reached)]) + np.concatenate([np.cumsum((1 - reached)[::-1])[::-1], [0]])
        wrong[1:-1][ordered[1:] == ordered[:-1]] = len(ordered) + 1  # equal scores have one level
        at = int(np.argmin(wrong))
        low = ordered[at - 1] if at else ordered[0] - margin
        high = ordered[at] if at < len(ordered) else ordered[-1] + margin
        thresholds.append(max([float(low + high) / 2, *thresholds]))
    first, second, third = thresholds
    return Calibration((first, second, third), _spread(scores, levels, thresholds))


def _spread(scores: Floats, levels: NDArray[np.int64], thresholds: Sequence[float]) -> float:
    """By maximum likelihood, given the thresholds."""
    margins = np.concatenate([np.where(levels >= k + 2, 1, -1) * (scores - t) for k, t in enumerate(thresholds)])

    def loss(log_spread: float) -> float:
        return float(np.logaddexp(0, -margins / np.exp(log_spread)).sum())

    return float(np.exp(optimize.minimize_scalar(loss, bounds=(-7, 1), method="bounded").x))


def _likeness(left: Side, right: Side, meaning: bool) -> Floats:
    wording = np.asarray((left.grams @ right.grams.T).todense(), dtype=np.float64)
    if not meaning or left.dense is None or right.dense is None:
        return wording
    return _WORDING * wording + _MEANING * (_whole(left.dense) @ _whole(right.dense).T)


def _whole(dense: tuple[Floats, Floats]) -> Floats:
    """Meaning of title and text together, of length one."""
    both = dense[0] + dense[1]
    length = np.linalg.norm(both, axis=1, keepdims=True)
    unit: Floats = np.divide(both, length, out=np.zeros_like(both), where=length > 0)
    return unit


def _covariance(
    alike: NDArray[np.float32],
    own: NDArray[np.int64],
    rows: Side,
    standard: Floats,
    of_measures: float,
    meaning: bool,
) -> NDArray[np.float32]:
    count = len(own)
    matrix = np.empty((count, count), dtype=np.float32)
    grams = rows.grams.astype(np.float32)
    transposed = sparse.csc_array(grams.T)
    single = standard.astype(np.float32)
    dense = rows.dense[0].astype(np.float32) if meaning and rows.dense is not None else None
    for start in range(0, count, _BLOCK):
        part = slice(start, min(start + _BLOCK, count))
        both = np.asarray((grams[part] @ transposed).todense())
        if dense is not None:
            both *= np.float32(_WORDING)
            both += np.float32(_MEANING) * (dense[part] @ dense.T)
        needs = alike[own[part]][:, own]
        same = own[part, None] == own[None]
        block = both * (_OF_BOTH * needs + np.float32(_OF_ACHIEVEMENT)) + _OF_NEED * needs + np.float32(1.0)
        block += np.float32(of_measures) * (single[part] @ single.T)
        block[same] += np.float32(_OF_OWN_NEED)
        matrix[part] = block
    matrix[np.diag_indices(count)] += np.float32(_NOISE)
    return matrix


def _inverse(matrix: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of a symmetric positive matrix, which is overwritten."""
    factor, failed = linalg.lapack.spotrf(matrix.T, lower=0, overwrite_a=1)
    if failed:
        raise ArithmeticError("the covariance of the judged pairs is not positive definite")
    inverse: NDArray[np.float32]
    inverse, failed = linalg.lapack.spotri(factor, lower=0, overwrite_c=1)
    if failed:
        raise ArithmeticError("the covariance of the judged pairs cannot be inverted")
    count = len(inverse)
    for start in range(0, count, _BLOCK):  # the triangle that LAPACK left, without a second matrix
        stop = min(start + _BLOCK, count)
        inverse[stop:, start:stop] = inverse[start:stop, stop:].T
        corner = np.triu(inverse[start:stop, start:stop])
        inverse[start:stop, start:stop] = corner + np.triu(corner, 1).T
    return inverse


def _without_need(inverse: NDArray[np.float32], residuals: NDArray[np.float32], own: NDArray[np.int64]) -> Floats:
    """Target less the answer for each pair, had its whole need not been judged."""
    found = np.zeros(len(own))
    for _, at in by_need(own):
        found[at] = np.linalg.solve(inverse[np.ix_(at, at)].astype(np.float64), residuals[at].astype(np.float64))
    return found
