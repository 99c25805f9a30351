"""Reads the files that came in and makes drafts of their entries, a few at a time.

What is left to do is in the rows: a worker that was killed goes on at the entry where it was.
"""

from __future__ import annotations

import logging
import time
import uuid

from flask_babel import force_locale

from matchmaker.accounts import queries as accounts
from matchmaker.config import Settings
from matchmaker.core import access, jobs, messages, taxonomy
from matchmaker.core.access import Actor
from matchmaker.core.db import unit_of_work
from matchmaker.core.errors import Invalid, trace_of
from matchmaker.listings import services as listings
from matchmaker.listings.intake import queries, reading, services
from matchmaker.listings.intake.columns import Vocabulary
from matchmaker.listings.intake.models import Intake
from matchmaker.listings.intake.permissions import Can
from matchmaker.listings.intake.states import IntakeState
from matchmaker.listings.kinds import Language, Mode, RightKind, RightStatus
from matchmaker.listings.permissions import Can as ListingCan

log = logging.getLogger(__name__)

BATCH = 20
"""Drafts of one transaction."""

SECONDS = 2.0
"""So long at a time the worker makes drafts of one file; its other work comes in between."""

SYSTEM = access.system_actor("intake")


@jobs.puller("intakes")
def take_in(settings: Settings) -> None:
    for intake_id in queries.list_ids(IntakeState.READING):
        read(intake_id)
    for intake_id in queries.list_ids(IntakeState.BRINGING_IN):
        until = time.monotonic() + SECONDS
        while go_on(intake_id) and time.monotonic() < until:
            pass
    for intake_id in queries.list_forgotten():
        with unit_of_work():
            row = queries.lock(intake_id)
            if row is not None and row.state in (IntakeState.OPEN, IntakeState.STOPPED):
                services.discard(SYSTEM, row)


def read(intake_id: uuid.UUID) -> None:
    """Read a file and keep its entries; all of it or, where the worker is killed, nothing yet."""
    row = queries.find_intake(intake_id)
    if row is None or row.content is None:
        return
    content, noun = row.content, row.noun
    fault: Invalid | None = None
    entries: list[reading.Entry] = []
    try:
        entries = reading.read(content, noun, listings.codes(), vocabulary())
    except Invalid as error:
        fault = error
    except Exception as error:  # noqa: BLE001 - a file that no reader was made for must not hold up all others
        log.error("a file could not be read\n%s", trace_of(error))
        fault = reading.KindUnknown(field="file")
    twins = services.find_twins(row, entries)
    with unit_of_work():
        row = queries.lock(intake_id)
        if row is None or row.state != IntakeState.READING:
            return
        if fault is not None:
            services.refuse(SYSTEM, row, fault=fault)
        else:
            services.show(SYSTEM, row, entries=entries, twins=twins)


def go_on(intake_id: uuid.UUID) -> bool:
    """Make drafts of the next entries, in the name of who brought the file; whether more are left."""
    with unit_of_work():
        row = queries.lock(intake_id)
        if row is None or row.state != IntakeState.BRINGING_IN:
            return False
        actor = _author(row)
        if actor is None:
            services.stop(SYSTEM, row, fault=services.NoLongerAllowed())
            return False
        return services.go_on(actor, row, most=BATCH) == BATCH


def _author(row: Intake) -> Actor | None:
    """Who brought the file, if he may still post for this organisation."""
    actor = accounts.find_actor(row.user_id, row.organisation_id)
    post = ListingCan.ACHIEVEMENT_POST if row.noun == "achievement" else ListingCan.NEED_POST
    if actor is None or not access.may(actor, Can.INTAKE_CHANGE, row) or not access.may(actor, post, row.organisation):
        return None
    return actor


def vocabulary() -> Vocabulary:
    """Names of codes in both languages, and the codes themselves."""
    found: dict[str, dict[str, str]] = {}
    for fact, kind in (("field", "fields"), ("district", "districts"), ("industries", "industries")):
        terms = taxonomy.terms(kind)
        found[fact] = {name.casefold(): code for code, term in terms.items() for name in (code, term.zh, term.en)}
    for fact, members in (
        ("modes", Mode), ("language", Language), ("right_kind", RightKind), ("right_status", RightStatus),
    ):  # fmt: skip
        found[fact] = {str(member): str(member) for member in members}
        for locale in ("zh_Hans_CN", "en"):
            with force_locale(locale):
                found[fact] |= {messages.label(member).casefold(): str(member) for member in members}
    return found
