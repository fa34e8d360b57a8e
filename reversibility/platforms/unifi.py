"""UniFi access points: answers of the controller's API (``rest/wlanconf``, ``rest/networkconf``)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from reversibility.platforms.api_files import ApiDriver, content
from reversibility.platforms.driver import Files
from reversibility.platforms.model import Configuration, Ssid
from reversibility.platforms.secret_names import secret

WLANS, NETWORKS, DEVICE = "/wlanconf.json", "/networkconf.json", "/device.json"
_BANDS = {"2g": "2.4", "5g": "5", "6g": "6"}


class Unifi(ApiDriver):
    """Driver of UniFi. The whole object that was read is sent back with the changes: its keys vary by release."""

    platform = "unifi"
    paths = (DEVICE, NETWORKS, WLANS)
    required = (WLANS, NETWORKS)

    def parse(self, files: Files) -> Configuration:
        """Name and SSIDs."""
        networks = {str(n.get("_id")): n for n in content(files, NETWORKS, list)}
        ssids = [_ssid(wlan, networks) for wlan in content(files, WLANS, list)]
        return Configuration(
            hostname=str(content(files, DEVICE, dict).get("name") or ""),
            ssids=tuple(sorted(ssids, key=lambda ssid: ssid.name)),
        )

    def comparable(self, wanted: Configuration) -> Configuration:
        """The SSIDs; those of every band have both, and hours are a setting of their own."""
        every = frozenset({"2.4", "5"})
        return Configuration(
            ssids=tuple(replace(ssid, hours="", bands=ssid.bands or every) for ssid in wanted.ssids)
        )

    def render(self, wanted: Configuration) -> str:
        """A body for each SSID; where the release has networks, ``vlan`` becomes the network's identifier."""
        return (
            json.dumps(
                [_body(ssid) for ssid in self.comparable(wanted).ssids],
                ensure_ascii=False,
                indent=2,
                sort_keys=True,
            )
            + "\n"
        )


def _ssid(wlan: dict[str, Any], networks: dict[str, dict[str, Any]]) -> Ssid:
    network = networks.get(str(wlan.get("networkconf_id")), {})
    vlan = wlan.get("vlan") if wlan.get("vlan_enabled") else network.get("vlan")
    given = wlan.get("security", "open")
    wpa3 = bool(wlan.get("wpa3_support"))
    security = {
        "wpapsk": "wpa2-personal",
        "wpaeap": "wpa2-enterprise",
        "open": "owe" if wlan.get("enhanced_open") else "open",
    }
    named = security.get(str(given), str(given))
    one = str(wlan.get("wlan_band", "both"))
    bands = wlan.get("wlan_bands") or (["2g", "5g"] if one == "both" else [one])
    return Ssid(
        str(wlan.get("name")),
        vlan=int(vlan) if vlan else None,
        security=named.replace("wpa2", "wpa3") if wpa3 else named,
        isolated=bool(wlan.get("l2_isolation") or wlan.get("is_guest")),
        hidden=bool(wlan.get("hide_ssid")),
        enabled=bool(wlan.get("enabled", True)),
        bands=frozenset(_BANDS.get(str(band), str(band)) for band in bands),
    )


def _body(ssid: Ssid) -> dict[str, Any]:
    kind = (
        "wpapsk"
        if ssid.security.endswith("personal")
        else "wpaeap"
        if ssid.security.endswith("enterprise")
        else "open"
    )
    short = {value: name for name, value in _BANDS.items()}
    body: dict[str, Any] = {
        "name": ssid.name,
        "enabled": ssid.enabled,
        "security": kind,
        "wpa_mode": "wpa2",
        "wpa3_support": ssid.security.startswith("wpa3"),
        "pmf_mode": "required" if ssid.security.startswith("wpa3") else "optional",
        "enhanced_open": ssid.security == "owe",
        "hide_ssid": ssid.hidden,
        "l2_isolation": ssid.isolated,
        "wlan_bands": sorted(short[band] for band in ssid.bands),
        "vlan_enabled": ssid.vlan is not None,
        "vlan": ssid.vlan,
    }
    if kind == "wpapsk":
        body["x_passphrase"] = secret(f"wifi/{ssid.name}")
    return body


DRIVER = Unifi()
