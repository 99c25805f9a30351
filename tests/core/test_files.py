"""Uploads: what they are is read from their bytes; the same bytes are kept once; names are only for show."""

import contextlib
import hashlib
import io
import threading
import zipfile

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from PIL import Image

from matchmaker.core import files, uploads
from matchmaker.core.db import db, unit_of_work
from matchmaker.core.files import FileEmpty, FileTooLarge, FileTypeRefused, StoredFile, path_of, safe_name

PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n%%EOF"


def picture(form, **options):
    target = io.BytesIO()
    Image.new("RGB", (8, 6), (200, 30, 30)).save(target, form, **options)
    return target.getvalue()


PNG, JPEG = picture("PNG"), picture("JPEG")
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def archive(*members: str) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as made:
        for member in members:
            made.writestr(member, "x")
    return target.getvalue()


def put(root, content, limit=1000):
    with unit_of_work():
        return files.put(root, io.BytesIO(content), limit_bytes=limit, field="file")


def kept(root):
    return sorted(path for path in root.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (PDF, "application/pdf"), (PNG, "image/png"), (JPEG, "image/jpeg"),
        (archive("[Content_Types].xml", "word/document.xml"), DOCX),
        (archive("[Content_Types].xml", "xl/workbook.xml"), XLSX),
    ],
    ids=["pdf", "png", "jpeg", "docx", "xlsx"],
)  # fmt: skip
def test_the_kind_of_a_file_is_read_from_its_bytes(app, tmp_path, content, media_type):
    row = put(tmp_path, content)
    assert (row.media_type, row.size, row.sha256) == (media_type, len(content), hashlib.sha256(content).hexdigest())
    assert path_of(tmp_path, row.sha256).read_bytes() == content
    assert kept(tmp_path) == [path_of(tmp_path, row.sha256)]


@pytest.mark.parametrize(
    "content",
    [
        b"<html><script>alert(1)</script>", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"MZ\x90\0", b"\x7fELF", b"#!/bin/sh\n", b"GIF89a", b"plain words", b" %PDF-1.7", b"\xef\xbb\xbf%PDF-1.7",
        b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*", b"\xff\xd8", b"\x89PNG",
        archive("evil.txt"), archive("word/document.xml/x"), archive(),
        b"PK\x03\x04 not an archive", b"PK\x03\x04" + b"\xff" * 200, archive("word/document.xml")[:60],
    ],
    # An archive carries the time of day: named by their bytes, two runners would not know the same tests.
    ids=[f"kind-{number}" for number in range(18)],
)  # fmt: skip
def test_anything_else_is_refused_and_leaves_nothing(app, tmp_path, content):
    with pytest.raises(FileTypeRefused) as caught:
        put(tmp_path, content)
    assert caught.value.field == "file"
    assert kept(tmp_path) == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StoredFile)) == 0


BENT = archive("[Content_Types].xml", "word/document.xml", "x" * 40)


@hypothesis_settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(st.integers(4, len(BENT) - 1), st.integers(0, 255)), min_size=1, max_size=8))
def test_a_bent_archive_is_taken_or_refused_but_breaks_nothing(tmp_path_factory, changes):
    content = bytearray(BENT)
    for at, byte in changes:
        content[at] = byte
    path = tmp_path_factory.getbasetemp() / "bent"
    path.write_bytes(content)
    with contextlib.suppress(uploads.FileTypeRefused, uploads.FileHarmful, uploads.FileBloated):
        assert uploads.examine(path) == DOCX


def test_a_file_that_is_too_large_or_empty_is_refused_and_leaves_nothing(app, tmp_path):
    with pytest.raises(FileTooLarge):
        put(tmp_path, PDF, limit=len(PDF) - 1)
    assert put(tmp_path, PDF, limit=len(PDF)).size == len(PDF)
    with pytest.raises(FileEmpty):
        put(tmp_path, b"")
    assert len(kept(tmp_path)) == 1


def test_no_more_is_read_than_the_limit_allows(app, tmp_path):
    class Endless(io.RawIOBase):
        given = 0

        def readable(self):
            return True

        def readinto(self, buffer):
            self.given += len(buffer)
            buffer[:] = b"x" * len(buffer)
            return len(buffer)

    endless = Endless()
    with pytest.raises(FileTooLarge), unit_of_work():
        files.put(tmp_path, endless, limit_bytes=10 * files.CHUNK)
    assert endless.given <= 11 * files.CHUNK


def test_the_same_bytes_are_one_row_and_one_file(app, tmp_path):
    assert put(tmp_path, PDF).id == put(tmp_path, PDF).id
    assert put(tmp_path, PNG).id != put(tmp_path, PDF).id
    assert len(kept(tmp_path)) == 2


def test_the_same_bytes_put_at_the_same_moment_are_one_row(app, tmp_path):
    found, errors = [], []
    together = threading.Barrier(4)

    def store():
        with app.app_context():
            together.wait()
            try:
                found.append(put(tmp_path, PDF).id)
            except Exception as error:  # noqa: BLE001 - whatever it is, the test names it
                errors.append(error)
            finally:
                db.session.remove()

    threads = [threading.Thread(target=store) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(set(found)) == 1


def test_a_stream_is_read_from_its_beginning_when_a_unit_of_work_is_tried_again(app, tmp_path):
    stream = io.BytesIO(PDF)
    for _ in range(2):
        with pytest.raises(ZeroDivisionError), unit_of_work():
            assert files.put(tmp_path, stream, limit_bytes=1000).size == len(PDF)
            raise ZeroDivisionError


def test_a_row_never_points_to_a_missing_file(app, tmp_path, monkeypatch):
    def fail(source, target):
        raise OSError("no space left")

    monkeypatch.setattr(files.os, "replace", fail)
    with pytest.raises(OSError, match="no space"):
        put(tmp_path, PDF)
    assert kept(tmp_path) == []
    assert db.session.scalar(sa.select(sa.func.count()).select_from(StoredFile)) == 0


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("合同.pdf", "合同.pdf"), ("REPORT.PDF", "REPORT.pdf"), ("../../etc/passwd", "passwd.pdf"),
        ("C:\\Users\\x\\a.pdf", "a.pdf"), ("page.html", "page.html.pdf"), ("x.html.png", "x.html.png.pdf"),
        ("报价\u202efdp.exe", "报价fdp.exe.pdf"), ("a\0b\r\nSet-Cookie: x.pdf", "ab Set-Cookie: x.pdf"),
        ("a\tb.pdf", "a b.pdf"), ("", "file.pdf"), ("...", "file.pdf"), ("/", "file.pdf"),
        (".htaccess", "htaccess.pdf"), ("\ud800.pdf", "pdf.pdf"), ("文" * 300 + ".pdf", "文" * 120 + ".pdf"),
    ],
)  # fmt: skip
def test_names_are_cleaned_and_end_in_what_the_content_is(name, shown):
    assert safe_name(name, "application/pdf") == shown


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_no_name_leaves_its_directory_or_its_line(name):
    shown = safe_name(name, DOCX)
    assert shown.endswith(".docx")
    assert len(shown) > len(".docx")
    assert not set(shown) & set("/\\\0\n\r\t\u202e")
    assert shown.encode("utf-8")
