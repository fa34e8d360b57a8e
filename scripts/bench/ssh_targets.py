"""Real SSH targets on one machine: an sshd of its own for each, on a port of its own of the loopback interface."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

SSHD = Path("/usr/sbin/sshd")
FIRST_PORT = 22100
TICKS = os.sysconf("SC_CLK_TCK")


class Targets:
    """``count`` servers, up while the context is open. Wants root: they let root in with a key made for them."""

    def __init__(self, folder: Path, count: int) -> None:
        self.folder = folder
        self.ports = [FIRST_PORT + number for number in range(count)]
        self.key = folder / "key"
        self._servers: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Targets:
        if not SSHD.is_file():
            sys.exit(f"error: the targets need {SSHD}; install the package openssh-server.")
        self.folder.mkdir(parents=True, exist_ok=True)
        for name in ("key", "host_key"):
            subprocess.run(
                ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", self.folder / name], check=True
            )
        (self.folder / "authorized_keys").write_bytes(self.key.with_suffix(".pub").read_bytes())
        Path("/run/sshd").mkdir(exist_ok=True)
        for port in self.ports:
            settings = {
                "ListenAddress": f"127.0.0.1:{port}",
                "HostKey": self.folder / "host_key",
                "AuthorizedKeysFile": self.folder / "authorized_keys",
                "PidFile": "none",
                "PermitRootLogin": "prohibit-password",
                "StrictModes": "no",
                "UsePAM": "no",
                "MaxStartups": "200",
                "Subsystem": "sftp internal-sftp",
            }
            options = [f"-o{name}={value}" for name, value in settings.items()]
            self._servers.append(
                subprocess.Popen([SSHD, "-D", "-f", "/dev/null", *options], stderr=subprocess.DEVNULL)
            )
        for port in self.ports:
            _await(port)
        return self

    def __exit__(self, *_: object) -> None:
        for server in self._servers:
            server.terminate()
        for server in self._servers:
            server.wait()

    def cpu(self) -> float:
        """Seconds of CPU that the servers and all sessions which have ended took."""
        total = 0
        for server in self._servers:
            fields = Path(f"/proc/{server.pid}/stat").read_text().rpartition(")")[2].split()
            total += sum(int(value) for value in fields[11:15])
        return total / TICKS

    def sessions(self) -> int:
        """How many sessions are open."""
        return sum(
            len(Path(f"/proc/{server.pid}/task/{server.pid}/children").read_text().split())
            for server in self._servers
        )


def _await(port: int) -> None:
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)  # nothing tells when another process listens
    raise RuntimeError(f"no sshd on port {port}")
