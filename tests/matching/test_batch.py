"""All lists computed anew: the same as the worker stores, on threads and over two real worker processes."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from matchmaker.core.db import db, unit_of_work
from matchmaker.matching import batch, index_cli, jobs, store
from matchmaker.matching.batch import IndexBusy
from matchmaker.matching.models import IndexChange, MatchIndex, MatchList
from tests.factories.listings import make_achievement, make_need
from tests.factories.matching import index_root, refresh

RICE = dict(title="水稻病虫害遥感识别", keywords=("水稻", "遥感"))


@pytest.fixture
def listings(app, monkeypatch):
    monkeypatch.setattr(jobs, "BATCH", 2)
    found = [make_achievement(), make_achievement(**RICE), make_achievement(), make_need(), make_need(**RICE)]
    refresh()
    return [listing.id for listing in found]


def lists():
    db.session.rollback()
    rows = db.session.scalars(select(MatchList).order_by(MatchList.listing_id))
    return [(row.listing_id, row.kind, row.fingerprint, row.hits, row.level, row.least) for row in rows]


def spoil():
    with unit_of_work() as session:
        for row in session.scalars(select(MatchList)):
            row.hits = []


def test_every_list_is_computed_anew_and_equals_what_the_worker_stores(listings):
    before = lists()
    spoil()
    states = list(batch.recompute(index_root()))
    assert lists() == before
    assert [(state.done, state.total, state.resumed) for state in states] == [
        (2, 5, False), (4, 5, False), (5, 5, False),
    ]  # fmt: skip
    assert db.session.get(MatchIndex, 1).recomputing_since is None


def test_a_run_that_was_broken_off_goes_on_where_it_stopped(listings):
    before = lists()
    spoil()
    run = batch.recompute(index_root())
    next(run)
    run.close()
    done = [row for row in lists() if row[3]]
    assert 0 < len(done) < 5
    states = list(batch.recompute(index_root()))
    assert (states[0].first, states[0].resumed) == (2, True)
    assert lists() == before


def test_what_is_published_during_a_run_is_in_the_lists_after_it(listings):
    run = batch.recompute(index_root())
    next(run)
    late = make_need()
    list(run)
    refresh()
    assert late.id in {row[0] for row in lists()}
    in_lists = lists()
    spoil()
    list(batch.recompute(index_root()))
    assert lists() == in_lists


def test_only_one_process_is_at_it(listings):
    with store.writing(index_root()), pytest.raises(IndexBusy):
        list(batch.recompute(index_root()))


def test_nothing_published_is_nothing_to_do(app):
    assert list(batch.recompute(index_root())) == []


def test_the_command_says_how_far_it_is_and_when_it_is_done(listings, app):
    db.session.rollback()
    answer = CliRunner().invoke(index_cli.match, ["--all"], obj=lambda: app)
    assert answer.exit_code == 0, answer.output
    assert "5 of 5 lists" in answer.output
    assert "0:00:00 to go" in answer.output
    assert CliRunner().invoke(index_cli.match, ["--scheduler", "tcp://x:1"], obj=lambda: app).exit_code == 2


# --- over a cluster -------------------------------------------------------------------------------------------------


@contextmanager
def cluster(directory):
    """A scheduler and two workers, each a process of its own."""
    note = directory / "scheduler.json"
    common = ["--scheduler-file", str(note)]
    kinds = {
        "scheduler": ["--host", "127.0.0.1", "--port", "0", "--no-dashboard", *common],
        "worker": ["--host", "127.0.0.1", "--no-nanny", "--nthreads", "1", "--no-dashboard", *common],
    }
    started = []
    try:
        for kind in ("scheduler", "worker", "worker"):
            command = [sys.executable, "-m", f"distributed.cli.dask_{kind}", *kinds[kind]]
            with (directory / f"{len(started)}.log").open("wb") as log:
                started.append(subprocess.Popen(command, cwd=directory, stdout=log, stderr=log))
            until = time.monotonic() + 60
            while not note.exists():
                assert time.monotonic() < until, (directory / "0.log").read_text()
                time.sleep(0.05)
        from distributed import Client

        with Client(scheduler_file=str(note), set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)
            yield client.scheduler.address
    finally:
        for process in reversed(started):
            process.kill()
            process.wait()


@pytest.mark.filterwarnings("default")
def test_two_worker_processes_compute_the_same_lists(listings, tmp_path):
    make_achievement()  # stands beside the saved index, and must be in it before others read it
    refresh()
    list(batch.recompute(index_root()))
    before = lists()
    with cluster(tmp_path) as address:
        spoil()
        states = list(batch.recompute(index_root(), address))
        assert lists() == before
        assert states[-1].done == states[-1].total == 6
        assert db.session.scalars(select(IndexChange)).all() == []


def test_a_kill_in_the_middle_of_a_run_leaves_lists_that_the_next_run_completes(listings, app):
    before = lists()
    spoil()
    settings = app.extensions["matchmaker.settings"]
    environment = {
        **os.environ,
        "MATCHMAKER_SECRET_KEY": settings.secret_key, "MATCHMAKER_DATA_DIR": str(settings.data_dir),
        "MATCHMAKER_HTTPS": "0", "DATABASE_URL": settings.database_url,
    }  # fmt: skip
    script = (
        "from matchmaker.app import create_app\n"
        "from matchmaker.config import Settings\n"
        "from matchmaker.matching import batch, jobs\n"
        "import time\n"
        "jobs.BATCH = 1\n"
        "app = create_app(Settings.from_environment())\n"
        "with app.app_context():\n"
        "    for state in batch.recompute(app.extensions['matchmaker.settings'].index_dir):\n"
        "        print(state.done, flush=True); time.sleep(0.2)\n"
    )
    db.session.rollback()
    process = subprocess.Popen([sys.executable, "-c", script], env=environment, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "1\n"
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert db.session.get(MatchIndex, 1).recomputing_since is not None
    states = list(batch.recompute(index_root()))
    assert states[0].resumed
    assert lists() == before
