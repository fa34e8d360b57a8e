"""The project under test, and its programs as a person runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
COLLECTIONS = PROJECT / "collections"
BIN = Path(sys.executable).parent


def ansible(
    program: str,
    *arguments: object,
    cwd: Path = PROJECT,
    environment: Mapping[str, str] | None = None,
    timeout: float | None = 120,
    **options: Any,
) -> subprocess.CompletedProcess[str]:
    """Run a program of Ansible (``ansible-playbook``) with the project's settings and nothing of the caller's own.

    No terminal and nobody to ask; ``environment`` is added. Output is plain, in long lines.
    """
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("ANSIBLE_", "CARTABLE_"))
    }
    settings = {
        "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"),
        "ANSIBLE_NOCOLOR": "1",
        "COLUMNS": "400",
        "PYTHONPATH": str(PROJECT),
    }
    command: Sequence[str] = [str(BIN / program), *map(str, arguments)]
    return subprocess.run(
        command,
        cwd=cwd,
        env={**own, **settings, **(environment or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        **options,
    )
