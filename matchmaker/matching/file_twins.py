"""Finds among the entries of a file those that an organisation has already, in other words, or that the file has twice.

Compared is with what the organisation itself has saved, published or not; nobody else's text has a say.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from sqlalchemy import select

from matchmaker.core.db import db
from matchmaker.listings import queries as listings
from matchmaker.listings import services
from matchmaker.listings.models import ListingState
from matchmaker.listings.services import Twin
from matchmaker.matching.duplicates import ASKED_FROM, nearest_many
from matchmaker.matching.engine import Document
from matchmaker.matching.indexing import MODELS, Listing
from matchmaker.matching.models import Kind
from matchmaker.matching.queries import find_indexes

MOST_OWN = 5_000
"""Of the organisation's entries the latest so many are compared with."""


@services.compares
def twins(organisation_id: uuid.UUID, noun: str, texts: Mapping[int, Mapping[str, str]]) -> Mapping[int, Twin]:
    """Nothing while there is no index, whose weights say which words count."""
    indexes = find_indexes()
    if indexes is None:
        return {}
    kind = Kind(noun)
    own = {str(row.id): row for row in _own(kind, organisation_id)}
    documents = [Document(_name(number), dict(text)) for number, text in sorted(texts.items())]
    theirs = [Document(listing_id, listings.working_document(row)) for listing_id, row in own.items()]
    aside = indexes.of(kind).swapped([*theirs, *documents])  # of these alone, under the same weights
    found: dict[int, Twin] = {}
    for number, near in zip(sorted(texts), nearest_many(aside, documents), strict=True):
        for other, share in near:
            earlier = None if other in own else int(other.removeprefix("#"))
            if share >= ASKED_FROM and (earlier is None or earlier < number):
                row = own.get(other)
                found[number] = Twin(share, row.id if row else None, row.title if row else "", earlier)
                break
    return found


def _name(number: int) -> str:
    """Of an entry of the file, which has no id: told apart from those of listings, sorted by its number."""
    return f"#{number:08}"


def _own(kind: Kind, organisation_id: uuid.UUID) -> list[Listing]:
    model = MODELS[kind]
    query = (
        select(model)
        .where(model.organisation_id == organisation_id, model.state != ListingState.WITHDRAWN)
        .order_by(model.created_at.desc(), model.id)
        .limit(MOST_OWN)
    )
    return list(db.session.scalars(query))
