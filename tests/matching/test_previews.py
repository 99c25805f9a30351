"""What a text that is not published would match: public listings alone, and nothing is kept."""

import re

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.access import ANONYMOUS
from matchmaker.matching import previews
from matchmaker.matching.models import Kind
from tests.factories.accounts import make_member, make_organisation, sign_in
from tests.factories.listings import make_achievement, make_need
from tests.factories.matching import refresh, withdraw
from tests.listings.test_queries import counted

ENGLISH = {"Accept-Language": "en"}
TEXT = "电池低温充电慢，需要自加热技术，十分钟升温。"


def test_a_paragraph_finds_what_fits_and_says_why(client):
    row = make_achievement()
    make_achievement(
        title="玉米秸秆还田机", summary="秸秆粉碎与深翻一体，适合黑土地保护性耕作，作业效率每小时十亩。", keywords=()
    )
    refresh()
    page = client.post("/try", data={"text": TEXT}, headers=ENGLISH).get_data(as_text=True)
    tried = page.split('id="tried"')[1]
    assert f"/achievements/{row.id}" in tried
    assert "<mark>" in tried
    assert "玉米" not in tried
    assert TEXT in page


def test_a_paragraph_in_one_language_finds_what_is_written_in_the_other(client):
    row = make_achievement(
        title="车载激光雷达雪天去噪",
        summary="降雪时点云噪点很多，本成果按回波强度与前后帧剔除雪点，召回率 95%，已装车试用一冬。",
        keywords=(),
    )
    make_achievement(
        title="玉米秸秆还田机", summary="秸秆粉碎与深翻一体，适合黑土地保护性耕作，作业效率每小时十亩。", keywords=()
    )
    refresh()
    text = "Our cars' lidar takes falling snow for obstacles. We look for software that cleans the point cloud."
    tried = client.post("/try", data={"text": text}, headers=ENGLISH).get_data(as_text=True).split('id="tried"')[1]
    assert f"/achievements/{row.id}" in tried
    assert "<mark>激光雷达</mark>" in tried
    assert "玉米" not in tried.partition("</li>")[0]


def test_single_characters_in_common_are_no_match(app):
    make_achievement(title="玉米秸秆还田机", summary="秸秆粉碎与深翻一体，适合黑土地保护性耕作，作业效率每小时十亩。")
    refresh()
    assert previews.preview(ANONYMOUS, Kind.NEED, {"problem": "秸秆"}).matches
    assert not previews.preview(ANONYMOUS, Kind.NEED, {"problem": "咖啡机"}).matches


def test_the_other_side_can_be_asked_for_too(client):
    need = make_need(anonymous=True)
    refresh()
    page = client.post("/try", data={"text": TEXT, "side": "achievement"}, headers=ENGLISH).get_data(as_text=True)
    assert f"/needs/{need.id}" in page
    assert need.organisation.name not in page


def test_what_is_withdrawn_or_confidential_is_not_found(client):
    row = make_achievement()
    make_achievement(title="另一项动力电池加热技术")
    refresh()
    withdraw(row)
    assert str(row.id) not in client.post("/try", data={"text": TEXT}).get_data(as_text=True)
    assert not previews.preview(ANONYMOUS, Kind.NEED, {"problem": "CANARY"}).matches


def test_an_empty_box_and_an_empty_platform_are_no_error(client):
    assert client.get("/try").status_code == 200
    assert client.post("/try", data={"text": "  "}).status_code == 422
    assert client.post("/try", data={"text": TEXT}).status_code == 200


def test_gains_say_what_each_field_adds_to_the_best_match(app):
    make_need()
    make_need(title="农业灌溉", problem="完全无关的农业灌溉文字" * 4, keywords=())
    refresh()
    texts = {"title": "物流车电池快速升温", "summary": "完全无关的农业灌溉文字"}
    found = previews.preview(ANONYMOUS, Kind.ACHIEVEMENT, texts, with_gains=True)
    gains = {gain.name: gain.tenths for gain in found.gains}
    assert gains["title"] > 0 > gains["summary"]


def test_the_names_that_a_title_brings_are_its_gain(app):
    """The rest would name the same thing in both languages, but only where there is no title to say it."""
    make_need(title="Lidar for falling snow", problem="Our cars take snow for obstacles every winter.", keywords=())
    make_need(title="农业灌溉", problem="完全无关的农业灌溉文字" * 4, keywords=())
    refresh()
    texts = {"title": "激光雷达", "summary": "激光雷达点云去噪，冬季已装车试用。"}
    found = previews.preview(ANONYMOUS, Kind.ACHIEVEMENT, texts, with_gains=True)
    assert found.matches[0].listing.title == "Lidar for falling snow"
    gains = {gain.name: gain.tenths for gain in found.gains}
    assert gains["title"] >= round(1000 * found.matches[0].score) == 1000  # more than a strong match needs


def test_a_preview_takes_few_statements(app):
    for _ in range(3):
        make_achievement()
    refresh()
    with counted() as statements:
        assert len(previews.preview(ANONYMOUS, Kind.NEED, {"problem": TEXT}).matches) == 3
    assert len(statements) <= 3


def test_beside_a_form_only_its_writers_are_served(client):
    make_need()
    refresh()
    data = {"title": "物流车电池快速升温", "keywords": "电池"}
    assert client.post("/achievements/preview-matches", data=data).status_code == 401  # with the text, to be copied
    sign_in(client, make_member(make_organisation(OrganisationKind.UNIVERSITY), Role.RESEARCHER).user)
    page = client.post("/achievements/preview-matches", data=data, headers=ENGLISH).get_data(as_text=True)
    assert re.search(r'id="preview-matches".*物流车', page, re.S)
    assert "What each field adds" in page
    assert client.post("/needs/preview-matches", data=data).status_code == 403
