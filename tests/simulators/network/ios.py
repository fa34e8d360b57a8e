"""Simulated Cisco Catalyst with IOS-XE: its state, its factory configuration, its management path, its prompts."""

from __future__ import annotations

import re

from tests.simulators.network import ios_lines, ios_show
from tests.simulators.network.cisco_secret import opens, scrypt9
from tests.simulators.network.device import Device, Timer
from tests.simulators.network.grammar import Mistake
from tests.simulators.network.ios_exec import EXEC_MODES
from tests.simulators.network.ios_grammar import MODES, interface
from tests.simulators.network.section import Section
from tests.simulators.network.shell import Shell

RANKS = {command.pattern: command.rank for mode in MODES.values() for command in mode.commands}


class IosDevice(Device):
    """Catalyst with ``ports`` access ports and two uplinks; ``management`` is (VLAN, address, mask, uplink)."""

    platform = "cisco_ios"
    ports = 8
    version = "17.12"
    management = (1, "192.0.2.10", "255.255.255.0", "GigabitEthernet1/0/1")
    vtp_mode = "transparent"
    vtp_domain = ""
    vtp_password = ""
    missing_member = False
    """A stack whose second member does not answer: its ports stay in the configuration."""

    vlan_rank = RANKS["vlan <list>"]
    interface_rank = RANKS["interface <interface>"]
    address_rank = RANKS["ip address = <ip> <ip>"]

    def factory(self, username: str, password: str, enable: str) -> None:
        self.running = running = Section()
        self.vlans = Section()
        self.snmp_users: dict[str, dict[str, str]] = {}
        self.rollback: tuple[Timer, Section, Section] | None = None
        self.reload_timer: Timer | None = None
        self.changed_since_save = False
        self.flash: dict[str, tuple[Section, Section]] = getattr(self, "flash", {})
        self.vlans.open("vlan 1", self.vlan_rank)
        self._name = self.hostname

        def put(text: str, key: str = "", pattern: str = "") -> None:
            running.put(key or text, text, RANKS[pattern or text])

        put(
            "service timestamps log datetime msec",
            "service timestamps log",
            "service timestamps log = <line>",
        )
        put(f"hostname {self.hostname}", "hostname", "hostname = <word>")
        put(
            "spanning-tree mode rapid-pvst",
            "spanning-tree mode",
            "spanning-tree mode = ( pvst | rapid-pvst | mst )",
        )
        put("spanning-tree extend system-id")
        put("ip forward-protocol nd")
        if username:
            rank = next(rank for pattern, rank in RANKS.items() if pattern.startswith("username"))
            level = "" if enable else "privilege 15 "
            running.put(
                f"username {username}", f"username {username} {level}secret 9 {scrypt9(password)}", rank
            )
        if enable:
            rank = next(rank for pattern, rank in RANKS.items() if pattern.startswith("enable secret"))
            running.put("enable secret", f"enable secret 9 {scrypt9(enable)}", rank)
        for name in self.port_names():
            running.open(f"interface {name}", self.interface_rank)
        vlan, address, mask, _ = self.management
        for number in {1, vlan}:
            self.vlans.open(f"vlan {number}", self.vlan_rank)
            svi = running.open(f"interface Vlan{number}", self.interface_rank)
            svi.put(
                "ip address",
                f"ip address {address} {mask}" if number == vlan else "no ip address",
                self.address_rank,
            )
        if vlan != 1:
            uplink = running.open(f"interface {self.management[3]}")
            uplink.put("switchport mode", "switchport mode trunk", next(
                rank for pattern, rank in RANKS.items() if pattern.startswith("switchport mode")))  # fmt: skip
        for name in ("line con 0", "line vty 0 4"):
            section = running.open(
                name, RANKS[" ".join(name.split()[:2]) + (" <0-0>" if "con" in name else " <0-31> <0-31>")]
            )
            if "vty" in name:
                section.put("login", "login local", 0)
                section.put("transport input", "transport input all", 1)

    def port_names(self) -> list[str]:
        names = [f"GigabitEthernet1/0/{number}" for number in range(1, self.ports + 1)]
        names += [f"TenGigabitEthernet1/1/{number}" for number in (1, 2)]
        return names + (
            [f"GigabitEthernet2/0/{n}" for n in range(1, self.ports + 1)] if self.missing_member else []
        )

    def new_session(self) -> IosShell:
        return IosShell(self)

    # -- accounts ----

    def account(self, username: str) -> tuple[str, int] | None:
        """Type and text of an account's password, and its privilege level."""
        text = self.running.get(f"username {username}")
        if text is None:
            return None
        level = re.search(r" privilege (\d+)", text)
        kept = re.search(r" (?:secret|password) (.*)", text)
        return (kept[1] if kept else "", int(level[1]) if level else 1)

    def check_login(self, username: str, password: str) -> bool:
        account = self.account(username)
        self.last_login = username
        return account is not None and opens(account[0], password)

    # -- the management path ----

    @property
    def reachable(self) -> bool:
        vlan, address, _, uplink = self.management
        svi, port = self.running.child(f"interface Vlan{vlan}"), self.running.child(f"interface {uplink}")
        if (
            svi is None
            or port is None
            or svi.get("shutdown")
            or port.get("shutdown")
            or port.get("no switchport")
        ):
            return False
        if (
            not (svi.get("ip address") or "").startswith(f"ip address {address} ")
            or f"vlan {vlan}" not in self.vlans.lines
        ):
            return False
        group = re.match(r"channel-group (\d+)", port.get("channel-group") or "")
        port = self.running.child(f"interface Port-channel{group[1]}") if group else port
        return port is not None and vlan in self.carried(port)

    def carried(self, port: Section) -> set[int]:
        """The VLANs of a port, tagged or not."""
        mode = (port.get("switchport mode") or "switchport mode dynamic auto").partition("mode ")[2]
        if mode == "trunk":
            kept = port.lines.get(ios_lines.ALLOWED)
            return set(range(1, 4095)) if kept is None else ios_lines.allowed_of((kept.text, *kept.more))
        return {int((port.get("switchport access vlan") or "1").rpartition(" ")[2])}

    def members(self, number: str) -> list[Section]:
        """The sections of the ports of an aggregate."""
        return [
            line.section for line in self.running.lines.values()
            if line.section and (line.section.get("channel-group") or "").startswith(f"channel-group {number} ")
        ]  # fmt: skip

    # -- what the device does by itself ----

    def roll_back(self) -> None:
        """The timer of a confirmed change has run out."""
        with self.lock:
            if self.rollback:
                self.events.append("rolled back")
                self.running = self.rollback[1]
                if self.vlans_are_configuration:
                    self.vlans = self.rollback[2]
                self.rollback = None
                for session in self.sessions:
                    session.up_to("exec")

    def after_restart(self) -> None:
        if self.rollback:
            self.rollback[0].cancel()
        if self.reload_timer:
            self.reload_timer.cancel()
        self.rollback, self.reload_timer, self.changed_since_save = None, None, False
        if self.startup is None:
            self.factory("", "", "")
        elif self.vlans_are_configuration:  # else they are those of vlan.dat, which is written at once
            self.vlans = self.startup_vlans.copy()

    @property
    def vlans_are_configuration(self) -> bool:
        """Whether the running configuration shows the VLANs; else VTP has them, in vlan.dat."""
        return self.vtp_mode in ("transparent", "off")

    def write_startup(self) -> None:
        super().write_startup()
        self.startup_vlans = self.vlans.copy()
        self.changed_since_save = False

    def erase(self, username: str, password: str) -> None:
        """A device out of its box, after somebody gave it its address and an account."""
        with self.lock:
            self.vtp_mode, self.vtp_domain, self.hostname_shown = type(self).vtp_mode, "", "Switch"
            name, self.hostname = self.hostname, "Switch"
            self.factory(username, password, "")
            self.hostname = name
            self.write_startup()


class IosShell(Shell):
    """Session with IOS."""

    device: IosDevice
    more = " --More-- "

    def __init__(self, device: IosDevice) -> None:
        super().__init__(device)
        account = device.account(getattr(device, "last_login", ""))
        self.mode = self.first_mode = "exec" if account and account[1] == 15 else "user"

    modes = MODES | EXEC_MODES

    def prompt(self) -> str:
        name = (self.device.running.get("hostname") or "hostname Switch").partition(" ")[2]
        if self.mode in ("user", "exec"):
            return f"{name}{'>' if self.mode == 'user' else '#'}"
        return f"{name[:20]}({self.modes[self.mode].prompt})#"

    def greeting(self) -> str:
        parts = []
        for kind in ("motd", "login"):
            line = self.device.running.lines.get(f"banner {kind}")
            if line:
                parts.append("\n".join((line.text, *line.more)).partition("^C")[2].removesuffix("^C"))
        return (
            "".join(f"\r\n{part}\r\n".replace("\n", "\r\n").replace("\r\r", "\r") for part in parts) + "\r\n"
        )

    def fallback_modes(self) -> list[str]:
        return ["config"] if self.mode.startswith("config-") else []

    def refusal(self, mistake: Mistake, line: str) -> str:
        if mistake.reason == "incomplete":
            return "% Incomplete command.\n"
        if mistake.reason == "ambiguous":
            return f'% Ambiguous command:  "{mistake.word}"\n'
        return f"{' ' * (len(self.prompt()) + mistake.column)}^\n% Invalid input detected at '^' marker.\n"

    def do(self, line: str) -> str:
        if self.mode in ("exec", "user"):
            return self.execute(line)
        self.device.changed_since_save = True
        return super().do(line)

    def execute(self, line: str) -> str:
        """A line in privileged mode, with what follows its pipe."""
        line, _, pipe = line.partition(" | ")
        mode = "user" if self.mode == "user" else "exec"
        match = self.modes[mode].match(line)
        if isinstance(match, Mistake):
            return self.refusal(match, line)
        text = match.command.run(self, match) or "" if match.command.run else ""
        return ios_show.piped(text, pipe) if pipe else text

    def range_of(self, text: str) -> list[str] | None:
        """The ports of ``GigabitEthernet1/0/1 - 4 , Gi1/0/7``."""
        names: list[str] = []
        for part in text.split(","):
            first, _, last = (
                part.partition("-") if not part.strip().lower().startswith("port-channel") else (part, "", "")
            )
            words = first.split()
            found = interface(words, 0, first) if words else None
            if found is None or found[0] != len(words):
                return None
            base, start = re.fullmatch(r"(.*?)(\d+)", found[1]).groups()
            stop = last.strip() or start
            if not stop.isdecimal():
                return None
            names += [f"{base}{number}" for number in range(int(start), int(stop) + 1)]
        return names
