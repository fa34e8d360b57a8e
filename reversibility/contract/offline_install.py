"""Test installation of a bundle's packages, in an empty environment and without a package index."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path


def offline_problem(wheels: Path, requirements: Path) -> str | None:
    """Install ``requirements`` from ``wheels`` only; returns pip's last error, or None after success."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "PYTHON"))
    }
    with tempfile.TemporaryDirectory(prefix="cartable-install-") as scratch:
        python = Path(scratch, "venv", "bin", "python")
        install = [sys.executable, "-m", "pip", f"--python={python}", "install", "--isolated", "--quiet"]
        install += ["--disable-pip-version-check", "--no-compile", "--no-index", f"--find-links={wheels}"]
        for command in (
            [sys.executable, "-m", "venv", "--without-pip", str(python.parents[1])],
            [*install, "-r", str(requirements)],
        ):
            done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
            if done.returncode != 0:
                return (done.stderr.strip().splitlines() or [f"{command[2]} {done.returncode}"])[-1]
    return None
