"""The declared fleet: hosts.yml and host_vars/ as assets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reversibility.market.model import Asset
from reversibility.market.platforms import platform_of
from reversibility.market.source import Document

VARIABLE_SUFFIXES = ("", ".yml", ".yaml", ".json")  # Ansible's own
NOTHING: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class Declared:
    """One host of hosts.yml: its tag, where it stands, its variables and its place in the file."""

    tag: str
    site: str
    room: str
    variables: dict[str, Any]
    line: int

    @property
    def steps(self) -> tuple[str, ...]:
        """The path to the host in hosts.yml."""
        return ("all", "children", f"site_{self.site}", "children", f"room_{self.room}", "hosts", self.tag)

    @property
    def asset(self) -> dict[str, Any]:
        """The host's ``asset`` mapping; empty when it has none."""
        found = self.variables.get("asset", NOTHING)
        return found if isinstance(found, dict) else NOTHING

    @property
    def groups(self) -> tuple[str, ...]:
        """The groups it stands in that every market has; Ansible lets a later one override those before it."""
        platform = platform_of(self.asset.get("os"))
        first = [
            f"site_{self.site}",
            f"kind_{self.asset.get('kind')}",
            system_group(self.asset),
            f"platform_{platform.name}",
            f"family_{platform.family}",
        ]
        if self.asset.get("managed") is True:
            first.append("managed")
        return ("all", *sorted(first), f"room_{self.room}")


def system_group(asset: dict[str, Any]) -> str:
    """The group that keyed_groups.yml makes of ``asset.os``: ``os_debian_13``, ``os_none``."""
    return "os_" + str(asset.get("os", "none")).replace("-", "_").replace(".", "_")


def declared_hosts(hosts: Document) -> Iterator[Declared]:
    """Every host of hosts.yml, in the file's order; the same tag again when it stands in two rooms."""
    sites = ((hosts.value or {}).get("all") or {}).get("children") or {}
    for site_group, site in sites.items():
        for room_group, room in (site.get("children") or {}).items():
            group = room.get("hosts") or {}
            lines = hosts.lines_of(group)
            for tag, variables in group.items():
                line = lines if isinstance(lines, int) else lines.get(tag, 1)
                yield Declared(tag, site_group[5:], room_group[5:], variables, line)


def variable_files(market: Path, folder: str) -> dict[str, list[Path]]:
    """The files of host_vars/ or group_vars/ by the host or group that they are for."""
    found: dict[str, list[Path]] = {}
    root = market / folder
    if root.is_dir():
        for entry in sorted(root.iterdir()):
            if _ignored(entry):
                continue
            if entry.is_dir():
                found[entry.name] = sorted(
                    file
                    for file in entry.rglob("*")
                    if file.is_file() and not _ignored(file) and file.suffix in VARIABLE_SUFFIXES
                )
            elif entry.suffix in VARIABLE_SUFFIXES:
                found.setdefault(entry.stem, []).append(entry)
    return found


def _ignored(path: Path) -> bool:
    """Ansible skips hidden files and an editor's copies."""
    return path.name.startswith(".") or path.name.endswith("~")


def to_asset(host: Declared, file: str, merged: dict[str, Any]) -> Asset:
    """One host as an asset; ``merged`` are its variables, those of its groups and of host_vars/ included."""
    variables = {name: value for name, value in merged.items() if name not in ("asset", "ansible_host")}
    return Asset(
        tag=host.tag,
        site=host.site,
        room=host.room,
        kind=host.asset["kind"],
        managed=host.asset["managed"],
        attributes=host.asset,
        address=merged.get("ansible_host"),
        variables=variables,
        file=file,
        line=host.line,
    )
