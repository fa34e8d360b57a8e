"""Common model of a configuration: what a driver parses a device's files to, and renders wanted state from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Vlan:
    """A VLAN: ``number`` is the IEEE 802.1Q identifier, 1 to 4094."""

    number: int
    name: str = ""


@dataclass(frozen=True, slots=True)
class Port:
    """A switch port, an aggregate or a routed interface, by its canonical long name.

    ``access`` is the untagged VLAN of an access port, ``native`` that of a trunk; ``tagged`` are the VLANs that a trunk
    carries with a tag. ``aggregate`` names the aggregate that the port is a member of.
    """

    name: str
    mode: Literal["access", "trunk", "routed"] = "access"
    access: int | None = None
    native: int | None = None
    tagged: frozenset[int] = frozenset()
    voice: int | None = None
    description: str = ""
    enabled: bool = True
    aggregate: str | None = None
    dot1x: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ssid:
    """A Wi-Fi network. ``security`` is one of network.yml's: open, owe, wpa2-personal, wpa3-personal, ..."""

    name: str
    vlan: int | None = None
    security: str = "open"
    isolated: bool = False
    hidden: bool = False
    enabled: bool = True
    bands: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Account:
    """A local account of a device or a machine; never its secret."""

    name: str
    role: str = ""
    enabled: bool = True


@dataclass(frozen=True, slots=True)
class Configuration:
    """What a configuration says, as far as the model goes; ``services`` maps a service to its setting (ssh: on)."""

    hostname: str = ""
    vlans: tuple[Vlan, ...] = ()
    ports: tuple[Port, ...] = ()
    ssids: tuple[Ssid, ...] = ()
    accounts: tuple[Account, ...] = ()
    services: Mapping[str, str] = field(default_factory=dict)
