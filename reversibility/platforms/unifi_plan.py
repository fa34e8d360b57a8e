"""Calls of UniFi's official API that apply the wanted or the recorded configuration; see unifi.py.

There is no way back: networks come first, then SSIDs, and what is turned off last. The API replaces an SSID as a whole:
the one that was read is sent back with what changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reversibility.platforms.api_calls import Call, filled, secret_names
from reversibility.platforms.driver import ChangeRefused
from reversibility.platforms.model import Configuration, Ssid
from reversibility.platforms.secret_names import secret
from reversibility.platforms.unifi_site import Site, blackout
from reversibility.platforms.wifi_hours import Hours

FIRST_RELEASE = 10
"""Older releases of the API only read."""
HIGHEST_VLAN = 4009
_NOT_SENT = frozenset({"id", "metadata", "default"})
_SAE = {"anticloggingThresholdSeconds": 5, "syncTimeSeconds": 5}
_NAS = {"type": "DERIVED", "source": "DEVICE_NAME"}
_NEW = {
    "type": "STANDARD",
    "multicastToUnicastConversionEnabled": False,
    "uapsdEnabled": False,
    "arpProxyEnabled": False,
    "bssTransitionEnabled": True,
    "advertiseDeviceName": False,
}
# Required by later releases, unknown to 10.1: sent where an SSID has them, or where there is none to see it by.
_LATER = {"channel2gLockedTo6": False, "dtimPeriod2gLockedTo3": False}


@dataclass(frozen=True)
class Ids:
    """References of an SSID: to its network and to its RADIUS profile; None where they are not known yet."""

    network: Mapping[str, Any] | None = None
    profile: str | None = None


def body(ssid: Ssid, now: Mapping[str, Any], ids: Ids) -> dict[str, Any]:
    """The whole SSID to send. ``now`` is the one that is there, or what a new one has; the rest of it is kept."""
    found: dict[str, Any] = {key: value for key, value in (now or _NEW).items() if key not in _NOT_SENT}
    found |= {
        "name": ssid.name,
        "enabled": ssid.enabled,
        "hideName": ssid.hidden,
        "clientIsolationEnabled": ssid.isolated,
        "network": ids.network or {"type": "SPECIFIC", "networkId": f"(network of VLAN {ssid.vlan})"},
        "broadcastingFrequenciesGHz": sorted(
            float(band) if "." in band else int(band) for band in ssid.bands
        ),
        "securityConfiguration": _security(ssid, now.get("securityConfiguration") or {}, ids),
    }
    found.pop("broadcastingDeviceFilter", None)  # sent by every access point of the site
    if len(ssid.bands) < 2:
        found.pop("bandSteeringEnabled", None)  # refused with one band, even when it is off
    if ssid.portal:
        found["hotspotConfiguration"] = {"type": "CAPTIVE_PORTAL"}
    elif (found.get("hotspotConfiguration") or {}).get("type") == "CAPTIVE_PORTAL":
        del found["hotspotConfiguration"]
    found.pop("blackoutScheduleConfiguration", None)
    if ssid.hours and (schedule := blackout(Hours.read(ssid.hours)))["days"]:
        found["blackoutScheduleConfiguration"] = schedule
    return found


def _security(ssid: Ssid, now: Mapping[str, Any], ids: Ids) -> dict[str, Any]:
    if ssid.security in ("open", "owe"):
        kind, own = "OPEN", ({"encryption": "ENHANCED_OPEN"} if ssid.security == "owe" else {})
        kept = {k: v for k, v in now.items() if k not in ("encryption", "radiusConfiguration")}
        return (kept if now.get("type") == kind else {}) | {"type": kind, **own}
    kind = ssid.security.upper().replace("-", "_")
    found: dict[str, Any] = {"fastRoamingEnabled": False}
    if kind == "WPA3_PERSONAL":
        found["saeConfiguration"] = dict(_SAE)
    if kind.endswith("ENTERPRISE"):
        found["coaEnabled"] = False
    if kind == "WPA3_ENTERPRISE":
        found["securityMode"] = "DEFAULT"
    if now.get("type") == kind:
        found |= now
    found["type"] = kind
    if kind.endswith("ENTERPRISE"):
        radius = found.get("radiusConfiguration") or {"nasId": dict(_NAS)}
        found["radiusConfiguration"] = {
            **radius,
            "profileId": ids.profile or "(profile of the RADIUS server)",
        }
    else:
        found["passphrase"] = secret(f"wifi/{ssid.name}")
        found.pop("presharedKeys", None)  # further keys of the same SSID, that nobody declared
    return found


def calls(wanted: Configuration, site: Site, secrets: Mapping[str, str]) -> Iterator[Call]:
    """Missing networks, SSIDs that differ, then undeclared SSIDs. Raises ChangeRefused."""
    _refuse(wanted, site)
    names = {vlan.number: vlan.name for vlan in wanted.vlans}
    for vlan in sorted({ssid.vlan for ssid in wanted.ssids if ssid.vlan}):
        yield from _network(site, vlan, names.get(vlan) or f"VLAN {vlan}")
    have = {str(each.get("name")): key for key, each in site.broadcasts.items()}
    for ssid in wanted.ssids:
        key = have.get(ssid.name, "")
        now = site.broadcasts.get(key) or {}
        goal = body(ssid, now or _NEW | _later(site), _ids(ssid, site, now, wanted.radius or ()))
        changed = {
            name: goal.get(name)
            for name in dict.fromkeys((*goal, *now))
            if name not in _NOT_SENT and not _equal(goal.get(name), now.get(name), secrets)
        }
        if changed:
            ready = network_of(site, ssid.vlan) is not None
            yield _call(key, goal, {"name": ssid.name, **changed} if now else None, ready)
    declared = {ssid.name for ssid in wanted.ssids}
    for key, now in sorted(site.broadcasts.items(), key=lambda item: str(item[1].get("name"))):
        if now.get("enabled") and now.get("name") not in declared and site.is_sent(now):
            off = {**{k: v for k, v in now.items() if k not in _NOT_SENT}, "enabled": False}
            yield _call(key, off, {"name": now.get("name"), "enabled": False}, True)


def _call(key: str, goal: dict[str, Any], differing: dict[str, Any] | None, ready: bool) -> Call:
    path = f"site:/wifi/broadcasts/{key}" if key else "site:/wifi/broadcasts"
    return Call(path, goal, "PUT" if key else "POST", differing, ready)


def _network(site: Site, vlan: int, name: str) -> Iterator[Call]:
    found = next(((k, n) for k, n in site.networks.items() if n.get("vlanId") == vlan), None)
    if found is None:
        yield Call(
            "site:/networks",
            {"management": "UNMANAGED", "name": name, "enabled": True, "vlanId": vlan},
            "POST",
        )
    elif not found[1].get("enabled"):
        whole = {k: v for k, v in found[1].items() if k not in _NOT_SENT} | {"enabled": True}
        yield Call(f"site:/networks/{found[0]}", whole, differing={"name": whole["name"], "enabled": True})


def network_of(site: Site, vlan: int | None) -> dict[str, Any] | None:
    """The reference to the network of a VLAN; None while there is none. Without a VLAN: that of the access point."""
    if vlan is None:
        return {"type": "NATIVE"}
    for key, network in site.networks.items():
        if network.get("vlanId") == vlan:
            return {"type": "NATIVE"} if network.get("default") else {"type": "SPECIFIC", "networkId": key}
    return None


def _ids(ssid: Ssid, site: Site, now: Mapping[str, Any], radius: tuple[str, ...]) -> Ids:
    reference = now.get("network")
    if reference and site.vlan_of(reference) == ssid.vlan:
        return Ids(dict(reference), site.profiles.get(profile_name(radius)))
    return Ids(network_of(site, ssid.vlan), site.profiles.get(profile_name(radius)))


def profile_name(radius: tuple[str, ...]) -> str:
    """The name that the RADIUS profile of an access point must have: its servers."""
    return ", ".join(radius)


def _later(site: Site) -> dict[str, Any]:
    """Settings that later releases require of a new SSID."""
    if site.broadcasts:
        return _LATER if any(_LATER.keys() <= each.keys() for each in site.broadcasts.values()) else {}
    return _LATER if site.release >= (10, 2) else {}


def _equal(goal: Any, now: Any, secrets: Mapping[str, str]) -> bool:
    names = secret_names(goal)
    if any(name not in secrets for name in names):
        return False
    return bool(filled(goal, secrets) == now)


def _refuse(wanted: Configuration, site: Site) -> None:
    reasons = []
    if site.release[:1] < (FIRST_RELEASE,):
        shown = ".".join(map(str, site.release)) or "of an unknown release"
        reasons.append(f"the controller is {shown}: its API changes nothing before {FIRST_RELEASE}")
    for ssid in wanted.ssids:
        if ssid.security.endswith("enterprise"):
            reasons += _no_profile(ssid, wanted, site)
        if ssid.hours and (hours := Hours.read(ssid.hours)).on >= hours.off:
            reasons.append(f"{ssid.name}: hours beyond midnight ({ssid.hours}) are not set here")
        if ssid.vlan and ssid.vlan > HIGHEST_VLAN:
            reasons.append(f"{ssid.name}: a UniFi controller has no VLAN above {HIGHEST_VLAN}")
        if "6" in ssid.bands and not ssid.security.startswith(("wpa3", "owe")):
            reasons.append(f"{ssid.name}: 6 GHz needs WPA3 or OWE")
        if [b.get("name") for b in site.broadcasts.values()].count(ssid.name) > 1:
            reasons.append(f"{ssid.name}: the site has several SSIDs of this name; delete all but one")
    if reasons:
        raise ChangeRefused(reasons)


def _no_profile(ssid: Ssid, wanted: Configuration, site: Site) -> Iterator[str]:
    name = profile_name(wanted.radius or ())
    if not name:
        yield f"{ssid.name}: no RADIUS server is declared (network_radius)"
    elif name not in site.profiles:
        yield (
            f'{ssid.name}: the controller has no RADIUS profile named "{name}"; make it there with its secret, the API '
            "cannot"
        )


def restoring_calls(kept: Site, now: Site) -> Iterator[Call]:
    """Networks and SSIDs that are not as they were. Identifiers are new ones on another controller."""
    known = {str(n.get("name")): key for key, n in now.networks.items()}
    moved = {
        key: {"type": "NATIVE"}
        if n.get("default")
        else {"type": "SPECIFIC", "networkId": known[str(n["name"])]}
        for key, n in kept.networks.items()
        if str(n.get("name")) in known or n.get("default")
    }
    for network in kept.networks.values():
        if str(network.get("name")) not in known and not network.get("default"):
            whole = {k: v for k, v in network.items() if k not in _NOT_SENT}
            yield Call("site:/networks", whole, "POST")
    have = {str(b.get("name")): key for key, b in now.broadcasts.items()}
    profiles = {key: name for name, key in kept.profiles.items()}
    for broadcast in kept.broadcasts.values():
        goal = {k: v for k, v in broadcast.items() if k not in (*_NOT_SENT, "broadcastingDeviceFilter")}
        reference = broadcast.get("network") or {}
        place = moved.get(str(reference.get("networkId"))) if reference.get("networkId") else reference
        goal["network"] = place or reference
        security = dict(goal.get("securityConfiguration") or {})
        if radius := security.get("radiusConfiguration"):
            name = profiles.get(str(radius.get("profileId")), "")
            if name not in now.profiles:
                raise ChangeRefused(
                    [f'{goal["name"]}: make the RADIUS profile "{name}" in the controller first']
                )
            security["radiusConfiguration"] = {**radius, "profileId": now.profiles[name]}
            goal["securityConfiguration"] = security
        key = have.get(str(goal["name"]), "")
        there = {k: v for k, v in now.broadcasts.get(key, {}).items() if k not in _NOT_SENT}
        if goal != there:
            yield _call(key, goal, None, place is not None)
