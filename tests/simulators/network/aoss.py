"""Simulated ArubaOS-Switch (ProCurve): its login page, its VT100 decoration, its own kind of questions and refusals.

Texts are those of a recorded 16.11 session; the answer to ``show reload after`` is ours: no recording of it was found.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from tests.simulators.network.aoss_grammar import MODES, TYPES
from tests.simulators.network.aoss_ports import Membership, contract
from tests.simulators.network.device import Device, Timer
from tests.simulators.network.grammar import Command as C
from tests.simulators.network.grammar import Match, Mistake, Mode, numbers
from tests.simulators.network.section import Section
from tests.simulators.network.shell import Disconnect, Shell

CREDENTIALS = "include-credentials"
RANKS = {command.pattern: command.rank for mode in MODES.values() for command in mode.commands}


class AossDevice(Device):
    """Switch with ``ports`` ports; ``management`` is (VLAN, address, mask, uplink)."""

    platform = "aruba_aoss"
    ports = 24
    credentials = True
    """Whether the configuration shows passwords (``include-credentials``)."""
    management = (1, "192.0.2.20", "255.255.255.0", "1")

    def factory(self, username: str, password: str, enable: str) -> None:
        self.running = running = Section()
        self.members = Membership(str(number) for number in range(1, self.ports + 1))
        self.trunks: dict[str, tuple[str, str]] = {}
        self.accounts: dict[str, tuple[str, str]] = {}
        self.reload_timer: Timer | None = None
        if username:
            self.accounts["manager"] = (username, hashlib.sha1(password.encode()).hexdigest())
        running.put("hostname", f'hostname "{self.hostname}"', RANKS["hostname = <quoted>"])
        if self.credentials:
            running.put(CREDENTIALS, CREDENTIALS, RANKS[CREDENTIALS])
        rank = next(rank for pattern, rank in RANKS.items() if pattern.startswith("snmp-server community"))
        running.put('snmp-server community "public"', 'snmp-server community "public" Unrestricted', rank)
        vlan, address, mask, uplink = self.management
        for number in {1, vlan}:
            section = running.open(f"vlan {number}", RANKS["vlan <1-4094>"])
            section.put("name", f'name "{"DEFAULT_VLAN" if number == 1 else f"VLAN{number}"}"', 0)
            if number == vlan:
                section.put(f"ip address {address} {mask}", f"ip address {address} {mask}", 3)
        if vlan != 1:
            self.members.set(uplink, vlan, "tagged")

    def write_startup(self) -> None:
        super().write_startup()
        self.startup_rest = (self.members.copy(), dict(self.trunks), dict(self.accounts))

    def after_restart(self) -> None:
        if self.reload_timer:
            self.reload_timer.cancel()
        self.reload_timer = None
        if self.startup is None:
            self.factory("", "", "")
        else:
            members, trunks, accounts = self.startup_rest
            self.members, self.trunks, self.accounts = members.copy(), dict(trunks), dict(accounts)

    def erase(self, username: str, password: str) -> None:
        """A device out of its box, after somebody gave it its address and an account."""
        with self.lock:
            name, self.hostname = self.hostname, "Aruba-2530"
            self.factory(username, password, "")
            self.hostname = name
            self.write_startup()

    def new_session(self) -> AossShell:
        return AossShell(self)

    def check_login(self, username: str, password: str) -> bool:
        digest = hashlib.sha1(password.encode()).hexdigest()
        for role, account in self.accounts.items():
            if account == (username, digest):
                self.last_role = role
                return True
        return False

    @property
    def reachable(self) -> bool:
        vlan, address, mask, uplink = self.management
        section = self.running.child(f"vlan {vlan}")
        if section is None or not section.get(f"ip address {address} {mask}"):
            return False
        uplink = self.trunks.get(uplink, (uplink, ""))[0]
        port = self.running.child(f"interface {self.management[3]}")
        carried = {self.members.untagged.get(uplink), *self.members.tagged.get(uplink, ())}
        return vlan in carried and not (port and port.get("disable"))

    # -- what it shows ----

    def text(self, section: Section, members: Membership, trunks: dict[str, tuple[str, str]],
             accounts: dict[str, tuple[str, str]]) -> str:  # fmt: skip
        """A configuration in the vendor's format."""
        out = ["; J9773A Configuration Editor; Created on release #YA.16.11.0025",
               f"; Ver #14:{hashlib.sha1(repr(len(section.lines)).encode()).hexdigest()[:20]}:44", ""]  # fmt: skip
        credentials = section.get("include-credentials") is not None
        for line in section.ordered():
            if line.rank > RANKS[CREDENTIALS] and accounts is not None:
                out += self._accounts(accounts, credentials)
                out += self._trunks(trunks)
                accounts = None
            out += self._written(line.text, line.section, members)
        return "\n".join(out) + "\n"

    @staticmethod
    def _accounts(accounts: dict[str, tuple[str, str]], shown: bool) -> Iterator[str]:
        for role, (name, digest) in sorted(accounts.items()):
            if shown:
                yield from (f'password {role} user-name "{name}" sha1', f' "{digest}"')
            else:
                yield f"password {role}"

    @staticmethod
    def _trunks(trunks: dict[str, tuple[str, str]]) -> Iterator[str]:
        for name, kind in sorted(set(trunks.values())):
            ports = contract(port for port, trunk in trunks.items() if trunk == (name, kind))
            yield f"trunk {ports} {name.lower()} {kind}"

    @staticmethod
    def _written(text: str, section: Section | None, members: Membership) -> Iterator[str]:
        if section is None:
            yield text
            return
        inside = [line.text for line in section.ordered()]
        if text.startswith("vlan "):
            inside[1:1] = members.lines(int(text.split()[1]))
        if inside:
            yield from (text, *(f"   {line}" for line in inside), "   exit")


class AossShell(Shell):
    """Session with ArubaOS-Switch."""

    device: AossDevice
    more = "-- MORE --, next page: Space, next line: Enter, quit: Control-C"

    def __init__(self, device: AossDevice) -> None:
        super().__init__(device)
        self.manager = getattr(device, "last_role", "manager") == "manager"
        self.ask("\x1b[1;13r\x1b[1;1HPress any key to continue", lambda key: None, key=True)

    modes: dict[str, Mode] = {}

    def prompt(self) -> str:
        name = (self.device.running.get("hostname") or 'hostname "Aruba"').partition(" ")[2].strip('"')
        mode = {"exec": "", "config": "(config)"}.get(
            self.mode, f"({self.modes[self.mode].prompt}-{self.label})"
        )
        return f"\x1b[1;24r\x1b[24;1H\x1b[2K{name}{mode}{'#' if self.manager else '>'} "

    def greeting(self) -> str:
        return (
            "\x1b[2J\x1b[?7l\x1b[3;23r\x1b[?6l\x1b[1;1H\x1b[?25l\r\nHP J9773A 2530-24G-PoEP Switch\r\n"
            "Software revision YA.16.11.0025\r\n\r\n(C) Copyright 2023 Hewlett Packard Enterprise Development LP\r\n"
        )

    def helps(self, typed: str) -> bool:
        """Not within quotation marks: that is how it is taken here, no recording shows it."""
        return typed.count('"') % 2 == 0

    def fallback_modes(self) -> list[str]:
        return ["config"] if self.mode.startswith("config-") else []

    def refusal(self, mistake: Mistake, line: str) -> str:
        word = mistake.word or (line.split()[-1] if line.split() else "")
        return f"{mistake.reason.capitalize()} input: {word}\n"

    def do(self, line: str) -> str:
        if self.mode == "exec":
            match = self.modes["exec"].match(line)
            return self.refusal(match, line) if isinstance(match, Mistake) else self.run(match) or ""
        return super().do(line)


def configure(shell: AossShell, match: Match) -> str | None:
    if not shell.manager:
        return "Invalid input: configure\n"
    shell.enter("config", (shell.device.running,))
    return None


def no_page(shell: AossShell, match: Match) -> None:
    shell.page = 0


def save(shell: AossShell, match: Match) -> str | None:
    if shell.device.faults.startup_busy:
        return "Error: file system is busy, try again later.\n"
    shell.device.write_startup()
    return None


def leave(shell: AossShell, match: Match) -> None:
    def gone(answer: str) -> None:
        if answer.lower().startswith("y"):
            raise Disconnect

    shell.ask("Do you want to log out [y/n]? ", gone, key=True)


def reload_after(shell: AossShell, match: Match) -> None:
    device, minutes = shell.device, int(match.words[2])

    def sure(answer: str) -> None:
        if answer.lower().startswith("y"):
            device.reload_timer = Timer(minutes * device.minute, device.restart)

    shell.ask(
        f"System will be rebooted at the scheduled time in {minutes} minutes. Do you want to continue [y/n]? ",
        sure,
        key=True,
    )


def no_reload(shell: AossShell, match: Match) -> None:
    if shell.device.reload_timer:
        shell.device.reload_timer.cancel()
    shell.device.reload_timer = None


def show_reload(shell: AossShell, match: Match) -> str:
    timer = shell.device.reload_timer
    return (
        "No reload is scheduled.\n" if timer is None else f"Reload scheduled in {int(timer.left)} seconds\n"
    )


def running(shell: AossShell, match: Match) -> str:
    device = shell.device
    return "\nRunning configuration:\n\n" + device.text(
        device.running, device.members, device.trunks, device.accounts
    )


def startup(shell: AossShell, match: Match) -> str:
    if shell.device.startup is None:
        return "No startup configuration.\n"
    return "\nStartup configuration: 1\n\n" + shell.device.text(
        shell.device.startup, *shell.device.startup_rest
    )


def vlans(shell: AossShell, match: Match) -> str:
    out = ["", " Status and Counters - VLAN Information", "", "  Maximum VLANs to support : 256",
           "  Primary VLAN : DEFAULT_VLAN", "  Management VLAN :", "",
           "  VLAN ID Name                             | Status     Voice Jumbo",
           "  ------- -------------------------------- + ---------- ----- -----"]  # fmt: skip
    for key in shell.device.running.beginning("vlan "):
        section = shell.device.running.child(key)
        name = (section.get("name") if section else "" or "").partition(" ")[2].strip('"')
        voice = "Yes" if section and section.get("voice") else "No "
        out.append(f"  {key.split()[1]:<7} {name:<32} | Port-based {voice}   No   ")
    return "\n".join([*out, "", ""])


def system(shell: AossShell, match: Match) -> str:
    device = shell.device
    name = (device.running.get("hostname") or "hostname ").partition(" ")[2].strip('"')
    return (
        "\n Status and Counters - General System Information\n\n"
        f"  System Name        : {name:<42}\n  System Contact     : DSI\n  System Location    : Baie\n\n"
        "  MAC Age Time (sec) : 300   \n\n  Time Zone          : 0      \n  Daylight Time Rule : None\n\n"
        f"  Software revision  : YA.16.11.0025        Base MAC Addr      : {device.mac:<14}\n"
        f"  ROM Version        : YA.15.20             Serial Number      : {device.serial:<14}\n\n"
        "  Up Time            : 12 days              Memory   - Total   : 99,127,296 \n"
        "  CPU Util (%)       : 4                               Free    : 66,132,528 \n\n"
        "  IP Mgmt  - Pkts Rx : 5,127,384            Packet   - Total   : 6750       \n"
        "             Pkts Tx : 1,012,731            Buffers    Free    : 5073       \n"
        "                                                       Lowest  : 5058       \n"
        "                                                       Missed  : 0          \n"
    )


EXEC = [
    C("enable", lambda shell, match: None),
    C("configure [ terminal ]", configure),
    C("no page", no_page),
    C("terminal width <61-1920>", lambda shell, match: None),
    C("write memory", save),
    C("logout", leave),
    C("exit", leave),
    C("reload after <word>", reload_after),
    C("no reload", no_reload),
    C("show reload after", show_reload),
    C("show running-config", running),
    C("show config", startup),
    C("show vlans", vlans),
    C("show system", system),
]
AossShell.modes = {**MODES, "exec": Mode("exec", "", EXEC, TYPES)}
__all__ = ["AossDevice", "numbers"]
