"""Uploaded files: content-addressed store, type by content, always served as an attachment."""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
import zipfile
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from matchmaker.core import clock
from matchmaker.core.db import db, id_column
from matchmaker.core.errors import N_, Invalid
from matchmaker.core.types import Number, UtcDateTime, clean_text

CHUNK = 64 * 1024
_LONGEST_NAME = 120

_SIGNATURES = (
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
)
_OFFICE = (
    ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
)


class FileTooLarge(Invalid):
    code = "files.too_large"
    phrase = N_("This file is larger than %(limit_mb)s MB. Make it smaller or split it.")


class FileTypeRefused(Invalid):
    code = "files.type_refused"
    phrase = N_("Only PDF, PNG, JPEG, DOCX and XLSX files are taken; the content of this file is none of them.")


class FileEmpty(Invalid):
    code = "files.empty"
    phrase = N_("This file is empty.")


class StoredFile(db.Model):
    __tablename__ = "stored_files"
    __table_args__ = (UniqueConstraint("sha256"),)

    id: Mapped[uuid.UUID] = id_column()
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(Number)
    media_type: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


def path_of(root: Path, sha256: str) -> Path:
    return root / sha256[:2] / sha256[2:4] / sha256


def put(root: Path, stream: BinaryIO, *, limit_bytes: int, field: str | None = None) -> StoredFile:
    """Store a stream and return its row (the same row for the same bytes).

    Written to a temporary file, synced and renamed before the row exists: a row never points to a missing file;
    a file without a row, after a crash, is harmless. Raises FileTooLarge, FileEmpty, FileTypeRefused at `field`.
    """
    root.mkdir(parents=True, exist_ok=True)
    if stream.seekable():
        stream.seek(0)  # a unit of work that is tried again reads the upload again
    digest, size = hashlib.sha256(), 0
    with tempfile.NamedTemporaryFile(dir=root, prefix=".upload-", delete=False) as target:
        temporary = Path(target.name)
        try:
            while chunk := stream.read(CHUNK):
                size += len(chunk)
                if size > limit_bytes:
                    raise FileTooLarge(field=field, limit_mb=limit_bytes // (1024 * 1024))
                digest.update(chunk)
                target.write(chunk)
            target.flush()
            os.fsync(target.fileno())
            if size == 0:
                raise FileEmpty(field=field)
            media_type = _media_type(temporary, field)
            place = path_of(root, digest.hexdigest())
            place.parent.mkdir(parents=True, exist_ok=True)
            os.replace(temporary, place)
            _sync_directory(place.parent)
        finally:
            temporary.unlink(missing_ok=True)
    return _row(digest.hexdigest(), size, media_type)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _row(sha256: str, size: int, media_type: str) -> StoredFile:
    query = select(StoredFile).where(StoredFile.sha256 == sha256)
    if known := db.session.scalar(query):
        return known
    row = StoredFile(sha256=sha256, size=size, media_type=media_type, created_at=clock.now())
    try:
        with db.session.begin_nested():
            db.session.add(row)
    except IntegrityError:  # someone else stores the same bytes at this moment
        return db.session.scalars(query).one()
    return row


def _media_type(path: Path, field: str | None) -> str:
    with path.open("rb") as file:
        head = file.read(16)
    for signature, media_type, _ in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head.startswith(b"PK\x03\x04"):
        try:
            with zipfile.ZipFile(path) as archive:
                names = set(archive.namelist())
        except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:  # all that a bent one raises
            raise FileTypeRefused(field=field) from error
        for member, media_type, _ in _OFFICE:
            if member in names:
                return media_type
    raise FileTypeRefused(field=field)


def safe_name(name: str, media_type: str) -> str:
    """Display name of an upload: no path, no control or bidi characters, the suffix that its content has."""
    suffix = next(s for _, kind, s in (*_SIGNATURES, *_OFFICE) if kind == media_type)
    stem = " ".join(clean_text(name.replace("\\", "/").rsplit("/", 1)[-1]).split()).strip(" .") or "file"
    stem = stem[: -len(suffix)] if stem.lower().endswith(suffix) else stem
    return stem[:_LONGEST_NAME] + suffix
