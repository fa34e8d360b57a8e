"""What is mounted, read from the kernel."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.lab.shell import run

_ESCAPE = re.compile(r"\\([0-7]{3})")


def mounted(table: str | None = None) -> list[Path]:
    """Every mount point, in the order in which they were mounted (``table`` is the text of a mountinfo file)."""
    text = Path("/proc/self/mountinfo").read_text() if table is None else table
    points = (line.split(" ")[4] for line in text.splitlines() if line)
    return [Path(_ESCAPE.sub(lambda match: chr(int(match[1], 8)), point)) for point in points]


def is_mounted(point: Path) -> bool:
    """Whether something is mounted exactly at ``point``."""
    return Path(os.path.realpath(point)) in mounted()


def unmount_below(folder: Path) -> None:
    """Unmount whatever is mounted at ``folder`` or below it, the last one first."""
    real = Path(os.path.realpath(folder))
    for point in reversed(mounted()):
        if point == real or real in point.parents:
            run(["umount", "--lazy", str(point)])
