"""Any terms at all, and any that make sense, for laws that hold for all of them."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from hypothesis import strategies as st

from matchmaker.deals.terms import (
    ByTier,
    ByYear,
    Completer,
    DealKind,
    Deferral,
    Delivery,
    DisputeForum,
    EarlierOf,
    EntryFeeRoyalty,
    FirstRevenue,
    Guarantee,
    GuaranteeKind,
    Improvements,
    Instalment,
    Instalments,
    InvestFirst,
    LaterOf,
    LicenceKind,
    LumpSum,
    Milestone,
    MilestonePart,
    Milestones,
    OnDate,
    Penalty,
    Postponement,
    PricingRoute,
    RevenueThreshold,
    RoyaltyBase,
    Stake,
    Tax,
    Terms,
    Tier,
    TierSpan,
    TrialEnd,
    TrialOutcome,
)

FEN = st.integers(0, 9 * 10**15)
MONTHS = st.integers(0, 360)
RATES = st.fractions(Fraction(1, 10**6), 1, max_denominator=10**6)
DAYS = st.dates(date(1990, 1, 1), date(2199, 12, 31))
SIMPLE = st.one_of(
    st.builds(OnDate, DAYS),
    st.just(FirstRevenue()),
    st.builds(RevenueThreshold, FEN),
    st.builds(Milestone, st.text()),
)
SEVERAL = st.lists(SIMPLE, max_size=4).map(tuple)
TRIGGERS = st.one_of(SIMPLE, st.builds(EarlierOf, SEVERAL), st.builds(LaterOf, SEVERAL))
ANY_RATE = st.one_of(
    RATES,
    st.builds(ByYear, st.lists(RATES, max_size=4).map(tuple)),
    st.builds(ByTier, st.lists(st.builds(Tier, FEN, RATES), max_size=4).map(tuple), st.sampled_from(TierSpan)),
)
ROYALTIES = st.builds(
    EntryFeeRoyalty,
    FEN,
    ANY_RATE,
    st.sampled_from(RoyaltyBase),
    FEN,
    st.none() | FEN,
    st.integers(1, 12),
    st.none() | FEN,
    st.none() | st.integers(0, 90),
    st.none() | st.integers(0, 90),
)
FEES = st.one_of(
    st.builds(LumpSum, FEN),
    st.builds(Deferral, FEN, MONTHS),
    st.builds(Instalments, st.lists(st.builds(Instalment, MONTHS, FEN), max_size=5).map(tuple)),
    ROYALTIES,
    st.builds(
        Milestones, st.lists(st.builds(MilestonePart, st.text(), FEN, st.integers(0, 90)), max_size=4).map(tuple)
    ),
    st.builds(Stake, st.text(), RATES, FEN),
    st.builds(InvestFirst, st.text(), FEN, RATES, st.none() | DAYS, st.text()),
)
ANY_TERMS = st.builds(
    Terms,
    kind=st.sampled_from(DealKind),
    licence=st.sampled_from(LicenceKind),
    territory=st.text(),
    field_of_use=st.text(),
    sublicence=st.booleans(),
    effective_on=DAYS,
    trial_months=st.integers(0, 60),
    ends_on=st.none() | DAYS,
    trigger=TRIGGERS,
    fee=FEES,
    grace_days=st.integers(0, 365),
    commission_fen=st.none() | FEN,
    pricing=st.none() | st.sampled_from(PricingRoute),
    related_party=st.none() | st.booleans(),
    co_owned=st.none() | st.booleans(),
    co_owners_consent=st.none() | st.booleans(),
    state_secret=st.none() | st.booleans(),
    completers=st.none() | st.lists(st.builds(Completer, st.text(), RATES), max_size=3).map(tuple),
    reward_rate=st.none() | RATES,
    trial_end=st.none() | st.builds(TrialEnd, st.sampled_from(TrialOutcome), st.integers(0, 5), st.integers(0, 12)),
    postponement=st.none() | st.sampled_from(Postponement),
    penalty=st.none() | st.builds(Penalty, RATES, st.none() | RATES),
    cure_days=st.none() | st.integers(0, 90),
    tax=st.none() | st.builds(Tax, RATES, st.booleans()),
    guarantee=st.none()
    | st.builds(
        Guarantee, st.sampled_from(GuaranteeKind), st.text(), st.none() | st.text(), st.none() | FEN, st.none() | FEN
    ),
    audit=st.none() | st.booleans(),
    delivery=st.none() | st.builds(Delivery, st.text(), st.integers(0, 90), st.none() | st.text()),
    acceptance=st.none() | st.text(),
    confidentiality_years=st.none() | st.integers(0, 50),
    improvements=st.none() | st.sampled_from(Improvements),
    restrains_development=st.none() | st.booleans(),
    forum=st.none() | st.sampled_from(DisputeForum),
    other=st.none() | st.text(),
)
