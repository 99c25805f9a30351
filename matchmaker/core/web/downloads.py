"""Uploaded files on their way out: always a download, never shown in a page, sandboxed all the same."""

from __future__ import annotations

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
