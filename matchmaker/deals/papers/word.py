"""A paper as a Word file, the same bytes every time.

The docxtpl template is built here rather than kept as a binary nobody can review. Word may substitute the fonts; the
PDF is the form that is the same everywhere.
"""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime
from functools import cache
from typing import Any

from docx import Document
from docx.document import Document as DocumentType
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Mm, Pt, RGBColor
from docx.text.paragraph import Paragraph as DocxParagraph
from docxtpl import DocxTemplate, RichText

from matchmaker.core.types import clean_text
from matchmaker.deals.papers.paper import Paper, to_data

LATIN_FONT, HAN_FONT = "Times New Roman", "SimSun"
_CELL, _GAP = "Cell", "Gap after a table"
_PAIR_WIDTHS = (Mm(48), Mm(112))
_INK_SOFT = "4A5B69"
_MEMBER_AT = (1980, 1, 1, 0, 0, 0)  # the earliest a zip can say


def docx(paper: Paper, *, at: datetime) -> bytes:
    """The paper as .docx. `at` is the day it gives as its own in its properties."""
    template = DocxTemplate(io.BytesIO(_template()))
    template.render({"paper": _rich(to_data(paper))}, autoescape=True)
    document: DocumentType = template.docx
    own, stamp = document.core_properties, at.astimezone(UTC).replace(tzinfo=None, microsecond=0)
    own.title, own.keywords = clean_text(" / ".join(paper.title)), paper.keyword
    own.author = own.comments = own.last_modified_by = ""
    own.created = own.modified = own.last_printed = stamp
    own.revision = 1
    written = io.BytesIO()
    document.save(written)
    return _with_fixed_dates(written.getvalue())


def _with_fixed_dates(content: bytes) -> bytes:
    """The same archive in the order of its names, as if each member were of one day."""
    again = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            member = zipfile.ZipInfo(name, _MEMBER_AT)
            member.compress_type, member.external_attr = zipfile.ZIP_DEFLATED, 0o600 << 16
            member.create_system = 3
            new.writestr(member, old.read(name))
    return again.getvalue()


def _rich(data: dict[str, Any]) -> dict[str, Any]:
    """Each text as one run of the leading language, with the others smaller below it."""
    blocks = []
    for block in data["blocks"]:
        rich = dict(block)
        for name in ("text", "title", "head", "rows", "parties", "lines"):
            if name in rich:
                rich[name] = _runs(rich[name])
        blocks.append(rich)
    return {
        "title": _runs(data["title"]),
        "subtitle": _runs(data["subtitle"]) if data["subtitle"] else None,
        "blocks": blocks,
        "foot": clean_text(data["foot"][0]),
        "fingerprint": data["fingerprint"],
    }


def _runs(value: Any) -> Any:
    """A text becomes rich text; lists of texts keep their shape."""
    if not all(isinstance(item, str) for item in value):
        return [_runs(item) for item in value]
    rich = RichText()
    for index, words in enumerate(value):
        if index and words == value[0]:  # figures and the parties' own words are said once
            continue
        # Breaks before the second language and where the parties broke their lines.
        text = ("\n" if index else "") + clean_text(words)
        rich.add(text, size=18 if index else None, color=_INK_SOFT if index else None)
    return rich


# --- the template ---------------------------------------------------------------------------------------------------

_NUMBER = "{% if block.number %}{{ block.number }}  {% endif %}"


@cache
def _template() -> bytes:
    document = Document()
    _page(document)
    _styles(document)
    _add(document, "{{r paper.title }}", "Title")
    _add(document, "{%p if paper.subtitle %}")
    _add(document, "{{r paper.subtitle }}", "Subtitle")
    _add(document, "{%p endif %}")
    _add(document, "{%p for block in paper.blocks %}")
    _add(document, "{%p if block.kind == 'heading' %}")
    _add(document, _NUMBER, "Heading 1").add_run("{{r block.text }}")
    _add(document, "{%p elif block.kind == 'paragraph' %}")
    clause = _add(document, _NUMBER)
    clause.add_run("{{r block.text }}")
    clause.paragraph_format.keep_together = True  # both languages of it
    _add(document, "{%p elif block.kind == 'facts' %}")
    _pairs(document)
    _add(document, "", _GAP)
    _add(document, "{%p elif block.kind == 'table' %}")
    _grid(document)
    _add(document, "", _GAP)
    _add(document, "{%p elif block.kind == 'signatures' %}")
    _add(document, "{{r block.title }}", "Heading 1")
    _places_to_sign(document)
    _add(document, "{%p elif block.kind == 'break' %}")
    _add(document, "").add_run().add_break(WD_BREAK.PAGE)
    _add(document, "{%p endif %}")
    _add(document, "{%p endfor %}")
    _foot(document)
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


def _page(document: DocumentType) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = Mm(25)
    section.top_margin, section.bottom_margin = Mm(24), Mm(26)


def _styles(document: DocumentType) -> None:
    for name, size, bold in (
        ("Normal", 10.5, False),
        ("Title", 18, True),
        ("Subtitle", 11, False),
        ("Heading 1", 12.5, True),
        ("Heading 2", 11, True),
        ("Footer", 7.5, False),
    ):
        style: Any = document.styles[name]
        style.font.name, style.font.size, style.font.bold, style.font.italic = LATIN_FONT, Pt(size), bold, False
        style.font.color.rgb = RGBColor(0x16, 0x23, 0x2E)
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
            fonts.attrib.pop(qn(f"w:{theme}"), None)
        fonts.set(qn("w:eastAsia"), HAN_FONT)
        style.paragraph_format.space_after = Pt(6)
        style.paragraph_format.line_spacing = 1.25
    for name in ("Title", "Subtitle"):
        document.styles[name].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER  # type: ignore[attr-defined]
    _languages(document)
    for name, size, space in ((_CELL, 10.5, 2), (_GAP, 4, 0)):
        style = document.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
        style.base_style, style.font.size = document.styles["Normal"], Pt(size)
        style.paragraph_format.space_before = style.paragraph_format.space_after = Pt(space)
    borders = document.styles["Title"].element.find(f".//{qn('w:pBdr')}")
    if borders is not None:
        borders.getparent().remove(borders)


def _languages(document: DocumentType) -> None:
    """Chinese as it is written on the mainland: by it a program picks the shapes of characters and breaks lines."""
    for lang in document.styles.element.iter(qn("w:lang")):
        lang.set(qn("w:val"), "en-US")
        lang.set(qn("w:eastAsia"), "zh-CN")


def _add(document: DocumentType, text: str, style: str | None = None) -> DocxParagraph:
    return document.add_paragraph(text, style)


def _pairs(document: DocumentType) -> None:
    """A table of names and what they are, whose rows come with the data."""
    table = _table(document, 2)
    for cells in (("{%tr for row in block.rows %}", ""), ("{{r row[0] }}", "{{r row[1] }}"), ("{%tr endfor %}", "")):
        _row(table, cells)
    for column, width in zip(table.columns, _PAIR_WIDTHS, strict=True):
        column.width = width
        for cell in column.cells:
            cell.width = width


def _grid(document: DocumentType) -> None:
    """A table whose rows and columns come with the data; the line of heads is said again on each page."""
    table = _table(document, 3)
    for loop in ("{%tr for row in [block.head] %}", "{%tr for row in block.rows %}"):
        _row(table, (loop, "", ""))
        row = _row(table, ("{%tc for cell in row %}", "{{r cell }}", "{%tc endfor %}"))
        if "head" in loop:
            row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))
        _row(table, ("{%tr endfor %}", "", ""))


def _places_to_sign(document: DocumentType) -> None:
    """A row for each party, never torn apart: nobody signs on a page that does not say for whom."""
    table = document.add_table(rows=0, cols=1)
    _row(table, ("{%tr for party in block.parties %}",))
    place = _row(table, ("{{r party }}",)).cells[0]
    place.paragraphs[0].style = "Heading 2"
    for text in ("{%p for line in block.lines %}", "{{r line }}  ________________________________", "{%p endfor %}"):
        place.add_paragraph(text)
    _row(table, ("{%tr endfor %}",))


def _table(document: DocumentType, columns: int) -> Any:
    table = document.add_table(rows=0, cols=columns)
    table.style = "Table Grid"
    return table


def _row(table: Any, cells: tuple[str, ...]) -> Any:
    row = table.add_row()
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))
    for cell, text in zip(row.cells, cells, strict=True):
        cell.paragraphs[0].style = _CELL
        cell.paragraphs[0].add_run(text)
    return row


def _foot(document: DocumentType) -> None:
    foot = document.sections[0].footer.paragraphs[0]
    foot.add_run("{{ paper.foot }}  ")
    for code in ("PAGE", "NUMPAGES"):
        _field(foot, code)
        if code == "PAGE":
            foot.add_run(" / ")
    foot.add_run("{% if paper.fingerprint %}  SHA-256 {{ paper.fingerprint }}{% endif %}")


def _field(paragraph: DocxParagraph, code: str) -> None:
    for kind, text in (("begin", None), (None, code), ("end", None)):
        run = paragraph.add_run()
        element = OxmlElement("w:fldChar" if kind else "w:instrText")
        if kind:
            element.set(qn("w:fldCharType"), kind)
        else:
            element.text = text
        run._r.append(element)
