"""Cisco Meraki, switches (MS) and access points (MR): answers of the Dashboard API, version 1.

A VLAN exists if ports use it. A network has 15 SSID slots that are never created or deleted. There is no rollback.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from reversibility.platforms import meraki_plan
from reversibility.platforms.api_calls import Call
from reversibility.platforms.api_files import DEVICE, ApiDriver, content
from reversibility.platforms.device_identity import Identity, colons
from reversibility.platforms.driver import ChangeRefused, Files
from reversibility.platforms.model import Configuration, Guard, Port, Ssid
from reversibility.platforms.number_lists import format_numbers, parse_numbers
from reversibility.platforms.secret_names import secret

PORTS, SSIDS = "/switch-ports.json", "/wireless-ssids.json"
SCHEDULES = "/wireless-schedules.json"
_SECURITY = {
    "open": {"authMode": "open"},
    "owe": {"authMode": "open-enhanced"},
    "wpa2-personal": {"authMode": "psk", "encryptionMode": "wpa", "wpaEncryptionMode": "WPA2 only"},
    "wpa3-personal": {"authMode": "psk", "encryptionMode": "wpa", "wpaEncryptionMode": "WPA3 only"},
    "wpa2-enterprise": {"authMode": "8021x-radius", "wpaEncryptionMode": "WPA2 only"},
    "wpa3-enterprise": {"authMode": "8021x-radius", "wpaEncryptionMode": "WPA3 only"},
}
_GUARDS: dict[str, Guard] = {"bpdu guard": "bpdu", "root guard": "root", "loop guard": "loop"}


class Meraki(ApiDriver):
    """Driver of Meraki. The API does not return RADIUS secrets: they are set, never compared."""

    platform = "meraki"
    paths = (DEVICE, PORTS, SSIDS, SCHEDULES)
    required = (DEVICE,)
    manufacturer = "Cisco Meraki"

    def identified(self, files: Files) -> Identity:
        """The device's identity in the dashboard."""
        device = content(files, DEVICE, dict)
        fields = {name: str(device.get(name) or "") for name in ("serial", "model", "firmware")}
        return Identity(**fields, mac=colons(str(device.get("mac") or "")))

    def required_files(self, kind: str) -> tuple[str, ...]:
        """The device, and its ports or its SSIDs."""
        return (DEVICE, PORTS if kind == "switch" else SSIDS)

    def parse(self, files: dict[str, bytes] | Any) -> Configuration:
        """Name, ports, and the SSIDs that are on."""
        ssids = [_ssid(slot) for slot in content(files, SSIDS, list) if slot.get("enabled")]
        return Configuration(
            hostname=str(content(files, DEVICE, dict).get("name") or ""),
            ports=tuple(_port(port) for port in content(files, PORTS, list)),
            ssids=tuple(sorted(ssids, key=lambda ssid: ssid.name)),
        )

    def comparable(self, wanted: Configuration) -> Configuration:
        """Names, ports and SSIDs; bands and hours are settings of their own."""
        ssids = tuple(replace(ssid, hours="", bands=frozenset()) for ssid in wanted.ssids)
        return Configuration(hostname=wanted.hostname, ports=wanted.ports, ssids=ssids)

    def reads(self, kind: str) -> dict[str, str]:
        """What is asked for, by the path of the answer: below the device (``device:``) or its network."""
        if kind == "switch":
            return {PORTS: "device:/switch/ports"}
        return {SSIDS: "network:/wireless/ssids"}

    def reads_again(self, files: Files) -> dict[str, dict[str, str]]:
        """The schedule of each SSID that is on, by its slot."""
        if SSIDS not in files:
            return {}
        return {
            SCHEDULES: {
                str(slot["number"]): f"network:/wireless/ssids/{slot['number']}/schedules"
                for slot in content(files, SSIDS, list)
                if slot.get("enabled")
            }
        }

    def calls(self, wanted: Configuration, files: Files, kind: str, secrets: Mapping[str, str]) -> list[Call]:
        """The calls that lead to what is wanted; secrets are compared where they come back. Raises ChangeRefused."""
        if kind == "switch":
            bodies = {port.name: _port_body(port) for port in wanted.ports}
            return list(meraki_plan.port_calls(wanted, bodies, content(files, PORTS, list)))
        reasons = [
            f"{ssid.name}: no RADIUS server is declared (network_radius)"
            for ssid in wanted.ssids
            if ssid.security.endswith("enterprise") and not wanted.radius
        ]
        reasons += [
            f"{s.name}: Meraki has no SSID of 2.4 GHz alone" for s in wanted.ssids if s.bands == {"2.4"}
        ]
        if reasons:
            raise ChangeRefused(reasons)
        ssids = {ssid.name: _ssid_body(ssid, wanted.radius or ()) for ssid in wanted.ssids}
        schedules = content(files, SCHEDULES, dict)
        return list(meraki_plan.ssid_calls(wanted, ssids, content(files, SSIDS, list), schedules, secrets))

    def restoring_calls(self, kept: Files, files: Files, kind: str) -> list[Call]:
        """The ports or the SSIDs that differ. Those with 802.1X need the vault: the API does not give their secret."""
        return list(meraki_plan.restoring_calls(*(_restorable(each, kind) for each in (kept, files))))

    def render(self, wanted: Configuration) -> str:
        """``{ports: {id: body}, ssids: {slot: body}}``: what PUT takes. Slots without a wanted SSID are disabled."""
        ssids: dict[str, Any] = {str(slot): {"enabled": False} for slot in range(15)}
        for slot, ssid in enumerate(wanted.ssids[:15]):
            ssids[str(slot)] = _ssid_body(ssid, wanted.radius or ())
        bodies: dict[str, Any] = {"ports": {port.name: _port_body(port) for port in wanted.ports}}
        return (
            json.dumps(
                bodies | ({"ssids": ssids} if wanted.ssids else {}),
                ensure_ascii=False,
                indent=2,
                sort_keys=True,
            )
            + "\n"
        )


def _restorable(files: Files, kind: str) -> dict[str, dict[str, Any]]:
    """Path of a call and its settable keys."""
    if kind == "switch":
        return {f"device:/switch/ports/{port['portId']}": port for port in content(files, PORTS, list)}
    found: dict[str, dict[str, Any]] = {}
    for slot in content(files, SSIDS, list):
        if not str(slot.get("authMode")).startswith("8021x"):
            found[f"network:/wireless/ssids/{slot['number']}"] = slot
    for number, schedule in content(files, SCHEDULES, dict).items():
        if f"network:/wireless/ssids/{number}" in found:
            found[f"network:/wireless/ssids/{number}/schedules"] = schedule
    return found


def _port(port: dict[str, Any]) -> Port:
    text = str(port.get("allowedVlans") or "all")
    native = port.get("vlan")
    found = Port(
        str(port["portId"]),
        description=str(port.get("name") or ""),
        enabled=bool(port.get("enabled", True)),
        guards=frozenset(_guards_of(port)),
    )
    if port.get("type") == "routed":
        return replace(found, mode="routed")
    if port.get("type") == "access":
        return replace(found, access=int(native or 1), voice=port.get("voiceVlan"))
    tagged = None if text == "all" else parse_numbers(text) - {native}
    carried = native if tagged is None or native in parse_numbers(text) else None
    return replace(found, mode="trunk", native=carried, tagged=tagged)


def _guards_of(port: dict[str, Any]) -> Iterator[Guard]:
    guard = _GUARDS.get(str(port.get("stpGuard")))
    if guard is not None:
        yield guard
    if port.get("isolationEnabled"):
        yield "protected"


def _port_body(port: Port) -> dict[str, Any]:
    guards = {value: name for name, value in _GUARDS.items()}
    body: dict[str, Any] = {
        "name": port.description,
        "enabled": port.enabled,
        "type": port.mode if port.mode != "routed" else "routed",
        "isolationEnabled": "protected" in port.guards,
        "stpGuard": next((guards[guard] for guard in sorted(port.guards) if guard in guards), "disabled"),
    }
    if port.mode == "access":
        return body | {"vlan": port.access or 1, "voiceVlan": port.voice}
    allowed = None if port.tagged is None else port.tagged | ({port.native} if port.native else set())
    return body | {"vlan": port.native, "allowedVlans": "all" if allowed is None else format_numbers(allowed)}


def _ssid(slot: dict[str, Any]) -> Ssid:
    mode, version = slot.get("authMode", "open"), str(slot.get("wpaEncryptionMode", ""))
    if str(mode).startswith("8021x"):
        security = "wpa3-enterprise" if "WPA3" in version else "wpa2-enterprise"
    elif mode == "psk":
        security = "wpa3-personal" if version == "WPA3 only" else "wpa2-personal"
    else:
        security = "owe" if mode == "open-enhanced" else "open" if mode == "open" else str(mode)
    return Ssid(
        str(slot.get("name")),
        vlan=slot.get("defaultVlanId") if slot.get("useVlanTagging") else None,
        security=security,
        isolated=bool(slot.get("lanIsolationEnabled", False)),
        hidden=not slot.get("visible", True),
        portal=str(slot.get("splashPage") or "None") != "None",
    )


def _ssid_body(ssid: Ssid, radius: tuple[str, ...]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": ssid.name,
        "enabled": ssid.enabled,
        "visible": not ssid.hidden,
        "ipAssignmentMode": "Bridge mode",
        "useVlanTagging": ssid.vlan is not None,
        "lanIsolationEnabled": ssid.isolated,
        "splashPage": "Click-through splash page" if ssid.portal else "None",
        **_SECURITY[ssid.security],
    }
    if ssid.bands == {"5"}:
        body["bandSelection"] = "5 GHz band only"
    if ssid.vlan is not None:
        body["defaultVlanId"] = ssid.vlan
    if ssid.security.endswith("personal"):
        body["psk"] = secret(f"wifi/{ssid.name}")
    if ssid.security.endswith("enterprise"):
        body["radiusServers"] = [
            {"host": host, "port": 1812, "secret": secret(f"radius/{host}")} for host in radius
        ]
    return body


DRIVER = Meraki()
