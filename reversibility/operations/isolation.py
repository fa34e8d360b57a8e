"""Isolation test of networks: the attempts between VLANs, the results expected by network.yml, and the actual ones
(R43).

Every pair of VLANs of a site is tried with each service that network.yml knows and with one that it does not, besides
what only an attacker sends: another VLAN's source address, frames with two tags, a DHCP request that leaves its VLAN.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

UNKNOWN_PORT = 61999
"""A port of no service."""


@dataclass(frozen=True)
class Probe:
    """A test machine with its VLAN and address. A second one in a VLAN is a neighbour."""

    name: str
    vlan: str
    address: str


@dataclass(frozen=True)
class Attempt:
    """One attempt. ``kind``: tcp, udp, icmp, spoofed, double-tagged, dhcp. ``expected``: whether it must arrive."""

    number: int
    source: str
    target: str
    kind: str
    expected: bool
    address: str = ""
    port: int = 0
    service: str = ""
    claimed: str = ""
    """The source address of another VLAN that a spoofed packet has."""
    protocol: str = ""
    tags: tuple[int, int] | None = None
    asset: str = ""
    reason: str = ""
    """The flow of network.yml that allows it."""

    @property
    def what(self) -> str:
        """The attempt in a few words, as the table shows it."""
        port = f"/{self.port}" if self.port else ""
        named = {
            "spoofed": f"spoofed {self.claimed} {self.protocol}{port}",
            "double-tagged": "double-tagged frame",
        }
        text = named.get(self.kind, f"{self.kind}{port}")
        return f"{text} to {self.asset}" if self.asset else text


def attempts(
    network: Mapping[str, Any], site: str, probes: Sequence[Probe], assets: Mapping[str, Any]
) -> list[Attempt]:
    """Everything to try between the probes of a site; ``assets`` are the market's, by tag."""
    found = _all(network, site, probes, assets)
    return [replace(one, number=number) for number, one in enumerate(found, start=1)]


def _all(
    network: Mapping[str, Any], site: str, probes: Sequence[Probe], assets: Mapping[str, Any]
) -> Iterator[Attempt]:
    first: dict[str, Probe] = {}
    for probe in probes:
        first.setdefault(probe.vlan, probe)
    for source in first.values():
        for target in first.values():
            if source is not target:
                yield from _services(network, source, target)
                yield from _spoofed(network, source, target, first)
                tags = (int(network["vlans"][source.vlan]["id"]), int(network["vlans"][target.vlan]["id"]))
                yield Attempt(0, source.name, target.name, "double-tagged", False, tags=tags)
                yield Attempt(0, source.name, target.name, "dhcp", False)
        yield from _assets(network, site, source, assets)
    for probe in probes:
        neighbour = first[probe.vlan]
        if probe is not neighbour:
            yield from _neighbours(network, probe, neighbour)


def _services(network: Mapping[str, Any], source: Probe, target: Probe) -> Iterator[Attempt]:
    seen = set()
    for name, protocol, port in _tried(network):
        reason = allowed(network, source.vlan, target.vlan, name)
        if (protocol, port) not in seen:
            seen.add((protocol, port))
            yield Attempt(
                0, source.name, target.name, protocol, bool(reason), target.address, port, name, reason=reason
            )


def _tried(network: Mapping[str, Any]) -> Iterator[tuple[str, str, int]]:
    """Name, protocol and port of every service, and of an undeclared one."""
    for name, service in network["services"].items():
        for port in service.get("ports") or (0,):
            yield name, service["protocol"], port
    yield from (("", "icmp", 0), ("", "tcp", UNKNOWN_PORT), ("", "udp", UNKNOWN_PORT))


def _spoofed(
    network: Mapping[str, Any], source: Probe, target: Probe, first: Mapping[str, Probe]
) -> Iterator[Attempt]:
    """Attempts with a spoofed address of a third VLAN, with services that this VLAN may use."""
    for other in first.values():
        if other in (source, target):
            continue
        name, protocol, port = next(
            (one for one in _tried(network) if allowed(network, other.vlan, target.vlan, one[0])),
            ("", "udp", UNKNOWN_PORT),
        )
        yield Attempt(
            0, source.name, target.name, "spoofed", False, target.address, port, name, other.address, protocol
        )


def _assets(
    network: Mapping[str, Any], site: str, source: Probe, assets: Mapping[str, Any]
) -> Iterator[Attempt]:
    """The assets that flows name, from every VLAN: who is not named may not."""
    named = sorted({tag for flow in network.get("flows") or () for tag in flow.get("assets") or ()})
    for tag in named:
        asset = assets.get(tag)
        vlan = str(asset.attributes.get("vlan", "")) if asset is not None else ""
        if asset is None or asset.site != site or not asset.address or vlan == source.vlan:
            continue
        for name, protocol, port in _tried(network):
            if protocol == "tcp" and name:
                reason = allowed(network, source.vlan, vlan, name, tag)
                yield Attempt(
                    0,
                    source.name,
                    vlan,
                    "tcp",
                    bool(reason),
                    str(asset.address),
                    port,
                    name,
                    asset=tag,
                    reason=reason,
                )


def _neighbours(network: Mapping[str, Any], probe: Probe, neighbour: Probe) -> Iterator[Attempt]:
    """Two machines of one VLAN: they see each other unless it is isolated."""
    expected = not network["vlans"][probe.vlan].get("isolated", False)
    for kind, port in (("icmp", 0), ("tcp", UNKNOWN_PORT), ("udp", UNKNOWN_PORT)):
        yield Attempt(0, probe.name, neighbour.name, kind, expected, neighbour.address, port)


def allowed(network: Mapping[str, Any], source: str, target: str, service: str, asset: str = "") -> str:
    """The reason of a flow that allows the service; '' when none does. A flow with assets is for these alone."""
    for flow in network.get("flows") or ():
        assets = flow.get("assets") or ()
        if (
            service in flow["services"]
            and source in _names(flow["from"])
            and target in _names(flow["to"])
            and (not assets or asset in assets)
        ):
            return str(flow.get("reason", ""))
    return ""


def _names(value: str | Sequence[str]) -> Sequence[str]:
    return [value] if isinstance(value, str) else value


def table(tried: Iterable[Attempt], seen: Iterable[int], probes: Iterable[Probe]) -> list[dict[str, Any]]:
    """One row for each attempt with the expected and the actual result; ``seen``: numbers of attempts that arrived."""
    arrived, vlans = set(seen), {probe.name: probe.vlan for probe in probes}
    return [
        {
            "source": one.source,
            "source_vlan": vlans[one.source],
            "target": one.target,
            "target_vlan": one.target if one.asset else vlans[one.target],
            "attempt": one.what,
            "service": one.service,
            "expected": "passes" if one.expected else "blocked",
            "seen": "passes" if one.number in arrived else "blocked",
            "reason": one.reason,
        }
        for one in tried
    ]


def differences(rows: Iterable[Mapping[str, Any]]) -> list[str]:
    """One sentence for each row that is not as expected."""
    return [
        f"{row['source']} → {row['target']}: {row['attempt']} {row['seen']}, expected: {row['expected']}"
        for row in rows
        if row["expected"] != row["seen"]
    ]


def missing_vlans(network: Mapping[str, Any], site: str, probes: Iterable[Probe]) -> list[str]:
    """The VLANs of a site without a probe, which cannot be tested."""
    wanted = {subnet["vlan"] for subnet in network.get("subnets") or () if subnet["site"] == site}
    return sorted(wanted - {probe.vlan for probe in probes})


def gateway(network: Mapping[str, Any], probe: Probe) -> str:
    """The gateway of a probe's subnet; '' when its address is in none."""
    address = ipaddress.ip_address(probe.address)
    for subnet in network.get("subnets") or ():
        if subnet["vlan"] == probe.vlan and address in ipaddress.ip_network(subnet["cidr"]):
            return str(subnet["gateway"])
    return ""
