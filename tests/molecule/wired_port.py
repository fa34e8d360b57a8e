"""A wired port with 802.1X in front of the machine's RADIUS server: real EAPOL, a real switch, VLAN by the answer.

Three machines are network namespaces on an Open vSwitch in user space: a PC, and a host in each of two VLANs. The port
of the PC is in a VLAN of its own (PARKED) until hostapd, which speaks for the switch, has let it in. Open vSwitch knows
no 802.1X: a thread here sets the port, as the project's driver writes it, to the VLAN of the last Access-Accept.
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reversibility.platforms.model import Port
from reversibility.platforms.openvswitch_plan import settings

PARKED = 999
SWITCH = "127.0.3.1"  # where the secret of the switch counts as well
PC, GATEWAY = "203.0.113.40", {30: "203.0.113.33", 50: "203.0.113.34"}
_VLAN = re.compile(r"\(Tunnel-Private-Group-Id\) length=\d+\s+Value: ([0-9a-f]+)")
_EVENT = re.compile(r"RADIUS message: code=2 \(Access-Accept\)|AP-STA-(?:DIS)?CONNECTED|" + _VLAN.pattern)


def wait_for(condition: Callable[[], Any], what: str, seconds: float = 20.0) -> Any:
    """The first true answer of a condition."""
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end, f"{what} did not happen within {seconds:g} s"
        time.sleep(0.05)
    return found


class WiredPort:
    """Context with the switch, its hosts and the authenticator. ``pid`` is a process in the machine's network."""

    def __init__(self, pid: int, folder: Path, secret: str) -> None:
        self.machine = ["nsenter", f"--net=/proc/{pid}/ns/net"]
        self.folder, self.secret = folder, secret
        self.environment = {**os.environ, "OVS_RUNDIR": str(folder), "OVS_LOGDIR": str(folder)}
        self.programs: list[subprocess.Popen[bytes]] = []
        self.hosts: dict[str, list[str]] = {}
        self.ended, self.visits = threading.Event(), 0

    def __enter__(self) -> WiredPort:
        self._start_switch()
        for name, vlan, address in (("pc", PARKED, PC), *((f"h{v}", v, a) for v, a in GATEWAY.items())):
            self._plug(name, vlan, f"{address}/27")
        conf = self.folder / "hostapd.conf"
        lines = (
            "interface=p_pc", "driver=wired", "ieee8021x=1", "use_pae_group_addr=1", f"own_ip_addr={SWITCH}",
            f"radius_client_addr={SWITCH}", "nas_identifier=SW990001", "auth_server_addr=127.0.0.1",
            f"auth_server_shared_secret={self.secret}", "eap_reauth_period=0",
        )  # fmt: skip
        conf.touch(0o600)
        conf.write_text("".join(f"{line}\n" for line in lines))
        self.log = self.folder / "hostapd.log"
        self._spawn([*self.machine, "hostapd", "-dd", "-f", str(self.log), str(conf)])
        wait_for(lambda: "AP-ENABLED" in self._said(), "the authenticator's start")
        self.thread = threading.Thread(target=self._authorize, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()
        for program in reversed(self.programs):
            program.terminate()
        for program in self.programs:
            program.wait(10)
        for name in self.hosts:
            self._run([*self.machine, "ip", "link", "delete", f"p_{name}"])
        (self.folder / "hostapd.conf").unlink()

    def authenticate(self, lines: str) -> str:
        """What the PC's supplicant comes to: CONNECTED or EAP-FAILURE. It stays until ``leave``."""
        conf, log = self.folder / "wpa.conf", self.folder / "wpa.log"
        conf.touch(0o600)
        conf.write_text(f"ap_scan=0\nnetwork={{\n  key_mgmt=IEEE8021X\n  eapol_flags=0\n{lines}\n}}\n")
        log.write_text("")
        self.visits += 1  # another machine each time: one that was refused is not heard for a minute
        mac = f"02:00:5e:00:98:{self.visits:02x}"
        self._run([*self.hosts["pc"], "ip", "link", "set", "eth0", "up", "address", mac], check=True)
        self.supplicant = self._spawn(
            [
                *self.hosts["pc"],
                "wpa_supplicant",
                "-D",
                "wired",
                "-i",
                "eth0",
                "-c",
                str(conf),
                "-f",
                str(log),
            ]
        )
        found = wait_for(
            lambda: re.search(r"CTRL-EVENT-(CONNECTED|EAP-FAILURE)", log.read_text()),
            "an end of the dialogue",
        )
        if found[1] == "CONNECTED":
            wait_for(lambda: self.vlan != PARKED, "the port's change")
        return str(found[1])

    def leave(self) -> None:
        """The PC is unplugged; its port is parked again."""
        self.supplicant.terminate()
        self.supplicant.wait(10)
        self._run([*self.hosts["pc"], "ip", "link", "set", "eth0", "down"], check=True)
        wait_for(lambda: self.vlan == PARKED, "the parking of the port")

    @property
    def vlan(self) -> int:
        """The VLAN that the PC's port is in, as Open vSwitch says it."""
        return int(self._ovs("get", "port", "p_pc", "tag").strip())

    def reaches(self, vlan: int) -> bool:
        """Whether the PC gets an answer from the host of a VLAN, without a router between."""
        ping = [*self.hosts["pc"], "ping", "-q", "-c", "2", "-i", "0.2", "-W", "1", GATEWAY[vlan]]
        return self._run(ping).returncode == 0

    # -- inside ----

    def _authorize(self) -> None:
        """Follow the authenticator: the VLAN of an accept, for as long as the PC is plugged in."""
        seen, vlan, opened = 0, PARKED, False
        while not self.ended.wait(0.1):
            if opened and "down" in self._ovs("get", "interface", "p_pc", "link_state"):
                opened = False
                self._set_port("pc", PARKED)
            for event in list(_EVENT.finditer(self._said()))[seen:]:
                seen += 1
                text = event[0]
                if event[1]:
                    vlan = int(bytes.fromhex(event[1]).strip(b"\0"))
                elif text.startswith("RADIUS"):
                    vlan = PARKED  # an answer without a VLAN opens nothing
                else:
                    opened = text == "AP-STA-CONNECTED"
                    self._set_port("pc", vlan if opened else PARKED)

    def _set_port(self, name: str, vlan: int) -> None:
        self._ovs("set", "port", f"p_{name}", *settings(Port(f"p_{name}", access=vlan)).split())

    def _start_switch(self) -> None:
        database, socket = self.folder / "conf.db", self.folder / "db.sock"
        schema = "/usr/share/openvswitch/vswitch.ovsschema"
        subprocess.run(["ovsdb-tool", "create", str(database), schema], check=True, env=self.environment)
        self._spawn([*self.machine, "ovsdb-server", f"--remote=punix:{socket}", str(database)])
        wait_for(socket.exists, "the database's start")
        self._ovs("--no-wait", "init")
        self._spawn([*self.machine, "ovs-vswitchd", f"unix:{socket}"])
        self._ovs("add-br", "br0", "--", "set", "bridge", "br0", "datapath_type=netdev")

    def _plug(self, name: str, vlan: int, address: str) -> None:
        holder = self._spawn(["unshare", "--net", "sleep", "600"])
        own = Path("/proc/self/ns/net").readlink()
        wait_for(lambda: Path(f"/proc/{holder.pid}/ns/net").readlink() != own, "the namespace")
        self.hosts[name] = ["nsenter", f"--net=/proc/{holder.pid}/ns/net"]
        link = [
            "ip",
            "link",
            "add",
            f"p_{name}",
            "type",
            "veth",
            "peer",
            "name",
            "eth0",
            "netns",
            str(holder.pid),
        ]
        self._run([*self.machine, *link], check=True)
        self._run([*self.machine, "ip", "link", "set", f"p_{name}", "up"], check=True)
        for command in (f"address add {address} dev eth0", "link set eth0 up"):
            self._run([*self.hosts[name], "ip", *command.split()], check=True)
        self._ovs("add-port", "br0", f"p_{name}")
        self._set_port(name, vlan)

    def _ovs(self, *words: str) -> str:
        database = f"--db=unix:{self.folder}/db.sock"
        return self._run(["ovs-vsctl", "--timeout=10", database, *words], check=True).stdout

    def _run(self, command: list[str], check: bool = False) -> subprocess.CompletedProcess[str]:
        return subprocess.run(command, check=check, capture_output=True, text=True, env=self.environment)

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.folder / "said").open("ab") as said:
            self.programs.append(
                subprocess.Popen(
                    command, env=self.environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
                )
            )
        return self.programs[-1]

    def _said(self) -> str:
        return self.log.read_text(errors="replace") if self.log.exists() else ""
