"""Commands on money that went out: record the payment, order its return, record the return."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

import sqlalchemy as sa

from matchmaker.accounts.models import Organisation
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import command, db
from matchmaker.core.errors import N_, Invalid
from matchmaker.subsidies import budget, recovery, review_queries
from matchmaker.subsidies.models import Claim
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.recovery import HIGHEST_RATE, LONGEST_BAR_MONTHS
from matchmaker.subsidies.review_models import ClaimReview, Recovery
from matchmaker.subsidies.services import bar_of, free_papers, step
from matchmaker.subsidies.states import CLAIM, ClaimAction


class PaidOnInvalid(Invalid):
    """Facts: decided_on."""

    code = "subsidies.paid_on_invalid"
    phrase = N_("The payment lies between the approval on %(decided_on)s and today. Correct the day.")


class RateInvalid(Invalid):
    """Facts: highest."""

    code = "subsidies.rate_invalid"
    phrase = N_("The yearly rate of interest lies between 0 and %(highest)s.")


class BarInvalid(Invalid):
    """Facts: most."""

    code = "subsidies.bar_invalid"
    phrase = N_("The bar lasts from 0 to %(most)s months.")


class ReturnedOnInvalid(Invalid):
    """Facts: ordered_on."""

    code = "subsidies.returned_on_invalid"
    phrase = N_("The repayment lies between the order on %(ordered_on)s and today. Correct the day.")


@command(Can.CLAIM_PAY)
def pay_claim(actor: Actor, claim: Claim, *, paid_on: date) -> None:
    """Record that the approved sum was paid on that day. Raises ClaimantBarred, PaidOnInvalid, WrongState."""
    CLAIM.step(claim.state, ClaimAction.PAY)
    assert claim.decided_at is not None
    decided_on = clock.day_of(claim.decided_at)
    if not decided_on <= paid_on <= clock.today():
        raise PaidOnInvalid(field="paid_on", decided_on=decided_on)
    step(actor, claim, ClaimAction.PAY, {"payer_user_id": actor.user_id, "paid_on": paid_on}, **bar_of(claim))
    db.session.flush()  # the reviews' foreign key wants to find the payer on the claim
    payer = sa.update(ClaimReview).where(ClaimReview.claim_id == claim.id).values(payer_user_id=actor.user_id)
    db.session.execute(payer)
    budget.pay_out(actor, claim)


@command(Can.CLAIM_RECOVER)
def claw_back(actor: Actor, claim: Claim, *, reason: str, yearly_rate: Fraction, bar_months: int) -> Recovery:
    """Order the whole sum back with interest from the payment to today, and bar the claimant from claims for a time.

    Raises ReasonMissing, RateInvalid, BarInvalid, WrongState.
    """
    CLAIM.step(claim.state, ClaimAction.CLAW_BACK)
    if not 0 <= yearly_rate <= HIGHEST_RATE:
        raise RateInvalid(field="rate", highest=HIGHEST_RATE)
    if not 0 <= bar_months <= LONGEST_BAR_MONTHS:
        raise BarInvalid(field="bar_months", most=LONGEST_BAR_MONTHS)
    assert claim.approved_fen is not None
    assert claim.paid_on is not None
    claimant = Organisation.id == claim.claimant_organisation_id
    db.session.execute(sa.select(Organisation.id).where(claimant).with_for_update(key_share=True))  # see `bar_of`
    today, fen = clock.today(), claim.approved_fen
    owed = recovery.interest(fen, yearly_rate, claim.paid_on, today)
    step(actor, claim, ClaimAction.CLAW_BACK, {}, has_reason=bool(reason), fen=fen, interest_fen=owed)
    row = Recovery(
        claim_id=claim.id,
        organisation_id=claim.claimant_organisation_id,
        fen=fen,
        rate=str(yearly_rate),
        interest_fen=owed,
        reason=reason,
        ordered_on=today,
        barred_until=recovery.barred_until(today, bar_months) if bar_months else None,
    )
    db.session.add(row)
    return row


@command(Can.CLAIM_RECOVER)
def record_return(actor: Actor, claim: Claim, *, returned_on: date) -> None:
    """Record that principal and interest came in; the budget has the principal again. Raises ReturnedOnInvalid,
    WrongState.
    """
    CLAIM.step(claim.state, ClaimAction.RECORD_RETURN)
    row = review_queries.find_recovery(claim)
    assert row is not None
    if not row.ordered_on <= returned_on <= clock.today():
        raise ReturnedOnInvalid(field="returned_on", ordered_on=row.ordered_on)
    row.returned_on = returned_on
    step(actor, claim, ClaimAction.RECORD_RETURN, {"live_key": None}, fen=row.fen, interest_fen=row.interest_fen)
    free_papers(claim)
    budget.give_back(actor, claim, row)
