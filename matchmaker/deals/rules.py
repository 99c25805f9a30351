"""What terms may say: hard rules refuse, each with its source (DOMAIN.md 1.2, 1.3). Pure.

`validate` collects every fault before it raises, and gives the warnings of `cautions`. "Interpretation" in the phrases
is the Supreme People's Court's on technology contracts (2020-12-29). Phrases hold no literal per cent sign: they are
%-formatted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from matchmaker.core.errors import N_, DomainError, Invalid, InvalidMany
from matchmaker.deals import cautions
from matchmaker.deals.cautions import SINGLE, Context, TermsWarning
from matchmaker.deals.entry_rules import (
    TEXT_LIMIT,
    TRIAL_MONTHS,
    AmountNegative,
    AmountNotPositive,
    Blank,
    DayOutOfRange,
    day,
    entry_faults,
    whole,
)
from matchmaker.deals.schedule import add_months, trial_ends_on
from matchmaker.deals.terms import (
    LICENCES,
    DealKind,
    InvestFirst,
    LicenceKind,
    OnDate,
    Stake,
    Terms,
    simple_triggers,
)

__all__ = [
    "TEXT_LIMIT",
    "AmountNegative",
    "AmountNotPositive",
    "Blank",
    "Context",
    "DayOutOfRange",
    "LicenseeNotSme",
    "TermsWarning",
    "validate",
]


def validate(terms: Terms, context: Context) -> list[TermsWarning]:
    """Warnings for terms that may be offered. Raises InvalidMany with every hard fault."""
    faults = [
        *entry_faults(terms),
        *_day_faults(terms, context),
        *_party_faults(terms, context),
        *_right_faults(terms, context),
        *_kind_faults(terms),
    ]
    if faults:
        raise InvalidMany(faults)
    return list(cautions.warnings(terms, context))


# Faults


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
        "One of these achievements is already under an exclusive or a sole licence, so that "
        "no other licence can be granted (Interpretation art. 25). Leave it out or wait until that licence ends."
    )


class OpenlyLicensed(Invalid):
    code = "terms.openly_licensed"
    phrase = N_(
        "One of these achievements is under an open licence, which anyone may take; an exclusive or sole licence "
        "cannot be granted beside it (Patent Law art. 50, 51). Grant an ordinary one, or withdraw the open licence "
        "first."
    )


class OpenNotOrdinary(Invalid):
    code = "terms.open_not_ordinary"
    phrase = N_("An open licence can only be an ordinary one (Patent Law art. 51). Choose the ordinary kind.")


class NoConsent(Invalid):
    code = "terms.no_consent"
    phrase = N_(
        "The right is owned with others. Without their agreement a co-owner may only grant ordinary licences (Patent "
        "Law art. 14). Ask the co-owners for their consent and say so, or choose the ordinary kind."
    )


class StateSecret(Invalid):
    code = "terms.state_secret"
    phrase = N_(
        "What is classified cannot be dealt in here: matters of state secrets need the approval of the ministry "
        "(Ministry of Finance, notice 57 of 2019, section 1)."
    )


class FeeNotOfKind(Invalid):
    code = "terms.fee_not_of_kind"
    phrase = N_(
        "This kind of deal and this kind of fee do not go together: technology for shares is paid in shares, invest "
        "first names project money and a share, all other kinds name money."
    )


class ExtensionsPastEnd(Invalid):
    """Facts: ends_on."""

    code = "terms.extensions_past_end"
    phrase = N_("With all extensions the trial would run past the last day of the licence, %(ends_on)s. Allow fewer.")


def _day_faults(terms: Terms, context: Context) -> Iterator[DomainError]:
    ends_on, effective_on = terms.ends_on, terms.effective_on
    countable = not [*day("", effective_on), *whole("", terms.trial_months, TRIAL_MONTHS)]
    trial_end = trial_ends_on(terms) if countable else effective_on
    if ends_on is None:
        yield NoEndDate(field="ends_on")
    elif ends_on < effective_on:
        yield EndsBeforeStart(field="ends_on", effective_on=effective_on)
    elif ends_on < trial_end:
        yield EndsInTrial(field="ends_on", trial_ends_on=trial_end)
    elif countable and _longest_trial(terms) > ends_on:
        yield ExtensionsPastEnd(field="trial_end.extensions", ends_on=ends_on)
    if ends_on is not None and context.rights_expire_on is not None and ends_on > context.rights_expire_on:
        yield EndsAfterRights(field="ends_on", rights_expire_on=context.rights_expire_on)
    for place, one in enumerate(simple_triggers(terms.trigger)):
        if isinstance(one, OnDate):
            field = "trigger.on" if one is terms.trigger else f"trigger.of.{place}.on"
            yield from _start_faults(field, one.on, terms, trial_end)


def _longest_trial(terms: Terms) -> date:
    end = terms.trial_end
    if end is None or not 0 < end.extensions * end.extension_months <= TRIAL_MONTHS[1] * 5:
        return trial_ends_on(terms)
    return add_months(terms.effective_on, terms.trial_months + end.extensions * end.extension_months)


def _start_faults(field: str, on: date, terms: Terms, trial_end: date) -> Iterator[DomainError]:
    if on < terms.effective_on:
        yield PaymentBeforeStart(field=field, effective_on=terms.effective_on)
    elif on < trial_end:
        yield PaymentInTrial(field=field, trial_ends_on=trial_end)
    if terms.ends_on is not None and on > terms.ends_on:
        yield PaymentAfterEnd(field=field, ends_on=terms.ends_on)


def _party_faults(terms: Terms, context: Context) -> Iterator[DomainError]:
    if terms.kind is DealKind.PAY_LATER_LICENCE and context.licensee_is_sme is None:
        yield LicenseeSizeUnknown(field="licensee")
    elif terms.kind is DealKind.PAY_LATER_LICENCE and not context.licensee_is_sme:
        yield LicenseeNotSme(field="licensee")
    if terms.kind in LICENCES and context.existing_kinds & SINGLE:
        yield AlreadyExclusive(field="licence")
    if terms.state_secret:
        yield StateSecret(field="state_secret")


def _right_faults(terms: Terms, context: Context) -> Iterator[DomainError]:
    ordinary = terms.kind in LICENCES and terms.licence is LicenceKind.ORDINARY
    if terms.kind is DealKind.OPEN_LICENCE and not ordinary:
        yield OpenNotOrdinary(field="licence")
    if context.open_licence and terms.kind in LICENCES and not ordinary:
        yield OpenlyLicensed(field="licence")
    if terms.co_owned and not terms.co_owners_consent and not ordinary:
        yield NoConsent(field="co_owners_consent")


def _kind_faults(terms: Terms) -> Iterator[DomainError]:
    fits = {DealKind.EQUITY: Stake, DealKind.INVEST_FIRST: InvestFirst}
    wanted = fits.get(terms.kind)
    if isinstance(terms.fee, Stake | InvestFirst) != (wanted is not None) or (
        wanted is not None and not isinstance(terms.fee, wanted)
    ):
        yield FeeNotOfKind(field="fee")
