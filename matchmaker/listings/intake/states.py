"""The life of a file of entries, and of each entry in it, as tables. Pure.

The worker reads the file; its author looks at what was found and says go, or throws it away; the worker makes drafts, a
few at a time. It can be stopped and gone on with at any entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from matchmaker.core.errors import N_
from matchmaker.core.workflow_table import Transition, Workflow


class IntakeState(StrEnum):
    READING = "reading"
    OPEN = "open"
    BRINGING_IN = "bringing_in"
    STOPPED = "stopped"
    DONE = "done"
    DISCARDED = "discarded"
    REFUSED = "refused"


class EntryState(StrEnum):
    """`READY` waits for its draft; `KNOWN` is there already, `ALIKE` perhaps; `FAILED` met a rule when it was saved."""

    READY = "ready"
    KNOWN = "known"
    ALIKE = "alike"
    FAULTY = "faulty"
    WRITTEN = "written"
    FAILED = "failed"


LABELS: Mapping[StrEnum, str] = {
    IntakeState.READING: N_("Being read"),
    IntakeState.OPEN: N_("Waits for your word"),
    IntakeState.BRINGING_IN: N_("Being brought in"),
    IntakeState.STOPPED: N_("Stopped"),
    IntakeState.DONE: N_("Brought in"),
    IntakeState.DISCARDED: N_("Thrown away"),
    IntakeState.REFUSED: N_("Could not be read"),
    EntryState.READY: N_("To be brought in"),
    EntryState.KNOWN: N_("Already there"),
    EntryState.ALIKE: N_("Looks like another"),
    EntryState.FAULTY: N_("Has a fault"),
    EntryState.WRITTEN: N_("Draft made"),
    EntryState.FAILED: N_("Could not be saved"),
}

LIVE = (IntakeState.READING, IntakeState.OPEN, IntakeState.BRINGING_IN, IntakeState.STOPPED)


def _step(state: IntakeState, action: str, next: IntakeState, event: str) -> Transition:
    return Transition(state, action, next, f"intake.{event}", "intake:change")


INTAKE = Workflow(
    "intake",
    initial=IntakeState.READING,
    transitions=[
        _step(IntakeState.READING, "show", IntakeState.OPEN, "read"),
        _step(IntakeState.READING, "refuse", IntakeState.REFUSED, "refused"),
        _step(IntakeState.READING, "discard", IntakeState.DISCARDED, "discarded"),
        _step(IntakeState.OPEN, "bring_in", IntakeState.BRINGING_IN, "started"),
        _step(IntakeState.OPEN, "discard", IntakeState.DISCARDED, "discarded"),
        _step(IntakeState.BRINGING_IN, "go_on", IntakeState.BRINGING_IN, "went_on"),
        _step(IntakeState.BRINGING_IN, "finish", IntakeState.DONE, "finished"),
        _step(IntakeState.BRINGING_IN, "stop", IntakeState.STOPPED, "stopped"),
        _step(IntakeState.STOPPED, "bring_in", IntakeState.BRINGING_IN, "started"),
        _step(IntakeState.STOPPED, "discard", IntakeState.DISCARDED, "discarded"),
    ],
    final=[IntakeState.DONE, IntakeState.DISCARDED, IntakeState.REFUSED],
)
