"""The matching engine: a pure function of corpus and configuration.

index = build(documents, EngineConfig())
hits = rank(index, Document("", {"title": "电池"}), k=20)
reasons = explain(index, query, document)
"""

from matchmaker.matching.engine.config import ENGINE_VERSION, EngineConfig
from matchmaker.matching.engine.explain import Explanation, Part, Span, explain
from matchmaker.matching.engine.files import IndexDamaged, load, save
from matchmaker.matching.engine.index import Document, Index, build
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
)

__all__ = [
    "ENGINE_VERSION",
    "Allowed",
    "Candidate",
    "Document",
    "EngineConfig",
    "Explanation",
    "Hit",
    "Index",
    "IndexDamaged",
    "Part",
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
]
