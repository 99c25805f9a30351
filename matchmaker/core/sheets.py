"""Spreadsheets for download: what people typed stays text, whatever it begins with (RELIABILITY W9)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any

from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

from matchmaker.core.wording import clean_text

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
YUAN = "#,##0.00"
_LONGEST = 32_000  # a cell holds 32,767 characters


def text_cell(sheet: Any, text: str) -> Cell:
    """A cell that holds this text as text: no spreadsheet takes it for a formula, typed again it stays text."""
    cell = WriteOnlyCell(sheet, value="")
    cell.value = clean_text(text)[:_LONGEST]
    cell.data_type = "s"  # else a leading = makes it a formula
    cell.quotePrefix = True
    return cell


Table = tuple[str, Sequence[str], Iterable[Sequence[Any]]]
"""The title, the headings and the rows of a sheet."""


def write_workbook(
    target: IO[bytes],
    title: str,
    headings: Sequence[str],
    rows: Iterable[Sequence[Any]],
    *,
    widths: Sequence[int] = (),
    at: datetime,
    beside: Table | None = None,
) -> None:
    """A sheet with a heading line, and another one beside it. Texts stay texts, whole numbers, days and
    (yuan, "yuan") sums are numbers. Row by row: in memory is one at a time, however many there are.
    """
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = at.replace(tzinfo=None)
    for name, heads, body in ((title, headings, rows), *([beside] if beside else [])):
        sheet: Any = book.create_sheet(_sheet_name(name))
        for number, width in enumerate(widths, start=1):
            sheet.column_dimensions[get_column_letter(number)].width = width
        sheet.freeze_panes = "A2"
        sheet.append([_heading(sheet, text) for text in heads])
        for row in body:
            sheet.append([_cell(sheet, value) for value in row])
    book.save(target)


def fen_cell(fen: int | None) -> tuple[str, int] | None:
    """A sum for a row of `write_workbook`: shown in yuan with both decimals."""
    return None if fen is None else ("fen", fen)


def _cell(sheet: Any, value: Any) -> Any:
    if isinstance(value, str):
        return text_cell(sheet, value)
    if isinstance(value, tuple):
        cell = WriteOnlyCell(sheet, value=Decimal(value[1]).scaleb(-2))
        cell.number_format = YUAN
        return cell
    if value is None or isinstance(value, int | date):
        return value
    raise TypeError(f"{type(value).__name__} has no place in a sheet")


def _heading(sheet: Any, text: str) -> Cell:
    cell = text_cell(sheet, text)
    cell.font, cell.alignment = Font(bold=True), Alignment(wrap_text=True, vertical="center")
    return cell


def _sheet_name(title: str) -> str:
    """At most 31 characters, none of those that a sheet's name may not hold."""
    return "".join("-" if character in "[]:*?/\\'" else character for character in clean_text(title))[:31] or "Sheet"
