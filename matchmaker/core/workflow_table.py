"""Transition tables: which action leads from which state to which, as data. Pure.

`core.workflow` applies a step to a row (permission, guard, version, audit event in one write); this
module only knows the table. A table with a mistake in it does not get past its constructor.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from matchmaker.core.errors import WrongState


@dataclass(frozen=True, slots=True)
class Transition:
    """One row of a table.

    `permission` is the name of the permission the step needs. `guard(row, **facts)`, where there is one,
    raises a DomainError to refuse; it gets the facts the caller of the step vouches for.
    """

    state: str
    action: str
    next: str
    event: str
    permission: str
    guard: Callable[..., None] | None = None


class Workflow:
    """A transition table with one initial state and final states that nothing leaves.

    Raises ValueError that names every fault: an unknown state (entered, but with no way out and not
    declared final), an unreachable one, a final one with a way out, two rows for one (state, action).
    """

    def __init__(self, name: str, initial: str, transitions: Iterable[Transition], final: Iterable[str] = ()) -> None:
        self.name = name
        self.initial = initial
        self.transitions = tuple(transitions)
        self.final = tuple(final)
        rows = self.transitions
        self.states = tuple(dict.fromkeys([initial, *(s for row in rows for s in (row.state, row.next)), *self.final]))
        self.actions = tuple(dict.fromkeys(row.action for row in rows))
        self._cells = {(row.state, row.action): row for row in rows}
        faults = self._faults()
        if faults:
            raise ValueError(f"workflow {name}: {'; '.join(faults)}")

    def open_actions(self, state: str) -> tuple[str, ...]:
        """Actions open in a state, in the order of the table. ValueError for a state that is not of this table."""
        if state not in self.states:
            raise ValueError(f"workflow {self.name} has no state {state!r}")
        return tuple(row.action for row in self.transitions if row.state == state)

    def step(self, state: str, action: str) -> Transition:
        """The row for this state and action. WrongState where the action is not open now.

        The refusal names the state as the table does, so that an enumeration's member keeps its label.
        """
        open_now = self.open_actions(state)
        if action not in open_now:
            raise WrongState(state=self.states[self.states.index(state)], action=action, open=open_now)
        return self._cells[state, action]

    def _faults(self) -> list[str]:
        known = {row.state for row in self.transitions} | set(self.final)
        reached = self._reached()
        seen: set[tuple[str, str]] = set()
        faults = []
        for state in self.states:
            if state not in known:
                faults.append(f"unknown state {state!r}")
            if state not in reached:
                faults.append(f"unreachable state {state!r}")
        for row in self.transitions:
            if (row.state, row.action) in seen:
                faults.append(f"two rows for {row.action!r} in {row.state!r}")
            if row.state in self.final:
                faults.append(f"{row.action!r} leaves the final state {row.state!r}")
            seen.add((row.state, row.action))
        return faults

    def _reached(self) -> set[str]:
        reached, frontier = set[str](), {self.initial}
        while frontier:
            reached |= frontier
            frontier = {row.next for row in self.transitions if row.state in frontier} - reached
        return reached
