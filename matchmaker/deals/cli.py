"""Commands on deals: whether what is written down of them is what follows from them."""

from __future__ import annotations

import click

from matchmaker.core.cli import with_app
from matchmaker.core.money import yuan_text
from matchmaker.deals import jobs, queries


@click.group()
def deals() -> None:
    """What is written down of deals."""


@deals.command()
@click.option("--mend", is_flag=True, help="Write anew what differs.")
@with_app
def verify(mend: bool) -> None:
    """Compute what is open in every deal and compare it with what is written; ends with 1 where they differ."""
    differing = 0
    for differing, found in enumerate(jobs.verify_amounts(mend=mend), 1):  # noqa: B007 - counted
        for what, lines in (("written", found.written), ("computed", found.computed)):
            for line in sorted(lines - (found.written & found.computed)):
                amount = f"{line.kind} {line.number}, due on {line.due_on}, ¥{yuan_text(line.open_fen)} open"
                click.echo(f"deal {found.deal_id}: {what}: {amount}")
    if waiting := queries.count_unwritten():
        click.echo(f"deals that wait for the worker to write their amounts: {waiting:,}")
    if differing and not mend:
        raise click.ClickException(
            f"deals that differ: {differing:,}; `matchmaker deals verify --mend` writes them anew"
        )
    click.echo(f"deals written anew: {differing:,}" if differing else "what is written is what is computed")
