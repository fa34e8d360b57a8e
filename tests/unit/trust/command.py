"""The command as a person types it, without a terminal."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.project import PROJECT


def reversibility(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Run ``reversibility``; bytes of its output that are no UTF-8 are kept as surrogates."""
    return subprocess.run(
        [sys.executable, "-m", "reversibility", *map(str, arguments)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        timeout=120,
    )
