"""SSH server of simulated devices: many devices in one process, each at its own port of the loopback."""

from __future__ import annotations

import asyncio
import logging
import socket
import threading
import traceback
from types import TracebackType

import asyncssh

from tests.simulators.network.device import Device
from tests.simulators.network.shell import Disconnect, Shell, Silence

logging.getLogger("asyncio").setLevel(logging.ERROR)  # it warns of sessions that their client left
ERASE = "\r" + " " * 10 + "\r"


class _Login(asyncssh.SSHServer):
    def __init__(self, device: Device, connections: set[asyncssh.SSHServerConnection]) -> None:
        self.device = device
        self.connections = connections

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self.conn = conn
        self.connections.add(conn)
        if self.device.is_off or not self.device.reachable:
            conn.abort()
        elif self.device.login_banner:
            conn.send_auth_banner(self.device.login_banner)

    def connection_lost(self, exc: Exception | None) -> None:
        self.connections.discard(self.conn)

    def begin_auth(self, username: str) -> bool:
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        self.device.logins += 1
        if self.device.faults.refuse_logins > 0:
            self.device.faults.refuse_logins -= 1
            self.conn.abort()
            return False
        return self.device.check_login(username, password)


class _Terminal:
    """Line discipline of one session: echo, line editing, paging, and answers at the device's pace."""

    def __init__(self, process: asyncssh.SSHServerProcess[bytes], shell: Shell) -> None:
        self.process = process
        self.shell = shell
        self.pending = ""

    async def key(self) -> str:
        while not self.pending:
            try:
                data = await asyncio.wait_for(self.process.stdin.read(4096), 0.2)
            except TimeoutError:
                if self.shell.closed:
                    raise Disconnect from None
                continue
            if not data:
                raise Disconnect
            self.pending = data.decode("utf-8", "replace")
        key, self.pending = self.pending[0], self.pending[1:]
        return key

    def write(self, text: str | bytes) -> None:
        if self.shell.device.reachable:
            self.process.stdout.write(text if isinstance(text, bytes) else text.encode())

    async def line(self) -> str:
        """One line as it was typed, echoed on the way."""
        text, literal = "", False
        while True:
            key = await self.key()
            question = self.shell.question
            if question and question.key:
                return key
            if literal:
                text, literal = text + key, False
                self.write(key)
            elif key == "\x16":
                literal = True
            elif key in "\r\n":
                self.write("\r\n")
                return text
            elif key == "\x1a":
                self.write("^Z\r\n")
                return "end"
            elif key == "\x03":
                self.write("^C\r\n")
                return ""
            elif key in "\x08\x7f":
                text = text[:-1]
                self.write("\b \b")
            elif key == "\x15":
                self.write("\r" + self.shell.prompt())
                text = ""
            elif key == "?" and self.shell.helps(text) and not question:
                self.write("?\r\n% Unrecognized command\r\n" + self.shell.prompt() + text)
            else:
                text += key
                if not (question and question.hidden):
                    self.write(key)

    async def answer(self, text: str) -> None:
        """Print an answer, a page at a time."""
        lines = text.split("\n")
        page = self.shell.page
        for start in range(0, len(lines), page or len(lines)):
            if start:
                self.write(self.shell.more)
                key = await self.key()
                self.write(ERASE)
                if key in "qQ\x03":
                    return
            chunk = "\r\n".join(lines[start : start + (page or len(lines))])
            if start + (page or len(lines)) < len(lines):
                chunk += "\r\n"
            await self.paced(chunk)

    async def paced(self, text: str) -> None:
        faults = self.shell.device.faults
        if not faults.dribble:
            self.write(text)
            return
        for start in range(0, len(text), faults.dribble):
            self.write(text[start : start + faults.dribble])
            await asyncio.sleep(faults.latency)

    async def run(self) -> None:
        shell, device = self.shell, self.shell.device
        self.write(shell.greeting())
        count = 0
        while not shell.closed:
            question = shell.question
            self.write(question.text if question else "" if shell.collect else shell.prompt())
            line = await self.line()
            count += 1
            if device.faults.latency:
                await asyncio.sleep(device.faults.latency)
            try:
                text = shell.receive(line)
            except Silence as silence:
                self.write(silence.text)
                while True:
                    await self.line()
            if text:
                await self.answer(text if text.endswith("\n") else text + "\n")
            if device.faults.syslog_every and count % device.faults.syslog_every == 0 and not shell.question:
                self.write(
                    shell.prompt()
                    + "\r\n*Nov 30 08:00:00.000: %SYS-5-CONFIG_I: Configured from console by vty0\r\n"
                )


class Simulators:
    """Context that serves devices from a thread of its own. ``port`` and ``known_hosts`` say how to reach them."""

    def __init__(self, *devices: Device, host: str = "127.0.0.1") -> None:
        self.devices = {device.hostname: device for device in devices}
        self.host = host
        self.ports: dict[str, int] = {}
        self.keys: dict[str, asyncssh.SSHKey] = {}
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncssh.SSHAcceptor] = []
        self._connections: set[asyncssh.SSHServerConnection] = set()

    def __enter__(self) -> Simulators:
        self._thread.start()
        for name, device in list(self.devices.items()):
            self._call(self._serve(name, device))
        return self

    def errors(self) -> list[str]:
        """Mistakes of the simulators themselves."""
        return [error for device in self.devices.values() for error in device.errors]

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._call(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)

    def address(self, name: str) -> str:
        """The device's own management address where that is one of the loopback."""
        own = str(getattr(self.devices[name], "management", ("", ""))[1])
        return own if own.startswith("127.") else self.host

    def port(self, name: str) -> int:
        return self.ports[name]

    @property
    def known_hosts(self) -> str:
        """Lines of a known_hosts file."""
        return "".join(
            f"[{self.address(name)}]:{self.ports[name]} {key.export_public_key().decode().strip()}\n"
            for name, key in self.keys.items()
        )

    def _call(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(30)

    async def _serve(self, name: str, device: Device) -> None:
        key = asyncssh.generate_private_key("ssh-ed25519")

        async def session(process: asyncssh.SSHServerProcess[bytes]) -> None:
            shell = device.new_session()
            device.sessions.append(shell)
            try:
                await _Terminal(process, shell).run()
            except (Disconnect, asyncssh.Error, OSError):
                pass
            except Exception:
                device.errors.append(traceback.format_exc())
                raise
            finally:
                device.sessions.remove(shell)
                process.channel.get_connection().abort() if device.is_off else process.exit(0)

        server = await asyncssh.listen(
            self.address(name),
            0,
            server_factory=lambda: _Login(device, self._connections),
            process_factory=session,
            server_host_keys=[key],
            line_editor=False,
            encoding=None,
            login_timeout=10,
            family=socket.AF_INET,
        )
        self.keys[name] = key
        self.ports[name] = server.sockets[0].getsockname()[1]
        self._servers.append(server)

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        for connection in list(self._connections):
            connection.abort()
        for server in self._servers:
            await server.wait_closed()
