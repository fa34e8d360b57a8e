# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SSH channel to a network device, by netmiko: it connects, checks the host key and carries bytes."""

from __future__ import annotations

import codecs
import hmac
import logging
from dataclasses import dataclass, field

from ansible_collections.cartable.fleet.plugins.plugin_utils.network.errors import (
    LoginRefused,
    SessionLost,
    Unreachable,
)

try:
    import paramiko
    import paramiko.util
    from netmiko import NetmikoAuthenticationException, NetmikoTimeoutException
    from netmiko.base_connection import BaseConnection
except ImportError as error:
    MISSING: ImportError | None = error
    BaseConnection = object
else:
    MISSING = None
    logging.getLogger("paramiko").setLevel(
        logging.CRITICAL
    )  # its thread writes tracebacks over a play's output
    # Paramiko compares the code of each packet byte by byte in Python, a third of all calls in a session.
    paramiko.util.constant_time_bytes_eq = hmac.compare_digest


@dataclass(frozen=True)
class Target:
    """One device, and the account that opens it. ``enable`` is the password of privileged mode, or of sudo."""

    host: str
    port: int
    username: str
    known_hosts: str
    password: str = field(default="", repr=False)
    second_password: str = field(default="", repr=False)
    """Tried when the first is refused: a run may have been cut between setting a new one and proving it."""
    key_file: str = ""
    """Private key, for devices that take one."""
    enable: str = field(default="", repr=False)
    connect_timeout: float = 15.0
    no_rsa_sha2: bool = False

    @property
    def name(self) -> str:
        return self.host if self.port == 22 else f"{self.host}:{self.port}"


class _Connection(BaseConnection):
    """Netmiko without its prompt detection, which accepts any text that looks like a prompt."""

    def _try_session_preparation(self, force_data: bool = True) -> None:
        """Nothing: the session prepares itself."""


class Channel:
    """Text to and from a device. Raises DeviceError."""

    def __init__(self, target: Target) -> None:
        if MISSING is not None:
            raise Unreachable(
                f"netmiko is missing ({MISSING}); install the project with its extra: pip install -e .[ansible]"
            )
        self.target = target
        try:
            self._connection = _Connection(
                host=target.host,
                port=target.port,
                username=target.username,
                password=target.password or None,
                use_keys=False,
                device_type="generic",
                ssh_strict=True,
                alt_host_keys=True,
                alt_key_file=target.known_hosts,
                conn_timeout=target.connect_timeout,
                auth_timeout=target.connect_timeout,
                banner_timeout=target.connect_timeout,
                disabled_algorithms={"pubkeys": ["rsa-sha2-256", "rsa-sha2-512"]}
                if target.no_rsa_sha2
                else None,
            )
        except NetmikoAuthenticationException as error:
            raise LoginRefused(
                f"{target.name} refuses the account {target.username} or its password."
            ) from error
        except NetmikoTimeoutException as error:
            cause = error.__context__
            if isinstance(cause, paramiko.BadHostKeyException):
                text = "shows another host key than the one in known_hosts: is it the same device?"
            elif "not found in known_hosts" in str(error):
                text = f"has a host key that {target.known_hosts} does not know; add it after checking it at the device."
            else:
                text = f"does not answer by SSH within {target.connect_timeout:g} s."
            raise Unreachable(f"{target.name} {text}") from error
        except (paramiko.SSHException, OSError, EOFError, ValueError) as error:
            raise Unreachable(f"{target.name} gives no SSH session ({type(error).__name__}).") from error
        self._channel = self._connection.remote_conn
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")

    def send(self, text: str) -> None:
        try:
            self._channel.sendall(text.encode())
        except (OSError, EOFError) as error:
            raise SessionLost(f"{self.target.name} closed the session.") from error

    def receive(self, seconds: float) -> str | None:
        """Text that arrives within the given seconds; None if none does."""
        self._channel.settimeout(max(seconds, 0.001))
        try:
            data = self._channel.recv(65536)
        except TimeoutError:
            return None
        except (OSError, EOFError) as error:
            raise SessionLost(f"{self.target.name} closed the session.") from error
        if not data:
            raise SessionLost(f"{self.target.name} closed the session.")
        return self._decoder.decode(data)

    def close(self) -> None:
        self._connection.paramiko_cleanup()
