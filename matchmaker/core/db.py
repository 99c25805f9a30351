"""The database: engine settings, one unit of work at the edge, commands inside it.

* Reads run in a read-only transaction, so that a GET cannot write even by mistake.
* A unit of work is the only thing that commits. On SQLite it begins IMMEDIATE: a deferred transaction that
  upgrades fails with "database is locked" however long the busy timeout (measured; docs/reliability.md).
* A command runs in a savepoint, checks its permission, flushes, translates named constraints into domain
  errors, and refuses to change rows without an audit event.
"""

from __future__ import annotations

import functools
import re
import sqlite3
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from enum import StrEnum
from typing import Any, ParamSpec, TypeVar

import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, registry
from sqlalchemy.orm.exc import StaleDataError

from matchmaker.config import MIGRATIONS, Settings
from matchmaker.core import access, types
from matchmaker.core.access import Actor, Permission
from matchmaker.core.errors import Conflict, DomainError

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    registry = registry(
        metadata=sa.MetaData(naming_convention=NAMING),
        type_annotation_map={
            str: sa.Text,
            int: types.Number,
            bool: types.Flag,
            uuid.UUID: types.Id,
            datetime: types.UtcDateTime,
            date: types.Day,
        },
    )


db = SQLAlchemy(model_class=Base)
migrate = Migrate(directory=str(MIGRATIONS))


@event.listens_for(sa.Table, "after_parent_attach")
def _strict(table: sa.Table, parent: Any) -> None:
    """Every table of ours is STRICT: a plain SQLite INTEGER column stores 'abc' and 12.5 without a word."""
    if table.name != "alembic_version":
        table.dialect_options["sqlite"]["strict"] = True


def id_column() -> Any:
    return mapped_column(types.Id, primary_key=True, default=uuid.uuid4)


def one_of(column: str, members: type[StrEnum] | tuple[str, ...]) -> sa.CheckConstraint:
    """Named CHECK that a text column holds a member of the enumeration."""
    values = ", ".join(f"'{member}'" for member in members)
    return sa.CheckConstraint(f"{column} IN ({values})", name=column)


# --- engine ---------------------------------------------------------------------------------------------------------

_writing: ContextVar[bool] = ContextVar("writing", default=False)

_FIXED_WAL = ((3, 51, 3), (3, 50, 7), (3, 44, 6))


def wal_is_safe(version: tuple[int, ...]) -> bool:
    """Whether this SQLite is free of the WAL-reset defect: 3.51.3 on, or the backports 3.50.7 and 3.44.6."""
    newest, *backports = _FIXED_WAL
    return version >= newest or any(version[:2] == fixed[:2] and version >= fixed for fixed in backports)


def _configure_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    journal = "WAL" if wal_is_safe(sqlite3.sqlite_version_info) else "DELETE"
    for pragma in ("busy_timeout=30000", f"journal_mode={journal}", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writing = _writing.get()
    connection.exec_driver_sql(f"PRAGMA query_only={'OFF' if writing else 'ON'}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")


def _begin_postgresql(connection: sa.Connection) -> None:
    connection.connection.driver_connection.read_only = not _writing.get()  # type: ignore[union-attr]


def init_app(app: Flask, settings: Settings) -> None:
    sqlite = settings.database_url.startswith("sqlite")
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": not sqlite}
    db.init_app(app)
    migrate.init_app(app, db, compare_type=True, render_as_batch=True)
    with app.app_context():
        if sqlite:
            event.listen(db.engine, "connect", _configure_sqlite)
        event.listen(db.engine, "begin", _begin_sqlite if sqlite else _begin_postgresql)


# --- unit of work ---------------------------------------------------------------------------------------------------


@contextmanager
def writing() -> Iterator[None]:
    """Let transactions begun here write, for those that commit by themselves: migrations."""
    token = _writing.set(True)
    try:
        yield
    finally:
        _writing.reset(token)


_RETRIED = {"40001", "40P01"}  # serialization failure, deadlock: PostgreSQL asks to run the whole thing again
_after_commit: list[Callable[[], None]] = []


def after_commit(hook: Callable[[], None]) -> Callable[[], None]:
    """Register what runs after each commit that recorded events (the worker's wake-up call)."""
    _after_commit.append(hook)
    return hook


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One write transaction: commits at the end, rolls back on any error. Never nested."""
    if _writing.get():
        raise RuntimeError("a unit of work is already open")
    db.session.rollback()  # ends the read transaction, whose snapshot may be old
    token = _writing.set(True)
    try:
        yield db.session()
        with translated_errors():
            db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        _writing.reset(token)
        changed = db.session.info.pop("events", 0)
        db.session.info.pop("changes", 0)
    if changed:
        for hook in _after_commit:
            hook()


def with_retries(work: Callable[[], Any], *, tries: int = 3) -> Any:
    """Run a whole unit of work again where PostgreSQL asks for it. Raises Conflict after the last try."""
    for attempt in range(tries):
        try:
            with unit_of_work():
                return work()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _RETRIED or attempt == tries - 1:
                raise
    raise Conflict()


# --- commands -------------------------------------------------------------------------------------------------------

_meanings: dict[str, Callable[[], DomainError]] = {}
_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (.+)")
_SQLITE_CHECK = re.compile(r"CHECK constraint failed: (\w+)")


def constraint_means(name: str, error: Callable[[], DomainError]) -> None:
    """Translate a violated constraint, by name, into a domain error."""
    _meanings[name] = error


def _violated(error: IntegrityError) -> str | None:
    """Name of the constraint that was violated, on either engine."""
    diagnostics = getattr(error.orig, "diag", None)
    if diagnostics is not None:
        return str(diagnostics.constraint_name) if diagnostics.constraint_name else None
    text = str(error.orig)
    if match := _SQLITE_CHECK.search(text):
        return match[1]
    if match := _SQLITE_UNIQUE.search(text):
        # SQLite names the columns; our naming convention makes the constraint's name of them.
        table, columns = "", []
        for part in match[1].split(", "):
            table, column = part.split(".")
            columns.append(column)
        return f"uq_{table}_{'_'.join(columns)}"
    return None


@contextmanager
def translated_errors() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        meaning = _meanings.get(_violated(error) or "")
        if meaning is None:
            raise
        raise meaning() from error
    except StaleDataError as error:
        raise Conflict() from error


P = ParamSpec("P")
R = TypeVar("R")


def command(permission: Permission) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """A change of state: `f(actor, thing, *, facts)`. Checks `permission` on the thing, which may be None."""

    def wrap(function: Callable[P, R]) -> Callable[P, R]:
        @functools.wraps(function)
        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            actor, thing = args[0], (args[1] if len(args) > 1 else None)
            assert isinstance(actor, Actor)
            if not _writing.get():
                raise RuntimeError(f"{function.__qualname__} needs a unit of work")
            access.require(actor, permission, thing)
            info = db.session.info
            outer = info.get("changes", 0), info.get("events", 0)
            with translated_errors(), db.session.begin_nested():
                result = function(*args, **kwargs)
                db.session.flush()
            changes, events = info.get("changes", 0), info.get("events", 0)
            if changes - events > outer[0] - outer[1] and events == outer[1]:
                raise RuntimeError(f"{function.__qualname__} changed rows without an audit event")
            return result

        run.__permission__ = permission  # type: ignore[attr-defined]
        return run

    return wrap


@event.listens_for(Session, "after_flush")
def _count(session: Session, context: Any) -> None:
    """Count changed rows and audit events, for the check above and for the wake-up call."""
    for row in (*session.new, *session.dirty, *session.deleted):
        session.info["changes"] = session.info.get("changes", 0) + 1
        if getattr(row, "__tablename__", "") == "audit_events":
            session.info["events"] = session.info.get("events", 0) + 1
