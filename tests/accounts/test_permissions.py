"""Who may see and change accounts: the table, its two faces, and every step of an organisation's life by role."""

from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from matchmaker.accounts import queries, services, states
from matchmaker.accounts.models import Invitation, Membership, Organisation, OrganisationState, SignIn, User
from matchmaker.accounts.permissions import Can
from matchmaker.accounts.roles import MANAGING_ROLE, ROLES_OF, OrganisationKind, Role
from matchmaker.accounts.views import DECISIONS
from matchmaker.core import access
from matchmaker.core.access import ANONYMOUS, Actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import DomainError, Forbidden, NotFound, Unauthenticated, WrongState
from tests.factories import accounts as make

KIND_OF = {role: kind for kind, roles in ROLES_OF.items() for role in roles}
MANAGING = set(MANAGING_ROLE.values())
BUREAU = {Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR}
TO_STATE = {
    OrganisationState.PENDING: (), OrganisationState.VERIFIED: ("verify",), OrganisationState.REJECTED: ("reject",),
    OrganisationState.SUSPENDED: ("verify", "suspend"),
}  # fmt: skip


def organisation_in(state, kind=OrganisationKind.ENTERPRISE):
    with make.unit():
        organisation = make.make_organisation(kind, verified=False)
        for action in TO_STATE[state]:
            services.decide_organisation(make.SYSTEM, organisation, action=action)
    return organisation


def invite(organisation):
    manager = make.actor(make.make_member(organisation))
    with make.unit():
        services.invite_member(
            manager,
            organisation,
            email=f"guest-{organisation.id}@demo.example",
            roles={MANAGING_ROLE[organisation.kind]},
            link=str,
            subject="s",
            body=str,
        )


@pytest.fixture
def world(app):
    """Organisations of every kind verified, of one kind in every state; a member of each role; people without any."""
    with unit_of_work():  # one commit, not a hundred
        return build_world()


def build_world():
    verified = {kind: make.make_organisation(kind) for kind in OrganisationKind}
    others = {state: organisation_in(state) for state in OrganisationState}
    pending_bureau = organisation_in(OrganisationState.PENDING, OrganisationKind.AUTHORITY)
    members = {role: make.make_member(verified[kind], role) for role, kind in KIND_OF.items()}
    for organisation in [*verified.values(), others[OrganisationState.PENDING]]:
        invite(organisation)
    actors = {"anonymous": ANONYMOUS, "alone": Actor(kind="user", user_id=make.make_user().id)}
    actors |= {role.value: make.actor(membership) for role, membership in members.items()}
    for state, organisation in others.items():
        actors[f"signatory of {state}"] = make.actor(make.make_member(organisation, Role.ENTERPRISE_SIGNATORY))
    actors["administrator of pending"] = make.actor(make.make_member(pending_bureau, Role.ADMINISTRATOR))
    for membership in members.values():
        services.open_session(membership.user)
    return SimpleNamespace(
        verified=verified, others=others, members=members, actors=actors, pending_bureau=pending_bureau
    )


MODEL_OF = {
    Can.ACCOUNT_OWN: User, Can.ACCOUNT_CHANGE: User, Can.SESSION_CHANGE: SignIn, Can.ORGANISATION_REGISTER: User,
    Can.ORGANISATION_LIST: Organisation, Can.ORGANISATION_VIEW: Organisation, Can.ORGANISATION_EDIT: Organisation,
    Can.ORGANISATION_VERIFY: Organisation, Can.MEMBER_VIEW: Organisation, Can.MEMBER_MANAGE: Organisation,
    Can.MEMBERSHIP_VIEW: Membership, Can.MEMBERSHIP_MANAGE: Membership, Can.INVITATION_VIEW: Invitation,
    Can.INVITATION_MANAGE: Invitation, Can.AUDIT_VIEW: Organisation,
}  # fmt: skip


def test_both_faces_of_every_rule_agree_for_every_role(world):
    assert set(MODEL_OF) == set(Can)
    for permission, model in MODEL_OF.items():
        rows = list(db.session.scalars(sa.select(model)))
        assert len(rows) > 2
        rule = access.all_rules()[permission]
        for name, actor in world.actors.items():
            listed = set(db.session.scalars(sa.select(model.id).where(access.visible(actor, permission))))
            assert listed == {row.id for row in rows if rule.one(actor, row)}, (permission, name)


ALL, NONE = set(Role), set()
TABLE = {
    # permission: roles that have it on their own organisation, on another verified one, on another pending one
    Can.ORGANISATION_VIEW: (ALL, ALL, BUREAU),
    Can.ORGANISATION_EDIT: (MANAGING, NONE, NONE),
    Can.ORGANISATION_VERIFY: (NONE, {Role.ADMINISTRATOR}, {Role.ADMINISTRATOR}),
    Can.MEMBER_VIEW: (ALL, NONE, NONE),
    Can.MEMBER_MANAGE: (MANAGING, NONE, NONE),
}


@pytest.mark.parametrize("permission", TABLE)
def test_each_role_may_do_what_the_table_says_and_no_more(world, permission):
    another = make.make_organisation(OrganisationKind.UNIVERSITY)
    own, verified, pending = TABLE[permission]
    for role in Role:
        actor = world.actors[role.value]
        assert access.may(actor, permission, world.verified[KIND_OF[role]]) is (role in own), role
        assert access.may(actor, permission, another) is (role in verified), role
        assert access.may(actor, permission, world.others[OrganisationState.PENDING]) is (role in pending), role
    for name in ("anonymous", "alone", "administrator of pending"):
        assert access.may(world.actors[name], permission, another) is (permission == Can.ORGANISATION_VIEW)
        assert not access.may(world.actors[name], permission, world.others[OrganisationState.PENDING])


def test_only_its_members_and_the_bureau_see_an_organisation_that_is_not_verified(world):
    for state in set(OrganisationState) - {OrganisationState.VERIFIED}:
        seeing = {
            name
            for name, actor in world.actors.items()
            if access.may(actor, Can.ORGANISATION_VIEW, world.others[state])
        }
        assert seeing == {f"signatory of {state}", *BUREAU}


def test_roles_of_a_rejected_or_suspended_organisation_and_of_an_unverified_bureau_do_not_count(world):
    assert world.actors["signatory of pending"].roles == {Role.ENTERPRISE_SIGNATORY}
    assert not world.actors["signatory of pending"].verified
    for name in ("signatory of rejected", "signatory of suspended", "administrator of pending"):
        actor = world.actors[name]
        assert actor.roles == frozenset()
        assert actor.organisation_id is not None
    for permission in Can:
        if MODEL_OF[permission] is Organisation and permission != Can.ORGANISATION_LIST:
            assert not access.may(world.actors["administrator of pending"], permission, world.others["suspended"])
    assert not access.may(world.actors["administrator of pending"], Can.ORGANISATION_VERIFY, world.pending_bureau)


def test_nobody_decides_on_the_own_organisation(world):
    administrator, bureau = world.actors[Role.ADMINISTRATOR], world.verified[OrganisationKind.AUTHORITY]
    with pytest.raises(Forbidden), unit_of_work():
        services.decide_organisation(administrator, bureau, action="suspend")
    assert bureau.state == OrganisationState.VERIFIED


@pytest.mark.parametrize("permission", [Can.MEMBERSHIP_MANAGE, Can.INVITATION_MANAGE])
def test_what_belongs_to_another_organisation_does_not_exist(world, permission):
    rows = list(db.session.scalars(sa.select(MODEL_OF[permission])))
    for name, actor in world.actors.items():
        for row in rows:
            if actor.organisation_id is not None and row.organisation_id == actor.organisation_id:
                continue
            expected = Unauthenticated if actor.anonymous else NotFound
            with pytest.raises(expected):
                access.require(actor, permission, row)
            assert not access.may(actor, permission, row), name


def test_a_session_and_an_account_are_their_persons_alone(world):
    for model, permission in ((User, Can.ACCOUNT_CHANGE), (SignIn, Can.SESSION_CHANGE)):
        for row in db.session.scalars(sa.select(model)):
            owner = row.id if model is User else row.user_id
            owners = {name for name, actor in world.actors.items() if access.may(actor, permission, row)}
            assert owners == {name for name, actor in world.actors.items() if actor.user_id == owner}


# --- the life of an organisation, cell by cell ----------------------------------------------------------------------

STEPS = {
    ("pending", "verify"): "verified", ("pending", "reject"): "rejected", ("rejected", "verify"): "verified",
    ("verified", "suspend"): "suspended", ("suspended", "reinstate"): "verified",
}  # fmt: skip


def test_the_table_of_steps_is_the_one_we_agreed_on():
    assert {(row.state, row.action): row.next for row in states.ORGANISATION.transitions} == STEPS | {
        ("verified", "rename"): "pending"
    }
    assert set(states.ORGANISATION.states) == set(OrganisationState)


@pytest.mark.parametrize("state", OrganisationState)
def test_every_cell_of_state_action_and_role(world, state):
    cells = [(action, name) for action in sorted(DECISIONS) for name in ("anonymous", "alone", *Role)]
    with unit_of_work():
        organisations = [organisation_in(state).id for _ in cells]
    for (action, name), organisation_id in zip(cells, organisations, strict=True):
        try:
            with unit_of_work():
                organisation = db.session.get(Organisation, organisation_id)
                services.decide_organisation(world.actors[name], organisation, action=action, reason="because")
            outcome = None
        except DomainError as error:
            outcome = type(error)
        if name != Role.ADMINISTRATOR:
            seen = state == OrganisationState.VERIFIED or name in BUREAU
            expected = NotFound if not seen else Unauthenticated if name == "anonymous" else Forbidden
        else:
            expected = None if (state, action) in STEPS else WrongState
        assert outcome is expected, (state, action, name)
        organisation = db.session.get(Organisation, organisation_id)
        assert organisation.state == (STEPS[state, action] if expected is None else state)
        assert organisation.decision_reason == ("because" if expected is None else None)


def test_actor_of_nobody_is_anonymous_and_of_a_person_without_organisation_has_no_roles(app):
    assert queries.actor_of(None) is ANONYMOUS
    user = make.make_user()
    actor = queries.actor_of(SignIn(user=user, user_id=user.id, membership=None))
    assert (actor.kind, actor.user_id, actor.organisation_id, actor.roles) == ("user", user.id, None, frozenset())
