"""Simulated AOS-CX switch: layer-2 ports, blocks of four blanks, and a checkpoint that comes back by itself.

Texts are those of vendor documents and of a simulator that its author compared with CX Virtual 10.18.
"""

from __future__ import annotations

from typing import Any

from tests.simulators.network.aoscx_lines import ALLOWED, MODES, RANKS, TYPES, sealed
from tests.simulators.network.device import Device, Timer
from tests.simulators.network.grammar import Command as C
from tests.simulators.network.grammar import Match, Mistake, Mode, numbers
from tests.simulators.network.section import Section
from tests.simulators.network.shell import Disconnect, Shell


class CxDevice(Device):
    """Switch with ``ports`` ports; ``management`` is (VLAN, address, mask, uplink)."""

    platform = "aruba_aoscx"
    ports = 12
    management: tuple[Any, ...] = (1, "192.0.2.30", "255.255.255.0", "1/1/1")

    def port_names(self) -> list[str]:
        return [f"1/1/{number}" for number in range(1, self.ports + 1)]

    def factory(self, username: str, password: str, enable: str) -> None:
        self.running = running = Section()
        self.checkpoint: tuple[Timer, Section] | None = None
        running.put("hostname", f"hostname {self.hostname}", RANKS["hostname = <word>"])
        if username:
            rank = next(rank for pattern, rank in RANKS.items() if pattern.startswith("user "))
            running.put(
                f"user {username}",
                f"user {username} group administrators password ciphertext {sealed(password)}",
                rank,
            )
        for line in ("ssh server vrf default", "https-server vrf default"):
            running.put(line, line, RANKS[line.replace("default", "<word>")])
        rank = RANKS["interface <interface>"]
        for name in self.port_names():
            section = running.open(f"interface {name}", rank)
            section.put("shutdown", "no shutdown", 1)
            section.put("vlan access", "vlan access 1", 4)
        number, address, _, uplink = self.management
        for each in {1, number}:
            running.open(f"vlan {each}", RANKS["vlan <list>"])
        running.open(f"interface vlan {number}", rank + 1).put("ip address", f"ip address {address}/24", 8)
        if number != 1:
            section = running.open(f"interface {uplink}")
            section.drop("vlan access")
            section.put("vlan trunk native", "vlan trunk native 1", 5)
            section.put(ALLOWED, f"{ALLOWED} all", 6)

    def new_session(self) -> CxShell:
        return CxShell(self)

    def check_login(self, username: str, password: str) -> bool:
        text = self.running.get(f"user {username}") or ""
        self.last_group = text.split()[3] if text else ""
        return text.endswith(f" ciphertext {sealed(password)}")

    def after_restart(self) -> None:
        if self.checkpoint:
            self.checkpoint[0].cancel()
        self.checkpoint = None
        if self.startup is None:
            self.factory("", "", "")

    def erase(self, username: str, password: str) -> None:
        """A device out of its box, after somebody gave it its address and an account."""
        with self.lock:
            name, self.hostname = self.hostname, "6100"
            self.factory(username, password, "")
            self.hostname = name
            self.write_startup()

    def roll_back(self) -> None:
        """The automatic checkpoint was not confirmed."""
        with self.lock:
            if self.checkpoint:
                self.events.append("rolled back")
                self.running, self.checkpoint = self.checkpoint[1], None

    @property
    def reachable(self) -> bool:
        number, address, _, uplink = self.management
        svi, way = self.running.child(f"interface vlan {number}"), self.running.child(f"interface {uplink}")
        if (
            svi is None
            or way is None
            or way.get("shutdown") == "shutdown"
            or svi.get("shutdown") == "shutdown"
        ):
            return False
        if f"vlan {number}" not in self.running.lines or f"ip address {address}/24" not in (
            line.text for line in svi.lines.values()
        ):
            return False
        kept = way.get(ALLOWED)
        if kept is None:
            return way.get("vlan access") == f"vlan access {number}"
        return kept.endswith(" all") or number in (numbers(kept.rpartition(" ")[2]) or set())

    def text(self, section: Section) -> str:
        """A configuration in the vendor's format."""
        out = ["!", "!Version ArubaOS-CX PL.10.13.1000", "!export-password: default"]

        def write(level: Section, depth: int) -> None:
            for line in level.ordered():
                out.append(" " * depth + line.text)
                out.extend(line.more)
                if line.section is not None:
                    write(line.section, depth + 4)

        write(section, 0)
        return "\n".join([*out, "!", ""])


class CxShell(Shell):
    """Session with AOS-CX."""

    device: CxDevice
    more = "-- MORE --, next page: Space, next line: Enter, quit: q"
    modes: dict[str, Mode] = {}

    def prompt(self) -> str:
        name = (self.device.running.get("hostname") or "hostname switch").partition(" ")[2]
        if self.mode == "exec":
            return f"{name}{'>' if getattr(self.device, 'last_group', '') == 'operators' else '#'} "
        mode = self.modes[self.mode].prompt
        if self.mode == "config-vlan":
            mode += f"-{self.label}"
        elif self.label.startswith(("lag", "vlan")) and self.mode == "config-if":
            mode = "config-lag-if" if self.label.startswith("lag") else "config-if-vlan"
        return f"{name}({mode})# "

    def fallback_modes(self) -> list[str]:
        return ["config"] if self.mode.startswith("config-") else []

    def refusal(self, mistake: Mistake, line: str) -> str:
        if mistake.reason == "invalid":
            return f"Invalid input: {mistake.word}\n"
        return "% Command incomplete.\n" if mistake.reason == "incomplete" else "% Ambiguous command.\n"

    def do(self, line: str) -> str:
        if self.mode == "exec":
            match = self.modes["exec"].match(line)
            return self.refusal(match, line) if isinstance(match, Mistake) else self.run(match) or ""
        return super().do(line)


def configure(shell: CxShell, match: Match) -> None:
    shell.enter("config", (shell.device.running,))


def no_page(shell: CxShell, match: Match) -> None:
    shell.page = 0


def save(shell: CxShell, match: Match) -> str:
    if shell.device.faults.startup_busy:
        return "Copying configuration: [Failed]\nError: database is locked.\n"
    shell.device.write_startup()
    return "Copying configuration: [Success]\n"


def leave(shell: CxShell, match: Match) -> None:
    raise Disconnect


def checkpoint(shell: CxShell, match: Match) -> str:
    device, minutes = shell.device, int(match.words[2])
    device.checkpoint = (Timer(minutes * device.minute, device.roll_back), device.running.copy())
    return f"Auto checkpoint mode expires in {minutes} minute(s)\n"


def confirm(shell: CxShell, match: Match) -> str:
    if shell.device.checkpoint is None:
        return "% Auto checkpoint mode is not running.\n"
    shell.device.checkpoint[0].cancel()
    shell.device.checkpoint = None
    return "checkpoint AUTO20261130080000 created\n"


def running(shell: CxShell, match: Match) -> str:
    return "Current configuration:\n" + shell.device.text(shell.device.running)


def startup(shell: CxShell, match: Match) -> str:
    if shell.device.startup is None:
        return "Startup configuration is not present\n"
    return "Startup configuration:\n" + shell.device.text(shell.device.startup)


def system(shell: CxShell, match: Match) -> str:
    device = shell.device
    name = (device.running.get("hostname") or "hostname switch").partition(" ")[2]
    return (
        f"Hostname               : {name}\nSystem Description     : FL.10.13.1005\nSystem Contact         : \n"
        "System Location        : \n\nVendor                 : Aruba\n"
        "Product Name           : JL679A 6100 12G CL4 2SFP+ 139W Sw\n"
        f"Chassis Serial Nbr     : {device.serial}\nBase MAC Address       : {device.mac}\n"
        "ArubaOS-CX Version     : FL.10.13.1005\n\nTime Zone              : UTC\n\n"
        "Up Time                : 1 week, 2 days, 3 hours, 4 minutes\n"
        "CPU Util (%)           : 7\nMemory Usage (%)       : 31\n"
    )


EXEC = [
    C("configure terminal", configure),
    C("no page", no_page),
    C("write memory", save),
    C("exit", leave),
    C("checkpoint auto <1-60>", checkpoint),
    C("checkpoint auto confirm", confirm),
    C("show running-config", running),
    C("show startup-config", startup),
    C("show system", system),
]
CxShell.modes = {**MODES, "exec": Mode("exec", "", EXEC, TYPES)}
