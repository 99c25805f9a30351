"""Commands on the matching index: bring index and lists up to date now, and say how they stand."""

from __future__ import annotations

from datetime import datetime, timedelta

import click
from flask import current_app

from matchmaker.core import clock
from matchmaker.core.cli import with_app
from matchmaker.matching import batch, indexing, jobs, store
from matchmaker.matching.batch import Recomputed
from matchmaker.matching.jobs import Progress, Stage
from matchmaker.matching.models import Kind
from matchmaker.matching.verify import differences

_DONE = {
    Stage.BUILT: "index built: {count:,} listings",
    Stage.UPDATED: "index updated: {count:,} changes",
    Stage.MERGED: "index merged: {count:,} changes",
    Stage.LISTED: "match lists computed: {count:,}",
}


@click.command()
@click.option("--all", "everything", is_flag=True, help="Compute every list anew; goes on where a run was broken off.")
@click.option("--scheduler", help="With --all: a Dask scheduler, tcp://host:port, whose workers see the same files.")
@with_app
def match(everything: bool, scheduler: str | None) -> None:
    """Bring the index and all match lists up to date now, as the worker does by itself after each publication."""
    root, done = current_app.extensions["matchmaker.settings"].index_dir, False
    if scheduler and not everything:
        raise click.UsageError("--scheduler goes with --all")
    if everything:
        for state in batch.recompute(root, scheduler):
            click.echo(_state(state, clock.now()), err=True)
    for progress in jobs.refresh(root):
        click.echo(_line(progress), err=True)
        done = True
    work = indexing.find_work(root, 1)
    if work.wanted and (work.indexes is None or work.changes or work.due):
        raise click.ClickException("another process is at work on the index; it will do what is left")
    click.echo(
        "index and match lists are up to date"
        if done or everything
        else "nothing to do: index and match lists are up to date"
    )


def _state(state: Recomputed, now: datetime) -> str:
    rate = state.rate(now)
    left = (state.total - state.done) / rate if rate else 0
    line = f"{state.done:,} of {state.total:,} lists; {rate:,.0f} a second; {timedelta(seconds=round(left))} to go"
    return f"resumed, {line}" if state.resumed else line


def _line(progress: Progress) -> str:
    return f"{_DONE[progress.stage].format(count=progress.count)}; {progress.due:,} lists to go"


@click.group()
def index() -> None:
    """The matching index."""


@index.command()
@with_app
def rebuild() -> None:
    """Build the index anew from everything published; the lists follow."""
    root = current_app.extensions["matchmaker.settings"].index_dir
    with store.writing(root) as ours:
        if not ours:
            raise click.ClickException("another process is at work on the index")
        click.echo(_line(jobs.build_index(root)))


@index.command()
@with_app
def verify() -> None:
    """Compare the index with the database, document by document; ends with 1 where they differ."""
    with indexing.reading() as session:
        root = current_app.extensions["matchmaker.settings"].index_dir
        indexes = indexing.find_indexes(session, root, check=True)
    if indexes is None:
        raise click.ClickException("no usable index; the worker or `matchmaker index rebuild` builds it")
    found = 0
    for found, difference in enumerate(differences(indexes), 1):  # noqa: B007 - counted
        click.echo(f"{difference.kind} {difference.listing_id}: {difference.fault}")
    if found:
        raise click.ClickException(f"{found:,} differences; `matchmaker index rebuild` mends them")
    held = sum(len(indexes.of(kind).ids) for kind in Kind)
    click.echo(f"index and database agree: {held:,} listings, every file as it was written")


@index.command()
@with_app
def stats() -> None:
    """What the index holds and what it still lacks."""
    root = current_app.extensions["matchmaker.settings"].index_dir
    work = indexing.find_work(root, 1)
    if work.indexes is None:
        click.echo("no usable index" + ("; the worker or `matchmaker match` builds it" if work.wanted else ""))
    else:
        held = work.indexes
        opened = [held.of(kind) for kind in Kind]
        size = sum(path.stat().st_size for name in held.names.values() for path in (root / name).iterdir())
        postings = sum(len(one.base.docs) + len(one.base.cslots) for one in opened)
        click.echo(f"achievements      {len(held.of(Kind.ACHIEVEMENT).ids):>12,}")
        click.echo(f"needs             {len(held.of(Kind.NEED).ids):>12,}")
        click.echo(f"terms             {len(held.of(Kind.NEED).terms):>12,}")
        click.echo(f"postings          {postings:>12,}")
        click.echo(f"bytes on disk     {size:>12,}")
        click.echo(f"changed since build {held.changed:>10,}")
        click.echo(f"beside the saved index {len(held.taken):>7,}")
        click.echo(f"lists due         {indexing.count_due(held.fingerprint):>12,}")
        click.echo(f"built at          {held.built_at:%Y-%m-%d %H:%M:%S} UTC")
        click.echo(f"fingerprint       {held.fingerprint}")
    click.echo(f"changes not taken in {len(work.changes):>9,}")


commands: list[click.Command] = [match, index]
