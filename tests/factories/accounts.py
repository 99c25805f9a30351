"""People and organisations for tests."""

from __future__ import annotations

import itertools
from contextlib import nullcontext
from typing import Any

from flask.testing import FlaskClient

from matchmaker.accounts import credit_code, queries, services
from matchmaker.accounts.models import Membership, Organisation, SignIn, User
from matchmaker.accounts.roles import MANAGING_ROLE, OrganisationKind, Role
from matchmaker.accounts.services import Profile
from matchmaker.core import db as database
from matchmaker.core.access import Actor, system_actor
from matchmaker.core.db import unit_of_work

SYSTEM = system_actor("tests")
PASSWORD = "correct horse battery"
_numbers = itertools.count(1)


def unit() -> Any:
    """A unit of work, or nothing where one is open already."""
    return nullcontext() if database._writing.get() else unit_of_work()


def next_credit_code() -> str:
    body = f"91220101MA{next(_numbers):07d}"
    return body + credit_code.check_character(body)


def make_user(name: str | None = None, email: str | None = None) -> User:
    number = next(_numbers)
    with unit():
        return services.register_user(
            SYSTEM, None, email=email or f"person{number}@demo.example", name=name or f"示例{number}", password=PASSWORD
        )


SMALL = dict(industry="C36", employees=100, revenue_fen=5_000 * 1_000_000, assets_fen=1_000_000_000, figures_year=2025)
LARGE = dict(
    industry="C36", employees=2000, revenue_fen=90_000 * 1_000_000, assets_fen=1_000_000_000, figures_year=2025
)


def make_organisation(
    kind: OrganisationKind = OrganisationKind.ENTERPRISE,
    *,
    verified: bool = True,
    name: str | None = None,
    **profile: Any,
) -> Organisation:
    """An organisation with its first member; verified unless said otherwise; enterprises are small unless said."""
    number = next(_numbers)
    if kind == OrganisationKind.ENTERPRISE:
        profile = {**SMALL, **profile}
    with unit():
        user = make_user()
        organisation = services.register_organisation(
            SYSTEM,
            user,
            kind=kind,
            credit_code=next_credit_code(),
            profile=Profile(name=name or f"示例机构{number}", district="chaoyang", **profile),
        )
        if verified:
            services.decide_organisation(SYSTEM, organisation, action="verify")
    return organisation


def make_member(organisation: Organisation, *roles: Role) -> Membership:
    """A new person in the organisation, in these roles (the managing one if none is named)."""
    with unit():
        user = make_user()
        return services.add_member(SYSTEM, organisation, user, roles=set(roles) or {MANAGING_ROLE[organisation.kind]})


def actor(membership: Membership) -> Actor:
    """The actor of a member, as a request would make it."""
    return queries.actor_of(SignIn(user=membership.user, user_id=membership.user_id, membership=membership))


def make_actor(kind: OrganisationKind, *roles: Role, organisation: Organisation | None = None) -> Actor:
    """A member of a (new, verified) organisation of this kind, acting for it."""
    return actor(make_member(organisation or make_organisation(kind), *roles))


def sign_in(client: FlaskClient, user: User) -> FlaskClient:
    """Sign in through the page."""
    answer = client.post("/sign-in", data={"email": user.email, "password": PASSWORD})
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return client
