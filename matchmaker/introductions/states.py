"""The life of an introduction as a table, and which step an agreement is. Pure.

    requested -> introduced -> concluded
        |
        +-> declined | withdrawn

Whoever asks for an introduction has agreed by asking. An intermediary asks for two others: then both still have to
agree, and the first of them leaves the state as it is (`agree`); the last agreement missing is `introduce`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Any

from matchmaker.core.errors import N_, Conflict, Invalid
from matchmaker.core.workflow_table import Transition, Workflow


class IntroductionState(StrEnum):
    REQUESTED = "requested"
    INTRODUCED = "introduced"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    CONCLUDED = "concluded"


class Action(StrEnum):
    AGREE = "agree"
    INTRODUCE = "introduce"
    DECLINE = "decline"
    WITHDRAW = "withdraw"
    CONCLUDE = "conclude"


class Side(StrEnum):
    ACHIEVEMENT = "achievement"
    NEED = "need"
    BROKER = "broker"


class Reason(StrEnum):
    """Why an introduction was declined, or led to no deal."""

    TOO_EARLY = "too_early"
    TOO_DEAR = "too_dear"
    OFF_TOPIC = "off_topic"
    ALREADY_HAVE = "already_have"
    UNCLEAR = "unclear"
    NO_CAPACITY = "no_capacity"
    OTHER = "other"


class Outcome(StrEnum):
    DEAL = "deal"
    NO_DEAL = "no_deal"


class AlreadyAgreed(Conflict):
    code = "introduction.already_agreed"
    phrase = N_("Your side has already agreed. Nothing more is needed from you now.")


class ListingNotOpen(Conflict):
    code = "introduction.listing_not_open"
    phrase = N_(
        "The achievement or the need of this introduction is not published now, or its organisation is suspended. "
        "Wait until that has changed, or end the introduction."
    )


class ReasonMissing(Invalid):
    code = "introduction.reason_missing"
    phrase = N_("Choose a reason. The other side learns from it what to do better.")


class NoteMissing(Invalid):
    code = "introduction.note_missing"
    phrase = N_("Say in a few words what the other reason is.")


def _listings_are_published(introduction: Any, **_: Any) -> None:
    if not introduction.listings_are_published:
        raise ListingNotOpen()


_S, _A = IntroductionState, Action

INTRODUCTION = Workflow(
    "introduction",
    _S.REQUESTED,
    [
        Transition(
            _S.REQUESTED,
            _A.AGREE,
            _S.REQUESTED,
            "introduction.agreed",
            "introduction:decide",
            _listings_are_published,
        ),
        Transition(
            _S.REQUESTED,
            _A.INTRODUCE,
            _S.INTRODUCED,
            "introduction.introduced",
            "introduction:decide",
            _listings_are_published,
        ),
        Transition(_S.REQUESTED, _A.DECLINE, _S.DECLINED, "introduction.declined", "introduction:decide"),
        Transition(_S.REQUESTED, _A.WITHDRAW, _S.WITHDRAWN, "introduction.withdrawn", "introduction:withdraw"),
        Transition(_S.INTRODUCED, _A.CONCLUDE, _S.CONCLUDED, "introduction.concluded", "introduction:conclude"),
    ],
    final=[_S.DECLINED, _S.WITHDRAWN, _S.CONCLUDED],
)


def agreeing_step(side: Side, *, agreed: Collection[Side]) -> Action:
    """The step that this side's agreement is: `introduce` if the other side has agreed before, else `agree`.

    `agreed` holds the sides of achievement and need that have agreed so far. Raises AlreadyAgreed for one of them.
    """
    if side in agreed:
        raise AlreadyAgreed()
    return Action.INTRODUCE if agreed else Action.AGREE


def check_reason(reason: Reason | None, note: str) -> None:
    """Raises ReasonMissing, or NoteMissing where the reason is one that the list does not hold."""
    if reason is None:
        raise ReasonMissing(field="reason")
    if reason == Reason.OTHER and not note:
        raise NoteMissing(field="note")


LABELS: Mapping[StrEnum, str] = MappingProxyType(
    {
        _S.REQUESTED: N_("Requested"),
        _S.INTRODUCED: N_("Introduced"),
        _S.DECLINED: N_("Declined"),
        _S.WITHDRAWN: N_("Request withdrawn"),
        _S.CONCLUDED: N_("Concluded"),
        Side.ACHIEVEMENT: N_("Achievement side"),
        Side.NEED: N_("Need side"),
        Side.BROKER: N_("Intermediary"),
        Reason.TOO_EARLY: N_("Too early: not mature enough for us"),
        Reason.TOO_DEAR: N_("Too expensive"),
        Reason.OFF_TOPIC: N_("Does not fit what we are looking for"),
        Reason.ALREADY_HAVE: N_("We already have a solution or a partner"),
        Reason.UNCLEAR: N_("The benefit is not clear"),
        Reason.NO_CAPACITY: N_("No capacity at present"),
        Reason.OTHER: N_("Another reason"),
        Outcome.DEAL: N_("We make a deal"),
        Outcome.NO_DEAL: N_("No deal"),
    }
)
