"""What a contract says under each heading, from its terms. Pure.

The articles follow the order of a patent licence contract's sections and hold what Civil Code art. 845 and 846 ask for.
Each is there in every contract: one the parties have not agreed on says "none", and what the law then supplies.
Words come from an edition of the wording; this module decides which sentence stands where. `wording.added` says what
came with a later edition and nothing under an earlier one, whose contracts stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from matchmaker.deals import schedule
from matchmaker.deals.papers.paper import Block, Table, Text
from matchmaker.deals.papers.wording import Fen, Span, Wording, figure, percent
from matchmaker.deals.royalty import REPORT_DAYS
from matchmaker.deals.states import PartyRole
from matchmaker.deals.terms import (
    LICENCES,
    ByTier,
    ByYear,
    DealKind,
    Deferral,
    DisputeForum,
    EarlierOf,
    EntryFeeRoyalty,
    FirstRevenue,
    GuaranteeKind,
    Instalments,
    InvestFirst,
    LaterOf,
    LumpSum,
    Milestone,
    Milestones,
    OnDate,
    PricingRoute,
    RevenueThreshold,
    RoyaltyBase,
    SimpleTrigger,
    Stake,
    Terms,
    TierSpan,
    fixed_fen,
    simple_triggers,
)


@dataclass(frozen=True, slots=True)
class Party:
    name: Text
    credit_code: str
    place: Text


@dataclass(frozen=True, slots=True)
class Right:
    """`kind` and `status` are keys of the wording."""

    kind: str
    number: str
    status: str
    expires_on: date | None


@dataclass(frozen=True, slots=True)
class Result:
    """An achievement in the revision that the deal is about."""

    title: str
    revision: int
    rights: tuple[Right, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """What a contract is about beside its terms. `number` is the version's, `sha256` its hash."""

    deal: str
    title: str
    number: int
    sha256: str
    parties: Mapping[PartyRole, Party]
    results: tuple[Result, ...]


Article = Callable[[Terms, Matter, Wording], Iterator[Text | Block]]


def article(key: str, terms: Terms, matter: Matter, wording: Wording) -> list[Text | Block]:
    """Sentences and tables of one article, in order. Never empty: what is not agreed says so. KeyError for another."""
    return list(_ARTICLES[key](terms, matter, wording)) or [wording.fill(wording.entries["none"])]


def _preamble(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    yield wording.say(f"preamble.{_FAMILY.get(terms.kind, 'licence')}")
    if terms.completers:
        names = wording.join([wording.same(completer.name) for completer in terms.completers])
        yield wording.say("preamble.completers", names=names)
    if terms.related_party is not None:
        yield wording.say("preamble.related" if terms.related_party else "preamble.unrelated")
    if terms.state_secret is False:
        yield wording.say("preamble.no_secret")


_FAMILY = {
    DealKind.ASSIGNMENT: "assignment",
    DealKind.COMMISSIONED_DEVELOPMENT: "development",
    DealKind.COOPERATIVE_DEVELOPMENT: "development",
    DealKind.EQUITY: "equity",
    DealKind.INVEST_FIRST: "invest_first",
}
_DEVELOPMENT = frozenset({DealKind.COMMISSIONED_DEVELOPMENT, DealKind.COOPERATIVE_DEVELOPMENT})
_PATENTS = frozenset({"invention_patent", "utility_model", "design_patent"})


def _definitions(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    yield wording.say("definitions.technology")
    revenue = any(isinstance(one, FirstRevenue | RevenueThreshold) for one in simple_triggers(terms.trigger))
    if terms.kind not in _DEVELOPMENT:
        yield wording.say("definitions.products")
    elif revenue or isinstance(terms.fee, EntryFeeRoyalty):
        yield from wording.added("definitions.development_products")
    if terms.trial_months:
        yield wording.say("definitions.trial")
    if revenue:
        yield wording.say("definitions.revenue")
    if isinstance(terms.fee, EntryFeeRoyalty):
        yield wording.say(f"definitions.{terms.fee.base}")
    yield wording.say("definitions.time")


def _grant(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    yield from _granted(terms, wording)
    if terms.territory.strip():
        yield wording.say("grant.territory", territory=terms.territory)
    if terms.field_of_use.strip():
        yield wording.say("grant.goal" if terms.kind in _DEVELOPMENT else "grant.field", field=terms.field_of_use)
    if terms.ends_on is not None:
        term = "grant.term" if terms.kind in LICENCES else "grant.project_term"
        yield wording.say(term, begin=terms.effective_on, end=terms.ends_on)
    if terms.co_owned:
        yield wording.say("grant.co_owned_consent" if terms.co_owners_consent else "grant.co_owned")
    if terms.kind in LICENCES and any(right.expires_on for result in matter.results for right in result.rights):
        yield wording.say("grant.keep_alive")


def _granted(terms: Terms, wording: Wording) -> Iterator[Text]:
    if isinstance(terms.fee, Stake):
        yield wording.say(
            "grant.equity", company=terms.fee.company, share=terms.fee.share, valued=Fen(terms.fee.valued_fen)
        )
    elif isinstance(terms.fee, InvestFirst):
        fee = terms.fee
        yield wording.say("grant.invest_first", project=Fen(fee.project_fen), company=fee.company, share=fee.share)
        if fee.converts_by is not None:
            yield wording.say("grant.converts_by", day=fee.converts_by)
        if fee.exit.strip():
            yield wording.say("grant.exit", exit=fee.exit)
    elif terms.kind in LICENCES:
        if terms.kind is DealKind.OPEN_LICENCE:
            yield wording.say("grant.open_licence")
        else:
            yield wording.say("grant.licence")
            yield wording.say(f"grant.{terms.licence}")
        yield wording.say("grant.sublicence" if terms.sublicence else "grant.no_sublicence")
    elif terms.kind is DealKind.ASSIGNMENT or terms.kind in _DEVELOPMENT:
        yield wording.say(f"grant.{terms.kind}")


def _subject(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    yield wording.say("subject.list", count=len(matter.results))
    if terms.kind not in _DEVELOPMENT:
        yield wording.say("subject.law")
    if terms.warranty:
        yield wording.say("subject.warranty", words=terms.warranty)
    else:
        yield wording.say("subject.no_warranty")


def _delivery(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    if terms.delivery is None:
        yield wording.fill(wording.entries["none"])
    else:
        yield wording.say("delivery.what", days=Span(terms.delivery.days, "days"), what=terms.delivery.what)
        if terms.delivery.place:
            yield wording.say("delivery.place", place=terms.delivery.place)
    yield wording.say("delivery.plan")


# --- fee ------------------------------------------------------------------------------------------------------------


def _fee(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    if terms.pricing is not None:
        yield wording.say(f"fee.pricing.{PricingRoute(terms.pricing)}")
    yield from _trial(terms, wording)
    if not isinstance(terms.fee, Stake):
        yield from _trigger(terms, wording)
    yield from _amounts(terms, wording)
    if terms.postponement is not None:
        yield wording.say("fee.rest_day" if terms.postponement == "next_working_day" else "fee.as_it_falls")
    if isinstance(terms.fee, EntryFeeRoyalty) and terms.audit is not None:
        yield wording.say("fee.audit" if terms.audit else "fee.no_audit")
    yield from _guarantee(terms, wording)


def _trial(terms: Terms, wording: Wording) -> Iterator[Text]:
    if not terms.trial_months:
        if terms.kind in LICENCES:
            yield wording.say("fee.no_trial")
        return
    yield wording.say(
        "fee.trial",
        months=Span(terms.trial_months, "months"),
        begin=terms.effective_on,
        end=schedule.trial_ends_on(terms),
    )
    yield wording.say("fee.trial_report")
    if terms.trial_end is not None:
        yield wording.say(f"fee.outcome.{terms.trial_end.outcome}")
        if terms.trial_end.extensions:
            months = Span(terms.trial_end.extension_months, "months")
            yield wording.say("fee.extensions", count=terms.trial_end.extensions, months=months)
        if not isinstance(terms.trigger, OnDate):
            yield from wording.added("fee.trial_report_open")
    yield from wording.added("fee.trial_exit")
    if not isinstance(terms.fee, Stake) and schedule.fixed_start(terms.trigger) is None:
        yield from wording.added("fee.early_conversion")


def _trigger(terms: Terms, wording: Wording) -> Iterator[Text]:
    events = [_event(one, wording) for one in simple_triggers(terms.trigger)]
    if isinstance(terms.trigger, EarlierOf | LaterOf) and events:
        key = "fee.trigger.later" if isinstance(terms.trigger, LaterOf) else "fee.trigger.earlier"
        listed = [wording.say("fee.event.numbered", n=n, event=event) for n, event in enumerate(events, start=1)]
        yield wording.say(key, events=wording.join(listed, "and_then"))
    elif events:
        yield wording.say("fee.trigger.simple", event=events[0])
    if not isinstance(terms.trigger, OnDate):
        yield wording.say("fee.trigger.report")
    if isinstance(terms.fee, InvestFirst):
        yield wording.say("fee.invest_first")


def _event(trigger: SimpleTrigger, wording: Wording) -> Text:
    match trigger:
        case OnDate(on):
            return wording.say("fee.event.on_date", day=on)
        case RevenueThreshold(fen):
            return wording.say("fee.event.revenue", amount=Fen(fen))
        case Milestone(text):
            return wording.say("fee.event.milestone", words=text)
        case FirstRevenue():
            return wording.say("fee.event.first_revenue")


def _amounts(terms: Terms, wording: Wording) -> Iterator[Text | Block]:
    match terms.fee:
        case LumpSum(fen):
            yield wording.say("fee.lump_sum", amount=Fen(fen))
        case Deferral(fen, months_after):
            yield wording.say("fee.deferral", amount=Fen(fen), months=Span(months_after, "months"))
        case Instalments(parts):
            yield wording.say("fee.instalments", amount=Fen(fixed_fen(terms.fee)))
            yield _payments(wording, [(_after(part.months_after, wording), part.fen) for part in parts])
        case Milestones(steps):
            yield wording.say("fee.milestones", amount=Fen(fixed_fen(terms.fee)))
            rows = [
                (wording.say("fee.milestone_part", days=Span(step.days_after, "days"), words=step.text), step.fen)
                for step in steps
            ]
            yield _payments(wording, rows)
        case EntryFeeRoyalty():
            yield from _royalty(terms.fee, wording)
        case Stake():
            yield wording.say("fee.equity")


def _after(months: int, wording: Wording) -> Text:
    if not months:
        return wording.say("fee.part_now")
    return wording.say("fee.part_later", months=Span(months, "months"))


def _payments(wording: Wording, rows: list[tuple[Text, int]]) -> Table:
    head = tuple(wording.text("labels", key) for key in ("part", "when", "amount"))
    cells = tuple(
        (wording.same(str(number)), when, wording.same(figure(fen))) for number, (when, fen) in enumerate(rows, start=1)
    )
    return Table(head, cells, (2,))


def _royalty(fee: EntryFeeRoyalty, wording: Wording) -> Iterator[Text | Block]:
    yield wording.say("fee.entry", amount=Fen(fee.entry_fen)) if fee.entry_fen else wording.say("fee.no_entry")
    months = Span(fee.period_months, "months")
    base = wording.say(f"fee.base.{RoyaltyBase(fee.base)}")
    match fee.rate:
        case ByYear(rates):
            yield wording.say("fee.royalty_by_year", months=months, base=base)
            rows = [(wording.text("labels", "year_value", n=n), percent(rate)) for n, rate in enumerate(rates, start=1)]
            yield _rates(wording, "year", rows)
            if 12 % fee.period_months:
                yield from wording.added("fee.royalty_year")
        case ByTier(tiers, span):
            key = "fee.royalty_by_tier_life" if span is TierSpan.LIFE else "fee.royalty_by_tier_period"
            yield wording.say(key, months=months, base=base)
            yield _rates(wording, "tier", [(wording.same(figure(t.from_fen)), percent(t.rate)) for t in tiers])
        case rate:
            yield wording.say("fee.royalty", months=months, base=base, rate=rate)
    if fee.minimum_fen:
        yield wording.say("fee.minimum", amount=Fen(fee.minimum_fen))
    if fee.cap_fen is not None:
        yield wording.say("fee.cap", amount=Fen(fee.cap_fen))
    if fee.total_cap_fen is not None:
        yield wording.say("fee.total_cap", amount=Fen(fee.total_cap_fen))
    report_days = REPORT_DAYS if fee.report_days is None else fee.report_days
    yield wording.say("fee.report", days=Span(report_days, "days"))
    if fee.pay_days:
        yield wording.say("fee.royalty_due", days=Span(fee.pay_days, "days"))
    else:
        yield wording.say("fee.royalty_due_at_end")


def _rates(wording: Wording, label: str, rows: list[tuple[Text, str]]) -> Table:
    head = (wording.text("labels", label), wording.text("labels", "rate"))
    return Table(head, tuple((first, wording.same(rate)) for first, rate in rows), (1,))


def _guarantee(terms: Terms, wording: Wording) -> Iterator[Text]:
    found = terms.guarantee
    if found is None:
        return
    unstated = wording.say("fee.not_stated")
    limit = unstated if found.insured_fen is None else Fen(found.insured_fen)
    if found.kind is GuaranteeKind.GUARANTOR:
        yield wording.say("fee.guarantor", name=found.name, limit=limit)
        yield from wording.added("fee.guarantee_law")
    else:
        premium = unstated if found.premium_fen is None else Fen(found.premium_fen)
        policy = found.policy_number or unstated
        yield wording.say("fee.insurer", name=found.name, policy=policy, premium=premium, limit=limit)


# --- what the parties say in their own words ------------------------------------------------------------------------


def _own_words(words: str | None, law: str | None, wording: Wording) -> Iterator[Text]:
    """The words; without any, "none" and what the law then supplies, if anything."""
    if words and words.strip():
        yield wording.say("words", words=words)
        return
    yield wording.fill(wording.entries["none"])
    if law is not None:
        yield wording.say(law)


def _law(article: str, terms: Terms, wording: Wording) -> str:
    """The sentence on what the law supplies: art. 862 to 876 are about transfer and licence, 851 to 861 development."""
    development = f"{article}.development_law"
    return development if terms.kind in _DEVELOPMENT and wording.has(development) else f"{article}.law"


def _acceptance(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    yield from _own_words(terms.acceptance, None, wording)


def _confidentiality(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    if terms.confidentiality_years and not terms.confidentiality and wording.has("confidentiality.general"):
        yield wording.say("confidentiality.general")
    else:
        yield from _own_words(terms.confidentiality, "confidentiality.law", wording)
    if terms.confidentiality_years:
        yield wording.say("confidentiality.years", years=Span(terms.confidentiality_years, "years"))


def _technical_service(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    law = "technical_service.law" if terms.kind in LICENCES else None
    yield from _own_words(terms.technical_service, law, wording)


def _improvements(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    if terms.improvements is None:
        yield wording.fill(wording.entries["none"])
        yield wording.say(_law("improvements", terms, wording))
    else:
        yield wording.say(f"improvements.{terms.improvements}")
    if terms.restrains_development:
        yield wording.say("improvements.restrained")
    if terms.kind in _DEVELOPMENT:
        yield from wording.added(f"ownership.{terms.kind}")
        yield from wording.added("ownership.secret")


def _infringement(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    yield from _own_words(terms.infringement, _law("infringement", terms, wording), wording)


def _invalidation(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    yield from _own_words(terms.invalidation, _law("invalidation", terms, wording), wording)


def _force_majeure(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    yield from _own_words(None, "force_majeure.law", wording)
    if terms.kind in _DEVELOPMENT:
        yield from wording.added("risk.development")


# --- the end --------------------------------------------------------------------------------------------------------


def _breach(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    if not isinstance(terms.fee, Stake | InvestFirst):
        if terms.grace_days:
            yield wording.say("breach.grace", days=Span(terms.grace_days, "days"))
        else:
            yield wording.say("breach.no_grace")
        if terms.penalty is None:
            yield wording.say("breach.no_penalty")
        else:
            yield wording.say("breach.penalty", rate=terms.penalty.daily_rate)
            if terms.penalty.cap is not None:
                yield wording.say("breach.penalty_cap", rate=terms.penalty.cap)
    if terms.cure_days is not None:
        yield wording.say("breach.cure", days=Span(terms.cure_days, "days"))
    elif not isinstance(terms.fee, Stake | InvestFirst):
        yield from wording.added("breach.cure_unsaid")
    if terms.kind in LICENCES:
        yield wording.say("breach.stop")
        yield wording.say("breach.licensor")
    else:
        yield wording.say("breach.general")
    if terms.kind in _DEVELOPMENT:
        yield from wording.added(f"breach.{terms.kind}")


def _tax(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    if terms.tax is None:
        yield wording.fill(wording.entries["none"])
    else:
        yield wording.say("tax.included" if terms.tax.included else "tax.on_top", rate=terms.tax.vat_rate)
    yield wording.say("tax.each")


def _dispute(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    if terms.forum is None:
        yield wording.fill(wording.entries["none"])
        yield wording.say("dispute.law")
    elif terms.forum is DisputeForum.ARBITRATION:
        yield wording.say("dispute.arbitration", place=terms.forum_place or "")
    elif terms.forum_place:
        yield wording.say("dispute.court", place=terms.forum_place)
    else:
        yield wording.say("dispute.court_open")
    if terms.kind is DealKind.OPEN_LICENCE:
        yield from wording.added("dispute.open_licence")
    yield from wording.added("dispute.suspends")


def _effect(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    yield wording.say("effect.signed", begin=terms.effective_on)
    for key in ("electronic", "change", "end"):
        yield wording.say(f"effect.{key}")
    if terms.kind in LICENCES:
        yield from wording.added("effect.early_end")
        royalty = isinstance(terms.fee, EntryFeeRoyalty)
        yield from wording.added("effect.owed_royalty" if royalty else "effect.owed_instalments")
        yield wording.say("effect.return")
        yield from wording.added("effect.transfer")
    yield wording.say("effect.registration")
    patents = (right for result in matter.results for right in result.rights if right.kind in _PATENTS)
    if terms.kind in LICENCES and any(right.status == "granted" for right in patents):
        yield from wording.added("effect.recordal")


def _other(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    yield wording.say("other.language")
    yield wording.say("other.words", words=terms.other) if terms.other else wording.say("other.none")


def _intermediary(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    broker = matter.parties.get(PartyRole.BROKER)
    if broker is None:
        return
    yield wording.say("intermediary.name", name=broker.name)
    if terms.commission_fen is None:
        yield wording.say("intermediary.no_commission")
    else:
        yield wording.say("intermediary.commission", amount=Fen(terms.commission_fen))
        yield wording.say("intermediary.commission_split")


def _annexes(terms: Terms, matter: Matter, wording: Wording) -> Iterator[Text | Block]:
    yield wording.say("annexes.first")
    yield _technology(matter, wording)
    yield wording.say("annexes.second")
    yield _plan(terms, wording)
    if terms.postponement == "next_working_day":  # by a sentence: the holidays of later years are not announced yet
        yield from wording.added("annexes.rest_day")
    yield wording.say("annexes.third" if PartyRole.BROKER in matter.parties else "annexes.no_third")


def _technology(matter: Matter, wording: Wording) -> Table:
    keys = ("achievement", "right", "right_number", "status", "expires")
    rows = []
    for result in matter.results:
        name = wording.text("labels", "result", title=result.title, number=result.revision)
        for index, right in enumerate(result.rights or (None,)):
            rows.append((name if index == 0 else wording.same(""), *_right(right, wording)))
    return Table(tuple(wording.text("labels", key) for key in keys), tuple(rows))


def _right(right: Right | None, wording: Wording) -> tuple[Text, ...]:
    if right is None:
        return (wording.text("labels", "no_right"), *(wording.same("—"),) * 3)
    return (
        wording.text("rights", right.kind),
        wording.same(right.number or "—"),
        wording.text("statuses", right.status),
        wording.same("—") if right.expires_on is None else wording.shown(right.expires_on),
    )


def _plan(terms: Terms, wording: Wording) -> Table:
    """Steps with their days; what no day is fixed for says what it waits for."""
    event = wording.text("labels", "step_payment_event")
    found = [(wording.text("labels", "step_effective"), wording.shown(terms.effective_on))]
    if terms.delivery is not None:
        within = wording.text("labels", "within", days=Span(terms.delivery.days, "days"))
        found.append((wording.text("labels", "step_delivery"), within))
    if terms.trial_months:
        found.append((wording.text("labels", "step_trial_end"), wording.shown(schedule.trial_ends_on(terms))))
    if not isinstance(terms.fee, Stake):
        on = schedule.fixed_start(terms.trigger)
        found.append((wording.text("labels", "step_payment"), event if on is None else wording.shown(on)))
        if on is not None:
            found += [
                (wording.text("labels", "step_due", n=n, amount=figure(due.fen)), wording.shown(due.due_on))
                for n, due in enumerate(schedule.amounts_due(terms, on), start=1)
            ]
    if terms.ends_on is not None:
        found.append((wording.text("labels", "step_end"), wording.shown(terms.ends_on)))
    return Table((wording.text("labels", "step"), wording.text("labels", "day")), tuple(found))


_ARTICLES: Mapping[str, Article] = {
    "preamble": _preamble,
    "definitions": _definitions,
    "grant": _grant,
    "subject": _subject,
    "delivery": _delivery,
    "fee": _fee,
    "acceptance": _acceptance,
    "confidentiality": _confidentiality,
    "technical_service": _technical_service,
    "improvements": _improvements,
    "breach": _breach,
    "infringement": _infringement,
    "invalidation": _invalidation,
    "force_majeure": _force_majeure,
    "tax": _tax,
    "dispute": _dispute,
    "effect": _effect,
    "other": _other,
    "intermediary": _intermediary,
    "annexes": _annexes,
}


def article_keys() -> tuple[str, ...]:
    return tuple(_ARTICLES)
