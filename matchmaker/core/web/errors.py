"""One handler for everything that goes wrong: a page for people, problem JSON (RFC 9457) for programs."""

from __future__ import annotations

import logging
import re
from typing import Any

from flask import Flask, Response, g, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from matchmaker.core import messages
from matchmaker.core.access import ANONYMOUS
from matchmaker.core.db import is_busy
from matchmaker.core.errors import Busy, DomainError, NotFound, TooMany, Unauthenticated, trace_of

log = logging.getLogger(__name__)

_JSON = ("application/json", "application/problem+json")


def init_app(app: Flask) -> None:
    app.register_error_handler(DomainError, domain_error)
    app.register_error_handler(CSRFError, csrf_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, unexpected)


def domain_error(error: DomainError) -> Any:
    if isinstance(error, Unauthenticated) and not _wants_json() and not typed():
        target = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("accounts.sign_in", next=target))
    response = answer(error.status, error.code, messages.phrase(error))
    if isinstance(error, TooMany | Busy):
        response.headers["Retry-After"] = str(error.facts["seconds"])
    return response


def csrf_error(error: CSRFError) -> Response:
    return answer(
        400, "csrf", _("This form has expired or was opened in another session. Go back, reload it and send it again.")
    )


def http_error(error: HTTPException) -> Any:
    if error.response is not None or (error.code or 500) < 400:
        return error.get_response()
    if error.code == 404:
        return domain_error(NotFound())
    sentences = {
        400: _("The request could not be read. Go back and try again."),
        405: _("This address does not take that kind of request."),
        413: _("What you sent is too large. Make it smaller or split it."),
    }
    response = answer(
        error.code or 500, f"http_{error.code}", sentences.get(error.code or 500, _("This did not work."))
    )
    for name, value in error.get_headers():
        if name in ("Allow", "Retry-After"):
            response.headers[name] = value
    return response


BUSY_SECONDS = 10


def unexpected(error: Exception) -> Response:
    if is_busy(error):
        g.actor = ANONYMOUS  # whose page asks nothing of a database that is busy
        busy: Response = domain_error(Busy(seconds=BUSY_SECONDS))
        return busy
    log.error("unexpected error in request %s\n%s", g.get("request_id"), trace_of(error))
    sentence = _(
        "Something went wrong on our side. Nothing was changed. Please try again; "
        "if it stays, tell us the number below."
    )
    try:
        return answer(500, "internal", sentence)
    except Exception as again:  # noqa: BLE001 - the last resort: there must be an answer
        log.error("no page for request %s either\n%s", g.get("request_id"), trace_of(again))
        g.actor = ANONYMOUS  # whose page asks nothing of a database that may be away
        return answer(500, "internal", sentence)


def answer(status: int, code: str, sentence: str) -> Response:
    """A page, or problem JSON where the client asks for JSON."""
    if _wants_json():
        response = jsonify(type=f"urn:matchmaker:{code}", title=code, status=status, detail=sentence)
        response.headers["Content-Type"] = "application/problem+json"
    else:
        g.setdefault("actor", ANONYMOUS)
        g.lost = True  # the page belongs to no section of the menu
        response = app_page(status, sentence)
    response.status_code = status
    return response


def app_page(status: int, sentence: str) -> Response:
    kept = typed() if status in _TYPED_IS_SHOWN else []
    page = render_template("errors/problem.html", status=status, sentence=sentence, typed=kept)
    return Response(page, mimetype="text/html")


_TYPED_IS_SHOWN = (400, 401, 403, 409, 500, 503)
_SECRETS = ("pass", "token", "code", "secret")
_SHORTEST, _SHORTEST_CHINESE, _MOST = 20, 6, 20


def typed() -> list[str]:
    """Texts that a form carried and that were not kept, shown to the sender to be copied. No secrets or addresses."""
    if request.method != "POST" or request.mimetype not in _FORMS:
        return []
    texts = [text for name, text in request.form.items(multi=True) if not any(word in name for word in _SECRETS)]
    return [text for text in texts if _is_text(text)][:_MOST]


def _is_text(value: str) -> bool:
    """Long enough that it would be a pity to type it again; six characters of Chinese are a title already."""
    return not _ID.fullmatch(value) and (len(value) >= _SHORTEST or len(_HAN.findall(value)) >= _SHORTEST_CHINESE)


_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
_ID = re.compile(r"[0-9a-fA-F-]{32,36}|\S+@\S+")
_HAN = re.compile(r"[\u4e00-\u9fff]")


def _wants_json() -> bool:
    best = request.accept_mimetypes.best_match(["text/html", *_JSON], default="text/html")
    return best in _JSON
