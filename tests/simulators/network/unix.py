"""Simulated Unix device over real SSH: scripts run in a real shell, in mount and process namespaces of their own.

What the scripts call and this machine cannot give them (systemd, uci, ubus) is in ``tools``; what is real stays real.
Needs root.
"""

from __future__ import annotations

import asyncio
import shlex
import socket
import subprocess
import threading
from asyncio.subprocess import PIPE
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import asyncssh

HERE = Path(__file__).parent


class UnixDevice:
    """A machine whose ``folders`` are empty and its own. ``reachable`` can be taken away, as a cable.

    What is in its folders, but for ``/run``, and its host key outlive it in the folder ``store``, where one is given.
    """

    def __init__(
        self,
        tools: str,
        folders: tuple[str, ...],
        *,
        password: str,
        username: str = "root",
        address: str = "127.0.0.1",
        environment: Mapping[str, str] | None = None,
        store: Path | None = None,
        port: int = 0,
    ) -> None:
        self.username, self.password, self.address, self.port = username, password, address, port
        self.store = store
        self.reachable = True
        self.logins = 0
        self.scripts: list[str] = []
        self._tools = HERE / tools
        self._environment = dict(environment or {})
        self._folders = folders
        self._loop = asyncio.new_event_loop()
        self._connections: set[asyncssh.SSHServerConnection] = set()

    def __enter__(self) -> UnixDevice:
        mounts = "\n".join(map(self._mount, self._folders))
        script = f"set -e\n{mounts}\nmkdir -p /run/simulated\necho ready\n"
        script += "while :; do sleep 3600 & wait $!; done"  # as the first process it takes the dead away
        self._machine = subprocess.Popen(
            ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc",
             "sh", "-c", script],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self._machine.stdout is not None
        assert self._machine.stdout.readline() == "ready\n", "no namespaces: this needs root"
        self._inside = (
            Path(f"/proc/{self._machine.pid}/task/{self._machine.pid}/children").read_text().split()[0]
        )
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.key = self._host_key()
        self.server = self._call(self._listen())
        self.port = int(self.server.sockets[0].getsockname()[1])
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._machine.kill()
        self._machine.wait(10)

    @property
    def known_hosts(self) -> str:
        """Line of a known_hosts file."""
        name = self.address if self.port == 22 else f"[{self.address}]:{self.port}"
        return f"{name} {self.key.export_public_key().decode().strip()}\n"

    def command(self, script: str) -> list[str]:
        """The command that runs a script on the machine."""
        path = f"PATH={self._tools}:/usr/sbin:/usr/bin:/sbin:/bin"
        own = [f"{name}={value}" for name, value in self._environment.items()]
        return [
            "nsenter",
            "-t",
            self._inside,
            "-m",
            "-p",
            "env",
            "-i",
            "--chdir=/root",  # where sshd starts
            path,
            "HOME=/root",
            *own,
            "sh",
            "-c",
            script,
        ]

    def at_the_device(self, script: str) -> str:
        """What a script prints, run by somebody at the machine."""
        done = subprocess.run(self.command(script), capture_output=True, text=True, check=True, timeout=20)
        return done.stdout

    def put(self, path: str, text: str, mode: int = 0o644) -> None:
        """Write a file as somebody at the machine would."""
        script = f"mkdir -p {path.rpartition('/')[0]}; cat > {path}; chmod {mode:o} {path}"
        subprocess.run(self.command(script), input=text, text=True, check=True, timeout=20)

    def opens(self, username: str, password: str) -> bool:
        """Whether a password opens an account."""
        return (username, password) == (self.username, self.password)

    # -- inside ----

    def _mount(self, folder: str) -> str:
        """The commands that give the machine a folder of its own."""
        own = self.store / folder[1:] if self.store and folder != "/run" else None
        if own:
            own.mkdir(parents=True, exist_ok=True)
        mount = f"mount --bind {shlex.quote(str(own))}" if own else "mount -t tmpfs -o mode=0755 none"
        if folder != "/etc":
            return f"mkdir -p {folder}; {mount} {folder}"
        # Its programs are this machine's, and find their libraries as they do here.
        return f"cp /etc/ld.so.cache /run/; {mount} /etc; mv /run/ld.so.cache /etc/"

    def _host_key(self) -> asyncssh.SSHKey:
        path = self.store / "host_key" if self.store else None
        if path and path.exists():
            return asyncssh.read_private_key(path)
        key = asyncssh.generate_private_key("ssh-ed25519")
        if path:
            path.touch(mode=0o600)
            key.write_private_key(path)
        return key

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        return await asyncssh.listen(
            self.address, self.port, server_factory=lambda: _Login(self, self._connections), process_factory=self._run,
            server_host_keys=[self.key], encoding=None, login_timeout=10, family=socket.AF_INET,
        )  # fmt: skip

    async def _close(self) -> None:
        self.server.close()
        for connection in list(self._connections):
            connection.abort()
        await self.server.wait_closed()

    async def _run(self, process: asyncssh.SSHServerProcess[bytes]) -> None:
        script = process.command or ""
        self.scripts.append(script)
        done = await asyncio.create_subprocess_exec(
            *self.command(script), stdin=PIPE, stdout=PIPE, stderr=PIPE
        )  # fmt: skip
        output, said = await done.communicate(await process.stdin.read())
        process.stdout.write(output)
        process.stderr.write(said)
        process.exit(done.returncode or 0)


class OneDevice:
    """One machine as the ways in of simulated devices are given."""

    def __init__(self, machine: UnixDevice) -> None:
        self.machine, self.known_hosts = machine, machine.known_hosts

    def port(self, _name: str) -> int:
        return self.machine.port


class _Login(asyncssh.SSHServer):
    def __init__(self, device: UnixDevice, connections: set[asyncssh.SSHServerConnection]) -> None:
        self.device, self.connections = device, connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.conn = conn
        self.connections.add(conn)
        if not self.device.reachable:
            conn.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self.conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self.device.logins += 1
        return self.device.opens(username, password)
