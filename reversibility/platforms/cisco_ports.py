"""Commands that configure one Cisco port, IOS or NX-OS."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from reversibility.platforms.model import Dot1x, Port
from reversibility.platforms.number_lists import ALL_VLANS, chunks

_GUARDS_IOS = {
    "edge": "spanning-tree portfast",
    "bpdu": "spanning-tree bpduguard enable",
    "root": "spanning-tree guard root",
    "dhcp-trust": "ip dhcp snooping trust",
    "protected": "switchport protected",
}
_GUARDS_NXOS = {
    "edge": "spanning-tree port type edge",
    "bpdu": "spanning-tree bpduguard enable",
    "root": "spanning-tree guard root",
    "dhcp-trust": "ip dhcp snooping trust",
}
_NEGATED = {
    "spanning-tree guard root": "no spanning-tree guard",
    "spanning-tree bpduguard enable": "no spanning-tree bpduguard",
}


def blank_port(name: str, nxos: bool) -> Port:
    """A port with factory settings."""
    return Port(name, access=1, options={} if nxos else {"mode": "dynamic"})


def refusals(port: Port, nxos: bool) -> Iterator[str]:
    """Wanted settings of a port that this platform does not support."""
    guards = _GUARDS_NXOS if nxos else _GUARDS_IOS
    for guard in sorted(port.guards - set(guards)):
        yield f"{port.name}: this platform has no guard “{guard}”"
    if nxos and port.dot1x and (port.dot1x.guest_vlan or port.dot1x.failed_vlan):
        yield f"{port.name}: NX-OS has no guest VLAN for 802.1X"
    if port.mode == "trunk" and port.native is None and port.tagged is not None and 1 in port.tagged:
        yield f"{port.name}: VLAN 1 can be tagged only when another VLAN is native"
    if port.mode == "trunk" and port.tagged is None and port.native is None:
        yield f"{port.name}: a trunk of all VLANs has a native one"
    if "\n" in port.description:
        yield f"{port.name}: the description has more than one line"


def port_commands(wanted: Port, seen: Port | None, ports: Mapping[str, Port], *, nxos: bool) -> list[str]:
    """The commands below ``interface``; empty when the port is as wanted. ``ports`` are the wanted ones by name."""
    known = seen or blank_port(wanted.name, nxos)
    before, after = _state(wanted, known)
    lines = [*before, *_description(wanted, known)]
    if wanted.aggregate is not None:
        lines += _join(wanted, known, ports, nxos)
    else:
        if known.aggregate is not None:
            lines.append("no channel-group")
            known = replace(
                blank_port(known.name, nxos), mode="routed" if wanted.mode == "routed" else "access"
            )
            after = after or (["no shutdown"] if wanted.enabled else [])  # a port that leaves may be shut
            lines += _layer_2(wanted, known, nxos, unknown=True)
        else:
            lines += _layer_2(wanted, known, nxos)
    return [*lines, *after]


def _state(wanted: Port, seen: Port) -> tuple[list[str], list[str]]:
    if wanted.enabled == seen.enabled:
        return [], []
    return ([], ["no shutdown"]) if wanted.enabled else (["shutdown"], [])


def _description(wanted: Port, seen: Port) -> list[str]:
    if wanted.description == seen.description:
        return []
    return [f"description {wanted.description}" if wanted.description else "no description"]


def _join(wanted: Port, seen: Port, ports: Mapping[str, Port], nxos: bool) -> list[str]:
    """A member must be like its bundle before it joins, else it is refused or suspended."""
    if (wanted.aggregate, wanted.lacp) == (seen.aggregate, seen.lacp):
        return []
    lines = ["no channel-group"] if seen.aggregate is not None else []
    bare = replace(seen, guards=frozenset(), dot1x=None)
    lines += [
        *_dot1x(None, seen.dot1x, nxos),
        *_guards(bare, seen, nxos),
        *(["no switchport voice vlan"] if seen.voice else []),
    ]
    bundle = ports.get(wanted.aggregate or "")
    if bundle is not None:
        lines += _layer_2(
            replace(bundle, guards=frozenset(), dot1x=None), blank_port(seen.name, nxos), nxos, unknown=True
        )
    number = (wanted.aggregate or "").lower().removeprefix("port-channel")
    return [*lines, f"channel-group {number} mode {wanted.lacp or 'on'}"]


def _layer_2(wanted: Port, seen: Port, nxos: bool, *, unknown: bool = False) -> list[str]:
    """VLANs and guards; ``unknown``: the port's present settings are unknown, so all are sent."""
    lines: list[str] = []
    if wanted.mode == "routed":
        gone = [*_guards(replace(wanted, guards=frozenset()), seen, nxos), *_dot1x(None, seen.dot1x, nxos)]
        return [*gone, "no switchport"] if seen.mode != "routed" else []
    if seen.mode == "routed":
        lines.append("switchport")
        unknown = True
    lines += _dot1x(None, seen.dot1x, nxos) if wanted.dot1x is None else []
    turn = unknown or wanted.mode != seen.mode or seen.options.get("mode") == "dynamic"
    if wanted.mode == "access":
        if turn or wanted.access != seen.access:
            lines.append(f"switchport access vlan {wanted.access or 1}")
    else:
        lines += list(_trunk(wanted, None if turn else seen))
    if turn:
        lines.append(f"switchport mode {wanted.mode}")
    if wanted.voice != seen.voice:
        lines.append(f"switchport voice vlan {wanted.voice}" if wanted.voice else "no switchport voice vlan")
    lines += _guards(wanted, seen, nxos)
    if wanted.dot1x is not None:
        lines += _dot1x(wanted.dot1x, seen.dot1x, nxos)
    return lines


def _trunk(wanted: Port, seen: Port | None) -> Iterator[str]:
    """List and native VLAN. ``seen`` is None when the port is no trunk yet: nothing passes while the list is written.

    Changes are ``add``, then ``remove``: the list never passes through "all VLANs", nor through less than both have.
    """
    start = "switchport trunk allowed vlan"
    goal = None if wanted.tagged is None else wanted.tagged | ({wanted.native} if wanted.native else set())
    native = str(wanted.native or 1)
    if seen is None:
        yield from _absolute(start, goal)
        yield f"switchport trunk native vlan {native}"
        return
    have = None if seen.tagged is None else seen.tagged | ({seen.native} if seen.native else set())
    if goal is None:
        yield from [f"{start} all"] if have is not None else []
    elif have is not None:
        yield from (f"{start} add {piece}" for piece in chunks(goal - have))
    raw = seen.options.get("native", "1")
    free = wanted.native is None and int(raw) not in (wanted.tagged or ())
    if raw != native and not free:
        yield f"switchport trunk native vlan {native}"
    if goal is not None and have is None:
        pieces = list(chunks(goal))
        if len(pieces) == 1:
            yield f"{start} {pieces[0]}"
        else:
            yield from (f"{start} remove {piece}" for piece in chunks(ALL_VLANS - goal))
    elif goal is not None and have is not None:
        yield from (f"{start} remove {piece}" for piece in chunks(have - goal))


def _absolute(start: str, goal: frozenset[int] | None) -> Iterator[str]:
    if goal is None:
        yield f"{start} all"
        return
    for number, piece in enumerate(chunks(goal)):
        yield f"{start} add {piece}" if number else f"{start} {piece}"
    if not goal:
        yield f"{start} none"


def _guards(wanted: Port, seen: Port, nxos: bool) -> list[str]:
    table = _GUARDS_NXOS if nxos else _GUARDS_IOS
    gone = [table.get(guard, "spanning-tree guard loop") for guard in sorted(seen.guards - wanted.guards)]
    trunk = " trunk" if wanted.mode == "trunk" else ""
    new = [
        table[guard] + (trunk if guard == "edge" else "")
        for guard in sorted((wanted.guards - seen.guards) & set(table))
    ]
    return [*(_NEGATED.get(line, f"no {line}") for line in gone), *new]


def _dot1x(wanted: Dot1x | None, seen: Dot1x | None, nxos: bool) -> list[str]:
    """802.1X in the old style, the one that every IOS has."""
    if wanted == seen:
        return []
    had, goal = _dot1x_lines(seen, nxos), _dot1x_lines(wanted, nxos)
    kept_starts = {line.rpartition(" vlan ")[0] for line in goal if " vlan " in line}
    gone = [
        f"no {line}"
        for line in reversed(had)
        if line not in goal and line.rpartition(" vlan ")[0] not in kept_starts
    ]
    return [*gone, *(line for line in goal if line not in had)]


def _dot1x_lines(dot1x: Dot1x | None, nxos: bool) -> list[str]:
    if dot1x is None:
        return []
    if nxos:
        return [*(["dot1x mac-auth-bypass"] if dot1x.mac_fallback else []), "dot1x port-control auto"]
    lines = []
    if dot1x.failed_vlan:
        lines.append(f"authentication event fail action authorize vlan {dot1x.failed_vlan}")
    if dot1x.guest_vlan:
        lines.append(f"authentication event no-response action authorize vlan {dot1x.guest_vlan}")
    if dot1x.mac_fallback:
        lines += ["authentication order dot1x mab", "mab"]
    return [*lines, "dot1x pae authenticator", "authentication port-control auto"]
