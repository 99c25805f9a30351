"""The first bureau is made on the command line, and its administrator lets the others in."""

import pytest
import sqlalchemy as sa
from click.testing import CliRunner

from matchmaker.accounts import queries
from matchmaker.accounts.cli import bureau
from matchmaker.accounts.models import Organisation, OrganisationState, User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import audit
from matchmaker.core.db import db
from tests.factories import accounts as make

EMAIL = "head@bureau.example"


def create(app, **changes):
    options = {
        "name": "示例科技局", "credit-code": make.next_credit_code(), "district": "other", "email": EMAIL,
        "person": "示例甲", "password": make.PASSWORD, **changes,
    }  # fmt: skip
    arguments = [part for name, value in options.items() if value is not None for part in (f"--{name}", value)]
    db.session.rollback()
    return CliRunner().invoke(bureau, ["create", *arguments], obj=lambda: app, input=f"{make.PASSWORD}\n" * 2)


def test_a_bureau_comes_verified_with_an_administrator_who_can_sign_in(app, client):
    outcome = create(app)
    assert (outcome.exit_code, outcome.stderr) == (0, "")
    organisation = db.session.scalars(sa.select(Organisation)).one()
    assert (organisation.kind, organisation.state) == (OrganisationKind.AUTHORITY, OrganisationState.VERIFIED)
    (member,) = queries.list_members(organisation)
    assert member.role_set == {Role.ADMINISTRATOR}
    assert make.PASSWORD not in outcome.output
    make.sign_in(client, member.user)
    assert client.get(f"/organisations/{organisation.id}/members").status_code == 200


def test_the_history_says_that_the_command_line_did_it(app):
    create(app)
    events = audit.list_events(db.session.scalar(sa.select(Organisation.id)))
    assert [event.event for event in events] == ["organisation.registered", "organisation.verified"]
    assert {event.actor_kind for event in events} == {"system"}


def test_the_password_is_asked_for_where_it_is_not_given(app):
    outcome = create(app, password=None)
    assert outcome.exit_code == 0
    assert make.PASSWORD not in outcome.output
    assert queries.find_user_by_email(EMAIL) is not None


def test_someone_with_an_account_becomes_administrator_with_it(app):
    user = make.make_user(email=EMAIL)
    assert create(app, password="something else entirely").exit_code == 0
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == 1
    assert len(queries.list_memberships(user.id)) == 1


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"credit-code": "912201"}, "18 characters"), ({"email": "nobody"}, "not an e-mail address"),
        ({"password": "short"}, "at least 10 characters"), ({"district": "atlantis"}, "--district"),
        ({"name": " \u200b"}, "--name"), ({"person": ""}, "--person"),
    ],
)  # fmt: skip
def test_what_cannot_be_taken_ends_with_2_and_a_sentence_and_leaves_nothing(app, change, word):
    outcome = create(app, **change)
    assert outcome.exit_code == 2
    assert word in outcome.stderr
    assert "Traceback" not in outcome.output
    for model in (User, Organisation, audit.AuditEvent):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(model)) == 0


def test_a_credit_code_that_is_taken_is_refused_and_the_person_not_left_behind(app):
    taken = make.make_organisation().credit_code
    people = db.session.scalar(sa.select(sa.func.count()).select_from(User))
    outcome = create(app, **{"credit-code": taken})
    assert outcome.exit_code == 2
    assert "already registered" in outcome.stderr
    assert db.session.scalar(sa.select(sa.func.count()).select_from(User)) == people
