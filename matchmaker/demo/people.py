"""Organisations and people of the demonstration."""

from __future__ import annotations

from typing import Any

from matchmaker.accounts import services
from matchmaker.accounts.roles import OrganisationKind, RecognitionKind, Role
from matchmaker.accounts.services import Profile
from matchmaker.demo.world import PASSWORD, PLATFORM, World, fen, read

WAITING = ("kece", "nongtu", "yingshi")
"""Organisations that the bureau has not verified yet, so that its queue is not empty."""


def load(world: World) -> None:
    for number, row in enumerate(read("organisations.yaml")):
        with world.days_ago(760 - number):
            _organisation(world, row)


def _organisation(world: World, row: dict[str, Any]) -> None:
    first, *others = row["people"]
    founder = services.register_user(PLATFORM, None, email=first["email"], name=first["name"], password=PASSWORD)
    organisation = services.register_organisation(
        PLATFORM, founder, kind=OrganisationKind(row["kind"]), credit_code=row["credit_code"], profile=_profile(row)
    )
    world.organisations[row["key"]] = organisation
    world.people[first["email"]] = founder.memberships[0]  # in the roles of whoever registers
    for person in others:
        user = services.register_user(PLATFORM, None, email=person["email"], name=person["name"], password=PASSWORD)
        roles = {Role(role) for role in person["roles"]}
        world.people[person["email"]] = services.add_member(PLATFORM, organisation, user, roles=roles)
    for recognition in row.get("recognitions", ()):
        services.add_recognition(
            PLATFORM, organisation, **{**recognition, "kind": RecognitionKind(recognition["kind"])}
        )
    if row["key"] not in WAITING:
        services.decide_organisation(PLATFORM, organisation, action="verify")


def _profile(row: dict[str, Any]) -> Profile:
    return Profile(
        name=row["name"],
        name_en=row["name_en"],
        district=row["district"],
        summary=row["summary"],
        summary_en=row["summary_en"],
        industry=row.get("industry"),
        employees=row.get("employees"),
        revenue_fen=fen(row.get("revenue_yuan")),
        assets_fen=fen(row.get("assets_yuan")),
        figures_year=row.get("figures_year"),
    )
