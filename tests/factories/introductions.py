"""Introductions for tests, with everybody around them, brought to their state through the services."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.access import Actor
from matchmaker.introductions import services
from matchmaker.introductions.models import Introduction
from matchmaker.introductions.states import IntroductionState, Outcome, Reason, Side
from matchmaker.listings.models import Achievement, Need
from tests.factories.accounts import make_actor, make_organisation, unit
from tests.factories.listings import make_achievement, make_need

MESSAGE = "我们的样车下月到位，希望安排一次技术交流。"


@dataclass(frozen=True)
class Pair:
    """A published achievement and need, the people of both sides, and an intermediary between them."""

    achievement: Achievement
    need: Need
    tto: Actor
    author: Actor
    researcher: Actor
    signatory: Actor
    member: Actor
    broker: Actor

    @property
    def broker_id(self) -> uuid.UUID:
        assert self.broker.organisation_id is not None
        return self.broker.organisation_id

    def asking(self, side: Side) -> Actor:
        return {Side.ACHIEVEMENT: self.tto, Side.NEED: self.member, Side.BROKER: self.broker}[side]


def make_pair(*, broker: Actor | None = None, **need_facts: Any) -> Pair:
    with unit():
        university = make_organisation(OrganisationKind.UNIVERSITY, name_en="Demo University")
        enterprise = make_organisation(OrganisationKind.ENTERPRISE, name_en="Demo Works")
        author = make_actor(OrganisationKind.UNIVERSITY, Role.RESEARCHER, organisation=university)
        return Pair(
            achievement=make_achievement(university, author=author),
            need=make_need(enterprise, **need_facts),
            tto=make_actor(OrganisationKind.UNIVERSITY, Role.TTO_OFFICER, organisation=university),
            author=author,
            researcher=make_actor(OrganisationKind.UNIVERSITY, Role.RESEARCHER, organisation=university),
            signatory=make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_SIGNATORY, organisation=enterprise),
            member=make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_MEMBER, organisation=enterprise),
            broker=broker or make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER),
        )


def request(pair: Pair, *, by: Side = Side.NEED, need: bool = True) -> Introduction:
    """Asked for by one side (its enterprise member or TTO officer), or proposed by the broker."""
    with unit():
        return services.request_introduction(
            pair.asking(by),
            pair.achievement,
            need=pair.need if need else None,
            message=MESSAGE,
            undertakes=by != Side.BROKER,
        )


def make_introduction(
    pair: Pair | None = None,
    *,
    state: IntroductionState = IntroductionState.REQUESTED,
    by: Side = Side.NEED,
    need: bool = True,
    outcome: Outcome = Outcome.NO_DEAL,
) -> Introduction:
    """Asked for by one side, or proposed by the broker, and taken on to a state."""
    with unit():
        pair = pair or make_pair()
        row = request(pair, by=by, need=need)
        undecided = [actor for side, actor in _deciders(pair) if side != by]
        if state == IntroductionState.DECLINED:
            services.decline_introduction(undecided[0], row, reason=Reason.TOO_EARLY)
        elif state == IntroductionState.WITHDRAWN:
            services.withdraw_introduction(pair.asking(by), row)
        elif state != IntroductionState.REQUESTED:
            for actor in undecided:
                services.agree_to_introduction(actor, row, undertakes=True)
        if state == IntroductionState.CONCLUDED:
            reason = Reason.TOO_DEAR if outcome == Outcome.NO_DEAL else None
            services.conclude_introduction(pair.signatory, row, outcome=outcome, reason=reason)
        return row


def _deciders(pair: Pair) -> list[tuple[Side, Actor]]:
    return [(Side.ACHIEVEMENT, pair.tto), (Side.NEED, pair.signatory)]
