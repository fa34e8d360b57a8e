"""Interface names, from the short form that ``show`` commands use to the long one of the configuration."""

from __future__ import annotations

import re

_NAME = re.compile(r"([A-Za-z][A-Za-z-]*) *(\d[\w/.:]*)")
_LONG = {
    "GigabitEthernet": ("gi", "gig"),
    "TenGigabitEthernet": ("te", "ten"),
    "TwoGigabitEthernet": ("tw", "two"),
    "FiveGigabitEthernet": ("fi", "fiv"),
    "TwentyFiveGigE": ("twe", "twentyfivegigabitethernet"),
    "FortyGigabitEthernet": ("fo", "for"),
    "HundredGigE": ("hu", "hun", "hundredgigabitethernet"),
    "FastEthernet": ("fa", "fas"),
    "AppGigabitEthernet": ("ap", "app"),
    "Ethernet": ("et", "eth"),
    "Port-channel": ("po", "por"),
    "Vlan": ("vl",),
    "Loopback": ("lo", "loo"),
    "Tunnel": ("tu", "tun"),
    "Management": ("ma",),
    "Serial": ("se", "ser"),
}
_IOS = {short: long for long, shorts in _LONG.items() for short in (*shorts, long.lower())}
_NXOS = {
    **_IOS,
    "po": "port-channel",
    "por": "port-channel",
    "port-channel": "port-channel",
    "loopback": "loopback",
    "lo": "loopback",
}


def ios_name(name: str) -> str:
    """The long name: ``Gi1/0/1`` and ``gigabitethernet 1/0/1`` are ``GigabitEthernet1/0/1``."""
    return _long(name, _IOS)


def nxos_name(name: str) -> str:
    """The long name: ``Eth1/1`` is ``Ethernet1/1``, ``Po10`` is ``port-channel10``."""
    return _long(name, _NXOS)


def _long(name: str, table: dict[str, str]) -> str:
    match = _NAME.fullmatch(name.strip())
    if match is None:
        return name.strip()
    long = table.get(match[1].lower())
    return f"{long}{match[2]}" if long else f"{match[1]}{match[2]}"


_DIGITS = re.compile("([0-9]+)")


def natural(name: str) -> tuple[tuple[int, str], ...]:
    """Sort key by which port 2 stands before port 10."""
    return tuple(
        (int(part), "") if part[0] in "0123456789" else (-1, part) for part in _DIGITS.split(name) if part
    )
