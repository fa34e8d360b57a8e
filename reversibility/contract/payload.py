"""Reads what is in the bundle that is being built, each file once.

An assessment has a row for each obligation and asset; the files behind them are few. Evidences ask here, so that
the record of an asset is parsed once for all its rows and forgotten when the next asset's turn comes, and the
files about the whole market are indexed once.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from reversibility.contract.formats import open_format
from reversibility.contract.spreadsheet import Spreadsheet
from reversibility.documents.changes import HEADERS as CHANGES_HEADERS
from reversibility.documents.tables import cell_text, read_table
from reversibility.records.inventory_summary import Software, software_of

EQUIPMENT = "02-equipements"
INVENTORY_JSON = "01-inventaire/inventaire.json"
INVENTORY_CSV = "01-inventaire/inventaire.csv"
INVENTORY_XLSX = "01-inventaire/inventaire.xlsx"
SOFTWARE_CSV = "01-inventaire/logiciels.csv"
CHANGES_CSV = "01-inventaire/modifications.csv"
CATALOGUE = "04-logiciels/catalogue.yml"


class Unreadable(Exception):
    """A file is there and does not open: evidence that is present and cannot be proven. Words in French."""

    def __init__(self, path: str, problem: str) -> None:
        super().__init__(f"{path}\u00a0: {problem}")
        self.path = path


@dataclass(slots=True)
class Formats:
    """How many files were opened, and which of them are not what they should be."""

    opened: int = 0
    problems: list[str] = field(default_factory=list)

    def note(self, path: str, problem: str | None) -> None:
        """Count one file."""
        self.opened += 1
        if problem:
            self.problems.append(f"{path}\u00a0: {problem}")


class AssetFolder:
    """The records of one asset in the bundle; what was parsed is kept as long as this object."""

    def __init__(self, payload: Payload, site: str, tag: str) -> None:
        self.relative = f"{EQUIPMENT}/{site}/{tag}"
        # plain strings: with 25,000 assets the making of Path objects is a good part of the time
        self._folder = f"{payload.data}/{self.relative}"
        self._parsed: dict[str, Any] = {}

    def path(self, name: str) -> str:
        """Return the path in the bundle of one of the asset's files, below ``data/``."""
        return f"{self.relative}/{name}"

    @cached_property
    def names(self) -> list[str]:
        """The asset's files, sorted, relative to its folder."""
        return sorted(_files(self._folder))

    def bytes(self, name: str) -> bytes | None:
        """Read one file; None when it is not there."""
        if name not in self.names:
            return None
        with open(f"{self._folder}/{name}", "rb") as stream:  # noqa: PTH123 - see __init__
            return stream.read()

    def json(self, name: str) -> Any | None:
        """Parse one JSON file; None when it is not there. Raises Unreadable when it is no JSON."""
        if name not in self._parsed:
            content = self.bytes(name)
            try:
                self._parsed[name] = None if content is None else json.loads(content)
            except (ValueError, RecursionError):
                self._parsed[name] = Unreadable(self.path(name), "n’est pas du JSON")
        value = self._parsed[name]
        if isinstance(value, Unreadable):
            raise value
        return value

    @cached_property
    def software(self) -> tuple[Software, ...]:
        """The software of the asset's record, empty when there is none. Raises Unreadable."""
        record = self.json("inventory.json")
        content = record.get("content") if isinstance(record, dict) else None
        return software_of(content) if isinstance(content, dict) else ()

    @cached_property
    def software_digest(self) -> int:
        """What ``Payload.software`` should have for the asset."""
        digest = 0
        for software in self.software:
            digest ^= software_digest(cell_text(software.name), cell_text(software.version))
        return digest

    def check_formats(self, formats: Formats) -> None:
        """Open every file that was not opened yet, and note all of them."""
        for name in self.names:
            if name in self._parsed:
                broken = isinstance(self._parsed[name], Unreadable)
                formats.note(self.path(name), "n’est pas du JSON" if broken else None)
            else:
                formats.note(self.path(name), open_format(f"{self._folder}/{name}"))


@dataclass(slots=True)
class Inventory:
    """inventaire.json, read back and compared with inventaire.csv."""

    rows: dict[str, dict[str, Any]]
    columns: Mapping[str, str]  # key: header
    sheets: Mapping[str, str]
    differs: Mapping[str, str]  # tag: the column in which CSV and JSON do not agree


class Payload:
    """``data/`` of the bundle that is being built."""

    def __init__(self, bundle: Path) -> None:
        self.data = bundle / "data"
        self.formats = Formats()
        self._asset: AssetFolder | None = None
        self._checked: set[str] = set()
        self._exists: dict[str, bool] = {}

    def exists(self, relative: str) -> bool:
        """Say whether there is a file at ``relative`` (below ``data/``) that is not empty."""
        if relative not in self._exists:
            path = self.data / relative
            self._exists[relative] = path.is_file() and path.stat().st_size > 0
        return self._exists[relative]

    def glob(self, pattern: str) -> list[str]:
        """Return the files below ``data/`` that match ``pattern``, sorted, as paths below ``data/``."""
        return sorted(p.relative_to(self.data).as_posix() for p in self.data.glob(pattern) if p.is_file())

    def asset(self, site: str, tag: str) -> AssetFolder:
        """Return the folder of an asset: the same object until another asset is asked for."""
        if self._asset is None or self._asset.relative != f"{EQUIPMENT}/{site}/{tag}":
            self._asset = AssetFolder(self, site, tag)
        return self._asset

    def check_asset(self, site: str, tag: str) -> None:
        """Open all files of an asset while those already parsed are at hand."""
        folder = self.asset(site, tag)
        folder.check_formats(self.formats)
        self._checked.add(folder.relative)

    def check_rest(self) -> Formats:
        """Open all files that ``check_asset`` did not see, and return the report on everything."""
        for relative in sorted(_files(str(self.data))):
            if "/".join(relative.split("/")[:3]) not in self._checked:
                self.formats.note(relative, open_format(f"{self.data}/{relative}"))
        return self.formats

    @cached_property
    def inventory(self) -> Inventory | None:
        """The inventory as it was handed over; None when there is none. Raises Unreadable."""
        path = self.data / INVENTORY_JSON
        if not path.is_file():
            return None
        try:
            document = json.loads(path.read_bytes())
            rows = {row["tag"]: row for row in document["assets"]}
            columns = dict(document["columns"])
            sheets = dict(document["sheets"])
        except (ValueError, KeyError, TypeError) as error:
            raise Unreadable(INVENTORY_JSON, "n’est pas l’inventaire attendu") from error
        return Inventory(rows, columns, sheets, self._differences(rows, columns))

    def _differences(
        self, rows: Mapping[str, Mapping[str, Any]], columns: Mapping[str, str]
    ) -> dict[str, str]:
        """Compare inventaire.csv with the rows of inventaire.json; a tag that is lacking differs, too."""
        path = self.data / INVENTORY_CSV
        differs = dict.fromkeys(rows, INVENTORY_CSV)
        if not path.is_file():
            return differs
        try:
            table = read_table(path)
            if next(table, None) != list(columns.values()):
                return differs
            for cells in table:
                row = rows.get(cells[0], {})
                wrong = next(
                    (
                        header
                        for (key, header), cell in zip(columns.items(), cells, strict=True)
                        if cell != cell_text(row.get(key))
                    ),
                    None,
                )
                differs.pop(cells[0], None)
                if wrong:
                    differs[cells[0]] = wrong
        except (ValueError, IndexError):
            return dict.fromkeys(rows, INVENTORY_CSV)
        return differs

    @cached_property
    def software(self) -> Mapping[str, int]:
        """For each tag, a number that stands for its rows in logiciels.csv (see ``software_digest``)."""
        found: dict[str, int] = {}
        path = self.data / SOFTWARE_CSV
        if not path.is_file():
            return found
        try:
            table = read_table(path)
            next(table, None)
            for cells in table:
                found[cells[0]] = found.get(cells[0], 0) ^ software_digest(cells[2], cells[3])
        except (ValueError, IndexError) as error:
            raise Unreadable(SOFTWARE_CSV, "n’est pas du CSV") from error
        return found

    @cached_property
    def changes_problem(self) -> str | None:
        """What keeps modifications.csv from being read as a list of changes, in French; None when nothing does."""
        path = self.data / CHANGES_CSV
        if not path.is_file():
            return f"{CHANGES_CSV} absent"
        try:
            table = read_table(path)
            header = next(table, None)
            for _ in table:  # to its end: each row has its six cells
                pass
        except ValueError:
            return f"{CHANGES_CSV}\u00a0: n’est pas du CSV"
        return None if header == list(CHANGES_HEADERS) else f"{CHANGES_CSV}\u00a0: colonnes inattendues"

    @cached_property
    def workbook(self) -> Spreadsheet | None:
        """The workbook as it was handed over; None when there is none. Raises Unreadable."""
        path = self.data / INVENTORY_XLSX
        if not path.is_file():
            return None
        try:
            return Spreadsheet(path)
        except ValueError as error:
            raise Unreadable(INVENTORY_XLSX, "n’est pas un classeur lisible") from error

    @cached_property
    def catalogue(self) -> Any | None:
        """The software catalogue as it was handed over; None when it is not there. Raises Unreadable."""
        path = self.data / CATALOGUE
        if not path.is_file():
            return None
        try:
            return yaml.load(path.read_bytes(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        except yaml.YAMLError as error:
            raise Unreadable(CATALOGUE, "n’est pas du YAML") from error

    def close(self) -> None:
        """Close what was left open."""
        book = self.__dict__.get("workbook")
        if isinstance(book, Spreadsheet):
            book.close()


def software_digest(name: str, version: str) -> int:
    """Give a number for one software of an asset; XOR over all of them does not depend on their order.

    ``name`` and ``version`` are as ``cell_text`` writes them. Only compared within one process.
    """
    return hash((name, version))


def _files(folder: str) -> Iterator[str]:
    """Yield the files below ``folder`` as paths relative to it."""
    start = len(folder) + 1
    for directory, _, names in os.walk(folder):
        for name in names:
            yield f"{directory}/{name}"[start:]
