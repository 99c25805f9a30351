"""What a reader chose on a search page, read from the address."""

from __future__ import annotations

from collections.abc import Mapping

from matchmaker.core import taxonomy
from matchmaker.listings.models import Mode
from matchmaker.matching.models import Kind
from matchmaker.matching.queries import ORDERS, Filters, Order

SEARCH = ("q", "field", "district", "trl", "mode", "order")
"""What of an address makes a search; the page and the view of it do not."""


def read_filters(args: Mapping[str, str]) -> Filters:
    """Facets from a query string. What no facet offers counts as not chosen, so that an old link still works."""
    field, district, trl, mode = (args.get(name, "") for name in ("field", "district", "trl", "mode"))
    return Filters(
        field=field if field in taxonomy.terms("fields") else None,
        district=district if district in taxonomy.terms("districts") else None,
        trl=int(trl) if trl in taxonomy.terms("trl") else None,
        mode=Mode(mode) if mode in set(Mode) else None,
    )


def read_order(args: Mapping[str, str], kind: Kind) -> Order:
    """How to sort; what this side cannot be sorted by is as if nothing was chosen."""
    chosen = args.get("order", "")
    return Order(chosen) if chosen in ORDERS[kind] else Order.BEST
