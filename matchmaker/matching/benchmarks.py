"""The committed results of the matching benchmark, and their chart as numbers. Pure but for reading the files.

A file `matching-*.json` holds one object: `title`, `method`, `date`, `commit`, `command`, `rows` and, where parts were
taken away one by one, `ablation`, whose first row is the whole. A row has `name`, `value`, and where they are known
`low` and `high` (the ends of the interval) and `note`. A text is a string, or one for each of `zh` and `en`.

What `matchmaker evaluate` commits is read as well: `data`, `commit` and `runs`, each a result of its own.
"""

from __future__ import annotations

import json
import logging
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from matchmaker.core.errors import N_

log = logging.getLogger(__name__)

Text = Mapping[str, str]
"""The same in `zh` and `en`, or a catalogue key as `phrase`, with its facts."""


@dataclass(frozen=True, slots=True)
class Row:
    name: Text
    value: float
    low: float | None
    high: float | None
    note: Text


@dataclass(frozen=True, slots=True)
class Result:
    title: Text
    method: Text
    on: date | None
    commit: str
    command: str
    rows: Sequence[Row]
    ablation: Sequence[Row]


def read_results(directory: Path) -> list[Result]:
    """Results by the names of their files. What is no result is passed over and logged: a page must not fail for it."""
    found = []
    for path in sorted(directory.glob("matching-*.json")):
        try:
            plain = json.loads(path.read_text(encoding="utf-8"))
            found += [_run(plain, run) for run in plain["runs"]] if "runs" in plain else [_result(plain)]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            log.warning("%s is no result of the benchmark: %s", path.name, type(error).__name__)
    return found


def _result(plain: Mapping[str, Any]) -> Result:
    return Result(
        title=_text(plain["title"]),
        method=_text(plain.get("method", "")),
        on=date.fromisoformat(plain["date"]) if plain.get("date") else None,
        commit=str(plain.get("commit", "")),
        command=str(plain.get("command", "")),
        rows=[_row(row) for row in plain["rows"]],
        ablation=[_row(row) for row in plain.get("ablation", ())],
    )


#: By what was left out, and whether the extra `semantic` was there.
_TITLES = {
    ("need", False): N_("Needs of which no pair had been judged before"),
    ("pair", False): N_("Needs of which other pairs had been judged before"),
    ("need", True): N_("Needs of which no pair had been judged before, with the larger model of meaning"),
    ("pair", True): N_("Needs of which other pairs had been judged before, with the larger model of meaning"),
}
_MEASURES = (
    ("cold", "ndcg", N_("Order (nDCG@10), nothing learned")),
    ("warm", "ndcg", N_("Order (nDCG@10), after learning")),
    ("cold", "score", N_("Levels, 1 / (1 + mean error), nothing learned")),
    ("warm", "score", N_("Levels, 1 / (1 + mean error), after learning")),
)
_WITHOUT = {
    "wording": N_("without common wording"),
    "related": N_("without nearness in topic"),
    "concepts": N_("without other names for a thing"),
    "meaning_title": N_("without the meaning of the title"),
    "meaning_text": N_("without the meaning of the whole text"),
}


def _run(plain: Mapping[str, Any], run: Mapping[str, Any]) -> Result:
    """A run of `matchmaker evaluate`; in its ablation the order with nothing learned."""
    counts = {name: str(run["cold"][name]) for name in ("pairs", "needs")}
    told = N_("%(pairs)s judged pairs of %(needs)s needs, cut into %(folds)s parts. Data: %(data)s.")
    ablation = [
        _measured({"phrase": _WITHOUT[part]} if part in _WITHOUT else _text(part), figures[0]["ndcg"])
        for part, figures in run.get("ablation", {}).items()
    ]
    return Result(
        title={"phrase": _TITLES[run["by"], run["semantic"]]},
        method={"phrase": told, **counts, "folds": str(run["folds"]), "data": str(plain["data"])},
        on=date.fromisoformat(plain["date"]) if plain.get("date") else None,
        commit=str(plain.get("commit", "")),
        command=str(run.get("command", "")),
        rows=[_measured({"phrase": phrase}, run[state][measure]) for state, measure, phrase in _MEASURES],
        ablation=[_measured({"phrase": N_("all parts")}, run["cold"]["ndcg"]), *ablation] if ablation else [],
    )


def _measured(name: Text, figures: Sequence[Any]) -> Row:
    value, low, high = (_figure(figure) for figure in figures)
    return Row(name, value, low, high, _text(""))


def _row(plain: Mapping[str, Any]) -> Row:
    low, high = (None if plain.get(name) is None else _figure(plain[name]) for name in ("low", "high"))
    return Row(_text(plain["name"]), _figure(plain["value"]), low, high, _text(plain.get("note", "")))


def _figure(value: Any) -> float:
    figure = float(value)
    if not math.isfinite(figure):
        raise ValueError("a figure is a finite number")
    return figure


def _text(value: Any) -> Text:
    if isinstance(value, str):
        return {"zh": value, "en": value}
    return {"zh": str(value.get("zh") or value["en"]), "en": str(value.get("en") or value["zh"])}


# --- the chart ------------------------------------------------------------------------------------------------------

WIDTH, LEFT, RIGHT, STEP, TOP = 720, 280, 60, 30, 8


@dataclass(frozen=True, slots=True)
class Mark:
    """A row of the chart: where its point and the ends of its interval lie, in the chart's units."""

    row: Row
    y: float
    x: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A point for each row with its interval, the first as the line that the others are read against."""

    width: int
    height: int
    marks: Sequence[Mark]
    ticks: Sequence[tuple[float, float]]  # position, value


def chart(rows: Sequence[Row]) -> Chart | None:
    """None where there is nothing to compare. The axis spans what is measured, in steps that are written on it."""
    if len(rows) < 2:
        return None
    ends = [end for row in rows for end in (row.value, row.low, row.high) if end is not None]
    step = _step(max(ends) - min(ends))
    first, last = math.floor(min(ends) / step), math.ceil(max(ends) / step)
    last = max(last, first + 1)

    def place(value: float) -> float:
        share = (value / step - first) / (last - first)
        return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)

    marks = [
        Mark(
            row,
            TOP + STEP * (number + 0.5),
            place(row.value),
            place(row.value if row.low is None else row.low),
            place(row.value if row.high is None else row.high),
        )
        for number, row in enumerate(rows)
    ]
    ticks = [(place(number * step), round(number * step, 6)) for number in range(first, last + 1)]
    return Chart(WIDTH, TOP + STEP * len(rows) + 28, marks, ticks)


def _step(span: float) -> float:
    """A round step that cuts the span into at most six."""
    if span < 1e-6:  # as good as one value
        return 0.01
    rough = span / 5
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
