# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts run as root on a Unix device over SSH: one login, each script an exec channel, its data on standard input."""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import (
    CommandRefused,
    LoginRefused,
    NoPrompt,
    SessionLost,
    Unreachable,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.session import Limits
from ansible_collections.cartable.fleet.plugins.plugin_utils.network.transport import Target

try:
    import paramiko
except ImportError as error:
    MISSING: ImportError | None = error
else:
    MISSING = None

_DATA = "cartable-data-follows"
# sudo reads a password from standard input only if it needs one, so input before the mark is skipped.
_SKIP = f'while IFS= read -r line && [ "$line" != {_DATA} ]; do :; done\n'


class RemoteShell:
    """One login. Raises DeviceError."""

    def __init__(self, target: Target, limits: Limits | None = None) -> None:
        if MISSING is not None:
            raise Unreachable(
                f"paramiko is missing ({MISSING}); install the project with its extra: pip install -e .[ansible]"
            )
        self.target, self.limits = target, limits or Limits()
        self._end = time.monotonic() + self.limits.session
        self._client = paramiko.SSHClient()
        self._client.set_missing_host_key_policy(paramiko.RejectPolicy())
        passwords = [target.password, *([target.second_password] if target.second_password else [])]
        try:
            self._client.load_host_keys(target.known_hosts)
            self._log_in(passwords)
        except BaseException:
            self.close()
            raise

    def _log_in(self, passwords: list[str]) -> None:
        name = self.target.name
        for password in passwords:
            try:
                self._connect(password)
            except paramiko.BadHostKeyException:
                raise Unreachable(
                    f"{name} shows another host key than the one in known_hosts: is it the same device?"
                ) from None
            except paramiko.AuthenticationException:
                if password == passwords[-1]:
                    raise LoginRefused(
                        f"{name} refuses the account {self.target.username}, its key or its password."
                    ) from None
            except paramiko.SSHException as error:
                if "not found in known_hosts" in str(error):
                    raise Unreachable(
                        f"{name} has a host key that {self.target.known_hosts} does not know; add it after checking it at the device."
                    ) from None
                raise Unreachable(f"{name} gives no SSH session ({type(error).__name__}).") from None
            except (OSError, EOFError):
                raise Unreachable(
                    f"{name} does not answer by SSH within {self.target.connect_timeout:g} s."
                ) from None
            else:
                self._password = password
                return

    def _connect(self, password: str) -> None:
        target = self.target
        self._client.connect(
            target.host,
            target.port,
            target.username,
            password=password or None,
            key_filename=target.key_file or None,
            look_for_keys=False,
            allow_agent=False,
            timeout=target.connect_timeout,
            banner_timeout=target.connect_timeout,
            auth_timeout=target.connect_timeout,
        )

    def __enter__(self) -> RemoteShell:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the session."""
        self._client.close()

    def run(self, script: str, data: bytes = b"", what: str = "a script", seconds: float = 0.0) -> bytes:
        """The standard output of a script, which may take ``seconds``, or the limit of an answer if that is more.

        Raises CommandRefused with the last line that it wrote to standard error.
        """
        command = script
        if self.target.username != "root":
            command = f"sudo -S -p '' -- /bin/sh -c {shlex.quote(_SKIP + script)}"
            password = self.target.enable or self._password
            data = password.encode() + b"\n" + _DATA.encode() + b"\n" + data
        try:
            status, output, said = self._exec(command, data, what, max(seconds, self.limits.answer))
        except (paramiko.SSHException, EOFError, ConnectionError) as error:
            raise SessionLost(f"{self.target.name} closed the session.") from error
        if status:
            raise self._refusal(said.decode("utf-8", "replace"), status, what)
        return output

    def _exec(self, command: str, data: bytes, what: str, seconds: float) -> tuple[int, bytes, bytes]:
        transport = self._client.get_transport()
        if transport is None:
            raise EOFError
        channel = transport.open_session(timeout=self.target.connect_timeout)
        end = min(time.monotonic() + seconds, self._end)
        output, said = bytearray(), bytearray()
        with channel:
            channel.exec_command(command)
            channel.settimeout(max(end - time.monotonic(), 0.001))
            try:
                channel.sendall(data)
                channel.shutdown_write()
            except OSError:
                pass  # it has stopped reading; its exit status says why
            while not channel.exit_status_ready() or channel.recv_ready() or channel.recv_stderr_ready():
                took = _take(channel.recv_ready, channel.recv, output) + _take(
                    channel.recv_stderr_ready, channel.recv_stderr, said
                )
                if len(output) > self.limits.size:
                    raise NoPrompt(f"{self.target.name} answers with more than {self.limits.size} bytes.")
                if time.monotonic() > end:
                    raise NoPrompt(f"{self.target.name} does not end {what} within {seconds:g} s.")
                if not took:
                    channel.status_event.wait(0.02)
            status = channel.recv_exit_status()
            # What arrived with the status.
            while _take(channel.recv_ready, channel.recv, output):
                pass
            while _take(channel.recv_stderr_ready, channel.recv_stderr, said):
                pass
        if status < 0:
            raise EOFError
        return status, bytes(output), bytes(said)

    def _refusal(self, said: str, status: int, what: str) -> Exception:
        lines = [line.strip() for line in said.splitlines() if line.strip()]
        last = "".join(c for c in (lines or ["no word of it"])[-1] if c.isprintable())[:200]
        if last.startswith("sudo:"):
            return LoginRefused(f"{self.target.name} gives {self.target.username} no root by sudo.")
        return CommandRefused(f"{self.target.name} refuses {what} (status {status}): {last}")


def _take(ready: Callable[[], bool], receive: Callable[[int], bytes], into: bytearray) -> int:
    part = receive(65536) if ready() else b""
    into += part
    return len(part)
