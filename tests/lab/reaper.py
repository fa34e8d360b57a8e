"""Ends the processes of the lab's control group that belong to no container. Runs by itself, where cgroup2 is.

python reaper.py /cartable-lab CONTAINER-ID…
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_PREFIX = "libpod-"
_PATIENCE = 10.0


def reap(group: Path, known: set[str]) -> list[str]:
    """Kill and remove every child group of ``group`` that is not one of ``known``; returns their names."""
    if not group.is_dir():
        return []
    ended = []
    for child in sorted(path for path in group.iterdir() if path.is_dir()):
        if child.name.removeprefix(_PREFIX) not in known:
            (child / "cgroup.kill").write_text("1")
            _await_empty(child)
            _remove(child)
            ended.append(child.name)
    if not known:
        _remove(group)
    return ended


def _await_empty(group: Path) -> None:
    deadline = time.monotonic() + _PATIENCE
    while "populated 1" in (group / "cgroup.events").read_text():
        if time.monotonic() > deadline:
            sys.exit(f"The processes of {group} do not end.")
        time.sleep(0.02)


def _remove(group: Path) -> None:
    for child in sorted(group.rglob("*/"), reverse=True):
        if child.is_dir():
            child.rmdir()
    group.rmdir()


if __name__ == "__main__":
    print(*reap(_ROOT / sys.argv[1].lstrip("/"), set(sys.argv[2:])))
