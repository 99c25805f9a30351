"""A claim stays under the cap of its clause; DOMAIN.md sections 0 and 2.3."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core.money import LIMIT_FEN, NotAnAmount
from matchmaker.subsidies.amounts import (
    NO_RATE,
    BelowMinimum,
    CapUsedUp,
    MoneyNotShown,
    NothingReceivedYet,
    NothingToClaim,
    NotTheFixedSum,
    OverCap,
    OverRate,
    PaysNothing,
    Step,
    StillFree,
    claimable,
    work_out,
)
from matchmaker.subsidies.catalogue import Clause, ClauseKind, Per
from matchmaker.subsidies.facts import FACTS

YUAN = 100
DAY = date(2026, 3, 2)

CAP = Clause(
    id="X-1",
    name_zh="示例补助",
    name_en="Example subsidy",
    beneficiary_zh="示例机构",
    beneficiary_en="Example organisation",
    beneficiary_kinds=(OrganisationKind.INTERMEDIARY,),
    kind=ClauseKind.CAP,
    amount_fen=500_000 * YUAN,
    percent=None,
    per=Per.NOT_STATED,
    rate=None,
    base=None,
    in_force_from=date(2025, 1, 6),
    source_phrase="最高给予50万元补助",
)
FIXED = replace(CAP, kind=ClauseKind.FIXED)
AT_RATE = replace(CAP, rate=Fraction(3, 100), base=("approved_fen", "invoices_fen", "receipts_fen"))


def lines(working):
    return [(step.label, step.fen) for step in working.steps]


@pytest.mark.parametrize("requested", [1, 499_999 * YUAN, 500_000 * YUAN])
def test_any_sum_up_to_the_cap_can_be_claimed(requested):
    assert claimable(CAP, requested, 0).amount_fen == requested


def test_the_working_lists_cap_grants_and_rest_and_says_that_no_rate_is_recorded():
    working = claimable(CAP, 200_000 * YUAN, 100_000 * YUAN)
    assert lines(working) == [
        ("Cap of the clause", 500_000 * YUAN),
        ("Granted before", 100_000 * YUAN),
        ("Left to claim", 400_000 * YUAN),
        ("Claimed", 200_000 * YUAN),
    ]
    assert working.note == NO_RATE


@pytest.mark.parametrize(
    ("requested", "granted", "left"),
    [
        (500_000 * YUAN + 1, 0, 500_000 * YUAN),
        (400_000 * YUAN + 1, 100_000 * YUAN, 400_000 * YUAN),
        (2, 500_000 * YUAN - 1, 1),
    ],
)
def test_one_fen_over_what_the_cap_leaves_is_refused_with_cap_grants_and_rest(requested, granted, left):
    with pytest.raises(OverCap) as refusal:
        claimable(CAP, requested, granted, field="amount")
    assert not isinstance(refusal.value, CapUsedUp)
    assert refusal.value.facts == {"cap_fen": 500_000 * YUAN, "granted_fen": granted, "left_fen": left}
    assert refusal.value.field == "amount"
    assert claimable(CAP, left, granted).amount_fen == left


@pytest.mark.parametrize("granted", [500_000 * YUAN, 500_000 * YUAN + 1, LIMIT_FEN])
def test_a_cap_that_is_used_up_leaves_nothing_to_claim(granted):
    with pytest.raises(CapUsedUp) as refusal:
        claimable(CAP, 1, granted, field="amount")
    assert refusal.value.facts == {"cap_fen": 500_000 * YUAN, "granted_fen": granted, "left_fen": 0}


@pytest.mark.parametrize("requested", [0, -1, -500_000 * YUAN])
@pytest.mark.parametrize("clause", [CAP, FIXED, AT_RATE])
def test_zero_or_less_is_nothing_to_claim(clause, requested):
    with pytest.raises(NothingToClaim) as refusal:
        claimable(clause, requested, 0, base_fen=10**9, field="amount")
    assert refusal.value.field == "amount"


@pytest.mark.parametrize("requested", [1.0, True, "1", LIMIT_FEN + 1])
def test_only_whole_fen_within_the_limit_can_be_claimed(requested):
    with pytest.raises(NotAnAmount):
        claimable(CAP, requested, 0)


@pytest.mark.parametrize("kind", [ClauseKind.FLOOR, ClauseKind.PCT, ClauseKind.NONE])
def test_floors_percentages_and_intentions_pay_nothing(kind):
    amount = 1_000 if kind is ClauseKind.FLOOR else None
    with pytest.raises(PaysNothing) as refusal:
        claimable(replace(CAP, kind=kind, amount_fen=amount), 1, 0)
    assert refusal.value.facts == {"clause": "X-1"}


def test_a_negative_earlier_grant_is_a_mistake_of_the_caller():
    with pytest.raises(ValueError, match="negative"):
        claimable(CAP, 1, -1)


def test_a_fixed_sum_is_claimed_exactly_and_needs_no_rate():
    working = claimable(FIXED, 500_000 * YUAN, 0)
    assert working.amount_fen == 500_000 * YUAN
    assert lines(working)[0] == ("Fixed sum of the clause", 500_000 * YUAN)
    assert working.note is None


@pytest.mark.parametrize("requested", [1, 500_000 * YUAN - 1, 500_000 * YUAN + 1])
def test_a_fixed_sum_is_neither_more_nor_less(requested):
    with pytest.raises(NotTheFixedSum) as refusal:
        claimable(FIXED, requested, 0, field="amount")
    assert refusal.value.facts == {"amount_fen": 500_000 * YUAN}
    assert refusal.value.field == "amount"


@pytest.mark.parametrize("granted", [1, 500_000 * YUAN])
def test_a_fixed_sum_is_granted_once(granted):
    with pytest.raises(CapUsedUp):
        claimable(FIXED, 500_000 * YUAN, granted)


@pytest.mark.parametrize(
    ("received", "most"),
    [(1_200_000 * YUAN, 36_000 * YUAN), (800_000 * YUAN, 24_000 * YUAN)],
)
def test_with_a_rate_the_share_of_the_money_received_is_the_most(received, most):
    working = claimable(AT_RATE, most, 0, base_fen=received)
    assert lines(working)[3:] == [
        ("Money received that counts", received),
        ("Rate", None),
        ("Share at the rate", most),
        ("Claimed", most),
    ]
    assert working.note is None
    with pytest.raises(OverRate) as refusal:
        claimable(AT_RATE, most + 1, 0, base_fen=received, field="amount")
    assert refusal.value.facts == {"base_fen": received, "computed_fen": most}


def test_with_a_rate_the_cap_still_holds():
    received = 20_000_000 * YUAN
    assert claimable(AT_RATE, 500_000 * YUAN, 0, base_fen=received).amount_fen == 500_000 * YUAN
    with pytest.raises(OverCap):
        claimable(AT_RATE, 500_000 * YUAN + 1, 0, base_fen=received)


@pytest.mark.parametrize("received", [0, 16])
def test_during_a_free_trial_a_rate_gives_nothing(received):
    """3 % of 16 fen rounds to 0; of 17 fen to 1."""
    with pytest.raises(NothingReceivedYet) as refusal:
        claimable(AT_RATE, 1, 0, base_fen=received)
    assert refusal.value.facts == {"base_fen": received}
    assert claimable(AT_RATE, 1, 0, base_fen=17).amount_fen == 1


MONEY = {"approved_fen": 800_000 * YUAN, "invoices_fen": 900_000 * YUAN, "receipts_fen": 1_000_000 * YUAN}


@pytest.mark.parametrize("lacking", MONEY)
def test_a_sum_of_the_base_that_is_not_recorded_leaves_the_amount_open(lacking):
    facts = {name: fen for name, fen in MONEY.items() if name != lacking}
    with pytest.raises(MoneyNotShown):
        claimable(AT_RATE, 1, 0, facts=facts)
    working = work_out(AT_RATE, facts, on=DAY, requested_fen=None, granted_fen=0)
    assert (working.computed_fen, working.missing) == (None, (lacking,))
    assert Step(FACTS[lacking].label, None) in working.steps


def test_a_base_of_nothing_is_nothing_whatever_is_not_recorded():
    working = work_out(AT_RATE, {"receipts_fen": 0}, on=DAY, requested_fen=None, granted_fen=0)
    assert (working.computed_fen, working.missing) == (0, ())
    assert isinstance(working.refusal, NothingReceivedYet)


@pytest.mark.parametrize("least", MONEY)
def test_the_least_of_the_three_sums_is_the_base(least):
    facts = {**MONEY, least: 100_000 * YUAN}
    assert work_out(AT_RATE, facts, on=DAY, requested_fen=None, granted_fen=0).computed_fen == 3_000 * YUAN


@pytest.mark.parametrize(
    ("approved", "invoices", "receipts", "granted", "amount"),
    [
        (None, None, 1_200_000, 0, 36_000),
        (None, None, 20_000_000, 0, 500_000),
        (800_000, 900_000, 1_000_000, 0, 24_000),
        (20_000_000, 20_000_000, 20_000_000, 499_999, 1),
        (20_000_000, 20_000_000, 16_666_666, 0, 499_999.98),
        (20_000_000, 20_000_000, 16_666_667, 0, 500_000),
    ],
)
def test_vectors_at_three_percent_under_a_cap_of_half_a_million(approved, invoices, receipts, granted, amount):
    """DOMAIN.md 2.3; where only receipts are printed the other two sums are the same."""
    sums = [receipts if fen is None else fen for fen in (approved, invoices, receipts)]
    facts = dict(zip(MONEY, (fen * YUAN for fen in sums), strict=True))
    working = work_out(AT_RATE, facts, on=DAY, requested_fen=None, granted_fen=granted * YUAN)
    assert working.computed_fen == working.amount_fen == round(amount * YUAN)
    assert working.steps[-1] == Step("Granted by the clause", round(amount * YUAN))


@pytest.mark.parametrize(("later", "refusal"), [(0, StillFree), (1, StillFree), (-1, NothingReceivedYet)])
def test_in_the_free_period_nothing_is_granted_and_the_last_day_is_told(later, refusal):
    facts = {**MONEY, "receipts_fen": 0, "free_until": DAY + timedelta(days=later)}
    working = work_out(AT_RATE, facts, on=DAY, requested_fen=None, granted_fen=0)
    assert (working.computed_fen, working.limit_fen) == (0, 0)
    assert type(working.refusal) is refusal
    assert working.refusal.facts.get("free_until") == (facts["free_until"] if refusal is StillFree else None)


@pytest.mark.parametrize(("receipts", "granted"), [(333_333, 0), (333_334, 10_000.02)])
def test_below_the_least_sum_nothing_is_paid_out(receipts, granted):
    clause = replace(AT_RATE, base=("receipts_fen",), minimum_fen=10_000 * YUAN)
    facts = {"receipts_fen": receipts * YUAN}
    working = work_out(clause, facts, on=DAY, requested_fen=None, granted_fen=0)
    assert working.computed_fen == round(granted * YUAN)
    assert isinstance(working.refusal, BelowMinimum) == (granted == 0)


@pytest.mark.parametrize(("persons", "granted", "left"), [(1, 0, 1), (3, 0, 3), (3, 2, 1), (3, 3, 0)])
def test_a_sum_for_each_person_is_multiplied_by_how_many_there_are(persons, granted, left):
    clause = replace(FIXED, amount_fen=100_000 * YUAN, per=Per.PERSON, counts="industry_professors")
    facts = {"industry_professors": persons}
    working = work_out(clause, facts, on=DAY, requested_fen=None, granted_fen=granted * 100_000 * YUAN)
    assert working.computed_fen == left * 100_000 * YUAN
    assert isinstance(working.refusal, CapUsedUp) == (left == 0)


def test_without_the_number_of_persons_the_sum_is_open():
    clause = replace(FIXED, per=Per.PERSON, counts="industry_professors")
    working = work_out(clause, {}, on=DAY, requested_fen=None, granted_fen=0)
    assert (working.computed_fen, working.missing) == (None, ("industry_professors",))
    assert isinstance(working.refusal, MoneyNotShown)


fen = st.integers(0, 30_000_000 * YUAN)


@given(fen, fen, fen, st.integers(0, 600_000 * YUAN), st.none() | st.integers(1, 600_000 * YUAN))
def test_what_is_granted_is_the_formula_and_never_more_than_is_left(approved, invoices, receipts, granted, requested):
    facts = {"approved_fen": approved, "invoices_fen": invoices, "receipts_fen": receipts}
    working = work_out(AT_RATE, facts, on=DAY, requested_fen=requested, granted_fen=granted)
    left = max(500_000 * YUAN - granted, 0)
    share = (min(approved, invoices, receipts) * 6 + 100) // 200  # 3 %, half a fen up
    assert working.computed_fen == min(share, left)
    if requested is not None:
        assert (working.refusal is None) == (0 < requested <= working.computed_fen)


@given(st.lists(st.integers(1, 200_000 * YUAN), max_size=20))
def test_grants_one_after_another_never_pass_the_cap(requests):
    granted = 0
    for requested in requests:
        if granted + requested <= 500_000 * YUAN:
            granted += claimable(CAP, requested, granted).amount_fen
        else:
            with pytest.raises(OverCap):
                claimable(CAP, requested, granted)
    assert granted <= 500_000 * YUAN
