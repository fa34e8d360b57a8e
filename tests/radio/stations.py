"""The stations of the emulated machine: each has a radio of its own and a supplicant, and joins SSIDs as a PC does."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_interface
from pathlib import Path

from tests.lab import network
from tests.lab.school import CONTROLLER
from tests.lab.shell import LabError, mortal

PATIENCE = 40
"""Seconds for an outcome; one to six where nothing else runs."""


@dataclass(frozen=True)
class Shell:
    """Root's shell on the emulated machine, from the controller: one login, kept open for all that follows."""

    address: str
    key: Path
    known_hosts: Path
    folder: Path

    def run(self, script: str, *, stdin: str = "", check: bool = True, timeout: float = 90.0) -> str:
        """The output of a script. Raises LabError where it fails, unless ``check`` is false."""
        return self._run(script, stdin, check, timeout).stdout

    def succeeds(self, script: str, timeout: float = 90.0) -> bool:
        """Whether a script ends well."""
        return self._run(script, "", False, timeout).returncode == 0

    def _run(self, script: str, stdin: str, check: bool, timeout: float) -> subprocess.CompletedProcess[str]:
        options = {
            "BatchMode": "yes",
            "ControlMaster": "auto",
            "ControlPath": str(self.folder / "ssh"),
            "ControlPersist": "600",
            "UserKnownHostsFile": str(self.known_hosts),
            "IdentitiesOnly": "yes",
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        command = ["ssh", "-F", "none", "-i", str(self.key), *words, f"root@{self.address}", script]
        done = subprocess.run(
            mortal([*network.prefix(CONTROLLER), *command]),
            input=stdin, capture_output=True, text=True, timeout=timeout, check=False,
        )  # fmt: skip
        if check and done.returncode:
            raise LabError(
                f"`{script[:80]}` failed ({done.returncode}): {done.stderr[-500:] or done.stdout[-500:]}"
            )
        return done

    def close(self) -> None:
        """End the login."""
        subprocess.run(
            ["ssh", "-F", "none", "-o", f"ControlPath={self.folder / 'ssh'}", "-O", "exit", f"root@{self.address}"],
            capture_output=True, check=False,
        )  # fmt: skip


@dataclass(frozen=True)
class Station:
    """Station ``number`` (1 to 5)."""

    shell: Shell
    number: int

    @property
    def interface(self) -> str:
        """Its radio's interface."""
        return f"wlan{self.number}"

    @property
    def mac(self) -> str:
        """Its address, as mac80211_hwsim gives it."""
        return f"02:00:00:00:{self.number:02x}:00"

    def join(self, ssid: str, address: str = "", **settings: str) -> str:
        """Try to join; the supplicant's word for what came of it, such as CONNECTED. ``settings`` are wpa_supplicant's.

        ``address`` (with its prefix) is what it has once it is in.
        """
        # One channel instead of all: 1.6 s instead of 6.8 s.
        lines = {
            "ssid": ssid.encode().hex(),
            "scan_ssid": "1",
            "scan_freq": "2412",
            "freq_list": "2412",
            **settings,
        }
        block = "".join(f"  {name}={value}\n" for name, value in lines.items())
        said = self.shell.run(
            f"station {self.number} join {PATIENCE}",
            stdin=f"sae_pwe=2\nnetwork={{\n{block}}}\n",
            timeout=PATIENCE + 50,
        )
        word = said.split()[-1].removeprefix("CTRL-EVENT-")
        if word == "CONNECTED" and address:
            self.use(address)
        return word

    def use(self, address: str) -> None:
        """Replace its addresses by ``address`` (with its prefix), and its gateway by the first one of that network."""
        gateway = next(ip_interface(address).network.hosts())
        lines = f"address flush dev {self.interface}\naddress add {address} dev {self.interface}\n"
        lines += f"route replace default via {gateway}\n"
        self.shell.run(f"station {self.number} in ip -batch -", stdin=lines)

    def leave(self) -> None:
        """End its supplicant."""
        self.shell.run(f"station {self.number} leave")

    def hears(self, address: str) -> bool:
        """Whether the owner of an address in the same network answers (ARP): what a gateway does where it is silent."""
        return self.shell.succeeds(
            f"station {self.number} in arping -q -f -w 3 -I {self.interface} {address}"
        )

    def pings(self, address: str) -> bool:
        """Whether an address answers a ping."""
        return self.shell.succeeds(f"station {self.number} in ping -q -c 3 -i 0.3 -w 4 {address}")


def key(password: str) -> Mapping[str, str]:
    """Settings of WPA2 with a key."""
    return {"key_mgmt": "WPA-PSK", "psk": f'"{password}"'}


def sae(password: str) -> Mapping[str, str]:
    """Settings of WPA3 with a key."""
    return {"key_mgmt": "SAE", "ieee80211w": "2", "sae_password": f'"{password}"'}


OWE = {"key_mgmt": "OWE", "ieee80211w": "2"}
"""Settings of a network that is encrypted without a key."""
