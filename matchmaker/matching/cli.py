"""Commands of matching. `rank` needs neither database nor application, so that it starts fast and runs anywhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from tempfile import TemporaryDirectory

import click

from matchmaker.core.cli import fail, plain
from matchmaker.core.errors import N_, DomainError, Invalid
from matchmaker.matching import rank_files
from matchmaker.matching.engine import Document, Judged, Matcher, semantic, tokens
from matchmaker.matching.engine.evaluate import By, Report
from matchmaker.matching.engine.evaluate import evaluate as measure
from matchmaker.matching.lexicon import lexicon
from matchmaker.matching.rank_files import RunRow

_READING = N_("Reading the texts for their meaning; the first time this takes some minutes.")
_CONTRADICTED = N_("Judged differently at different times: %(count)s of the pairs. The ranking learns their middle.")
_WORTH_COMPILING = 20_000  # texts; the first time it takes some 20 s
_FILE = click.Path(path_type=Path)


class TooFewJudged(Invalid):
    code = "evaluate_too_few_judged"
    phrase = N_("%(file)s judges too little for %(folds)s folds. Take fewer folds, or add judgements.")


@click.command("rank")
@click.option("--needs", "needs_path", type=_FILE, required=True, help="Needs, JSONL: id, title, text …")
@click.option("--achievements", "achievements_path", type=_FILE, required=True, help="Achievements, JSONL likewise.")
@click.option("--pairs", "pairs_path", type=_FILE, help="Score exactly these pairs, TSV: need_id, achievement_id.")
@click.option("--judgements", "judgements_path", type=_FILE, help="Learn from these, TSV: … level.")
@click.option("--top", default=50, show_default=True, type=click.IntRange(min=1), help="Hits per need if no pairs.")
@click.option("--no-semantic", is_flag=True, help="Without the extra `semantic`, also where it is installed.")
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


def _vectors(no_semantic: bool, cache: Path | None) -> semantic.Vectors:
    directory = cache or semantic.user_cache()
    try:
        rank_files.check_cache(directory)
    except rank_files.CacheUnwritable as error:
        if cache is not None:
            raise
        click.echo(plain(error), err=True)
        directory = Path(click.get_current_context().with_resource(TemporaryDirectory()))
    vectors = semantic.Vectors(directory, semantic.models(extra=not no_semantic))
    if semantic.E5 in vectors.models and not vectors.exists():
        click.echo(_READING, err=True)
    return vectors


def _best(matcher: Matcher, top: int) -> Iterator[RunRow]:
    few = len(matcher.need_documents) + len(matcher.achievement_documents) < _WORTH_COMPILING
    with tokens.plain() if few else nullcontext():
        for need_id, hits in matcher.top(top):
            for hit in hits:
                yield RunRow(need_id, hit.id, hit.score, hit.level)


def _scored(matcher: Matcher, pairs: list[tuple[str, str]]) -> Iterator[RunRow]:
    for (need_id, achievement_id), found in zip(pairs, matcher.pairs(pairs), strict=True):
        yield RunRow(need_id, achievement_id, found.score, found.level)


@click.command("evaluate")
@click.option("--needs", "needs_path", type=_FILE, required=True, help="Needs, JSONL: id, title, text …")
@click.option("--achievements", "achievements_path", type=_FILE, required=True, help="Achievements, JSONL likewise.")
@click.option("--judgements", "judgements_path", type=_FILE, required=True, help="TSV: need_id, achievement_id, level.")
@click.option("--folds", default=5, show_default=True, type=click.IntRange(min=2), help="Parts, each left out once.")
@click.option(
    "--by", type=click.Choice([str(by) for by in By]), default="need", show_default=True, help="What is left out."
)
@click.option("--ablation/--no-ablation", default=True, help="Also with each part of the score left out.")
@click.option("--no-semantic", is_flag=True, help="Without the extra `semantic`, also where it is installed.")
@click.option("--semantic-cache", "cache", type=_FILE, help="Where vectors are kept; else in the user's cache.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(
    needs_path: Path,
    achievements_path: Path,
    judgements_path: Path,
    folds: int,
    by: str,
    ablation: bool,
    no_semantic: bool,
    cache: Path | None,
    as_json: bool,
) -> None:
    """How well the ranking agrees with judgements that it has not seen."""
    try:
        needs = rank_files.read_documents(needs_path, text_field=rank_files.NEED_TEXT)
        achievements = rank_files.read_documents(achievements_path, text_field=rank_files.ACHIEVEMENT_TEXT)
        judged = _judged(judgements_path, needs, achievements)
        if len({entry[: 1 if by == By.NEED else 2] for entry in judged}) < folds:
            raise TooFewJudged(file=str(judgements_path), folds=folds)
        matcher = Matcher.of(needs, achievements, lexicon(), _vectors(no_semantic, cache))
    except DomainError as error:
        fail(plain(error))
    report = measure(matcher, judged, folds=folds, by=By(by), ablation=ablation)
    click.echo(json.dumps(report.as_dict(), indent=1) if as_json else "\n".join(_lines(report)))


def _lines(report: Report) -> Iterator[str]:
    size = f"{report.cold.pairs:,} pairs, {report.cold.needs:,} needs"
    yield f"{size}, {report.folds} folds by {report.by}; 95 % intervals"
    rows = {"all parts": (report.cold, report.warm)} | {f"without {n}": pair for n, pair in report.ablation.items()}
    yield f"{'':24}{'nDCG@10 unlearned':26}{'nDCG@10 learned':26}score learned"
    for name, (cold, warm) in rows.items():
        columns = "".join(
            f"{value:.4f} ({low:.3f}-{high:.3f})".ljust(26) for value, low, high in (cold.ndcg, warm.ndcg)
        )
        yield f"{name:24}{columns}{warm.score.value:.4f} ({warm.score.low:.3f}-{warm.score.high:.3f})"


commands: list[click.Command] = [rank, evaluate]
