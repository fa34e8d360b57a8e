"""The simulated access points of the school, which run on its controller while they are needed.

Nothing is sent by radio: they show what Cartable sends and records, not what OpenWrt does (docs/network.md).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from reversibility.market.load import load_market
from reversibility.market.paths import MarketPaths
from tests.lab.access import note_known_hosts
from tests.lab.simulated import first_passwords, simulators
from tests.simulators.network.access_points import USER, openwrt_assets


def folder_of(paths: MarketPaths) -> Path:
    """Where the simulated access points have their files and their host keys."""
    return paths.data / "simulated-access-points"


@contextlib.contextmanager
def simulated_access_points(paths: MarketPaths) -> Iterator[list[str]]:
    """Run the simulated access points on the controller, at the addresses of the inventory; their tags.

    Their host keys are noted in the market's known_hosts, as who puts a device into service does.
    """
    folder = folder_of(paths)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    assets = openwrt_assets(load_market(paths.inventory))
    kept = {tag: folder / tag / "host_key" for tag in assets}
    first = first_passwords(paths, assets.values(), USER, kept)
    arguments = ["--inventory", paths.inventory]
    module = "tests.simulators.network.access_points"
    with simulators(module, arguments, folder, assets.values(), first) as keys:
        note_known_hosts(paths.known_hosts, keys.values())
        yield sorted(keys)
