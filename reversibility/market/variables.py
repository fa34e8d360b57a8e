"""Variables of a market for Ansible: ``cartable_*``.

The market is read once a process, in Ansible's main process before it forks, and again only when a file changed.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from reversibility.market.check import examine
from reversibility.market.kinds import kind_table
from reversibility.market.load import Stamp, is_market, stamp
from reversibility.market.market_files import MarketFiles
from reversibility.market.people import account_variables
from reversibility.market.roles import task_files


def shared_variables(files: MarketFiles) -> dict[str, Any]:
    """The variables common to all hosts; of an invalid market only those that need none of its files."""
    known: dict[str, Any] = {
        "cartable_market": files.paths.market,
        "cartable_state_dir": str(files.paths.state),
        "ansible_winrm_known_certificates": str(files.paths.known_certificates),
    }
    if files.market is not None:
        contents = {name: content for name, content in files.market.files.items() if name != "hosts"}
        known |= {f"cartable_{name}": content for name, content in contents.items()}
        known["cartable_sites"] = files.market.sites
        known["cartable_people"] = account_variables(files.market.contract, files.paths.data, files.today)
    return known


def host_variables(files: MarketFiles, tag: str) -> dict[str, Any]:
    """The variables of one asset; none for a host that the market does not declare (localhost)."""
    market = files.market
    asset = market.assets.get(tag) if market else None
    if market is None or asset is None:
        return {}
    return {
        "cartable_site": asset.site,
        "cartable_room": asset.room,
        "cartable_software": market.software_for(asset),
        "cartable_platform": asset.platform.name,
        "cartable_platform_version": asset.platform.version_of(asset.os),
        "cartable_family": asset.platform.family,
        "cartable_kind_groups": list(asset.kind_groups),
        "cartable_itemtype": kind_table().kinds[asset.kind].itemtype,
        "cartable_task_files": task_files(asset.platform.name, asset.platform.family),
        # A host's or a group's own value counts; these are what Ansible takes in place of its own default.
        **{
            name: value
            for name, value in asset.platform.connection.variables.items()
            if name not in asset.variables
        },
    }


_loaded: dict[Path, tuple[Stamp, MarketFiles]] = {}


def loaded(folder: Path) -> MarketFiles | None:
    """The market in ``folder``, from memory when its files have not changed; None when it is no market.

    Its documents are released: what is wrong with them, the market itself and its paths are what is left.
    """
    if not is_market(folder):
        return None
    now = stamp(folder)
    known = _loaded.get(folder)
    if known is None or known[0] != now:
        files = examine(folder)
        known = _loaded[folder] = (now, files)
        if files.market is not None:
            files.release()
    return known[1]
