"""Differences between a wanted and a seen configuration, in French; what is not managed is not compared."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from reversibility.platforms.interface_names import natural
from reversibility.platforms.model import Configuration, Port
from reversibility.platforms.number_lists import format_numbers

NBSP = "\u00a0"


def differences(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    """Each difference as ``objet : vu, au lieu de voulu``. Both must have the platform's canonical names."""
    if wanted.hostname and wanted.hostname.lower() != seen.hostname.lower():
        yield f"nom{NBSP}: «{NBSP}{seen.hostname}{NBSP}», au lieu de «{NBSP}{wanted.hostname}{NBSP}»"
    yield from _vlans(wanted, seen)
    have = {port.name: port for port in seen.ports}
    for port in wanted.ports:
        yield from _port(port, have.get(port.name))
    yield from _table(
        "SSID", {s.name: _plain(s) for s in wanted.ssids}, {s.name: _plain(s) for s in seen.ssids}
    )
    if wanted.accounts:
        named = {account.name: account.role for account in wanted.accounts}
        also = set(wanted.snmp_users or ())
        extra = {
            account.name: account.role
            for account in seen.accounts
            if account.name not in also or account.name in named
        }
        yield from _table("compte", named, extra)
    for service, setting in wanted.services.items():
        if seen.services.get(service, "off") != setting:
            yield f"service {service}{NBSP}: {seen.services.get(service, 'off')}, au lieu de {setting}"
    for noun, get, subset in _SECTIONS:
        yield from _set(noun, get(wanted), get(seen), subset)


def _vlans(wanted: Configuration, seen: Configuration) -> Iterator[str]:
    if wanted.vlans:
        yield from _table(
            "VLAN",
            {str(vlan.number): vlan.name for vlan in wanted.vlans if vlan.number != 1},
            {str(vlan.number): vlan.name for vlan in seen.vlans if vlan.number != 1},
        )


def _port(wanted: Port, seen: Port | None) -> Iterator[str]:
    if seen is None:
        yield f"port {wanted.name}{NBSP}: absent"
        return
    pairs: list[tuple[str, Any, Any]] = [
        ("actif", wanted.enabled, seen.enabled),
        ("description", wanted.description, seen.description),
        ("agrégat", (wanted.aggregate, wanted.lacp), (seen.aggregate, seen.lacp)),
    ]
    if wanted.aggregate is None:
        mode = "dynamic" if seen.options.get("mode") == "dynamic" else seen.mode
        pairs.append(("mode", wanted.mode, mode))
        pairs.append(("VLAN", _port_vlans(wanted), _port_vlans(seen)))
        pairs.append(("802.1X", wanted.dot1x, seen.dot1x))
        pairs.append(("protections", sorted(wanted.guards), sorted(seen.guards)))
    for what, goal, have in pairs:
        if goal != have:
            yield f"port {wanted.name}{NBSP}: {what} {have}, au lieu de {goal}"


def _port_vlans(port: Port) -> str:
    if port.mode == "routed":
        return "aucun"
    if port.mode == "access":
        return f"{port.access or 1}" + (f" et voix {port.voice}" if port.voice else "")
    tagged = "tous" if port.tagged is None else format_numbers(port.tagged) or "aucun"
    return f"étiquetés {tagged}, natif {port.native or 'aucun'}"


def _plain(ssid: Any) -> tuple[Any, ...]:
    return (
        ssid.vlan,
        ssid.security,
        ssid.isolated,
        ssid.hidden,
        ssid.enabled,
        ",".join(sorted(ssid.bands)),
        ssid.hours,
        *(["portail"] if ssid.portal else []),
    )


def _table(noun: str, wanted: dict[str, Any], seen: dict[str, Any]) -> Iterator[str]:
    if not wanted:
        return
    for key in sorted(set(wanted) | set(seen), key=natural):
        if key not in seen:
            yield f"{noun} {key}{NBSP}: absent"
        elif key not in wanted:
            yield f"{noun} {key}{NBSP}: non déclaré"
        elif wanted[key] != seen[key]:
            yield f"{noun} {key}{NBSP}: {seen[key]}, au lieu de {wanted[key]}"


def _set(noun: str, wanted: Any, seen: Any, subset: bool) -> Iterator[str]:
    if wanted is None:
        return
    if isinstance(wanted, str):
        if wanted.strip("\n") != (seen or "").strip("\n"):
            yield f"{noun}{NBSP}: autre texte que celui déclaré"
        return
    goal, have = set(_texts(wanted)), set(_texts(seen or ()))
    missing, extra = sorted(goal - have), [] if subset else sorted(have - goal)
    if missing:
        yield f"{noun}{NBSP}: manque {', '.join(missing)}"
    if extra:
        yield f"{noun}{NBSP}: {', '.join(extra)} en trop"


def _texts(values: Iterable[Any]) -> Iterator[str]:
    for value in values:
        if hasattr(value, "prefix"):
            yield f"{value.prefix} par {value.gateway}"
        elif hasattr(value, "session"):
            yield f"{value.session} ({', '.join(sorted(value.sources))} vers {value.destination})"
        elif hasattr(value, "address"):
            if value.vlan != 1 or value.address:
                yield f"VLAN {value.vlan} {value.address or 'sans adresse'}"
        else:
            yield str(value)


_SECTIONS: tuple[tuple[str, Callable[[Configuration], Any], bool], ...] = (
    ("interfaces de VLAN", lambda c: c.svis, False),
    ("routes", lambda c: c.routes, False),
    ("miroirs de port", lambda c: c.mirrors, False),
    ("contrôle DHCP", lambda c: c.dhcp_snooping, False),
    ("utilisateurs SNMPv3", lambda c: c.snmp_users, True),
    ("serveurs de temps", lambda c: c.ntp, False),
    ("journaux", lambda c: c.syslog, False),
    ("RADIUS", lambda c: c.radius, False),
    ("bannière", lambda c: c.banner, False),
)
