"""Commands on listings: the import of whole files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from matchmaker.core.access import system_actor
from matchmaker.core.cli import USAGE, plain, with_app
from matchmaker.core.errors import Invalid
from matchmaker.listings import imports
from matchmaker.listings.imports import Report
from matchmaker.listings.models import Achievement, Need
from matchmaker.listings.queries import Kind


@click.group("import")
def import_() -> None:
    """Load listings of an organisation from JSONL files, one row a line: id, title, text and further fields."""


def _options(function: Callable[..., Any]) -> Callable[..., Any]:
    for option in reversed(
        (
            click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path)),
            click.option("--org", "credit_code", required=True, help="Credit code of the organisation that owns them."),
            click.option("--dry-run", is_flag=True, help="Check everything, write nothing."),
            click.option("--skip-bad", is_flag=True, help="Leave bad rows out instead of stopping at them."),
            click.option("--batch", default=imports.BATCH, show_default=True, type=click.IntRange(1, 10_000)),
        )
    ):
        function = option(function)
    return function


@import_.command()
@_options
@with_app
def achievements(file: Path, credit_code: str, dry_run: bool, skip_bad: bool, batch: int) -> None:
    """Publish the achievements of a university or institute."""
    _import(Achievement, file, credit_code, dry_run, skip_bad, batch)


@import_.command()
@_options
@with_app
def needs(file: Path, credit_code: str, dry_run: bool, skip_bad: bool, batch: int) -> None:
    """Publish the needs of an enterprise."""
    _import(Need, file, credit_code, dry_run, skip_bad, batch)


def _import(model: Kind, file: Path, credit_code: str, dry_run: bool, skip_bad: bool, batch: int) -> None:
    verb = "would be written" if dry_run else "written"

    def complain(line: int, error: Invalid) -> None:
        click.echo(f"{file}, line {line}: {plain(error)}", err=True)

    def progress(report: Report) -> None:
        click.echo(f"{report.written} {verb}, {report.known} already there, {report.bad} bad", err=True)

    report = imports.run(
        system_actor("import"),
        model,
        imports.get_owner(model, credit_code).id,
        file,
        dry_run=dry_run,
        skip_bad=skip_bad,
        batch=batch,
        complain=complain,
        progress=progress,
    )
    if report.passed_over:
        click.echo(f"fields not known here, passed over: {', '.join(sorted(report.passed_over))}", err=True)
    click.echo(f"{report.written} {verb}, {report.known} already there, {report.bad} bad")
    if report.stopped:
        click.echo("stopped at bad rows: nothing of their batch was written; --skip-bad leaves them out", err=True)
        raise SystemExit(USAGE)


commands: list[click.Command] = [import_]
