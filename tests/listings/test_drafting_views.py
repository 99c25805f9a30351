"""What is typed into a listing's form is kept, checked and brought in, for its author alone."""

import io
import re

import pytest

from matchmaker.accounts.roles import Role
from matchmaker.listings.models import FormDraft
from tests.factories import accounts
from tests.factories import listings as make
from tests.listings.cast import E, U
from tests.listings.test_citations import docx
from tests.listings.test_views import ENGLISH, READY, only, sign_in

TYPED = {
    "title": "除雪",
    "summary": "未写完",
    "modes": ["equity", "assignment"],
    "rights-0-number": "CN1",
    "then": "save",
}


@pytest.fixture
def university(app):
    return accounts.make_organisation(U, name="示例甲大学")


def value(page: str, name: str) -> str:
    found = re.search(rf'<input[^>]*name="{name}"[^>]*>', page)
    shown = re.search(r'value="([^"]*)"', found[0]) if found else None
    return shown[1] if shown else ""


def test_what_was_typed_is_there_again_and_gone_once_it_is_saved(client, university):
    sign_in(client, university, Role.RESEARCHER)
    for title in ("除", "除雪"):
        assert "kept at" in client.post("/achievements/new/keep", data={**TYPED, "title": title}, headers=ENGLISH).text
    assert [name for name, _ in only(FormDraft).fields].count("modes") == 2
    page = client.get("/achievements/new", headers=ENGLISH).text
    assert value(page, "title") == "除雪"
    assert value(page, "rights-0-number") == "CN1"
    assert len(re.findall(r'name="modes"[^>]*checked|checked[^>]*name="modes"', page)) == 2
    assert "You left this unsaved" in page
    client.post("/achievements/new", data={**READY, "then": "save"})
    assert value(client.get("/achievements/new").text, "title") == ""


def test_nobody_else_finds_it(client, visitor, university):
    sign_in(client, university, Role.RESEARCHER)
    client.post("/achievements/new/keep", data=TYPED)
    colleague = visitor()
    sign_in(colleague, university, Role.RESEARCHER)
    assert value(colleague.get("/achievements/new").text, "title") == ""


def test_it_can_be_thrown_away(client, university):
    sign_in(client, university, Role.RESEARCHER)
    client.post("/achievements/new/keep", data=TYPED)
    assert client.post("/achievements/new/discard").location == "/achievements/new"
    assert value(client.get("/achievements/new").text, "title") == ""


def test_a_change_is_kept_until_someone_else_saves(client, university):
    membership = sign_in(client, university, Role.TTO_OFFICER)
    row = make.make_achievement(university, author=accounts.actor(membership), title="旧名")
    address = f"/achievements/{row.id}/edit"
    client.post(f"{address}/keep", data={"title": "新名", "version": row.version})
    assert value(client.get(address).text, "title") == "新名"
    make.propose(row, title="别人改的")
    assert value(client.get(address).text, "title") == "别人改的"
    assert client.post(f"{address}/discard").location == address


def test_only_those_who_may_write_are_served(client, university):
    row = make.make_achievement(university)
    assert client.post("/achievements/new/keep", data=TYPED).status_code in (302, 401)
    sign_in(client, accounts.make_organisation(E), Role.ENTERPRISE_MEMBER)
    assert client.post("/achievements/check", data=TYPED).status_code == 403
    assert client.post(f"/achievements/{row.id}/edit/keep", data=TYPED).status_code == 403
    assert client.get("/achievements/bring-in").status_code == 403
    assert client.get("/needs/bring-in").status_code == 200


def test_advice_says_what_is_missing_and_what_to_look_at(client, university):
    sign_in(client, university, Role.RESEARCHER)
    page = client.post("/achievements/check", data={**TYPED, "summary": "技术诀窍，40秒"}, headers=ENGLISH).text
    assert "sounds confidential" in page
    assert "A title that names the thing" in page
    assert "40秒" in page


def test_the_form_gives_its_advice_without_scripts_too(client, university):
    sign_in(client, university, Role.RESEARCHER)
    page = client.post("/achievements/new", data={**TYPED, "then": "check"}, headers=ENGLISH)
    assert page.status_code == 200
    assert "Completeness" in page.text
    assert value(page.text, "title") == "除雪"


def test_one_entry_goes_to_the_form_of_several_one_is_chosen(client, university):
    sign_in(client, university, Role.RESEARCHER)
    two = "@misc{a, title={First}}\n@misc{b, title={Second}}"
    page = client.post("/achievements/bring-in", data={"text": two}, headers=ENGLISH).text
    assert "2 entries were found" in page
    answer = client.post("/achievements/bring-in", data={"text": two, "chosen": "1"})
    assert answer.location == "/achievements/new"
    assert value(client.get("/achievements/new").text, "title") == "Second"
    file = (io.BytesIO(docx("自除雪", "简介：涂层")), "result.docx")
    client.post("/achievements/bring-in", data={"file": file}, content_type="multipart/form-data")
    assert value(client.get("/achievements/new").text, "title") == "自除雪"


def test_what_cannot_be_read_is_said_at_the_field(client, university):
    sign_in(client, university, Role.RESEARCHER)
    answer = client.post("/achievements/bring-in", data={"text": "?"}, headers=ENGLISH)
    assert answer.status_code == 422
    assert "could not be read" in answer.text
