"""Learning from judgements: a Gaussian process over pairs, whose answers stay sums that can be read.

Two pairs are alike as far as their needs are, and more so where their measures or their achievements are too. By these
likenesses three questions are answered, each alone: does the pair reach level 2, 3, 4? What parts none from weak need
not part strong from fairly strong. The score is the mean of the answers. Each likeness is a product of rows, so all
that was learned folds, for each question and judged need, into an offset, weights of the measures and a row of gram
weights: no judgement is looked at again.

Solved exactly (Cholesky). The inverse also gives, without fitting again, what would have been said of each pair had it,
or all pairs of its need, not been judged (Rasmussen and Williams, Gaussian Processes for Machine Learning, 5.4.2); on
these answers the levels are calibrated.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, sparse

from matchmaker.matching.engine import arrays
from matchmaker.matching.engine.space import Dense, Floats, Side, by_need

#: How much each likeness may explain, in units of a standardised measure, and the variance of a judgement beside it.
#: Tuned on judged pairs by leaving out pairs; the figures hardly move within a factor of two of each. No weights of the
#: measures are learned for all needs alike: for a need unlike all judged ones they ordered worse than those that ship.
_OF_NEED, _OF_OWN_NEED, _OF_BOTH, _OF_NEEDS_MEASURES, _NOISE = 0.6, 1.0, 5.0, 0.5, 4.0

_EQUAL = 0.999
"""From this likeness on two needs say the same."""

STEPS = 3
"""Answers about a pair: how far it reaches levels 2, 3 and 4."""

#: With vectors of meaning, likeness is to this share one of meaning, and for the rest one of wording.
_MEANING_OF_ACHIEVEMENTS, _MEANING_OF_NEEDS = 0.6, 0.2

#: Levels are first read as without learning. How many judgements of a need take its thresholds half of the way to where
#: answers learned from 0 and 1 say yes; how many judged needs those of other needs half of the way to what fits best;
#: and how many judgements the spreads. Tuned on judged pairs drawn at random, and on the likeliest pairs of each need.
_HALF_OF_OWN, _HALF_OF_OTHERS, _HALF_OF_SPREADS = 15, 100, 100

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
    """How answers read as levels: P(level >= k) is logistic in (answer - threshold) / spread, one of each for 2, 3, 4.

    The level is the median, which makes the mean absolute error least. Answers are learned apart, so a later one may
    be the surer; sorted, their probabilities fall from step to step, and the median stays what it is.
    """

    thresholds: tuple[float, float, float]
    spreads: tuple[float, float, float]

    def level(self, answers: Floats) -> int:
        return int(self.levels(answers[None])[0])

    def levels(self, answers: Floats) -> NDArray[np.int64]:
        """Of answers, len x 3."""
        return np.asarray(1 + (answers >= np.array(self.thresholds)).sum(axis=1), dtype=np.int64)

    def probabilities(self, answers: Floats) -> tuple[float, float, float, float]:
        """Of the levels 1 to 4; they add up to 1."""
        margins = np.sort((answers - np.array(self.thresholds)) / np.array(self.spreads))[::-1]
        least = [1.0, *(1 / (1 + np.exp(-np.clip(margins, -50, 50)))).tolist(), 0.0]
        first, second, third, fourth = (float(least[i] - least[i + 1]) for i in range(4))
        return first, second, third, fourth


@dataclass(frozen=True, eq=False)
class OwnWords:
    """What the judgements of a pair add to what is told of this pair itself, so that it can be taken off again.

    rows: of each judged pair, by the ids of need and achievement; answers: pairs x 4 x 3, to the answers by measures,
    for the need and for the text, and to the thresholds; grams: pairs x terms, to the weights of the achievement's
    grams.
    """

    rows: Mapping[tuple[str, str], int]
    answers: Floats
    grams: sparse.csr_array


_TOLD_AS_SAID = OwnWords({}, np.empty((0, STEPS + 1, STEPS)), sparse.csr_array((0, 0)))


@dataclass(frozen=True, eq=False)
class Learned:
    """What judgements taught, folded. All in units of the answers (0 not reached, 1 reached), a column for each.

    offset: of every pair. The judged needs, a row each: themselves, the sum of their residuals, and, for needs like
    them, corrections of the measures' weights (by_need), counted from the measures of the mean judged pair (centre).
    grams, dense: the grams (dimensions of meaning) of the needs' achievements weighed by residual. Of these three a row
    for each judged need, of the first answer, then of the second and third. Answers about judged needs read as levels
    by thresholds, a row for each need, and spreads; those about others as `unseen` says.
    """

    centre: Floats
    offset: Floats
    needs: Side
    own: Floats
    by_need: Floats
    grams: sparse.csr_array
    dense: Floats | None
    thresholds: Floats
    spreads: tuple[float, float, float]
    unseen: Calibration
    count: int
    fingerprint: str
    own_words: OwnWords = _TOLD_AS_SAID

    def calibration(self, need_id: str, achievement_id: str) -> Calibration:
        """How answers about this pair read as levels."""
        judged = self.needs.rows.get(need_id)
        if judged is None:
            return self.unseen
        thresholds = self.thresholds[judged]
        if (word := self.own_words.rows.get((need_id, achievement_id))) is not None:
            thresholds = thresholds - self.own_words.answers[word, STEPS]
        return Calibration(_three(thresholds), self.spreads)

    def likeness(self, needs: Side) -> Floats:
        """Of each need to each judged one: len(needs) x len(judged)."""
        return _likeness(needs, self.needs, self.dense is not None)

    def corrections(
        self, needs: Side, achievements: Side, need_rows: NDArray[np.int64], rows: NDArray[np.int64], measured: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Of each pair's answers: by its measures, for its need (all achievements alike), and for its achievement's
        text; len(rows) x 3 each."""
        alike = self.likeness(needs)
        own = np.zeros((len(needs.ids), STEPS))
        for row, need_id in enumerate(needs.ids):
            if (judged := self.needs.rows.get(need_id)) is not None:
                own[row] = self.own[judged]
        of_need = self.offset + _OF_NEED * (alike @ self.own) + _OF_OWN_NEED * own
        taught = _of_wording(self.dense is not None) * np.asarray((achievements.grams @ self.grams.T).todense())
        if self.dense is not None and achievements.dense is not None:
            taught += _MEANING_OF_ACHIEVEMENTS * (achievements.dense[0] @ self.dense.T)
        by_step = taught.reshape(-1, STEPS, len(self.needs.ids))
        weights = np.einsum("ij,kjm->ikm", alike, self.by_need.reshape(STEPS, len(self.needs.ids), -1))
        from_centre = measured - self.centre
        by_measures, by_text = np.empty((len(rows), STEPS)), np.empty((len(rows), STEPS))
        for start in range(0, len(rows), _PAIRS):
            part = slice(start, start + _PAIRS)
            by_measures[part] = np.einsum("ikm,im->ik", weights[need_rows[part]], from_centre[part])
            by_text[part] = np.einsum("ij,ikj->ik", alike[need_rows[part]], by_step[rows[part]], dtype=np.float64)
        found = by_measures, of_need[need_rows], _OF_BOTH * by_text
        known = [row for row, need_id in enumerate(needs.ids) if self.own_words.rows and need_id in self.needs.rows]
        for at in np.flatnonzero(np.isin(need_rows, known)).tolist():
            word = self.own_words.rows.get((needs.ids[need_rows[at]], achievements.ids[rows[at]]))
            if word is not None:
                for answers, own in zip(found, self.own_words.answers[word, :STEPS], strict=True):
                    answers[at] -= own
        return found

    def gram_weights(self, needs: Side, need: int, achievement_id: str) -> Floats:
        """What each gram of this achievement adds to the score for this need, in its row of length one."""
        each = np.tile(_OF_BOTH * self.likeness(needs.take([need]))[0], STEPS) / STEPS
        weights = np.asarray(_of_wording(self.dense is not None) * (self.grams.T @ each), dtype=np.float64)
        if (word := self.own_words.rows.get((needs.ids[need], achievement_id))) is not None:
            weights -= self.own_words.grams[[word]].toarray()[0]
        return weights

    def save(self, directory: Path) -> None:
        arrays.write(directory, "learned-centre", self.centre)
        arrays.write(directory, "learned-own", self.own)
        arrays.write(directory, "learned-by-need", self.by_need)
        arrays.write(directory, "learned-thresholds", self.thresholds)
        arrays.write_sparse(directory, "learned-grams", self.grams)
        arrays.write_sparse(directory, "learned-need-grams", self.needs.grams)
        if self.dense is not None and self.needs.dense is not None:
            arrays.write(directory, "learned-dense", self.dense)
            arrays.write(directory, "learned-need-dense", np.stack(self.needs.dense))
        arrays.write(directory, "learned-own-words", self.own_words.answers)
        arrays.write_sparse(directory, "learned-own-words-grams", self.own_words.grams)
        plain = {
            "ids": self.needs.ids,
            "offset": self.offset.tolist(),
            "count": self.count,
            "fingerprint": self.fingerprint,
            "meaning": self.dense is not None,
            "spreads": self.spreads,
            "unseen": [self.unseen.thresholds, self.unseen.spreads],
            "own_words": list(self.own_words.rows),
        }
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
            np.ones(count, dtype=np.bool_),
            None if dense is None else (dense[0], dense[1]),
        )
        return cls(
            arrays.read(directory, "learned-centre"),
            np.array(plain["offset"]),
            needs,
            arrays.read(directory, "learned-own"),
            arrays.read(directory, "learned-by-need"),
            arrays.read_sparse(directory, "learned-grams"),
            arrays.read(directory, "learned-dense") if plain["meaning"] else None,
            arrays.read(directory, "learned-thresholds"),
            tuple(plain["spreads"]),
            Calibration(*map(tuple, plain["unseen"])),
            plain["count"],
            plain["fingerprint"],
            OwnWords(
                {(need_id, achievement_id): row for row, (need_id, achievement_id) in enumerate(plain["own_words"])},
                arrays.read(directory, "learned-own-words"),
                arrays.read_sparse(directory, "learned-own-words-grams"),
            ),
        )


@dataclass(frozen=True, eq=False)
class LeftOut:
    """Answers for judged pairs as if the pair, or every pair of its need and of needs that say the same, had not been
    judged; along `fit`'s input, len x 3. With the levels that the former read as: thresholds, too, without the pair."""

    pair: Floats
    need: Floats
    levels: NDArray[np.int64]


def fit(
    needs: Side,
    achievements: Side,
    judged: Sequence[tuple[int, int, int]],
    *,
    prior: Floats,
    measured: Floats,
    scale: Floats,
    unlearned: Calibration,
    fingerprint: str,
    discreet: bool = False,
) -> tuple[Learned, LeftOut]:
    """Learn from (need row, achievement row, level 1-4), at least one.

    discreet: no pair shows what was said of it itself; its answers are those it would have had it not been judged.

    prior: the score of each without learning, which reads as `unlearned` says; measured: its measures, with `scale` for
    each (0 leaves a measure out).
    Pairs judged several times count each time. The order of `judged` decides only rounding: sort it.
    """
    pairs = np.array(judged, dtype=np.int64).reshape(-1, 3)
    used = scale > 0
    per_unit = np.where(used, 1 / np.where(used, scale, 1.0), 0.0) / np.sqrt(max(int(used.sum()), 1))
    centre = measured.mean(axis=0)
    standard = (measured - centre) * per_unit
    meaning = needs.dense is not None and achievements.dense is not None
    need_rows, own = np.unique(pairs[:, 0], return_inverse=True)
    judged_needs = needs.take(need_rows)
    rows = achievements.take(pairs[:, 1])
    target = (pairs[:, 2, None] >= np.arange(2, 2 + STEPS)) - prior[:, None]

    alike = _likeness(judged_needs, judged_needs, meaning).astype(np.float32)
    blocks = _Blocks(alike, own, rows, standard.astype(np.float32), meaning)
    inverse = _inverse(_covariance(blocks))
    residuals: NDArray[np.float32] = inverse @ target.astype(np.float32)
    weights = residuals.astype(np.float64)
    without_pair: Floats = weights / np.diagonal(inverse)[:, None].astype(np.float64)
    at = (own, np.arange(len(own)))
    folds = [sparse.csr_array((column, at), shape=(len(need_rows), len(own))) for column in weights.T]
    fold = sparse.csr_array(sparse.vstack(folds))
    offset, of_own = weights.sum(axis=0), np.stack([np.asarray(one.sum(axis=1)).ravel() for one in folds], axis=1)
    answers = prior[:, None] + target
    left_pair, left_need = answers - without_pair, answers - _without_need(inverse, residuals, _said_alike(alike)[own])

    counts, said_of_all = np.bincount(own), offset + (_OF_NEED + _OF_OWN_NEED) * of_own
    said_by = _said_of_all_by(inverse, own)
    read_as = _of_judged(unlearned, said_of_all[own] - said_by[:, None] * without_pair, counts[own] - 1)
    unseen = _unseen(unlearned, offset, left_need, pairs[:, 2], len(need_rows))
    thresholds = _of_judged(unlearned, said_of_all, counts)

    def of_thresholds(need: int, same: NDArray[np.int64], taken: Floats) -> Any:
        """What these pairs of a need add to its thresholds; of the only ones, what parts them from those of others."""
        if len(same) == counts[need]:
            return thresholds[need] - np.array(unseen.thresholds)
        rest = _of_judged(unlearned, said_of_all[[need]] - said_by[same] @ taken, counts[[need]] - len(same))
        return thresholds[need] - rest[0]

    own_words = _TOLD_AS_SAID
    if discreet:
        found = list(_own_words(blocks, inverse, weights, pairs))
        own_words = OwnWords(
            {(needs.ids[pairs[one.at, 0]], achievements.ids[pairs[one.at, 1]]): row for row, one in enumerate(found)},
            np.stack([np.vstack([one.answers, of_thresholds(own[one.at], one.same, one.taken)]) for one in found]),
            sparse.csr_array(sparse.vstack([one.grams for one in found])),
        )
    learned = Learned(
        centre=centre,
        offset=offset,
        needs=judged_needs,
        own=of_own,
        by_need=_OF_NEEDS_MEASURES * np.asarray(fold @ standard) * per_unit,
        grams=sparse.csr_array(fold @ rows.grams),
        dense=np.asarray(fold @ rows.dense[0]) if meaning and rows.dense is not None else None,
        thresholds=thresholds,
        spreads=_spreads(unlearned, left_pair - read_as, pairs[:, 2]),
        unseen=unseen,
        count=len(pairs),
        fingerprint=fingerprint,
        own_words=own_words,
    )
    left_out = LeftOut(left_pair, left_need, np.asarray(1 + (left_pair >= read_as).sum(axis=1), dtype=np.int64))
    return learned, left_out


def fingerprint_of(judged: Sequence[Judged], *others: str) -> str:
    """Names what is learned from: the judgements in any order, and what else decides the result."""
    digest = hashlib.sha256("\n".join(others).encode())
    for entry in sorted(judged):
        digest.update(f"\n{entry.need_id}\t{entry.achievement_id}\t{entry.level}".encode())
    return digest.hexdigest()


def _unseen(
    unlearned: Calibration, offset: Floats, answers: Floats, levels: NDArray[np.int64], needs: int
) -> Calibration:
    """Of needs that were not judged. What is said of all pairs alike moves answers, not levels: people judge what was
    proposed to them, mostly the better pairs. How levels fit answers, many needs tell."""
    best = np.array([best_threshold(answers[:, step], levels >= step + 2) for step in range(STEPS)])
    found = _on_the_way(np.array(unlearned.thresholds) + offset, best, needs, _HALF_OF_OTHERS)
    return Calibration(_three(found), _spreads(unlearned, answers - found, levels))


def _of_judged(unlearned: Calibration, said_of_all: Floats, counts: NDArray[np.int64]) -> Floats:
    """Thresholds of needs with so many judgements, and what these say of all pairs of the need alike."""
    return _on_the_way(np.array(unlearned.thresholds) + said_of_all, 0.5, counts[:, None], _HALF_OF_OWN)


def _on_the_way(start: Floats, end: Any, count: Any, half: int) -> Floats:
    """From start to end as far as `count` takes it; half of it at `half`."""
    found: Floats = start + count / (count + half) * (end - start)
    return found


def _spreads(unlearned: Calibration, margins: Floats, levels: NDArray[np.int64]) -> tuple[float, float, float]:
    """Of answers, counted from their thresholds."""
    fitting = [_spread(np.where(levels >= step + 2, 1, -1) * margins[:, step]) for step in range(STEPS)]
    return _three(np.exp(_on_the_way(np.log(unlearned.spreads), np.log(fitting), len(levels), _HALF_OF_SPREADS)))


def _three(found: Floats) -> tuple[float, float, float]:
    first, second, third = found.tolist()
    return first, second, third


def best_threshold(answers: Floats, reached: NDArray[np.bool_]) -> float:
    """From which answer on it is right most often to say that a step is reached: over the three steps that makes the
    mean absolute error of the level least."""
    order = np.argsort(answers, kind="stable")
    ordered = answers[order]
    margin = float(ordered[-1] - ordered[0]) * 0.05 + 1e-6
    yes = reached[order].astype(np.int64)
    wrong = np.concatenate([[0], np.cumsum(yes)]) + np.concatenate([np.cumsum((1 - yes)[::-1])[::-1], [0]])
    wrong[1:-1][ordered[1:] == ordered[:-1]] = len(ordered) + 1  # equal answers are read alike
    at = int(np.argmin(wrong))
    low = ordered[at - 1] if at else ordered[0] - margin
    high = ordered[at] if at < len(ordered) else ordered[-1] + margin
    return float(low + high) / 2


def _spread(margins: Floats) -> float:
    """By maximum likelihood, given the threshold. Margins are positive where the answer was right."""

    def loss(log_spread: float) -> float:
        return float(np.logaddexp(0, -margins / np.exp(log_spread)).sum())

    return float(np.exp(optimize.minimize_scalar(loss, bounds=(-7, 1), method="bounded").x))


def _of_wording(meaning: bool) -> float:
    """The share of wording in the likeness of achievements."""
    return 1 - _MEANING_OF_ACHIEVEMENTS if meaning else 1.0


def _likeness(left: Side, right: Side, meaning: bool) -> Floats:
    """Squared, since any two needs have something in common: a tenth of the wording makes a hundredth."""
    wording = np.asarray((left.grams @ right.grams.T).todense(), dtype=np.float64)
    if not meaning or left.dense is None or right.dense is None:
        return np.square(wording)
    by_meaning = _whole(left.dense) @ _whole(right.dense).T
    return np.square((1 - _MEANING_OF_NEEDS) * wording + _MEANING_OF_NEEDS * by_meaning)


def _said_alike(alike: NDArray[np.float32]) -> NDArray[np.int64]:
    """For each need the first that says the same."""
    equal = alike >= _EQUAL
    np.fill_diagonal(equal, True)  # a need without a text is like nothing, not even itself
    first: NDArray[np.int64] = equal.argmax(axis=1)
    return first


def _whole(dense: tuple[Dense, Dense]) -> Floats:
    """Meaning of title and text together, of length one."""
    both = dense[0].astype(np.float64) + dense[1]
    length = np.linalg.norm(both, axis=1, keepdims=True)
    unit: Floats = np.divide(both, length, out=np.zeros_like(both), where=length > 0)
    return unit


@dataclass(frozen=True, eq=False)
class _Blocks:
    """How alike judged pairs are, in blocks of rows."""

    alike: NDArray[np.float32]
    own: NDArray[np.int64]
    rows: Side
    standard: NDArray[np.float32]
    meaning: bool

    def __iter__(self) -> Iterator[tuple[slice, tuple[NDArray[Any], NDArray[Any], NDArray[Any]]]]:
        """Rows, and their likeness to all: by measures, as needs, by text."""
        grams = self.rows.grams.astype(np.float32)
        transposed = sparse.csc_array(grams.T)
        dense = self.rows.dense[0] if self.meaning and self.rows.dense is not None else None
        for start in range(0, len(self.own), _BLOCK):
            part = slice(start, min(start + _BLOCK, len(self.own)))
            text = np.asarray((grams[part] @ transposed).todense())
            text *= np.float32(_of_wording(self.meaning))
            if dense is not None:
                text += np.float32(_MEANING_OF_ACHIEVEMENTS) * (dense[part] @ dense.T)
            needs = self.alike[self.own[part]][:, self.own]
            same = self.own[part, None] == self.own[None]
            measures = np.float32(_OF_NEEDS_MEASURES) * (self.standard[part] @ self.standard.T)
            as_needs = 1 + np.float32(_OF_NEED) * needs + np.float32(_OF_OWN_NEED) * same
            yield part, (needs * measures, as_needs, needs * (np.float32(_OF_BOTH) * text))


def _covariance(blocks: _Blocks) -> NDArray[np.float32]:
    count = len(blocks.own)
    matrix = np.empty((count, count), dtype=np.float32)
    for part, (measures, as_needs, text) in blocks:
        matrix[part] = measures + as_needs + text
    matrix[np.diag_indices(count)] += np.float32(_NOISE)
    return matrix


class _OwnWord(NamedTuple):
    """Of the pair first judged at this row, as in `OwnWords`; the rows that judge the same pair, and what they explain:
    without them the weights of the others would be less by the inverse's columns times that."""

    at: int
    answers: Floats
    grams: sparse.csr_array
    same: NDArray[np.int64]
    taken: Floats


def _own_words(
    blocks: _Blocks, inverse: NDArray[np.float32], weights: Floats, pairs: NDArray[np.int64]
) -> Iterator[_OwnWord]:
    _, group = np.unique(pairs[:, :2], axis=0, return_inverse=True)
    order = np.argsort(group.ravel(), kind="stable")
    alike = np.split(order, np.flatnonzero(np.diff(group.ravel()[order])) + 1)
    by_first = {int(same[0]): same for same in alike}
    grams = blocks.rows.grams
    by_term = sparse.csc_array(grams)
    for part, likenesses in blocks:
        for at in sorted(by_first.keys() & range(part.start, part.stop)):
            same = by_first[at]
            columns = inverse[same].T.astype(np.float64)
            taken = np.asarray(np.linalg.solve(columns[same], weights[same]), dtype=np.float64)  # len(same) x 3
            less = columns @ taken
            answers = [likeness[at - part.start].astype(np.float64) @ less for likeness in likenesses]
            terms = grams.indices[grams.indptr[at] : grams.indptr[at + 1]]
            as_needs = _of_wording(blocks.meaning) * _OF_BOTH * blocks.alike[blocks.own[at], blocks.own]
            added = (as_needs * less.mean(axis=1)) @ by_term[:, terms]
            row = sparse.csr_array((added, terms, [0, len(terms)]), shape=(1, grams.shape[1]))
            yield _OwnWord(at, np.stack(answers), row, same, taken)


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


def _said_of_all_by(inverse: NDArray[np.float32], own: NDArray[np.int64]) -> Floats:
    """What each judged pair adds to what is said of all pairs of its need alike, for each unit that leaving it out
    moves its answer by."""
    found: Floats = inverse.sum(axis=0, dtype=np.float64)
    for _, at in by_need(own):
        found[at] += (_OF_NEED + _OF_OWN_NEED) * inverse[np.ix_(at, at)].sum(axis=0, dtype=np.float64)
    return found


def _without_need(inverse: NDArray[np.float32], residuals: NDArray[np.float32], own: NDArray[np.int64]) -> Floats:
    """Target less the answers for each pair, had its whole need not been judged."""
    found = np.zeros(residuals.shape)
    for _, at in by_need(own):
        found[at] = np.linalg.solve(inverse[np.ix_(at, at)].astype(np.float64), residuals[at].astype(np.float64))
    return found
