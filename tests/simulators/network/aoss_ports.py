"""Ports of a simulated ArubaOS-Switch: their names, lists, and which VLAN they are in."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tests.simulators.network.section import natural

PART = re.compile(r"((?:\d+/)?[A-Za-z]*)(\d+)")


def expand(text: str) -> list[str] | None:
    """The ports of ``1-4,A1,Trk1``; None when it is no list."""
    found: list[str] = []
    for part in text.split(","):
        first, dash, last = part.partition("-")
        start, end = PART.fullmatch(first), PART.fullmatch(last) if dash else PART.fullmatch(first)
        if start is None or end is None or start[1].lower() != end[1].lower() or int(end[2]) < int(start[2]):
            return None
        prefix = start[1].capitalize() if start[1].lower() == "trk" else start[1].upper()
        found += [f"{prefix}{number}" for number in range(int(start[2]), int(end[2]) + 1)]
    return found


def contract(names: Iterable[str]) -> str:
    """The shortest list of these ports."""
    parts: list[list[str]] = []
    for name in sorted(set(names), key=natural):
        match = PART.fullmatch(name)
        before = PART.fullmatch(parts[-1][-1]) if parts else None
        if match and before and before[1] == match[1] and int(before[2]) + 1 == int(match[2]):
            parts[-1].append(name)
        else:
            parts.append([name])
    return ",".join(part[0] if len(part) == 1 else f"{part[0]}-{part[-1]}" for part in parts)


class Membership:
    """Untagged VLAN and tagged VLANs by port. A port without any VLAN falls into VLAN 1."""

    def __init__(self, ports: Iterable[str]) -> None:
        self.untagged: dict[str, int | None] = dict.fromkeys(ports, 1)
        self.tagged: dict[str, set[int]] = {port: set() for port in self.untagged}

    def copy(self) -> Membership:
        other = Membership(())
        other.untagged = dict(self.untagged)
        other.tagged = {port: set(vlans) for port, vlans in self.tagged.items()}
        return other

    def add(self, port: str) -> None:
        self.untagged.setdefault(port, 1)
        self.tagged.setdefault(port, set())

    def drop(self, port: str) -> None:
        self.untagged.pop(port, None)
        self.tagged.pop(port, None)

    def set(self, port: str, vlan: int, kind: str) -> None:
        """Enter a VLAN; untagged leaves the untagged VLAN before."""
        if kind == "untagged":
            self.untagged[port] = vlan
            self.tagged[port].discard(vlan)
        else:
            self.tagged[port].add(vlan)
            if self.untagged[port] == vlan:
                self.untagged[port] = None

    def unset(self, port: str, vlan: int, kind: str) -> None:
        """Leave a VLAN."""
        if kind == "untagged" and self.untagged.get(port) == vlan:
            self.untagged[port] = None
        if kind == "tagged":
            self.tagged[port].discard(vlan)
        if self.untagged[port] is None and not self.tagged[port]:
            self.untagged[port] = 1

    def forget(self, vlan: int) -> None:
        """A VLAN was removed."""
        for port in self.untagged:
            self.tagged[port].discard(vlan)
            if self.untagged[port] == vlan or (self.untagged[port] is None and not self.tagged[port]):
                self.untagged[port] = 1

    def lines(self, vlan: int) -> list[str]:
        """What the section of a VLAN shows."""
        untagged = [port for port, number in self.untagged.items() if number == vlan]
        tagged = [port for port, numbers in self.tagged.items() if vlan in numbers]
        away = [port for port, number in self.untagged.items() if vlan == 1 and number != 1]
        return [
            *([f"no untagged {contract(away)}"] if away else []),
            *([f"untagged {contract(untagged)}"] if untagged else []),
            *([f"tagged {contract(tagged)}"] if tagged else []),
        ]
