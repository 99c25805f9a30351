"""How the cells of the platform's own spreadsheet of many entries are read, in either language. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from matchmaker.core import money
from matchmaker.core.errors import N_, Invalid
from matchmaker.core.wording import clean_text
from matchmaker.listings import rows, wording
from matchmaker.listings.facts import CodeUnknown, Facts, keywords_of
from matchmaker.listings.intake.wording import ALIASES, COLUMNS, DAY, EXAMPLE, LEVEL, NO, YES

Vocabulary = Mapping[str, Mapping[str, str]]
"""By fact that holds codes: the code of each name, in lower case, in either language."""

_PARTS, _COMMAS = re.compile(r"[;；\n|]+"), re.compile(r"[,，、]+")
_LINES = re.compile(r"[\n|]+")


class CellUnusable(Invalid):
    """Facts: text."""

    code = "listings.intake_cell_unusable"
    phrase = N_("“%(text)s” cannot be read here.")


def placed(noun: str, heads: Sequence[str]) -> dict[str, int]:
    """Where the columns stand that a line of headings names, in either language."""
    wanted = {name: fact for name, fact in ALIASES.items() if fact in COLUMNS[noun]}
    wanted |= {name.casefold(): fact for fact, names in COLUMNS[noun].items() for name in names}
    found: dict[str, int] = {}
    for place, head in enumerate(heads):
        if (fact := wanted.get(" ".join(head.split()).rstrip("*").strip().casefold())) is not None:
            found.setdefault(fact, place)
    return found


def facts_of(noun: str, cells: Mapping[str, Any], vocabulary: Vocabulary) -> tuple[str, Facts]:
    """The id that a line gives, and its facts. Raises CellUnusable, CodeUnknown or ValueUnusable."""
    found: dict[str, Any] = {}
    for fact, value in cells.items():
        text = _text(value)
        if text:
            found[fact] = _READ.get(fact, _same)(fact, text, vocabulary)
    external_id = str(found.pop("id", ""))[: rows.LONGEST_ID]
    return external_id, rows.facts_of(noun, found, set())


def is_example(title: str) -> bool:
    """Whether a line is the example of the template that nobody overwrote."""
    return title.startswith(EXAMPLE)


def _text(value: Any) -> str:
    """What a cell holds, as it would be written; whole numbers without the point that spreadsheets give them."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return clean_text(str(value)).strip() if value is not None else ""


def _same(fact: str, text: str, vocabulary: Vocabulary) -> Any:
    return text


def _code(fact: str, text: str, vocabulary: Vocabulary) -> str:
    code = vocabulary[fact].get(" ".join(text.split()).casefold())
    if code is None:
        raise CodeUnknown(field=fact, text=text)
    return code


def _codes(fact: str, text: str, vocabulary: Vocabulary) -> list[str]:
    """Names apart by semicolons or lines, or by commas, which some names hold themselves."""
    found: list[str] = []
    for part in (part.strip() for part in _PARTS.split(text)):
        whole = vocabulary[fact].get(" ".join(part.split()).casefold())
        names = [part] if whole else [name.strip() for name in _COMMAS.split(part)]
        found += [_code(fact, name, vocabulary) for name in names if name]
    return found


def _level(fact: str, text: str, vocabulary: Vocabulary) -> int:
    match = LEVEL.fullmatch(text)
    if match is None:
        raise CellUnusable(field=fact, text=text)
    return int(match[1])


def _money(fact: str, text: str, vocabulary: Vocabulary) -> int:
    return money.parse_yuan(text, field=fact)


def _day(fact: str, text: str, vocabulary: Vocabulary) -> str:
    match = DAY.fullmatch(text)
    try:
        if match is not None:
            return date(int(match[1]), int(match[2]), int(match[3])).isoformat()
    except ValueError:
        pass  # such as 30 February
    raise CellUnusable(field=fact, text=text)


def _flag(fact: str, text: str, vocabulary: Vocabulary) -> bool:
    if text.casefold() not in YES | NO:
        raise CellUnusable(field=fact, text=text)
    return text.casefold() in YES


def _rights(fact: str, text: str, vocabulary: Vocabulary) -> list[dict[str, str | None]]:
    """A line for each: kind; number; status; last day."""
    found = []
    for line in _LINES.split(text):
        parts = [part.strip() for part in re.split(r"[;；,，]", line)]
        if any(parts):
            kind, number, status, expires_on, *_ = [*parts, "", "", "", ""]
            found.append(
                {
                    "kind": vocabulary["right_kind"].get(kind.casefold()) or wording.kind_of_right(kind) or None,
                    "number": number,
                    "status": vocabulary["right_status"].get(status.casefold()) or wording.status_of(status) or None,
                    "expires_on": _day(fact, expires_on, vocabulary) if expires_on else None,
                }
            )
    return found


def _completers(fact: str, text: str, vocabulary: Vocabulary) -> list[dict[str, Any]]:
    """Names, each with its share in percent where one was agreed: 示例甲 60%；示例乙 40%."""
    found: list[dict[str, Any]] = []
    for part in re.split(r"[;；、\n|,，]+", text):
        match = re.fullmatch(r"(.+?)\s*(?:[（(]?(\d{1,3})\s*[%％]?[）)]?)?", part.strip())
        if match is not None:
            found.append({"name": match[1].strip(), "share": int(match[2]) if match[2] else None})
    return found


_READ: Mapping[str, Callable[[str, str, Vocabulary], Any]] = {
    "keywords": lambda fact, text, vocabulary: list(keywords_of(text)),
    "field": _code,
    "district": _code,
    "language": _code,
    "industries": _codes,
    "modes": _codes,
    "trl": _level,
    "min_trl": _level,
    **dict.fromkeys(("price_min_fen", "price_max_fen", "budget_min_fen", "budget_max_fen"), _money),
    "deadline_on": _day,
    "anonymous": _flag,
    "rights": _rights,
    "completers": _completers,
}
