"""Deals for tests, brought to their state through the services by people of the parties."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import clock
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.deals import services
from matchmaker.deals.models import Deal, Payment
from matchmaker.deals.permissions import SIGNATORY
from matchmaker.deals.states import DealState, PartyRole
from matchmaker.deals.terms import DealKind, FirstRevenue, LumpSum, OnDate, PricingRoute, Terms
from matchmaker.listings.models import Achievement
from tests.factories.accounts import PASSWORD, make_actor, unit
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

    def start_payment(self, side: PartyRole = LICENSEE, on: date | None = None) -> None:
        with unit():
            services.start_payment(self.actors[side], self.deal, on=on, evidence="invoice 1")

    def pay(self, fen: int, key: str = "1", on: date | None = None) -> Payment:
        with unit():
            return services.record_payment(
                self.actors[LICENSOR], self.deal, fen=fen, paid_on=on or clock.today(), idempotency_key=key
            )

    def complete(self) -> None:
        with unit():
            services.complete_deal(self.actors[LICENSOR], self.deal)


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

    offered = [lambda: play.offer(offered_by)]
    agreed = [*offered, play.accept_by_all]
    on_trial = [*agreed, play.sign_by_all]
    paying = [*on_trial, lambda: play.deal.state == DealState.PAYING or play.start_payment()]
    return {
        DealState.DRAFT: [],
        DealState.OFFERED: offered,
        DealState.AGREED: agreed,
        DealState.ON_TRIAL: on_trial,
        DealState.PAYING: paying,
        DealState.ENDED: [discard],
        DealState.COMPLETED: [*paying, pay_all, play.complete],
    }[state]
