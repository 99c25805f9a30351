"""Judging from the pages: one press, at once in the own list, nothing for anyone else."""

import re
import uuid

import pytest
from sqlalchemy import event

from matchmaker.accounts.models import User
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.db import db
from matchmaker.listings.models import ListingState
from matchmaker.matching import judgements
from matchmaker.matching.models import Judgement
from tests.factories.accounts import make_member, make_organisation, sign_in
from tests.factories.listings import make_achievement, make_need
from tests.factories.matching import refresh
from tests.matching.test_views import ENGLISH, strip, text_of


@pytest.fixture
def pair(app):
    need, achievement = make_need(), make_achievement()
    refresh()
    return need, achievement


def enter(client, organisation_id=None, kind=OrganisationKind.ENTERPRISE, *roles):
    """Sign in as a new member of this organisation, or of a new one."""
    from matchmaker.accounts.models import Organisation

    organisation = db.session.get(Organisation, organisation_id) if organisation_id else make_organisation(kind)
    member = make_member(organisation, *roles)
    return sign_in(client, db.session.get(User, member.user_id))


def address(pair, verb="/judge"):
    need, achievement = pair
    return f"/pairings/{need.id}/{achievement.id}{verb}"


def test_one_press_judges_and_leads_back_to_where_it_was_pressed(client, pair):
    enter(client, pair[0].organisation_id)
    back = f"/needs/{pair[0].id}/matches"
    page = text_of(client, back, headers=ENGLISH)
    assert page.count(f'action="{address(pair)}"') == 2  # the levels, and putting aside
    answer = client.post(address(pair), data={"level": "4", "next": f"{back}#m-{pair[1].id}"})
    assert (answer.status_code, answer.location) == (302, f"{back}#m-{pair[1].id}")
    page = text_of(client, back, headers=ENGLISH)
    assert "Your judgement: Strong" in page
    assert "Weak match" in page  # the machine's level stays to be seen
    assert "Your judgement: Strong" in text_of(client, address(pair, ""), headers=ENGLISH)
    assert "本单位评判：强" in text_of(client, back)
    client.post(address(pair), data={"level": "2", "next": back})
    undo = '<input type="hidden" name="level" value="4">'
    assert undo in text_of(client, back, headers=ENGLISH)  # back to what was said before, not to nothing


def test_what_is_put_aside_is_folded_away_with_its_reason_and_can_be_taken_back(client, pair):
    enter(client, pair[0].organisation_id)
    back = f"/needs/{pair[0].id}/matches"
    client.post(address(pair), data={"reason": "too_dear", "note": "超出预算一倍"})
    page = text_of(client, back, headers=ENGLISH)
    assert "1 put aside by your organisation" in page
    assert "Put aside: Too dear" in page
    assert "超出预算一倍" in page
    assert f'id="m-{pair[1].id}"' not in page
    (undo,) = set(re.findall(r'action="(/judgements/[^"]*)"', page))  # in the notice, and where it was put
    answer = client.post(undo, data={"next": back})
    assert (answer.status_code, answer.location) == (302, back)
    page = text_of(client, back, headers=ENGLISH)
    assert "put aside" not in page
    assert '<input type="hidden" name="reason" value="too_dear">' in page  # taking back can be undone too
    assert f'id="m-{pair[1].id}"' in page


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        ({"reason": "other", "note": " "}, "Say in a few words what the reason is."),
        ({"reason": "nonsense"}, "Choose a level, or a reason"),
        ({"level": "9"}, "Choose a level, or a reason"),
        ({}, "Choose a level, or a reason"),
        ({"reason": "other", "note": "字" * 501}, "At most 500 characters."),
    ],
)
def test_what_is_missing_is_said_and_what_was_typed_is_kept(client, pair, data, sentence):
    enter(client, pair[0].organisation_id)
    answer = client.post(address(pair), data=data, headers=ENGLISH)
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "There is a problem" in page
    assert sentence in page
    assert data.get("note", "").strip() in page
    assert db.session.query(Judgement).count() == 0


def test_strangers_are_asked_to_sign_in_and_third_parties_are_told_whose_it_is(client, pair):
    answer = client.post(address(pair), data={"level": "4"})
    assert answer.status_code in (302, 401)
    enter(client)
    answer = client.post(address(pair), data={"level": "4"}, headers=ENGLISH)
    assert answer.status_code == 403
    assert "your own organisation has posted one side" in answer.get_data(as_text=True)
    assert 'class="judge"' not in text_of(client, f"/needs/{pair[0].id}/matches")
    assert db.session.query(Judgement).count() == 0


def test_missing_and_hidden_pairs_answer_with_the_same_bytes(client, pair):
    need, achievement = pair
    hidden_need = make_need(state=ListingState.DRAFT)
    hidden = make_achievement(state=ListingState.DRAFT)
    enter(client, need.organisation_id)
    pages = {
        strip(client.post(place, data={"level": "4"}).get_data(as_text=True))
        for place in (
            f"/pairings/{need.id}/{hidden.id}/judge",
            f"/pairings/{need.id}/{uuid.uuid4()}/judge",
            f"/pairings/{hidden_need.id}/{achievement.id}/judge",
            f"/pairings/{uuid.uuid4()}/{achievement.id}/judge",
        )
    }
    assert len(pages) == 1


def test_another_organisations_judgement_answers_like_one_that_does_not_exist(client, pair):
    enter(client, pair[0].organisation_id)
    client.post(address(pair), data={"reason": "other", "note": "绝不外传"})
    judgement_id = db.session.query(Judgement).one().id
    enter(client, pair[1].organisation_id, OrganisationKind.UNIVERSITY)
    answers = [client.post(f"/judgements/{which}/withdraw") for which in (judgement_id, uuid.uuid4())]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert len({strip(answer.get_data(as_text=True)) for answer in answers}) == 1
    for place in (f"/needs/{pair[0].id}/matches", address(pair, "")):
        assert "绝不外传" not in text_of(client, place)
    assert judgements.find_judgement(judgement_id).reason is not None


def test_a_return_address_on_another_host_is_not_followed(client, pair):
    enter(client, pair[0].organisation_id)
    answer = client.post(address(pair), data={"level": "3", "next": "https://elsewhere.example/"})
    assert answer.location == f"/needs/{pair[0].id}/matches"


def test_lists_with_many_judgements_take_few_reads(client):
    need = make_need()
    university = make_organisation(OrganisationKind.UNIVERSITY)
    achievements = [make_achievement(university) for _ in range(8)]
    refresh()
    enter(client, need.organisation_id)
    for number, achievement in enumerate(achievements[:6]):
        data = {"level": "3"} if number % 2 else {"reason": "unclear"}
        client.post(f"/pairings/{need.id}/{achievement.id}/judge", data=data)
    statements = []

    def note(connection, cursor, statement, *rest):
        if not statement.startswith(("PRAGMA", "BEGIN", "SAVEPOINT", "RELEASE")):
            statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        page = text_of(client, f"/needs/{need.id}/matches", headers=ENGLISH)
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    assert "3 put aside by your organisation" in page
    assert len(statements) <= 12, statements


def test_a_technology_manager_judges_from_either_list(client, pair):
    enter(client, None, OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER)
    client.post(address(pair), data={"level": "3"})
    for place in (f"/needs/{pair[0].id}/matches", f"/achievements/{pair[1].id}/matches"):
        assert "Your judgement: Fairly strong" in text_of(client, place, headers=ENGLISH)
