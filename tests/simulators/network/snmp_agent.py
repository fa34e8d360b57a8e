"""Agent behind a simulated switch: Debian's snmpd, which has the SNMPv3 users that the switch was told."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType


class SnmpAgent:
    """Context of an agent at ``host`` and ``port``. ``users``: name → keys for authentication and encryption.

    ``folder`` is its own, and empty.
    """

    def __init__(self, host: str, folder: Path) -> None:
        self.host, self.folder = host, folder
        self.users: dict[str, tuple[str, str]] = {}
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind((host, 0))
            self.port = free.getsockname()[1]
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> SnmpAgent:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def tell(self, name: str, keys: tuple[str, str] | None) -> None:
        """Set or remove (None) a user; on return, the agent answers by it."""
        self.users.pop(name, None)
        if keys:
            self.users[name] = keys
        self.stop()
        self._start()

    def stop(self) -> None:
        """Answer nothing any more."""
        if self._process is not None:
            self._process.kill()
            self._process.wait(10)
            self._process = None

    def _start(self) -> None:
        conf, log = self.folder / "agent.conf", self.folder / "log"
        conf.touch(0o600)
        lines = [f"agentAddress udp:{self.host}:{self.port}"]
        for name, (auth, priv) in self.users.items():
            lines += [f'createUser {name} SHA "{auth}" AES "{priv}"', f"rouser {name} priv"]
        conf.write_text("".join(f"{line}\n" for line in lines))
        command = ["snmpd", "-f", "-Lo", "-C", "-c", str(conf), "-I", "-smux"]
        environment = {**os.environ, "SNMP_PERSISTENT_DIR": str(self.folder), "MIBS": ""}
        with log.open("wb") as said:
            self._process = subprocess.Popen(
                command, env=environment, stdin=subprocess.DEVNULL, stdout=said, stderr=said
            )
        end = time.monotonic() + 20
        while "NET-SNMP version" not in log.read_text():  # its sockets are open
            assert self._process.poll() is None and time.monotonic() < end, log.read_text()
            time.sleep(0.02)
