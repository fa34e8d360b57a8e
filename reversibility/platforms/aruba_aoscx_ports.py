"""Commands that configure the ports of an AOS-CX switch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from reversibility.platforms.aruba_aoscx_parse import DOT1X, GUARDS, MAC, REJECT, Seen, port_name
from reversibility.platforms.aruba_aoss_parse import with_vlans
from reversibility.platforms.interface_names import natural
from reversibility.platforms.model import Configuration, Dot1x, Port
from reversibility.platforms.number_lists import format_numbers

_LINES = {guard: line for line, guard in GUARDS.items()}
_LIMIT = "aaa authentication port-access client-limit"


def canonical_port(port: Port, voice: frozenset[int]) -> Port:
    """The port as this platform says it; ``voice``: the VLANs of phones."""
    port = replace(port, name=port_name(port.name))
    if port.aggregate is not None:
        return replace(port, aggregate=port_name(port.aggregate), lacp=port.lacp or "active")
    if port.mode == "access":
        access = port.access or 1
        return replace(port, access=access, voice=port.voice if port.voice != access else None)
    if port.mode == "routed" or port.tagged is None:
        return port
    return with_vlans(port, port.native, port.tagged - {port.native} if port.native else port.tagged, voice)


def port_commands(wanted: Configuration, seen: Seen, have: dict[str, Port]) -> dict[str, list[str]]:
    """The commands by port: a bundle is made before its members join."""
    lacp = {port.aggregate: port.lacp for port in wanted.ports if port.aggregate}
    seen_lacp = {port.aggregate: port.lacp for port in have.values() if port.aggregate}
    found = {}
    for port in sorted(wanted.ports, key=lambda port: (not port.name.startswith("lag"), natural(port.name))):
        known = have.get(port.name)
        lines = _port(port, known, seen.routes_by_default)
        if port.name in lacp and lacp[port.name] != seen_lacp.get(port.name, "on"):
            lines.append("no lacp mode" if lacp[port.name] == "on" else f"lacp mode {lacp[port.name]}")
        if lines or known is None:
            found[port.name] = lines
    return found


def _port(wanted: Port, seen: Port | None, routes_by_default: bool) -> list[str]:
    known = seen or Port(wanted.name, access=1, enabled=False)
    if seen is None and routes_by_default:
        known = replace(known, mode="routed")
    # Some models show nothing of a port that is as it left the factory, and some leave the factory with their
    # ports shut.
    lines = ["shutdown"] if not wanted.enabled and (known.enabled or seen is None) else []
    if wanted.description != known.description:
        lines.append(f"description {wanted.description}" if wanted.description else "no description")
    enabled = known.enabled
    if wanted.aggregate is not None:
        if wanted.aggregate != known.aggregate:
            lines += [f"no {known.aggregate}"] if known.aggregate else []
            lines += [*_dot1x(None, known.dot1x), *_guards(frozenset(), known)]
            lines.append(wanted.aggregate)
    else:
        if known.aggregate is not None:  # a port that leaves is bare, routed and shut
            lines.append(f"no {known.aggregate}")
            known = Port(wanted.name, mode="routed")
            enabled = False
        lines += _layer_2(wanted, known)
    if wanted.enabled and not enabled:
        lines.append("no shutdown")
    return lines


def _layer_2(wanted: Port, seen: Port) -> list[str]:
    if wanted.mode == "routed":
        return ["routing"] if seen.mode != "routed" else []
    lines = []
    if seen.mode == "routed":
        lines.append("no routing")
        seen = Port(seen.name, access=1, guards=seen.guards, dot1x=seen.dot1x)
    lines += _dot1x(None, seen.dot1x) if wanted.dot1x is None else []
    lines += _vlan_lines(wanted, seen)
    lines += _guards(wanted.guards, seen)
    return lines + (_dot1x(wanted.dot1x, seen.dot1x) if wanted.dot1x is not None else [])


def carried(port: Port) -> frozenset[int] | None:
    """What a trunk carries; an access port with a phone is a trunk too."""
    if port.mode == "access":
        return frozenset({port.access or 1} | ({port.voice} if port.voice else set()))
    return None if port.tagged is None else port.tagged | ({port.native} if port.native else frozenset())


def _is_trunk(port: Port) -> bool:
    return port.mode == "trunk" or port.voice is not None


def _vlan_lines(wanted: Port, seen: Port) -> list[str]:
    """Lists grow before they shrink, and never pass through "all"."""
    if not _is_trunk(wanted):
        return [f"vlan access {wanted.access}"] if _is_trunk(seen) or wanted.access != seen.access else []
    goal, native = carried(wanted), wanted.access if wanted.mode == "access" else wanted.native
    lines = []
    have = carried(seen) if _is_trunk(seen) else frozenset()
    if goal is None:
        lines += ["vlan trunk allowed all"] if have is not None else []
    elif have is None or goal - have:
        lines.append(f"vlan trunk allowed {format_numbers(goal - (have or frozenset()))}")
    raw = seen.options.get("native", "1") if _is_trunk(seen) else "1"
    free = native is None and int(raw) not in (wanted.tagged or ())
    if str(native or 1) != raw and not free:
        lines.append(f"vlan trunk native {native or 1}")
    if goal is not None and have is not None and have - goal:
        lines.append(f"no vlan trunk allowed {format_numbers(have - goal)}")
    return lines


def _guards(goal: Iterable[str], seen: Port) -> list[str]:
    wanted = frozenset(goal)
    gone = [f"no {_LINES[guard]}" for guard in sorted(seen.guards - wanted)]
    return [*gone, *(_LINES[guard] for guard in sorted(wanted - seen.guards) if guard in _LINES)]


def _dot1x(wanted: Dot1x | None, seen: Dot1x | None) -> list[str]:
    if wanted == seen:
        return []
    before = seen or Dot1x()
    if wanted is None:
        lines = [f"no {DOT1X}", f"no {_LIMIT}"]
        lines += [f"no {MAC}"] if before.mac_fallback else []
        return lines + ([f"no {REJECT}"] if before.guest_vlan else [])
    lines = []
    if wanted.guest_vlan != before.guest_vlan:
        lines.append(f"{REJECT} vlan{wanted.guest_vlan}" if wanted.guest_vlan else f"no {REJECT}")
    if seen is None:
        lines += [f"{_LIMIT} 2", DOT1X, "    enable"]
    if wanted.mac_fallback != before.mac_fallback:
        lines += [MAC, "    enable"] if wanted.mac_fallback else [f"no {MAC}"]
    return lines
