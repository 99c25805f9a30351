"""Commands of matching. `rank` needs neither database nor application, so that it starts fast and runs anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from matchmaker.core.cli import fail, plain
from matchmaker.core.errors import N_, DomainError
from matchmaker.matching import rank_files
from matchmaker.matching.engine import Document, Judged, Matcher, semantic
from matchmaker.matching.lexicon import lexicon
from matchmaker.matching.rank_files import RunRow

_READING = N_("Reading the texts for their meaning; the first time this takes some minutes.")
_CONTRADICTED = N_("%(count)s pairs were judged differently at different times; the ranking learns their middle.")
_FILE = click.Path(path_type=Path)


@click.command("rank")
@click.option("--needs", "needs_path", type=_FILE, required=True, help="Needs, JSONL: id, title, text …")
@click.option("--achievements", "achievements_path", type=_FILE, required=True, help="Achievements, JSONL likewise.")
@click.option("--pairs", "pairs_path", type=_FILE, help="Score exactly these pairs, TSV: need_id, achievement_id.")
@click.option("--judgements", "judgements_path", type=_FILE, help="Learn from these, TSV: … level.")
@click.option("--top", default=50, show_default=True, type=click.IntRange(min=1), help="Hits per need if no pairs.")
@click.option("--no-semantic", is_flag=True, help="Rank without the model of meaning, also where it is installed.")
@click.option("--semantic-cache", "cache", type=_FILE, help="Where vectors are kept; else in the user's cache.")
@click.option("--out", "out_path", type=_FILE, required=True, help="TSV: need_id, achievement_id, score, level.")
def rank(
    needs_path: Path,
    achievements_path: Path,
    pairs_path: Path | None,
    judgements_path: Path | None,
    top: int,
    no_semantic: bool,
    cache: Path | None,
    out_path: Path,
) -> None:
    """Rank achievements for needs, from files to a file. Ends with 2 and no output where an input is faulty."""
    try:
        rank_files.check_output(out_path)
        needs = rank_files.read_documents(needs_path, text_field=rank_files.NEED_TEXT)
        achievements = rank_files.read_documents(achievements_path, text_field=rank_files.ACHIEVEMENT_TEXT)
        pairs = rank_files.read_pairs(pairs_path, needs=needs, achievements=achievements) if pairs_path else None
        judged = _judged(judgements_path, needs, achievements) if judgements_path else []
        matcher = Matcher.of(needs, achievements, lexicon(), _vectors(no_semantic, cache))
        if judged:
            matcher = matcher.learned(judged)
        rank_files.write_run(out_path, _best(matcher, top) if pairs is None else _scored(matcher, pairs))
    except DomainError as error:
        fail(plain(error))


def _judged(path: Path, needs: dict[str, Document], achievements: dict[str, Document]) -> list[Judged]:
    judged = rank_files.read_judgements(path, needs=needs, achievements=achievements)
    levels: dict[tuple[str, str], set[int]] = {}
    for entry in judged:
        levels.setdefault((entry.need_id, entry.achievement_id), set()).add(entry.level)
    if contradicted := sum(len(found) > 1 for found in levels.values()):
        click.echo(_CONTRADICTED % {"count": contradicted}, err=True)
    return judged


def _vectors(no_semantic: bool, cache: Path | None) -> semantic.Vectors | None:
    if no_semantic or not semantic.available():
        return None
    vectors = semantic.Vectors(cache or semantic.user_cache())
    if not vectors.exists():
        click.echo(_READING, err=True)
    return vectors


def _best(matcher: Matcher, top: int) -> Iterator[RunRow]:
    for need_id, hits in matcher.top(top):
        for hit in hits:
            yield RunRow(need_id, hit.id, hit.score, hit.level)


def _scored(matcher: Matcher, pairs: list[tuple[str, str]]) -> Iterator[RunRow]:
    for (need_id, achievement_id), found in zip(pairs, matcher.pairs(pairs), strict=True):
        yield RunRow(need_id, achievement_id, found.score, found.level)


commands: list[click.Command] = [rank]
