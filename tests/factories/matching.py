"""The matching index for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from flask import current_app

from matchmaker.core.db import db
from matchmaker.listings import services as listings
from matchmaker.listings.models import Achievement, Need
from matchmaker.matching import jobs
from matchmaker.matching.jobs import Progress
from matchmaker.matching.models import MatchList
from tests.factories.accounts import SYSTEM, unit
from tests.factories.listings import propose

Listing = Achievement | Need


def index_root() -> Path:
    root: Path = current_app.extensions["matchmaker.settings"].index_dir
    return root


def refresh() -> list[Progress]:
    """Bring index and lists up to date, as the worker would; the steps it took."""
    return list(jobs.refresh(index_root()))


def revise(listing: Listing, **facts: Any) -> None:
    """Publish another text of a published listing."""
    propose(listing, **facts)
    with unit():
        listings.submit(SYSTEM, listing)
        listings.approve(SYSTEM, listing)


def withdraw(listing: Listing) -> None:
    with unit():
        listings.withdraw(SYSTEM, listing)


def reopen(listing: Listing) -> None:
    with unit():
        listings.reopen(SYSTEM, listing)


def stored_hits(listing: Listing) -> list[str] | None:
    """Ids in the stored list, best first; None where no list is stored."""
    db.session.expire_all()
    stored = db.session.get(MatchList, listing.id)
    return None if stored is None else [hit for hit, _, _ in stored.hits]
