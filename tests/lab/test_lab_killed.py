"""``kill -9`` in ``up``, ``down`` or ``image``: the next ``down`` leaves nothing, the next ``up`` completes.

Stops the school that is up. The moments are random; their seed is printed, and CARTABLE_TEST_SEED repeats them.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.lab import image, locks, mounts, places
from tests.lab.conftest import PROJECT, Lab
from tests.lab.detect import detect
from tests.lab.podman import Podman
from tests.lab.shell import wait_until

SEED = int(os.environ.get("CARTABLE_TEST_SEED", random.SystemRandom().randrange(10**6)))
KILLS = int(os.environ.get("CARTABLE_LAB_KILLS", "4"))
_LONGEST = 14.0
"""Seconds after which ``up`` is nearly done on a slow machine."""
_LONGEST_BUILD = 20.0
"""Seconds after which images are still being built on a fast machine whose packages are all in the cache."""
_OTHER_IMAGE = "localhost/cartable-lab-killed"
_UP = [str(PROJECT / "tests/lab/__main__.py"), "up"]
_DOWN = [str(PROJECT / "tests/lab/__main__.py"), "down"]
# Images of another name: those that all tests use are there already, and shall stay.
_IMAGE = [
    "-c",
    f"from tests.lab import cli, places; places.IMAGE = {_OTHER_IMAGE!r}; raise SystemExit(cli.main(['image']))",
]


def left_behind() -> list[str]:
    """Whatever ``down`` should have removed, from the kernel's and podman's point of view."""
    machine = detect()
    podman = Podman(machine)
    found = [f"mount {point}" for point in mounts.mounted() if places.NETNS in point.parents]
    found += [
        f"interface {path.name}" for path in Path("/sys/class/net").iterdir() if path.name.startswith("p_")
    ]
    found += [f"container {line}" for line in containers()]
    found += [f"half-built image {path}" for path in places.CACHE.glob("build-*")]
    found += [f"process of a build {line}" for line in processes_with(f"{places.CACHE}/build-")]
    # What others use stays. Podman's own containers count only where its namespace is still there to hold them.
    if not locks.in_use(places.USERS) and not (podman.usable() and podman.needed()):
        found += [str(places.RUN)] if places.RUN.exists() else []
        found += [f"mount {point}" for point in mounts.mounted() if places.RUN in [point, *point.parents]]
        found += [f"process {line}" for line in processes_with(str(places.RUN))]
    found += [f"process in the lab's group: {line}" for line in processes_of_group()]
    return found


def containers() -> list[str]:
    """The lab's containers, running or not. They are in podman's store, whichever namespace it is asked from."""
    command = [
        "podman",
        "ps",
        "--all",
        "--filter",
        f"label={places.LABEL}",
        "--format",
        "{{.Names}} {{.Status}}",
    ]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def namespaces() -> set[str]:
    """The network and mount namespaces that a process is in, or that are pinned by a mount."""
    found = {line.split(" ")[3] for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    for process in Path("/proc").glob("[0-9]*"):
        for kind in ("net", "mnt"):
            with contextlib.suppress(OSError):  # it has ended
                found.add(str((process / "ns" / kind).readlink()))
    return {name for name in found if name.startswith(("net:", "mnt:"))}


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
    before = namespaces()
    _kill(_UP, *moments[number])
    # As an interrupted image build would leave it. The moments are too early, or too late, to meet a real one.
    (places.CACHE / "build-killed").mkdir()
    lab("down")
    assert left_behind() == [], f"CARTABLE_TEST_SEED={SEED}, kill {number} at {moments[number]}"
    # Patiently: the kernel ends the last processes of a namespace when it pleases.
    assert wait_until(lambda: namespaces() <= before, 10), namespaces() - before


def test_up_after_a_kill_completes(lab: Lab, moments: list[tuple[float, bool]]) -> None:
    lab("down")
    for moment, whole_group in moments[:2]:
        _kill(_UP, moment, whole_group)
    lab("up")
    lab("status")
    lab("down")
    assert left_behind() == []


def test_down_that_is_killed_is_completed(lab: Lab) -> None:
    """Once by an ``up`` and once by another ``down``."""
    print(f"CARTABLE_TEST_SEED={SEED}")
    chance = random.Random(f"down {SEED}")
    lab("up")
    begun = time.monotonic()
    lab("down")
    taken = time.monotonic() - begun
    before = namespaces()
    for _ in range(2):
        _kill_down(lab, chance, taken)
    lab("down")
    assert left_behind() == []
    # Patiently: as above.
    assert wait_until(lambda: namespaces() <= before, 10), namespaces() - before


def test_down_after_a_killed_build_of_images_leaves_nothing(lab: Lab) -> None:
    print(f"CARTABLE_TEST_SEED={SEED}")
    chance = random.Random(f"image {SEED}")
    lab("down")
    before = namespaces()
    try:
        assert _kill(_IMAGE, chance.uniform(1, _LONGEST_BUILD), chance.random() < 0.5), (
            "it was built too fast"
        )
        lab("down")
        assert left_behind() == []
        assert wait_until(lambda: namespaces() <= before, 10), namespaces() - before
    finally:  # one of them may have been complete
        names = [f"{_OTHER_IMAGE}:{name}" for name in image.NAMES]
        lab("podman", "image", "rm", "--force", *names, ok=None)


def _kill_down(lab: Lab, chance: random.Random, taken: float) -> None:
    """Have the school up and kill a ``down``; another one when it had ended before."""
    for _ in range(5):
        lab("up")
        if _kill(_DOWN, chance.uniform(0.05, 0.95) * taken, chance.random() < 0.5):
            return
    pytest.fail(f"down, which took {taken:.1f} s, has ended before its kill 5 times")


def _kill(command: list[str], moment: float, whole_group: bool) -> bool:
    """Start a command of the lab and kill it ``moment`` seconds later; false when it had ended before."""
    child = subprocess.Popen(
        [sys.executable, *command], cwd=PROJECT, start_new_session=True, stderr=subprocess.DEVNULL
    )
    try:
        child.wait(timeout=moment)
    except subprocess.TimeoutExpired:
        if whole_group:
            os.killpg(child.pid, signal.SIGKILL)
        else:
            child.kill()
        child.wait()
    return child.returncode == -signal.SIGKILL
