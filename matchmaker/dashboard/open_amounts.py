"""Money that falls due in the deals of one organisation, by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from matchmaker.core.access import Actor
from matchmaker.deals import queries as deals
from matchmaker.deals.queries import OpenLine, OpenSums
from matchmaker.deals.states import PartyRole

MOST_AMOUNTS = 200
"""So many rows of a table of amounts, those that fell due first; the sums above it are over all of them."""


@dataclass(frozen=True, slots=True)
class Side:
    """What the organisation has to pay (`owed`) or awaits: the sums of all amounts, and the first of them by day."""

    owed: bool
    sums: OpenSums
    amounts: Sequence[OpenLine]


def sides_of(actor: Actor, today: date, *, first: bool) -> list[Side]:
    """What is to be paid and what is awaited, `first` saying which comes first; a side without any is left out."""
    found = []
    for owed in (first, not first):
        role = PartyRole.LICENSEE if owed else PartyRole.LICENSOR
        sums = deals.open_sums(actor, role, today)
        if sums.all[0]:
            found.append(Side(owed, sums, deals.list_open_amounts(actor, role, limit=MOST_AMOUNTS)))
    return found
