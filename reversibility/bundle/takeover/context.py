"""Shared context of the steps of a take-over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from reversibility.market.load import load_market
from reversibility.market.model import Asset, Market
from reversibility.market.paths import MarketPaths
from reversibility.operations.takeover.access import reached_with_key
from reversibility.operations.takeover.progress import Progress
from reversibility.records.state import State
from reversibility.records.vault import KdfCost, Vault


class Runner(Protocol):
    """Runs a playbook of the project and returns its exit status."""

    def run(
        self,
        playbook: str,
        variables: Mapping[str, Any] | None = None,
        *,
        tags: Sequence[str] = (),
        limit: Sequence[str] = (),
    ) -> int:
        """Run ``playbooks/<playbook>``."""


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass
class Context:
    """One take-over. ``kept_until``: the day until which former secrets stay in the vault's history, on purpose."""

    bundle: Path
    paths: MarketPaths
    vault: Vault
    state: State
    progress: Progress
    playbooks: Runner
    kept_until: str = ""
    clock: Callable[[], datetime] = field(default=_now)
    cost: KdfCost | None = None  # of a bundle's vault, for tests

    @property
    def market(self) -> Market:
        """The market as it is declared now: the successor edits it between two starts."""
        return load_market(self.paths.inventory)

    @property
    def handed_over(self) -> dict[str, Any]:
        """Credentials of the outgoing contractor when the bundle was opened."""
        return self.progress.handed_over

    def linux(self) -> list[Asset]:
        """The managed machines that are reached by SSH with the operators' key."""
        return reached_with_key(self.market)
