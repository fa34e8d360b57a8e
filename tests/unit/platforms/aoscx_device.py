"""Configuration tree that takes AOS-CX commands, nested modes included, and shows the running configuration.

It refuses what the switch refuses: a port in a VLAN that does not exist, an unknown command, nothing to negate.
"""

from __future__ import annotations

import re

from reversibility.platforms.number_lists import format_numbers, parse_numbers

SINGLE = (
    "hostname", "description", "name", "vlan access", "vlan trunk native", "ip address", "lacp mode",
    "aaa authentication port-access client-limit", "aaa authentication port-access reject-role",
)  # fmt: skip
MODES = re.compile(
    r"vlan \d+$|interface |mirror session |port-access role "
    r"|aaa authentication port-access (dot1x authenticator|mac-auth)$"
)
KNOWN = re.compile(
    r"(no )?(hostname|vlan|name|voice|dhcpv4-snooping|interface|description|shutdown|routing|lag|lacp"
    r"|spanning-tree|loop-protect|aaa authentication port-access|enable|port-access role|radius-server"
    r"|mirror session|source interface|destination interface"
    r"|ip (address|dhcp|route)|user|https-server|ntp|logging|snmpv3|banner)\b"
)
LAYER_2 = ("vlan ", "spanning-tree ", "loop-protect", "dhcpv4-snooping", "no routing", "aaa ")
ALLOWED = "vlan trunk allowed"


class AoscxDevice:
    """A switch that switches by default, from factory settings. ``tree`` has a mode's lines by its path."""

    def __init__(self) -> None:
        self.tree: dict[tuple[str, ...], list[str]] = {(): []}
        self.banner = ""
        self.all_vlans: set[str] = set()

    def apply(self, commands: tuple[str, ...]) -> None:
        path: list[tuple[int, str]] = []
        for command in commands:
            if command.startswith("banner motd !\n"):
                self.banner = command.removeprefix("banner motd !\n").removesuffix("\n!")
                continue
            depth = len(command) - len(command.lstrip())
            path = [(level, name) for level, name in path if level < depth]
            text = re.sub(r"(plaintext) <secret:[^>]*>", "ciphertext AQ==", command.strip())
            assert KNOWN.match(text), f"Invalid input: {text}"
            here = tuple(name for _, name in path)
            if MODES.match(text):
                self.tree.setdefault((*here, text), [])
                if text not in self.tree[here]:
                    self.tree[here].append(text)
                path.append((depth, text))
            else:
                self._line(here, text)

    def _line(self, path: tuple[str, ...], text: str) -> None:
        lines = self.tree[path]
        if text == "no banner motd":
            self.banner = ""
        elif text.startswith(("vlan trunk allowed", "no vlan trunk allowed")):
            self._trunk(path[0], lines, text)
        elif text.startswith("vlan access") and path[0].startswith("interface"):
            self._exists(text.split()[-1])
            lines[:] = [line for line in lines if not line.startswith("vlan ")]
            if text != "vlan access 1":
                lines.append(text)
        elif text in ("shutdown", "no shutdown"):
            lines[:] = [line for line in lines if line not in ("shutdown", "no shutdown")] + [text]
        elif text == "no routing":
            lines[:] = [line for line in lines if line != "routing"]
        elif re.fullmatch(r"lag \d+", text):
            assert (f"interface {text}",) in self.tree, f"{text} does not exist"
            lines[:] = [line for line in lines if not line.startswith(LAYER_2) and line != "routing"] + [text]
        elif re.fullmatch(r"no lag \d+", text):
            lines.remove(text[3:])
            lines[:] = [line for line in lines if line not in ("shutdown", "no shutdown")] + [
                "routing",
                "shutdown",
            ]
        elif text == "routing":
            lines[:] = [line for line in lines if not line.startswith(LAYER_2)] + [text]
        elif text.startswith("no "):
            self._negate(path, lines, text[3:])
        else:
            single = next((start for start in SINGLE if text.startswith(start + " ")), None)
            same = text if single is None else single
            if text.startswith("user "):
                same = " ".join(text.split()[:2])
            lines[:] = [
                line for line in lines if line != same and not (same != text and line.startswith(same + " "))
            ]
            lines.append(text)

    def _negate(self, path: tuple[str, ...], lines: list[str], text: str) -> None:
        if text.startswith("vlan "):
            inside = [
                p[0]
                for p in self.tree
                if p and f"vlan access {text[5:]}" in self.tree[p] and p[0].startswith("interface")
            ]
            assert not inside, f"VLAN {text[5:]} still has {inside}"
        same = [line for line in lines if line == text or line.startswith(text + " ")]
        assert same, f"nothing to negate in {path}: {text}"
        for line in same:
            lines.remove(line)
            for known in [known for known in self.tree if known[: len(path) + 1] == (*path, line)]:
                del self.tree[known]

    def _exists(self, number: str) -> None:
        assert number == "1" or (f"vlan {number}",) in self.tree, f"VLAN {number} does not exist"

    def _trunk(self, name: str, lines: list[str], text: str) -> None:
        value = text.rpartition(" ")[2]
        old = next((line.rpartition(" ")[2] for line in lines if line.startswith(ALLOWED)), "")
        if value == "all":
            self.all_vlans.add(name)
            new = "all"
        else:
            have = frozenset() if old in ("", "all") else parse_numbers(old)
            for number in parse_numbers(value):
                self._exists(str(number))
            new = format_numbers(
                have - parse_numbers(value) if text.startswith("no ") else have | parse_numbers(value)
            )
            assert new, f"{name}: the trunk would carry nothing"
        lines[:] = [line for line in lines if not line.startswith((ALLOWED, "vlan access"))]
        if not any(line.startswith("vlan trunk native") for line in lines):
            lines.append("vlan trunk native 1")
        lines.append(f"{ALLOWED} {new}")

    def running_config(self) -> str:
        shown = [
            "Current configuration:",
            "!",
            "!Version ArubaOS-CX GL.10.09.0010",
            "!export-password: default",
        ]
        if self.banner:
            shown += ["banner motd !", *self.banner.split("\n"), "!"]
        self._show((), shown)
        return "\n".join([*shown, ""])

    def _show(self, path: tuple[str, ...], shown: list[str]) -> None:
        for line in self.tree[path]:
            shown.append("    " * len(path) + line)
            if (*path, line) in self.tree:
                self._show((*path, line), shown)
