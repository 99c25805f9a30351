"""Order, map, comparison and saved searches."""

import re
from datetime import date

import pytest
from flask_babel import force_locale

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.access import ANONYMOUS
from matchmaker.core.db import db
from matchmaker.core.errors import NotFound, Unauthenticated
from matchmaker.matching import queries, saved_searches
from matchmaker.matching.models import Kind, SavedSearch
from matchmaker.matching.queries import Order
from matchmaker.matching.saved_searches import MOST, NameMissing, TooManySearches
from matchmaker.matching.tiles import SHADES, tiles
from tests.factories.accounts import make_actor, make_member, make_organisation, sign_in, unit
from tests.factories.listings import make_achievement, make_need
from tests.factories.matching import refresh, withdraw
from tests.listings.test_queries import counted

ENGLISH = {"Accept-Language": "en"}


def titles(kind, order, text=""):
    return [row.title for row in queries.search(ANONYMOUS, kind, text, order=order).page.items]


@pytest.fixture
def achievements(app):
    for title, trl in (("电池甲", 3), ("电池乙", 9), ("电池丙", None)):
        make_achievement(title=title, trl=trl)
    refresh()


@pytest.mark.parametrize("text", ["", "电池"])
def test_achievements_can_be_sorted_by_maturity_and_those_without_come_last(achievements, text):
    assert titles(Kind.ACHIEVEMENT, Order.MATURE, text) == ["电池乙", "电池甲", "电池丙"]


def test_newest_first_holds_with_a_text_too(achievements):
    assert titles(Kind.ACHIEVEMENT, Order.NEWEST, "电池") == ["电池丙", "电池乙", "电池甲"]


def test_needs_can_be_sorted_by_deadline(app):
    for title, deadline_on in (("无期限", None), ("晚", date(2099, 5, 1)), ("早", date(2099, 1, 1))):
        make_need(title=title, deadline_on=deadline_on)
    assert titles(Kind.NEED, Order.URGENT) == ["早", "晚", "无期限"]


def orders(page):
    """What the list of orders offers: (value, whether it is chosen, words)."""
    inside = page[page.index('name="order"') :].partition("</select>")[0]
    return re.findall(r'<option value="(\w*)"( selected)?>([^<]+)', inside)


def test_words_typed_into_the_page_as_it_opens_are_answered_best_match_first(client, achievements):
    opened = client.get("/achievements", headers=ENGLISH).get_data(as_text=True)
    assert orders(opened) == [
        ("", "", "Newest first; with words, best match first"),
        ("newest", "", "Newest first"),
        ("mature", "", "Most mature first"),
    ]
    asked = client.get("/achievements?q=电池&order=", headers=ENGLISH).get_data(as_text=True)
    assert "best match first" in asked
    assert [(value, words) for value, _, words in orders(asked)] == [
        ("", "Best match first"),
        ("newest", "Newest first"),
        ("mature", "Most mature first"),
    ]
    newest = client.get("/achievements?q=电池&order=newest", headers=ENGLISH).get_data(as_text=True)
    assert ("newest", " selected", "Newest first") in orders(newest)
    chosen_first = client.get("/achievements?order=newest", headers=ENGLISH).get_data(as_text=True)
    assert ("newest", " selected", "Newest first") in orders(chosen_first)


def test_an_order_that_a_side_does_not_know_is_as_if_none_was_chosen(client, achievements):
    assert client.get("/needs?order=mature").status_code == 200
    page = client.get("/achievements?order=mature&q=电池", headers=ENGLISH).get_data(as_text=True)
    assert '<option value="mature" selected>' in page


def test_every_district_has_a_tile_and_the_fullest_the_darkest(app):
    make_achievement(district="chaoyang")
    make_achievement(district="chaoyang")
    make_achievement(district="erdao")
    with app.test_request_context(), force_locale("zh_Hans_CN"):
        found = {tile.code: tile for tile in tiles(queries.search(ANONYMOUS, Kind.ACHIEVEMENT).facets["district"])}
    assert (found["chaoyang"].count, found["chaoyang"].shade, found["chaoyang"].name) == (2, SHADES, "朝阳")
    assert (found["erdao"].shade, found["yushu"].shade) == (2, 0)
    assert len({(tile.column, tile.row) for tile in found.values()}) == len(found) == 19


def test_the_map_leads_to_the_entries_of_a_district(client):
    make_achievement(district="chaoyang")
    page = client.get("/achievements?view=map", headers=ENGLISH).get_data(as_text=True)
    assert "district=chaoyang" in page
    assert "tile-4" in page
    assert "tile-map" not in client.get("/achievements").get_data(as_text=True)


def test_entries_are_set_side_by_side_in_the_order_chosen(client):
    rows = [make_achievement(title=f"成果{number}") for number in range(3)]
    withdraw(rows[2])
    chosen = "&".join(f"id={row.id}" for row in (rows[1], rows[0], rows[2]))
    page = client.get(f"/achievements/compare?{chosen}&id=nonsense", headers=ENGLISH).get_data(as_text=True)
    assert page.index("成果1") < page.index("成果0")
    assert "成果2" not in page
    assert "Choose two to four" in client.get("/needs/compare", headers=ENGLISH).get_data(as_text=True)


def test_an_anonymous_seeker_stays_so_side_by_side(client):
    rows = [make_need(anonymous=True), make_need()]
    page = client.get("/needs/compare?" + "&".join(f"id={row.id}" for row in rows)).get_data(as_text=True)
    assert rows[0].organisation.name not in page
    assert rows[1].organisation.name in page


def test_a_search_is_saved_found_again_and_its_removal_undone(client):
    make_achievement()
    refresh()
    sign_in(client, make_member(make_organisation(OrganisationKind.ENTERPRISE), Role.ENTERPRISE_MEMBER).user)
    data = {"kind": "achievement", "name": "寒区电池", "q": "电池", "field": "nev", "page": "7"}
    assert client.post("/searches", data=data).location == "/achievements?q=%E7%94%B5%E6%B1%A0&field=nev"
    row = db.session.query(SavedSearch).one()
    assert row.query == {"q": "电池", "field": "nev"}
    assert "寒区电池" in client.get("/achievements", headers=ENGLISH).get_data(as_text=True)
    client.post(f"/searches/{row.id}/remove")
    page = client.get("/achievements", headers=ENGLISH).get_data(as_text=True)
    assert "Undo" in page
    assert 'name="field" value="nev"' in page
    assert db.session.query(SavedSearch).count() == 0


def test_a_search_without_a_name_is_asked_for_one_and_keeps_its_input(client):
    sign_in(client, make_member(make_organisation(OrganisationKind.ENTERPRISE), Role.ENTERPRISE_MEMBER).user)
    answer = client.post("/searches", data={"kind": "need", "name": " ", "q": "电池"}, headers=ENGLISH)
    assert answer.status_code == 422
    assert 'name="q" value="电池"' in answer.get_data(as_text=True)
    assert client.post("/searches", data={"kind": "deal", "name": "x"}).status_code == 404


def test_saved_searches_are_each_persons_own_and_not_without_end(client):
    one, other = make_actor(OrganisationKind.ENTERPRISE), make_actor(OrganisationKind.ENTERPRISE)
    with unit():
        row = saved_searches.save_search(one, None, kind=Kind.NEED, name="甲", query={})
    assert saved_searches.list_searches(other, Kind.NEED) == []
    assert saved_searches.list_searches(one, Kind.ACHIEVEMENT) == []
    with pytest.raises(NotFound), unit():
        saved_searches.remove_search(other, row)
    with pytest.raises(Unauthenticated), unit():
        saved_searches.save_search(ANONYMOUS, None, kind=Kind.NEED, name="甲", query={})
    with pytest.raises(NameMissing), unit():
        saved_searches.save_search(one, None, kind=Kind.NEED, name="", query={})
    with unit():
        for number in range(MOST - 1):
            saved_searches.save_search(one, None, kind=Kind.NEED, name=str(number), query={})
    with pytest.raises(TooManySearches), unit():
        saved_searches.save_search(one, None, kind=Kind.NEED, name="乙", query={})


def test_list_and_pairing_take_few_statements(client):
    need = make_need()
    rows = [make_achievement() for _ in range(4)]
    refresh()
    sign_in(client, make_member(make_organisation(OrganisationKind.ENTERPRISE), Role.ENTERPRISE_MEMBER).user)
    for address in ("/achievements?q=电池&view=map", f"/needs/{need.id}/matches", f"/pairings/{need.id}/{rows[0].id}"):
        client.get(address)
        with counted() as statements:
            assert client.get(address).status_code == 200
        assert len(statements) <= 12, (address, statements)
