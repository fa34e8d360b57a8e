"""Configuration lines of the simulated AOS-CX: the grammar of each mode, and lines that do more than stand there."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tests.simulators.network.grammar import Command as C
from tests.simulators.network.grammar import Match, Mode, numbers, ranges

if TYPE_CHECKING:
    from tests.simulators.network.aoscx import CxShell

ALLOWED = "vlan trunk allowed"


def sealed(password: str) -> str:
    """Ciphertext under the factory's export password: here only a form of it that is no longer legible."""
    return "AQBap" + base64.b64encode(bytes(byte ^ 0x5A for byte in password.encode())).decode()


def interface(words: Sequence[str], at: int, line: str) -> tuple[int, str] | None:
    """``1/1/3``, ``lag 1`` or ``vlan 10``."""
    if words[at].count("/") == 2 and words[at].replace("/", "").isdecimal():
        return at + 1, words[at]
    if words[at] in ("lag", "vlan") and at + 1 < len(words) and words[at + 1].isdecimal():
        return at + 2, f"{words[at]} {words[at + 1]}"
    return None


def prefix(words: Sequence[str], at: int, line: str) -> tuple[int, str] | None:
    """``192.0.2.1/24``."""
    address, slash, length = words[at].partition("/")
    return (at + 1, words[at]) if slash and length.isdecimal() and address.count(".") == 3 else None


# -- lines that do more than stand in the configuration ----


def end(shell: CxShell, match: Match) -> None:
    shell.up_to("exec")


def exit_mode(shell: CxShell, match: Match) -> None:
    shell.leave()


def vlan(shell: CxShell, match: Match) -> str | None:
    found, running = numbers(match.words[1]) or set(), shell.device.running
    if match.negated:
        if 1 in found:
            return "% VLAN 1 cannot be deleted.\n"
        for number in found:
            running.drop(f"vlan {number}")
            for name in shell.device.port_names():
                port = running.child(f"interface {name}")
                if port and port.get("vlan access") == f"vlan access {number}":
                    port.put("vlan access", "vlan access 1", 4)
        return None
    shell.up_to("config")
    shell.enter(
        "config-vlan",
        tuple(running.open(f"vlan {n}", match.command.rank) for n in sorted(found)),
        match.words[1],
    )
    return None


def vlan_name(shell: CxShell, match: Match) -> str | None:
    name = match.words[-1].strip('"')
    if len(name) > 32:
        return "% Name must be at most 32 characters.\n"
    for section in shell.sections:
        section.put("name", f'name "{name}"' if " " in name else f"name {name}", match.command.rank)
    return None


def access(shell: CxShell, match: Match) -> str | None:
    number = match.words[-1]
    if not match.negated and f"vlan {number}" not in shell.device.running.lines:
        return f"VLAN {number} does not exist.\n"
    for section in shell.sections:
        section.drop(ALLOWED)
        section.drop("vlan trunk native")
        section.put("vlan access", "vlan access 1" if match.negated else match.text, match.command.rank)
    return None


def trunk(shell: CxShell, match: Match) -> str | None:
    """Lists grow by each line, and shrink by each ``no``."""
    if not match.negated and len(match.words) == 3:
        return "% Command incomplete.\n"
    for section in shell.sections:
        kept = section.get(ALLOWED)
        every = kept == f"{ALLOWED} all"
        now = set(range(1, 4095)) if every else (numbers(kept.rpartition(" ")[2]) if kept else None) or set()
        if match.words[2] == "native":
            section.put(
                "vlan trunk native",
                "vlan trunk native 1" if match.negated else match.text,
                match.command.rank,
            )
            if kept is None:
                section.put(ALLOWED, f"{ALLOWED} all", match.command.rank + 1)
        elif match.negated and len(match.words) == 3:
            section.put(ALLOWED, f"{ALLOWED} all", match.command.rank)
        else:
            named = set(range(1, 4095)) if match.words[3] == "all" else numbers(match.words[3]) or set()
            wanted = now - named if match.negated else now | named
            text = "all" if len(wanted) == 4094 else ranges(wanted)
            section.put(ALLOWED, f"{ALLOWED} {text}", match.command.rank)
        section.drop("vlan access")
        if section.get("vlan trunk native") is None:
            section.put("vlan trunk native", "vlan trunk native 1", match.command.rank - 1)
    return None


def port(shell: CxShell, match: Match) -> str | None:
    name, running = match.words[1], shell.device.running
    key = f"interface {name}"
    if key not in running.lines:
        if "/" in name:
            return f"Invalid input: {name}\n"
        if not match.negated:
            section = running.open(key, match.command.rank + ("vlan" in name))
            if "lag" in name:
                section.put("shutdown", "no shutdown", 1)
                section.put("vlan access", "vlan access 1", 4)
    if match.negated:
        running.drop(key)
        return None
    shell.up_to("config")
    shell.enter("config-if", (running.open(key, match.command.rank),), name)
    return None


def shutdown(shell: CxShell, match: Match) -> None:
    for section in shell.sections:
        section.put("shutdown", "no shutdown" if match.negated else "shutdown", match.command.rank)


def member(shell: CxShell, match: Match) -> None:
    """A port that joins loses its layer-2 lines; one that leaves is bare and routed."""
    for section in shell.sections:
        for key in [key for key in section.lines if key not in ("shutdown", "description")]:
            section.drop(key)
        if match.negated:
            section.put("shutdown", "shutdown", 1)
            section.put("vlan access", "vlan access 1", 4)
        else:
            section.put(f"lag {match.words[1]}", match.text, match.command.rank)


def user(shell: CxShell, match: Match) -> str | None:
    key, running = " ".join(match.key[:2]), shell.device.running
    if match.negated:
        running.drop(key)
        return None
    words = list(match.words)
    value = words[-1] if words[-2] == "ciphertext" else sealed(words[-1])
    running.put(key, f"{key} group {words[3]} password ciphertext {value}", match.command.rank)
    return None


def snmp_user(shell: CxShell, match: Match) -> None:
    key = " ".join(match.key[:3])
    if match.negated:
        shell.device.running.drop(key)
        shell.device.tell_agent(match.words[2])
        return
    words, keys = list(match.words), []
    for at, word in enumerate(words):
        if word == "plaintext":
            keys.append(words[at + 1])
            words[at], words[at + 1] = "ciphertext", sealed(words[at + 1])
    shell.device.tell_agent(match.words[2], *keys)
    shell.device.running.put(key, " ".join(words), match.command.rank)


def radius(shell: CxShell, match: Match) -> None:
    key = " ".join(match.key)
    if match.negated:
        shell.device.running.drop(key)
    else:
        value = match.words[-1] if "ciphertext" in match.words else sealed(match.words[-1])
        shell.device.running.put(key, f"{key} key ciphertext {value}", match.command.rank)


def banner(shell: CxShell, match: Match) -> str | None:
    kind, lines = match.words[1], []
    if match.negated:
        shell.device.running.drop(f"banner {kind}")
        return None

    def collect(line: str) -> None:
        if line.strip() == match.words[2]:
            shell.collect = None
            shell.device.running.put(f"banner {kind}", f"banner {kind} !", match.command.rank, (*lines, "!"))
        else:
            lines.append(line)

    shell.collect = collect
    return None


TYPES = {"interface": interface, "prefix": prefix}
SECRET = "( plaintext | ciphertext ) <word>"
CONFIG = [
    C("hostname = <word>"),
    C("banner ( motd | exec ) = <word>", banner),
    C(f"user <word> = group ( administrators | operators | auditors ) password {SECRET}", user),
    C("ntp server <host> = [ prefer ]"),
    C("ntp enable"),
    C("logging <host> = [ ( udp | tcp | tls ) [ <1-65535> ] ] [ severity <word> ] [ vrf <word> ]"),
    C("crypto pki ta-profile <word>"),
    C("ssh server vrf <word>"),
    C("https-server vrf <word>"),
    C("snmp-server vrf <word>"),
    C("snmp-server community <word>"),
    C(
        f"snmpv3 user <word> = auth ( md5 | sha ) auth-pass {SECRET} priv ( des | aes ) priv-pass {SECRET}",
        snmp_user,
    ),
    C(f"radius-server host <host> = key {SECRET}", radius),
    C("dhcpv4-snooping"),
    C("aaa authentication port-access dot1x authenticator", opens="config-dot1x"),
    C("aaa authentication port-access mac-auth", opens="config-dot1x"),
    C("port-access role <word>", opens="config-role"),
    C("vlan <list>", vlan),
    C("spanning-tree"),
    C("mirror session <1-4>", opens="config-mirror"),
    C("interface <interface>", port),
    C("ip route <prefix> <host>"),
]
PORT = [
    C("description = <line>"),
    C("shutdown", shutdown),
    C("routing", on=True),
    C("lag <1-256>", member),
    C("vlan access = <1-4094>", access),
    C("vlan trunk native = <1-4094>", trunk),
    C("vlan trunk allowed [ ( all | <list> ) ]", trunk),
    C("lacp mode = ( active | passive )"),
    C("ip address = <prefix>"),
    C("ip dhcp"),
    C("spanning-tree port-type = admin-edge"),
    C("spanning-tree bpdu-guard"),
    C("spanning-tree root-guard"),
    C("loop-protect"),
    C("dhcpv4-snooping trust"),
    C("aaa authentication port-access client-limit = <1-256>"),
    C("aaa authentication port-access reject-role = <word>"),
    C("aaa authentication port-access dot1x authenticator", opens="config-dot1x"),
    C("aaa authentication port-access mac-auth", opens="config-dot1x"),
]
ENDS = [C("end", end), C("exit", exit_mode)]
BODIES = {
    "config": ("config", CONFIG),
    "config-vlan": ("config-vlan", [C("name = <line>", vlan_name), C("voice"), C("dhcpv4-snooping")]),
    "config-if": ("config-if", PORT),
    "config-dot1x": ("config-dot1x-auth", [C("enable")]),
    "config-role": ("config-pa-role", [C("vlan access = <1-4094>")]),
    "config-mirror": ("config-mirror-1", [C("source interface <interface> = [ ( both | rx | tx ) ]"),
                                          C("destination interface = <interface>"), C("shutdown", shutdown)]),
}  # fmt: skip
MODES = {name: Mode(name, prompt, [*body, *ENDS], TYPES) for name, (prompt, body) in BODIES.items()}
RANKS = {command.pattern: command.rank for command in MODES["config"].commands}
