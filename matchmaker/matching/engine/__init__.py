"""The matching engine: a pure function of corpus and configuration.

index = build(documents, EngineConfig())
hits = rank(index, Document("", {"title": "电池"}), k=20)
reasons = explain(index, query, document)

The index is the first stage and finds candidates; `Ranker` is the second and scores them; `Matcher` does both for a
corpus in hand.
"""

from matchmaker.matching.engine.config import ENGINE_VERSION, EngineConfig
from matchmaker.matching.engine.explain import Explanation, Part, Span, explain
from matchmaker.matching.engine.files import IndexDamaged, load, save
from matchmaker.matching.engine.index import Document, Index, build
from matchmaker.matching.engine.learn import Calibration, Judged
from matchmaker.matching.engine.matcher import Matcher
from matchmaker.matching.engine.rank import (
    Allowed,
    Candidate,
    Hit,
    candidates,
    candidates_many,
    pair_scores,
    rank,
    rank_many,
    scores,
    shared,
    worded,
)
from matchmaker.matching.engine.ranker import Ranker
from matchmaker.matching.engine.words import Lexicon

__all__ = [
    "ENGINE_VERSION",
    "Allowed",
    "Calibration",
    "Candidate",
    "Document",
    "EngineConfig",
    "Explanation",
    "Hit",
    "Index",
    "IndexDamaged",
    "Judged",
    "Lexicon",
    "Matcher",
    "Part",
    "Ranker",
    "Span",
    "build",
    "candidates",
    "candidates_many",
    "explain",
    "load",
    "pair_scores",
    "rank",
    "rank_many",
    "save",
    "scores",
    "shared",
    "worded",
]
