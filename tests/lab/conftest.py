"""The tests of the lab itself: on this machine, as root, with real containers."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
Lab = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def lab() -> Lab:
    """``lab("status")`` runs the lab's command line and returns what it printed; ``ok=None`` takes any status."""

    def call(*arguments: str, ok: int | None = 0, cwd: Path = PROJECT) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(PROJECT / "tests/lab/__main__.py"), *arguments]
        done = subprocess.run(command, cwd=cwd, text=True, capture_output=True, timeout=900, check=False)
        assert ok is None or done.returncode == ok, (
            f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
        )
        return done

    return call
