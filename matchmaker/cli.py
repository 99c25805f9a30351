"""The command `matchmaker`. Each subcommand is imported when called: those without database start fast."""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import click

from matchmaker.config import SettingsError
from matchmaker.core.cli import fail

COMMANDS = {
    "serve": "matchmaker.serve:serve",
    "worker": "matchmaker.serve:worker",
    "migrate": "matchmaker.serve:migrate",
    "demo": "matchmaker.demo.cli:demo",
    "bureau": "matchmaker.accounts.cli:bureau",
    "import": "matchmaker.listings.cli:import_",
    "rank": "matchmaker.matching.cli:rank",
    "evaluate": "matchmaker.matching.cli:evaluate",
    "match": "matchmaker.matching.index_cli:match",
    "index": "matchmaker.matching.index_cli:index",
    "deals": "matchmaker.deals.cli:deals",
    "policy": "matchmaker.subsidies.cli:policy",
}


class _Commands(click.Group):
    def list_commands(self, context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, attribute = COMMANDS[name].split(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@cache
def _app() -> Any:
    from matchmaker.app import create_app

    try:
        return create_app()
    except SettingsError as error:
        fail(str(error))


@click.command(cls=_Commands)
@click.pass_context
def cli(context: click.Context) -> None:
    """Technology transfer from posted to paid."""
    context.obj = _app


def main() -> None:
    cli(prog_name="matchmaker")
