"""What a number of machines can serve, simulated from measured costs.

    python benchmarks/capacity.py benchmarks/results-retrieval.json

Queries arrive at random (Poisson). Each goes to every machine's part of the corpus; a machine has so many cores, each
does one query at a time, in the order of arrival; the answer is there when the slowest machine has answered. The time
of one query on a part is a + b x documents, fitted to what `retrieval.py` measured, and spread as measured there (p99
over p50, lognormal). Nothing is assumed about the network but a fixed time for each call.
"""

from __future__ import annotations

import argparse
import heapq
import json
import math
import random
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

OURS = "matchmaker"
CALL_MS = 1.0
"""A call to another machine in the same rack and back, with a list of 50."""

SIZES = (100_000, 1_000_000, 10_000_000, 100_000_000)
_QUERIES = 20_000
_Z99 = 2.326


@dataclass(frozen=True)
class Costs:
    """Milliseconds of one query are `fixed + each * documents`, `spread` is the sigma of their logarithm; bytes on disk
    and seconds of building for each document."""

    fixed: float
    each: float
    spread: float
    bytes_each: float
    build_each: float

    def query(self, documents: float) -> float:
        return self.fixed + self.each * documents


def costs(rows: list[dict[str, Any]]) -> Costs:
    def of(job: str, unit: str) -> dict[int, float]:
        return {r["size"]: r["value"] for r in rows if (r["engine"], r["job"], r["unit"]) == (OURS, job, unit)}

    middle, slow, builds, files = (
        of("query", "ms p50"),
        of("query", "ms p99"),
        of("build", "s"),
        of("memory", "MB of files"),
    )
    small, large, most = min(middle), max(middle), max(files)
    if small == large:
        raise SystemExit("results of at least two sizes are needed")
    each = max(0.0, (middle[large] - middle[small]) / (large - small))
    spread = math.log(slow[large] / middle[large]) / _Z99 if large in slow else 0.3
    return Costs(max(0.05, middle[small] - each * small), each, spread, files[most] * 1e6 / most, builds[large] / large)


def simulate(
    service_ms: float, spread: float, *, rate: float, cores: int, machines: int, chance: int = 1
) -> list[float]:
    """Latencies in ms of queries that arrive at `rate` a second; each asks all machines."""
    draw = random.Random(chance)  # noqa: S311 - a simulation
    free = [[0.0] * cores for _ in range(machines)]
    now, found = 0.0, []
    for _ in range(_QUERIES):
        now += draw.expovariate(rate) * 1000
        slowest = 0.0
        of_query = draw.gauss(0, spread)  # a long text is long for every machine
        for machine in free:
            begin = max(now, machine[0])
            end = begin + service_ms * math.exp(of_query)
            heapq.heapreplace(machine, end)
            slowest = max(slowest, end - now)
        found.append(slowest + (CALL_MS if machines > 1 else 0.0))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path)
    parser.add_argument("--rate", type=float, default=100.0, help="queries a second")
    parser.add_argument("--cores", type=int, default=2, help="of each machine")
    parser.add_argument("--sizes", type=lambda text: [int(part) for part in text.split(",")], default=list(SIZES))
    options = parser.parse_args()
    cost = costs(json.loads(options.results.read_text(encoding="utf-8"))["rows"])
    print(f"one query: {cost.fixed:.2f} ms + {cost.each * 1e6:.2f} ms for each million documents")
    print(f"{options.rate:g} queries a second, machines of {options.cores} cores; p50 / p99 in ms\n")
    head = f"{'documents':>12} {'machines':>9} {'ms a part':>10} {'load':>6} {'p50':>9} {'p99':>9}"
    print(f"{head} {'GB a machine':>13} {'build s':>9}")
    for size in options.sizes:
        for machines in (1, 2, 4, 8, 16, 32, 64, 128):
            part = cost.query(size / machines)
            load = part * math.exp(cost.spread**2 / 2) * options.rate / 1000 / options.cores
            if load >= 1 and machines < 128:
                continue  # it would fall behind for ever
            if load >= 1:
                print(f"{size:>12,}   more than 128 machines")
                break
            times = sorted(simulate(part, cost.spread, rate=options.rate, cores=options.cores, machines=machines))
            memory, seconds = size / machines * cost.bytes_each / 1e9, size / machines * cost.build_each
            print(
                f"{size:>12,} {machines:>9} {part:>10.2f} {load:>6.0%} {statistics.median(times):>9.2f}"
                f" {times[int(len(times) * 0.99)]:>9.2f} {memory:>13.2f} {seconds:>9.0f}"
            )
            if load < 0.5:
                break


if __name__ == "__main__":
    sys.exit(main())
