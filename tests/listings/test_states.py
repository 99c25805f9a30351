"""Every cell of (situation, action, actor), held against the rules as they are written down here."""

from __future__ import annotations

import pytest

from matchmaker.core import access, audit
from matchmaker.core.access import Actor
from matchmaker.core.db import unit_of_work
from matchmaker.core.errors import Conflict, DomainError, Forbidden, NotFound, Unauthenticated
from matchmaker.listings import queries, services, states
from matchmaker.listings.facts import OrganisationNotVerified
from matchmaker.listings.models import Achievement, ListingState, Need
from matchmaker.listings.queries import Listing
from tests.factories import accounts
from tests.factories import listings as make
from tests.factories.accounts import unit
from tests.listings.cast import SITUATIONS, U, make_cast, make_situation

ACTIONS = ("edit", "submit", "approve", "return", "withdraw", "reopen")

LEADS_TO = {
    ("draft", "edit"): "draft",
    ("draft", "submit"): "in_review",
    ("draft", "withdraw"): "withdrawn",
    ("in_review", "edit"): "draft",
    ("in_review", "approve"): "published",
    ("in_review", "return"): "draft",
    ("published", "edit"): "published",
    ("published", "withdraw"): "withdrawn",
    ("changed", "edit"): "published",
    ("changed", "submit"): "published",
    ("changed", "withdraw"): "withdrawn",
    ("change_in_review", "edit"): "published",
    ("change_in_review", "approve"): "published",
    ("change_in_review", "return"): "published",
    ("change_in_review", "withdraw"): "withdrawn",
    ("withdrawn", "reopen"): "draft",
}
"""Every other pair is refused."""

PUBLIC = {"published", "changed", "change_in_review"}
UNIVERSITY = {"researcher", "colleague", "tto_officer"}
ENTERPRISE = {"member", "workmate", "signatory"}


def sees(kind: str, name: str, situation: str) -> bool:
    """Published: everyone. Else the owner's people, and the bureau what it must judge."""
    if kind == "pending enterprise's need" and situation == "in_review" and name == "administrator":
        return True
    return situation in PUBLIC or name in (UNIVERSITY if kind == "achievement" else ENTERPRISE)


def may(kind: str, name: str, action: str, situation: str) -> bool:
    """The author writes his own, the managing role everything; who approves depends on the kind."""
    writers = {"achievement": {"researcher", "tto_officer"}}.get(kind, {"member", "signatory"})
    if action not in ("approve", "return"):
        return name in writers
    if kind == "pending enterprise's need":
        return name == "administrator" and situation in PUBLIC | {"in_review"}
    return name in {"tto_officer", "signatory"} & writers


def expected(kind: str, name: str, situation: str, action: str) -> str | type[DomainError]:
    if not sees(kind, name, situation):
        return NotFound
    if not may(kind, name, action, situation):
        return Unauthenticated if name == "anonymous" else Forbidden
    return LEADS_TO.get((situation, action), Conflict)


def take(actor: Actor, row: Listing, action: str) -> None:
    if action == "edit" and isinstance(row, Achievement):
        services.update_achievement(actor, row, facts=make.achievement_facts(title="又改了一次"))
    elif action == "edit":
        services.update_need(actor, row, facts=make.need_facts(title="又改了一次"))
    elif action == "return":
        services.return_(actor, row, reason="请补充实测数据")
    else:
        getattr(services, action)(actor, row)


@pytest.mark.parametrize("situation", SITUATIONS)
@pytest.mark.parametrize("kind", ["achievement", "need", "pending enterprise's need"])
def test_each_actor_can_do_in_each_situation_what_the_rules_say_and_nothing_else(app, kind, situation):
    cast = make_cast(enterprise_verified=kind != "pending enterprise's need")
    row = make_situation(cast, Achievement if kind == "achievement" else Need, situation)
    for name, actor in cast.actors.items():
        for action in ACTIONS:
            outcome = expected(kind, name, situation, action)
            assert tried(actor, row, action) == outcome, (name, action)
        if sees(kind, name, situation):
            open_now = [
                action for action in ACTIONS if may(kind, name, action, situation) and (situation, action) in LEADS_TO
            ]
            assert sorted(queries.open_actions(actor, row)) == sorted(open_now), name


def tried(actor: Actor, row: Listing, action: str) -> str | type[DomainError]:
    """State reached, or the kind of refusal; undone afterwards. A refusal must have changed nothing."""
    with unit_of_work() as session:
        session.refresh(row)
        before, events = row.version, len(audit.list_events(row.id))
        savepoint = session.begin_nested()
        try:
            take(actor, row, action)
            assert len(audit.list_events(row.id)) == events + 1
            return str(row.state)
        except DomainError as error:
            session.refresh(row)
            assert (row.version, len(audit.list_events(row.id))) == (before, events)
            return Conflict if isinstance(error, Conflict) else type(error)
        finally:
            savepoint.rollback()


def test_the_table_of_the_code_is_the_table_of_this_test():
    states_of = {"draft", "in_review", "published", "withdrawn"}
    for workflow in (states.ACHIEVEMENT, states.NEED):
        assert set(workflow.states) == states_of == {str(state) for state in ListingState}
        assert set(workflow.actions) == set(ACTIONS)
        rows = {(row.state, row.action): row.next for row in workflow.transitions}
        merged = {("published" if s in PUBLIC else s, action): to for (s, action), to in LEADS_TO.items()}
        assert rows == merged
        for row in workflow.transitions:
            assert row.permission in {str(permission) for permission in access.all_rules()}


def test_the_officer_of_a_university_that_is_not_verified_cannot_publish(app):
    with unit():
        university = accounts.make_organisation(U, verified=False)
        officer = accounts.make_actor(U, organisation=university)
        row = make.make_achievement(university, author=officer, state=ListingState.IN_REVIEW)
    with pytest.raises(OrganisationNotVerified), unit_of_work():
        services.approve(officer, row)
    assert queries.open_actions(officer, row) == ["edit", "return"]
    with unit_of_work():
        accounts.services.decide_organisation(accounts.SYSTEM, university, action="verify")
        services.approve(officer, row)
    assert row.state == ListingState.PUBLISHED
