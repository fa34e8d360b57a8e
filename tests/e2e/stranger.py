"""Somebody on the school's network whose machine has none of this project: neither its files nor its packages."""

from __future__ import annotations

import sys
from pathlib import Path

from tests.e2e.conftest import LAB
from tests.project import PROJECT

# The namespace of mounts is the command's own, and goes with it.
HIDE = (
    'for hidden in "$0" "$1"; do test ! -d "$hidden" || mount -t tmpfs none "$hidden"; done; shift; exec "$@"'
)


def stranger() -> tuple[str, ...]:
    """The words before a command that is typed there."""
    alone = ("unshare", "--mount", "--propagation", "private", "--", "sh", "-ec", HIDE)
    return (str(LAB), "run", *alone, str(PROJECT), str(Path(sys.prefix).resolve()))
