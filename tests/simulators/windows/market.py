"""Simulated PCs of a market's Windows assets, each at the address that its inventory declares.

``python -m tests.simulators.windows.market --inventory FOLDER --directory FOLDER [--language TAG=en-US]``. The first line of
the standard input is JSON: asset tag -> password of the account ``cartable`` of a PC that is made now; one whose state file
is there keeps its own. A line of JSON with the tags says that all of them listen. They end with the standard input, so that
none outlives who started them, or at SIGTERM. Their certificates are noted in the market's known_certificates.
"""

from __future__ import annotations

import argparse
import ipaddress
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

from reversibility.market.known_certificates import Endpoint as KnownAt
from reversibility.market.load import load_market
from reversibility.market.model import Asset, Market
from reversibility.market.paths import MarketPaths
from reversibility.operations.certificates.pc_certificates import note

from . import Endpoint, Simulator
from .__main__ import SYSTEMS

USER = "cartable"
PORT = 5986
NAMES = {
    "firefoxesr": "Mozilla Firefox ESR (x64 fr)"
}  # as in the list of programs, where it is not the catalogue's
MARKER = r"C:\ProgramData\Cartable\bootstrap.txt"


def windows_assets(market: Market) -> dict[str, Asset]:
    """The managed Windows assets that have an address."""
    return {
        tag: asset
        for tag, asset in market.assets.items()
        if asset.managed and asset.address and asset.platform.family == "windows"
    }


def feed_of(market: Market) -> dict[str, dict[str, str]]:
    """What the school's Chocolatey source has: every package of the catalogue."""
    entries = [entry for entry in market.catalogue["software"].values() if "chocolatey" in entry["sources"]]
    return {
        package: {
            "version": "140.5.0" if entry["version"] == "latest" else entry["version"],
            "key": entry["name"],
            "name": NAMES.get(package, entry["name"]),
        }
        for entry in entries
        for package in [entry["sources"]["chocolatey"]["id"].lower()]
    }


def _subnets(market: Market, site: str) -> dict[str, dict[str, Any]]:
    return {subnet["vlan"]: subnet for subnet in market.network["subnets"] if subnet["site"] == site}


def _as_installed(endpoint: Endpoint, asset: Asset, market: Market) -> None:
    """The network of its VLAN, and what the first-run script of an installation leaves."""
    state = endpoint.pc.state
    subnet = _subnets(market, asset.site)[asset.attributes["vlan"]]
    [adapter] = state.adapters
    prefix = ipaddress.ip_network(subnet["cidr"]).prefixlen
    adapter.addresses, adapter.gateway, adapter.dns = [f"{asset.address}/{prefix}"], subnet["gateway"], []
    adapter.mac = str(asset.attributes["mac"]).upper().replace(":", "-")
    state.files.make_directory(MARKER.rpartition("\\")[0])
    state.files.write(MARKER, b"")
    for rule in state.firewall_rules:
        if rule.name == "WinRM HTTPS":
            rule.name, rule.group = "Cartable WinRM HTTPS", "Cartable"
    endpoint.pc.save()


def add(
    simulator: Simulator, market: Market, asset: Asset, folder: Path, password: str, language: str
) -> None:
    """One PC, as its state file has it or new."""
    new = not (folder / f"{asset.tag}.json").exists()
    simulator.address = str(asset.address)
    known = {key: str(asset.attributes[name]) for key, name in (("serial", "serial"), ("manufacturer", "vendor"), ("model", "model"))}  # fmt: skip
    endpoint = simulator.add(
        asset.tag, password=password, user=USER, port=PORT, language=language, **SYSTEMS[asset.os] | known
    )
    if new:
        _as_installed(endpoint, asset, market)
    variables = asset.variables
    if feed := variables.get("software_windows_feed"):
        endpoint.pc.state.feeds[feed] = feed_of(market)
        endpoint.pc.web = {str(variables.get("software_windows_chocolatey_script", "")): b""}
    # Who connects from this machine to itself comes from the PC's own address; its firewall is to see the controller.
    administration = _subnets(market, asset.site)["administration"]
    endpoint.pc.controller = str(ipaddress.ip_network(administration["cidr"]).broadcast_address - 1)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulators.windows.market", description=__doc__)
    parser.add_argument("--inventory", type=Path, required=True)
    parser.add_argument("--directory", type=Path, required=True, help="of the state files and journals")
    parser.add_argument(
        "--language", action="append", default=[], metavar="TAG=LANGUAGE", help="fr-FR where none is given"
    )
    parser.add_argument("--only", action="append", default=[], metavar="TAG", help="these PCs, else all")
    parser.add_argument(
        "--known-certificates", type=Path, help="the market's file; found by its inventory otherwise"
    )
    options = parser.parse_args()
    languages = dict(item.split("=") for item in options.language)
    os.umask(0o077)  # a state file holds the passwords of the PC's accounts
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    market = load_market(options.inventory)
    passwords: dict[str, str] = json.loads(sys.stdin.readline())
    with Simulator(options.directory) as simulator:
        for tag, asset in windows_assets(market).items():
            if options.only and tag not in options.only:
                continue
            add(
                simulator,
                market,
                asset,
                options.directory,
                passwords.get(tag, ""),
                languages.get(tag, "fr-FR"),
            )
        known = options.known_certificates or MarketPaths.for_inventory(options.inventory).known_certificates
        for endpoint in simulator.endpoints.values():  # each makes its certificate when it starts
            note(known, KnownAt(endpoint.address, PORT), endpoint.fingerprint)
        print(json.dumps(sorted(simulator.endpoints)), flush=True)
        sys.stdin.read()
    return 0


if __name__ == "__main__":
    sys.exit(main())
