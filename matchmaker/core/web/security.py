"""Headers on every response, and the nonce that lets our own scripts run.

No `unsafe-inline`, no foreign host: pages carry no `style=""` and no `on…=""` attributes.
"""

from __future__ import annotations

import secrets
import uuid

from flask import Flask, Response, g
from werkzeug.middleware.proxy_fix import ProxyFix

from matchmaker.config import Settings

YEAR = 365 * 24 * 3600


def init_app(app: Flask, settings: Settings) -> None:
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SESSION_COOKIE_NAME="__Host-session" if settings.https else "session",
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        MAX_CONTENT_LENGTH=settings.upload_limit_bytes + 1024 * 1024,
        MAX_FORM_MEMORY_SIZE=2 * 1024 * 1024,
        MAX_FORM_PARTS=1000,
        WTF_CSRF_TIME_LIMIT=None,  # the token lives as long as the session: long forms must not be lost
        WTF_CSRF_SSL_STRICT=settings.https,
    )

    if settings.proxies:  # else everyone would come from the proxy's address, and be slowed down as one
        hops = settings.proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops, x_host=hops)  # type: ignore[method-assign]

    @app.before_request
    def start() -> None:
        g.csp_nonce = secrets.token_urlsafe(16)
        g.request_id = uuid.uuid4().hex

    @app.after_request
    def finish(response: Response) -> Response:
        nonce = g.get("csp_nonce", "")
        policy = (
            "default-src 'none'; "
            f"script-src 'self' 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'"
        )
        response.headers.setdefault("Content-Security-Policy", policy)  # a download carries a stricter one
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["Referrer-Policy"] = "same-origin"
        response.headers["Cross-Origin-Opener-Policy"] = "same-origin"
        response.headers["Cross-Origin-Resource-Policy"] = "same-origin"
        response.headers["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        response.headers["X-Request-Id"] = g.get("request_id", "")
        if settings.https:
            response.headers["Strict-Transport-Security"] = f"max-age={YEAR}; includeSubDomains"
        actor = g.get("actor")
        if actor is not None and not actor.anonymous and "Cache-Control" not in response.headers:
            response.headers["Cache-Control"] = "no-store"
        return response
