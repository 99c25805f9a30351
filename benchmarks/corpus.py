"""Corpora for measuring: real texts from a file, grown to any size by resampling their sentences.

Without a file the sentences are those of the demonstration's own listings. Grown texts keep what decides the cost of a
search: the length of texts, how many terms they have, and how unevenly terms are spread.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from matchmaker.matching.engine import Document

SEED_DATA = Path(__file__).resolve().parent.parent / "seed_data" / "demo"
_SENTENCE = re.compile(r"[^。！？；!?;\n]+[。！？；!?;\n]*")


def read(path: Path) -> list[Document]:
    """JSONL of id, title, text."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    return [Document(str(row["id"]), {"title": row["title"], "text": row["text"]}) for row in rows]


def demonstration(kind: str) -> list[Document]:
    """The demonstration's achievements or needs: `title`, and all other texts of an entry joined."""
    found = []
    for path in sorted((SEED_DATA / kind).glob("*.yaml")):
        for number, entry in enumerate(_entries(yaml.safe_load(path.read_text(encoding="utf-8")))):
            body = "\n".join(value for name, value in entry.items() if name != "title" and isinstance(value, str))
            found.append(Document(f"{path.stem}-{number}", {"title": str(entry["title"]), "text": body}))
    return found


def _entries(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict) and "title" in node:
        yield node
    elif isinstance(node, dict | list):
        for part in node.values() if isinstance(node, dict) else node:
            yield from _entries(part)


def grow(seed: list[Document], size: int, chance: int = 7) -> list[Document]:
    """`size` documents: the first are those given, the others a title and sentences up to the length of a text."""
    draw = random.Random(chance)  # noqa: S311 - a corpus, not a secret
    sentences = [part for document in seed for part in _SENTENCE.findall(document.fields["text"]) if len(part) > 5]
    lengths = [len(document.fields["text"]) for document in seed]
    grown = [Document(f"{i:09d}", document.fields) for i, document in enumerate(seed[:size])]
    while len(grown) < size:
        wanted, taken = draw.choice(lengths), []
        while wanted > 0:
            taken.append(draw.choice(sentences))
            wanted -= len(taken[-1])
        title = draw.choice(seed).fields["title"]
        grown.append(Document(f"{len(grown):09d}", {"title": title, "text": "".join(taken)}))
    return grown
