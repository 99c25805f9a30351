"""The pages on which files of many entries come in."""

import io

import pytest
from sqlalchemy import event, select

from matchmaker.accounts.models import Membership
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.db import db
from matchmaker.listings.intake import jobs, reading
from matchmaker.listings.intake.models import Intake
from matchmaker.listings.intake.states import IntakeState
from matchmaker.listings.models import Achievement
from tests.factories.accounts import make_member, make_organisation, sign_in

BIBTEX = "@article{a, title={激光雷达去噪}}\n@article{b, author={无名}}\n@article{c, title={电池加热}}\n"


@pytest.fixture
def researcher(app, client):
    member = make_member(make_organisation(OrganisationKind.UNIVERSITY), Role.RESEARCHER)
    return sign_in(client, member.user)


def upload(client, content, name="成果.bib"):
    content = content.encode() if isinstance(content, str) else content
    return client.post("/listings/imports", data={"file": (io.BytesIO(content), name)})


def work(app):
    db.session.rollback()
    jobs.take_in(app.extensions["matchmaker.settings"])
    db.session.rollback()


def only():
    db.session.expire_all()
    return db.session.scalars(select(Intake)).one()


def text(answer):
    return answer.get_data(as_text=True)


def test_a_file_is_read_shown_and_made_drafts(app, researcher):
    page = text(researcher.get("/listings/imports"))
    assert "/listings/imports/template.xlsx" in page
    answer = upload(researcher, BIBTEX)
    assert answer.status_code == 302
    address = answer.headers["Location"]
    waiting = text(researcher.get(address))
    assert 'hx-trigger="every 2s"' in waiting
    assert f'href="{address}"' in waiting  # without scripts, to look again
    work(app)
    shown = text(researcher.get(address))
    assert "共读到 3 条" in shown
    assert "激光雷达去噪" in shown
    assert "名称：请填写名称，这是别人最先看到的内容。" in shown
    assert "every 2s" not in shown
    faulty = text(researcher.get(f"{address}?show=faulty"))
    assert "激光雷达去噪" not in faulty
    assert researcher.post(f"{address}/bring-in").headers["Location"] == address
    running = text(researcher.get(address))
    assert "正在生成草稿" in running
    assert f'action="{address}/stop"' in running
    work(app)
    result = text(researcher.get(address))
    assert "已生成 2 份草稿" in result
    for row in db.session.scalars(select(Achievement)):
        assert f"/achievements/{row.id}/edit" in result
    assert "成果.bib" in text(researcher.get("/listings/imports"))


def test_what_waits_for_a_word_stands_on_the_home_page(app, researcher):
    upload(researcher, BIBTEX)
    work(app)
    assert f"/listings/imports/{only().id}" in text(researcher.get("/"))


@pytest.mark.parametrize("content", [b"", b"just words", b"\x00\x01\x02"])
def test_what_cannot_be_read_is_said_at_the_field_and_changes_nothing(app, researcher, content):
    answer = upload(researcher, content)
    assert answer.status_code == 422
    assert 'href="#field-file"' in text(answer)
    assert db.session.scalars(select(Intake)).all() == []


def test_no_file_is_said_too(app, researcher):
    assert researcher.post("/listings/imports", data={}).status_code == 422


def test_a_file_larger_than_the_limit_is_refused(app, researcher, monkeypatch):
    monkeypatch.setattr(reading, "MOST_BYTES", 100)
    assert upload(researcher, "x" * 101).status_code == 422


def test_the_same_file_twice_leads_to_the_one_that_is_there(app, researcher):
    first = upload(researcher, BIBTEX).headers["Location"]
    work(app)
    second = upload(researcher, BIBTEX)
    assert second.headers["Location"] == first
    assert "该文件已在导入中" in text(researcher.get(first))


def test_it_is_stopped_and_thrown_away_by_buttons(app, researcher):
    address = upload(researcher, BIBTEX).headers["Location"]
    work(app)
    researcher.post(f"{address}/bring-in")
    researcher.post(f"{address}/stop")
    assert only().state == IntakeState.STOPPED
    assert "继续导入" in text(researcher.get(address))
    researcher.post(f"{address}/discard")
    assert only().state == IntakeState.DISCARDED
    assert researcher.post(f"{address}/bring-in").status_code == 409


def test_the_template_is_a_spreadsheet(app, researcher):
    answer = researcher.get("/listings/imports/template.xlsx")
    assert answer.data.startswith(b"PK")
    assert "attachment" in answer.headers["Content-Disposition"]


def test_strangers_find_nothing_and_who_posts_nothing_is_refused(app, researcher):
    address = upload(researcher, BIBTEX).headers["Location"]
    researcher.post("/sign-out")
    assert researcher.get(address).status_code == 302
    colleague = make_member(make_organisation(OrganisationKind.UNIVERSITY), Role.TTO_OFFICER)
    sign_in(researcher, colleague.user)
    for path in (address, "/listings/imports/00000000-0000-4000-8000-000000000000"):
        assert researcher.get(path).status_code == 404
        assert researcher.post(f"{path}/bring-in").status_code == 404
    researcher.post("/sign-out")
    manager = make_member(make_organisation(OrganisationKind.INTERMEDIARY), Role.TECHNOLOGY_MANAGER)
    sign_in(researcher, manager.user)
    assert researcher.get("/listings/imports").status_code == 403
    assert db.session.scalars(select(Membership)).first() is not None


def test_a_page_of_many_entries_asks_the_database_a_bounded_number_of_times(app, researcher):
    address = upload(researcher, "\n".join(f"@article{{a{n}, title={{第{n}项成果}}}}" for n in range(300)))
    address = address.headers["Location"]
    work(app)
    statements = []

    def note(connection, cursor, statement, *rest):
        if statement.startswith("SELECT"):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert researcher.get(address).status_code == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert len(statements) <= 12, statements


def test_where_all_look_like_others_the_box_is_pointed_to_and_nothing_happens(app, researcher):
    first = upload(researcher, BIBTEX).headers["Location"]
    work(app)
    researcher.post(f"{first}/bring-in")
    work(app)
    second = upload(researcher, "@patent{z, title={激光雷达去噪}, number={CN9}}").headers["Location"]
    work(app)
    answer = researcher.post(f"{second}/bring-in")
    assert answer.status_code == 422
    assert 'href="#field-also_alike"' in text(answer)
    answer = researcher.post(f"{second}/bring-in", data={"also_alike": "1"})
    assert answer.status_code == 302
