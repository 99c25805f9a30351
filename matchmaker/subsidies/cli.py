"""Commands on the policy catalogue. They need neither database nor application, so that they start fast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import click

from matchmaker.core.cli import USAGE
from matchmaker.subsidies import policies
from matchmaker.subsidies.catalogue import Catalogue
from matchmaker.subsidies.catalogue_faults import BadCatalogue
from matchmaker.subsidies.drill_cli import audit_drill


@click.group()
def policy() -> None:
    """Clauses of the policy and targets of the action plan."""


@policy.command("export")
@click.option("--json", "as_json", is_flag=True, required=True, help="As a JSON list, in the order of the policy.")
def export(as_json: bool) -> None:
    """Print id, amount_fen, kind, per and source_phrase of every clause."""
    click.echo(json.dumps(_catalogue().export_rows(), ensure_ascii=False, indent=2))


@policy.command("list")
def list_() -> None:
    """Print one line for each clause."""
    for clause in _catalogue():
        sum_ = f"{clause.percent}%" if clause.percent is not None else _yuan(clause.amount_fen)
        click.echo(f"{clause.id:<6} {clause.kind:<6} {sum_:>16} {clause.per:<20} {clause.name_zh}")


@policy.command("check")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
def check(paths: tuple[Path, ...]) -> None:
    """Read policy files (all that are shipped if none is named) and report every fault by file and line."""
    faults = []
    for path in paths or sorted(policies.FOLDER.glob("*.yaml")):
        try:
            catalogue = policies.read(path).catalogue
        except (BadCatalogue, OSError, UnicodeDecodeError) as error:
            faults.append(str(error) if isinstance(error, BadCatalogue) else f"{path}: {error}")
        else:
            click.echo(f"{path.name}: {len(catalogue.clauses)} clauses, {len(catalogue.targets)} targets")
    if faults:
        _end("\n".join(faults))


def _catalogue() -> Catalogue:
    try:
        return policies.current().catalogue
    except BadCatalogue as error:
        _end(str(error))


def _end(message: str) -> NoReturn:
    click.echo(message, err=True)
    raise SystemExit(USAGE)


def _yuan(fen: int | None) -> str:
    return "-" if fen is None else f"{fen // 100:,} yuan"


policy.add_command(audit_drill)

commands: list[click.Command] = [policy]
