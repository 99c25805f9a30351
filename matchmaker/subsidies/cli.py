"""Commands on the policy. Those on the files need neither database nor application, so that they start fast."""

from __future__ import annotations

import json
from pathlib import Path
from typing import NoReturn

import click

from matchmaker.core.cli import USAGE, with_app
from matchmaker.subsidies import cases, policies
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
    """Read policy files (all that are shipped if none is named), run the cases, report every fault by file and line.

    A file in a folder named `cases` holds cases, which are run against the shipped policy.
    """
    faults = []
    shipped = (*sorted(policies.FOLDER.glob("*.yaml")), *sorted(policies.FOLDER.glob("cases/*.yaml")))
    for path in paths or shipped:
        try:
            told, wrong = _checked(path)
        except (BadCatalogue, OSError, UnicodeDecodeError) as error:
            faults.append(str(error) if isinstance(error, BadCatalogue) else f"{path}: {error}")
        else:
            click.echo(told)
            faults += wrong
    if faults:
        _end("\n".join(faults))


def _checked(path: Path) -> tuple[str, list[str]]:
    """What to tell of a sound file, and where cases turn out otherwise than they say."""
    if path.parent.name != "cases":
        catalogue = policies.read(path).catalogue
        return f"{path.name}: {len(catalogue.clauses)} clauses, {len(catalogue.targets)} targets", []
    wrong = [list(cases.differences(case, file=path.name)) for case in policies.read_cases(path)]
    told = f"{path.name}: {len(wrong)} cases, {wrong.count([])} as expected"
    return told, [str(fault) for faults in wrong for fault in faults]


@policy.command("explain")
@click.argument("number")
@click.option("--language", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@with_app
def explain(number: str, language: str) -> None:
    """Print the whole working of a claim, given by its number, recomputed from what was frozen with it."""
    from flask_babel import force_locale

    from matchmaker.subsidies import explain as explaining

    with force_locale("zh_Hans_CN" if language == "zh" else "en"):
        for line in explaining.lines(explaining.get_claim(number)):
            click.echo(line)


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
