"""Reads back the workbook that was handed over: the names in the first column of each sheet.

With the standard library, since what is shown is that the file in the bundle opens as the format says (ISO/IEC
29500), not that our writer remembers what it wrote.
"""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree

_MAIN = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_REL = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_PACKAGE = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"


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
        except (zipfile.BadZipFile, KeyError, ElementTree.ParseError) as error:
            raise ValueError(f"{path.name}: {error}") from error

    @property
    def sheets(self) -> list[str]:
        """The names of the sheets, in their order."""
        return list(self._sheets)

    def first_column(self, sheet: str) -> list[str]:
        """Return the texts of column A of ``sheet``, its header first; ValueError when it does not read."""
        found: list[str] = []
        try:
            with self._archive.open(self._sheets[sheet]) as stream:
                for _, row in ElementTree.iterparse(stream):
                    if row.tag != f"{_MAIN}row":
                        continue
                    cell = row.find(f"{_MAIN}c")
                    if cell is not None and cell.get("r", "").rstrip("0123456789") == "A":
                        found.append(self._text(cell))
                    row.clear()
        except (zipfile.BadZipFile, KeyError, ElementTree.ParseError, EOFError) as error:
            raise ValueError(f"{sheet}: {error}") from error
        return found

    def close(self) -> None:
        """Close the file."""
        self._archive.close()

    def _shared_strings(self) -> list[str]:
        if "xl/sharedStrings.xml" not in self._archive.namelist():
            return []
        root = ElementTree.fromstring(self._archive.read("xl/sharedStrings.xml"))
        return ["".join(item.itertext()) for item in root.iter(f"{_MAIN}si")]

    def _text(self, cell: ElementTree.Element) -> str:
        if cell.get("t") == "inlineStr":
            return "".join(cell.itertext())
        value = cell.findtext(f"{_MAIN}v") or ""
        return self._strings[int(value)] if cell.get("t") == "s" else value


def _member(target: str) -> str:
    """Return the name in the archive of a relation's target, which is relative to ``xl/`` or begins with ``/``."""
    return target.lstrip("/") if target.startswith("/") else str(PurePosixPath("xl") / target)
