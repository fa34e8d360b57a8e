"""The project itself in a bundle: its Git history, or its files where it has none."""

from __future__ import annotations

import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from reversibility.errors import CartableError

REPOSITORY, ARCHIVE = "depot.bundle", "depot.tar.gz"
# What of a project that is no Git repository is its own; the rest (records, environments, caches) is not.
PROJECT_PARTS = (
    "ansible.cfg", "galaxy.yml", "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "CHANGELOG.md",
    "meta", "playbooks", "roles", "plugins", "reversibility", "scripts", "tests", "docs", "changelogs",
    "inventories",
)  # fmt: skip
GIT = ("git", "-c", "safe.directory=*")
NOT_ARCHIVED = frozenset({"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"})


def copy_project(folder: Path, project: Path, market: str) -> list[str]:
    """Write the project as a Git bundle with its history, or as an archive where there is none; returns findings.

    The inventories of other markets are left out of both, in all of the history: they are somebody else's.
    """
    findings: list[str] = []
    if git(project, "rev-parse", "--show-toplevel").strip():
        findings += _bundle_repository(folder, project, market)
    if not (folder / REPOSITORY).exists():
        _archive(project, folder / ARCHIVE, market)
        findings.append(
            f"{project} is not a Git repository with its whole history, so the bundle has the files as they are "
            f"({ARCHIVE}) and no history; hand over from a full clone."
        )
    return findings


def other_markets(project: Path, market: str) -> list[str]:
    """The folders of ``inventories/`` that the project's history has and that are not this market's."""
    listed = git(
        project, "log", "--format=", "--name-only", "--no-renames", "--relative", "HEAD", "--", "inventories"
    )
    parts = (name.split("/") for name in listed.splitlines())
    return sorted({words[1] for words in parts if len(words) > 2} - {market})


def _bundle_repository(folder: Path, project: Path, market: str) -> list[str]:
    """Write the repository's history up to HEAD as a Git bundle, where it has all of it; returns findings."""
    if git(project, "rev-parse", "--is-shallow-repository").strip() != "false":
        return []
    branch = git(project, "symbolic-ref", "--quiet", "--short", "HEAD").strip()
    refs = ["HEAD", *([branch] if branch else []), "--tags"]
    target = folder / REPOSITORY
    others = other_markets(project, market)
    if others:
        with tempfile.TemporaryDirectory(prefix=".depot-", dir=folder) as scratch:
            _filter(project, Path(scratch), branch, [f":(exclude)inventories/{name}" for name in others])
            git(Path(scratch), "bundle", "create", "--quiet", str(target), *refs)
    else:
        git(project, "bundle", "create", "--quiet", str(target), *refs)
    changed = git(project, "status", "--porcelain", "--untracked-files=all").splitlines()
    if changed and target.exists():
        names = ", ".join(line[3:] for line in changed[:5]) + (", …" if len(changed) > 5 else "")
        return [f"{len(changed)} changes in {project} are not committed and not in the bundle: {names}."]
    return []


def _filter(project: Path, bare: Path, branch: str, left_out: Sequence[str]) -> None:
    """Write the history up to HEAD without some paths into the new repository ``bare``; its commits are new ones."""
    name = branch or "remise"
    git(bare, "init", "--quiet", "--bare", f"--initial-branch={name}", str(bare))
    export = ["fast-export", "--signed-tags=strip", "--tag-of-filtered-object=rewrite", "--reencode=yes"]
    source = [
        *export,
        *(() if branch else (f"--refspec=HEAD:refs/heads/{name}",)),
        branch or "HEAD",
        "--tags",
    ]
    with subprocess.Popen(
        [*GIT, "-C", str(project), *source, "--", ":/", *left_out],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_environment(),
    ) as exported:
        subprocess.run(
            [*GIT, "-C", str(bare), "fast-import", "--quiet"],
            stdin=exported.stdout,
            stderr=subprocess.DEVNULL,
            check=False,
            env=_environment(),
        )
    if exported.returncode != 0:
        raise CartableError(
            f"The history of {project} cannot be read by git fast-export; check it with git fsck."
        )


def _archive(project: Path, target: Path, market: str) -> None:
    """Archive the project's own files; those that Git would take, where there is Git without a usable history."""
    listed = [
        name for name in git(project, "ls-files", "-z", "-co", "--exclude-standard").split("\0") if name
    ]
    names: Iterable[str] = listed or [part for part in PROJECT_PARTS if (project / part).exists()]
    others = [f"cartable/inventories/{name}" for name in _folders(project / "inventories") if name != market]

    def wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        strange = any(member.name == other or member.name.startswith(f"{other}/") for other in others)
        return None if strange or NOT_ARCHIVED & set(member.name.split("/")) else member

    try:
        with tarfile.open(target, "w:gz", compresslevel=6) as archive:
            for name in names:
                if os.path.lexists(project / name):
                    archive.add(project / name, f"cartable/{name}", filter=wanted)
    except OSError as error:
        raise CartableError(
            f"{project} cannot be archived into the bundle ({error}); check its files."
        ) from error


def _folders(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir() if entry.is_dir()] if path.is_dir() else []


def git(project: Path, *arguments: str) -> str:
    """What Git says of the project; empty when it fails or is not there (no repository, no commit)."""
    command = [*GIT, "-C", str(project), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=_environment(), encoding="utf-8")
    except FileNotFoundError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def _environment() -> dict[str, str]:
    return {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}


def first_line(*command: str) -> str | None:
    """Return the first line that a command says of itself; None when it is not there."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, text=True)
    except FileNotFoundError:
        return None
    return next(iter((done.stdout or done.stderr).splitlines()), None)
