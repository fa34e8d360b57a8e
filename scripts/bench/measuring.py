"""Cost of a command: wall time, CPU and memory of its process tree, and CPU of its targets."""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Protocol

PYINFRA = "pyinfra==3.10"  # what is compared with it is written in its operations
TICKS = os.sysconf("SC_CLK_TCK")
PROJECT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(PROJECT))

from tests.e2e.kills import descendants  # noqa: E402


class Targets(Protocol):
    """Machines that a command works on."""

    def cpu(self) -> float:
        """Seconds of CPU that all of them together have taken."""

    def sessions(self) -> int:
        """How many sessions are open on them."""


@dataclass(frozen=True)
class Usage:
    """Seconds of wall time, of the controller's and of all targets' CPU, MiB of the controller's memory."""

    wall: float
    cpu: float
    memory: float
    target: float = 0.0


def measure(
    command: Sequence[str | Path], environment: Mapping[str, str], folder: Path | None = None
) -> Usage:
    """Run a command in ``folder``. Ends the benchmark when it fails, with what it said last.

    Its memory is the most that its processes held at once: the sum of their proportional set sizes (what they share
    counts once), looked at five times a second, or less often where looking would take more
    than a tenth of one processor.
    """
    spent, begun = _children(), time.monotonic()
    peak, done = 0, threading.Event()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env={**os.environ, **environment},
            stdout=said,
            stderr=said,
        )

        def watch() -> None:
            nonlocal peak
            took = 0.0
            while not done.wait(max(0.2, 10 * took)):
                looked = time.monotonic()
                peak = max(peak, sum(map(proportional_size, descendants(process.pid))))
                took = time.monotonic() - looked

        watcher = threading.Thread(target=watch)
        watcher.start()
        status = process.wait()
        wall = time.monotonic() - begun
        done.set()
        watcher.join()
        if status:
            said.seek(0)
            sys.exit(f"error: {' '.join(map(str, command))}\n{said.read()[-3000:].decode(errors='replace')}")
    return Usage(wall, _children() - spent, peak / 1024)


def measure_on(
    targets: Targets,
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    folder: Path,
    sockets: Path,
) -> Usage:
    """The same with the targets' CPU; the SSH connections shared in ``sockets`` are counted too, and closed."""
    before = targets.cpu()
    usage = measure(command, environment, folder)
    cpu, memory = usage.cpu, usage.memory
    for socket in sockets.glob("*"):
        # It has left the command's process tree.
        said = subprocess.run(["ssh", "-O", "check", "-S", socket, "any"], capture_output=True, check=False)
        if found := re.search(rb"pid=(\d+)", said.stderr):
            process = int(found[1])
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
            cpu += (int(fields[11]) + int(fields[12])) / TICKS
            memory += proportional_size(process) / 1024
        subprocess.run(["ssh", "-O", "exit", "-S", socket, "any"], capture_output=True, check=False)
    while targets.sessions():
        time.sleep(0.05)  # nothing tells when another machine's process has ended
    return Usage(usage.wall, cpu, memory, targets.cpu() - before)


def install_pyinfra(folder: Path) -> Path:
    """Install pyinfra into a new environment; its program."""
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    subprocess.run([folder / "bin" / "pip", "install", "--quiet", "--quiet", PYINFRA], check=True)
    return folder / "bin" / "pyinfra"


def middle(found: Sequence[Usage]) -> Usage:
    """The median of each figure."""
    return Usage(
        *(median(getattr(usage, name) for usage in found) for name in ("wall", "cpu", "memory", "target"))
    )


def print_rows(count: int, base: str, runs: Mapping[str, Mapping[str, Sequence[Usage]]]) -> None:
    """Print the medians for ``count`` targets: run → tool → usages; ``base`` is the tool that the ratio is to."""
    for title, found in runs.items():
        middles = {name: middle(usages) for name, usages in found.items()}
        for name, usage in middles.items():
            ratio = f"{usage.wall / middles[base].wall:.2f}" if base in middles else "-"
            print(
                f"| {count} | {title} | {name} | {usage.wall:.1f} | {ratio} | {usage.cpu / count:.2f} "
                f"| {usage.target / count:.2f} | {usage.memory:.0f} |",
                flush=True,
            )


def proportional_size(process: int) -> int:
    """Memory of a process in KiB, what it shares divided by who shares it; 0 when it has ended."""
    try:
        rollup = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
    except OSError:
        return 0
    return int(rollup.partition("\nPss:")[2].split()[0])


def _children() -> float:
    """Seconds of CPU of this process's children that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime
