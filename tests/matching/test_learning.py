"""The second stage is fitted in the background, from all, and only when that gives nobody away."""

import dataclasses
import re
import uuid
from datetime import timedelta

import numpy as np
import pytest

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.access import ANONYMOUS
from matchmaker.core.db import db
from matchmaker.matching import indexing, learning, pairings, queries, ranking, services
from matchmaker.matching.engine import ranker, semantic
from matchmaker.matching.engine.reasons import Kind as ReasonKind
from matchmaker.matching.engine.semantic import Model
from matchmaker.matching.models import Kind, Level, MatchList, MatchRanker
from matchmaker.matching.verdicts import Reason, Verdict
from tests.factories.accounts import make_actor, unit
from tests.factories.listings import make_achievement, make_need
from tests.factories.matching import index_root, refresh, revise

TITLES = ["动力电池低温自加热技术", "煤矿瓦斯抽采监测", "玉米秸秆还田机具"]


@pytest.fixture(autouse=True)
def no_model(monkeypatch):
    monkeypatch.setattr(semantic, "models", lambda *, extra: ())


@pytest.fixture
def few(monkeypatch):
    """So that a handful of judgements is enough."""
    monkeypatch.setattr(learning, "LEAST_JUDGEMENTS", 3)


def manager():
    return make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER)


def refit():
    db.session.rollback()
    return learning.refit(index_root())


def judged_by(achievements, need, *levels):
    for achievement, level in zip(achievements, levels, strict=True):
        with unit():
            services.judge(manager(), need, achievement=achievement, verdict=Verdict(int(level)))


def hits(listing):
    db.session.expire_all()
    return {hit: score for hit, score, _ in db.session.get(MatchList, listing.id).hits}


def test_it_is_fitted_once_for_an_index_and_lists_follow(app):
    assert not refit()  # there is no index yet
    achievements, need = [make_achievement(title=title) for title in TITLES], make_need()
    refresh()
    first = hits(need)
    assert refit()
    assert not refit()
    assert db.session.get(MatchList, need.id).fingerprint == MatchList.STALE
    refresh()
    assert next(iter(hits(need))) == str(achievements[0].id)
    assert hits(need) != first


def test_a_list_and_its_pairing_page_give_one_score_also_for_a_text_newer_than_the_fit(app):
    achievement, need = make_achievement(), make_need()
    refresh(), refit(), refresh()
    revise(
        achievement,
        title="电池快速升温",
        summary="冬季物流车电池快速升温，不增加整车成本，三个月内可以装车使用，已完成试验。",
    )
    refresh()
    (match,) = queries.list_matches_for_need(ANONYMOUS, need).page.items
    found = pairings.pairing(ANONYMOUS, need, db.session.merge(achievement))
    assert found.tenths == pytest.approx(hits(need)[str(achievement.id)] / 1000, abs=1)
    assert sum(part.tenths for part in found.parts) == found.tenths
    assert sum(found.probabilities) == 100
    assert match.level == found.level


def test_both_sides_hold_one_score_for_a_pair(app):
    achievement, need = make_achievement(), make_need()
    refresh(), refit(), refresh()
    assert hits(need)[str(achievement.id)] == pytest.approx(hits(achievement)[str(need.id)], abs=5)


def test_too_few_judgements_or_organisations_teach_nothing(app, few):
    achievements, need = [make_achievement(title=title) for title in TITLES], make_need()
    actor = manager()
    for achievement in achievements:
        with unit():
            services.judge(actor, need, achievement=achievement, verdict=Verdict(4))
    with indexing.reading() as session:
        assert learning.learnable(session) == []


def test_judgements_of_several_are_learned_after_a_while(app, few, monkeypatch):
    achievements, need = [make_achievement(title=title) for title in TITLES], make_need()
    refresh(), refit()
    judged_by(achievements, need, Level.NONE, Level.STRONG, Level.WEAK)
    assert not refit()  # bursts are waited for
    later = clock.now() + learning.EVERY + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert refit()
    row = db.session.get(MatchRanker, 1)
    assert row.judgements == 3
    assert set(row.figures) == {"pair", "need"}
    opened = ranking.find_ranker(db.session(), index_root())
    assert opened.ranker.learned.count == 3


@pytest.mark.parametrize("level", [Level.NONE, Level.STRONG])
@pytest.mark.parametrize(("times", "of_need"), [(1, 2), (2, 2), (1, 0)])
def test_what_is_said_of_a_pair_moves_others_and_not_its_own_score_level_or_words(
    app, few, monkeypatch, level, times, of_need
):
    achievements = [make_achievement(title=title) for title in [*TITLES, TITLES[0] + "装置"]]
    need, other = (
        make_need(),
        make_need(
            title="秸秆还田作业质量监测",
            problem="秸秆还田的作业面积与深度靠人工抽查，误差很大，希望找到随车安装、自动记录的监测装置，三个月内试用。",
        ),
    )
    refresh()
    judged_by(achievements[:3], other, Level.NONE, Level.NONE, Level.STRONG)
    judged_by(achievements[1 : 1 + of_need], need, *[Level.NONE, Level.WEAK][:of_need])
    assert refit()
    refresh()
    before, neighbour, listed = seen(need, achievements[0]), seen(need, achievements[3]), hits(need)
    for _ in range(times):
        judged_by(achievements[:1], need, level)
    later = clock.now() + learning.EVERY + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert refit()
    refresh()
    after = seen(need, achievements[0])
    assert after.level == before.level
    # The mean judged pair, from which measures are counted, is another one now: less than half a point.
    assert [part.tenths for part in after.parts] == pytest.approx([part.tenths for part in before.parts], abs=4)
    assert after.tenths == pytest.approx(before.tenths, abs=4)
    assert after.words == before.words
    assert hits(need)[str(achievements[0].id)] == pytest.approx(listed[str(achievements[0].id)], abs=4_000)
    assert abs(seen(need, achievements[3]).tenths - neighbour.tenths) > 20


def seen(need, achievement):
    """What anybody is told of a pair."""
    return pairings.pairing(ANONYMOUS, need, achievement)


def test_words_that_judgements_speak_for_stand_beside_the_points_that_they_add(app, few, monkeypatch):
    achievements, need = [make_achievement(title=title) for title in [*TITLES, TITLES[1]]], make_need()
    refresh()
    judged_by(achievements[:3], need, Level.STRONG, Level.NONE, Level.NONE)
    refit()
    found = pairings.pairing(ANONYMOUS, need, achievements[3])
    assert found.words
    assert [part.tenths < 0 for part in found.parts if part.kind is ReasonKind.TAUGHT_WORDS] == [True]

    explained = ranking.explained

    def hardly_taught(*sides, limit):
        reasons = explained(*sides, limit=limit)
        parts = [
            part if part.kind is not ReasonKind.TAUGHT_WORDS else part._replace(value=-4e-5) for part in reasons.parts
        ]
        return dataclasses.replace(reasons, parts=tuple(parts))

    monkeypatch.setattr(ranking, "explained", hardly_taught)
    found = pairings.pairing(ANONYMOUS, need, achievements[3])
    assert not found.words
    assert ReasonKind.TAUGHT_WORDS not in {part.kind for part in found.parts}


def test_what_counts_against_a_pair_has_a_bar_as_long_as_it_weighs(client, few):
    achievements, need = [make_achievement(title=title) for title in TITLES], make_need()
    refresh()
    judged_by(achievements, need, Level.NONE, Level.NONE, Level.NONE)
    refit()
    parts = pairings.pairing(ANONYMOUS, need, achievements[0]).parts
    page = client.get(f"/pairings/{need.id}/{achievements[0].id}").text
    drawn = [float(width) for width in re.findall(r'class="bar-fill against" width="([0-9.]+)"', page)]
    largest = max(abs(part.tenths) for part in parts)
    assert drawn == [round(-100 * part.tenths / largest, 1) for part in parts if part.tenths < 0] != []


def test_only_reasons_about_the_text_teach(app, few):
    achievements, need = [make_achievement(title=title) for title in TITLES], make_need()
    for achievement, reason in zip(achievements, (Reason.OFF_TOPIC, Reason.TOO_DEAR, Reason.UNCLEAR), strict=True):
        with unit():
            services.judge(manager(), need, achievement=achievement, verdict=Verdict(reason=reason))
    judged_by(achievements[:2], need, Level.STRONG, Level.WEAK)
    with indexing.reading() as session:
        assert sorted(entry.level for entry in learning.learnable(session)) == [1, 2, 4]


def test_a_damaged_ranker_is_fitted_again_and_until_then_the_first_stage_stands(app):
    achievement, need = make_achievement(), make_need()
    refresh(), refit()
    name = db.session.get(MatchRanker, 1).directory
    (index_root() / name / "ranker.json").write_text("{}")
    ranking._open.cache_clear()
    assert ranking.find_ranker(db.session(), index_root()) is None
    assert pairings.pairing(ANONYMOUS, need, achievement).probabilities == ()
    assert refit()


def test_no_confidential_text_reaches_the_ranker(app):
    make_achievement(), make_need()
    refresh(), refit()
    for path in index_root().glob("ranker-*/*"):
        assert "CANARY".lower().encode() not in path.read_bytes().lower()


def test_unknown_listings_are_passed_over(app):
    assert ranking.published_texts(Kind.NEED, [str(uuid.uuid4())]) == {}


@pytest.fixture
def asked(app, monkeypatch):
    """The extra is installed, with a light model beside it; the texts that each was asked for."""
    texts = {"light": [], "extra": []}

    def model(name):
        def encoded(batch, query):
            texts[name].extend(batch)
            return np.eye(8, dtype=np.float16)[[len(content) % 7 for content in batch]]

        return Model(name, 8, 1.0, longest=100, batch=1_000, tells_queries=False, encoded=encoded)

    both = tuple(map(model, texts))
    by_name = {model.name: model for model in both}
    monkeypatch.setattr(semantic, "models", lambda *, extra: both if extra else both[:1])
    monkeypatch.setattr(ranker, "BY_NAME", by_name)
    return texts


def models_in_use():
    return [model.name for model in ranking.find_ranker(db.session(), index_root()).ranker.models]


def later(monkeypatch):
    moment = clock.now() + learning.EVERY + timedelta(seconds=1)
    monkeypatch.setattr(clock, "now", lambda: moment)


def test_switched_off_the_extra_is_never_asked_and_what_it_said_is_forgotten(app, asked, monkeypatch):
    achievement = make_achievement()
    make_need()
    refresh(), refit()
    assert asked["extra"]
    assert models_in_use() == ["light", "extra"]
    off = dataclasses.replace(app.extensions["matchmaker.settings"], semantic=False)
    monkeypatch.setitem(app.extensions, "matchmaker.settings", off)
    later(monkeypatch)
    asked["extra"].clear(), asked["light"].clear()
    assert refit()
    assert models_in_use() == ["light"]
    revise(achievement, title="电池快速升温", summary="冬季物流车电池快速升温，不增加整车成本，三个月内可以装车使用。")
    refresh()
    assert asked["light"]
    assert asked["extra"] == []
    assert not refit()


def test_until_the_slower_model_is_through_lists_go_by_the_light_one(app, asked, monkeypatch):
    make_achievement()
    make_need()
    refresh()
    clicks = iter(range(100))
    monkeypatch.setattr(learning.time, "monotonic", lambda: next(clicks))
    monkeypatch.setattr(learning, "FIRST_READING", timedelta(seconds=2.5))
    assert refit()
    assert models_in_use() == ["light"]
    assert not refit(), "at most so often"
    later(monkeypatch)
    assert refit()
    assert models_in_use() == ["light", "extra"]


def test_where_finding_the_unread_takes_long_reading_still_goes_on(app, asked, monkeypatch):
    for title in TITLES:
        make_achievement(title=title)
    make_need()
    refresh()
    moments = iter([0, 60, *range(61, 1_000)])
    monkeypatch.setattr(learning.time, "monotonic", lambda: next(moments))
    refit()
    assert models_in_use() == ["light", "extra"]
