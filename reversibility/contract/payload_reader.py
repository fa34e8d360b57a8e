"""Reads what is in the bundle that is being built, each file once.

An assessment has a row for each obligation and asset; the files behind them are few. Evidences ask here, so that
the record of an asset is parsed once for all its rows and forgotten when the next asset's turn comes, and the
files about the whole market are indexed once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from reversibility.contract.asset_folder import (
    EQUIPMENT,
    AssetFolder,
    Formats,
    Unreadable,
    files_below,
    software_digest,
)
from reversibility.contract.formats import open_format
from reversibility.contract.spreadsheet import Spreadsheet
from reversibility.records.json_text import read_json
from reversibility.records.tables import cell_text, read_table

INVENTORY_JSON = "01-inventaire/inventaire.json"
INVENTORY_CSV = "01-inventaire/inventaire.csv"
INVENTORY_XLSX = "01-inventaire/inventaire.xlsx"
SOFTWARE_CSV = "01-inventaire/logiciels.csv"
CHANGES_CSV = "01-inventaire/modifications.csv"
CHANGES_HEADERS = ("Étiquette", "Code école", "Modification", "Élément", "Avant", "Après")
CATALOGUE = "04-logiciels/catalogue.yml"


@dataclass(slots=True)
class Inventory:
    """inventaire.json, read back and compared with inventaire.csv."""

    rows: dict[str, dict[str, Any]]
    columns: Mapping[str, str]  # key: header
    sheets: Mapping[str, str]
    differs: Mapping[str, str]  # tag: the column in which CSV and JSON do not agree


class PayloadReader:
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
            self._asset = AssetFolder(str(self.data), site, tag)
        return self._asset

    def check_asset(self, site: str, tag: str) -> None:
        """Open all files of an asset while those already parsed are at hand."""
        folder = self.asset(site, tag)
        folder.check_formats(self.formats)
        self._checked.add(folder.relative)

    def check_rest(self) -> Formats:
        """Open all files that ``check_asset`` did not see, and return the report on everything."""
        for relative in sorted(files_below(str(self.data))):
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
            document = read_json(path.read_bytes())
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
        """For each tag, a number that stands for its rows in logiciels.csv (see ``asset_folder.software_digest``)."""
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
