"""The transition table of introductions, against the rules as the module states them."""

from __future__ import annotations

import itertools
from types import SimpleNamespace

import pytest

from matchmaker.core.errors import WrongState
from matchmaker.introductions.states import (
    INTRODUCTION,
    LABELS,
    Action,
    AlreadyAgreed,
    IntroductionState,
    ListingNotOpen,
    NoteMissing,
    Outcome,
    Reason,
    ReasonMissing,
    Side,
    agreeing_step,
    check_reason,
)

LEADS_TO = {
    ("requested", "agree"): "requested",
    ("requested", "introduce"): "introduced",
    ("requested", "decline"): "declined",
    ("requested", "withdraw"): "withdrawn",
    ("introduced", "conclude"): "concluded",
}


@pytest.mark.parametrize(("state", "action"), list(itertools.product(IntroductionState, Action)))
def test_every_state_and_action_leads_where_the_rules_say_or_nowhere(state: IntroductionState, action: Action) -> None:
    expected = LEADS_TO.get((state.value, action.value))
    if expected is None:
        with pytest.raises(WrongState):
            INTRODUCTION.step(state, action)
    else:
        assert INTRODUCTION.step(state, action).next == expected


def test_an_introduction_ends_declined_withdrawn_or_concluded() -> None:
    assert set(INTRODUCTION.final) == {"declined", "withdrawn", "concluded"}


@pytest.mark.parametrize(
    ("side", "agreed", "step"),
    [
        (Side.ACHIEVEMENT, set(), Action.AGREE),
        (Side.NEED, set(), Action.AGREE),
        (Side.ACHIEVEMENT, {Side.NEED}, Action.INTRODUCE),
        (Side.NEED, {Side.ACHIEVEMENT}, Action.INTRODUCE),
    ],
)
def test_the_second_agreement_introduces(side: Side, agreed: set[Side], step: Action) -> None:
    assert agreeing_step(side, agreed=agreed) == step


@pytest.mark.parametrize("agreed", [{Side.NEED}, {Side.NEED, Side.ACHIEVEMENT}])
def test_nobody_agrees_twice(agreed: set[Side]) -> None:
    with pytest.raises(AlreadyAgreed):
        agreeing_step(Side.NEED, agreed=agreed)


@pytest.mark.parametrize("action", [Action.AGREE, Action.INTRODUCE])
def test_nobody_agrees_about_a_listing_that_is_not_published(action: Action) -> None:
    guard = INTRODUCTION.step("requested", action).guard
    assert guard is not None
    guard(SimpleNamespace(listings_are_published=True), side="need")
    with pytest.raises(ListingNotOpen):
        guard(SimpleNamespace(listings_are_published=False), side="need")


def test_a_no_needs_a_reason_and_another_reason_needs_words() -> None:
    with pytest.raises(ReasonMissing):
        check_reason(None, "not for us")
    with pytest.raises(NoteMissing):
        check_reason(Reason.OTHER, "")
    check_reason(Reason.OTHER, "merging with another firm")
    check_reason(Reason.TOO_EARLY, "")


def test_everything_a_reader_meets_has_a_name() -> None:
    assert set(LABELS) == {*IntroductionState, *Side, *Reason, *Outcome}
