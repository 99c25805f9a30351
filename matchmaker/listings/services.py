"""Commands on achievements and needs."""

from __future__ import annotations

import functools
import uuid
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Concatenate, NamedTuple, ParamSpec, TypeVar

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import audit, clock, files, taxonomy, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.errors import N_, Conflict, Invalid, InvalidMany
from matchmaker.listings import documents, queries
from matchmaker.listings.facts import AchievementFacts, Codes, Completer, Facts, NeedFacts, Right, faults, gaps
from matchmaker.listings.models import Achievement, Attachment, Disclosure, ListingState, Need, Revision
from matchmaker.listings.permissions import Can
from matchmaker.listings.queries import Listing

__all__ = ["AchievementFacts", "Completer", "NeedFacts", "Right"]  # the values these commands take

MOST_ATTACHMENTS = 20

P = ParamSpec("P")
R = TypeVar("R")


class WrongKindOfOrganisation(Invalid):
    code = "listings.wrong_kind_of_organisation"
    phrase = N_("Achievements are posted by universities and institutes, needs by enterprises.")


class ReasonMissing(Invalid):
    code = "listings.reason_missing"
    phrase = N_("Say what has to change, so that the author can mend it.")


class TooManyAttachments(Invalid):
    code = "listings.too_many_attachments"
    phrase = N_("A listing has at most %(most)s files. Remove one first.")


class ExternalIdTaken(Conflict):
    code = "listings.external_id_taken"
    phrase = N_("Another import of the same organisation is running. Start this one again when it has ended.")


constraint_means("uq_achievements_organisation_id_external_id", ExternalIdTaken)
constraint_means("uq_needs_organisation_id_external_id", ExternalIdTaken)


def for_either(
    achievement: Can, need: Can
) -> Callable[[Callable[Concatenate[Actor, Listing, P], R]], Callable[Concatenate[Actor, Listing, P], R]]:
    """A command on a listing of either kind, each kind with its own permission."""

    def wrap(function: Callable[Concatenate[Actor, Listing, P], R]) -> Callable[Concatenate[Actor, Listing, P], R]:
        commands = {Achievement: command(achievement)(function), Need: command(need)(function)}

        @functools.wraps(function)
        def run(actor: Actor, listing: Listing, /, *args: P.args, **kwargs: P.kwargs) -> R:
            return commands[type(listing)](actor, listing, *args, **kwargs)

        return run

    return wrap


# --- writing --------------------------------------------------------------------------------------------------------


@command(Can.ACHIEVEMENT_POST)
def create_achievement(
    actor: Actor, organisation: Organisation, *, facts: AchievementFacts, external_id: str | None = None
) -> Achievement:
    """A draft of the actor's. Raises the faults of the facts, all at once; ExternalIdTaken."""
    _demand_kind(organisation, OrganisationKind.UNIVERSITY)
    return _create(actor, Achievement(organisation=organisation, external_id=external_id), facts)


@command(Can.NEED_POST)
def create_need(actor: Actor, organisation: Organisation, *, facts: NeedFacts, external_id: str | None = None) -> Need:
    """A draft of the actor's. Raises the faults of the facts, all at once; ExternalIdTaken."""
    _demand_kind(organisation, OrganisationKind.ENTERPRISE)
    return _create(actor, Need(organisation=organisation, external_id=external_id), facts)


def _demand_kind(organisation: Organisation, kind: OrganisationKind) -> None:
    if organisation.kind != kind:
        raise WrongKindOfOrganisation()


def _create(actor: Actor, listing: queries.L, facts: Facts) -> queries.L:
    _refuse(faults(facts, codes()))
    listing.state = ListingState.DRAFT
    listing.author_id = actor.user_id
    listing.created_at = clock.now()
    _write(listing, facts)
    db.session.add(listing)
    audit.record(actor, f"{queries.noun_of(type(listing))}.drafted", listing)
    return listing


@command(Can.ACHIEVEMENT_EDIT)
def update_achievement(
    actor: Actor, achievement: Achievement, *, facts: AchievementFacts, seen_version: int | None = None
) -> None:
    _update(actor, achievement, facts, seen_version)


@command(Can.NEED_EDIT)
def update_need(actor: Actor, need: Need, *, facts: NeedFacts, seen_version: int | None = None) -> None:
    _update(actor, need, facts, seen_version)


def _update(actor: Actor, listing: Listing, facts: Facts, seen_version: int | None) -> None:
    """Save. A published listing keeps what is public; the new text becomes its proposal (see `states`).

    With `seen_version`, raises Conflict where someone saved since the form was opened.
    """
    _demand_version(listing, seen_version)
    _take_back(actor, listing)
    _refuse(faults(facts, codes()))
    if listing.state == ListingState.PUBLISHED:
        listing.proposal = facts.plain()
    else:
        _write(listing, facts)


def _take_back(actor: Actor, listing: Listing, **facts: Any) -> None:
    """Every change is an edit: what waited for review no longer does."""
    workflow.apply(actor, listing, queries.workflow_of(listing), "edit", **facts)
    listing.submitted_at = None
    if listing.state == ListingState.PUBLISHED and listing.proposal is None:
        listing.proposal = documents.facts_of(listing).plain()


def _write(listing: Listing, facts: Facts) -> None:
    for name, value in documents.columns(facts).items():
        setattr(listing, name, value)


# --- the way to the public ------------------------------------------------------------------------------------------


@for_either(Can.ACHIEVEMENT_SUBMIT, Can.NEED_SUBMIT)
def submit(actor: Actor, listing: Listing) -> None:
    """Hand in for review. Raises what is still missing, all at once, at its fields."""
    workflow.apply(actor, listing, queries.workflow_of(listing), "submit")
    demand_complete(listing)
    listing.submitted_at, listing.return_reason = clock.now(), None


def demand_complete(listing: Listing) -> None:
    """Raises what is still missing before it can be handed in."""
    _refuse(gaps(documents.working_facts(listing), clock.today()))


Question = Callable[[Actor, Listing, str], str | None]
_questions: list[tuple[int, Question]] = []


def before_review(place: int) -> Callable[[Question], Question]:
    """Register what pages ask an author before a listing is handed in: it answers with the address of the question,
    or None. Questions are asked by their places. Pages alone ask; imports and the platform itself do not."""

    def register(question: Question) -> Question:
        _questions.append((place, question))
        _questions.sort(key=lambda entry: entry[0])
        return question

    return register


def hand_in(actor: Actor, listing: Listing, then: str, *, answered: int = 0) -> str | None:
    """Hand in for review and, where `then` is publish, publish; or the address of the first question that is open,
    of those after the place `answered`. Raises what is still missing."""
    demand_complete(listing)
    open_questions = (question(actor, listing, then) for place, question in _questions if place > answered)
    if address := next(filter(None, open_questions), None):
        return address
    submit(actor, listing)
    if then == "publish":
        approve(actor, listing)
    return None


@for_either(Can.ACHIEVEMENT_REVIEW, Can.NEED_REVIEW)
def approve(actor: Actor, listing: Listing, *, seen_version: int | None = None) -> Revision:
    """Publish what was handed in, as the next frozen revision.

    With `seen_version`, raises Conflict where the text is no longer the one that was read.
    """
    _demand_version(listing, seen_version)
    number = _next_revision(listing)
    workflow.apply(actor, listing, queries.workflow_of(listing), "approve", revision=number)
    facts = documents.working_facts(listing)
    _refuse(gaps(facts, clock.today()))
    _write(listing, facts)
    listing.proposal = listing.submitted_at = listing.return_reason = None
    listing.published_at = clock.now()
    revision = _freeze(listing, number, documents.body(facts, listing.organisation, _release_files(listing)))
    listing.revision = revision
    return revision


def _next_revision(listing: Listing) -> int:
    column = Revision.achievement_id if isinstance(listing, Achievement) else Revision.need_id
    return (db.session.scalar(select(func.max(Revision.number)).where(column == listing.id)) or 0) + 1


def _release_files(listing: Listing) -> list[Attachment]:
    query = select(Attachment).where(queries.attachments_of(listing)).options(joinedload(Attachment.file))
    rows = list(db.session.scalars(query.order_by(Attachment.created_at, Attachment.id)))
    for row in rows:
        row.released = True
    return rows


def _freeze(listing: Listing, number: int, body: dict[str, Any]) -> Revision:
    return Revision(
        achievement_id=listing.id if isinstance(listing, Achievement) else None,
        need_id=listing.id if isinstance(listing, Need) else None,
        number=number,
        body=body,
        sha256=documents.digest(body),
        created_at=clock.now(),
    )


@for_either(Can.ACHIEVEMENT_REVIEW, Can.NEED_REVIEW)
def return_(actor: Actor, listing: Listing, *, reason: str) -> None:
    """Give back to the author, who reads the reason. Raises ReasonMissing."""
    workflow.apply(actor, listing, queries.workflow_of(listing), "return")
    if not reason.strip():
        raise ReasonMissing(field="reason")
    listing.return_reason, listing.submitted_at = reason, None


@for_either(Can.ACHIEVEMENT_WITHDRAW, Can.NEED_WITHDRAW)
def withdraw(actor: Actor, listing: Listing) -> None:
    """Take a listing off the platform, or put a draft aside. A proposal is kept as the text to go on from."""
    workflow.apply(actor, listing, queries.workflow_of(listing), "withdraw")
    _write(listing, documents.working_facts(listing))
    listing.proposal = listing.submitted_at = None


@for_either(Can.ACHIEVEMENT_WITHDRAW, Can.NEED_WITHDRAW)
def reopen(actor: Actor, listing: Listing) -> None:
    """Make a withdrawn listing a draft again."""
    workflow.apply(actor, listing, queries.workflow_of(listing), "reopen")


# --- entries that are there already ---------------------------------------------------------------------------------


class Twin(NamedTuple):
    """What an entry resembles: a listing of the organisation or, by its number, an entry of the file; 0 to 1."""

    share: float
    listing_id: uuid.UUID | None = None
    title: str = ""
    number: int | None = None


Comparison = Callable[[uuid.UUID, str, Mapping[int, Mapping[str, str]]], Mapping[int, Twin]]
"""Of an organisation and `achievement` or `need`: the twins of texts, each by the number of its entry."""

_comparisons: list[Comparison] = []


def compares(comparison: Comparison) -> Comparison:
    """Register what finds near-duplicates: a feature above this one, which knows more of texts."""
    _comparisons.append(comparison)
    return comparison


def twins_of(organisation_id: uuid.UUID, noun: str, texts: Mapping[int, Mapping[str, str]]) -> dict[int, Twin]:
    """What these texts resemble: of the organisation's own entries, and of each other the one that comes first."""
    found: dict[int, Twin] = {}
    for comparison in _comparisons:
        found |= comparison(organisation_id, noun, texts) if texts else {}
    return found


# --- files ----------------------------------------------------------------------------------------------------------


@for_either(Can.ACHIEVEMENT_EDIT, Can.NEED_EDIT)
def attach_file(
    actor: Actor, listing: Listing, *, root: Path, limit_bytes: int, stream: BinaryIO, name: str, confidential: bool
) -> Attachment:
    """Add a file, which others see from the next approval on; a published listing gets a proposal by it.

    Raises TooManyAttachments, FileTooLarge, FileTypeRefused, FileEmpty.
    """
    count = select(func.count()).select_from(Attachment).where(queries.attachments_of(listing))
    if (db.session.scalar(count) or 0) >= MOST_ATTACHMENTS:
        raise TooManyAttachments(field="file", most=MOST_ATTACHMENTS)
    file = files.put(root, stream, limit_bytes=limit_bytes, field="file")
    row = Attachment(
        achievement=listing if isinstance(listing, Achievement) else None,
        need=listing if isinstance(listing, Need) else None,
        file=file,
        name=files.safe_name(name, file.media_type),
        confidential=confidential,
        created_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    _take_back(actor, listing, attached=str(row.id))
    return row


@command(Can.ATTACHMENT_REMOVE)
def remove_attachment(actor: Actor, attachment: Attachment) -> None:
    """Take a file away, at once and for everyone; revisions keep its name and hash."""
    _take_back(actor, attachment.listing, removed=str(attachment.id))
    db.session.delete(attachment)


# --- disclosure -----------------------------------------------------------------------------------------------------


def grant_disclosure(actor: Actor, listing: Listing, *, organisation_id: uuid.UUID) -> Disclosure:
    """Let an organisation in on the confidential part. The same again changes nothing.

    Part of the command that settles confidentiality between the two sides, whichever of them acts last: that
    command holds the permission.
    """
    for live in db.session.scalars(select(Disclosure).where(*_disclosures(listing, organisation_id))):
        return live
    row = Disclosure(
        achievement_id=listing.id if isinstance(listing, Achievement) else None,
        need_id=listing.id if isinstance(listing, Need) else None,
        organisation_id=organisation_id,
        granted_at=clock.now(),
    )
    db.session.add(row)
    audit.record(actor, "disclosure.granted", row, listing=str(listing.id), to=str(organisation_id))
    return row


def revoke_disclosure(actor: Actor, listing: Listing, *, organisation_id: uuid.UUID) -> None:
    """Shut the confidential part again. Part of a command, as above; nothing to revoke is no error."""
    live = list(db.session.scalars(select(Disclosure).where(*_disclosures(listing, organisation_id))))
    for row in live:
        row.revoked_at = clock.now()
        audit.record(actor, "disclosure.revoked", row, listing=str(listing.id), to=str(organisation_id))


def _disclosures(listing: Listing, organisation_id: uuid.UUID) -> tuple[Any, ...]:
    column = Disclosure.achievement_id if isinstance(listing, Achievement) else Disclosure.need_id
    return column == listing.id, Disclosure.organisation_id == organisation_id, Disclosure.revoked_at.is_(None)


# --- shared ---------------------------------------------------------------------------------------------------------


def codes() -> Codes:
    return Codes(
        fields=taxonomy.terms("fields"), industries=taxonomy.terms("industries"), districts=taxonomy.terms("districts")
    )


def _refuse(found: Sequence[Invalid]) -> None:
    if len(found) == 1:
        raise found[0]
    if found:
        raise InvalidMany(found)


def _demand_version(listing: Listing, seen: int | None) -> None:
    if seen is not None and seen != listing.version:
        raise Conflict()
