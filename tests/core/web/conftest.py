"""Applications beside the shared one: with views of a test's own, with CSRF, with HTTPS; on the same database."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Blueprint, Flask

from matchmaker import app as application
from matchmaker.core.db import db
from tests.conftest import Client


@pytest.fixture
def make_app(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Flask]]:
    """`make_app(*blueprints, csrf=False, **settings)`."""
    made: list[Flask] = []

    def make(*blueprints: Blueprint, csrf: bool = False, **settings: Any) -> Flask:
        monkeypatch.setattr(application, "BLUEPRINTS", (*application.BLUEPRINTS, *blueprints))
        other = application.create_app(replace(app.extensions["matchmaker.settings"], **settings))
        other.config.update(WTF_CSRF_ENABLED=csrf, WAKE_WORKER=False)
        other.test_client_class = Client
        made.append(other)
        return other

    yield make
    for other in made:
        with other.app_context():
            db.session.remove()
            db.engine.dispose()
