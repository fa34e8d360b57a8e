"""Faults on demand of one simulated PC."""

from __future__ import annotations

import threading
from dataclasses import dataclass

KINDS = {
    "unauthorized": "401, whatever the password",
    "busy": "Send answers ERROR_BUSY (170)",
    "shell_quota": "Create answers that the user has too many shells (2150859173)",
    "operation_quota": "Command answers that the user has too many operations (0x803381A6, as MSFT_WmiError)",
    "operation_timeout": "Receive has nothing to say within OperationTimeout (2150858793)",
    "dropped_connection": "the TCP connection is closed instead of an answer",
    "slow": "each answer comes `seconds` late",
    "disk_full": "writing a file fails: there is not enough space on the disk (0x80070070)",
    "stays_down": "the PC does not come back from its next reboot",
    "failed_update": "installing the update that `on` names (KB) fails",
    "module_failure": "the module that `on` names fails with an unhandled exception",
}


@dataclass
class Fault:
    """One fault: how often it still happens, and where (a WS-Management action, a module, a KB; empty: anywhere)."""

    kind: str
    times: int = 1
    on: str = ""
    seconds: float = 0.0


class Faults:
    """The faults that are waiting to happen."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()
        self.happened: list[tuple[str, str]] = []

    def add(self, kind: str, *, times: int = 1, on: str = "", seconds: float = 0.0) -> Fault:
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}; known: {', '.join(KINDS)}")
        fault = Fault(kind, times, on, seconds)
        with self._lock:
            self._waiting.append(fault)
        return fault

    def clear(self) -> None:
        with self._lock:
            self._waiting.clear()

    def take(self, kind: str, on: str = "") -> Fault | None:
        """The fault of this kind that happens now, counted down."""
        with self._lock:
            for fault in self._waiting:
                if (
                    fault.kind == kind
                    and fault.times > 0
                    and (not fault.on or fault.on.lower() == on.lower())
                ):
                    fault.times -= 1
                    if fault.times == 0:
                        self._waiting.remove(fault)
                    self.happened.append((kind, on))
                    return fault
        return None
