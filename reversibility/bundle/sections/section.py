"""The shape of a section: one folder of the bundle, what fills it, and what is said of it on the start page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reversibility.bundle.dual_control import Holders, ProvenCopy, Sheet
from reversibility.bundle.operator_access import Access
from reversibility.bundle.readable_state import ReadableState
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths
from reversibility.records.journals import Journals
from reversibility.records.vault import KdfCost, Vault

if TYPE_CHECKING:
    from reversibility.contract.assessment import Assessment


@dataclass
class Build:
    """What sections read of a bundle that is being built, and what they leave for the rest of the build.

    ``name`` is the bundle's folder, ``previous`` the one before it. ``in_vault`` are the tags of the assets for which
    the vault has a password. ``sheets`` and ``exported_vault`` come from 06-secrets, ``findings`` from all sections.
    """

    name: str
    data: Path
    market: Market
    paths: MarketPaths
    vault: Vault
    state: ReadableState
    journals: Journals
    holders: Holders
    access: Access
    moment: datetime
    fingerprint: str
    in_vault: frozenset[str]
    sections: tuple[Section, ...]
    previous: Path | None = None
    cost: KdfCost | None = None
    sheets: Sequence[Sheet] = ()
    exported_vault: ProvenCopy | None = None
    findings: dict[str, None] = field(default_factory=dict)  # in order, each once

    @property
    def project(self) -> Path:
        """The project that the market belongs to: the folder that holds ``inventories/``."""
        return self.paths.inventory.parent.parent


@dataclass(frozen=True)
class Section:
    """One folder of the bundle.

    ``write`` fills the folder, which exists, and returns findings: sentences on what was not as it should be, which
    stop nothing. ``finish`` writes what the assessment is needed for. ``contains`` and ``readers`` (who may read it)
    are French and stand on the start page; ``formats`` are the suffixes of the files ("" for a configuration, whose
    name is its own); ``empty`` says why there is no file. Sections of a lower ``order`` come first; one that is
    in the ``background`` runs in a process of its own, and may leave nothing in the ``Build``.
    """

    folder: str
    contains: str
    formats: tuple[str, ...]
    readers: str
    empty: str
    write: Callable[[Build, Path], Sequence[str] | None]
    finish: Callable[[Build, Path, Assessment], None] | None = None
    order: int = 0
    background: bool = False
