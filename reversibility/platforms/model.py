"""Common model of a configuration: what a driver parses a device's files to, and renders wanted state from.

In a *wanted* configuration, a section that is None, an empty ``vlans`` or ``accounts`` and a port that is not
listed are
not managed: neither compared nor changed. A *seen* one says everything that the driver can read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Guard = Literal["edge", "bpdu", "root", "loop", "dhcp-trust", "protected"]
"""Spanning tree's edge port, BPDU and root guards, loop protection, trusted DHCP server side, no talk between ports."""


@dataclass(frozen=True, slots=True)
class Vlan:
    """A VLAN: ``number`` is the IEEE 802.1Q identifier, 1 to 4094."""

    number: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Dot1x:
    """IEEE 802.1X on a port: where a device without, or with a refused, identity goes (None: nowhere)."""

    guest_vlan: int | None = None
    failed_vlan: int | None = None
    mac_fallback: bool = False


@dataclass(frozen=True, slots=True)
class Port:
    """A switch port, an aggregate or a routed interface, by its canonical long name.

    ``access`` is the untagged VLAN of an access port, ``native`` that of a trunk; ``tagged`` are the VLANs
    that a trunk
    carries with a tag, None meaning all of them. ``aggregate`` names the aggregate that the port is a member of, by
    ``lacp`` (active, passive, or on: without a protocol); a member's VLANs are its aggregate's.
    """

    name: str
    mode: Literal["access", "trunk", "routed"] = "access"
    access: int | None = None
    native: int | None = None
    tagged: frozenset[int] | None = frozenset()
    voice: int | None = None
    description: str = ""
    enabled: bool = True
    aggregate: str | None = None
    lacp: Literal["active", "passive", "on"] | None = None
    dot1x: Dot1x | None = None
    guards: frozenset[Guard] = frozenset()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Svi:
    """The device's own address in a VLAN, as ``198.51.100.2/27`` or ``dhcp``; '' for none."""

    vlan: int
    address: str = ""


@dataclass(frozen=True, slots=True)
class StaticRoute:
    """A static route: ``prefix`` such as ``0.0.0.0/0``, ``gateway`` an address."""

    prefix: str
    gateway: str


@dataclass(frozen=True, slots=True)
class Mirror:
    """A port mirror: what ``sources`` receive and send is copied to ``destination``."""

    session: int
    sources: frozenset[str]
    destination: str


@dataclass(frozen=True, slots=True)
class Ssid:
    """A Wi-Fi network. ``security`` is one of network.yml's: open, owe, wpa2-personal, wpa3-personal, ...

    ``bands`` are of "2.4", "5", "6"; none means each that the device has. ``hours`` is when it is on (``mon-fri
    07:30-18:30``); '' means always.
    """

    name: str
    vlan: int | None = None
    security: str = "open"
    isolated: bool = False
    hidden: bool = False
    enabled: bool = True
    bands: frozenset[str] = frozenset()
    hours: str = ""
    portal: bool = False
    """Whether people have to agree to a page of the vendor's before anything passes (captive portal)."""


@dataclass(frozen=True, slots=True)
class Radio:
    """A radio of an access point, by its interface. ``band`` is "2.4" or "5"; ``channel`` a number or ``auto``.

    ``ssids`` are the names that it carries; none means each of its band. ``driver`` is hostapd's.
    """

    name: str
    band: str = ""
    channel: str = "auto"
    ssids: frozenset[str] = frozenset()
    driver: str = "nl80211"


@dataclass(frozen=True, slots=True)
class Account:
    """A local account of a device or a machine; never its secret."""

    name: str
    role: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a configuration says, as far as the model goes; ``services`` maps a service to its setting (ssh: on).

    ``services`` of a network device: ``telnet``, ``http``, ``https``, ``ssh``, ``snmp-v2c``: each ``on`` or ``off``.
    ``syslog`` are log hosts, see log_hosts.py.
    ``snmp_users`` are SNMPv3's, ``radius`` the servers of 802.1X and of log-ins, each by address or name.
    ``radius_vlans`` are those that a RADIUS server may answer to an access point, by number.
    ``radios``, ``country`` (ISO 3166) and ``uplink`` (the wired interface) are an access point's.
    ``protected_ports`` and ``protected_vlans`` lead to the device; a plan that changes them is refused.
    """

    hostname: str = ""
    vlans: tuple[Vlan, ...] = ()
    ports: tuple[Port, ...] = ()
    ssids: tuple[Ssid, ...] = ()
    radios: tuple[Radio, ...] = ()
    country: str = ""
    uplink: str = ""
    accounts: tuple[Account, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)
    svis: tuple[Svi, ...] | None = None
    routes: tuple[StaticRoute, ...] | None = None
    mirrors: tuple[Mirror, ...] | None = None
    dhcp_snooping: frozenset[int] | None = None
    snmp_users: tuple[str, ...] | None = None
    ntp: tuple[str, ...] | None = None
    syslog: tuple[str, ...] | None = None
    radius: tuple[str, ...] | None = None
    radius_vlans: frozenset[int] = frozenset()
    banner: str | None = None
    protected_ports: frozenset[str] = frozenset()
    protected_vlans: frozenset[int] = frozenset()
