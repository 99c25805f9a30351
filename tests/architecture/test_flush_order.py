"""Rows that one flush writes come in an order that their keys allow.

The session orders tables by the relationships it knows, and else by the names of the classes. A composite foreign key
without a relationship leaves `acceptances` before the `terms_versions` they point to, and the database refuses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy.orm import Mapper
from sqlalchemy.util import topological

from matchmaker.core import clock
from matchmaker.core.db import db
from matchmaker.deals import services
from matchmaker.deals.models import Acceptance, Signature, TermsVersion
from matchmaker.deals.paperwork.jobs import keep_signed_contracts
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import PricingRoute
from tests.factories.accounts import unit
from tests.factories.deals import (
    LICENSEE,
    LICENSOR,
    confirm_last,
    equity_terms,
    make_deal,
    make_terms,
    take_stake,
)


@pytest.fixture(params=["by name", "by name backwards"])
def order(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Let the session write what it knows no order for by the names of the classes, or the other way round."""
    if request.param == "by name backwards":
        sort = topological.sort_as_subsets

        def backwards(tuples: Any, items: Any) -> Iterator[Any]:
            for subset in sort(tuples, items):
                yield subset[::-1]

        monkeypatch.setattr(topological, "sort_as_subsets", backwards)
    return str(request.param)


def test_an_offer_and_what_was_said_to_it_are_written_in_one_flush(app: Flask, order: str) -> None:
    play = make_deal()
    deal = play.deal
    with unit(), db.session.no_autoflush:
        version = TermsVersion(
            deal_id=deal.id, number=1, body={}, sha256="0" * 64, offered_by_id=deal.licensor_id, created_at=clock.now()
        )
        said = {
            "deal_id": deal.id,
            "number": 1,
            "version": version,
            "organisation_id": deal.licensor_id,
            "user_id": play.actors[LICENSOR].user_id,
            "at": clock.now(),
            "party": LICENSOR,
        }
        signature, acceptance = Signature(**said, sha256="0" * 64), Acceptance(**said)
        db.session.add_all([signature, acceptance, version])  # in the wrong order
        db.session.flush()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Acceptance)) == 1


def test_a_deal_is_lived_through_in_either_order(app: Flask, order: str) -> None:
    play = make_deal(DealState.OFFERED, broker=True, terms=make_terms(pricing=PricingRoute.NEGOTIATED))
    with unit():  # all of it in one transaction, and as few flushes as the commands make
        play.counter(LICENSEE)
        play.accept(LICENSOR)
        play.act(LICENSOR, services.publish_notice, summary="示例")
    with clock.at(clock.noon(clock.today().replace(year=clock.today().year + 1))):
        play.counter(LICENSOR, territory="长春市", pricing=PricingRoute.LISTING)
        with unit():
            play.accept(LICENSEE)
            play.sign_by_all()
    assert play.deal.state == DealState.ON_TRIAL
    keep_signed_contracts(app.extensions["matchmaker.settings"])


def test_an_entry_its_answer_and_the_reward_are_written_in_either_order(app: Flask, order: str) -> None:
    play = make_deal(DealState.PAYING, terms=equity_terms())
    with unit():
        take_stake(play)
        confirm_last(play)
        play.act(LICENSOR, services.state_stake_reward, number=1)
    assert play.deal.stakes[0].reward is not None


def _ties() -> Iterator[tuple[Mapper[Any], sa.ForeignKeyConstraint]]:
    """Composite foreign keys to rows whose key does not come from a flush of their own."""
    for mapper in db.Model.registry.mappers:
        for constraint in mapper.local_table.foreign_key_constraints:
            generated = any(element.column.default is not None for element in constraint.elements)
            itself = constraint.referred_table is mapper.local_table
            if len(constraint.elements) > 1 and not generated and not itself:
                yield mapper, constraint


def test_every_composite_key_has_a_relationship_that_orders_it(app: Flask) -> None:
    found = list(_ties())
    assert {mapper.local_table.name for mapper, _ in found} >= {"acceptances", "signatures", "notices", "stake_rewards"}
    for mapper, constraint in found:
        columns = set(constraint.columns)
        assert any(columns == one.local_columns for one in mapper.relationships), constraint.name
