"""Simulated device: running and startup configuration, clock, accounts, faults, and a journal of what it was sent."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tests.simulators.network.faults import Faults
from tests.simulators.network.section import Section
from tests.simulators.network.snmp_agent import SnmpAgent


class Timer:
    """Something that the device does by itself after a while, unless it is cancelled."""

    def __init__(self, seconds: float, action: Callable[[], None]) -> None:
        self.due = time.monotonic() + seconds
        self._timer = threading.Timer(seconds, action)
        self._timer.daemon = True
        self._timer.start()

    def cancel(self) -> None:
        self._timer.cancel()

    @property
    def left(self) -> float:
        return max(0.0, self.due - time.monotonic())


@dataclass(frozen=True)
class Received:
    """One line that the device was sent: in which session and at which prompt."""

    session: int
    prompt: str
    line: str
    mode: str

    @property
    def configures(self) -> bool:
        """Whether the line was sent in a configuration mode, whatever it did."""
        return self.mode.startswith("config") and self.line.strip() not in ("end", "exit", "")


class Device:
    """State that outlives sessions. A platform's class adds grammar, answers and formats."""

    platform = ""
    serial = "SIM00000001"
    mac = "02005e-005301"
    minute = 60.0
    """Seconds of a minute of the device: tests make it short."""
    boot = 0.3
    """Seconds without an answer after a restart."""

    def __init__(
        self, hostname: str, *, username: str = "admin", password: str, enable: str = "", **options: Any
    ) -> None:
        self.lock = threading.RLock()
        self.faults = Faults()
        self.journal: list[Received] = []
        self.events: list[str] = []
        """What the device did by itself: restarted, rolled back."""
        self.sessions: list[Any] = []
        self.errors: list[str] = []
        self.logins = 0
        self.off_until = 0.0
        self.hostname = hostname
        self.login_banner = ""
        self.__dict__.update(options)
        self.factory(username, password, enable)
        self.startup: Section | None = None
        self.write_startup()

    running: Section

    agent: SnmpAgent | None = None
    """What answers SNMPv3 for it, where a test has one."""

    def tell_agent(self, user: str, auth: str = "", priv: str = "") -> None:
        """Have the agent know an SNMPv3 user, or forget it, as the running configuration does."""
        if self.agent is not None:
            self.agent.tell(user, (auth, priv) if auth else None)

    def factory(self, username: str, password: str, enable: str) -> None:
        """Fill the running configuration as a person leaves it: with an address and a first account."""
        raise NotImplementedError  # each vendor's device has its own

    def check_login(self, username: str, password: str) -> bool:
        raise NotImplementedError  # each vendor's device has its own

    def write_startup(self) -> None:
        """Make what runs what starts."""
        self.startup = self.running.copy()

    def new_session(self) -> Any:
        raise NotImplementedError  # each vendor's device has its own

    @property
    def reachable(self) -> bool:
        """Whether the management path stands: a device that was cut off neither answers nor closes."""
        return True

    @property
    def is_off(self) -> bool:
        return time.monotonic() < self.off_until

    def restart(self) -> None:
        """Start again from the startup configuration; all sessions end."""
        with self.lock:
            self.events.append("restarted")
            self.off_until = time.monotonic() + self.boot
            self.running = self.startup.copy() if self.startup is not None else Section()
            self.after_restart()
            for session in list(self.sessions):
                session.closed = True

    def after_restart(self) -> None:
        """What a restart forgets besides the running configuration."""

    def configuring(self) -> list[str]:
        """The lines that were sent in a configuration mode."""
        return [received.line for received in self.journal if received.configures]
