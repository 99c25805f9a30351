"""The life of a listing, as one table for each kind. Pure.

A listing is public exactly while its state is *published*. What the public reads is then settled twice over: the
frozen revision of the last approval, and the row's own columns, which say the same. An edit of a published listing
changes neither. It is kept beside them as the *proposal*, is handed in, approved or returned like a first draft while
the listing stays published, and only approval writes it into the columns and freezes the next revision. So a query
over columns (filters, titles in the lists of other features) can never show what nobody approved.

Every edit takes a listing back from review: nobody approves a text that changed under his eyes.

Who approves: a university's technology-transfer officer its achievements, also those he wrote himself (many offices are
one person); a verified enterprise's signatory its needs; the bureau the needs of enterprises it has not verified yet.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from matchmaker.core.errors import Conflict
from matchmaker.core.workflow_table import Transition, Workflow
from matchmaker.listings.facts import NothingInReview, NothingToHandIn, OrganisationNotVerified


def has_change(row: Any, **facts: Any) -> None:
    """A published listing has something new to hand in: a proposal that does not wait already."""
    if row.proposal is None or row.submitted_at is not None:
        raise NothingToHandIn()


def change_in_review(row: Any, **facts: Any) -> None:
    if row.submitted_at is None:
        raise NothingInReview()


def owner_verified(row: Any, **facts: Any) -> None:
    """Nobody publishes achievements in the name of an organisation the bureau has not verified."""
    if row.organisation.state != "verified":
        raise OrganisationNotVerified()


def _all(*guards: Callable[..., None]) -> Callable[..., None]:
    def check(row: Any, **facts: Any) -> None:
        for guard in guards:
            guard(row, **facts)

    return check


def _life(noun: str, *publishing: Callable[..., None]) -> Workflow:
    def step(
        state: str, action: str, next: str, event: str, permission: str, *guards: Callable[..., None]
    ) -> Transition:
        guard = _all(*guards) if guards else None
        return Transition(state, action, next, f"{noun}.{event}", f"{noun}:{permission}", guard)

    return Workflow(
        noun,
        initial="draft",
        transitions=[
            step("draft", "edit", "draft", "edited", "edit"),
            step("draft", "submit", "in_review", "submitted", "submit"),
            step("draft", "withdraw", "withdrawn", "withdrawn", "withdraw"),
            step("in_review", "edit", "draft", "edited", "edit"),
            step("in_review", "approve", "published", "published", "review", *publishing),
            step("in_review", "return", "draft", "returned", "review"),
            step("published", "edit", "published", "change_proposed", "edit"),
            step("published", "submit", "published", "change_submitted", "submit", has_change),
            step("published", "approve", "published", "revised", "review", change_in_review, *publishing),
            step("published", "return", "published", "change_returned", "review", change_in_review),
            step("published", "withdraw", "withdrawn", "withdrawn", "withdraw"),
            step("withdrawn", "reopen", "draft", "reopened", "withdraw"),
        ],
    )


ACHIEVEMENT = _life("achievement", owner_verified)
NEED = _life("need")


def sensible(transition: Transition, row: Any) -> bool:
    """Whether the step's guard would let it pass now: for pages that show or hide a button."""
    try:
        if transition.guard is not None:
            transition.guard(row)
    except Conflict:
        return False
    return True
