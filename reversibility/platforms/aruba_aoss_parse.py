"""Reading of ArubaOS-Switch and ProCurve configurations, where ports are listed below their VLANs."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from reversibility.platforms import log_hosts
from reversibility.platforms.aruba_text import banner_text, classified
from reversibility.platforms.config_tree import Node, read_tree
from reversibility.platforms.interface_names import natural
from reversibility.platforms.model import (
    Account,
    Configuration,
    Dot1x,
    Guard,
    Mirror,
    Port,
    StaticRoute,
    Svi,
    Vlan,
)

_PART = re.compile(r"((?:\d+/)?[A-Za-z]*)(\d+)")
GUARDS: dict[str, Guard] = {"admin-edge-port": "edge", "bpdu-protection": "bpdu", "root-guard": "root"}


@dataclass(slots=True)
class Membership:
    """VLANs of a port as they are read."""

    untagged: int | None = None
    tagged: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Seen:
    """A parsed configuration, with data for the plan that the common model lacks."""

    configuration: Configuration
    voice: frozenset[int] = frozenset()
    communities: tuple[str, ...] = ()
    routing: bool = False
    lines: frozenset[str] = frozenset()
    addresses: tuple[tuple[int, str], ...] = ()
    routes: tuple[tuple[StaticRoute, str], ...] = ()


def port_name(name: str) -> str:
    """The name of the configuration: ``trk1`` is ``Trk1``, ``a1`` is ``A1``."""
    text = name.strip()
    return text.capitalize() if text.lower().startswith(("trk", "dyn")) else text.upper()


def expand(text: str) -> list[str]:
    """The ports of a list such as ``1,A1-A4,1/A1,Trk1``. Raises ValueError."""
    found: list[str] = []
    for part in text.replace(" ", "").split(","):
        first, _, last = part.partition("-")
        start = _PART.fullmatch(first)
        if start is None:
            raise ValueError(f"{part} is no port")
        end = _PART.fullmatch(last) if last else start
        if end is None or end[1].lower() != start[1].lower() or int(end[2]) < int(start[2]):
            raise ValueError(f"{part} is no range of ports")
        found += [port_name(f"{start[1]}{number}") for number in range(int(start[2]), int(end[2]) + 1)]
    return found


def contract(names: Iterable[str]) -> str:
    """The shortest list of these ports."""
    found: list[str] = []
    run: list[tuple[str, int]] = []
    for name in [*sorted(set(names), key=natural), ""]:
        match = _PART.fullmatch(name)
        here = (match[1], int(match[2])) if match else ("", -9)
        if run and here == (run[-1][0], run[-1][1] + 1):
            run.append(here)
            continue
        if run:
            first, last = f"{run[0][0]}{run[0][1]}", f"{run[-1][0]}{run[-1][1]}"
            found.append(first if len(run) == 1 else f"{first}-{last}")
        run = [here]
    return ",".join(found)


def read(text: str) -> Seen:
    """Read a running configuration. Raises ValueError for a list of ports that is none."""
    lines = [line for line in classified(text) if line.kind == "config"]
    tree = read_tree((line.number, line.text) for line in lines if line.text.strip() != "exit")
    raw = text.split("\n")
    banner = next((banner_text(raw, n) for n, line in enumerate(raw) if line.startswith("banner motd")), None)
    vlans = [node for node in tree.children if re.fullmatch(r"vlan \d+", node.text)]
    voice = frozenset(int(node.text[5:]) for node in vlans if node.has("voice"))
    communities = tuple(
        text.split('"')[1] for text in tree.each("snmp-server community") if text.count('"') > 1
    )
    routes = tuple(_routes(tree))
    addresses = tuple((int(node.text[5:]), address) for node in vlans for address in _addresses(node))
    first = dict(reversed(addresses))
    configuration = Configuration(
        hostname=(tree.first("hostname") or "").strip('"'),
        vlans=tuple(
            _vlan(node) for node in sorted(vlans, key=lambda n: int(n.text[5:])) if node.text != "vlan 1"
        ),
        ports=tuple(sorted(_ports(tree, vlans, voice), key=lambda port: natural(port.name))),
        accounts=tuple(sorted(set(_accounts(tree)), key=lambda account: account.name)),
        services=_services(tree, bool(communities)),
        svis=tuple(Svi(vlan, first[vlan]) for vlan in sorted(first)),
        routes=tuple(sorted({route for route, _ in routes}, key=lambda route: (route.prefix, route.gateway))),
        mirrors=_mirrors(tree),
        dhcp_snooping=_snooping(tree),
        snmp_users=tuple(sorted({_unquoted(text) for text in tree.each("snmpv3 user") if text})),
        ntp=tuple(
            sorted({*_first(tree, "ntp server"), *(t.split()[-1] for t in tree.each("sntp server priority"))})
        ),
        syslog=tuple(
            sorted(
                {log_hosts.read("aruba_aoss", text) for text in tree.each("logging") if text[:1].isdigit()}
            )
        ),
        radius=tuple(sorted(set(_first(tree, "radius-server host")))),
        banner=(banner or "").strip("\n"),
    )
    return Seen(
        configuration,
        voice=voice,
        communities=communities,
        routing=tree.has("ip routing"),
        lines=frozenset(child.text for child in tree.children),
        addresses=addresses,
        routes=routes,
    )


def _vlan(node: Node) -> Vlan:
    name = (node.first("name") or "").strip('"')
    number = int(node.text[5:])
    return Vlan(number, "" if name == f"VLAN{number}" else name)


def _first(tree: Node, start: str) -> list[str]:
    return [text.split()[0] for text in tree.each(start) if text]


def _unquoted(text: str) -> str:
    return text.split('"')[1] if text.startswith('"') else text.split()[0]


def _addresses(node: Node) -> Iterator[str]:
    for text in node.each("ip address"):
        words = text.split()
        if words[:1] == ["dhcp-bootp"]:
            yield "dhcp"
        elif words and words[0][0].isdigit():
            yield str(ipaddress.ip_interface("/".join(words[:2]) if "/" not in words[0] else words[0]))


def _ports(tree: Node, vlans: list[Node], voice: frozenset[int]) -> Iterator[Port]:
    members, listed = _memberships(vlans)
    options: dict[str, Port] = {}
    for node in tree.children:
        if node.text.startswith("interface ") and _PART.fullmatch(node.text[10:]):
            name = port_name(node.text[10:])
            description = (node.first("name") or "").strip('"')
            guards: frozenset[Guard] = frozenset({"dhcp-trust"} if node.has("dhcp-snooping trust") else set())
            options[name] = Port(
                name, description=description, enabled=not node.has("disable"), guards=guards
            )
            for kind in ("tagged", "untagged"):
                for number in node.each(f"{kind} vlan"):
                    entry = members.setdefault(name, Membership())
                    if kind == "tagged":
                        entry.tagged.add(int(number))
                    else:
                        entry.untagged = int(number)
    aggregates = dict(_aggregates(tree))
    guarded, controlled = _guards(tree), _controlled(tree)
    for name in {*members, *options, *aggregates, *guarded, *controlled}:
        port = options.get(name, Port(name))
        entry = members.get(name) or Membership(None if listed else 1)
        if name in aggregates:
            trunk, lacp = aggregates[name]
            yield replace(port, aggregate=trunk, lacp="active" if lacp else "on", guards=frozenset())
            continue
        port = replace(port, guards=port.guards | guarded.get(name, frozenset()), dot1x=controlled.get(name))
        yield with_vlans(port, entry.untagged, frozenset(entry.tagged), voice)


def with_vlans(port: Port, untagged: int | None, tagged: frozenset[int], voice: frozenset[int]) -> Port:
    """The port in these VLANs: one with a single tagged VLAN, which is a voice VLAN, is an access port with a phone."""
    if not tagged:
        return replace(port, mode="access", access=untagged, native=None, tagged=frozenset(), voice=None)
    if untagged is not None and len(tagged) == 1 and tagged <= voice:
        return replace(
            port, mode="access", access=untagged, native=None, tagged=frozenset(), voice=min(tagged)
        )
    return replace(port, mode="trunk", access=None, native=untagged, tagged=tagged, voice=None)


def _memberships(vlans: list[Node]) -> tuple[dict[str, Membership], bool]:
    """The VLANs of each port, and whether VLAN 1 lists its own: if not, a port without a VLAN is in it."""
    members: dict[str, Membership] = {}
    listed = False
    for node in vlans:
        number = int(node.text[5:])
        for text in node.each("untagged"):
            listed = listed or number == 1
            for name in expand(text):
                members.setdefault(name, Membership()).untagged = number
        for text in node.each("tagged"):
            for name in expand(text):
                members.setdefault(name, Membership(-1)).tagged.add(number)
    outside = {
        name
        for node in vlans
        if node.text == "vlan 1"
        for text in node.each("no untagged")
        for name in expand(text)
    }
    for name in outside:
        entry = members.setdefault(name, Membership())
        if entry.untagged in (1, -1):
            entry.untagged = None
    for entry in members.values():
        if entry.untagged == -1:
            entry.untagged = None if listed else 1
    return members, listed


def _aggregates(tree: Node) -> Iterator[tuple[str, tuple[str, bool]]]:
    for text in tree.each("trunk"):
        words = text.split()
        if len(words) >= 2:
            yield from ((name, (port_name(words[1]), words[-1] == "lacp")) for name in expand(words[0]))


def _guards(tree: Node) -> dict[str, frozenset[Guard]]:
    found: dict[str, set[Guard]] = {}

    def add(ports: str, guard: Guard) -> None:
        try:
            names = expand(ports)
        except ValueError:
            return  # "loop-protect mode vlan" and the like
        for name in names:
            found.setdefault(name, set()).add(guard)

    for text in tree.each("spanning-tree"):
        words = text.split()
        for option in words[1:]:
            if option in GUARDS:
                add(words[0], GUARDS[option])
    for start, guard in (
        ("loop-protect", "loop"),
        ("dhcp-snooping trust", "dhcp-trust"),
        ("protected-ports", "protected"),
    ):
        for text in tree.each(start):
            if text:
                add(text.split()[0], guard)  # type: ignore[arg-type]
    return {name: frozenset(guards) for name, guards in found.items()}


def _controlled(tree: Node) -> dict[str, Dot1x]:
    found: dict[str, Dot1x] = {}
    for text in tree.each("aaa port-access authenticator"):
        words = text.split()
        if not words or words[0] == "active":
            continue
        for name in expand(words[0]):
            known = found.get(name, Dot1x())
            found[name] = replace(known, guest_vlan=int(words[2])) if words[1:2] == ["unauth-vid"] else known
    for text in tree.each("aaa port-access mac-based"):
        words = text.split()
        if words and _PART.match(words[0]):
            for name in expand(words[0]):
                if name in found:
                    found[name] = replace(found[name], mac_fallback=True)
    return found


def _routes(tree: Node) -> Iterator[tuple[StaticRoute, str]]:
    for gateway in tree.each("ip default-gateway"):
        yield StaticRoute("0.0.0.0/0", gateway), f"ip default-gateway {gateway}"
    for text in tree.each("ip route"):
        words = text.split()
        try:
            prefix = ipaddress.ip_network(words[0] if "/" in words[0] else f"{words[0]}/{words[1]}")
            gateway = words[1] if "/" in words[0] else words[2]
            ipaddress.ip_address(gateway)
        except (ValueError, IndexError):
            continue
        yield StaticRoute(str(prefix), gateway), f"ip route {text}"


def _mirrors(tree: Node) -> tuple[Mirror, ...]:
    targets: dict[int, str] = {}
    for text in tree.each("mirror"):
        match = re.match(r"(\d+)(?: name \S+)? port (\S+)", text)
        if match:
            targets[int(match[1])] = port_name(match[2])
    sources: dict[int, set[str]] = {session: set() for session in targets}
    for node in tree.children:
        if node.text.startswith("interface "):
            for text in node.each("monitor all"):
                session = int(text.split()[-1])
                sources.setdefault(session, set()).add(port_name(node.text[10:]))
    return tuple(Mirror(s, frozenset(sources[s]), targets.get(s, "")) for s in sorted(sources))


def _snooping(tree: Node) -> frozenset[int]:
    from reversibility.platforms.number_lists import parse_numbers

    if not tree.has("dhcp-snooping"):
        return frozenset()
    return frozenset[int]().union(
        *(parse_numbers(text.replace(" ", ",")) for text in tree.each("dhcp-snooping vlan"))
    )


def _accounts(tree: Node) -> Iterator[Account]:
    for text in (*tree.each("password"), *tree.each("encrypted-password")):
        match = re.match(r'(manager|operator)(?: user-name "([^"]*)")?', text)
        if match:
            yield Account(match[2] or match[1], "admin" if match[1] == "manager" else "operator")


def _services(tree: Node, communities: bool) -> dict[str, str]:
    plain = not (tree.has("no web-management") or tree.has("no web-management plaintext"))
    found = {
        "telnet": not tree.has("no telnet-server"),
        "http": plain,
        "https": tree.has("web-management ssl"),
        "ssh": not tree.has("no ip ssh"),
        "snmp-v2c": communities and not tree.has("snmpv3 only"),
    }
    return {service: "on" if on else "off" for service, on in found.items()}
