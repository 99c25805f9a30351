"""PDFs: archivable, the same bytes every time, in our own font, and no letter stops one."""

from __future__ import annotations

import re
import struct
import zlib
from datetime import UTC, datetime

import pytest

from matchmaker.core import typeset

AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def paper(title: str = "技术许可合同", *words: str) -> dict[str, object]:
    blocks = [{"kind": "paragraph", "number": "", "text": [each]} for each in words]
    return {
        "languages": ["zh-CN"],
        "title": [title],
        "subtitle": None,
        "blocks": blocks,
        "foot": ["foot"],
        "page": ["{page}/{pages}"],
        "fingerprint": "",
        "keyword": "",
        "mark": [],
    }


def made(*words: str) -> bytes:
    return typeset.pdf("paper.typ", paper("技术许可合同", *words), at=AT)


def test_the_same_data_give_the_same_bytes_whatever_the_day() -> None:
    assert made("长春") == made("长春")
    assert made("长春") != made("吉林")


def test_it_declares_itself_archivable_and_accessible_and_is_dated_as_told() -> None:
    content = made("长春")
    assert content.startswith(b"%PDF-1.7")
    assert b"<pdfaid:part>2</pdfaid:part>" in content
    assert b"<pdfaid:conformance>A</pdfaid:conformance>" in content
    assert b"<pdfuaid:part>1</pdfuaid:part>" in content
    assert b"2026-11-23T04:00:00" in content


def test_the_only_font_in_it_is_ours_and_embedded() -> None:
    content = made("长春 abc 123")
    streams = [
        zlib.decompress(part)
        for part in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", content, re.S)
        if part[:1] == b"x"
    ]
    everything = content + b"".join(streams)
    names = set(re.findall(rb"/BaseFont\s*/(?:[A-Z]{6}\+)?([\w-]+)", everything))
    assert {name.split(b"-Identity")[0] for name in names} == {b"NotoSansSC-Regular"}
    assert re.search(rb"/FontFile[23]\b", everything)


def test_every_character_of_gb2312_has_a_shape_of_its_own() -> None:
    """The national set that names of people and places are first looked for in."""
    codes = [bytes([row, cell]) for row in range(0xA1, 0xF8) for cell in range(0xA1, 0xFF)]
    letters = "".join(code.decode("gb2312", errors="ignore") for code in codes)
    assert len(letters) == 7445
    assert typeset.spelled(letters) == letters


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("𠮷野", "[U+20BB7]野"),
        ("a\u200bb", "a[U+200B]b"),
        ("好😀", "好[U+1F600]"),
        ("两\n行", "两\n行"),
        ("\x07", "[U+0007]"),
    ],
)
def test_what_the_font_lacks_is_spelled_as_its_code_point(typed: str, shown: str) -> None:
    assert typeset.spelled({"a": [typed], "n": 1}) == {"a": [shown], "n": 1}
    assert made(typed).startswith(b"%PDF")


def test_words_are_never_read_as_markup() -> None:
    plain = made("#panic() *a* _b_ $x$ \\ // <a> @b [c] `d` {e}")
    assert plain.startswith(b"%PDF")


def test_the_font_beside_the_module_is_whole() -> None:
    (tables,) = struct.unpack_from(">H", typeset.FONT.read_bytes()[:6], 4)
    assert tables > 8
    assert (typeset.FONT.parent / "LICENSE").read_text(encoding="utf-8").count("SIL Open Font License")
