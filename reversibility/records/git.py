"""Safe use of Git repositories that others may have written to: no setting may run a program.

A state may lie on a stick, or be pushed to by another controller. Git runs commands that a repository's own
configuration names (``core.fsmonitor``, filters, hooks, external diffs; CVE-2022-24765 and its kin). So the settings
that run something are off, a repository with other settings than SAFE_SETTINGS is refused, and ``safe.directory`` is
exactly the folder asked about, when its owner is the user, root or the user behind sudo.
"""

from __future__ import annotations

import functools
import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from reversibility.errors import CartableError

# Objects reach the disk before the references that name them. Housekeeping runs in front: a lock is held meanwhile.
SETTINGS = {
    "commit.gpgSign": "false",
    "core.attributesFile": os.devnull,
    "core.autocrlf": "false",
    "core.editor": "false",
    "core.excludesFile": os.devnull,
    "core.fsmonitor": "false",
    "core.fsync": "all",
    "core.fsyncMethod": "batch",
    "core.hooksPath": os.devnull,
    "core.pager": "cat",
    "core.quotePath": "false",
    "core.sshCommand": "false",
    "credential.helper": "",
    "diff.external": "",
    "gc.autoDetach": "false",
    "gpg.program": "false",
    "init.defaultBranch": "main",
    "maintenance.autoDetach": "false",
    "protocol.ext.allow": "never",
    "submodule.recurse": "false",
}
# What `git init`, `clone`, `remote` and `branch` write, and nothing else: no filter, no alias, no include, no command.
SAFE_SETTINGS = re.compile(
    r"core\.(repositoryformatversion|filemode|bare|logallrefupdates|ignorecase|precomposeunicode|symlinks|fsmonitorhookversion)"
    r"|extensions\.objectformat|user\.(name|email)|remote\.[^\n]+\.(url|fetch|push|pushurl|tagopt|prune)"
    r"|branch\.[^\n]+\.(remote|merge|rebase)|pull\.(rebase|ff)|init\.defaultbranch|gc\.auto|receive\.denycurrentbranch",
)
ENVIRONMENT = {
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_GRAFT_FILE": os.devnull,
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_PAGER": "cat",
    "GIT_EDITOR": "false",
    "GIT_TERMINAL_PROMPT": "0",
    "LC_ALL": "C.UTF-8",
}


def git(
    directory: Path,
    *arguments: str,
    text: str = "",
    settings: Mapping[str, str] | None = None,
    descriptors: tuple[int, ...] = (),
    is_new: bool = False,
    tracked_settings: bool = False,
) -> subprocess.CompletedProcess[bytes]:
    """Run Git in ``directory``; the caller checks the exit status.

    ``settings`` are added to those of this module; ``descriptors`` are inherited. ``is_new``: there need be no
    repository yet. ``tracked_settings``: the repository is the operator's own project, whose settings may be any; those
    that run something are off all the same, filters excepted.

    Raises CartableError when Git is not installed, or the folder is not to be trusted.
    """
    root = repository_root(directory)
    if not is_new:
        require_trust(root, settings=not tracked_settings)
    every = {**SETTINGS, "safe.directory": str(root), **(settings or {})}
    words = [part for key, value in every.items() for part in ("-c", f"{key}={value}")]
    try:
        return subprocess.run(
            ["git", *words, *arguments],
            cwd=directory,
            env=environment(),
            input=text.encode("utf-8", "surrogateescape"),
            capture_output=True,
            check=False,
            pass_fds=descriptors,
        )
    except FileNotFoundError as error:
        raise CartableError(
            f"git is not installed or {directory} is missing; install git (apt install git)."
        ) from error


def repository_root(directory: Path) -> Path:
    """The folder with ``.git`` that ``directory`` is in; ``directory`` itself where there is none."""
    folder = directory.resolve()
    return next((parent for parent in (folder, *folder.parents) if (parent / ".git").exists()), folder)


def require_trust(directory: Path, *, settings: bool = True) -> None:
    """Refuse a repository of another user's, and one whose own configuration could run a program.

    Raises CartableError, which says what to do.
    """
    folder = directory / ".git"
    for path in (directory, folder):
        try:
            owner = path.lstat().st_uid
        except FileNotFoundError:
            continue
        if owner not in _trusted_owners():
            raise CartableError(
                f"{path} belongs to user {owner}, not to you, and Git would run what its settings say; make it yours "
                f"(chown -R {os.geteuid()} {directory}), or work as that user."
            )
    if settings:
        _require_safe_settings(folder)


def _require_safe_settings(folder: Path) -> None:
    for name in ("config", "config.worktree"):
        file = folder / name
        if file.is_file():
            status = file.stat()
            keys = _keys(file, status.st_mtime_ns, status.st_size)
            unsafe = [key for key in keys if not SAFE_SETTINGS.fullmatch(key)]
            if unsafe:
                names = ", ".join(ascii(key)[1:-1] for key in unsafe[:5])
                raise CartableError(
                    f"{file} has settings that a state does not need and that may run a program: {names}; "
                    "remove them (git config --unset), if you know them."
                )
    if (folder / "info" / "attributes").exists():
        raise CartableError(f"{folder / 'info' / 'attributes'} is not a state's own; remove it.")


@functools.lru_cache(maxsize=64)
def _keys(file: Path, _mtime_ns: int, _size: int) -> tuple[str, ...]:
    """Names of a configuration file's settings, read again when it changes. Nothing is included or run."""
    command = ["git", "config", "--no-includes", "--file", str(file), "--name-only", "--null", "--list"]
    done = subprocess.run(command, cwd="/", env=environment(), capture_output=True, check=False)
    if done.returncode != 0:
        raise CartableError(f"{file} cannot be read; restore it from a clone of the state.")
    return tuple(name for name in done.stdout.decode("utf-8", "replace").split("\0") if name)


def _trusted_owners() -> frozenset[int]:
    behind = os.environ.get("SUDO_UID", "")
    sudo = {int(behind)} if os.geteuid() == 0 and behind.isdigit() else set()
    return frozenset({0, os.geteuid(), *sudo})


def environment() -> dict[str, str]:
    """The environment without variables that point Git to another repository or to the operator's settings."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    return kept | ENVIRONMENT
