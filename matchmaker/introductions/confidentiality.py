"""The undertaking both sides give before either sees undisclosed text. Pure.

In the spirit of Civil Code art. 501 (what one learns in confidence while negotiating is neither passed on nor misused,
whether or not a contract follows). An introduction keeps the version it was asked under, so that both sides agree to
one text; a changed text is a new version, and old ones stay here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from matchmaker.core.errors import N_, Invalid


class NotUndertaken(Invalid):
    code = "introduction.not_undertaken"
    phrase = N_(
        "Both sides undertake confidentiality before anything is disclosed. Read the undertaking and tick the box."
    )


@dataclass(frozen=True, slots=True)
class Undertaking:
    """One version of the text: catalogue keys, one for each clause, and the hash of all of them together."""

    version: str
    clauses: tuple[str, ...]

    @property
    def sha256(self) -> str:
        """Hex digest of the clauses as they stand in the catalogue's key language, joined by line breaks."""
        return hashlib.sha256("\n".join(self.clauses).encode()).hexdigest()


_FIRST = Undertaking(
    "2026-1",
    (
        N_("We use what the other side discloses in this introduction only to judge whether we can work together."),
        N_(
            "We show it only to those of our people who need it for that, hold them to the same duty, "
            "and pass nothing on to third parties."
        ),
        N_("We file no patent and publish nothing that rests on it without the other side's written consent."),
        N_(
            "If nothing comes of the introduction, we return or delete what we received as soon as we are asked. "
            "This duty lasts three years, or until the information becomes public without our doing."
        ),
        N_(
            "Once both sides have agreed, the name and e-mail address of the person who agreed for us are shown "
            "to the other side and to the intermediary, if there is one."
        ),
    ),
)

UNDERTAKINGS: Mapping[str, Undertaking] = MappingProxyType({text.version: text for text in (_FIRST,)})
CURRENT = _FIRST
