"""Commands that run the platform: migrate, serve (pages and worker together), worker alone."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from types import FrameType
from typing import Any

import click
import flask_migrate
from flask import current_app

from matchmaker.core import jobs
from matchmaker.core.cli import with_app

GRACE_SECONDS = 30


@click.command()
@with_app
def migrate() -> None:
    """Bring the database to the present schema."""
    flask_migrate.upgrade()


@click.command()
@with_app
def worker() -> None:
    """Run the job worker: refreshes matches, sends mails."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    jobs.consumer(app).run()


@click.command()
@click.option("--bind", default="127.0.0.1:8000", show_default=True, help="Address and port of the pages.")
@click.option("--workers", default=2, show_default=True, help="Processes that serve pages.")
@with_app
def serve(bind: str, workers: int) -> None:
    """Migrate, load the demo where one is wanted, then serve pages with the worker beside them."""
    flask_migrate.upgrade()
    if current_app.extensions["matchmaker.settings"].demo:
        from matchmaker.demo.load import load_if_empty

        load_if_empty(report=click.echo)
    click.echo(f"\nhttp://{bind}/\n")
    pages = [
        sys.executable, "-m", "gunicorn", "matchmaker.app:create_app()",
        "--bind", bind, "--workers", str(workers), "--threads", "4", "--worker-class", "gthread",
        "--graceful-timeout", str(GRACE_SECONDS), "--no-control-socket", "--log-level", "warning",
    ]  # fmt: skip
    raise SystemExit(_together([pages, [sys.executable, "-m", "matchmaker", "worker"]]))


def _together(commands: list[list[str]]) -> int:
    """Run processes until one ends or we are told to stop; then stop the others, gently."""
    processes = [subprocess.Popen(command) for command in commands]
    told: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        told.append(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, stop)
    while not told and all(process.poll() is None for process in processes):
        time.sleep(0.2)
    for process in processes:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
    codes = [_wait(process) for process in processes]
    return 0 if told else next((code for code in codes if code), 1)


def _wait(process: subprocess.Popen[Any]) -> int:
    try:
        return process.wait(GRACE_SECONDS + 5)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()
