"""Configuration tree that takes Cisco commands as IOS and NX-OS do, and shows the running configuration.

Only what the drivers send is known; anything else fails the test. It refuses what a device refuses: an access
port in a VLAN
that is not there, ``no vlan`` while a port is still in it, an unlisted command.
"""

from __future__ import annotations

import re

from reversibility.platforms.number_lists import format_numbers, parse_numbers

# Commands of which there is one: the next one of the same start takes its place.
SINGLE = (
    "hostname", "ip default-gateway", "switchport mode", "switchport access vlan", "switchport voice vlan",
    "switchport trunk native vlan", "description", "name", "ip address", "transport input", "channel-group",
    "authentication event fail action authorize vlan", "authentication event no-response action authorize vlan",
    "authentication order", "spanning-tree portfast", "spanning-tree port type", "spanning-tree guard",
)  # fmt: skip
# What the device does not show, since it is the default.
HIDDEN = (
    "no shutdown",
    "no shut",
    "switchport",
    "switchport access vlan 1",
    "switchport trunk native vlan 1",
)
HIDDEN_NXOS = ("switchport mode access",)
KNOWN = re.compile(
    r"(no )?(hostname|vlan|name|interface|description|shutdown|shut|switchport|channel-group|spanning-tree"
    r"|authentication|mab|dot1x|aaa|radius|radius-server|address|key|ip|ntp server|logging (host|server)"
    r"|snmp-server|username|line vty|transport input|monitor session|source interface|destination interface"
    r"|feature|banner|lacp)\b"
)
SECRET = re.compile(r"<secret:[^>]*>")


class CiscoDevice:
    """A device with its configuration, from factory settings."""

    def __init__(self, *, nxos: bool = False, text: str = "") -> None:
        self.nxos = nxos
        self.globals: list[str] = []
        self.blocks: dict[str, list[str]] = {}
        self.banners: dict[str, str] = {}
        self.sent: list[str] = []
        self.opened: set[tuple[str, str]] = set()  # a trunk that has carried all VLANs while it changed
        self.load(text)

    def load(self, text: str) -> None:
        lines = [line for line in text.split("\n") if line.strip() and line.strip() not in ("!", "end")]
        self.apply(lines, checked=False)
        self.sent.clear()

    def apply(self, commands: list[str] | tuple[str, ...], *, checked: bool = True) -> None:
        block = ""
        for command in commands:
            self.sent.append(command)
            assert KNOWN.match(command.strip()), f"% Invalid input detected at '^' marker: {command}"
            if command.startswith(" "):
                self._in_block(block, SECRET.sub("9 hash", command.strip()), checked)
            else:
                block = self._at_top(SECRET.sub("9 hash", command), checked)

    def _at_top(self, command: str, checked: bool) -> str:
        if command.startswith("banner "):
            first, _, rest = command.partition("\n")
            mark = first.split()[2]
            assert rest.count(mark) == 1, "the delimiter is in the text"
            self.banners[first.split()[1]] = rest[: rest.index(mark)].rstrip("\n")
        elif command.startswith("no banner "):
            self.banners.pop(command.split()[2], None)
        elif command.startswith("vlan "):
            for number in parse_numbers(command[5:]):
                self.blocks.setdefault(f"vlan {number}", [])
        elif command.startswith("no vlan "):
            for number in parse_numbers(command[8:]):
                if checked:
                    users = [
                        name
                        for name, lines in self.blocks.items()
                        if f"switchport access vlan {number}" in lines
                    ]
                    users = [name for name in users if "switchport mode trunk" not in self.blocks[name]]
                    assert not users, f"VLAN {number} is removed while {users} are in it"
                assert f"vlan {number}" in self.blocks, f"VLAN {number} is not there"
                del self.blocks[f"vlan {number}"]
        elif re.match(r"(interface|line vty|radius server|monitor session \d+$)", command):
            self.blocks.setdefault(command, [])
            if "Ethernet" in command and "switchport" not in command:
                self.blocks[command] = self.blocks[command]
            return command
        elif re.match(r"no (interface|radius server|monitor session)", command):
            self.blocks.pop(command[3:], None)
            self.globals = [line for line in self.globals if not line.startswith(command[3:] + " ")]
        elif command.startswith("no username "):
            self.globals = [line for line in self.globals if not line.startswith(command[3:] + " ")]
        elif command.startswith("username "):
            self._username(command)
        elif command.startswith(("ip dhcp snooping vlan ", "no ip dhcp snooping vlan ")):
            self._snooping(command, checked)
        elif command.startswith("no "):
            same = [
                line for line in self.globals if line == command[3:] or line.startswith(command[3:] + " ")
            ]
            assert same or not checked, f"nothing to negate: {command}"
            self.globals = [line for line in self.globals if line not in same]
        else:
            self._put(self.globals, command)
        return command if command.startswith("vlan ") else ""

    def _snooping(self, command: str, checked: bool) -> None:
        """One list of VLANs, as the switch keeps it: commands add to it and take from it."""
        start = "ip dhcp snooping vlan "
        listed = {
            n for line in self.globals if line.startswith(start) for n in parse_numbers(line[len(start) :])
        }
        named = set(parse_numbers(command.partition(start)[2]))
        if command.startswith("no "):
            assert named <= listed or not checked, f"nothing to negate: {command}"
            listed -= named
        else:
            listed |= named
        self.globals = [line for line in self.globals if not line.startswith(start)]
        self.globals += [start + ",".join(map(str, sorted(listed)))] if listed else []

    def _username(self, command: str) -> None:
        name, rest = command.split()[1], " ".join(command.split()[2:])
        old = next((line for line in self.globals if line.startswith(f"username {name} ")), "")
        if "secret" not in rest and "password" not in rest:
            assert old, f"{name} has no secret"
            rest = f"{rest} secret 9 hash" if not self.nxos else f"password 5 hash  {rest}"
        self.globals = [line for line in self.globals if line != old] + [f"username {name} {rest}"]

    def _in_block(self, block: str, command: str, checked: bool) -> None:
        if block.startswith("vlan ") and "," not in block and "-" not in block:
            block = f"vlan {int(block[5:])}"
        lines = self.blocks[block]
        if command.startswith("switchport trunk allowed vlan"):
            self._allowed(block, lines, command.removeprefix("switchport trunk allowed vlan "), checked)
        elif command == "no switchport":
            lines[:] = [
                line for line in lines if not line.startswith(("switchport", "spanning-tree", "dot1x"))
            ] + [command]
        elif command == "switchport":
            lines[:] = [line for line in lines if line != "no switchport"]
        elif command in ("shutdown", "no shutdown", "no shut"):
            lines[:] = [line for line in lines if line != "shutdown"] + (
                ["shutdown"] if command == "shutdown" else []
            )
        elif command.startswith("no "):
            start = command[3:]
            assert any(line.startswith(start) for line in lines) or not checked, (
                f"nothing to negate in {block}: {command}"
            )
            lines[:] = [line for line in lines if not line.startswith(start)]
        else:
            if (
                checked
                and (match := re.match(r"switchport (?:access|voice) vlan (\d+)", command))
                and match[1] != "1"
            ):
                assert f"vlan {match[1]}" in self.blocks, f"{block} uses VLAN {match[1]} before it exists"
            self._put(lines, command)

    def _allowed(self, block: str, lines: list[str], value: str, checked: bool) -> None:
        start = "switchport trunk allowed vlan"
        old = next((line[len(start) + 1 :] for line in lines if line.startswith(start)), "all")
        have = set(range(1, 4095)) if old == "all" else set() if old == "none" else set(parse_numbers(old))
        word, _, rest = value.partition(" ")
        new = (
            set(range(1, 4095)) if word == "all" else set() if word == "none"
            else have | parse_numbers(rest) if word == "add"
            else have - parse_numbers(rest) if word == "remove"
            else set(parse_numbers(value))
        )  # fmt: skip
        lines[:] = [line for line in lines if not line.startswith(start)]
        if len(new) < 4094:
            lines.append(f"{start} {format_numbers(new) or 'none'}")
        elif checked and "switchport mode trunk" in lines:
            self.opened.add((block, value))

    def _put(self, lines: list[str], command: str) -> None:
        single = next(
            (start for start in SINGLE if command == start or command.startswith(start + " ")), None
        )
        if single is not None:
            lines[:] = [line for line in lines if line != single and not line.startswith(single + " ")]
        if command not in lines and command not in HIDDEN and not (self.nxos and command in HIDDEN_NXOS):
            lines.append(command)

    def running_config(self) -> str:
        """The configuration as the device shows it: trunk lists on several lines, defaults hidden."""
        shown = [
            "Building configuration...",
            "",
            "Current configuration : 4711 bytes",
            "!",
            "version 17.12",
            *self.globals,
        ]
        if self.nxos and (numbers := [int(name[5:]) for name in self.blocks if name.startswith("vlan ")]):
            shown.append(f"vlan {format_numbers(numbers)}")
        indent = "  " if self.nxos else " "
        for block, lines in self.blocks.items():
            if self.nxos and block.startswith("vlan ") and not lines:
                continue
            shown += ["!", block]
            for line in sorted(lines):
                match = re.match(r"(switchport trunk allowed vlan )(\d.*,.*)", line)
                if match and match[2].count(",") > 3:
                    parts = match[2].split(",")
                    shown += [
                        f"{indent}{match[1]}{','.join(parts[:3])}",
                        f"{indent}{match[1]}add {','.join(parts[3:])}",
                    ]
                else:
                    shown.append(indent + line)
        for kind, text in self.banners.items():
            mark = next(c for c in "#%~|$&*=+" if c not in text) if self.nxos else "^C"
            shown.append(f"banner {kind} {mark}\n{text}\n{mark}")
        return "\n".join([*shown, "end", ""])
