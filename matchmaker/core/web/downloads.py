"""Uploaded files on their way out: always a download, never shown in a page, sandboxed all the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Any

from flask import Response, current_app, send_file

from matchmaker.core import clock, files, money, sheets
from matchmaker.core.files import StoredFile

_IN_MEMORY = 1024 * 1024


def download(file: StoredFile, name: str) -> Response:
    """The stored file as an attachment of this name. Not cached: the right to see it can end."""
    path = files.path_of(current_app.extensions["matchmaker.settings"].files_dir, file.sha256)
    response = send_file(path, mimetype=file.media_type, as_attachment=True, download_name=name, etag=False)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response


def made(name: str, media_type: str, write: Callable[[IO[bytes]], object]) -> Response:
    """A file written at this moment. From a megabyte on it lies on the disk: memory does not grow with it."""
    target = SpooledTemporaryFile(max_size=_IN_MEMORY)  # noqa: SIM115 - closed with the response
    try:
        write(target)
    except BaseException:
        target.close()
        raise
    response = Response(_chunks(target), mimetype=media_type)
    response.call_on_close(target.close)
    response.headers["Content-Length"] = str(target.tell())
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    response.headers["Cache-Control"] = "no-store"
    target.seek(0)
    return response


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while chunk := file.read(files.CHUNK):
            yield chunk


def csv_of(name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A table as CSV, in UTF-8 with the mark by which spreadsheets know it. No cell can start a formula."""

    def write(target: IO[bytes]) -> None:
        text = io.TextIOWrapper(target, encoding="utf-8-sig", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([_cell(head) for head in heads])
        writer.writerows([_cell(value) for value in row] for row in rows)
        text.detach()

    return made(name, "text/csv", write)


def xlsx_of(
    name: str, title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]], widths: Sequence[int] = ()
) -> Response:
    """The same table as a spreadsheet."""

    def write(target: IO[bytes]) -> None:
        sheets.write_workbook(target, title, heads, rows, widths=widths, at=clock.now())

    return made(name, sheets.MEDIA_TYPE, write)


def table_of(kind: str, name: str, title: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A table as `csv` or `xlsx`, the day in its name."""
    name = f"{name}-{clock.today().isoformat()}.{kind}"
    return csv_of(name, heads, rows) if kind == "csv" else xlsx_of(name, title, heads, rows)


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run is shown as text; sums (`sheets.fen_cell`) in yuan."""
    if isinstance(value, tuple):
        return money.yuan_text(value[1])
    return "'" + value if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
