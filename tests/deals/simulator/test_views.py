"""The simulator's page: open to all, kept in its address, and a way into a draft for those who may edit it."""

from __future__ import annotations

import re
import uuid
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask
from flask.testing import FlaskClient

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core.db import db
from matchmaker.deals.models import Deal
from matchmaker.deals.simulator.forms import USUAL
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import DealKind, Deferral, Instalments, LumpSum, OnDate
from matchmaker.introductions.states import IntroductionState
from tests.deals.pages import EN, as_, text_of
from tests.factories.accounts import make_actor, unit
from tests.factories.deals import LICENSEE, LICENSOR, make_deal, make_terms
from tests.factories.introductions import make_introduction, make_pair
from tests.factories.listings import make_achievement

ENTRIES = {**USUAL, "start": "2027-01-31"}


def test_anyone_may_reckon_and_sees_every_way_to_pay_in_both_languages(app: Flask, client: FlaskClient) -> None:
    page = client.get("/simulator")
    assert page.status_code == 200
    for words in ("付费测算", "一次付清", "分期支付", "延期一次付清", "入门费加提成", "先使用后付费", "谁承担哪种风险"):
        assert words in text_of(page)
    english = text_of(client.get("/simulator", headers=EN))
    for words in ("Lump sum at once", "Use first, pay later", "Who carries which risk", "The trial fails"):
        assert words in english
    assert "Into the draft" not in english


def test_the_address_keeps_what_was_entered(app: Flask, client: FlaskClient) -> None:
    page = text_of(client.get(f"/simulator?{urlencode({**ENTRIES, 'price': '3,210,000'})}"))
    assert 'value="3,210,000"' in page
    assert "321万元" in page
    shared = re.search(r'href="(/simulator\?[^"#]*scenario=low[^"#]*)', page)
    assert shared
    again = text_of(client.get(shared[1].replace("&amp;", "&")))
    assert 'value="3,210,000"' in again
    assert 'aria-current="true">销售较低' in again


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"price": "much"}, "not an amount"),
        ({"price": "1000000001"}, "Enter at most 1,000,000,000 yuan."),
        ({"years": "16"}, "between 1 and 15"),
        ({"years": ""}, "Please fill this in."),
        ({"margin": "101"}, "Enter at most 100 percent."),
        ({"low": "9000000"}, "Expected sales lie between"),
        ({"parts": "6"}, "beyond the end of the licence"),
        ({"trial": "60"}, "beyond the end of the licence"),
        ({"minimum": "2", "cap": "1"}, "below its minimum"),
        ({"start": "soon"}, "Not a valid date"),
        ({"growth": "-91"}, "between -90 and 100"),
    ],
)
def test_a_figure_that_cannot_be_is_named_at_its_field_and_kept(
    app: Flask, client: FlaskClient, changes: dict[str, str], sentence: str
) -> None:
    page = client.get(f"/simulator?{urlencode({**ENTRIES, **changes})}", headers=EN)
    assert page.status_code == 422
    assert "There is a problem" in text_of(page)
    assert sentence in text_of(page)
    assert 'id="results"' not in text_of(page)
    for value in changes.values():
        assert f'value="{value}"' in text_of(page)


def test_odd_addresses_do_no_harm(app: Flask, client: FlaskClient) -> None:
    assert client.get("/simulator?scenario=x&years=5&years=6&nonsense=1").status_code == 200
    assert client.get("/simulator?deal=x").status_code == 404
    assert client.get(f"/simulator?achievement={uuid.uuid4()}").status_code == 404


def test_charts_are_drawn_without_script_or_style_and_say_what_they_show(app: Flask, client: FlaskClient) -> None:
    page = text_of(client.get("/simulator", headers=EN))
    drawings = re.findall(r"<svg class=\"sim-chart\".*?</svg>", page)
    assert len(drawings) == 5
    for drawing in drawings:
        assert "style=" not in drawing
        assert re.search(r'role="img" aria-labelledby="(\S+) (\S+)"', drawing)
        assert "<title" in drawing
        assert "At the end the licensor has" in drawing
        assert drawing.count("<polyline") == 2
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_the_published_price_is_filled_in(app: Flask, client: FlaskClient) -> None:
    with unit():
        achievement = make_achievement(price_min_fen=10_000_000, price_max_fen=32_100_000)
    page = text_of(client.get(f"/simulator?achievement={achievement.id}", headers=EN))
    assert 'value="321000"' in page
    assert achievement.title in page


# --- from and into a negotiation ------------------------------------------------------------------------------------


def test_the_terms_on_the_table_stand_beside_the_other_ways(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED, terms=make_terms(fee=Deferral(77_700_000, 18)))
    page = text_of(as_(client, play.actors[LICENSEE]).get(f"/simulator?deal={play.deal.id}", headers=EN))
    assert "The terms on the table" in page
    assert 'value="777000"' in page
    assert 'value="18"' in page


def test_a_deal_that_the_reader_may_not_see_is_not_there(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED)
    as_(client, make_actor(OrganisationKind.ENTERPRISE))
    hidden, missing = (client.get(f"/simulator?deal={id_}") for id_ in (play.deal.id, uuid.uuid4()))
    assert hidden.status_code == missing.status_code == 404
    client.post("/sign-out")
    assert client.get(f"/simulator?deal={play.deal.id}").status_code in (302, 303, 401)


def offer(client: FlaskClient, plan: str, **about: object) -> Any:
    return client.post(f"/simulator/offer?{urlencode({**ENTRIES, **about})}", data={"plan": plan})


def test_a_way_to_pay_goes_into_the_draft_and_the_rest_of_it_stays(app: Flask, client: FlaskClient) -> None:
    play = make_deal(terms=make_terms(territory="辽宁省", grace_days=9))
    as_(client, play.actors[LICENSOR])
    assert "Into the draft" in text_of(client.get(f"/simulator?deal={play.deal.id}", headers=EN))
    answer = offer(client, "instalments", deal=play.deal.id)
    assert answer.location.endswith(f"/deals/{play.deal.id}/terms")
    db.session.expire_all()
    draft = db.session.get_one(Deal, play.deal.id).draft
    assert draft is not None
    assert isinstance(draft.fee, Instalments)
    assert (draft.territory, draft.grace_days, draft.kind) == ("辽宁省", 9, DealKind.LICENCE)
    assert draft.effective_on.isoformat() == "2027-01-31"


def test_a_draft_that_was_saved_meanwhile_is_not_written_over(app: Flask, client: FlaskClient) -> None:
    play = make_deal()
    as_(client, play.actors[LICENSOR])
    page = text_of(client.get(f"/simulator?deal={play.deal.id}"))
    seen = re.findall('name="version" value="([0-9]+)"', page)
    assert set(seen) == {str(play.deal.version)}
    play.edit(LICENSOR, make_terms(territory="辽宁省"))
    path = f"/simulator/offer?{urlencode({**ENTRIES, 'deal': play.deal.id})}"
    assert client.post(path, data={"plan": "instalments", "version": seen[0]}).status_code == 409
    db.session.expire_all()
    draft = db.session.get_one(Deal, play.deal.id).draft
    assert draft is not None
    assert (draft.territory, type(draft.fee)) == ("辽宁省", LumpSum)


def test_an_introduction_becomes_a_draft_with_the_chosen_way_to_pay(app: Flask, client: FlaskClient) -> None:
    pair = make_pair()
    id_ = make_introduction(pair, state=IntroductionState.INTRODUCED).id
    as_(client, pair.tto)
    assert "Into the draft" in text_of(client.get(f"/simulator?introduction={id_}", headers=EN))
    answer = offer(client, "pay_later", introduction=id_)
    assert answer.status_code == 302
    draft = db.session.query(Deal).filter_by(introduction_id=id_).one().draft
    assert draft is not None
    assert draft.kind is DealKind.PAY_LATER_LICENCE
    assert isinstance(draft.fee, LumpSum)
    assert isinstance(draft.trigger, OnDate)


def test_only_who_may_edit_the_draft_can_put_anything_into_it(app: Flask, client: FlaskClient) -> None:
    play = make_deal(DealState.OFFERED)
    before = play.deal.terms
    assert offer(client, "lump_sum", deal=play.deal.id).status_code in (302, 303, 401)
    as_(client, make_actor(OrganisationKind.ENTERPRISE))
    assert offer(client, "lump_sum", deal=play.deal.id).status_code in (403, 404)
    as_(client, play.actors[LICENSOR])  # whose offer stands
    assert "Into the draft" not in text_of(client.get(f"/simulator?deal={play.deal.id}", headers=EN))
    assert offer(client, "lump_sum", deal=play.deal.id).status_code == 409
    db.session.expire_all()
    assert db.session.get_one(Deal, play.deal.id).terms == before


def test_an_unknown_way_to_pay_leads_back_and_changes_nothing(app: Flask, client: FlaskClient) -> None:
    play = make_deal()
    as_(client, play.actors[LICENSOR])
    for plan in ("nonsense", "on_the_table", ""):
        answer = offer(client, plan, deal=play.deal.id)
        assert "/simulator?" in answer.location
    assert offer(client, "lump_sum").status_code == 404


def test_of_an_offer_to_be_answered_a_way_to_pay_goes_into_the_form_of_the_counter_offer(
    app: Flask, client: FlaskClient
) -> None:
    play = make_deal(DealState.OFFERED)
    path = f"/simulator?deal={play.deal.id}"
    page = text_of(as_(client, play.actors[LICENSEE]).get(path, headers=EN))
    assert "Into a counter-offer" in page
    answer = client.post(f"/simulator/offer?deal={play.deal.id}", data={"plan": "instalments"}, headers=EN)
    assert answer.status_code == 200
    assert f'action="/deals/{play.deal.id}/counter-offer"' in text_of(answer)
    assert re.search(r"<del>[^<]*</del>", text_of(answer))  # the lump sum on offer goes
    db.session.rollback()
    assert db.session.get_one(Deal, play.deal.id).number == 1  # nothing was sent
    assert "Into a counter-offer" not in text_of(as_(client, play.actors[LICENSOR]).get(path, headers=EN))
