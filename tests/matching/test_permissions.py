"""Who is shown what: everyone the same public pairs, and nobody anything else."""

import re

import pytest

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core.access import ANONYMOUS
from matchmaker.core.db import db
from matchmaker.core.errors import NotFound
from matchmaker.listings.models import Achievement, ListingState, Need
from matchmaker.matching import pairings, queries
from matchmaker.matching.models import Kind, MatchList
from matchmaker.matching.queries import search
from tests.factories.accounts import make_actor, make_organisation
from tests.factories.listings import CANARY, disclose, make_achievement, make_need, propose
from tests.factories.matching import index_root, refresh, withdraw

HIDDEN = (ListingState.DRAFT, ListingState.IN_REVIEW, ListingState.WITHDRAWN)


@pytest.fixture
def university(app):
    return make_organisation(OrganisationKind.UNIVERSITY)


@pytest.fixture
def actors(university):
    """One of each kind; the first of them owns what is not public."""
    own = make_actor(OrganisationKind.UNIVERSITY, organisation=university)
    return [own, ANONYMOUS, *(make_actor(kind) for kind in OrganisationKind)]


def test_everyone_finds_the_same_published_listings_and_no_others(app, university, actors):
    shown = make_achievement(university)
    for state in HIDDEN:
        make_achievement(university, state=state)
    need = make_need()
    refresh()
    for actor in actors:
        for text in ("", "电池"):
            assert [row.id for row in search(actor, Kind.ACHIEVEMENT, text).page.items] == [shown.id]
        found = queries.list_matches_for_need(actor, need)
        assert [match.listing.id for match in found.page.items] == [shown.id]


@pytest.mark.parametrize("state", HIDDEN)
def test_a_pairing_with_an_unpublished_side_does_not_exist_for_owners_either(app, university, actors, state):
    hidden, need = make_achievement(university, state=state), make_need()
    shown, hidden_need = make_achievement(university), make_need(state=state)
    refresh()
    for actor in actors:
        with pytest.raises(NotFound):
            pairings.pairing(actor, need, hidden)
        with pytest.raises(NotFound):
            pairings.pairing(actor, hidden_need, shown)


def test_confidential_text_reaches_neither_index_nor_lists_nor_explanations(app, client, university):
    """Also where someone was let in on it, and where a change that waits for approval would publish it."""
    achievement, need = make_achievement(university), make_need()
    disclose(achievement, db.session.get(type(university), need.organisation_id))
    propose(achievement, title=f"{CANARY}标题", summary=CANARY * 5)
    refresh()
    saved = b"".join(path.read_bytes() for path in index_root().rglob("*") if path.is_file())
    assert "电池".encode("utf-32-le") in saved  # so it would be seen
    for written in (CANARY, CANARY.lower(), "绝密", "canary"):
        assert written.encode() not in saved
        assert written.encode("utf-32-le") not in saved
    assert search(ANONYMOUS, Kind.ACHIEVEMENT, "CANARY").page.total == 0
    assert all("绝密" not in str(row.hits) for row in db.session.query(MatchList))
    insider = make_actor(
        OrganisationKind.ENTERPRISE, organisation=db.session.get(type(university), need.organisation_id)
    )
    assert "绝密" not in str(pairings.pairing(insider, need, achievement))
    addresses = [
        "/achievements?q=电池",
        "/needs",
        f"/needs/{need.id}/matches",
        f"/achievements/{achievement.id}/matches",
        f"/pairings/{need.id}/{achievement.id}",
    ]
    for address in addresses:
        assert "绝密" not in client.get(address).get_data(as_text=True), address


def test_hidden_listings_leave_no_trace_in_what_outsiders_read(app, client, university):
    """Two worlds, with and without rows that are not public: the same bytes."""
    achievement, need = make_achievement(university), make_need()
    make_achievement(
        university, title="氢燃料电池双极板", summary="冲压成形的金属双极板，涂层电导率高，耐蚀性好，寿命达一万小时。"
    )
    refresh()
    addresses = [
        "/achievements",
        "/achievements?q=电池",
        "/achievements?q=电池&field=nev",
        "/needs?q=电池",
        f"/needs/{need.id}/matches",
        f"/achievements/{achievement.id}/matches",
        f"/pairings/{need.id}/{achievement.id}",
    ]
    without = [page(client, address) for address in addresses]
    for state in HIDDEN:
        for _ in range(2):
            make_achievement(university, state=state, title="电池低温加热电池", field="nev")
            make_need(state=state, title="电池低温加热电池", field="nev")
    propose(achievement, title="电池电池电池", district="yushu", trl=9)
    refresh()
    assert [page(client, address) for address in addresses] == without


def page(client, address):
    """What a reader sees, without what every response has anew."""
    text = client.get(address).get_data(as_text=True)
    return re.sub(r'name="csrf_token" value="[^"]*"', "", text)


def test_the_name_behind_an_anonymous_need_is_on_no_page(app, client):
    seeker = make_organisation(OrganisationKind.ENTERPRISE, name="示例匿名求购有限公司")
    achievement, need = make_achievement(), make_need(seeker, anonymous=True)
    refresh()
    for address in ("/needs", "/needs?q=电池", f"/achievements/{achievement.id}/matches"):
        text = client.get(address).get_data(as_text=True)
        assert str(need.id) in text
        assert "示例匿名求购" not in text, address
    assert "示例匿名求购" not in client.get(f"/pairings/{need.id}/{achievement.id}").get_data(as_text=True)


def test_after_withdrawal_the_next_request_shows_nothing_of_it(app, client):
    achievement, need = make_achievement(), make_need()
    refresh()
    achievement_id, need_id = achievement.id, need.id
    withdraw(achievement)
    assert str(achievement_id) not in client.get("/achievements?q=电池").get_data(as_text=True)
    assert str(achievement_id) not in client.get(f"/needs/{need_id}/matches").get_data(as_text=True)
    assert client.get(f"/pairings/{need_id}/{achievement_id}").status_code == 404
    assert client.get(f"/achievements/{achievement_id}/matches").status_code == 404
    assert db.session.query(Achievement).count() == db.session.query(Need).count() == 1
