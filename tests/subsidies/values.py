"""Facts of every kind, sound and odd, for properties."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from hypothesis import strategies as st

from matchmaker.subsidies.facts import FACTS, Fact, FactType

ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", "x" * 300, -1, 10**20, 1.5, float("nan"), [], {}, ("",), object(), b"x", datetime(2026, 1, 1), True, 3]  # noqa: DTZ001
)


def values_of(fact: Fact) -> st.SearchStrategy[Any]:
    """Values that the fact can have."""
    options = [str(option) for option in fact.options or ()]
    match fact.type:
        case FactType.FLAG:
            return st.booleans()
        case FactType.COUNT:
            return st.integers(0, 50)
        case FactType.FEN:
            return st.integers(0, 3_000_000_000)
        case FactType.DAY:
            return st.dates(date(2024, 12, 1), date(2030, 1, 1))
        case FactType.TEXTS:
            one = st.sampled_from(options) if options else st.sampled_from(["P2-3", "P3-3", "P3-4"])
            return st.lists(one, max_size=3, unique=True).map(lambda texts: tuple(sorted(texts)))
        case FactType.CHOICE:
            return st.sampled_from(options)
    return st.text("abc ", min_size=1, max_size=8)


sound_facts = st.fixed_dictionaries({}, optional={fact.name: values_of(fact) for fact in FACTS.values()})
any_facts = st.fixed_dictionaries(
    {}, optional={**{fact.name: values_of(fact) | ODD for fact in FACTS.values()}, "no_such_fact": ODD}
)
