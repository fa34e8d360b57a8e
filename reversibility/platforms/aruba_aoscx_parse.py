"""Reading of AOS-CX configurations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from reversibility.platforms import log_hosts
from reversibility.platforms.aruba_aoss_parse import with_vlans
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
from reversibility.platforms.number_lists import parse_numbers

GUARDS: dict[str, Guard] = {
    "spanning-tree port-type admin-edge": "edge",
    "spanning-tree bpdu-guard": "bpdu",
    "spanning-tree root-guard": "root",
    "loop-protect": "loop",
    "dhcpv4-snooping trust": "dhcp-trust",
}
DOT1X = "aaa authentication port-access dot1x authenticator"
MAC = "aaa authentication port-access mac-auth"
REJECT = "aaa authentication port-access reject-role"
_LACP: dict[str, Literal["active", "passive"]] = {"active": "active", "passive": "passive"}


@dataclass(frozen=True, slots=True)
class Seen:
    """A parsed configuration, with data for the plan that the common model lacks."""

    configuration: Configuration
    voice: frozenset[int] = frozenset()
    communities: tuple[str, ...] = ()
    https: tuple[str, ...] = ()
    routes_by_default: bool = False
    lines: frozenset[str] = frozenset()
    roles: frozenset[int] = frozenset()
    dot1x: bool = False
    mac: bool = False


def port_name(name: str) -> str:
    """The name of the configuration: ``lag1`` is ``lag 1``."""
    match = re.fullmatch(r"(lag|vlan) *(\d+)(?: multi-chassis)?", name.strip(), re.IGNORECASE)
    return f"{match[1].lower()} {match[2]}" if match else name.strip()


def read(text: str) -> Seen:
    """Read a running configuration. Raises ValueError."""
    lines = [line for line in classified(text) if line.kind == "config" and line.text.strip() != "exit"]
    tree = read_tree((line.number, line.text) for line in lines)
    raw = text.split("\n")
    banner = next((banner_text(raw, n) for n, line in enumerate(raw) if line.startswith("banner motd")), None)
    vlans, voice, snooped = _vlans(tree)
    roles = {
        node.text.split()[2]: int(vlan)
        for node in tree.children
        if node.text.startswith("port-access role ")
        for vlan in node.each("vlan access")
    }
    communities = tuple(dict.fromkeys(text.split()[0] for text in tree.each("snmp-server community") if text))
    https = tuple(tree.each("https-server vrf"))
    by_default = any(node.has("no routing") for node in tree.children if node.text.startswith("interface "))
    configuration = Configuration(
        hostname=(tree.first("hostname") or "").strip('"'),
        vlans=vlans,
        ports=tuple(sorted(_ports(tree, voice, roles, by_default), key=lambda port: natural(port.name))),
        accounts=tuple(sorted(_accounts(tree), key=lambda account: account.name)),
        services={
            "telnet": "off",
            "http": "off",
            "https": "on" if https else "off",
            "ssh": "on",
            "snmp-v2c": "on" if communities else "off",
        },
        svis=tuple(_svis(tree)),
        routes=tuple(sorted(_routes(tree), key=lambda route: (route.prefix, route.gateway))),
        mirrors=tuple(_mirrors(tree)),
        dhcp_snooping=snooped if tree.has("dhcpv4-snooping") else frozenset(),
        snmp_users=tuple(sorted({text.split()[0] for text in tree.each("snmpv3 user") if text})),
        ntp=tuple(sorted({text.split()[0] for text in tree.each("ntp server") if text})),
        syslog=tuple(
            sorted(
                {
                    log_hosts.read("aruba_aoscx", text)
                    for text in tree.each("logging")
                    if re.match(r"[\d.]+(?: |$)", text)
                }
            )
        ),
        radius=tuple(sorted({text.split()[0] for text in tree.each("radius-server host") if text})),
        banner=(banner or "").strip("\n"),
    )
    return Seen(
        configuration,
        voice=voice,
        communities=communities,
        https=https,
        routes_by_default=by_default,
        lines=frozenset(child.text for child in tree.children),
        roles=frozenset(number for name, number in roles.items() if name == f"vlan{number}"),
        dot1x=any(node.text == DOT1X and node.has("enable") for node in tree.children),
        mac=any(node.text == MAC and node.has("enable") for node in tree.children),
    )


def _vlans(tree: Node) -> tuple[tuple[Vlan, ...], frozenset[int], frozenset[int]]:
    names: dict[int, str] = {}
    voice, snooped = set(), set()
    for node in tree.children:
        if not re.fullmatch(r"vlan [\d,-]+", node.text):
            continue
        for number in parse_numbers(node.text[5:]):
            names[number] = (node.first("name") or "").strip('"') or names.get(number, "")
            if node.has("voice"):
                voice.add(number)
            if node.has("dhcpv4-snooping"):
                snooped.add(number)
    vlans = tuple(Vlan(number, names[number]) for number in sorted(names) if number != 1)
    return vlans, frozenset(voice), frozenset(snooped)


def _ports(tree: Node, voice: frozenset[int], roles: dict[str, int], by_default: bool) -> Iterator[Port]:
    nodes = {port_name(node.text[10:]): node for node in tree.children if node.text.startswith("interface ")}
    for name, node in nodes.items():
        if not re.fullmatch(r"lag \d+|\d+/\d+/\d+", name):
            continue
        guards = frozenset(guard for line, guard in GUARDS.items() if node.has(line))
        port = Port(
            name, description=node.first("description") or "", enabled=not node.has("shutdown"), guards=guards
        )
        lag = node.first("lag")
        if lag is not None:
            bundle = nodes.get(f"lag {lag}", Node(""))
            yield replace(port, aggregate=f"lag {lag}", lacp=_LACP.get(bundle.first("lacp mode") or "", "on"))
            continue
        port = replace(port, dot1x=_dot1x(node, roles))
        routed = (
            node.has("routing")
            or node.first("ip address") is not None
            or node.first("vrf attach") is not None
        )
        if routed or (by_default and not node.has("no routing")):
            yield replace(port, mode="routed")
            continue
        yield _with_lines(port, node, voice)


def _with_lines(port: Port, node: Node, voice: frozenset[int]) -> Port:
    native_text, allowed_lines = node.first("vlan trunk native"), list(node.each("vlan trunk allowed"))
    if native_text is None and not allowed_lines:
        return replace(port, access=int(node.first("vlan access") or 1))
    words = (native_text or "1").split()
    native, is_tagged = int(words[0]), "tag" in words
    options = {"native": str(native)}
    if "all" in allowed_lines or not allowed_lines:
        return replace(port, mode="trunk", native=None if is_tagged else native, tagged=None, options=options)
    allowed = frozenset[int]().union(*(parse_numbers(line) for line in allowed_lines))
    carried = native if native in allowed and not is_tagged else None
    return replace(with_vlans(port, carried, allowed - {carried}, voice), options=options)


def _dot1x(node: Node, roles: dict[str, int]) -> Dot1x | None:
    blocks = {child.text: child for child in node.children}
    if DOT1X not in blocks or not blocks[DOT1X].has("enable"):
        return None
    role = node.first(REJECT)
    return Dot1x(guest_vlan=roles.get(role or ""), mac_fallback=MAC in blocks and blocks[MAC].has("enable"))


def _accounts(tree: Node) -> Iterator[Account]:
    for text in tree.each("user"):
        words = text.split()
        if words[1:2] == ["group"]:
            yield Account(words[0], "admin" if words[2] == "administrators" else "operator")


def _svis(tree: Node) -> Iterator[Svi]:
    found = {}
    for node in tree.children:
        match = re.fullmatch(r"interface vlan *(\d+)", node.text)
        if match:
            address = node.first("ip address") or ("dhcp" if node.has("ip dhcp") else "")
            found[int(match[1])] = address.split()[0] if address else ""
    yield from (Svi(vlan, found[vlan]) for vlan in sorted(found))


def _routes(tree: Node) -> Iterator[StaticRoute]:
    for text in tree.each("ip route"):
        words = text.split()
        if len(words) == 2 and words[1][0].isdigit():
            yield StaticRoute(words[0], words[1])


def _mirrors(tree: Node) -> Iterator[Mirror]:
    for node in tree.children:
        match = re.fullmatch(r"mirror session (\d+)", node.text)
        if match:
            sources = frozenset(
                port_name(re.sub(r" (?:both|rx|tx)$", "", text)) for text in node.each("source interface")
            )
            yield Mirror(int(match[1]), sources, port_name(node.first("destination interface") or ""))
