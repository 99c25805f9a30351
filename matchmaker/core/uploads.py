"""What an uploaded file is, by its content, and whether it can be kept: in bounded time and memory (RELIABILITY W6,
W7).

Nothing is unpacked and no picture is decoded: an archive is judged by its directory and the first bytes of its parts,
a picture by its header. Pictures are written anew without what is no picture (EXIF, comments, whatever follows their
end).
"""

from __future__ import annotations

import io
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from matchmaker.core.errors import N_, Invalid
from matchmaker.core.wording import clean_text

SIGNATURES = (
    (b"%PDF-", "application/pdf", ".pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png", ".png"),
    (b"\xff\xd8\xff", "image/jpeg", ".jpg"),
)
OFFICE = (
    ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", ".docx"),
    ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", ".xlsx"),
)
MOST_PIXELS = 50_000_000
MOST_PARTS = 1_000
LARGE = 64 * 1024 * 1024  # unpacked; below it no ratio is too high
MOST_RATIO = 50
_DIRECTORY = 1024 * 1024  # bytes of an archive's directory: a thousand entries take less
_CHUNK = 64 * 1024


class FileTypeRefused(Invalid):
    code = "files.type_refused"
    phrase = N_("Only PDF, PNG, JPEG, DOCX and XLSX files are taken; the content of this file is none of them.")


class FileHarmful(Invalid):
    code = "files.harmful"
    phrase = N_(
        "This file carries a program, an outside link or another file inside. Save it anew as a plain document."
    )


class FileBloated(Invalid):
    code = "files.bloated"
    phrase = N_("This file unfolds to far more than its size, or has too many parts. Save it anew, or as PDF.")


class PictureTooLarge(Invalid):
    """Facts: most_mpx."""

    code = "files.picture_too_large"
    phrase = N_("This picture has more than %(most_mpx)s million pixels. Make it smaller.")


def examine(path: Path, field: str | None = None) -> str:
    """Media type of a file. Raises FileTypeRefused, FileHarmful, FileBloated or PictureTooLarge at `field`."""
    with path.open("rb") as file:
        head = file.read(1024)
        for signature, media_type, _ in SIGNATURES:
            if head.startswith(signature):
                _look(file, head, media_type, field)
                return media_type
        if head.startswith(b"PK\x03\x04"):
            return office_type(file, field)
    raise FileTypeRefused(field=field)


def strip(source: Path, target: BinaryIO, media_type: str, field: str | None = None) -> bool:
    """Write a picture anew without what is no picture; False for other files, of which nothing is written."""
    writers = {"image/png": _png_parts, "image/jpeg": _jpeg_parts}
    if media_type not in writers:
        return False
    try:
        with source.open("rb") as file:
            for part in writers[media_type](file):
                target.write(part)
    except (struct.error, EOFError, ValueError) as error:
        raise FileTypeRefused(field=field) from error
    return True


# --- pdf and pictures -----------------------------------------------------------------------------------------------

_MARKUP = re.compile(rb"<\s*(html|script|svg|!doctype|\?php|iframe|body)", re.IGNORECASE)
_ACTIVE = re.compile(rb"/(JavaScript|JS|Launch|EmbeddedFile|RichMedia|XFA)[\s/(<\[]")
_END_OF_ARCHIVE = b"PK\x05\x06"


def _look(file: BinaryIO, head: bytes, media_type: str, field: str | None) -> None:
    if media_type == "application/pdf":
        # a page that pretends to be a document, a document with a program, two documents in one
        if _MARKUP.search(head) or _found(file, _ACTIVE) or _END_OF_ARCHIVE in _tail(file):
            raise FileHarmful(field=field)
        return
    file.seek(0)
    try:
        with Image.open(file, formats=["PNG", "JPEG"]) as picture:
            width, height = picture.size
    except Image.DecompressionBombError as error:
        raise PictureTooLarge(field=field, most_mpx=MOST_PIXELS // 1_000_000) from error
    except Exception as error:
        raise FileTypeRefused(field=field) from error
    if width * height > MOST_PIXELS:
        raise PictureTooLarge(field=field, most_mpx=MOST_PIXELS // 1_000_000)


def _found(file: BinaryIO, pattern: re.Pattern[bytes]) -> bool:
    file.seek(0)
    kept = b""
    while chunk := file.read(_CHUNK):
        if pattern.search(kept + chunk):
            return True
        kept = chunk[-32:]
    return False


def _tail(file: BinaryIO) -> bytes:
    size = file.seek(0, io.SEEK_END)
    file.seek(max(size - 66_000, 0))
    return file.read()


_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"sBIT", b"pHYs", b"bKGD"}
)


def _png_parts(file: BinaryIO) -> Iterator[bytes]:
    """Signature and the chunks that make the picture; what follows IEND is left behind."""
    yield _exactly(file, 8)
    while True:
        head = _exactly(file, 8)
        (length,), kind = struct.unpack(">I", head[:4]), head[4:]
        body = _exactly(file, length + 4)
        if kind in _PNG_KEPT:
            yield head + body
        if kind == b"IEND":
            return


_JPEG_DROPPED = {0xE1, 0xE2, 0xED, 0xFE, *range(0xE3, 0xED), 0xEF}
"""Segments that hold data about the picture: EXIF and XMP, profiles, IPTC, comments. APP0 and APP14 say how to read
it.
"""


def _jpeg_parts(file: BinaryIO) -> Iterator[bytes]:
    """The picture's own segments, with the way it is turned as the only thing kept of EXIF; what follows its end is
    left.
    """
    turned = _orientation(file)
    file.seek(0)
    yield _exactly(file, 2)
    if turned != 1:
        yield _turned(turned)
    while True:
        marker = _exactly(file, 2)
        if marker[0] != 0xFF:
            raise ValueError("no marker where one belongs")
        if marker[1] == 0xD9:
            yield marker
            return
        (length,) = struct.unpack(">H", _exactly(file, 2))
        body = _exactly(file, length - 2)
        if marker[1] not in _JPEG_DROPPED:
            yield marker + struct.pack(">H", length) + body
        if marker[1] == 0xDA:
            yield from _scan(file)


def _scan(file: BinaryIO) -> Iterator[bytes]:
    """Coded data of a scan, up to the next marker that is none of its own."""
    while chunk := file.read(_CHUNK):
        at = 0
        while (at := chunk.find(b"\xff", at)) >= 0:
            if at + 1 == len(chunk):
                following = file.read(1)
                if not following:
                    raise EOFError
                chunk += following
            if chunk[at + 1] != 0 and not 0xD0 <= chunk[at + 1] <= 0xD7 and chunk[at + 1] != 0xFF:
                yield chunk[:at]
                file.seek(at - len(chunk), io.SEEK_CUR)
                return
            at += 1 if chunk[at + 1] == 0xFF else 2
        yield chunk
    raise EOFError


def _orientation(file: BinaryIO) -> int:
    file.seek(0)
    try:
        with Image.open(file, formats=["JPEG"]) as picture:
            found = picture.getexif().get(0x0112, 1)
    except Exception:  # noqa: BLE001 - bent EXIF is no reason to refuse: it is dropped
        return 1
    return found if isinstance(found, int) and 1 <= found <= 8 else 1


def _turned(orientation: int) -> bytes:
    """An EXIF segment with nothing but the orientation."""
    tiff = b"MM\x00*\x00\x00\x00\x08" + struct.pack(">HHHIHH", 1, 0x0112, 3, 1, orientation, 0) + b"\x00\x00\x00\x00"
    body = b"Exif\x00\x00" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _exactly(file: BinaryIO, count: int) -> bytes:
    if count < 0:
        raise ValueError("a part shorter than nothing")
    found = file.read(count)
    if len(found) != count:
        raise EOFError
    return found


# --- office ---------------------------------------------------------------------------------------------------------

_INNER = (b"PK\x03\x04", b"PK\x05\x06", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"MZ", b"\x7fELF")
_ENTITY = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)
_OUTSIDE = re.compile(rb'<Relationship\b(?=[^>]*TargetMode\s*=\s*["\']External)(?![^>]*/hyperlink["\'])', re.IGNORECASE)


_BENT = (zipfile.BadZipFile, zlib.error, NotImplementedError, ValueError, OSError, EOFError, struct.error, RuntimeError)


def office_type(file: BinaryIO, field: str | None = None) -> str:
    """Media type of an archive. Raises FileTypeRefused, FileHarmful or FileBloated at `field`."""
    try:
        _check_directory(file, field)
        file.seek(0)
        with zipfile.ZipFile(file) as archive:
            _check_parts(archive, field)
            names = set(archive.namelist())
    except _BENT as error:
        raise FileTypeRefused(field=field) from error  # all that a bent one raises
    for member, media_type, _ in OFFICE:
        if member in names:
            return media_type
    raise FileTypeRefused(field=field)


def _check_directory(file: BinaryIO, field: str | None) -> None:
    """Before anything reads the directory: a million entries would fill the memory."""
    tail = _tail(file)
    at = tail.rfind(_END_OF_ARCHIVE)
    if at < 0 or len(tail) - at < 22:
        raise FileTypeRefused(field=field)
    entries, size = struct.unpack("<HI", tail[at + 10 : at + 16])
    if entries > MOST_PARTS or size > _DIRECTORY:
        raise FileBloated(field=field)
    if len(tail) - at > 22:  # a comment, or something behind the end
        raise FileHarmful(field=field)


def _check_parts(archive: zipfile.ZipFile, field: str | None) -> None:
    parts = archive.infolist()
    packed, unpacked = sum(part.compress_size for part in parts), sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS or (unpacked > LARGE and unpacked > MOST_RATIO * max(packed, 1)):
        raise FileBloated(field=field)
    names = [part.filename for part in parts]
    if len(set(names)) < len(names) or any(_odd(part) for part in parts):
        raise FileHarmful(field=field)
    for part in parts:
        _check_part(archive, part, field)


def _odd(part: zipfile.ZipInfo) -> bool:
    """A name that leads elsewhere or shows as another, a link, something encrypted, a macro."""
    name = part.filename
    elsewhere = name.startswith(("/", "\\")) or "\\" in name or ":" in name or ".." in name.split("/")
    linked = stat.S_ISLNK(part.external_attr >> 16)
    program = name.lower().endswith((".bin", ".exe", ".dll", ".js", ".vbs", ".html", ".svg")) and "printer" not in name
    return elsewhere or linked or bool(part.flag_bits & 1) or program or clean_text(name) != name


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, field: str | None) -> None:
    """By its first bytes; of the small parts that point elsewhere, all of it."""
    points = part.filename.endswith(".rels")
    with archive.open(part) as opened:
        head = opened.read(_DIRECTORY if points else _CHUNK)
    if head.startswith(_INNER) or _ENTITY.search(head) or (points and _OUTSIDE.search(head)):
        raise FileHarmful(field=field)
