"""Several browsers in one test."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.conftest import Client


@pytest.fixture
def visitor(app: Flask) -> Callable[[], FlaskClient]:
    """Makes browsers, nobody signed in."""
    return lambda: Client(app, app.response_class)
