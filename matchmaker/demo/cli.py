"""Commands on the demonstration."""

from __future__ import annotations

import click

from matchmaker.core.cli import with_app
from matchmaker.demo.load import load_if_empty


@click.group()
def demo() -> None:
    """Invented organisations, people, listings, deals and claims."""


@demo.command()
@with_app
def load() -> None:
    """Fill an empty database with the demonstration."""
    load_if_empty(report=click.echo)
