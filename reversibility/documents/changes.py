"""Changes of the inventory since the previous hand-over (R40: "les modifications apportées").

Both inventories are read as the files that were handed over: ``inventaire.json`` and ``logiciels.csv``, which is
in the order of the tags, so that two of them are compared side by side without holding either in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

from reversibility.contract.payload_reader import CHANGES_HEADERS as HEADERS
from reversibility.errors import CartableError
from reversibility.records.json_text import read_json
from reversibility.records.tables import Cell, cell_text, read_table

__all__ = ["HEADERS", "WIDTHS", "Change", "Previous", "software_versions"]

WIDTHS = (12, 20, 16, 34, 34, 34)
NOT_COMPARED = frozenset({"last_seen", "software_count"})


@dataclass(frozen=True, slots=True)
class Change:
    """One line of the list: an asset or a software that came, went or became another."""

    tag: str
    site: str
    what: str
    item: str
    before: str = ""
    after: str = ""

    def cells(self) -> tuple[Cell, ...]:
        """Return the cells under HEADERS."""
        return (self.tag, self.site, self.what, self.item, self.before, self.after)


class Previous:
    """The previously handed-over inventory; without one, nothing is compared."""

    def __init__(self, folder: Path | None) -> None:
        """Open the ``01-inventaire`` of an earlier bundle. Raises CartableError when it cannot be read."""
        self.generated: str | None = None
        self._rows: dict[str, dict[str, Any]] = {}
        self._software: _SoftwareReader | None = None
        if folder is None:
            return
        try:
            document = read_json((folder / "inventaire.json").read_bytes())
            self._rows = {row["tag"]: row for row in document["assets"]}
            self.generated = str(document["generated"])
            self._software = _SoftwareReader(folder / "logiciels.csv")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CartableError(
                f"The previous inventory in {folder} cannot be read ({error}); "
                "remove that bundle or hand over without a comparison."
            ) from error

    @property
    def known(self) -> bool:
        """Say whether there is an earlier inventory."""
        return self.generated is not None

    def changes_of(
        self, row: Mapping[str, Any], software: Mapping[str, str], headers: Mapping[str, str]
    ) -> Iterator[Change]:
        """Compare one asset (called in the order of the tags) with what it was; ``headers`` name its columns."""
        if not self.known:
            return
        tag, site = str(row["tag"]), str(row["site"])
        installed = self._software.take(tag) if self._software else {}
        before = self._rows.pop(tag, None)
        if before is None:
            yield Change(
                tag, site, "ajouté", "équipement", "", str(row.get("kind_name") or row.get("kind") or "")
            )
            return
        for key, header in headers.items():
            old, new = cell_text(before.get(key)), cell_text(row.get(key))
            if old != new and key not in NOT_COMPARED:
                yield Change(tag, site, "modifié", header, old, new)
        for name in sorted(installed.keys() | software.keys()):
            old, new = installed.get(name, ""), software.get(name, "")
            if name not in installed:
                yield Change(tag, site, "installé", name, "", new)
            elif name not in software:
                yield Change(tag, site, "désinstallé", name, old, "")
            elif old != new:
                yield Change(tag, site, "mis à jour", name, old, new)

    def gone(self) -> Iterator[Change]:
        """List the assets that are no longer declared, once all others were compared."""
        for tag in sorted(self._rows):
            row = self._rows[tag]
            yield Change(
                tag, str(row.get("site", "")), "retiré", "équipement", str(row.get("kind_name", "")), ""
            )


class _SoftwareReader:
    """Reads logiciels.csv forward, an asset at a time."""

    def __init__(self, path: Path) -> None:
        rows = read_table(path)
        next(rows, None)
        self._groups = groupby(rows, key=lambda row: row[0])
        self._ahead: tuple[str, dict[str, str]] | None = None
        self._advance()

    def take(self, tag: str) -> dict[str, str]:
        """Return the software (name: version) of ``tag``, skipping assets that come before it."""
        while self._ahead is not None and self._ahead[0] < tag:
            self._advance()
        return self._ahead[1] if self._ahead is not None and self._ahead[0] == tag else {}

    def _advance(self) -> None:
        group = next(self._groups, None)
        if group is None:
            self._ahead = None
            return
        tag, rows = group
        self._ahead = (tag, software_versions((row[2], row[3]) for row in rows))


def software_versions(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Map the name of a software to its version; several versions side by side are joined."""
    versions: dict[str, str] = {}
    for name, version in pairs:
        versions[name] = f"{versions[name]}, {version}" if name in versions else version
    return versions
