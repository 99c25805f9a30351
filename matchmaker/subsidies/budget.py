"""Budgets by programme and year, and each claimant's allowance: taken from by one guarded statement, never overspent.

`take` is a conditional UPDATE: of any number of approvals at once, exactly those that fit get through, on SQLite and
PostgreSQL alike (RELIABILITY finding 1). Reading the sum first and writing after would let all of them through.
Every movement is also a posting, so that budget and journal can be held against each other.
"""

from __future__ import annotations

import uuid

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
        "Approve less, or ask an administrator to raise the budget."
    )


class BelowUsed(Invalid):
    """Facts: used_fen."""

    code = "subsidies.below_used"
    phrase = N_("%(used_fen)s of this budget is already granted. Set the total to that sum or more.")


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
    fits = (Budget.id == budget.id, Budget.revision == budget.revision, Budget.used_fen <= total_fen)
    values = {"total_fen": total_fen, "revision": Budget.revision + 1}
    set_now = _changed(sa.update(Budget).where(*fits).values(values))
    db.session.refresh(budget)
    if not set_now:
        if budget.used_fen > total_fen:
            raise BelowUsed(field="total_fen", used_fen=budget.used_fen)
        raise Conflict()


def _appropriation(budget: Budget, fen: int) -> Entry:
    """Posting of a change of the total: a cut is the raise with its sides exchanged."""
    key = f"budget:{budget.id}:total:{budget.revision}"
    entry = posting.budget_appropriation(key, clock.today(), abs(fen), programme=budget.programme, year=budget.year)
    if fen > 0:
        return entry
    legs = tuple(Leg(leg.account, -leg.fen) for leg in entry.legs)
    return Entry(key, entry.kind, entry.occurred_on, legs, entry.memo_code)


def take(actor: Actor, claim: Claim, *, fen: int, cap_fen: int) -> None:
    """Take an approved sum from the claimant's allowance and from the budget, both or neither; part of the approval.

    Everyone takes allowances before budgets, so that approvals cannot wait for each other in a circle.
    Raises OverCap, BudgetExhausted, NoBudget.
    """
    _take_allowance(claim, fen, cap_fen)
    budget = sa.update(Budget).where(*_budget_of(claim), Budget.used_fen + fen <= Budget.total_fen)
    if not _changed(budget.values(used_fen=Budget.used_fen + fen)):
        raise _exhausted(claim, fen)
    day, year = clock.today(), claim.year
    _post_once(
        actor, posting.budget_commitment(_key(claim, "commitment"), day, fen, programme=claim.programme, year=year)
    )


def give_back(actor: Actor, claim: Claim) -> None:
    """Return exactly what was taken for a claim. Raises Conflict where nothing was, or it was paid out or returned."""
    taken = journal.find_entry(_key(claim, "commitment"))
    if taken is None or journal.find_entry(_key(claim, "payout")) is not None:
        raise Conflict()
    fen = max(leg.fen for leg in taken.legs)
    for table, where in ((Allowance, _allowance_of(claim)), (Budget, _budget_of(claim))):
        if not _changed(sa.update(table).where(*where, table.used_fen >= fen).values(used_fen=table.used_fen - fen)):
            raise Conflict()
    day, year = clock.today(), claim.year
    _post_once(actor, posting.budget_release(_key(claim, "release"), day, fen, programme=claim.programme, year=year))


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
        granted_fen = queries.granted_fen(claim)
        left_fen = max(cap_fen - granted_fen, 0)
        raise OverCap(field="approved_fen", cap_fen=cap_fen, granted_fen=granted_fen, left_fen=left_fen)


def _open_allowance(claim: Claim, cap_fen: int) -> None:
    values = {
        "id": uuid.uuid4(),
        "claimant_organisation_id": claim.claimant_organisation_id,
        "clause_id": claim.clause_id,
        "year": claim.year,
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
    return BudgetExhausted(field="approved_fen", free_fen=free_fen, amount_fen=fen, **facts)


def _budget_of(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return (Budget.programme == claim.programme, Budget.year == claim.year)


def _allowance_of(claim: Claim) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        Allowance.claimant_organisation_id == claim.claimant_organisation_id,
        Allowance.clause_id == claim.clause_id,
        Allowance.year == claim.year,
    )


def _changed(statement: sa.Update) -> bool:
    """Whether the statement found its row. Rows already read are read again when next asked for."""
    result = db.session.execute(statement.execution_options(synchronize_session=False))
    for row in list(db.session.identity_map.values()):
        if isinstance(row, Budget | Allowance):
            db.session.expire(row)
    return bool(result.rowcount == 1)  # type: ignore[attr-defined]
