"""Commands on the matching index: bring index and lists up to date now, and say how they stand."""

from __future__ import annotations

import click
from flask import current_app

from matchmaker.core.cli import with_app
from matchmaker.matching import indexing, jobs
from matchmaker.matching.jobs import Progress, Stage
from matchmaker.matching.models import Kind

_DONE = {
    Stage.BUILT: "index built: {count:,} listings",
    Stage.UPDATED: "index updated: {count:,} changes",
    Stage.MERGED: "index merged: {count:,} changes",
    Stage.LISTED: "match lists computed: {count:,}",
}


@click.command()
@with_app
def match() -> None:
    """Bring the index and all match lists up to date now, as the worker does by itself after each publication."""
    root, done = current_app.extensions["matchmaker.settings"].index_dir, False
    for progress in jobs.refresh(root):
        click.echo(_line(progress), err=True)
        done = True
    work = indexing.find_work(root, 1)
    if work.wanted and (work.indexes is None or work.changes or work.due):
        raise click.ClickException("another process is at work on the index; it will do what is left")
    click.echo(
        "index and match lists are up to date" if done else "nothing to do: index and match lists are up to date"
    )


def _line(progress: Progress) -> str:
    return f"{_DONE[progress.stage].format(count=progress.count)}; {progress.due:,} lists to go"


@click.group()
def index() -> None:
    """The matching index."""


@index.command()
@with_app
def stats() -> None:
    """What the index holds and what it still lacks."""
    work = indexing.find_work(current_app.extensions["matchmaker.settings"].index_dir, 1)
    if work.indexes is None:
        click.echo("no usable index" + ("; the worker or `matchmaker match` builds it" if work.wanted else ""))
    else:
        held = work.indexes
        click.echo(f"achievements      {len(held.of(Kind.ACHIEVEMENT).ids):>12,}")
        click.echo(f"needs             {len(held.of(Kind.NEED).ids):>12,}")
        click.echo(f"terms             {len(held.of(Kind.NEED).terms):>12,}")
        click.echo(f"changed since build {held.changed:>10,}")
        click.echo(f"lists due         {indexing.count_due(held.fingerprint):>12,}")
        click.echo(f"built at          {held.built_at:%Y-%m-%d %H:%M:%S} UTC")
        click.echo(f"fingerprint       {held.fingerprint}")
    click.echo(f"changes not taken in {len(work.changes):>9,}")


commands: list[click.Command] = [match, index]
