"""Files of the `rank` command: needs and achievements (JSONL), pairs and judgements (TSV) in, the run (TSV) out.

All are UTF-8. The first fault ends the reading with an error that names file and line.
"""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from matchmaker.core.errors import N_, Invalid
from matchmaker.matching.engine import Document, Judged

#: Where the `text` of a row belongs.
NEED_TEXT = "problem"
ACHIEVEMENT_TEXT = "summary"

_FIELDS = ("title", "keywords", "summary", "problem", "advantages", "applications", "targets", "background")
_SURROGATE = re.compile("[\ud800-\udfff]")
_LEVELS = {"1": 1, "2": 2, "3": 3, "4": 4}


class FileUnreadable(Invalid):
    code = "rank_file_unreadable"
    phrase = N_("%(file)s cannot be read: %(reason)s.")


class NotUtf8(Invalid):
    code = "rank_not_utf8"
    phrase = N_("%(file)s, line %(line)s: this is not UTF-8. Save the file as UTF-8 and try again.")


class LineMalformed(Invalid):
    code = "rank_line_malformed"
    phrase = N_("%(file)s, line %(line)s: this is not a JSON object. Each line holds one, as {…}.")


class ValueMissing(Invalid):
    code = "rank_value_missing"
    phrase = N_("%(file)s, line %(line)s: “%(name)s” is missing.")


class ValueMalformed(Invalid):
    code = "rank_value_malformed"
    phrase = N_("%(file)s, line %(line)s: “%(name)s” must be text or a list of texts, in valid Unicode.")


class IdMalformed(Invalid):
    code = "rank_id_malformed"
    phrase = N_("%(file)s, line %(line)s: “id” must be a text without tabs or line breaks, or a whole number.")


class IdDuplicate(Invalid):
    code = "rank_id_duplicate"
    phrase = N_("%(file)s, line %(line)s: the id “%(id)s” was already used in line %(first_line)s.")


class ColumnMissing(Invalid):
    code = "rank_column_missing"
    phrase = N_("%(file)s, line %(line)s: the header line has no column “%(name)s”. Columns are separated by tabs.")


class RowMalformed(Invalid):
    code = "rank_row_malformed"
    phrase = N_("%(file)s, line %(line)s: %(found)s columns where the header has %(expected)s.")


class IdUnknown(Invalid):
    code = "rank_id_unknown"
    phrase = N_("%(file)s, line %(line)s: the %(name)s “%(id)s” is not among the given rows.")


class LevelMalformed(Invalid):
    code = "rank_level_malformed"
    phrase = N_("%(file)s, line %(line)s: the level must be 1, 2, 3 or 4, not “%(value)s”.")


class OutputUnwritable(Invalid):
    code = "rank_output_unwritable"
    phrase = N_("%(file)s cannot be written: %(reason)s.")


class OutputDirectoryMissing(Invalid):
    code = "rank_output_directory_missing"
    phrase = N_("%(file)s cannot be written: its directory does not exist. Make it first, or name another.")


class OutputNotAFile(Invalid):
    code = "rank_output_not_a_file"
    phrase = N_("%(file)s cannot be written: something other than a regular file has this name.")


class CacheUnwritable(Invalid):
    code = "rank_cache_unwritable"
    phrase = N_("Vectors cannot be kept in %(directory)s: %(reason)s. Without them each run reads the texts anew.")


class RunRow(NamedTuple):
    need_id: str
    achievement_id: str
    score: float
    level: int


def read_documents(path: Path, *, text_field: str) -> dict[str, Document]:
    """Rows by id, in the order of the file. `id` and `title` are demanded; `text` is read as the field `text_field`,
    the other known fields under their names, unknown keys are passed over. Blank lines are allowed."""
    found: dict[str, Document] = {}
    lines: dict[str, int] = {}
    for line, content in _lines(path):
        row = _json_object(path, line, content)
        document_id = _id(path, line, row)
        if document_id in lines:
            raise IdDuplicate(file=str(path), line=line, id=document_id, first_line=lines[document_id])
        if row.get("title") is None:
            raise ValueMissing(file=str(path), line=line, name="title")
        fields = {name: _text(path, line, name, row[name]) for name in _FIELDS if row.get(name) is not None}
        if row.get("text") is not None:
            texts = (fields.get(text_field, ""), _text(path, line, "text", row["text"]))
            fields[text_field] = "\n".join(filter(None, texts))
        lines[document_id] = line
        found[document_id] = Document(document_id, fields)
    return found


def read_pairs(path: Path, *, needs: Collection[str], achievements: Collection[str]) -> list[tuple[str, str]]:
    """(need id, achievement id) of each line, both known. Further columns are of no concern."""
    return [(row["need_id"], row["achievement_id"]) for _, row in _pair_rows(path, needs, achievements)]


def read_judgements(path: Path, *, needs: Collection[str], achievements: Collection[str]) -> list[Judged]:
    """Judged pairs, ids known, levels 1 to 4."""
    found = []
    for line, row in _pair_rows(path, needs, achievements, "level"):
        if row["level"] not in _LEVELS:
            raise LevelMalformed(file=str(path), line=line, value=row["level"])
        found.append(Judged(row["need_id"], row["achievement_id"], _LEVELS[row["level"]]))
    return found


def check_output(path: Path) -> None:
    """Refuse an output that cannot be, before the work rather than after."""
    if not path.parent.is_dir():
        raise OutputDirectoryMissing(file=str(path))
    if path.exists() and not path.is_file():
        raise OutputNotAFile(file=str(path))


def check_cache(directory: Path) -> None:
    """Make the directory for vectors of meaning if there is none, and see that it can be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise CacheUnwritable(directory=str(directory), reason=error.strerror or str(error)) from error


def write_run(path: Path, rows: Iterable[RunRow]) -> None:
    """Write all rows, or nothing: a temporary file beside `path` takes its name only when complete."""
    check_output(path)
    target = path.resolve()
    unfinished = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    try:
        with unfinished.open("x", encoding="utf-8", newline="\n") as stream:
            stream.write("\t".join(RunRow._fields) + "\n")
            for row in rows:
                stream.write(f"{row.need_id}\t{row.achievement_id}\t{row.score:.10g}\t{row.level}\n")
        unfinished.replace(target)
    except OSError as error:
        raise OutputUnwritable(file=str(path), reason=error.strerror or str(error)) from error
    finally:
        unfinished.unlink(missing_ok=True)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines that are not blank, counted from 1. Only a line feed ends a line: texts may hold other Unicode breaks."""
    try:
        with path.open("rb") as stream:
            for line, raw in enumerate(stream, 1):
                try:
                    content = raw.rstrip(b"\r\n").decode("utf-8-sig" if line == 1 else "utf-8")
                except UnicodeDecodeError:
                    raise NotUtf8(file=str(path), line=line) from None
                if content.strip():
                    yield line, content
    except OSError as error:
        raise FileUnreadable(file=str(path), reason=error.strerror or str(error)) from error


def _json_object(path: Path, line: int, content: str) -> dict[str, Any]:
    try:
        row = json.loads(content)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        raise LineMalformed(file=str(path), line=line)
    return row


def _id(path: Path, line: int, row: Mapping[str, Any]) -> str:
    value = row.get("id")
    if value is None:
        raise ValueMissing(file=str(path), line=line, name="id")
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or not value.strip() or set(value) & set("\t\r\n") or not _is_unicode(value):
        raise IdMalformed(file=str(path), line=line)
    return value


def _text(path: Path, line: int, name: str, value: Any) -> str:
    parts = value if isinstance(value, list) else [value]
    if not all(isinstance(part, str) and _is_unicode(part) for part in parts):
        raise ValueMalformed(file=str(path), line=line, name=name)
    return "\n".join(parts)


def _is_unicode(value: str) -> bool:
    """JSON can spell half a surrogate pair, which no UTF-8 file can hold."""
    return _SURROGATE.search(value) is None


def _pair_rows(
    path: Path, needs: Collection[str], achievements: Collection[str], *columns: str
) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows of a table with the columns need_id, achievement_id and `columns`, by column name, with their lines."""
    lines = _lines(path)
    line, header = next(lines, (1, ""))
    names = header.split("\t")
    for name in ("need_id", "achievement_id", *columns):
        if name not in names:
            raise ColumnMissing(file=str(path), line=line, name=name)
    for line, content in lines:
        cells = content.split("\t")
        if len(cells) != len(names):
            raise RowMalformed(file=str(path), line=line, found=len(cells), expected=len(names))
        row = dict(zip(names, cells, strict=True))
        for name, known in (("need_id", needs), ("achievement_id", achievements)):
            if row[name] not in known:
                raise IdUnknown(file=str(path), line=line, name=name, id=row[name])
        yield line, row
