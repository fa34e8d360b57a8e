"""The state for a build, which a damaged record does not stop."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reversibility.bundle.findings import Finding
from reversibility.errors import CartableError
from reversibility.records.state import VOLATILE, State

UNREADABLE = (
    "Relevé illisible, repris tel quel et non exploité\u00a0: {}. La machine est à relever de nouveau."
)
# Records that are mappings, and what each lists as mappings.
LISTED = {
    "inventory.json": "content",
    "accounts.json": "accounts",
    "services.json": "services",
    "updates.json": "pending",
    "findings.json": None,
    VOLATILE: None,
}


class ReadableState(State):
    """A state that treats a damaged record as missing, and reports it in ``findings``.

    The file itself goes into the bundle as it is.
    """

    def __init__(self, directory: Path) -> None:
        super().__init__(directory)
        self.findings: dict[str, None] = {}  # in order, each once

    def read_json(self, site: str, asset: str, name: str) -> Any | None:
        """Read one JSON record; None also when it is damaged."""
        try:
            content = super().read_json(site, asset, name)
        except CartableError as error:
            self.findings.setdefault(Finding(str(error), UNREADABLE.format(f"{site}/{asset}/{name}")))
            return None
        if content is not None and name in LISTED and not _has_shape(content, LISTED[name]):
            self.findings.setdefault(
                Finding(
                    f"{self.directory / site / asset / name} does not have the shape of such a record and was not "
                    "used; observe the machine again.",
                    UNREADABLE.format(f"{site}/{asset}/{name}"),
                )
            )
            return None
        return content

    def check(self, site: str, asset: str) -> None:
        """Read the records that no section reads, so that their damage is told as well."""
        for name in self.files(site, asset):
            if (
                name.endswith(".json") and "/" not in name and name != "inventory.json"
            ):  # 01-inventaire reads it
                self.read_json(site, asset, name)


def _has_shape(content: Any, inside: str | None) -> bool:
    if not isinstance(content, dict):
        return False
    if inside is None or inside not in content:
        return True
    value = content[inside]
    if inside == "content":
        return isinstance(value, dict)
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)
