"""What a negotiation fills in is always something the form takes."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from matchmaker.deals.simulator.forms import USUAL, from_price, from_terms, simulator_form
from matchmaker.deals.terms import (
    Deferral,
    EntryFeeRoyalty,
    FirstRevenue,
    Instalment,
    Instalments,
    LumpSum,
    RoyaltyBase,
    Terms,
)

TODAY = date(2027, 1, 31)
amounts = st.integers(1, 10**10)
fees = st.one_of(
    st.builds(LumpSum, amounts),
    st.builds(Deferral, amounts, st.integers(0, 360)),
    st.builds(
        Instalments,
        st.lists(st.integers(0, 360), min_size=1, max_size=80, unique=True).map(
            lambda months: tuple(Instalment(month, 100) for month in sorted(months))
        ),
    ),
    st.builds(
        EntryFeeRoyalty,
        amounts,
        st.fractions(Fraction(1, 1000), 1, max_denominator=1000),
        st.sampled_from(RoyaltyBase),
        st.just(0),
        st.none() | amounts,
        st.integers(1, 12),
    ),
)
offered = st.builds(
    Terms,
    territory=st.just("吉林省"),
    field_of_use=st.just("电池"),
    effective_on=st.just(TODAY),
    ends_on=st.none() | st.integers(1, 9000).map(lambda days: TODAY + timedelta(days=days)),
    trial_months=st.integers(0, 60),
    trigger=st.just(FirstRevenue()),
    fee=fees,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(terms=offered)
def test_terms_on_the_table_make_a_form_without_faults(app: Flask, terms: Terms) -> None:
    with app.test_request_context():
        form = simulator_form(from_terms(terms), {}, TODAY)
        assert form.validate(), form.errors


@pytest.mark.parametrize("known", [{}, from_price(77_700)])
def test_the_example_and_a_price_are_taken_as_well(app: Flask, known: dict[str, str]) -> None:
    with app.test_request_context():
        form = simulator_form(known, {}, TODAY)
        assert form.validate(), form.errors
        assert form.prices().price_fen == (77_700 if known else int(USUAL["price"]) * 100)


def test_what_was_sent_counts_before_what_is_known(app: Flask) -> None:
    terms = Terms(
        territory="", field_of_use="", effective_on=TODAY, ends_on=date(2030, 1, 30), trigger=FirstRevenue(),
        fee=Deferral(500, 6),
    )  # fmt: skip
    known = from_terms(replace(terms, trial_months=7))
    assert (known["years"], known["defer"], known["trial"], known["price"]) == ("3", "6", "7", "5")
    with app.test_request_context():
        form = simulator_form(known, {"defer": "9"}, TODAY)
        assert (form.defer.data, form.trial.data, form.start.data) == (9, 7, TODAY)
