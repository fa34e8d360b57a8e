"""Commands that lead the ports of an ArubaOS-Switch to their trunks, VLANs, protections and 802.1X."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from reversibility.platforms.aruba_aoss_parse import GUARDS, Seen, contract, port_name, with_vlans
from reversibility.platforms.model import Configuration, Dot1x, Guard, Port

_OPTION = {guard: option for option, guard in GUARDS.items()}


def canonical_port(port: Port, voice: frozenset[int], every: frozenset[int]) -> Port:
    """The port as this platform says it; ``voice``: the VLANs of phones, ``every``: all declared ones."""
    port = replace(port, name=port_name(port.name))
    if port.name.startswith("Trk"):
        port = replace(port, description="", enabled=True)
    if port.aggregate is not None:
        return replace(
            port, aggregate=port_name(port.aggregate), lacp="on" if port.lacp == "on" else "active"
        )
    if port.mode == "access":
        access = port.access or 1
        return replace(port, access=access, voice=port.voice if port.voice != access else None)
    if port.mode == "routed":
        return port
    tagged = every if port.tagged is None else port.tagged
    return with_vlans(port, port.native, tagged - {port.native} if port.native else tagged, voice)


def bare_member_commands(wanted: Configuration, have: dict[str, Port]) -> Iterator[str]:
    """A port that joins a trunk loses its protections first: most commands on a member are refused."""
    for port in wanted.ports:
        known = have.get(port.name)
        if port.aggregate is None or known is None or known.aggregate is not None:
            continue
        yield from (f"no {_guard(guard, [port.name])}" for guard in sorted(known.guards))
        if known.dot1x is not None:
            yield from _no_dot1x(port.name, known.dot1x)


def _no_dot1x(name: str, before: Dot1x) -> Iterator[str]:
    yield f"no aaa port-access authenticator {name}"
    if before.mac_fallback:
        yield f"no aaa port-access mac-based {name}"


def trunk_commands(wanted: Configuration, have: dict[str, Port]) -> Iterator[str]:
    joining: dict[tuple[str, str], list[str]] = {}
    for port in wanted.ports:
        known = have.get(port.name)
        if port.aggregate and (known is None or (known.aggregate, known.lacp) != (port.aggregate, port.lacp)):
            kind = "trunk" if port.lacp == "on" else "lacp"
            joining.setdefault((port.aggregate, kind), []).append(port.name)
    for (trunk, kind), names in sorted(joining.items()):
        yield f"trunk {contract(names)} {trunk.lower()} {kind}"


def _vlans_of(port: Port) -> tuple[int | None, frozenset[int]]:
    if port.mode == "access":
        return port.access, frozenset({port.voice} if port.voice else ())
    return port.native, port.tagged or frozenset()


def membership_commands(wanted: Configuration, seen: Seen, have: dict[str, Port]) -> Iterator[str]:
    """Ports enter first, VLAN by VLAN, and leave in a second pass."""
    enter: dict[int, dict[str, list[str]]] = {}
    leave: dict[int, dict[str, list[str]]] = {}
    voice = {port.voice for port in wanted.ports if port.voice}
    for port in wanted.ports:
        if port.aggregate is not None or port.mode == "routed":
            continue
        known = have.get(port.name)
        fresh = known is None or known.aggregate is not None
        old_untagged, old_tagged = (1, frozenset[int]()) if known is None or fresh else _vlans_of(known)
        untagged, tagged = _vlans_of(port)
        if untagged is not None and untagged != old_untagged:
            enter.setdefault(untagged, {}).setdefault("untagged", []).append(port.name)
        for number in tagged - old_tagged:
            enter.setdefault(number, {}).setdefault("tagged", []).append(port.name)
        if untagged is None and old_untagged is not None and old_untagged not in tagged:
            leave.setdefault(old_untagged, {}).setdefault("no untagged", []).append(port.name)
        for number in old_tagged - tagged - {untagged}:
            leave.setdefault(number, {}).setdefault("no tagged", []).append(port.name)
    named = {vlan.number for vlan in wanted.vlans}
    for number in voice - seen.voice:
        enter.setdefault(number, {})["voice"] = []
    for number in (seen.voice & named) - voice:
        enter.setdefault(number, {})["no voice"] = []
    for changes in (enter, leave):
        for number in sorted(changes):
            yield f"vlan {number}"
            for command in ("voice", "no voice", "untagged", "tagged", "no untagged", "no tagged"):
                if command in changes[number]:
                    yield f"   {command} {contract(changes[number][command])}".rstrip()


def interface_commands(wanted: Configuration, have: dict[str, Port], leaving: set[str]) -> Iterator[str]:
    for port in wanted.ports:
        if port.name.startswith("Trk"):
            continue
        known = have.get(port.name) or Port(port.name)
        lines = []
        if port.description != known.description:
            lines.append(f'name "{port.description}"' if port.description else "no name")
        enabled = known.enabled and port.name not in leaving
        if port.enabled != enabled:
            lines.append("enable" if port.enabled else "disable")
        if lines:
            yield from (f"interface {port.name}", *(f"   {line}" for line in lines))


def guard_commands(wanted: Configuration, have: dict[str, Port]) -> Iterator[str]:
    new: dict[Guard, list[str]] = {}
    gone: dict[Guard, list[str]] = {}
    for port in wanted.ports:
        if port.aggregate is not None:
            continue
        known = have.get(port.name)
        before = known.guards if known is not None and known.aggregate is None else frozenset()
        for guard in port.guards - before:
            new.setdefault(guard, []).append(port.name)
        for guard in before - port.guards:
            gone.setdefault(guard, []).append(port.name)
    yield from (f"no {_guard(guard, gone[guard])}" for guard in sorted(gone))
    yield from (_guard(guard, new[guard]) for guard in sorted(new))


def _guard(guard: Guard, names: Iterable[str]) -> str:
    ports = contract(names)
    if guard in _OPTION:
        return f"spanning-tree {ports} {_OPTION[guard]}"
    return {"loop": "loop-protect", "dhcp-trust": "dhcp-snooping trust", "protected": "protected-ports"}[
        guard
    ] + f" {ports}"


def dot1x_commands(wanted: Configuration, seen: Seen, have: dict[str, Port]) -> Iterator[str]:
    start = "aaa port-access"
    if (
        any(port.dot1x for port in wanted.ports)
        and "aaa authentication port-access eap-radius" not in seen.lines
    ):
        yield "aaa authentication port-access eap-radius"
    for port in wanted.ports:
        known = have.get(port.name)
        before = known.dot1x if known is not None else None
        goal = port.dot1x
        if goal == before or port.aggregate is not None:
            continue
        if goal is None:
            yield from _no_dot1x(port.name, before or Dot1x())
            continue
        if before is None:
            yield f"{start} authenticator {port.name}"
            # Without a limit, one success opens the port to everybody; two are a PC behind a phone.
            yield f"{start} authenticator {port.name} client-limit 2"
        yield from _options(start, port.name, goal, before or Dot1x())
    if any(port.dot1x for port in wanted.ports) and f"{start} authenticator active" not in seen.lines:
        yield f"{start} authenticator active"


def _options(start: str, name: str, goal: Dot1x, before: Dot1x) -> Iterator[str]:
    if goal.guest_vlan != before.guest_vlan:
        negated = "no " if goal.guest_vlan is None else ""
        yield f"{negated}{start} authenticator {name} unauth-vid {goal.guest_vlan or ''}".rstrip()
    if goal.mac_fallback != before.mac_fallback:
        yield f"{'' if goal.mac_fallback else 'no '}{start} mac-based {name}"
