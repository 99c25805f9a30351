"""Files with many entries: bytes in, entries out, each with its line, and what is wrong with it. Pure.

BibTeX, RIS, DOI metadata (JSON) and lists of patents (CSV) as in `citations`; the platform's own spreadsheet (XLSX, or
the same saved as CSV); JSONL as the command line takes it.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from openpyxl import load_workbook

from matchmaker.core import sheets, uploads
from matchmaker.core.errors import N_, Invalid, InvalidMany
from matchmaker.core.wording import clean_text
from matchmaker.listings import citations, rows, wording
from matchmaker.listings.citations import FileUnreadable, NothingFound, Sketch
from matchmaker.listings.facts import (
    READ,
    AchievementFacts,
    Codes,
    Completer,
    Facts,
    NeedFacts,
    Right,
    TitleMissing,
    faults,
    keywords_of,
)
from matchmaker.listings.intake import columns
from matchmaker.listings.intake.columns import Vocabulary
from matchmaker.listings.kinds import Language

MOST_ENTRIES = 5_000
MOST_BYTES = 10_000_000
_MOST_UNPACKED = 10 * MOST_BYTES
"""Of a spreadsheet, whose texts the reader holds all at once."""
_MOST_COLUMNS = 60
_HEAD_WITHIN = 5
"""The headings of a spreadsheet stand in one of so many first lines."""


class TooManyEntries(Invalid):
    code = "listings.intake_too_many"
    phrase = N_("This file has more than %(most)s entries. Split it, and bring in one part after the other.")


class HeadingsMissing(Invalid):
    code = "listings.intake_headings_missing"
    phrase = N_(
        "None of the first lines of this table has the headings that are looked for, “Title” above all. "
        "Fill in the template."
    )


class KindUnknown(Invalid):
    code = "listings.intake_kind_unknown"
    phrase = N_(
        "This is no BibTeX, RIS, DOI metadata (JSON), JSONL, CSV or XLSX that can be read. Text must be in UTF-8 or "
        "GBK."
    )


class OneEntryOnly(Invalid):
    code = "listings.intake_one_entry_only"
    phrase = N_("A Word document holds one entry. Bring it in on the page of a new entry.")


class EntryTwice(Invalid):
    code = "listings.intake_entry_twice"
    phrase = N_("The same entry stands in line %(first_line)s already.")


class FileKind(StrEnum):
    LIST = "list"  # as `citations` reads it
    SHEET = "sheet"
    CELLS = "cells"  # the spreadsheet saved as CSV
    JSONL = "jsonl"


@dataclass(frozen=True, slots=True)
class Entry:
    """`facts` is None where faults leave nothing to save. `left_out` is the number of a right that the file says too
    little of: whether it is in force must be said by a person."""

    line: int
    title: str
    external_id: str
    facts: Facts | None = None
    faults: Sequence[Invalid] = ()
    left_out: str = ""


def kind_of(content: bytes, noun: str) -> FileKind:
    """What kind of file this is, by what is in it; cheap.

    Raises KindUnknown or OneEntryOnly, and of archives FileHarmful or FileBloated.
    """
    if content.startswith(b"PK\x03\x04"):
        return _kind_of_archive(content)
    try:
        text = citations.text_of(content)
        if "\x00" in text:
            raise FileUnreadable()
        if _is_jsonl(text):
            return FileKind.JSONL
        if _is_cells(text, noun):
            return FileKind.CELLS
        citations.reader_of(text)
    except FileUnreadable as error:
        raise KindUnknown(field="file") from error
    return FileKind.LIST


def _kind_of_archive(content: bytes) -> FileKind:
    try:
        media_type = uploads.office_type(io.BytesIO(content), "file")
    except uploads.FileTypeRefused as error:
        raise KindUnknown(field="file") from error
    if media_type != sheets.MEDIA_TYPE:
        raise OneEntryOnly(field="file")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if sum(part.file_size for part in archive.infolist()) > _MOST_UNPACKED:
            raise uploads.FileBloated(field="file")
    return FileKind.SHEET


def _is_jsonl(text: str) -> bool:
    """Objects line by line; one alone only if it is none of a bibliography."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    if not first.lstrip().startswith("{"):
        return False
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        try:
            return isinstance(json.loads(first), dict)
        except (ValueError, RecursionError):
            return False
    ours = any(f'"{name}"' in first for name in ("id", "text", *rows.MAIN_TEXT.values()))
    return ours and '"title"' in first and '"author"' not in first and len(text.strip().splitlines()) == 1


def _is_cells(text: str, noun: str) -> bool:
    """Whether the headings are those of our spreadsheet rather than those of a list of patents."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    heads = next(csv.reader([first], delimiter=_delimiter(first)), [])
    ours = columns.placed(noun, heads)
    theirs = {head.strip().casefold() for head in heads} & {
        name for names in wording.COLUMNS.values() for name in names
    }
    return "title" in ours and len(ours) > len(theirs)


def _delimiter(line: str) -> str:
    return max(",;\t", key=line.count)


def read(content: bytes, noun: str, codes: Codes, vocabulary: Vocabulary) -> list[Entry]:
    """The entries of a file, in its order, each judged. Raises KindUnknown, NothingFound, TooManyEntries,
    HeadingsMissing or OneEntryOnly.
    """
    kind = kind_of(content, noun)
    if kind is FileKind.SHEET:
        found = _of_table(noun, _sheet(content), vocabulary)
    elif kind is FileKind.CELLS:
        found = _of_table(noun, _cells(citations.text_of(content)), vocabulary)
    elif kind is FileKind.JSONL:
        found = _of_lines(noun, citations.text_of(content), codes)
    else:
        found = (_of_sketch(noun, sketch) for sketch in citations.read_many(citations.text_of(content)))
    entries: list[Entry] = []
    for entry in found:
        if len(entries) == MOST_ENTRIES:
            raise TooManyEntries(field="file", most=MOST_ENTRIES)
        entries.append(_judged(entry, codes))
    if not entries:
        raise NothingFound(field="file")
    return _once(entries)


def _judged(entry: Entry, codes: Codes) -> Entry:
    if entry.facts is None:
        return entry
    wrong = faults(entry.facts, codes)
    return replace(entry, facts=None, faults=wrong) if wrong else entry


def _once(entries: Iterable[Entry]) -> list[Entry]:
    """Of entries that are the same, the first stands."""
    lines: dict[str, int] = {}
    kept = []
    for entry in entries:
        if entry.facts is not None and entry.external_id in lines:
            entry = replace(entry, facts=None, faults=[EntryTwice(first_line=lines[entry.external_id])])
        elif entry.facts is not None:
            lines[entry.external_id] = entry.line
        kept.append(entry)
    return kept


def _named(title: str, number: str = "") -> str:
    """The id of an entry whose file gives it none: the same entry has the same in every file, however it is written."""
    folded = "".join(unicodedata.normalize("NFKC", f"{title}\n{number}").casefold().split())
    return "file-" + hashlib.sha256(folded.encode()).hexdigest()[:32]


# --- lists of publications and patents ------------------------------------------------------------------------------


def _of_sketch(noun: str, sketch: Sketch) -> Entry:
    if not sketch.title:
        return Entry(sketch.line, "", "", faults=[TitleMissing(field="title")])
    texts = sketch.texts
    language = Language.CHINESE if wording.is_chinese(" ".join(texts.values())) else Language.ENGLISH
    shared: dict[str, Any] = {
        "title": sketch.title,
        "keywords": keywords_of(texts.get("keywords", "")),
        "language": language,
    }
    number = sketch.right.get("number", "")
    external_id = _named(sketch.title, number)
    if noun == "need":
        facts: Facts = NeedFacts(**shared, problem=texts.get("summary", ""))
        return Entry(sketch.line, sketch.title, external_id, facts)
    rights = _rights(sketch.right)
    facts = AchievementFacts(
        **shared,
        summary=texts.get("summary", ""),
        rights=rights,
        completers=tuple(Completer(name) for name in sketch.people),
    )
    return Entry(sketch.line, sketch.title, external_id, facts, left_out="" if rights else number)


def _rights(right: Mapping[str, str]) -> tuple[Right, ...]:
    """The right that came along, if the file says what it is and how it stands."""
    if not (right.get("number") and right.get("kind") and right.get("status")):
        return ()
    plain = {**right, "expires_on": right.get("expires_on") or None}
    read: Callable[[Any], tuple[Right, ...]] = READ["rights"]
    return read([plain])


# --- tables ---------------------------------------------------------------------------------------------------------

Lines = Iterator[tuple[int, Sequence[Any]]]


def _sheet(content: bytes) -> Lines:
    """Lines of the first sheet that has any."""
    try:
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        sheet.reset_dimensions()  # what a file says of its own size may be wrong
        for number, cells in enumerate(sheet.iter_rows(values_only=True, max_col=_MOST_COLUMNS), 1):
            if any(cell is not None and str(cell).strip() for cell in cells):
                yield number, cells
            if number > 20 * MOST_ENTRIES:
                raise TooManyEntries(field="file", most=MOST_ENTRIES)
    except Invalid:
        raise
    except Exception as error:  # whatever the library meets in a bent file
        raise KindUnknown(field="file") from error


def _cells(text: str) -> Lines:
    first = next(line for line in text.splitlines() if line.strip())
    table = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(first))
    before = 0
    try:
        for cells in table:
            line, before = before + 1, table.line_num
            if any(cells):
                yield line, cells
    except csv.Error as error:
        raise KindUnknown(field="file") from error


def _of_table(noun: str, lines: Lines, vocabulary: Vocabulary) -> Iterator[Entry]:
    at: dict[str, int] = {}
    for tried, (line, cells) in enumerate(lines):
        if not at:
            heads = columns.placed(noun, [str(cell or "") for cell in cells])
            at = heads if "title" in heads else {}
            if not at and tried >= _HEAD_WITHIN:
                raise HeadingsMissing(field="file")
            continue
        named = {fact: cells[place] for fact, place in at.items() if place < len(cells)}
        written = any(str(value or "").strip() for value in named.values())
        if written and not columns.is_example(str(named.get("title") or "")):
            yield _of_cells(noun, line, named, vocabulary)
    if not at:
        raise HeadingsMissing(field="file")


def _of_cells(noun: str, line: int, named: Mapping[str, Any], vocabulary: Vocabulary) -> Entry:
    title = " ".join(str(named.get("title") or "").split())
    try:
        external_id, facts = columns.facts_of(noun, named, vocabulary)
    except Invalid as error:
        return Entry(line, title[:200], "", faults=_each(error))
    return Entry(line, facts.title, external_id or _named(facts.title), facts)


def _of_lines(noun: str, text: str, codes: Codes) -> Iterator[Entry]:
    for line, content in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        if not content.strip():
            continue
        try:
            row = rows.read_row(noun, line, content.encode("utf-8", "replace"), codes, set())
        except Invalid as error:
            yield Entry(line, _title_in(content), "", faults=_each(error))
        else:
            yield Entry(line, row.facts.title, row.external_id, row.facts)


def _title_in(content: str) -> str:
    """Of a line with faults, so that it can be told from others; empty where there is none."""
    try:
        title = json.loads(content)["title"]
    except (ValueError, RecursionError, KeyError, TypeError):
        return ""
    return " ".join(clean_text(title).split())[:200] if isinstance(title, str) else ""


def _each(error: Invalid) -> list[Invalid]:
    if isinstance(error, InvalidMany):
        return [part for part in error.errors if isinstance(part, Invalid)]
    return [error]
