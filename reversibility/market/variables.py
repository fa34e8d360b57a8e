"""What Ansible gets to know of a market: the variables ``cartable_*``.

The market is read once a process, in Ansible's main process before it forks, and again only when a file changed.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from reversibility.market.check import examine
from reversibility.market.findings import Finding
from reversibility.market.load import build, is_market, stamp
from reversibility.market.model import Market
from reversibility.market.paths import MarketPaths
from reversibility.market.roles import task_files


@dataclass(frozen=True)
class Loaded:
    """A market as it was last read: ``market`` is None when ``findings`` say why it cannot be used.

    ``warnings`` are what people should see and what stops nothing.
    """

    paths: MarketPaths
    stamp: tuple[tuple[str, int, int], ...]
    findings: tuple[Finding, ...]
    warnings: tuple[Finding, ...]
    market: Market | None

    @cached_property
    def everywhere(self) -> dict[str, Any]:
        """The variables that all hosts share."""
        known: dict[str, Any] = {
            "cartable_market": self.paths.market,
            "cartable_state_dir": str(self.paths.state),
        }
        if self.market is not None:
            known["cartable_sites"] = self.market.sites
            known["cartable_network"] = self.market.network
            known["cartable_catalogue"] = self.market.catalogue
            known["cartable_contract"] = self.market.contract
        return known

    def host(self, tag: str) -> dict[str, Any]:
        """The variables of one asset; none for a host that the market does not declare (localhost)."""
        asset = self.market.assets.get(tag) if self.market else None
        if self.market is None or asset is None:
            return {}
        return {
            "cartable_site": asset.site,
            "cartable_room": asset.room,
            "cartable_software": self.market.software_for(asset),
            "cartable_platform": asset.platform.name,
            "cartable_family": asset.platform.family,
            "cartable_kind_groups": list(asset.kind_groups),
            "cartable_task_files": task_files(asset.platform.name, asset.platform.family),
            # A host's or a group's own value counts; these are what Ansible takes in place of its own default.
            **{
                name: value
                for name, value in asset.platform.connection.variables.items()
                if name not in asset.variables
            },
        }


_loaded: dict[Path, Loaded] = {}


def loaded(folder: Path) -> Loaded | None:
    """The market in ``folder``, from memory when its files have not changed; None when it is no market."""
    if not is_market(folder):
        return None
    now = stamp(folder)
    known = _loaded.get(folder)
    if known is None or known.stamp != now:
        checked = examine(folder)
        market = None if checked.findings else build(checked)
        known = Loaded(
            MarketPaths.for_inventory(folder), now, tuple(checked.findings), tuple(checked.warnings), market
        )
        _loaded[folder] = known
    return known
