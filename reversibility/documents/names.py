"""What people call a site, a room or a VLAN; the codes of the market's files stand in columns of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reversibility.documents.french import NBSP
from reversibility.market.model import Market
from reversibility.market.rules_network import INTERNET

SECURITIES = {
    "wpa2-personal": "WPA2, clé partagée",
    "wpa3-personal": "WPA3, clé partagée",
    "wpa2-enterprise": "WPA2, compte de chacun (802.1X)",
    "wpa3-enterprise": "WPA3, compte de chacun (802.1X)",
    "owe": "chiffré, sans clé (OWE)",
    "open": "ouvert",
}
MODES = {"access": "un seul VLAN", "trunk": "plusieurs VLAN (802.1Q)"}
# How a login was made: records/logins.py.
WAYS = {
    "pam": "session sur la machine",
    "smb": "espaces partagés",
    "windows_logon": "session Windows",
    "ssh": "SSH",
    "radius": "RADIUS",
    "restic": "dépôt des sauvegardes",
    "mschapv2": "RADIUS (MS-CHAPv2)",
    "wpa": "Wi-Fi",
    "snmpv3": "SNMPv3",
    "vnc": "prise en main",
}


def site_name(market: Market, site: str) -> str:
    """The name of a site; the code itself where nothing is declared."""
    content = market.sites.get(site)
    return str(content.get("name", site)) if isinstance(content, Mapping) else site


def room_name(market: Market, site: str, room: str) -> str:
    """The name of a room of a site; the code itself where nothing is declared."""
    rooms = (market.sites.get(site) or {}).get("rooms") or {}
    declared = rooms.get(room) if isinstance(rooms, Mapping) else None
    return str(declared.get("name", room)) if isinstance(declared, Mapping) else room


def vlan_name(market: Market, vlans: object) -> str | None:
    """One VLAN or several: ``Postes des élèves (40)``; None for none."""
    declared = market.network.get("vlans") or {}
    if isinstance(vlans, (list, tuple)):
        return ", ".join(_vlan(declared, vlan) for vlan in vlans)
    return _vlan(declared, vlans) if vlans else None


def service_name(market: Market, services: object) -> str:
    """The services of a flow, each with its ports: ``ssh (TCP 22)``."""
    declared = market.network.get("services") or {}
    listed = services if isinstance(services, (list, tuple)) else [services]
    return ", ".join(_service(declared, str(service)) for service in listed)


def _vlan(declared: Mapping[str, Any], vlan: object) -> str:
    if vlan == INTERNET:
        return "Internet"
    known = declared.get(str(vlan))
    return f"{known['purpose']} ({known['id']})" if isinstance(known, Mapping) else str(vlan)


def _service(declared: Mapping[str, Any], service: str) -> str:
    known = declared.get(service)
    if not isinstance(known, Mapping):
        return service
    protocol = str(known.get("protocol", "")).upper()
    ports = " et ".join(str(port) for port in known.get("ports") or ())
    return f"{service} ({protocol}{NBSP}{ports})" if ports else f"{service} ({protocol})"
