"""Who does something, from where, with which revision of the project."""

from __future__ import annotations

import os
import pwd
import socket
import subprocess
from pathlib import Path
from typing import Any


def user_name() -> str:
    """Name the operating system's user; environment variables, which anybody can set, are not asked."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a user id without a name, as in some containers
        return f"uid{os.getuid()}"


def origin(project: Path) -> dict[str, Any]:
    """Describe this run: what ``person`` and ``revision`` say."""
    return person() | revision(project)


def person() -> dict[str, Any]:
    """Describe who is at work: user, sudo_user, controller, from (address of the SSH client).

    ``sudo_user`` and ``from`` are there only when they are known.
    """
    found: dict[str, Any] = {"user": user_name(), "controller": socket.gethostname()}
    if os.getuid() == 0 and (behind := os.environ.get("SUDO_USER")):
        found["sudo_user"] = behind
    if connection := os.environ.get("SSH_CONNECTION", "").split():
        found["from"] = connection[0]
    return found


def revision(project: Path) -> dict[str, Any]:
    """Give the project's Git revision, empty outside of Git, and whether its files differ from it (``dirty``)."""
    commit = _git(project, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return {"revision": "", "dirty": True}
    return {"revision": commit.strip(), "dirty": bool(_git(project, "status", "--porcelain"))}


def _git(project: Path, *arguments: str) -> str:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    try:
        result = subprocess.run(
            ["git", *arguments],
            cwd=project,
            env=environment | {"GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )
    except OSError:
        return ""
    return result.stdout if result.returncode == 0 else ""
