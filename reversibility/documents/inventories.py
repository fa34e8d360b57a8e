"""The inventory that is handed over: inventaire.csv, .json and .xlsx, logiciels.csv, modifications.csv.

All are written in one pass over the declared fleet, in the order of the tags, an asset at a time: the memory they
take does not grow with the fleet. No password is in any of them: a column says whether it is in the vault.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import ExitStack
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TextIO

from reversibility.documents import changes as change_list
from reversibility.documents.changes import Previous, software_versions
from reversibility.documents.columns import COLUMNS, Source
from reversibility.documents.french import kind_name, long_moment, month_name
from reversibility.documents.workbook import Sheet, Workbook, sheet_names
from reversibility.market.model import Asset, Market
from reversibility.records.inventory_summary import Seen, installed_version, seen_from_records
from reversibility.records.state import State
from reversibility.records.tables import Cell, cell_text, write_table
from reversibility.records.vault import Vault

SYNTHESIS = "Synthèse"
WHOLE_FLEET = "Parc complet"
CATALOGUE = "Logiciels du catalogue"
INSTALLED = "Logiciels par école"
CHANGES = "Modifications"
FORMAT = "cartable-inventaire/1"
# Beyond, the sheet of all schools together would double the file and its time; each school has its own sheet, and
# inventaire.csv has all of them.
WHOLE_FLEET_LIMIT = 5_000

SOFTWARE_HEADERS = ("Étiquette", "Code école", "Logiciel", "Version", "Éditeur")
CATALOGUE_HEADERS = ("Étiquette", "École", "Salle", "Logiciel", "Version installée", "Usage")
INSTALLED_HEADERS = ("École", "Logiciel", "Version", "Nombre de postes")


def write_inventories(
    folder: Path,
    market: Market,
    state: State,
    *,
    in_vault: Collection[str],
    previous: Path | None = None,
    now: datetime | None = None,
) -> None:
    """Write the inventory of ``market`` into ``folder`` (``01-inventaire``), which must exist.

    ``in_vault`` are the tags of the assets for which the vault has a password (``tags_in_vault``). ``previous`` is
    the ``01-inventaire`` of the bundle before, which gives the changes; without it the list of changes says that this
    is the first. ``now`` is what the files are dated with.
    """
    moment = now or datetime.now(UTC)
    sites = [(site, str(content.get("name", site))) for site, content in market.sites.items()]
    sheets = sheet_names(sites, taken=(SYNTHESIS, WHOLE_FLEET, CATALOGUE, INSTALLED, CHANGES))
    before = Previous(previous)
    with ExitStack() as stack:
        files = _Files(stack, folder, market, moment, sheets, before)
        for asset in sorted(market.assets.values(), key=lambda a: a.tag):
            files.add(Source(market, asset, _read(state, asset), asset.tag in in_vault))
        files.finish()


def tags_in_vault(vault: Vault) -> frozenset[str]:
    """Return the tags of the assets for which the vault has a password in force, and not only a pending one."""
    return frozenset(entry.asset for entry in vault.entries() if entry.password)


def row_of(source: Source) -> dict[str, Cell]:
    """Return an asset's row, by the keys of the columns."""
    return {column.key: column.value(source) for column in COLUMNS}


def _read(state: State, asset: Asset) -> Seen:
    """Read what was seen on an asset."""
    return seen_from_records(
        _mapping(state.read_json(asset.site, asset.tag, "inventory.json")),
        _mapping(state.read_json(asset.site, asset.tag, "accounts.json")),
        state.volatile(asset.site, asset.tag),
    )


def _mapping(value: Any) -> Mapping[str, Any] | None:
    return value if isinstance(value, Mapping) else None


class _Files:
    """The files that are being written side by side."""

    def __init__(
        self,
        stack: ExitStack,
        folder: Path,
        market: Market,
        moment: datetime,
        sheets: Mapping[str, str],
        before: Previous,
    ) -> None:
        headers = [column.header for column in COLUMNS]
        widths = [column.width for column in COLUMNS]
        hidden = [index for index, column in enumerate(COLUMNS) if column.hidden]
        self._market, self._moment, self._before = market, moment, before
        self._headers = {column.key: column.header for column in COLUMNS}
        self._kinds: Counter[tuple[str, str]] = Counter()
        self._installed: Counter[tuple[str, str, str]] = Counter()
        self._changes = 0
        self._csv = stack.enter_context(write_table(folder / "inventaire.csv", headers))
        self._software = stack.enter_context(write_table(folder / "logiciels.csv", SOFTWARE_HEADERS))
        self._changed = stack.enter_context(write_table(folder / "modifications.csv", change_list.HEADERS))
        self._json = JsonInventory(
            stack.enter_context((folder / "inventaire.json").open("w", encoding="utf-8")),
            market,
            moment,
            sheets,
        )
        self._book = stack.enter_context(
            Workbook(
                folder / "inventaire.xlsx",
                title=f"Inventaire du parc, {month_name(moment)}",
                author=str(market.contract.get("parties", {}).get("contractor", {}).get("name", "")),
                created=moment,
            )
        )
        self._synthesis = self._book.cover(SYNTHESIS)
        whole = len(market.assets) <= WHOLE_FLEET_LIMIT
        self._fleet = self._book.sheet(WHOLE_FLEET, headers, widths, hidden) if whole else None
        self._by_site: dict[str, Sheet] = {
            site: self._book.sheet(name, headers, widths, hidden) for site, name in sheets.items()
        }
        self._catalogue = self._book.sheet(CATALOGUE, CATALOGUE_HEADERS, (12, 36, 22, 28, 24, 50))
        self._installed_sheet = self._book.sheet(INSTALLED, INSTALLED_HEADERS, (36, 40, 30, 18))
        self._changes_sheet = self._book.sheet(CHANGES, change_list.HEADERS, change_list.WIDTHS)

    def add(self, source: Source) -> None:
        """Write one asset everywhere."""
        asset, seen, row = source.asset, source.seen, row_of(source)
        values = list(row.values())
        self._csv.row(values)
        self._json.add(row)
        if self._fleet:
            self._fleet.add(values)
        if asset.site in self._by_site:
            self._by_site[asset.site].add(values)
        self._kinds[asset.site, asset.kind] += 1
        for software in seen.software:
            self._software.row((asset.tag, asset.site, software.name, software.version, software.publisher))
            self._installed[asset.site, software.name, software.version] += 1
        self._add_catalogue(asset, seen, str(row["site_name"]), str(row["room_name"]))
        if self._before.known:
            # as logiciels.csv has them, with which they are compared
            pairs = ((cell_text(item.name), cell_text(item.version)) for item in seen.software)
            installed = software_versions(pairs)
            self._add_changes(self._before.changes_of(row, installed, self._headers))

    def _add_catalogue(self, asset: Asset, seen: Seen, site: str, room: str) -> None:
        for entry in self._market.software_for(asset):
            version = installed_version(entry, seen.software)
            self._catalogue.add(
                (asset.tag, site, room, entry.get("name"), version or "non constaté", entry.get("purpose"))
            )

    def _add_changes(self, found: Iterator[change_list.Change]) -> None:
        for change in found:
            self._changed.row(change.cells())
            self._changes_sheet.add(change.cells())
            self._changes += 1

    def _add_change(self, cells: tuple[Cell, ...]) -> None:
        self._changed.row(cells)
        self._changes_sheet.add(cells)

    def finish(self) -> None:
        """Write what is only known at the end."""
        self._add_changes(self._before.gone())
        if not self._before.known:
            self._add_change(("", "", "premier inventaire", "aucun inventaire antérieur à comparer", "", ""))
        elif not self._changes:
            since = (
                f"depuis l’inventaire du {long_moment(datetime.fromisoformat(str(self._before.generated)))}"
            )
            self._add_change(("", "", "aucune modification", since, "", ""))
        names = {site: str(content.get("name", site)) for site, content in self._market.sites.items()}
        for (site, name, version), count in sorted(self._installed.items()):
            self._installed_sheet.add((names.get(site, site), name, version, count))
        self._json.finish()
        self._cover(names)

    def _cover(self, names: Mapping[str, str]) -> None:
        kinds = sorted({kind for _, kind in self._kinds}, key=kind_name)
        header: list[Cell] = ["École", *(kind_name(kind).capitalize() for kind in kinds), "Total"]
        table = [header]
        for site, name in names.items():
            counts = [self._kinds[site, kind] for kind in kinds]
            table.append([name, *(count or None for count in counts), sum(counts)])
        totals = [sum(self._kinds[site, kind] for site in names) for kind in kinds]
        table.append(["Ensemble", *totals, sum(totals)])
        since = self._before.generated
        lines: list[tuple[str, Cell]] = [
            ("Marché", str(self._market.contract.get("contract", {}).get("title", self._market.name))),
            ("Inventaire du mois de", month_name(self._moment)),
            ("Établi le", long_moment(self._moment)),
            ("Équipements déclarés", sum(totals)),
            ("Modifications depuis le", date.fromisoformat(since[:10]) if since else "premier inventaire"),
            ("Nombre de modifications", self._changes),
            ("Mots de passe", "dans le coffre (06-secrets), jamais dans ce classeur"),
            ("Tous les logiciels, poste par poste", "logiciels.csv"),
        ]
        self._synthesis.fill("Inventaire du parc", lines, table)


class JsonInventory:
    """``inventaire.json``, written an asset at a time: one line each, so that ``diff`` shows what changed."""

    def __init__(self, stream: TextIO, market: Market, moment: datetime, sheets: Mapping[str, str]) -> None:
        head = {
            "format": FORMAT,
            "market": market.name,
            "generated": moment.astimezone(UTC).isoformat(timespec="seconds"),
            "columns": {column.key: column.header for column in COLUMNS},
            "sheets": dict(sheets),
        }
        self._stream = stream
        self._first = True
        stream.write(json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "assets": [')

    def add(self, row: Mapping[str, Cell]) -> None:
        """Write one asset; what has no value is left out, days are ISO 8601."""
        known = {key: value for key, value in row.items() if value is not None}
        self._stream.write("\n  " if self._first else ",\n  ")
        self._stream.write(json.dumps(known, ensure_ascii=False, default=date.isoformat))
        self._first = False

    def finish(self) -> None:
        """Close the list."""
        self._stream.write("\n ]\n}\n")
