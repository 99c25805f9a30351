"""One handler: a page for people, problem JSON for programs; nothing of our insides, and what to do now."""

import logging
import re
import sqlite3

import pytest
import sqlalchemy as sa
from flask import Blueprint, abort, redirect, request

from matchmaker import app as application
from matchmaker.core import errors
from matchmaker.core.access import public
from matchmaker.core.db import db
from matchmaker.core.errors import Conflict, Forbidden, Invalid, NotFound, TooMany, Unauthenticated
from matchmaker.core.money import NotAnAmount
from matchmaker.core.web import errors as web_errors
from tests.conftest import settings_for
from tests.factories import accounts as make

JSON = {"Accept": "application/json"}
EN = {"Accept-Language": "en"}
RAISED = {
    "invalid": NotAnAmount(text="<b>viel</b>"),
    "missing": NotFound(),
    "forbidden": Forbidden(permission="x"),
    "conflict": Conflict(),
    "busy": TooMany(seconds=17),
    "nobody": Unauthenticated(),
}


def locked() -> sa.exc.OperationalError:
    """What SQLite says when another connection writes for longer than one waits."""
    first, second = (sqlite3.connect("file:locked?mode=memory&cache=shared", uri=True, timeout=0) for _ in range(2))
    try:
        first.execute("BEGIN IMMEDIATE")
        second.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        return sa.exc.OperationalError("BEGIN IMMEDIATE", {}, error)
    finally:
        first.close()
        second.close()
    raise AssertionError("the second writer did not wait")


WAITED = {"pool": sa.exc.TimeoutError("QueuePool limit"), "lock": locked()}


def failing_views():
    views = Blueprint("test", __name__)

    @views.route("/raise/<word>", methods=["GET", "POST"])
    @public("for the test")
    def refuse(word):
        raise RAISED[word]

    @views.route("/crash", methods=["GET", "POST"])
    @public("for the test")
    def crash():
        secret = request.values.get("secret", "canary in a variable")
        raise RuntimeError(f"canary in the text: {secret}")

    @views.post("/violate")
    @public("for the test")
    def violate():
        statement = sa.text("INSERT INTO users (id, email, name) VALUES (:id, :email, :name)")
        db.session.execute(statement, dict.fromkeys(("id", "email", "name"), request.form["email"]))
        return ""

    @views.route("/wait/<word>", methods=["GET", "POST"])
    @public("for the test")
    def wait(word):
        raise WAITED[word]

    @views.get("/moved")
    @public("for the test")
    def moved():
        return redirect("/elsewhere", 308)

    @views.get("/stop/<int:status>")
    @public("for the test")
    def stop(status):
        abort(status)

    return views


@pytest.fixture(scope="module")
def failing_app(tmp_path_factory):
    directory = tmp_path_factory.mktemp("errors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(application, "BLUEPRINTS", (*application.BLUEPRINTS, failing_views()))
        app = application.create_app(settings_for(directory, f"sqlite:///{directory}/empty.db"))
    app.config.update(WTF_CSRF_ENABLED=False)
    yield app
    with app.app_context():
        db.engine.dispose()


@pytest.fixture
def client(failing_app):
    return failing_app.test_client()


# --- refusals -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("word", "status"), [("invalid", 422), ("missing", 404), ("forbidden", 403), ("conflict", 409), ("busy", 429)]
)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_refusal_is_a_page_with_its_status_and_its_sentence(client, word, status, method):
    answer = client.open(f"/raise/{word}", method=method, headers=EN)
    assert (answer.status_code, answer.mimetype) == (status, "text/html")
    sentence = RAISED[word].phrase % {"text": "&lt;b&gt;viel&lt;/b&gt;", "seconds": 17}
    assert sentence in answer.text
    assert "<b>viel" not in answer.text


def test_pages_speak_the_readers_language(client):
    assert 'lang="zh-CN"' in client.get("/raise/missing").text
    assert "没有找到" in client.get("/raise/missing").text
    assert 'lang="en"' in client.get("/raise/missing", headers=EN).text


def test_too_many_says_when_to_come_back(client):
    answer = client.get("/raise/busy")
    assert answer.headers["Retry-After"] == "17"
    assert "17" in answer.text


@pytest.mark.parametrize("word", sorted(WAITED))
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_waits_in_vain_for_the_database_is_asked_to_try_again(client, word, method):
    answer = client.open(f"/wait/{word}", method=method, headers=EN)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "Nothing was changed. Please try again in 10 seconds." in answer.text


def test_who_must_sign_in_is_led_there_and_back(client):
    answer = client.get("/raise/nobody?a=1&b=%E6%96%87")
    assert answer.status_code == 302
    assert answer.location == "/sign-in?next=/raise/nobody?a%3D1%26b%3D%25E6%2596%2587"
    posted = client.post("/raise/nobody")
    assert (posted.status_code, posted.location) == (302, "/sign-in"), "what was posted cannot be gone back to"


def test_a_wrong_address_answers_like_a_hidden_row(client):
    def masked(page):
        return re.sub(r"/(raise/missing|nowhere)", "/address", page)

    assert masked(client.get("/raise/missing").text) == masked(client.get("/nowhere").text)


def test_a_wrong_method_says_which_are_right(client):
    answer = client.post("/moved")
    assert answer.status_code == 405
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_redirects_are_not_errors(client):
    assert (client.get("/moved").status_code, client.get("/moved").location) == (308, "/elsewhere")


# --- programs -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "accept", ["application/json", "application/problem+json", "application/json, text/html;q=0.5"]
)
@pytest.mark.parametrize(
    ("address", "status", "code"),
    [
        ("/raise/invalid", 422, "money.not_an_amount"), ("/raise/missing", 404, "not_found"),
        ("/raise/nobody", 401, "unauthenticated"), ("/raise/busy", 429, "too_many"), ("/nowhere", 404, "not_found"),
        ("/crash", 500, "internal"), ("/stop/400", 400, "http_400"),
    ],
)  # fmt: skip
def test_programs_get_problem_json(client, address, status, code, accept):
    answer = client.get(address, headers={"Accept": accept, **EN})
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json == {
        "type": f"urn:matchmaker:{code}", "title": code, "status": status, "detail": answer.json["detail"],
    }  # fmt: skip
    assert answer.json["detail"].endswith((".", "…"))
    assert "canary" not in answer.text


@pytest.mark.parametrize("accept", ["*/*", "text/html", "", "image/png", "text/html;q=0.9, application/json;q=0.8"])
def test_everyone_else_gets_a_page(client, accept):
    assert client.get("/nowhere", headers={"Accept": accept}).mimetype == "text/html"


# --- the unexpected -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("headers", [{}, EN])
def test_an_unexpected_error_shows_the_number_of_the_request_and_nothing_of_ours(client, headers):
    answer = client.get("/crash?secret=canary", headers=headers)
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in answer.text
    for word in ("canary in", "RuntimeError", "Traceback", "test_errors", "/work", "sqlalchemy", "SELECT"):
        assert word not in answer.text


def test_the_log_says_where_it_broke_and_never_what_was_typed(client, caplog):
    answer = client.post("/crash", data={"secret": "canary-typed", "password": "canary-password"})
    records = [record for record in caplog.records if record.levelno >= logging.ERROR]
    assert len(records) == 1
    text = logging.Formatter().format(records[0])
    assert answer.headers["X-Request-Id"] in text
    assert "RuntimeError" in text
    assert "test_errors.py" in text
    assert "canary-typed" not in text
    assert "canary-password" not in text


def test_a_database_error_keeps_its_parameters_to_itself(make_app, caplog):
    client = make_app(failing_views()).test_client()
    answer = client.post("/violate", data={"email": "someone@secret.example"})
    assert answer.status_code == 500
    for text in (answer.text, caplog.text):
        assert "secret.example" not in text
    assert "IntegrityError" in caplog.text or "DataError" in caplog.text


def test_a_line_break_in_an_address_does_not_start_a_line_in_the_log(client, caplog):
    client.get("/crash?secret=x%0d%0aCRITICAL forged")
    assert "forged" not in caplog.text


def test_even_where_the_page_cannot_be_made_there_is_an_answer(make_app, monkeypatch, caplog):
    client = make_app(failing_views()).test_client()
    make.sign_in(client, make.make_member(make.make_organisation()).user)
    shown = web_errors.app_page

    def needs_the_database(status, sentence):
        if not web_errors.g.actor.anonymous:
            raise ConnectionError("the database is away")
        return shown(status, sentence)

    monkeypatch.setattr(web_errors, "app_page", needs_the_database)
    answer = client.get("/crash")
    assert answer.status_code == 500
    assert answer.headers["X-Request-Id"] in answer.text
    assert "Content-Security-Policy" in answer.headers
    assert "ConnectionError" in caplog.text


def test_odd_exceptions_are_traced_too():
    class Odd(ExceptionGroup):
        pass

    try:
        try:
            raise Odd("canary", [ValueError("canary")])
        except Odd as error:
            raise KeyError("canary-key") from error
    except KeyError as error:
        trace = errors.trace_of(error)
    assert trace.index("Odd") < trace.index("which led to") < trace.index("KeyError")
    assert trace.endswith("KeyError")


def test_a_domain_error_shows_its_facts_to_developers_only():
    error = Invalid(field="fee", least=3)
    assert (str(error), error.field, error.facts) == ("invalid(least=3)", "fee", {"least": 3})


@pytest.mark.parametrize(("language", "sentence"), [("zh-CN", "系统出错"), ("en", "Something went wrong")])
@pytest.mark.parametrize("signed_in", [True, False])
def test_while_the_database_is_away_every_page_answers_with_the_number_of_its_request(
    make_app, language, sentence, signed_in
):
    client = make_app().test_client()
    if signed_in:
        make.sign_in(client, make.make_member(make.make_organisation()).user)
    with client.application.app_context():
        engine = db.engine

    def away(*_):
        raise sa.exc.OperationalError("SELECT", {}, ConnectionError("the server closed the connection"))

    sa.event.listen(engine, "before_cursor_execute", away)
    try:
        answers = [client.get(path, headers={"Accept-Language": language}) for path in ("/", "/achievements", "/deals")]
    finally:
        sa.event.remove(engine, "before_cursor_execute", away)
    for answer in answers if signed_in else answers[:2]:
        assert answer.status_code == 500
        assert sentence in answer.text
        assert answer.headers["X-Request-Id"] in answer.text


@pytest.mark.parametrize("address", ["/raise/conflict", "/raise/forbidden", "/wait/lock", "/crash"])
def test_texts_of_a_form_that_was_not_kept_are_shown_to_be_copied_and_nothing_else_is(client, address):
    kept = {"title": "车载激光雷达去噪", "summary": "at least twenty characters of text"}
    rest = {
        "trl": "5",
        "day": "2026-12-01",
        "deal": "00000000-0000-4000-8000-000000000000",
        "password": "canary-password-canary-password",
        "csrf_token": "canary-token-canary-token-canary",
    }
    page = client.post(address, data=kept | rest).text
    assert all(f"readonly>{text}</textarea>" in page for text in kept.values())
    assert page.count("<textarea") == len(kept)
    assert "canary" not in page
