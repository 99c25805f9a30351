"""The register of shares: what each side enters and the other confirms, what stands of it, and the completers' part."""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.exc import DBAPIError, IntegrityError

from matchmaker.core import clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.deals import queries, refusals, rewards, rules, services, stakes
from matchmaker.deals.jobs import view_of
from matchmaker.deals.stake_models import StakeReward
from matchmaker.deals.stakes import ExitWay
from matchmaker.deals.states import DealState, NotThisSide, StakeOpen
from tests.deals.pages import EN, as_, text_of
from tests.deals.test_views import take
from tests.factories.deals import (
    COMPLETERS,
    LICENSEE,
    LICENSOR,
    Play,
    confirm_last,
    equity_terms,
    exit_stake,
    invest_terms,
    make_deal,
    take_stake,
)

FIFTH = Fraction(1, 5)


def equity() -> Play:
    return make_deal(DealState.PAYING, terms=equity_terms())


def held(play: Play) -> int | None:
    found = queries.register(play.deal)
    assert found is not None
    return found.held_ppm


def pay_in(play: Play, fen: int, side: Any = LICENSOR) -> None:
    play.act(side, services.pay_project_money, fen=fen, on=clock.today(), evidence="拨款凭证1")


def change(play: Play, share: Fraction, *, sold: bool = False, **facts: Any) -> None:
    play.act(LICENSOR, services.change_stake, sold=sold, share=share, on=clock.today(), reason="增资", **facts)


# --- what stands ----------------------------------------------------------------------------------------------------


def test_an_entry_counts_once_the_other_side_has_confirmed_it(app: Flask) -> None:
    play = equity()
    take_stake(play)
    assert held(play) is None
    with pytest.raises(NotThisSide):
        play.act(LICENSOR, services.confirm_stake, number=1)
    confirm_last(play)
    assert held(play) == 200_000
    with pytest.raises(refusals.NothingToAnswer):
        play.act(LICENSEE, services.confirm_stake, number=1)


def test_a_disputed_entry_does_not_count_and_is_made_anew(app: Flask) -> None:
    play = equity()
    take_stake(play, Fraction(1, 4))
    with pytest.raises(refusals.ReasonMissing):
        play.act(LICENSEE, services.dispute_stake, number=1, reason=" ")
    play.act(LICENSEE, services.dispute_stake, number=1, reason="登记的是五分之一")
    assert held(play) is None
    take_stake(play)
    confirm_last(play)
    assert held(play) == 200_000
    assert [row.kind for row in play.deal.stakes] == ["taken", "disputed", "taken", "confirmed"]


def test_project_money_is_paid_in_parts_up_to_what_the_terms_promise(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, terms=invest_terms())
    pay_in(play, 60_000_000)
    with pytest.raises(stakes.MoneyBeyondTerms) as refusal:
        pay_in(play, 40_000_001)
    assert refusal.value.facts == {"left_fen": 40_000_000}  # what awaits an answer counts as paid
    confirm_last(play)
    pay_in(play, 40_000_000, LICENSEE)  # either side may say so
    play.act(LICENSOR, services.confirm_stake, number=3)
    assert queries.register(play.deal).money_fen == 100_000_000
    with pytest.raises(stakes.MoneyBeyondTerms):
        pay_in(play, 1)


def test_money_comes_first_and_shares_only_when_what_was_agreed_has_happened(app: Flask) -> None:
    play = make_deal(DealState.ON_TRIAL, terms=invest_terms())
    with pytest.raises(Exception, match="wrong_state"):
        take_stake(play, Fraction(1, 10))
    play.start_payment()  # reported by one side, confirmed by the other
    take_stake(play, Fraction(1, 10))
    confirm_last(play)
    assert held(play) == 100_000


def test_a_stake_is_diluted_sold_in_part_and_given_up_step_by_step(app: Flask) -> None:
    play = equity()
    take_stake(play)
    with pytest.raises(stakes.AnswerFirst):
        change(play, Fraction(1, 10))
    confirm_last(play)
    with pytest.raises(stakes.AlreadyTaken):
        take_stake(play)
    for share in (Fraction(0), FIFTH, Fraction(3, 10)):
        with pytest.raises(stakes.ShareNotSmaller):
            change(play, share)
    change(play, Fraction(1, 8))
    confirm_last(play)
    change(play, Fraction(1, 16), sold=True, proceeds_fen=200_000_000)
    confirm_last(play)
    exit_stake(play, 150_000_000)
    confirm_last(play)
    found = queries.register(play.deal)
    assert (found.held_ppm, found.proceeds_fen, found.result_fen) == (0, 350_000_000, 50_000_000)
    with pytest.raises(stakes.NotTaken):
        exit_stake(play)


def test_the_register_goes_on_in_the_order_of_days(app: Flask) -> None:
    play = equity()
    with clock.at(clock.noon(clock.today() + timedelta(days=30))):
        take_stake(play)
        confirm_last(play)
        facts = {"way": ExitWay.TRANSFER, "proceeds_fen": 1, "reason": "转让"}
        with pytest.raises(stakes.BeforeTheLast) as refusal:
            play.act(LICENSOR, services.exit_stake, on=clock.today() - timedelta(days=1), **facts)
        assert refusal.value.facts == {"last_on": clock.today()}
        with pytest.raises(rules.DayOutOfRange):  # not before it happens, either
            play.act(LICENSOR, services.exit_stake, on=clock.today() + timedelta(days=1), **facts)
        play.act(LICENSOR, services.exit_stake, on=clock.today(), **facts)


@pytest.mark.parametrize("proceeds_fen", [0, 100])
def test_a_loss_is_entered_as_it_is(app: Flask, proceeds_fen: int) -> None:
    play = equity()
    take_stake(play)
    confirm_last(play)
    exit_stake(play, proceeds_fen, ExitWay.LIQUIDATION)
    confirm_last(play)
    assert queries.register(play.deal).result_fen == proceeds_fen - 300_000_000
    play.complete()
    assert play.deal.state == DealState.COMPLETED


def test_the_deal_is_completed_only_when_nothing_is_held_or_open(app: Flask) -> None:
    play = equity()
    for step in (lambda: None, lambda: take_stake(play), lambda: confirm_last(play), lambda: exit_stake(play)):
        step()
        with pytest.raises(StakeOpen):
            play.complete()
    confirm_last(play)
    play.complete()


def test_a_stake_outlives_a_licence_that_was_terminated(app: Flask) -> None:
    play = equity()
    take_stake(play)
    confirm_last(play)
    play.act(LICENSEE, services.terminate_deal, reason="产线停产")
    exit_stake(play)
    confirm_last(play)
    assert held(play) == 0


@pytest.mark.parametrize(
    ("facts", "refusal", "field"),
    [
        ({"share": Fraction(0)}, stakes.ShareOutOfRange, "share"),
        ({"share": Fraction(101, 100)}, stakes.ShareOutOfRange, "share"),
        ({"share": Fraction(1, 3)}, stakes.ShareOutOfRange, "share"),  # no whole millionths
        ({"valued_fen": 0}, rules.AmountNotPositive, "fen"),
        ({"reference": " "}, refusals.ReasonMissing, "reference"),
    ],
)
def test_what_is_registered_is_a_share_a_value_and_a_reference(
    app: Flask, facts: Any, refusal: Any, field: str
) -> None:
    play = equity()
    with pytest.raises(refusal) as raised:
        take_stake(play, **facts)
    assert raised.value.field == field
    assert play.deal.stakes == []


def test_a_deal_paid_in_money_has_no_register_and_one_for_technology_no_project_money(app: Flask) -> None:
    licence = make_deal(DealState.PAYING)
    assert queries.register(licence.deal) is None
    with pytest.raises(stakes.NoShares):
        take_stake(licence)
    with pytest.raises(stakes.NoProjectMoney):
        pay_in(equity(), 1)


@pytest.mark.parametrize("table", ["stake_entries", "stake_rewards"])
def test_the_database_refuses_to_change_or_delete_the_register(app: Flask, table: str) -> None:
    play = equity()
    take_stake(play)
    confirm_last(play)
    play.act(LICENSOR, services.state_stake_reward, number=1)
    for statement in (f"UPDATE {table} SET number = number", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="append_only"), unit_of_work():
            db.session.execute(sa.text(statement))


def test_the_database_refuses_a_second_answer_and_an_exit_without_its_way(app: Flask) -> None:
    play = equity()
    take_stake(play)
    confirm_last(play)
    copied = (
        "INSERT INTO stake_entries SELECT deal_id, 9, {}, party, organisation_id, user_id, at, {}, NULL, NULL, {}, "
    )
    copied += "NULL, '', NULL FROM stake_entries WHERE number = 1"
    for kind, about, ppm in (("'disputed'", "1", "NULL"), ("'exited'", "NULL", "0"), ("'taken'", "NULL", "NULL")):
        with pytest.raises(IntegrityError), unit_of_work():
            db.session.execute(sa.text(copied.format(kind, about, ppm)))


def test_an_entry_that_waits_is_reminded_of(app: Flask) -> None:
    play = equity()
    assert view_of(play.deal, clock.today()).unanswered == ()
    take_stake(play)
    assert view_of(play.deal, clock.today()).unanswered == (("stake:1", clock.today()),)


# --- reward ---------------------------------------------------------------------------------------------------------


def test_completers_share_in_the_stake_itself_at_least_half_to_the_millionth(app: Flask) -> None:
    play = equity()
    take_stake(play, Fraction(200_001, 1_000_000))
    with pytest.raises(refusals.NothingToAnswer):
        play.act(LICENSOR, services.state_stake_reward, number=1)  # not confirmed yet
    confirm_last(play)
    with pytest.raises(rewards.RewardTooLow):
        play.act(LICENSOR, services.state_stake_reward, number=1, rate=Fraction(49, 100))
    row = play.act(LICENSOR, services.state_stake_reward, number=1)
    assert (row.in_shares, row.pool, [part.fen for part in row.shares]) == (True, 100_001, [66_667, 33_334])
    exit_stake(play)
    confirm_last(play)
    with pytest.raises(refusals.AlreadyStated):  # they hold their own shares: what the unit's part brings is the unit's
        play.act(LICENSOR, services.state_stake_reward, number=3)


def test_or_in_what_each_sale_of_it_brings_less_costs_and_tax(app: Flask) -> None:
    play = equity()
    take_stake(play)
    confirm_last(play)
    change(play, Fraction(1, 10), sold=True, proceeds_fen=1_000_000)
    confirm_last(play)
    exit_stake(play, 450_000_001)
    confirm_last(play)
    first = play.act(LICENSOR, services.state_stake_reward, number=3, cost_fen=100_000, tax_fen=100_000)
    assert (first.net, first.pool) == (800_000, 400_000)
    last = play.act(LICENSOR, services.state_stake_reward, number=5, rate=Fraction(7, 10))
    assert last.pool == 315_000_001  # rounded up, never below the rate
    assert sum(part.fen for part in last.shares) == last.pool
    assert {part.name for part in last.shares} == {one.name for one in COMPLETERS}
    with pytest.raises(refusals.AlreadyStated):
        play.act(LICENSOR, services.state_stake_reward, number=1)  # not twice over: in money already
    with pytest.raises(refusals.AlreadyStated):
        play.act(LICENSOR, services.state_stake_reward, number=5)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StakeReward)) == 2


# --- pages ----------------------------------------------------------------------------------------------------------


def test_the_register_lived_through_its_pages(app: Flask, client: FlaskClient) -> None:
    play = equity()
    id_, today = play.deal.id, clock.today().isoformat()
    steps: list[tuple[Any, str, dict[str, Any]]] = [
        (LICENSOR, "take-stake", {"share": "20", "fen": "3000000", "on": today, "reference": "示例1号"}),
        (LICENSEE, "confirm-stake", {"number": "1"}),
        (LICENSEE, "change-stake", {"kind": "diluted", "share": "12.5", "on": today, "reason": "增资"}),
        (LICENSOR, "confirm-stake", {"number": "3"}),
        (LICENSOR, "exit-stake", {"way": "buyback", "fen": "2500000", "on": today, "reason": "回购"}),
        (LICENSEE, "confirm-stake", {"number": "5"}),
    ]
    for side, verb, facts in steps:
        answer = take(client, play.actors[side], id_, verb, **facts)
        assert (answer.status_code, answer.location) == (302, f"/deals/{id_}"), (verb, text_of(answer))
    page = text_of(as_(client, play.actors[LICENSEE]).get(f"/deals/{id_}", headers=EN))
    assert "Register of shares" in page
    assert "12.5%" in page
    assert "¥2,500,000.00" in page
    assert "Loss against what it was taken for" in page
    assert "confirmed entry 5 of the register of shares" in page
    as_(client, play.actors[LICENSOR])
    path = f"/deals/{id_}/register/5/reward"
    assert client.post(path, data={"cost_fen": "0", "tax_fen": "0"}).status_code == 302
    assert "Reward of the completers: ¥1,250,000.00" in text_of(client.get(f"/deals/{id_}", headers=EN))
    page = text_of(as_(client, play.actors[LICENSEE]).get(f"/deals/{id_}", headers=EN))
    assert "Reward of the completers" not in page  # the licensor's own business and its completers'
    assert client.post(path, data={"cost_fen": "0", "tax_fen": "0"}).status_code == 403


def test_an_entry_waits_on_the_home_page_of_the_other_side_until_it_is_answered(
    app: Flask, client: FlaskClient
) -> None:
    play = equity()

    def waits(side: Any) -> bool:
        return "Answer an entry of the register" in text_of(as_(client, play.actors[side]).get("/", headers=EN))

    take_stake(play)
    assert (waits(LICENSOR), waits(LICENSEE)) == (False, True)
    confirm_last(play)
    assert (waits(LICENSOR), waits(LICENSEE)) == (False, False)


def test_an_entry_that_is_refused_is_shown_again_with_the_reason_at_its_field(app: Flask, client: FlaskClient) -> None:
    play = equity()
    facts = {"share": "100.00001", "fen": "3000000", "on": clock.today().isoformat(), "reference": "留住我"}
    answer = take(client, play.actors[LICENSOR], play.deal.id, "take-stake", **facts)
    assert answer.status_code == 422
    assert re.search(r'id="take-stake-share-wrong">A share is more than 0', text_of(answer))
    assert 'value="留住我"' in text_of(answer)


def test_an_empty_register_says_that_nothing_was_taken_and_nothing_is_settled() -> None:
    assert stakes.register([]) == stakes.Register(0, None, None, 0, None, ())
    assert not stakes.is_settled(equity_terms(), [])
    assert stakes.ppm_of(Fraction(1, 1_000_000)) == 1
