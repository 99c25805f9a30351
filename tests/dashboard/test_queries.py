"""The funnel counts what its definitions say."""

import pytest
from sqlalchemy import event

from matchmaker.core.db import db
from matchmaker.dashboard import queries
from matchmaker.deals.states import DealState
from matchmaker.demo.load import load_if_empty
from matchmaker.listings.models import Achievement, Need
from matchmaker.subsidies import policies
from tests.factories.deals import make_deal


def counts() -> dict[str, int]:
    return {stage.code: stage.count for stage in queries.funnel()}


def test_an_empty_platform_counts_nothing(app):
    assert counts() == {"posted": 0, "matched": 0, "introduced": 0, "signed": 0, "paid": 0}
    assert queries.sums(exact=True) == queries.Sums(0, 0, 0)
    assert queries.sums(exact=False) == queries.Sums(None, None, None)
    assert queries.counted_for_targets() == {"T6": 0, "T17": 0}


@pytest.mark.usefixtures("demonstration")
def test_the_demonstration_moves_every_stage(app):
    published = sum(
        db.session.query(model).filter(model.published_at.is_not(None)).count() for model in (Achievement, Need)
    )
    found = counts()
    assert found["posted"] == published > 150
    assert found["introduced"] > found["signed"] > found["paid"] > 0
    sums = queries.sums(exact=True)
    assert sums.paid_fen > 0
    assert sums.granted_fen > sums.disbursed_fen > 0
    public = queries.sums(exact=False)
    assert public.paid_fen == sums.paid_fen - sums.paid_fen % 1_000_000
    assert queries.counted_for_targets()["T6"] == found["signed"]
    assert queries.counted_for_targets()["T17"] > 5


def test_no_price_can_be_read_from_the_sums_that_everybody_sees(app):
    for number, shown in ((1, None), (2, None), (3, 3_000_000)):
        make_deal(DealState.PAYING).pay(1_000_001)
        assert queries.sums(exact=False).paid_fen == shown
        assert queries.sums(exact=True).paid_fen == number * 1_000_001


@pytest.mark.usefixtures("demonstration")
def test_loading_the_demonstration_twice_changes_nothing(app):
    before = counts()
    load_if_empty(report=lambda line: None)
    assert not db.session().in_transaction()
    assert counts() == before


def test_what_the_platform_counts_is_a_target_of_the_plan(app):
    plan = {target.id: target for target in policies.targets().targets}
    assert {id for id, target in plan.items() if target.counted_by == "platform"} == set(queries.counted_for_targets())


def test_the_funnel_is_one_statement(app):
    statements = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    queries.funnel()
    assert len([statement for statement in statements if statement.startswith("SELECT")]) == 1
