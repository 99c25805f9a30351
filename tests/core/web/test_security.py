"""What holds for every route of the whole application, whatever it is for: headers, CSRF, cookies, no crash."""

import re
import uuid
from http.cookies import SimpleCookie

import pytest
import sqlalchemy as sa
from flask import Blueprint, Flask, abort

from matchmaker.accounts.models import SignInAttempt, User
from matchmaker.core.access import public
from matchmaker.core.audit import AuditEvent
from matchmaker.core.db import db
from tests.factories import accounts as make

ANSWERS = {"uuid": uuid.UUID(int=4 << 76 | 8 << 60), "integer": 1, "path": "app.css", "float": 1.0}
"""What fits each kind of placeholder in an address; where nothing is said, a word."""


def addresses(app: Flask, method: str) -> list[str]:
    """An address for every route that takes the method, its placeholders filled with what leads nowhere."""
    found = []
    for rule in app.url_map.iter_rules():
        if method in rule.methods:
            kinds = {name: type(converter).__name__ for name, converter in rule._converters.items()}
            values = {}
            for name, converter in rule._converters.items():
                kind = kinds[name].removesuffix("Converter").lower()
                values[name] = sorted(converter.items)[0] if kind == "any" else ANSWERS.get(kind, "nothing")
                if kind == "unicode" and name in ("id", "year"):
                    values[name] = "1"
            found.append(app.url_map.bind("").build(rule.endpoint, values, method=method))
    return sorted(set(found))


def assert_sealed(answer, https=False):
    """All the headers that every answer carries."""
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    for name in ("object-src", "base-uri", "frame-ancestors"):
        assert policy[name] == "'none'", name
    assert policy["form-action"] == "'self'"
    assert policy["style-src"] == "'self'"
    assert re.fullmatch(r"'self' 'nonce-[\w-]{20,}'", policy["script-src"])
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Permissions-Policy"]
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-Id"])
    assert ("max-age=31536000" in answer.headers.get("Strict-Transport-Security", "")) is https
    assert "Server" not in answer.headers
    for line in answer.headers.getlist("Set-Cookie"):
        ((name, cookie),) = SimpleCookie(line).items()
        assert cookie["httponly"], name
        assert cookie["samesite"] == "Lax", name
        assert cookie["path"] == "/", name
        assert not cookie["domain"], name
        assert bool(cookie["secure"]) is https, name
        assert name.startswith("__Host-") is https, name


# --- every route ----------------------------------------------------------------------------------------------------


def test_every_route_answers_an_anonymous_reader_and_carries_all_headers(app, client):
    found = addresses(app, "GET")
    assert len(found) > 10
    for address in found:
        answer = client.get(address, buffered=True)
        assert answer.status_code in (200, 302, 404), (address, answer.status_code)
        assert_sealed(answer)
        if answer.status_code == 302:
            assert answer.location.startswith("/sign-in?next="), address


def test_every_route_answers_someone_signed_in_without_letting_it_be_kept(app, client):
    make.sign_in(client, make.make_member(make.make_organisation()).user)
    for address in addresses(app, "GET"):
        answer = client.get(address, buffered=True)
        assert answer.status_code in (200, 302, 403, 404), (address, answer.status_code)
        assert_sealed(answer)
        if not address.startswith("/static/"):
            assert answer.headers["Cache-Control"] == "no-store", address


@pytest.mark.parametrize("method", ["head", "options", "delete", "patch", "put", "trace"])
def test_other_methods_are_answered_or_refused_but_never_break(app, client, method):
    for address in addresses(app, "GET") + addresses(app, "POST"):
        answer = client.open(address, method=method.upper(), buffered=True)
        assert answer.status_code in (200, 302, 404, 405), (address, answer.status_code)
        assert_sealed(answer)


def test_every_form_answers_an_empty_post_and_changes_nothing(app, client):
    for address in addresses(app, "POST"):
        answer = client.post(address)
        assert answer.status_code in (302, 400, 404, 422), (address, answer.status_code)
        assert_sealed(answer)
    for model in (User, AuditEvent, SignInAttempt):
        assert db.session.scalar(sa.select(sa.func.count()).select_from(model)) == 0


def test_with_https_cookies_and_headers_are_at_their_strictest(make_app):
    app = make_app(https=True)
    client = app.test_client()
    base = "https://localhost"
    for address in addresses(app, "GET"):
        assert_sealed(client.get(address, base_url=base, buffered=True), https=True)
    answer = client.post("/language", data={"lang": "en"}, base_url=base)
    assert len(answer.headers.getlist("Set-Cookie")) >= 1
    assert_sealed(answer, https=True)
    user = make.make_user()
    answer = client.post("/sign-in", data={"email": user.email, "password": make.PASSWORD}, base_url=base)
    assert answer.status_code == 302
    assert_sealed(answer, https=True)


# --- errors ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def failing(make_app):
    views = Blueprint("test", __name__)

    @views.route("/abort/<int:status>", methods=["GET", "POST"])
    @public("for the test")
    def stop(status):
        abort(status)

    @views.get("/crash")
    @public("for the test")
    def crash():
        raise ZeroDivisionError

    return make_app(views)


@pytest.mark.parametrize(
    ("method", "address", "status"),
    [
        ("GET", "/nowhere", 404), ("GET", "/static/nothing.css", 404), ("POST", "/", 405), ("GET", "/crash", 500),
        *(("GET", f"/abort/{status}", status) for status in (400, 401, 403, 410, 415, 429, 501, 503)),
    ],
)  # fmt: skip
def test_every_error_is_a_page_with_all_headers(failing, method, address, status):
    answer = failing.test_client().open(address, method=method)
    assert answer.status_code == status
    assert_sealed(answer)
    assert "<h1>" in answer.text


def test_too_much_is_refused_with_all_headers(failing):
    failing.config["MAX_CONTENT_LENGTH"] = 1000
    for address in ("/sign-in", "/register", "/language"):
        answer = failing.test_client().post(address, data={"email": "x" * 2000})
        assert answer.status_code == 413
        assert_sealed(answer)
        assert "<h1>" in answer.text


def test_ten_megabytes_in_a_field_and_ten_thousand_fields_are_refused_or_read(failing):
    client = failing.test_client()
    many = {f"field{number}": "x" for number in range(10_000)}
    assert client.post("/sign-in", data={"email": "x" * 10_000_000}).status_code in (413, 422)
    assert client.post("/sign-in", data=many).status_code in (413, 422)
    parts = dict(list(many.items())[:1001])
    assert client.post("/sign-in", data=parts, content_type="multipart/form-data; boundary=x").status_code == 413


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe%zz=%", "application/x-www-form-urlencoded"), (b"--x\r\n", "multipart/form-data; boundary=x"),
        (b"--x", "multipart/form-data"), (b"{" * 10_000, "application/json"), (b"\0" * 1000, "text/plain"),
        (b"email=a&email=b&password=%00", "application/x-www-form-urlencoded; charset=utf-7"),
    ],
)  # fmt: skip
def test_bodies_that_are_not_forms_break_nothing(client, body, kind):
    answer = client.post("/sign-in", data=body, content_type=kind)
    assert answer.status_code in (400, 413, 415, 422)
    assert_sealed(answer)


@pytest.mark.parametrize(
    "address", ["/%00", "/%ff%fe", "/organisations/%00", "/organisations?q=%00&page=%ff", "//", "/..;/"]
)
def test_addresses_that_are_not_text_break_nothing(client, address):
    answer = client.get(address, buffered=True)
    assert answer.status_code in (200, 308, 400, 404)
    assert_sealed(answer)


def test_static_files_carry_the_headers_and_need_no_session(client):
    answer = client.get("/static/app.css", buffered=True)
    assert answer.status_code == 200
    assert_sealed(answer)


def test_the_nonce_is_new_for_each_answer(client):
    policies = {client.get("/").headers["Content-Security-Policy"] for _ in range(5)}
    assert len(policies) == 5


# --- CSRF -----------------------------------------------------------------------------------------------------------


def token_of(page):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page.text)[1]


def test_no_form_works_without_its_token_or_with_another_sessions(make_app):
    app = make_app(csrf=True)
    ours, theirs = app.test_client(), app.test_client()
    foreign = token_of(theirs.get("/sign-in"))
    ours.get("/sign-in")
    found = addresses(app, "POST")
    assert len(found) > 10
    for address in found:
        for token in (None, "", "x", foreign):
            data = {} if token is None else {"csrf_token": token}
            answer = ours.post(address, data={"lang": "en", **data})
            assert answer.status_code == 400, (address, token)
            assert_sealed(answer)
            assert "form-action" in answer.headers["Content-Security-Policy"]
    assert not ours.get_cookie("lang")
    assert db.session.scalar(sa.select(sa.func.count()).select_from(AuditEvent)) == 0


def test_the_right_token_lets_a_form_through(make_app):
    client = make_app(csrf=True).test_client()
    token = token_of(client.get("/sign-in"))
    assert client.post("/language", data={"lang": "en", "csrf_token": token}).status_code == 302
    assert client.get_cookie("lang").value == "en"


def test_a_token_from_before_signing_in_is_worth_nothing_after(make_app):
    client = make_app(csrf=True).test_client()
    user = make.make_user()
    token = token_of(client.get("/sign-in"))
    signed = client.post("/sign-in", data={"email": user.email, "password": make.PASSWORD, "csrf_token": token})
    assert signed.status_code == 302
    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 400
    assert client.post("/sign-out", data={"csrf_token": token_of(client.get("/account"))}).status_code == 302


def test_over_https_a_form_of_another_host_is_refused_even_with_a_token(make_app):
    client = make_app(csrf=True, https=True).test_client()
    token = token_of(client.get("/sign-in", base_url="https://localhost"))
    for referrer, status in (("https://evil.example/", 400), (None, 400), ("https://localhost/sign-in", 302)):
        headers = {} if referrer is None else {"Referer": referrer}
        answer = client.post(
            "/language", data={"lang": "en", "csrf_token": token}, base_url="https://localhost", headers=headers
        )
        assert answer.status_code == status, referrer


# --- behind a proxy -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("proxies", "believed"), [(0, "127.0.0.1"), (1, "203.0.113.7")])
def test_forwarded_addresses_are_believed_only_from_our_own_proxy(make_app, proxies, believed):
    views = Blueprint("test", __name__)

    @views.get("/address")
    @public("for the test")
    def address():
        from flask import request

        return request.remote_addr

    client = make_app(views, proxies=proxies).test_client()
    assert client.get("/address", headers={"X-Forwarded-For": "10.9.8.7, 203.0.113.7"}).text == believed
