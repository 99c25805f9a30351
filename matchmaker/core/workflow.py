"""Walks a row along its transition table: state, permission, guard, write and event in one step."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from sqlalchemy.orm import Mapped, declared_attr, mapped_column
from sqlalchemy.orm.attributes import flag_modified

from matchmaker.core import access, audit
from matchmaker.core.access import Actor
from matchmaker.core.types import Number
from matchmaker.core.workflow_table import Transition, Workflow


class Stateful:
    """Columns of a row that has a life: its state, and a version that lets one of two writers win."""

    state: Mapped[str]
    version: Mapped[int] = mapped_column(Number, default=1)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version}


def apply(actor: Actor, row: Any, workflow: Workflow, action: str, **facts: Any) -> Transition:
    """Take `action` on `row`. Raises WrongState, Forbidden/NotFound, or what the guard raises; then nothing changed.

    The version column makes the write conditional: of two that read the same state, the second gets Conflict.
    `facts` go to the guard by name and, being plain data, into the audit event.
    """
    transition = workflow.step(row.state, action)
    access.require(actor, access.permission(transition.permission), row)
    if transition.guard is not None:
        transition.guard(row, **facts)
    before, row.state = row.state, transition.next
    flag_modified(row, "state")  # a step that keeps the state is still a write and takes the version on
    audit.record(actor, transition.event, row, **{"from": before, "to": transition.next}, **facts)
    return transition


def open_actions(actor: Actor, row: Any, workflow: Workflow, among: Collection[str] | None = None) -> list[str]:
    """Actions that the table and the rules leave open to this actor now, in the table's order."""
    return [
        action
        for action in workflow.open_actions(row.state)
        if (among is None or action in among)
        and access.may(actor, access.permission(workflow.step(row.state, action).permission), row)
    ]
