"""Each rule answers alike for a row in hand and in SQL, for every actor and every situation of a listing."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from flask import Flask
from sqlalchemy import select

from matchmaker.accounts.models import Organisation
from matchmaker.core import access
from matchmaker.core.db import db, unit_of_work
from matchmaker.listings import queries, services
from matchmaker.listings.models import Achievement, Attachment, Need
from matchmaker.listings.permissions import Can
from matchmaker.listings.queries import Listing
from tests.factories import accounts
from tests.factories import listings as make
from tests.factories.accounts import SYSTEM, unit
from tests.listings.cast import SITUATIONS, Cast, E, make_cast, make_situation

PDF = b"%PDF-1.4 invented"

ABOUT = {
    "achievement": Achievement,
    "need": Need,
    "attachment": Attachment,
}


def attach(app: Flask, row: Listing, *, confidential: bool) -> Attachment:
    """A file, attached by the platform; each with other bytes."""
    settings = app.extensions["matchmaker.settings"]
    with unit():
        return services.attach_file(
            SYSTEM,
            row,
            root=settings.files_dir,
            limit_bytes=1000,
            stream=io.BytesIO(PDF + str(row.id).encode() + str(confidential).encode()),
            name="检测报告.pdf",
            confidential=confidential,
        )


@pytest.fixture
def world(app):
    """Listings in every situation, some anonymous, some disclosed, most with files."""
    with unit_of_work():
        casts = [make_cast(), make_cast(enterprise_verified=False)]
        reader = accounts.make_organisation(E)
        casts[0].actors["let in"] = accounts.make_actor(E, organisation=reader)
        for cast in casts:
            for situation in SITUATIONS:
                for number, row in enumerate(
                    (
                        make_situation(cast, Achievement, situation),
                        make_situation(cast, Need, situation),
                        make_situation(cast, Need, situation, anonymous=True),
                    )
                ):
                    if situation not in ("in_review", "withdrawn"):
                        attach(app, row, confidential=False)
                        attach(app, row, confidential=True)
                    if situation == "published":
                        services.submit(SYSTEM, row)
                        services.approve(SYSTEM, row)
                        attach(app, row, confidential=False)
                    if number != 1:
                        make.disclose(row, reader)
    return casts


def test_both_faces_of_every_rule_agree(world):
    actors = [actor for cast in world for actor in cast.actors.values()]
    compared = 0
    for permission in Can:
        noun, verb = permission.split(":")
        model = Organisation if verb == "post" else ABOUT.get(noun)
        if model is None:
            continue  # about the actor alone
        rows = list(db.session.scalars(select(model)))
        for actor in actors:
            one = {row.id for row in rows if access.may(actor, permission, row)}
            many = set(db.session.scalars(select(model.id).where(access.visible(actor, permission))))
            assert one == many, (permission, sorted(actor.roles))
            compared += len(one)
    assert compared > 1000


def test_no_rule_lets_do_more_than_see(world):
    for permission in Can:
        noun, verb = permission.split(":")
        if noun in ABOUT and verb not in ("view", "post"):
            seen = access.all_rules()[Can(f"{noun}:view")]
            for row in db.session.scalars(select(ABOUT[noun])):
                for cast in world:
                    for actor in cast.actors.values():
                        if access.all_rules()[permission].one(actor, row):
                            assert seen.one(actor, row), permission


@dataclass
class Stage:
    """One published listing of each kind; the achievement and the anonymous need are disclosed to an enterprise."""

    cast: Cast
    achievement: Listing
    need: Listing
    anonymous: Listing

    def readers(self, row: Listing) -> set[str]:
        return {name for name, actor in self.cast.actors.items() if queries.may_read_confidential(actor, row)}


@pytest.fixture
def stage(app):
    with unit_of_work():
        cast, reader = make_cast(), accounts.make_organisation(E)
        cast.actors["let in"] = accounts.make_actor(E, organisation=reader)
        stage = Stage(
            cast,
            make_situation(cast, Achievement, "published"),
            make_situation(cast, Need, "published"),
            make_situation(cast, Need, "published", anonymous=True),
        )
        make.disclose(stage.achievement, reader)
        make.disclose(stage.anonymous, reader)
    return stage


def test_confidential_text_is_for_the_owner_and_those_let_in_and_nobody_else(stage):
    assert stage.readers(stage.achievement) == {"researcher", "colleague", "tto_officer", "let in"}
    assert stage.readers(stage.need) == {"member", "workmate", "signatory"}


def test_an_ended_disclosure_shuts_the_confidential_text(stage):
    reader = stage.cast.actors["let in"].organisation_id
    with unit_of_work():
        services.revoke_disclosure(SYSTEM, stage.achievement, organisation_id=reader)
        services.revoke_disclosure(SYSTEM, stage.achievement, organisation_id=reader)
    assert "let in" not in stage.readers(stage.achievement)


def test_disclosing_twice_is_disclosing_once(stage):
    row, reader = stage.achievement, stage.cast.actors["let in"].organisation_id
    with unit_of_work():
        first = services.grant_disclosure(SYSTEM, row, organisation_id=reader)
        assert services.grant_disclosure(SYSTEM, row, organisation_id=reader) is first
        services.revoke_disclosure(SYSTEM, row, organisation_id=reader)
        assert services.grant_disclosure(SYSTEM, row, organisation_id=reader) is not first
    assert "let in" in stage.readers(row)


def test_a_suspended_organisation_is_let_in_no_longer(stage):
    organisation = db.session.get(Organisation, stage.cast.actors["let in"].organisation_id)
    member = accounts.queries.list_members(organisation)[0]
    assert queries.may_read_confidential(accounts.actor(member), stage.achievement)
    with unit_of_work():
        accounts.services.decide_organisation(SYSTEM, organisation, action="suspend")
    assert not queries.may_read_confidential(accounts.actor(member), stage.achievement)


def test_a_withdrawn_listing_is_shut_to_those_let_in_as_well(stage):
    with unit_of_work():
        services.withdraw(SYSTEM, stage.achievement)
    assert stage.readers(stage.achievement) == {"researcher", "colleague", "tto_officer"}


def test_the_seeker_of_an_anonymous_need_is_named_to_the_owner_and_those_let_in(stage):
    told = {"member", "workmate", "signatory", "let in"}
    for name, actor in stage.cast.actors.items():
        assert access.may(actor, Can.NEED_SEE_SEEKER, stage.anonymous) == (name in told), name
        shown = queries.seekers_shown(actor, [stage.anonymous, stage.need])
        assert shown == {stage.need.id} | ({stage.anonymous.id} if name in told else set())


def test_a_public_file_waits_for_approval_and_a_confidential_one_for_disclosure(app):
    cast = make_cast()
    row = make_situation(cast, Achievement, "published")
    public, secret = attach(app, row, confidential=False), attach(app, row, confidential=True)
    make.disclose(row, cast.enterprise)

    def opens(name: str) -> set[str]:
        files = queries.list_attachments(cast.actors[name], row)
        return {"secret" if file.confidential else "public" for file in files}

    assert (opens("researcher"), opens("signatory"), opens("anonymous")) == ({"public", "secret"}, set(), set())
    with unit_of_work():
        services.submit(SYSTEM, row)
        services.approve(SYSTEM, row)
    assert opens("signatory") == {"public", "secret"}
    assert opens("anonymous") == opens("other_signatory") == opens("administrator") == {"public"}
    assert public.released
    assert secret.released
