"""What terms may say: hard rules refuse, soft rules warn, each with its source (DOMAIN.md 1.2, 1.3). Pure.

`validate` collects every fault before it raises. "Interpretation" in the phrases is the Supreme People's
Court's on technology contracts (2020-12-29). Phrases hold no literal per cent sign: they are %-formatted.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from matchmaker.core.errors import N_, DomainError, Invalid, InvalidMany
from matchmaker.core.money import FEN_PER_WAN, NotAnAmount, within_limit
from matchmaker.deals.schedule import add_months, first_payment_on, trial_ends_on
from matchmaker.deals.terms import (
    DealKind,
    Deferral,
    EntryFeeRoyalty,
    Instalments,
    LicenceKind,
    LumpSum,
    Milestone,
    OnDate,
    RevenueThreshold,
    RoyaltyBase,
    Terms,
    fixed_fen,
)

TRIAL_MONTHS = (0, 60)
GRACE_DAYS = (0, 365)
PAYMENT_MONTHS = (0, 360)
PERIOD_MONTHS = (1, 12)
DAYS = (date(1990, 1, 1), date(2199, 12, 31))
TEXT_LIMIT = 2000
INSTALMENTS_LIMIT = 120

TRIAL_ADVISED_MONTHS = 36
FIRST_PAYMENT_ADVISED_MONTHS = 12
FIXED_ADVISED_FEN = 2000 * FEN_PER_WAN
RATE_ADVISED = {RoyaltyBase.SALES: Fraction(20, 100), RoyaltyBase.PROFIT: Fraction(40, 100)}


@dataclass(frozen=True, slots=True)
class Context:
    """What the terms are judged against.

    `rights_expire_on`: earliest expiry among the licensed rights, None where none expires (know-how).
    `licensee_is_sme`: whether the licensee is 中小微 by the computed class, None where it cannot be computed.
    `existing_kinds`: kinds of the licences now in force or being signed on any of the achievements.
    """

    rights_expire_on: date | None
    licensee_is_sme: bool | None
    existing_kinds: frozenset[LicenceKind] = frozenset()


@dataclass(frozen=True, slots=True)
class TermsWarning:
    """Unusual but allowed. `phrase` and `source` are phrases of the catalogue, `facts` fill the phrase."""

    code: str
    field: str
    phrase: str
    source: str
    facts: Mapping[str, Any]


def validate(terms: Terms, context: Context) -> list[TermsWarning]:
    """Warnings for terms that may be offered. Raises InvalidMany with every hard fault."""
    faults = [*_entry_faults(terms), *_day_faults(terms, context), *_party_faults(terms, context)]
    if faults:
        raise InvalidMany(faults)
    return list(_warnings(terms, context))


# Faults


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
    phrase = N_("A royalty rate must be above zero and at most the whole of its base. Enter a smaller share.")


class CapBelowMinimum(Invalid):
    code = "terms.cap_below_minimum"
    phrase = N_("The maximum royalty of a period is below its minimum. Raise one or lower the other.")


class NoEndDate(Invalid):
    code = "terms.no_end_date"
    phrase = N_(
        "A licence needs a last day: where none is agreed, use is not limited in time (Interpretation art. 28). "
        "Enter the last day of the licence."
    )


class EndsBeforeStart(Invalid):
    """Facts: effective_on."""

    code = "terms.ends_before_start"
    phrase = N_("The licence would end before it takes effect on %(effective_on)s. Choose a later last day.")


class EndsInTrial(Invalid):
    """Facts: trial_ends_on."""

    code = "terms.ends_in_trial"
    phrase = N_(
        "The licence would end before its trial, which runs to %(trial_ends_on)s (months counted by Civil Code "
        "art. 201 and 202). Choose a later last day or a shorter trial."
    )


class EndsAfterRights(Invalid):
    """Facts: rights_expire_on."""

    code = "terms.ends_after_rights"
    phrase = N_(
        "A patent licence is valid only while the patent is in force (Civil Code art. 865), and the first of the "
        "licensed rights expires on %(rights_expire_on)s. Choose that day or an earlier one."
    )


class PaymentInTrial(Invalid):
    """Facts: trial_ends_on."""

    code = "terms.payment_in_trial"
    phrase = N_(
        "Payment would start before the trial ends on %(trial_ends_on)s, but use comes first and payment later. "
        "Choose that day or a later one, or shorten the trial."
    )


class PaymentAfterEnd(Invalid):
    """Facts: ends_on."""

    code = "terms.payment_after_end"
    phrase = N_(
        "Payment would start only after the licence has ended on %(ends_on)s. Choose an earlier day for payment or "
        "a later end."
    )


class PaymentBeforeStart(Invalid):
    """Facts: effective_on."""

    code = "terms.payment_before_start"
    phrase = N_("Payment would start before the licence takes effect on %(effective_on)s. Choose a later day.")


class LicenseeNotSme(Invalid):
    code = "terms.licensee_not_sme"
    phrase = N_(
        "Use first, pay later is for medium, small and micro enterprises (Changchun policy on science and technology "
        "for high-quality development; SME standard of 2011), and the licensee is a large one. Offer an ordinary "
        "paid licence instead."
    )


class LicenseeSizeUnknown(Invalid):
    code = "terms.licensee_size_unknown"
    phrase = N_(
        "Use first, pay later is for medium, small and micro enterprises (Changchun policy on science and technology "
        "for high-quality development; SME standard of 2011), and the licensee's size is not known. Ask the licensee "
        "to enter its industry, staff, revenue and assets."
    )


class AlreadyExclusive(Invalid):
    code = "terms.already_exclusive"
    phrase = N_(
        "One of these achievements is already licensed to a single licensee, sole or exclusive with the owner, so "
        "that no other licence can be granted (Interpretation art. 25). Leave it out or wait until that licence ends."
    )


def _entry_faults(terms: Terms) -> Iterator[DomainError]:
    yield from _text("territory", terms.territory)
    yield from _text("field_of_use", terms.field_of_use)
    yield from _whole("trial_months", terms.trial_months, TRIAL_MONTHS)
    yield from _whole("grace_days", terms.grace_days, GRACE_DAYS)
    yield from _day("effective_on", terms.effective_on)
    yield from _day("ends_on", terms.ends_on)
    if terms.commission_fen is not None:
        yield from _amount("commission_fen", terms.commission_fen)
    match terms.trigger:
        case OnDate(on):
            yield from _day("trigger.on", on)
        case RevenueThreshold(fen):
            yield from _amount("trigger.fen", fen)
        case Milestone(text):
            yield from _text("trigger.text", text)
    match terms.fee:
        case LumpSum(fen):
            yield from _amount("fee.fen", fen)
        case Deferral(fen, months_after):
            yield from _amount("fee.fen", fen)
            yield from _whole("fee.months_after", months_after, PAYMENT_MONTHS)
        case Instalments():
            yield from _instalment_faults(terms.fee)
        case EntryFeeRoyalty():
            yield from _royalty_faults(terms.fee)


def _instalment_faults(fee: Instalments) -> Iterator[DomainError]:
    if not 1 <= len(fee.parts) <= INSTALMENTS_LIMIT:
        yield NoInstalments(field="fee.parts", limit=INSTALMENTS_LIMIT)
    for number, part in enumerate(fee.parts):
        yield from _amount(f"fee.parts.{number}.fen", part.fen)
        yield from _whole(f"fee.parts.{number}.months_after", part.months_after, PAYMENT_MONTHS)
        if number and part.months_after <= fee.parts[number - 1].months_after:
            yield InstalmentsOutOfOrder(field=f"fee.parts.{number}.months_after")
    yield from _within("fee.parts", fixed_fen(fee))


def _royalty_faults(fee: EntryFeeRoyalty) -> Iterator[DomainError]:
    yield from _amount("fee.entry_fen", fee.entry_fen, zero=True)
    yield from _amount("fee.minimum_fen", fee.minimum_fen, zero=True)
    yield from _whole("fee.period_months", fee.period_months, PERIOD_MONTHS)
    if not 0 < fee.rate <= 1:
        yield RateOutOfRange(field="fee.rate")
    if fee.cap_fen is not None:
        yield from _amount("fee.cap_fen", fee.cap_fen)
        if fee.cap_fen < fee.minimum_fen:
            yield CapBelowMinimum(field="fee.cap_fen")


def _text(field: str, text: str) -> Iterator[DomainError]:
    if not text.strip():
        yield Blank(field=field)
    elif len(text) > TEXT_LIMIT:
        yield TooLong(field=field, limit=TEXT_LIMIT)


def _whole(field: str, number: int, bounds: tuple[int, int]) -> Iterator[DomainError]:
    low, high = bounds
    if not low <= number <= high:
        yield OutOfRange(field=field, low=low, high=high)


def _day(field: str, day: date | None) -> Iterator[DomainError]:
    first_on, last_on = DAYS
    if day is not None and not first_on <= day <= last_on:
        yield DayOutOfRange(field=field, first_on=first_on, last_on=last_on)


def _amount(field: str, fen: int, *, zero: bool = False) -> Iterator[DomainError]:
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


def _day_faults(terms: Terms, context: Context) -> Iterator[DomainError]:
    ends_on, effective_on = terms.ends_on, terms.effective_on
    countable = not [*_day("", effective_on), *_whole("", terms.trial_months, TRIAL_MONTHS)]
    trial_end = trial_ends_on(terms) if countable else effective_on
    if ends_on is None:
        yield NoEndDate(field="ends_on")
    elif ends_on < effective_on:
        yield EndsBeforeStart(field="ends_on", effective_on=effective_on)
    elif ends_on < trial_end:
        yield EndsInTrial(field="ends_on", trial_ends_on=trial_end)
    if ends_on is not None and context.rights_expire_on is not None and ends_on > context.rights_expire_on:
        yield EndsAfterRights(field="ends_on", rights_expire_on=context.rights_expire_on)
    if isinstance(terms.trigger, OnDate):
        if terms.trigger.on < effective_on:
            yield PaymentBeforeStart(field="trigger.on", effective_on=effective_on)
        elif terms.trigger.on < trial_end:
            yield PaymentInTrial(field="trigger.on", trial_ends_on=trial_end)
        if ends_on is not None and terms.trigger.on > ends_on:
            yield PaymentAfterEnd(field="trigger.on", ends_on=ends_on)


_SINGLE = frozenset({LicenceKind.EXCLUSIVE_WITH_OWNER, LicenceKind.SOLE})


def _party_faults(terms: Terms, context: Context) -> Iterator[DomainError]:
    if terms.kind is DealKind.PAY_LATER_LICENCE and context.licensee_is_sme is None:
        yield LicenseeSizeUnknown(field="licensee")
    elif terms.kind is DealKind.PAY_LATER_LICENCE and not context.licensee_is_sme:
        yield LicenseeNotSme(field="licensee")
    if context.existing_kinds & _SINGLE:
        yield AlreadyExclusive(field="licence")


# Warnings

_OPEN_LICENCE_GUIDE = N_("CNIPA guidance on open-licence fees, as reported by the press; written for open licences")
_PAY_LATER_PRACTICE = N_("Pay-later schemes of Inner Mongolia (2024) and Xixian New Area")


def _warnings(terms: Terms, context: Context) -> Iterator[TermsWarning]:
    fee = terms.fee
    if isinstance(fee, EntryFeeRoyalty) and fee.rate > RATE_ADVISED[fee.base]:
        phrase = {
            RoyaltyBase.SALES: N_("The royalty is above one fifth of net sales, more than is usual."),
            RoyaltyBase.PROFIT: N_("The royalty is above two fifths of profit, more than is usual."),
        }[fee.base]
        yield TermsWarning("terms.high_royalty", "fee.rate", phrase, _OPEN_LICENCE_GUIDE, {})
    if fixed_fen(fee) > FIXED_ADVISED_FEN:
        yield TermsWarning(
            "terms.high_fixed_fee",
            "fee",
            N_("The fixed fee is above %(limit_fen)s, more than is usual."),
            _OPEN_LICENCE_GUIDE,
            {"limit_fen": FIXED_ADVISED_FEN},
        )
    if terms.trial_months > TRIAL_ADVISED_MONTHS:
        yield TermsWarning(
            "terms.long_trial",
            "trial_months",
            N_("The trial is longer than %(limit)s months. Twelve are usual."),
            N_("Advice of this platform; no rule sets a longest trial"),
            {"limit": TRIAL_ADVISED_MONTHS},
        )
    if terms.licence in _SINGLE and LicenceKind.ORDINARY in context.existing_kinds:
        yield TermsWarning(
            "terms.licensed_before",
            "licence",
            N_(
                "Others already hold an ordinary licence, while this kind allows one licensee in its scope. "
                "Check that territory and field of use do not overlap."
            ),
            N_("Interpretation on technology contracts, art. 25"),
            {},
        )
    if terms.kind is DealKind.PAY_LATER_LICENCE:
        yield from _pay_later_warnings(terms)


def _pay_later_warnings(terms: Terms) -> Iterator[TermsWarning]:
    if terms.trial_months < 1:
        yield TermsWarning(
            "terms.no_trial",
            "trial_months",
            N_("There is no trial, although use should come first and payment later. Twelve months are usual."),
            N_("Practice in Beijing (Zhongguancun) and Zhejiang (Changshan)"),
            {},
        )
    paid_from = first_payment_on(terms)
    usual_from = add_months(terms.effective_on, FIRST_PAYMENT_ADVISED_MONTHS)
    if paid_from is not None and paid_from < usual_from:
        yield TermsWarning(
            "terms.early_payment",
            "trigger.on",
            N_("The first payment falls on %(paid_on)s, earlier than is usual: not before %(usual_on)s."),
            _PAY_LATER_PRACTICE,
            {"paid_on": paid_from, "usual_on": usual_from},
        )
