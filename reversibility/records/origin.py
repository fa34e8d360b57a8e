"""Origin of an action: person, controller, and revision of the project."""

from __future__ import annotations

import contextlib
import os
import pwd
import socket
from pathlib import Path
from typing import Any

from reversibility.errors import CartableError
from reversibility.records.git import git


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
    """Describe the operator: user, sudo_user, controller, from (address of the SSH client).

    ``sudo_user`` and ``from`` are there only when they are known.
    """
    found: dict[str, Any] = {"user": user_name(), "controller": socket.gethostname()}
    if os.getuid() == 0 and (behind := os.environ.get("SUDO_USER")):
        found["sudo_user"] = behind
    if connection := _ssh_connection().split():
        found["from"] = connection[0]
    return found


def _ssh_connection() -> str:
    """Read SSH_CONNECTION, also from the processes that this one descends from.

    sudo takes it out of the environment; the shell in which sudo was typed still has it, and root may read that.
    """
    connection, process = os.environb.get(b"SSH_CONNECTION", b""), os.getppid()
    with contextlib.suppress(OSError):
        while not connection and process:
            folder = Path("/proc", str(process))
            variables = (folder / "environ").read_bytes().split(b"\0")
            found = dict(variable.partition(b"=")[::2] for variable in variables)
            connection = found.get(b"SSH_CONNECTION", b"")
            # After the program's name, which may itself hold a bracket: its state, then its parent.
            process = int((folder / "stat").read_bytes().rpartition(b")")[2].split()[1])
    return connection.decode(errors="replace")


def revision(project: Path) -> dict[str, Any]:
    """Give the project's Git revision, empty outside of Git, and whether its files differ from it (``dirty``)."""
    commit = _git(project, "rev-parse", "--verify", "--quiet", "HEAD")
    if not commit:
        return {"revision": "", "dirty": True}
    return {"revision": commit.strip(), "dirty": bool(_git(project, "status", "--porcelain"))}


def _git(project: Path, *arguments: str) -> str:
    try:
        result = git(project, *arguments, settings={"core.fsync": "none"}, tracked_settings=True)
    except CartableError:
        return ""
    return result.stdout.decode("utf-8", "surrogateescape") if result.returncode == 0 else ""
