"""New matches: what came after an own listing and fits it, on a page and by mail, until somebody followed it up."""

from datetime import timedelta

import pytest
from flask import current_app
from sqlalchemy import delete, select

from matchmaker.accounts import services as accounts
from matchmaker.accounts.models import Membership, User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.core.outbox import OutboxMessage
from matchmaker.dashboard import jobs, new_matches, services
from matchmaker.dashboard.models import NewMatchMail, Rhythm
from matchmaker.introductions import services as introductions
from matchmaker.matching import arrivals
from matchmaker.matching import services as matching
from matchmaker.matching.models import MatchList
from matchmaker.matching.verdicts import Reason, Verdict
from tests.dashboard.test_views import counting
from tests.factories.accounts import SYSTEM, actor, make_actor, make_member, make_organisation, sign_in, unit
from tests.factories.listings import CANARY, make_achievement, make_need
from tests.factories.matching import refresh, revise, withdraw

FITS = dict(title="物流车电池快速升温装置", keywords=("电池", "冬季", "升温"))
ELSE = dict(
    title="玉米秸秆还田机", summary="秸秆粉碎与深翻一体，适合黑土地保护性耕作，作业效率每小时十亩。", keywords=()
)


@pytest.fixture
def seeker(app):
    """A member of an enterprise that posted a need; the person behind it comes with it."""
    return make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_MEMBER)


@pytest.fixture
def need(seeker):
    with clock.at(clock.now() - timedelta(days=60)):
        return make_need(author=seeker)


@pytest.fixture
def later(need):
    """What came after the need and fits it."""
    row = make_achievement(**FITS)
    refresh()
    return row


def shown(reader):
    page = new_matches.list_new_matches(reader, 1)
    assert page.total == len(page.items)
    return [match.other.id for match in page.items]


def ahead(**span):
    return clock.at(clock.now() + timedelta(**span))


def tell():
    return jobs.tell(current_app.extensions["matchmaker.settings"])


def mails():
    """Those written so far, by recipient; and no more of them."""
    found = {row.payload["to"]: row.payload for row in db.session.scalars(select(OutboxMessage))}
    with unit():
        db.session.execute(delete(OutboxMessage))
    return found


def address_of(person):
    return db.session.get_one(User, person.user_id).email


# --- what is new ----------------------------------------------------------------------------------------------------


def test_what_came_after_and_fits_is_new_for_all_of_the_organisation_and_for_no_other(need, seeker, later):
    make_achievement(**ELSE)
    refresh()
    colleague = make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY, organisation=need.organisation)
    assert shown(seeker) == shown(colleague) == [later.id]
    assert shown(make_actor(OrganisationKind.ENTERPRISE)) == []
    assert shown(make_actor(OrganisationKind.UNIVERSITY, organisation=later.organisation)) == []  # the need was there
    newer = make_need(title="物流车电池快速升温装置采购", keywords=("电池", "冬季", "升温"))
    refresh()
    assert shown(make_actor(OrganisationKind.UNIVERSITY, organisation=later.organisation)) == [newer.id]


def test_the_latest_comes_first_and_after_thirty_days_nothing_is_new(need, seeker, later):
    with ahead(days=20):
        latest = make_achievement(**FITS)
        refresh()
        assert shown(seeker) == [latest.id, later.id]
    with ahead(days=31):
        assert shown(seeker) == [latest.id]


def test_what_was_judged_put_aside_asked_for_or_withdrawn_is_no_longer_new(need, seeker):
    rows = [make_achievement(**FITS) for _ in range(4)]
    refresh()
    assert set(shown(seeker)) == {row.id for row in rows}
    judged, aside, asked, gone = rows
    with unit():
        matching.judge(seeker, need, achievement=judged, verdict=Verdict(4, None, ""))
        matching.judge(seeker, need, achievement=aside, verdict=Verdict(None, Reason.TOO_EARLY, ""))
        introductions.request_introduction(seeker, asked, need=need, message="请介绍。", undertakes=True)
    assert shown(seeker) == [gone.id]
    withdraw(gone)
    assert shown(seeker) == []


def test_a_listing_that_was_withdrawn_has_no_new_matches(need, seeker, later):
    withdraw(need)
    assert shown(seeker) == []


def test_what_came_first_is_not_new_to_what_came_second_though_both_are(seeker):
    with clock.at(clock.now() - timedelta(days=5)):
        make_need(author=seeker)
    second = make_achievement(**FITS)
    refresh()
    assert shown(seeker) == [second.id]
    assert shown(make_actor(OrganisationKind.UNIVERSITY, organisation=second.organisation)) == []


def test_many_hits_are_looked_up_another_way_and_are_the_same(need, seeker, later, monkeypatch):
    monkeypatch.setattr(arrivals, "FEW", 0)
    assert shown(seeker) == [later.id]


def test_editing_what_is_old_makes_nothing_new(need, seeker, later):
    with ahead(days=40):
        revise(later, **FITS)
        refresh()
        assert shown(seeker) == []
    revise(need)  # nor does it hide what came after the need
    refresh()
    assert shown(seeker) == [later.id]


def test_the_page_names_both_sides_in_few_reads_and_keeps_what_is_confidential(client, need, seeker, later):
    for _ in range(3):
        make_achievement(**FITS)
    anonymous = make_need(anonymous=True, **{**FITS, "problem": FITS["title"] * 4})
    refresh()
    sign_in(client, db.session.get_one(User, seeker.user_id))
    with counting() as statements:
        page = client.get("/new-matches").text
    assert len(statements) <= 12, statements
    assert all(text in page for text in (need.title, later.title, f"/pairings/{need.id}/{later.id}", "匹配度较强"))
    assert CANARY not in page
    assert client.get("/").text.count("/new-matches") >= 2  # in the menu and on the desk
    client.post("/sign-out")
    sign_in(client, make_member(later.organisation, Role.RESEARCHER).user)
    page = client.get("/new-matches").text
    assert anonymous.title in page
    assert anonymous.organisation.name not in page


def test_a_broker_has_the_strong_pairs_of_all_until_he_followed_them_up(client, need, seeker):
    rows = [make_achievement(title=need.title, summary=need.problem, keywords=need.keywords) for _ in range(4)]
    weaker = make_achievement(**FITS)
    refresh()
    membership = make_member(make_organisation(OrganisationKind.INTERMEDIARY), Role.TECHNOLOGY_MANAGER)
    broker = actor(membership)
    assert weaker.id in shown(seeker)
    assert set(shown(broker)) == {row.id for row in rows}
    judged, proposed, elsewhere, left = rows
    with unit():
        matching.judge(broker, need, achievement=judged, verdict=Verdict(1, None, ""))
        introductions.request_introduction(broker, proposed, need=need, message="请介绍。", undertakes=False)
        matching.judge(seeker, need, achievement=elsewhere, verdict=Verdict(1, None, ""))
    assert set(shown(broker)) == {elsewhere.id, left.id}  # that others judged or met must not show
    sign_in(client, membership.user)
    with counting() as statements:
        page = client.get("/new-matches", headers={"Accept-Language": "en"}).text
    assert len(statements) <= 12, statements
    assert "For the need:" in page
    tell()
    assert "/pairings/" in mails()[membership.user.email]["body"]


def test_who_brings_nothing_together_has_no_such_page(client):
    sign_in(client, make_member(make_organisation(OrganisationKind.AUTHORITY), Role.REVIEWER).user)
    assert client.get("/new-matches").status_code == 403
    assert client.post("/new-matches", data={"rhythm": "daily"}).status_code == 403


# --- by mail --------------------------------------------------------------------------------------------------------


def test_the_author_is_told_once_in_the_own_language(need, seeker, later):
    with unit():
        db.session.get_one(User, seeker.user_id).locale = "en"
    assert tell() == 1
    told = mails()
    assert set(told) == {address_of(seeker)}
    mail = told[address_of(seeker)]
    assert mail["subject"] == "1 new match"
    assert all(text in mail["body"] for text in (need.title, later.title, f"/pairings/{need.id}/{later.id}"))
    assert CANARY not in mail["body"]
    assert later.organisation.name not in mail["body"]
    assert tell() == 0
    with ahead(days=8):
        assert tell() == 0
    assert mails() == {}


def test_each_is_told_in_the_rhythm_chosen(need, seeker, later):
    tell()
    mails()
    for rhythm, days, told in ((Rhythm.DAILY, 1, True), (Rhythm.WEEKLY, 2, False), (Rhythm.NEVER, 30, False)):
        with unit():
            services.set_rhythm(seeker, None, rhythm=rhythm)
        with ahead(days=days):
            row = make_achievement(**FITS)
            refresh()
            tell()
            assert (address_of(seeker) in mails()) is told, rhythm
            withdraw(row)
            refresh()


def test_a_choice_of_mails_is_followed_from_the_next_look_on_and_repeats_nothing(need, seeker, later):
    with unit():
        services.set_rhythm(seeker, None, rhythm=Rhythm.DAILY)
    assert tell() == 1
    mails()
    with unit():
        services.set_rhythm(seeker, None, rhythm=Rhythm.NEVER)
    with ahead(days=3), unit():
        services.set_rhythm(seeker, None, rhythm=Rhythm.DAILY)
    with ahead(days=5):
        assert tell() == 0


def test_what_comes_to_fit_later_is_told_then_and_only_once(need, seeker, later):
    stored = db.session.get_one(MatchList, need.id)
    hits = stored.hits
    with unit():
        stored.hits, stored.level = [[hit, score, 2] for hit, score, _ in hits], 2
    assert tell() == 0
    with unit():
        stored = db.session.get_one(MatchList, need.id)
        stored.hits, stored.level = hits, 4
    with ahead(days=8):
        assert tell() == 1
    with unit():
        stored = db.session.get_one(MatchList, need.id)
        stored.hits, stored.level = [[hit, score, 2] for hit, score, _ in hits], 2
    with ahead(days=16):
        assert tell() == 0
    with unit():
        stored = db.session.get_one(MatchList, need.id)
        stored.hits, stored.level = hits, 4
    with ahead(days=24):
        assert tell() == 0  # told already, and found anew
        assert shown(seeker) == [later.id]


def test_what_was_imported_is_told_to_those_who_answer_for_it(need, seeker, later):
    with unit():
        need.author_id = None
    officer = make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY, organisation=need.organisation)
    tell()
    told = set(mails())
    assert address_of(officer) in told
    assert address_of(seeker) not in told


def test_who_left_the_organisation_or_the_platform_is_not_told(need, seeker, later):
    with unit():
        db.session.get_one(User, seeker.user_id).active = False
    assert tell() == 0
    with unit():
        db.session.get_one(User, seeker.user_id).active = True
        accounts.decide_organisation(SYSTEM, need.organisation, action="suspend", reason="示例。")
    with ahead(days=8):
        assert tell() == 0
    with unit():
        accounts.decide_organisation(SYSTEM, need.organisation, action="reinstate")
        membership = db.session.scalars(select(Membership).where(Membership.user_id == seeker.user_id)).one()
        db.session.delete(membership)
    with ahead(days=16):
        assert tell() == 0
    assert mails() == {}


def test_a_worker_that_comes_second_tells_nothing(need, seeker, later):
    now, base_url = clock.now(), "https://platform.example"
    with unit():
        assert jobs.look_for(seeker.user_id, now, base_url)
    with unit():
        assert not jobs.look_for(seeker.user_id, now, base_url)
    assert len(mails()) == 1
    make_achievement(**FITS)
    refresh()
    with unit():  # not even of what came meanwhile: the next look will
        assert not jobs.look_for(seeker.user_id, now, base_url)
    assert mails() == {}


def test_what_was_told_is_forgotten_when_it_is_no_longer_new(need, seeker, later):
    tell()
    assert len(db.session.get_one(NewMatchMail, seeker.user_id).told) == 1
    with ahead(days=40):
        tell()
        assert db.session.get_one(NewMatchMail, seeker.user_id).told == {}


def test_a_mail_names_the_ten_best_and_counts_all(need, seeker):
    weaker = make_achievement(**FITS)
    for _ in range(11):
        make_achievement(title=need.title, summary=need.problem, keywords=need.keywords)
    refresh()
    tell()
    mail = mails()[address_of(seeker)]
    assert "12" in mail["subject"]
    assert mail["body"].count("/pairings/") == 10
    assert weaker.title not in mail["body"]


def test_the_rhythm_is_chosen_on_the_page_and_nonsense_is_refused(client, need, seeker):
    sign_in(client, db.session.get_one(User, seeker.user_id))
    assert '<option selected value="weekly">' in client.get("/new-matches").text
    assert client.post("/new-matches", data={"rhythm": "hourly"}).status_code == 422
    assert db.session.get(NewMatchMail, seeker.user_id) is None
    english = {"Accept-Language": "en"}
    assert client.post("/new-matches", data={"rhythm": "never"}, headers=english).status_code == 302
    page = client.get("/new-matches", headers=english).text
    assert "Mails about new matches: Never." in page
    assert '<option selected value="never">' in page
