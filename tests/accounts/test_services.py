"""Commands on people and organisations: what they let pass, what they refuse, and the trace they leave."""

import inspect
import threading
from datetime import UTC, date, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine

from matchmaker.accounts import queries, services
from matchmaker.accounts.models import (
    Invitation,
    Membership,
    Organisation,
    OrganisationState,
    Recognition,
    SignIn,
    User,
)
from matchmaker.accounts.roles import MANAGING_ROLE, OrganisationKind, RecognitionKind, Role
from matchmaker.accounts.services import Profile
from matchmaker.accounts.size_class import SizeClass
from matchmaker.core import audit
from matchmaker.core.access import ANONYMOUS, Actor
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Forbidden, NotFound
from matchmaker.core.outbox import OutboxMessage
from tests.factories import accounts as make

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


def act(command, *args, **facts):
    with unit_of_work():
        return command(*args, **facts)


def invited(organisation, email="guest@demo.example", roles=None, by=None):
    """The secret token of an invitation sent by a manager of the organisation."""
    tokens = []
    act(
        services.invite_member,
        by or make.actor(make.make_member(organisation)),
        organisation,
        email=email,
        roles={MANAGING_ROLE[organisation.kind]} if roles is None else roles,
        link=lambda token: tokens.append(token) or f"https://x/join/{token}",
        subject="subject",
        body=lambda link: f"body {link}",
    )
    return tokens[0]


# --- registering ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", sorted(set(OrganisationKind) - {OrganisationKind.AUTHORITY}))
def test_whoever_registers_an_organisation_looks_after_it_and_the_bureau_must_verify_it(app, kind):
    user = make.make_user()
    organisation = act(
        services.register_organisation,
        ANONYMOUS,
        user,
        kind=kind,
        credit_code=make.next_credit_code(),
        profile=Profile(name="示例机构", district="chaoyang"),
    )
    (membership,) = queries.list_members(organisation)
    assert organisation.state == OrganisationState.PENDING
    assert membership.user_id == user.id
    assert MANAGING_ROLE[kind] in membership.role_set
    actor = make.actor(membership)
    assert not actor.verified
    assert actor.holds(MANAGING_ROLE[kind])


def test_nobody_but_the_platform_registers_a_bureau(app):
    user = make.make_user()
    for actor in (ANONYMOUS, Actor(kind="user", user_id=user.id), make.make_actor(OrganisationKind.AUTHORITY)):
        with pytest.raises(Forbidden):
            act(
                services.register_organisation,
                actor,
                user,
                kind=OrganisationKind.AUTHORITY,
                credit_code=make.next_credit_code(),
                profile=Profile(name="假科技局", district="other"),
            )


def test_nobody_registers_an_organisation_in_someone_elses_name(app):
    with pytest.raises(Forbidden):
        act(
            services.register_organisation,
            make.make_actor(OrganisationKind.UNIVERSITY),
            make.make_user(),
            kind=OrganisationKind.ENTERPRISE,
            credit_code=make.next_credit_code(),
            profile=Profile(name="示例", district="other"),
        )


def test_a_credit_code_names_one_organisation(app):
    first = make.make_organisation()
    with pytest.raises(services.CreditCodeTaken) as caught:
        act(
            services.register_organisation,
            ANONYMOUS,
            make.make_user(),
            kind=OrganisationKind.ENTERPRISE,
            credit_code=first.credit_code,
            profile=Profile(name="另一个", district="other"),
        )
    assert caught.value.field == "credit_code"


@pytest.mark.parametrize(
    "twin", ["a@demo.example", "A@Demo.Example", " a@demo.example\n", "ａ@demo.example", "a\0@demo.exam\u200bple"]
)
def test_an_address_has_one_account_however_it_is_written(app, twin):
    make.make_user(email="a@demo.example")
    with pytest.raises(services.EmailTaken) as caught:
        make.make_user(email=twin)
    assert caught.value.field == "email"
    assert queries.find_user_by_email(twin) is not None


@pytest.mark.parametrize(
    "text",
    [
        "", "a", "a@", "@b.c", "a@b", "a@b.", "a@.", "a b@c.d", "a@b@c.d", "a,b@c.d", "a@b.c,d@e.f", "a;b@c.d",
        "<a@b.c>", "a@b..c", "a@.b.c", '"a"@b.c', "a\nb@c.d", "a" * 251 + "@b.c", "a:b@c.d", "a@[1.2.3.4]",
        "9" * 10_000,
    ],
)  # fmt: skip
def test_what_is_not_one_address_is_refused(app, text):
    with pytest.raises(services.EmailInvalid) as caught:
        act(services.register_user, ANONYMOUS, None, email=text, name="x", password=make.PASSWORD)
    assert caught.value.field == "email"


@pytest.mark.parametrize("text", ["a@b.c", "张三@示例.中国", "a.b+c@sub.demo.example", "o'neil@demo.example"])
def test_addresses_of_all_scripts_are_taken(app, text):
    assert make.make_user(email=text).email == text


# --- profile --------------------------------------------------------------------------------------------------------


def test_a_profile_is_saved_whole_and_decides_the_size_class(app):
    organisation = make.make_organisation(summary="旧", summary_en="old")
    manager = make.actor(make.make_member(organisation))
    profile = Profile(
        name="新名", district="erdao", summary="新", summary_en="new", industry="C36", employees=5,
        revenue_fen=100_00, assets_fen=0, figures_year=2025,
    )  # fmt: skip
    act(services.update_profile, manager, organisation, profile=profile)
    assert (organisation.name, organisation.summary_en, organisation.employees) == ("新名", "new", 5)
    assert organisation.classification.size == SizeClass.MICRO


def test_a_new_name_waits_for_the_bureau_again_and_a_profile_without_one_does_not(app):
    organisation = make.make_organisation(name="长春示例（吉林）有限公司")
    manager = make.actor(make.make_member(organisation))
    same = Profile(name=" 长春示例\u200d（吉林）\u3164有限公司", district="erdao", **make.SMALL)
    act(services.update_profile, manager, organisation, profile=same)
    assert (organisation.name, organisation.state) == ("长春示例（吉林）有限公司", OrganisationState.VERIFIED)
    act(services.update_profile, manager, organisation, profile=Profile(name="别家", district="erdao", **make.SMALL))
    assert (organisation.name, organisation.state) == ("别家", OrganisationState.PENDING)
    with pytest.raises(services.NameMissing):
        act(services.update_profile, manager, organisation, profile=Profile(name="\u200d\u3164", district="erdao"))


def test_a_bureau_keeps_its_name(app):
    bureau = make.make_organisation(OrganisationKind.AUTHORITY)
    manager = make.actor(make.make_member(bureau))
    with pytest.raises(services.BureauName):
        act(services.update_profile, manager, bureau, profile=Profile(name="别局", district="erdao"))
    assert bureau.state == OrganisationState.VERIFIED


def test_the_bureau_sees_who_else_bears_the_name(app):
    first, other = make.make_organisation(name="Demo (Jilin) Works"), make.make_organisation()
    twin = make.make_organisation(name="ＤＥＭＯ（Jilin）works", verified=False)
    assert queries.list_namesakes(twin) == [first]
    assert queries.list_namesakes(other) == []


def test_figures_are_kept_for_enterprises_alone(app):
    figures = {"industry": "C36", "employees": 5, "revenue_fen": 1, "assets_fen": 1, "figures_year": 2025}
    university = make.make_organisation(OrganisationKind.UNIVERSITY, **figures)
    assert [getattr(university, name) for name in figures] == [None] * 5
    assert university.classification is None
    assert make.make_organisation(OrganisationKind.ENTERPRISE, **figures).employees == 5


def test_a_size_class_needs_industry_and_figures(app):
    assert make.make_organisation(industry=None).classification is None
    assert make.make_organisation(industry="J66").classification is None
    assert make.make_organisation(employees=None).classification is None


def test_the_database_refuses_figures_below_zero(app):
    with pytest.raises(sa.exc.IntegrityError):
        make.make_organisation(employees=-1)


@pytest.mark.parametrize(
    ("second", "refusal"),
    [
        ({}, services.RecognitionTaken),
        ({"number": "N2", "valid_until": date(2023, 12, 31)}, services.ValidityReversed),
    ],
)
def test_a_recognition_is_entered_once_and_ends_after_it_begins(app, second, refusal):
    organisation = make.make_organisation()
    manager = make.actor(make.make_member(organisation))
    facts = {"kind": RecognitionKind.HIGH_TECH, "number": "N1", "valid_from": date(2024, 1, 1)}
    act(services.add_recognition, manager, organisation, **facts, valid_until=date(2024, 1, 1))
    with pytest.raises(refusal):
        act(services.add_recognition, manager, organisation, **{**facts, "valid_until": date(2026, 1, 1), **second})
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Recognition)) == 1


# --- invitations ----------------------------------------------------------------------------------------------------


def test_an_invitation_goes_out_by_mail_and_only_a_hash_of_its_token_is_kept(app):
    organisation = make.make_organisation()
    token = invited(organisation, email=" Guest@Demo.Example ")
    (mail,) = db.session.scalars(sa.select(OutboxMessage))
    assert mail.payload == {
        "to": "guest@demo.example", "subject": "subject", "body": f"body https://x/join/{token}",
    }  # fmt: skip
    row = db.session.scalars(sa.select(Invitation)).one()
    assert token not in str(vars(row))
    assert len(token) >= 32
    assert queries.find_invitation(token) == row
    assert token not in str([event.facts for event in audit.list_events(row.id)])


def test_an_invitation_is_redeemed_once_by_whom_it_was_sent_to(app):
    organisation = make.make_organisation()
    token = invited(organisation, roles={Role.ENTERPRISE_MEMBER})
    guest, other = make.make_user(email="guest@demo.example"), make.make_user()
    invitation = queries.find_invitation(token)
    with pytest.raises(services.InvitationNotYours):
        act(services.accept_invitation, invitation, other)
    membership = act(services.accept_invitation, invitation, guest)
    assert (membership.organisation_id, membership.role_set) == (organisation.id, {Role.ENTERPRISE_MEMBER})
    assert queries.find_invitation(token) is None
    with pytest.raises(NotFound):
        act(services.accept_invitation, db.session.get(Invitation, invitation.id), guest)


def test_a_member_who_is_invited_again_is_told_so_and_loses_nothing(app):
    organisation = make.make_organisation()
    token = invited(organisation)
    guest = make.make_user(email="guest@demo.example")
    with unit_of_work():
        services.add_member(make.SYSTEM, organisation, guest, roles={Role.ENTERPRISE_MEMBER})
    with pytest.raises(services.AlreadyMember):
        act(services.accept_invitation, queries.find_invitation(token), guest)
    assert queries.find_invitation(token) is not None


def test_an_invitation_lasts_two_weeks(app):
    guest = make.make_user(email="guest@demo.example")
    organisation = make.make_organisation()
    with time_machine.travel(NOW, tick=False) as clock:
        token = invited(organisation)
        invitation = queries.find_invitation(token)
        clock.move_to(NOW + timedelta(days=14) - timedelta(seconds=1))
        assert queries.find_invitation(token) is not None
        assert len(queries.list_open_invitations(organisation)) == 1
        clock.move_to(NOW + timedelta(days=14))
        assert queries.find_invitation(token) is None
        assert queries.list_open_invitations(organisation) == []
        with pytest.raises(NotFound):
            act(services.accept_invitation, invitation, guest)


def test_a_withdrawn_invitation_lets_nobody_in(app):
    guest, organisation = make.make_user(email="guest@demo.example"), make.make_organisation()
    manager = make.actor(make.make_member(organisation))
    token = invited(organisation)
    invitation = queries.find_invitation(token)
    act(services.revoke_invitation, manager, invitation)
    assert queries.find_invitation(token) is None
    assert queries.find_open_invitation(invitation.id) is None
    with pytest.raises(NotFound):
        act(services.accept_invitation, invitation, guest)


@pytest.mark.parametrize("end", ["removed", "demoted"])
def test_invitations_of_who_may_invite_no_more_let_nobody_in(app, end):
    organisation = make.make_organisation()
    staying, leaving = make.make_member(organisation), make.make_member(organisation)
    lapsed = invited(organisation, by=make.actor(leaving))
    kept = invited(organisation, email="other@demo.example", by=make.actor(staying))
    if end == "removed":
        act(services.remove_member, make.actor(staying), leaving)
    else:
        act(services.change_roles, make.actor(staying), leaving, roles={Role.ENTERPRISE_MEMBER})
    assert queries.find_invitation(lapsed) is None
    assert queries.find_invitation(kept) is not None


@pytest.mark.parametrize("verified", [True, False])
def test_an_organisation_sends_only_so_many_invitations_a_day(app, verified, monkeypatch):
    monkeypatch.setattr(services, "INVITATIONS_A_DAY", 2)
    monkeypatch.setattr(services, "INVITATIONS_A_DAY_UNVERIFIED", 1)
    organisation, most = make.make_organisation(verified=verified), 2 if verified else 1
    manager = make.actor(make.make_member(organisation))
    with time_machine.travel(NOW, tick=False):
        for number in range(most):
            invited(organisation, email=f"guest{number}@demo.example", by=manager)
        with pytest.raises(services.InvitationsTooMany):
            invited(organisation, by=manager)
        assert db.session.scalar(sa.select(sa.func.count()).select_from(OutboxMessage)) == most
        invited(make.make_organisation())
    with time_machine.travel(NOW + timedelta(days=1), tick=False):
        invited(organisation, by=manager)


@pytest.mark.parametrize(
    ("kind", "roles", "refusal"),
    [
        (OrganisationKind.ENTERPRISE, {Role.RESEARCHER}, services.RolesInvalid),
        (OrganisationKind.ENTERPRISE, set(), services.RolesInvalid),
        (OrganisationKind.UNIVERSITY, {Role.TTO_OFFICER, Role.ADMINISTRATOR}, services.RolesInvalid),
        (OrganisationKind.AUTHORITY, {Role.ADMINISTRATOR, Role.AUDITOR}, services.RolesConflict),
        (OrganisationKind.AUTHORITY, {Role.REVIEWER, Role.AUDITOR}, services.RolesConflict),
    ],
)
def test_roles_must_belong_to_the_kind_of_organisation_and_go_together(app, kind, roles, refusal):
    organisation = make.make_organisation(kind)
    manager, member = make.actor(make.make_member(organisation)), make.make_member(organisation)
    with pytest.raises(refusal):
        invited(organisation, roles=roles, by=manager)
    with pytest.raises(refusal):
        act(services.change_roles, manager, member, roles=roles)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Invitation)) == 0


def test_duties_stay_separate_across_organisations_too(app):
    here, there = make.make_organisation(OrganisationKind.AUTHORITY), make.make_organisation(OrganisationKind.AUTHORITY)
    auditor = make.make_member(here, Role.AUDITOR)
    with pytest.raises(services.RolesConflict), unit_of_work():
        services.add_member(make.SYSTEM, there, auditor.user, roles={Role.ADMINISTRATOR})
    with unit_of_work():
        second = services.add_member(make.SYSTEM, there, auditor.user, roles={Role.AUDITOR})
    with pytest.raises(services.RolesConflict):
        act(services.change_roles, make.actor(make.make_member(there)), second, roles={Role.REVIEWER})


# --- members --------------------------------------------------------------------------------------------------------


def test_roles_are_replaced_as_a_whole(app):
    organisation = make.make_organisation()
    manager, member = make.actor(make.make_member(organisation)), make.make_member(organisation, Role.ENTERPRISE_MEMBER)
    for roles in ({Role.ENTERPRISE_SIGNATORY}, {Role.ENTERPRISE_SIGNATORY, Role.ENTERPRISE_MEMBER}):
        act(services.change_roles, manager, member, roles=roles)
        db.session.expire_all()
        assert member.role_set == roles


def test_the_last_who_looks_after_an_organisation_stays(app):
    organisation = make.make_organisation()
    (founder,) = queries.list_members(organisation)
    manager = make.actor(founder)
    with pytest.raises(services.LastManager):
        act(services.remove_member, manager, founder)
    with pytest.raises(services.LastManager):
        act(services.change_roles, manager, founder, roles={Role.ENTERPRISE_MEMBER})
    make.make_member(organisation, Role.ENTERPRISE_SIGNATORY)
    act(services.remove_member, manager, founder)
    assert len(queries.list_members(organisation)) == 1


def test_of_two_who_remove_each_other_at_the_same_moment_one_stays(app):
    organisation = make.make_organisation()
    pair = [queries.list_members(organisation)[0], make.make_member(organisation)]
    jobs = [(make.actor(pair[0]), pair[1].id), (make.actor(pair[1]), pair[0].id)]
    db.session.rollback()
    outcomes, together = [], threading.Barrier(2)

    def remove(actor, membership_id):
        with app.app_context():
            together.wait()
            try:
                with unit_of_work():
                    services.remove_member(actor, db.session.get(Membership, membership_id))
                outcomes.append("removed")
            except services.LastManager:
                outcomes.append("last")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=remove, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["last", "removed"]


# --- passwords ------------------------------------------------------------------------------------------------------


class Counting:
    """Stands for the hasher and counts what it is asked."""

    def __init__(self):
        self.asked = []

    def hash(self, password):
        self.asked.append(password)
        return services.hasher.hash(password)

    def verify(self, password_hash, password):
        self.asked.append(password)
        return True


def test_passwords_are_hashed_with_argon2id_at_its_floor_or_above():
    signature = inspect.getsource(services)
    assert "PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)" in signature
    assert services.hash_password("x" * 10).startswith("$argon2id$")


@pytest.mark.parametrize("length", [1025, 10_000, 1_000_000])
def test_a_password_beyond_1024_characters_is_never_hashed(monkeypatch, length):
    counting = Counting()
    monkeypatch.setattr(services, "hasher", counting)
    with pytest.raises(services.PasswordTooLong):
        services.hash_password("x" * length)
    assert services.password_fits("$argon2id$", "x" * length) is False
    assert counting.asked == []


@pytest.mark.parametrize(
    "password", ["x" * 10, "x" * 64, "x" * 1024, "密码" * 512, "正确的马 电池 订书钉", " " * 10, "\0" * 10]
)
def test_passwords_of_any_script_are_kept_whole(password):
    stored = services.hash_password(password)
    assert services.password_fits(stored, password)
    assert not services.password_fits(stored, password[:-1])
    assert not services.password_fits(stored, password + "x")
    assert not services.password_fits(stored, "")


def test_a_short_password_is_refused():
    with pytest.raises(services.PasswordTooShort) as caught:
        services.hash_password("x" * 9)
    assert caught.value.field == "password"


def test_a_password_is_the_same_however_the_keyboard_composes_it():
    assert services.password_fits(services.hash_password("pass\u00e9 compos\u00e9"), "passe\u0301 compose\u0301")
    assert not services.password_fits(services.hash_password("Ａ" * 10), "A" * 10), "NFC, not NFKC"


def test_a_broken_hash_fits_nothing():
    for broken in ("", "x", "$argon2id$v=19$m=8,t=1,p=1$", "$2b$12$abc"):
        assert not services.password_fits(broken, make.PASSWORD)


# --- every command leaves an event ----------------------------------------------------------------------------------


def scenarios():
    """For each command, the arguments of a call that succeeds, and the events it leaves."""
    organisation = make.make_organisation()
    founder = queries.list_members(organisation)[0]
    manager, member = make.actor(founder), make.make_member(organisation, Role.ENTERPRISE_MEMBER)
    bureau = make.make_actor(OrganisationKind.AUTHORITY, Role.ADMINISTRATOR)
    user = founder.user
    invited(organisation, by=manager)
    invitation = db.session.scalars(sa.select(Invitation)).one()
    with unit_of_work():
        _, session = services.open_session(user)
    profile = Profile(name="示例", district="other")
    yield (
        services.register_user,
        (ANONYMOUS, None),
        {"email": "n@x.example", "name": "n", "password": make.PASSWORD},
        {"user.registered"},
    )
    new = {"kind": OrganisationKind.UNIVERSITY, "credit_code": make.next_credit_code(), "profile": profile}
    yield services.register_organisation, (manager, user), new, {"organisation.registered", "membership.added"}
    yield (
        services.update_profile,
        (manager, organisation),
        {"profile": profile},
        {"organisation.profile_updated", "organisation.renamed"},
    )
    entry = {"number": "1", "valid_from": date(2026, 1, 1), "valid_until": date(2027, 1, 1)}
    yield (
        services.add_recognition,
        (manager, organisation),
        {"kind": RecognitionKind.GAZELLE, **entry},
        {"recognition.added"},
    )
    call = {"email": "m@x.example", "roles": {Role.ENTERPRISE_MEMBER}, "link": str, "subject": "s", "body": str}
    yield services.invite_member, (manager, organisation), call, {"invitation.sent"}
    yield services.revoke_invitation, (manager, invitation), {}, {"invitation.revoked"}
    yield services.change_roles, (manager, member), {"roles": {Role.ENTERPRISE_SIGNATORY}}, {"membership.roles_changed"}
    yield services.remove_member, (manager, member), {}, {"membership.removed"}
    yield services.act_for, (manager, session), {"membership_id": founder.id}, {"session.acts_for"}
    yield services.set_locale, (manager, user), {"locale": "en"}, {"user.locale_set"}
    yield services.close_session, (manager, session), {}, {"session.closed"}
    passwords = {"present": make.PASSWORD, "new": make.PASSWORD + "!"}
    yield services.change_password, (manager, user), passwords, {"user.password_changed"}
    yield (
        services.decide_organisation,
        (bureau, organisation),
        {"action": "verify", "reason": "canary reason"},
        {"organisation.verified"},
    )


def test_every_command_leaves_its_event_and_no_personal_text(app):
    told = set()
    for command, arguments, facts, events in scenarios():
        before = db.session.scalar(sa.select(sa.func.coalesce(sa.func.max(audit.AuditEvent.number), 0)))
        act(command, *arguments, **facts)
        left = list(db.session.scalars(sa.select(audit.AuditEvent).where(audit.AuditEvent.number > before)))
        assert {event.event for event in left} == events, command.__name__
        assert all(event.actor_id == arguments[0].user_id for event in left), command.__name__
        told.add(command.__name__)
    commands = {name for name, value in vars(services).items() if hasattr(value, "__permission__")}
    assert told == commands, "a command without a scenario"
    everything = str([event.facts for event in db.session.scalars(sa.select(audit.AuditEvent))])
    people = [user.email for user in db.session.scalars(sa.select(User))]
    for text in (*people, "示例", "canary", make.PASSWORD, "x.example", "argon2"):
        assert text not in everything


def test_reading_people_and_organisations_is_in_a_fixed_order(app):
    for name in ("乙", "甲", "甲"):
        make.make_organisation(name=name)
    found = list(db.session.scalars(queries.list_organisations(ANONYMOUS)))
    assert len(found) == 3
    assert found == list(db.session.scalars(sa.select(Organisation).order_by(Organisation.name, Organisation.id)))


@pytest.mark.parametrize(
    ("text", "found"),
    [("激光", 1), ("LASER", 1), ("laser co", 1), ("acme", 1), ("ACME", 1), ("%", 0), ("_", 0), ("\\", 0), ("", 2)],
)
def test_a_search_finds_parts_of_names_in_either_case_on_both_engines(app, text, found):
    make.make_organisation(name="示例激光", name_en="Laser Co")
    make.make_organisation(name="示例Acme科技")
    assert len(list(db.session.scalars(queries.list_organisations(ANONYMOUS, text=text)))) == found


def test_an_organisation_is_found_by_its_credit_code(app):
    organisation = make.make_organisation()
    assert queries.get_organisation_by_credit_code(organisation.credit_code) == organisation
    assert list(db.session.scalars(queries.list_organisations(ANONYMOUS, text=organisation.credit_code.lower())))
    with pytest.raises(NotFound):
        queries.get_organisation_by_credit_code("x")


def test_acting_for_an_organisation_takes_a_membership_of_ones_own(app):
    member, other = make.make_member(make.make_organisation()), make.make_member(make.make_organisation())
    with unit_of_work():
        _, session = services.open_session(member.user)
    actor = make.actor(member)
    for odd in (other.id, "", "x", None, "\0"):
        with pytest.raises(NotFound):
            act(services.act_for, actor, session, membership_id=odd)
    assert db.session.get(SignIn, session.id).membership_id == member.id
