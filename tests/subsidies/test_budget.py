"""Budgets: what is taken never passes the total, and budget and journal agree at every moment."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matchmaker.core import audit, clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Conflict, DomainError
from matchmaker.core.money import LIMIT_FEN, AmountTooLarge
from matchmaker.deals.states import DealState
from matchmaker.ledger import queries as journal
from matchmaker.subsidies import budget, queries
from matchmaker.subsidies.amounts import OverCap
from matchmaker.subsidies.budget import BelowUsed, BudgetExhausted, NoBudget, YearOutOfRange
from matchmaker.subsidies.models import Budget, Claim
from matchmaker.subsidies.states import ClaimState
from tests.factories.accounts import SYSTEM
from tests.factories.deals import BROKER, make_deal, make_parties
from tests.factories.subsidies import (
    CAP_FEN,
    P3_4,
    SUM_FEN,
    Case,
    after_notice,
    make_budget,
    make_bureau,
    make_claim,
)

YEAR = clock.today().year


def the_budget() -> Budget:
    found = queries.find_budget(P3_4, YEAR)
    assert found is not None
    return found


def books() -> dict[str, int]:
    found = journal.balances(f"budget:{P3_4}:{YEAR}:")
    return {name.rsplit(":", 1)[1]: fen for name, fen in found.items()}


def paid_out() -> int:
    """What went out and did not come back: cash of the claimants, interest apart."""
    cash = sum(fen for name, fen in journal.balances("org:").items() if name.endswith(":cash"))
    return cash + books().get("interest", 0)


def assert_books_agree() -> None:
    """used + free = total, on the row and in the journal."""
    row = the_budget()
    assert row.used_fen >= 0
    assert row.reserved_fen >= 0
    assert row.used_fen + row.reserved_fen + row.free_fen == row.total_fen
    found = books()
    assert -found.get("appropriated", 0) == row.total_fen
    assert found.get("available", 0) == row.free_fen
    assert found.get("reserved", 0) == row.reserved_fen
    assert found.get("committed", 0) + paid_out() == row.used_fen
    assert journal.trial_balance() == 0


# --- the total ------------------------------------------------------------------------------------------------------


def test_raising_and_cutting_the_total_is_posted(app: Flask) -> None:
    for total_fen in (500, 800, 800, 300, 0):
        make_budget(total_fen)
        assert the_budget().total_fen == total_fen
        assert_books_agree()
    row = the_budget()
    assert (row.revision, len(audit.list_events(row.id))) == (5, 5)


@pytest.mark.parametrize("state", ["proposed", "approved"])
def test_the_total_never_goes_below_what_is_reserved_or_granted(app: Flask, state: str) -> None:
    make_budget(10_000_000, year=YEAR)
    make_claim(ClaimState(state), proposed_fen=2_000_000)
    with pytest.raises(BelowUsed) as caught:
        make_budget(1_999_999)
    assert (caught.value.field, caught.value.facts) == ("total_fen", {"used_fen": 2_000_000})
    make_budget(2_000_000)
    assert the_budget().free_fen == 0
    assert_books_agree()


@pytest.mark.parametrize("year", [0, 2024, 2100, 10**12])
def test_years_out_of_range_are_refused(app: Flask, year: int) -> None:
    with pytest.raises(YearOutOfRange), unit_of_work():
        budget.set_total(SYSTEM, None, programme=P3_4, year=year, total_fen=1)


@pytest.mark.parametrize(("fen", "refusal"), [(-1, BelowUsed), (LIMIT_FEN + 1, AmountTooLarge)])
def test_a_total_is_an_amount(app: Flask, fen: int, refusal: type) -> None:
    with pytest.raises(refusal):
        make_budget(fen)


def test_of_two_who_set_the_total_at_once_the_second_gets_a_conflict(app: Flask) -> None:
    make_budget(500)
    stale = the_budget()
    with unit_of_work():
        row = the_budget()
        db.session.execute(sa.text("UPDATE budgets SET revision = revision + 1"))
        sa.orm.attributes.set_committed_value(row, "revision", 1)
        with pytest.raises(Conflict):
            budget.set_total(SYSTEM, None, programme=P3_4, year=YEAR, total_fen=900)
    assert stale.total_fen == 500


# --- reserving, committing, giving back -------------------------------------------------------------------------------


def reviewed(**facts: Any) -> Case:
    case = make_claim(ClaimState.IN_REVIEW, **facts)
    case.review()
    return case


def test_without_a_budget_nothing_is_proposed(app: Flask) -> None:
    case = reviewed()
    with pytest.raises(NoBudget) as caught:
        case.propose()
    assert caught.value.facts == {"programme": P3_4, "year": YEAR}


def test_the_last_fen_can_be_reserved_and_the_next_not(app: Flask) -> None:
    make_budget(SUM_FEN)
    case, other = reviewed(), reviewed()
    case.propose(SUM_FEN - 1)
    with pytest.raises(BudgetExhausted) as caught:
        other.propose(2)
    assert caught.value.field == "fen"
    assert caught.value.facts == {"programme": P3_4, "year": YEAR, "free_fen": 1, "amount_fen": 2}
    assert db.session.get_one(Claim, other.claim.id).state == ClaimState.IN_REVIEW
    assert queries.find_allowance(other.claim) is None  # taken back with the rest
    other.propose(1)
    assert_books_agree()


def held() -> tuple[int, int]:
    row = the_budget()
    return row.reserved_fen, row.used_fen


def test_a_claim_takes_its_way_through_the_books_and_everything_comes_back(app: Flask) -> None:
    make_budget(10 * SUM_FEN)
    case = reviewed()
    case.propose()
    assert held() == (SUM_FEN, 0)
    case.publish()
    with after_notice():
        case.approve()
        assert held() == (0, SUM_FEN)
        case.pay()
        assert held() == (0, SUM_FEN)
        case.claw_back(yearly_rate=Fraction(1, 10))
        case.record_return()
    assert held() == (0, 0)
    assert queries.find_allowance(case.claim).used_fen == 0  # type: ignore[union-attr]
    assert_books_agree()


@pytest.mark.parametrize("state", ["proposed", "on_notice", "objected", "approved"])
def test_a_rejection_releases_exactly_what_was_held(app: Flask, state: str) -> None:
    bureau = make_bureau()
    make_budget(10 * SUM_FEN)
    other = make_claim(ClaimState.PROPOSED, bureau=bureau)
    case = make_claim(ClaimState(state), bureau=bureau)
    assert sum(held()) == 2 * SUM_FEN
    case.reject()
    assert held() == (SUM_FEN, 0)
    assert queries.find_allowance(case.claim).used_fen == 0  # type: ignore[union-attr]
    assert queries.find_allowance(other.claim).used_fen == SUM_FEN  # type: ignore[union-attr]
    assert_books_agree()


def test_a_withdrawal_releases_the_reserved_sum(app: Flask) -> None:
    make_budget(10 * SUM_FEN)
    case = make_claim(ClaimState.PROPOSED)
    case.withdraw()
    assert held() == (0, 0)
    assert_books_agree()


@pytest.mark.parametrize(
    ("state", "moves"),
    [
        ("submitted", [budget.grant, budget.release]),
        ("proposed", [budget.ungrant]),
        ("approved", [budget.grant, budget.release]),
        ("paid", [budget.ungrant, budget.release]),
        ("rejected", [budget.release]),
    ],
)
def test_no_move_happens_twice_or_out_of_turn(app: Flask, state: str, moves: list[Any]) -> None:
    bureau = make_bureau()
    make_budget(10 * SUM_FEN)
    make_claim(ClaimState.PROPOSED, bureau=bureau)
    make_claim(ClaimState.APPROVED, bureau=bureau)
    case = make_claim(ClaimState(state), bureau=bureau)
    before = held()
    for move in moves:
        with pytest.raises(Conflict), unit_of_work():
            move(SYSTEM, case.claim)
        assert held() == before
        assert_books_agree()


def test_the_guard_of_the_allowance_holds_where_the_check_before_it_was_passed(app: Flask) -> None:
    make_budget(10 * CAP_FEN)
    case = make_claim(ClaimState.SUBMITTED, requested_fen=CAP_FEN)
    with pytest.raises(OverCap) as caught, unit_of_work():
        budget.reserve(SYSTEM, case.claim, fen=CAP_FEN + 1, cap_fen=CAP_FEN)
    assert caught.value.facts["left_fen"] == CAP_FEN
    assert held() == (0, 0)


# --- the database as the last guard ---------------------------------------------------------------------------------


ATTACKS = (
    "UPDATE budgets SET used_fen = total_fen + 1",
    "UPDATE budgets SET used_fen = -1",
    "UPDATE budgets SET total_fen = used_fen - 1",
    "UPDATE budgets SET reserved_fen = -1",
    "UPDATE budgets SET reserved_fen = total_fen",
    "UPDATE claim_allowances SET used_fen = cap_fen + 1",
    "UPDATE claim_allowances SET used_fen = -1",
    "UPDATE claims SET approved_fen = approved_fen + 1",
    "UPDATE claims SET proposed_fen = requested_fen + 1, approved_fen = requested_fen + 1",
    "UPDATE claims SET proposed_fen = 0, approved_fen = 0",
    "UPDATE claims SET approved_fen = NULL",
    "UPDATE claims SET state = 'paid'",
    "UPDATE claims SET live_key = NULL",
    "UPDATE claims SET reviewer_user_id = NULL",
)


def test_direct_sql_is_refused_by_the_checks(app: Flask) -> None:
    make_budget(10 * SUM_FEN)
    make_claim(ClaimState.APPROVED)
    for attack in ATTACKS:
        with pytest.raises(sa.exc.IntegrityError, match=r"(?i)check"), unit_of_work():
            db.session.execute(sa.text(attack))
            pytest.fail(f"{attack} went through")


@pytest.mark.parametrize("column", ["number", "live_key"])
def test_numbers_and_live_keys_are_unique_in_the_database(app: Flask, column: str) -> None:
    make_claim()
    make_claim()
    with pytest.raises(sa.exc.IntegrityError), unit_of_work():
        db.session.execute(sa.text(f"UPDATE claims SET {column} = 'same'"))


# --- laws -----------------------------------------------------------------------------------------------------------

CLAIMS = 4
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("total"), st.just(0), st.integers(0, 2 * CAP_FEN)),
        st.tuples(st.just("reserve"), st.integers(0, CLAIMS - 1), st.integers(1, CAP_FEN)),
        st.tuples(st.sampled_from(["grant", "release", "ungrant"]), st.integers(0, CLAIMS - 1), st.just(0)),
    ),
    max_size=18,
)


class _Undo(Exception):
    pass


@pytest.fixture
def claims(app: Flask) -> list[Claim]:
    """Claims of one claimant, who has one cap for all of them."""
    first = make_claim(ClaimState.SUBMITTED)
    sides = {side: who for side, who in first.play.actors.items() if side == BROKER}
    plays = [make_deal(DealState.ON_TRIAL, actors={**make_parties(), **sides}) for _ in range(CLAIMS - 1)]
    others = [make_claim(ClaimState.SUBMITTED, play=play, bureau=first.bureau) for play in plays]
    return [case.claim for case in (first, *others)]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_a_move_succeeds_exactly_when_the_money_is_there(
    claims: list[Claim], moves: list[tuple[str, int, int]]
) -> None:
    """Against a model in a few lines: where each claim stands, what it holds, and the total."""
    total, held, stage = 2 * CAP_FEN, dict.fromkeys(range(CLAIMS), 0), dict.fromkeys(range(CLAIMS), "new")
    turn = {"reserve": ("new", "reserved"), "grant": ("reserved", "used"), "release": ("reserved", "over")}
    turn["ungrant"] = ("used", "over")
    with pytest.raises(_Undo), unit_of_work():
        budget.set_total(SYSTEM, None, programme=P3_4, year=YEAR, total_fen=total)
        for move, number, fen in moves:
            taken = sum(held.values())
            if move == "total":
                fits = fen >= taken
                total = fen if fits else total
            else:
                before, after = turn[move]
                fits = stage[number] == before and (move != "reserve" or taken + fen <= min(total, CAP_FEN))
                if fits:
                    stage[number] = after
                    held[number] = {"reserve": fen, "grant": held[number]}.get(move, 0)
            assert _succeeds(move, claims[number], fen) is fits
            row = the_budget()
            assert row.total_fen == total
            for name, fen_now in (("reserved", row.reserved_fen), ("used", row.used_fen)):
                assert fen_now == sum(held[n] for n in held if stage[n] == name)
            assert_books_agree()
        raise _Undo


def _succeeds(move: str, claim: Claim, fen: int) -> bool:
    try:
        with db.session.begin_nested():
            if move == "total":
                budget.set_total(SYSTEM, None, programme=P3_4, year=YEAR, total_fen=fen)
            elif move == "reserve":
                budget.reserve(SYSTEM, claim, fen=fen, cap_fen=CAP_FEN)
            else:
                getattr(budget, move)(SYSTEM, claim)
    except DomainError:
        return False
    return True
