"""Writing, publishing and freezing: what was approved is public, and nothing else is."""

from __future__ import annotations

import io
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from matchmaker.core import audit, clock
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.errors import Conflict, Forbidden, InvalidMany
from matchmaker.core.files import FileEmpty, FileTooLarge, FileTypeRefused
from matchmaker.listings import documents, facts, queries, services
from matchmaker.listings.models import Achievement, Attachment, ListingState, Need, Revision
from tests.factories import accounts
from tests.factories import listings as make
from tests.factories.accounts import SYSTEM, unit
from tests.listings.cast import E, U, make_cast, make_situation
from tests.listings.test_permissions import PDF, attach


def events(row) -> list[str]:
    return [event.event for event in audit.list_events(row.id)]


# --- posting --------------------------------------------------------------------------------------------------------


def test_a_draft_belongs_to_its_author_and_may_be_incomplete(app):
    cast = make_cast()
    with unit_of_work():
        row = services.create_achievement(
            cast.actors["researcher"], cast.university, facts=services.AchievementFacts(title="初稿")
        )
    assert (row.state, row.author_id) == (ListingState.DRAFT, cast.actors["researcher"].user_id)
    assert events(row) == ["achievement.drafted"]


@pytest.mark.parametrize("name", ["other_tto_officer", "signatory", "technology_manager", "administrator", "newcomer"])
def test_achievements_are_posted_by_people_of_that_university_only(app, name):
    cast = make_cast()
    with pytest.raises(Forbidden), unit_of_work():
        services.create_achievement(cast.actors[name], cast.university, facts=make.achievement_facts())


@pytest.mark.parametrize("name", ["other_signatory", "researcher", "technology_manager", "administrator", "newcomer"])
def test_needs_are_posted_by_people_of_that_enterprise_only(app, name):
    cast = make_cast()
    with pytest.raises(Forbidden), unit_of_work():
        services.create_need(cast.actors[name], cast.enterprise, facts=make.need_facts())


def test_the_platform_itself_cannot_post_for_the_wrong_kind_of_organisation(app):
    cast = make_cast()
    with pytest.raises(services.WrongKindOfOrganisation), unit_of_work():
        services.create_achievement(SYSTEM, cast.enterprise, facts=make.achievement_facts())
    with pytest.raises(services.WrongKindOfOrganisation), unit_of_work():
        services.create_need(SYSTEM, cast.university, facts=make.need_facts())


def test_every_fault_of_a_draft_is_raised_at_once(app):
    cast = make_cast()
    with pytest.raises(InvalidMany) as caught, unit_of_work():
        services.create_need(
            cast.actors["member"], cast.enterprise, facts=make.need_facts(title="", district="atlantis", min_trl=11)
        )
    assert {error.field for error in caught.value.errors} == {"title", "district", "min_trl"}
    assert db.session.scalar(select(func.count()).select_from(Need)) == 0


def test_handing_in_asks_for_what_a_draft_may_lack(app):
    row = make.make_need(state=ListingState.DRAFT, problem="太短", deadline_on=clock.today() - timedelta(days=1))
    with pytest.raises(InvalidMany) as caught, unit_of_work():
        services.submit(SYSTEM, row)
    assert {error.field for error in caught.value.errors} == {"problem", "deadline_on"}
    db.session.refresh(row)
    assert (row.state, row.submitted_at) == (ListingState.DRAFT, None)


def test_a_deadline_that_passed_while_it_waited_stops_the_approval(app):
    row = make.make_need(state=ListingState.IN_REVIEW, deadline_on=clock.today() + timedelta(days=2))
    with clock.at(clock.now() + timedelta(days=5)), pytest.raises(facts.DeadlinePast), unit_of_work():
        services.approve(SYSTEM, row)


# --- publishing -----------------------------------------------------------------------------------------------------


def test_publication_freezes_what_is_public_under_its_hash(app):
    row = make.make_achievement(title="自加热", price_min_fen=100, price_max_fen=200)
    revision = row.revision
    assert (revision.number, row.state, row.published_at is not None) == (1, ListingState.PUBLISHED, True)
    assert revision.body["title"] == "自加热"
    assert revision.body["organisation"]["name"] == row.organisation.name
    assert (revision.body["price_min_fen"], revision.body["price_max_fen"]) == (100, 200)
    assert revision.body.keys() - {"kind", "organisation", "attachments"} == row_fields() - {"confidential"}
    db.session.expire_all()
    stored = db.session.get(Revision, revision.id)
    assert stored.sha256 == documents.digest(stored.body)
    assert events(row) == ["achievement.drafted", "achievement.submitted", "achievement.published"]


def row_fields() -> set[str]:
    return set(make.achievement_facts().plain())


def test_a_listing_may_be_published_by_the_officer_who_wrote_it(app):
    officer = make_cast().actors["tto_officer"]
    row = make.make_achievement(author=officer, state=ListingState.DRAFT)
    with unit_of_work():
        services.submit(officer, row)
        services.approve(officer, row)
    assert row.state == ListingState.PUBLISHED


def test_an_edit_of_a_published_listing_changes_nothing_public_until_it_is_approved(app):
    row = make.make_achievement(title="原题", field="nev", author=make_cast().actors["researcher"])
    first = row.revision
    make.propose(row, title="新题", field="bio", confidential="新的秘密")
    assert (row.title, row.field, row.revision) == ("原题", "nev", first)
    assert queries.public_document(row)["title"] == "原题"
    assert row.confidential == make.CANARY
    assert documents.working_facts(row).title == "新题"

    with unit():
        services.submit(SYSTEM, row)
    assert (row.title, row.state) == ("原题", ListingState.PUBLISHED)

    with unit():
        services.approve(SYSTEM, row)
    assert (row.title, row.field, row.confidential, row.proposal) == ("新题", "bio", "新的秘密", None)
    assert (row.revision.number, queries.public_document(row)["title"]) == (2, "新题")
    assert [revision.body["title"] for revision in queries.list_revisions(row)] == ["新题", "原题"]


def test_a_returned_change_is_kept_for_its_author_with_the_reason(app):
    row = make.make_achievement(title="原题")
    make.propose(row, title="新题")
    with unit():
        services.submit(SYSTEM, row)
        services.return_(SYSTEM, row, reason="请附检测报告")
    assert (row.title, row.proposal["title"], row.return_reason) == ("原题", "新题", "请附检测报告")
    assert "请附检测报告" not in str([event.facts for event in audit.list_events(row.id)])
    with unit():
        services.submit(SYSTEM, row)
    assert row.return_reason is None


def test_nothing_is_returned_without_a_reason(app):
    row = make.make_need(state=ListingState.IN_REVIEW)
    with pytest.raises(services.ReasonMissing), unit_of_work():
        services.return_(SYSTEM, row, reason="  ")


def test_editing_takes_a_listing_back_from_review(app):
    row = make.make_achievement(state=ListingState.IN_REVIEW)
    with unit():
        services.update_achievement(SYSTEM, row, facts=make.achievement_facts(title="再想想"))
    assert (row.state, row.submitted_at, row.title) == (ListingState.DRAFT, None, "再想想")


def test_nobody_approves_a_text_that_is_not_the_one_he_read(app):
    row = make.make_achievement(state=ListingState.IN_REVIEW)
    read = row.version
    with unit():
        services.update_achievement(SYSTEM, row, facts=make.achievement_facts(title="偷换"))
        services.submit(SYSTEM, row)
    with pytest.raises(Conflict), unit_of_work():
        services.approve(SYSTEM, row, seen_version=read)
    with unit_of_work():
        services.approve(SYSTEM, row, seen_version=row.version)
    assert row.title == "偷换"


def test_of_two_who_edit_one_form_the_second_is_told(app):
    row = make.make_need(state=ListingState.DRAFT)
    opened = row.version
    with unit():
        services.update_need(SYSTEM, row, facts=make.need_facts(title="先到"), seen_version=opened)
    with pytest.raises(Conflict), unit_of_work():
        services.update_need(SYSTEM, row, facts=make.need_facts(title="后到"), seen_version=opened)
    db.session.refresh(row)
    assert row.title == "先到"


def test_withdrawing_keeps_the_unpublished_change_to_go_on_from(app):
    row = make.make_achievement(title="原题")
    make.propose(row, title="新题")
    with unit():
        services.withdraw(SYSTEM, row)
        services.reopen(SYSTEM, row)
    assert (row.state, row.title, row.proposal) == (ListingState.DRAFT, "新题", None)
    make.bring_to(row, ListingState.PUBLISHED)
    assert (row.revision.number, row.revision.body["title"]) == (2, "新题")


def test_an_anonymous_need_is_frozen_without_its_seeker(app):
    row = make.make_need(anonymous=True)
    assert row.revision.body["organisation"] is None
    assert row.organisation.name not in str(row.revision.body)


def test_confidential_text_is_in_no_revision_and_no_audit_event(app):
    for row in (make.make_achievement(), make.make_need()):
        make.propose(row, title="改")
        with unit():
            services.submit(SYSTEM, row)
            services.approve(SYSTEM, row)
        frozen = [revision.body for revision in queries.list_revisions(row)]
        logged = [event.facts for event in audit.list_events(row.id)]
        assert make.CANARY not in str([frozen, logged, queries.public_document(row)])
        assert row.confidential == make.CANARY


# --- files ----------------------------------------------------------------------------------------------------------


def put(app, row, content: bytes, **changes):
    settings = app.extensions["matchmaker.settings"]
    given = {"root": settings.files_dir, "limit_bytes": 100, "name": "a.pdf", "confidential": False, **changes}
    with unit_of_work():
        return services.attach_file(SYSTEM, row, stream=io.BytesIO(content), **given)


def test_a_public_file_is_frozen_with_its_hash_and_a_confidential_one_is_not(app):
    row = make.make_achievement(state=ListingState.DRAFT)
    put(app, row, PDF, name="..\\报告\u202e.exe")
    put(app, row, PDF + b"2", name="secret.pdf", confidential=True)
    make.bring_to(row, ListingState.PUBLISHED)
    (frozen,) = row.revision.body["attachments"]
    assert frozen["name"] == "报告.exe.pdf"
    assert (frozen["size"], len(frozen["sha256"])) == (len(PDF), 64)
    assert "secret" not in str(row.revision.body)


@pytest.mark.parametrize(
    ("content", "error"), [(b"", FileEmpty), (b"MZ\x90", FileTypeRefused), (PDF + b"x" * 100, FileTooLarge)]
)
def test_a_file_that_is_not_taken_leaves_the_listing_alone(app, content, error):
    row = make.make_achievement(state=ListingState.IN_REVIEW)
    with pytest.raises(error):
        put(app, row, content)
    db.session.refresh(row)
    assert row.state == ListingState.IN_REVIEW
    assert db.session.scalar(select(func.count()).select_from(Attachment)) == 0


def test_a_file_added_to_a_published_listing_is_a_change_to_hand_in(app):
    cast = make_cast()
    row = make_situation(cast, Achievement, "published")
    attach(app, row, confidential=False)
    assert queries.open_actions(cast.actors["researcher"], row) == ["edit", "submit", "withdraw"]
    assert row.revision.body["attachments"] == []


def test_a_removed_file_is_gone_at_once_but_the_revision_remembers_it(app):
    row = make.make_need(state=ListingState.DRAFT)
    file = attach(app, row, confidential=False)
    make.bring_to(row, ListingState.PUBLISHED)
    with unit_of_work():
        services.remove_attachment(SYSTEM, file)
    assert queries.list_attachments(SYSTEM, row) == []
    assert len(row.revision.body["attachments"]) == 1
    assert events(row)[-1] == "need.change_proposed"


def test_a_listing_has_at_most_twenty_files(app):
    row = make.make_need(state=ListingState.DRAFT)
    for _ in range(services.MOST_ATTACHMENTS):
        put(app, row, PDF)
    with pytest.raises(services.TooManyAttachments):
        put(app, row, PDF)


def test_files_of_others_cannot_be_removed(app):
    cast = make_cast()
    row = make_situation(cast, Achievement, "draft")
    file = attach(app, row, confidential=False)
    with pytest.raises(Forbidden), unit_of_work():
        services.remove_attachment(cast.actors["colleague"], file)


def test_posting_for_an_organisation_that_is_not_verified_is_open_but_not_publishing_its_achievements(app):
    university, enterprise = (
        accounts.make_organisation(U, verified=False),
        accounts.make_organisation(E, verified=False),
    )
    assert make.make_achievement(university, state=ListingState.IN_REVIEW).state == ListingState.IN_REVIEW
    with pytest.raises(facts.OrganisationNotVerified):
        make.make_achievement(university)
    assert make.make_need(enterprise).state == ListingState.PUBLISHED  # the bureau judges these
