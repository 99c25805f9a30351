"""Judging pairs: who may, what is kept, what the own list shows, what is learnt and counted."""

import threading

import pytest
from sqlalchemy import select, text

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import access, audit
from matchmaker.core.access import ANONYMOUS
from matchmaker.core.db import db, unit_of_work, with_retries
from matchmaker.core.errors import Conflict, Forbidden, NotFound, Unauthenticated
from matchmaker.listings.models import Achievement, ListingState, Need
from matchmaker.matching import judgements, queries, services
from matchmaker.matching.models import Judgement, Level
from matchmaker.matching.permissions import Can
from matchmaker.matching.verdicts import NoteMissing, NotYoursToJudge, Reason, Verdict
from tests.factories.accounts import make_actor, make_organisation
from tests.factories.listings import make_achievement, make_need
from tests.factories.matching import refresh, withdraw


@pytest.fixture
def university(app):
    return make_organisation(OrganisationKind.UNIVERSITY)


@pytest.fixture
def enterprise(app):
    return make_organisation(OrganisationKind.ENTERPRISE)


@pytest.fixture
def seeker(enterprise):
    return make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_MEMBER, organisation=enterprise)


@pytest.fixture
def owner(university):
    return make_actor(OrganisationKind.UNIVERSITY, Role.RESEARCHER, organisation=university)


@pytest.fixture
def pair(university, enterprise):
    return make_need(enterprise), make_achievement(university)


def judge(actor, pair, level=None, reason=None, note=""):
    need, achievement = pair
    with unit_of_work():
        return services.judge(actor, need, achievement=achievement, verdict=Verdict(level, reason, note))


def take_back(actor, judgement):
    with unit_of_work():
        services.withdraw_judgement(actor, judgement)


def learnt():
    return [tuple(row) for row in judgements.list_judgements_to_learn(db.session())]


def listed(actor, need):
    found = queries.list_matches_for_need(actor, need)
    return [match.listing.id for match in found.page.items], [match.listing.id for match in found.aside]


# --- who may --------------------------------------------------------------------------------------------------------


def test_both_owners_and_technology_managers_judge_a_pair(pair, seeker, owner):
    manager = make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER)
    for level, actor in enumerate((seeker, owner, manager), 2):
        assert judge(actor, pair, level).level == level
    assert db.session.query(Judgement).count() == 3


@pytest.mark.parametrize("kind", [OrganisationKind.ENTERPRISE, OrganisationKind.UNIVERSITY])
def test_a_third_party_does_not(pair, kind):
    with pytest.raises(NotYoursToJudge):
        judge(make_actor(kind), pair, 3)


def test_neither_the_bureau_nor_the_unverified_nor_strangers_judge(app, pair):
    unverified = make_organisation(OrganisationKind.ENTERPRISE, verified=False)
    member = make_actor(OrganisationKind.ENTERPRISE, organisation=unverified)
    for role in (Role.REVIEWER, Role.AUDITOR, Role.ADMINISTRATOR):
        with pytest.raises(Forbidden):
            judge(make_actor(OrganisationKind.AUTHORITY, role), pair, 3)
    with pytest.raises(Forbidden):
        judge(member, pair, 3)
    with pytest.raises(Unauthenticated):
        judge(ANONYMOUS, pair, 3)
    assert not judgements.may_judge(member, *pair)


@pytest.mark.parametrize("state", [ListingState.DRAFT, ListingState.IN_REVIEW, ListingState.WITHDRAWN])
def test_what_is_not_published_is_not_there_to_be_judged(university, enterprise, seeker, owner, state):
    hidden, need = make_achievement(university, state=state), make_need(enterprise)
    for actor in (seeker, owner):
        with pytest.raises(NotFound):
            judge(actor, (need, hidden), 3)


def test_both_faces_of_the_rules_on_judgements_agree(pair, seeker, owner):
    judge(seeker, pair, 4)
    judge(owner, pair, 1)
    manager = make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER)
    rows = list(db.session.scalars(select(Judgement)))
    for actor in (seeker, owner, manager, make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR), ANONYMOUS):
        for permission in (Can.JUDGEMENT_VIEW, Can.JUDGEMENT_WITHDRAW):
            rule = access.all_rules()[permission]
            seen = set(db.session.scalars(select(Judgement.id).where(rule.many(actor))))
            assert seen == {row.id for row in rows if rule.one(actor, row)}
            assert seen == {row.id for row in rows if row.organisation_id == actor.organisation_id}


# --- what is kept ---------------------------------------------------------------------------------------------------


def test_a_judgement_is_written_down_with_who_and_when_and_in_the_audit_log(pair, seeker):
    row = judge(seeker, pair, reason=Reason.OTHER, note="已有类似产线")
    assert (row.organisation_id, row.user_id, row.verdict.note) == (
        seeker.organisation_id, seeker.user_id, "已有类似产线",
    )  # fmt: skip
    (event,) = audit.list_events(row.id)
    assert (event.event, event.facts["reason"]) == ("pairing.put_aside", "other")
    assert "已有类似产线" not in str(event.facts)
    with pytest.raises(NoteMissing):
        judge(seeker, pair, reason=Reason.OTHER)


def test_the_same_again_changes_nothing(pair, seeker):
    first = judge(seeker, pair, 3)
    again = judge(seeker, pair, 3)
    assert (again.number, db.session.query(Judgement).count()) == (first.number, 1)


def test_the_newest_word_holds_and_the_history_stays(pair, seeker):
    for verdict in ((3, None), (None, Reason.TOO_EARLY), (4, None)):
        judge(seeker, pair, *verdict)
    assert judgements.find_own(seeker, *pair).level == 4
    kept = [(row.level, row.reason) for row in db.session.scalars(select(Judgement).order_by(Judgement.number))]
    assert kept == [(3, None), (None, Reason.TOO_EARLY), (4, None)]


def test_history_cannot_be_rewritten(pair, seeker):
    judge(seeker, pair, 3)
    for statement in ("UPDATE judgements SET level = 1", "DELETE FROM judgements"):
        with pytest.raises(Exception, match="append_only"), unit_of_work():
            db.session.execute(text(statement))


def test_what_was_said_can_be_taken_back_once(pair, seeker):
    row = judge(seeker, pair, 3)
    take_back(seeker, row)
    take_back(seeker, row)
    assert judgements.find_own(seeker, *pair) is None
    assert db.session.query(Judgement).count() == 2
    assert judge(seeker, pair, 3).level == 3  # said anew, not a repetition


def test_another_organisations_judgement_is_not_there_to_be_taken_back(pair, seeker, owner):
    row = judge(seeker, pair, 3)
    with pytest.raises(NotFound):
        take_back(owner, row)
    with pytest.raises(Unauthenticated):
        take_back(ANONYMOUS, row)


def test_taking_back_an_older_word_is_refused_where_a_colleague_spoke_since(pair, enterprise, seeker):
    old = judge(seeker, pair, 3)
    judge(make_actor(OrganisationKind.ENTERPRISE, organisation=enterprise), pair, 2)
    with pytest.raises(Conflict):
        take_back(seeker, old)


def test_two_that_judge_at_once_are_both_kept_and_the_later_holds(app, pair, seeker, owner):
    need_id, achievement_id = (row.id for row in pair)
    db.session.rollback()
    start, faults = threading.Barrier(4), []

    def work(actor, level):
        with app.app_context():

            def command():
                need, achievement = db.session.get(Need, need_id), db.session.get(Achievement, achievement_id)
                services.judge(actor, need, achievement=achievement, verdict=Verdict(level))

            try:
                start.wait()
                with_retries(command)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test must hear of it
                faults.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=work, args=(actor, level)) for actor in (seeker, owner) for level in (2, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert db.session.query(Judgement).count() == 4
    rows = learnt()
    assert len(rows) == 2
    for _, _, level, organisation_id in rows:
        newest = db.session.scalar(
            select(Judgement.level)
            .where(Judgement.organisation_id == organisation_id)
            .order_by(Judgement.number.desc())
        )
        assert level == newest


# --- the own list ---------------------------------------------------------------------------------------------------


def test_the_own_list_follows_at_once_and_no_other_does(university, enterprise, seeker, owner):
    near = make_achievement(university, title="物流车电池快速升温装置", keywords=("电池", "冬季", "升温"))
    far = make_achievement(university, title="电池外壳压铸工艺", summary="一体化压铸电池外壳，壁厚均匀，减重两成。" * 2)
    need = make_need(enterprise)
    refresh()
    before = ([near.id, far.id], [])
    assert listed(seeker, need) == listed(owner, need) == listed(ANONYMOUS, need) == before
    judge(seeker, (need, far), 4)
    assert listed(seeker, need) == ([far.id, near.id], [])
    aside = judge(seeker, (need, near), reason=Reason.TOO_DEAR)
    assert listed(seeker, need) == ([far.id], [near.id])
    assert listed(owner, need) == listed(ANONYMOUS, need) == before
    take_back(seeker, aside)
    assert listed(seeker, need) == ([far.id, near.id], [])


def test_own_and_machine_levels_are_told_apart(pair, seeker):
    need, achievement = pair
    refresh()
    judge(seeker, pair, 4)
    (match,) = queries.list_matches_for_need(seeker, need).page.items
    assert (match.level, match.own.level, match.judged_here) == (Level.WEAK, 4, True)
    (match,) = queries.list_matches_for_need(ANONYMOUS, need).page.items
    assert (match.own, match.judged_here) == (None, False)
    (match,) = queries.list_matches_for_achievement(seeker, achievement).page.items
    assert match.own.level == 4


def test_a_pair_that_the_machine_does_not_list_stands_where_it_was_judged(university, enterprise, seeker):
    rice = make_achievement(
        university, title="水稻病虫害遥感识别", summary="无人机多光谱影像识别稻瘟病与飞虱，准确率高。" * 2,
        keywords=("水稻", "遥感"),
    )  # fmt: skip
    need = make_need(enterprise)
    refresh()
    assert listed(seeker, need) == ([], [])
    judge(seeker, (need, rice), 3)
    (match,) = queries.list_matches_for_need(seeker, need).page.items
    assert (match.listing.id, match.score, match.level) == (rice.id, None, None)
    withdraw(rice)
    assert listed(seeker, need) == ([], [])


# --- what is learnt and counted -------------------------------------------------------------------------------------


def test_what_holds_of_every_organisation_is_learnt(pair, seeker, owner):
    need, achievement = pair
    judge(seeker, pair, 3)
    judge(seeker, pair, reason=Reason.OFF_TOPIC)
    judge(owner, pair, 4)
    assert sorted(learnt(), key=lambda row: row[2]) == [
        (need.id, achievement.id, 1, seeker.organisation_id),
        (need.id, achievement.id, 4, owner.organisation_id),
    ]
    judge(seeker, pair, reason=Reason.TOO_DEAR)
    take_back(owner, judgements.find_own(owner, *pair))
    assert learnt() == []


def test_the_fingerprint_changes_with_every_word_and_only_then(pair, seeker):
    seen = [judgements.judgements_fingerprint(db.session())]
    row = judge(seeker, pair, 3)
    seen.append(judgements.judgements_fingerprint(db.session()))
    judge(seeker, pair, 3)
    assert judgements.judgements_fingerprint(db.session()) == seen[-1]
    take_back(seeker, row)
    seen.append(judgements.judgements_fingerprint(db.session()))
    assert len(set(seen)) == 3


def test_figures_wait_for_enough_judgements_of_enough_organisations(app, monkeypatch):
    monkeypatch.setattr(judgements, "FEWEST_JUDGEMENTS", 4)
    monkeypatch.setattr(judgements, "FEWEST_IN_ROW", 3)
    pairs = [(make_need(), make_achievement()) for _ in range(2)]
    refresh()
    managers = [make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER) for _ in range(3)]
    for manager in managers[:2]:
        for pair in pairs:
            judge(manager, pair, 2)
    assert judgements.find_figures() is None  # two organisations are too few
    judge(managers[2], pairs[0], 4)
    judge(managers[2], pairs[1], reason=Reason.TOO_DEAR)
    figures = judgements.find_figures()
    assert (figures.judged, figures.organisations, figures.compared) == (6, 3, 5)
    assert (figures.same, figures.near) == (0.8, 0.8)  # the machine says weak: four agree, one is two levels above
    strong, fairly, weak = figures.acceptance
    assert (weak.judged, weak.accepted) == (6, 1)
    assert (strong.judged, fairly.accepted) == (None, None)
