"""Facts that stop a command, as exceptions. Pure: no Flask, no database.

Code raises a fact (`raise BudgetExhausted(free=..., amount=...)`); `core.messages` turns it
into a sentence in the reader's language; one handler answers with a page or problem JSON.
A class says *what is wrong*; its `phrase` is the catalogue key of the sentence, which may
name the facts as ``%(name)s``. A good sentence says what, why, and what now.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import Any, ClassVar


def N_(phrase: str) -> str:
    """Mark a phrase for the catalogue without translating it here."""
    return phrase


def trace_of(error: BaseException) -> str:
    """Where an unexpected error came from, for the log: types and places without the texts, which may hold input."""
    places = "".join(traceback.format_tb(error.__traceback__)) + type(error).__name__
    return places if error.__cause__ is None else f"{trace_of(error.__cause__)}\nwhich led to\n{places}"


class DomainError(Exception):
    """A rule of the domain refuses. `field` names the input at fault, if one is."""

    code: ClassVar[str] = "error"
    status: ClassVar[int] = 400
    phrase: ClassVar[str] = N_("This cannot be done.")

    def __init__(self, *, field: str | None = None, **facts: Any) -> None:
        self.field = field
        self.facts = facts
        shown = ", ".join(f"{key}={value!r}" for key, value in facts.items())
        super().__init__(f"{self.code}({shown})" if shown else self.code)


class Invalid(DomainError):
    """Input that breaks a rule: 422, shown at its field."""

    code = "invalid"
    status = 422
    phrase = N_("This entry is not valid.")


class InvalidMany(Invalid):
    """Several faults at once, so that people mend them in one go."""

    code = "invalid_many"
    phrase = N_("There are several problems with this entry.")

    def __init__(self, errors: Iterable[DomainError]) -> None:
        self.errors = list(errors)
        super().__init__(count=len(self.errors))


class NotFound(DomainError):
    """Missing, or not for this reader to know of: both answer with the same bytes."""

    code = "not_found"
    status = 404
    phrase = N_("There is nothing at this address, or it is not open to you.")


class Unauthenticated(DomainError):
    code = "unauthenticated"
    status = 401
    phrase = N_("Please sign in to go on.")


class Forbidden(DomainError):
    code = "forbidden"
    status = 403
    phrase = N_("Your role in this organisation does not allow this step.")


class Conflict(DomainError):
    """The world has moved on: 409."""

    code = "conflict"
    status = 409
    phrase = N_("Someone changed this in the meantime. Reload the page and look again.")


class WrongState(Conflict):
    """The action is not open in the present state. Facts: state, action, open (tuple of actions)."""

    code = "wrong_state"
    phrase = N_("This step is not open now: the present state is “%(state)s”.")


class IdempotencyMismatch(Conflict):
    """The same idempotency key came again with another body."""

    code = "idempotency_mismatch"
    phrase = N_("This was already recorded with other details. Reload the page before you record it again.")


class TooMany(DomainError):
    """Rate limit. Facts: seconds until the next try."""

    code = "too_many"
    status = 429
    phrase = N_("Too many tries. Please wait %(seconds)s seconds and try again.")


class Busy(DomainError):
    """A lock or a connection was waited for in vain. Facts: seconds until the next try."""

    code = "busy"
    status = 503
    phrase = N_(
        "Too much is being written at this moment. Nothing was changed. Please try again in %(seconds)s seconds."
    )
