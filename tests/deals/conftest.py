"""Whatever a test did to deals, what is written of their open amounts is what is computed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import has_app_context

from matchmaker.core.db import db
from matchmaker.deals import jobs, queries


@pytest.fixture(autouse=True)
def _amounts_are_written_as_computed(request: pytest.FixtureRequest) -> Iterator[None]:
    if "bench" not in request.fixturenames:
        yield
        return
    request.getfixturevalue("app")
    yield
    assert has_app_context()
    db.session.remove()
    assert list(jobs.verify_amounts()) == []
    assert queries.list_unwritten() == []
