"""A step is one write: state, permission, guard, version and event together, or nothing."""

import threading

import pytest
import sqlalchemy as sa

from matchmaker.accounts import services, states
from matchmaker.accounts.models import Organisation, OrganisationState
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import audit, workflow
from matchmaker.core.audit import AuditEvent
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Conflict, Forbidden, Invalid, NotFound, WrongState
from matchmaker.core.workflow_table import Transition, Workflow
from tests.factories import accounts as make


class TooSoon(Invalid):
    code = "test.too_soon"


def not_yet(row, *, ready):
    if not ready:
        raise TooSoon(field="ready")


GUARDED = Workflow(
    "guarded",
    initial="pending",
    transitions=[
        Transition("pending", "verify", "verified", "test.verified", "organisation:verify", not_yet),
        Transition("verified", "note", "verified", "test.noted", "organisation:edit"),
    ],
    final=(),
)


@pytest.fixture
def administrator(app):
    return make.make_actor(OrganisationKind.AUTHORITY, Role.ADMINISTRATOR)


def test_a_step_moves_the_state_takes_the_version_on_and_leaves_one_event(administrator):
    row = make.make_organisation(verified=False)
    before = row.version
    with unit_of_work():
        taken = workflow.apply(administrator, row, GUARDED, "verify", ready=True)
    assert (row.state, row.version, taken.event) == (OrganisationState.VERIFIED, before + 1, "test.verified")
    (event,) = (event for event in audit.list_events(row.id) if event.event.startswith("test."))
    assert event.facts == {"from": "pending", "to": "verified", "ready": True}
    assert event.actor_id == administrator.user_id


@pytest.mark.parametrize(
    ("action", "facts", "error"),
    [("note", {}, WrongState), ("verify", {"ready": False}, TooSoon), ("unknown", {}, WrongState)],
)
def test_a_refused_step_leaves_nothing(administrator, action, facts, error):
    row = make.make_organisation(verified=False)
    version, events = row.version, len(audit.list_events(row.id))
    with pytest.raises(error), unit_of_work():
        workflow.apply(administrator, row, GUARDED, action, **facts)
    assert (row.state, row.version) == (OrganisationState.PENDING, version)
    assert len(audit.list_events(row.id)) == events


def test_wrong_state_names_the_state_and_what_is_open(administrator):
    row = make.make_organisation(verified=False)
    with pytest.raises(WrongState) as caught, unit_of_work():
        workflow.apply(administrator, row, GUARDED, "note")
    assert caught.value.facts == {"state": "pending", "action": "note", "open": ("verify",)}
    assert caught.value.status == 409


def test_who_may_not_take_the_step_is_told_so_or_sees_nothing(app):
    hidden, shown = make.make_organisation(verified=False), make.make_organisation()
    outsider = make.make_actor(OrganisationKind.UNIVERSITY)
    with pytest.raises(NotFound), unit_of_work():
        workflow.apply(outsider, hidden, states.ORGANISATION, "verify")
    with pytest.raises(Forbidden), unit_of_work():
        workflow.apply(outsider, shown, states.ORGANISATION, "suspend")


def test_a_step_that_keeps_the_state_is_still_a_write(app):
    row = make.make_organisation()
    member, version = make.actor(make.make_member(row)), row.version
    with unit_of_work():
        workflow.apply(member, row, GUARDED, "note")
    assert (row.state, row.version) == (OrganisationState.VERIFIED, version + 1)


def test_open_actions_are_those_of_the_state_that_the_actor_may_take(administrator):
    waiting, verified = make.make_organisation(verified=False), make.make_organisation()
    member = make.actor(make.make_member(waiting))
    assert workflow.open_actions(administrator, waiting, states.ORGANISATION) == ["verify", "reject"]
    assert workflow.open_actions(administrator, waiting, states.ORGANISATION, among={"reject"}) == ["reject"]
    assert workflow.open_actions(administrator, verified, states.ORGANISATION) == ["suspend"]
    assert workflow.open_actions(member, waiting, states.ORGANISATION) == []


def test_of_many_who_take_the_same_step_at_once_exactly_one_does(app):
    organisation_id = make.make_organisation().id
    db.session.rollback()
    outcomes = []
    together = threading.Barrier(6)

    def suspend():
        with app.app_context():
            together.wait()
            try:
                with unit_of_work():
                    services.decide_organisation(
                        make.SYSTEM, db.session.get(Organisation, organisation_id), action="suspend"
                    )
            except Conflict as error:
                outcomes.append(error.code)
            else:
                outcomes.append("done")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=suspend) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert outcomes.count("done") == 1
    assert len(outcomes) == 6
    events = sa.select(sa.func.count()).where(AuditEvent.event == "organisation.suspended")
    assert db.session.scalar(events) == 1
