"""Budgets by programme and year, and each claimant's allowance: taken from by one guarded statement, never overspent.

`reserve` is a conditional UPDATE: of any number of proposals at once, exactly those that fit get through, on SQLite and
PostgreSQL alike (RELIABILITY finding 1). Reading the sum first and writing after would let all of them through.
`grant` turns what is reserved into what is used; `release`, `ungrant` and `give_back` return it to the fen.
Every movement is also a posting, so that budget and journal can be held against each other.
"""

from __future__ import annotations

import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from matchmaker.core import audit, clock
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.errors import N_, Conflict, Invalid
from matchmaker.core.money import within_limit
from matchmaker.ledger import posting
from matchmaker.ledger import queries as journal
from matchmaker.ledger import services as ledger
from matchmaker.ledger.posting import Entry, Leg
from matchmaker.subsidies import queries
from matchmaker.subsidies.amounts import OverCap
from matchmaker.subsidies.models import Allowance, Budget, Claim
from matchmaker.subsidies.permissions import Can
from matchmaker.subsidies.review_models import Recovery

FIRST_YEAR, LAST_YEAR = 2025, 2099


class NoBudget(Invalid):
    """Facts: programme, year."""

    code = "subsidies.no_budget"
    phrase = N_("No budget is set for programme %(programme)s in %(year)s. Ask an administrator to set it first.")


class BudgetExhausted(Invalid):
    """Facts: programme, year, free_fen, amount_fen."""

    code = "subsidies.budget_exhausted"
    phrase = N_(
        "The budget of programme %(programme)s for %(year)s has %(free_fen)s left; this takes %(amount_fen)s. "
        "Propose less, or ask an administrator to raise the budget."
    )


class BelowUsed(Invalid):
    """Facts: used_fen."""

    code = "subsidies.below_used"
    phrase = N_("%(used_fen)s of this budget is already granted or reserved. Set the total to that sum or more.")


class YearOutOfRange(Invalid):
    """Facts: first, last."""

    code = "subsidies.year_out_of_range"
    phrase = N_("Budgets are set for the years %(first)s to %(last)s.")


constraint_means("uq_budgets_programme_year", Conflict)


@command(Can.BUDGET_SET)
def set_total(actor: Actor, _: None, *, programme: str, year: int, total_fen: int) -> Budget:
    """Set how much a programme has for a year; the change is posted.

    Raises BelowUsed, YearOutOfRange, AmountTooLarge; Conflict where someone else set it at the same time.
    """
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise YearOutOfRange(field="year", first=FIRST_YEAR, last=LAST_YEAR)
    if within_limit(total_fen, field="total_fen") < 0:
        raise BelowUsed(field="total_fen", used_fen=0)
    budget = queries.find_budget(programme, year)
    if budget is None:
        budget, before = Budget(programme=programme, year=year, total_fen=total_fen), 0
        db.session.add(budget)
        db.session.flush()
    else:
        before = budget.total_fen
        _set(budget, total_fen)
    if total_fen != before:
        ledger.post(actor, _appropriation(budget, total_fen - before))
    audit.record(actor, "budget.total_set", budget, programme=programme, year=year, before=before, total_fen=total_fen)
    return budget


def _set(budget: Budget, total_fen: int) -> None:
    fits = (
        Budget.id == budget.id,
        Budget.revision == budget.revision,
        Budget.used_fen + Budget.reserved_fen <= total_fen,
    )
    values = {"total_fen": total_fen, "revision": Budget.revision + 1}
    set_now = _changed(sa.update(Budget).where(*fits).values(values))
    db.session.refresh(budget)
    if not set_now:
        if budget.used_fen + budget.reserved_fen > total_fen:
            raise BelowUsed(field="total_fen", used_fen=budget.used_fen + budget.reserved_fen)
        raise Conflict()


def _appropriation(budget: Budget, fen: int) -> Entry:
    """Posting of a change of the total: a cut is the raise with its sides exchanged."""
    key = f"budget:{budget.id}:total:{budget.revision}"
    entry = posting.budget_appropriation(key, clock.today(), abs(fen), programme=budget.programme, year=budget.year)
    if fen > 0:
        return entry
    legs = tuple(Leg(leg.account, -leg.fen) for leg in entry.legs)
    return Entry(key, entry.kind, entry.occurred_on, legs, entry.memo_code)


def reserve(actor: Actor, claim: Claim, *, fen: int, cap_fen: int) -> None:
    """Reserve a proposed sum in the claimant's allowance and in the budget, both or neither; part of the proposal.

    Everyone takes allowances before budgets, so that proposals cannot wait for each other in a circle.
    Raises OverCap, BudgetExhausted, NoBudget.
    """
    _take_allowance(claim, fen, cap_fen)
    fits = Budget.used_fen + Budget.reserved_fen + fen <= Budget.total_fen
    if not _changed(sa.update(Budget).where(*_budget_of(claim), fits).values(reserved_fen=Budget.reserved_fen + fen)):
        raise _exhausted(claim, fen)
    _post_once(actor, posting.budget_reservation(_key(claim, "reservation"), clock.today(), fen, **_line(claim)))


def grant(actor: Actor, claim: Claim) -> None:
    """What was reserved for a claim is used now. Raises Conflict where nothing is reserved, or it was moved before."""
    fen = _posted_fen(claim, "reservation")
    if journal.find_entry(_key(claim, "release")) is not None:
        raise Conflict()
    values = {"reserved_fen": Budget.reserved_fen - fen, "used_fen": Budget.used_fen + fen}
    _move(claim, Budget.reserved_fen >= fen, values)
    _post_once(actor, posting.budget_commitment(_key(claim, "commitment"), clock.today(), fen, **_line(claim)))


def release(actor: Actor, claim: Claim) -> None:
    """Return exactly what is reserved for a claim. Raises Conflict where nothing is, or it was committed or released
    before.
    """
    fen = _posted_fen(claim, "reservation")
    if journal.find_entry(_key(claim, "commitment")) is not None:
        raise Conflict()
    _move(claim, Budget.reserved_fen >= fen, {"reserved_fen": Budget.reserved_fen - fen})
    _return_allowance(claim, fen)
    row, key = journal.find_entry(_key(claim, "reservation")), _key(claim, "release")
    assert row is not None
    if journal.find_entry(key) is not None:
        raise Conflict()
    ledger.reverse(actor, row, key=key, occurred_on=clock.today(), memo_code="reservation_released")


def ungrant(actor: Actor, claim: Claim) -> None:
    """Return what was committed for a claim that was not paid. Raises Conflict where nothing was, or it was paid or
    returned.
    """
    if journal.find_entry(_key(claim, "payout")) is not None:
        raise Conflict()
    _ungrant(actor, claim)


def give_back(actor: Actor, claim: Claim, order: Recovery) -> None:
    """A paid subsidy came back: its payment is taken back and the budget has it again; interest is no part of the
    budget.

    Raises Conflict where nothing was paid, or it was given back before.
    """
    payout, assigned = journal.find_entry(_key(claim, "payout")), _key(claim, "recovery")
    if payout is None or journal.find_entry(assigned) is not None:
        raise Conflict()
    assert order.returned_on is not None
    ledger.reverse(actor, payout, key=assigned, occurred_on=order.returned_on, memo_code="subsidy_recovered")
    _ungrant(actor, claim)
    if order.interest_fen:
        key, who = _key(claim, "interest"), claim.claimant_organisation_id
        paid = posting.subsidy_interest(key, order.returned_on, order.interest_fen, beneficiary=who, **_line(claim))
        _post_once(actor, paid)


def _ungrant(actor: Actor, claim: Claim) -> None:
    fen = _posted_fen(claim, "commitment")
    _move(claim, Budget.used_fen >= fen, {"used_fen": Budget.used_fen - fen})
    _return_allowance(claim, fen)
    _post_once(actor, posting.budget_release(_key(claim, "release"), clock.today(), fen, **_line(claim)))


def _line(claim: Claim) -> dict[str, Any]:
    return {"programme": claim.programme, "year": claim.year}


def _posted_fen(claim: Claim, movement: str) -> int:
    """What was posted for a claim. Raises Conflict where nothing was."""
    entry = journal.find_entry(_key(claim, movement))
    if entry is None:
        raise Conflict()
    return max(leg.fen for leg in entry.legs)


def _move(claim: Claim, fits: sa.ColumnElement[bool], values: dict[str, Any]) -> None:
    if not _changed(sa.update(Budget).where(*_budget_of(claim), fits).values(values)):
        raise Conflict()


def _return_allowance(claim: Claim, fen: int) -> None:
    returned = sa.update(Allowance).where(*_allowance_of(claim), Allowance.used_fen >= fen)
    if not _changed(returned.values(used_fen=Allowance.used_fen - fen)):
        raise Conflict()


def pay_out(actor: Actor, claim: Claim) -> None:
    """Post that the approved sum went to the claimant."""
    assert claim.approved_fen is not None
    assert claim.paid_on is not None
    entry = posting.subsidy_payout(
        _key(claim, "payout"),
        claim.paid_on,
        claim.approved_fen,
        programme=claim.programme,
        year=claim.year,
        beneficiary=claim.claimant_organisation_id,
    )
    _post_once(actor, entry)


def _key(claim: Claim, movement: str) -> str:
    return f"claim:{claim.id}:{movement}"


def _post_once(actor: Actor, entry: Entry) -> None:
    """Post, after the guarded statement: a posting that is there already means that the money moved before."""
    if journal.find_entry(entry.idempotency_key) is not None:
        raise Conflict()
    ledger.post(actor, entry)


def _take_allowance(claim: Claim, fen: int, cap_fen: int) -> None:
    where = _allowance_of(claim)
    if queries.find_allowance(claim) is None:
        _open_allowance(claim, cap_fen)
    taken = sa.update(Allowance).where(*where, Allowance.used_fen + fen <= cap_fen)
    if not _changed(taken.values(used_fen=Allowance.used_fen + fen, cap_fen=cap_fen)):
        allowance = queries.find_allowance(claim)
        granted_fen = allowance.used_fen if allowance is not None else 0
        left_fen = max(cap_fen - granted_fen, 0)
        raise OverCap(field="fen", cap_fen=cap_fen, granted_fen=granted_fen, left_fen=left_fen)


def _open_allowance(claim: Claim, cap_fen: int) -> None:
    values = {
        "id": uuid.uuid4(),
        "claimant_organisation_id": claim.claimant_organisation_id,
        "clause_id": claim.clause_id,
        "period": claim.period,
        "cap_fen": cap_fen,
        "used_fen": 0,
    }
    try:
        with db.session.begin_nested():
            db.session.execute(sa.insert(Allowance).values(values))
    except IntegrityError:
        pass  # another approval opened it at this moment


def _exhausted(claim: Claim, fen: int) -> Invalid:
    budget = queries.find_budget(claim.programme, claim.year)
    if budget is None:
        return NoBudget(programme=claim.programme, year=claim.year)
    free_fen, facts = budget.free_fen, {"programme": claim.programme, "year": claim.year}
    return BudgetExhausted(field="fen", free_fen=free_fen, amount_fen=fen, **facts)


def _budget_of(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return (Budget.programme == claim.programme, Budget.year == claim.year)


def _allowance_of(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Allowance.claimant_organisation_id == claim.claimant_organisation_id,
        Allowance.clause_id == claim.clause_id,
        Allowance.period == claim.period,
    )


def _changed(statement: sa.Update) -> bool:
    """Whether the statement found its row. Rows already read are read again when next asked for."""
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    for row in list(db.session.identity_map.values()):
        if isinstance(row, Budget | Allowance):
            db.session.expire(row)
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]
