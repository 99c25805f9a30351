"""Which step of a claim is open when: every cell of the table."""

from __future__ import annotations

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
    ClaimAction,
    ClaimState,
    ConditionsNotMet,
    ReasonMissing,
)

LEGAL = {
    "draft": {"submit": "submitted", "withdraw": "withdrawn"},
    "submitted": {"withdraw": "withdrawn", "return": "draft", "approve": "approved", "reject": "rejected"},
    "approved": {"pay": "paid"},
    "paid": {},
    "rejected": {},
    "withdrawn": {},
}


def test_the_table_has_these_states_and_no_others() -> None:
    assert set(CLAIM.states) == set(LEGAL) == set(ClaimState)
    assert set(CLAIM.actions) == set(ClaimAction)
    assert CLAIM.initial == "draft"
    assert set(CLAIM.final) == {"paid", "rejected", "withdrawn"}


@pytest.mark.parametrize(("state", "action"), list(product(ClaimState, ClaimAction)))
def test_each_cell_either_leads_on_or_refuses(state: ClaimState, action: ClaimAction) -> None:
    if action in LEGAL[state]:
        assert CLAIM.step(state, action).next == LEGAL[state][action]
    else:
        with pytest.raises(WrongState) as refusal:
            CLAIM.step(state, action)
        assert refusal.value.facts == {"state": state, "action": action, "open": tuple(LEGAL[state])}


def test_groups_of_states() -> None:
    assert set(LIVE_STATES) == {"draft", "submitted", "approved", "paid"}
    assert set(GRANTED_STATES) == {"approved", "paid"}
    assert set(DECIDED_STATES) == {"approved", "paid", "rejected"}


def guard(state: str, action: str, **facts: Any) -> None:
    check = CLAIM.step(state, action).guard
    assert check is not None
    check(None, **facts)


@pytest.mark.parametrize("action", ["submit", "approve"])
def test_nothing_is_submitted_or_approved_with_a_condition_unmet(action: str) -> None:
    state = "draft" if action == "submit" else "submitted"
    guard(state, action, unmet=[], has_reason=True)
    with pytest.raises(ConditionsNotMet) as refusal:
        guard(state, action, unmet=["part", "signature"], has_reason=True)
    assert refusal.value.facts == {"unmet": 2}


@pytest.mark.parametrize("action", ["return", "approve", "reject"])
def test_every_decision_needs_a_reason(action: str) -> None:
    guard("submitted", action, unmet=[], has_reason=True)
    with pytest.raises(ReasonMissing):
        guard("submitted", action, unmet=[], has_reason=False)


def test_every_state_and_action_has_a_name() -> None:
    assert set(LABELS) == {*ClaimState, *ClaimAction}
