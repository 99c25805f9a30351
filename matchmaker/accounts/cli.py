"""Commands on accounts: the first science bureau, which nobody on the web can make."""

from __future__ import annotations

import click

from matchmaker.accounts import credit_code, queries, services
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.accounts.services import Profile
from matchmaker.core import taxonomy
from matchmaker.core.access import system_actor
from matchmaker.core.cli import with_app
from matchmaker.core.db import unit_of_work
from matchmaker.core.web.forms import on_one_line


@click.group()
def bureau() -> None:
    """Science bureaus."""


@bureau.command()
@click.option("--name", required=True, help="Name of the bureau.")
@click.option("--credit-code", "code", required=True, help="Its unified social credit code.")
@click.option("--district", default="other", show_default=True)
@click.option("--email", required=True, help="Of its first administrator.")
@click.option("--person", required=True, help="Name of that administrator.")
@click.password_option(help="Asked for if not given.")
@with_app
def create(name: str, code: str, district: str, email: str, person: str, password: str) -> None:
    """Register a verified bureau with its first administrator, who can then invite others."""
    name, person = on_one_line(name), on_one_line(person)
    for option, given in (("--name", name), ("--person", person)):
        if not given:
            raise click.BadParameter("must not be empty", param_hint=option)
    if district not in taxonomy.terms("districts"):
        raise click.BadParameter("one of " + ", ".join(taxonomy.terms("districts")), param_hint="--district")
    actor = system_actor("command line")
    with unit_of_work():
        user = queries.find_user_by_email(email) or services.register_user(
            actor, None, email=email, name=person, password=password
        )
        organisation = services.register_organisation(
            actor,
            user,
            kind=OrganisationKind.AUTHORITY,
            credit_code=credit_code.validate(code, field="credit_code"),
            profile=Profile(name=name, district=district),
        )
        services.decide_organisation(actor, organisation, action="verify")
    click.echo(f"{name}: {email} is its administrator")
