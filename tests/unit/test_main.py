"""``python -m reversibility``, which a successor types first."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("words", "status"), [(["--version"], 0), (["state", "--help"], 0), (["no-such"], 2), ([], 2)]
)
def test_the_package_is_the_command(words: list[str], status: int) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "reversibility", *words], capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert ("cartable" if words == ["--version"] else "usage: reversibility") in done.stdout + done.stderr
