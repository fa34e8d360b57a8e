"""The declared fleet: hosts.yml and host_vars/ as assets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from reversibility.market.model import Asset
from reversibility.market.source import Document

VARIABLE_SUFFIXES = ("", ".yml", ".yaml", ".json")  # Ansible's own


def declared_hosts(hosts: Document) -> Iterator[Asset]:
    """Every host of hosts.yml, in the file's order; the same tag again when it stands in two rooms.

    Each has the variables of hosts.yml only, and what the schema refused is not in it: its kind may be empty.
    """
    sites = ((hosts.value or {}).get("all") or {}).get("children") or {}
    for site_group, site in sites.items():
        for room_group, room in (site.get("children") or {}).items():
            group = room.get("hosts") or {}
            lines = hosts.lines_of(group)
            for tag, variables in group.items():
                line = lines if isinstance(lines, int) else lines.get(tag, 1)
                attributes = variables.get("asset")
                attributes = attributes if isinstance(attributes, dict) else {}
                yield Asset(
                    tag=tag,
                    site=site_group[5:],
                    room=room_group[5:],
                    kind=attributes.get("kind", ""),
                    managed=attributes.get("managed") is True,
                    attributes=attributes,
                    address=variables.get("ansible_host"),
                    variables=variables,
                    file=hosts.file,
                    line=line,
                )


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


def with_variables(host: Asset, merged: dict[str, Any]) -> Asset:
    """The asset with its variables as Ansible merges them: those of its groups and of host_vars/ included."""
    variables = {name: value for name, value in merged.items() if name not in ("asset", "ansible_host")}
    return replace(host, address=merged.get("ansible_host"), variables=variables)
