"""What is put beside a deal: files, the public notice, registration, the intermediary's part, reward statements."""

from __future__ import annotations

import re
import unicodedata
from datetime import date, timedelta
from fractions import Fraction

from matchmaker.accounts.models import User
from matchmaker.core import audit, clock, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.errors import Conflict, NotFound
from matchmaker.core.files import StoredFile
from matchmaker.core.workflow_table import Transition, Workflow
from matchmaker.deals import queries, rewards
from matchmaker.deals.models import (
    ContractType,
    Deal,
    DealFile,
    DealNotice,
    DealObjection,
    FileKind,
    NoticeState,
    Payment,
    Registration,
    RewardStatement,
)
from matchmaker.deals.permissions import Can
from matchmaker.deals.practice import practice
from matchmaker.deals.records import RecordKind
from matchmaker.deals.refusals import (
    AlreadyConfirmed,
    AlreadyStated,
    ApprovedAboveTotal,
    NoBroker,
    NotAgreed,
    NoticeDaysWrong,
    NoticeExists,
    NoticeReplaced,
    NotSigned,
    NumberMissing,
    NumberTaken,
    ObjectionDecided,
    PaymentTakenBack,
)
from matchmaker.deals.rules import AmountNegative
from matchmaker.deals.services.shared import between, declare, given, lock, terms_of
from matchmaker.deals.states import DealState

NOTICE_DAYS_LIMIT = 90

NOTICE = Workflow(
    "notice",
    NoticeState.OPEN,
    [
        Transition(NoticeState.OPEN, "object", NoticeState.SUSPENDED, "notice.objected", Can.NOTICE_OBJECT),
        Transition(NoticeState.SUSPENDED, "object", NoticeState.SUSPENDED, "notice.objected", Can.NOTICE_OBJECT),
        Transition(NoticeState.SUSPENDED, "reject", NoticeState.OPEN, "notice.resumed", Can.NOTICE_DECIDE),
        Transition(NoticeState.SUSPENDED, "uphold", NoticeState.UPHELD, "notice.upheld", Can.NOTICE_DECIDE),
    ],
    final=[NoticeState.UPHELD],
)

constraint_means("uq_notices_deal_id_number", NoticeExists)
constraint_means("uq_contract_registrations_number_key", NumberTaken)
constraint_means("pk_contract_registrations", Conflict)
constraint_means("uq_reward_statements_payment_id", AlreadyStated)


# --- files ----------------------------------------------------------------------------------------------------------


@command(Can.DEAL_ATTACH)
def attach_file(actor: Actor, deal: Deal, *, kind: FileKind, file: StoredFile, name: str, note: str = "") -> DealFile:
    """Attach a stored file to the deal, in any state. `name` is the display name."""
    row = DealFile(
        deal_id=deal.id,
        kind=kind,
        file=file,
        name=name,
        note=note,
        organisation_id=actor.organisation_id,
        created_at=clock.now(),
    )
    deal.files.append(row)
    audit.record(actor, "deal.file_attached", deal, kind=str(kind), sha256=file.sha256)
    return row


# --- public notice --------------------------------------------------------------------------------------------------


@command(Can.NOTICE_PUBLISH)
def publish_notice(actor: Actor, deal: Deal, *, summary: str, days: int | None = None) -> DealNotice:
    """Publish the agreed terms for everyone to read, from today, for at least fifteen days.

    The day of publication counts; signing is open from the day after the last one. Raises NoticeExists,
    NoticeDaysWrong, ReasonMissing for a blank summary, NotAgreed.
    """
    lock(deal)
    if deal.state != DealState.AGREED:
        raise NotAgreed()
    least = practice().notice_days
    length = least if days is None else days
    if not least <= length <= NOTICE_DAYS_LIMIT:
        raise NoticeDaysWrong(field="days", low=least, high=NOTICE_DAYS_LIMIT)
    if queries.notice(deal) is not None:
        raise NoticeExists()
    today = clock.today()
    row = DealNotice(
        deal_id=deal.id,
        number=deal.number,
        terms_version=deal.version_on_offer,
        licensor_id=deal.licensor_id,
        summary=given(summary),
        starts_on=today,
        ends_on=today + timedelta(days=length - 1),
        created_at=clock.now(),
    )
    deal.notices.append(row)
    audit.record(actor, "deal.notice_published", deal, number=deal.number, ends_on=row.ends_on.isoformat())
    return row


@command(Can.NOTICE_OBJECT)
def object_to_notice(actor: Actor, notice: DealNotice, *, text: str, objector: str = "") -> DealObjection:
    """Object while the notice runs; it is suspended until the licensor has decided.

    `objector`: in whose name, where the officer enters an objection that came on paper. Raises WrongState,
    NoticeReplaced.
    """
    db.session.refresh(notice, with_for_update={"of": DealNotice})
    NOTICE.step(notice.state, "object")
    if notice.replaced:
        raise NoticeReplaced()
    between(clock.today(), notice.starts_on, notice.ends_on, field="text")
    row = DealObjection(
        objector=objector.strip() or actor.organisation_name or _name(actor),
        text=given(text),
        user_id=actor.user_id,
        created_at=clock.now(),
    )
    notice.objections.append(row)
    notice.suspended_on = notice.suspended_on or clock.today()
    workflow.apply(actor, notice, NOTICE, "object")
    audit.record(actor, "deal.notice_objected", notice.deal, number=notice.number)
    return row


def _name(actor: Actor) -> str:
    user = db.session.get(User, actor.user_id) if actor.user_id is not None else None
    return user.name if user is not None else actor.name


@command(Can.NOTICE_DECIDE)
def decide_objection(
    actor: Actor, notice: DealNotice, *, objection: DealObjection, upheld: bool, decision: str
) -> None:
    """Record what was found out and decided. Upheld: these terms are not signed. Rejected: the notice goes on, longer
    by the days it was suspended, once no other objection is open.

    Raises ObjectionDecided, ReasonMissing, WrongState.
    """
    if objection.notice_id != notice.id:
        raise NotFound()
    db.session.refresh(notice, with_for_update={"of": DealNotice})
    db.session.refresh(objection)
    if objection.upheld is not None:
        raise ObjectionDecided()
    objection.decision, objection.upheld, objection.decided_on = given(decision), upheld, clock.today()
    still_open = any(row.upheld is None for row in notice.objections)
    deal = notice.deal
    if upheld:
        notice.suspended_on = None
        workflow.apply(actor, notice, NOTICE, "uphold")
        audit.record(actor, "deal.notice_upheld", deal, number=notice.number)
    elif not still_open:
        since = notice.suspended_on or clock.today()
        notice.ends_on += clock.today() - since
        notice.suspended_on = None
        workflow.apply(actor, notice, NOTICE, "reject")
        audit.record(actor, "deal.notice_resumed", deal, number=notice.number, ends_on=notice.ends_on.isoformat())
    else:
        audit.record(actor, "notice.objection_rejected", notice)


# --- registration ---------------------------------------------------------------------------------------------------


def number_key(number: str) -> str:
    """A registration number as it is compared: NFKC, upper case, without spaces and hyphens."""
    return re.sub(r"[\s\-‐-―]+", "", unicodedata.normalize("NFKC", number)).upper()


@command(Can.DEAL_REGISTER)
def register_contract(
    actor: Actor,
    deal: Deal,
    *,
    type: ContractType,
    number: str,
    total_fen: int,
    approved_fen: int,
    registered_on: date,
    certificate: DealFile | None = None,
) -> Registration:
    """Record the registration of the technical contract with the number the office gave it, which is unique.

    Raises NotSigned, NumberMissing, NumberTaken, ApprovedAboveTotal, AmountNegative, DayOutOfRange.
    """
    lock(deal)
    if deal.signed_on is None:
        raise NotSigned()
    if not number_key(number):
        raise NumberMissing(field="number")
    if approved_fen < 0:
        raise AmountNegative(field="approved_fen")
    if approved_fen > total_fen:
        raise ApprovedAboveTotal(field="approved_fen")
    between(registered_on, deal.signed_on, clock.today(), field="registered_on")
    facts = {
        "type": type,
        "number": number.strip(),
        "number_key": number_key(number),
        "total_fen": total_fen,
        "approved_fen": approved_fen,
        "registered_on": registered_on,
        "certificate": certificate,
        "recorded_by_id": actor.user_id,
    }
    row = deal.registration
    if row is None:
        row = Registration(deal_id=deal.id, created_at=clock.now(), **facts)
        deal.registration = row
    else:  # a correction: the log keeps what was said before
        for name, value in facts.items():
            setattr(row, name, value)
    audit.record(actor, "deal.registered", deal, total_fen=total_fen, approved_fen=approved_fen)
    return row


# --- the intermediary -----------------------------------------------------------------------------------------------


@command(Can.DEAL_CONFIRM_BROKER)
def confirm_broker(actor: Actor, deal: Deal, *, note: str = "") -> None:
    """A principal confirms that the intermediary brought the deal about. Each principal once; never changed.

    Raises NoBroker, AlreadyConfirmed.
    """
    lock(deal)
    if deal.broker_id is None:
        raise NoBroker()
    side = deal.side_of(actor.organisation_id)
    if any(row.kind == RecordKind.BROKER_CONFIRMED and row.party == side for row in deal.records):
        raise AlreadyConfirmed()
    declare(actor, deal, RecordKind.BROKER_CONFIRMED, text=note.strip())
    audit.record(actor, "deal.broker_confirmed", deal, broker=str(deal.broker_id))


# --- reward ---------------------------------------------------------------------------------------------------------


@command(Can.DEAL_STATE_REWARD)
def state_reward(
    actor: Actor, deal: Deal, *, payment: Payment, cost_fen: int = 0, tax_fen: int = 0, rate: Fraction | None = None
) -> RewardStatement:
    """State how a payment is shared with those who made the achievement. Once for each payment.

    `rate`: the terms' or the platform's, if not given. Raises AlreadyStated, PaymentTakenBack, and what
    `rewards.reward` raises.
    """
    if payment.deal_id != deal.id:
        raise NotFound()
    lock(deal)
    db.session.refresh(payment)
    if not payment.stands:
        raise PaymentTakenBack()
    if payment.reward is not None:
        raise AlreadyStated()
    terms = terms_of(deal)
    share = rate or terms.reward_rate or practice().reward_rate
    found = rewards.reward(payment.fen, cost_fen, tax_fen, share, terms.completers or ())
    row = RewardStatement(
        deal_id=deal.id,
        payment_id=payment.id,
        received_fen=found.received_fen,
        cost_fen=found.cost_fen,
        tax_fen=found.tax_fen,
        rate=f"{share.numerator}/{share.denominator}",
        net_fen=found.net_fen,
        pool_fen=found.pool_fen,
        parts=[
            {"name": one.name, "share": f"{one.share.numerator}/{one.share.denominator}", "fen": one.fen}
            for one in found.parts
        ],
        user_id=actor.user_id,
        created_at=clock.now(),
    )
    payment.reward = row
    audit.record(actor, "deal.reward_stated", deal, payment=str(payment.id), amount_fen=found.pool_fen)
    return row
