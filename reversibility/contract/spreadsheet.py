"""Reads back the workbook that was handed over, row by row.

With the standard library, since what is shown is that the file in the bundle opens as the format says (ISO/IEC
29500), not that our writer remembers what it wrote.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Any
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")  # a character that XML cannot have (ST_Xstring)
_DAY_ZERO = date(1899, 12, 30)  # of the numbers that a workbook has for days (from March 1900 on)
_LONGEST = 32_767  # characters of a cell, of 16 bits

Row = dict[str, str]  # a column's letters (``A``, ``AB``) -> the text of the cell there, if it has one


class Spreadsheet:
    """An XLSX file that is open. Raises ValueError when it is none."""

    def __init__(self, path: Path) -> None:
        try:
            self._archive = zipfile.ZipFile(path)
            book = ElementTree.fromstring(self._archive.read("xl/workbook.xml"))
            relations = ElementTree.fromstring(self._archive.read("xl/_rels/workbook.xml.rels"))
            targets = {item.get("Id", ""): item.get("Target", "") for item in relations.iter(_PACKAGE)}
            self._sheets = {
                sheet.get("name", ""): _member(targets[sheet.get(_REL, "")])
                for sheet in book.iter(f"{_MAIN}sheet")
            }
            self._strings = self._shared_strings()
        except (zipfile.BadZipFile, zlib.error, KeyError, ElementTree.ParseError, EOFError) as error:
            raise ValueError(f"{path.name}: {error}") from error

    @property
    def sheets(self) -> list[str]:
        """The names of the sheets, in their order."""
        return list(self._sheets)

    def rows(self, sheet: str) -> list[Row]:
        """Return the rows of ``sheet`` that hold anything, the header first; ValueError when it does not read."""
        found: list[Row] = []
        try:
            with self._archive.open(self._sheets[sheet]) as stream:
                for _, element in ElementTree.iterparse(stream):
                    if element.tag != f"{_MAIN}row":
                        continue
                    texts = ((cell.get("r", ""), self._text(cell)) for cell in element.iter(f"{_MAIN}c"))
                    row = {place.rstrip("0123456789"): text for place, text in texts if text}
                    if row:
                        found.append(row)
                    element.clear()
        except (zipfile.BadZipFile, zlib.error, LookupError, ElementTree.ParseError, EOFError) as error:
            raise ValueError(f"{sheet}: {error}") from error
        return found

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    def _shared_strings(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self._archive.namelist():
            return []
        found: list[str] = []
        with self._archive.open("xl/sharedStrings.xml") as stream:
            # With tens of thousands of assets the tree is many times as large as its texts: a part at a time.
            parts = ElementTree.iterparse(stream, events=("start", "end"))
            _, root = next(parts)
            for event, element in parts:
                if event == "end" and element.tag == f"{_MAIN}si":
                    found.append(_plain("".join(element.itertext())))
                    root.clear()
        return found

    def _text(self, cell: ElementTree.Element) -> str:
        if cell.get("t") == "inlineStr":
            return _plain("".join(cell.itertext()))
        value = cell.findtext(f"{_MAIN}v") or ""
        return self._strings[int(value)] if cell.get("t") == "s" else value


def _member(target: str) -> str:
    """Return the name in the archive of a relation's target, which is relative to ``xl/`` or begins with ``/``."""
    return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text) if "_x" in text else text


def says(cell: str, value: Any) -> bool:
    """Whether the text of a cell is what a workbook has for ``value`` of inventaire.json, where days are ISO 8601."""
    if value is None or isinstance(value, bool):
        return cell == {None: "", True: "oui", False: "non"}[value]
    text = str(value)
    if len(text) > _LONGEST // 2:
        text = text.encode("utf-16-le", "surrogatepass")[: 2 * _LONGEST].decode("utf-16-le", "ignore")
    return cell == text or (cell.isdecimal() and cell == _day_number(text))


def _day_number(text: str) -> str | None:
    try:
        return str((date.fromisoformat(text) - _DAY_ZERO).days)
    except ValueError:
        return None
