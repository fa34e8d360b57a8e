"""The switch: Open vSwitch in user space. What it does is what host_vars/<SWITCH>.yml says of its ports."""

from __future__ import annotations

from reversibility.platforms.model import Guard
from reversibility.platforms.model import Port as Declared
from reversibility.platforms.openvswitch_plan import settings
from tests.lab.plan import Port, School

MANAGEMENT = "mgmt0"
"""The switch's own interface, through which it is managed."""


def port_settings(port: Port) -> str:
    """The columns of Open vSwitch's Port table that make ``port`` what it is, as the project's driver writes them."""
    guards: frozenset[Guard] = frozenset({"protected"} if port.protected else ())
    if port.tag is None:
        return settings(
            Declared(
                port.name, mode="trunk", native=port.native, tagged=frozenset(port.trunks), guards=guards
            )
        )
    return settings(Declared(port.name, access=port.tag, guards=guards))


def network_script(school: School) -> str:
    """What the switch runs at each start. May be run again: ports that are not wanted go, the others are set."""
    switch = school.hosts[school.switch]
    wanted = "|".join([MANAGEMENT, *(port.name for port in school.ports)])
    commands = [
        "ovs-vsctl --may-exist add-br br0 -- set bridge br0 datapath_type=netdev",
        "for port in $(ovs-vsctl list-ports br0); do",
        f'    case $port in {wanted}) ;; *) ovs-vsctl del-port br0 "$port" ;; esac',
        "done",
        f"ovs-vsctl --may-exist add-port br0 {MANAGEMENT} tag={switch.vlan.number}"
        f' -- set interface {MANAGEMENT} type=internal mac=\\"{switch.mac}\\"',
        f"ip address replace {switch.address}/{switch.vlan.subnet.prefixlen} dev {MANAGEMENT}",
        f"ip link set {MANAGEMENT} up",
        f"ip route replace default via {switch.vlan.gateway}",
        f"ethtool -K {MANAGEMENT} tx off >/dev/null",
        # It complains about a socket without a cable, and goes on.
        *(f"ovs-vsctl {add_port(port)} 2>/dev/null" for port in school.ports),
    ]
    return "\n".join(["#!/bin/sh", "set -eu", *commands, ""])


def add_port(port: Port) -> str:
    """The arguments of ovs-vsctl that make ``port`` what it should be."""
    return f"--may-exist add-port br0 {port.name} -- set port {port.name} {port_settings(port)}"


def plug_in(port: Port) -> str:
    """The commands for a cable that has just been put into ``port``.

    Two, since Open vSwitch keeps the old cable's device when the port goes and comes in one transaction.
    """
    return f"{unplug(port)}; ovs-vsctl {add_port(port)}"


def unplug(port: Port) -> str:
    """The command that removes ``port``."""
    return f"ovs-vsctl --if-exists del-port {port.name}"
