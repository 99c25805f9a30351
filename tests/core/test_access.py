"""Rules answer alike for a row in hand and for a list; what may not be seen does not exist."""

import itertools
import uuid

import pytest
import sqlalchemy as sa

from matchmaker.accounts.models import Organisation, OrganisationState, User
from matchmaker.accounts.permissions import Can
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import access
from matchmaker.core.access import (
    ANONYMOUS,
    AboutActor,
    Actor,
    Among,
    Member,
    Permission,
    Self,
    Where,
    everyone,
    holds,
    signed_in,
    system_actor,
    verified,
)
from matchmaker.core.db import db
from matchmaker.core.errors import Forbidden, NotFound, Unauthenticated
from tests.factories import accounts as make


def seen_by(actor, rule, model=Organisation):
    return set(db.session.scalars(sa.select(model.id).where(rule.many(actor))))


def test_both_faces_of_atoms_and_their_combinations_agree(app):
    mine = make.make_organisation(industry="C36")
    make.make_organisation(OrganisationKind.UNIVERSITY)  # no industry: NULL in that column
    make.make_organisation(verified=False, industry="I65")
    actors = [
        ANONYMOUS,
        make.make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_MEMBER, organisation=mine),
        make.make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR),
        Actor(kind="user", user_id=uuid.uuid4()),
    ]
    rows = list(db.session.scalars(sa.select(Organisation)))
    atoms = [
        Among(Organisation.state, {OrganisationState.VERIFIED}),
        Among(Organisation.industry, {"C36", "I65"}),
        Member(Organisation.id),
        Member(Organisation.id, Role.ENTERPRISE_SIGNATORY),
        holds(Role.AUDITOR),
        verified,
        Where(lambda actor, row: row.employees == 100, lambda actor: Organisation.employees == 100),
    ]
    atoms += [~atom for atom in atoms]
    rules = [*atoms, *(a & b for a, b in itertools.combinations(atoms, 2))]
    rules += [~(a | b) for a, b in itertools.combinations(atoms, 2)]
    for actor, rule in itertools.product(actors, rules):
        assert seen_by(actor, rule) == {row.id for row in rows if rule.one(actor, row)}, (actor, rule)


def test_self_is_the_person_in_the_column_and_nobody_else(app):
    users = [make.make_user(), make.make_user()]
    for actor in (ANONYMOUS, Actor(kind="user", user_id=users[0].id), Actor(kind="user", user_id=uuid.uuid4())):
        for rule in (Self(User.id), ~Self(User.id)):
            known = {row.id for row in db.session.scalars(sa.select(User)) if rule.one(actor, row)}
            assert seen_by(actor, rule, User) == known
    assert seen_by(Actor(kind="user", user_id=users[0].id), Self(User.id), User) == {users[0].id}


def test_member_without_an_organisation_is_member_of_nothing():
    nobody = Actor(kind="user", user_id=uuid.uuid4())
    assert not Member(Organisation.id).one(nobody, Organisation(id=None))


@pytest.mark.parametrize(
    ("rule", "open_to_anonymous"),
    [
        (everyone, True), (signed_in, False), (Among(Organisation.state, {"verified"}), True),
        (Member(Organisation.id), False), (Among(Organisation.state, {"verified"}) | Member(Organisation.id), True),
        (Among(Organisation.state, {"verified"}) & signed_in, False), (~Member(Organisation.id), False),
    ],
)  # fmt: skip
def test_a_rule_knows_whether_it_can_ever_let_an_anonymous_reader_in(rule, open_to_anonymous):
    assert rule.open_to_anonymous is open_to_anonymous


def test_the_platform_itself_passes_every_rule(app):
    hidden = make.make_organisation(verified=False)
    platform = system_actor("worker")
    for permission in access.all_rules():
        assert access.may(platform, permission, hidden)
        access.require(platform, permission, hidden)
    assert seen_by(platform, AboutActor(lambda actor: actor.system)) == {hidden.id}
    assert db.session.scalar(sa.select(Organisation.id).where(access.visible(platform, Can.ORGANISATION_VIEW)))


def test_what_an_actor_may_not_see_answers_like_what_does_not_exist(app):
    hidden = make.make_organisation(verified=False)
    stranger = make.make_actor(OrganisationKind.ENTERPRISE)
    for permission in (Can.ORGANISATION_VIEW, Can.ORGANISATION_EDIT, Can.MEMBER_VIEW):
        assert not access.may(stranger, permission, hidden)
        for actor in (stranger, ANONYMOUS):
            with pytest.raises(NotFound):
                access.require(actor, permission, hidden)


def test_what_an_actor_may_see_but_not_do_is_forbidden_or_asks_to_sign_in(app):
    shown = make.make_organisation()
    with pytest.raises(Forbidden):
        access.require(make.make_actor(OrganisationKind.ENTERPRISE), Can.ORGANISATION_EDIT, shown)
    with pytest.raises(Unauthenticated):
        access.require(ANONYMOUS, Can.ORGANISATION_EDIT, shown)


def test_a_permission_has_one_rule(app):
    class Twice(Permission):
        ONCE = "once:only"

    access.define({Twice.ONCE: everyone})
    try:
        with pytest.raises(RuntimeError, match="twice"):
            access.define({Twice.ONCE: signed_in})
        assert access.permission("once:only") is Twice.ONCE
    finally:
        access._rules.pop(Twice.ONCE)
    with pytest.raises(LookupError):
        access.permission("once:only")
