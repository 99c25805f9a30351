"""How long an organisation's page of money due takes with many deals that are being paid:
python -m benchmarks.money [--deals 3000] [--requests 60].

Fills an SQLite database of its own (or the one of DATABASE_URL, which must be empty) with copies of a few deals of one
university and one enterprise, paid by instalments or royalties, some of it overdue. Prints how long the worker takes to
write what is open in them, the first request, and the median, 95th percentile and longest of those that follow; of the
processor alone the median.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade

from benchmarks.daily_run import TODAY, Copies, at, paying, royalties
from matchmaker.app import create_app
from matchmaker.core.db import db, unit_of_work
from matchmaker.deals import jobs
from tests.conftest import Client, settings_for
from tests.factories.deals import LICENSEE, LICENSOR, make_parties
from tests.subsidies.test_views import as_, counted

PORTION = 1_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deals", type=int, default=3_000)
    parser.add_argument("--requests", type=int, default=60)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="matchmaker-bench-"))
    url = os.environ.get("DATABASE_URL", f"sqlite:///{directory}/bench.db")
    app = create_app(settings_for(directory, url))
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False, WAKE_WORKER=False)
    try:
        with app.app_context():
            upgrade()
            measure(app, options.deals, options.requests)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def measure(app: Flask, deals: int, requests: int) -> None:
    actors = make_parties()
    plays = [paying(actors), paying(actors), royalties(actors)]
    for start in range(0, deals, PORTION):
        copies = Copies()
        for number in range(start, min(start + PORTION, deals)):
            copies.deal(plays[number % len(plays)].deal)
        copies.insert()
    with at(TODAY):
        began = time.perf_counter()
        written = jobs.keep_amounts(app.extensions["matchmaker.settings"])
        print(f"amounts of {written} deals written by the worker in {time.perf_counter() - began:.1f} s")
        if db.engine.dialect.name == "postgresql":
            with unit_of_work():
                db.session.execute(sa.text("ANALYZE"))  # as it does by itself, a minute later
        app.test_client_class = Client
        for side in (LICENSOR, LICENSEE):
            client = as_(app.test_client(), actors[side])
            first, _ = timed(client)
            with counted() as statements:
                assert client.get("/money").status_code == 200
            found = [timed(client) for _ in range(requests)]
            times = sorted(wall for wall, _ in found)
            middle, high = statistics.median(times), times[int(0.95 * (len(times) - 1))]
            figures = f"first {first:6.1f} ms  p50 {middle:6.1f} ms  p95 {high:6.1f} ms  max {times[-1]:6.1f} ms"
            used = statistics.median(processor for _, processor in found)
            print(
                f"/money as {side:<10}{len(statements):>3} statements  {figures}  processor {used:6.1f} ms", flush=True
            )


def timed(client: FlaskClient) -> tuple[float, float]:
    """Milliseconds of a request by the clock and by the processor, which does not count waiting for other programs."""
    began, cpu = time.perf_counter(), time.process_time()
    assert client.get("/money").status_code == 200
    return 1000 * (time.perf_counter() - began), 1000 * (time.process_time() - cpu)


if __name__ == "__main__":
    main()
