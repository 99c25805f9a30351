"""A transition table says what is open, refuses the rest, and cannot be built with a mistake in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from matchmaker.core.errors import WrongState
from matchmaker.core.workflow_table import Transition, Workflow


def row(state: str, action: str, next: str) -> Transition:
    return Transition(state, action, next, event=f"lamp.{action}", permission=f"lamp:{action}")


LAMP = Workflow(
    "lamp",
    "off",
    [row("off", "switch_on", "on"), row("on", "switch_off", "off"), row("on", "smash", "broken")],
    final=["broken"],
)


def test_states_and_actions_come_in_the_order_of_the_table() -> None:
    assert LAMP.states == ("off", "on", "broken")
    assert LAMP.actions == ("switch_on", "switch_off", "smash")
    assert LAMP.open_actions("on") == ("switch_off", "smash")


def test_nothing_is_open_in_a_final_state() -> None:
    assert LAMP.open_actions("broken") == ()


def test_a_legal_step_returns_its_row() -> None:
    step = LAMP.step("on", "smash")
    assert (step.next, step.event, step.permission, step.guard) == ("broken", "lamp.smash", "lamp:smash", None)


@pytest.mark.parametrize(
    ("state", "action", "open_now"),
    [
        ("off", "smash", ("switch_on",)),
        ("on", "switch_on", ("switch_off", "smash")),
        ("broken", "switch_on", ()),
        ("off", "no_such_action", ("switch_on",)),
    ],
)
def test_an_illegal_step_says_where_things_stand_and_what_is_open(
    state: str, action: str, open_now: tuple[str, ...]
) -> None:
    with pytest.raises(WrongState) as refusal:
        LAMP.step(state, action)
    assert refusal.value.facts == {"state": state, "action": action, "open": open_now}
    assert refusal.value.status == 409


def test_a_state_of_another_table_is_a_mistake_and_not_a_refusal() -> None:
    with pytest.raises(ValueError, match="lamp has no state 'melted'"):
        LAMP.step("melted", "switch_on")


def test_a_table_with_mistakes_names_them_all_at_once() -> None:
    with pytest.raises(ValueError) as refusal:
        Workflow(
            "lamp",
            "off",
            [
                row("off", "switch_on", "onn"),
                row("on", "switch_off", "off"),
                row("on", "switch_off", "broken"),
                row("broken", "mend", "off"),
            ],
            final=["broken"],
        )
    message = str(refusal.value)
    for fault in (
        "unknown state 'onn'",
        "unreachable state 'on'",
        "unreachable state 'broken'",
        "two rows for 'switch_off' in 'on'",
        "'mend' leaves the final state 'broken'",
    ):
        assert fault in message
    assert message.count(";") == 4


def test_an_initial_state_without_a_way_out_is_unknown() -> None:
    with pytest.raises(ValueError, match="unknown state 'of'"):
        Workflow("lamp", "of", [row("off", "switch_on", "off")])


CELLS = st.dictionaries(st.tuples(st.sampled_from("abcd"), st.sampled_from("xyz")), st.sampled_from("abcde"))


@given(CELLS)
def test_a_table_of_reachable_states_decides_every_cell(cells: dict[tuple[str, str], str]) -> None:
    reachable = {"a"}
    for _ in "abcde":
        reachable |= {next for (state, _), next in cells.items() if state in reachable}
    legal = {cell: next for cell, next in cells.items() if cell[0] in reachable}
    final = reachable - {state for state, _ in legal}
    table = Workflow("any", "a", [row(*cell, next) for cell, next in legal.items()], final)
    assert set(table.states) == reachable
    for state in table.states:
        assert bool(table.open_actions(state)) != (state in final)
        for action in "xyz":
            if (state, action) in legal:
                assert table.step(state, action).next == legal[state, action]
            else:
                with pytest.raises(WrongState):
                    table.step(state, action)
    if len(legal) < len(cells):
        with pytest.raises(ValueError, match="unreachable state"):
            Workflow("any", "a", [row(*cell, next) for cell, next in cells.items()], "abcde")
