"""What must leave the database, as rows written in the transaction that causes it.

The worker delivers them afterwards, at least once; a crash between commit and delivery loses nothing.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from sqlalchemy import Index, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from matchmaker.config import Settings
from matchmaker.core import clock, jobs
from matchmaker.core.db import db, id_column, unit_of_work
from matchmaker.core.types import Json, UtcDateTime

log = logging.getLogger(__name__)

TRIES = 8
BATCH = 50
TIMEOUT = 20


class OutboxMessage(db.Model):
    __tablename__ = "outbox_messages"
    __table_args__ = (Index("ix_outbox_messages_due_at", "sent_at", "due_at"),)

    id: Mapped[uuid.UUID] = id_column()
    kind: Mapped[str]
    payload: Mapped[Any] = mapped_column(Json)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tries: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_error: Mapped[str | None]


class Mail(NamedTuple):
    to: str
    subject: str
    body: str


def post_mail(*, to: str, subject: str, body: str) -> None:
    """Put a mail into the transaction at hand."""
    db.session.add(OutboxMessage(**_row(Mail(to, subject, body), clock.now())))


def post_mails(mails: Iterable[Mail]) -> None:
    """The same for many, written past the ORM."""
    now = clock.now()
    rows = [_row(mail, now) for mail in mails]
    if rows:
        db.session.execute(insert(OutboxMessage), rows)


def _row(mail: Mail, now: datetime) -> dict[str, Any]:
    return {"kind": "mail", "payload": mail._asdict(), "created_at": now, "due_at": now}


@jobs.puller("outbox")
def deliver_due(settings: Settings) -> int:
    """Send what is due, one after the other. Returns how many went out."""
    query = (
        select(OutboxMessage.id)
        .where(OutboxMessage.sent_at.is_(None), OutboxMessage.due_at <= clock.now(), OutboxMessage.tries < TRIES)
        .order_by(OutboxMessage.due_at, OutboxMessage.id)
        .limit(BATCH)
    )
    return sum(_deliver(settings, message_id) for message_id in list(db.session.scalars(query)))


def _deliver(settings: Settings, message_id: uuid.UUID) -> bool:
    """Sends between two short units of work: a slow mail server must not hold the database's write lock.

    The first puts the next try off, so that no other worker takes the message meanwhile and one lost to a kill comes
    up again.
    """
    with unit_of_work() as session:
        message = session.get(OutboxMessage, message_id, with_for_update=True)
        if message is None or message.sent_at is not None or message.due_at > clock.now():
            return False
        message.tries += 1
        message.due_at = clock.now() + timedelta(minutes=2**message.tries)
        tries, payload, created_at = message.tries, message.payload, message.created_at
    failure = None
    try:
        _send(settings, _mail(settings, message_id, payload, created_at))
    except Exception as error:  # noqa: BLE001 - one message that cannot be sent must not hold up the others
        failure = error
        log.warning("mail %s not delivered, try %s of %s: %s", message_id, tries, TRIES, type(error).__name__)
    with unit_of_work() as session:
        message = session.get_one(OutboxMessage, message_id)
        message.sent_at = clock.now() if failure is None else None
        message.last_error = None if failure is None else f"{type(failure).__name__}: {failure}"[:500]
    return failure is None


def _mail(settings: Settings, message_id: uuid.UUID, payload: dict[str, str], created_at: datetime) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["To"] = settings.mail_from, payload["to"]
    mail["Subject"] = " ".join(payload["subject"].split())
    mail["Date"] = format_datetime(created_at)
    mail["Message-ID"] = f"<{message_id}@matchmaker>"
    mail.set_content(payload["body"])
    return mail


def _send(settings: Settings, mail: EmailMessage) -> None:
    if settings.smtp_url is None:
        _keep(settings.data_dir / "mail", mail)
        return
    url, context = urlsplit(settings.smtp_url), ssl.create_default_context()
    encrypted = url.scheme == "smtps"
    connect: Any = partial(smtplib.SMTP_SSL, context=context) if encrypted else smtplib.SMTP
    with connect(url.hostname or "localhost", url.port or 0, timeout=TIMEOUT) as smtp:
        smtp.ehlo()
        if not encrypted and smtp.has_extn("starttls"):
            smtp.starttls(context=context)
            encrypted = True
        if url.username:
            if not encrypted:
                raise smtplib.SMTPNotSupportedError("no password is sent over a connection that is not encrypted")
            smtp.login(unquote(url.username), unquote(url.password or ""))
        smtp.send_message(mail)


def _keep(directory: Path, mail: EmailMessage) -> None:
    """Without a mail server, mails are kept as files: the operator can read what would have gone out."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)  # they hold links that let people in
    name = str(mail["Message-ID"]).strip("<>").partition("@")[0]
    (directory / f"{name}.eml").write_bytes(bytes(mail))
