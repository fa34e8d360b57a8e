"""The project itself in a bundle: its Git history, or its files where it has none."""

from __future__ import annotations

import os
import subprocess
import tarfile
from collections.abc import Iterable
from pathlib import Path

from reversibility.errors import CartableError

REPOSITORY, ARCHIVE = "depot.bundle", "depot.tar.gz"
# What of a project that is no Git repository is its own; the rest (records, environments, caches) is not.
PROJECT_PARTS = (
    "ansible.cfg", "galaxy.yml", "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "CHANGELOG.md",
    "meta", "playbooks", "roles", "plugins", "reversibility", "scripts", "tests", "docs", "changelogs",
    "inventories",
)  # fmt: skip
NOT_ARCHIVED = frozenset({"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"})


def copy_project(folder: Path, project: Path) -> list[str]:
    """Write the project as a Git bundle with its history, or as an archive where there is none; returns findings."""
    findings: list[str] = []
    if git(project, "rev-parse", "--show-toplevel").strip():
        findings += _bundle_repository(folder, project)
    if not (folder / REPOSITORY).exists():
        _archive(project, folder / ARCHIVE)
        findings.append(
            f"{project} is not a Git repository with its whole history, so the bundle has the files as they are "
            f"({ARCHIVE}) and no history; hand over from a full clone."
        )
    return findings


def _bundle_repository(folder: Path, project: Path) -> list[str]:
    """Write the repository's history up to HEAD as a Git bundle, where it has all of it; returns findings."""
    if git(project, "rev-parse", "--is-shallow-repository").strip() != "false":
        return []
    branch = git(project, "symbolic-ref", "--quiet", "--short", "HEAD").strip()
    refs = ["HEAD", *([branch] if branch else []), "--tags"]
    target = folder / REPOSITORY
    git(project, "bundle", "create", "--quiet", str(target), *refs)
    changed = git(project, "status", "--porcelain", "--untracked-files=all").splitlines()
    if changed and target.exists():
        names = ", ".join(line[3:] for line in changed[:5]) + (", …" if len(changed) > 5 else "")
        return [f"{len(changed)} changes in {project} are not committed and not in the bundle: {names}."]
    return []


def _archive(project: Path, target: Path) -> None:
    """Archive the project's own files; those that Git would take, where there is Git without a usable history."""
    listed = [
        name for name in git(project, "ls-files", "-z", "-co", "--exclude-standard").split("\0") if name
    ]
    names: Iterable[str] = listed or [part for part in PROJECT_PARTS if (project / part).exists()]
    try:
        with tarfile.open(target, "w:gz", compresslevel=6) as archive:
            for name in names:
                if os.path.lexists(project / name):
                    archive.add(project / name, f"cartable/{name}", filter=_archived)
    except OSError as error:
        raise CartableError(
            f"{project} cannot be archived into the bundle ({error}); check its files."
        ) from error


def _archived(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
    return None if NOT_ARCHIVED & set(member.name.split("/")) else member


def git(project: Path, *arguments: str) -> str:
    """What Git says of the project; empty when it fails or is not there (no repository, no commit)."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    command = ["git", "-c", "safe.directory=*", "-C", str(project), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=environment, encoding="utf-8")
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def first_line(*command: str) -> str | None:
    """Return the first line that a command says of itself; None when it is not there."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, text=True)
    except FileNotFoundError:
        return None
    return next(iter((done.stdout or done.stderr).splitlines()), None)
