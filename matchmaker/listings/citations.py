"""Reads what researchers have at hand already: BibTeX, RIS, DOI metadata (CSL or Crossref JSON), lists of patents as
CSV, and Word documents. Pure: bytes in, sketches out; nothing is fetched.

A sketch fills a form that its author then reads and completes; what a file does not say stays empty.
"""

from __future__ import annotations

import csv
import html
import io
import json
import re
import unicodedata
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from xml.etree import ElementTree

from matchmaker.core.errors import N_, Invalid
from matchmaker.listings import wording
from matchmaker.listings.facts import LONGEST_CELL, LONGEST_TEXT, LONGEST_TITLE, MOST_KEYWORDS, MOST_ROWS, keywords_of

MOST_SKETCHES = 200
MOST_BYTES = 5_000_000


class FileUnreadable(Invalid):
    code = "listings.file_unreadable"
    phrase = N_("This could not be read as BibTeX, RIS, DOI metadata (JSON), a list of patents (CSV) or Word (DOCX).")


class NothingFound(Invalid):
    code = "listings.nothing_found"
    phrase = N_("No entry with a title was found in it.")


class FileOverlarge(Invalid):
    code = "listings.file_overlarge"
    phrase = N_("This file is too large to read. Bring fewer entries at a time.")


@dataclass(frozen=True, slots=True)
class Sketch:
    """Texts by field name, and the people and right that came with them. `cut`: a text was longer than fits."""

    texts: Mapping[str, str]
    people: tuple[str, ...] = ()
    right: Mapping[str, str] = field(default_factory=dict)  # kind, number, status, expires_on
    line: int = 1  # of the file, on which it begins; of JSON, which has no lines to speak of, the number of the entry
    cut: bool = False

    @property
    def title(self) -> str:
        return self.texts["title"]

    def fields(self, noun: str) -> list[tuple[str, str]]:
        """As the fields of a listing's form, in the way a browser would send them."""
        given = [(name, text) for name, text in self.texts.items() if text]
        given.append(("language", "zh" if wording.is_chinese(" ".join(self.texts.values())) else "en"))
        if noun == "achievement":
            given += [(f"completers-{row}-name", name) for row, name in enumerate(self.people)]
            given += [(f"rights-0-{name}", text) for name, text in self.right.items() if text]
        return given


def read(content: bytes, noun: str) -> list[Sketch]:
    """The entries of a file of any of these kinds, told apart by what is in it; `noun` says what form they are for.

    Raises FileUnreadable, FileOverlarge, or NothingFound where no entry has a title.
    """
    if len(content) > MOST_BYTES:
        raise FileOverlarge(field="file")
    if content[:4] == b"PK\x03\x04":
        found = [_trimmed(_sections(_paragraphs(content), noun))]
    else:
        found = list(read_many(text_of(content)))
    kept = [sketch for sketch in found[:MOST_SKETCHES] if sketch.title]
    if not kept:
        raise NothingFound(field="file")
    return kept


def read_many(text: str) -> Iterator[Sketch]:
    """Every entry of a list, those without a title too. Raises FileUnreadable."""
    return map(_trimmed, reader_of(text)(text))


def reader_of(text: str) -> Callable[[str], Iterator[Sketch]]:
    """How a text is read, by what stands at its beginning. Raises FileUnreadable."""
    start = text.lstrip()[:2000]
    if start.startswith(("{", "[")):
        return _csl
    if re.search(r"^\s*@\w+\s*[{(]", start, re.MULTILINE):
        return _bibtex
    if re.search(r"^TY  - ", start, re.MULTILINE):
        return _ris
    first = start.splitlines()[0] if start else ""
    if any(name in (wording.COLUMNS["title"]) for name in (_head(cell) for cell in re.split(r"[,;\t]", first))):
        return _csv
    raise FileUnreadable(field="file")


def text_of(content: bytes) -> str:
    """The text of a file that is text, in UTF-8 or as Chinese programs write it (GBK, or UTF-16 with its mark).
    Raises FileUnreadable.
    """
    marked = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    for encoding in ("utf-16",) if marked else ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileUnreadable(field="file")


def _trimmed(sketch: Sketch) -> Sketch:
    limits = {"title": LONGEST_TITLE, "keywords": 600}
    whole = {name: text.strip() for name, text in sketch.texts.items()}
    texts = {name: text[: limits.get(name, LONGEST_TEXT)] for name, text in whole.items()}
    cut = texts != whole
    texts["title"] = " ".join(texts.get("title", "").split())
    people = tuple(name[:LONGEST_CELL] for name in sketch.people[:MOST_ROWS])
    return Sketch(texts, people, sketch.right, sketch.line, cut)


def _keywords(words: Sequence[str]) -> str:
    return ", ".join(keywords_of(", ".join(words))[:MOST_KEYWORDS])


# --- BibTeX ---------------------------------------------------------------------------------------------------------

_ACCENTS = {"'": "\u0301", "`": "\u0300", '"': "\u0308", "^": "\u0302", "~": "\u0303", "c": "\u0327", "v": "\u030c"}


def _bibtex(text: str) -> Iterator[Sketch]:
    line, counted = 1, 0
    for match in re.finditer(r"@(\w+)\s*[{(]", text):
        line, counted = line + text.count("\n", counted, match.start()), match.start()
        kind = match[1].lower()
        if kind in ("comment", "string", "preamble"):
            continue
        values = dict(_bibtex_fields(text, match.end()))
        people = [_person(name) for name in re.split(r"\s+and\s+", values.get("author", "")) if name.strip()]
        number = values.get("number", "") if kind == "patent" else ""
        yield Sketch(
            {
                "title": values.get("title", ""),
                "summary": values.get("abstract", ""),
                "keywords": _keywords(re.split(r"[,;，；]", values.get("keywords", ""))),
            },
            tuple(people),
            {"kind": "invention_patent", "number": number} if number else {},
            line,
        )


def _bibtex_fields(text: str, at: int) -> Iterator[tuple[str, str]]:
    pattern = re.compile(r"\s*,?\s*([\w-]+)\s*=\s*")
    comma = text.find(",", at)
    at = comma if comma >= 0 else len(text)
    while match := pattern.match(text, at):
        value, at = _bibtex_value(text, match.end())
        yield match[1].lower(), _untexed(value)


def _bibtex_value(text: str, at: int) -> tuple[str, int]:
    """The value that begins here, and where it ends: in braces (nested), in quotes, or bare."""
    opening = text[at : at + 1]
    if opening not in ("{", '"'):
        match = re.compile(r"[^,}\s]*").match(text, at)
        assert match is not None  # an empty match at least
        return match[0], match.end()
    depth, start = 0, at + 1
    for position in range(start, len(text)):
        char = text[position]
        if char == "{":
            depth += 1
        elif char == "}" and depth:
            depth -= 1
        elif (char == "}" and opening == "{") or (char == '"' and opening == '"' and not depth):
            return text[start:position], position + 1
    return text[start:], len(text)


def _untexed(value: str) -> str:
    accent = re.compile(r"\\([\'`\"^~cv])\s*\{?\s*(\\?[a-zA-Z])\}?")
    value = accent.sub(lambda match: match[2].lstrip("\\") + _ACCENTS[match[1]], value)
    value = re.sub(r"\\([&%$#_{}])", r"\1", value)
    return unicodedata.normalize("NFC", " ".join(re.sub(r"[{}]", "", value).split()))


def _person(name: str) -> str:
    """`Family, Given` the other way round; Chinese names as they are."""
    family, comma, given = (part.strip() for part in name.partition(","))
    if not comma:
        return family
    return family + given if wording.is_chinese(family) else f"{given} {family}"


# --- RIS, CSL and Crossref ------------------------------------------------------------------------------------------


def _ris(text: str) -> Iterator[Sketch]:
    entry: dict[str, list[str]] = {}
    tag, first = "", 1
    for number, line in enumerate([*text.splitlines(), "ER  - "], 1):
        if match := re.match(r"([A-Z][A-Z0-9])  - ?(.*)", line):
            tag, value = match[1], match[2].strip()
            if tag == "ER":
                if entry:
                    yield _ris_sketch(entry, first)
                entry = {}
                continue
            first = first if entry else number
            entry.setdefault(tag, []).append(value)
        elif tag in entry and line.strip():
            entry[tag][-1] += " " + line.strip()


def _ris_sketch(entry: Mapping[str, list[str]], line: int) -> Sketch:
    def first(*tags: str) -> str:
        return next((entry[tag][0] for tag in tags if entry.get(tag)), "")

    patent = first("TY") == "PAT"
    return Sketch(
        {
            "title": first("TI", "T1", "CT"),
            "summary": first("AB", "N2"),
            "keywords": _keywords(entry.get("KW", [])),
        },
        tuple(_person(name) for name in [*entry.get("AU", []), *entry.get("A1", [])]),
        {"kind": "invention_patent", "number": first("IS", "M1", "SN")} if patent and first("IS", "M1", "SN") else {},
        line,
    )


def _csl(text: str) -> Iterator[Sketch]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise FileUnreadable(field="file") from error
    if isinstance(found, dict) and isinstance(found.get("message"), dict):
        found = found["message"].get("items", found["message"])  # Crossref's envelope
    for number, entry in enumerate(found if isinstance(found, list) else [found], 1):
        if isinstance(entry, dict):
            yield _csl_sketch(entry, number)


def _csl_sketch(entry: Mapping[str, Any], line: int) -> Sketch:
    words = entry.get("keyword") or entry.get("subject") or []
    authors = entry.get("author")
    people = [_csl_person(one) for one in authors if isinstance(one, dict)] if isinstance(authors, list) else []
    patent, number = entry.get("type") == "patent", _said(entry.get("number"))
    return Sketch(
        {
            "title": _said(entry.get("title")),
            "summary": _untagged(_said(entry.get("abstract"))),
            "keywords": _keywords(re.split(r"[,;，；]", words) if isinstance(words, str) else _strings(words)),
        },
        tuple(name for name in people if name),
        {"kind": "invention_patent", "number": number} if patent and number else {},
        line,
    )


def _csl_person(one: Mapping[str, Any]) -> str:
    if literal := _said(one.get("literal") or one.get("name")):
        return literal
    return _person(f"{_said(one.get('family'))}, {_said(one.get('given'))}".strip(", "))


def _said(value: Any) -> str:
    """A text, or the first of a list of texts."""
    if isinstance(value, list):
        value = value[0] if value else ""
    return _untagged(value) if isinstance(value, str) else ""


def _strings(values: Any) -> list[str]:
    return [value for value in values if isinstance(value, str)] if isinstance(values, list) else []


def _untagged(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]{0,200}>", " ", text)).split())


# --- lists of patents -----------------------------------------------------------------------------------------------


def _head(cell: str) -> str:
    return cell.strip().strip('"').casefold()


def _csv(text: str) -> Iterator[Sketch]:
    above = len(text[: len(text) - len(text.lstrip())].splitlines())
    first = text.lstrip().splitlines()[0]
    delimiter = max(",;\t", key=first.count)
    rows = csv.reader(io.StringIO(text.lstrip(), newline=""), delimiter=delimiter)
    try:
        heads = [_head(cell) for cell in next(rows)]
        at = {
            fact: next((heads.index(name) for name in names if name in heads), None)
            for fact, names in wording.COLUMNS.items()
        }
        before = rows.line_num
        for row in rows:
            line, before = above + before + 1, rows.line_num
            cells = {name: row[place].strip() for name, place in at.items() if place is not None and place < len(row)}
            if any(row):
                yield _csv_sketch(cells, line)
    except csv.Error as error:
        raise FileUnreadable(field="file") from error


def _csv_sketch(cells: Mapping[str, str], line: int) -> Sketch:
    number = cells.get("number", "")[:LONGEST_CELL]
    return Sketch(
        {
            "title": cells.get("title", ""),
            "summary": cells.get("summary", ""),
            "keywords": _keywords(re.split(r"[,;，；、]", cells.get("keywords", ""))),
        },
        tuple(name.strip() for name in re.split(r"[;；、|]", cells.get("people", "")) if name.strip()),
        {
            "kind": wording.kind_of_right(cells.get("kind", "")),
            "number": number,
            "status": wording.status_of(cells.get("status", "")),
            "expires_on": _day(cells.get("expires_on", "")),
        }
        if number
        else {},
        line,
    )


def _day(text: str) -> str:
    match = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", text.strip())
    return f"{match[1]}-{int(match[2]):02}-{int(match[3]):02}" if match else ""


# --- Word -----------------------------------------------------------------------------------------------------------

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def _paragraphs(content: bytes) -> list[str]:
    """Texts of the document's paragraphs, tables included, in their order."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            info = archive.getinfo("word/document.xml")
            if info.file_size > 4 * MOST_BYTES:
                raise FileOverlarge(field="file")
            with archive.open(info) as part:
                xml = part.read(4 * MOST_BYTES)
        if b"<!DOCTYPE" in xml[:2000]:
            raise FileUnreadable(field="file")
        root = ElementTree.fromstring(xml)  # noqa: S314 - no DOCTYPE, so no entities to expand
    except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, NotImplementedError, RuntimeError) as error:
        raise FileUnreadable(field="file") from error
    texts = ("".join(run.text or "" for run in paragraph.iter(f"{_W}t")) for paragraph in root.iter(f"{_W}p"))
    return [stripped for text in texts if (stripped := text.strip())]


def _sections(paragraphs: Sequence[str], noun: str) -> Sketch:
    """The first paragraph is the title; text under a known heading goes to its field, other text to the main one."""
    main = "summary" if noun == "achievement" else "problem"
    wanted = {
        "keywords",
        main,
        *(("advantages", "applications") if noun == "achievement" else ("targets", "background")),
    }
    texts: dict[str, list[str]] = {}
    here = main
    for paragraph in paragraphs[1:]:
        heading, rest = _heading(paragraph)
        name = next((name for name, heads in wording.SECTIONS.items() if heading in heads), None)
        if name is not None:
            here = name if name in wanted else main
        if rest if name is not None else paragraph:
            texts.setdefault(here, []).append(rest if name is not None else paragraph)
    joined = {name: "\n".join(lines) for name, lines in texts.items()}
    if "keywords" in joined:
        joined["keywords"] = _keywords(re.split(r"[,;，；、\s]+", joined["keywords"]))
    return Sketch({"title": paragraphs[0] if paragraphs else "", **joined})


def _heading(paragraph: str) -> tuple[str, str]:
    """`一、技术指标：≥5` as (`技术指标`, `≥5`)."""
    head, _, rest = paragraph.partition("：") if "：" in paragraph else paragraph.partition(":")
    name = wording.NUMBERING.sub("", head)
    return name.casefold(), rest.strip()
