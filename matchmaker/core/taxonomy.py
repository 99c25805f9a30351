"""Code lists kept as data in `seed_data/taxonomy`: fields, industries, readiness levels, districts.

Each entry has a code and a name in both languages; the files say where the list comes from.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import yaml

from matchmaker.config import SEED_DATA
from matchmaker.core.web.filters import in_language


@dataclass(frozen=True, slots=True)
class Term:
    code: str
    zh: str
    en: str
    group_zh: str = ""
    group_en: str = ""

    @property
    def name(self) -> str:
        """In the reader's language."""
        return in_language(self.zh, self.en)

    @property
    def group(self) -> str:
        return in_language(self.group_zh, self.group_en)


@cache
def terms(kind: str) -> dict[str, Term]:
    """The code list `kind` (fields | industries | trl | districts), by code, in the file's order."""
    rows = yaml.safe_load((SEED_DATA / "taxonomy" / f"{kind}.yaml").read_text(encoding="utf-8"))
    return {
        str(row["code"]): Term(str(row["code"]), row["zh"], row["en"], row.get("stage_zh", ""), row.get("stage_en", ""))
        for row in rows
    }


def name(kind: str, code: str | int | None) -> str:
    """Name of a code in the reader's language; the code itself where the list does not know it."""
    if code is None or code == "":
        return "—"
    term = terms(kind).get(str(code))
    return term.name if term else str(code)


def choices(kind: str, blank: object | None = None) -> list[tuple[str, str]]:
    """For a select field."""
    first = [] if blank is None else [("", str(blank))]
    return [*first, *((code, term.name) for code, term in terms(kind).items())]
