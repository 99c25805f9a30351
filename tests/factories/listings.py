"""Achievements and needs for tests, brought to their state through the services."""

from __future__ import annotations

from typing import Any

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.listings import services
from matchmaker.listings.models import Achievement, ListingState, Mode, Need
from matchmaker.listings.queries import Listing
from matchmaker.listings.services import AchievementFacts, NeedFacts
from tests.factories.accounts import SYSTEM, make_actor, make_organisation, unit

SUMMARY = "以脉冲电流激励电芯自身内阻发热，零下三十度静置后十分钟内升温至十度，样车测试二百六十次循环容量保持九成九。"
PROBLEM = "寒区物流车冬季充电时间过长，希望找到不增加整车成本、可在现有电池包上改装的快速升温方案，三个月内装车。"
CANARY = "绝密配方七四零赫兹CANARY"


def achievement_facts(**facts: Any) -> AchievementFacts:
    """Facts that can be published; `CANARY` is their confidential text."""
    defaults: dict[str, Any] = {
        "title": "动力电池低温自加热技术",
        "summary": SUMMARY,
        "keywords": ("电池", "低温"),
        "field": "nev",
        "industries": ("C36",),
        "modes": (Mode.PAY_LATER_LICENCE, Mode.ORDINARY_LICENCE),
        "district": "chaoyang",
        "trl": 6,
        "confidential": CANARY,
    }
    return AchievementFacts(**{**defaults, **facts})


def need_facts(**facts: Any) -> NeedFacts:
    """Facts that can be published; `CANARY` is their confidential text."""
    defaults: dict[str, Any] = {
        "title": "物流车电池冬季快速升温",
        "problem": PROBLEM,
        "keywords": ("电池", "冬季"),
        "field": "nev",
        "modes": (Mode.ORDINARY_LICENCE,),
        "district": "erdao",
        "min_trl": 5,
        "confidential": CANARY,
    }
    return NeedFacts(**{**defaults, **facts})


def make_achievement(
    organisation: Organisation | None = None,
    *,
    state: ListingState = ListingState.PUBLISHED,
    author: Actor | None = None,
    **facts: Any,
) -> Achievement:
    """An achievement of a (new, verified) university; by a researcher of it, if no author is given."""
    with unit():
        organisation = organisation or _home(author) or make_organisation(OrganisationKind.UNIVERSITY)
        author = author or make_actor(OrganisationKind.UNIVERSITY, Role.RESEARCHER, organisation=organisation)
        row = services.create_achievement(author, organisation, facts=achievement_facts(**facts))
        bring_to(row, state)
        return row


def make_need(
    organisation: Organisation | None = None,
    *,
    state: ListingState = ListingState.PUBLISHED,
    author: Actor | None = None,
    **facts: Any,
) -> Need:
    """A need of a (new, verified, small) enterprise; by a member of it, if no author is given."""
    with unit():
        organisation = organisation or _home(author) or make_organisation(OrganisationKind.ENTERPRISE)
        author = author or make_actor(OrganisationKind.ENTERPRISE, Role.ENTERPRISE_MEMBER, organisation=organisation)
        row = services.create_need(author, organisation, facts=need_facts(**facts))
        bring_to(row, state)
        return row


def _home(author: Actor | None) -> Organisation | None:
    return db.session.get(Organisation, author.organisation_id) if author and author.organisation_id else None


def bring_to(row: Listing, state: ListingState) -> None:
    """From draft along the table, as the platform itself."""
    with unit():
        if state in (ListingState.IN_REVIEW, ListingState.PUBLISHED):
            services.submit(SYSTEM, row)
        if state == ListingState.PUBLISHED:
            services.approve(SYSTEM, row)
        if state == ListingState.WITHDRAWN:
            services.withdraw(SYSTEM, row)


def disclose(row: Listing, organisation: Organisation) -> None:
    with unit():
        services.grant_disclosure(SYSTEM, row, organisation_id=organisation.id)


def propose(row: Listing, **facts: Any) -> None:
    """Save a change of a published listing, which stays unpublished."""
    with unit():
        if isinstance(row, Achievement):
            services.update_achievement(SYSTEM, row, facts=achievement_facts(**facts))
        else:
            services.update_need(SYSTEM, row, facts=need_facts(**facts))
