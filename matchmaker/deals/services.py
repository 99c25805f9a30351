"""Commands on deals. Each step is one row of `states.DEAL`; what the step means for other tables stands here."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import select

from matchmaker.accounts.models import Organisation, OrganisationState, User
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.accounts.services import PasswordWrong, password_fits
from matchmaker.core import access, audit, clock, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.errors import Conflict, IdempotencyMismatch, NotFound
from matchmaker.core.types import canonical_json
from matchmaker.deals import queries, rules, schedule
from matchmaker.deals import royalty as royalties
from matchmaker.deals import terms as agreed
from matchmaker.deals.models import (
    Acceptance,
    Deal,
    DealAchievement,
    Payment,
    RoyaltyReport,
    Signature,
    TermsVersion,
)
from matchmaker.deals.permissions import SIGNATORY, Can
from matchmaker.deals.refusals import (
    AchievementNotPublished,
    CommissionWithoutBroker,
    IntroductionNotFit,
    KeyInvalid,
    MemoUnknown,
    NoAchievement,
    PartyNotFit,
    PartyNotVerified,
    PaymentNotYet,
    PeriodNotOpen,
    ReasonMissing,
    SeveralOwners,
    TermsChanged,
    TermsMissing,
)
from matchmaker.deals.rules import DayOutOfRange
from matchmaker.deals.schedule import Due
from matchmaker.deals.states import (
    DEAL,
    AlreadyAccepted,
    AlreadySigned,
    DealAction,
    NotThisSide,
    PartyRole,
    accepting_step,
    signing_step,
)
from matchmaker.deals.terms import DealKind, OnDate, Terms
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.permissions import Can as IntroductionCan
from matchmaker.ledger import posting
from matchmaker.ledger import queries as journal
from matchmaker.ledger import services as ledger
from matchmaker.ledger.posting import AlreadyReversed
from matchmaker.listings.models import Achievement, ListingState, Revision
from matchmaker.listings.permissions import Can as ListingCan

ACHIEVEMENTS_LIMIT = 20
REVERSAL_MEMOS = ("correction", "entered_twice", "returned_by_bank")
_KEY = re.compile(r"[A-Za-z0-9._:-]{1,100}")


for _name in ("pk_acceptances", "uq_acceptances_deal_id_number_party"):
    constraint_means(_name, AlreadyAccepted)
for _name in ("pk_signatures", "uq_signatures_deal_id_number_party"):
    constraint_means(_name, AlreadySigned)
for _name in ("pk_royalty_reports", "uq_royalty_reports_deal_id_number"):
    constraint_means(_name, PeriodNotOpen)


# --- drafting -------------------------------------------------------------------------------------------------------


@command(Can.DEAL_DRAFT)
def draft_deal(
    actor: Actor,
    _: None,
    *,
    kind: DealKind,
    achievements: Sequence[Achievement],
    licensee: Organisation,
    broker: Organisation | None = None,
    introduction: Introduction | None = None,
    title: str = "",
) -> Deal:
    """Begin a deal over published achievements of one owner, who is the licensor. The actor acts for a party.

    Raises NoAchievement, SeveralOwners, AchievementNotPublished, PartyNotFit, PartyNotVerified, IntroductionNotFit,
    NotThisSide; NotFound for an achievement or introduction the actor may not see.
    """
    achievements = list(dict.fromkeys(achievements))
    _check_achievements(actor, achievements)
    licensor = achievements[0].organisation
    deal = Deal(
        kind=kind,
        title=title or achievements[0].title,
        licensor=licensor,
        licensor_id=licensor.id,
        licensee=licensee,
        licensee_id=licensee.id,
        broker=broker,
        broker_id=broker.id if broker is not None else None,
        introduction=introduction,
        created_at=clock.now(),
        achievements=[
            DealAchievement(
                achievement=achievement,
                revision=_public_revision(achievement),
                position=position,
                title=achievement.title,
            )
            for position, achievement in enumerate(achievements)
        ],
    )
    _check_parties(deal)
    deal.drafted_by_id = deal.parties[_side_in_draft(actor, deal)]
    if introduction is not None:
        access.require(actor, IntroductionCan.INTRODUCTION_VIEW, introduction)
        _check_introduction(deal, introduction)
    db.session.add(deal)
    audit.record(actor, "deal.drafted", deal, kind=str(kind), broker=broker is not None)
    return deal


def _check_achievements(actor: Actor, achievements: Sequence[Achievement]) -> None:
    if not 1 <= len(achievements) <= ACHIEVEMENTS_LIMIT:
        raise NoAchievement(field="achievements", limit=ACHIEVEMENTS_LIMIT)
    for achievement in achievements:
        access.require(actor, ListingCan.ACHIEVEMENT_VIEW, achievement)
        _public_revision(achievement)
    if len({achievement.organisation_id for achievement in achievements}) > 1:
        raise SeveralOwners(field="achievements")


def _public_revision(achievement: Achievement) -> Revision:
    if achievement.state != ListingState.PUBLISHED or achievement.revision is None:
        raise AchievementNotPublished(field="achievements", title=achievement.title)
    return achievement.revision


_KIND_OF_PARTY = {
    PartyRole.LICENSOR: OrganisationKind.UNIVERSITY,
    PartyRole.LICENSEE: OrganisationKind.ENTERPRISE,
    PartyRole.BROKER: OrganisationKind.INTERMEDIARY,
}
"""Each part is taken by one kind, so that no organisation stands on two sides; a CHECK says so as well."""


def _check_parties(deal: Deal) -> None:
    for side, kind in _KIND_OF_PARTY.items():
        party = queries.organisation_on(deal, side)
        if party is None:
            continue
        if party.kind != kind:
            raise PartyNotFit(field=str(side), name=party.name, kind=kind)
        if party.state != OrganisationState.VERIFIED:
            raise PartyNotVerified(field=str(side), name=party.name)


def _check_introduction(deal: Deal, introduction: Introduction) -> None:
    fits = (
        introduction.introduced_at is not None
        and introduction.achievement_organisation_id == deal.licensor_id
        and introduction.need_organisation_id == deal.licensee_id
        and introduction.achievement_id in {row.achievement.id for row in deal.achievements}
    )
    if not fits:
        raise IntroductionNotFit(field="introduction")


def _side(actor: Actor, deal: Deal) -> PartyRole:
    """The side the actor acts for. Only a person of a party takes a side: the platform does not."""
    side = deal.side_of(actor.organisation_id)
    if side is None or actor.user_id is None:
        raise NotThisSide()
    return side


def _side_in_draft(actor: Actor, deal: Deal) -> PartyRole:
    side = _side(actor, deal)
    if not actor.holds(SIGNATORY[side]):
        raise NotThisSide()
    return side


@command(Can.DEAL_EDIT)
def edit_terms(actor: Actor, deal: Deal, *, terms: Terms, seen_version: int | None = None) -> None:
    """Write the working draft, right or wrong: the rules judge it when it is offered.

    With `seen_version`, raises Conflict where someone saved since the form was opened.
    """
    _lock(deal, DealAction.EDIT, seen_version)
    if terms.commission_fen is not None and deal.broker_id is None:
        raise CommissionWithoutBroker(field="commission_fen")
    deal.terms = agreed.to_json(terms)
    deal.kind = terms.kind
    workflow.apply(actor, deal, DEAL, DealAction.EDIT)


@command(Can.DEAL_DISCARD)
def discard_draft(actor: Actor, deal: Deal) -> None:
    _lock(deal, DealAction.DISCARD)
    _finish(actor, deal, DealAction.DISCARD, "")


# --- offer and answer -----------------------------------------------------------------------------------------------


@command(Can.DEAL_OFFER)
def offer_terms(actor: Actor, deal: Deal, *, seen_version: int | None = None) -> TermsVersion:
    """Freeze the draft as the next version and offer it to the other parties. A principal thereby accepts it.

    Raises TermsMissing, and InvalidMany with every hard rule that the terms break. With `seen_version`, raises
    Conflict where the draft is no longer the one that was read.
    """
    _lock(deal, DealAction.OFFER, seen_version)
    terms = deal.draft
    if terms is None:
        raise TermsMissing(field="terms")
    _check_parties(deal)
    for row in deal.achievements:
        row.revision, row.title = _public_revision(row.achievement), row.achievement.title
    rules.validate(terms, queries.context(deal, terms))
    side = _side(actor, deal)
    body = _document(deal, terms)
    version = TermsVersion(
        deal_id=deal.id,
        number=deal.number + 1,
        body=body,
        sha256=hashlib.sha256(canonical_json(body).encode()).hexdigest(),
        offered_by_id=deal.parties[side],
        created_at=clock.now(),
    )
    deal.versions.append(version)
    deal.number, deal.offered_by = version.number, side
    if side != PartyRole.BROKER:
        deal.acceptances.append(Acceptance(**_assent(actor, deal, side)))
    workflow.apply(actor, deal, DEAL, DealAction.OFFER, number=version.number, sha256=version.sha256)
    return version


def _document(deal: Deal, terms: Terms) -> dict[str, Any]:
    """What the parties put their names to: who, over which revisions, on what terms."""
    return {
        "schema": 1,
        "deal": str(deal.id),
        "parties": {str(side): str(party_id) for side, party_id in deal.parties.items()},
        "achievements": [
            {
                "achievement": str(row.achievement_id),
                "revision": row.revision.number,
                "sha256": row.revision.sha256,
                "title": row.title,
            }
            for row in deal.achievements
        ],
        "terms": agreed.to_json(terms),
    }


def _assent(actor: Actor, deal: Deal, side: PartyRole) -> dict[str, Any]:
    return {
        "deal_id": deal.id,
        "number": deal.number,
        "party": side,
        "organisation_id": deal.parties[side],
        "user_id": actor.user_id,
        "at": clock.now(),
    }


@command(Can.DEAL_WITHDRAW)
def withdraw_offer(actor: Actor, deal: Deal) -> None:
    """Take the offer back, until the last signature. What was accepted or signed of it no longer counts."""
    _lock(deal, DealAction.WITHDRAW)
    workflow.apply(actor, deal, DEAL, DealAction.WITHDRAW, number=deal.number)
    deal.offered_by = None


@command(Can.DEAL_ACCEPT)
def accept_offer(actor: Actor, deal: Deal, *, sha256: str) -> None:
    """Accept, for one's side, the version with this hash. The last acceptance missing makes the deal agreed.

    Raises AlreadyAccepted, NotThisSide, TermsChanged; InvalidMany where the terms have come to break a hard rule.
    """
    _lock(deal, DealAction.ACCEPT)
    terms = _version(deal, sha256).terms
    side = _side(actor, deal)
    assert deal.offered_by is not None  # set by every offer
    step = accepting_step(side, offered_by=deal.offered_by, accepted=deal.accepted_by)
    if step is DealAction.ACCEPT:
        _judge_alone(deal, terms)
    deal.acceptances.append(Acceptance(**_assent(actor, deal, side)))
    workflow.apply(actor, deal, DEAL, step, number=deal.number)


def _judge_alone(deal: Deal, terms: Terms) -> None:
    """Judge the terms while no other deal over the same achievements can become agreed: one sole licence at most."""
    ids = sorted(row.achievement_id for row in deal.achievements)
    db.session.execute(select(Achievement.id).where(Achievement.id.in_(ids)).order_by(Achievement.id).with_for_update())
    rules.validate(terms, queries.context(deal, terms))


@command(Can.DEAL_DECLINE)
def decline_offer(actor: Actor, deal: Deal, *, reason: str = "") -> None:
    _lock(deal, DealAction.DECLINE)
    _finish(actor, deal, DealAction.DECLINE, reason)


@command(Can.DEAL_SIGN)
def sign(actor: Actor, deal: Deal, *, sha256: str, password: str) -> None:
    """Sign, for one's side, the version with this hash. The last signature brings the deal into force.

    Raises AlreadySigned, NotThisSide, TermsChanged, PasswordWrong; with the last signature also InvalidMany where
    the terms have come to break a hard rule, such as a licensee that has grown large.
    """
    _lock(deal, DealAction.SIGN)
    version = _version(deal, sha256)
    terms = version.terms
    side = _side(actor, deal)
    awaits_payment = schedule.awaits_payment(terms)
    step = signing_step(side, parties=deal.parties, signed=deal.signed_by, awaits_payment=awaits_payment)
    user = db.session.get_one(User, actor.user_id)
    if not password_fits(user.password_hash, password):
        raise PasswordWrong(field="password")
    deal.signatures.append(Signature(**_assent(actor, deal, side), sha256=version.sha256))
    facts: dict[str, Any] = {"number": version.number, "sha256": version.sha256}
    if step is not DealAction.SIGN:
        facts |= _bring_into_force(deal, terms)
    workflow.apply(actor, deal, DEAL, step, **facts)
    if deal.payment_starts_on is not None:
        _post_dues(actor, deal, queries.dues(deal))


def _bring_into_force(deal: Deal, terms: Terms) -> dict[str, Any]:
    """Set the days that follow from the last signature. Returns the evidence of the licensee's size class."""
    rules.validate(terms, queries.context(deal, terms))
    deal.signed_on = clock.today()
    deal.trial_ends_on = schedule.trial_ends_on(terms)
    if not schedule.awaits_payment(terms):
        assert isinstance(terms.trigger, OnDate)  # every other trigger is awaited
        deal.payment_starts_on = terms.trigger.on
    size = deal.licensee.classification
    return {
        "licensee_size": str(size.size) if size is not None else None,
        "licensee_figures_year": deal.licensee.figures_year,
    }


# --- trial and payment ----------------------------------------------------------------------------------------------


@command(Can.DEAL_START_PAYMENT)
def start_payment(actor: Actor, deal: Deal, *, on: date | None = None, evidence: str = "") -> None:
    """Record that what starts payment has happened. Where the terms fix the day, that day counts and needs no evidence.

    `on` is the day of the event, today if not given. Raises NoEvidence, DayOutOfRange, PaymentNotYet.
    """
    _lock(deal, DealAction.START_PAYMENT)
    terms = _terms(deal)
    fixed = isinstance(terms.trigger, OnDate)
    deal.payment_starts_on = _payment_day(terms, on)
    deal.payment_evidence = evidence.strip() or None
    workflow.apply(
        actor,
        deal,
        DEAL,
        DealAction.START_PAYMENT,
        has_evidence=fixed or deal.payment_evidence is not None,
        on=deal.payment_starts_on.isoformat(),
    )
    _post_dues(actor, deal, queries.dues(deal))


def _payment_day(terms: Terms, on: date | None) -> date:
    today = clock.today()
    if isinstance(terms.trigger, OnDate):
        if today < terms.trigger.on:
            raise PaymentNotYet(starts_on=terms.trigger.on)
        return terms.trigger.on
    return _between(on or today, terms.effective_on, today, field="on")


def _between(day: date, first_on: date, last_on: date, *, field: str) -> date:
    if not first_on <= day <= last_on:
        raise DayOutOfRange(field=field, first_on=first_on, last_on=last_on)
    return day


def _post_dues(actor: Actor, deal: Deal, dues: Sequence[Due]) -> None:
    """The claim to each amount arises now; when it falls due is for the schedule to say."""
    for due in dues:
        if due.fen:
            ledger.post(actor, posting.deal_due(_due_key(deal, due), clock.today(), due.fen, deal=deal.id))


def _due_key(deal: Deal, due: Due) -> str:
    return f"deal:{deal.id}:due:{due.kind}:{due.number}"


@command(Can.DEAL_END)
def end_trial(actor: Actor, deal: Deal, *, documents_returned: bool, reason: str = "") -> None:
    """End the trial without payment. Raises DocumentsNotReturned."""
    _lock(deal, DealAction.END)
    _finish(actor, deal, DealAction.END, reason, documents_returned=documents_returned)


@command(Can.DEAL_REPORT_ROYALTY)
def report_royalty(actor: Actor, deal: Deal, *, number: int, base_fen: int) -> RoyaltyReport:
    """Report the sales or profit of the next royalty period, which must be over; the royalty is due at once.

    Raises PeriodNotOpen.
    """
    _lock(deal, DealAction.REPORT_ROYALTY)
    period = next(iter(queries.unreported_periods(deal)), None)
    if period is None or period.number != number or period.ends_on >= clock.today():
        raise PeriodNotOpen()
    royalty = royalties.royalty_due(_terms(deal), base_fen, period)
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
    _post_dues(actor, deal, [royalty.due])
    return report


@command(Can.DEAL_RECORD_PAYMENT)
def record_payment(
    actor: Actor, deal: Deal, *, fen: int, paid_on: date, note: str = "", idempotency_key: str
) -> Payment:
    """Record money that came in, at most what is outstanding. The same key with the same facts is the same payment.

    Raises IdempotencyMismatch for the same key with other facts, OverPayment, AmountNotPositive, DayOutOfRange.
    """
    if not _KEY.fullmatch(idempotency_key):
        raise KeyInvalid()
    _lock(deal)
    recorded = queries.find_payment_by_key(deal, idempotency_key)
    if recorded is not None:
        if (recorded.fen, recorded.paid_on, recorded.note) != (fen, paid_on, note):
            raise IdempotencyMismatch(idempotency_key=idempotency_key)
        return recorded
    DEAL.step(deal.state, DealAction.RECORD_PAYMENT)
    _between(paid_on, deal.signed_on or clock.today(), clock.today(), field="paid_on")
    key = f"deal:{deal.id}:payment:{idempotency_key}"
    entry = posting.deal_payment(key, paid_on, fen, deal=deal.id, licensee=deal.licensee_id, licensor=deal.licensor_id)
    facts = {"amount_fen": fen, "outstanding_fen": queries.outstanding_fen(deal)}
    workflow.apply(actor, deal, DEAL, DealAction.RECORD_PAYMENT, **facts)
    payment = Payment(
        fen=fen,
        paid_on=paid_on,
        note=note,
        idempotency_key=idempotency_key,
        entry=ledger.post(actor, entry),
        recorded_by_id=actor.user_id,
        created_at=clock.now(),
    )
    deal.payments.append(payment)
    return payment


@command(Can.DEAL_REVERSE_PAYMENT)
def reverse_payment(actor: Actor, deal: Deal, *, payment: Payment, memo_code: str = "correction") -> None:
    """Take a payment back by a counter-posting of today. Raises AlreadyReversed, MemoUnknown."""
    if payment.deal_id != deal.id:
        raise NotFound()
    if memo_code not in REVERSAL_MEMOS:
        raise MemoUnknown(field="memo_code")
    _lock(deal)
    db.session.refresh(payment)
    if payment.reversal_id is not None:
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


# --- the end --------------------------------------------------------------------------------------------------------


@command(Can.DEAL_COMPLETE)
def complete_deal(actor: Actor, deal: Deal) -> None:
    """Declare that everything has come in. Raises StillOwed, PeriodsUnreported."""
    _lock(deal, DealAction.COMPLETE)
    outstanding, unreported = queries.outstanding_fen(deal), len(queries.unreported_periods(deal))
    _finish(actor, deal, DealAction.COMPLETE, "", outstanding_fen=outstanding, unreported=unreported)


@command(Can.DEAL_TERMINATE)
def terminate_deal(actor: Actor, deal: Deal, *, reason: str) -> None:
    """End the licence before its time. What has fallen due stays owed; later amounts are no longer claimed."""
    _lock(deal, DealAction.TERMINATE)
    if not reason.strip():
        raise ReasonMissing(field="reason")
    today = clock.today()
    for due in queries.dues(deal):
        posted = journal.find_entry(_due_key(deal, due))
        if due.due_on > today and posted is not None:
            ledger.reverse(actor, posted, key=f"{posted.idempotency_key}:released", occurred_on=today)
    _finish(actor, deal, DealAction.TERMINATE, reason)


# --- shared ---------------------------------------------------------------------------------------------------------


def _lock(deal: Deal, action: DealAction | None = None, seen_version: int | None = None) -> None:
    """Let commands on one deal follow each other: the later one sees what the earlier did and is told so.

    Raises WrongState where the action is not open now, Conflict where `seen_version` is given and has passed.
    """
    db.session.refresh(deal, with_for_update={"of": Deal})
    if action is not None:
        DEAL.step(deal.state, action)
    if seen_version is not None and seen_version != deal.version:
        raise Conflict()


def _version(deal: Deal, sha256: str) -> TermsVersion:
    """The version last offered, which must be the one that was read."""
    version = deal.version_on_offer
    if version is None or version.sha256 != sha256:
        raise TermsChanged(number=deal.number)
    return version


def _terms(deal: Deal) -> Terms:
    terms = queries.terms_in_force(deal)
    assert terms is not None  # there is no state past the offer without a version
    return terms


def _finish(actor: Actor, deal: Deal, action: DealAction, reason: str, **facts: Any) -> None:
    deal.ended_on = clock.today()
    deal.ended_reason = reason.strip() or None
    workflow.apply(actor, deal, DEAL, action, **facts)
