"""Pages of search, matches and pairings, in both languages."""

import re
import uuid
from urllib.parse import quote

import flask_babel
import pytest
from sqlalchemy import event

from matchmaker.accounts.models import User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.db import db
from matchmaker.listings.models import Language, ListingState
from matchmaker.matching import learning
from tests.factories.accounts import make_member, make_organisation, sign_in
from tests.factories.listings import PROBLEM, SUMMARY, make_achievement, make_need
from tests.factories.matching import index_root, refresh

ENGLISH = {"Accept-Language": "en"}


def text_of(client, address, status=200, **kwargs):
    flask_babel.refresh()  # the test's own context would keep the language of its first request
    answer = client.get(address, **kwargs)
    assert answer.status_code == status, answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


# --- search ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("address", "chinese", "english"),
    [("/achievements", "成果", "Achievements"), ("/needs", "需求", "Needs")],
)
def test_search_pages_are_public_and_speak_both_languages(client, address, chinese, english):
    assert f"<h1>{chinese}</h1>" in text_of(client, address)
    assert f"<h1>{english}</h1>" in text_of(client, address, headers=ENGLISH)


def test_an_empty_platform_explains_what_will_be_here(client):
    assert "No achievement is published yet." in text_of(client, "/achievements", headers=ENGLISH)
    assert "No need is published yet." in text_of(client, "/needs?page=7", headers=ENGLISH)
    assert "being built" not in text_of(client, "/needs?q=电池", headers=ENGLISH)


def test_search_shows_results_with_facets_and_keeps_the_input(client):
    row = make_achievement()
    refresh()
    page = text_of(client, "/achievements?q=电池&field=nev&trl=5&mode=ordinary_licence", headers=ENGLISH)
    assert row.title in page
    assert 'value="电池"' in page
    assert '<option value="nev" selected>New energy vehicles (1)</option>' in page
    assert '<option value="ordinary_licence" selected>Ordinary licence (1)</option>' in page
    assert "1 achievement · best match first" in page
    assert f"/achievements/{row.id}" in page


def test_a_search_without_results_teaches_and_leads_back(client):
    make_achievement()
    refresh()
    page = text_of(client, "/achievements?q=zeppelin", headers=ENGLISH)
    assert "Nothing published fits this." in page
    assert 'href="/achievements"' in page


def test_a_text_longer_than_an_address_can_carry_is_searched_by_its_beginning_and_says_so(client):
    row = make_achievement()
    refresh()
    exact = "电池" * 200
    for text in (exact, exact + "锂"):
        page = text_of(client, f"/achievements?q={text}", headers=ENGLISH)
        assert 'The first 400 characters are searched for. <a href="/try">' in page
        assert row.title in page
    assert "characters are searched" not in text_of(client, f"/achievements?q={exact[:-1]}", headers=ENGLISH)
    assert len(quote(exact)) < 4_094 - 250  # what gunicorn takes, less the other fields of the form


def test_while_there_is_no_index_search_says_so(client):
    row = make_achievement()
    page = text_of(client, "/achievements?q=zeppelin", headers=ENGLISH)
    assert "The search index is being built" in page
    assert row.title in page


@pytest.mark.parametrize(
    "query", ["field=none&district=none&trl=0&mode=none", "trl=x&page=-1", "page=999999999", "q=%00&trl=10"]
)
def test_odd_addresses_show_the_page_all_the_same(client, query):
    row = make_achievement()
    refresh()
    assert row.title in text_of(client, f"/achievements?{query}")


def test_what_was_typed_is_shown_as_text(client):
    assert "<script>alert" not in text_of(client, "/achievements?q=<script>alert(1)</script>")


def test_pages_turn_and_keep_the_facets(client):
    university = make_organisation(OrganisationKind.UNIVERSITY)
    for _ in range(21):
        make_achievement(university)
    refresh()
    first = text_of(client, "/achievements?q=电池&field=nev")
    assert first.count('<li class="entry">') == 20
    assert "page=2" in first
    assert "field=nev" in first
    assert text_of(client, "/achievements?q=电池&field=nev&page=2").count('<li class="entry">') == 1


MOST_READS = 12  # of a page, sign-in and menu included


@pytest.mark.parametrize("reader", ["university", "enterprise", "intermediary", "authority"])
def test_each_page_takes_few_reads(client, reader):
    organisations = {kind: make_organisation(kind) for kind in OrganisationKind}
    achievements = [make_achievement(organisations[OrganisationKind.UNIVERSITY]) for _ in range(5)]
    needs = [make_need(organisations[OrganisationKind.ENTERPRISE]) for _ in range(5)]
    refresh()
    member = make_member(organisations[OrganisationKind(reader)])
    sign_in(client, db.session.get(User, member.user_id))
    addresses = [
        "/achievements",
        "/achievements?q=电池",
        "/needs?q=电池&field=nev",
        f"/needs/{needs[0].id}/matches",
        f"/achievements/{achievements[0].id}/matches",
        f"/pairings/{needs[0].id}/{achievements[0].id}",
    ]
    for address in addresses:
        statements = []

        def note(connection, cursor, statement, *rest, statements=statements):
            if not statement.startswith(("PRAGMA", "BEGIN", "SAVEPOINT", "RELEASE")):
                statements.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            text_of(client, address)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        assert len(statements) <= MOST_READS, (address, len(statements), statements)


# --- matches --------------------------------------------------------------------------------------------------------


def test_matches_name_level_reason_and_the_way_to_the_pairing(client):
    achievement, need = make_achievement(), make_need()
    refresh()
    page = text_of(client, f"/needs/{need.id}/matches", headers=ENGLISH)
    assert "<h1>Achievements for this need</h1>" in page
    assert achievement.title in page
    assert "Weak match" in page
    assert "<mark>电池</mark>" in page
    assert f"/pairings/{need.id}/{achievement.id}" in page
    assert "http-equiv" not in page
    page = text_of(client, f"/achievements/{achievement.id}/matches")
    assert "<h1>适合此成果的需求</h1>" in page
    assert f"/pairings/{need.id}/{achievement.id}" in page


def test_while_matches_are_computed_the_page_looks_again_by_itself(client):
    need = make_need()
    page = text_of(client, f"/needs/{need.id}/matches", headers=ENGLISH)
    assert 'hx-trigger="every 2s"' in page
    assert "http-equiv" not in page
    assert "being computed" in page
    refresh()
    page = text_of(client, f"/needs/{need.id}/matches", headers=ENGLISH)
    assert "http-equiv" not in page
    assert "No published achievement comes close yet." in page


def test_owners_of_a_draft_are_told_when_matches_appear(client):
    enterprise = make_organisation(OrganisationKind.ENTERPRISE)
    draft = make_need(enterprise, state=ListingState.DRAFT)
    address = f"/needs/{draft.id}/matches"
    text_of(client, address, 404)
    member = make_member(enterprise, Role.ENTERPRISE_SIGNATORY)
    sign_in(client, db.session.get(User, member.user_id))
    page = text_of(client, address, headers=ENGLISH)
    assert "Matches are found for published listings only." in page
    assert "http-equiv" not in page


# --- pairings -------------------------------------------------------------------------------------------------------


def test_a_pairing_shows_both_texts_their_common_words_and_the_next_step(client):
    achievement, need = make_achievement(), make_need()
    refresh()
    page = text_of(client, f"/pairings/{need.id}/{achievement.id}", headers=ENGLISH)
    assert "<h1>Why they fit</h1>" in page
    assert '<mark class="strong">电池</mark>' in page
    assert "Compared are the published texts alone" in page
    assert f"/introductions/new?achievement={achievement.id}&amp;need={need.id}" in page
    assert "<h1>匹配理由</h1>" in text_of(client, f"/pairings/{need.id}/{achievement.id}")


def test_what_takes_points_away_is_named_as_what_is_missed(client):
    dear = make_achievement(trl=3, price_min_fen=90_000_000_00, price_max_fen=99_000_000_00)
    need = make_need(min_trl=7, budget_min_fen=0, budget_max_fen=1_000_00)
    refresh()
    db.session.rollback()
    learning.refit(index_root())
    page = text_of(client, f"/pairings/{need.id}/{dear.id}", headers=ENGLISH)
    assert "A price above the budget" in page
    assert "Less ready than the need asks for" in page
    assert page.count("A price within the budget") == 1  # what would change the rank


def test_a_pairing_waits_for_the_index(client):
    achievement, need = make_achievement(), make_need()
    page = text_of(client, f"/pairings/{need.id}/{achievement.id}", headers=ENGLISH)
    assert 'hx-trigger="every 2s"' in page
    assert "http-equiv" not in page
    assert "The matching index is being built." in page


def test_missing_and_hidden_sides_answer_with_the_same_bytes(client):
    achievement, need = make_achievement(), make_need()
    hidden_achievement, hidden_need = make_achievement(state=ListingState.DRAFT), make_need(state=ListingState.DRAFT)
    refresh()
    pages = {
        strip(text_of(client, address, 404))
        for address in (
            f"/pairings/{need.id}/{hidden_achievement.id}",
            f"/pairings/{need.id}/{uuid.uuid4()}",
            f"/pairings/{hidden_need.id}/{achievement.id}",
            f"/pairings/{uuid.uuid4()}/{achievement.id}",
            f"/needs/{hidden_need.id}/matches",
            f"/needs/{uuid.uuid4()}/matches",
            f"/achievements/{hidden_achievement.id}/matches",
            f"/achievements/{uuid.uuid4()}/matches",
        )
    }
    assert len(pages) == 1


def strip(page):
    """Without what every response has anew: tokens, the request's number and its own address."""
    return re.sub(r'value="[^"]*"|[0-9a-f]{32}|[0-9a-f]{8}-[0-9a-f-]{27}', "", page)


def test_the_menu_leads_to_both_sides(client):
    page = text_of(client, "/needs")
    assert '<a href="/achievements">成果</a>' in page
    assert '<a href="/needs" aria-current="page">需求</a>' in page


def test_conditions_are_shown_beside_the_score(client):
    achievement, need = make_achievement(trl=3), make_need(min_trl=7)
    refresh()
    page = text_of(client, f"/pairings/{need.id}/{achievement.id}", headers=ENGLISH)
    assert "Readiness: TRL 3, wanted at least TRL 7." in page
    assert "Readiness: TRL 3, wanted at least TRL 7." in text_of(client, f"/needs/{need.id}/matches", headers=ENGLISH)


def test_lists_show_how_each_text_begins_and_in_which_language_it_is(client):
    make_achievement(), make_need(title="Snow off a radome", language=Language.ENGLISH)
    assert SUMMARY[:30] in client.get("/achievements").text
    page = client.get("/needs").text
    assert PROBLEM[:30] in page
    assert 'lang="en">Snow off a radome' in page
