"""The database is the last guard, and its guards have the same names on both engines."""

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from matchmaker.accounts.models import MembershipRole, Organisation, Recognition, User
from matchmaker.accounts.roles import RecognitionKind, Role
from matchmaker.core import clock
from matchmaker.core.db import _violated, db, unit_of_work
from tests.factories import accounts as make


def violated(*rows):
    with pytest.raises(IntegrityError) as caught, unit_of_work():
        db.session.add_all(rows)
        db.session.flush()
    return _violated(caught.value)


def person(**changes):
    return User(**{"email": "a@b.example", "name": "x", "password_hash": "x", "created_at": clock.now(), **changes})


def test_a_violated_guard_is_known_by_its_name(app):
    organisation = make.make_organisation()
    member = make.make_member(organisation, Role.ENTERPRISE_MEMBER)
    day = clock.today()
    title = {"organisation_id": organisation.id, "number": "1", "kind": RecognitionKind.GAZELLE}
    assert violated(person(), person()) == "uq_users_email"
    assert violated(person(id=member.user_id)) == "pk_users"
    again = MembershipRole(membership_id=member.id, role=Role.ENTERPRISE_MEMBER)
    db.session.expunge_all()
    assert violated(again) == "pk_membership_roles"
    backwards = Recognition(**title, valid_from=day, valid_until=day.replace(year=2000))
    assert violated(backwards) == "ck_recognitions_validity"
    twice = [Recognition(**title, valid_from=day, valid_until=day) for _ in range(2)]
    assert violated(*twice) == "uq_recognitions_organisation_id_kind_number"


def test_a_value_outside_its_enumeration_is_refused_by_name(app):
    organisation = make.make_organisation()
    with pytest.raises(IntegrityError) as caught, unit_of_work():
        statement = sa.text("UPDATE organisations SET state = 'imaginary' WHERE credit_code = :code")
        db.session.execute(statement, {"code": organisation.credit_code})
    assert _violated(caught.value) == "ck_organisations_state"


def test_a_row_that_points_nowhere_is_refused(app):
    with pytest.raises(IntegrityError), unit_of_work():
        role = MembershipRole(membership_id=make.make_organisation().id, role=Role.REVIEWER)
        db.session.add(role)
        db.session.flush()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Organisation)) == 0


def test_every_guard_has_a_name_that_no_other_has(app):
    names = [str(guard.name) for table in db.metadata.tables.values() for guard in (*table.constraints, *table.indexes)]
    assert "None" not in names
    assert len(set(names)) == len(names)
    assert all(len(name) <= 63 for name in names), "PostgreSQL would cut it off"
