"""The index and the lists follow what is published, whatever happens in between."""

import random
import uuid
from datetime import timedelta
from itertools import groupby

import pytest
import time_machine
from sqlalchemy import select, update

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.listings.models import Achievement, ListingState
from matchmaker.matching import indexing, jobs, learning, store
from matchmaker.matching.engine import Document, rank, semantic
from matchmaker.matching.jobs import Stage
from matchmaker.matching.models import LIST_SIZE, LISTED_LEVEL, IndexChange, IndexedListing, Kind, MatchIndex, MatchList
from tests.factories.accounts import make_organisation, unit
from tests.factories.listings import bring_to, make_achievement, make_need, propose
from tests.factories.matching import index_root, refresh, reopen, revise, stored_hits, withdraw

RICE = dict(title="水稻病虫害遥感识别", keywords=("水稻", "遥感"))
RICE_SUMMARY = "无人机多光谱影像与深度学习结合，提前一周识别水稻稻瘟病与飞虱，准确率 92%，已用于大面积稻田。"
RICE_PROBLEM = "尽早识别水稻稻瘟病与飞虱，少打农药，准确率 90% 以上，适用于大面积稻田，希望由影像得出结论。"


def stages():
    """What was done, in order; several batches of lists count as one."""
    return [stage for stage, _ in groupby(progress.stage for progress in refresh())]


def held():
    return set(db.session.scalars(select(IndexedListing.listing_id)))


@pytest.fixture
def incremental(monkeypatch):
    """As with a large corpus: few changes are taken in without building again."""
    monkeypatch.setattr(jobs, "SMALL", 0)
    monkeypatch.setattr(jobs, "MOST_CHANGED", 10.0)


# --- following publications -----------------------------------------------------------------------------------------


def test_nothing_published_needs_no_index(app):
    make_achievement(state=ListingState.DRAFT)
    make_need(state=ListingState.IN_REVIEW)
    assert refresh() == []
    assert db.session.get(MatchIndex, 1) is None


def test_a_publication_gives_both_sides_their_lists(app):
    achievement, need = make_achievement(), make_need()
    make_achievement(**RICE, summary=RICE_SUMMARY)
    refresh()
    assert stored_hits(need) == [str(achievement.id)]
    assert stored_hits(achievement) == [str(need.id)]


def test_unpublished_listings_are_not_in_the_index(app):
    published = make_achievement()
    for state in (ListingState.DRAFT, ListingState.IN_REVIEW, ListingState.WITHDRAWN):
        make_achievement(state=state)
    refresh()
    assert held() == {published.id}
    assert indexing.find_indexes(db.session(), index_root()).of(Kind.ACHIEVEMENT).ids == (str(published.id),)


@pytest.mark.usefixtures("incremental")
def test_a_new_publication_is_taken_in_without_a_build(app):
    need = make_need()
    make_achievement(**RICE, summary=RICE_SUMMARY)
    refresh()
    late = make_achievement()
    assert stages() == [Stage.UPDATED, Stage.LISTED]
    assert stored_hits(need) == [str(late.id)]


@pytest.mark.usefixtures("incremental")
def test_a_new_publication_reaches_the_lists_of_those_who_call_it_otherwise(app, monkeypatch):
    monkeypatch.setattr(semantic, "models", lambda *, extra: ())
    need = make_need(
        title="Lidar that sees through falling snow",
        problem="Our cars take snow for obstacles; false alarms must fall below one in a thousand frames.",
        keywords=(),
    )
    rice = make_need(**RICE, problem=RICE_PROBLEM)
    chip = {"title": "车载激光雷达收发芯片", "keywords": ()}
    make_achievement(**chip, summary="测距三百米，已完成装车试验，可批量供货，接口资料齐全，欢迎来电洽谈。")
    refresh()
    assert learning.refit(index_root())
    refresh()
    before = {row.id: db.session.get(MatchList, row.id).computed_at for row in (need, rice)}
    make_achievement(**chip, summary="测距五百米，已完成装车试验，可批量供货，接口资料齐全，欢迎来电洽谈。")
    assert stages() == [Stage.UPDATED, Stage.LISTED]
    db.session.expire_all()
    again = {row.id: db.session.get(MatchList, row.id).computed_at != before[row.id] for row in (need, rice)}
    assert again == {need.id: True, rice.id: False}


@pytest.mark.usefixtures("incremental")
def test_an_edit_counts_once_it_is_approved(app):
    achievement, need = make_achievement(), make_need()
    refresh()
    propose(achievement, **RICE, summary=RICE_SUMMARY)
    assert refresh() == []
    assert stored_hits(need) == [str(achievement.id)]
    revise(achievement, **RICE, summary=RICE_SUMMARY)
    refresh()
    assert stored_hits(need) == []
    assert stored_hits(achievement) == []


@pytest.mark.usefixtures("incremental")
def test_withdrawal_leaves_index_and_lists(app):
    achievement, need = make_achievement(), make_need()
    refresh()
    withdraw(achievement)
    refresh()
    assert held() == {need.id}
    assert stored_hits(need) == []
    assert stored_hits(achievement) is None
    reopen(achievement)
    bring_to(achievement, ListingState.PUBLISHED)
    refresh()
    assert stored_hits(need) == [str(achievement.id)]


@pytest.mark.usefixtures("incremental")
def test_lists_that_a_change_cannot_reach_are_left_alone(app):
    battery, rice = make_need(), make_need(**RICE, problem=RICE_PROBLEM)
    make_achievement(**RICE, summary=RICE_SUMMARY)
    refresh()
    before = db.session.get(MatchList, rice.id).computed_at
    make_achievement()
    assert [progress.count for progress in refresh()] == [1, 1, 1]  # the change, its own list, that of one need
    db.session.expire_all()
    assert db.session.get(MatchList, rice.id).computed_at == before
    assert len(stored_hits(battery)) == 1


def test_a_second_run_finds_nothing_to_do(app):
    make_achievement(), make_need()
    assert refresh()
    before = [(row.listing_id, row.computed_at) for row in db.session.scalars(select(MatchList))]
    assert refresh() == []
    assert [(row.listing_id, row.computed_at) for row in db.session.scalars(select(MatchList))] == before


def test_another_text_of_the_same_words_is_ranked_anew(app):
    """Then terms and weights, and with them the fingerprint, stay the same."""
    make_need(keywords=())
    achievement = make_achievement(title="低温电池", summary="自加热快充" * 8, keywords=())
    refresh()
    fingerprint = db.session.get(MatchIndex, 1).fingerprint
    need = db.session.scalars(select(MatchList).where(MatchList.kind == Kind.NEED)).one()
    score = need.hits[0][1]
    revise(achievement, title="自加热快充", summary="低温电池" * 8, keywords=())
    refresh()
    db.session.expire_all()
    after = db.session.scalars(select(MatchList).where(MatchList.kind == Kind.NEED)).one()
    assert (db.session.get(MatchIndex, 1).fingerprint, after.hits[0][1]) != (fingerprint, score)


@pytest.mark.usefixtures("incremental")
@pytest.mark.parametrize("seed", [1, 2])
def test_after_any_sequence_of_changes_lists_are_what_the_engine_ranks(app, monkeypatch, seed):
    monkeypatch.setitem(LIST_SIZE, Kind.NEED, 3)  # short lists, so that listings push each other out
    monkeypatch.setitem(LIST_SIZE, Kind.ACHIEVEMENT, 2)
    chance = random.Random(seed)
    words = ["电池", "低温", "加热", "快充", "水稻", "遥感", "监测", "焊接", "激光", "涂层"]
    university = make_organisation(OrganisationKind.UNIVERSITY)
    enterprise = make_organisation(OrganisationKind.ENTERPRISE)

    def facts(main):
        text = "，".join(chance.choices(words, k=14))
        return {"title": "".join(chance.sample(words, 2)), main: text, "keywords": tuple(chance.sample(words, 2))}

    listings = [make_achievement(university, **facts("summary")) for _ in range(6)]
    listings += [make_need(enterprise, **facts("problem")) for _ in range(4)]
    refresh()
    for _ in range(6):
        listing = chance.choice(listings)
        step = chance.choice(["new", "revise", "withdraw"])
        if step == "new":
            listings.append(make_achievement(university, **facts("summary")))
        elif step == "revise":
            revise(listing, **facts("summary" if listing.__tablename__ == "achievements" else "problem"))
        elif len(listings) > 6:
            withdraw(listing)
            listings.remove(listing)
        refresh()
        for kept in listings:
            assert stored_hits(kept) == expected_hits(kept)
    assert db.session.get(MatchIndex, 1).changed > 0  # never built again in between


def expected_hits(listing):
    kind = indexing.kind_of(listing)
    index = indexing.find_indexes(db.session(), index_root()).of(kind.other)
    ranked = rank(index, indexing.document(listing), LIST_SIZE[kind])
    return [hit.id for hit in ranked if hit.level >= LISTED_LEVEL]


# --- changes beside the saved index ---------------------------------------------------------------------------------


def found(kind, text="电池"):
    """Ids that a query finds now, with whatever the worker has done so far."""
    db.session.rollback()
    index = indexing.find_indexes(db.session(), index_root()).of(kind)
    return {hit.id for hit in rank(index, Document("", {"title": text}), 50)}


def test_what_is_published_edited_or_withdrawn_counts_from_the_next_query_on(app):
    first = make_achievement()
    refresh()
    late = make_achievement()
    assert found(Kind.ACHIEVEMENT) == {str(first.id), str(late.id)}
    propose(late, **RICE, summary=RICE_SUMMARY)
    assert found(Kind.ACHIEVEMENT) == {str(first.id), str(late.id)}, "a proposal is not public"
    revise(late, **RICE, summary=RICE_SUMMARY)
    assert found(Kind.ACHIEVEMENT) == {str(first.id)}
    withdraw(first)
    assert found(Kind.ACHIEVEMENT) == set()
    reopen(first)
    bring_to(first, ListingState.PUBLISHED)
    assert found(Kind.ACHIEVEMENT) == {str(first.id)}


def test_drafts_and_reviews_are_no_change_to_the_index(app):
    make_achievement(state=ListingState.DRAFT)
    make_need(state=ListingState.IN_REVIEW)
    assert db.session.scalars(select(IndexChange)).all() == []


def test_a_change_that_is_rolled_back_is_taken_out_again(app):
    make_achievement()
    refresh()
    with pytest.raises(KeyboardInterrupt), unit_of_work() as session:
        late = make_listing_inside(session)
        index = indexing.find_indexes(session, index_root()).of(Kind.ACHIEVEMENT)
        assert late in index.rows, "whoever writes sees its own change"
        raise KeyboardInterrupt
    db.session.rollback()
    assert late not in indexing.find_indexes(db.session(), index_root()).of(Kind.ACHIEVEMENT).rows


def make_listing_inside(session):
    """Withdrawn and published again in the transaction that is open."""
    listing = session.scalars(select(Achievement)).one()
    session.delete(session.get(IndexedListing, listing.id))
    copy = Achievement(
        **{
            column.key: getattr(listing, column.key)
            for column in Achievement.__table__.columns
            if column.key not in ("id", "version", "external_id")
        }
    )
    session.add(copy)
    session.flush()
    return str(copy.id)


@pytest.mark.usefixtures("incremental")
def test_many_changes_are_merged_and_nothing_else_changes(app, monkeypatch):
    need = make_need()
    refresh()
    fingerprint = db.session.get(MatchIndex, 1).fingerprint
    late = [make_achievement() for _ in range(3)]
    refresh()
    assert len(db.session.scalars(select(IndexChange)).all()) == 3
    before, lists = found(Kind.ACHIEVEMENT), stored_hits(need)
    monkeypatch.setattr(jobs, "MOST_TAKEN", 2)
    assert stages() == [Stage.MERGED]
    db.session.expire_all()
    assert db.session.scalars(select(IndexChange)).all() == []
    assert db.session.get(MatchIndex, 1).fingerprint == fingerprint
    assert (found(Kind.ACHIEVEMENT), stored_hits(need)) == (before, lists)
    assert before == {str(listing.id) for listing in late}


@pytest.mark.parametrize("step", ["build", "merge"])
def test_a_change_during_a_build_or_a_merge_is_not_lost(app, monkeypatch, step):
    make_achievement()
    refresh()
    save, late = store.save_index, []

    def save_while_somebody_publishes(*args):
        if not late:
            late.append(make_achievement())
        return save(*args)

    with monkeypatch.context() as patched:
        patched.setattr(store, "save_index", save_while_somebody_publishes)
        indexes = indexing.find_indexes(db.session(), index_root())
        db.session.rollback()
        jobs.build_index(index_root()) if step == "build" else jobs.merge_index(index_root(), indexes)
    assert str(late[0].id) in found(Kind.ACHIEVEMENT)
    refresh()
    assert held() == {uuid.UUID(listing) for listing in found(Kind.ACHIEVEMENT)}
    assert len(held()) == 2


def test_what_was_written_past_the_orm_is_found_by_comparing(app):
    first, second = make_achievement(), make_achievement()
    refresh()
    with unit() as session:
        session.execute(update(Achievement).where(Achievement.id == first.id).values(state=ListingState.WITHDRAWN))
    refresh()
    assert held() == {second.id}
    assert found(Kind.ACHIEVEMENT) == {str(second.id)}


@pytest.mark.usefixtures("incremental")
def test_a_large_corpus_is_compared_only_where_a_change_was_noted_until_the_next_sweep(app, monkeypatch):
    monkeypatch.setattr(indexing, "SWEPT_AT_ONCE", 0)
    first, second = make_achievement(), make_achievement()
    refresh(), refresh()
    with unit() as session:
        session.execute(update(Achievement).where(Achievement.id == first.id).values(state=ListingState.WITHDRAWN))
    late = make_achievement()
    refresh()
    assert held() == {first.id, second.id, late.id}
    with time_machine.travel(clock.now() + timedelta(minutes=11)):
        refresh()
    assert held() == {second.id, late.id}


# --- building -------------------------------------------------------------------------------------------------------


def test_an_index_of_many_changes_is_built_again(app, monkeypatch):
    monkeypatch.setattr(jobs, "SMALL", 0)
    for _ in range(5):
        make_achievement()
    make_need()
    assert stages()[0] == Stage.BUILT
    make_need()
    assert stages()[0] == Stage.UPDATED  # 1 of 6
    make_need()
    assert stages() == [Stage.UPDATED, Stage.LISTED, Stage.BUILT, Stage.LISTED]  # 2 of 8: lists first, then the build
    make_need(), make_need(), make_need()
    assert stages()[0] == Stage.BUILT  # 3 of 8 at once


@pytest.mark.usefixtures("incremental")
def test_new_words_are_found_after_a_quarter_of_an_hour_at_the_latest(app):
    make_need()
    refresh()
    make_achievement(**RICE, summary=RICE_SUMMARY)
    assert Stage.BUILT not in stages()
    with time_machine.travel(clock.now() + timedelta(minutes=16)):
        assert stages()[0] == Stage.BUILT
        assert refresh() == []
    assert "水稻" in indexing.find_indexes(db.session(), index_root()).of(Kind.NEED).terms


def test_both_sides_score_a_pair_the_same(app):
    achievement, need = make_achievement(), make_need()
    refresh()
    own, other = db.session.get(MatchList, need.id), db.session.get(MatchList, achievement.id)
    assert own.hits[0][1] == pytest.approx(other.hits[0][1], abs=2)


def test_an_index_of_nothing_is_fine(app):
    achievement = make_achievement()
    refresh()
    withdraw(achievement)
    refresh()
    assert db.session.get(MatchIndex, 1).documents == 0
    assert refresh() == []


# --- damage and kills -----------------------------------------------------------------------------------------------


def directory(kind=Kind.NEED):
    db.session.expire_all()
    return index_root() / db.session.get(MatchIndex, 1).directory(kind)


def spoil_bytes(path):
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    "damage",
    [
        lambda: [path.unlink() for path in directory().glob("*")],
        lambda: next(directory().glob("manifest.json")).unlink(),
        lambda: next(directory().glob("manifest.json")).write_text("{}"),
        lambda: spoil_bytes(next(directory(Kind.ACHIEVEMENT).glob("id_data-*.npy"))),
        lambda: spoil_bytes(next(directory(Kind.ACHIEVEMENT).glob("docs-*.npy"))),
    ],
)
def test_a_damaged_index_is_built_again_and_lists_stay(app, damage):
    achievement, need = make_achievement(), make_need()
    refresh()
    damage()
    assert indexing.find_indexes(db.session(), index_root(), check=True) is None
    assert stages() == [Stage.BUILT]  # the same documents give the same fingerprint: no list is outdated
    assert indexing.find_indexes(db.session(), index_root(), check=True) is not None
    assert stored_hits(need) == [str(achievement.id)]


@pytest.mark.parametrize("merging", [True, False])
def test_killed_between_saving_the_index_and_writing_the_rows(app, monkeypatch, merging):
    need = make_need()
    refresh()
    in_use = db.session.get(MatchIndex, 1).needs, db.session.get(MatchIndex, 1).achievements
    late = make_achievement()
    if merging:  # few changes to a large corpus are merged, else everything is built again
        monkeypatch.setattr(jobs, "SMALL", 0)
        monkeypatch.setattr(jobs, "MOST_CHANGED", 10.0)
        monkeypatch.setattr(jobs, "MOST_TAKEN", 0)
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "_switch", killed)
        with pytest.raises(KeyboardInterrupt):
            refresh()
    db.session.expire_all()
    assert (db.session.get(MatchIndex, 1).needs, db.session.get(MatchIndex, 1).achievements) == in_use
    assert held() == ({need.id, late.id} if merging else {need.id})
    assert refresh()
    assert stored_hits(need) == [str(late.id)]
    assert held() == {need.id, late.id}
    assert found(Kind.ACHIEVEMENT) == {str(late.id)}
    assert db.session.scalars(select(IndexChange)).all() == []
    kept = {path.name for path in index_root().glob("index-*")}
    assert len(kept) <= 4  # what the killed run left behind is gone


def test_killed_between_index_and_lists(app, monkeypatch):
    achievement, need = make_achievement(), make_need()
    with monkeypatch.context() as patched:
        patched.setattr(jobs, "_compute", killed)
        with pytest.raises(KeyboardInterrupt):
            refresh()
    assert stored_hits(need) is None
    assert stages() == [Stage.LISTED]
    assert stored_hits(need) == [str(achievement.id)]


def killed(*args, **kwargs):
    raise KeyboardInterrupt


def test_only_one_process_writes(app):
    make_achievement()
    with store.writing(index_root()) as ours:
        assert ours
        assert refresh() == []
    assert refresh()


def test_rows_restored_from_an_older_backup_are_made_true_again(app):
    achievement, need = make_achievement(), make_need()
    refresh()
    with unit() as session:
        row = session.get(MatchIndex, 1)
        row.needs = row.achievements = "index-of-yesterday"
    assert stages() == [Stage.BUILT]
    assert stored_hits(need) == [str(achievement.id)]


def test_a_document_has_only_public_text(app):
    achievement = make_achievement(confidential="机密参数")
    assert isinstance(indexing.document(achievement), Document)
    assert "机密参数" not in str(indexing.document(achievement).fields)
