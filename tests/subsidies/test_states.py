"""Which step of a claim is open when: every cell of the table."""

from __future__ import annotations

from datetime import date
from itertools import product
from typing import Any

import pytest

from matchmaker.core.errors import WrongState
from matchmaker.subsidies.states import (
    CLAIM,
    DECIDED_STATES,
    GRANTED_STATES,
    LABELS,
    LIVE_STATES,
    PAID_STATES,
    RESERVED_STATES,
    ClaimAction,
    ClaimantBarred,
    ClaimState,
    ConditionsNotMet,
    ConditionsOpen,
    EvidenceMissing,
    FlagsOpen,
    FlagUpheld,
    NoticeStillRuns,
    ReasonMissing,
    ReviewNotConcluded,
)

LEGAL = {
    "draft": {"submit": "submitted", "withdraw": "withdrawn"},
    "submitted": {"withdraw": "withdrawn", "return": "returned", "accept": "in_review", "reject": "rejected"},
    "returned": {"submit": "submitted", "withdraw": "withdrawn"},
    "in_review": {
        "withdraw": "withdrawn",
        "review": "in_review",
        "recuse": "in_review",
        "answer_flag": "in_review",
        "answer_condition": "in_review",
        "propose": "proposed",
        "reject": "rejected",
    },
    "proposed": {"withdraw": "withdrawn", "publish": "on_notice", "reject": "rejected"},
    "on_notice": {"object": "objected", "approve": "approved", "reject": "rejected"},
    "objected": {"object": "objected", "dismiss": "objected", "dismiss_last": "on_notice", "reject": "rejected"},
    "approved": {"reject": "rejected", "pay": "paid"},
    "paid": {"claw_back": "recovering"},
    "recovering": {"record_return": "recovered"},
    "recovered": {},
    "rejected": {},
    "withdrawn": {},
}


def test_the_table_has_these_states_and_no_others() -> None:
    assert set(CLAIM.states) == set(LEGAL) == set(ClaimState)
    assert set(CLAIM.actions) == set(ClaimAction)
    assert CLAIM.initial == "draft"
    assert set(CLAIM.final) == {"recovered", "rejected", "withdrawn"}


@pytest.mark.parametrize(("state", "action"), list(product(ClaimState, ClaimAction)))
def test_each_cell_either_leads_on_or_refuses(state: ClaimState, action: ClaimAction) -> None:
    if action in LEGAL[state]:
        assert CLAIM.step(state, action).next == LEGAL[state][action]
    else:
        with pytest.raises(WrongState) as refusal:
            CLAIM.step(state, action)
        assert set(refusal.value.facts["open"]) == set(LEGAL[state])


def test_groups_of_states() -> None:
    assert set(ClaimState) - set(LIVE_STATES) == {"recovered", "rejected", "withdrawn"}
    assert set(RESERVED_STATES) == {"proposed", "on_notice", "objected"}
    assert set(GRANTED_STATES) == {"approved", "paid", "recovering", "recovered"}
    assert set(PAID_STATES) == set(GRANTED_STATES) - {"approved"}
    assert set(DECIDED_STATES) == {*GRANTED_STATES, "rejected"}


def guard(state: str, action: str, **facts: Any) -> None:
    check = CLAIM.step(state, action).guard
    assert check is not None
    check(None, **facts)


@pytest.mark.parametrize("state", ["draft", "returned"])
def test_nothing_is_submitted_with_a_condition_unmet(state: str) -> None:
    guard(state, "submit", unmet=[], missing=0)
    with pytest.raises(ConditionsNotMet) as refusal:
        guard(state, "submit", unmet=["part", "signature"], missing=1)
    assert refusal.value.facts == {"unmet": 2}
    with pytest.raises(EvidenceMissing) as incomplete:
        guard(state, "submit", unmet=[], missing=3)
    assert incomplete.value.facts == {"missing": 3}


CLEAR: dict[str, Any] = {"unmet": [], "unanswered": [], "barred_until": None}
FIT = {"has_reason": True, "supported": True, "open_flags": 0, "upheld_flags": 0, **CLEAR}


@pytest.mark.parametrize(
    ("fault", "refusal"),
    [
        ({"has_reason": False}, ReasonMissing),
        ({"open_flags": 1}, FlagsOpen),
        ({"upheld_flags": 1}, FlagUpheld),
        ({"barred_until": "2027-01-31"}, ClaimantBarred),
        ({"supported": False}, ReviewNotConcluded),
        ({"unmet": ["amount"]}, ConditionsNotMet),
        ({"unanswered": ["introduction"]}, ConditionsOpen),
    ],
)
def test_a_sum_is_proposed_after_a_favourable_review_with_every_flag_cleared(fault: dict, refusal: type) -> None:
    guard("in_review", "propose", **FIT)
    with pytest.raises(refusal):
        guard("in_review", "propose", **{**FIT, **fault})


def test_the_approval_waits_for_the_end_of_the_notice() -> None:
    over = {"ends_on": "2026-11-02", "is_over": True, **CLEAR}
    guard("on_notice", "approve", **over)
    for fault, refusal in (
        ({"is_over": False}, NoticeStillRuns),
        ({"unmet": ["beneficiary"]}, ConditionsNotMet),
        ({"unanswered": ["introduction"]}, ConditionsOpen),
    ):
        with pytest.raises(refusal):
            guard("on_notice", "approve", **{**over, **fault})


@pytest.mark.parametrize(("state", "action"), [("proposed", "publish"), ("on_notice", "approve"), ("approved", "pay")])
def test_a_bar_stops_every_step_towards_money(state: str, action: str) -> None:
    facts = {"ends_on": "2026-11-02", "is_over": True, "unmet": [], "unanswered": []}
    guard(state, action, **facts, barred_until=None)
    with pytest.raises(ClaimantBarred) as refusal:
        guard(state, action, **facts, barred_until="2027-01-31")
    assert refusal.value.facts == {"barred_until": date(2027, 1, 31)}


@pytest.mark.parametrize(
    ("state", "action"),
    [
        ("submitted", "return"),
        *[(state, "reject") for state in LEGAL if "reject" in LEGAL[state]],
        *[("in_review", action) for action in ("review", "recuse", "answer_flag", "answer_condition")],
        ("objected", "dismiss"),
        ("objected", "dismiss_last"),
        ("paid", "claw_back"),
    ],
)
def test_every_judgement_needs_its_grounds(state: str, action: str) -> None:
    guard(state, action, has_reason=True)
    with pytest.raises(ReasonMissing):
        guard(state, action, has_reason=False)


def test_every_state_and_action_has_a_name() -> None:
    assert set(LABELS) == {*ClaimState, *ClaimAction}
