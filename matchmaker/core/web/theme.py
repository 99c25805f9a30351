"""Light, dark, or as the reader's system has it. The choice is a cookie, so that the first paint is right."""

from __future__ import annotations

from flask import current_app, request

from matchmaker.core.errors import N_

THEMES = {"": N_("Automatic"), "light": N_("Light"), "dark": N_("Dark")}
COOKIE = "theme"


def cookie_name() -> str:
    return f"__Host-{COOKIE}" if current_app.config["SESSION_COOKIE_SECURE"] else COOKIE


def chosen() -> str:
    """`light`, `dark`, or nothing: as the system has it."""
    theme = request.cookies.get(cookie_name(), "")
    return theme if theme in THEMES else ""
