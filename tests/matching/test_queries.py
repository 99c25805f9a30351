"""What the reads answer: matches, search, facets, explanations."""

import re
import uuid
from contextlib import contextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core.access import ANONYMOUS
from matchmaker.core.db import db
from matchmaker.core.errors import NotFound
from matchmaker.listings.models import ListingState, Mode
from matchmaker.matching import pairings, queries
from matchmaker.matching.engine import Document, Span, rank
from matchmaker.matching.engine.matcher import expanded
from matchmaker.matching.lexicon import lexicon
from matchmaker.matching.models import Kind, Level
from matchmaker.matching.pairings import segments
from matchmaker.matching.queries import Filters, Phrase, search
from tests.factories.accounts import make_organisation
from tests.factories.listings import make_achievement, make_need
from tests.factories.matching import refresh, revise, withdraw

RICE = dict(title="水稻病虫害遥感识别", keywords=("水稻", "遥感"), field="bio", district="yushu")
RICE_SUMMARY = "无人机多光谱影像与深度学习结合，提前一周识别水稻稻瘟病与飞虱，准确率 92%，已用于大面积稻田。"


@contextmanager
def counted():
    statements = []

    def note(connection, cursor, statement, *rest):
        if not statement.startswith(("PRAGMA", "BEGIN", "SAVEPOINT", "RELEASE")):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


@pytest.fixture
def university(app):
    return make_organisation(OrganisationKind.UNIVERSITY)


def ids(page):
    return [row.id for row in page.items]


def matched(matches):
    return [match.listing.id for match in matches.page.items]


# --- lists of matches -----------------------------------------------------------------------------------------------


def test_matches_come_best_first_with_level_and_reason(app, university):
    far = make_achievement(
        university, title="电池外壳压铸工艺", summary="一体化压铸电池外壳，壁厚均匀，减重两成，良品率高。" * 2
    )
    near = make_achievement(university, title="物流车电池快速升温装置", keywords=("电池", "冬季", "升温"))
    need = make_need()
    refresh()
    found = queries.list_matches_for_need(ANONYMOUS, need)
    assert matched(found) == [near.id, far.id]
    best = found.page.items[0]
    assert 0.3 < best.score < 1
    assert best.level in (Level.FAIRLY_STRONG, Level.STRONG)
    assert 0 < len(best.reason) <= queries.PHRASES
    own = need.title + need.problem + "".join(need.keywords)
    assert all((phrase.words in own) == phrase.written for phrase in best.reason)
    assert found.page.items[1].score < best.score
    assert not found.pending


def test_both_directions_are_kept(app):
    achievement, need = make_achievement(), make_need()
    refresh()
    assert matched(queries.list_matches_for_achievement(ANONYMOUS, achievement)) == [need.id]


def test_a_list_not_computed_yet_is_pending_and_an_unpublished_listing_has_none(app):
    need, draft = make_need(), make_need(state=ListingState.DRAFT)
    assert queries.list_matches_for_need(ANONYMOUS, need).pending
    found = queries.list_matches_for_need(ANONYMOUS, draft)
    assert (found.pending, found.page.total) == (False, 0)


def test_what_was_withdrawn_vanishes_before_the_list_is_computed_again(app, university):
    kept, withdrawn = make_achievement(university), make_achievement(university)
    need = make_need()
    refresh()
    assert queries.list_matches_for_need(ANONYMOUS, need).page.total == 2
    withdraw(withdrawn)
    found = queries.list_matches_for_need(ANONYMOUS, need)
    assert (matched(found), found.page.total) == ([kept.id], 1)
    assert ids(search(ANONYMOUS, Kind.ACHIEVEMENT, "电池").page) == [kept.id]
    assert ids(search(ANONYMOUS, Kind.ACHIEVEMENT).page) == [kept.id]


def test_a_page_of_matches_takes_few_reads(app, university):
    for _ in range(25):
        make_achievement(university)
    need_id = make_need().id
    refresh()
    db.session.remove()
    need = db.session.get(queries.MODELS[Kind.NEED], need_id)
    with counted() as statements:
        found = queries.list_matches_for_need(ANONYMOUS, need, 2)
    assert (found.page.total, len(found.page.items)) == (25, 5)
    assert len(statements) <= 5, statements


def test_needs_with_a_good_match_are_counted(app):
    make_achievement(title="物流车电池快速升温装置", keywords=("电池", "冬季", "升温"))
    make_need()
    lonely = make_need(title="水稻病虫害识别", problem=RICE_SUMMARY, keywords=())
    refresh()
    assert queries.count_matched_needs() == 1
    assert queries.count_matched_needs(level=1) == 2
    withdraw(lonely)
    assert queries.count_matched_needs(level=1) == 1


def test_level_of_a_pair_is_found_in_either_list(app):
    achievement, need = make_achievement(), make_need()
    assert queries.find_level(need.id, achievement.id) is None
    refresh()
    assert queries.find_level(need.id, achievement.id) == Level.WEAK
    assert queries.find_level(need.id, uuid.uuid4()) is None


# --- search ---------------------------------------------------------------------------------------------------------


def test_search_keeps_the_order_of_the_engine(app, university):
    titles = ["电池低温加热", "动力电池", "电池回收与再生利用", "低温润滑脂", "水稻遥感监测"]
    for title in titles:
        make_achievement(
            university,
            title=title,
            summary="本成果已完成样机试制与第三方检测，欢迎企业来电洽谈合作与现场考察。",
            keywords=(),
        )
    refresh()
    found = search(ANONYMOUS, Kind.ACHIEVEMENT, "低温电池")
    index = queries.find_indexes().of(Kind.ACHIEVEMENT)
    ranked = rank(index, expanded(Document("", {"title": "低温电池"}), lexicon()), 10)
    bound = queries.RELEVANT_SHARE * ranked[0].score
    assert [str(i) for i in ids(found.page)] == [hit.id for hit in ranked if hit.score >= bound]
    assert found.page.items[0].title == "电池低温加热"
    assert "水稻遥感监测" not in {row.title for row in found.page.items}
    assert (found.ranked, found.building, found.cut) == (True, False, False)


def test_a_thing_is_found_under_its_other_names_in_both_languages(app, university):
    lidar = make_achievement(
        university,
        title="车载激光雷达去噪",
        summary="降雪时点云噪点很多，本成果按回波强度与前后帧剔除雪点，召回率 95%，已装车试用一冬。",
        keywords=(),
    )
    english = make_achievement(
        university, title="Maize harvester header", summary="Picks lodged maize at 6 km/h. " * 3, keywords=()
    )
    make_achievement(university, **RICE, summary=RICE_SUMMARY)
    refresh()
    for text, wanted in (("laser radar", lidar), ("LiDAR", lidar), ("玉米", english), ("苞米", english)):
        assert search(ANONYMOUS, Kind.ACHIEVEMENT, text).page.items == [wanted], text


def test_the_other_names_are_told(app, client, university):
    make_achievement(university)
    refresh()
    also = search(ANONYMOUS, Kind.ACHIEVEMENT, "MAIZE 苞米").also
    assert {"玉米", "corn"} <= set(also)
    assert not {"苞米", "maize"} & set(also)
    assert search(ANONYMOUS, Kind.ACHIEVEMENT, "zeppelin").also == []
    assert "corn" in client.get("/achievements?q=苞米").get_data(as_text=True)


def test_what_brings_little_is_no_reason(app):
    title = "电池低温自加热"
    make_achievement(title=title, summary="我们在寒区跑完样车验证，升温四十度，造价不变，可以批量使用，已交付两家。")
    need = make_need(
        title=title, problem="我们的冷链物流到冬天续航只剩一半，希望半小时之内恢复正常放电能力，其余不限。"
    )
    refresh()
    (match,) = queries.list_matches_for_need(ANONYMOUS, need).page.items
    assert match.reason == (Phrase(title, written=True),)


def test_each_result_says_by_what_it_was_found_unless_that_is_all_that_was_typed(app, client, university):
    lidar = make_achievement(university, title="车载激光雷达除雪")
    refresh()
    for text, named in (
        ("激光雷达", ()),
        ("LIDAR", (Phrase("激光雷达", written=False),)),
        ("雪天激光雷达", (Phrase("激光雷达", written=True),)),
    ):
        for order in queries.ORDERS[Kind.ACHIEVEMENT]:
            assert search(ANONYMOUS, Kind.ACHIEVEMENT, text, order=order).reasons == {lidar.id: named}, (text, order)
    assert re.search("<mark>激光雷达</mark> <span[^>]*>（相关）", client.get("/achievements?q=LIDAR").text)
    assert "<mark>" not in client.get("/achievements?q=激光雷达").text
    assert search(ANONYMOUS, Kind.ACHIEVEMENT).reasons == {}


def test_the_words_typed_count_more_than_their_other_names(app, university):
    for title in ("瓦斯抽采钻机", "煤层气抽采钻机"):
        make_achievement(
            university,
            title=title,
            summary="钻孔效率高，已在三处矿井使用两年，设备状态稳定，欢迎来电洽谈合作与现场考察。",
            keywords=(),
        )
    refresh()
    for text in ("瓦斯", "煤层气"):
        found = search(ANONYMOUS, Kind.ACHIEVEMENT, text).page.items
        assert (len(found), found[0].title.startswith(text)) == (2, True)


def test_without_words_the_newest_come_first(app, university):
    rows = [make_achievement(university) for _ in range(3)]
    found = search(ANONYMOUS, Kind.ACHIEVEMENT)
    assert ids(found.page) == [row.id for row in reversed(rows)]
    assert (found.ranked, found.building) == (False, False)


def test_without_an_index_the_newest_come_first_and_it_is_said(app):
    row = make_achievement()
    found = search(ANONYMOUS, Kind.ACHIEVEMENT, "电池")
    assert (ids(found.page), found.ranked, found.building) == ([row.id], False, True)
    assert search(ANONYMOUS, Kind.NEED, "电池").building is False  # there is nothing to search


def test_words_that_nothing_contains_find_nothing(app):
    make_achievement()
    refresh()
    for text in ("zeppelin", "，。！", "的"):
        assert search(ANONYMOUS, Kind.ACHIEVEMENT, text).page.total == 0


def test_single_characters_of_a_word_find_only_where_nothing_has_more_and_it_is_said(app, client, university):
    deer = make_achievement(university, title="梅花鹿养殖环境监测")
    refresh()
    found = search(ANONYMOUS, Kind.ACHIEVEMENT, "梅雨锋暴雨")
    assert (ids(found.page), found.loose) == ([deer.id], True)
    assert "只有个别字与之相同" in client.get("/achievements?q=梅雨锋暴雨").text
    assert "只有个别字与之相同" not in client.get("/achievements?q=zeppelin").text
    rain = make_achievement(university, title="城市内涝与暴雨预警")
    refresh()
    found = search(ANONYMOUS, Kind.ACHIEVEMENT, "梅雨锋暴雨")
    assert (ids(found.page), found.loose) == ([rain.id], False)
    assert "只有个别字与之相同" not in client.get("/achievements?q=梅雨锋暴雨").text
    assert set(ids(search(ANONYMOUS, Kind.ACHIEVEMENT, "梅").page)) == {deer.id}  # typed by itself it is a word


def test_what_has_all_that_was_typed_is_found_however_much_better_another_fits(app, university):
    laser = [make_achievement(university, title="激光", keywords=("激光",), summary="激光。" * 60)]
    laser.append(make_achievement(university, summary="低温电池在线监测，" * 90 + "外壳以激光打标。"))
    refresh()
    found = ids(search(ANONYMOUS, Kind.ACHIEVEMENT, "激光").page)
    assert found == [row.id for row in laser]


def test_invisible_characters_are_no_words(app):
    make_achievement()
    refresh()
    found = search(ANONYMOUS, Kind.ACHIEVEMENT, " \x00\x07\u202e ")
    assert (found.page.total, found.ranked) == (1, False)


def test_a_hundred_paragraphs_are_cut_to_a_query(app):
    make_achievement()
    refresh()
    assert search(ANONYMOUS, Kind.ACHIEVEMENT, "电池低温" * 5000).page.total == 1


def test_filters_narrow_a_search_and_the_count_is_that_of_the_pages(app, university):
    for trl in range(1, 10):
        make_achievement(university, trl=trl)
    make_achievement(university, trl=9, modes=(Mode.EQUITY,))
    make_achievement(university, **RICE, summary=RICE_SUMMARY)
    refresh()
    for text in ("电池", ""):
        found = search(ANONYMOUS, Kind.ACHIEVEMENT, text, Filters(field="nev", trl=7, mode=Mode.ORDINARY_LICENCE))
        assert found.page.total == 3 == len(found.page.items)
        assert {row.trl for row in found.page.items} == {7, 8, 9}
    assert search(ANONYMOUS, Kind.ACHIEVEMENT, "电池", Filters(district="yushu")).page.total == 0


@pytest.mark.parametrize("text", ["", "电池"])
def test_every_count_of_a_facet_is_what_choosing_it_shows(app, university, text):
    make_achievement(university, trl=4)
    make_achievement(university, trl=7, district="erdao", modes=(Mode.EQUITY, Mode.ASSIGNMENT))
    make_achievement(university, trl=None, field=None, title="固态电池隔膜")
    make_achievement(university, **RICE, summary=RICE_SUMMARY)
    refresh()
    chosen = Filters(district="chaoyang", mode=Mode.ORDINARY_LICENCE)
    found = search(ANONYMOUS, Kind.ACHIEVEMENT, text, chosen)
    checked = 0
    for name, options in found.facets.items():
        for option in options:
            if option.count or option.chosen:
                values = {"district": "chaoyang", "mode": Mode.ORDINARY_LICENCE, name: option.value}
                assert search(ANONYMOUS, Kind.ACHIEVEMENT, text, Filters(**values)).page.total == option.count
                checked += 1
            assert option.chosen == (getattr(chosen, name) == option.value)
    assert checked >= 8


def test_needs_are_filtered_by_the_level_they_are_content_with(app):
    enterprise = make_organisation(OrganisationKind.ENTERPRISE)
    low, high, open_ = (make_need(enterprise, min_trl=level) for level in (4, 8, None))
    assert set(ids(search(ANONYMOUS, Kind.NEED, "", Filters(trl=6)).page)) == {low.id, open_.id}
    assert high.id in ids(search(ANONYMOUS, Kind.NEED, "", Filters(trl=8)).page)


def test_a_search_that_finds_too_much_says_so(app, university, monkeypatch):
    monkeypatch.setattr(queries, "MOST_FOUND", 3)
    for _ in range(4):
        make_achievement(university)
    refresh()
    found = search(ANONYMOUS, Kind.ACHIEVEMENT, "电池")
    assert (found.page.total, found.cut) == (3, True)


def test_a_revised_text_is_searched_as_revised(app):
    row = make_achievement()
    refresh()
    revise(row, **RICE, summary=RICE_SUMMARY)
    refresh()
    assert search(ANONYMOUS, Kind.ACHIEVEMENT, "水稻").page.total == 1
    assert search(ANONYMOUS, Kind.ACHIEVEMENT, "电池").page.total == 0


# --- why a pair fits ------------------------------------------------------------------------------------------------


def test_a_pairing_adds_up_and_marks_what_both_texts_share(app):
    achievement, need = make_achievement(), make_need()
    refresh()
    found = pairings.pairing(ANONYMOUS, need, achievement)
    listed = queries.list_matches_for_need(ANONYMOUS, need).page.items[0]
    assert found.tenths == pytest.approx(listed.score * 1000, abs=1)
    assert found.level == listed.level
    assert sum(part.tenths for part in found.parts) == found.tenths
    assert found.parts[0].term == "电池"
    for passages, other in ((found.need, achievement), (found.achievement, need)):
        texts = " ".join(queries.document(other).fields.values())
        marked = [part.text for passage in passages for part in passage.segments if part.shared]
        assert "电池" in marked
        assert all(text in texts for text in marked)


def test_a_pairing_shows_the_whole_public_text(app):
    achievement, need = make_achievement(), make_need()
    refresh()
    found = pairings.pairing(ANONYMOUS, need, achievement)
    texts = {passage.name: "".join(part.text for part in passage.segments) for passage in found.need}
    assert texts == {name: text for name, text in queries.document(need).fields.items() if text}


def test_a_pair_without_a_word_in_common_scores_nothing(app):
    achievement = make_achievement(
        title="solid electrolyte", summary="sulfide glass ceramic " * 4, keywords=(), language="en"
    )
    need = make_need()
    refresh()
    found = pairings.pairing(ANONYMOUS, need, achievement)
    assert (found.level, found.tenths, list(found.parts)) == (Level.NONE, 0, [])


def test_a_pairing_waits_for_the_index_and_needs_both_sides_published(app):
    achievement, need = make_achievement(), make_need()
    assert pairings.pairing(ANONYMOUS, need, achievement) is None
    refresh()
    withdraw(need)
    with pytest.raises(NotFound):
        pairings.pairing(ANONYMOUS, need, achievement)


@given(
    st.text(max_size=40),
    st.lists(st.tuples(st.integers(0, 40), st.integers(0, 8), st.floats(0, 1)), max_size=5),
)
def test_segments_join_to_the_text(text, raw):
    spans, position = [], 0
    for start, length, weight in sorted(raw):
        start = max(start, position)
        if start + length <= len(text):
            spans.append(Span(start, start + length, weight))
            position = start + length
    cut = segments(text, spans)
    assert "".join(part.text for part in cut) == text
    assert [part.text for part in cut if part.shared] == [text[s.start : s.end] for s in spans if s.end > s.start]
