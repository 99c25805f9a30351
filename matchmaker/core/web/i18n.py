"""Languages: Chinese first, English second. Catalogues are `zh.po` beside the code they translate.

English is the key of each phrase; a test refuses a phrase without its Chinese. The `.po` files are read at
start: no compiled file can be stale or forgotten.
"""

from __future__ import annotations

from functools import lru_cache
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, current_app, g, has_request_context, request
from flask_babel import Babel, Domain, get_locale

from matchmaker.config import PACKAGE

ZH, EN = "zh_Hans_CN", "en"
LOCALES = (ZH, EN)
COOKIE = "lang"


def catalogues() -> list[Path]:
    return sorted(PACKAGE.rglob("zh.po"))


@lru_cache(maxsize=1)
def _chinese() -> Translations:
    merged = Translations()
    for path in catalogues():
        binary = BytesIO()
        with path.open("rb") as file:
            write_mo(binary, read_po(file, locale="zh_Hans_CN"))
        binary.seek(0)
        part = Translations(binary)
        merged.merge(part)
        merged.plural = part.plural  # Chinese has one form; without this the English rule would ask for a second
    return merged


class _Catalogue(Domain):
    def get_translations(self) -> Translations:
        locale = get_locale()
        return _chinese() if locale is None or locale.language == "zh" else _english


_english = Translations()


def cookie_name() -> str:
    """As for the session: with HTTPS, a prefix that lets no other host of the domain set it."""
    return f"__Host-{COOKIE}" if current_app.config["SESSION_COOKIE_SECURE"] else COOKIE


def select_locale() -> str:
    """The reader's choice, else the browser's wish, else Chinese."""
    if not has_request_context():
        return ZH
    chosen = g.get("locale") or request.cookies.get(cookie_name())
    if chosen in LOCALES:
        return str(chosen)
    best = request.accept_languages.best_match(["zh-CN", "zh", "en"], default="zh-CN")
    return EN if best == "en" else ZH


def init_app(app: Flask) -> None:
    babel = Babel(app, default_locale=ZH, default_timezone="Asia/Shanghai", locale_selector=select_locale)
    babel.domain_instance = _Catalogue()
