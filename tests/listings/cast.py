"""Everyone who may meet a listing, by the relation they have to it."""

from __future__ import annotations

from dataclasses import dataclass, field

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core.access import ANONYMOUS, Actor
from matchmaker.listings import services
from matchmaker.listings.models import Achievement, ListingState, Need
from matchmaker.listings.queries import Listing
from tests.factories import accounts
from tests.factories import listings as make
from tests.factories.accounts import SYSTEM, unit

U, E = OrganisationKind.UNIVERSITY, OrganisationKind.ENTERPRISE

SITUATIONS = ("draft", "in_review", "published", "changed", "change_in_review", "withdrawn")
"""`published` again with a change that was saved, and with one that was handed in."""


@dataclass
class Cast:
    university: Organisation
    enterprise: Organisation
    actors: dict[str, Actor] = field(default_factory=dict)


def make_cast(*, enterprise_verified: bool = True) -> Cast:
    with unit():
        university = accounts.make_organisation(U)
        enterprise = accounts.make_organisation(E, verified=enterprise_verified)
        cast = Cast(university, enterprise)
        cast.actors = {
            "researcher": accounts.make_actor(U, Role.RESEARCHER, organisation=university),
            "colleague": accounts.make_actor(U, Role.RESEARCHER, organisation=university),
            "tto_officer": accounts.make_actor(U, Role.TTO_OFFICER, organisation=university),
            "member": accounts.make_actor(E, Role.ENTERPRISE_MEMBER, organisation=enterprise),
            "workmate": accounts.make_actor(E, Role.ENTERPRISE_MEMBER, organisation=enterprise),
            "signatory": accounts.make_actor(E, Role.ENTERPRISE_SIGNATORY, organisation=enterprise),
            "other_tto_officer": accounts.make_actor(U, Role.TTO_OFFICER),
            "other_signatory": accounts.make_actor(E, Role.ENTERPRISE_SIGNATORY),
            "technology_manager": accounts.make_actor(OrganisationKind.INTERMEDIARY, Role.TECHNOLOGY_MANAGER),
            "reviewer": accounts.make_actor(OrganisationKind.AUTHORITY, Role.REVIEWER),
            "auditor": accounts.make_actor(OrganisationKind.AUTHORITY, Role.AUDITOR),
            "administrator": accounts.make_actor(OrganisationKind.AUTHORITY, Role.ADMINISTRATOR),
            "newcomer": Actor(kind="user", name="示例", user_id=accounts.make_user().id),
            "anonymous": ANONYMOUS,
        }
        return cast


def make_situation(cast: Cast, kind: type[Achievement] | type[Need], situation: str, **facts: object) -> Listing:
    """A listing of the cast's researcher or enterprise member in this situation."""
    state = ListingState.PUBLISHED if situation in ("changed", "change_in_review") else ListingState(situation)
    with unit():
        row: Listing
        if kind is Achievement:
            row = make.make_achievement(cast.university, author=cast.actors["researcher"], state=state, **facts)
        else:
            row = make.make_need(cast.enterprise, author=cast.actors["member"], state=state, **facts)
        if situation in ("changed", "change_in_review"):
            make.propose(row, title="改过的标题", **facts)
        if situation == "change_in_review":
            services.submit(SYSTEM, row)
        return row
