"""Near-duplicates among real entries: whom they are shown to, what the answers do, what the bureau sees."""

import pytest
from sqlalchemy import select

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import audit
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Conflict, Forbidden, NotFound
from matchmaker.listings.models import ListingState
from matchmaker.matching import alike, duplicate_jobs, services
from matchmaker.matching.models import DistinctPair, DuplicateCheck, Kind, NearPair
from tests.factories.accounts import make_actor, make_organisation
from tests.factories.listings import CANARY, make_achievement, make_need, propose
from tests.factories.matching import index_root, refresh, revise, withdraw

RICE = dict(title="水稻病虫害遥感识别", keywords=("水稻", "遥感"), field="bio", district="yushu")
RICE_SUMMARY = "无人机多光谱影像与深度学习结合，提前一周识别水稻稻瘟病与飞虱，准确率 92%，已用于大面积稻田。"


@pytest.fixture
def university(app):
    return make_organisation(OrganisationKind.UNIVERSITY)


@pytest.fixture
def officer(university):
    return make_actor(OrganisationKind.UNIVERSITY, Role.TTO_OFFICER, organisation=university)


@pytest.fixture
def reviewer(app):
    return make_actor(OrganisationKind.AUTHORITY, Role.REVIEWER)


def compare():
    refresh()
    while duplicate_jobs.compare_some(index_root()):
        pass
    db.session.expire_all()


def shown(actor, listing):
    return [row.listing.id for row in alike.list_alike(actor, listing)]


def groups(actor, kind=Kind.ACHIEVEMENT):
    return [{row.id for row in group.listings} for group in alike.list_clusters(actor, kind).items]


def do(command, *args, **kwargs):
    with unit_of_work():
        return command(*args, **kwargs)


# --- for the author -------------------------------------------------------------------------------------------------


def test_an_author_is_shown_published_entries_that_say_the_same(university, officer):
    other = make_achievement()
    make_achievement(**RICE, summary=RICE_SUMMARY)
    draft = make_achievement(university, state=ListingState.DRAFT)
    refresh()
    (found,) = alike.list_alike(officer, draft)
    assert (found.listing.id, round(found.share, 3), found.replaceable) == (other.id, 1, False)


def test_without_an_index_nobody_is_asked(university, officer):
    make_achievement()
    assert alike.list_alike(officer, make_achievement(university, state=ListingState.DRAFT)) == []


def test_the_organisations_own_drafts_are_compared_and_nobody_elses(university, officer):
    make_achievement(state=ListingState.DRAFT)
    published = make_achievement(**RICE, summary=RICE_SUMMARY)
    own = make_achievement(university, state=ListingState.IN_REVIEW)
    draft = make_achievement(university, state=ListingState.DRAFT)
    refresh()
    assert published.id not in shown(officer, draft)
    (found,) = alike.list_alike(officer, draft)
    assert (found.listing.id, found.replaceable) == (own.id, True)


def test_a_proposed_change_is_compared_as_it_was_saved(university, officer):
    rice = make_achievement(**RICE, summary=RICE_SUMMARY)
    own = make_achievement(university)
    refresh()
    assert rice.id not in shown(officer, own)
    propose(own, **RICE, summary=RICE_SUMMARY)
    assert shown(officer, own) == [rice.id]


def test_confidential_text_plays_no_part(university, officer):
    make_achievement(**RICE, summary=RICE_SUMMARY, confidential="")
    draft = make_achievement(
        university, state=ListingState.DRAFT, title="另一件事", keywords=(), summary="无", confidential=RICE_SUMMARY
    )
    refresh()
    assert shown(officer, draft) == []


def test_said_to_be_new_it_is_handed_in_and_not_asked_again(university, officer):
    other = make_achievement()
    draft = make_achievement(university, state=ListingState.DRAFT)
    refresh()
    do(services.hand_in_as_new, officer, draft, others=[other], publish=True)
    assert draft.state == ListingState.PUBLISHED
    assert shown(officer, draft) == []
    assert db.session.query(DistinctPair).one().bureau is False
    events = [event.event for row in db.session.scalars(select(DistinctPair)) for event in audit.list_events(row.id)]
    assert events == ["duplicates.kept_apart"]


def test_what_it_replaces_is_withdrawn(university, officer):
    old = make_achievement(university)
    draft = make_achievement(university, state=ListingState.DRAFT)
    refresh()
    do(services.hand_in_as_replacement, officer, draft, of=old)
    assert (old.state, draft.state) == (ListingState.WITHDRAWN, ListingState.IN_REVIEW)


def test_nobody_replaces_what_is_not_theirs_and_then_nothing_happens(university, officer):
    other = make_achievement()
    draft = make_achievement(university, state=ListingState.DRAFT)
    with pytest.raises(Forbidden):
        do(services.hand_in_as_replacement, officer, draft, of=other)
    db.session.expire_all()
    assert (other.state, draft.state) == (ListingState.PUBLISHED, ListingState.DRAFT)


# --- for the bureau -------------------------------------------------------------------------------------------------


def test_published_near_duplicates_are_grouped(app, reviewer):
    same = [make_achievement() for _ in range(3)]
    make_achievement(**RICE, summary=RICE_SUMMARY)
    make_need()
    compare()
    assert groups(reviewer) == [{row.id for row in same}]
    assert groups(reviewer, Kind.NEED) == []
    (group,) = alike.list_clusters(reviewer, Kind.ACHIEVEMENT).items
    assert len(group.links) == 3
    assert all(round(link.share, 3) == 1 for link in group.links)


def test_each_revision_is_compared_once(app):
    rows = [make_achievement(), make_achievement(**RICE, summary=RICE_SUMMARY)]
    compare()
    assert db.session.query(DuplicateCheck).count() == 2
    assert duplicate_jobs.compare_some(index_root()) == 0
    revise(rows[1])
    compare()
    assert db.session.query(NearPair).count() == 1
    revise(rows[1], **RICE, summary=RICE_SUMMARY)
    compare()
    assert db.session.query(NearPair).count() == 0


def test_a_batch_at_a_time_finds_the_same_pairs(app, monkeypatch, reviewer):
    same = [make_achievement() for _ in range(4)]
    monkeypatch.setattr(duplicate_jobs, "BATCH", 1)
    compare()
    assert groups(reviewer) == [{row.id for row in same}]
    assert db.session.query(NearPair).count() == 6


def test_what_was_withdrawn_is_gone_at_once_and_its_rows_later(app, reviewer):
    first, _ = make_achievement(), make_achievement()
    compare()
    withdraw(first)
    assert groups(reviewer) == []
    compare()
    assert (db.session.query(NearPair).count(), db.session.query(DuplicateCheck).count()) == (0, 1)


def test_held_to_be_two_they_are_no_group_until_that_is_taken_back(app, reviewer):
    first, second = make_need(), make_need()
    compare()
    do(services.mark_distinct, reviewer, first, second=second)
    do(services.mark_distinct, reviewer, second, second=first)
    assert db.session.query(DistinctPair).count() == 1
    assert groups(reviewer, Kind.NEED) == []
    assert alike.get_comparison(reviewer, first, second).settled is not None
    do(services.unmark_distinct, reviewer, first, second=second)
    do(services.unmark_distinct, reviewer, first, second=second)
    assert groups(reviewer, Kind.NEED) == [{first.id, second.id}]


def test_what_an_author_says_does_not_silence_the_bureau(university, officer, reviewer):
    other = make_achievement()
    draft = make_achievement(university, state=ListingState.DRAFT)
    refresh()
    do(services.hand_in_as_new, officer, draft, others=[other], publish=True)
    compare()
    assert groups(reviewer) == [{other.id, draft.id}]


def test_a_comparison_marks_what_both_say_and_shows_public_text_alone(app, reviewer):
    first, second = make_achievement(), make_achievement()
    compare()
    found = alike.get_comparison(reviewer, first, second)
    assert round(found.share, 3) == 1
    assert any(part.shared for passage in found.texts[0] for part in passage.segments)
    assert CANARY not in str(found.texts)
    assert "".join(part.text for part in found.texts[1][0].segments) == second.title


def test_only_two_different_published_entries_of_a_kind_are_compared(app, reviewer):
    shown, hidden, need = make_achievement(), make_achievement(state=ListingState.DRAFT), make_need()
    for pair in ((shown, hidden), (hidden, shown), (shown, shown), (shown, need)):
        with pytest.raises(NotFound):
            alike.get_comparison(reviewer, *pair)
        with pytest.raises(NotFound):
            do(services.mark_distinct, reviewer, pair[0], second=pair[1])


def test_auditors_look_and_do_not_settle_and_others_neither(app):
    first, second = make_achievement(), make_achievement()
    auditor = make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR)
    for actor in (auditor, make_actor(OrganisationKind.UNIVERSITY), make_actor(OrganisationKind.ENTERPRISE)):
        with pytest.raises(Forbidden):
            do(services.mark_distinct, actor, first, second=second)


def test_two_that_settle_a_pair_at_once_leave_one_row_or_a_conflict(app, reviewer):
    first, second = make_achievement(), make_achievement()
    do(services.mark_distinct, reviewer, first, second=second)
    row = db.session.query(DistinctPair).one()
    copy = dict(first_id=row.first_id, second_id=row.second_id, organisation_id=row.organisation_id, at=row.at)
    with pytest.raises(Conflict), unit_of_work():
        db.session.add(DistinctPair(**copy, bureau=True, user_id=None))
    assert db.session.query(DistinctPair).count() == 1
