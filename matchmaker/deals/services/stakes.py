"""The register of shares: project money, the stake and its changes, its end, and the completers' part in it."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from typing import Any

from matchmaker.core import audit, clock, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means
from matchmaker.core.errors import NotFound
from matchmaker.deals import rewards, stakes
from matchmaker.deals.models import Deal, DealFile
from matchmaker.deals.permissions import Can
from matchmaker.deals.practice import practice
from matchmaker.deals.refusals import AlreadyStated, NothingToAnswer
from matchmaker.deals.rules import AmountNotPositive
from matchmaker.deals.services.shared import between, given, lock, side_of, terms_of
from matchmaker.deals.stake_models import StakeEntry, StakeReward
from matchmaker.deals.stakes import ExitWay, StakeKind
from matchmaker.deals.states import DEAL, DealAction, NotThisSide

constraint_means("uq_stake_entries_deal_id_about", NothingToAnswer)
constraint_means("pk_stake_rewards", AlreadyStated)


@command(Can.DEAL_DECLARE_STAKE)
def pay_project_money(
    actor: Actor, deal: Deal, *, fen: int, on: date, evidence: str, file: DealFile | None = None
) -> StakeEntry:
    """Enter a part of the project money that was paid on this day. Raises NoShares, NoProjectMoney, MoneyBeyondTerms,
    ReasonMissing without evidence, DayOutOfRange."""
    lock(deal, DealAction.PAY_PROJECT_MONEY)
    stakes.check_money(terms_of(deal), deal.stakes, fen)
    facts = {"fen": fen, "on": _day(deal, on), "text": given(evidence, field="evidence"), "file": file}
    workflow.apply(actor, deal, DEAL, DealAction.PAY_PROJECT_MONEY, amount_fen=fen, on=on.isoformat())
    return _enter(actor, deal, StakeKind.MONEY_PAID, **facts)


@command(Can.DEAL_DECLARE_STAKE)
def take_stake(
    actor: Actor,
    deal: Deal,
    *,
    share: Fraction,
    valued_fen: int,
    on: date,
    reference: str,
    file: DealFile | None = None,
) -> StakeEntry:
    """Enter the share of the company that was registered on this day, with the reference of the market supervision.

    Raises NoShares, AnswerFirst, AlreadyTaken, ShareOutOfRange, AmountNotPositive, ReasonMissing, DayOutOfRange.
    """
    if valued_fen <= 0:
        raise AmountNotPositive(field="fen")
    text = given(reference, field="reference")
    facts = {"fen": valued_fen, "text": text, "file": file}
    return _share_entry(actor, deal, DealAction.TAKE_STAKE, StakeKind.TAKEN, share, on, **facts)


@command(Can.DEAL_DECLARE_STAKE)
def change_stake(
    actor: Actor,
    deal: Deal,
    *,
    sold: bool,
    share: Fraction,
    on: date,
    reason: str,
    proceeds_fen: int = 0,
    file: DealFile | None = None,
) -> StakeEntry:
    """Enter the share that is left after new capital came in, or after a part was sold for `proceeds_fen`.

    Raises NoShares, AnswerFirst, NotTaken, ShareNotSmaller, BeforeTheLast, ReasonMissing, DayOutOfRange.
    """
    kind = StakeKind.SOLD if sold else StakeKind.DILUTED
    facts = {"fen": proceeds_fen if sold else None, "text": given(reason), "file": file}
    return _share_entry(actor, deal, DealAction.CHANGE_STAKE, kind, share, on, **facts)


@command(Can.DEAL_DECLARE_STAKE)
def exit_stake(
    actor: Actor, deal: Deal, *, way: ExitWay, proceeds_fen: int, on: date, reason: str, file: DealFile | None = None
) -> StakeEntry:
    """Enter that all that was left of the stake was given up, for whatever it brought: a loss is entered as it is.

    Raises NoShares, AnswerFirst, NotTaken, BeforeTheLast, ReasonMissing, DayOutOfRange.
    """
    facts = {"fen": proceeds_fen, "way": way, "text": given(reason), "file": file}
    return _share_entry(actor, deal, DealAction.EXIT_STAKE, StakeKind.EXITED, Fraction(0), on, **facts)


def _share_entry(
    actor: Actor, deal: Deal, action: DealAction, kind: StakeKind, share: Fraction, on: date, **facts: Any
) -> StakeEntry:
    lock(deal, action)
    ppm = stakes.ppm_of(share)
    stakes.check_share(terms_of(deal), deal.stakes, kind, ppm, _day(deal, on))
    told = {"share_ppm": ppm, "on": on.isoformat()} | ({"amount_fen": facts["fen"]} if facts["fen"] is not None else {})
    workflow.apply(actor, deal, DEAL, action, **told)
    return _enter(actor, deal, kind, ppm=ppm, on=on, **facts)


def _day(deal: Deal, on: date) -> date:
    return between(on, deal.signed_on or clock.today(), clock.today(), field="on")


def _enter(actor: Actor, deal: Deal, kind: StakeKind, **facts: Any) -> StakeEntry:
    side = side_of(actor, deal)
    entry = StakeEntry(
        number=len(deal.stakes) + 1,
        kind=kind,
        party=side,
        organisation_id=deal.parties[side],
        user_id=actor.user_id,
        at=clock.now(),
        **facts,
    )
    deal.stakes.append(entry)
    return entry


# --- the other side's answer ----------------------------------------------------------------------------------------


@command(Can.DEAL_ANSWER_STAKE)
def confirm_stake(actor: Actor, deal: Deal, *, number: int) -> None:
    """Confirm an entry of the other principal; from now on it counts. Raises NothingToAnswer, NotThisSide."""
    lock(deal, DealAction.CONFIRM_STAKE)
    entry = _to_answer(actor, deal, number)
    workflow.apply(actor, deal, DEAL, DealAction.CONFIRM_STAKE, number=number)
    _enter(actor, deal, StakeKind.CONFIRMED, about=entry.number)


@command(Can.DEAL_ANSWER_STAKE)
def dispute_stake(actor: Actor, deal: Deal, *, number: int, reason: str) -> None:
    """Say that an entry is not so; it does not count, and can be made anew. Raises as above, and ReasonMissing."""
    lock(deal, DealAction.DISPUTE_STAKE)
    entry = _to_answer(actor, deal, number)
    workflow.apply(actor, deal, DEAL, DealAction.DISPUTE_STAKE, number=number)
    _enter(actor, deal, StakeKind.DISPUTED, about=entry.number, text=given(reason))


def _to_answer(actor: Actor, deal: Deal, number: int) -> StakeEntry:
    waiting = {one.number for one in stakes.register(deal.stakes).open}
    entry = next((row for row in deal.stakes if row.number == number and number in waiting), None)
    if entry is None:
        raise NothingToAnswer(field="number")
    if entry.party == side_of(actor, deal):
        raise NotThisSide()
    return entry


# --- reward ---------------------------------------------------------------------------------------------------------


@command(Can.DEAL_STATE_REWARD)
def state_stake_reward(
    actor: Actor, deal: Deal, *, number: int, cost_fen: int = 0, tax_fen: int = 0, rate: Fraction | None = None
) -> StakeReward:
    """State how the completers share in the stake: of the entry by which it was taken, in shares; of one that brought
    money, in what was left of it. At least half of either (law on transformation, art. 45), once for each entry.

    Where the shares themselves were split, what the unit's part brings later is the unit's. Raises NothingToAnswer for
    an entry that does not stand or brings nothing, AlreadyStated, and what `rewards.reward` raises.
    """
    lock(deal)
    entry = next((row for row in deal.stakes if row.number == number), None)
    if entry is None:
        raise NotFound()
    in_shares, terms = entry.kind is StakeKind.TAKEN, terms_of(deal)
    stated = [row.reward for row in deal.stakes if row.reward is not None]
    if entry.reward is not None or (stated and (in_shares or stated[0].in_shares)):
        raise AlreadyStated()  # either in the shares themselves or in what they bring
    if not stakes.brings_reward(deal.stakes, entry):
        raise NothingToAnswer()
    received = (entry.ppm if in_shares else entry.fen) or 0
    share = rate or terms.reward_rate or practice().reward_rate
    cost, tax = (0, 0) if in_shares else (cost_fen, tax_fen)
    found = rewards.reward(received, cost, tax, share, terms.completers or ())
    row = StakeReward(
        in_shares=in_shares,
        received=found.received_fen,
        cost=found.cost_fen,
        tax=found.tax_fen,
        rate=_fraction(share),
        net=found.net_fen,
        pool=found.pool_fen,
        parts=[{"name": one.name, "share": _fraction(one.share), "amount": one.fen} for one in found.parts],
        user_id=actor.user_id,
        created_at=clock.now(),
    )
    entry.reward = row
    audit.record(actor, "deal.stake_reward_stated", deal, number=number, in_shares=in_shares)
    return row


def _fraction(value: Fraction) -> str:
    return f"{value.numerator}/{value.denominator}"
