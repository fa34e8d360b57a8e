"""The router: the gateway of every VLAN, and what network.yml allows between them. Everything else is dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.lab.plan import Host, School, Vlan
from tests.lab.shell import LabError

TRUNK = "trunk"
"""The router's end of the cable to the switch."""

INTERNET = "internet"
"""What flows of network.yml call everything beyond the site's own networks."""

_COMMENT_LENGTH = 100
"""nftables takes 128 bytes; French letters may take two."""


def interface(vlan: Vlan) -> str:
    """The router's interface in ``vlan``."""
    return f"vlan{vlan.number}"


def ruleset(network: Mapping[str, Any], school: School) -> str:
    """The content of /etc/nftables.conf: a stateful matrix, closed unless a flow of network.yml opens it.

    Packets are accepted only with a source address of the subnet of the interface they come through. A flow to
    "internet" may leave through any interface that is none of the school's, an uplink: the lab has none, so nothing
    comes of it here. An isolated VLAN may have such flows and no others (R43). Raises LabError when another flow
    concerns an isolated VLAN, and for an unknown VLAN, service or asset.
    """
    lines = [
        "#!/usr/sbin/nft -f",
        "# Generated from network.yml: change it there.",
        "flush ruleset",
        "",
        "table inet matrix {",
        "  chain forward {",
        "    type filter hook forward priority filter; policy drop;",
        "    ct state established,related accept",
        "    ct state invalid drop",
    ]
    flows = network.get("flows", [])
    lines += [f"    {rule}" for flow in flows for rule in _outside(flow, network, school)]
    for vlan in school.vlans.values():
        if vlan.isolated:
            lines += [
                f'    iifname "{interface(vlan)}" drop comment "{vlan.name} is isolated"',
                f'    oifname "{interface(vlan)}" drop comment "{vlan.name} is isolated"',
            ]
    lines += [f"    {rule}" for flow in flows for rule in _flow(flow, network, school)]
    own = school.hosts[school.router].vlan
    lines += [
        "    counter drop",
        "  }",
        "",
        "  chain input {",
        "    type filter hook input priority filter; policy drop;",
        "    ct state established,related accept",
        '    iifname "lo" accept',
        f'    {_from(own)} tcp dport 22 accept comment "management"',
        f'    {_from(own)} icmp type echo-request accept comment "management"',
        "    counter drop",
        "  }",
        "}",
        "",
    ]
    return "\n".join(lines)


def _flow(flow: Mapping[str, Any], network: Mapping[str, Any], school: School) -> list[str]:
    """One rule for each pair of VLANs and each service of ``flow``."""
    rules = []
    for source in _names(flow["from"]):
        for target in _names(flow["to"]):
            if target == INTERNET:
                continue
            ends = [school.vlan(source), school.vlan(target)]
            for vlan in ends:
                if vlan.isolated:
                    raise LabError(
                        f"network.yml: {vlan.name} is isolated and a flow concerns it; remove one."
                    )
            where = (
                f'{_from(ends[0])} oifname "{interface(ends[1])}" ip daddr {_targets(flow, ends[1], school)}'
            )
            for service in flow["services"]:
                match = _service(service, network)
                rules.append(f'{where} {match} accept comment "{_comment(flow, service)}"')
    return rules


def _outside(flow: Mapping[str, Any], network: Mapping[str, Any], school: School) -> list[str]:
    """One rule for each VLAN and each service that ``flow`` lets out to the internet; before any VLAN is closed.

    Named assets are inside: a flow that is limited to some leads nowhere else.
    """
    if INTERNET not in _names(flow["to"]) or flow.get("assets"):
        return []
    inside = ", ".join(f'"{interface(vlan)}"' for vlan in school.vlans.values())
    subnets = ", ".join(str(vlan.subnet) for vlan in school.vlans.values())
    return [
        f"{_from(school.vlan(source))} oifname != {{ {inside} }} ip daddr != {{ {subnets} }} "
        f'{_service(service, network)} accept comment "{_comment(flow, service)}"'
        for source in _names(flow["from"])
        for service in flow["services"]
    ]


def _from(vlan: Vlan) -> str:
    return f'iifname "{interface(vlan)}" ip saddr {vlan.subnet}'


def _targets(flow: Mapping[str, Any], vlan: Vlan, school: School) -> str:
    """The addresses that ``flow`` may reach in ``vlan``: those of its assets, or the whole subnet."""
    tags = flow.get("assets")
    if not tags:
        return str(vlan.subnet)
    unknown = [tag for tag in tags if tag not in school.hosts]
    if unknown:
        raise LabError(
            f"A flow of network.yml names {unknown[0]}, which is not a managed asset with an address."
        )
    return "{ " + ", ".join(str(school.hosts[tag].address) for tag in tags) + " }"


def _service(name: str, network: Mapping[str, Any]) -> str:
    service = network.get("services", {}).get(name)
    if service is None:
        raise LabError(f"A flow of network.yml names the service {name}, which is not under services.")
    if service["protocol"] == "icmp":
        return "icmp type echo-request"
    ports = ", ".join(str(port) for port in service["ports"])
    return f"{service['protocol']} dport {{ {ports} }}"


def _names(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def _comment(flow: Mapping[str, Any], service: str) -> str:
    """The flow's reason, cut to what nftables takes, without what would end the string early."""
    text = f"{service}: {flow.get('reason', '')}".translate(str.maketrans('"\\\n', "'/ "))
    while len(text.encode()) > _COMMENT_LENGTH:
        text = text[:-1]
    return text


def forget_trunk() -> str:
    """The command for a trunk that has just been laid anew; network_script plugs it in."""
    return f"ovs-vsctl --if-exists del-port {TRUNK}"


def mac(router: Host, vlan: Vlan) -> str:
    """The MAC address of the router's interface in ``vlan``: the declared one in its own, made from it in others."""
    words = router.mac.split(":")
    return router.mac if vlan == router.vlan else ":".join([*words[:4], f"{vlan.number % 256:02x}", words[5]])


def network_script(school: School) -> str:
    """What the router runs at each start: its own small switch on the trunk, with one interface a VLAN.

    Open vSwitch rather than 802.1Q subinterfaces, since not every kernel has those; one way is enough.
    """
    router = school.hosts[school.router]
    numbers = ",".join(str(vlan.number) for vlan in school.vlans.values())
    commands = [
        "ovs-vsctl --may-exist add-br br0 -- set bridge br0 datapath_type=netdev",
        f"ovs-vsctl --may-exist add-port br0 {TRUNK} -- set port {TRUNK} trunks={numbers} vlan_mode=trunk",
        f"ip link set {TRUNK} up",
    ]
    for vlan in school.vlans.values():
        name = interface(vlan)
        commands += [
            f"ovs-vsctl --may-exist add-port br0 {name} tag={vlan.number} -- set interface {name} type=internal"
            f' mac=\\"{mac(router, vlan)}\\"',
            f"ip address replace {vlan.gateway}/{vlan.subnet.prefixlen} dev {name}",
            f"ip link set {name} up",
            f"ethtool -K {name} tx off >/dev/null",
        ]
    return "\n".join(["#!/bin/sh", "set -eu", *commands, ""])
