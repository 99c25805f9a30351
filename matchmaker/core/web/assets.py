"""Our own styles, scripts and pictures: named by their content, kept by the browser for a year, sent compressed.

Pages are not compressed here: they hold secrets beside what readers typed (BREACH), and no asset does.
"""

from __future__ import annotations

import gzip
import hashlib
from functools import lru_cache
from pathlib import Path

from flask import Flask, Response, current_app, request, url_for

TEXTS = frozenset({".css", ".js", ".mjs", ".svg"})
YEAR = 365 * 24 * 3600


def asset(name: str) -> str:
    """Address of a file of `static`, which changes with its content."""
    path = _path(name)
    return url_for("static", filename=name, v=_digest(path, path.stat().st_mtime_ns))


def init_app(app: Flask) -> None:
    app.jinja_env.globals["asset"] = asset
    app.after_request(_finish)


def _path(name: str) -> Path:
    return Path(current_app.static_folder or "") / name


@lru_cache(maxsize=256)
def _digest(path: Path, changed_ns: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@lru_cache(maxsize=64)
def _compressed(path: Path, changed_ns: int) -> bytes:
    return gzip.compress(path.read_bytes(), 9, mtime=0)


def _finish(response: Response) -> Response:
    if request.endpoint != "static" or response.status_code != 200 or request.method not in ("GET", "HEAD"):
        return response
    path = _path((request.view_args or {})["filename"])
    changed_ns = path.stat().st_mtime_ns
    if request.args.get("v") == _digest(path, changed_ns):
        response.headers["Cache-Control"] = f"public, max-age={YEAR}, immutable"
    if path.suffix in TEXTS:
        response.vary.add("Accept-Encoding")
        if request.accept_encodings["gzip"] > 0 and "Range" not in request.headers:
            response.close()  # the open file
            response.direct_passthrough = False
            response.set_data(_compressed(path, changed_ns))
            response.headers["Content-Encoding"] = "gzip"
            response.headers.pop("ETag", None)  # of other bytes
    return response
