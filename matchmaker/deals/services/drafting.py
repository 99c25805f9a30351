"""Beginning a deal and writing its draft."""

from __future__ import annotations

from collections.abc import Sequence

from matchmaker.accounts.models import Organisation, OrganisationState
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import access, audit, clock, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command, db
from matchmaker.deals import queries
from matchmaker.deals import terms as agreed
from matchmaker.deals.models import Brokering, Deal, DealAchievement
from matchmaker.deals.permissions import SIGNATORY, Can
from matchmaker.deals.refusals import (
    AchievementNotPublished,
    CommissionWithoutBroker,
    IntroductionNotFit,
    NoAchievement,
    PartyNotFit,
    PartyNotVerified,
    SeveralOwners,
)
from matchmaker.deals.services.shared import finish, lock, side_of
from matchmaker.deals.states import DEAL, DealAction, NotThisSide, PartyRole
from matchmaker.deals.terms import DealKind, Terms
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.permissions import Can as IntroductionCan
from matchmaker.introductions.queries import was_introduced_by
from matchmaker.listings.models import Achievement, ListingState, Revision
from matchmaker.listings.permissions import Can as ListingCan

ACHIEVEMENTS_LIMIT = 20


@command(Can.DEAL_DRAFT)
def draft_deal(
    actor: Actor,
    _: None,
    *,
    kind: DealKind,
    achievements: Sequence[Achievement],
    licensee: Organisation,
    broker: Organisation | None = None,
    introduction: Introduction | None = None,
    title: str = "",
) -> Deal:
    """Begin a deal over published achievements of one owner, who is the licensor. The actor acts for a party.

    Raises NoAchievement, SeveralOwners, AchievementNotPublished, PartyNotFit, PartyNotVerified, IntroductionNotFit,
    NotThisSide; NotFound for an achievement or introduction the actor may not see.
    """
    achievements = list(dict.fromkeys(achievements))
    _check_achievements(actor, achievements)
    licensor = achievements[0].organisation
    deal = Deal(
        kind=kind,
        title=title or achievements[0].title,
        licensor=licensor,
        licensor_id=licensor.id,
        licensee=licensee,
        licensee_id=licensee.id,
        broker=broker,
        broker_id=broker.id if broker is not None else None,
        introduction=introduction,
        created_at=clock.now(),
        achievements=[
            DealAchievement(
                achievement=achievement,
                revision=public_revision(achievement),
                position=position,
                title=achievement.title,
            )
            for position, achievement in enumerate(achievements)
        ],
    )
    check_parties(deal)
    deal.drafted_by_id = deal.parties[_side_in_draft(actor, deal)]
    if introduction is not None:
        access.require(actor, IntroductionCan.INTRODUCTION_VIEW, introduction)
        _check_introduction(deal, introduction)
    if broker is not None:
        deal.brokering = _brokering(deal, broker)
    db.session.add(deal)
    audit.record(actor, "deal.drafted", deal, kind=str(kind), broker=broker is not None)
    return deal


def _brokering(deal: Deal, broker: Organisation) -> Brokering:
    """The intermediary's first introduction of these achievements to the licensee, if there was one."""
    found = [
        introduction
        for row in deal.achievements
        if (introduction := was_introduced_by(broker.id, row.achievement.id, deal.licensee_id)) is not None
    ]
    days = [(clock.day_of(one.introduced_at), one.id) for one in found if one.introduced_at is not None]
    brought_on, introduction_id = min(days, default=(clock.today(), None), key=lambda pair: pair[0])
    return Brokering(
        broker_id=broker.id,
        licensor_id=deal.licensor_id,
        licensee_id=deal.licensee_id,
        introduction_id=introduction_id,
        brought_on=brought_on,
        created_at=clock.now(),
    )


def _check_achievements(actor: Actor, achievements: Sequence[Achievement]) -> None:
    if not 1 <= len(achievements) <= ACHIEVEMENTS_LIMIT:
        raise NoAchievement(field="achievements", limit=ACHIEVEMENTS_LIMIT)
    for achievement in achievements:
        access.require(actor, ListingCan.ACHIEVEMENT_VIEW, achievement)
        public_revision(achievement)
    if len({achievement.organisation_id for achievement in achievements}) > 1:
        raise SeveralOwners(field="achievements")


def public_revision(achievement: Achievement) -> Revision:
    if achievement.state != ListingState.PUBLISHED or achievement.revision is None:
        raise AchievementNotPublished(field="achievements", title=achievement.title)
    return achievement.revision


_KIND_OF_PARTY = {
    PartyRole.LICENSOR: OrganisationKind.UNIVERSITY,
    PartyRole.LICENSEE: OrganisationKind.ENTERPRISE,
    PartyRole.BROKER: OrganisationKind.INTERMEDIARY,
}
"""Each part is taken by one kind, so that no organisation stands on two sides; a CHECK says so as well."""


def check_parties(deal: Deal) -> None:
    for side, kind in _KIND_OF_PARTY.items():
        party = queries.organisation_on(deal, side)
        if party is None:
            continue
        if party.kind != kind:
            raise PartyNotFit(field=str(side), name=party.name, kind=kind)
        if party.state != OrganisationState.VERIFIED:
            raise PartyNotVerified(field=str(side), name=party.name)


def _check_introduction(deal: Deal, introduction: Introduction) -> None:
    fits = (
        introduction.introduced_at is not None
        and introduction.achievement_organisation_id == deal.licensor_id
        and introduction.need_organisation_id == deal.licensee_id
        and introduction.achievement_id in {row.achievement.id for row in deal.achievements}
    )
    if not fits:
        raise IntroductionNotFit(field="introduction")


def _side_in_draft(actor: Actor, deal: Deal) -> PartyRole:
    side = side_of(actor, deal)
    if not actor.holds(SIGNATORY[side]):
        raise NotThisSide()
    return side


@command(Can.DEAL_EDIT)
def edit_terms(actor: Actor, deal: Deal, *, terms: Terms, seen_version: int | None = None) -> None:
    """Write the working draft, right or wrong: the rules judge it when it is offered.

    With `seen_version`, raises Conflict where someone saved since the form was opened.
    """
    lock(deal, DealAction.EDIT, seen_version)
    write_draft(deal, terms)
    workflow.apply(actor, deal, DEAL, DealAction.EDIT)


def write_draft(deal: Deal, terms: Terms) -> None:
    if terms.commission_fen is not None and deal.broker_id is None:
        raise CommissionWithoutBroker(field="commission_fen")
    deal.terms = agreed.to_json(terms)
    deal.kind = terms.kind


@command(Can.DEAL_DISCARD)
def discard_draft(actor: Actor, deal: Deal) -> None:
    lock(deal, DealAction.DISCARD)
    finish(actor, deal, DealAction.DISCARD, "")
