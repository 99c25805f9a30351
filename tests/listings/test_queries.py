"""What lists, filters and the engine are given."""

from __future__ import annotations

import uuid
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import NotFound
from matchmaker.core.web.paging import paged
from matchmaker.listings import queries, services
from matchmaker.listings.models import Achievement, ListingState, Mode, Need
from tests.factories import listings as make
from tests.factories.accounts import SYSTEM, unit
from tests.listings.cast import make_cast, make_situation


@contextmanager
def counted():
    """Statements sent to the database."""
    statements: list[str] = []

    def note(connection, cursor, statement, *rest):
        if not statement.startswith(("PRAGMA", "BEGIN", "SAVEPOINT", "RELEASE")):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def titles(query) -> list[str]:
    return [row.title for row in db.session.scalars(query)]


def test_what_is_missing_is_not_found(app):
    assert queries.find_achievement(uuid.uuid4()) is None
    assert queries.find_need(uuid.uuid4()) is None
    with pytest.raises(NotFound):
        queries.get_achievement(uuid.uuid4())
    with pytest.raises(NotFound):
        queries.get_need(uuid.uuid4())


def test_the_engine_reads_the_public_texts_by_field(app):
    achievement = make.make_achievement(title="题", keywords=("甲", "乙"), advantages="优", applications="用")
    assert queries.public_document(achievement) == {
        "title": "题",
        "summary": make.SUMMARY,
        "advantages": "优",
        "applications": "用",
        "keywords": "甲\n乙",
    }
    need = make.make_need(title="题", keywords=(), targets="标", background="景")
    assert queries.public_document(need) == {
        "title": "题",
        "problem": make.PROBLEM,
        "targets": "标",
        "background": "景",
        "keywords": "",
    }


def test_the_engine_reads_nothing_of_what_was_never_public(app):
    assert queries.public_document(make.make_need(state=ListingState.IN_REVIEW)) == {}


def test_only_published_listings_are_listed_to_the_public_newest_first(app):
    with unit():
        for number in range(3):
            make.make_achievement(title=f"公开{number}")
        for state in (ListingState.DRAFT, ListingState.IN_REVIEW, ListingState.WITHDRAWN):
            make.make_achievement(title="不公开", state=state)
        make.make_need(title="需求")
    assert titles(queries.list_published_achievements()) == ["公开2", "公开1", "公开0"]
    assert titles(queries.list_published_needs()) == ["需求"]


@pytest.fixture
def shelf(app):
    with unit_of_work():
        return [
            make.make_achievement(title="甲", field="nev", district="erdao", trl=3, modes=(Mode.EQUITY,)),
            make.make_achievement(title="乙", field="bio", district="erdao", trl=6),
            make.make_achievement(title="C", field="bio", district=None, trl=None, language="en"),
        ]


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ({}, {"甲", "乙", "C"}),
        ({"field": "bio"}, {"乙", "C"}),
        ({"district": "erdao"}, {"甲", "乙"}),
        ({"trl_min": 4}, {"乙"}),
        ({"trl_min": 3}, {"甲", "乙"}),
        ({"mode": Mode.EQUITY}, {"甲"}),
        ({"mode": Mode.PAY_LATER_LICENCE}, {"乙", "C"}),
        ({"mode": "licence"}, set()),  # part of a code is not the code
        ({"language": "en"}, {"C"}),
        ({"language": "tlh"}, set()),
        ({"field": "bio", "district": "erdao", "language": "zh"}, {"乙"}),
    ],
)
def test_facets_narrow_achievements(shelf, chosen, expected):
    assert set(titles(queries.list_published_achievements(*queries.achievement_filters(**chosen)))) == expected


def test_achievements_are_found_by_their_organisation(shelf):
    conditions = queries.achievement_filters(organisation_id=shelf[0].organisation_id)
    assert titles(queries.list_published_achievements(*conditions)) == ["甲"]


def test_facets_narrow_needs(app):
    with unit_of_work():
        make.make_need(title="四级", min_trl=4)
        make.make_need(title="七级", min_trl=7, field="bio")
        make.make_need(title="不限", min_trl=None)

    def chosen(**facets):
        return set(titles(queries.list_published_needs(*queries.need_filters(**facets))))

    assert chosen(trl_min=5) == {"七级"}
    assert chosen(trl_max=5) == {"四级", "不限"}
    assert chosen(field="bio") == {"七级"}
    assert chosen(mode=Mode.ORDINARY_LICENCE, district="erdao", language="zh") == {"四级", "七级", "不限"}


def test_a_filter_by_organisation_never_gives_away_an_anonymous_seeker(app):
    row = make.make_need(title="具名")
    make.make_need(row.organisation, title="匿名", anonymous=True)
    conditions = queries.need_filters(organisation_id=row.organisation_id)
    assert titles(queries.list_published_needs(*conditions)) == ["具名"]


def test_a_filter_acts_on_what_is_public_not_on_a_change_that_waits(app):
    row = make.make_achievement(field="nev")
    make.propose(row, field="bio")
    assert titles(queries.list_published_achievements(*queries.achievement_filters(field="bio"))) == []


def test_facets_are_counted_among_public_listings_under_the_conditions(shelf):
    make.make_achievement(field="nev", state=ListingState.DRAFT)
    assert queries.counts_by_facet(Achievement) == {"field": {"bio": 2, "nev": 1}, "district": {"erdao": 2}}
    narrowed = queries.counts_by_facet(Achievement, queries.achievement_filters(field="bio"), facets=("district",))
    assert narrowed == {"district": {"erdao": 1}}
    assert queries.counts_by_facet(Need) == {"field": {}, "district": {}}


def test_mine_is_what_my_organisation_posts(app):
    cast = make_cast()
    with unit():
        make.make_achievement(cast.university, author=cast.actors["researcher"], title="我的")
        make.make_achievement(
            cast.university, author=cast.actors["colleague"], title="同事的", state=ListingState.DRAFT
        )
        make.make_achievement(title="别校的")
        make.make_need(cast.enterprise, title="企业的")
    me = cast.actors["researcher"]
    assert titles(queries.list_mine(me)) == ["同事的", "我的"]
    assert titles(queries.list_mine(me, state=ListingState.DRAFT)) == ["同事的"]
    assert titles(queries.list_mine(me, by_me=True)) == ["我的"]
    assert titles(queries.list_mine(cast.actors["signatory"])) == ["企业的"]
    for name in ("technology_manager", "administrator", "newcomer", "anonymous"):
        assert titles(queries.list_mine(cast.actors[name])) == []


def test_what_waits_is_queued_for_those_who_may_approve_it_longest_waiting_first(app):
    casts = [make_cast(), make_cast(enterprise_verified=False)]
    for cast in casts:
        with unit():
            for kind in (Achievement, Need):
                for situation in ("change_in_review", "in_review", "draft", "changed", "published", "withdrawn"):
                    make_situation(cast, kind, situation)

    def waiting(cast, name) -> list[str]:
        rows = list(db.session.scalars(queries.list_for_review(cast.actors[name])))
        assert [row.submitted_at for row in rows] == sorted(row.submitted_at for row in rows)
        return [str(row.state) for row in rows]

    assert waiting(casts[0], "tto_officer") == ["published", "in_review"]
    assert waiting(casts[0], "signatory") == ["published", "in_review"]
    assert waiting(casts[0], "administrator") == ["published", "in_review"]  # of the enterprise not verified yet
    assert waiting(casts[1], "signatory") == []
    for name in ("researcher", "member", "reviewer", "auditor", "technology_manager", "other_tto_officer"):
        assert waiting(casts[0], name) == []


def test_lists_are_read_in_a_fixed_number_of_statements(app):
    cast = make_cast()
    db.session.refresh(cast.university)
    lists = {
        "public": lambda: queries.list_published_achievements(),
        "mine": lambda: queries.list_mine(cast.actors["tto_officer"]),
        "review": lambda: queries.list_for_review(cast.actors["tto_officer"]),
    }

    def measure() -> dict[str, int]:
        found = {}
        for name, query in lists.items():
            db.session.expire_all()
            with counted() as statements:
                for row in paged(query(), 1).items:
                    assert row.organisation.name
                    assert row.author.name
                    assert row.revision is None or queries.public_document(row)
            found[name] = len(statements)
        return found

    def add(count: int) -> None:
        with unit():
            for _ in range(count):
                for situation in ("published", "change_in_review"):
                    make_situation(cast, Achievement, situation)

    add(1)
    before = measure()
    add(4)
    assert measure() == before
    assert before == {"public": 2, "mine": 2, "review": 2}


def test_the_seekers_of_a_page_of_needs_are_read_at_once(app):
    cast = make_cast()
    with unit():
        rows = [make.make_need(cast.enterprise, anonymous=number % 2 == 0) for number in range(6)]
    for row in rows:
        db.session.refresh(row)
    with counted() as statements:
        assert len(queries.seekers_shown(cast.actors["other_signatory"], rows)) == 3
    assert len(statements) == 1
    assert queries.seekers_shown(cast.actors["other_signatory"], []) == set()


def test_disclosures_do_not_multiply_rows(app):
    row = make.make_need(anonymous=True)
    cast = make_cast()
    for _ in range(2):
        make.disclose(row, cast.enterprise)
        with unit():
            services.revoke_disclosure(SYSTEM, row, organisation_id=cast.enterprise.id)
    make.disclose(row, cast.enterprise)
    count = sa.select(sa.func.count()).select_from(queries.list_published_needs().subquery())
    assert db.session.scalar(count) == 1
