"""Commands on the papers of a deal."""

from __future__ import annotations

import io
from pathlib import Path

from matchmaker.core import audit, clock, files
from matchmaker.core.access import Actor
from matchmaker.core.db import command, db
from matchmaker.deals.models import Deal
from matchmaker.deals.paperwork.contracts import ALL_FORMS, content
from matchmaker.deals.paperwork.models import FrozenContract
from matchmaker.deals.paperwork.permissions import Can

LARGEST = 64 * 1024 * 1024


@command(Can.CONTRACT_KEEP)
def keep_contract(actor: Actor, deal: Deal, *, root: Path) -> list[FrozenContract]:
    """Keep every form of the version that was signed last, as it is set today. What is kept already stays."""
    version = deal.version_on_offer
    if version is None or deal.signed_on is None:
        return []
    rows = []
    for form in ALL_FORMS:
        file = files.put(root, io.BytesIO(content(deal, version, form)), limit_bytes=LARGEST)
        rows.append(
            FrozenContract(
                deal_id=deal.id,
                number=version.number,
                form=form.language,
                suffix=form.suffix,
                file=file,
                created_at=clock.now(),
            )
        )
    db.session.add_all(rows)
    audit.record(actor, "contract.kept", rows[0], deal=str(deal.id), number=version.number, sha256=version.sha256)
    return rows
