"""What the commands of every feature share: the application context and the way errors end."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

from matchmaker.core.errors import DomainError, InvalidMany
from matchmaker.core.money import yuan_text

F = TypeVar("F", bound=Callable[..., Any])

USAGE = 2
"""Exit code of a command that was given something it cannot work with."""


def with_app(function: F) -> F:
    """Run a command's function inside the application context (put it below `@click.command`).

    The application is made by what the root command left as the context's object, so that a feature's
    commands need not import it. A domain error ends the command with exit 2 and its sentence.
    """

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Any:
        make_app = click.get_current_context().find_root().obj
        with make_app().app_context():
            try:
                return function(*args, **kwargs)
            except DomainError as error:
                fail(plain(error))

    return run  # type: ignore[return-value]


def plain(error: DomainError) -> str:
    """The sentence of an error in English, as commands speak it."""
    if isinstance(error, InvalidMany):
        return " ".join(plain(part) for part in error.errors)
    facts = {name: _shown(name, value) for name, value in error.facts.items()}
    return error.phrase % facts if facts else error.phrase


def _shown(name: str, value: Any) -> Any:
    """A fact without catalogue or application, which the commands on files do without."""
    if name.endswith("_fen") and isinstance(value, int):
        return f"¥{yuan_text(value)}"
    return ", ".join(map(str, value)) if isinstance(value, tuple | list) else value


def fail(sentence: str) -> None:
    """End the command: message on stderr, exit 2."""
    click.echo(f"error: {sentence}", err=True)
    raise SystemExit(USAGE)
