"""Listings from JSONL files: read line by line, checked row by row, written batch by batch.

A row is `id`, `title`, `text` and any of the fields of a listing, named as in `facts` (`text` is the summary of an
achievement, the problem of a need). Imported rows are public at once, each with its frozen revision and its audit
event: the file counts as approved by whoever may run the command. They may lack what a person is asked for before
publication; only what could not even be kept in a draft makes a row bad.

Each batch is one unit of work, all or nothing. A row whose id the organisation already has is left as it is,
whatever the file now says of it: to change what is public needs an approval.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import insert, select, update

from matchmaker.accounts import queries as accounts
from matchmaker.accounts.models import Organisation, OrganisationState
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import audit, clock, jobs
from matchmaker.core.access import Actor
from matchmaker.core.db import command, db, unit_of_work
from matchmaker.core.errors import N_, Invalid, NotFound
from matchmaker.listings import documents, queries, services
from matchmaker.listings.facts import OrganisationNotVerified
from matchmaker.listings.models import Achievement, ListingState, Need, Revision
from matchmaker.listings.permissions import Can
from matchmaker.listings.queries import Kind
from matchmaker.listings.rows import IdTwice, Row, read_row

BATCH = 500
_OWNERS = {Achievement: OrganisationKind.UNIVERSITY, Need: OrganisationKind.ENTERPRISE}


class OrganisationUnknown(Invalid):
    code = "listings.import_organisation_unknown"
    phrase = N_("No organisation has the credit code “%(text)s”. Register it first.")


@dataclass(slots=True)
class Report:
    """How far an import came. `bad` counts rows; each was told of by line when it was met."""

    written: int = 0
    known: int = 0
    bad: int = 0
    passed_over: set[str] = field(default_factory=set)
    stopped: bool = False


def get_owner(model: Kind, credit_code: str) -> Organisation:
    """The organisation to import for. Raises OrganisationUnknown, WrongKindOfOrganisation, OrganisationNotVerified."""
    try:
        organisation = accounts.get_organisation_by_credit_code(credit_code.strip().upper())
    except NotFound as error:
        raise OrganisationUnknown(text=credit_code) from error
    if organisation.kind != _OWNERS[model]:
        raise services.WrongKindOfOrganisation()
    if organisation.state != OrganisationState.VERIFIED:
        raise OrganisationNotVerified()
    return organisation


def run(
    actor: Actor,
    model: Kind,
    organisation_id: uuid.UUID,
    path: Path,
    *,
    dry_run: bool = False,
    skip_bad: bool = False,
    batch: int = BATCH,
    complain: Callable[[int, Invalid], None],
    progress: Callable[[Report], None],
) -> Report:
    """Import a file. `complain` hears of each bad row with its line, `progress` of each batch.

    A bad row stops the import before anything of its batch is written, unless `skip_bad`. A dry run reads all of the
    file, complains likewise and writes nothing; `written` then says what would be.
    """
    report = Report()
    for rows, bad in _batches(model, path, batch, report, complain):
        report.bad += bad
        if bad and not skip_bad:
            report.stopped = True
            if not dry_run:
                break
        _take(actor, model, organisation_id, rows, report, dry_run)
        progress(report)
    if report.written and not dry_run:
        jobs.wake_worker()  # rows written past the ORM do not count as changes
    return report


def _take(
    actor: Actor, model: Kind, organisation_id: uuid.UUID, rows: list[Row], report: Report, dry_run: bool
) -> None:
    if dry_run:
        known = _known(model, organisation_id, rows)
    else:
        with unit_of_work() as session:
            known = _known(model, organisation_id, rows)
            organisation = session.get_one(Organisation, organisation_id)
            write_batch(actor, organisation, model=model, rows=[row for row in rows if row.external_id not in known])
    report.known += len(known)
    report.written += len(rows) - len(known)


def _known(model: Kind, organisation_id: uuid.UUID, rows: Collection[Row]) -> set[str]:
    ids = [row.external_id for row in rows]
    query = select(model.external_id).where(model.organisation_id == organisation_id, model.external_id.in_(ids))
    return {found for found in db.session.scalars(query) if found is not None}


@command(Can.LISTING_IMPORT)
def write_batch(actor: Actor, organisation: Organisation, *, model: Kind, rows: list[Row]) -> None:
    """Publish these rows for an organisation: listings, revisions and events, each in one statement."""
    now, parent = clock.now(), "achievement_id" if model is Achievement else "need_id"
    listings, revisions = [], []
    for row in rows:
        body = documents.body(row.facts, organisation)
        listing_id = uuid.uuid4()
        listings.append(
            {
                **documents.columns(row.facts),
                "id": listing_id,
                "organisation_id": organisation.id,
                "external_id": row.external_id,
                "state": ListingState.PUBLISHED,
                "created_at": now,
                "published_at": now,
            }
        )
        revisions.append(
            {parent: listing_id, "number": 1, "body": body, "sha256": documents.digest(body), "created_at": now}
        )
    if not rows:
        return
    db.session.execute(insert(model), listings)
    db.session.execute(insert(Revision), revisions)
    ids = [listing["id"] for listing in listings]
    newest = select(Revision.id).where(getattr(Revision, parent) == model.id).scalar_subquery()
    link = update(model).where(model.id.in_(ids)).values(revision_id=newest)
    db.session.execute(link, execution_options={"synchronize_session": False})
    audit.record_many(
        actor, f"{queries.noun_of(model)}.imported", model, {listing_id: {"revision": 1} for listing_id in ids}
    )


# --- reading --------------------------------------------------------------------------------------------------------


def _batches(
    model: Kind, path: Path, size: int, report: Report, complain: Callable[[int, Invalid], None]
) -> Iterator[tuple[list[Row], int]]:
    """Rows of the file, `size` lines at a time, with the number of bad ones among those lines."""
    lines_of: dict[str, int] = {}
    rows: list[Row] = []
    bad = 0
    for line, content in _lines(path):
        try:
            row = read_row(queries.noun_of(model), line, content, services.codes(), report.passed_over)
            if row.external_id in lines_of:
                raise IdTwice(text=row.external_id, first_line=lines_of[row.external_id])
            lines_of[row.external_id] = line
            rows.append(row)
        except Invalid as error:
            bad += 1
            complain(line, error)
        if len(rows) + bad == size:
            yield rows, bad
            rows, bad = [], 0
    if rows or bad:
        yield rows, bad


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    with path.open("rb") as file:
        for number, content in enumerate(file, 1):
            content = content.removeprefix(b"\xef\xbb\xbf") if number == 1 else content
            if content.strip():
                yield number, content
