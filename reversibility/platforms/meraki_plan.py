"""Calls of the Meraki Dashboard API that lead from its answers to what is wanted; see meraki.py.

There is no way back: what is added comes first, what is turned off last, and what leads to the device is only changed
with network_change_management.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reversibility.platforms.api_calls import Call
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.model import Configuration, Ssid
from reversibility.platforms.secret_names import names_in
from reversibility.platforms.wifi_hours import DAYS, Hours

SLOTS = 15
_FIXED = frozenset({"number", "portId"})
_LONG = dict(
    zip(DAYS, ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"), strict=True)
)


def port_calls(
    wanted: Configuration, bodies: Mapping[str, Any], ports: list[dict[str, Any]]
) -> Iterator[Call]:
    """The ports that differ. Raises ChangeRefused for those that lead to the device and those that are not there."""
    have = {str(port["portId"]): port for port in ports}
    changed = {}
    for name, body in bodies.items():
        if name not in have:
            raise ChangeRefused([f"the device has no port {name}"])
        differing = {key: value for key, value in body.items() if have[name].get(key) != value}
        if differing:
            changed[name] = differing
    if forbidden := sorted(wanted.protected_ports & changed.keys()):
        raise ChangeRefused(
            [f"{name} leads to the device: changed with network_change_management only" for name in forbidden]
        )
    yield from (Call(f"device:/switch/ports/{name}", body) for name, body in changed.items())


def ssid_calls(
    wanted: Configuration,
    bodies: Mapping[str, dict[str, Any]],
    slots: list[dict[str, Any]],
    schedules: Mapping[str, Any],
    secrets: Mapping[str, str],
) -> Iterator[Call]:
    """The SSIDs that differ, each in the slot that has its name, else in a free one; then those that go.

    A RADIUS secret does not come back: it is set with the SSID or its servers, and is not compared.
    """
    numbers = _slots(wanted, slots)
    have = {int(slot["number"]): slot for slot in slots}
    for ssid in wanted.ssids:
        number, body = numbers[ssid.name], bodies[ssid.name]
        now = have.get(number, {})
        differing = {key: value for key, value in body.items() if _differs(key, value, now, secrets)}
        if differing:
            if "psk" in body and {"authMode", "encryptionMode"} & differing.keys():
                differing["psk"] = body["psk"]  # asked for again with a new mode
            yield Call(f"network:/wireless/ssids/{number}", differing)
        schedule = _schedule(ssid)
        found = schedules.get(str(number)) or {"enabled": False, "ranges": []}
        if schedule["enabled"] != found.get("enabled", False) or (
            schedule["enabled"] and schedule["ranges"] != found.get("ranges")
        ):
            yield Call(f"network:/wireless/ssids/{number}/schedules", schedule)
    used = set(numbers.values())
    for number, slot in sorted(have.items()):
        if number not in used and slot.get("enabled"):
            yield Call(f"network:/wireless/ssids/{number}", {"enabled": False})


def restoring_calls(
    kept: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]
) -> Iterator[Call]:
    """What of each kept answer differs, but for what names it and what no call sets."""
    for path, body in kept.items():
        have = now.get(path, {})
        differing = {k: v for k, v in body.items() if k not in _FIXED and have.get(k) != v}
        if differing:
            yield Call(path, differing)


def _slots(wanted: Configuration, slots: list[dict[str, Any]]) -> dict[str, int]:
    names = {ssid.name for ssid in wanted.ssids}
    found: dict[str, int] = {}
    for slot in slots:
        if slot.get("name") in names:
            found.setdefault(str(slot["name"]), int(slot["number"]))
    free = [
        int(slot["number"]) for slot in slots if not slot.get("enabled") and slot.get("name") not in names
    ]
    for ssid in wanted.ssids:
        if ssid.name not in found:
            if not free:
                raise ChangeRefused([f"{ssid.name}: none of the {SLOTS} SSIDs of the network is free"])
            found[ssid.name] = free.pop(0)
    return found


def _differs(key: str, value: Any, now: Mapping[str, Any], secrets: Mapping[str, str]) -> bool:
    if key == "radiusServers":
        hosts = [(server["host"], server["port"]) for server in value]
        return hosts != [(server.get("host"), server.get("port")) for server in now.get(key) or ()]
    if key == "psk":
        name = names_in(value)[0]
        return name not in secrets or now.get(key) != secrets[name]
    return bool(now.get(key) != value)


def _schedule(ssid: Ssid) -> dict[str, Any]:
    """Meraki's schedule is one of outages: from each day's end to the beginning of the next day of the hours."""
    if not ssid.hours:
        return {"enabled": False}
    hours = Hours.read(ssid.hours)
    days = hours.days
    pairs = zip(days, [*days[1:], days[0]], strict=True)
    return {
        "enabled": True,
        "ranges": [
            {"startDay": _LONG[day], "startTime": hours.off, "endDay": _LONG[after], "endTime": hours.on}
            for day, after in pairs
        ],
    }
