"""Work outside requests: a huey queue that only *wakes* the worker; the truth lives in rows.

A feature registers a puller: a function that looks in the database for what is not yet done and does it in
its own units of work. After each commit with events the worker is woken, and once a minute it looks anyway, so
a killed worker or a lost wake-up delays work but never loses it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flask import Flask, current_app
from huey import Huey, PostgresHuey, RedisHuey, SqliteHuey, crontab

from matchmaker.config import Settings
from matchmaker.core import db as database
from matchmaker.core.db import db
from matchmaker.core.errors import trace_of

log = logging.getLogger(__name__)

Puller = Callable[[Settings], Any]
_pullers: dict[str, Puller] = {}


def puller(name: str) -> Callable[[Puller], Puller]:
    """Register what looks for undone work. It must be safe to run at any time, twice, and after a kill."""

    def register(function: Puller) -> Puller:
        _pullers[name] = function
        return function

    return register


def _queue(settings: Settings) -> Huey:
    scheme, _, path = settings.jobs_url.partition("://")
    if scheme == "redis":
        return RedisHuey("matchmaker", url=settings.jobs_url)
    if scheme == "postgresql":
        return PostgresHuey("matchmaker", dsn=settings.jobs_url)
    return SqliteHuey("matchmaker", filename=path.removeprefix("/"), journal_mode=database.journal_mode())


def init_app(app: Flask, settings: Settings) -> None:
    queue = _queue(settings)

    @queue.task(name="wake")  # type: ignore[untyped-decorator]
    def wake() -> None:
        with app.app_context():
            run_pullers(settings)

    queue.periodic_task(crontab(minute="*"), name="sweep")(wake.func)
    app.extensions["matchmaker.queue"] = queue
    app.extensions["matchmaker.wake"] = wake


@database.after_commit
def wake_worker() -> None:
    """Tell the worker that something changed. A queue that cannot be reached only costs the wake-up."""
    if current_app.config.get("WAKE_WORKER", True):
        queue, wake = current_app.extensions["matchmaker.queue"], current_app.extensions["matchmaker.wake"]
        try:
            if queue.pending_count() == 0:
                wake()
        except Exception:
            log.exception("the job queue did not take the wake-up; the sweep will find the work")


def run_pullers(settings: Settings) -> None:
    """Run every puller once; the failure of one does not stop the others."""
    for name, function in _pullers.items():
        try:
            function(settings)
        except Exception as error:  # noqa: BLE001 - whatever it is, the other pullers must run
            log.error("puller %s failed; it runs again within a minute\n%s", name, trace_of(error))
        finally:
            db.session.remove()


def consumer(app: Flask) -> Any:
    """The worker: one process, one worker thread, so that no two pullers run at once on one machine."""
    return app.extensions["matchmaker.queue"].create_consumer(
        workers=1, worker_type="thread", initial_delay=0.05, max_delay=0.5, backoff=1.2
    )
