"""Judging pairings: by whom, what is kept, what follows at once."""

import pytest
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import audit
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Forbidden, NotFound
from matchmaker.listings.models import ListingState
from matchmaker.matching import queries, services
from matchmaker.matching.models import Judgement, Level, Reason
from matchmaker.matching.services import AnswerMissing, NotYourPairing
from tests.factories.accounts import make_actor, make_organisation, unit
from tests.factories.listings import make_achievement, make_need
from tests.factories.matching import refresh


@pytest.fixture
def pair(app):
    return make_need(), make_achievement()


def member(listing, role):
    return make_actor(listing.organisation.kind, role, organisation=listing.organisation)


def judge(actor, pair, **answer):
    with unit():
        return services.judge(actor, pair[0], achievement=pair[1], **answer)


def test_both_sides_and_technology_managers_judge(pair):
    need, achievement = pair
    actors = [
        member(need, Role.ENTERPRISE_MEMBER),
        member(achievement, Role.RESEARCHER),
        make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER),
    ]
    for actor in actors:
        assert judge(actor, pair, level=Level.STRONG).level == 4


def test_others_do_not(pair):
    with pytest.raises(NotYourPairing):
        judge(make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_MEMBER), pair, level=Level.STRONG)
    with pytest.raises(Forbidden):
        judge(make_actor(OrganisationKind.AUTHORITY, Role.REVIEWER), pair, level=Level.STRONG)


@pytest.mark.parametrize("answer", [{}, {"level": Level.WEAK, "reason": Reason.TOO_DEAR}])
def test_a_judgement_is_one_answer(pair, answer):
    with pytest.raises(AnswerMissing):
        judge(member(pair[0], Role.ENTERPRISE_MEMBER), pair, **answer)


def test_what_is_not_published_is_not_judged(app):
    need = make_need(state=ListingState.DRAFT)
    with pytest.raises(NotFound):
        judge(member(need, Role.ENTERPRISE_MEMBER), (need, make_achievement()), level=Level.WEAK)


def test_the_last_word_holds_and_all_are_kept(pair):
    actor = member(pair[0], Role.ENTERPRISE_MEMBER)
    judge(actor, pair, level=Level.STRONG)
    judge(actor, pair, reason=Reason.TOO_EARLY)
    assert queries.find_judgement(actor, *pair).reason is Reason.TOO_EARLY
    with unit():
        last = services.take_back(actor, pair[0], achievement=pair[1])
    assert queries.find_judgement(actor, *pair) is None
    rows = db.session.scalars(select(Judgement).order_by(Judgement.version)).all()
    assert [(row.version, row.level, row.reason) for row in rows] == [
        (1, 4, None),
        (2, None, "too_early"),
        (3, None, None),
    ]
    assert audit.list_events(last.id)[0].event == "judgement.taken_back"


def test_judgements_only_grow(pair):
    row = judge(member(pair[0], Role.ENTERPRISE_MEMBER), pair, level=Level.STRONG)
    with pytest.raises(DBAPIError, match="append_only"), unit_of_work():
        db.session.get(Judgement, row.id).level = 1


def test_the_own_list_follows_at_once_and_nobody_elses_does(app):
    university = make_organisation(OrganisationKind.UNIVERSITY)
    achievements = [make_achievement(university, title=f"动力电池低温自加热技术{n}") for n in "一二三"]
    need = make_need()
    refresh()
    actor, other = (
        member(need, Role.ENTERPRISE_MEMBER),
        make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER),
    )

    def listed(reader):
        return [match.listing.id for match in queries.list_matches_for_need(reader, need).page.items]

    before = listed(actor)
    assert len(before) == 3
    by_id = {row.id: row for row in achievements}
    judge(actor, (need, by_id[before[0]]), reason=Reason.ALREADY_HAVE)
    judge(actor, (need, by_id[before[2]]), level=Level.STRONG)
    assert listed(actor) == [before[2], before[1], before[0]]
    assert listed(other) == before


def test_a_missed_condition_is_shown_and_drops_nothing(app):
    make_achievement(trl=3)
    need = make_need(min_trl=7)
    refresh()
    (match,) = queries.list_matches_for_need(member(need, Role.ENTERPRISE_MEMBER), need).page.items
    assert [condition.code for condition in match.missed] == ["trl_reached"]
