"""Processes that outlive the command which started them: recorded before they start, never sought by name."""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.lab.shell import LabError

# Runs in the child: writes its own record, then becomes the program. So there is no moment at which the program
# runs without a record, even when the parent is killed.
_BECOME = """
import json, os, sys
record, log, user, command = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4:]
os.setsid()
started = open("/proc/self/stat").read().rpartition(")")[2].split()[19]
with open(record + ".new", "w") as file:
    json.dump({"pid": os.getpid(), "started": int(started)}, file)
os.rename(record + ".new", record)
output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
os.dup2(output, 1)
os.dup2(output, 2)
if user:
    import pwd
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
os.execvp(command[0], command)
"""


@dataclass(frozen=True)
class Process:
    """A process, told from a later one of the same number by its start time (clock ticks since boot)."""

    pid: int
    started: int

    def alive(self) -> bool:
        """Whether it still runs (a zombie does not)."""
        fields = _stat(self.pid)
        return fields is not None and int(fields[19]) == self.started and fields[0] not in "ZX"


def _stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on (proc(5)): [0] is the state, [19] the start time."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def start(command: Sequence[str], *, record: Path, log: Path, user: str = "") -> None:
    """Start ``command`` on its own, as ``user``, with its record at ``record`` and its output in ``log``."""
    arguments = [sys.executable, "-I", "-c", _BECOME, str(record), str(log), user, *command]
    child = subprocess.Popen(arguments, stdin=subprocess.DEVNULL)
    # Reaped by init once the lab's command has ended; nothing to wait for here.
    child.returncode = 0


def recorded(record: Path) -> Process | None:
    """The process of ``record``, or None when there is no record or the process is gone."""
    try:
        process = Process(**json.loads(record.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return process if process.alive() else None


def stop(record: Path, *, patience: float = 5.0) -> None:
    """End the process of ``record``: politely first, by force after ``patience`` seconds."""
    process = recorded(record)
    if process is not None:
        for number in (signal.SIGTERM, signal.SIGKILL):
            if _end(process, number, patience):
                break
        else:
            raise LabError(f"Process {process.pid} does not end; its record is {record}.")
    record.unlink(missing_ok=True)


def networks() -> Iterator[tuple[int, int]]:
    """Every process (its number) with the network namespace (its inode) in which it runs."""
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # ended since it was listed
            yield int(entry.name), (entry / "ns" / "net").stat().st_ino


def end_all(numbers: Iterable[int], *, patience: float = 5.0) -> None:
    """End the processes of these numbers: politely first, by force after ``patience`` seconds each."""
    for number in numbers:
        fields = _stat(number)
        if fields is None:
            continue
        process = Process(number, int(fields[19]))
        if not _end(process, signal.SIGTERM, patience):
            _end(process, signal.SIGKILL, patience)


def _end(process: Process, number: signal.Signals, patience: float) -> bool:
    """Send a signal and wait for the end, through a descriptor so that no other process can be hit."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return True
    try:
        if not process.alive():
            return True
        signal.pidfd_send_signal(descriptor, number)
        readable, _, _ = select.select([descriptor], [], [], patience)
        return bool(readable)
    finally:
        os.close(descriptor)
