"""Twelve statements a page, whoever reads it: on every page type, and on every deal and claim that a reader may see."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby

import pytest
import sqlalchemy as sa
from flask.testing import FlaskClient

from matchmaker.config import Settings
from matchmaker.core import jobs
from matchmaker.core.db import db
from matchmaker.deals.models import Deal
from matchmaker.demo.load import ACCOUNTS
from matchmaker.demo.world import PASSWORD
from matchmaker.introductions.models import Introduction
from matchmaker.subsidies.models import Claim
from tests.browser.pages import KINDS
from tests.browser.plain import PlainPage

MOST = 12


@contextmanager
def counted() -> Iterator[list[str]]:
    """Statements sent meanwhile, without those that begin and end transactions."""
    statements: list[str] = []

    def note(*args: object) -> None:
        if not str(args[2]).startswith(("PRAGMA", "BEGIN", "SAVEPOINT", "RELEASE")):
            statements.append(str(args[2]))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


@contextmanager
def acting(client: FlaskClient, email: str) -> Iterator[None]:
    """As someone of the demonstration, or as nobody."""
    if email:
        client.post("/sign-in", data={"email": email, "password": PASSWORD})
    yield
    client.post("/sign-out")


def too_many(client: FlaskClient, address: str, who: str) -> list[str]:
    """What to say of a page that reads more often, once the process is warm."""
    client.get(address)
    with counted() as statements:
        client.get(address)
    lines = [f"   {statement[:40]} … {statement[statement.find('FROM') :][:90]!r}" for statement in statements]
    return [] if len(statements) <= MOST else ["\n".join([f"{len(statements)} for {who or 'all'}: {address}", *lines])]


def pages(client: FlaskClient) -> list[str]:
    faults: list[str] = []
    for who, kinds in groupby(KINDS, key=lambda kind: kind.who):
        with acting(client, who):
            for kind in kinds:
                page = PlainPage(client)
                kind.open(page)  # type: ignore[arg-type]
                faults += too_many(client, page.url, who)
    return faults


def rows(client: FlaskClient) -> list[str]:
    """Deals, claims and introductions in every state, for each reader of whom the demonstration tells."""
    found = [f"/{model.__tablename__}/{id}" for model in (Deal, Claim, Introduction) for id in all_ids(model)]
    faults, seen = [], 0
    for who, _ in ACCOUNTS:
        with acting(client, who):
            open_to = [address for address in found if client.get(address).status_code == 200]
            seen += len(open_to)
            for address in (*open_to, "/", "/dashboard"):
                faults += too_many(client, address, who)
    assert seen > len(found)
    return faults


def all_ids(model: type) -> list[object]:
    return list(db.session.scalars(sa.select(model.id).order_by(model.id)))  # type: ignore[attr-defined]


@pytest.mark.parametrize("bench", ["sqlite"], indirect=True)
@pytest.mark.usefixtures("demonstration")
def test_no_page_takes_more_than_twelve_statements(app, client):
    settings: Settings = app.extensions["matchmaker.settings"]
    jobs.run_pullers(settings)
    faults = pages(client) + rows(client)
    assert faults == [], "\n".join(faults)
