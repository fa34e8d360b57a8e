"""Context of an assessment, and the values that pass between its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reversibility.contract.payload_reader import PayloadReader
from reversibility.records.inventory_summary import dicts
from reversibility.records.json_text import read_json

if TYPE_CHECKING:
    from reversibility.market.model import Market
    from reversibility.records.journals import Journals
    from reversibility.records.state import State
    from reversibility.records.vault import Entry, Vault

OUTGOING_ACCESS = "05-comptes/acces-titulaire-sortant.json"
METHODS = ("opened", "checksum", "parsed_back", "logged_in", "restored", "rebuilt", "signed")


@dataclass
class AssessmentContext:
    """Data that evidences and proofs may read.

    ``bundle`` is the root of the bag that is being built: its ``data/`` is filled, and evidences open what is
    *there*. ``exported_vault`` is the vault inside the bag, opened with both halves of its key; without it no
    password is proven. ``state``, ``journal`` and ``vault`` are the live records, which no evidence opens.
    """

    market: Market
    state: State
    journal: Journals
    vault: Vault | None
    bundle: Path
    now: datetime
    exported_vault: Vault | None = None

    @cached_property
    def payload(self) -> PayloadReader:
        """The files of the bag."""
        return PayloadReader(self.bundle)

    @cached_property
    def entries(self) -> Mapping[str, list[Entry]]:
        """The entries of the vault in the bag, by asset tag; empty when that vault is not open."""
        found: dict[str, list[Entry]] = {}
        for entry in self.exported_vault.entries() if self.exported_vault else ():
            found.setdefault(entry.asset, []).append(entry)
        return found

    @cached_property
    def outgoing_access(self) -> Mapping[str, list[Mapping[str, Any]]]:
        """The rows of acces-titulaire-sortant.json by asset tag; empty when it is not in the bag."""
        found: dict[str, list[Mapping[str, Any]]] = {}
        if not self.payload.exists(OUTGOING_ACCESS):
            return found
        for row in dicts(read_json((self.payload.data / OUTGOING_ACCESS).read_bytes()), "access"):
            found.setdefault(str(row.get("asset")), []).append(row)
        return found

    @cached_property
    def age_identity(self) -> str | None:
        """The identity that decrypts the configurations, from the vault in the bag: what a successor has."""
        return self.exported_vault.age_identity() if self.exported_vault else None


@dataclass(frozen=True, slots=True)
class Found:
    """Evidence of an obligation: its path in the bundle (below ``data/``), and its content.

    ``content`` may hold secrets and is never shown.
    """

    path: str
    content: Any = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Result of a proof: whether the evidence is good, and details in French.

    ``when`` is given where that was before the assessment: a login was tried on a day of its own.
    """

    ok: bool
    detail: str
    when: datetime | None = None
