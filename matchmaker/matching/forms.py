"""What a reader chose on a search page, read from the address."""

from __future__ import annotations

from collections.abc import Mapping

from matchmaker.matching.models import Kind
from matchmaker.matching.queries import ORDERS, Order

SEARCH = ("q", "field", "district", "trl", "mode", "order")
"""What of an address makes a search; the page and the view of it do not."""


def read_order(args: Mapping[str, str], kind: Kind) -> Order:
    """How to sort; what this side cannot be sorted by is as if nothing was chosen."""
    chosen = args.get("order", "")
    return Order(chosen) if chosen in ORDERS[kind] else Order.BEST
