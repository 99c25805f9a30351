"""Deals for tests, brought to their state through the services by people of the parties."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction
from typing import Any

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.deals import services
from matchmaker.deals.models import ContractType, Deal, Payment, Registration
from matchmaker.deals.permissions import SIGNATORY
from matchmaker.deals.schedule import fixed_start
from matchmaker.deals.stake_models import StakeEntry
from matchmaker.deals.stakes import ExitWay
from matchmaker.deals.states import DealState, PartyRole
from matchmaker.deals.terms import (
    Completer,
    DealKind,
    FirstRevenue,
    InvestFirst,
    LumpSum,
    OnDate,
    PricingRoute,
    Stake,
    Terms,
)
from matchmaker.listings.models import Achievement
from tests.factories.accounts import PASSWORD, SYSTEM, make_actor, unit
from tests.factories.listings import make_achievement

LICENSOR, LICENSEE, BROKER = PartyRole.LICENSOR, PartyRole.LICENSEE, PartyRole.BROKER
KIND_OF = {
    LICENSOR: OrganisationKind.UNIVERSITY,
    LICENSEE: OrganisationKind.ENTERPRISE,
    BROKER: OrganisationKind.INTERMEDIARY,
}
PRICE_FEN = 12_000_000


def make_terms(**changes: Any) -> Terms:
    """Pay-later terms that may be offered today: a year of trial, then a lump sum with the first revenue."""
    today = clock.today()
    defaults: dict[str, Any] = {
        "territory": "吉林省",
        "field_of_use": "物流车动力电池",
        "effective_on": today,
        "ends_on": today + timedelta(days=5 * 365),
        "trigger": FirstRevenue(),
        "fee": LumpSum(PRICE_FEN),
        "pricing": PricingRoute.LISTING,
    }
    return Terms(**{**defaults, **changes})


def paid_at_once(**changes: Any) -> Terms:
    """An ordinary licence without trial, paid on the day it takes effect."""
    return make_terms(**{"kind": DealKind.LICENCE, "trial_months": 0, "trigger": OnDate(clock.today()), **changes})


def equity_terms(**changes: Any) -> Terms:
    """Technology for a fifth of a company, valued at 3,000,000 yuan; payment, in shares, starts at once."""
    fee = Stake("示例轴承科技有限公司", Fraction(1, 5), 300_000_000)
    return paid_at_once(**{"kind": DealKind.EQUITY, "fee": fee, "completers": COMPLETERS, **changes})


def invest_terms(**changes: Any) -> Terms:
    """A million yuan of project money, which becomes a tenth of the company with the first revenue."""
    fee = InvestFirst("示例轴承科技有限公司", 100_000_000, Fraction(1, 10), exit="五年内回购")
    return make_terms(**{"kind": DealKind.INVEST_FIRST, "fee": fee, "completers": COMPLETERS, **changes})


COMPLETERS = (Completer("示例甲", Fraction(2, 3)), Completer("示例乙", Fraction(1, 3)))


@dataclass(frozen=True)
class Play:
    """A deal and the person who acts for each of its parties."""

    deal: Deal
    actors: Mapping[PartyRole, Actor]

    @property
    def sha256(self) -> str:
        version = self.deal.version_on_offer
        assert version is not None
        return version.sha256

    def edit(self, side: PartyRole = LICENSOR, terms: Terms | None = None) -> None:
        with unit():
            services.edit_terms(self.actors[side], self.deal, terms=terms or make_terms())

    def offer(self, side: PartyRole = LICENSOR) -> None:
        with unit():
            services.offer_terms(self.actors[side], self.deal)

    def accept(self, side: PartyRole) -> None:
        with unit():
            services.accept_offer(self.actors[side], self.deal, sha256=self.sha256)

    def counter(self, side: PartyRole = LICENSEE, **changes: Any) -> None:
        """Answer the standing offer with these changes of its terms."""
        version = self.deal.version_on_offer
        assert version is not None
        terms = replace(version.terms, **(changes or {"fee": LumpSum(PRICE_FEN // 2)}))
        self.act(side, services.counter_offer, terms=terms, sha256=version.sha256)

    def accept_by_all(self) -> None:
        for side in (LICENSOR, LICENSEE):
            if side not in self.deal.accepted_by:
                self.accept(side)

    def sign(self, side: PartyRole) -> None:
        with unit():
            services.sign(self.actors[side], self.deal, sha256=self.sha256, password=PASSWORD)

    def sign_by_all(self) -> None:
        for side in self.deal.parties:
            if side not in self.deal.signed_by:
                self.sign(side)

    def act(self, side: PartyRole, command: Callable[..., Any], **facts: Any) -> Any:
        """A command of the services, taken by the person of this side."""
        with unit():
            return command(self.actors[side], self.deal, **facts)

    def report_event(self, side: PartyRole = LICENSEE, on: date | None = None, **facts: Any) -> Any:
        given = {"ref": "trigger:0", "evidence": "invoice 1", **facts}
        return self.act(side, services.report_event, on=on, **given)

    def start_payment(self, side: PartyRole = LICENSEE, on: date | None = None, **facts: Any) -> None:
        """What starts payment happens: reported by this side and confirmed by the other, or a day fixed in advance."""
        terms = services.queries.terms_in_force(self.deal)
        assert terms is not None
        if fixed_start(terms.trigger) is not None:
            self.act(side, services.start_payment)
            return
        self.report_event(side, on, **facts)
        self.act(LICENSOR if side == LICENSEE else LICENSEE, services.confirm_event)

    def report_royalty(self, number: int, base_fen: int) -> Any:
        return self.act(LICENSEE, services.report_royalty, number=number, base_fen=base_fen)

    def pay(self, fen: int, key: str = "1", on: date | None = None, **facts: Any) -> Payment:
        with unit():
            return services.record_payment(
                self.actors[LICENSOR], self.deal, fen=fen, paid_on=on or clock.today(), idempotency_key=key, **facts
            )

    def complete(self) -> None:
        with unit():
            services.complete_deal(self.actors[LICENSOR], self.deal)


def take_stake(play: Play, share: Fraction = Fraction(1, 5), valued_fen: int = 300_000_000, **facts: Any) -> StakeEntry:
    given = {"on": clock.today(), "reference": "吉市监股权〔2026〕示例1号", **facts}
    entry: StakeEntry = play.act(LICENSOR, services.take_stake, share=share, valued_fen=valued_fen, **given)
    return entry


def exit_stake(play: Play, proceeds_fen: int = 450_000_000, way: ExitWay = ExitWay.BUYBACK) -> StakeEntry:
    facts = {"on": clock.today(), "reason": "按约定退出"}
    entry: StakeEntry = play.act(LICENSOR, services.exit_stake, way=way, proceeds_fen=proceeds_fen, **facts)
    return entry


def confirm_last(play: Play) -> None:
    """The licensee confirms the entry that the licensor made last."""
    play.act(LICENSEE, services.confirm_stake, number=play.deal.stakes[-1].number)


def register(play: Play, *, approved_fen: int = PRICE_FEN, total_fen: int | None = None, **facts: Any) -> Registration:
    """Register the technical contract of a signed deal."""
    number = f"2026220100{next(_numbers):04d}"
    given = {"type": ContractType.LICENCE, "number": number, "registered_on": clock.today(), **facts}
    return play.act(
        LICENSOR,
        services.register_contract,
        approved_fen=approved_fen,
        total_fen=approved_fen if total_fen is None else total_fen,
        **given,
    )


def confirm_broker(play: Play) -> None:
    """Both principals confirm the intermediary's part."""
    for side in (LICENSOR, LICENSEE):
        play.act(side, services.confirm_broker)


_numbers = itertools.count(1)


def make_parties(*, broker: bool = False) -> dict[PartyRole, Actor]:
    """A signatory of a new verified organisation for each party."""
    sides = [LICENSOR, LICENSEE, *([BROKER] if broker else [])]
    with unit():
        return {side: make_actor(KIND_OF[side], SIGNATORY[side]) for side in sides}


def organisation_of(actor: Actor) -> Organisation:
    return db.session.get_one(Organisation, actor.organisation_id)


def make_deal(
    state: DealState = DealState.DRAFT,
    *,
    broker: bool = False,
    offered_by: PartyRole = LICENSOR,
    drafted_by: PartyRole | None = None,
    actors: dict[PartyRole, Actor] | None = None,
    achievements: list[Achievement] | None = None,
    terms: Terms | None = None,
    title: str = "",
) -> Play:
    """A deal in this state; with a broker if asked for or if the broker makes the offer."""
    with unit():
        actors = actors or make_parties(broker=broker or offered_by == BROKER)
        licensor = organisation_of(actors[LICENSOR])
        if achievements is None:
            author = make_actor(OrganisationKind.UNIVERSITY, Role.RESEARCHER, organisation=licensor)
            achievements = [make_achievement(licensor, author=author)]
        deal = services.draft_deal(
            actors[drafted_by or offered_by],
            None,
            kind=DealKind.PAY_LATER_LICENCE,
            achievements=achievements,
            licensee=organisation_of(actors[LICENSEE]),
            broker=organisation_of(actors[BROKER]) if BROKER in actors else None,
            title=title,
        )
        play = Play(deal, actors)
        play.edit(drafted_by or offered_by, terms)
        for step in _way_to(play, state, offered_by):
            step()
    return play


def _way_to(play: Play, state: DealState, offered_by: PartyRole) -> list[Callable[[], Any]]:
    def discard() -> None:
        services.discard_draft(play.actors[offered_by], play.deal)

    def pay_all() -> None:
        play.pay(services.queries.outstanding_fen(play.deal))

    def run_into_default() -> None:
        services.declare_default(play.actors[LICENSOR], play.deal)

    offered = [lambda: play.offer(offered_by)]
    agreed = [*offered, play.accept_by_all]
    on_trial = [*agreed, play.sign_by_all]
    paying = [*on_trial, lambda: play.deal.state == DealState.PAYING or play.start_payment()]
    return {
        DealState.DRAFT: [],
        DealState.OFFERED: offered,
        DealState.AGREED: agreed,
        DealState.ON_TRIAL: on_trial,
        DealState.DECISION_DUE: [*on_trial, lambda: services.call_decision(SYSTEM, play.deal)],
        DealState.PAYING: paying,
        DealState.DEFAULTED: [*paying, lambda: _much_later(play, run_into_default)],
        DealState.DISPUTED: [*paying, lambda: play.act(LICENSEE, services.raise_dispute, reason="quality")],
        DealState.ENDED: [discard],
        DealState.COMPLETED: [*paying, pay_all, play.complete],
    }[state]


def _much_later(play: Play, step: Callable[[], None]) -> None:
    """After the days of grace of what fell due first."""
    late = services.queries.dues(play.deal)[0].due_on + timedelta(days=400)
    with clock.at(clock.noon(late)):
        step()
