"""Uploaded files: content-addressed store, type by content, always served as an attachment."""

from __future__ import annotations

import hashlib
import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import UniqueConstraint, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, mapped_column

from matchmaker.core import clock, uploads
from matchmaker.core.db import db, id_column
from matchmaker.core.errors import N_, Invalid
from matchmaker.core.types import Number, UtcDateTime, clean_text
from matchmaker.core.uploads import FileTypeRefused as FileTypeRefused

CHUNK = 64 * 1024
_LONGEST_NAME = 120


class FileTooLarge(Invalid):
    code = "files.too_large"
    phrase = N_("This file is larger than %(limit_mb)s MB. Make it smaller or split it.")


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
    """Store a stream and return its row (the same row for the same bytes). Pictures lose what is no picture
    (`uploads.strip`).

    Written to a temporary file, synced and renamed before the row exists: a row never points to a missing file; a
    file without a row, after a crash, is harmless. Raises FileTooLarge, FileEmpty, and what `uploads.examine`
    refuses, at `field`.
    """
    root.mkdir(parents=True, exist_ok=True)
    if stream.seekable():
        stream.seek(0)  # a unit of work that is tried again reads the upload again
    with _temporary(root) as received, _temporary(root) as stripped:
        size = _receive(stream, received, limit_bytes, field)
        if size == 0:
            raise FileEmpty(field=field)
        media_type = uploads.examine(received, field)
        with stripped.open("wb") as target:
            kept = stripped if uploads.strip(received, target, media_type, field) else received
        digest, size = _digest(kept)
        place = path_of(root, digest)
        place.parent.mkdir(parents=True, exist_ok=True)
        _sync(kept)
        os.replace(kept, place)
        _sync(place.parent)
    return _row(digest, size, media_type)


@contextmanager
def _temporary(root: Path) -> Iterator[Path]:
    descriptor, name = tempfile.mkstemp(dir=root, prefix=".upload-")
    os.close(descriptor)
    try:
        yield Path(name)
    finally:
        Path(name).unlink(missing_ok=True)


def _receive(stream: BinaryIO, target: Path, limit_bytes: int, field: str | None) -> int:
    size = 0
    with target.open("wb") as file:
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > limit_bytes:
                raise FileTooLarge(field=field, limit_mb=limit_bytes // (1024 * 1024))
            file.write(chunk)
    return size


def _digest(path: Path) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
            size += len(chunk)
    return digest.hexdigest(), size


def _sync(path: Path) -> None:
    """Have a file, or the names in a directory, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
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


def safe_name(name: str, media_type: str) -> str:
    """Display name of an upload: no path, no control or bidi characters, the suffix that its content has."""
    suffix = next(s for _, kind, s in (*uploads.SIGNATURES, *uploads.OFFICE) if kind == media_type)
    stem = " ".join(clean_text(name.replace("\\", "/").rsplit("/", 1)[-1]).split()).strip(" .") or "file"
    stem = stem[: -len(suffix)] if stem.lower().endswith(suffix) else stem
    return stem[:_LONGEST_NAME] + suffix
