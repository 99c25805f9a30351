"""Reads of achievements and needs."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import joinedload

from matchmaker.accounts.roles import OrganisationKind, Role
from matchmaker.core import access, workflow
from matchmaker.core.access import Actor, visible
from matchmaker.core.db import db
from matchmaker.core.errors import NotFound
from matchmaker.core.workflow_table import Workflow
from matchmaker.listings import documents, states
from matchmaker.listings.models import Achievement, Attachment, FormDraft, ListingState, Mode, Need, Revision
from matchmaker.listings.permissions import Can

Listing = Achievement | Need
Kind = type[Achievement] | type[Need]
L = TypeVar("L", Achievement, Need)

PUBLIC_TEXTS: Mapping[str, Sequence[str]] = {
    "achievement": ("title", "summary", "advantages", "applications"),
    "need": ("title", "problem", "targets", "background"),
}
_WORKFLOWS: Mapping[Kind, Workflow] = {Achievement: states.ACHIEVEMENT, Need: states.NEED}
_CONFIDENTIAL: Mapping[Kind, Can] = {
    Achievement: Can.ACHIEVEMENT_READ_CONFIDENTIAL,
    Need: Can.NEED_READ_CONFIDENTIAL,
}
_REVIEW: Mapping[Kind, Can] = {Achievement: Can.ACHIEVEMENT_REVIEW, Need: Can.NEED_REVIEW}
_VIEW: Mapping[Kind, Can] = {Achievement: Can.ACHIEVEMENT_VIEW, Need: Can.NEED_VIEW}


# --- one ------------------------------------------------------------------------------------------------------------


def _find(model: type[L], listing_id: uuid.UUID) -> L | None:
    return db.session.get(model, listing_id, options=_whole(model))


def _whole(model: Kind) -> list[Any]:
    """What a page of listings shows of each, read along with it."""
    return [joinedload(model.organisation), joinedload(model.revision), joinedload(model.author)]


def find_achievement(achievement_id: uuid.UUID) -> Achievement | None:
    return _find(Achievement, achievement_id)


def find_need(need_id: uuid.UUID) -> Need | None:
    return _find(Need, need_id)


def get_achievement(achievement_id: uuid.UUID) -> Achievement:
    """Raises NotFound."""
    return _found(find_achievement(achievement_id))


def get_need(need_id: uuid.UUID) -> Need:
    """Raises NotFound."""
    return _found(find_need(need_id))


def _found(listing: L | None) -> L:
    if listing is None:
        raise NotFound()
    return listing


def find_attachment(attachment_id: uuid.UUID) -> Attachment | None:
    return db.session.get(Attachment, attachment_id, options=[joinedload(Attachment.file)])


def list_attachments(actor: Actor, listing: Listing) -> list[Attachment]:
    """The files of a listing that the actor may open, oldest first."""
    query = (
        select(Attachment)
        .where(attachments_of(listing), visible(actor, Can.ATTACHMENT_VIEW))
        .options(joinedload(Attachment.file), joinedload(Attachment.achievement), joinedload(Attachment.need))
        .order_by(Attachment.created_at, Attachment.id)
    )
    return list(db.session.scalars(query))


def attachments_of(listing: Listing) -> ColumnElement[bool]:
    column = Attachment.achievement_id if isinstance(listing, Achievement) else Attachment.need_id
    return column == listing.id


def list_revisions(listing: Listing) -> list[Revision]:
    """What was public when, newest first."""
    column = Revision.achievement_id if isinstance(listing, Achievement) else Revision.need_id
    return list(db.session.scalars(select(Revision).where(column == listing.id).order_by(Revision.number.desc())))


def public_document(listing: Listing) -> dict[str, str]:
    """What the matching engine reads: the texts of the public revision by field, keywords joined.

    Empty for a listing that was never published. Nothing confidential or proposed is in a revision.
    """
    return {} if listing.revision is None else revision_document(listing.revision)


def revision_document(revision: Revision) -> dict[str, str]:
    """The same of a revision that is, or was, the public one."""
    body = revision.body
    texts = {name: body[name] for name in PUBLIC_TEXTS[body["kind"]]}
    return {**texts, "keywords": "\n".join(body["keywords"])}


def working_document(listing: Listing) -> dict[str, str]:
    """The same of what was last saved, for its organisation alone. Nothing confidential here either."""
    public = documents.working_facts(listing).public()
    return {
        **{name: public[name] for name in PUBLIC_TEXTS[noun_of(type(listing))]},
        "keywords": "\n".join(public["keywords"]),
    }


# --- what an actor may ----------------------------------------------------------------------------------------------


def workflow_of(listing: Listing) -> Workflow:
    return _WORKFLOWS[type(listing)]


def noun_of(kind: Kind) -> str:
    """`achievement` or `need`: the first word of permissions and events."""
    return _WORKFLOWS[kind].name


def open_actions(actor: Actor, listing: Listing) -> list[str]:
    """Actions open to the actor now, in the table's order, without those that their guard would refuse."""
    table = workflow_of(listing)
    actions = workflow.open_actions(actor, listing, table)
    return [action for action in actions if states.sensible(table.step(listing.state, action), listing)]


def may_read_confidential(actor: Actor, listing: Listing) -> bool:
    """Members of the owner, and organisations with a live disclosure."""
    return access.may(actor, _CONFIDENTIAL[type(listing)], listing)


def reads_working_copy(actor: Actor, listing: Listing) -> bool:
    """Whether the actor reads what was last saved, not only what is public: the owner, and who must judge a change."""
    own = actor.organisation_id is not None and actor.organisation_id == listing.organisation_id
    return actor.system or own or (listing.submitted_at is not None and access.may(actor, _review(listing), listing))


def _review(listing: Listing) -> Can:
    return _REVIEW[type(listing)]


def seekers_shown(actor: Actor, needs: Iterable[Need]) -> set[uuid.UUID]:
    """Ids of those needs whose organisation the actor may be told, in one read."""
    ids = [need.id for need in needs]
    if not ids:
        return set()
    query = select(Need.id).where(Need.id.in_(ids), visible(actor, Can.NEED_SEE_SEEKER))
    return set(db.session.scalars(query))


# --- lists ----------------------------------------------------------------------------------------------------------


def _kind_of(actor: Actor) -> Kind:
    """What the actor's organisation posts: enterprises needs, universities achievements."""
    return Need if actor.organisation_kind == OrganisationKind.ENTERPRISE else Achievement


def list_mine(actor: Actor, *, state: ListingState | None = None, by_me: bool = False) -> Select[Any]:
    """Listings of the organisation acted for (or of the actor alone), latest first."""
    model = _kind_of(actor)
    query = select(model).where(model.organisation_id == actor.organisation_id, visible(actor, _VIEW[model]))
    if state is not None:
        query = query.where(model.state == state)
    if by_me:
        query = query.where(model.author_id == actor.user_id)
    return query.options(*_whole(model)).order_by(model.created_at.desc(), model.id)


def list_for_review(actor: Actor) -> Select[Any]:
    """Listings and changes of published ones that wait for the actor's approval, longest waiting first."""
    model = Achievement if actor.holds(Role.TTO_OFFICER) else Need
    return (
        select(model)
        .where(model.submitted_at.is_not(None), visible(actor, _REVIEW[model]))
        .options(*_whole(model))
        .order_by(model.submitted_at, model.id)
    )


def list_published_achievements(*conditions: ColumnElement[bool]) -> Select[tuple[Achievement]]:
    """Public achievements, newest first."""
    return _published(Achievement, conditions)


def list_published_needs(*conditions: ColumnElement[bool]) -> Select[tuple[Need]]:
    """Public needs, newest first."""
    return _published(Need, conditions)


def _published(model: Any, conditions: Iterable[ColumnElement[bool]]) -> Select[Any]:
    return (
        select(model)
        .where(model.state == ListingState.PUBLISHED, *conditions)
        .options(*_whole(model))
        .order_by(model.published_at.desc(), model.id)
    )


def achievement_filters(
    *,
    field: str | None = None,
    district: str | None = None,
    trl_min: int | None = None,
    mode: Mode | None = None,
    organisation_id: uuid.UUID | None = None,
    language: str | None = None,
) -> list[ColumnElement[bool]]:
    """Conditions of the facets chosen. Columns of a published listing say what its public revision says."""
    return [
        *_shared_filters(Achievement, field, district, mode, language),
        *([Achievement.trl >= trl_min] if trl_min is not None else []),
        *([Achievement.organisation_id == organisation_id] if organisation_id is not None else []),
    ]


def need_filters(
    *,
    field: str | None = None,
    district: str | None = None,
    trl_min: int | None = None,
    trl_max: int | None = None,
    mode: Mode | None = None,
    organisation_id: uuid.UUID | None = None,
    language: str | None = None,
) -> list[ColumnElement[bool]]:
    """As above. `trl_min`: needs that ask for at least this level; `trl_max`: those content with it.

    A filter by organisation leaves out anonymous needs: their presence in the answer would name the seeker.
    """
    return [
        *_shared_filters(Need, field, district, mode, language),
        *([Need.min_trl >= trl_min] if trl_min is not None else []),
        *([sa.or_(Need.min_trl.is_(None), Need.min_trl <= trl_max)] if trl_max is not None else []),
        *(
            [Need.organisation_id == organisation_id, Need.anonymous.is_(sa.false())]
            if organisation_id is not None
            else []
        ),
    ]


def _shared_filters(
    model: Kind, field: str | None, district: str | None, mode: Mode | None, language: str | None
) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if field:
        conditions.append(model.field == field)
    if district:
        conditions.append(model.district == district)
    if mode:
        # The list is kept as JSON text on SQLite and JSONB on PostgreSQL; a quoted member reads alike in both.
        conditions.append(sa.cast(model.modes, sa.Text).contains(f'"{mode}"', autoescape=True))
    if language:
        conditions.append(sa.type_coerce(model.language, sa.Text) == language)
    return conditions


def counts_by_facet(
    kind: Kind, conditions: Collection[ColumnElement[bool]] = (), facets: Sequence[str] = ("field", "district")
) -> dict[str, dict[str, int]]:
    """How many public listings under these conditions each value of a facet has; values without any are left out."""
    counts = {}
    for name in facets:
        column = getattr(kind, name)
        query = (
            select(column, func.count())
            .where(kind.state == ListingState.PUBLISHED, column.is_not(None), *conditions)
            .group_by(column)
            .order_by(func.count().desc(), column)
        )
        counts[name] = {str(value): int(count) for value, count in db.session.execute(query)}
    return counts


# --- forms left behind ----------------------------------------------------------------------------------------------


def find_form_draft(actor: Actor, key: str) -> FormDraft | None:
    """What the actor typed into this form and did not save; nobody else's."""
    query = select(FormDraft).where(
        FormDraft.user_id == actor.user_id, FormDraft.organisation_id == actor.organisation_id, FormDraft.key == key
    )
    return db.session.scalar(query)
