"""Plan of the school, computed from the market alone."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from reversibility.market.model import Asset, Market
from tests.lab.shell import LabError

CONTROLLER_PORT = "p_ctl"
_INTERFACE_NAME_LENGTH = 15
"""The longest name that Linux gives an interface."""


@dataclass(frozen=True)
class Vlan:
    """A VLAN with its one subnet at the lab's site."""

    name: str
    number: int
    subnet: ipaddress.IPv4Network
    gateway: ipaddress.IPv4Address
    isolated: bool

    def from_the_end(self, position: int) -> str:
        """The usable address at ``position`` from the end of the subnet (1: the last one), with its prefix."""
        return f"{self.subnet.broadcast_address - position}/{self.subnet.prefixlen}"


@dataclass(frozen=True)
class Port:
    """A port of the switch. ``tag`` is set on an access port, ``trunks`` and perhaps ``native`` on a trunk."""

    name: str
    tag: int | None
    trunks: tuple[int, ...]
    peer: str | None
    protected: bool = False
    """Reaches no other protected port: the hosts of an isolated VLAN do not see one another."""
    native: int | None = None


@dataclass(frozen=True)
class Host:
    """One container."""

    tag: str
    kind: str
    image: str
    vlan: Vlan
    address: ipaddress.IPv4Address
    mac: str
    port: str | None
    """The switch's port at the other end of its cable; the switch itself has none."""


@dataclass(frozen=True)
class School:
    """Everything that ``up`` makes."""

    vlans: Mapping[str, Vlan]
    ports: tuple[Port, ...]
    hosts: Mapping[str, Host]
    switch: str
    router: str

    def computers(self) -> list[Host]:
        """The hosts that hang on an access port of the switch."""
        return [host for tag, host in self.hosts.items() if tag not in (self.switch, self.router)]

    def vlan(self, name: str) -> Vlan:
        """The VLAN ``name``; LabError lists the known ones when there is none."""
        try:
            return self.vlans[name]
        except KeyError:
            raise LabError(f"There is no VLAN {name}; network.yml knows {', '.join(self.vlans)}.") from None

    def probe_port(self, vlan: Vlan) -> Port:
        """Where a probe of ``vlan`` is plugged in: a free socket on that VLAN, or else one that is added for it."""
        for port in self.ports:
            if port.tag == vlan.number and port.peer is None and port.name != CONTROLLER_PORT:
                return port
        return Port(f"t_{vlan.number}", vlan.number, (), None, vlan.isolated)


def plan(market: Market) -> School:
    """Work out the school of ``market``: its managed Linux machines that have an address.

    Containers are Linux: an asset of another family (a simulated Windows PC) is no host of the lab.

    Raises LabError when there is not exactly one switch and one router, or a host has no cable.
    """
    assets = {
        tag: asset
        for tag, asset in market.assets.items()
        if asset.managed and asset.address and asset.platform.family == "linux"
    }
    switch, router = _only(assets, "switch"), _only(assets, "router")
    vlans = _vlans(market.network, assets[switch].site)
    ports = _ports(assets[switch], vlans)
    plugged = {port.peer: port.name for port in ports if port.peer}
    hosts = {tag: _host(asset, vlans, plugged.get(tag)) for tag, asset in assets.items()}
    for host in hosts.values():
        if host.port is None and host.tag != switch:
            raise LabError(
                f"{host.tag} has no cable; give it a port in host_vars/{switch}.yml (peer: {host.tag})."
            )
    if not any(port.name == CONTROLLER_PORT for port in ports):
        ports = (*ports, Port(CONTROLLER_PORT, hosts[switch].vlan.number, (), None))
    return School(vlans, ports, hosts, switch, router)


def _only(assets: Mapping[str, Asset], kind: str) -> str:
    found = [tag for tag, asset in assets.items() if asset.kind == kind]
    if len(found) != 1:
        raise LabError(f"The lab needs one managed {kind} with an address, and hosts.yml has {len(found)}.")
    return found[0]


def _vlans(network: Mapping[str, Any], site: str) -> dict[str, Vlan]:
    subnets = {subnet["vlan"]: subnet for subnet in network["subnets"] if subnet["site"] == site}
    return {
        name: Vlan(
            name,
            int(vlan["id"]),
            ipaddress.IPv4Network(subnets[name]["cidr"]),
            ipaddress.IPv4Address(subnets[name]["gateway"]),
            bool(vlan.get("isolated", False)),
        )
        for name, vlan in network["vlans"].items()
        if name in subnets
    }


def _ports(switch: Asset, vlans: Mapping[str, Vlan]) -> tuple[Port, ...]:
    ports = []
    for name, port in switch.variables.get("ports", {}).items():
        if len(name) > _INTERFACE_NAME_LENGTH:
            raise LabError(
                f"Port {name} of {switch.tag}: a name has at most {_INTERFACE_NAME_LENGTH} characters."
            )
        trunk = port["mode"] == "trunk"
        wanted = port["vlans"] if trunk else [port["vlan"]]
        native = port.get("native")
        unknown = [vlan for vlan in (*wanted, *([native] if native else [])) if vlan not in vlans]
        if unknown:
            raise LabError(
                f"Port {name} of {switch.tag} is on VLAN {unknown[0]}, which has no subnet in network.yml."
            )
        numbers = tuple(vlans[vlan].number for vlan in wanted)
        protected = not trunk and vlans[port["vlan"]].isolated
        ports.append(
            Port(
                name,
                None if trunk else numbers[0],
                tuple(number for vlan, number in zip(wanted, numbers, strict=True) if vlan != native)
                if trunk
                else (),
                port.get("peer"),
                protected,
                vlans[native].number if native else None,
            )
        )
    return tuple(ports)


def _host(asset: Asset, vlans: Mapping[str, Vlan], port: str | None) -> Host:
    vlan = vlans.get(str(asset.attributes.get("vlan")))
    address = ipaddress.IPv4Address(str(asset.address))
    if vlan is None or address not in vlan.subnet:
        raise LabError(
            f"{asset.tag}: {address} is not in the subnet of its VLAN {asset.attributes.get('vlan')}."
        )
    image = str(asset.attributes.get("os", "")).replace("-", "")
    return Host(asset.tag, asset.kind, image, vlan, address, str(asset.attributes["mac"]), port)
