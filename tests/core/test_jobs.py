"""The worker is woken after a commit that recorded events, and one puller's failure is its own."""

import logging

import pytest
import sqlalchemy as sa
from huey import SqliteHuey

from matchmaker.accounts.models import User
from matchmaker.core import audit, jobs
from matchmaker.core.db import db, journal_mode, unit_of_work
from tests.conftest import settings_for
from tests.factories import accounts as make


@pytest.fixture
def pullers(monkeypatch):
    monkeypatch.setattr(jobs, "_pullers", {})
    return jobs._pullers


@pytest.fixture
def queue(app, monkeypatch):
    monkeypatch.setitem(app.config, "WAKE_WORKER", True)
    queue = app.extensions["matchmaker.queue"]
    queue.flush()
    yield queue
    queue.flush()


def test_a_puller_that_fails_does_not_stop_the_others(app, pullers, caplog):
    ran, typed = [], "canary@secret.example"

    @jobs.puller("first")
    def first(settings):
        ran.append("first")
        raise RuntimeError(typed)

    @jobs.puller("second")
    def second(settings):
        ran.append(("second", settings))

    settings = app.extensions["matchmaker.settings"]
    jobs.run_pullers(settings)
    assert ran == ["first", ("second", settings)]
    (record,) = (record for record in caplog.records if record.levelno == logging.ERROR)
    assert "puller first failed" in record.getMessage()
    assert "RuntimeError" in record.getMessage()
    assert "test_jobs.py" in record.getMessage()
    assert "secret.example" not in caplog.text


def test_a_puller_that_fails_in_a_unit_of_work_leaves_the_next_a_clean_session(app, pullers):
    @jobs.puller("first")
    def first(settings):
        with unit_of_work():
            make.make_user()
            db.session.execute(sa.text("SELECT nothing FROM nowhere"))

    @jobs.puller("second")
    def second(settings):
        with unit_of_work():
            make.make_user(email="second@demo.example")

    jobs.run_pullers(app.extensions["matchmaker.settings"])
    assert list(db.session.scalars(sa.select(User.email))) == ["second@demo.example"]


def test_a_commit_with_events_wakes_the_worker_once(queue):
    make.make_user()
    assert queue.pending_count() == 1
    make.make_user()
    assert queue.pending_count() == 1, "one wake-up is enough for all that is undone"


def test_nobody_is_woken_by_a_commit_without_events_or_by_work_undone(queue):
    with unit_of_work():
        db.session.execute(sa.text("SELECT 1"))
    with pytest.raises(ZeroDivisionError), unit_of_work():
        make.make_user()
        raise ZeroDivisionError
    assert queue.pending_count() == 0


def test_a_queue_that_is_away_costs_only_the_wake_up(app, monkeypatch, caplog):
    class Away:
        def pending_count(self):
            raise ConnectionError

    monkeypatch.setitem(app.config, "WAKE_WORKER", True)
    monkeypatch.setitem(app.extensions, "matchmaker.queue", Away())
    make.make_user()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 1
    assert "sweep will find the work" in caplog.text


def test_the_woken_worker_runs_the_pullers_and_sees_what_was_committed(queue, pullers):
    seen = []

    @jobs.puller("look")
    def look(settings):
        seen.append(db.session.scalar(sa.select(sa.func.count()).select_from(User)))

    make.make_user()
    queue.execute(queue.dequeue())
    assert seen == [1]


def test_the_worker_looks_once_a_minute_even_if_nobody_wakes_it(app):
    periodic = app.extensions["matchmaker.queue"]._registry.periodic_tasks
    assert [task.name for task in periodic] == ["sweep"]


def test_the_queue_lies_where_the_settings_say_in_a_journal_that_can_be_trusted(tmp_path):
    settings = settings_for(tmp_path, "sqlite:////unused.db", MATCHMAKER_JOBS_URL=f"sqlite:///{tmp_path}/queue.db")
    queue = jobs._queue(settings)
    assert isinstance(queue, SqliteHuey)
    assert (tmp_path / "queue.db").exists()
    assert queue.storage.conn.execute("PRAGMA journal_mode").fetchone() == (journal_mode().lower(),)
    assert queue.storage.conn.execute("PRAGMA synchronous").fetchone() == (2,)
    queue.storage.close()


def test_an_event_alone_wakes_the_worker(queue):
    user = make.make_user()
    queue.flush()
    with unit_of_work():
        audit.record(make.SYSTEM, "test.looked", user)
    assert queue.pending_count() == 1
