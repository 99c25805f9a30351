"""What saved searches find anew: on a page of their own, and in the mail about new matches."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from matchmaker.accounts import services as accounts
from matchmaker.accounts.models import User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.dashboard import services
from matchmaker.dashboard.models import Rhythm
from matchmaker.matching import queries, saved_searches
from matchmaker.matching.models import Kind
from tests.dashboard.test_new_matches import ELSE, FITS, address_of, ahead, mails, tell
from tests.dashboard.test_views import counting
from tests.factories.accounts import SYSTEM, actor, make_actor, make_member, make_organisation, sign_in, unit
from tests.factories.listings import CANARY, make_achievement, make_need
from tests.factories.matching import refresh, revise, withdraw

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def broker(app):
    return make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER)


def save(person, name="寒区电池", kind=Kind.ACHIEVEMENT, **query):
    """As the person would have yesterday."""
    with clock.at(clock.now() - timedelta(days=1)), unit():
        return saved_searches.save_search(person, None, kind=kind, name=name, query=query)


def found(person):
    """Ids by search, of those that find anything."""
    news = queries.list_news(person.user_id, apart_from={person.organisation_id})
    return {one.search.name: one.found for one in news if one.found}


# --- what is new ----------------------------------------------------------------------------------------------------


def test_what_others_published_after_a_search_was_saved_is_new_to_whoever_saved_it(broker):
    with ahead(days=-2):
        make_achievement(**FITS)
    save(broker, q="电池")
    colleague = make_actor(
        OrganisationKind.INTERMEDIARY, organisation=db.session.get_one(User, broker.user_id).memberships[0].organisation
    )
    row = make_achievement(**FITS)
    make_achievement(**ELSE)
    refresh()
    assert found(broker) == {"寒区电池": [row.id]}
    assert found(colleague) == {}


def test_the_latest_comes_first_and_after_thirty_days_nothing_is_new(broker):
    save(broker, q="电池")
    first = make_achievement(**FITS)
    with ahead(days=20):
        second = make_achievement(**FITS)
        refresh()
        assert found(broker) == {"寒区电池": [second.id, first.id]}
    with ahead(days=31):
        assert found(broker) == {"寒区电池": [second.id]}
    with ahead(days=51):
        assert found(broker) == {}


def test_words_and_filters_both_hold_and_either_is_enough(broker):
    save(broker, "词与领域", q="电池", field="nev")
    save(broker, "词", q="电池")
    save(broker, "领域", field="nev")
    save(broker, "全部")
    save(broker, "需求", Kind.NEED, q="电池", trl="6")
    both, words = make_achievement(**FITS), make_achievement(**FITS, field="bio")
    neither = make_achievement(**ELSE, field="bio")
    field = make_achievement(**ELSE)
    ready, early = make_need(min_trl=5), make_need(min_trl=8)
    refresh()
    news = {name: set(ids) for name, ids in found(broker).items()}
    assert news == {
        "词与领域": {both.id},
        "词": {both.id, words.id},
        "领域": {both.id, field.id},
        "全部": {both.id, words.id, field.id, neither.id},
        "需求": {ready.id},
    }
    assert early.id not in news["需求"]


def test_single_characters_in_common_are_no_news(broker):
    save(broker, q="池塘")
    make_achievement(**FITS)
    refresh()
    assert queries.search(broker, Kind.ACHIEVEMENT, "池塘").loose
    assert found(broker) == {}


def test_words_wait_for_the_index_and_filters_do_not(broker):
    save(broker, "词", q="电池")
    save(broker, "领域", field="nev")
    row = make_achievement(**FITS)
    assert found(broker) == {"领域": [row.id]}
    refresh()
    assert found(broker) == {"词": [row.id], "领域": [row.id]}


def test_an_edit_makes_nothing_new_and_what_was_withdrawn_is_gone(broker):
    with ahead(days=-2):
        old = make_achievement(**ELSE)
    save(broker, q="电池")
    revise(old, **FITS)
    row = make_achievement(**FITS)
    refresh()
    assert found(broker) == {"寒区电池": [row.id]}
    withdraw(row)
    assert found(broker) == {}


def test_what_the_own_organisation_posted_is_no_news(app):
    researcher = make_actor(OrganisationKind.UNIVERSITY, Role.RESEARCHER)
    save(researcher, q="电池")
    make_achievement(author=researcher, **FITS)
    other = make_achievement(**FITS)
    refresh()
    assert found(researcher) == {"寒区电池": [other.id]}


# --- on the page ----------------------------------------------------------------------------------------------------


def test_the_page_names_the_latest_three_in_few_reads_however_many_searches(client):
    membership = make_member(make_organisation(OrganisationKind.INTERMEDIARY), Role.TECHNOLOGY_MANAGER)
    person = actor(membership)
    for number in range(saved_searches.MOST):
        save(person, f"搜索{number}", Kind.NEED if number % 2 else Kind.ACHIEVEMENT, q="电池")
    for number in range(4):
        make_achievement(**{**FITS, "title": f"电池升温装置第{number}型"})
        need = make_need(anonymous=True)
    refresh()
    sign_in(client, membership.user)
    with counting() as statements:
        page = client.get("/searches", headers=ENGLISH).text
    assert len(statements) <= 12, statements
    assert page.count("4 new") == saved_searches.MOST
    assert "电池升温装置第1型" in page
    assert "电池升温装置第0型" not in page
    assert "/achievements?q=%E7%94%B5%E6%B1%A0&amp;order=newest" in page
    assert need.organisation.name not in page
    assert CANARY not in page


def test_each_person_sees_the_own_searches_and_nobody_sees_any_without_signing_in(client):
    reviewer = make_member(make_organisation(OrganisationKind.AUTHORITY), Role.REVIEWER)
    save(actor(reviewer), "审核人的搜索", q="电池")
    save(make_actor(OrganisationKind.ENTERPRISE), "别人的搜索", q="电池")
    assert client.get("/searches").location.startswith("/sign-in")
    sign_in(client, reviewer.user)
    page = client.get("/searches", headers=ENGLISH).text
    assert "审核人的搜索" in page
    assert "别人的搜索" not in page
    assert "nothing new" in page
    assert "by mail" not in page  # a reviewer gets none


def test_filters_are_named_and_those_that_no_longer_exist_are_not(client):
    membership = make_member(make_organisation(OrganisationKind.ENTERPRISE), Role.ENTERPRISE_MEMBER)
    save(actor(membership), "甲", field="nev", district="erdao", trl="6", mode="pay_later_licence", q="电池")
    save(actor(membership), "乙", Kind.NEED, field="alchemy", district="atlantis", trl="99", mode="barter", order="x")
    make_need()
    sign_in(client, membership.user)
    page = client.get("/searches", headers=ENGLISH).text
    assert all(
        text in page
        for text in ("New energy vehicles", "at least TRL 6", "Licence: use first, pay later", "<li>电池</li>")
    )
    assert not any(text in page for text in ("<li>alchemy", "<li>atlantis", "TRL 99", "<li>barter"))
    assert "1 new" in page  # what is filtered by nothing finds all


def test_searches_that_find_something_come_first_then_the_latest(client):
    person = make_member(make_organisation(OrganisationKind.UNIVERSITY), Role.RESEARCHER)
    for days, name, query in (
        (4, "旧而有", "电池"),
        (3, "旧而无", "秸秆"),
        (2, "新而有", "电池"),
        (1, "新而无", "秸秆"),
    ):
        with ahead(days=-days):
            save(actor(person), name, q=query)
    make_achievement(**FITS)
    make_achievement(author=actor(person), **ELSE)
    refresh()
    sign_in(client, person.user)
    page = client.get("/searches", headers=ENGLISH).text
    assert page.count("nothing new") == 2  # what the own organisation posted is none
    assert sorted(("旧而有", "旧而无", "新而有", "新而无"), key=page.index) == ["新而有", "旧而有", "新而无", "旧而无"]


def test_who_keeps_none_is_told_how_and_who_removes_one_stays_on_the_page(client):
    membership = make_member(make_organisation(OrganisationKind.ENTERPRISE), Role.ENTERPRISE_MEMBER)
    sign_in(client, membership.user)
    assert "You keep no searches yet." in client.get("/searches", headers=ENGLISH).text
    row = save(actor(membership), q="电池")
    assert "/searches" in client.get("/achievements").text
    assert client.post(f"/searches/{row.id}/remove", data={"listed": "1"}).location == "/searches"
    assert "You keep no searches yet." in client.get("/searches", headers=ENGLISH).text


def test_a_search_whose_removal_is_undone_still_knows_what_is_new_to_it(client):
    membership = make_member(make_organisation(OrganisationKind.ENTERPRISE), Role.ENTERPRISE_MEMBER)
    kept, row = save(actor(membership), q="电池"), make_achievement(**FITS)
    refresh()
    sign_in(client, membership.user)
    client.post(f"/searches/{kept.id}/remove", data={"listed": "1"})
    undo = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', client.get("/searches").text))
    assert client.post("/searches", data=undo).location == "/searches"
    assert found(actor(membership)) == {"寒区电池": [row.id]}


@pytest.mark.parametrize(
    ("since", "new"),
    [
        ("2020-01-01T00:00:00+00:00", True),
        ("0001-01-01T00:00:00+14:00", True),
        ("9999-12-31T23:59:59-14:00", False),
        ("2020-01-01T00:00:00", False),  # where? so it counts as saved now
        ("gestern", False),
        ("", False),
    ],
)
def test_no_search_was_kept_before_anything_is_new_nor_after_now(client, since, new):
    membership = make_member(make_organisation(OrganisationKind.ENTERPRISE), Role.ENTERPRISE_MEMBER)
    with ahead(days=-1):
        row = make_achievement(**FITS)
    refresh()
    sign_in(client, membership.user)
    data = {"kind": "achievement", "name": "寒区电池", "q": "电池", "since": since}
    assert client.post("/searches", data=data).status_code == 302
    assert found(actor(membership)) == ({"寒区电池": [row.id]} if new else {})
    with ahead(seconds=1):
        later = make_achievement(**FITS)
        refresh()
        assert found(actor(membership))["寒区电池"][0] == later.id


# --- by mail --------------------------------------------------------------------------------------------------------


def test_each_is_told_once_in_the_own_language_with_a_link_to_the_search(broker):
    save(broker, q="电池", field="nev")
    row = make_achievement(**FITS)
    refresh()
    with unit():
        db.session.get_one(User, broker.user_id).locale = "en"
    tell()
    mail = mails()[address_of(broker)]
    assert mail["subject"] == "1 new search result"
    assert f"寒区电池: 1 new\n{row.title}\n" in mail["body"]
    address = next(line for line in mail["body"].splitlines() if "/achievements?" in line)
    assert parse_qs(urlsplit(address).query) == {"q": ["电池"], "field": ["nev"], "order": ["newest"]}
    assert "after what it fits" not in mail["body"]
    assert CANARY not in mail["body"]
    assert row.organisation.name not in mail["body"]
    with ahead(days=8):
        tell()
        assert address_of(broker) not in mails()
        second = make_achievement(**{**FITS, "title": "电池包快速升温装置"})
        refresh()
    with ahead(days=16):
        tell()
        body = mails()[address_of(broker)]["body"]
        assert second.title in body
        assert f"\n{row.title}\n" not in body


def test_one_mail_tells_of_matches_and_searches(app):
    seeker = make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_MEMBER)
    with clock.at(clock.now() - timedelta(days=60)):
        make_need(author=seeker)
    save(seeker, q="秸秆")
    fits, other = make_achievement(**FITS), make_achievement(**ELSE)
    refresh()
    tell()
    mail = mails()[address_of(seeker)]
    assert mail["subject"] == "1 项新匹配、1 条新的搜索结果"
    assert mail["body"].index(fits.title) < mail["body"].index(other.title)
    assert mail["body"].count("/pairings/") == 1


def test_who_wants_no_mails_or_left_is_told_of_no_search(broker):
    save(broker, q="电池")
    make_achievement(**FITS)
    refresh()
    with unit():
        services.set_rhythm(broker, None, rhythm=Rhythm.NEVER)
    tell()
    assert address_of(broker) not in mails()
    with unit():
        services.set_rhythm(broker, None, rhythm=Rhythm.DAILY)
        organisation = db.session.get_one(User, broker.user_id).memberships[0].organisation
        accounts.decide_organisation(SYSTEM, organisation, action="suspend", reason="示例。")
    tell()
    assert address_of(broker) not in mails()
    with unit():
        accounts.decide_organisation(SYSTEM, organisation, action="reinstate")
    with ahead(days=1):
        tell()
    assert address_of(broker) in mails()


def test_no_organisation_of_a_person_is_news_to_him(broker):
    second = make_organisation(OrganisationKind.UNIVERSITY)
    with unit():
        person = db.session.get_one(User, broker.user_id)
        accounts.add_member(SYSTEM, second, person, roles={Role.RESEARCHER})
    save(broker, q="电池")
    make_achievement(second, **FITS)
    refresh()
    tell()
    assert address_of(broker) not in mails()


def test_a_reviewer_keeps_searches_that_tell_nothing(app):
    reviewer = make_actor(OrganisationKind.AUTHORITY, Role.REVIEWER)
    save(reviewer, q="电池")
    make_achievement(**FITS)
    refresh()
    tell()
    assert address_of(reviewer) not in mails()
