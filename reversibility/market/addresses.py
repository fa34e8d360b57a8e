"""Canonical form of host names and addresses, for comparison."""

from __future__ import annotations

import ipaddress


def comparable(host: str) -> str:
    """The canonical form of a host: an address in its shortest form, a name in lower case without the final dot."""
    text = host.strip()
    try:
        address = ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return text.rstrip(".").casefold()
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def comparable_with_port(name: str) -> str:
    """The canonical form of a name in ``known_hosts``: ``host``, or ``[host]:port`` for ports other than 22."""
    if name.startswith("["):
        host, bracket, rest = name[1:].partition("]")
        if bracket and rest.startswith(":"):
            return comparable(host) if rest == ":22" else f"[{comparable(host)}]{rest}"
    return comparable(name)
