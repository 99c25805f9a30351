"""Listings from JSONL files: read line by line, checked row by row, written batch by batch.

A row is `id`, `title`, `text` and any of the fields of a listing, named as in `facts` (`text` is the summary of an
achievement, the problem of a need). Imported rows are public at once, each with its frozen revision and its audit
event: the file counts as approved by whoever may run the command. They may lack what a person is asked for before
publication; only what could not even be kept in a draft makes a row bad.

Each batch is one unit of work, all or nothing. A row whose id the organisation already has is left as it is,
whatever the file now says of it: to change what is public needs an approval.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from matchmaker.accounts import queries as accounts
from matchmaker.accounts.models import Organisation, OrganisationState
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import audit, clock, jobs
from matchmaker.core.access import Actor
from matchmaker.core.db import command, db, unit_of_work
from matchmaker.core.errors import N_, Invalid, InvalidMany, NotFound
from matchmaker.core.types import clean_text
from matchmaker.listings import documents, queries, services
from matchmaker.listings.facts import (
    READ,
    AchievementFacts,
    Facts,
    NeedFacts,
    OrganisationNotVerified,
    faults,
    keywords_of,
)
from matchmaker.listings.kinds import Language
from matchmaker.listings.models import Achievement, ListingState, Need, Revision
from matchmaker.listings.permissions import Can
from matchmaker.listings.queries import Kind

BATCH = 500
LONGEST_ID = 200
_SHAPES: Mapping[Kind, type[AchievementFacts] | type[NeedFacts]] = {Achievement: AchievementFacts, Need: NeedFacts}
_OWNERS = {Achievement: OrganisationKind.UNIVERSITY, Need: OrganisationKind.ENTERPRISE}
_MAIN_TEXT = {Achievement: "summary", Need: "problem"}
_HAN = re.compile(r"[\u3400-\u9fff]")


class OrganisationUnknown(Invalid):
    code = "listings.import_organisation_unknown"
    phrase = N_("No organisation has the credit code “%(text)s”. Register it first.")


class LineUnreadable(Invalid):
    code = "listings.import_line_unreadable"
    phrase = N_("this is not a JSON object in UTF-8; each line holds one, as {…}")


class IdUnusable(Invalid):
    code = "listings.import_id_unusable"
    phrase = N_("“id” must be a text of 1 to %(most)s characters or a whole number")


class IdTwice(Invalid):
    code = "listings.import_id_twice"
    phrase = N_("the id “%(text)s” was already used in line %(first_line)s")


class ValueUnusable(Invalid):
    code = "listings.import_value_unusable"
    phrase = N_("“%(name)s” does not hold what belongs there")


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    external_id: str
    facts: Facts


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
            row = _row(model, line, content, report.passed_over)
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


def _row(model: Kind, line: int, content: bytes, passed_over: set[str]) -> Row:
    """Raises an Invalid that says what is wrong with the row."""
    try:
        found = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise LineUnreadable() from error
    if not isinstance(found, dict):
        raise LineUnreadable()
    external_id = found.pop("id", None)
    if isinstance(external_id, int) and not isinstance(external_id, bool):
        external_id = str(external_id)
    external_id = clean_text(external_id).strip() if isinstance(external_id, str) else ""
    if not 1 <= len(external_id) <= LONGEST_ID:
        raise IdUnusable(most=LONGEST_ID)
    facts = _facts(model, found, passed_over)
    wrong = faults(facts, services.codes())
    if wrong:
        raise InvalidMany(wrong)
    return Row(line, external_id, facts)


def _facts(model: Kind, found: dict[str, Any], passed_over: set[str]) -> Facts:
    shape = _SHAPES[model]
    if "text" in found:
        found[_MAIN_TEXT[model]] = found.pop("text")
    if isinstance(found.get("keywords"), str):
        found["keywords"] = list(keywords_of(found["keywords"]))
    known = {entry.name for entry in fields(shape)}
    passed_over |= found.keys() - known
    values = {name: _value(name, value) for name, value in found.items() if name in known and value is not None}
    values["title"] = " ".join(values.get("title", "").split())
    main = values.get(_MAIN_TEXT[model], "")
    values.setdefault("language", Language.CHINESE if _HAN.search(values["title"] + main) else Language.ENGLISH)
    return shape(**values)


def _value(name: str, value: Any) -> Any:
    """A field's value from JSON. Raises ValueUnusable."""
    value = _cleaned(value)
    try:
        if not _FITS[name](value):
            raise ValueUnusable(name=name)
        return READ[name](value) if name in READ else value
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueUnusable(name=name) from error


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value).strip()
    if isinstance(value, list):
        return [_cleaned(part) for part in value]
    return {key: _cleaned(part) for key, part in value.items()} if isinstance(value, dict) else value


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _rights(value: Any) -> bool:
    keys = ("kind", "number", "status", "expires_on")
    return isinstance(value, list) and all(
        isinstance(row, dict) and all(row.get(key) is None or isinstance(row[key], str) for key in keys)
        for row in value
    )


def _completers(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict)
        and isinstance(row.get("name"), str)
        and (row.get("share") is None or _whole(row["share"]))
        for row in value
    )


_FITS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("title", "field", "district", "language", "confidential", "deadline_on"), _text),
    **dict.fromkeys(("summary", "advantages", "applications", "problem", "targets", "background"), _text),
    **dict.fromkeys(("keywords", "industries", "modes"), _texts),
    **dict.fromkeys(("trl", "min_trl"), _whole),
    **dict.fromkeys(("price_min_fen", "price_max_fen", "budget_min_fen", "budget_max_fen"), _whole),
    "anonymous": lambda value: isinstance(value, bool),
    "rights": _rights,
    "completers": _completers,
}
