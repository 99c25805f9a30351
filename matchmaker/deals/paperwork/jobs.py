"""Keeps the contract of each deal that all parties have signed."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from sqlalchemy import exists, select

from matchmaker.config import Settings
from matchmaker.core import access, jobs
from matchmaker.core.db import db, unit_of_work
from matchmaker.deals import queries
from matchmaker.deals.models import Deal
from matchmaker.deals.paperwork.models import FrozenContract
from matchmaker.deals.paperwork.services import keep_contract

BATCH = 20
"""At one go: the worker has other things to do in between, and is woken again by what was kept."""


@jobs.puller("contracts")
def keep_signed_contracts(settings: Settings) -> None:
    """A deal whose contract cannot be set does not keep the others waiting; its error is raised at the end."""
    first_error: Exception | None = None
    for deal_id in list_unkept():
        try:
            with unit_of_work():
                deal = queries.find_deal(deal_id)
                assert deal is not None  # deals are never deleted
                keep_contract(access.system_actor("contracts"), deal, root=settings.files_dir)
        except Exception as error:  # noqa: BLE001 - whatever it is, the others come first
            first_error = first_error or error
    if first_error is not None:
        raise first_error


def list_unkept() -> Sequence[uuid.UUID]:
    """Signed deals whose contract is not kept yet, those signed first at the front."""
    kept = exists().where(FrozenContract.deal_id == Deal.id, FrozenContract.number == Deal.number)
    query = select(Deal.id).where(Deal.signed_on.is_not(None), ~kept).order_by(Deal.signed_on, Deal.id).limit(BATCH)
    return db.session.scalars(query).all()
