"""No view without a mark; safe methods read, unsafe ones are one unit of work, cookie included."""

import uuid

import pytest
import sqlalchemy as sa
from flask import Blueprint, flash, session
from sqlalchemy.exc import OperationalError

from matchmaker.accounts import queries
from matchmaker.accounts.models import User
from matchmaker.accounts.permissions import Can
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import audit, clock
from matchmaker.core.access import Permission, needs, public
from matchmaker.core.db import db
from matchmaker.core.web.seal import Unmarked
from tests.factories import accounts as make


@pytest.fixture
def views():
    return Blueprint("test", __name__)


def add_user(email="new@demo.example"):
    db.session.add(User(email=email, name="x", password_hash="x", created_at=clock.now()))
    db.session.flush()


def emails():
    return list(db.session.scalars(sa.select(User.email)))


def clash(sqlstate):
    """What PostgreSQL says when it wants a transaction run again."""
    return OperationalError("statement", {}, type("Driver", (Exception,), {"sqlstate": sqlstate})())


# --- marks ----------------------------------------------------------------------------------------------------------


def test_the_application_does_not_start_with_unmarked_views_and_names_them_all(make_app, views):
    views.add_url_rule("/one", "one", lambda: "1")
    views.add_url_rule("/two", "two", lambda: "2", methods=["POST"])
    views.add_url_rule("/three", "three", public("for the test")(lambda: "3"))
    with pytest.raises(Unmarked) as caught:
        make_app(views)
    assert "test.one, test.two" in str(caught.value)
    assert "three" not in str(caught.value)


def test_a_permission_without_a_rule_is_no_mark(make_app, views):
    class Can(Permission):
        NOTHING = "nothing:at_all"

    views.add_url_rule("/one", "one", needs(Can.NOTHING)(lambda: "1"))
    with pytest.raises(Unmarked, match=r"test\.one"):
        make_app(views)


def test_every_view_of_ours_carries_a_mark_and_a_public_one_says_why(app):
    for endpoint, view in app.view_functions.items():
        if endpoint != "static":
            mark = view.__wrapped__.__access__
            assert mark.permission is not None or mark.reason, endpoint


# --- who gets in ----------------------------------------------------------------------------------------------------


def test_a_view_with_a_row_gets_it_and_nobody_else_does(make_app, views):
    @views.get("/look/<uuid:id>/<word>")
    @needs(Can.ORGANISATION_EDIT, load=queries.find_organisation)
    def look(organisation, word):
        return f"{organisation.id} {word}"

    client = make_app(views).test_client()
    organisation = make.make_organisation(OrganisationKind.UNIVERSITY)
    member, stranger = make.make_member(organisation), make.make_member(make.make_organisation())
    address = f"/look/{organisation.id}/well"
    assert client.get(address).status_code == 302
    make.sign_in(client, member.user)
    assert client.get(address).text == f"{organisation.id} well"
    assert client.get(f"/look/{uuid.uuid4()}/well").status_code == 404
    make.sign_in(client, stranger.user)
    assert client.get(address).status_code == 403


# --- transactions ---------------------------------------------------------------------------------------------------


def test_get_cannot_write(app, make_app, views):
    @views.get("/write")
    @public("for the test")
    def write():
        add_user()
        return "done"

    client = make_app(views).test_client()
    for call in (client.get, client.head):
        assert call("/write").status_code == 500
    assert emails() == []


def test_post_commits_when_it_is_done_and_not_before(app, make_app, views):
    @views.post("/write")
    @public("for the test")
    def write():
        add_user()
        return "done"

    @views.post("/fail")
    @public("for the test")
    def fail():
        add_user("never@demo.example")
        raise ZeroDivisionError

    client = make_app(views).test_client()
    assert client.post("/write").status_code == 200
    assert client.post("/fail").status_code == 500
    assert emails() == ["new@demo.example"]


def test_an_error_at_commit_is_still_a_page_of_ours(app, make_app, views, monkeypatch):
    @views.post("/write")
    @public("for the test")
    def write():
        db.session.add(User(email="late@demo.example", name="x", password_hash="x", created_at=clock.now()))
        monkeypatch.setattr(db.session(), "commit", lambda: (_ for _ in ()).throw(OSError("disk full")))
        return "done"

    answer = make_app(views).test_client().post("/write")
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in answer.text
    assert emails() == []


def test_a_clash_of_transactions_is_tried_again_and_leaves_one_trace(app, make_app, views):
    tries = []

    @views.post("/clash")
    @public("for the test")
    def clashing():
        tries.append(1)
        add_user()
        flash("done")
        if len(tries) < 3:
            raise clash("40001" if len(tries) == 1 else "40P01")
        return "done"

    @views.get("/told")
    @public("for the test")
    def told():
        return " ".join(message for _, message in session.get("_flashes", []))

    client = make_app(views).test_client()
    assert client.post("/clash").status_code == 200
    assert emails() == ["new@demo.example"]
    assert client.get("/told").text == "done"


def test_a_clash_that_does_not_end_is_a_conflict_and_no_crash(app, make_app, views):
    @views.post("/clash")
    @public("for the test")
    def clashing():
        raise clash("40001")

    assert make_app(views).test_client().post("/clash").status_code == 409


def test_what_failed_leaves_nothing_in_the_cookie(app, make_app, views):
    @views.post("/fail")
    @public("for the test")
    def fail():
        flash("It worked!")
        session["who"] = "somebody else"
        raise ZeroDivisionError

    @views.get("/keep")
    @public("for the test")
    def keep():
        session.setdefault("mine", "kept")
        flash("earlier")
        return repr(sorted(key for key in session if key != "csrf_token"))

    client = make_app(views).test_client()
    client.get("/keep")
    page = client.post("/fail").text
    assert "It worked!" not in page
    assert "earlier" in page
    with client.session_transaction() as cookie:
        assert (cookie.get("mine"), cookie.get("who")) == ("kept", None)


def test_a_command_in_a_view_records_the_request(app, make_app, views):
    user_id = make.make_user().id

    @views.post("/note")
    @public("for the test")
    def note():
        audit.record(make.SYSTEM, "test.noted", db.session.get(User, user_id))
        return "done"

    answer = make_app(views).test_client().post("/note")
    assert audit.list_events(user_id)[-1].request_id == answer.headers["X-Request-Id"]
