"""How well pairs are ordered after learning, beside plain TF-IDF and plain kernel ridge regressions on the same pairs.

    python -m benchmarks.learners --needs F --achievements F --judgements F [--draws 10] [--no-semantic] [--cache D]

Files as `matchmaker evaluate` takes them. In each draw three fifths of the judged pairs are learned from and the others
ranked. Printed: nDCG@10, and 1 / (1 + mean error of the level). The levels of the peers are read by the thresholds that
fit the ranked answers themselves best, which flatters them.

The ridges predict the level. Two pairs are alike as far as their needs are, times as far as their achievements are and
a constant; and as far as both score. By words alone (TF-IDF of grams, by sklearn), and with the same vectors of meaning
that the platform uses.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.kernel_ridge import KernelRidge

from matchmaker.matching.engine import Document, Judged, Matcher
from matchmaker.matching.engine.evaluate import figures
from matchmaker.matching.engine.learn import STEPS, best_threshold
from matchmaker.matching.engine.matcher import Scored
from matchmaker.matching.engine.semantic import Vectors, models, user_cache
from matchmaker.matching.engine.text import fold
from matchmaker.matching.lexicon import lexicon
from matchmaker.matching.rank_files import ACHIEVEMENT_TEXT, NEED_TEXT, read_documents, read_judgements

LEARNED = 0.6
OF_NEED, OF_SCORE, MEANING_OF_NEEDS, MEANING_OF_ACHIEVEMENTS, NOISE = 0.3, 0.1, 0.2, 0.5, 1.0
"""Of the ridges: weights of their likenesses, shares of meaning in them, and what is added to the diagonal."""

Floats = NDArray[np.float64]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    for name in ("needs", "achievements", "judgements"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--draws", type=int, default=10)
    parser.add_argument("--no-semantic", action="store_true", help="without the extra, as in the default install")
    parser.add_argument("--cache", type=Path, default=user_cache(), help="directory of vectors")
    options = parser.parse_args()
    needs = read_documents(options.needs, text_field=NEED_TEXT)
    achievements = read_documents(options.achievements, text_field=ACHIEVEMENT_TEXT)
    judged = sorted(read_judgements(options.judgements, needs=needs, achievements=achievements))
    vectors = Vectors(options.cache, models(extra=not options.no_semantic))
    matcher = Matcher.of(needs, achievements, lexicon(), vectors)
    words, kernels = peers(matcher, judged)
    draw = np.random.default_rng(2025)
    found: dict[str, list[tuple[float, float]]] = {}
    for _ in range(options.draws):
        learned = draw.random(len(judged)) < LEARNED
        for name, scored in answers(matcher, judged, words, kernels, learned).items():
            measured = figures([judged[at] for at in np.flatnonzero(~learned).tolist()], scored)
            found.setdefault(name, []).append((measured.ndcg.value, measured.score.value))
    for name, drawn in found.items():
        print(name, *(f"{value:.4f}" for value in np.mean(drawn, axis=0)), sep=" | ")


def answers(
    matcher: Matcher, judged: list[Judged], words: Floats, kernels: dict[str, Floats], learned: NDArray[np.bool_]
) -> dict[str, list[Scored]]:
    """Of every method, what it says of the pairs that were not learned from."""
    train, rest = np.flatnonzero(learned), np.flatnonzero(~learned)
    levels = np.array([entry.level for entry in judged])
    pairs = [(judged[at].need_id, judged[at].achievement_id) for at in rest.tolist()]
    taught = matcher.learned([judged[at] for at in train.tolist()])
    found = {
        "plain TF-IDF": _read(words[rest], levels[rest]),
        "matchmaker, nothing learned": matcher.pairs(pairs),
        "matchmaker, learned": taught.pairs(pairs),
    }
    for name, kernel in kernels.items():
        ridge = KernelRidge(alpha=NOISE, kernel="precomputed")
        mean = levels[train].mean()
        ridge.fit(kernel[np.ix_(train, train)], levels[train] - mean)
        found[name] = _read(ridge.predict(kernel[np.ix_(rest, train)]) + mean, levels[rest])
    return found


def peers(matcher: Matcher, judged: list[Judged]) -> tuple[Floats, dict[str, Floats]]:
    """The cosine of each pair by plain TF-IDF, and how alike any two pairs are to each ridge."""
    counter = TfidfVectorizer(analyzer="char", ngram_range=(1, 2), sublinear_tf=True)
    wanted = {need_id: _text(document, titles=3) for need_id, document in matcher.need_documents.items()}
    offered = {one: _text(document, titles=1) for one, document in matcher.achievement_documents.items()}
    counter.fit([*wanted.values(), *offered.values()])
    ids = sorted({entry.need_id for entry in judged})
    at = np.array([ids.index(entry.need_id) for entry in judged])
    needs = counter.transform([wanted[need_id] for need_id in ids])
    rows = counter.transform([offered[entry.achievement_id] for entry in judged])
    cosines: Floats = np.asarray(needs[at].multiply(rows).sum(axis=1)).ravel()
    by_need, by_achievement, by_score = (needs @ needs.T).toarray(), (rows @ rows.T).toarray(), _outer(cosines)
    kernels = {"ridge, words": by_need[np.ix_(at, at)] * (by_achievement + OF_NEED) + OF_SCORE * by_score}
    left = matcher.needs.take([matcher.needs.rows[need_id] for need_id in ids])
    right = matcher.achievements.take([matcher.achievements.rows[entry.achievement_id] for entry in judged])
    if left.dense is not None and right.dense is not None:
        titles, meant = left.dense[0], right.dense[0]
        by_need = (1 - MEANING_OF_NEEDS) * by_need + MEANING_OF_NEEDS * (titles @ titles.T)
        by_achievement = (1 - MEANING_OF_ACHIEVEMENTS) * by_achievement + MEANING_OF_ACHIEVEMENTS * (meant @ meant.T)
        by_score = by_score + _outer(np.einsum("ij,ij->i", titles[at], meant, dtype=np.float64))
        kernels["ridge, words and meaning"] = by_need[np.ix_(at, at)] * (by_achievement + OF_NEED) + OF_SCORE * by_score
    return cosines, kernels


def _outer(scores: Floats) -> Floats:
    standard = (scores - scores.mean()) / scores.std()
    product: Floats = np.outer(standard, standard)
    return product


def _text(document: Document, titles: int) -> str:
    others = [content for name, content in sorted(document.fields.items()) if name != "title"]
    return fold(" ".join([document.fields.get("title", "")] * titles + others))


def _read(scores: Floats, levels: NDArray[np.int64]) -> list[Scored]:
    thresholds = [best_threshold(scores, levels >= step + 2) for step in range(STEPS)]
    read = 1 + (scores[:, None] >= np.array(thresholds)).sum(axis=1)
    return [Scored(round(score, 7), level) for score, level in zip(scores.tolist(), read.tolist(), strict=True)]


if __name__ == "__main__":
    main()
