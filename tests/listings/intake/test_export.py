"""Listings as files: what went out comes in again elsewhere, and nobody else's text goes out."""

import csv
import io

import pytest
from openpyxl import load_workbook

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.listings.facts import Completer, Right
from matchmaker.listings.intake import reading
from matchmaker.listings.intake.jobs import vocabulary
from matchmaker.listings.kinds import RightKind, RightStatus
from matchmaker.listings.services import codes
from tests.factories import listings as make
from tests.factories.accounts import actor, make_member, make_organisation, sign_in

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def member(app, client):
    member = make_member(make_organisation(OrganisationKind.UNIVERSITY), Role.RESEARCHER)
    sign_in(client, member.user)
    return member


def table(answer):
    return list(csv.reader(io.StringIO(answer.data.decode("utf-8-sig"))))


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_goes_out_comes_in_as_it_was(app, client, member, kind, language):
    facts = make.achievement_facts(
        trl=6,
        rights=(
            Right(RightKind.INVENTION_PATENT, "ZL1", RightStatus.GRANTED),
            Right(RightKind.KNOW_HOW, "", RightStatus.GRANTED),
        ),
        completers=(Completer("示例甲", 60), Completer("示例乙", 40)),
        price_max_fen=80_000_050,
        advantages="=1+1 不是公式",
    )
    make.make_achievement(
        author=actor(member),
        **{name: getattr(facts, name) for name in ("trl", "rights", "completers", "price_max_fen", "advantages")},
    )
    answer = client.get(f"/listings/mine.{kind}", headers={"Accept-Language": language})
    assert "attachment" in answer.headers["Content-Disposition"]
    with app.test_request_context():
        (entry,) = reading.read(answer.data, "achievement", codes(), vocabulary())
    assert entry.faults == ()
    got = entry.facts
    if kind == "csv":  # where a formula is kept from running by a mark before it
        assert got.advantages == "'" + facts.advantages
    else:
        assert got.advantages == facts.advantages
    for name in (
        "title",
        "summary",
        "trl",
        "rights",
        "completers",
        "price_max_fen",
        "modes",
        "field",
        "keywords",
        "industries",
        "district",
        "confidential",
        "language",
    ):
        assert getattr(got, name) == getattr(facts, name), name


def test_the_list_on_the_page_is_what_the_file_holds(client, member):
    make.make_achievement(author=actor(member), title="自己的成果")
    make.make_achievement(title="别家的成果")
    titles = [row[1] for row in table(client.get("/listings/mine.csv"))[1:]]
    assert titles == ["自己的成果"]
    assert table(client.get("/listings/mine.csv?state=draft"))[1:] == []
    page = client.get("/listings/mine?state=published&_external=1&page=1").get_data(as_text=True)
    assert "/listings/mine.csv?state=published&amp;_external=1" in page


def test_a_spreadsheet_holds_sums_as_numbers_and_days_as_days(client, member):
    make.make_achievement(author=actor(member), price_max_fen=80_000_050)
    sheet = load_workbook(io.BytesIO(client.get("/listings/mine.xlsx").data)).worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    row = dict(zip(heads, sheet[2], strict=True))
    assert row["参考价上限（元）"].value == 800000.5
    assert row["发布日期"].is_date


def test_strangers_get_no_file(client, app):
    assert client.get("/listings/mine.csv").status_code == 302
    manager = make_member(make_organisation(OrganisationKind.INTERMEDIARY), Role.TECHNOLOGY_MANAGER)
    sign_in(client, manager.user)
    assert client.get("/listings/mine.csv").status_code == 403
