"""The account of a deal that is over: what fell due, what came in, what is left, and what the books say of the same."""

from __future__ import annotations

from dataclasses import dataclass

from matchmaker.core.money import round_half_up
from matchmaker.deals.models import Deal
from matchmaker.deals.queries.money import allocation, dues
from matchmaker.deals.queries.terms import terms_in_force
from matchmaker.deals.settlement import Allocation
from matchmaker.deals.states import DealState
from matchmaker.ledger import queries as ledger
from matchmaker.ledger.posting import AccountKind, account


@dataclass(frozen=True, slots=True)
class Closing:
    """All in fen. The first figures come from the terms and what was declared, the `books_` ones from the ledger."""

    allocation: Allocation
    due_fen: int
    received_fen: int
    taken_back_fen: int
    books_due_fen: int
    books_paid_fen: int
    books_open_fen: int
    vat_fen: int | None  # within the amounts due, or on top of them; None where nothing is agreed

    @property
    def kept_fen(self) -> int:
        return self.received_fen - self.taken_back_fen

    @property
    def open_fen(self) -> int:
        return self.due_fen - self.kept_fen

    @property
    def reconciles(self) -> bool:
        """Whether both accounts agree to the fen."""
        books = (self.books_due_fen, self.books_paid_fen, self.books_open_fen)
        return books == (self.due_fen, self.kept_fen, self.open_fen)


def closing(deal: Deal) -> Closing | None:
    """None for a deal that still goes on, or never came into force."""
    if deal.state not in (DealState.COMPLETED, DealState.ENDED) or deal.signed_on is None:
        return None
    names = {kind: account(kind, deal.id) for kind in (AccountKind.DEAL_FEE, AccountKind.DEAL_PAID)}
    books = ledger.balances_of([*names.values(), account(AccountKind.DEAL_RECEIVABLE, deal.id)])
    due_fen = sum(due.fen for due in dues(deal))
    return Closing(
        allocation=allocation(deal),
        due_fen=due_fen,
        received_fen=sum(row.fen for row in deal.payments),
        taken_back_fen=sum(row.fen for row in deal.payments if not row.stands),
        books_due_fen=-books[names[AccountKind.DEAL_FEE]],
        books_paid_fen=books[names[AccountKind.DEAL_PAID]],
        books_open_fen=books[account(AccountKind.DEAL_RECEIVABLE, deal.id)],
        vat_fen=_vat(deal, due_fen),
    )


def _vat(deal: Deal, due_fen: int) -> int | None:
    terms = terms_in_force(deal)
    if terms is None or terms.tax is None:
        return None
    rate = terms.tax.vat_rate
    return round_half_up(due_fen * rate / (1 + rate) if terms.tax.included else due_fen * rate)
