"""The terms line by line, for pages and documents. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from matchmaker.core.errors import N_
from matchmaker.deals.terms.kinds import (
    BASE_LABELS,
    DEAL_LABELS,
    FORUM_LABELS,
    GUARANTEE_LABELS,
    IMPROVEMENT_LABELS,
    LICENCE_LABELS,
    LICENCES,
    OUTCOME_LABELS,
    POSTPONEMENT_LABELS,
    PRICING_LABELS,
    SPAN_LABELS,
)
from matchmaker.deals.terms.model import (
    ByTier,
    ByYear,
    Deferral,
    EarlierOf,
    EntryFeeRoyalty,
    Fee,
    FirstRevenue,
    Instalments,
    InvestFirst,
    LaterOf,
    LumpSum,
    Milestone,
    Milestones,
    OnDate,
    PaymentTrigger,
    Rate,
    RevenueThreshold,
    SimpleTrigger,
    Stake,
    Terms,
    fixed_fen,
    fixed_parts,
)


class Unit(StrEnum):
    """How a value is to be written: which formatter, and for `choice` that the value is itself a phrase."""

    TEXT = "text"  # str, the parties' own words
    CHOICE = "choice"  # str, phrase of the catalogue
    DAY = "day"  # date
    MONTHS = "months"  # int
    DAYS = "days"  # int
    YEARS = "years"  # int
    NUMBER = "number"  # int
    FEN = "fen"  # int
    RATE = "rate"  # Fraction
    PART = "part"  # Instalment
    MILESTONE = "milestone"  # MilestonePart
    TIER = "tier"  # Tier
    YEAR_RATE = "year_rate"  # (int, Fraction): the royalty year, counted from 1, and its rate
    COMPLETER = "completer"  # Completer


class Line(NamedTuple):
    """One line of a summary. `label` is a phrase of the catalogue."""

    label: str
    value: Any
    unit: Unit


def lines(terms: Terms) -> list[Line]:
    """The terms in reading order, for pages and documents. What is not agreed has no line."""
    found = [
        Line(N_("Kind of deal"), DEAL_LABELS[terms.kind], Unit.CHOICE),
        *_scope_lines(terms),
        Line(N_("In force from"), terms.effective_on, Unit.DAY),
        Line(N_("Trial"), terms.trial_months, Unit.MONTHS),
        *_trial_end_lines(terms),
        Line(N_("Last day of the licence"), terms.ends_on, Unit.DAY),
        _choice(N_("How the price is set"), PRICING_LABELS, terms.pricing),
        *trigger_lines(terms.trigger),
        *fee_lines(terms.fee),
        *_payment_lines(terms),
        *_party_lines(terms),
        *_clause_lines(terms),
    ]
    return [line for line in found if line.value not in (None, "")]


def _choice(label: str, labels: Any, member: StrEnum | None) -> Line:
    return Line(label, None if member is None else labels[member], Unit.CHOICE)


def _flag(label: str, flag: bool | None, yes: str, no: str) -> Line:
    return Line(label, None if flag is None else (yes if flag else no), Unit.CHOICE)


def _scope_lines(terms: Terms) -> Iterator[Line]:
    if terms.kind in LICENCES:
        yield Line(N_("Kind of licence"), LICENCE_LABELS[terms.licence], Unit.CHOICE)
    yield Line(N_("Territory"), terms.territory, Unit.TEXT)
    yield Line(N_("Field of use"), terms.field_of_use, Unit.TEXT)
    if terms.kind in LICENCES:
        may = N_("May be granted") if terms.sublicence else N_("May not be granted")
        yield Line(N_("Sub-licence"), may, Unit.CHOICE)


def _trial_end_lines(terms: Terms) -> Iterator[Line]:
    if terms.trial_end is not None:
        yield Line(
            N_("If nobody decides by the end of the trial"), OUTCOME_LABELS[terms.trial_end.outcome], Unit.CHOICE
        )
        if terms.trial_end.extensions:
            yield Line(N_("Extensions of the trial, at most"), terms.trial_end.extensions, Unit.NUMBER)
            yield Line(N_("Each extension"), terms.trial_end.extension_months, Unit.MONTHS)


def trigger_lines(trigger: PaymentTrigger) -> list[Line]:
    """What starts payment."""
    match trigger:
        case EarlierOf(of):
            head = Line(N_("Payment starts"), N_("With whichever of these comes first"), Unit.CHOICE)
            return [head, *(_trigger_line(one) for one in of)]
        case LaterOf(of):
            head = Line(N_("Payment starts"), N_("When the last of these has happened"), Unit.CHOICE)
            return [head, *(_trigger_line(one) for one in of)]
    return [_trigger_line(trigger)]


def _trigger_line(trigger: SimpleTrigger) -> Line:
    match trigger:
        case OnDate(on):
            return Line(N_("Payment starts on"), on, Unit.DAY)
        case RevenueThreshold(fen):
            return Line(N_("Payment starts when revenue reaches"), fen, Unit.FEN)
        case Milestone(text):
            return Line(N_("Payment starts with the milestone"), text, Unit.TEXT)
        case FirstRevenue():
            return Line(N_("Payment starts"), N_("With the first revenue from the product or service"), Unit.CHOICE)


def fee_lines(fee: Fee) -> list[Line]:
    """What is paid."""
    match fee:
        case LumpSum(fen):
            return [Line(N_("Lump sum"), fen, Unit.FEN)]
        case Deferral():
            return [Line(N_("Deferred fee"), part, Unit.PART) for part in fixed_parts(fee)]
        case Instalments(parts):
            total = Line(N_("Price"), fixed_fen(fee), Unit.FEN)
            return [total, *(Line(N_("Instalment"), part, Unit.PART) for part in parts)]
        case Milestones(steps):
            total = Line(N_("Price"), fixed_fen(fee), Unit.FEN)
            return [total, *(Line(N_("Milestone payment"), step, Unit.MILESTONE) for step in steps)]
        case Stake(company, share, valued_fen):
            return [
                Line(N_("Company"), company, Unit.TEXT),
                Line(N_("Share of the company"), share, Unit.RATE),
                Line(N_("Valued at"), valued_fen, Unit.FEN),
            ]
        case InvestFirst(company, project_fen, share, converts_by, exit):
            return [
                Line(N_("Company"), company, Unit.TEXT),
                Line(N_("Project money"), project_fen, Unit.FEN),
                Line(N_("Share of the company"), share, Unit.RATE),
                Line(N_("Turned into shares by"), converts_by, Unit.DAY),
                Line(N_("Exit"), exit, Unit.TEXT),
            ]
        case EntryFeeRoyalty():
            return _royalty_lines(fee)


def _royalty_lines(fee: EntryFeeRoyalty) -> list[Line]:
    return [
        Line(N_("Entry fee"), fee.entry_fen, Unit.FEN),
        *_rate_lines(fee.rate),
        Line(N_("Royalty base"), BASE_LABELS[fee.base], Unit.CHOICE),
        Line(N_("Minimum royalty for each period"), fee.minimum_fen or None, Unit.FEN),
        Line(N_("Maximum royalty for each period"), fee.cap_fen, Unit.FEN),
        Line(N_("Maximum of all royalties"), fee.total_cap_fen, Unit.FEN),
        Line(N_("Royalty period"), fee.period_months, Unit.MONTHS),
        Line(N_("Report after each period within"), fee.report_days, Unit.DAYS),
        Line(N_("Royalty due after each period within"), fee.pay_days, Unit.DAYS),
    ]


def _rate_lines(rate: Rate) -> list[Line]:
    match rate:
        case ByYear(rates):
            numbered = enumerate(rates, start=1)
            return [Line(N_("Royalty rate by year"), (year, one), Unit.YEAR_RATE) for year, one in numbered]
        case ByTier(tiers, span):
            found = [Line(N_("Royalty rate by tier"), tier, Unit.TIER) for tier in tiers]
            return [*found, Line(N_("How tiers count"), SPAN_LABELS[span], Unit.CHOICE)]
    return [Line(N_("Royalty rate"), rate, Unit.RATE)]


def _payment_lines(terms: Terms) -> Iterator[Line]:
    yield Line(N_("Days of grace"), terms.grace_days, Unit.DAYS)
    yield _choice(N_("Day of payment on a rest day"), POSTPONEMENT_LABELS, terms.postponement)
    if terms.penalty is not None:
        yield Line(N_("Penalty for each day after the days of grace"), terms.penalty.daily_rate, Unit.RATE)
        yield Line(N_("Penalty at most, of the late amount"), terms.penalty.cap, Unit.RATE)
    yield Line(N_("Days to cure a default"), terms.cure_days, Unit.DAYS)
    if terms.tax is not None:
        yield Line(N_("Value-added tax"), terms.tax.vat_rate, Unit.RATE)
        within = N_("Within the amounts named") if terms.tax.included else N_("On top of the amounts named")
        yield Line(N_("Tax is"), within, Unit.CHOICE)
    yield _flag(
        N_("Inspection of accounts"),
        terms.audit,
        N_("The licensor may inspect the accounts"),
        N_("The licensor may not inspect the accounts"),
    )
    yield Line(N_("Commission of the intermediary"), terms.commission_fen, Unit.FEN)


def _party_lines(terms: Terms) -> Iterator[Line]:
    yes, no = N_("Yes"), N_("No")
    yield _flag(N_("Licensee is related to a completer"), terms.related_party, yes, no)
    yield _flag(N_("Right is owned with others"), terms.co_owned, yes, no)
    if terms.co_owned:
        yield _flag(N_("Co-owners have consented"), terms.co_owners_consent, yes, no)
    for completer in terms.completers or ():
        yield Line(N_("Completer"), completer, Unit.COMPLETER)
    yield Line(N_("Reward of the completers, of net income"), terms.reward_rate, Unit.RATE)
    if terms.guarantee is not None:
        yield Line(GUARANTEE_LABELS[terms.guarantee.kind], terms.guarantee.name, Unit.TEXT)
        yield Line(N_("Insurance policy"), terms.guarantee.policy_number, Unit.TEXT)
        yield Line(N_("Premium"), terms.guarantee.premium_fen, Unit.FEN)
        yield Line(N_("Insured or guaranteed up to"), terms.guarantee.insured_fen, Unit.FEN)


def _clause_lines(terms: Terms) -> Iterator[Line]:
    if terms.delivery is not None:
        yield Line(N_("Delivery"), terms.delivery.what, Unit.TEXT)
        yield Line(N_("Delivery within"), terms.delivery.days, Unit.DAYS)
        yield Line(N_("Place of delivery"), terms.delivery.place, Unit.TEXT)
    yield Line(N_("Acceptance"), terms.acceptance, Unit.TEXT)
    yield Line(N_("Technical service"), terms.technical_service, Unit.TEXT)
    yield Line(N_("Confidentiality"), terms.confidentiality, Unit.TEXT)
    yield Line(N_("Confidentiality lasts"), terms.confidentiality_years, Unit.YEARS)
    yield _choice(N_("Improvements"), IMPROVEMENT_LABELS, terms.improvements)
    if terms.restrains_development:
        yield Line(N_("Restraint"), N_("One side may not compete or develop further"), Unit.CHOICE)
    yield Line(N_("Warranty"), terms.warranty, Unit.TEXT)
    yield Line(N_("Infringement"), terms.infringement, Unit.TEXT)
    yield Line(N_("If the right is invalidated"), terms.invalidation, Unit.TEXT)
    yield _choice(N_("Disputes go to"), FORUM_LABELS, terms.forum)
    yield Line(N_("Place of the court or commission"), terms.forum_place, Unit.TEXT)
    yield Line(N_("Other terms"), terms.other, Unit.TEXT)
