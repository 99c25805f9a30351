"""The unit of work, commands, portable types and append-only tables, on both engines."""

import sqlite3
import threading
import uuid
from datetime import datetime

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from matchmaker.accounts import services
from matchmaker.accounts.models import Organisation, OrganisationState, User
from matchmaker.accounts.permissions import Can
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import audit, clock
from matchmaker.core import db as database
from matchmaker.core.access import system_actor
from matchmaker.core.audit import AuditEvent
from matchmaker.core.db import command, db, unit_of_work, wal_is_safe
from matchmaker.core.errors import Conflict
from tests.factories import accounts as make


def test_reading_transaction_cannot_write(app):
    db.session.add(User(email="a@b.example", name="x", password_hash="x", created_at=clock.now()))
    with pytest.raises(DBAPIError):
        db.session.flush()


def test_unit_of_work_commits_at_the_end(app):
    with unit_of_work():
        make.make_user(email="kept@demo.example")
    db.session.rollback()
    assert db.session.scalar(sa.select(User).where(User.email == "kept@demo.example"))


def test_unit_of_work_keeps_nothing_after_an_error(app):
    with pytest.raises(ZeroDivisionError), unit_of_work():
        make.make_user()
        1 / 0  # noqa: B018
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 0


def test_units_of_work_do_not_nest(app):
    with unit_of_work(), pytest.raises(RuntimeError, match="already open"), unit_of_work():
        pass


def test_command_outside_a_unit_of_work_is_a_mistake(app):
    with pytest.raises(RuntimeError, match="needs a unit of work"):
        services.register_user(make.SYSTEM, None, email="a@b.example", name="x", password=make.PASSWORD)


def test_command_that_changes_rows_without_an_event_is_refused(app):
    @command(Can.ORGANISATION_REGISTER)
    def silent(actor, thing):
        db.session.add(User(email="s@b.example", name="x", password_hash="x", created_at=clock.now()))

    with pytest.raises(RuntimeError, match="without an audit event"), unit_of_work():
        silent(system_actor("test"), None)


def test_named_constraint_becomes_a_domain_error_and_leaves_the_unit_usable(app):
    with unit_of_work():
        make.make_user(email="twice@demo.example")
        with pytest.raises(services.EmailTaken):
            make.make_user(email="Twice@demo.example")
        make.make_user(email="other@demo.example")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 2


def test_second_writer_of_one_version_gets_a_conflict(app):
    organisation = make.make_organisation(OrganisationKind.ENTERPRISE, verified=False)
    stale_version, organisation_id = organisation.version, organisation.id
    with unit_of_work():
        services.decide_organisation(make.SYSTEM, db.session.get(Organisation, organisation_id), action="verify")
    with pytest.raises(Conflict), unit_of_work():
        row = db.session.get(Organisation, organisation_id)
        sa.orm.attributes.set_committed_value(row, "version", stale_version)
        services.decide_organisation(make.SYSTEM, row, action="suspend")
    db.session.rollback()
    assert db.session.get(Organisation, organisation_id).state == OrganisationState.VERIFIED


@pytest.fixture
def followed(monkeypatch):
    """Names of the people written in each unit of work, as a hook is told of them."""
    monkeypatch.setattr(database, "_followers", [])
    told = []

    @database.follows(lambda row: row.name if isinstance(row, User) else None)
    def hook(names):
        told.append(sorted(names))
        db.session.execute(sa.update(User).values(locale="en"))

    return told


def test_what_follows_is_brought_up_to_date_once_before_the_commit(app, followed):
    with unit_of_work():
        make.make_user("a")
        user = make.make_user("b")
        assert followed == []
    assert followed == [["a", "b"]]
    assert set(db.session.scalars(sa.select(User.locale))) == {"en"}
    with unit_of_work():
        db.session.get_one(User, user.id).name = "c"  # not flushed before the end
    assert followed[1:] == [["c"]]
    with unit_of_work():
        db.session.scalars(sa.select(User)).all()
    assert len(followed) == 2


def test_what_was_undone_calls_for_nothing(app, followed):
    with pytest.raises(ZeroDivisionError), unit_of_work():
        make.make_user("a")
        1 / 0  # noqa: B018
    with unit_of_work():
        make.make_user("b")
        database.give_up_writing()
    with unit_of_work():
        make.make_user("c")
    assert followed == [["c"]]


def test_a_unit_of_work_fails_with_what_follows_from_it(app, monkeypatch):
    monkeypatch.setattr(database, "_followers", [(lambda row: isinstance(row, User) or None, lambda keys: 1 / 0)])
    with pytest.raises(ZeroDivisionError), unit_of_work():
        make.make_user()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 0


def test_audit_log_refuses_update_delete_and_truncate(app):
    make.make_user()
    statements = ["UPDATE audit_events SET event = 'x'", "DELETE FROM audit_events"]
    if db.engine.dialect.name == "postgresql":
        statements.append("TRUNCATE audit_events")
    for statement in statements:
        with pytest.raises(DBAPIError, match="append_only"), unit_of_work():
            db.session.execute(sa.text(statement))
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 1


def test_values_come_back_as_they_went_in(app):
    moment = datetime.fromisoformat("2026-02-28T23:59:59.999999+08:00")
    with unit_of_work():
        user = make.make_user()
        user.created_at = moment
        audit.record(make.SYSTEM, "test.values", user, figures=[1, "二", {"三": None}])
    db.session.expire_all()
    assert db.session.get(User, user.id).created_at == moment
    assert isinstance(db.session.get(User, user.id).id, uuid.UUID)
    assert audit.list_events(user.id)[-1].facts == {"figures": [1, "二", {"三": None}]}


def test_naive_instants_and_float_money_are_refused(app):
    with pytest.raises(Exception, match="time zone"), unit_of_work():
        db.session.add(User(email="n", name="x", password_hash="x", created_at=datetime(2026, 1, 1)))  # noqa: DTZ001
        db.session.flush()
    with pytest.raises(Exception, match="whole fen"):
        make.make_organisation(OrganisationKind.ENTERPRISE, revenue_fen=1.5)


def test_sqlite_columns_are_strict(app):
    if db.engine.dialect.name != "sqlite":
        return
    make.make_organisation()
    with pytest.raises(DBAPIError), unit_of_work():
        db.session.execute(sa.text("UPDATE organisations SET employees = 'many'"))


@pytest.mark.parametrize(
    ("version", "safe"),
    [
        ((3, 40, 1), False), ((3, 44, 5), False), ((3, 44, 6), True), ((3, 45, 0), False), ((3, 50, 6), False),
        ((3, 50, 7), True), ((3, 51, 2), False), ((3, 51, 3), True), ((3, 52, 0), True),
    ],
)  # fmt: skip
def test_wal_is_used_only_where_the_reset_defect_is_mended(version, safe):
    assert wal_is_safe(version) is safe


def test_every_sqlite_connection_is_set_up_safely(app):
    if db.engine.dialect.name != "sqlite":
        return
    with db.engine.connect() as connection:
        pragmas = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in ("foreign_keys", "synchronous")
        }
        journal = connection.exec_driver_sql("PRAGMA journal_mode").scalar()
    assert pragmas == {"foreign_keys": 1, "synchronous": 2}
    assert journal == ("wal" if wal_is_safe(sqlite3.sqlite_version_info) else "delete")


def test_parallel_writers_wait_for_each_other(app):
    """Read-then-write in a deferred SQLite transaction fails under load; ours begins IMMEDIATE."""
    errors = []

    def write():
        with app.app_context():
            try:
                for _ in range(5):
                    with unit_of_work():
                        db.session.scalar(sa.select(sa.func.count()).select_from(User))
                        make.make_user()
            except Exception as error:  # noqa: BLE001
                errors.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=write) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 40
