"""Identity of a network device, parsed from its answers, and its inventory record in GLPI's format."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reversibility.market.model import Asset
from reversibility.platforms.driver import Files
from reversibility.platforms.model import Configuration, Port
from reversibility.platforms.windows_answer import without_empty

CLIENT = "Cartable-0.1.0"
"""GLPI's ``versionclient``: who made the record."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Serial number, model, software release and MAC address; '' for unknown values."""

    serial: str = ""
    model: str = ""
    firmware: str = ""
    mac: str = ""


Patterns = Mapping[str, re.Pattern[str]]
"""By field of ``Identity``: what finds it in a device's answers."""


def patterns(texts: Mapping[str, str]) -> Patterns:
    """Regular expressions over lines, compiled once: a process of Ansible's would compile them for each device."""
    return {name: re.compile(text, re.MULTILINE) for name, text in texts.items()}


def identity_in(text: str, patterns: Patterns) -> Identity:
    """The first match of each field's pattern. A pattern that matches nothing is no error: releases differ."""
    found = {name: match[1].strip() for name, pattern in patterns.items() if (match := pattern.search(text))}
    return Identity(**{**found, "mac": colons(found.get("mac", ""))})


class Unidentified:
    """A driver of devices without identity data in their answers."""

    manufacturer = ""

    def identified(self, files: Files) -> Identity:
        """Nothing."""
        return Identity()


def colons(mac: str) -> str:
    """A MAC address as GLPI writes it; '' for what is none."""
    digits = re.sub(r"[^0-9a-f]", "", mac.lower())
    return ":".join(digits[at : at + 2] for at in range(0, 12, 2)) if len(digits) == 12 else ""


def inventory_record(
    asset: Asset, manufacturer: str, identity: Identity, seen: Configuration
) -> dict[str, Any]:
    """The document. It has nothing that changes by itself, so that a second reading makes no difference."""
    names = {vlan.number: vlan.name for vlan in seen.vlans}
    device = {
        "type": "Networking",
        "name": seen.hostname,
        "manufacturer": manufacturer,
        "model": identity.model,
        "serial": identity.serial,
        "firmware": identity.firmware,
        "mac": identity.mac,
        "ips": sorted(
            svi.address.partition("/")[0] for svi in seen.svis or () if svi.address not in ("", "dhcp")
        ),
    }
    content = {
        "versionclient": CLIENT,
        "network_device": without_empty(device),
        "network_ports": [_port(number, port, names) for number, port in enumerate(seen.ports, start=1)],
    }
    return {
        "deviceid": f"{asset.tag}-cartable",
        "itemtype": "NetworkEquipment",
        "action": "netinventory",
        "tag": asset.tag,
        "content": without_empty(content),
    }


def _port(number: int, port: Port, names: Mapping[int, str]) -> dict[str, Any]:
    untagged = port.access if port.mode == "access" else port.native
    vlans = {vlan: True for vlan in {*(port.tagged or ()), port.voice} if vlan}
    if untagged:
        vlans[untagged] = False
    return without_empty(
        {
            "ifnumber": number,
            "ifname": port.name,
            "ifdescr": port.name,
            "ifalias": port.description,
            "ifinternalstatus": 1 if port.enabled else 2,  # IF-MIB's ifAdminStatus: up, down
            "trunk": port.mode == "trunk",
            "vlans": [
                without_empty({"number": vlan, "name": names.get(vlan, ""), "tagged": tagged})
                for vlan, tagged in sorted(vlans.items())
            ],
        }
    )
