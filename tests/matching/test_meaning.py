"""By meaning an English need finds Chinese achievements and a Chinese one English ones, on the platform.

The real models read the texts here; none of the pairs shares a word or a name of the lexicon.
"""

import dataclasses

import pytest

from matchmaker.core.access import ANONYMOUS
from matchmaker.core.db import db
from matchmaker.matching import learning, pairings, ranking
from matchmaker.matching.engine import semantic
from matchmaker.matching.engine.matcher import expanded
from matchmaker.matching.engine.reasons import Kind as ReasonKind
from matchmaker.matching.lexicon import lexicon
from matchmaker.matching.models import Kind
from tests.factories.listings import make_achievement, make_need
from tests.factories.matching import index_root, refresh, stored_hits


@pytest.fixture(autouse=True, params=[False, True], ids=["light", "extra"])
def installed(request, app, monkeypatch):
    """The light model alone, and with that of the extra."""
    if request.param and semantic.E5 not in semantic.models(extra=True):
        pytest.skip("the extra `semantic` is not installed")
    settings = dataclasses.replace(app.extensions["matchmaker.settings"], semantic=request.param)
    monkeypatch.setitem(app.extensions, "matchmaker.settings", settings)


UMBRELLA = {
    "title": "抗强风轻便雨伞骨架",
    "summary": "伞骨受大风翻折后可以自行弹回，整把伞比常见雨伞轻一半，收起后可放进衣袋里随身带着。",
}
OTHERS = [
    ("人参皂苷提取工艺", "用低温逆流方法从参根中提取皂苷，溶剂循环使用，收率和纯度都比传统水煎方法有所提高。"),
    ("玉米秸秆还田机具", "一次完成粉碎、深埋和镇压三道工序，适合黑土地垄作，配套中等马力拖拉机即可作业。"),
    ("地下停车场照明节能控制", "按车流和人流逐段调光，不需要重新布线，改造一层车库只要两个晚上，用电减少一半以上。"),
    ("古籍书页脱酸修复方法", "在密闭箱内雾化脱酸液，书页不打湿不变形，一次可处理整册，纸张寿命明显延长。"),
    ("肉牛体重拍照估测", "手机拍摄侧面照片即可估算体重，误差在百分之五以内，不需要赶牛上秤，适合散养户使用。"),
    ("地铁隧道渗漏水巡检车", "沿轨道自动行走拍摄并标出渗漏位置，夜间停运时段内可检查两个区间，无需人员步行。"),
]
MORE = [
    ("儿童牙科诊疗减轻疼痛", "孩子害怕打针，希望有不用注射针头的局部麻醉办法，适合门诊小手术，并且操作简单。"),
    ("冷冻水饺破皮率高", "速冻和运输后破皮较多，希望改进面皮配方或工艺，使破皮率明显下降，口感不变。"),
    ("钢琴厂木材干燥开裂", "音板木材干燥周期长而且容易开裂，希望缩短周期并提高成品率，不影响音色。"),
    ("滑雪场旧缆车提速", "旧缆车排队时间长，希望在不更换塔架的情况下提高运量，同时保证乘坐安全。"),
    ("中学实验室废液处理", "每学期产生少量酸碱废液，外运费用高，希望有小型、安全、学生可以参与操作的处理设备。"),
]
ENGLISH = [
    (
        "Cold-start fermentation of cabbage",
        "A starter that works at ten degrees and keeps the leaves crisp for a month.",
    ),
    (
        "Reading gauges from old photographs",
        "Dials of closed plants are read from scanned pictures, with an error below a mark.",
    ),
    (
        "Quiet hinges for hospital doors",
        "An oil-free damper closes heavy doors without a sound and lasts a million turns.",
    ),
]
WANTED = {
    "title": "A light umbrella that survives strong wind",
    "problem": "Ours turn inside out in a storm and break; they should spring back and fit into a coat pocket.",
}
PLAIN = {"keywords": ()}


def refit():
    db.session.rollback()
    while not learning.refit(index_root()):  # texts are read a little at a time
        pass
    refresh()


def make_others():
    """Enough that what all texts share is known."""
    for title, summary in OTHERS:
        make_achievement(title=title, summary=summary, **PLAIN)
    for title, problem in MORE:
        make_need(title=title, problem=problem, **PLAIN)


def test_an_english_need_finds_a_chinese_achievement_and_back(app):
    umbrella = make_achievement(**UMBRELLA, **PLAIN)
    make_others()
    need = make_need(**WANTED, **PLAIN)
    texts = ranking.texts_of(Kind.NEED, need), ranking.texts_of(Kind.ACHIEVEMENT, umbrella)
    named = expanded(texts[0].document, lexicon()).fields.get("lexicon", "")
    assert not set(named) & set(UMBRELLA["title"]), "the lexicon is not to help here"
    refresh()
    assert str(umbrella.id) not in stored_hits(need)
    refit()
    assert stored_hits(need)[0] == str(umbrella.id)
    assert str(need.id) in stored_hits(umbrella)
    found = pairings.pairing(ANONYMOUS, db.session.merge(need), db.session.merge(umbrella))
    assert max(found.parts, key=lambda part: part.tenths).kind is ReasonKind.MEANING


def test_a_chinese_achievement_on_the_subject_comes_before_english_ones_on_others(app):
    umbrella = make_achievement(**UMBRELLA, **PLAIN)
    make_others()
    for title, summary in ENGLISH:
        make_achievement(title=title, summary=summary, **PLAIN)
    refresh()
    refit()
    need = make_need(**WANTED, **PLAIN)  # the only one in English, and newer than the fit
    refresh()
    assert stored_hits(need)[0] == str(umbrella.id)


def test_a_chinese_need_finds_an_english_achievement(app):
    english = make_achievement(
        title="Umbrella ribs for strong wind",
        summary="Ribs of spring wire turn inside out in a storm and snap back unbroken; half the usual weight.",
        **PLAIN,
    )
    make_others()
    need = make_need(
        title="大风天不坏的轻便雨伞",
        problem="现有雨伞遇大风就翻折损坏，希望伞骨翻过去还能弹回来，而且重量更轻、便于携带。",
        **PLAIN,
    )
    refresh()
    assert str(english.id) not in stored_hits(need)
    refit()
    assert stored_hits(need)[0] == str(english.id)
