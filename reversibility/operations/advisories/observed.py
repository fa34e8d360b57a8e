"""Observed software of one asset, in the terms of advisories: source packages, and products with a version."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reversibility.market.model import Asset, Market
from reversibility.records.state import State

SOURCE = re.compile(r"^source (\S+) (\S+)$")
CODENAME = re.compile(r"\((?:[A-Z][a-z]+ )?([a-z]+)[^)]*\)")
CODENAMES = {
    ("debian", "11"): "bullseye",
    ("debian", "12"): "bookworm",
    ("debian", "13"): "trixie",
    ("ubuntu", "22.04"): "jammy",
    ("ubuntu", "24.04"): "noble",
}
WINDOWS_BUILD = re.compile(r"^\d{5}\.\d+$")
SIGNED = "linux-signed-"  # Debian's signed kernels: source linux-signed-amd64 6.12.48+1 is linux 6.12.48-1


@dataclass(frozen=True, slots=True)
class Observed:
    """One asset: ``release`` is its distribution's codename, ``packages`` its (source package, version)."""

    tag: str
    site: str
    release: str
    packages: tuple[tuple[str, str], ...]
    products: tuple[tuple[str, str, str], ...] = ()


def observed(asset: Asset, inventory: Mapping[str, Any] | None) -> Observed | None:
    """What a record says of an asset; None without a record, which is not the same as "nothing is open"."""
    content = (inventory or {}).get("content")
    if not isinstance(content, dict):
        return None
    system = content.get("operatingsystem") or {}
    software = [entry for entry in content.get("softwares") or () if entry.get("name")]
    packages = {
        source_package(entry) for entry in software if entry.get("from") == "deb" and entry.get("version")
    }
    products = {
        (str(entry.get("publisher") or ""), str(entry["name"]), str(entry["version"]))
        for entry in software
        if entry.get("from") != "deb" and entry.get("version")
    }
    if system.get("kernel_version") and not packages:
        build = str(system["kernel_version"])
        build = f"10.0.{build}" if WINDOWS_BUILD.match(build) else build  # as advisories write it
        products.add(("Microsoft", str(system.get("full_name") or ""), build))
    device = content.get("network_device") or {}
    products |= {
        (
            str(asset.attributes.get("vendor") or ""),
            str(asset.attributes.get("model") or ""),
            str(entry["version"]),
        )
        for entry in (*(content.get("firmwares") or ()), {"version": device.get("firmware")})
        if entry.get("version")
    }
    return Observed(asset.tag, asset.site, codename(system), tuple(sorted(packages)), tuple(sorted(products)))


def source_package(entry: Mapping[str, Any]) -> tuple[str, str]:
    """The source package and its version of an installed one."""
    match = SOURCE.match(str(entry.get("comments") or ""))
    name, version = (match[1], match[2]) if match else (str(entry["name"]), str(entry["version"]))
    if name.startswith(SIGNED):
        return "linux", version.replace("+", "-", 1)
    return name, version


def codename(system: Mapping[str, Any]) -> str:
    """The codename of a distribution's release; empty when it is not known."""
    name, version = str(system.get("name", "")).lower(), str(system.get("version", ""))
    for (distribution, release), known in CODENAMES.items():
        if name.startswith(distribution) and (version == release or version.startswith(release + ".")):
            return known
    match = CODENAME.search(str(system.get("full_name", "")) or version)
    return match[1] if match else ""


def observed_fleet(market: Market, state: State) -> Iterator[tuple[Asset, Observed | None]]:
    """Every declared asset with what was seen on it, one at a time."""
    for asset in market.assets.values():
        yield asset, observed(asset, state.read_json(asset.site, asset.tag, "inventory.json"))
