"""Simulated access points of a market's OpenWrt assets, each at the address that its inventory declares.

``python -m tests.simulators.network.access_points --inventory FOLDER --directory FOLDER``. The first line of the
standard input is JSON: asset tag -> root's password of one that is made now; one whose files are there keeps its own.
A line of JSON, tag -> line of known_hosts, says that all of them listen. They end with the standard input.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
from pathlib import Path

from reversibility.market.load import load_market
from reversibility.market.model import Asset, Market
from tests.simulators.network.openwrt import OpenwrtDevice

USER = "root"


def openwrt_assets(market: Market) -> dict[str, Asset]:
    """The managed OpenWrt assets that have an address."""
    return {
        tag: asset
        for tag, asset in market.assets.items()
        if asset.managed and asset.address and asset.platform.name == "openwrt"
    }


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="python -m tests.simulators.network.access_points", description=__doc__
    )
    parser.add_argument("--inventory", type=Path, required=True)
    parser.add_argument(
        "--directory", type=Path, required=True, help="of their files, which hold keys and hashes"
    )
    options = parser.parse_args()
    os.umask(0o077)
    first: dict[str, str] = json.loads(sys.stdin.readline())
    with contextlib.ExitStack() as stack:
        keys = {}
        for tag, asset in openwrt_assets(load_market(options.inventory)).items():
            store = options.directory / tag
            if tag in first:  # a new device
                shutil.rmtree(store, ignore_errors=True)
            address = str(asset.address)
            device = OpenwrtDevice(
                tag, password=first.get(tag, ""), address=address, store=store.absolute(), port=22
            )
            keys[tag] = stack.enter_context(device).known_hosts
        print(json.dumps(keys), flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
