"""Royalty statements, payments and penalties."""

from __future__ import annotations

import re
from datetime import date

from matchmaker.core import clock, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.errors import IdempotencyMismatch, NotFound
from matchmaker.deals import queries, records
from matchmaker.deals import royalty as royalties
from matchmaker.deals.models import Channel, Deal, DealFile, Payment, RoyaltyReport
from matchmaker.deals.permissions import Can
from matchmaker.deals.practice import practice
from matchmaker.deals.records import RecordKind
from matchmaker.deals.refusals import (
    DueUnknown,
    KeyInvalid,
    MemoUnknown,
    NoAuditRight,
    NoPenalty,
    NothingToAnswer,
    PeriodNotOpen,
)
from matchmaker.deals.services.shared import between, declare, given, lock, post_dues, terms_of
from matchmaker.deals.settlement import Target
from matchmaker.deals.states import DEAL, DealAction, DealState
from matchmaker.ledger import posting
from matchmaker.ledger import services as ledger
from matchmaker.ledger.posting import AlreadyReversed

REVERSAL_MEMOS = ("correction", "entered_twice", "returned_by_bank")
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,100}")

for _name in ("pk_royalty_reports", "uq_royalty_reports_deal_id_number"):
    constraint_means(_name, PeriodNotOpen)


# --- royalties ------------------------------------------------------------------------------------------------------


@command(Can.DEAL_REPORT_ROYALTY)
def report_royalty(actor: Actor, deal: Deal, *, number: int, base_fen: int) -> RoyaltyReport:
    """Report the sales or profit of the next royalty period, which must be over; the royalty is owed at once.

    Raises PeriodNotOpen.
    """
    lock(deal, DealAction.REPORT_ROYALTY)
    period = next(iter(queries.unreported_periods(deal)), None)
    if period is None or period.number != number or period.ends_on >= clock.today():
        raise PeriodNotOpen()
    before = queries.royalty_statements(deal)
    royalty = royalties.royalty_due(
        terms_of(deal),
        base_fen,
        period,
        before_fen=sum(max(one.base_fen, 0) for one in before),
        charged_fen=sum(one.due.fen for one in before),
        workdays=practice().workdays,
    )
    report = RoyaltyReport(
        number=number,
        base_fen=base_fen,
        fen=royalty.due.fen,
        reported_by_id=actor.user_id,
        created_at=clock.now(),
    )
    deal.royalty_reports.append(report)
    facts = {"number": number, "base_fen": base_fen, "amount_fen": royalty.due.fen}
    workflow.apply(actor, deal, DEAL, DealAction.REPORT_ROYALTY, **facts)
    post_dues(actor, deal, [royalty.due])
    return report


@command(Can.DEAL_ANSWER_ROYALTY)
def confirm_royalty(actor: Actor, deal: Deal, *, number: int) -> None:
    """Accept a statement as reported or corrected. Raises NothingToAnswer."""
    lock(deal, DealAction.CONFIRM_ROYALTY)
    _check_among(number, queries.answerable_reports(deal))
    declare(actor, deal, RecordKind.ROYALTY_CONFIRMED, about=number)
    workflow.apply(actor, deal, DEAL, DealAction.CONFIRM_ROYALTY, number=number)


@command(Can.DEAL_ANSWER_ROYALTY)
def dispute_royalty(actor: Actor, deal: Deal, *, number: int, reason: str, audit: bool = False) -> None:
    """Dispute a statement, or order the inspection of accounts that the terms allow (Civil Code art. 846).

    Raises NothingToAnswer, NoAuditRight, ReasonMissing.
    """
    lock(deal, DealAction.DISPUTE_ROYALTY)
    _check_among(number, queries.answerable_reports(deal))
    if audit and not terms_of(deal).audit:
        raise NoAuditRight(field="audit")
    kind = RecordKind.ROYALTY_AUDITED if audit else RecordKind.ROYALTY_DISPUTED
    declare(actor, deal, kind, about=number, text=given(reason))
    workflow.apply(actor, deal, DEAL, DealAction.DISPUTE_ROYALTY, number=number, audit=audit)


@command(Can.DEAL_REPORT_ROYALTY)
def correct_royalty(
    actor: Actor, deal: Deal, *, number: int, base_fen: int, reason: str, file: DealFile | None = None
) -> None:
    """Correct a statement that was disputed or audited; later ones follow where tiers add up over the whole life.

    Raises NothingToAnswer, ReasonMissing.
    """
    lock(deal, DealAction.CORRECT_ROYALTY)
    _check_among(number, queries.correctable_reports(deal))
    declare(actor, deal, RecordKind.ROYALTY_CORRECTED, about=number, fen=base_fen, text=given(reason), file=file)
    statements = queries.royalty_statements(deal)
    facts = {"number": number, "base_fen": base_fen, "amount_fen": statements[number - 1].due.fen}
    workflow.apply(actor, deal, DEAL, DealAction.CORRECT_ROYALTY, **facts)
    post_dues(actor, deal, [one.due for one in statements])


def _check_among(number: int, numbers: list[int]) -> None:
    if number not in numbers:
        raise NothingToAnswer(field="number")


# --- payments -------------------------------------------------------------------------------------------------------


@command(Can.DEAL_RECORD_PAYMENT)
def record_payment(
    actor: Actor,
    deal: Deal,
    *,
    fen: int,
    paid_on: date,
    note: str = "",
    idempotency_key: str,
    channel: Channel = Channel.BANK,
    target: Target | None = None,
    receipt: DealFile | None = None,
) -> Payment:
    """Record money that came in, at most what is outstanding, or open on the amount it is for (`target`).

    The same key with the same facts is the same payment. Raises IdempotencyMismatch for the same key with other
    facts, OverPayment, DueUnknown, AmountNotPositive, DayOutOfRange.
    """
    if not _KEY.fullmatch(idempotency_key):
        raise KeyInvalid()
    lock(deal)
    recorded = queries.find_payment_by_key(deal, idempotency_key)
    if recorded is not None:
        _check_replay(recorded, fen=fen, paid_on=paid_on, note=note, channel=channel, target=target)
        return recorded
    DEAL.step(deal.state, DealAction.RECORD_PAYMENT)
    between(paid_on, deal.signed_on or clock.today(), clock.today(), field="paid_on")
    key = f"deal:{deal.id}:payment:{idempotency_key}"
    entry = posting.deal_payment(key, paid_on, fen, deal=deal.id, licensee=deal.licensee_id, licensor=deal.licensor_id)
    facts = {"amount_fen": fen, "outstanding_fen": _open_fen(deal, target)}
    workflow.apply(actor, deal, DEAL, DealAction.RECORD_PAYMENT, **facts)
    payment = Payment(
        fen=fen,
        paid_on=paid_on,
        note=note,
        channel=channel,
        due_kind=target[0] if target is not None else None,
        due_number=target[1] if target is not None else None,
        receipt=receipt,
        idempotency_key=idempotency_key,
        entry=ledger.post(actor, entry),
        recorded_by_id=actor.user_id,
        created_at=clock.now(),
    )
    deal.payments.append(payment)
    db.session.flush()
    if deal.state == DealState.DEFAULTED and _is_cured(deal):
        workflow.apply(actor, deal, DEAL, DealAction.CURE)
    return payment


def _check_replay(row: Payment, **facts: object) -> None:
    target = (row.due_kind, row.due_number) if row.due_kind is not None else None
    known = {"fen": row.fen, "paid_on": row.paid_on, "note": row.note, "channel": row.channel, "target": target}
    if known != facts:
        raise IdempotencyMismatch(idempotency_key=row.idempotency_key)


def _open_fen(deal: Deal, target: Target | None) -> int:
    """What may still be paid: in all, or on one amount. A payment for one amount never pushes others over."""
    allocation = queries.allocation(deal)
    if target is None:
        return allocation.open_fen
    found = [one for one in allocation.settled if (one.due.kind, one.due.number) == target]
    if not found:
        raise DueUnknown(field="target")
    return min(found[0].open_fen, allocation.open_fen)


def _is_cured(deal: Deal) -> bool:
    today = clock.today()
    return queries.overdue_fen(deal, today) == 0 and not queries.late_reports(deal, today)


@command(Can.DEAL_REVERSE_PAYMENT)
def reverse_payment(actor: Actor, deal: Deal, *, payment: Payment, memo_code: str = "correction") -> None:
    """Take a payment back by a counter-posting of today. Raises AlreadyReversed, MemoUnknown."""
    if payment.deal_id != deal.id:
        raise NotFound()
    if memo_code not in REVERSAL_MEMOS:
        raise MemoUnknown(field="memo_code")
    lock(deal)
    db.session.refresh(payment)
    if not payment.stands:
        raise AlreadyReversed()
    facts = {"payment": str(payment.id), "amount_fen": payment.fen, "memo": memo_code}
    workflow.apply(actor, deal, DEAL, DealAction.REVERSE_PAYMENT, **facts)
    payment.reversal = ledger.reverse(
        actor,
        payment.entry,
        key=f"{payment.entry.idempotency_key}:reversal",
        occurred_on=clock.today(),
        memo_code=memo_code,
    )


# --- penalties ------------------------------------------------------------------------------------------------------


@command(Can.DEAL_CHARGE_PENALTY)
def charge_penalty(actor: Actor, deal: Deal, *, target: Target) -> int:
    """Charge the penalty that has run up on an amount to this day; it is owed from today. Returns it in fen.

    The days charged are not charged again. Raises NoPenalty.
    """
    lock(deal, DealAction.CHARGE_PENALTY)
    today = clock.today()
    running = {(one.due.kind, one.due.number): one for one in queries.penalties(deal, today)}
    charge = running.get(target)
    if charge is None:
        raise NoPenalty(field="target")
    declare(actor, deal, RecordKind.PENALTY_CHARGED, ref=records.target_ref(target), on=today, fen=charge.fen)
    facts = {"due": records.target_ref(target), "amount_fen": charge.fen, "until": today.isoformat()}
    workflow.apply(actor, deal, DEAL, DealAction.CHARGE_PENALTY, **facts)
    post_dues(actor, deal, [records.charged(deal.records)[-1].due])
    return charge.fen
