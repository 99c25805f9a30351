"""An application for what needs no tables: quicker than one on both engines."""

from collections.abc import Iterator

import pytest
from flask import Flask

from matchmaker import app as application
from matchmaker.core.db import db
from tests.conftest import settings_for


@pytest.fixture(scope="session")
def dry_app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Flask]:
    directory = tmp_path_factory.mktemp("dry")
    app = application.create_app(settings_for(directory, f"sqlite:///{directory}/empty.db"))
    app.config.update(WTF_CSRF_ENABLED=False)
    yield app
    with app.app_context():
        db.engine.dispose()
