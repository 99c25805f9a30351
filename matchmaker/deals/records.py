"""What the parties declare to each other while a deal lives, and what follows from all of it so far. Pure.

Declarations are never changed: a later one answers or corrects an earlier one. The functions here read the list, in
order, and say what stands. They take anything with the attributes of `models.Record`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from matchmaker.core.errors import N_
from matchmaker.deals.schedule import Due, DueKind
from matchmaker.deals.settlement import Target
from matchmaker.deals.states import PartyRole


class RecordKind(StrEnum):
    EVENT_REPORTED = "event_reported"
    EVENT_CONFIRMED = "event_confirmed"
    EVENT_DISPUTED = "event_disputed"
    TRIAL_MIDTERM = "trial_midterm"
    TRIAL_FINAL = "trial_final"
    EXTENSION_ASKED = "extension_asked"
    EXTENSION_GRANTED = "extension_granted"
    EXTENSION_REFUSED = "extension_refused"
    ROYALTY_CONFIRMED = "royalty_confirmed"
    ROYALTY_DISPUTED = "royalty_disputed"
    ROYALTY_AUDITED = "royalty_audited"  # the licensor ordered an inspection of the accounts
    ROYALTY_CORRECTED = "royalty_corrected"
    PENALTY_CHARGED = "penalty_charged"
    DEFAULT_DECLARED = "default_declared"
    DISPUTE_RAISED = "dispute_raised"
    DISPUTE_SETTLED = "dispute_settled"
    TRANSFER_ASKED = "transfer_asked"
    TRANSFER_ACCEPTED = "transfer_accepted"
    TRANSFER_ANSWERED = "transfer_answered"
    DOCUMENTS_RETURNED = "documents_returned"
    BROKER_CONFIRMED = "broker_confirmed"


RECORD_LABELS: Mapping[RecordKind, str] = MappingProxyType(
    {
        RecordKind.EVENT_REPORTED: N_("Event reported"),
        RecordKind.EVENT_CONFIRMED: N_("Event confirmed"),
        RecordKind.EVENT_DISPUTED: N_("Event disputed"),
        RecordKind.TRIAL_MIDTERM: N_("Mid-term report"),
        RecordKind.TRIAL_FINAL: N_("Final report"),
        RecordKind.EXTENSION_ASKED: N_("Extension asked for"),
        RecordKind.EXTENSION_GRANTED: N_("Extension granted"),
        RecordKind.EXTENSION_REFUSED: N_("Extension refused"),
        RecordKind.ROYALTY_CONFIRMED: N_("Royalty statement confirmed"),
        RecordKind.ROYALTY_DISPUTED: N_("Royalty statement disputed"),
        RecordKind.ROYALTY_AUDITED: N_("Inspection of accounts ordered"),
        RecordKind.ROYALTY_CORRECTED: N_("Royalty statement corrected"),
        RecordKind.PENALTY_CHARGED: N_("Penalty charged"),
        RecordKind.DEFAULT_DECLARED: N_("Default declared"),
        RecordKind.DISPUTE_RAISED: N_("Dispute raised"),
        RecordKind.DISPUTE_SETTLED: N_("Dispute settled"),
        RecordKind.TRANSFER_ASKED: N_("Transfer asked for"),
        RecordKind.TRANSFER_ACCEPTED: N_("Transfer accepted by the new licensee"),
        RecordKind.TRANSFER_ANSWERED: N_("Transfer answered"),
        RecordKind.DOCUMENTS_RETURNED: N_("Documents returned"),
        RecordKind.BROKER_CONFIRMED: N_("Part of the intermediary confirmed"),
    }
)


class ReportState(StrEnum):
    """Where a royalty statement stands between the two sides."""

    REPORTED = "reported"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    AUDITED = "audited"


REPORT_STATE_LABELS: Mapping[ReportState, str] = MappingProxyType(
    {
        ReportState.REPORTED: N_("Awaits the licensor's answer"),
        ReportState.CONFIRMED: N_("Confirmed"),
        ReportState.DISPUTED: N_("Disputed"),
        ReportState.AUDITED: N_("Accounts are being inspected"),
    }
)


class Declared(Protocol):
    """`about` is the number of the record it answers, or of the royalty period; `ref` names an event or an amount."""

    number: int
    kind: RecordKind
    party: PartyRole | None
    about: int | None
    ref: str | None
    on: date | None
    fen: int | None
    months: int | None


def of_kind(records: Sequence[Declared], *kinds: RecordKind) -> list[Declared]:
    return [one for one in records if one.kind in kinds]


def open_request(
    records: Sequence[Declared], kind: RecordKind, *answers: RecordKind, ref: str | None = None
) -> Declared | None:
    """The latest declaration of this kind that nothing has answered; of this `ref`, where one is given."""
    answered = {one.about for one in of_kind(records, *answers)}
    waiting = [one for one in of_kind(records, kind) if one.number not in answered and (ref is None or one.ref == ref)]
    return waiting[-1] if waiting else None


def open_event(records: Sequence[Declared], ref: str | None = None) -> Declared | None:
    """The event that awaits the other side's answer."""
    answers = (RecordKind.EVENT_CONFIRMED, RecordKind.EVENT_DISPUTED)
    return open_request(records, RecordKind.EVENT_REPORTED, *answers, ref=ref)


def happened(records: Sequence[Declared], prefix: str) -> dict[int, date]:
    """Days of the confirmed events by place: `trigger:0` or `milestone:2`. A second report of one changes nothing."""
    reported = {one.number: one for one in of_kind(records, RecordKind.EVENT_REPORTED)}
    found: dict[int, date] = {}
    for answer in of_kind(records, RecordKind.EVENT_CONFIRMED):
        event = reported.get(answer.about or 0)
        if event is not None and event.ref is not None and event.on is not None and event.ref.startswith(f"{prefix}:"):
            found.setdefault(int(event.ref.partition(":")[2]), event.on)
    return found


def start_is_open(records: Sequence[Declared]) -> bool:
    """Whether an event that would start payment was reported and not confirmed: it is
    unanswered, or disputed. Until that is settled the end of the trial is not applied."""
    reported = {one.ref for one in of_kind(records, RecordKind.EVENT_REPORTED)}
    confirmed = {f"trigger:{place}" for place in happened(records, "trigger")}
    return any(ref is not None and ref.startswith("trigger:") for ref in reported - confirmed)


def open_extension(records: Sequence[Declared]) -> Declared | None:
    answers = (RecordKind.EXTENSION_GRANTED, RecordKind.EXTENSION_REFUSED)
    return open_request(records, RecordKind.EXTENSION_ASKED, *answers)


def extensions(records: Sequence[Declared]) -> int:
    """How often the trial has been extended."""
    return len(of_kind(records, RecordKind.EXTENSION_GRANTED))


def extended_months(records: Sequence[Declared]) -> int:
    return sum(one.months or 0 for one in of_kind(records, RecordKind.EXTENSION_GRANTED))


_ANSWERS: Mapping[RecordKind, ReportState] = MappingProxyType(
    {
        RecordKind.ROYALTY_CONFIRMED: ReportState.CONFIRMED,
        RecordKind.ROYALTY_DISPUTED: ReportState.DISPUTED,
        RecordKind.ROYALTY_AUDITED: ReportState.AUDITED,
        RecordKind.ROYALTY_CORRECTED: ReportState.REPORTED,
    }
)


def report_state(records: Sequence[Declared], number: int) -> ReportState:
    """Where the statement of this royalty period stands; a correction awaits an answer again."""
    answers = [one for one in of_kind(records, *_ANSWERS) if one.about == number]
    return _ANSWERS[answers[-1].kind] if answers else ReportState.REPORTED


def corrections(records: Sequence[Declared]) -> list[Declared]:
    return of_kind(records, RecordKind.ROYALTY_CORRECTED)


def corrected_base(records: Sequence[Declared], number: int, reported_fen: int) -> int:
    """The base of a period as it was last corrected, or as reported."""
    found = [one.fen for one in corrections(records) if one.about == number and one.fen is not None]
    return found[-1] if found else reported_fen


@dataclass(frozen=True, slots=True)
class Charged:
    """A penalty that was charged: on which amount, for the days up to and including `until_on`."""

    due: Due
    target: Target
    until_on: date


def charged(records: Sequence[Declared]) -> list[Charged]:
    """The penalties charged, each an amount of its own, due on the day it was charged."""
    found = []
    for number, one in enumerate(of_kind(records, RecordKind.PENALTY_CHARGED), start=1):
        if one.on is not None and one.fen is not None and one.ref is not None:
            due = Due(number, one.on, one.fen, DueKind.PENALTY)
            found.append(Charged(due, read_target(one.ref), one.on))
    return found


def target_ref(target: Target) -> str:
    """`("instalment", 2)` as it is kept: `instalment:2`."""
    return f"{target[0]}:{target[1]}"


def read_target(ref: str) -> Target:
    """ValueError for what names no amount."""
    kind, _, number = ref.partition(":")
    return DueKind(kind), int(number)


def confirmed_broker(records: Sequence[Declared]) -> frozenset[PartyRole]:
    """Principals that have confirmed the intermediary's part."""
    found = of_kind(records, RecordKind.BROKER_CONFIRMED)
    return frozenset(one.party for one in found if one.party in (PartyRole.LICENSOR, PartyRole.LICENSEE))
