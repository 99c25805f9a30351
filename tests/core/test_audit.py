"""The audit log: one event in the transaction of the change, kept as written."""

import uuid

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError

from matchmaker.accounts.models import Organisation, User
from matchmaker.accounts.permissions import Can
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import audit, clock
from matchmaker.core.audit import AuditEvent
from matchmaker.core.db import command, db, unit_of_work
from tests.factories import accounts as make


def count(model):
    return db.session.scalar(sa.select(sa.func.count()).select_from(model))


def test_an_event_says_who_did_what_to_what_for_whom_and_when(app):
    actor = make.make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY)
    organisation = db.session.get(Organisation, actor.organisation_id)
    with clock.at(clock.noon(clock.today())), unit_of_work():
        audit.record(actor, "organisation.looked_at", organisation, figures=[1, 2])
        written_at = clock.now()
    event = audit.list_events(organisation.id)[-1]
    assert (event.event, event.actor_kind, event.actor_id) == ("organisation.looked_at", "user", actor.user_id)
    assert (event.organisation_id, event.subject, event.at) == (organisation.id, "organisations", written_at)
    assert (event.facts, event.request_id) == ({"figures": [1, 2]}, None)


def test_history_is_in_the_order_of_what_happened(app):
    organisation = make.make_organisation()
    with unit_of_work():
        for number in range(5):
            audit.record(make.SYSTEM, f"test.step_{number}", organisation)
    events = [event.event for event in audit.list_events(organisation.id)]
    assert events == ["organisation.registered", "organisation.verified", *(f"test.step_{n}" for n in range(5))]
    assert audit.list_events(uuid.uuid4()) == []


def test_change_and_event_stand_or_fall_together(app):
    with pytest.raises(ZeroDivisionError), unit_of_work():
        make.make_user()
        raise ZeroDivisionError
    assert (count(User), count(AuditEvent)) == (0, 0)


def test_where_the_log_cannot_be_written_nothing_is(app, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError("the log is away")

    monkeypatch.setattr(audit, "record", refuse)
    with pytest.raises(OSError, match="log is away"), unit_of_work():
        make.make_user()
    assert count(User) == 0


def test_request_is_named_by_the_number_that_its_reader_was_told(app, client):
    user = make.make_user()
    answer = client.post("/sign-in", data={"email": user.email, "password": make.PASSWORD})
    opened = db.session.scalars(sa.select(AuditEvent).where(AuditEvent.event == "session.opened")).one()
    assert opened.request_id == answer.headers["X-Request-Id"]


def test_events_of_many_rows_are_written_at_once(app):
    ids = [uuid.uuid4() for _ in range(3)]
    with unit_of_work():
        audit.record_many(make.SYSTEM, "row.imported", User, {row_id: {"line": n} for n, row_id in enumerate(ids)})
        audit.record_many(make.SYSTEM, "row.imported", User, {})
    assert [audit.list_events(row_id)[0].facts for row_id in ids] == [{"line": 0}, {"line": 1}, {"line": 2}]


def test_a_statement_that_changes_many_rows_needs_an_event_too(app):
    make.make_user()

    @command(Can.ORGANISATION_REGISTER)
    def rename(actor, thing, *, events=0):
        db.session.execute(sa.update(User).values(name="anders"))
        audit.record_many(actor, "user.renamed", User, {uuid.uuid4(): {} for _ in range(events)})

    with pytest.raises(RuntimeError, match="without an audit event"), unit_of_work():
        rename(make.SYSTEM, None)
    with unit_of_work():
        rename(make.SYSTEM, None, events=1)


def test_an_event_of_an_earlier_command_does_not_cover_a_later_one(app):
    @command(Can.ORGANISATION_REGISTER)
    def silent(actor, thing):
        thing.name = "still"

    with pytest.raises(RuntimeError, match="without an audit event"), unit_of_work():
        silent(make.SYSTEM, make.make_user())


def test_an_event_cannot_be_replaced_under_its_number(app):
    make.make_user()
    number = db.session.scalar(sa.select(AuditEvent.number))
    if db.engine.dialect.name == "sqlite":
        replace = "INSERT OR REPLACE INTO audit_events SELECT * FROM audit_events"
    else:
        replace = (
            "INSERT INTO audit_events SELECT * FROM audit_events ON CONFLICT (number) DO UPDATE SET event = 'forged'"
        )
    with pytest.raises(DBAPIError, match="append_only"), unit_of_work():
        db.session.execute(sa.text(replace))
    assert db.session.scalar(sa.select(AuditEvent.number)) == number


def test_the_orm_cannot_change_or_remove_an_event(app):
    make.make_user()
    for change in (lambda event: setattr(event, "event", "forged"), db.session.delete):
        with pytest.raises(DBAPIError, match="append_only"), unit_of_work():
            change(db.session.scalars(sa.select(AuditEvent)).one())
            db.session.flush()
    assert db.session.scalar(sa.select(AuditEvent.event)) == "user.registered"
