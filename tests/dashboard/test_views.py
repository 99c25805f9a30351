"""Front page and figures, in both languages, for everyone."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import event

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.db import db
from matchmaker.dashboard.models import TargetEntry
from matchmaker.demo.load import ACCOUNTS
from matchmaker.demo.world import PASSWORD
from tests.factories.accounts import make_member, make_organisation, sign_in


@contextmanager
def counting() -> Iterator[list[str]]:
    """The SELECT statements sent meanwhile."""
    statements: list[str] = []

    def note(connection, cursor, statement, *rest):
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.mark.parametrize(("language", "words"), [("zh-CN", "让科研成果找到用武之地"), ("en", "Research results")])
def test_front_page_greets_in_the_readers_language(client, language, words):
    page = client.get("/", headers={"Accept-Language": language})
    assert page.status_code == 200
    assert words in page.get_data(as_text=True)


def test_empty_platform_says_so(client):
    assert "Nothing is published yet." in client.get("/", headers={"Accept-Language": "en"}).get_data(as_text=True)


def test_figures_name_every_definition_and_target(client):
    page = client.get("/dashboard", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert "Deals for which at least one payment was received." in page
    assert "科技成果本地转化突破6000项" in page
    assert "counted by the bureau, not here" in page


@pytest.mark.usefixtures("demonstration")
def test_front_page_lists_only_public_titles(client):
    page = client.get("/").get_data(as_text=True)
    assert page.count("/achievements/") == 4
    assert page.count("/needs/") == 4


@pytest.mark.usefixtures("demonstration")
def test_home_shows_what_waits_in_few_statements_and_the_first_steps_once(app, client):
    for email in [email for email, role in ACCOUNTS]:
        client.post("/sign-in", data={"email": email, "password": PASSWORD})
        client.get("/")
        with counting() as statements:
            page = client.get("/").get_data(as_text=True)
        assert len(statements) <= 12, (email, statements)
        assert "tour-title" in page
        if email == "tto@beihu.example":
            assert "您有 4 项待办" in page
            assert "答复要约" in page
        client.post("/sign-out")
    client.post("/sign-in", data={"email": "manager@qiaoliang.example", "password": PASSWORD})
    client.post("/tour")
    assert "tour-title" not in client.get("/").get_data(as_text=True)
    assert "tour-title" in client.get("/?tour=1").get_data(as_text=True)


@pytest.mark.usefixtures("demonstration")
def test_each_figure_has_a_chart_a_table_and_a_csv_and_sums_are_for_the_bureau(app, client):
    with counting() as statements:
        page = client.get("/dashboard", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert len(statements) <= 12, len(statements)
    assert page.count("data-chart=") == page.count('-table"') // 2 - 1 == 6
    for code in ("funnel", "times", "fields", "districts", "universities", "intermediaries", "targets"):
        assert f"/dashboard/{code}.csv" in page
        answer = client.get(f"/dashboard/{code}.csv", headers={"Accept-Language": "en"})
        assert answer.mimetype == "text/csv"
        assert "attachment" in answer.headers["Content-Disposition"]
        assert len(answer.get_data(as_text=True).splitlines()) > 2

    assert client.get("/dashboard/months.csv").status_code == 404
    client.post("/sign-in", data={"email": "auditor@bureau.example", "password": PASSWORD})
    lines = client.get("/dashboard/months.csv").get_data(as_text=True).splitlines()
    assert len(lines) == 13


def test_the_bureau_enters_what_the_platform_cannot_count(client):
    bureau = make_organisation(OrganisationKind.AUTHORITY)
    data = {"value": "12", "as_of_on": "2026-01-31", "source": "统计公报"}
    assert client.post("/dashboard/targets/T3", data=data).status_code == 302
    assert db.session.query(TargetEntry).count() == 0
    sign_in(client, make_member(bureau, Role.ADMINISTRATOR).user)
    assert client.get("/dashboard/targets/T3").status_code == 200
    assert client.get("/dashboard/targets/T999").status_code == 404
    for wrong in ({**data, "as_of_on": "2099-01-01"}, {**data, "source": " "}, {**data, "value": "-1"}):
        assert client.post("/dashboard/targets/T3", data=wrong).status_code == 422
    for value in ("12", "13"):
        assert client.post("/dashboard/targets/T3", data={**data, "value": value}).status_code == 302
    page = client.get("/dashboard", headers={"Accept-Language": "en"}).get_data(as_text=True)
    assert re.search(r'"num">13<.strong>.*?as of 31 Jan 2026 · 统计公报', page, re.S)
    assert db.session.query(TargetEntry).count() == 2


def test_a_reviewer_enters_nothing(client):
    sign_in(client, make_member(make_organisation(OrganisationKind.AUTHORITY), Role.REVIEWER).user)
    assert client.get("/dashboard/targets/T3").status_code == 403


def test_the_style_page_shows_every_icon_and_chart(client):
    page = client.get("/design").get_data(as_text=True)
    assert page.count('class="icon"') > 15
    assert "data-chart=" in page
