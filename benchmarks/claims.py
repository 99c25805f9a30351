"""How long the page of a programme's round takes with many claims: python -m benchmarks.claims [--claims 100000]
[--rounds 30].

Fills an SQLite database of its own (or the one of DATABASE_URL, which must be empty) with copies of one reviewed
claim, then asks for the page as an auditor, in the process. Prints the number of statements and the median, 95th
percentile and longest time.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
import uuid
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from flask_migrate import upgrade

from matchmaker.app import create_app
from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.states import ClaimState
from tests.conftest import Client, settings_for
from tests.factories.subsidies import P3_4, make_budget, make_bureau, make_claim
from tests.subsidies.test_views import as_, counted

STATES = (ClaimState.SUBMITTED, ClaimState.IN_REVIEW, ClaimState.REJECTED)
PORTION = 5_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--claims", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="matchmaker-bench-"))
    url = os.environ.get("DATABASE_URL", f"sqlite:///{directory}/bench.db")
    app = create_app(settings_for(directory, url))
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False, WAKE_WORKER=False)
    try:
        with app.app_context():
            upgrade()
            measure(app, options.claims, options.rounds)
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def measure(app: Flask, claims: int, rounds: int) -> None:
    bureau = make_bureau()
    make_budget()
    case = make_claim(ClaimState.IN_REVIEW, bureau=bureau)
    case.review()
    fill(case.claim, claims)
    app.test_client_class = Client
    client = as_(app.test_client(), bureau.auditor)
    for query in ("", "?page=400", "?state=submitted", "?state=in_review&page=200"):
        url = f"/rounds/{P3_4}/{clock.today().year}{query}"
        with counted() as statements:
            assert client.get(url).status_code == 200
        times = sorted(timed(client, url) for _ in range(rounds))
        middle, high = statistics.median(times), times[int(0.95 * (len(times) - 1))]
        figures = f"p50 {middle:6.1f} ms  p95 {high:6.1f} ms  max {times[-1]:6.1f} ms"
        print(f"{url:<42}{len(statements):>3} statements  {figures}")


def timed(client: object, url: str) -> float:
    began = time.perf_counter()
    assert client.get(url).status_code == 200  # type: ignore[attr-defined]
    return 1000 * (time.perf_counter() - began)


def fill(claim: Claim, count: int) -> None:
    """Copies of a claim under one programme, in the states that need no more rows, with scores of all kinds."""
    values = {column.key: getattr(claim, column.key) for column in sa.inspect(Claim).columns}
    began = time.perf_counter()
    for start in range(0, count, PORTION):
        rows = [_copy(values, number) for number in range(start, min(start + PORTION, count))]
        with unit_of_work():
            db.session.execute(sa.insert(Claim), rows)
    with unit_of_work():
        db.session.execute(sa.text("ANALYZE"))
    print(f"{count} claims filled in {time.perf_counter() - began:.0f} s on {db.engine.dialect.name}")


def _copy(values: dict[str, object], number: int) -> dict[str, object]:
    state = STATES[number % len(STATES)]
    row = values | {
        "id": uuid.uuid4(),
        "number": f"B-{number:07d}",
        "state": state,
        "live_key": None if state == ClaimState.REJECTED else f"bench:{number}",
        "deal_id": None,
        "clause_frozen": {},  # the page does not read it, and writing it a hundred thousand times takes minutes
        "review_score": None if state == ClaimState.SUBMITTED else number % 101,
    }
    if state == ClaimState.REJECTED:
        row |= {"reviewer_user_id": values["checked_by_user_id"], "decided_at": values["submitted_at"]}
        row |= {"situation": {}, "decision_reason": "x"}
    return row


if __name__ == "__main__":
    main()
