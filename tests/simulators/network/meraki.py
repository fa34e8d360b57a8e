"""Simulated Dashboard API of Meraki over HTTPS: strict about keys, types and ranges, with its rate limit.

The bodies are those that Meraki's own documents list for the three paths; the words of the refusals are ours.
"""

from __future__ import annotations

import json
import re
from typing import Any

BELOW = "/api/v1"
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
PORT_KEYS = {
    "name": str, "enabled": bool, "type": str, "vlan": int, "voiceVlan": (int, type(None)), "allowedVlans": str,
    "isolationEnabled": bool, "stpGuard": str, "poeEnabled": bool, "rstpEnabled": bool,
}  # fmt: skip
SSID_KEYS = {
    "name": str, "enabled": bool, "visible": bool, "authMode": str, "encryptionMode": str, "wpaEncryptionMode": str,
    "psk": str, "radiusServers": list, "ipAssignmentMode": str, "useVlanTagging": bool, "defaultVlanId": int,
    "lanIsolationEnabled": bool, "bandSelection": str, "splashPage": str,
}  # fmt: skip
AUTH = ("open", "open-enhanced", "psk", "8021x-radius")
WPA = ("WPA2 only", "WPA3 only", "WPA3 Transition Mode", "WPA3 192-bit Security")
SPLASH = ("None", "Click-through splash page", "Password-protected with Meraki RADIUS")
BANDS = ("Dual band operation", "5 GHz band only", "Dual band operation with Band Steering")


class Dashboard:
    """One organization: devices by serial, and the SSIDs of their network. ``limited`` answers are 429."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.devices: dict[str, dict[str, Any]] = {}
        self.ports: dict[str, list[dict[str, Any]]] = {}
        self.schedules: dict[int, dict[str, Any]] = {}
        self.ssids = [
            {
                "number": n,
                "name": f"Unconfigured SSID {n + 1}",
                "enabled": False,
                "visible": True,
                "authMode": "open",
                "splashPage": "None",
            }
            for n in range(15)
        ]
        self.calls: list[str] = []
        self.limited: list[str | None] = []
        self.page = 100

    def add(self, serial: str, name: str, ports: int = 0) -> None:
        """Claim a device."""
        self.devices[serial] = {
            "serial": serial,
            "name": name,
            "networkId": "N_1",
            "model": "MR" if not ports else "MS",
        }
        self.ports[serial] = [
            {"portId": str(n), "name": "", "enabled": True, "type": "trunk", "vlan": 1, "allowedVlans": "all",
             "voiceVlan": None, "isolationEnabled": False, "stpGuard": "disabled"}
            for n in range(1, ports + 1)
        ]  # fmt: skip

    refused = {"errors": ["API rate limit exceeded"]}

    def answered(
        self, method: str, path: str, query: str, headers: Any, body: Any
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, answer and headers; of a list one page."""
        if headers.get("Authorization") != f"Bearer {self.key}":
            return 401, {"errors": ["Invalid API key"]}, {}
        status, answer = self.answer(method, path, body)
        if not isinstance(answer, list):
            return status, answer, {}
        start = int(query.partition("startingAfter=")[2] or 0)
        rest = answer[start + self.page :]
        link = f"<https://{headers['Host']}{BELOW}{path}?startingAfter={start + self.page}>; rel=next"
        return status, answer[start : start + self.page], {"Link": link} if rest else {}

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Status and answer."""
        if match := re.fullmatch(r"/devices/([^/]+)(?:/switch/ports(?:/(\w+))?)?", path):
            if match[1] not in self.devices:
                return 404, {"errors": ["Device not found"]}
            if "/switch" not in path:
                return (200, self.devices[match[1]]) if method == "GET" else (404, None)
            if match[2] is None:
                return 200, self.ports[match[1]]
            port = next((one for one in self.ports[match[1]] if one["portId"] == match[2]), None)
            return self._changed(port, body, PORT_KEYS, _port_errors) if method == "PUT" else (200, port)
        if match := re.fullmatch(r"/networks/N_1/wireless/ssids(?:/(\d+)(/schedules)?)?", path):
            if match[1] is None:
                return 200, self.ssids
            number = int(match[1])
            if number >= len(self.ssids):
                return 404, {"errors": ["SSID not found"]}
            if match[2]:
                return self._schedule(method, number, body)
            if method == "PUT":
                return self._changed(self.ssids[number], body, SSID_KEYS, _ssid_errors)
            return 200, self.ssids[number]
        return 404, None

    def _changed(
        self, found: dict[str, Any] | None, body: Any, keys: dict[str, Any], check: Any
    ) -> tuple[int, Any]:
        if found is None:
            return 404, {"errors": ["not found"]}
        errors = [f"'{key}' is not a valid parameter" for key in body if key not in keys]
        errors += [
            f"'{key}' has the wrong type"
            for key, value in body.items()
            if key in keys
            and (not isinstance(value, keys[key]) or (isinstance(value, bool) and keys[key] is int))
        ]
        errors = errors or check({**found, **body}, body)
        if errors:
            return 400, {"errors": errors}
        found.update(json.loads(json.dumps(body)))
        for server in found.get("radiusServers") or ():
            server.pop("secret", None)  # it does not come back
        return 200, found

    def _schedule(self, method: str, number: int, body: Any) -> tuple[int, Any]:
        if method == "PUT":
            ranges = body.get("ranges", [])
            if set(body) - {"enabled", "ranges"} or (body.get("enabled") and not ranges):
                return 400, {"errors": ["'ranges' cannot be blank"]}
            for one in ranges:
                clock = all(
                    re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", one.get(key, ""))
                    for key in ("startTime", "endTime")
                )
                if not clock or {one.get("startDay"), one.get("endDay")} - set(DAYS):
                    return 400, {"errors": ["invalid range"]}
            self.schedules[number] = body
        return 200, self.schedules.get(number, {"enabled": False, "ranges": []})


def _port_errors(port: dict[str, Any], body: dict[str, Any]) -> list[str]:
    errors = []
    if port["type"] not in ("access", "trunk"):
        errors.append("'type' must be one of: 'access' or 'trunk'")
    if port["type"] == "access" and "allowedVlans" in body and body["allowedVlans"] != "all":
        errors.append("'allowedVlans' is for trunk ports")
    if port["vlan"] is not None and not 1 <= port["vlan"] <= 4094:
        errors.append("'vlan' must be between 1 and 4094")
    return errors


def _ssid_errors(ssid: dict[str, Any], body: dict[str, Any]) -> list[str]:
    errors = []
    if not 1 <= len(ssid["name"].encode()) <= 32:
        errors.append("'name' must be 1 to 32 bytes")
    for key, values in (
        ("authMode", AUTH),
        ("wpaEncryptionMode", WPA),
        ("bandSelection", BANDS),
        ("splashPage", SPLASH),
    ):
        if key in body and body[key] not in values:
            errors.append(f"'{key}' must be one of: {', '.join(values)}")
    if ssid["authMode"] == "psk" and not 8 <= len(ssid.get("psk", "")) <= 63:
        errors.append("'psk' must be 8 to 63 characters")
    if ssid["authMode"] == "8021x-radius" and not all(
        server.get("host") and 1 <= server.get("port", 0) <= 65535
        for server in ssid.get("radiusServers") or [{}]
    ):
        errors.append("'radiusServers' needs a host and a port")
    return errors
