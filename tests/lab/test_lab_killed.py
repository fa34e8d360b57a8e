"""``kill -9`` in the middle of ``up``: the next ``down`` leaves nothing, and the next ``up`` completes.

Stops the school that is up. The moments are random; their seed is printed, and CARTABLE_TEST_SEED repeats them.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab import locks, mounts, places
from tests.lab.conftest import PROJECT, Lab
from tests.lab.detect import detect
from tests.lab.podman import Podman

SEED = int(os.environ.get("CARTABLE_TEST_SEED", random.SystemRandom().randrange(10**6)))
KILLS = int(os.environ.get("CARTABLE_LAB_KILLS", "4"))
_LONGEST = 14.0
"""Seconds after which ``up`` is nearly done on a slow machine."""


def left_behind() -> list[str]:
    """Whatever ``down`` should have removed, from the kernel's and podman's point of view."""
    machine = detect()
    podman = Podman(machine)
    found = [f"mount {point}" for point in mounts.mounted() if places.NETNS in point.parents]
    found += [
        f"interface {path.name}" for path in Path("/sys/class/net").iterdir() if path.name.startswith("p_")
    ]
    if places.RUN.exists() and podman.usable():
        found += [f"container {container['Names']}" for container in podman.containers()]
        if not podman.needed() and not locks.in_use(places.USERS):
            found.append(str(places.RUN))
    if not places.RUN.exists():
        found += [f"mount {point}" for point in mounts.mounted() if places.RUN in [point, *point.parents]]
        found += [f"process {line}" for line in processes_with(str(places.RUN))]
    found += [f"process in the lab's group: {line}" for line in processes_of_group()]
    return found


def processes_with(text: str) -> list[str]:
    """The processes whose command line contains ``text`` (looked at, never killed)."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue
            if text in line:
                found.append(f"{entry.name} {line}")
    return found


def processes_of_group() -> list[str]:
    """The processes that run in the lab's control group."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                groups = (entry / "cgroup").read_text().splitlines()
            except OSError:
                continue
            if any(line.partition("::")[2].startswith(f"{places.CGROUP}/") for line in groups):
                found.append(entry.name)
    return found


@pytest.fixture(scope="module")
def moments() -> list[tuple[float, bool]]:
    """When to kill, and whether the whole process group dies or the lab's own process only."""
    print(f"CARTABLE_TEST_SEED={SEED}")
    chance = random.Random(SEED)
    return [(chance.uniform(0.1, _LONGEST), chance.random() < 0.5) for _ in range(KILLS)]


@pytest.mark.parametrize("number", range(KILLS))
def test_down_after_a_kill_leaves_nothing(lab: Lab, moments: list[tuple[float, bool]], number: int) -> None:
    lab("down")
    assert left_behind() == []
    _kill_up(*moments[number])
    lab("down")
    assert left_behind() == [], f"CARTABLE_TEST_SEED={SEED}, kill {number} at {moments[number]}"


def test_up_after_a_kill_completes(lab: Lab, moments: list[tuple[float, bool]]) -> None:
    lab("down")
    for moment, whole_group in moments[:2]:
        _kill_up(moment, whole_group)
    lab("up")
    lab("status")
    lab("down")
    assert left_behind() == []


def _kill_up(moment: float, whole_group: bool) -> None:
    """Start ``up`` and kill it ``moment`` seconds later, unless it has ended before."""
    command = [sys.executable, str(PROJECT / "tests/lab/__main__.py"), "up"]
    child = subprocess.Popen(command, start_new_session=True, stderr=subprocess.DEVNULL)
    try:
        child.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        if whole_group:
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
        child.wait()
