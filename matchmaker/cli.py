"""The command `matchmaker`. Commands that need no database start without the application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import click

from matchmaker.config import SettingsError


class _App:
    """The application, made when a command first asks for it."""

    def __call__(self) -> Any:
        from matchmaker.app import create_app

        try:
            return create_app()
        except SettingsError as error:
            raise click.ClickException(str(error)) from error


def with_app(command: Callable[..., Any]) -> Callable[..., Any]:
    """Run a click command's function inside the application context."""

    @click.pass_context
    def run(context: click.Context, /, **kwargs: Any) -> Any:
        with context.obj().app_context():
            return context.invoke(command, **kwargs)

    run.__doc__ = command.__doc__
    run.__click_params__ = getattr(command, "__click_params__", [])  # type: ignore[attr-defined]
    return run


@click.group()
@click.pass_context
def cli(context: click.Context) -> None:
    """Technology transfer from posted to paid."""
    context.obj = _App()


def main() -> None:
    cli(prog_name="matchmaker")
