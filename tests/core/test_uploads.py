"""Hostile uploads, made here: each is refused, or kept without its poison, within time and memory (RELIABILITY W6,
W7).
"""

from __future__ import annotations

import io
import resource
import stat
import struct
import time
import zipfile
import zlib
from pathlib import Path

import pytest
from PIL import Image

from matchmaker.core import uploads
from matchmaker.core.files import safe_name
from matchmaker.core.uploads import FileBloated, FileHarmful, FileTypeRefused, PictureTooLarge, examine, strip

REFUSALS = (FileTypeRefused, FileHarmful, FileBloated, PictureTooLarge)
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
HTML = b"<html><script>alert(document.domain)</script></html>"
SVG = b'<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]><svg onload="alert(1)">&x;</svg>'
BOMB_XML = b'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>'
EXTERNAL = b'<Relationships><Relationship Type="x/attachedTemplate" Target="x" TargetMode="External"/></Relationships>'
HYPERLINK = (
    b'<Relationships><Relationship Type="x/hyperlink" Target="http://fine" TargetMode="External"/></Relationships>'
)


def picture(form: str = "PNG", **options: object) -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (16, 12), (10, 90, 200)).save(target, form, **options)
    return target.getvalue()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def flood(width: int, height: int) -> bytes:
    """A picture of so many pixels in a few bytes."""
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def office(*parts: tuple[str, bytes], comment: bytes = b"", linked: str = "", kind: str = "word/document.xml") -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr(kind, "<w:document/>")
        for name, body in parts:
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if name == linked:
                info.external_attr = (stat.S_IFLNK | 0o777) << 16
            made.writestr(info, body)
        made.comment = comment
    return target.getvalue()


def encrypted() -> bytes:
    content = bytearray(office(("word/secret.xml", b"x")))
    for mark in (b"PK\x03\x04", b"PK\x01\x02"):
        at = content.rfind(mark)
        content[at + (6 if mark == b"PK\x03\x04" else 8)] |= 1
    return bytes(content)


def million_entries() -> bytes:
    """An archive that says it has a million entries: the directory is what must not be read."""
    entry = struct.pack("<4s4B4HL2L5H2L", b"PK\x01\x02", 20, 3, 20, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0) + b"x"
    directory = entry * 200_000
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, len(directory), 4, 0)
    return b"PK\x03\x04" + directory + end


def flat_bomb() -> bytes:
    return office(*[(f"word/media/{n}.xml", b"\0" * 12_000_000) for n in range(8)])


def two_of_a_name() -> bytes:
    return office(("word/a.xml", b"1"), ("word/b.xml", b"2")).replace(b"word/b.xml", b"word/a.xml")


PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF\n"
HOSTILE = {
    "html": HTML,
    "html called png": HTML,
    "svg with entity": SVG,
    "svg": b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
    "eicar": EICAR,
    "script": b"#!/bin/sh\nrm -rf /\n",
    "program": b"MZ\x90\0" + b"\0" * 100,
    "elf": b"\x7fELF" + b"\0" * 100,
    "gif": b"GIF89a" + b"\0" * 30,
    "rtf": b"{\\rtf1 \\object}",
    "old office": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600,
    "rar": b"Rar!\x1a\x07\0",
    "gzip": b"\x1f\x8b\x08\0" + b"\0" * 30,
    "pdf behind a blank": b" " + PDF,
    "pdf behind a mark": b"\xef\xbb\xbf" + PDF,
    "pdf that is a page": b"%PDF-1.7\n" + HTML,
    "pdf that is php": b"%PDF-1.7\n<?php system($_GET[0]); ?>",
    "pdf with a program": PDF + b"<</S/JavaScript /JS (app.alert(1))>>",
    "pdf that starts things": PDF + b"<</S/Launch /F (cmd.exe)>>",
    "pdf with a file inside": PDF + b"<</Type/EmbeddedFile /Length 3>>",
    "pdf that is an archive": PDF + office(),
    "png that is a page": b"\x89PNG\r\n\x1a\n" + HTML,
    "png cut short": picture()[:40],
    "png head alone": b"\x89PNG\r\n\x1a\n",
    "png flood 50k x 50k": flood(50_000, 50_000),
    "png flood at the edge": flood(50_000_001, 1),
    "png of nothing": flood(0, 10),
    "png with a chunk without end": picture()[:33] + struct.pack(">I", 2**31 - 1) + b"IDAT",
    "jpeg head alone": b"\xff\xd8\xff",
    "jpeg cut short": picture("JPEG")[:200],
    "jpeg that is a page": b"\xff\xd8\xff\xe0" + HTML,
    "archive that is no office": office(kind="readme.txt"),
    "archive head alone": b"PK\x03\x04 nothing else",
    "archive cut short": office()[:-10],
    "archive with a tail": office() + b"MZ tail",
    "archive with a comment": office(comment=b"<script>"),
    "path upwards": office(("../../etc/cron.d/x", b"x")),
    "path from the root": office(("/etc/passwd", b"x")),
    "path of windows": office(("word\\..\\..\\x", b"x")),
    "drive": office(("C:/x", b"x")),
    "name that reads backwards": office(("word/\u202egnp.exe.xml", b"x")),
    "name with nul and zero width": office(("word/a\u200b.xml", b"x")),
    "link": office(("word/link.xml", b"/etc/passwd"), linked="word/link.xml"),
    "macro": office(("word/vbaProject.bin", b"\0")),
    "program inside": office(("word/media/a.xml", b"MZ\x90\0")),
    "page inside": office(("word/x.html", HTML)),
    "archive inside": office(("word/embeddings/a.xml", office())),
    "nested bomb": office(("word/embeddings/a.xml", flat_bomb())),
    "flat bomb": flat_bomb(),
    "many parts": office(*[(f"word/{n}.xml", b"") for n in range(1_001)]),
    "million entries": million_entries(),
    "two of a name": two_of_a_name(),
    "encrypted": encrypted(),
    "outside entity": office(("word/x.xml", SVG)),
    "entity bomb": office(("word/y.xml", BOMB_XML)),
    "entity behind a comment": office(("word/z.xml", b"<!--" + b" " * 9_000 + b"-->" + BOMB_XML)),
    "template from outside": office(("word/_rels/settings.xml.rels", EXTERNAL)),
}


def written(directory: Path, content: bytes) -> Path:
    path = directory / "upload"
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused_in_time_and_memory(tmp_path: Path, name: str) -> None:
    path, before = written(tmp_path, HOSTILE[name]), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.process_time()
    with pytest.raises(REFUSALS) as caught, io.BytesIO() as target:
        strip(path, target, examine(path, "file"), "file")  # pictures are judged to their end when written anew
        raise AssertionError("taken")
    assert caught.value.field == "file"
    assert time.process_time() - began <= 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before <= 100 * 1024


def test_there_are_enough_of_them() -> None:
    assert len(HOSTILE) >= 40
    assert len(set(HOSTILE.values())) >= 40


@pytest.mark.parametrize(
    "content",
    [
        PDF, picture(), picture("JPEG"), office(), office(kind="xl/workbook.xml"),
        office(("word/_rels/document.xml.rels", HYPERLINK)), office(("word/printerSettings1.bin", b"\0")),
        office(*[(f"word/{n}.xml", b"text " * 2_000) for n in range(200)]), flood(50_000, 1_000),
    ],
    ids=["pdf", "png", "jpeg", "docx", "xlsx", "hyperlink", "printer", "large and honest", "fifty megapixels"],
)  # fmt: skip
def test_an_ordinary_file_is_taken(tmp_path: Path, content: bytes) -> None:
    assert examine(written(tmp_path, content))


def stripped(directory: Path, content: bytes) -> bytes:
    path, target = written(directory, content), io.BytesIO()
    assert strip(path, target, examine(path))
    return target.getvalue()


def with_exif(form: str, orientation: int = 6) -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E], exif[0x8825] = orientation, "where it was taken", {2: (43.8, 0.0, 0.0)}
    return picture(form, exif=exif)


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
def test_a_picture_loses_what_it_says_about_its_maker_and_keeps_its_pixels(tmp_path: Path, form: str) -> None:
    content = with_exif(form)
    assert b"where it was taken" in content
    clean = stripped(tmp_path, content)
    assert b"where it was taken" not in clean
    before, after = (Image.open(io.BytesIO(bytes_)) for bytes_ in (content, clean))
    assert before.convert("RGB").tobytes() == after.convert("RGB").tobytes()
    assert set(after.getexif()) <= {0x0112}


def test_a_photograph_stays_the_right_way_up(tmp_path: Path) -> None:
    assert Image.open(io.BytesIO(stripped(tmp_path, with_exif("JPEG", 6)))).getexif()[0x0112] == 6
    assert not Image.open(io.BytesIO(stripped(tmp_path, picture("JPEG")))).getexif()


@pytest.mark.parametrize("form", ["JPEG", "PNG"])
@pytest.mark.parametrize("tail", [HTML, office(), b"MZ" * 100, EICAR])
def test_what_follows_the_end_of_a_picture_is_left_behind(tmp_path: Path, form: str, tail: bytes) -> None:
    assert stripped(tmp_path, picture(form) + tail) == stripped(tmp_path, picture(form))


def test_comments_of_a_picture_are_left_behind(tmp_path: Path) -> None:
    assert b"<script>" not in stripped(tmp_path, picture("JPEG", comment=b"<script>alert(1)</script>"))
    text = picture()[:-12] + chunk(b"tEXt", b"Comment\0" + EICAR) + chunk(b"IEND", b"")
    assert EICAR not in stripped(tmp_path, text)


def test_stripping_twice_changes_nothing_more(tmp_path: Path) -> None:
    for content in (with_exif("JPEG"), with_exif("PNG"), picture("JPEG", progressive=True)):
        once = stripped(tmp_path, content)
        assert stripped(tmp_path, once) == once


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd.pdf"),
        ("..\\..\\boot.ini", "boot.ini.pdf"),
        ("合同\u202efdp.exe", "合同fdp.exe.pdf"),
        ("a\0b\r\nSet-Cookie: x", "ab Set-Cookie: x.pdf"),
        ("\u200b\u2066", "file.pdf"),
        ("x" * 500, "x" * 120 + ".pdf"),
    ],
)
def test_a_name_shows_what_the_file_is_and_leads_nowhere(name: str, shown: str) -> None:
    assert safe_name(name, "application/pdf") == shown


def test_only_pictures_are_written_anew(tmp_path: Path) -> None:
    path, target = written(tmp_path, PDF), io.BytesIO()
    assert not strip(path, target, uploads.examine(path))
    assert target.getvalue() == b""
