"""What the commands on deals share: order among them, the side that acts, declarations, and the books."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from matchmaker.accounts.models import User
from matchmaker.accounts.services import PasswordWrong, password_fits
from matchmaker.core import clock, workflow
from matchmaker.core.access import Actor
from matchmaker.core.db import db
from matchmaker.core.errors import Conflict
from matchmaker.deals import queries
from matchmaker.deals.models import Deal, DealFile, Record, TermsVersion
from matchmaker.deals.records import RecordKind
from matchmaker.deals.refusals import ReasonMissing, TermsChanged
from matchmaker.deals.rules import DayOutOfRange
from matchmaker.deals.schedule import Due
from matchmaker.deals.states import DEAL, DealAction, NotThisSide, PartyRole
from matchmaker.deals.terms import Terms
from matchmaker.ledger import posting
from matchmaker.ledger import queries as journal
from matchmaker.ledger import services as ledger
from matchmaker.ledger.models import JournalEntry

_HELD = "held_deals"


def hold(deals: Iterable[Deal]) -> None:
    """These rows were read and locked in this transaction: until it ends `lock` need not read them again."""
    db.session.info[_HELD] = (db.session().get_transaction(), frozenset(deal.id for deal in deals))


def lock(deal: Deal, action: DealAction | None = None, seen_version: int | None = None) -> None:
    """Let commands on one deal follow each other: the later one sees what the earlier did and is told so.

    Raises WrongState where the action is not open now, Conflict where `seen_version` is given and has passed.
    """
    transaction, held = db.session.info.get(_HELD, (None, frozenset()))
    if deal.id not in held or transaction is not db.session().get_transaction():
        db.session.refresh(deal, with_for_update={"of": Deal})
    if action is not None:
        DEAL.step(deal.state, action)
    if seen_version is not None and seen_version != deal.version:
        raise Conflict()


def side_of(actor: Actor, deal: Deal) -> PartyRole:
    """The side the actor acts for. Only a person of a party takes a side: the platform does not."""
    side = deal.side_of(actor.organisation_id)
    if side is None or actor.user_id is None:
        raise NotThisSide()
    return side


def check_password(actor: Actor, password: str) -> None:
    """Raises PasswordWrong: who puts a name to something says the password again."""
    user = db.session.get_one(User, actor.user_id)
    if not password_fits(user.password_hash, password):
        raise PasswordWrong(field="password")


def standing_version(deal: Deal, sha256: str) -> TermsVersion:
    """The version last offered, which must be the one that was read."""
    version = deal.version_on_offer
    if version is None or version.sha256 != sha256:
        raise TermsChanged(number=deal.number)
    return version


def terms_of(deal: Deal) -> Terms:
    terms = queries.terms_in_force(deal)
    assert terms is not None  # there is no state past the offer without a version
    return terms


def between(day: date, first_on: date, last_on: date, *, field: str) -> date:
    if not first_on <= day <= last_on:
        raise DayOutOfRange(field=field, first_on=first_on, last_on=last_on)
    return day


def given(reason: str, *, field: str = "reason") -> str:
    """Raises ReasonMissing for blanks."""
    if not reason.strip():
        raise ReasonMissing(field=field)
    return reason.strip()


def finish(actor: Actor, deal: Deal, action: DealAction, reason: str, *, on: date | None = None, **facts: Any) -> None:
    deal.ended_on = on or clock.today()
    deal.ended_reason = reason.strip() or None
    workflow.apply(actor, deal, DEAL, action, **facts)


def declare(actor: Actor, deal: Deal, kind: RecordKind, *, file: DealFile | None = None, **facts: Any) -> Record:
    """Add a declaration of the actor's side, or the platform's."""
    record = Record(
        number=len(deal.records) + 1,
        kind=kind,
        party=deal.side_of(actor.organisation_id) if not actor.system else None,
        organisation_id=actor.organisation_id,
        user_id=actor.user_id,
        at=clock.now(),
        file_id=file.id if file is not None else None,
        **facts,
    )
    deal.records.append(record)
    return record


# --- the books ------------------------------------------------------------------------------------------------------


def post_dues(actor: Actor, deal: Deal, dues: Sequence[Due]) -> None:
    """Let the books claim exactly these amounts; what they claim already stays, a changed one is posted anew.

    The claim to each amount arises now; when it falls due is for the schedule to say.
    """
    for due in dues:
        key, posted = _claim(deal, due)
        if posted is not None and posted.legs and max(leg.fen for leg in posted.legs) == due.fen:
            continue
        if posted is not None:
            _take_back(actor, posted)
        if due.fen:
            ledger.post(actor, posting.deal_due(key, clock.today(), due.fen, deal=deal.id))


def release_due(actor: Actor, deal: Deal, due: Due) -> None:
    """Give up the claim to an amount."""
    _, posted = _claim(deal, due)
    if posted is not None:
        _take_back(actor, posted)


def _take_back(actor: Actor, posted: JournalEntry) -> None:
    ledger.reverse(actor, posted, key=f"{posted.idempotency_key}:released", occurred_on=clock.today())


def _claim(deal: Deal, due: Due) -> tuple[str, JournalEntry | None]:
    """Key for the next posting of an amount, and the posting that stands, if one does."""
    base = f"deal:{deal.id}:due:{due.kind}:{due.number}"
    key, revision = base, 0
    while (posted := journal.find_entry(key)) is not None:
        if journal.find_entry(f"{key}:released") is None:
            return f"{base}:r{revision + 1}", posted
        revision += 1
        key = f"{base}:r{revision}"
    return key, None
