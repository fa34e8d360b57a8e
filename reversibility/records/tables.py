"""CSV as every table of a bundle is written: for a French spreadsheet and for programs alike.

The choice: UTF-8 with a byte order mark, semicolons, CRLF, quotes where RFC 4180 wants them. Excel in French opens
such a file by a double click with its accents and columns right; LibreOffice, pandas (``sep=";"``) and Python read
it as well. Days are ISO 8601, which Excel takes as dates. A text that a spreadsheet would run as a formula
(``=``, ``+``, ``-``, ``@`` first, in full width too, also behind blanks and invisible characters) gets an apostrophe
before it: software names come from the machines. Half surrogate pairs are written out, since no file takes them.
"""

from __future__ import annotations

import csv
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Protocol

ENCODING = "utf-8-sig"
DELIMITER = ";"
_FORMULA = frozenset("=+-@")
_NOT_SEEN = frozenset({"Cc", "Cf", "Zs", "Zl", "Zp"})

Cell = str | int | float | bool | date | None


class RowWriter(Protocol):
    """What ``csv.writer`` returns, as far as it is used here."""

    def writerow(self, row: Iterable[str], /) -> object:
        """Write one line."""


def cell_text(value: Cell) -> str:
    """Write one value as a CSV cell."""
    if isinstance(value, str):  # first, since nearly all are
        first = value[:1]
        if first.isalnum() or not first:
            return value
        return f"'{value}" if _runs(value) else value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "oui" if value else "non"
    return value.isoformat() if isinstance(value, date) else str(value)


def _runs(text: str) -> bool:
    """Whether a spreadsheet may run a text as a formula: some drop what is not seen, or take full width."""
    if unicodedata.category(text[0]) == "Cc":
        return True
    first = next((sign for sign in text if unicodedata.category(sign) not in _NOT_SEEN), "")
    return unicodedata.normalize("NFKC", first)[:1] in _FORMULA if first else False


class Table:
    """A CSV file that is being written, a row at a time."""

    def __init__(self, writer: RowWriter) -> None:
        self._writer = writer

    def row(self, values: Iterable[Cell]) -> None:
        """Write one row."""
        self._writer.writerow([cell_text(value) for value in values])


@contextmanager
def write_table(path: Path, headers: Iterable[str]) -> Iterator[Table]:
    """Create the CSV file ``path`` with its header line; rows are written as they come, nothing is kept."""
    with path.open("w", encoding=ENCODING, errors="backslashreplace", newline="") as stream:
        table = Table(csv.writer(stream, delimiter=DELIMITER, lineterminator="\r\n"))
        table.row(headers)
        yield table


def read_table(path: Path) -> Iterator[list[str]]:
    """Yield the rows of a CSV file written by ``write_table``, the header first.

    Raises ValueError when a row is not UTF-8, is not CSV, or has another number of cells than the header.
    """
    with path.open(encoding=ENCODING, newline="") as stream:
        width: int | None = None
        try:
            for number, row in enumerate(csv.reader(stream, delimiter=DELIMITER, strict=True), 1):
                width = len(row) if width is None else width
                if len(row) != width:
                    raise ValueError(
                        f"{path.name}: row {number} has {len(row)} cells, the header has {width}"
                    )
                yield row
        except csv.Error as error:
            raise ValueError(f"{path.name}: {error}") from error
