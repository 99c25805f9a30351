"""Terms of a deal: what the parties agree to, as plain frozen values. Pure.

The fields follow DOMAIN.md 1.5 and 8 (Civil Code art. 845, 846; technology-contract interpretation art. 25, 28).
`rules.validate` judges them, `schedule` and `royalty` compute days and amounts from them. A value of `Terms` may be
wrong or unfinished, so that every fault can be shown at once; only validated terms are offered.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from matchmaker.deals.terms.kinds import (
    DealKind,
    DisputeForum,
    GuaranteeKind,
    Improvements,
    LicenceKind,
    Postponement,
    PricingRoute,
    RoyaltyBase,
    TierSpan,
    TrialOutcome,
)

# What starts payment


@dataclass(frozen=True, slots=True)
class OnDate:
    """Payment starts on a day fixed in advance."""

    on: date


@dataclass(frozen=True, slots=True)
class FirstRevenue:
    """Payment starts with the first revenue from the product or service."""


@dataclass(frozen=True, slots=True)
class RevenueThreshold:
    """Payment starts when accumulated revenue reaches this amount."""

    fen: int


@dataclass(frozen=True, slots=True)
class Milestone:
    """Payment starts when this has been accepted, in the parties' own words."""

    text: str


SimpleTrigger = OnDate | FirstRevenue | RevenueThreshold | Milestone


@dataclass(frozen=True, slots=True)
class EarlierOf:
    """Payment starts with whichever of these comes first."""

    of: tuple[SimpleTrigger, ...]


@dataclass(frozen=True, slots=True)
class LaterOf:
    """Payment starts when the last of these has happened."""

    of: tuple[SimpleTrigger, ...]


PaymentTrigger = SimpleTrigger | EarlierOf | LaterOf


def simple_triggers(trigger: PaymentTrigger) -> tuple[SimpleTrigger, ...]:
    """The events a trigger is made of, in order; of a simple one, itself."""
    return trigger.of if isinstance(trigger, EarlierOf | LaterOf) else (trigger,)


# What is paid


@dataclass(frozen=True, slots=True)
class LumpSum:
    """Whole price when payment starts."""

    fen: int


@dataclass(frozen=True, slots=True)
class Instalment:
    months_after: int
    fen: int


@dataclass(frozen=True, slots=True)
class Instalments:
    """Price in parts, each some months after payment starts."""

    parts: tuple[Instalment, ...]


@dataclass(frozen=True, slots=True)
class Deferral:
    """Whole price, some months after payment starts."""

    fen: int
    months_after: int


@dataclass(frozen=True, slots=True)
class ByYear:
    """A rate for each royalty year from the start of payment; the last one stays for the years after."""

    rates: tuple[Fraction, ...]


@dataclass(frozen=True, slots=True)
class Tier:
    """The rate on the part of the base from this amount on, up to the next tier."""

    from_fen: int
    rate: Fraction


@dataclass(frozen=True, slots=True)
class ByTier:
    """Rates on the parts of the base, rising or falling with its size. The first tier begins at 0."""

    tiers: tuple[Tier, ...]
    span: TierSpan = TierSpan.LIFE


Rate = Fraction | ByYear | ByTier


@dataclass(frozen=True, slots=True)
class EntryFeeRoyalty:
    """Entry fee when payment starts (0: none) and for each period a share of the base.

    `minimum_fen` and `cap_fen` bound the royalty of one period, `total_cap_fen` that of all; None: no upper bound.
    A royalty is due `pay_days` after its period (None: on its last day), its report `report_days` after it
    (None: 30).
    """

    entry_fen: int
    rate: Rate
    base: RoyaltyBase
    minimum_fen: int = 0
    cap_fen: int | None = None
    period_months: int = 12
    total_cap_fen: int | None = None
    report_days: int | None = None
    pay_days: int | None = None


@dataclass(frozen=True, slots=True)
class MilestonePart:
    """An amount that is due so many days after what the text names has been accepted."""

    text: str
    fen: int
    days_after: int


@dataclass(frozen=True, slots=True)
class Milestones:
    """Price in parts, each when a milestone has been accepted."""

    parts: tuple[MilestonePart, ...]


@dataclass(frozen=True, slots=True)
class Stake:
    """The technology is paid for in shares of a company: `share` of it, valued together at `valued_fen`."""

    company: str
    share: Fraction
    valued_fen: int


@dataclass(frozen=True, slots=True)
class InvestFirst:
    """Project money now; when payment starts it turns into a share of the company. `exit` says how that is sold."""

    company: str
    project_fen: int
    share: Fraction
    converts_by: date | None = None
    exit: str = ""


Fee = LumpSum | Instalments | Deferral | EntryFeeRoyalty | Milestones | Stake | InvestFirst


# The rest


@dataclass(frozen=True, slots=True)
class TrialEnd:
    """What follows where nobody decides, and how often the trial may be extended, by how many months each time."""

    outcome: TrialOutcome
    extensions: int = 0
    extension_months: int = 0


@dataclass(frozen=True, slots=True)
class Penalty:
    """For each day after the days of grace, this share of what is late; in all at most `cap` of that amount."""

    daily_rate: Fraction
    cap: Fraction | None = None


@dataclass(frozen=True, slots=True)
class Tax:
    """Value-added tax on the amounts of the terms: already within them, or on top."""

    vat_rate: Fraction
    included: bool


@dataclass(frozen=True, slots=True)
class Guarantee:
    """Who stands in for what is not paid: a guarantor, or an insurer with its policy."""

    kind: GuaranteeKind
    name: str
    policy_number: str | None = None
    premium_fen: int | None = None
    insured_fen: int | None = None


@dataclass(frozen=True, slots=True)
class Completer:
    """A person who made the achievement, and the share of the reward."""

    name: str
    share: Fraction


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is handed over within so many days after the deal is in force."""

    what: str
    days: int
    place: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """Terms of one deal. `ends_on` is the last day of the licence; None only while it is not yet filled in.

    Every entry that is None is not agreed: the contract says 无 there, and the law's default holds.
    """

    kind: DealKind = DealKind.PAY_LATER_LICENCE
    licence: LicenceKind = LicenceKind.ORDINARY
    territory: str
    field_of_use: str
    sublicence: bool = False
    effective_on: date
    trial_months: int = 12
    ends_on: date | None
    trigger: PaymentTrigger
    fee: Fee
    grace_days: int = 30
    commission_fen: int | None = None

    pricing: PricingRoute | None = None
    related_party: bool | None = None  # the licensee is a completer or related to one: marked in the notice
    co_owned: bool | None = None
    co_owners_consent: bool | None = None
    state_secret: bool | None = None
    completers: tuple[Completer, ...] | None = None
    reward_rate: Fraction | None = None  # the university's own rule; None: the platform's default
    trial_end: TrialEnd | None = None
    postponement: Postponement | None = None
    penalty: Penalty | None = None
    cure_days: int | None = None
    tax: Tax | None = None
    guarantee: Guarantee | None = None
    audit: bool | None = None
    delivery: Delivery | None = None
    acceptance: str | None = None
    technical_service: str | None = None
    confidentiality: str | None = None
    confidentiality_years: int | None = None
    improvements: Improvements | None = None
    restrains_development: bool | None = None
    warranty: str | None = None
    infringement: str | None = None
    invalidation: str | None = None
    forum: DisputeForum | None = None
    forum_place: str | None = None
    other: str | None = None


def fixed_parts(fee: Fee) -> tuple[Instalment, ...]:
    """The parts of a fee that are fixed in amount and day, by months after payment starts. No zero entry fee."""
    match fee:
        case LumpSum(fen):
            return (Instalment(0, fen),)
        case Deferral(fen, months_after):
            return (Instalment(months_after, fen),)
        case Instalments(parts):
            return parts
        case EntryFeeRoyalty(entry_fen=fen):
            return (Instalment(0, fen),) if fen else ()
    return ()


def fixed_fen(fee: Fee) -> int:
    """Sum of the parts that are fixed in amount; royalties come on top. Shares are no money."""
    parts = fee.parts if isinstance(fee, Milestones) else fixed_parts(fee)
    return sum(part.fen for part in parts)


def rates_of(rate: Rate) -> tuple[Fraction, ...]:
    """Every rate that may apply, in order."""
    match rate:
        case ByYear(rates):
            return rates
        case ByTier(tiers):
            return tuple(tier.rate for tier in tiers)
    return (rate,)
