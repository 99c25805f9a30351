"""Before a public text is handed in that looks confidential, its author is asked; whoever approves it is shown why."""

import pytest
from flask.testing import FlaskClient

from matchmaker.accounts.roles import Role
from matchmaker.listings.models import Achievement, ListingState, Need
from tests.factories import accounts
from tests.factories import listings as make
from tests.listings.cast import E, U
from tests.listings.test_views import ENGLISH, READY, READY_NEED, heading, only, sign_in

SECRET = {**READY, "summary": f"{make.SUMMARY}本项目属内部资料，联系电话13800138000。"}


@pytest.fixture
def university(app):
    return accounts.make_organisation(U)


def test_the_author_is_asked_and_may_hand_in_all_the_same(client: FlaskClient, university, visitor) -> None:
    sign_in(client, university, Role.RESEARCHER)
    question = client.post("/achievements/new", data={**SECRET, "then": "submit"}).location
    row = only(Achievement)
    assert question == f"/achievements/{row.id}/cautions?then=submit"
    page = client.get(question, headers=ENGLISH)
    assert heading(page) == "Is this meant for everybody?"
    assert "内部资料" in page.text
    assert "13800138000" in page.text
    assert f'href="/achievements/{row.id}/edit#field-summary"' in page.text
    assert client.post(f"/achievements/{row.id}/submit").location == f"/achievements/{row.id}/cautions?then=submit"
    assert only(Achievement).state == ListingState.DRAFT
    assert client.post(question, data={"then": "submit"}).location == f"/achievements/{row.id}"
    assert only(Achievement).state == ListingState.IN_REVIEW
    officer = visitor()
    sign_in(officer, university, Role.TTO_OFFICER)
    shown = officer.get(f"/achievements/{row.id}").text
    assert "疑似涉密" in shown
    assert "疑似电话号码" in shown
    assert "疑似" not in client.get(f"/achievements/{row.id}").text  # the author was asked


def test_who_may_publish_is_asked_once_and_publishes(client: FlaskClient) -> None:
    own = accounts.make_organisation(E, name="示例制造公司")
    sign_in(client, own, Role.ENTERPRISE_SIGNATORY)
    named = {**READY_NEED, "anonymous": "y", "problem": f"示例制造公司{make.PROBLEM}"}
    question = client.post("/needs/new", data={**named, "then": "publish"}).location
    assert question == f"/needs/{only(Need).id}/cautions?then=publish"
    assert "示例制造公司" in client.get(question).text
    client.post(question, data={"then": "publish"})
    assert only(Need).state == ListingState.PUBLISHED


def test_nobody_else_reads_or_answers_the_question(client: FlaskClient, university, visitor) -> None:
    sign_in(client, university, Role.RESEARCHER)
    question = client.post("/achievements/new", data={**SECRET, "then": "submit"}).location
    assert visitor().get(question).location.startswith("/sign-in")
    stranger = visitor()
    sign_in(stranger, accounts.make_organisation(U), Role.TTO_OFFICER)
    for method in ("GET", "POST"):
        assert stranger.open(question, method=method).status_code in (403, 404)
    assert only(Achievement).state == ListingState.DRAFT
    client.post(f"/achievements/{only(Achievement).id}/edit", data={**READY, "version": only(Achievement).version})
    assert "未发现疑似涉密" in client.get(question).text
