"""What is read out of a text: its terms and its measured figures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.listings.wording import EMAIL, IDENTITY_NUMBER, MOST, TELEPHONE, figures, suggest

CHINESE = (
    "寒区车载毫米波雷达天线罩自除雪涂层与加热膜一体化技术\n"
    "在天线罩表面制备低表面能疏冰涂层，并在其下复合透波石墨烯加热膜。零下25℃、雪量5 mm/h工况下，积雪滑落时间小于40秒，"
    "77 GHz单程插入损耗增加不超过0.6 dB。疏冰涂层经300次循环后接触角保持在110度以上。"
)
ENGLISH = (
    "Snow-shedding radome coating\nThe radome coating sheds snow within 40 s. The icephobic layer lasts 300 cycles."
)


def test_terms_of_the_title_come_first():
    assert any("除雪涂层" in term or "天线罩" in term for term in suggest(CHINESE)[:4])
    assert "radome coating" in suggest(ENGLISH)[0]


@pytest.mark.parametrize("hollow", ["技术", "方法", "mm", "dB", "联系电话", "技术诀窍"])
def test_hollow_words_units_and_signs_of_secrecy_are_no_keywords(hollow):
    assert hollow not in suggest(CHINESE + f"{hollow}{hollow}，联系电话。技术诀窍。")


def test_no_term_stands_within_another():
    found = suggest(CHINESE)
    assert not [(a, b) for a in found for b in found if a != b and a in b]


def test_no_term_begins_with_what_leads_to_it():
    assert suggest("本成果面向雨雪天气下的车载激光雷达") == ["车载激光雷达", "雨雪天气"]


def test_figures_are_quoted_with_their_units_in_order():
    assert figures(CHINESE) == [
        "零下25℃、雪量5 mm/h工况下",
        "积雪滑落时间小于40秒",
        "77 GHz单程插入损耗增加不超过0.6 dB",
        "疏冰涂层经300次循环后接触角保持在110度以上",
    ]
    assert figures("2024年立项，课题3个，没有指标") == []
    bracketed = "做了试验（黑土，秋季10厘米土温6—9℃），其中失重率48.6%，且漏检（见表1，n=5"
    assert figures(bracketed) == ["做了试验（黑土，秋季10厘米土温6—9℃）", "失重率48.6%"]


@given(st.text(max_size=300))
def test_any_text_can_be_read(text):
    assert len(suggest(text)) <= MOST
    assert len(figures(text)) <= MOST
    assert all(figure in text for figure in figures(text))


@pytest.mark.parametrize("repeated", ["电池", "a", "1", "1,", "1.", " ", "a.", "。"])
def test_a_very_long_text_takes_no_longer_than_its_length(repeated):
    """By the square of its length this would take longer than the whole suite may."""
    text = repeated * 200_000
    assert figures(text) == []
    assert not any(sign.search(text) for sign in (EMAIL, TELEPHONE, IDENTITY_NUMBER))
