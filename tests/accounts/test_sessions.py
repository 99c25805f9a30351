"""Signing in, and everything that ends a session: nothing that was ended lets anyone in again."""

import re
import threading
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
import time_machine
from argon2 import PasswordHasher

from matchmaker.accounts import queries, services, views
from matchmaker.accounts.models import Membership, SignIn, SignInAttempt, User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import audit
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import TooMany
from tests.factories import accounts as make

START = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _cheap_dummy(monkeypatch):
    """The hash that stands for unknown accounts is as cheap here as those of the accounts."""
    monkeypatch.setattr(views, "_DUMMY_HASH", services.hasher.hash("no account has this password"))


@pytest.fixture
def clock():
    with time_machine.travel(START, tick=False) as clock:
        yield clock


@pytest.fixture
def member(app):
    return make.make_member(make.make_organisation(), Role.ENTERPRISE_SIGNATORY)


def attempt(client, email, password="wrong password", **options):
    return client.post("/sign-in", data={"email": email, "password": password}, **options)


def signed_in(client):
    """Whether the client gets the page that only people with a session get."""
    status = client.get("/account").status_code
    assert status in (200, 302)
    return status == 200


def cookie_of(client):
    return client.get_cookie("session").value


def with_cookie(app, value):
    """A client that comes with a cookie captured earlier."""
    client = app.test_client()
    client.set_cookie("session", value)
    return client


def live_sessions():
    return db.session.scalar(sa.select(sa.func.count()).select_from(SignIn).where(SignIn.ended_at.is_(None)))


# --- signing in -----------------------------------------------------------------------------------------------------


def test_address_and_password_let_in_however_the_address_is_written(app, client, member):
    for email in (member.user.email, member.user.email.upper(), f"  {member.user.email} "):
        other = app.test_client()
        assert attempt(other, email, make.PASSWORD).status_code == 302
        assert signed_in(other)
    assert not signed_in(client)


def test_a_wrong_password_an_unknown_address_and_a_disabled_account_look_the_same(app, client, member):
    with unit_of_work():
        disabled = make.make_user()
        db.session.get(User, disabled.id).active = False
    pages = []
    for email, password in (
        (member.user.email, "wrong password"), ("nobody@demo.example", make.PASSWORD), (disabled.email, make.PASSWORD),
    ):  # fmt: skip
        answer = attempt(app.test_client(), email, password)
        assert answer.status_code == 422
        pages.append(re.sub(r'name="csrf_token"[^>]*>', "", answer.text).replace(email, "ADDRESS"))
    assert pages[0] == pages[1] == pages[2]


def test_an_unknown_address_costs_a_password_check_too(client, monkeypatch):
    checked = []
    monkeypatch.setattr(services, "password_fits", lambda stored, password: checked.append(stored) or False)
    attempt(client, "nobody@demo.example")
    assert checked == [views._DUMMY_HASH]


def test_what_is_missing_is_said_and_no_password_comes_back(client):
    answer = client.post("/sign-in", data={"password": "canary password"})
    assert answer.status_code == 422
    assert "请填写此项。" in answer.text
    assert "canary" not in answer.text
    assert 'value="canary' not in attempt(client, "a@b.example", "canary password").text


def test_the_way_back_is_kept_through_a_failed_try(client, member):
    page = client.post("/sign-in?next=/organisations", data={"email": "x@y.example", "password": "x"}).text
    assert 'name="next" value="/organisations"' in page
    answer = client.post(
        "/sign-in", data={"email": member.user.email, "password": make.PASSWORD, "next": "/organisations"}
    )
    assert answer.location == "/organisations"


def test_a_session_acts_for_the_organisation_last_acted_for(app, client, member):
    other = make.make_organisation(name="乙机构")
    with unit_of_work():
        second = services.add_member(
            make.SYSTEM, other, db.session.get(User, member.user_id), roles={Role.ENTERPRISE_MEMBER}
        )
    make.sign_in(client, member.user)
    assert client.post("/acting-for", data={"membership": str(second.id)}).status_code == 302
    assert "乙机构" in client.get("/").text
    again = app.test_client()
    make.sign_in(again, member.user)
    row = db.session.scalars(sa.select(SignIn).order_by(SignIn.created_at.desc())).first()
    assert row.membership_id == second.id


def test_a_stronger_hash_replaces_a_weaker_one_when_its_owner_signs_in(client, member, monkeypatch):
    before = member.user.password_hash
    monkeypatch.setattr(services, "hasher", PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    make.sign_in(client, member.user)
    after = db.session.get(User, member.user_id).password_hash
    assert after != before
    assert "m=16,t=2" in after
    assert services.password_fits(after, make.PASSWORD)
    assert audit.list_events(member.user_id)[-1].event == "user.password_rehashed"


# --- fixation and cookies -------------------------------------------------------------------------------------------


def test_what_the_cookie_was_before_signing_in_is_worth_nothing_after(app, client, member):
    client.get("/sign-in")
    planted = cookie_of(client)
    make.sign_in(client, member.user)
    assert cookie_of(client) != planted
    assert not signed_in(with_cookie(app, planted))
    assert signed_in(with_cookie(app, cookie_of(client)))


def test_signing_in_again_ends_the_session_before(app, client, member):
    make.sign_in(client, member.user)
    first = cookie_of(client)
    make.sign_in(client, member.user)
    assert not signed_in(with_cookie(app, first))
    assert signed_in(client)
    assert live_sessions() == 1


def test_signing_in_as_another_ends_the_session_of_the_one_before(app, client, member):
    make.sign_in(client, member.user)
    first = cookie_of(client)
    make.sign_in(client, make.make_user())
    assert not signed_in(with_cookie(app, first))
    assert live_sessions() == 1


def test_the_token_is_long_random_and_kept_as_a_hash(client, member):
    tokens = set()
    for _ in range(3):
        make.sign_in(client, member.user)
        with client.session_transaction() as cookie:
            tokens.add(cookie["_user_id"])
    assert len(tokens) == 3
    assert all(len(token) >= 43 for token in tokens)  # 32 bytes
    hashes = set(db.session.scalars(sa.select(SignIn.token_hash)))
    assert hashes == {queries.token_hash(token) for token in tokens}
    assert not hashes & tokens


@pytest.mark.parametrize("forged", ["", "x", "e30.x.y", "eyJfdXNlcl9pZCI6IjEifQ.aaaaaa.bbbb", "\x7f" * 100])
def test_a_cookie_that_we_did_not_sign_is_nobody(app, forged):
    assert not signed_in(with_cookie(app, forged))


def test_a_signed_cookie_with_an_unknown_token_is_nobody(client):
    with client.session_transaction() as cookie:
        cookie["_user_id"] = "x" * 43
    assert not signed_in(client)


# --- what ends a session --------------------------------------------------------------------------------------------


def test_signing_out_kills_the_cookie_for_good(app, client, member):
    make.sign_in(client, member.user)
    old = cookie_of(client)
    assert client.post("/sign-out").location == "/"
    assert not signed_in(client)
    assert not signed_in(with_cookie(app, old))


def test_signing_out_here_does_not_sign_out_elsewhere(app, client, member):
    other = app.test_client()
    make.sign_in(client, member.user)
    make.sign_in(other, member.user)
    client.post("/sign-out")
    assert signed_in(other)


def test_thirty_idle_minutes_end_a_session_and_use_keeps_it(app, client, member, clock):
    make.sign_in(client, member.user)
    for _ in range(3):
        clock.shift(timedelta(minutes=29))
        assert signed_in(client)
    clock.shift(timedelta(minutes=31))
    assert not signed_in(client)


def test_twelve_hours_end_a_session_however_much_it_is_used(app, client, member, clock):
    make.sign_in(client, member.user)
    for minutes in range(25, 12 * 60, 25):
        clock.move_to(START + timedelta(minutes=minutes))
        assert signed_in(client)
    clock.move_to(START + timedelta(hours=12))
    assert not signed_in(client)


def test_a_new_password_ends_every_session_but_the_one_that_set_it(app, client, member):
    other = app.test_client()
    make.sign_in(client, member.user)
    make.sign_in(other, member.user)
    old = cookie_of(client)
    answer = client.post("/account", data={"present": make.PASSWORD, "password": "a new long password"})
    assert answer.status_code == 302
    assert signed_in(client)
    assert not signed_in(other)
    assert not signed_in(with_cookie(app, old)), "even the cookie that set it is another one now"
    assert attempt(app.test_client(), member.user.email, make.PASSWORD).status_code == 422
    assert attempt(app.test_client(), member.user.email, "a new long password").status_code == 302


def test_a_wrong_present_password_changes_nothing_and_ends_nothing(app, client, member):
    other = app.test_client()
    make.sign_in(client, member.user)
    make.sign_in(other, member.user)
    answer = client.post("/account", data={"present": "wrong", "password": "a new long password"})
    assert answer.status_code == 422
    assert 'id="field-present-wrong"' in answer.text
    assert signed_in(client)
    assert signed_in(other)


def test_a_disabled_person_is_out_at_the_next_request(client, member):
    make.sign_in(client, member.user)
    with unit_of_work():
        db.session.get(User, member.user_id).active = False
    assert not signed_in(client)


def edit_page(client, organisation_id):
    return client.get(f"/organisations/{organisation_id}/edit").status_code


def test_a_role_taken_away_is_gone_at_the_next_request(client, member):
    organisation_id = member.organisation_id
    make.sign_in(client, member.user)
    assert edit_page(client, organisation_id) == 200
    with unit_of_work():
        row = db.session.get(Membership, member.id)
        services.change_roles(make.SYSTEM, row, roles={Role.ENTERPRISE_MEMBER})
    assert edit_page(client, organisation_id) == 403
    with unit_of_work():
        row = db.session.get(Membership, member.id)
        services.change_roles(make.SYSTEM, row, roles={Role.ENTERPRISE_SIGNATORY})
    assert edit_page(client, organisation_id) == 200


def test_a_membership_that_ended_is_gone_at_the_next_request(client, member):
    organisation_id = member.organisation_id
    make.sign_in(client, member.user)
    with unit_of_work():
        services.remove_member(make.SYSTEM, db.session.get(Membership, member.id))
    assert client.get(f"/organisations/{organisation_id}/members").status_code == 403
    assert signed_in(client)


@pytest.mark.parametrize(("action", "status"), [("suspend", 403), (None, 200)])
def test_a_suspended_organisation_loses_its_rights_at_the_next_request(client, member, action, status):
    organisation = member.organisation
    make.sign_in(client, member.user)
    if action is not None:
        with unit_of_work():
            services.decide_organisation(make.SYSTEM, organisation, action=action)
    assert edit_page(client, organisation.id) == status


# --- guessing -------------------------------------------------------------------------------------------------------


@pytest.fixture
def checks(monkeypatch):
    """The accounts whose password was checked, one entry for each check."""
    checked, fits = [], services.password_fits
    monkeypatch.setattr(services, "password_fits", lambda *given: checked.append(given) or fits(*given))
    return checked


def test_an_account_is_guessed_at_ten_times_in_five_minutes_from_wherever(client, member, clock, checks):
    email, refused = member.user.email, 0
    for number in range(100):
        source = {"REMOTE_ADDR": f"198.51.100.{number % 50}"}
        answer = attempt(client, email, environ_base=source)
        if answer.status_code == 429:
            refused += 1
            assert 0 < int(answer.headers["Retry-After"]) <= 300
            assert answer.headers["Retry-After"] in re.sub(r"\s", "", answer.text)
    assert (len(checks), refused) == (10, 90)
    assert attempt(client, email, make.PASSWORD).status_code == 429, "the right password is not looked at either"


def test_guesses_at_the_same_moment_are_counted_one_by_one(app, member):
    email, outcomes, together = member.user.email, [], threading.Barrier(16)
    db.session.rollback()

    def guess(number):
        with app.app_context():
            together.wait()
            try:
                with unit_of_work():
                    services.note_attempt(email, f"198.51.100.{number}")
                outcomes.append("checked")
            except TooMany:
                outcomes.append("refused")
            finally:
                db.session.remove()

    threads = [threading.Thread(target=guess, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["checked"] * 10 + ["refused"] * 6


def test_other_accounts_are_not_slowed_and_the_owner_comes_in_after_the_window(app, client, member, clock):
    for _ in range(12):
        attempt(client, member.user.email, environ_base={"REMOTE_ADDR": "198.51.100.1"})
    other = make.make_user()
    assert attempt(app.test_client(), other.email, make.PASSWORD).status_code == 302
    clock.shift(timedelta(minutes=5, seconds=1))
    assert attempt(app.test_client(), member.user.email, make.PASSWORD).status_code == 302


def test_the_answer_says_when_the_next_try_is_open(client, member, clock):
    for _ in range(10):
        attempt(client, member.user.email)
        clock.shift(timedelta(seconds=10))
    answer = attempt(client, member.user.email)
    assert answer.headers["Retry-After"] == "200"
    clock.shift(timedelta(seconds=199))
    assert attempt(client, member.user.email).status_code == 429
    clock.shift(timedelta(seconds=2))
    assert attempt(client, member.user.email, make.PASSWORD).status_code == 302


def test_a_source_that_tries_many_accounts_is_slowed_and_others_are_not(app, client, member, clock):
    for number in range(70):
        status = attempt(
            client, f"person{number}@guess.example", environ_base={"REMOTE_ADDR": "203.0.113.9"}
        ).status_code
        assert status == (422 if number < 60 else 429)
    elsewhere = {"REMOTE_ADDR": "203.0.113.10"}
    assert attempt(app.test_client(), member.user.email, make.PASSWORD, environ_base=elsewhere).status_code == 302


def test_an_unknown_address_is_slowed_like_a_known_one(client, member, clock):
    def answers(email):
        return [attempt(client, email).status_code for _ in range(12)]

    assert answers(member.user.email) == answers("nobody@demo.example") == [422] * 10 + [429] * 2


def test_signing_in_forgives_the_tries_before(client, member, clock):
    for _ in range(9):
        attempt(client, member.user.email)
    assert attempt(client, member.user.email, make.PASSWORD).status_code == 302
    for _ in range(9):
        assert attempt(client, member.user.email).status_code == 422


def test_the_present_password_cannot_be_guessed_faster_in_a_session(client, member, clock, checks):
    make.sign_in(client, member.user)
    checks.clear()
    statuses = [
        client.post("/account", data={"present": f"guess {n}", "password": "a new long password"}).status_code
        for n in range(12)
    ]
    assert statuses == [422] * 10 + [429] * 2
    assert len(checks) == 10


def test_tries_say_nothing_of_who_and_are_forgotten(client, member, clock):
    attempt(client, member.user.email, environ_base={"REMOTE_ADDR": "198.51.100.7"})
    row = db.session.scalars(sa.select(SignInAttempt)).one()
    assert member.user.email not in (row.account, row.source)
    assert "198.51" not in row.source
    clock.shift(timedelta(days=2))
    attempt(client, "someone@demo.example")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(SignInAttempt)) == 1


def test_a_password_of_a_megabyte_is_refused_without_a_hash(client, member, monkeypatch):
    def refuse(*given):
        raise AssertionError("hashed")

    monkeypatch.setattr(services.hasher.__class__, "verify", refuse)
    assert attempt(client, member.user.email, "x" * 1_000_000).status_code == 422


def test_opening_and_closing_sessions_is_in_the_history(client, member):
    make.sign_in(client, member.user)
    row_id = db.session.scalars(sa.select(SignIn.id)).one()
    client.post("/sign-out")
    assert [event.event for event in audit.list_events(row_id)] == ["session.opened", "session.closed"]


def test_a_bureau_member_acts_with_the_roles_of_the_organisation_acted_for_alone(client):
    bureau, company = make.make_organisation(OrganisationKind.AUTHORITY), make.make_organisation()
    auditor = make.make_member(bureau, Role.AUDITOR)
    hidden = make.make_organisation(verified=False)
    with unit_of_work():
        second = services.add_member(
            make.SYSTEM, company, db.session.get(User, auditor.user_id), roles={Role.ENTERPRISE_MEMBER}
        )
    make.sign_in(client, auditor.user)
    address, ours = f"/organisations/{hidden.id}", {"membership": str(auditor.id)}
    client.post("/acting-for", data=ours)
    assert client.get(address).status_code == 200
    client.post("/acting-for", data={"membership": str(second.id)})
    assert client.get(address).status_code == 404
