"""What terms may say but seldom should: warnings, each with its source (DOMAIN.md 1.2, 1.3, 5). Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import Any

from matchmaker.core.errors import N_
from matchmaker.core.money import FEN_PER_WAN
from matchmaker.deals.schedule import add_months, amounts_due, first_payment_on, started_on, trial_ends_on
from matchmaker.deals.terms import (
    LICENCES,
    DealKind,
    EntryFeeRoyalty,
    Improvements,
    LicenceKind,
    PricingRoute,
    RoyaltyBase,
    Terms,
    fixed_fen,
    rates_of,
)

FIRST_PAYMENT_ADVISED_MONTHS = 12
FIXED_ADVISED_FEN = 2000 * FEN_PER_WAN
RATE_ADVISED = {RoyaltyBase.SALES: Fraction(20, 100), RoyaltyBase.PROFIT: Fraction(40, 100)}
PENALTY_ADVISED = Fraction(1, 1000)
SINGLE = frozenset({LicenceKind.EXCLUSIVE_WITH_OWNER, LicenceKind.SOLE})


@dataclass(frozen=True, slots=True)
class Context:
    """What the terms are judged against.

    `rights_expire_on`: earliest expiry among the licensed rights, None where none expires (know-how).
    `licensee_is_sme`: whether the licensee is 中小微 by the computed class, None where it cannot be computed.
    `existing_kinds`: kinds of the licences now in force or being signed on any of the achievements.
    `open_licence`: whether one of those is an open licence.
    `trial_advised`: months of trial, least and most, beyond which the terms are warned about.
    `today`: the day on which they are judged, before which nothing should have to happen.
    """

    rights_expire_on: date | None
    licensee_is_sme: bool | None
    existing_kinds: frozenset[LicenceKind] = frozenset()
    open_licence: bool = False
    trial_advised: tuple[int, int] = (1, 36)
    today: date = date.min


@dataclass(frozen=True, slots=True)
class TermsWarning:
    """Unusual but allowed. `phrase` and `source` are phrases of the catalogue, `facts` fill the phrase."""

    code: str
    field: str
    phrase: str
    source: str
    facts: Mapping[str, Any]


_OPEN_LICENCE_GUIDE = N_("CNIPA guidance on open-licence fees, as reported by the press; written for open licences")
_PAY_LATER_PRACTICE = N_("Pay-later schemes of Inner Mongolia (2024) and Xixian New Area")


def warnings(terms: Terms, context: Context) -> Iterator[TermsWarning]:
    fee = terms.fee
    if isinstance(fee, EntryFeeRoyalty) and max(rates_of(fee.rate)) > RATE_ADVISED.get(fee.base, 1):
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
    if terms.trial_months > context.trial_advised[1]:
        yield TermsWarning(
            "terms.long_trial",
            "trial_months",
            N_("The trial is longer than %(limit)s months. Twelve are usual."),
            N_("Advice of this platform; no rule sets a longest trial"),
            {"limit": context.trial_advised[1]},
        )
    if terms.trial_months and terms.trial_end is None:
        yield TermsWarning(
            "terms.undecided_trial",
            "trial_end",
            N_(
                "The terms do not say what follows if nobody decides by the end of the trial. The platform then only "
                "reminds both sides, and the trial stays open."
            ),
            N_("Advice of this platform; the law leaves it to the parties"),
            {},
        )
    if terms.kind in LICENCES and terms.licence in SINGLE and LicenceKind.ORDINARY in context.existing_kinds:
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
    yield from _past_warnings(terms, context.today)
    if terms.kind is DealKind.PAY_LATER_LICENCE:
        yield from _pay_later_warnings(terms, context)
    yield from _clause_warnings(terms, context)


def _past_warnings(terms: Terms, today: date) -> Iterator[TermsWarning]:
    """What would be over when the deal is signed. Allowed: a contract made on paper may be recorded afterwards."""
    in_force = N_("The contract comes into force with the last signature; what it says of earlier days counts at once")
    if terms.trial_months and trial_ends_on(terms) < today:
        yield TermsWarning(
            "terms.trial_over",
            "effective_on",
            N_(
                "The last day of the trial, %(ends_on)s, is past: as soon as all have signed, what the terms say of "
                "its end happens. Choose later days unless that is meant."
            ),
            in_force,
            {"ends_on": trial_ends_on(terms)},
        )
    starts_on = started_on(terms.trigger, {}, today)
    due_on = min((due.due_on for due in amounts_due(terms, starts_on)), default=today) if starts_on else today
    if due_on < today:
        yield TermsWarning(
            "terms.overdue_at_once",
            "trigger.on",
            N_(
                "An amount would have been due on %(due_on)s: as soon as all have signed it is overdue, with the "
                "penalty if one is agreed. Choose later days unless that is meant."
            ),
            in_force,
            {"due_on": due_on},
        )


_FIELDS = {
    "grant_back": N_(
        "The licensee's improvements would go to the licensor free of charge. A court may hold that such a clause "
        "illegally monopolises technology and is void."
    ),
    "restraint": N_(
        "One side would be kept from competing or from developing the technology further. A court may hold such a "
        "clause void."
    ),
}


def _clause_warnings(terms: Terms, context: Context) -> Iterator[TermsWarning]:
    monopoly = N_("Civil Code art. 850 and 864; Interpretation on technology contracts, art. 10")
    if terms.improvements is Improvements.GRANTED_BACK_FREE:
        yield TermsWarning("terms.free_grant_back", "improvements", _FIELDS["grant_back"], monopoly, {})
    if terms.restrains_development:
        yield TermsWarning("terms.restraint", "restrains_development", _FIELDS["restraint"], monopoly, {})
    if terms.penalty is not None and terms.penalty.daily_rate > PENALTY_ADVISED:
        yield TermsWarning(
            "terms.high_penalty",
            "penalty.daily_rate",
            N_("The penalty is above one thousandth a day. A court may lower one that is far above the loss."),
            N_("Civil Code art. 585"),
            {},
        )
    if terms.pricing is None:
        yield TermsWarning(
            "terms.no_pricing",
            "pricing",
            N_("The terms do not say how the price is set: by agreement with a notice, by listing, or by auction."),
            N_("Law on promoting the transformation of results, art. 18"),
            {},
        )
    if terms.related_party and terms.pricing is PricingRoute.NEGOTIATED:
        yield TermsWarning(
            "terms.related_party",
            "related_party",
            N_("The licensee is related to a completer. The public notice says so."),
            N_("Zhejiang regulation on transformation, art. 17"),
            {},
        )
    if terms.co_owned and not terms.co_owners_consent:
        yield TermsWarning(
            "terms.co_owned",
            "co_owners_consent",
            N_("The right is owned with others: what an ordinary licence brings in is shared with them."),
            N_("Patent Law art. 14"),
            {},
        )
    if terms.kind not in LICENCES and context.existing_kinds:
        yield TermsWarning(
            "terms.licensed_already",
            "kind",
            N_("Licences on this right are in force. They go on after an assignment; name them in the contract."),
            N_("Interpretation on technology contracts, art. 24"),
            {},
        )


def _pay_later_warnings(terms: Terms, context: Context) -> Iterator[TermsWarning]:
    if terms.trial_months < context.trial_advised[0]:
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
