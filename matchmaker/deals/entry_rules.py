"""Rules on single entries of terms: filled in, of the right size, in order. Pure. `rules` asks for them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from fractions import Fraction
from itertools import pairwise

from matchmaker.core.errors import N_, DomainError, Invalid
from matchmaker.core.money import NotAnAmount, within_limit
from matchmaker.deals.rewards import rate_fault
from matchmaker.deals.terms import (
    ByTier,
    Deferral,
    EarlierOf,
    EntryFeeRoyalty,
    Instalments,
    InvestFirst,
    LaterOf,
    LumpSum,
    Milestone,
    Milestones,
    OnDate,
    RevenueThreshold,
    SimpleTrigger,
    Stake,
    Terms,
    TrialOutcome,
    fixed_fen,
    rates_of,
    simple_triggers,
)

TRIAL_MONTHS = (0, 60)
GRACE_DAYS = (0, 365)
PAYMENT_MONTHS = (0, 360)
PERIOD_MONTHS = (1, 12)
EXTENSIONS = (0, 5)
YEARS = (0, 50)
DAYS = (date(1990, 1, 1), date(2199, 12, 31))
TEXT_LIMIT = 2000
INSTALMENTS_LIMIT = 120
TRIGGERS_LIMIT = 4
COMPLETERS_LIMIT = 50


class Blank(Invalid):
    code = "terms.blank"
    phrase = N_("This cannot be left empty. Describe it in your own words.")


class TooLong(Invalid):
    """Facts: limit."""

    code = "terms.too_long"
    phrase = N_("This is too long. Write at most %(limit)s characters.")


class OutOfRange(Invalid):
    """Facts: low, high."""

    code = "terms.out_of_range"
    phrase = N_("Enter a whole number from %(low)s to %(high)s.")


class DayOutOfRange(Invalid):
    """Facts: first_on, last_on."""

    code = "terms.day_out_of_range"
    phrase = N_("Enter a day from %(first_on)s to %(last_on)s.")


class AmountNotPositive(Invalid):
    code = "terms.amount_not_positive"
    phrase = N_("Enter an amount above zero.")


class AmountNegative(Invalid):
    code = "terms.amount_negative"
    phrase = N_("Enter zero or an amount above it.")


class NoInstalments(Invalid):
    """Facts: limit."""

    code = "terms.no_instalments"
    phrase = N_("Enter at least one instalment, and at most %(limit)s.")


class InstalmentsOutOfOrder(Invalid):
    code = "terms.instalments_out_of_order"
    phrase = N_("Each instalment must fall later than the one before it. Put them in order of their months.")


class RateOutOfRange(Invalid):
    code = "terms.rate_out_of_range"
    phrase = N_("A rate must be above zero and at most the whole of its base. Enter a smaller share.")


class CapBelowMinimum(Invalid):
    code = "terms.cap_below_minimum"
    phrase = N_("The maximum royalty of a period is below its minimum. Raise one or lower the other.")


class NoTiers(Invalid):
    code = "terms.no_tiers"
    phrase = N_("Enter at least one rate.")


class TiersOutOfOrder(Invalid):
    code = "terms.tiers_out_of_order"
    phrase = N_("The first tier begins at 0 and each other one above the one before it. Put them in order.")


class FewTriggers(Invalid):
    """Facts: limit."""

    code = "terms.few_triggers"
    phrase = N_("Name at least two events of which the earlier or the later counts, and at most %(limit)s.")


class SharesNotWhole(Invalid):
    code = "terms.shares_not_whole"
    phrase = N_("The shares of those who made the achievement must add up to the whole. Check the percentages.")


class NoExtensions(Invalid):
    code = "terms.no_extensions"
    phrase = N_("If the trial is to be extended, say how often and by how many months each time.")


def entry_faults(terms: Terms) -> Iterator[DomainError]:
    yield from text("territory", terms.territory)
    yield from text("field_of_use", terms.field_of_use)
    yield from whole("trial_months", terms.trial_months, TRIAL_MONTHS)
    yield from whole("grace_days", terms.grace_days, GRACE_DAYS)
    yield from day("effective_on", terms.effective_on)
    yield from day("ends_on", terms.ends_on)
    if terms.commission_fen is not None:
        yield from amount("commission_fen", terms.commission_fen)
    yield from _trigger_faults(terms)
    yield from _fee_faults(terms)
    yield from _optional_faults(terms)


def _trigger_faults(terms: Terms) -> Iterator[DomainError]:
    if not isinstance(terms.trigger, EarlierOf | LaterOf):
        yield from _event_faults("trigger", terms.trigger)
        return
    if not 2 <= len(terms.trigger.of) <= TRIGGERS_LIMIT:
        yield FewTriggers(field="trigger.of", limit=TRIGGERS_LIMIT)
    for place, one in enumerate(simple_triggers(terms.trigger)):
        yield from _event_faults(f"trigger.of.{place}", one)


def _event_faults(path: str, trigger: SimpleTrigger) -> Iterator[DomainError]:
    match trigger:
        case OnDate(on):
            yield from day(f"{path}.on", on)
        case RevenueThreshold(fen):
            yield from amount(f"{path}.fen", fen)
        case Milestone(words):
            yield from text(f"{path}.text", words)


def _fee_faults(terms: Terms) -> Iterator[DomainError]:
    match terms.fee:
        case LumpSum(fen):
            yield from amount("fee.fen", fen)
        case Deferral(fen, months_after):
            yield from amount("fee.fen", fen)
            yield from whole("fee.months_after", months_after, PAYMENT_MONTHS)
        case Instalments():
            yield from _instalment_faults(terms.fee)
        case Milestones():
            yield from _milestone_faults(terms.fee)
        case EntryFeeRoyalty():
            yield from _royalty_faults(terms.fee)
        case Stake(company, share, fen):
            yield from text("fee.company", company)
            yield from rate("fee.share", share)
            yield from amount("fee.valued_fen", fen)
        case InvestFirst(company, fen, share, converts_by, exit):
            yield from text("fee.company", company)
            yield from amount("fee.project_fen", fen)
            yield from rate("fee.share", share)
            yield from day("fee.converts_by", converts_by)
            yield from text("fee.exit", exit)


def _instalment_faults(fee: Instalments) -> Iterator[DomainError]:
    if not 1 <= len(fee.parts) <= INSTALMENTS_LIMIT:
        yield NoInstalments(field="fee.parts", limit=INSTALMENTS_LIMIT)
    for number, part in enumerate(fee.parts):
        yield from amount(f"fee.parts.{number}.fen", part.fen)
        yield from whole(f"fee.parts.{number}.months_after", part.months_after, PAYMENT_MONTHS)
        if number and part.months_after <= fee.parts[number - 1].months_after:
            yield InstalmentsOutOfOrder(field=f"fee.parts.{number}.months_after")
    yield from _within("fee.parts", fixed_fen(fee))


def _milestone_faults(fee: Milestones) -> Iterator[DomainError]:
    if not 1 <= len(fee.parts) <= INSTALMENTS_LIMIT:
        yield NoInstalments(field="fee.parts", limit=INSTALMENTS_LIMIT)
    for number, part in enumerate(fee.parts):
        yield from text(f"fee.parts.{number}.text", part.text)
        yield from amount(f"fee.parts.{number}.fen", part.fen)
        yield from whole(f"fee.parts.{number}.days_after", part.days_after, GRACE_DAYS)
    yield from _within("fee.parts", fixed_fen(fee))


def _royalty_faults(fee: EntryFeeRoyalty) -> Iterator[DomainError]:
    yield from amount("fee.entry_fen", fee.entry_fen, zero=True)
    yield from amount("fee.minimum_fen", fee.minimum_fen, zero=True)
    yield from whole("fee.period_months", fee.period_months, PERIOD_MONTHS)
    yield from _rate_faults(fee)
    for name in ("report_days", "pay_days"):
        if (days := getattr(fee, name)) is not None:
            yield from whole(f"fee.{name}", days, GRACE_DAYS)
    for name in ("cap_fen", "total_cap_fen"):
        if (most := getattr(fee, name)) is not None:
            yield from amount(f"fee.{name}", most)
            if most < fee.minimum_fen:
                yield CapBelowMinimum(field=f"fee.{name}")


def _rate_faults(fee: EntryFeeRoyalty) -> Iterator[DomainError]:
    if not rates_of(fee.rate):
        yield NoTiers(field="fee.rate")
    if any(not 0 < one <= 1 for one in rates_of(fee.rate)):
        yield RateOutOfRange(field="fee.rate")
    if isinstance(fee.rate, ByTier) and fee.rate.tiers:
        starts = [tier.from_fen for tier in fee.rate.tiers]
        if starts[0] != 0 or any(after <= before for before, after in pairwise(starts)):
            yield TiersOutOfOrder(field="fee.rate")
        yield from _within("fee.rate", starts[-1])


def _optional_faults(terms: Terms) -> Iterator[DomainError]:
    for name in ("acceptance", "technical_service", "confidentiality", "warranty", "infringement", "invalidation",
                 "forum_place", "other"):  # fmt: skip
        if (words := getattr(terms, name)) is not None:
            yield from text(name, words)
    for name, bounds in (("cure_days", GRACE_DAYS), ("confidentiality_years", YEARS)):
        if (number := getattr(terms, name)) is not None:
            yield from whole(name, number, bounds)
    if terms.delivery is not None:
        yield from text("delivery.what", terms.delivery.what)
        yield from whole("delivery.days", terms.delivery.days, GRACE_DAYS)
    if terms.penalty is not None:
        yield from rate("penalty.daily_rate", terms.penalty.daily_rate)
        if terms.penalty.cap is not None:
            yield from rate("penalty.cap", terms.penalty.cap)
    if terms.tax is not None:
        yield from rate("tax.vat_rate", terms.tax.vat_rate)
    if terms.guarantee is not None:
        yield from text("guarantee.name", terms.guarantee.name)
        for name in ("premium_fen", "insured_fen"):
            if (fen := getattr(terms.guarantee, name)) is not None:
                yield from amount(f"guarantee.{name}", fen)
    yield from _trial_end_faults(terms)
    yield from _completer_faults(terms)


def _trial_end_faults(terms: Terms) -> Iterator[DomainError]:
    end = terms.trial_end
    if end is None:
        return
    yield from whole("trial_end.extensions", end.extensions, EXTENSIONS)
    yield from whole("trial_end.extension_months", end.extension_months, TRIAL_MONTHS)
    if (end.extensions > 0) != (end.extension_months > 0) or (
        end.outcome is TrialOutcome.EXTEND and not end.extensions
    ):
        yield NoExtensions(field="trial_end.extensions")


def _completer_faults(terms: Terms) -> Iterator[DomainError]:
    if terms.reward_rate is not None and (fault := rate_fault(terms.reward_rate, "reward_rate")) is not None:
        yield fault
    if terms.completers is None:
        return
    if not 1 <= len(terms.completers) <= COMPLETERS_LIMIT:
        yield SharesNotWhole(field="completers")
        return
    for place, one in enumerate(terms.completers):
        yield from text(f"completers.{place}.name", one.name)
    if any(one.share <= 0 for one in terms.completers) or sum(one.share for one in terms.completers) != 1:
        yield SharesNotWhole(field="completers")


def text(field: str, words: str) -> Iterator[DomainError]:
    if not words.strip():
        yield Blank(field=field)
    elif len(words) > TEXT_LIMIT:
        yield TooLong(field=field, limit=TEXT_LIMIT)


def whole(field: str, number: int, bounds: tuple[int, int]) -> Iterator[DomainError]:
    low, high = bounds
    if not low <= number <= high:
        yield OutOfRange(field=field, low=low, high=high)


def day(field: str, on: date | None) -> Iterator[DomainError]:
    first_on, last_on = DAYS
    if on is not None and not first_on <= on <= last_on:
        yield DayOutOfRange(field=field, first_on=first_on, last_on=last_on)


def rate(field: str, share: Fraction) -> Iterator[DomainError]:
    if not 0 < share <= 1:
        yield RateOutOfRange(field=field)


def amount(field: str, fen: int, *, zero: bool = False) -> Iterator[DomainError]:
    if fen < 0 and zero:
        yield AmountNegative(field=field)
    elif fen <= 0 and not zero:
        yield AmountNotPositive(field=field)
    else:
        yield from _within(field, fen)


def _within(field: str, fen: int) -> Iterator[DomainError]:
    try:
        within_limit(fen, field=field)
    except NotAnAmount as fault:
        yield fault
