"""The second stage: what a pair scores, which level that is, and how sure.

The score is a sum: weighed measures of the pair, structure (readiness, ways of transfer ...), and what judgements
taught. 0 means nothing in common, 1 is what a strong match is said to be. Without judgements the weights are a handful
of numbers tuned on judged pairs. Judgements teach three answers, how far a pair reaches levels 2, 3 and 4: their mean
is the score, the level is read from all three. Without judgements each of them is the score.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from matchmaker.matching.engine import arrays, learn
from matchmaker.matching.engine.learn import Calibration, Judged, Learned, LeftOut
from matchmaker.matching.engine.rank import Hit
from matchmaker.matching.engine.semantic import BY_NAME, E5, Meaning, Model
from matchmaker.matching.engine.space import MEASURES, Floats, Side, Space, measures
from matchmaker.matching.engine.words import Lexicon

FORMAT = 8
"""Raise it when a saved ranker of before would be read wrongly, or scores of before no longer hold."""


@dataclass(frozen=True)
class Weights:
    """Of the measures, their usual spread over judged pairs, and the levels of scores made with them."""

    measures: tuple[float, ...]
    spreads: tuple[float, ...]
    levels: Calibration


WORDING_ALONE = Weights(
    measures=(1.306, 0.067, 0.06, 0.0, 0.0),
    spreads=(0.08, 0.156, 0.262, 0.0, 0.0),
    levels=Calibration((0.1034, 0.5733, 0.8231), (0.181, 0.181, 0.181)),
)
WITH_LIGHT = Weights(
    measures=(1.065, 0.055, 0.049, 0.122, 0.122),
    spreads=(0.08, 0.154, 0.246, 0.175, 0.137),
    levels=Calibration((0.1004, 0.5102, 0.8398), (0.163, 0.163, 0.163)),
)
WITH_E5 = Weights(
    measures=(1.059, 0.055, 0.032, 0.121, 0.182),
    spreads=(0.08, 0.154, 0.246, 0.149, 0.122),
    levels=Calibration((0.0913, 0.5551, 0.861), (0.174, 0.174, 0.174)),
)


@dataclass(frozen=True, eq=False)
class Ranker:
    """`meaning` and `learned` are None where texts have not been read for their meaning, or nothing was judged.
    `without`: measures left out, to see what they are worth."""

    space: Space
    meaning: Meaning | None = None
    learned: Learned | None = None
    without: frozenset[str] = frozenset()

    @property
    def models(self) -> tuple[Model, ...]:
        """Those that read the texts for their meaning."""
        return () if self.meaning is None else self.meaning.models

    @property
    def _names(self) -> list[str]:
        return [model.name for model in self.models]

    @cached_property
    def weights(self) -> Weights:
        weights = WITH_E5 if E5 in self.models else WITH_LIGHT if self.models else WORDING_ALONE
        kept = [float(name not in self.without) for name in MEASURES]
        measured = tuple(weight * keep for weight, keep in zip(weights.measures, kept, strict=True))
        spreads = tuple(spread * keep for spread, keep in zip(weights.spreads, kept, strict=True))
        return Weights(measured, spreads, weights.levels)

    @cached_property
    def fingerprint(self) -> str:
        """Names the scoring: equal fingerprints give equal scores for equal texts."""
        means = () if self.meaning is None else self.meaning.means
        meaning = repr([*self._names, *(float(mean.sum()) for mean in means)])
        taught = self.learned.fingerprint if self.learned else ""
        return learn.fingerprint_of((), str(FORMAT), self.space.fingerprint, repr(self.weights), meaning, taught)

    def answers(self, needs: Side, achievements: Side, need_rows: NDArray[np.int64], rows: NDArray[np.int64]) -> Floats:
        """How far each pair (needs[need_rows[i]], achievements[rows[i]]) reaches levels 2, 3 and 4, len(rows) x 3: from
        texts and judgements, without structure. The mean of a row is the pair's score."""
        measured = measures(needs, achievements, need_rows, rows)
        found: Floats = np.repeat((measured @ np.array(self.weights.measures))[:, None], learn.STEPS, axis=1)
        if self.learned is not None:
            used_needs, left = np.unique(need_rows, return_inverse=True)
            used, right = np.unique(rows, return_inverse=True)
            sides = needs.take(used_needs), achievements.take(used)
            found += sum(self.learned.corrections(*sides, left, right, measured))
        return found

    def calibration(self, need_id: str, achievement_id: str) -> Calibration:
        """How answers about this pair read as levels."""
        return self.weights.levels if self.learned is None else self.learned.calibration(need_id, achievement_id)

    def levels(self, pairs: Sequence[tuple[str, str]], answers: Floats) -> list[int]:
        """Of answers, len x 3, each about the pair of these ids of need and achievement."""
        by_need = {need_id: self.calibration(need_id, "").thresholds for need_id in {need_id for need_id, _ in pairs}}
        judged = () if self.learned is None else self.learned.own_words.rows
        thresholds = [self.calibration(*pair).thresholds if pair in judged else by_need[pair[0]] for pair in pairs]
        reached = answers >= np.array(thresholds).reshape(-1, learn.STEPS)
        return [1 + steps for steps in reached.sum(axis=1).tolist()]

    def learn(
        self, needs: Side, achievements: Side, judged: Sequence[Judged], *, discreet: bool = False
    ) -> tuple[Ranker, LeftOut] | tuple[Ranker, None]:
        """A ranker that has learned from these judgements, in any order; those of ids it is not given are passed over.
        A discreet one answers about a pair as if nobody had judged it itself.

        Also the answers with each pair, or its need, left out, along the sorted judgements that were used.
        """
        given = (entry for entry in judged if entry.need_id in needs.rows and entry.achievement_id in achievements.rows)
        known = sorted(given)[: learn.MOST]
        if not known:
            return replace(self, learned=None), None
        rows = [(needs.rows[j.need_id], achievements.rows[j.achievement_id], j.level) for j in known]
        at = np.array(rows, dtype=np.int64)
        measured = measures(needs, achievements, at[:, 0], at[:, 1])
        learned, left_out = learn.fit(
            needs,
            achievements,
            rows,
            prior=measured @ np.array(self.weights.measures),
            measured=measured,
            scale=np.array(self.weights.spreads),
            unlearned=self.weights.levels,
            fingerprint=learn.fingerprint_of(known, str(FORMAT), self.space.fingerprint, *self._names),
            discreet=discreet,
        )
        return replace(self, learned=learned), left_out

    def best(self, needs: Side, achievements: Side, need: int, rows: NDArray[np.int64], k: int) -> list[Hit]:
        """Of these achievements the `k` best for a need, best first, equal scores by id."""
        answers = self.answers(needs, achievements, np.full(len(rows), need, dtype=np.int64), rows)
        ids = [achievements.ids[row] for row in rows.tolist()]
        levels = self.levels([(needs.ids[need], other) for other in ids], answers)
        found = [Hit(*hit) for hit in zip(ids, answers.mean(axis=1).tolist(), levels, strict=True)]
        return sorted(found, key=lambda hit: (-hit.score, hit.id))[:k]

    def save(self, directory: Path) -> None:
        """Into a new directory, whole or not at all."""
        with arrays.whole(directory) as unfinished:
            self.space.save(unfinished)
            if self.meaning is not None:
                arrays.write(unfinished, "meaning", np.stack(self.meaning.means))
            if self.learned is not None:
                self.learned.save(unfinished)
            plain: Mapping[str, object] = {
                "format": FORMAT,
                "models": self._names,
                "learned": self.learned is not None,
                "lexicon": self.space.lexicon.fingerprint,
                "measures": MEASURES,
            }
            arrays.write_json(unfinished, "ranker", plain)

    @classmethod
    def load(cls, directory: Path, lexicon: Lexicon) -> Ranker | None:
        """None where there is none, it is damaged, or it is of another version or lexicon: fit it again."""
        try:
            plain = arrays.read_json(directory, "ranker")
            if plain["format"] != FORMAT or plain["lexicon"] != lexicon.fingerprint:
                return None
            models = tuple(BY_NAME[name] for name in plain["models"])
            meaning = Meaning(models, *arrays.read(directory, "meaning")) if models else None
            learned = Learned.load(directory) if plain["learned"] else None
            return cls(Space.load(directory, lexicon), meaning, learned)
        except (OSError, ValueError, KeyError, TypeError, EOFError):
            return None
