"""Site of a UniFi controller as its official API shows it: networks, SSIDs, and which access point sends which."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from reversibility.platforms.model import Ssid
from reversibility.platforms.wifi_hours import DAYS, Hours

_SECURITY = {
    "OPEN": "open",
    "WPA2_PERSONAL": "wpa2-personal",
    "WPA3_PERSONAL": "wpa3-personal",
    "WPA2_ENTERPRISE": "wpa2-enterprise",
    "WPA3_ENTERPRISE": "wpa3-enterprise",
}
ALL_DAY_END = "23:59"
"""The last time that a day of the API has: its last minute is in no blackout."""


@dataclass(frozen=True)
class Site:
    """Networks and SSIDs by identifier, RADIUS profiles by name, access points by tag. The answers hold secrets."""

    device: Mapping[str, Any]
    networks: Mapping[str, Mapping[str, Any]]
    broadcasts: Mapping[str, Mapping[str, Any]] = field(repr=False)
    profiles: Mapping[str, str]
    tags: Mapping[str, frozenset[str]]

    @property
    def release(self) -> tuple[int, ...]:
        """Release of the controller: (10, 1, 84); () where it is not known."""
        numbers = str(self.device.get("applicationVersion") or "").split(".")
        return tuple(int(number) for number in numbers if number.isdecimal())

    def ssids(self) -> Iterator[Ssid]:
        """The SSIDs that this access point sends, also those that are off."""
        for broadcast in self.broadcasts.values():
            if self.is_sent(broadcast):
                yield self._ssid(broadcast)

    def is_sent(self, broadcast: Mapping[str, Any]) -> bool:
        """Whether this access point is among those that send an SSID."""
        chosen = broadcast.get("broadcastingDeviceFilter") or {}
        device = str(self.device.get("id"))
        if chosen.get("type") == "DEVICES":
            return device in (chosen.get("deviceIds") or ())
        if chosen.get("type") == "DEVICE_TAGS":
            return any(device in self.tags.get(str(tag), ()) for tag in chosen.get("deviceTagIds") or ())
        return True

    def vlan_of(self, reference: Mapping[str, Any] | None) -> int | None:
        """The VLAN of the network that an SSID refers to."""
        if not reference or reference.get("type") == "NATIVE":
            found = next((n for n in self.networks.values() if n.get("default")), {})
        else:
            found = self.networks.get(str(reference.get("networkId")), {})
        return int(found["vlanId"]) if found.get("vlanId") else None

    def _ssid(self, broadcast: Mapping[str, Any]) -> Ssid:
        given = broadcast.get("securityConfiguration") or {}
        kind, encryption = str(given.get("type")), given.get("encryption")
        security = _SECURITY.get(kind, kind.lower())
        if kind == "OPEN" and encryption:
            security = "owe" if encryption == "ENHANCED_OPEN" else str(encryption).lower()
        return Ssid(
            str(broadcast.get("name")),
            vlan=self.vlan_of(broadcast.get("network")),
            security=security,
            isolated=bool(broadcast.get("clientIsolationEnabled")),
            hidden=bool(broadcast.get("hideName")),
            enabled=bool(broadcast.get("enabled")),
            bands=frozenset(f"{band:g}" for band in broadcast.get("broadcastingFrequenciesGHz") or ()),
            hours=hours_of(broadcast.get("blackoutScheduleConfiguration")),
            portal=(broadcast.get("hotspotConfiguration") or {}).get("type") == "CAPTIVE_PORTAL",
        )


def blackout(hours: Hours) -> dict[str, Any]:
    """The API's schedule, which is one of outages: for each day, all of it or what is outside of the hours."""
    on, off = hours.on, hours.off
    ranges = [
        {"startTime": start, "endTime": end}
        for start, end in (("00:00", on), (off, ALL_DAY_END))
        if start != end
    ]
    days: list[dict[str, Any]] = [
        {"day": day.upper(), "type": "TIME_RANGE", "timeRanges": ranges}
        if day in hours.days
        else {"day": day.upper(), "type": "ALL_DAY"}
        for day in DAYS
    ]
    return {"days": [day for day in days if day["type"] == "ALL_DAY" or ranges]}


def hours_of(schedule: Mapping[str, Any] | None) -> str:
    """The hours of a schedule; '' for always, and a word that no hours are for one that no hours make."""
    if not schedule or not schedule.get("days"):
        return ""
    for first in DAYS:
        for last in DAYS:
            times = _times(schedule)
            if times is not None and _same(blackout(Hours(first, last, *times)), schedule):
                return str(Hours(first, last, *times))
    return "other"


def _times(schedule: Mapping[str, Any]) -> tuple[str, str] | None:
    for day in schedule["days"]:
        ranges = day.get("timeRanges") or ()
        if day.get("type") == "TIME_RANGE" and ranges:
            on = next((r["endTime"] for r in ranges if r.get("startTime") == "00:00"), "00:00")
            off = next((r["startTime"] for r in ranges if r.get("endTime") == ALL_DAY_END), ALL_DAY_END)
            return str(on), str(off)
    return None


def _same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    def ordered(schedule: Mapping[str, Any]) -> list[Any]:
        return sorted(
            (
                str(day.get("day")),
                str(day.get("type")),
                sorted((r["startTime"], r["endTime"]) for r in day.get("timeRanges") or ()),
            )
            for day in schedule["days"]
        )

    return ordered(one) == ordered(other)
