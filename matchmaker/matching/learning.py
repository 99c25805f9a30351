"""Fits the second stage in the background: when the index was built anew, or people judged.

Judgements of all are learned together, and only once there are enough of enough organisations; and what is said of a
pair changes the scores of others, not its own. So nobody sees in a list what one other organisation said. The own
judgements of an organisation show in its own list at once (`queries`).
"""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from matchmaker.config import Settings
from matchmaker.core import clock, jobs
from matchmaker.core.db import db, unit_of_work
from matchmaker.matching import indexing, ranking, store
from matchmaker.matching.engine import Document, Judged, Matcher
from matchmaker.matching.engine import evaluate as evaluation
from matchmaker.matching.engine.learn import MOST, Learned, LeftOut, fingerprint_of
from matchmaker.matching.engine.matcher import Scored
from matchmaker.matching.engine.semantic import Model, Vectors
from matchmaker.matching.judgements import list_judgements_to_learn
from matchmaker.matching.lexicon import lexicon
from matchmaker.matching.models import Kind, MatchList, MatchRanker

LEAST_JUDGEMENTS, LEAST_ORGANISATIONS = 30, 3
"""Below either the ranking learns nothing: an effect could be traced to one organisation."""

EVERY = timedelta(minutes=5)
"""Judgements and publications come in bursts; the lists of all are computed anew at most so often because of them.
Until then a text newer than the fit is scored by the words it shares with it."""

READING, FIRST_READING = timedelta(seconds=2), timedelta(seconds=10)
"""How long at a time the worker reads texts for their meaning; and before the first fit, so that a platform of some
thousand listings starts with the light model rather than without."""


@jobs.puller("matching-learning")
def keep_learned(settings: Settings) -> None:
    refit(settings.index_dir)


def refit(root: Path) -> bool:
    """Fit the second stage anew if it is due, and make all lists due; whether it did. Does nothing while another
    process writes the index.

    Texts are read for their meaning a little at a time, since lists wait for the worker meanwhile; until a model has
    read all of them, and where it is switched off, the second stage goes without it.
    """
    read = _read(root)
    with store.writing(root) as ours:
        if not ours:
            return False
        with indexing.reading() as session:
            indexes = indexing.find_indexes(session, root)
            row = session.get(MatchRanker, 1)
            judged = learnable(session)
            opened = None if row is None else ranking.find_ranker(session, root)
        if indexes is None:
            return False
        named = fingerprint_of(judged)
        if row is not None and opened is not None:
            followed = row.index_built_at == indexes.built_at and row.judged == named
            if clock.now() - row.fitted_at < EVERY or (followed and opened.ranker.models == read):
                return False
        _fit(root, judged, named, indexes.built_at, ranking.vectors(root, read, encode=False) if read else None)
        return True


def _read(root: Path) -> tuple[Model, ...]:
    """Read on, if there may be something new; the models that have read every text."""
    asked = ranking.models()
    with indexing.reading() as session:
        indexes, row = indexing.find_indexes(session, root), session.get(MatchRanker, 1)
        opened = None if row is None else ranking.find_ranker(session, root)
    if indexes is None:
        return ()
    followed = row is not None and row.index_built_at == indexes.built_at
    if followed and opened is not None and opened.ranker.models == asked:
        return asked
    enough = _patience(FIRST_READING if opened is None else READING)
    documents = {kind: [entry.document for entry in indexing.each_published(kind)] for kind in Kind}
    return ranking.vectors(root, asked, encode=True).read_ahead(
        documents[Kind.NEED], documents[Kind.ACHIEVEMENT], lexicon(), enough
    )


def _patience(least: timedelta) -> Callable[[], bool]:
    """When enough has been read: after so long, or as long as it took to find what is unread if that was longer. It is
    sought anew each time, and must not take all the time of a large platform."""
    asked = time.monotonic()
    until: float | None = None

    def enough() -> bool:
        nonlocal until
        now = time.monotonic()
        if until is None:
            until = now + max(least.total_seconds(), now - asked)
        return now > until

    return enough


def learnable(session: Session) -> list[Judged]:
    """The judgements to learn from: of every organisation the last word about each pair, if it speaks of the texts.
    The latest, if there are too many; none while there are too few."""
    learnt = list_judgements_to_learn(session, most=MOST)
    if len(learnt) < LEAST_JUDGEMENTS or len({row.organisation_id for row in learnt}) < LEAST_ORGANISATIONS:
        return []
    return sorted(Judged(str(row.need_id), str(row.achievement_id), row.level) for row in learnt)


def _fit(root: Path, judged: list[Judged], named: str, built_at: Any, vectors: Vectors | None) -> None:
    revisions: dict[Kind, dict[str, str]] = {kind: {} for kind in Kind}
    documents: dict[Kind, dict[str, Document]] = {kind: {} for kind in Kind}
    for kind in Kind:
        for entry in indexing.each_published(kind):
            documents[kind][entry.document.id] = entry.document
            revisions[kind][entry.document.id] = str(entry.revision_id)
    matcher = Matcher.of(documents[Kind.NEED], documents[Kind.ACHIEVEMENT], lexicon(), vectors)
    ranker, left_out = matcher.ranker.learn(matcher.needs, matcher.achievements, judged, discreet=True)
    sides = {Kind.NEED: matcher.needs, Kind.ACHIEVEMENT: matcher.achievements}
    name = f"ranker-{uuid.uuid4().hex}"
    ranker.save(root / name)
    for kind, side in sides.items():
        side.named([revisions[kind][listing_id] for listing_id in side.ids]).save(root / name, str(kind))
    known = [j for j in judged if j.need_id in matcher.needs.rows and j.achievement_id in matcher.achievements.rows]
    with unit_of_work():
        row = db.session.get(MatchRanker, 1) or MatchRanker(id=1)
        replaced = row.directory
        row.directory, row.index_built_at, row.judged = name, built_at, named
        row.judgements, row.figures, row.fitted_at = (
            len(known),
            _figures(sorted(known), ranker.learned, left_out),
            clock.now(),
        )
        db.session.add(row)
        db.session.execute(update(MatchList).values(fingerprint=MatchList.STALE))
    for directory in root.glob("ranker-*"):
        if directory.name not in (name, replaced):  # the replaced one stays for readers that are just opening it
            shutil.rmtree(directory, ignore_errors=True)


def _figures(judged: list[Judged], learned: Learned | None, left_out: LeftOut | None) -> dict[str, Any]:
    """Agreement with each judgement had it not been made, and with those of each need had none of them been."""
    if learned is None or left_out is None:
        return {}
    found = {}
    of_need = learned.unseen.levels(left_out.need)
    for name, answers, levels in (("pair", left_out.pair, left_out.levels), ("need", left_out.need, of_need)):
        # Of equal texts the answers agree but for their last digits, which must not decide an order.
        scored = [Scored(*one) for one in zip(answers.mean(axis=1).round(5).tolist(), levels.tolist(), strict=True)]
        figures = evaluation.figures(judged, scored)
        found[name] = {"ndcg": list(figures.ndcg), "score": list(figures.score), "needs": figures.needs}
    return found
