"""What a listing says, read from its row, and the frozen public document of a publication."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any

from matchmaker.accounts.models import Organisation
from matchmaker.core.types import canonical_json
from matchmaker.listings.completeness import Caution, cautions
from matchmaker.listings.facts import AchievementFacts, Facts, NeedFacts
from matchmaker.listings.models import Achievement, Attachment, Need

Listing = Achievement | Need


def _shape(listing: Listing) -> type[AchievementFacts] | type[NeedFacts]:
    return AchievementFacts if isinstance(listing, Achievement) else NeedFacts


def columns(facts: Facts) -> dict[str, Any]:
    """Facts as values of the row's columns."""
    plain = facts.plain()
    return {**plain, "deadline_on": facts.deadline_on} if isinstance(facts, NeedFacts) else plain


def facts_of(listing: Listing) -> Facts:
    """What the row itself says."""
    shape = _shape(listing)
    return shape.of_plain({entry.name: getattr(listing, entry.name) for entry in fields(shape)})


def working_facts(listing: Listing) -> Facts:
    """What was last saved: the proposal where a published listing has one, else the row."""
    return facts_of(listing) if listing.proposal is None else _shape(listing).of_plain(listing.proposal)


def cautions_of(listing: Listing) -> list[Caution]:
    """Passages of what was last saved that look as if they were not for the public."""
    plain = working_facts(listing).plain()
    return cautions({**plain, "keywords": ", ".join(plain["keywords"])}, own_names=(listing.organisation.name,))


def public_facts(listing: Listing) -> Facts | None:
    """What the public reads, without anything confidential; None before the first publication."""
    return None if listing.revision is None else _shape(listing).of_plain(listing.revision.body)


def without_confidential(facts: Facts) -> Facts:
    return replace(facts, confidential="")


def body(facts: Facts, owner: Organisation, attachments: Sequence[Attachment] = ()) -> dict[str, Any]:
    """The public document of a listing with these facts, owner and files.

    Holds every public field, the organisation's name unless the seeker wishes to stay anonymous, and the hash of each
    public file. Nothing confidential.
    """
    anonymous = isinstance(facts, NeedFacts) and facts.anonymous
    return {
        **facts.public(),
        "kind": "achievement" if isinstance(facts, AchievementFacts) else "need",
        "organisation": None if anonymous else {"name": owner.name, "name_en": owner.name_en},
        "attachments": [
            {"name": row.name, "sha256": row.file.sha256, "size": row.file.size}
            for row in attachments
            if not row.confidential
        ],
    }


def digest(document: Mapping[str, Any]) -> str:
    """SHA-256 (hex) of the canonical JSON: equal documents, equal digest."""
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()
