"""Who brought whom together and when: written when a deal is begun, never changed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from flask_migrate import downgrade, upgrade
from sqlalchemy.exc import DBAPIError

from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work, writing
from matchmaker.deals.models import Brokering
from matchmaker.deals.states import DealState
from matchmaker.introductions import services as introductions
from matchmaker.introductions.models import Introduction
from tests.deals.pages import EN, as_, text_of
from tests.factories.deals import BROKER, LICENSEE, LICENSOR, make_deal, make_parties, organisation_of
from tests.factories.listings import make_achievement, make_need


def introduced(actors: Any, achievement: Any) -> Introduction:
    """The intermediary proposes the pair, both sides agree."""
    need = make_need(organisation_of(actors[LICENSEE]))
    with unit_of_work():
        introduction = introductions.request_introduction(actors[BROKER], achievement, need=need)
        for side in (LICENSOR, LICENSEE):
            introductions.agree_to_introduction(actors[side], introduction, undertakes=True)
    return introduction


def test_the_intermediarys_introduction_is_what_brought_them_together(app: Flask, client: FlaskClient) -> None:
    actors = make_parties(broker=True)
    achievement = make_achievement(organisation_of(actors[LICENSOR]))
    day = clock.today() - timedelta(days=40)
    with clock.at(clock.noon(day)):
        introduction = introduced(actors, achievement)
    with clock.at(clock.noon(day + timedelta(days=10))):
        introduced(actors, make_achievement(organisation_of(actors[LICENSOR])))  # about something else
    play = make_deal(DealState.OFFERED, actors=actors, achievements=[achievement])  # does not name the introduction
    row = play.deal.brokering
    assert (row.introduction_id, row.brought_on) == (introduction.id, day)
    assert (row.broker_id, row.licensor_id, row.licensee_id) == (
        play.deal.broker_id,
        play.deal.licensor_id,
        play.deal.licensee_id,
    )
    page = text_of(as_(client, actors[LICENSEE]).get(f"/deals/{play.deal.id}", headers=EN))
    assert "introduced the two on" in page


def test_without_an_introduction_it_is_the_day_on_which_the_intermediary_was_named(app: Flask) -> None:
    row = make_deal(broker=True).deal.brokering
    assert (row.introduction_id, row.brought_on) == (None, clock.today())
    assert make_deal().deal.brokering is None


def test_the_database_refuses_to_change_or_delete_it(app: Flask) -> None:
    make_deal(broker=True)
    for statement in ("UPDATE brokerings SET brought_on = brought_on", "DELETE FROM brokerings"):
        with pytest.raises(DBAPIError, match="append_only"), unit_of_work():
            db.session.execute(sa.text(statement))


def test_deals_from_before_are_filled_in_by_the_migration(app: Flask) -> None:
    actors = make_parties(broker=True)
    achievement = make_achievement(organisation_of(actors[LICENSOR]))
    day = clock.today() - timedelta(days=40)
    with clock.at(clock.noon(day)):
        introduction = introduced(actors, achievement)
    named = make_deal(actors=actors, achievements=[achievement]).deal
    other = make_deal(broker=True).deal
    ids, introduction_id = (named.id, other.id), introduction.id
    with unit_of_work():
        named.introduction_id = introduction_id
    db.session.remove()
    with writing():
        downgrade(revision="0014")
        upgrade()
    found = {row.deal_id: (row.introduction_id, row.brought_on) for row in db.session.scalars(sa.select(Brokering))}
    assert found == {ids[0]: (introduction_id, day), ids[1]: (None, clock.today())}
