"""One row of a file as the facts of a listing: names as in `facts`, values as JSON has them. Pure.

`text` stands for the main text: the summary of an achievement, the problem of a need.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from matchmaker.core.errors import N_, Invalid, InvalidMany
from matchmaker.core.wording import clean_text
from matchmaker.listings.facts import READ, AchievementFacts, Codes, Facts, NeedFacts, faults, keywords_of
from matchmaker.listings.kinds import Language

LONGEST_ID = 200
SHAPES: Mapping[str, type[AchievementFacts] | type[NeedFacts]] = {"achievement": AchievementFacts, "need": NeedFacts}
MAIN_TEXT = {"achievement": "summary", "need": "problem"}
_HAN = re.compile(r"[\u3400-\u9fff]")


class LineUnreadable(Invalid):
    code = "listings.import_line_unreadable"
    phrase = N_("this is not a JSON object in UTF-8; each line holds one, as {…}")


class IdUnusable(Invalid):
    code = "listings.import_id_unusable"
    phrase = N_("“id” must be a text of 1 to %(most)s characters or a whole number")


class IdTwice(Invalid):
    code = "listings.import_id_twice"
    phrase = N_("the id “%(text)s” was already used in line %(first_line)s")


class OtherKind(Invalid):
    """Facts: name, the field that says so."""

    code = "listings.import_other_kind"
    phrase = N_(
        "“%(name)s” belongs to the other kind of entry: achievements and needs are brought in by files of their own"
    )


class ValueUnusable(Invalid):
    code = "listings.import_value_unusable"
    phrase = N_("“%(name)s” does not hold what belongs there")


@dataclass(frozen=True, slots=True)
class Row:
    line: int
    external_id: str
    facts: Facts


def read_row(noun: str, line: int, content: bytes, codes: Codes, passed_over: set[str]) -> Row:
    """A line of JSONL. Raises an Invalid that says what is wrong with it; fields of no use here go to `passed_over`."""
    try:
        found = json.loads(content.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise LineUnreadable() from error
    if not isinstance(found, dict):
        raise LineUnreadable()
    external_id = found.pop("id", None)
    if isinstance(external_id, int) and not isinstance(external_id, bool):
        external_id = str(external_id)
    external_id = clean_text(external_id).strip() if isinstance(external_id, str) else ""
    if not 1 <= len(external_id) <= LONGEST_ID:
        raise IdUnusable(most=LONGEST_ID)
    _check_kind(noun, found)
    facts = facts_of(noun, found, passed_over)
    wrong = faults(facts, codes)
    if wrong:
        raise InvalidMany(wrong)
    return Row(line, external_id, facts)


def _check_kind(noun: str, found: Mapping[str, Any]) -> None:
    """Of a line of the other kind only the title would be left."""
    (other,) = SHAPES.keys() - {noun}
    if found.get("kind") == other:
        raise OtherKind(name="kind")
    if MAIN_TEXT[other] in found and not found.keys() & {MAIN_TEXT[noun], "text"}:
        raise OtherKind(name=MAIN_TEXT[other])


def facts_of(noun: str, found: dict[str, Any], passed_over: set[str]) -> Facts:
    """Raises ValueUnusable."""
    shape = SHAPES[noun]
    if "text" in found:
        found[MAIN_TEXT[noun]] = found.pop("text")
    if isinstance(found.get("keywords"), str):
        found["keywords"] = list(keywords_of(found["keywords"]))
    known = {entry.name for entry in fields(shape)}
    passed_over |= found.keys() - known
    values = {name: _value(name, value) for name, value in found.items() if name in known and value is not None}
    values["title"] = " ".join(values.get("title", "").split())
    main = values.get(MAIN_TEXT[noun], "")
    values.setdefault("language", Language.CHINESE if _HAN.search(values["title"] + main) else Language.ENGLISH)
    return shape(**values)


def _value(name: str, value: Any) -> Any:
    """A field's value from JSON. Raises ValueUnusable."""
    value = _cleaned(value)
    try:
        if not _FITS[name](value):
            raise ValueUnusable(name=name)
        return READ[name](value) if name in READ else value
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueUnusable(name=name) from error


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return clean_text(value).strip()
    if isinstance(value, list):
        return [_cleaned(part) for part in value]
    return {key: _cleaned(part) for key, part in value.items()} if isinstance(value, dict) else value


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, str) for part in value)


def _whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _rights(value: Any) -> bool:
    keys = ("kind", "number", "status", "expires_on")
    return isinstance(value, list) and all(
        isinstance(row, dict) and all(row.get(key) is None or isinstance(row[key], str) for key in keys)
        for row in value
    )


def _completers(value: Any) -> bool:
    return isinstance(value, list) and all(
        isinstance(row, dict)
        and isinstance(row.get("name"), str)
        and (row.get("share") is None or _whole(row["share"]))
        for row in value
    )


_FITS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("title", "field", "district", "language", "confidential", "deadline_on"), _text),
    **dict.fromkeys(("summary", "advantages", "applications", "problem", "targets", "background"), _text),
    **dict.fromkeys(("keywords", "industries", "modes"), _texts),
    **dict.fromkeys(("trl", "min_trl"), _whole),
    **dict.fromkeys(("price_min_fen", "price_max_fen", "budget_min_fen", "budget_max_fen"), _whole),
    "anonymous": lambda value: isinstance(value, bool),
    "rights": _rights,
    "completers": _completers,
}
