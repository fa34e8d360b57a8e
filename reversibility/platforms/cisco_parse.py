"""Reading of Cisco configurations, IOS and NX-OS, to the common model."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Literal

from reversibility.platforms import log_hosts
from reversibility.platforms.cisco_text import Banner, banner_at, classified
from reversibility.platforms.config_tree import Node, read_tree
from reversibility.platforms.interface_names import ios_name, natural, nxos_name
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
from reversibility.platforms.number_lists import ALL_VLANS, parse_numbers

RESERVED = frozenset({1, 1002, 1003, 1004, 1005})  # built-in: never created or removed
_LAYER_2 = re.compile(r"(?:(?:\w*Gig\w*|Fast)?Ethernet|\w*GigE|[Pp]ort-channel)\d")
_LACP: dict[str, Literal["active", "passive", "on"]] = {"active": "active", "passive": "passive"}
_BANNERS = ("login", "motd")


@dataclass(frozen=True, slots=True)
class Seen:
    """A parsed configuration, with data for the plan that the common model lacks."""

    configuration: Configuration
    vty: tuple[str, ...] = ()
    communities: tuple[str, ...] = ()
    routing: bool = False
    lines: frozenset[str] = frozenset()
    banner_kind: str = "login"
    routes: tuple[tuple[StaticRoute, str], ...] = ()
    mirror_lines: tuple[tuple[int, str], ...] = ()
    new_style: bool = False
    """Whether 802.1X is in the new style (IBNS 2), into which a device cannot be converted back and forth."""


_NEW_STYLE = (
    "access-session ",
    "service-policy type control subscriber ",
    "policy-map type control subscriber ",
)


def read(text: str, *, nxos: bool = False) -> Seen:
    """Read a running configuration. Raises ValueError for a list or a number that is none."""
    name = nxos_name if nxos else ios_name
    tree = read_tree((line.number, line.text) for line in classified(text) if line.kind == "config")
    banners = {banner.kind: banner.text for banner in _banners(text)}
    kind = next((kind for kind in _BANNERS if kind in banners), "motd" if nxos else "login")
    ports, svis = _interfaces(tree, name, nxos)
    routes = tuple(_routes(tree))
    vty = tuple(
        child.text[len("line vty") :].strip() for child in tree.children if child.text.startswith("line vty")
    )
    communities = tuple(dict.fromkeys(text.split()[0] for text in tree.each("snmp-server community") if text))
    snooped: frozenset[int] = frozenset()
    if tree.has("ip dhcp snooping"):
        snooped = snooped.union(*(parse_numbers(text) for text in tree.each("ip dhcp snooping vlan")))
    mirror_lines, mirrors = _mirrors(tree, name)
    configuration = Configuration(
        hostname=(tree.first("hostname") or tree.first("switchname") or "").strip('"'),
        vlans=_vlans(tree),
        ports=tuple(sorted(ports, key=lambda port: natural(port.name))),
        accounts=tuple(_accounts(tree, nxos)),
        services=_services(tree, nxos, bool(communities)),
        svis=tuple(sorted(svis, key=lambda svi: svi.vlan)),
        routes=tuple(sorted({route for route, _ in routes}, key=lambda route: (route.prefix, route.gateway))),
        mirrors=mirrors,
        dhcp_snooping=snooped,
        snmp_users=tuple(sorted({text.split()[0] for text in tree.each("snmp-server user") if text})),
        ntp=tuple(sorted({_server(text) for text in tree.each("ntp server")})),
        syslog=tuple(sorted(_syslog(tree, nxos))),
        radius=tuple(sorted(_radius(tree))),
        banner=banners.get(kind, "").strip("\n"),
    )
    return Seen(
        configuration,
        vty=vty,
        communities=communities,
        routing=tree.has("ip routing") or nxos,
        lines=frozenset(child.text for child in tree.children),
        new_style=any(
            line.text.startswith(_NEW_STYLE) for top in tree.children for line in (top, *top.children)
        ),
        banner_kind=kind,
        routes=routes,
        mirror_lines=mirror_lines,
    )


_VLAN = re.compile(
    r"(\d{1,4})\s+(\S.*?)\s+(?:active|suspend(?:ed)?|act/unsup|act/lshut|sus/lshut|act/ishut)\b"
)
_WIDE_VLAN = re.compile(r"(\d{1,4})\s+(\S.{31,})$")  # the status stands on the next line


def read_vlan_table(text: str) -> tuple[Vlan, ...]:
    """The VLANs of ``show vlan brief``: the name may have blanks, and be wider than its column."""
    found = []
    for line in text.splitlines():
        match = _VLAN.match(line) or _WIDE_VLAN.match(line)
        if match and int(match[1]) not in RESERVED:
            found.append(Vlan(int(match[1]), match[2].strip()))
    return tuple(found)


def with_vlan_table(configuration: Configuration, table: str) -> Configuration:
    """The configuration with the VLANs that only ``show vlan`` knows: a VTP server keeps them in vlan.dat."""
    known = {vlan.number: vlan for vlan in read_vlan_table(table)}
    known.update({vlan.number: vlan for vlan in configuration.vlans if vlan.name or vlan.number not in known})
    return replace(configuration, vlans=tuple(known[number] for number in sorted(known)))


def _banners(text: str) -> Iterator[Banner]:
    lines = text.replace("\r", "").split("\n")
    at = 0
    while at < len(lines):
        found = banner_at(lines, at) if lines[at].startswith("banner ") else None
        if found is not None:
            yield found[0]
        at = found[1] if found else at + 1


def _vlans(tree: Node) -> tuple[Vlan, ...]:
    found: dict[int, str] = {}
    for node in tree.children:
        words = node.words()
        if words[0] != "vlan" or len(words) < 2 or not words[1][0].isdigit():
            continue
        for number in parse_numbers("".join(words[1:])):
            name = node.first("name") or ""
            found[number] = name.strip('"') or found.get(number, "")
    return tuple(Vlan(number, found[number]) for number in sorted(found) if number not in RESERVED)


def _interfaces(tree: Node, name: Callable[[str], str], nxos: bool) -> tuple[list[Port], list[Svi]]:
    ports, svis = [], []
    for node in tree.children:
        if not node.text.startswith("interface "):
            continue
        long = name(node.text[len("interface ") :])
        if long.startswith("Vlan"):
            svis.append(Svi(int(long[4:]), _address(node)))
        elif _LAYER_2.match(long):
            ports.append(_port(node, long, name, nxos))
    return ports, svis


def _address(node: Node) -> str:
    text = node.first("ip address") or ""
    words = text.split()
    if not words or "secondary" in words:
        return ""
    if words[0] == "dhcp":
        return "dhcp"
    return str(ipaddress.ip_interface("/".join(words[:2]) if "/" not in words[0] else words[0]))


def _port(node: Node, long: str, name: Callable[[str], str], nxos: bool) -> Port:
    routed = node.has("no switchport") or node.first("ip address") is not None or node.has("no ip address")
    shown = node.first("switchport mode")
    group = (node.first("channel-group") or "").split()
    prefix = "port-channel" if nxos else "Port-channel"
    aggregate = f"{prefix}{group[0]}" if group else None
    port = Port(
        long,
        description=node.first("description") or "",
        enabled=not node.has("shutdown"),
        aggregate=aggregate,
        lacp=_LACP.get(group[-1], "on") if group else None,
    )
    if aggregate is not None:
        return port
    if routed:
        return replace(port, mode="routed")
    port = replace(port, dot1x=_dot1x(node), guards=frozenset(_guards(node)))
    access = int(node.first("switchport access vlan") or 1)
    native = int(node.first("switchport trunk native vlan") or 1)
    options = {"mode": "dynamic"} if not nxos and (shown is None or shown.startswith("dynamic")) else {}
    voice = node.first("switchport voice vlan")
    if shown is not None and shown.startswith("trunk"):
        allowed = _allowed(list(node.each("switchport trunk allowed vlan")))
        options = {"native": str(native)}
        carried = native if allowed is None or native in allowed else None
        tagged = None if allowed is None else allowed - {native}
        return replace(port, mode="trunk", native=carried, tagged=tagged, options=options)
    return replace(
        port, access=access, voice=int(voice) if voice and voice.isdigit() else None, options=options
    )


def _allowed(lines: list[str]) -> frozenset[int] | None:
    """The list of a trunk, from its lines in order; None means all."""
    allowed: frozenset[int] | None = None
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "all":
            allowed = None
        elif word == "none":
            allowed = frozenset()
        elif word == "add":
            allowed = None if allowed is None else allowed | parse_numbers(rest)
        elif word == "remove":
            allowed = (ALL_VLANS if allowed is None else allowed) - parse_numbers(rest)
        elif word == "except":
            allowed = ALL_VLANS - parse_numbers(rest)
        else:
            allowed = parse_numbers(line)
    return allowed


def _dot1x(node: Node) -> Dot1x | None:
    controlled = any(
        node.has(f"{start} port-control auto") for start in ("authentication", "access-session", "dot1x")
    )
    if not controlled:
        return None
    guest = node.first("authentication event no-response action authorize vlan") or node.first(
        "dot1x guest-vlan"
    )
    failed = node.first("authentication event fail action authorize vlan")
    if failed is None:
        retry = node.first("authentication event fail retry") or ""
        failed = retry.rpartition(" vlan ")[2] if " vlan " in retry else None
    fallback = any(
        child.text in ("mab", "mab eap", "dot1x mac-auth-bypass", "dot1x mac-auth-bypass eap")
        for child in node.children
    )
    return Dot1x(int(guest) if guest else None, int(failed) if failed else None, fallback)


def _guards(node: Node) -> Iterator[Guard]:
    fast = node.first("spanning-tree portfast")
    kind = node.first("spanning-tree port type") or ""
    if (fast is not None and fast not in ("disable", "network")) or kind.startswith("edge"):
        yield "edge"
    if node.has("spanning-tree bpduguard enable"):
        yield "bpdu"
    if node.has("spanning-tree guard root"):
        yield "root"
    if node.has("spanning-tree guard loop"):
        yield "loop"
    if node.has("ip dhcp snooping trust"):
        yield "dhcp-trust"
    if node.has("switchport protected"):
        yield "protected"


def _routes(tree: Node) -> Iterator[tuple[StaticRoute, str]]:
    for gateway in tree.each("ip default-gateway"):
        yield StaticRoute("0.0.0.0/0", gateway), f"ip default-gateway {gateway}"
    for text in tree.each("ip route"):
        words = text.split()
        if not words or words[0] == "vrf":
            continue
        try:
            if "/" in words[0]:
                prefix, gateway = ipaddress.ip_network(words[0]), words[1]
            else:
                prefix, gateway = ipaddress.ip_network(f"{words[0]}/{words[1]}"), words[2]
            ipaddress.ip_address(gateway)
        except (ValueError, IndexError):
            continue  # towards an interface: outside the model
        yield StaticRoute(str(prefix), gateway), f"ip route {text}"


def _mirrors(
    tree: Node, name: Callable[[str], str]
) -> tuple[tuple[tuple[int, str], ...], tuple[Mirror, ...]]:
    sources: dict[int, set[str]] = {}
    targets: dict[int, str] = {}
    lines: list[tuple[int, str]] = []
    for node in tree.children:
        if not node.text.startswith("monitor session "):
            continue
        words = node.words()
        session = int(words[2])
        lines.append((session, node.text))
        for text in [" ".join(words[3:]), *(child.text for child in node.children)]:
            start, _, rest = text.partition(" interface ")
            rest = re.sub(r"\s+(?:both|rx|tx|encapsulation\b.*|ingress\b.*)$", "", rest)
            if start == "source":
                sources.setdefault(session, set()).update(_interface_list(rest, name))
            elif start == "destination":
                targets[session] = name(rest.split(",")[0])
    found = (
        Mirror(session, frozenset(sources.get(session, ())), targets.get(session, "")) for session, _ in lines
    )
    return tuple(lines), tuple(sorted(set(found), key=lambda mirror: mirror.session))


def _interface_list(text: str, name: Callable[[str], str]) -> Iterator[str]:
    for part in text.split(","):
        first, _, last = part.strip().partition(" - ")
        long = name(first)
        yield long
        if last:
            stem, start = re.fullmatch(r"(.*?)(\d+)", long).groups()  # type: ignore[union-attr]
            yield from (
                f"{stem}{number}" for number in range(int(start) + 1, int(re.findall(r"\d+", last)[-1]) + 1)
            )


def _accounts(tree: Node, nxos: bool) -> Iterator[Account]:
    roles: dict[str, str] = {}
    for text in tree.each("username"):
        words = text.split()
        if nxos:
            role = words[words.index("role") + 1] if "role" in words[:-1] else None
            full = role in ("network-admin", "vdc-admin")
        else:
            role = words[words.index("privilege") + 1] if "privilege" in words[:-1] else "1"
            full = role == "15"
        if words[0] not in roles or full:
            roles[words[0]] = "admin" if full else "operator"
    yield from (Account(name, roles[name]) for name in sorted(roles))


def _services(tree: Node, nxos: bool, communities: bool) -> dict[str, str]:
    if nxos:
        found = {
            "telnet": tree.has("feature telnet"),
            "https": tree.has("feature nxapi"),
            "ssh": not tree.has("no feature ssh"),
        }
    else:
        vty = [child for child in tree.children if child.text.startswith("line vty")]
        transports = [(line.first("transport input") or "all").split() for line in vty]
        found = {
            "telnet": any("telnet" in words or "all" in words for words in transports),
            "ssh": any("ssh" in words or "all" in words for words in transports),
            "http": tree.has("ip http server"),
            "https": tree.has("ip http secure-server"),
        }
    found["snmp-v2c"] = communities
    return {service: "on" if on else "off" for service, on in found.items()}


def _server(text: str) -> str:
    words = text.split()
    return words[2] if words[0] == "vrf" else words[1] if words[0] in ("ip", "ipv6") else words[0]


def _syslog(tree: Node, nxos: bool) -> set[str]:
    if nxos:
        return {log_hosts.read("cisco_nxos", text) for text in tree.each("logging server") if text}
    old = (text for text in tree.each("logging") if re.match(r"\d+\.\d+\.\d+\.\d+", text))
    return {log_hosts.read("cisco_ios", text) for text in (*tree.each("logging host"), *old) if text}


def _radius(tree: Node) -> set[str]:
    found = {text.split()[0] for text in tree.each("radius-server host") if text}
    for node in tree.children:
        if node.text.startswith("radius server "):
            address = node.first("address ipv4") or node.first("address ipv6")
            if address:
                found.add(address.split()[0])
    return found


def read_accounts(tree: Node) -> Iterator[Account]:
    """The accounts of an ASA: privilege 15 configures it."""
    yield from _accounts(tree, nxos=False)


def read_routes(tree: Node) -> Iterator[StaticRoute]:
    """The static routes of an ASA: ``route outside 0.0.0.0 0.0.0.0 198.51.100.1 1``."""
    for text in tree.each("route"):
        words = text.split()
        if len(words) >= 4:
            yield StaticRoute(str(ipaddress.ip_network(f"{words[1]}/{words[2]}")), words[3])
