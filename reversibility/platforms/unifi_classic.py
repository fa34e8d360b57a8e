"""SSIDs in answers of UniFi's classic API (``rest/wlanconf``, ``rest/networkconf``), whose keys vary by release."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from reversibility.platforms.model import Ssid

_BANDS = {"2g": "2.4", "5g": "5", "6g": "6"}
_SECURITY = {"wpapsk": "wpa2-personal", "wpaeap": "wpa2-enterprise"}


def ssids(wlans: list[dict[str, Any]], networks: list[dict[str, Any]]) -> Iterator[Ssid]:
    """The SSIDs of a site."""
    known = {str(network.get("_id")): network for network in networks}
    for wlan in wlans:
        yield _ssid(wlan, known)


def _ssid(wlan: dict[str, Any], networks: dict[str, dict[str, Any]]) -> Ssid:
    network = networks.get(str(wlan.get("networkconf_id")), {})
    vlan = wlan.get("vlan") if wlan.get("vlan_enabled") else network.get("vlan")
    given = str(wlan.get("security", "open"))
    security = (
        ("owe" if wlan.get("enhanced_open") else "open") if given == "open" else _SECURITY.get(given, given)
    )
    one = str(wlan.get("wlan_band", "both"))
    bands = wlan.get("wlan_bands") or (["2g", "5g"] if one == "both" else [one])
    return Ssid(
        str(wlan.get("name")),
        vlan=int(vlan) if vlan else None,
        security=security.replace("wpa2", "wpa3") if wlan.get("wpa3_support") else security,
        isolated=bool(wlan.get("l2_isolation") or wlan.get("is_guest")),
        hidden=bool(wlan.get("hide_ssid")),
        enabled=bool(wlan.get("enabled", True)),
        bands=frozenset(_BANDS.get(str(band), str(band)) for band in bands),
    )
