"""What must leave the database, as rows written in the transaction that causes it.

The worker delivers them afterwards, at least once; a crash between commit and delivery loses nothing.
"""

from __future__ import annotations

import logging
import smtplib
import uuid
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped, mapped_column

from matchmaker.config import Settings
from matchmaker.core import clock, jobs
from matchmaker.core.db import db, id_column, unit_of_work
from matchmaker.core.types import Json, UtcDateTime

log = logging.getLogger(__name__)

TRIES = 8
BATCH = 50


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


def post_mail(*, to: str, subject: str, body: str) -> None:
    """Put a mail into the transaction at hand."""
    now = clock.now()
    payload = {"to": to, "subject": subject, "body": body}
    db.session.add(OutboxMessage(kind="mail", payload=payload, created_at=now, due_at=now))


@jobs.puller("outbox")
def deliver_due(settings: Settings) -> int:
    """Send what is due, each message in its own unit of work. Returns how many went out."""
    query = (
        select(OutboxMessage.id)
        .where(OutboxMessage.sent_at.is_(None), OutboxMessage.due_at <= clock.now(), OutboxMessage.tries < TRIES)
        .order_by(OutboxMessage.due_at, OutboxMessage.id)
        .limit(BATCH)
    )
    return sum(_deliver(settings, message_id) for message_id in list(db.session.scalars(query)))


def _deliver(settings: Settings, message_id: uuid.UUID) -> bool:
    with unit_of_work() as session:
        message = session.get(OutboxMessage, message_id, with_for_update=True)
        if message is None or message.sent_at is not None:
            return False
        message.tries += 1
        try:
            _send(settings, message)
        except (OSError, smtplib.SMTPException) as error:
            message.last_error = f"{type(error).__name__}: {error}"[:500]
            message.due_at = clock.now() + timedelta(minutes=2**message.tries)
            log.warning("mail %s not delivered: %s", message_id, type(error).__name__)
            return False
        message.sent_at, message.last_error = clock.now(), None
        return True


def _send(settings: Settings, message: OutboxMessage) -> None:
    mail = EmailMessage()
    mail["From"], mail["To"] = settings.mail_from, message.payload["to"]
    mail["Subject"] = message.payload["subject"]
    mail["Message-ID"] = f"<{message.id}@matchmaker>"
    mail.set_content(message.payload["body"])
    if settings.smtp_url is None:
        _keep(settings.data_dir / "mail", f"{message.id}.eml", bytes(mail))
        return
    url = urlsplit(settings.smtp_url)
    client = smtplib.SMTP_SSL if url.scheme == "smtps" else smtplib.SMTP
    with client(url.hostname or "localhost", url.port or 0, timeout=20) as smtp:
        if url.username:
            smtp.login(unquote(url.username), unquote(url.password or ""))
        smtp.send_message(mail)


def _keep(directory: Path, name: str, content: bytes) -> None:
    """Without a mail server, mails are kept as files: the operator can read what would have gone out."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / name).write_bytes(content)
