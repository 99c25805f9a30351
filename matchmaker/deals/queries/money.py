"""What is due, what was paid on it, what is late. Computed anew each time from the terms and what was declared."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from matchmaker.core.db import db
from matchmaker.deals import records, schedule, settlement
from matchmaker.deals import royalty as royalties
from matchmaker.deals.models import Deal, Payment
from matchmaker.deals.practice import practice
from matchmaker.deals.queries.terms import terms_in_force
from matchmaker.deals.royalty import Royalty
from matchmaker.deals.schedule import Due, Period
from matchmaker.deals.settlement import Allocation, Charge, Overdue, Paid, Target
from matchmaker.deals.states import DealState
from matchmaker.deals.terms import Milestones, OnDate, Terms, simple_triggers
from matchmaker.ledger import queries as ledger
from matchmaker.ledger.posting import AccountKind, account

_REPORTING = (DealState.PAYING, DealState.DEFAULTED, DealState.DISPUTED)


def awaited(terms: Terms) -> list[int]:
    """Places of the events that someone has to report; days come by themselves."""
    return [place for place, one in enumerate(simple_triggers(terms.trigger)) if not isinstance(one, OnDate)]


def milestones(terms: Terms) -> list[int]:
    """Places of the milestones that are paid for."""
    return list(range(len(terms.fee.parts))) if isinstance(terms.fee, Milestones) else []


def royalty_periods(deal: Deal) -> list[Period]:
    terms = terms_in_force(deal)
    if terms is None or deal.payment_starts_on is None:
        return []
    return schedule.royalty_periods(terms, deal.payment_starts_on)


def royalty_statements(deal: Deal) -> list[Royalty]:
    """The royalties of the periods reported so far, corrections counted, each with its working."""
    terms = terms_in_force(deal)
    if terms is None or not deal.royalty_reports:
        return []
    bases = [records.corrected_base(deal.records, row.number, row.base_fen) for row in deal.royalty_reports]
    return royalties.statements(terms, bases, royalty_periods(deal), workdays=practice().workdays)


def dues(deal: Deal) -> list[Due]:
    """What is to be paid, by day: fixed amounts once payment has begun, royalties reported, penalties charged.

    Of a deal that ended early, what had fallen due by then, and penalties.
    """
    terms = terms_in_force(deal)
    if terms is None or deal.payment_starts_on is None:
        return []
    accepted = records.happened(deal.records, "milestone")
    found = schedule.amounts_due(terms, deal.payment_starts_on, workdays=practice().workdays, accepted=accepted)
    found += [statement.due for statement in royalty_statements(deal)]
    if deal.state == DealState.ENDED and deal.ended_on is not None:
        found = [due for due in found if due.due_on <= deal.ended_on]
    found += [one.due for one in records.charged(deal.records)]
    return sorted(found, key=lambda due: (due.due_on, due.kind, due.number))


def planned_dues(deal: Deal) -> list[Due]:
    """The fixed amounts as they will fall due, where the terms fix the day on which payment starts; else empty."""
    terms = terms_in_force(deal)
    starts_on = schedule.fixed_start(terms.trigger) if terms is not None else None
    if terms is None or starts_on is None:
        return []
    return schedule.amounts_due(terms, starts_on, workdays=practice().workdays)


def unreported_periods(deal: Deal) -> list[Period]:
    """Royalty periods, of a deal that is being paid for, that the licensee has not reported yet."""
    if deal.state not in _REPORTING:
        return []
    reported = {row.number for row in deal.royalty_reports}
    return [period for period in royalty_periods(deal) if period.number not in reported]


def late_reports(deal: Deal, today: date) -> list[Period]:
    """Periods whose report is overdue: each with the days on which it was to be handed in."""
    terms = terms_in_force(deal)
    if terms is None:
        return []
    windows = [royalties.report_by(terms, period) for period in unreported_periods(deal)]
    return [window for window in windows if window.ends_on < today]


def payments(deal: Deal) -> list[Paid]:
    """Payments that stand, as the allocation reads them."""
    return [Paid(row.fen, row.paid_on, _target(row)) for row in deal.payments if row.stands]


def _target(row: Payment) -> Target | None:
    if row.due_kind is None or row.due_number is None:
        return None
    return row.due_kind, row.due_number


def allocation(deal: Deal) -> Allocation:
    return settlement.settle(dues(deal), payments(deal))


def paid_account(deal_id: uuid.UUID) -> str:
    return account(AccountKind.DEAL_PAID, deal_id)


def paid_fen(deal: Deal) -> int:
    """What was paid and not taken back, by the ledger."""
    return ledger.balance(paid_account(deal.id))


def paid_by_deal(deals: Iterable[Deal]) -> dict[uuid.UUID, int]:
    """The same for several deals, in one read."""
    accounts = {paid_account(deal.id): deal.id for deal in deals}
    return {accounts[name]: fen for name, fen in ledger.balances_of(accounts).items()} if accounts else {}


def outstanding_fen(deal: Deal) -> int:
    """Due now or later, and not paid."""
    return settlement.outstanding(allocation(deal))


def overdue(deal: Deal, today: date) -> list[Overdue]:
    terms = terms_in_force(deal)
    return [] if terms is None else settlement.overdue(allocation(deal), today, terms.grace_days)


def overdue_fen(deal: Deal, today: date) -> int:
    return sum(one.open_fen for one in overdue(deal, today))


def penalties(deal: Deal, today: date) -> list[Charge]:
    """Penalties that have run up to today and were not charged yet, by amount."""
    terms = terms_in_force(deal)
    if terms is None or terms.penalty is None:
        return []
    charged = records.charged(deal.records)
    found = []
    for one in allocation(deal).settled:
        before = [charge for charge in charged if charge.target == (one.due.kind, one.due.number)]
        found.append(
            settlement.penalty(
                one,
                terms,
                today,
                charged_on=max((charge.until_on for charge in before), default=None),
                charged_fen=sum(charge.due.fen for charge in before),
            )
        )
    return [charge for charge in found if charge.fen]


def last_payment(deal: Deal) -> Payment | None:
    """The latest payment that stands."""
    return next((row for row in reversed(deal.payments) if row.stands), None)


def find_payment(deal: Deal, payment_id: uuid.UUID) -> Payment | None:
    return db.session.scalar(select(Payment).where(Payment.id == payment_id, Payment.deal_id == deal.id))


def find_payment_by_key(deal: Deal, idempotency_key: str) -> Payment | None:
    query = select(Payment).where(Payment.deal_id == deal.id, Payment.idempotency_key == idempotency_key)
    return db.session.scalar(query)


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a deal stands on a day. `planned` says that payment has not begun and the amounts lie ahead.

    `ageing`: fen open after their day, by `settlement.AGES`. `penalties`: run up and not charged.
    """

    allocation: Allocation
    late: Mapping[Due, Overdue]
    due_now_fen: int
    paid_fen: int
    planned: bool
    ageing: tuple[int, ...]
    penalties: tuple[Charge, ...]


def standing(deal: Deal, today: date) -> Standing | None:
    """Amounts, what is paid on each, what is overdue. None where nothing is due or known to fall due."""
    terms = terms_in_force(deal)
    found = dues(deal)
    before = (DealState.OFFERED, DealState.AGREED, DealState.ON_TRIAL, DealState.DECISION_DUE)
    planned = not found and deal.state in before
    amounts = planned_dues(deal) if planned else found
    if terms is None or not amounts:
        return None
    paid = [] if planned else payments(deal)
    settled = settlement.settle(amounts, paid)
    late = [] if planned else settlement.overdue(settled, today, terms.grace_days)
    return Standing(
        allocation=settled,
        late={one.due: one for one in late},
        due_now_fen=0 if planned else settlement.outstanding(settled, until=today),
        paid_fen=sum(one.fen for one in paid),
        planned=planned,
        ageing=() if planned else settlement.ageing(settled, today),
        penalties=() if planned else tuple(penalties(deal, today)),
    )


def due_named(deal: Deal, target: Target) -> Due | None:
    """The amount of this kind and number."""
    return next((due for due in dues(deal) if (due.kind, due.number) == target), None)
