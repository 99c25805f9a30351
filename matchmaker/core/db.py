"""The database: engine settings, one unit of work at the edge, commands inside it.

* Reads run in a read-only transaction, so that a GET cannot write even by mistake.
* A unit of work is the only thing that commits. On SQLite it begins IMMEDIATE: a deferred transaction that
  upgrades fails with "database is locked" however long the busy timeout (docs/decisions/0003).
* A command runs in a savepoint, checks its permission, flushes, translates named constraints into domain
  errors, and refuses to change rows without an audit event.
"""

from __future__ import annotations

import functools
import random
import re
import sqlite3
import time
import uuid
from collections.abc import Callable, Collection, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, ParamSpec, TypeVar

import sqlalchemy as sa
from flask import Flask
from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session, mapped_column, registry, scoped_session
from sqlalchemy.orm.exc import StaleDataError

from matchmaker.config import MIGRATIONS, Settings
from matchmaker.core import access, types
from matchmaker.core.access import Actor, Permission
from matchmaker.core.errors import Conflict, DomainError

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
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


if TYPE_CHECKING:

    class db:  # a checker takes `db.Model` as a base class only from a class
        class Model(Base):
            __abstract__ = True

        session: ClassVar[scoped_session[Session]]
        engine: ClassVar[sa.Engine]
        metadata: ClassVar[sa.MetaData]

        @staticmethod
        def init_app(app: Flask) -> None: ...
else:
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


def journal_mode() -> str:
    """The journal that the SQLite at hand can be trusted with."""
    return "WAL" if wal_is_safe(sqlite3.sqlite_version_info) else "DELETE"


def _configure_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    pragmas = ["busy_timeout=30000", f"journal_mode={journal_mode()}", "synchronous=FULL", "foreign_keys=ON"]
    pragmas += ["recursive_triggers=ON"]  # else INSERT OR REPLACE deletes past the triggers of append-only tables
    for pragma in pragmas:
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
    # Parameters hold what people typed: they stay out of the text of errors, and so out of logs.
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_pre_ping": not sqlite, "hide_parameters": True}
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
_followers: list[tuple[Callable[[Any], Hashable | None], Callable[[Collection[Any]], object]]] = []


def after_commit(hook: Callable[[], None]) -> Callable[[], None]:
    """Register what runs after each commit that recorded events (the worker's wake-up call)."""
    _after_commit.append(hook)
    return hook


F = TypeVar("F", bound=Callable[[Collection[Any]], object])


def follows(of: Callable[[Any], Hashable | None]) -> Callable[[F], F]:
    """Register what keeps derived rows in step: `of` names what a row that was written belongs to, None for nothing.

    The hook runs once in each unit of work that wrote such rows, before its commit, with all that they belong to. It
    writes by statements, which call no hook.
    """

    def register(hook: F) -> F:
        _followers.append((of, hook))
        return hook

    return register


def _bring_up_to_date() -> None:
    db.session.flush()
    touched = db.session.info.pop("touched", {})
    for _, hook in _followers:
        if keys := touched.get(hook):
            hook(keys)


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One write transaction: brings up to date what follows from its rows and commits at the end, rolls back on any
    error. Never nested."""
    if _writing.get():
        raise RuntimeError("a unit of work is already open")
    db.session.rollback()  # ends the read transaction, whose snapshot may be old
    token = _writing.set(True)
    try:
        yield db.session()
        with translated_errors():
            _bring_up_to_date()
            db.session.commit()
    except BaseException:
        db.session.rollback()
        raise
    finally:
        _writing.reset(token)
        changed = db.session.info.pop("events", 0)
        db.session.info.pop("changes", 0)
        db.session.info.pop("records", 0)
        db.session.info.pop("touched", None)
    if changed:
        for hook in _after_commit:
            hook()


def with_retries(work: Callable[[], Any], *, tries: int = 3) -> Any:
    """Run a whole unit of work again where PostgreSQL asks for it. Raises Conflict after the last try."""
    for attempt in range(tries):
        if attempt:  # apart from each other, or two that clashed clash again
            time.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311
        try:
            with unit_of_work():
                return work()
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _RETRIED:
                raise
    raise Conflict()


def is_busy(error: BaseException) -> bool:
    """Whether a transaction waited in vain for a connection, or for another one's lock."""
    if isinstance(error, PoolTimeout):
        return True
    locked = getattr(error.orig, "sqlite_errorcode", None) if isinstance(error, OperationalError) else None
    return locked is not None and locked & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)


def give_up_writing() -> None:
    """Undo what this unit of work did and let others write: what is left of it only reads.

    For a form that was refused, whose page is drawn anew: drawing takes many times as long as the writing, and on
    SQLite everybody else would wait for it.
    """
    db.session.rollback()
    db.session.info.pop("events", 0)
    db.session.info.pop("touched", None)
    _writing.set(False)


def each(query: sa.Select[Any]) -> Iterator[Any]:
    """The rows of an ordered query, read a few hundred at a time: for files that may hold very many."""
    for part in db.session.scalars(query.execution_options(yield_per=300)).partitions():
        yield from part


# --- commands -------------------------------------------------------------------------------------------------------

_meanings: dict[str, Callable[[], DomainError]] = {}
_SQLITE_NAMED = re.compile(r"(?:CHECK constraint failed: |UNIQUE constraint failed: index ')(\w+)")
_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (.+)")


def constraint_means(name: str, error: Callable[[], DomainError]) -> None:
    """Translate a violated constraint, by name, into a domain error."""
    _meanings[name] = error


def _violated(error: IntegrityError) -> str | None:
    """Name of the constraint that was violated, on either engine."""
    diagnostics = getattr(error.orig, "diag", None)
    if diagnostics is not None:
        return str(diagnostics.constraint_name) if diagnostics.constraint_name else None
    text = str(error.orig)
    if match := _SQLITE_NAMED.search(text):
        return match[1]
    if match := _SQLITE_UNIQUE.search(text):  # SQLite names the columns, not the constraint
        pairs = [part.split(".") for part in match[1].split(", ")]
        return _unique_over(pairs[0][0], [column for _, column in pairs])
    return None


def _unique_over(table: str, columns: list[str]) -> str | None:
    """Name of what keeps these columns of a table unique: primary key, UNIQUE or unique index."""
    found = db.metadata.tables[table]
    indexes = [index for index in found.indexes if index.unique]
    guards = [c for c in found.constraints if isinstance(c, sa.PrimaryKeyConstraint | sa.UniqueConstraint)]
    for guard in (*guards, *indexes):
        if [column.name for column in guard.columns] == columns:
            return str(guard.name)
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
            changes, records = info.get("changes", 0), info.get("records", 0)
            with translated_errors(), db.session.begin_nested():
                result = function(*args, **kwargs)
                db.session.flush()
            if info.get("changes", 0) > changes and info.get("records", 0) == records:
                raise RuntimeError(f"{function.__qualname__} changed rows without an audit event")
            return result

        run.__permission__ = permission  # type: ignore[attr-defined]
        return run

    return wrap


_AUDIT_LOG = "audit_events"


@event.listens_for(Session, "after_flush")
def _count_rows(session: Session, context: Any) -> None:
    """Count changed rows and audit records, for the check above; events wake the worker. Note what rows belong to."""
    for row in (*session.new, *session.dirty, *session.deleted):
        for of, hook in _followers:
            if (key := of(row)) is not None:
                session.info.setdefault("touched", {}).setdefault(hook, set()).add(key)
        if getattr(row, "__tablename__", "") == _AUDIT_LOG:
            _count(session, "records", "events")
        else:
            _count(session, "changes")


@event.listens_for(Session, "do_orm_execute")
def _count_statement(state: ORMExecuteState) -> None:
    """The same for statements that change many rows at once."""
    if state.is_insert or state.is_update or state.is_delete:
        table = getattr(getattr(state.statement, "table", None), "name", "")
        _count(state.session, "records" if table == _AUDIT_LOG else "changes")


def _count(session: Session, *names: str) -> None:
    for name in names:
        session.info[name] = session.info.get(name, 0) + 1
