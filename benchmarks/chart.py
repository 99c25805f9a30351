"""Cost of a query against the size of the corpus, both axes logarithmic, as SVG."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape

_WIDTH, _HEIGHT, _LEFT, _TOP, _PLOT_W, _PLOT_H = 760, 420, 70, 40, 470, 320
_COLOURS = ("#0b5cad", "#b3541e", "#5b7f2b", "#7a3e9d", "#8a6d00", "#555555", "#b0306a")


def drawn(rows: Sequence[dict[str, Any]]) -> str:
    lines: dict[str, list[tuple[int, float]]] = {}
    for row in rows:
        if (row["job"], row["unit"]) == ("query", "ms p50"):
            lines.setdefault(row["engine"], []).append((row["size"], row["value"]))
    points = [point for line in lines.values() for point in line]
    if not points:
        return '<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>\n'
    x_low, x_high = math.log10(min(x for x, _ in points)), math.log10(max(x for x, _ in points))
    y_low, y_high = math.floor(math.log10(min(y for _, y in points))), math.ceil(math.log10(max(y for _, y in points)))

    def at(size: float, value: float) -> tuple[float, float]:
        across = (math.log10(size) - x_low) / ((x_high - x_low) or 1)
        up = (math.log10(value) - y_low) / ((y_high - y_low) or 1)
        return _LEFT + across * _PLOT_W, _TOP + (1 - up) * _PLOT_H

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" '
        f'font-size="12" role="img"><title>One query, best 50: milliseconds against documents</title>',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="22" font-size="14">One query, best 50: median milliseconds against documents</text>',
    ]
    for power in range(y_low, y_high + 1):
        _, y = at(10**x_low, 10**power)
        parts.append(f'<path d="M{_LEFT} {y:.1f}h{_PLOT_W}" stroke="#dddddd"/>')
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{10**power:g}</text>')
    for size in sorted({size for size, _ in points}):
        x, _ = at(size, 10**y_low)
        parts.append(f'<text x="{x:.1f}" y="{_TOP + _PLOT_H + 20}" text-anchor="middle">{size:,}</text>')
    ordered = sorted(lines.items(), key=lambda entry: -max(entry[1])[1])
    for number, (engine, line) in enumerate(ordered):
        colour, width = _COLOURS[number % len(_COLOURS)], 3 if engine == "matchmaker" else 1.5
        path = "L".join("{:.1f} {:.1f}".format(*at(*point)) for point in sorted(line))
        parts.append(f'<path d="M{path}" fill="none" stroke="{colour}" stroke-width="{width}"/>')
        parts += ['<circle cx="{:.1f}" cy="{:.1f}" r="3" fill="{}"/>'.format(*at(*point), colour) for point in line]
        y = _TOP + 16 + 22 * number
        parts.append(f'<path d="M{_LEFT + _PLOT_W + 20} {y - 4}h18" stroke="{colour}" stroke-width="{width}"/>')
        parts.append(f'<text x="{_LEFT + _PLOT_W + 44}" y="{y}">{escape(engine)}</text>')
    return "\n".join([*parts, "</svg>"]) + "\n"
