"""What people say of a pair, what the machine may learn from it, and how it orders their own list. Pure.

A pair is judged with a level (1 to 4), or put aside with a reason. Both are the word of one organisation and change
its own list alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, TypeVar

from matchmaker.core.errors import N_, Forbidden, Invalid

LONGEST_NOTE = 500

ACCEPTED_LEVEL = 3
"""From this level on a pair is held to be worth an introduction."""

Key = TypeVar("Key")


class Reason(StrEnum):
    """Why a pair is put aside. The same words as for declined introductions."""

    TOO_EARLY = "too_early"
    TOO_DEAR = "too_dear"
    OFF_TOPIC = "off_topic"
    ALREADY_HAVE = "already_have"
    UNCLEAR = "unclear"
    NO_CAPACITY = "no_capacity"
    OTHER = "other"


LABELS: Mapping[Reason, str] = {
    Reason.TOO_EARLY: N_("Too early"),
    Reason.TOO_DEAR: N_("Too dear"),
    Reason.OFF_TOPIC: N_("Off-topic"),
    Reason.ALREADY_HAVE: N_("We already have it"),
    Reason.UNCLEAR: N_("Unclear"),
    Reason.NO_CAPACITY: N_("No capacity now"),
    Reason.OTHER: N_("Other, namely"),
}


class VerdictMissing(Invalid):
    code = "matching.verdict_missing"
    phrase = N_("Choose a level, or a reason to put the pair aside.")


class NoteMissing(Invalid):
    code = "matching.note_missing"
    phrase = N_("Say in a few words what the reason is.")


class NoteTooLong(Invalid):
    code = "matching.note_too_long"
    phrase = N_("At most %(most)s characters are kept here.")


class NotYoursToJudge(Forbidden):
    code = "matching.not_yours_to_judge"
    phrase = N_(
        "You judge pairs of which your own organisation has posted one side; technology managers judge any pair. "
        "Start from the matches of something your organisation has posted."
    )


@dataclass(frozen=True, slots=True)
class Verdict:
    """A level (1 none to 4 strong), or a reason for putting the pair aside, in words where it is another one."""

    level: int | None = None
    reason: Reason | None = None
    note: str = ""

    @property
    def aside(self) -> bool:
        """Whether the pair leaves the list: it was put aside, or judged to be no match."""
        return self.reason is not None or self.level == 1

    def check(self) -> None:
        """Raises VerdictMissing, NoteMissing or NoteTooLong."""
        if (self.level is None) == (self.reason is None) or self.level not in (None, 1, 2, 3, 4):
            raise VerdictMissing(field="reason")
        if self.reason is Reason.OTHER and not self.note:
            raise NoteMissing(field="note")
        if len(self.note) > LONGEST_NOTE:
            raise NoteTooLong(field="note", most=LONGEST_NOTE)


LEARNT_LEVEL: Mapping[Reason, int] = {Reason.OFF_TOPIC: 1}
"""What a reason says about whether the two texts belong together.

Only *off-topic* says something: they do not, as level 1 says. *Too early*, *too dear*, *we already have it* and *no
capacity* speak of the moment, the price or the buyer, and rather presume that the topic fits: read as "no match" they
would teach the machine to hide what people look for, read as a match they would put words into their mouths. *Unclear*
is about the writing, *other* about anything. Of these nothing is learnt.
"""


def learnt_level(level: int | None, reason: Reason | None) -> int | None:
    """The level that a judgement teaches, or None where it says nothing about the topic."""
    return level if reason is None else LEARNT_LEVEL.get(reason)


@dataclass(frozen=True, slots=True)
class Standing(Generic[Key]):
    """A place in an organisation's own list. `score` and `level` are the machine's, None where it does not list the
    pair; `own` is what the organisation said."""

    key: Key
    score: int | None
    level: int | None
    own: Verdict | None


def arrange(
    hits: Sequence[tuple[Key, int, int]], own: Mapping[Key, Verdict]
) -> tuple[list[Standing[Key]], list[Standing[Key]]]:
    """An organisation's own list of the machine's `hits` (key, score, level; best first), and what it has put aside.

    By level, and an own judgement stands for the machine's and before it; then as the machine has them. What the
    organisation judged and the machine does not list follows within its level. Put aside: in the order of `own`.
    """
    listed = [Standing(key, score, level, own.get(key)) for key, score, level in hits]
    known = {standing.key for standing in listed}
    listed += [Standing(key, None, None, verdict) for key, verdict in own.items() if key not in known]
    by_key = {standing.key: standing for standing in listed}
    shown = [standing for standing in listed if standing.own is None or not standing.own.aside]
    shown.sort(key=lambda standing: (-_level(standing), standing.own is None))  # stable: else as they came
    return shown, [by_key[key] for key, verdict in own.items() if verdict.aside]


def _level(standing: Standing[Key]) -> int:
    if standing.own is not None and standing.own.level is not None:
        return standing.own.level
    return standing.level or 0
