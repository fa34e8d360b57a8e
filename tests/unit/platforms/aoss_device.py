"""Model of an ArubaOS-Switch: VLANs with their ports, trunks, and other lines; it shows itself as the switch does.

It refuses what the switch refuses: a port without any VLAN, a VLAN that is removed while ports are in it, an unknown
command.
"""

from __future__ import annotations

import re

from reversibility.platforms.aruba_aoss_parse import contract, expand, port_name

SINGLE = re.compile(r"(hostname|ip default-gateway|banner motd|password (?:manager|operator))\b")
KNOWN = re.compile(
    r"(no )?(hostname|ip (default-gateway|route)|banner motd|password|telnet-server|web-management|snmp|ntp|timesync"
    r"|logging|radius-server|aaa|spanning-tree|loop-protect|dhcp-snooping|protected-ports|mirror)\b"
)
# Lines that hold a list of ports: start, end.
LISTS = re.compile(
    r"(spanning-tree|loop-protect|dhcp-snooping trust|protected-ports|aaa port-access (?:authenticator|mac-based))"
    r" ([\w/,-]+)(?: ([a-z-]+)(?: (\d+))?)?$"
)


class AossDevice:
    """A switch with ports 1 to ``ports``, from factory settings."""

    def __init__(self, ports: int = 6) -> None:
        self.names: dict[int, str] = {1: "DEFAULT_VLAN"}
        self.untagged: dict[str, int | None] = {str(n): 1 for n in range(1, ports + 1)}
        self.tagged: dict[str, set[int]] = {}
        self.voice: set[int] = set()
        self.addresses: dict[int, list[str]] = {}
        self.trunks: dict[str, tuple[str, str]] = {}
        self.blocks: dict[str, list[str]] = {}
        self.lines: list[str] = []
        self.port_lines: set[tuple[str, str, str, str]] = set()
        self.outages: list[str] = []

    def apply(self, commands: tuple[str, ...]) -> None:
        mode = ""
        for command in commands:
            if command.startswith(" "):
                self._in_mode(mode, command.strip())
            else:
                mode = command
                self._at_top(command)

    def _at_top(self, command: str) -> None:
        words = command.split()
        if re.fullmatch(r"vlan \d+", command):
            self.names.setdefault(int(words[1]), f"VLAN{words[1]}")
        elif re.fullmatch(r"no vlan \d+", command):
            number = int(words[2])
            inside = [
                p for p in self.untagged if self.untagged[p] == number or number in self.tagged.get(p, ())
            ]
            assert not inside, f"VLAN {number} still has {inside}"
            del self.names[number]
            self.addresses.pop(number, None)
        elif command.startswith("interface "):
            assert port_name(words[1]) in self.untagged or words[1] in self.trunks, (
                f"Module not present for port: {command}"
            )
        elif command.startswith("no trunk "):
            for name in expand(words[2]):
                assert "disable" in self.blocks.get(name, []), f"{name} leaves its trunk while it is enabled"
                trunk = self.trunks.pop(name)[0]
                self.untagged[name] = 1
                if not any(other == trunk for other, _ in self.trunks.values()):
                    self._forget(trunk)
        elif command.startswith("trunk "):
            for name in expand(words[1]):
                self.trunks[name] = (port_name(words[2]), words[3])
                self._forget(name)
                self.untagged.setdefault(port_name(words[2]), 1)
        elif (match := LISTS.fullmatch(command.removeprefix("no "))) and match[2] not in (
            "active",
            "vlan",
            "trust",
        ):
            self._ports(match, command.startswith("no "))
        else:
            self._line(command)

    def _forget(self, name: str) -> None:
        self.untagged.pop(name, None)
        self.tagged.pop(name, None)
        self.port_lines = {entry for entry in self.port_lines if entry[1] != name}

    def _ports(self, match: re.Match[str], negated: bool) -> None:
        for name in expand(match[2]):
            assert name in self.untagged, f"{name} is no port here: {match[0]}"
            entry = (match[1], name, match[3] or "", match[4] or "")
            same = {e for e in self.port_lines if e[:2] == entry[:2] and (e[2] == entry[2] or not entry[2])}
            if negated:
                assert same, f"nothing to negate: {match[0]}"
            if negated or entry[3]:
                self.port_lines -= same
            if not negated:
                self.port_lines.add(entry)

    def _line(self, command: str) -> None:
        assert KNOWN.match(command), f"Invalid input: {command}"
        if command.startswith(("no telnet-server", "no web-management")):
            self.lines.append(command)
        elif command in ("telnet-server", "web-management plaintext"):
            self.lines = [line for line in self.lines if line != f"no {command}"]
        elif re.match(r"(no )?dhcp-snooping vlan ", command):
            self._snooping(command)
        elif command.startswith("no "):
            start = command[3:]
            kept = [line for line in self.lines if line != start and not line.startswith(start + " ")]
            assert len(kept) < len(self.lines), f"nothing to negate: {command}"
            self.lines = kept
        else:
            single = SINGLE.match(command)
            if single is not None:
                self.lines = [line for line in self.lines if not line.startswith(single[0] + " ")]
            self.lines.append(command)

    def _snooping(self, command: str) -> None:
        from reversibility.platforms.number_lists import format_numbers, parse_numbers

        start = "dhcp-snooping vlan "
        old = next((line for line in self.lines if line.startswith(start)), start)
        have, given = (
            parse_numbers(old[len(start) :].replace(" ", ",")),
            parse_numbers(command.split(" vlan ")[1]),
        )
        have = have - given if command.startswith("no ") else have | given
        self.lines = [line for line in self.lines if not line.startswith(start)]
        if have:
            self.lines.append(start + format_numbers(have).replace(",", " "))

    def _in_mode(self, mode: str, command: str) -> None:
        if mode.startswith("interface "):
            block = self.blocks.setdefault(port_name(mode[10:]), [])
            start = "name" if command.startswith(("name ", "no name")) else command.removeprefix("no ")
            if command == "enable":
                start = "disable"
            block[:] = [
                line
                for line in block
                if line != start and not line.startswith("name " if start == "name" else "\0")
            ]
            if not command.startswith("no ") and command != "enable":
                block.append(command)
            return
        number = int(mode.split()[1])
        word, _, rest = command.partition(" ")
        if command in ("voice", "no voice"):
            self.voice = self.voice | {number} if command == "voice" else self.voice - {number}
        elif word == "name":
            self.names[number] = rest.strip('"')
        elif command.startswith("ip address "):
            self.addresses.setdefault(number, []).append(rest.removeprefix("address "))
        elif command.startswith("no ip address "):
            self.addresses[number].remove(rest.removeprefix("ip address "))
        else:
            self._membership(number, command)

    def _membership(self, number: int, command: str) -> None:
        assert number in self.names, f"VLAN {number} is not there"
        kind, _, ports = command.removeprefix("no ").partition(" ")
        for name in expand(ports):
            assert name in self.untagged, f"{name} is a member of a trunk, or not there"
            tagged = self.tagged.setdefault(name, set())
            if command.startswith("no "):
                assert number in tagged if kind == "tagged" else self.untagged[name] == number, (
                    f"{name} is not {kind} in {number}"
                )
                if kind == "tagged":
                    tagged.discard(number)
                else:
                    self.untagged[name] = None
                assert tagged or self.untagged[name], f"{name} would be in no VLAN"
            elif kind == "tagged":
                tagged.add(number)
                if self.untagged[name] == number:
                    self.untagged[name] = None
            else:
                tagged.discard(number)
                self.untagged[name] = number

    def running_config(self) -> str:
        shown = [
            "Running configuration:",
            "",
            "; JL323A Configuration Editor; Created on release #WC.16.11.0025",
            *self.lines,
        ]
        for trunk, kind in sorted(set(self.trunks.values())):
            members = [name for name, value in self.trunks.items() if value == (trunk, kind)]
            shown.append(f"trunk {contract(members)} {trunk.lower()} {kind}")
        for start, name, option, value in sorted(self.port_lines):
            shown.append(" ".join(part for part in (start, name, option, value) if part))
        for name, lines in self.blocks.items():
            shown += [f"interface {name}", *(f"   {line}" for line in lines), "   exit"] if lines else []
        for number in sorted(self.names):
            shown += [f"vlan {number}", f'   name "{self.names[number]}"']
            inside = [name for name, vlan in self.untagged.items() if vlan == number]
            outside = [name for name, vlan in self.untagged.items() if vlan != 1]
            shown += [f"   no untagged {contract(outside)}"] if number == 1 and outside else []
            shown += [f"   untagged {contract(inside)}"] if inside else []
            tagged = [name for name, vlans in self.tagged.items() if number in vlans]
            shown += [f"   tagged {contract(tagged)}"] if tagged else []
            shown += ["   voice"] if number in self.voice else []
            shown += [f"   ip address {address}" for address in self.addresses.get(number, [])] or [
                "   no ip address"
            ]
            shown.append("   exit")
        return "\n".join([*shown, ""])
