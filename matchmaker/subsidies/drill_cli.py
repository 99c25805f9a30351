"""`matchmaker policy audit-drill`: the integrity flags measured on an invented corpus. Needs neither database nor
application.
"""

from __future__ import annotations

import json

import click

from matchmaker.config import SEED_DATA
from matchmaker.subsidies.flag_words import empty_words, read_yaml
from matchmaker.subsidies.flags import corpus, drill
from matchmaker.subsidies.flags.drill import Rate, Report


@click.command("audit-drill")
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Which corpus: one seed, one corpus."
)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def audit_drill(seed: int, as_json: bool) -> None:
    """Print how many of the frauds are found and how many honest claims are troubled. Fails where the figures asked for
    (docs/integrity.md) are missed."""
    report = measure(seed)
    click.echo(json.dumps(_plain(seed, report), indent=2) if as_json else _text(seed, report))
    if not report.holds:
        raise SystemExit(1)


def measure(seed: int) -> Report:
    names = corpus.Names(**read_yaml(SEED_DATA / "integrity" / "corpus.yaml"))
    return drill.run(corpus.make(seed, names), empty_words())


def _plain(seed: int, report: Report) -> dict[str, object]:
    def rates(found: dict[str, Rate]) -> dict[str, object]:
        return {
            name: {"found": rate.found, "of": rate.of, "share": round(rate.share, 4)} for name, rate in found.items()
        }

    whole = {"frauds": report.frauds, "false_alarms": report.false_alarms}
    return {
        "seed": seed,
        **rates(whole),
        "groups": rates(report.groups),
        "kinds": rates(report.by_kind),
        "false_alarms_by_flag": {str(code): count for code, count in sorted(report.false_by_code.items())},
        "holds": report.holds,
    }


def _text(seed: int, report: Report) -> str:
    lines = [f"seed {seed}"]
    rows = {**report.groups, "all frauds": report.frauds}
    lines += [_line(name, rate) for name, rate in rows.items()]
    lines += [_line("  " + name, rate) for name, rate in report.by_kind.items()]
    lines.append(_line("false alarms", report.false_alarms))
    lines += [f"    {code:<24}{count:>5}" for code, count in sorted(report.false_by_code.items())]
    return "\n".join(lines)


def _line(name: str, rate: Rate) -> str:
    return f"{name:<24}{rate.found:>5} of {rate.of:<5}{100 * rate.share:6.1f} %"
