"""Advice beside a form: what is there, what could be, what should not be public."""

import pytest

from matchmaker.listings.completeness import cautions, check

FULL = {
    "title": "天线罩自除雪涂层技术",
    "summary": "疏冰涂层与石墨烯加热膜复合，零下25℃雪量5 mm/h时积雪滑落时间小于40秒，77 GHz插入损耗增加不超过0.6 dB。"
    * 2,
    "advantages": "与金属丝加热方案相比，功耗由18 W降到6 W，不影响雷达旁瓣，维护周期由半年延长到两年以上。",
    "applications": "乘用车与商用车毫米波雷达、激光雷达窗口",
    "trl": "6",
    "keywords": "天线罩，除雪；涂层",
    "field": "nev",
    "modes": ["equity"],
    "district": "newarea",
    "price_max_fen": "100",
}


def test_an_empty_form_has_everything_to_do_and_a_full_one_nothing():
    assert check("achievement", {}).share == 0
    assert check("achievement", FULL).share == 1
    assert check("need", {}).share == 0


def test_each_item_names_a_field_of_its_form():
    from matchmaker.listings.facts import AchievementFacts, NeedFacts

    for noun, facts in (("achievement", AchievementFacts), ("need", NeedFacts)):
        assert {item.field for item in check(noun, {}).items} <= set(facts.__dataclass_fields__)


def test_keywords_already_there_are_not_suggested_again():
    found = check("achievement", FULL).keywords
    assert found
    assert not {"天线罩", "除雪", "涂层"} & set(found)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        ("该配方属于技术诀窍", "confidential"),
        ("Trade secret: do not copy", "confidential"),
        ("请致电 138 1234 5678", "telephone"),
        ("0431-85168888", "telephone"),
        ("写信到 lin@beihu.example", "e-mail"),
        ("邮箱lin@beihu.example", "e-mail"),
        ("身份证 22010119900101123X", "identity"),
    ],
)
def test_what_is_not_for_the_public_is_pointed_out(text, sign):
    (found,) = cautions({"summary": text, "confidential": text})
    assert (found.field, sign in found.phrase) == ("summary", True)


def test_figures_and_patent_numbers_are_no_telephone_numbers():
    assert cautions({"summary": "专利 ZL202310123456.7，循环 13812 次，授权号 CN115432109B"}) == []


def test_an_anonymous_seeker_is_told_where_it_names_itself():
    given = {"problem": "我们春汽示例公司需要除雪", "anonymous": "y"}
    (found,) = cautions(given, own_names=("春汽示例公司",))
    assert "anonymous" in found.phrase
    assert cautions({**given, "anonymous": ""}, own_names=("春汽示例公司",)) == []
