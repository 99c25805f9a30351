"""Commands of matching. `rank` needs neither database nor application, so that it starts fast and runs anywhere."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from matchmaker.core.cli import fail, plain
from matchmaker.core.errors import N_, DomainError
from matchmaker.matching import rank_files
from matchmaker.matching.engine import Document, EngineConfig, Index, build, pair_scores, rank_many
from matchmaker.matching.rank_files import RunRow

_JUDGEMENTS_UNUSED = N_("%(count)s judgements read and checked; this version does not learn from them yet.")
_FILE = click.Path(path_type=Path)


@click.command("rank")
@click.option("--needs", "needs_path", type=_FILE, required=True, help="Needs, JSONL: id, title, text …")
@click.option("--achievements", "achievements_path", type=_FILE, required=True, help="Achievements, JSONL likewise.")
@click.option("--pairs", "pairs_path", type=_FILE, help="Score exactly these pairs, TSV: need_id, achievement_id.")
@click.option("--judgements", "judgements_path", type=_FILE, help="Judged pairs, TSV: need_id, achievement_id, level.")
@click.option("--top", default=50, show_default=True, type=click.IntRange(min=1), help="Hits per need if no pairs.")
@click.option("--no-semantic", is_flag=True, help="Rank by wording alone. This version always does.")
@click.option("--out", "out_path", type=_FILE, required=True, help="TSV: need_id, achievement_id, score, level.")
def rank(
    needs_path: Path,
    achievements_path: Path,
    pairs_path: Path | None,
    judgements_path: Path | None,
    top: int,
    no_semantic: bool,
    out_path: Path,
) -> None:
    """Rank achievements for needs, from files to a file. Ends with 2 and no output where an input is faulty."""
    try:
        rank_files.check_output(out_path)
        needs = rank_files.read_documents(needs_path, text_field=rank_files.NEED_TEXT)
        achievements = rank_files.read_documents(achievements_path, text_field=rank_files.ACHIEVEMENT_TEXT)
        pairs = rank_files.read_pairs(pairs_path, needs=needs, achievements=achievements) if pairs_path else None
        if judgements_path:
            judgements = rank_files.read_judgements(judgements_path, needs=needs, achievements=achievements)
            click.echo(_JUDGEMENTS_UNUSED % {"count": len(judgements)}, err=True)
        index = build(achievements.values(), EngineConfig(), background=needs.values())
        run = _best(index, needs, top) if pairs is None else _scored(index, needs, pairs)
        rank_files.write_run(out_path, run)
    except DomainError as error:
        fail(plain(error))


def _best(index: Index, needs: dict[str, Document], top: int) -> Iterator[RunRow]:
    for need_id, hits in zip(needs, rank_many(index, list(needs.values()), top), strict=True):
        for hit in hits:
            yield RunRow(need_id, hit.id, hit.score, hit.level)


def _scored(index: Index, needs: dict[str, Document], pairs: list[tuple[str, str]]) -> Iterator[RunRow]:
    for (need_id, achievement_id), score in zip(pairs, pair_scores(index, needs, pairs).tolist(), strict=True):
        yield RunRow(need_id, achievement_id, score, index.config.level(score))


commands: list[click.Command] = [rank]
