"""Paths of a market's data on the controller."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from reversibility.errors import CartableError

DATA_DIRECTORY_VARIABLE = "CARTABLE_DATA_DIR"
OPERATOR_KEY = "operator_ed25519"


@dataclass(frozen=True)
class MarketPaths:
    """The folders and files of one market.

    ``inventory`` is what is wanted and lives in the project's Git; everything else lives under ``data``, which
    Git ignores, so that a secret or a record cannot be committed to the project by accident.
    """

    market: str
    inventory: Path
    data: Path

    @classmethod
    def for_inventory(cls, inventory: Path) -> MarketPaths:
        """Find the paths for the market folder ``inventory`` (for example ``inventories/demo``).

        The data folder is ``$CARTABLE_DATA_DIR/<market>`` where that is set, and ``var/<market>`` beside
        ``inventories/`` otherwise. A file of the folder (``hosts.yml``) may be given in place of the folder.

        Raises CartableError when there is no ``hosts.yml``.
        """
        folder = inventory.resolve()
        if folder.is_file():
            folder = folder.parent
        if not (folder / "hosts.yml").is_file():
            raise CartableError(
                f"{folder} is not a market: it has no hosts.yml; give a folder such as inventories/demo."
            )
        configured = os.environ.get(DATA_DIRECTORY_VARIABLE)
        base = Path(configured) if configured else folder.parent.parent / "var"
        return cls(market=folder.name, inventory=folder, data=base.resolve() / folder.name)

    @property
    def state(self) -> Path:
        """The Git repository of all records."""
        return self.data / "state"

    @property
    def journal(self) -> Path:
        """The hash-chained lines of what was done: a folder for each controller."""
        return self.state / "journal"

    @property
    def vault(self) -> Path:
        """The KeePass file with every secret."""
        return self.data / "vault.kdbx"

    @property
    def obtained(self) -> Path:
        """Original configurations from other parties: a folder for each asset, with secrets."""
        return self.data / "obtained"

    @property
    def bundles(self) -> Path:
        """The reversibility packages that were built here."""
        return self.data / "bundles"

    @property
    def keys(self) -> Path:
        """SSH keys, signing keys, public keys of the vault's holders."""
        return self.data / "keys"

    @property
    def operator_key(self) -> Path:
        """The private SSH key with which the operators reach the machines; beside it, with ``.pub``, the public one."""
        return self.keys / OPERATOR_KEY

    @property
    def known_hosts(self) -> Path:
        """The machines' SSH host keys (public). SSH refuses a machine without a line."""
        return self.data / "known_hosts"

    @property
    def known_certificates(self) -> Path:
        """Fingerprints of the Windows PCs' certificates. Nothing is sent to a PC without a line."""
        return self.data / "known_certificates"
