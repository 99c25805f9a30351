"""How fast the first stage is, side by side with what else there is, in one interleaved run.

    python benchmarks/retrieval.py --corpus F --needs F --sizes 10000,100000 --json OUT

Without files the corpus is grown from the demonstration's texts. Machines are noisy: quote the ratios, which come from
engines that take turns query by query, not the milliseconds. OUT holds `rows` of {size, job, engine, value, unit,
tokens, note}; beside it stands OUT with .svg, cost against size.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import os
import platform
import resource
import shutil
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from scipy import sparse

from benchmarks import chart, corpus, engines
from benchmarks.engines import OURS
from matchmaker.matching.engine import Document, EngineConfig, Index, build, candidates, load, save
from matchmaker.matching.engine.rank import effort

PACKAGES = ("numpy", "scipy", "scikit-learn", "numba", "bm25s", "sparse-dot-topn", "tantivy")
_ADDED = 200
_MOST_MEMORY = 8_000  # MB of a process that builds, up to a million documents
_CLOCKS: dict[str, Callable[[], float]] = {"wall": time.perf_counter, "cpu": time.process_time}
_now = time.perf_counter


def main() -> None:
    global _now
    options = _options()
    _now = _CLOCKS[options.clock]
    if options.worker:
        return _worker(options)
    seed = corpus.read(options.corpus) if options.corpus else corpus.demonstration("achievements")
    needs = corpus.read(options.needs) if options.needs else corpus.demonstration("needs")
    rows: list[dict[str, Any]] = []  # of this run
    for size in options.sizes:
        with tempfile.TemporaryDirectory(prefix="retrieval-") as scratch:
            for row in _measure(options, seed, needs, size, Path(scratch)):
                rows.append(row)
                print(_line(row), flush=True)
                _write(options, rows)
    print(_summary(rows))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="JSONL of id, title, text")
    parser.add_argument("--needs", type=Path, help="JSONL of id, title, text: the queries")
    parser.add_argument("--sizes", type=lambda text: [int(part) for part in text.split(",")], default=[10_000])
    parser.add_argument("--without", action="append", default=[], help="a peer to leave out, by name; again for more")
    parser.add_argument("--clock", choices=_CLOCKS, default="wall", help="cpu: on a machine busy with other work")
    parser.add_argument("--budget", type=float, default=12.0, help="seconds of queries for each engine and size")
    parser.add_argument("--json", type=Path, default=Path("retrieval.json"))
    parser.add_argument("--add", action="store_true", help="keep what OUT has of other sizes, with its commands")
    parser.add_argument("--worker", choices=["empty", "serve", "build"], help=argparse.SUPPRESS)
    parser.add_argument("--index", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    return parser.parse_args()


# --- one size -------------------------------------------------------------------------------------------------------


def _measure(
    options: argparse.Namespace, seed: list[Document], needs: list[Document], size: int, scratch: Path
) -> Iterator[dict[str, Any]]:
    def row(job: str, engine: Any, value: float, unit: str, note: str = "") -> dict[str, Any]:
        name = engine if isinstance(engine, str) else engine.name
        tokens = engines.Matchmaker.tokens if isinstance(engine, str) else engine.tokens
        note = note or ("" if isinstance(engine, str) else engine.note)
        return dict(size=size, job=job, engine=name, value=value, unit=unit, tokens=tokens, note=note)

    peak = _child(options, "build", size=size)["peak"]
    assert size > 1_000_000 or peak <= _MOST_MEMORY, f"building {size:,} documents took {peak:,.0f} MB"
    yield row("memory", OURS, peak, "MB", "peak of a process that grows and builds")
    documents = corpus.grow(seed, size)
    build(documents[:100], EngineConfig())  # compiled or read from the cache before the clock runs
    ours, tantivy = engines.Matchmaker(), engines.Tantivy(scratch / "tantivy-0")
    times: dict[str, list[float]] = {OURS: [], tantivy.name: []}
    for turn in range(3 if size <= 10_000 else 1):
        times[OURS].append(_timed(ours.build, documents))
        if tantivy.name not in options.without:
            tantivy = engines.Tantivy(scratch / f"tantivy-{turn}")
            times[tantivy.name].append(_timed(tantivy.build, documents))
    asked: list[Any] = [ours]
    yield row("build", ours, statistics.median(times[OURS]), "s")
    if times[tantivy.name]:
        asked.append(tantivy)
        yield row("build", tantivy, statistics.median(times[tantivy.name]), "s")
        adding = _tantivy_adds(tantivy, documents[:20])
        yield row("add", tantivy, adding, "ms p50", "commit and reload; whole document")
    if size <= engines.Naive.last and engines.Naive.name not in options.without:
        naive = engines.Naive()
        yield row("build", naive, _timed(naive.build, documents), "s")
        asked.append(naive)
    matrix = csc = None
    if not {engines.Csc.name, engines.DotTopN.name, engines.Naive.name} <= set(options.without):
        matrix = _matrix(ours.index, documents)
        csc = engines.Csc(ours.index, matrix)
        asked += [csc, engines.DotTopN(ours.index, csc.columns)]
        if size > engines.Naive.last:
            asked.append(engines.NaiveOnOurTerms(ours.index, matrix))
        if size <= engines.Bm25s.last and engines.Bm25s.name not in options.without:
            bm25s = engines.Bm25s(ours.index, matrix)
            yield row("build", bm25s, _timed(bm25s.build, documents), "s", "counted by our tokeniser")
            asked.append(bm25s)
    del documents
    gc.collect()
    del matrix
    asked = [engine for engine in asked if engine.name not in options.without]
    save(ours.index, scratch / "index")
    yield from _queries(row, asked, needs, options.budget)
    yield from _batches(row, asked, needs, options.budget)
    if csc is not None:
        found = _recall(ours, csc, needs)
        yield row("query", OURS, found, "recall", "of the exact best 50 by scipy CSC, equal scores allowed")
    efforts = [effort(ours.index, need, engines.TOP) for need in needs]
    for name, unit in (("postings", "postings walked"), ("rows", "dense rows"), ("scored", "documents scored in full")):
        yield row(
            "query", OURS, statistics.median(getattr(one, name) for one in efforts), unit, "median of all queries"
        )
    yield from _adds(row, load(scratch / "index"), needs, scratch)
    del asked, csc, ours
    gc.collect()
    yield from _memory(row, options, scratch)


def _matrix(index: Index, documents: Sequence[Document]) -> sparse.csr_array:
    parts = [index.vectors(documents[at : at + 5_000]).astype(np.float32) for at in range(0, len(documents), 5_000)]
    data, indices = (np.concatenate([getattr(part, name) for part in parts]) for name in ("data", "indices"))
    starts = np.concatenate([[0], np.cumsum([size for part in parts for size in np.diff(part.indptr)])])
    shape = (len(documents), len(index.terms))
    return sparse.csr_array((data, indices.astype(np.int32), starts.astype(np.int32)), shape=shape)


def _queries(row: Any, asked: Sequence[Any], needs: Sequence[Document], budget: float) -> Iterator[dict[str, Any]]:
    for engine in asked:
        engine.best(needs[0])  # compiles, warms
    strides = {engine.name: max(1, math.ceil(_timed(engine.best, needs[1]) * len(needs) / budget)) for engine in asked}
    taken: dict[str, dict[str, float]] = {engine.name: {} for engine in asked}
    for turn in range(3):
        for number, need in enumerate(needs):
            for place in range(len(asked)):  # not always in the same order
                engine = asked[(place + number + turn) % len(asked)]
                if number % strides[engine.name] == 0 and (turn == 0 or strides[engine.name] == 1):
                    times = taken[engine.name]
                    times[need.id] = min(_timed(engine.best, need) * 1000, times.get(need.id, math.inf))
    for engine in asked:
        values = sorted(taken[engine.name].values())
        turns = "best of 3 turns each" if strides[engine.name] == 1 else "one turn"
        note = f"{engine.note}; {len(values)} queries, {turns}"
        yield row("query", engine, statistics.median(values), "ms p50", note)
        if len(values) >= 100:
            yield row("query", engine, values[int(len(values) * 0.99)], "ms p99")


def _batches(row: Any, asked: Sequence[Any], needs: Sequence[Document], budget: float) -> Iterator[dict[str, Any]]:
    rates: dict[str, list[float]] = {engine.name: [] for engine in asked}
    sizes = {}
    for engine in asked:
        once = _timed(engine.best, needs[2])
        sizes[engine.name] = max(4, min(len(needs), int(budget / 3 / once)))
    for _ in range(3):
        for engine in asked:
            part = list(needs[: sizes[engine.name]])
            rates[engine.name].append(len(part) / _timed(engine.batch, part))
    for engine in asked:
        yield row("batch", engine, statistics.median(rates[engine.name]), "queries/s", f"{engine.note}; one thread")
    if _now is time.perf_counter:  # the clock of the process runs for each thread
        many = [len(needs) / _timed(asked[0].batch_on_all_cores, needs) for _ in range(3)]
        yield row("batch", OURS, statistics.median(many), "queries/s on all cores", f"{engines.cores()} threads")


def _recall(ours: engines.Matchmaker, csc: engines.Csc, needs: Sequence[Document]) -> float:
    """Share of the exact best 50 that are found, or have an equal score to 1e-6."""
    kept = total = 0
    for need in needs[:50]:
        vector = ours.index.vectors([need]).astype(np.float32)
        scores = csc.columns[:, vector.indices] @ vector.data
        found = ours.best(need)
        least = np.partition(scores, -engines.TOP)[-engines.TOP]
        kept += int((scores[found] >= least - 1e-6).sum())
        total += engines.TOP
    return kept / total


# --- adding one -----------------------------------------------------------------------------------------------------


def _adds(row: Any, index: Index, needs: Sequence[Document], scratch: Path) -> Iterator[dict[str, Any]]:
    """As the platform does it: a row in the transaction that publishes; a reader sees it, reads the text, takes it in.

    What the index adds to a publication is that row and the taking in. The commit is the publication's own; it is given
    too, for it depends on the disk.
    """
    writer, reader = (sqlite3.connect(scratch / "changes.db", isolation_level=None) for _ in range(2))
    for connection in (writer, reader):
        connection.executescript(f"PRAGMA journal_mode={_journal()}; PRAGMA synchronous=FULL;")
    writer.execute("CREATE TABLE revisions (id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT")
    writer.execute("CREATE TABLE changes (id TEXT PRIMARY KEY) STRICT")
    taken: set[str] = set()
    own, whole = [], []
    for number in range(_ADDED):
        need, name = needs[number % len(needs)], f"added-{number}"
        begin = time.perf_counter()
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("INSERT INTO revisions VALUES (?, ?)", (name, json.dumps(dict(need.fields))))
        noting = _timed(writer.execute, "INSERT INTO changes VALUES (?)", (name,))
        writer.execute("COMMIT")
        own_begin = _now()
        new = {found for (found,) in reader.execute("SELECT id FROM changes")} - taken
        query = f"SELECT id, body FROM revisions WHERE id IN ({','.join('?' * len(new))})"  # noqa: S608 - marks alone
        fresh = [Document(found, json.loads(body)) for found, body in reader.execute(query, [*new])]
        index = index.updated(documents=fresh)
        taken |= new
        own.append((noting + _now() - own_begin) * 1000)
        whole.append((time.perf_counter() - begin) * 1000)
        best = candidates(index, need, len(needs))
        assert name in {index.name(found.row) for found in best}, "it must be in the next query's answer"
    note = f"noted in the transaction that publishes, taken in by a reader; 1 to {_ADDED} beside the index"
    yield row("add", OURS, statistics.median(own), "ms p50", note)
    yield row("add", OURS, sorted(own)[int(len(own) * 0.99)], "ms p99", note)
    yield row(
        "add", OURS, statistics.median(whole), "ms p50 with the commit", f"SQLite, {_journal()}, synchronous=FULL"
    )
    yield row("add", OURS, _sync_ms(scratch / "synced"), "ms p50 of one fsync", "4 KB on the same disk, to judge by")
    after = [_timed(candidates, index, need, engines.TOP) * 1000 for need in needs]
    yield row("query", OURS, statistics.median(after), f"ms p50 with {_ADDED} added", "base and delta")


def _sync_ms(path: Path) -> float:
    times = []
    with path.open("wb", buffering=0) as stream:
        for _ in range(50):
            stream.write(bytes(4096))
            begin = time.perf_counter()
            os.fsync(stream.fileno())
            times.append((time.perf_counter() - begin) * 1000)
    return statistics.median(times)


def _journal() -> str:
    from matchmaker.core.db import journal_mode

    return journal_mode()


def _tantivy_adds(tantivy: engines.Tantivy, documents: Sequence[Document]) -> float:
    return statistics.median(_timed(tantivy.add, document) * 1000 for document in documents)


# --- memory ---------------------------------------------------------------------------------------------------------


def _memory(row: Any, options: argparse.Namespace, scratch: Path) -> Iterator[dict[str, Any]]:
    """What a second worker adds while a first one serves from the same files."""
    with _started(options, "serve", scratch):
        empty = _child(options, "empty")
        second = _child(options, "serve", index=scratch / "index")
    files = sum(path.stat().st_size for path in (scratch / "index").iterdir()) / 1e6
    note = f"after {second['queries']} queries, above an empty worker; the files have {files:.0f} MB"
    yield row("memory", OURS, files, "MB of files", "the saved index")
    yield row("memory", OURS, second["private"] - empty["private"], "MB of its own, second worker", note)
    yield row(
        "memory",
        OURS,
        second["resident"] - empty["resident"],
        "MB resident, second worker",
        f"{note}; mapped pages shared with the first",
    )
    yield row("memory", OURS, second["first"] - empty["resident"], "MB resident after one query, second worker", note)


def _command(options: argparse.Namespace, kind: str, **more: Any) -> list[str]:
    given = {"corpus": options.corpus, "needs": options.needs, **more}
    pairs = [text for name, value in given.items() if value for text in (f"--{name}", str(value))]
    return [sys.executable, str(Path(__file__).resolve()), "--worker", kind, *pairs]


def _child(options: argparse.Namespace, kind: str, **more: Any) -> dict[str, float]:
    done = subprocess.run(_command(options, kind, **more), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, check=True)
    answer: dict[str, float] = json.loads(done.stdout)
    return answer


@contextmanager
def _started(options: argparse.Namespace, kind: str, scratch: Path) -> Iterator[None]:
    process = subprocess.Popen(
        _command(options, kind, index=scratch / "index"), stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        process.stdout.readline()
        yield
    finally:
        process.communicate()


def _worker(options: argparse.Namespace) -> None:
    needs = corpus.read(options.needs) if options.needs else corpus.demonstration("needs")
    if options.worker == "build":
        seed = corpus.read(options.corpus) if options.corpus else corpus.demonstration("achievements")
        build(corpus.grow(seed, options.size), EngineConfig())
        print(json.dumps({"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000}))
        return
    index = load(options.index) if options.index else build([needs[0]], EngineConfig())
    candidates(index, needs[0], engines.TOP)
    first = _resident()["resident"]
    for need in needs:
        candidates(index, need, engines.TOP)
    print(json.dumps({**_resident(), "first": first, "queries": len(needs)}), flush=True)
    sys.stdin.read()  # the first worker stays until it is told; others have nothing to read


def _resident() -> dict[str, float]:
    gc.collect()
    sums = {"private": 0.0, "resident": 0.0}
    for line in Path("/proc/self/smaps_rollup").read_text().splitlines():
        name, _, rest = line.partition(":")
        if name in ("Private_Clean", "Private_Dirty"):
            sums["private"] += int(rest.split()[0]) / 1000
        elif name == "Rss":
            sums["resident"] = int(rest.split()[0]) / 1000
    return sums


# --- results --------------------------------------------------------------------------------------------------------


def _timed(work: Callable[..., Any], *given: Any) -> float:
    begin = _now()
    work(*given)
    return _now() - begin


def _line(row: dict[str, Any]) -> str:
    return (
        f"{row['size']:>9,}  {row['job']:<7} {row['engine']:<20} {row['value']:>12,.3f} {row['unit']:<40} {row['note']}"
    )


def ratios(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """How many times better ours is than the best peer, and than the naive version."""
    found = []
    for size in sorted({row["size"] for row in rows}):
        for job, unit in (("query", "ms p50"), ("batch", "queries/s"), ("build", "s")):
            values = {
                row["engine"]: row["value"]
                for row in rows
                if (row["size"], row["job"], row["unit"]) == (size, job, unit)
            }
            own, naive = values.pop(OURS, None), values.get(engines.Naive.name)
            if own is None or not values:
                continue
            better = (lambda v, o=own: v / o) if job != "batch" else (lambda v, o=own: o / v)
            peer = min(values, key=lambda name: better(values[name]))
            found.append({"size": size, "job": job, "peer": peer, "ratio": round(better(values[peer]), 2)})
            if naive is not None:
                found.append({"size": size, "job": job, "peer": engines.Naive.name, "ratio": round(better(naive), 2)})
            if job == "build" and engines.Tantivy.name in values:
                ratio = round(better(values[engines.Tantivy.name]), 2)
                found.append({"size": size, "job": job, "peer": engines.Tantivy.name, "ratio": ratio})
    return list({tuple(entry.values()): entry for entry in found}.values())


def exponents(rows: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Of ours between the smallest and the largest size: 1 grows as the corpus does."""
    found = {}
    for job, unit in (("query", "ms p50"), ("build", "s"), ("memory", "MB")):
        points = [
            (row["size"], row["value"]) for row in rows if (row["engine"], row["job"], row["unit"]) == (OURS, job, unit)
        ]
        if len(points) > 1:
            (small, low), (large, high) = min(points), max(points)
            found[job] = round(math.log(high / low) / math.log(large / small), 2)
    return found


def _summary(rows: Sequence[dict[str, Any]]) -> str:
    lines = [
        "",
        "times better than",
        *(f"{r['size']:>9,}  {r['job']:<6} {r['peer']:<22} {r['ratio']:>8.2f}" for r in ratios(rows)),
    ]
    return "\n".join([*lines, "", f"growth with size, exponents: {exponents(rows)}"])


def _write(options: argparse.Namespace, rows: list[dict[str, Any]]) -> None:
    machine = {
        "processor": _processor(),
        "cores": engines.cores(),
        "memory_gb": round(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30),
    }
    sizes = ",".join(map(str, options.sizes))
    corpus_name, needs_name = (
        f" --{n} {getattr(options, n).name}" if getattr(options, n) else "" for n in ("corpus", "needs")
    )
    more = f" --clock {options.clock}" + "".join(f' --without "{name}"' for name in options.without)
    more += f" --budget {options.budget:g}"
    command = f"python benchmarks/retrieval.py{corpus_name}{needs_name} --sizes {sizes}{more} --json OUT"
    kept = _kept(options)
    rows = sorted([*kept["rows"], *rows], key=lambda row: row["size"])
    report = {
        "commands": [*kept["commands"], {"command": command, "commit": _commit()}],
        "machine": machine,
        "versions": {"python": platform.python_version(), **{name: version(name) for name in PACKAGES}},
        "left_out": [*kept["left_out"], *_left_out(options)],
        "rows": rows,
        "ratios": ratios(rows),
        "exponents": exponents(rows),
    }
    partial = options.json.with_suffix(".tmp")
    partial.write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    shutil.move(partial, options.json)
    options.json.with_suffix(".svg").write_text(chart.drawn(rows), encoding="utf-8")


def _kept(options: argparse.Namespace) -> dict[str, list[Any]]:
    """With --add: what OUT has of other sizes."""
    kept: dict[str, list[Any]] = {"commands": [], "rows": [], "left_out": []}
    if options.add and options.json.exists():
        before = json.loads(options.json.read_text(encoding="utf-8"))
        kept = {name: before[name] for name in kept}
        kept["rows"] = [row for row in kept["rows"] if row["size"] not in options.sizes]
        kept["left_out"] = [entry for entry in kept["left_out"] if entry["size"] not in options.sizes]
        of_this = {",".join(map(str, options.sizes))}
        kept["commands"] = [one for one in kept["commands"] if not of_this & set(one["command"].split())]
    return kept


def _left_out(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Peers that were not tried at a size, and why."""
    asked = [{"size": size, "engine": name, "why": "--without"} for size in options.sizes for name in options.without]
    bm25s = engines.Bm25s
    return asked + [
        {"size": size, "engine": bm25s.name, "why": bm25s.left_out}
        for size in options.sizes
        if size > bm25s.last and bm25s.name not in options.without
    ]


def _commit() -> str:
    """The commit measured, "+" where files differ from it; empty outside a checkout."""
    here = Path(__file__).resolve().parent
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty=+", "--abbrev=12", "--exclude=*"],  # noqa: S607
        cwd=here, capture_output=True, text=True,
    )  # fmt: skip
    return said.stdout.strip()


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    names = (
        [line.partition(":")[2].strip() for line in info.read_text().splitlines() if line.startswith("model name")]
        if info.exists()
        else []
    )
    return names[0] if names else platform.machine()


if __name__ == "__main__":
    main()
