"""Which reminders are due for a deal on a day: of what kind, about what, to whom. Pure.

Each has a key of kind and `ref` and is sent once. Where several days of one matter have passed since somebody looked
last, all of them count as sent and only the latest is mailed, so that a worker that was away does not send a heap.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from types import MappingProxyType

from matchmaker.core.errors import N_
from matchmaker.deals.schedule import Period
from matchmaker.deals.settlement import Settled
from matchmaker.deals.states import PartyRole


class ReminderKind(StrEnum):
    MIDTERM_DUE = "midterm_due"
    FINAL_DUE = "final_due"
    TRIAL_ENDS = "trial_ends"
    DECISION_OVERDUE = "decision_overdue"
    ANSWER_DUE = "answer_due"
    PAYMENT_DUE = "payment_due"
    PAYMENT_OVERDUE = "payment_overdue"
    REPORT_DUE = "report_due"
    REPORT_LATE = "report_late"
    CURE_ENDS = "cure_ends"
    LICENCE_ENDS = "licence_ends"


SENTENCES: Mapping[ReminderKind, str] = MappingProxyType(
    {
        ReminderKind.MIDTERM_DUE: N_("The mid-term report on the trial is due on %(day)s."),
        ReminderKind.FINAL_DUE: N_("The final report on the trial is due before it ends on %(day)s."),
        ReminderKind.TRIAL_ENDS: N_("The trial ends on %(day)s. Decide before then what follows."),
        ReminderKind.DECISION_OVERDUE: N_("The trial ended on %(day)s and nobody has decided what follows."),
        ReminderKind.ANSWER_DUE: N_("A report of the other side has waited for an answer since %(day)s."),
        ReminderKind.PAYMENT_DUE: N_("%(amount_fen)s is due on %(day)s."),
        ReminderKind.PAYMENT_OVERDUE: N_("%(amount_fen)s was due on %(day)s and has not been paid."),
        ReminderKind.REPORT_DUE: N_("A royalty period is over. Its report is due until %(day)s."),
        ReminderKind.REPORT_LATE: N_("The report of a royalty period was due until %(day)s and has not come."),
        ReminderKind.CURE_ENDS: N_("The default can be cured until %(day)s."),
        ReminderKind.LICENCE_ENDS: N_("The licence ends on %(day)s."),
    }
)

_LICENSEE = (PartyRole.LICENSEE,)
_BOTH = (PartyRole.LICENSEE, PartyRole.LICENSOR)

TO: Mapping[ReminderKind, tuple[PartyRole, ...]] = MappingProxyType(
    {
        ReminderKind.MIDTERM_DUE: _LICENSEE,
        ReminderKind.FINAL_DUE: _LICENSEE,
        ReminderKind.TRIAL_ENDS: _BOTH,
        ReminderKind.DECISION_OVERDUE: _BOTH,
        ReminderKind.ANSWER_DUE: _BOTH,
        ReminderKind.PAYMENT_DUE: _LICENSEE,
        ReminderKind.PAYMENT_OVERDUE: _BOTH,
        ReminderKind.REPORT_DUE: _LICENSEE,
        ReminderKind.REPORT_LATE: _BOTH,
        ReminderKind.CURE_ENDS: _LICENSEE,
        ReminderKind.LICENCE_ENDS: _BOTH,
    }
)

# Days before (negative) or after the day in question on which a reminder is due.
BEFORE_TRIAL_END = (-60, -30, -7)
BEFORE_PAYMENT = (-7,)
AFTER_PAYMENT = (1, 30, 60, 90)
AFTER_REPORT = (1, 30, 60)
UNANSWERED = (7, 21)


@dataclass(frozen=True, slots=True)
class Due:
    """A reminder. `mailed`: the latest of its matter, the one that goes out."""

    kind: ReminderKind
    ref: str
    day: date
    fen: int | None = None
    mailed: bool = True


@dataclass(frozen=True, slots=True)
class View:
    """What reminders look at. Days are None, and lists empty, where there is nothing of the kind."""

    trial_ends_on: date | None = None  # while the deal is on trial
    decided_by_terms: bool = False  # the terms say what follows a trial without a decision
    midterm_on: date | None = None  # while there is no mid-term report
    final_missing: bool = False
    unanswered: tuple[tuple[str, date], ...] = ()  # refs of reports that await an answer, and since when
    open_amounts: Sequence[Settled] = ()
    grace_days: int = 0
    unreported: Sequence[tuple[Period, Period]] = ()  # a royalty period and the days in which to report it
    cure_until: date | None = None
    ends_on: date | None = None


def due(view: View, today: date) -> list[Due]:
    """Reminders due by today, in a fixed order; those sent before are for the caller to leave out."""
    return [
        *_trial(view, today),
        *_answers(view, today),
        *_money(view, today),
        *_reports(view, today),
        *_ends(view, today),
    ]


def _passed(
    kind: ReminderKind, matter: str, day: date, offsets: Sequence[int], today: date, fen: int | None = None
) -> Iterator[Due]:
    found = [offset for offset in offsets if today >= day + timedelta(days=offset)]
    for offset in found:
        yield Due(kind, f"{matter}:{offset}", day, fen, mailed=offset == found[-1])


def _trial(view: View, today: date) -> Iterator[Due]:
    if view.midterm_on is not None and view.trial_ends_on is not None:
        yield from _passed(ReminderKind.MIDTERM_DUE, f"{view.midterm_on}", view.midterm_on, (-14, 1), today)
    if view.trial_ends_on is None:
        return
    if view.final_missing:
        yield from _passed(ReminderKind.FINAL_DUE, f"{view.trial_ends_on}", view.trial_ends_on, (-14,), today)
    if today <= view.trial_ends_on:
        offsets = BEFORE_TRIAL_END
        yield from _passed(ReminderKind.TRIAL_ENDS, f"{view.trial_ends_on}", view.trial_ends_on, offsets, today)
    elif not view.decided_by_terms:
        yield from _passed(ReminderKind.DECISION_OVERDUE, f"{view.trial_ends_on}", view.trial_ends_on, (1, 30), today)


def _answers(view: View, today: date) -> Iterator[Due]:
    for ref, since in view.unanswered:
        yield from _passed(ReminderKind.ANSWER_DUE, ref, since, UNANSWERED, today)


def _money(view: View, today: date) -> Iterator[Due]:
    for one in view.open_amounts:
        if not one.open_fen:
            continue
        matter, day, fen = f"{one.due.kind}:{one.due.number}", one.due.due_on, one.open_fen
        yield from _passed(ReminderKind.PAYMENT_DUE, matter, day, BEFORE_PAYMENT, today, fen)
        after = [view.grace_days + days for days in AFTER_PAYMENT]
        yield from _passed(ReminderKind.PAYMENT_OVERDUE, matter, day, after, today, fen)


def _reports(view: View, today: date) -> Iterator[Due]:
    for period, window in view.unreported:
        if today >= window.starts_on:
            yield Due(ReminderKind.REPORT_DUE, f"{period.number}", window.ends_on)
        yield from _passed(ReminderKind.REPORT_LATE, f"{period.number}", window.ends_on, AFTER_REPORT, today)


def _ends(view: View, today: date) -> Iterator[Due]:
    if view.cure_until is not None:
        yield from _passed(ReminderKind.CURE_ENDS, f"{view.cure_until}", view.cure_until, (-7,), today)
    if view.ends_on is not None:
        yield from _passed(ReminderKind.LICENCE_ENDS, f"{view.ends_on}", view.ends_on, (-60, -7), today)
