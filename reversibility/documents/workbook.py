"""The inventory as a workbook: a synthesis, the whole fleet, one sheet a school, software, changes.

Written with XlsxWriter in constant memory: rows go to the disk as they come, so 25,000 assets take no more memory
than ten. The price: a column's width cannot follow its content, it is given with the column.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

import xlsxwriter

from reversibility.records.tables import Cell

NAVY = "#1F3A5F"
MAX_ROWS = 1_048_575  # of a sheet, below the header
_FORBIDDEN = re.compile(r"[\[\]:*?/\\\x00-\x1f]")


SHEET_NAME = 31
CELL_TEXT = 32_767
MOST_DIGITS = 10**15  # a workbook's numbers have 15 digits


def cut(text: str, units: int) -> str:
    """The start of a text in as many characters as Excel counts: those beyond the basic plane count twice."""
    if len(text) <= units // 2:
        return text
    return text.encode("utf-16-le", "surrogatepass")[: 2 * units].decode("utf-16-le", "ignore")


class Sheet:
    """One sheet with a frozen header, to which rows are added."""

    def __init__(
        self,
        sheet: Any,
        formats: Mapping[str, Any],
        headers: Sequence[str],
        widths: Sequence[int],
        hidden: Sequence[int],
    ) -> None:
        self._sheet = sheet
        self._formats = formats
        self._columns = len(headers)
        self.rows = 0
        for index, width in enumerate(widths):
            sheet.set_column(index, index, width, None, {"hidden": index in hidden})
        sheet.set_row(0, 32)
        for index, header in enumerate(headers):
            sheet.write_string(0, index, header, formats["header"])
        sheet.freeze_panes(1, 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.set_footer("&L&A&RPage &P sur &N")

    def add(self, values: Iterable[Cell]) -> None:
        """Add one row; a sheet that is full (Excel's limit) takes no more: the CSV file has everything."""
        if self.rows >= MAX_ROWS:
            return
        self.rows += 1
        for index, value in enumerate(values):
            self._cell(index, value)

    def _cell(self, column: int, value: Cell) -> None:
        if value is None or value == "":
            return
        if isinstance(value, bool):
            self._sheet.write_string(self.rows, column, "oui" if value else "non", self._formats["text"])
        elif isinstance(value, (date, datetime)):
            self._sheet.write_datetime(self.rows, column, value, self._formats["date"])
        elif isinstance(value, (int, float)) and abs(value) < MOST_DIGITS:
            self._sheet.write_number(self.rows, column, value, self._formats["number"])
        else:
            self._sheet.write_string(self.rows, column, _text(value), self._formats["text"])

    def finish(self) -> None:
        """Add the filter over everything that was written."""
        self._sheet.autofilter(0, 0, max(self.rows, 1), self._columns - 1)


def _text(value: object) -> str:
    return cut(str(value).encode("utf-8", "backslashreplace").decode("utf-8"), CELL_TEXT)


class Cover:
    """A sheet for reading: a title, labelled values, and a small table whose first row is its header."""

    def __init__(self, sheet: Any, formats: Mapping[str, Any]) -> None:
        self._sheet = sheet
        self._formats = formats
        sheet.set_column(0, 0, 44)
        sheet.set_column(1, 40, 16)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)

    def fill(self, title: str, lines: Sequence[tuple[str, Cell]], table: Sequence[Sequence[Cell]]) -> None:
        """Write all of it."""
        self._sheet.write_string(0, 0, title, self._formats["title"])
        row = 2
        for label, value in lines:
            self._sheet.write_string(row, 0, label, self._formats["label"])
            self._put(row, 1, value, "text")
            row += 1
        for index, cells in enumerate(table):
            for column, value in enumerate(cells):
                self._put(row + 1 + index, column, value, "text" if index else "header")

    def _put(self, row: int, column: int, value: Cell, style: str) -> None:
        if isinstance(value, (date, datetime)):
            self._sheet.write_datetime(row, column, value, self._formats["date"])
        elif isinstance(value, (int, float)) and not isinstance(value, bool):
            self._sheet.write_number(row, column, value, self._formats["number"])
        elif value is not None:
            self._sheet.write_string(row, column, _text(value), self._formats[style])


class Workbook:
    """An XLSX file that is being written. Use it as a context manager: leaving it writes the file."""

    def __init__(self, path: Path, *, title: str, author: str, created: datetime) -> None:
        self._book = xlsxwriter.Workbook(
            str(path), {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        self._book.set_properties(
            # XlsxWriter wants a time without a zone, and writes it as UTC
            {"title": title, "author": author, "created": created.replace(tzinfo=None)}
        )
        cell = {"font_name": "Calibri", "font_size": 10, "valign": "top"}
        self._formats = {
            "text": self._book.add_format(cell),
            "number": self._book.add_format({**cell, "num_format": "#,##0"}),
            "date": self._book.add_format({**cell, "num_format": "dd/mm/yyyy", "align": "left"}),
            "header": self._book.add_format(
                {
                    **cell,
                    "bold": True,
                    "font_color": "#FFFFFF",
                    "bg_color": NAVY,
                    "text_wrap": True,
                    "valign": "vcenter",
                }
            ),
            "title": self._book.add_format({**cell, "bold": True, "font_size": 16, "font_color": NAVY}),
            "label": self._book.add_format({**cell, "bold": True}),
        }
        self._sheets: list[Sheet] = []

    def sheet(
        self, name: str, headers: Sequence[str], widths: Sequence[int], hidden: Sequence[int] = ()
    ) -> Sheet:
        """Add a sheet; ``name`` must come from ``sheet_names``, ``hidden`` are the columns folded away."""
        sheet = Sheet(self._book.add_worksheet(name), self._formats, headers, widths, hidden)
        self._sheets.append(sheet)
        return sheet

    def cover(self, name: str) -> Cover:
        """Add a sheet for reading; it is filled once everything is known."""
        return Cover(self._book.add_worksheet(name), self._formats)

    def __enter__(self) -> Workbook:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        if kind is None:
            for sheet in self._sheets:
                sheet.finish()
        self._book.close()


def sheet_names(wanted: Iterable[tuple[str, str]], taken: Iterable[str] = ()) -> dict[str, str]:
    """Give each key a sheet name from its title: allowed in Excel, at most 31 characters, no two alike.

    ``wanted`` is a list of (key, title); the answer is a mapping of key to sheet name.
    """
    used = {name.casefold() for name in taken} | {"history", "historique"}
    names: dict[str, str] = {}
    for key, title in wanted:
        base = _FORBIDDEN.sub(" ", title).strip(" '") or key
        name, number = cut(base, SHEET_NAME).rstrip(" '"), 1
        while name.casefold() in used:
            number += 1
            suffix = f" ({number})"
            name = cut(base, SHEET_NAME - len(suffix)).rstrip(" '") + suffix
        used.add(name.casefold())
        names[key] = name
    return names
