"""Uploaded files on their way out: always a download, never shown in a page, sandboxed all the same."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

from flask import Response, current_app, send_file

from matchmaker.core import files
from matchmaker.core.files import StoredFile


def download(file: StoredFile, name: str) -> Response:
    """The stored file as an attachment of this name. Not cached: the right to see it can end."""
    path = files.path_of(current_app.extensions["matchmaker.settings"].files_dir, file.sha256)
    response = send_file(path, mimetype=file.media_type, as_attachment=True, download_name=name, etag=False)
    response.headers["Cache-Control"] = "no-store"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'; frame-ancestors 'none'"
    return response


def csv_of(name: str, heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Response:
    """A table as CSV, in UTF-8 with the mark by which spreadsheets know it. No cell can start a formula."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([_cell(head) for head in heads])
    writer.writerows([_cell(value) for value in row] for row in rows)
    response = Response("\ufeff" + text.getvalue(), mimetype="text/csv")
    response.headers["Content-Disposition"] = f"attachment; filename={name}"
    return response


def _cell(value: Any) -> Any:
    """Text that a spreadsheet would run is shown as text."""
    return "'" + value if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")) else value
