"""How long the server takes for the main pages with 12,000 published entries on SQLite.

    python -m benchmarks.pages [--entries 12000] [--requests 60] [--keep DIRECTORY]

Entries are the demonstration's sentences shuffled into new texts (seeded, so every run has the same). One process, one
request at a time, no network: the time is that of the application alone, from the request to the finished page.
Prints the median and the 95th percentile in milliseconds, by the clock and by the processor (the second one does not
count waiting for other programs), the statements sent to the database and the size of the page.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from sqlalchemy import event, select

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.app import create_app
from matchmaker.config import SEED_DATA, Settings
from matchmaker.core import taxonomy
from matchmaker.core.access import system_actor
from matchmaker.core.db import db
from matchmaker.demo.load import load_if_empty
from matchmaker.demo.world import PASSWORD
from matchmaker.listings import imports
from matchmaker.listings.models import Achievement, Need
from matchmaker.matching import jobs, learning
from matchmaker.matching.jobs import Stage
from matchmaker.matching.models import Kind, MatchList

SEED = 20261125


def texts(kind: str) -> list[dict[str, Any]]:
    folder = SEED_DATA / "demo" / kind
    paths = [path for path in sorted(folder.glob("*.yaml")) if path.stem != "twins"]  # which repeat others
    return [row for path in paths for row in yaml.safe_load(path.read_text("utf-8"))]


def write_entries(path: Path, kind: str, count: int, chance: random.Random) -> None:
    """JSONL of `count` entries, each of the sentences of three others of the demonstration."""
    rows, main = texts(kind), "summary" if kind == "achievements" else "problem"
    fields, districts = list(taxonomy.terms("fields")), list(taxonomy.terms("districts"))
    with path.open("w", encoding="utf-8") as file:
        for number in range(count):
            three = chance.sample(rows, 3)
            sentences = [part for row in three for part in str(row.get(main, "")).split("。") if part]
            chance.shuffle(sentences)
            entry = {
                "id": number,
                "title": f"{three[0]['title'][:24]}·{three[1]['title'][:18]} {number}",
                "text": "。".join(sentences[:6]) + "。",
                "keywords": [str(word) for row in three[:2] for word in (row.get("keywords") or [])[:3]],
                "field": chance.choice(fields),
                "district": chance.choice(districts),
                "modes": ["ordinary_licence", "pay_later_licence"],
            }
            file.write(json.dumps(entry, ensure_ascii=False) + "\n")


def fill(app: Flask, directory: Path, entries: int) -> None:
    """The demonstration, and entries on top of it; the index, the second stage, and the first match lists."""
    chance = random.Random(SEED)  # noqa: S311 - texts for a measurement
    load_if_empty(report=lambda line: None)
    for kind, model, owner, share in (
        ("achievements", Achievement, OrganisationKind.UNIVERSITY, 0.6),
        ("needs", Need, OrganisationKind.ENTERPRISE, 0.4),
    ):
        path = directory / f"{kind}.jsonl"
        write_entries(path, kind, int(entries * share), chance)
        organisation = db.session.scalars(
            select(Organisation).where(Organisation.kind == owner, Organisation.state == "verified")
        ).first()
        assert organisation is not None
        organisation_id = organisation.id
        db.session.rollback()
        imports.run(
            system_actor("benchmark"),
            model,
            organisation_id,
            path,
            complain=lambda line, error: print(line, error),
            progress=lambda report: None,
        )
    root = app.extensions["matchmaker.settings"].index_dir
    for last in (Stage.BUILT, Stage.LISTED):  # a list or two are enough for the page of one
        progress = next(step for step in jobs.refresh(root) if step.stage is last)
        print(f"{progress.stage}: {progress.count}", flush=True)
        while last is Stage.BUILT and not learning.refit(root):
            pass


def measure(client: FlaskClient, address: str, requests: int, post: dict[str, str] | None = None) -> None:
    statements: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *rest: Any) -> None:
        if not statement.startswith(("PRAGMA", "BEGIN")):
            statements.append(statement)

    call: Callable[[], Any] = lambda: client.post(address, data=post) if post else client.get(address)  # noqa: E731
    for _ in range(3):
        assert call().status_code == 200, address
    with client.application.app_context():
        engine = db.engine
    event.listen(engine, "before_cursor_execute", note)
    size = len(call().data)
    event.remove(engine, "before_cursor_execute", note)
    wall, processor = [], []
    for _ in range(requests):
        started, used = time.perf_counter(), time.process_time()
        call()
        processor.append(1000 * (time.process_time() - used))
        wall.append(1000 * (time.perf_counter() - started))
    print(
        f"{address[:44]:44}"
        + "".join(
            f"{statistics.median(found):8.1f} {sorted(found)[int(0.95 * requests)]:8.1f}" for found in (wall, processor)
        )
        + f"{len(statements):6}{size / 1024:8.1f}",
        flush=True,
    )


def weight(client: FlaskClient) -> float:
    """KB that a first visit to the front page loads, as they go over the line: the page, and what it asks for."""
    page = client.get("/")
    wanted = re.findall(r'(?:href|src)="(/static/[^"]+)"', page.get_data(as_text=True))
    parts = [client.get(address, headers={"Accept-Encoding": "gzip, br"}) for address in dict.fromkeys(wanted)]
    return sum(len(part.data) for part in (page, *parts)) / 1024


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--entries", type=int, default=12_000)
    arguments.add_argument("--requests", type=int, default=60)
    arguments.add_argument("--keep", type=Path, help="fill this directory once and use it again")
    chosen = arguments.parse_args()
    directory = chosen.keep or Path(tempfile.mkdtemp(prefix="matchmaker-bench-"))
    directory.mkdir(parents=True, exist_ok=True)
    filled = directory / "filled"
    app = create_app(
        Settings.from_environment(
            {
                "MATCHMAKER_SECRET_KEY": "for-this-measurement-alone-0123456789abcdef",
                "MATCHMAKER_DATA_DIR": str(directory),
                "MATCHMAKER_HTTPS": "0",
                "MATCHMAKER_SEMANTIC": "0",
                "DATABASE_URL": f"sqlite:///{directory}/bench.db",
            }
        )
    )
    app.config.update(WTF_CSRF_ENABLED=False, WAKE_WORKER=False)
    with app.app_context():
        if not filled.exists():
            upgrade()
            fill(app, directory, chosen.entries)
            filled.touch()
        lists = db.session.scalars(select(MatchList).where(MatchList.kind == Kind.NEED, MatchList.level > 1)).first()
        assert lists is not None
        need, best = lists.listing_id, lists.hits[0][0]
        db.session.rollback()
    print(f"{'':44}{'clock ms':>17}{'processor ms':>17}")
    print(f"{'':44}{'median':>8} {'p95':>8}{'median':>8} {'p95':>8}{'sql':>6}{'KB':>8}")
    client = app.test_client()
    print(f"the front page weighs {weight(client):.1f} KB with its styles and scripts (150 are allowed)")
    for address in (
        "/",
        "/achievements",
        "/achievements?q=动力电池 低温 自加热",
        "/needs?view=map",
        f"/needs/{need}/matches",
    ):
        measure(client, address, chosen.requests)
    measure(client, f"/pairings/{need}/{best}", chosen.requests)
    measure(
        client,
        "/try",
        chosen.requests,
        {"text": "车载激光雷达在雪天的点云去噪，嵌入式芯片实时运行，行人检测不下降。"},
    )
    measure(client, "/dashboard", chosen.requests)
    client.post("/sign-in", data={"email": "tto@beihu.example", "password": PASSWORD})
    for address in ("/", "/listings/mine"):
        measure(client, address, chosen.requests)


if __name__ == "__main__":
    main()
