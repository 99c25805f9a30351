"""Front page and figures, in both languages, for everyone."""

import pytest

from matchmaker.demo.load import load_if_empty


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


def test_front_page_lists_only_public_titles(client):
    load_if_empty(report=lambda line: None)
    page = client.get("/").get_data(as_text=True)
    assert page.count("/achievements/") == 4
    assert page.count("/needs/") == 4
