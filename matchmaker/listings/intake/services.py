"""Commands on files of many entries: bring one, look at it, let it become drafts, stop, throw away.

An entry becomes a draft once: its id is unique within the organisation, and the database says so. So the same file may
come again, or a worker be killed at any entry, and nothing is there twice.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import insert, select, update

from matchmaker.accounts.models import Organisation
from matchmaker.accounts.roles import OrganisationKind
from matchmaker.core import audit, clock, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import command, constraint_means, db
from matchmaker.core.errors import N_, Conflict, DomainError, Invalid, InvalidMany, NotFound
from matchmaker.core.files import FileEmpty
from matchmaker.core.types import clean_text
from matchmaker.listings import services as listings
from matchmaker.listings.facts import AchievementFacts, NeedFacts
from matchmaker.listings.intake import queries, reading
from matchmaker.listings.intake.models import Intake, IntakeEntry
from matchmaker.listings.intake.permissions import Can
from matchmaker.listings.intake.reading import Entry
from matchmaker.listings.intake.states import INTAKE, EntryState
from matchmaker.listings.models import Achievement, Need
from matchmaker.listings.queries import PUBLIC_TEXTS, Kind
from matchmaker.listings.services import Twin

MOST_LIVE = 5
LONGEST_NAME = 120
_MODELS: Mapping[str, Kind] = {"achievement": Achievement, "need": Need}


class IntakeTooLarge(Invalid):
    code = "listings.intake_too_large"
    phrase = N_("This file is larger than %(most_mb)s MB. Split it, and bring in one part after the other.")


class TooManyIntakes(Conflict):
    code = "listings.intake_too_many_live"
    phrase = N_("%(most)s files are on their way already. Bring in or throw away one of them first.")


class IntakeRunning(Conflict):
    code = "listings.intake_running"
    phrase = N_("This file is on its way in already. You find it in the list of imports.")


class NothingToBringIn(Invalid):
    code = "listings.intake_nothing_to_bring_in"
    phrase = N_("No other entry is left to be brought in. Tick this box, or mend the file and bring it again.")


class NoLongerAllowed(Conflict):
    code = "listings.intake_no_longer_allowed"
    phrase = N_("Who brought the file may not post for this organisation any more. Someone else can go on.")


constraint_means("uq_intakes_live_key", IntakeRunning)


def noun_of(organisation_kind: str | None) -> str:
    return "need" if organisation_kind == OrganisationKind.ENTERPRISE else "achievement"


# --- coming in ------------------------------------------------------------------------------------------------------


@command(Can.INTAKE_BEGIN)
def begin(actor: Actor, thing: None, *, organisation: Organisation, name: str, content: bytes) -> Intake:
    """Take a file in, to be read by the worker. The same file that is on its way already is answered with as it is.

    Raises at `file` FileEmpty, IntakeTooLarge and what `reading.kind_of` raises; TooManyIntakes.
    """
    noun = noun_of(organisation.kind)
    if organisation.id != actor.organisation_id and not actor.system:
        raise NotFound()
    if not content.strip():
        raise FileEmpty(field="file")
    if len(content) > reading.MOST_BYTES:
        raise IntakeTooLarge(field="file", most_mb=reading.MOST_BYTES // 1_000_000)
    reading.kind_of(content, noun)
    digest = hashlib.sha256(content).hexdigest()
    key = f"{organisation.id}:{noun}:{digest}"
    if known := queries.find_live(key):
        return known
    if queries.count_live(organisation.id) >= MOST_LIVE:
        raise TooManyIntakes(most=MOST_LIVE)
    row = Intake(
        state=INTAKE.initial,
        organisation_id=organisation.id,
        user_id=actor.user_id,
        noun=noun,
        name=_shown_name(name),
        sha256=digest,
        content=content,
        live_key=key,
        created_at=clock.now(),
    )
    db.session.add(row)
    audit.record(actor, "intake.begun", row, bytes=len(content))
    return row


def _shown_name(name: str) -> str:
    name = " ".join(clean_text(name.replace("\\", "/").rsplit("/", 1)[-1]).split())
    return name[-LONGEST_NAME:] or "file"


@command(Can.INTAKE_CHANGE)
def show(actor: Actor, intake: Intake, *, entries: Sequence[Entry], twins: Mapping[int, Twin]) -> None:
    """Keep what was read, to be looked at; `twins` are those of `find_twins`."""
    known, named = _known(intake, entries), _same_titles(intake, entries)
    values = []
    for number, entry in enumerate(entries, 1):
        twin = twins.get(number) or named.get(_folded(entry.title))
        values.append(_row(intake, number, entry, known.get(entry.external_id), twin, entries))
    db.session.execute(insert(IntakeEntry), values)
    intake.content = None
    workflow.apply(actor, intake, INTAKE, "show", entries=len(entries))


def _known(intake: Intake, entries: Iterable[Entry]) -> dict[str, uuid.UUID]:
    """Which of these the organisation has by their ids."""
    model, found = _MODELS[intake.noun], dict[str, uuid.UUID]()
    ids = sorted({entry.external_id for entry in entries if entry.facts is not None})
    for start in range(0, len(ids), 500):
        query = select(model.external_id, model.id).where(
            model.organisation_id == intake.organisation_id, model.external_id.in_(ids[start : start + 500])
        )
        found |= {external_id: listing_id for external_id, listing_id in db.session.execute(query) if external_id}
    return found


def _same_titles(intake: Intake, entries: Iterable[Entry]) -> dict[str, Twin]:
    """Listings of the organisation whose titles say the same, however they are written."""
    model = _MODELS[intake.noun]
    wanted = {_folded(entry.title) for entry in entries if entry.facts is not None}
    query = select(model.id, model.title).where(model.organisation_id == intake.organisation_id)
    return {
        folded: Twin(1.0, listing_id, title)
        for listing_id, title in db.session.execute(query.order_by(model.created_at.desc(), model.id))
        if (folded := _folded(title)) in wanted
    }


def _folded(title: str) -> str:
    return "".join(title.casefold().split())


def find_twins(intake: Intake, entries: Sequence[Entry]) -> dict[int, Twin]:
    """What entries resemble that the organisation does not have by their ids.

    Of a large file it takes seconds, so it is looked for before anything is written: SQLite has one writer.
    """
    known = _known(intake, entries)
    texts = {
        number: _document(entry)
        for number, entry in enumerate(entries, 1)
        if entry.facts is not None and entry.external_id not in known
    }
    return listings.twins_of(intake.organisation_id, intake.noun, texts)


def _document(entry: Entry) -> dict[str, str]:
    assert entry.facts is not None
    public = entry.facts.public()
    names = PUBLIC_TEXTS["achievement" if isinstance(entry.facts, AchievementFacts) else "need"]
    return {**{name: public[name] for name in names}, "keywords": "\n".join(public["keywords"])}


def _row(
    intake: Intake,
    number: int,
    entry: Entry,
    known: uuid.UUID | None,
    twin: Twin | None,
    entries: Sequence[Entry],
) -> dict[str, Any]:
    state = EntryState.READY if twin is None else EntryState.ALIKE
    if known is not None:
        state, twin = EntryState.KNOWN, None
    if entry.facts is None:
        state, twin = EntryState.FAULTY, None
    return {
        "intake_id": intake.id,
        "number": number,
        "line": entry.line,
        "title": entry.title,
        "external_id": entry.external_id,
        "state": state,
        "facts": entry.facts.plain() if entry.facts is not None and known is None else None,
        "faults": [_told(fault) for fault in entry.faults],
        "left_out": entry.left_out,
        "listing_id": twin.listing_id if twin else known,
        "listing_title": twin.title if twin else "",
        "twin_line": entries[twin.number - 1].line if twin and twin.number else None,
        "percent": round(100 * twin.share) if twin else None,
    }


def _told(error: DomainError) -> dict[str, Any]:
    """An error as it is kept, to be phrased for whoever reads it."""
    facts = {name: value if isinstance(value, str | int) else str(value) for name, value in error.facts.items()}
    return {"phrase": error.phrase, "facts": facts, "field": error.field}


@command(Can.INTAKE_CHANGE)
def refuse(actor: Actor, intake: Intake, *, fault: DomainError) -> None:
    """What cannot be read is not kept; its author is told why."""
    intake.fault = _told(fault)
    _end(actor, intake, "refuse", code=fault.code)


# --- becoming drafts ------------------------------------------------------------------------------------------------


@command(Can.INTAKE_CHANGE)
def bring_in(actor: Actor, intake: Intake, *, also_alike: bool = False) -> None:
    """Let the worker make drafts; `also_alike` also of what looks like an entry that is there. Again after a stop.

    Raises NothingToBringIn.
    """
    workflow.apply(actor, intake, INTAKE, "bring_in", also_alike=also_alike)
    if also_alike:
        alike = update(IntakeEntry).where(IntakeEntry.intake_id == intake.id, IntakeEntry.state == EntryState.ALIKE)
        db.session.execute(alike.values(state=EntryState.READY))
    if not queries.next_entries(intake, 1):
        raise NothingToBringIn(field="also_alike")
    intake.fault = None
    if actor.user_id is not None:
        intake.user_id = actor.user_id  # the drafts are of whoever says go


@command(Can.INTAKE_CHANGE)
def go_on(actor: Actor, intake: Intake, *, most: int) -> int:
    """Make drafts of the next entries; how many entries were settled. The file is done when none is left."""
    entries = queries.next_entries(intake, most)
    for entry in entries:
        _settle(actor, intake, entry)
    if len(entries) < most:
        _end(actor, intake, "finish")
    else:
        workflow.apply(actor, intake, INTAKE, "go_on", settled=len(entries))
    return len(entries)


def _settle(actor: Actor, intake: Intake, entry: IntakeEntry) -> None:
    facts, external_id = entry.facts or {}, entry.external_id
    try:
        if intake.noun == "achievement":
            listing: Achievement | Need = listings.create_achievement(
                actor, intake.organisation, facts=AchievementFacts.of_plain(facts), external_id=external_id
            )
        else:
            listing = listings.create_need(
                actor, intake.organisation, facts=NeedFacts.of_plain(facts), external_id=external_id
            )
    except listings.ExternalIdTaken:  # brought in by another file in the meantime
        entry.state, entry.listing_id = EntryState.KNOWN, _known(intake, [_named(entry)]).get(external_id)
    except DomainError as error:
        entry.state, entry.listing_id = EntryState.FAILED, None
        entry.faults = [_told(part) for part in (error.errors if isinstance(error, InvalidMany) else [error])]
    else:
        entry.state, entry.listing_id = EntryState.WRITTEN, listing.id
    entry.facts = None
    db.session.flush()


def _named(entry: IntakeEntry) -> Entry:
    shape = AchievementFacts(title=entry.title)
    return Entry(entry.line, entry.title, entry.external_id, shape)


@command(Can.INTAKE_CHANGE)
def stop(actor: Actor, intake: Intake, *, fault: DomainError | None = None) -> None:
    """Make no more drafts for now. Those made stay."""
    workflow.apply(actor, intake, INTAKE, "stop")
    intake.fault = _told(fault) if fault is not None else None


@command(Can.INTAKE_CHANGE)
def discard(actor: Actor, intake: Intake) -> None:
    """Throw the file away, and what it says. Drafts that were made of it stay."""
    _end(actor, intake, "discard")


def _end(actor: Actor, intake: Intake, action: str, **facts: Any) -> None:
    """The last step: the file may come again, and nothing of what it says is kept."""
    INTAKE.step(intake.state, action)
    intake.live_key, intake.content, intake.ended_at = None, None, clock.now()
    workflow.apply(actor, intake, INTAKE, action, **facts)
    kept = update(IntakeEntry).where(IntakeEntry.intake_id == intake.id, IntakeEntry.facts.is_not(None))
    db.session.execute(kept.values(facts=None))
