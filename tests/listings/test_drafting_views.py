"""What is typed into a listing's form is kept, checked and brought in, for its author alone."""

import io
import re

import pytest

from matchmaker.accounts.roles import Role
from matchmaker.core.db import db
from matchmaker.listings.models import Achievement, FormDraft
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


@pytest.mark.parametrize(("length", "cut"), [(20_000, False), (20_001, True)])
def test_that_a_text_was_cut_is_said(client, university, length, cut):
    sign_in(client, university, Role.RESEARCHER)
    entry = f"@misc{{a, title={{First}}, abstract={{{'x' * length}}}}}"
    client.post("/achievements/bring-in", data={"text": entry}, headers=ENGLISH)
    assert ("is cut at its end" in client.get("/achievements/new", headers=ENGLISH).text) == cut


def test_what_cannot_be_read_is_said_at_the_field(client, university):
    sign_in(client, university, Role.RESEARCHER)
    answer = client.post("/achievements/bring-in", data={"text": "?"}, headers=ENGLISH)
    assert answer.status_code == 422
    assert "could not be read" in answer.text


# --- step by step, for readers without scripts ----------------------------------------------------------------------


def test_steps_keep_what_each_sends_and_going_back_loses_nothing(client, university):
    sign_in(client, university, Role.RESEARCHER)
    first = client.get("/achievements/new?step=what", headers=ENGLISH).text
    assert 'name="title"' in first
    assert 'name="modes"' not in first
    for step, fields, onward in (
        ("what", {"title": "除雪涂层", "summary": "低表面能涂层。"}, "found"),
        ("found", {"keywords": "除雪, 涂层", "language": "zh"}, "terms"),
        ("terms", {"modes": ["equity", "assignment"]}, "rights"),
        ("rights", {"completers-0-name": "陆示例"}, "found"),
    ):
        answer = client.post(f"/achievements/new?step={step}", data={**fields, "go": onward})
        assert answer.location == f"/achievements/new?step={onward}"
    assert value(client.get("/achievements/new?step=found").text, "keywords") == "除雪, 涂层"
    # A box that is unticked is forgotten; what the other steps hold is not.
    client.post("/achievements/new?step=terms", data={"modes": ["equity"], "go": "later"})
    kept = [tuple(field) for field in only(FormDraft).fields]
    assert [text for name, text in kept if name == "modes"] == ["equity"]
    assert dict(kept)["completers-0-name"] == "陆示例"
    answer = client.post("/achievements/new?step=confidential", data={"confidential": "配方", "then": "save"})
    achievement = only(Achievement)
    assert answer.location == f"/achievements/{achievement.id}"
    assert (achievement.title, achievement.keywords, achievement.modes) == ("除雪涂层", ["除雪", "涂层"], ["equity"])
    assert db.session.query(FormDraft).count() == 0


def test_a_step_that_is_refused_shows_the_whole_form_with_all_that_was_typed(client, university):
    sign_in(client, university, Role.RESEARCHER)
    client.post("/achievements/new?step=found", data={"keywords": "除雪", "language": "zh", "go": "terms"})
    answer = client.post("/achievements/new?step=confidential", data={"confidential": "配方", "then": "save"})
    assert answer.status_code == 422  # no title yet
    assert value(answer.text, "keywords") == "除雪"
    assert "配方" in answer.text
    assert 'action="/achievements/new"' in answer.text
    assert "http-equiv" not in answer.text


def test_more_rows_in_a_step_keep_the_filled_ones(client, university):
    sign_in(client, university, Role.RESEARCHER)
    page = client.post("/achievements/new?step=rights", data={"rights-0-number": "CN1", "more_rows": "1"}).text
    assert value(page, "rights-0-number") == "CN1"
    assert page.count('name="rights-') > 5
    assert 'name="title"' not in page


def test_only_the_first_page_without_a_step_leads_to_the_steps(client, university):
    sign_in(client, university, Role.RESEARCHER)
    assert '<noscript><meta http-equiv="refresh"' in client.get("/achievements/new").text
    for address in ("/achievements/new?step=what", "/achievements/new?whole"):
        assert 'http-equiv="refresh' not in client.get(address).text
