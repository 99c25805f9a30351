"""Typesetting: a typst template and plain data become a PDF, the same bytes every time.

The PDF is PDF/A-2a and PDF/UA-1 at once: it can be archived, and read aloud. It takes its letters from the one font
that is shipped beside this module, never from the machine. A PDF/A may not hold a letter without a shape, so what the
font lacks (rare ideographs outside it, emoji) is spelled as its code point instead of stopping a contract.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import typst

from matchmaker.config import TEMPLATES

FONT = Path(__file__).parent / "fonts" / "NotoSansSC-Regular.ttf"
DOCUMENTS = TEMPLATES / "documents"


def pdf(template: str, data: Mapping[str, Any], *, at: datetime) -> bytes:
    """The PDF of a template under `templates/documents`, which finds `data` in its input `data`, as JSON.

    `at` is the date that the document gives as its own; the clock is not asked.
    """
    made: Any = typst.compile(
        DOCUMENTS / template,
        root=DOCUMENTS,
        font_paths=_fonts(),
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(spelled(data), ensure_ascii=False)},
        pdf_standards=["a-2a", "ua-1"],
        timestamp=int(at.timestamp()),
    )
    assert isinstance(made, bytes)
    return made


@cache
def _fonts() -> typst.Fonts:
    return typst.Fonts(include_system_fonts=False, include_embedded_fonts=False, font_paths=[FONT.parent])


def spelled(value: Any) -> Any:
    """The same plain data, each character that the font cannot show written as [U+20BB7]. Breaks of lines stay."""
    if isinstance(value, str):
        return "".join(char if char == "\n" or ord(char) in _shown() else f"[U+{ord(char):04X}]" for char in value)
    if isinstance(value, Mapping):
        return {key: spelled(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [spelled(item) for item in value]
    return value


@cache
def _shown() -> frozenset[int]:
    """Code points the font has a shape for: its `cmap` table in format 12 (OpenType, "segmented coverage")."""
    font = FONT.read_bytes()
    (tables,) = struct.unpack_from(">H", font, 4)
    records = (struct.unpack_from(">4sLLL", font, 12 + 16 * number) for number in range(tables))
    cmap = next(offset for tag, _, offset, _ in records if tag == b"cmap")
    (subtables,) = struct.unpack_from(">H", font, cmap + 2)
    starts = (cmap + struct.unpack_from(">HHL", font, cmap + 4 + 8 * number)[2] for number in range(subtables))
    start = next(start for start in starts if struct.unpack_from(">H", font, start) == (12,))
    (groups,) = struct.unpack_from(">L", font, start + 12)
    ranges = (struct.unpack_from(">LLL", font, start + 16 + 12 * number) for number in range(groups))
    return frozenset(code for first, last, glyph in ranges for code in range(first, last + 1) if glyph + code > first)
