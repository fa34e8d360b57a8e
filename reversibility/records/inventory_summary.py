"""Summary of an asset's records: the values that the inventory shows.

Records are in GLPI's inventory format; values of a missing section are unknown.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from reversibility.market.platforms import support_of_record


@dataclass(frozen=True)
class Software:
    """One installed software, as recorded."""

    name: str
    version: str
    publisher: str = ""


@dataclass(frozen=True)
class Seen:
    """Values seen on an asset. All None and empty if it was never reached."""

    serial: str | None = None
    os: str | None = None
    os_support_end: date | None = None
    cpu: str | None = None
    memory_mb: int | None = None
    disk_gb: int | None = None
    last_seen: date | None = None
    software: tuple[Software, ...] = ()
    accounts: tuple[str, ...] = field(default=())


def seen_from_records(
    inventory: Mapping[str, Any] | None,
    accounts: Mapping[str, Any] | None,
    volatile: Mapping[str, Any] | None,
) -> Seen:
    """Read ``inventory.json``, ``accounts.json`` and the volatile values of an asset; any of them may be None."""
    content = _section(inventory or {}, "content", dict)
    system = _section(content, "operatingsystem", dict)
    hardware = _section(content, "hardware", dict)
    return Seen(
        serial=record_serial(content),
        os=_text(system.get("full_name")) or _text(system.get("name")) or None,
        os_support_end=support_of_record(system).ends,
        cpu=next((str(cpu["name"]) for cpu in dicts(content, "cpus") if cpu.get("name")), None),
        memory_mb=hardware.get("memory") if type(hardware.get("memory")) is int else None,
        disk_gb=_disks(content),
        last_seen=_day((volatile or {}).get("last_seen")),
        software=software_of(content),
        accounts=tuple(
            str(account["login"])
            for account in dicts(accounts or {}, "accounts")
            if account.get("login") and not account.get("locked")
        ),
    )


def record_serial(content: Mapping[str, Any]) -> str | None:
    """Return the serial number of the thing itself: of the system, or of the network device."""
    for section, key in (("bios", "ssn"), ("network_device", "serial"), ("network_component", "serial")):
        value = _section(content, section, dict).get(key)
        if value:
            return str(value)
    return None


def software_of(content: Mapping[str, Any]) -> tuple[Software, ...]:
    """List the installed software of a record in a stable order, each name and version once."""
    found = {
        (str(item["name"]), str(item.get("version") or "")): str(item.get("publisher") or "")
        for item in dicts(content, "softwares")
        if item.get("name")
    }
    return tuple(Software(name, version, found[name, version]) for name, version in sorted(found))


def installed_version(entry: Mapping[str, Any], software: tuple[Software, ...]) -> str | None:
    """Find the installed version of a catalogue entry; None when it was not seen.

    Matched by the packages that its sources name (apt, winget, ...), or else by its name: Windows adds version,
    architecture and language to that ("Mozilla Firefox ESR (x64 fr)").
    """
    name = str(entry.get("name", "")).casefold()
    wanted = {name}
    for source in (entry.get("sources") or {}).values():
        if isinstance(source, Mapping):
            packages = source.get("packages") or [source.get("id") or source.get("package") or ""]
            wanted |= {str(package).casefold() for package in packages}
    wanted.discard("")
    found = [
        item.version
        for item in software
        if item.name.casefold() in wanted or (name and item.name.casefold().startswith(f"{name} "))
    ]
    return ", ".join(dict.fromkeys(found)) if found else None


def _disks(content: Mapping[str, Any]) -> int | None:
    """Add up the disks (GLPI counts them in MiB) into GB; None when none is known."""
    sizes = [item["disksize"] for item in dicts(content, "storages") if type(item.get("disksize")) is int]
    return round(sum(sizes) * 1.048576 / 1000) if sizes else None


def _text(value: Any) -> str:
    return str(value) if isinstance(value, (str, int, float)) else ""


def _section(content: Mapping[str, Any], name: str, kind: type[dict[str, Any]]) -> Mapping[str, Any]:
    value = content.get(name)
    return value if isinstance(value, kind) else {}


def dicts(content: Any, name: str) -> list[Mapping[str, Any]]:
    """List the mappings under ``name`` in a parsed record; empty when the record has another shape."""
    value = content.get(name) if isinstance(content, Mapping) else None
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def _day(value: Any) -> date | None:
    """Read the day of an ISO date or time; None for anything else."""
    try:
        return date.fromisoformat(str(value)[:10]) if value else None
    except ValueError:
        return None
