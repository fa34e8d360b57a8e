"""Simulated Cisco Nexus with NX-OS: features, checkpoints, one database of accounts for the command line and SNMP."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence

from tests.simulators.network import ios_lines as do
from tests.simulators.network import ios_show
from tests.simulators.network.device import Device
from tests.simulators.network.grammar import Command as C
from tests.simulators.network.grammar import Match, Mistake, Mode, ranges
from tests.simulators.network.ios import IosDevice
from tests.simulators.network.ios_exec import leave, terminal_length
from tests.simulators.network.nxos_stage import DualStage, dual_stage, staged_only
from tests.simulators.network.section import Section

NAMES = {"ethernet": "Ethernet", "port-channel": "port-channel", "vlan": "Vlan", "mgmt": "mgmt"}
FEATURES = ("telnet", "interface-vlan", "lacp", "lldp", "dhcp", "dot1x", "nxapi", "privilege", "scheduler")


def interface(words: Sequence[str], at: int, line: str) -> tuple[int, str] | None:
    """Interface name, long or short, with or without a blank before its number."""
    text, after = words[at], at + 1
    if text.replace("-", "").isalpha() and after < len(words):
        text, after = text + words[after], after + 1
    found = re.fullmatch(r"([A-Za-z-]+)([\d/]+)", text)
    names = [name for short, name in NAMES.items() if found and short.startswith(found[1].lower())]
    return (after, f"{names[0]}{found[2]}") if found and len(names) == 1 else None


def type5(password: str) -> str:
    """``$5$salt$hash``, always with the same salt: here only its form is looked at."""
    digest = hashlib.sha256(b"CARTBL" + password.encode()).digest()
    return f"$5$CARTBL${base64.b64encode(digest, b'./').decode().rstrip('=')}"


def localized(password: str) -> str:
    return "0x" + hashlib.sha1(password.encode()).hexdigest()


def username(shell: NxosShell, match: Match) -> str | None:
    name, running = match.words[1], shell.device.running
    key = f"username {name}"
    if match.negated:
        running.drop(key)
        for user in running.beginning(f"snmp-server user {name} "):
            running.drop(user)
        return None
    words = list(match.words)
    role = words[words.index("role") + 1] if "role" in words else "network-operator"
    before = running.get(key) or ""
    kept = before.split()[4] if before else "!"
    if "password" in words:
        at = words.index("password")
        kept = (
            words[at + 2]
            if words[at + 1] == "5"
            else type5(words[at + 1] if words[at + 1] != "0" else words[at + 2])
        )
    running.put(key, f"{key} password 5 {kept}  role {role}", match.command.rank)
    return None


def snmp_user(shell: NxosShell, match: Match) -> None:
    """An SNMPv3 user is an account too."""
    name, role, running = match.words[2], match.words[3], shell.device.running
    key = f"snmp-server user {name} {role}"
    if match.negated:
        running.drop(key)
        running.drop(f"username {name}")
        shell.device.tell_agent(name)
        return
    if "localizedkey" not in match.words:
        shell.device.tell_agent(
            name, *(match.words[match.words.index(mark) + 2] for mark in ("auth", "priv"))
        )
    words = [word for word in match.words if word != "localizedkey"]
    for mark, step in (("auth", 2), ("priv", 2)):
        at = words.index(mark) + step
        words[at] = words[at] if words[at].startswith("0x") else localized(words[at])
    running.put(key, " ".join([*words, "localizedkey"]), match.command.rank)
    rank = next(
        command.rank for command in MODES["config"].commands if command.pattern.startswith("username")
    )
    if running.get(f"username {name}") is None:
        running.put(f"username {name}", f"username {name} password 5 !  role {role}", rank)


def port(shell: NxosShell, match: Match) -> str | None:
    name, running = match.words[1], shell.device.running
    if name.startswith("Vlan") and not shell.has_feature("interface-vlan"):
        return shell.refusal(Mistake("invalid", len("interface ")), match.text)
    key = f"interface {name}"
    if key not in running.lines and name.startswith("Ethernet"):
        return shell.refusal(Mistake("invalid", len("interface ")), match.text)
    if match.negated:
        running.drop(key)
        return None
    if key not in running.lines and name.startswith("Vlan"):
        running.open(key, match.command.rank).put("shutdown", "shutdown", 99)
    shell.up_to("config")
    shell.enter("config-if", (running.open(key, match.command.rank),), name)
    return None


def svi_shutdown(shell: NxosShell, match: Match) -> None:
    """An SVI shows ``no shutdown``, a port shows nothing: it is up."""
    for section in shell.sections:
        if match.negated and shell.label.startswith("Vlan"):
            section.put("shutdown", "no shutdown", match.command.rank)
        elif match.negated:
            section.drop("shutdown")
        else:
            section.put("shutdown", "shutdown", match.command.rank)


def needs_dhcp(shell: NxosShell, match: Match) -> str | None:
    if not shell.has_feature("dhcp"):
        return shell.refusal(Mistake("invalid", 3), match.text)
    for section in shell.sections:
        shell.store(section, match)
    return None


def community(shell: NxosShell, match: Match) -> None:
    key, running = " ".join(match.key), shell.device.running
    if match.negated:
        running.drop(key)
    else:
        running.put(key, f"{key} group network-operator", match.command.rank)


def server(shell: NxosShell, match: Match) -> None:
    key, running = " ".join(match.key), shell.device.running
    if match.negated:
        running.drop(key)
    else:
        running.put(
            key, f"{key}{' prefer' if 'prefer' in match.words else ''} use-vrf default", match.command.rank
        )


def banner(shell: NxosShell, match: Match) -> str | None:
    if match.negated:
        shell.device.running.drop("banner motd")
        return None
    mark, lines = match.words[2], []

    def collect(line: str) -> None:
        text, found, _ = line.partition(mark)
        lines.append(text)
        if found:
            shell.collect = None
            shell.device.running.put(
                "banner motd", "banner motd #", match.command.rank, (*lines[:-1], f"{lines[-1]}#")
            )

    shell.collect = collect
    return f"Enter TEXT message.  End with the character '{mark}'."


TYPES = {
    "interface": interface,
    "feature": lambda words, at, line: (at + 1, words[at]) if words[at] in FEATURES else None,
}
SWITCHPORT = [
    C("switchport", on=True),
    C("switchport mode = ( access | trunk )", default=("switchport mode access",)),
    C("switchport access vlan = <1-4094>", default=("switchport access vlan 1",)),
    C("switchport trunk native vlan = <1-4094>", default=("switchport trunk native vlan 1",)),
    C(
        "switchport trunk allowed vlan = ( all | none | add <list> | remove <list> | except <list> | <list> )",
        do.allowed,
    ),
]
PORT = [
    C("description = <line>"),
    *SWITCHPORT,
    C("switchport monitor"),
    C("spanning-tree port type = edge [ trunk ]"),
    C("spanning-tree bpduguard = ( enable | disable )"),
    C("spanning-tree guard = ( root | loop )"),
    C("ip dhcp snooping trust", needs_dhcp),
    C("ip address = <word>"),
    C("channel-group = <1-4096> mode ( on | active | passive )", do.channel_group),
    C("shutdown", svi_shutdown),
]
CONFIG = [
    C("hostname = <word>", do.hostname),
    C("commit [ confirmed <30-65535> ]", staged_only),
    C("abort", staged_only),
    C("feature <feature>"),
    C("feature ssh", on=True),
    C("username <word> = [ password [ ( 0 | 5 ) ] <word> ] [ role <word> ]", username),
    C("banner motd = <word>", banner),
    C("ip domain-lookup", on=True),
    C("radius-server host <host> = key [ ( 0 | 7 ) ] <word>"),
    C(
        "snmp-server user <word> <word> = auth ( md5 | sha ) <word> priv aes-128 <word> [ localizedkey ]",
        snmp_user,
    ),
    C("snmp-server community <word> = [ ( ro | rw | group <word> ) ]", community),
    C("ntp server <host> = [ prefer ] [ use-vrf <word> ]", server),
    C("ip dhcp snooping", needs_dhcp),
    C("ip dhcp snooping vlan <list>", do.listed),
    C("ip route <word> <ip>"),
    C("vlan <list>", do.vlan, opens="config-vlan"),
    C("monitor session <1-4>", opens="config-monitor"),
    C("interface <interface>", port),
    C("line vty", opens="config-line"),
    C(
        "logging server <host> = [ <0-7> ] [ port <1-65535> ] [ secure ] [ use-vrf <word> ] [ facility <word> ]"
    ),
    C("crypto ca trustpoint <word>"),
]
ENDS = [C("end", do.end), C("exit", do.exit_mode)]
BODIES = {
    "config": ("config", CONFIG),
    "config-if": ("config-if", PORT),
    "config-vlan": ("config-vlan", [C("name = <line>", do.vlan_name)]),
    "config-line": ("config-line", [C("exec-timeout = <0-525600>"), C("access-class <word> in")]),
    "config-monitor": ("config-monitor", [C("source interface <interface> = [ ( both | rx | tx ) ]"),
                                          C("destination interface <interface>"), C("shut", on=True)]),
}  # fmt: skip
MODES = {name: Mode(name, prompt, [*body, *ENDS], TYPES) for name, (prompt, body) in BODIES.items()}
RANKS = {command.pattern: command.rank for mode in MODES.values() for command in mode.commands}


class NxosDevice(IosDevice):
    """Nexus with ``ports`` ports."""

    platform = "cisco_nxos"
    version = "9.3(3)"
    management = (1, "192.0.2.40", "255.255.255.0", "Ethernet1/1")
    vlan_rank = RANKS["vlan <list>"]
    interface_rank = RANKS["interface <interface>"]
    address_rank = RANKS["ip address = <word>"]

    def factory(self, username: str, password: str, enable: str) -> None:
        self.running = running = Section()
        self.vlans = Section()
        self.rollback = self.reload_timer = None
        self.changed_since_save = False
        self.checkpoints: dict[str, tuple[Section, Section]] = {}
        running.put("hostname", f"hostname {self.hostname}", RANKS["hostname = <word>"])
        running.put("feature interface-vlan", "feature interface-vlan", RANKS["feature <feature>"])
        if username:
            rank = next(rank for pattern, rank in RANKS.items() if pattern.startswith("username"))
            text = f"username {username} password 5 {type5(password)}  role network-admin"
            running.put(f"username {username}", text, rank)
        number, address, _, uplink = self.management
        for name in [f"Ethernet1/{n}" for n in range(1, self.ports + 1)]:
            running.open(f"interface {name}", self.interface_rank)
        if number != 1:
            running.open(f"interface {uplink}").put("switchport mode", "switchport mode trunk", 2)
        for each in {1, number}:
            self.vlans.open(f"vlan {each}", self.vlan_rank)
        svi = running.open(f"interface Vlan{number}", self.interface_rank)
        svi.put("shutdown", "no shutdown", RANKS["shutdown"])
        svi.put("ip address", f"ip address {address}/24", self.address_rank)

    vlans_are_configuration = True

    def new_session(self) -> NxosShell:
        return NxosShell(self)

    def check_login(self, username: str, password: str) -> bool:
        return f" password 5 {type5(password)} " in (self.running.get(f"username {username}") or "")

    @property
    def reachable(self) -> bool:
        number, address, _, uplink = self.management
        svi, way = self.running.child(f"interface Vlan{number}"), self.running.child(f"interface {uplink}")
        if svi is None or way is None or way.get("shutdown") or svi.get("shutdown") == "shutdown":
            return False
        return svi.get("ip address") == f"ip address {address}/24" and number in self.carried(way)

    def text(self, section: Section, vlans: Section) -> str:
        """A configuration in the vendor's format: all VLANs in one line, then those with a name."""
        whole = section.copy()
        every = ranges({int(key.split()[1]) for key in vlans.lines})
        whole.put("vlan", f"vlan {every}", self.vlan_rank)
        for key, line in vlans.lines.items():
            if line.section and line.section.lines:
                whole.lines[f"vlan~{key}"] = line
        out, before = [f"version {self.version} Bios:version"], -1
        for line in whole.ordered():
            if line.section is not None or line.rank != before:
                out.append("")
            out += (text.replace(" " * (len(text) - len(text.lstrip())), "  ", 1) if text[:1] == " " else text
                    for text in ios_show.written(line, 0))  # fmt: skip
            before = line.rank
        return "\n".join(out) + "\n"


class NxosShell(DualStage):
    """Session with NX-OS: privileged from the first prompt."""

    device: NxosDevice

    def __init__(self, device: NxosDevice) -> None:
        super().__init__(device)
        self.mode = self.first_mode = "exec"

    def greeting(self) -> str:
        return (
            "\r\nCisco Nexus Operating System (NX-OS) Software\r\nTAC support: http://www.cisco.com/tac\r\n"
        )

    def refusal(self, mistake: Mistake, line: str) -> str:
        word = mistake.reason.capitalize()
        return f"{' ' * (len(self.prompt()) + mistake.column)}^\n% {word} command at '^' marker.\n"


def configure(shell: NxosShell, match: Match) -> str:
    shell.enter("config", (shell.device.running,))
    return "Enter configuration commands, one per line. End with CNTL/Z.\n"


def save(shell: NxosShell, match: Match) -> str:
    if shell.device.faults.startup_busy:
        return "[###                                     ] 7%\nConfiguration update aborted: request was aborted\n"
    shell.device.write_startup()
    return "[########################################] 100%\nCopy complete.\n"


def checkpoint(shell: NxosShell, match: Match) -> str:
    device = shell.device
    if device.faults.flash_full:
        return "ERROR: No space left on device\n"
    device.checkpoints[match.words[1]] = (device.running.copy(), device.vlans.copy())
    return "...Done\n"


def forget(shell: NxosShell, match: Match) -> str | None:
    return (
        None if shell.device.checkpoints.pop(match.words[2], None) else "ERROR: checkpoint does not exist\n"
    )


def rollback(shell: NxosShell, match: Match) -> str:
    kept = shell.device.checkpoints.get(match.words[3])
    if kept is None:
        return "ERROR: checkpoint does not exist\n"
    shell.device.running, shell.device.vlans = kept[0].copy(), kept[1].copy()
    return "Collecting Running-Config\nGenerating Rollback Patch\n\nRollback completed successfully.\n"


def running(shell: NxosShell, match: Match) -> str:
    device = shell.device
    device.shown = getattr(device, "shown", 0) + 1
    time = f"Mon Nov 30 08:00:{device.shown % 60:02} 2026"
    head = f"\n!Command: show running-config\n!Running configuration last done at: {time}\n!Time: {time}\n\n"
    return head + device.text(device.running, device.vlans)


def startup(shell: NxosShell, match: Match) -> str:
    device: Device = shell.device
    if device.startup is None:
        return "No startup configuration\n"
    head = "\n!Command: show startup-config\n!Time: x\n!Startup config saved at: x\n\n"
    return head + shell.device.text(device.startup, shell.device.startup_vlans)


def show_version(shell: NxosShell, match: Match) -> str:
    device = shell.device
    name = (device.running.get("hostname") or "hostname switch").partition(" ")[2]
    return (
        "Cisco Nexus Operating System (NX-OS) Software\nTAC support: http://www.cisco.com/tac\n\nSoftware\n"
        f"  BIOS: version 08.36\n  NXOS: version {device.version}\n  BIOS compile time:  06/07/2019\n"
        "  NXOS image file is: bootflash:///nxos.9.3.3.bin\n\n\nHardware\n"
        "  cisco Nexus9000 C93180YC-EX chassis \n"
        "  Intel(R) Xeon(R) CPU  @ 1.80GHz with 24571604 kB of memory.\n"
        f"  Processor Board ID B{device.serial}\n\n  Device name: {name}\n  bootflash:   53298520 kB\n"
        "Kernel uptime is 9 day(s), 3 hour(s), 4 minute(s), 5 second(s)\n\nLast reset \n  Reason: Unknown\n"
    )


def show_inventory(shell: NxosShell, match: Match) -> str:
    return (
        'NAME: "Chassis",  DESCR: "Nexus9000 C93180YC-EX chassis"         \n'
        f"PID: N9K-C93180YC-EX     ,  VID: V02 ,  SN: {shell.device.serial}\n\n"
        'NAME: "Slot 1",  DESCR: "48x10/25G + 6x40/100G Ethernet Module"  \n'
        f"PID: N9K-C93180YC-EX     ,  VID: V02 ,  SN: B{shell.device.serial}\n"
    )


EXEC = [
    C("terminal length <0-511>", terminal_length),
    C("terminal width <24-511>", do.nothing),
    C("terminal dont-ask", do.nothing),
    C("configure [ terminal ]", configure),
    C("configure dual-stage", dual_stage),
    C("copy running-config startup-config", save),
    C("checkpoint <word>", checkpoint),
    C("no checkpoint <word>", forget),
    C("rollback running-config checkpoint <word> [ ( atomic | best-effort ) ]", rollback),
    C("show running-config", running),
    C("show startup-config", startup),
    C("show version", show_version),
    C("show inventory", show_inventory),
    C("exit", leave),
]
NxosShell.modes = {**MODES, "exec": Mode("exec", "", EXEC, TYPES)}
