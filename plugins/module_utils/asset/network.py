# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Network interfaces, as ``ip -json`` gives them."""

from __future__ import annotations

import ipaddress
from typing import Any, Dict, Iterator, List, Tuple

from .machine import Machine, without_empty

# iproute2's info_kind and GLPI's type. Ends of container links and tunnels of the moment are left out.
KINDS = {"bridge": "bridge", "bond": "aggregate", "team": "aggregate", "vlan": "alias", "macvlan": "alias"}
PASSING = frozenset({"ifb", "ipvlan", "nlmon", "tap", "tun"})


def interfaces(machine: Machine) -> Tuple[List[Dict[str, Any]], Dict[str, Any]]:
    """Read the interfaces: GLPI's section ``networks``, one entry an address, and the link states apart.

    Link states are volatile: a laptop that leaves its dock is the same laptop.

    Raises NoAnswer when ``ip`` prints what cannot be read: that is not the same as no interface.
    """
    links = machine.json("ip", "-json", "-details", "address", "show") or []
    found: List[Dict[str, Any]] = []
    states: Dict[str, Any] = {}
    for link in sorted((link for link in links if _is_own(link)), key=lambda link: str(link["ifname"])):
        states[link["ifname"]] = str(link.get("operstate", "")).lower()
        found.extend(_entries(machine, link))
    return found, states


def _is_own(link: Dict[str, Any]) -> bool:
    """Tell whether an interface belongs to the asset; the name of an end of a container's link is random."""
    if not link.get("ifname") or link.get("link_type") != "ether":
        return False
    kind = link.get("linkinfo", {}).get("info_kind", "")
    if kind == "veth":
        return bool(link.get("addr_info")) or link["ifname"].startswith(("eth", "en"))
    return kind not in PASSING or bool(link.get("addr_info"))


def _entries(machine: Machine, link: Dict[str, Any]) -> Iterator[Dict[str, Any]]:
    name = str(link["ifname"])
    kind = str(link.get("linkinfo", {}).get("info_kind", ""))
    wireless = bool(machine.names(f"/sys/class/net/{name}/wireless"))
    base = without_empty(
        {
            "description": name,
            "mac": link.get("permaddr") or link.get("address", ""),
            "mtu": link.get("mtu"),
            "type": "wifi" if wireless else KINDS.get(kind, "ethernet"),
            "virtualdev": bool(kind),
            "slaves": "",
        }
    )
    addresses = [item for item in link.get("addr_info", []) if _is_lasting(item)]
    if not addresses:
        yield base
    for item in sorted(addresses, key=lambda item: (item["family"], item["local"])):
        network = ipaddress.ip_interface(f"{item['local']}/{item['prefixlen']}").network
        suffix = "6" if network.version == 6 else ""
        yield {
            **base,
            f"ipaddress{suffix}": item["local"],
            f"ipmask{suffix}": str(network.netmask),
            f"ipsubnet{suffix}": str(network.network_address),
        }


def _is_lasting(item: Dict[str, Any]) -> bool:
    """Leave out link-local addresses and IPv6 privacy addresses, which change by themselves."""
    return (
        bool(item.get("local"))
        and item.get("scope") != "link"
        and not item.get("temporary")
        and not item.get("deprecated")
    )
