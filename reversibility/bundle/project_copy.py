"""The project itself in a bundle: its Git history, or its files where it has none."""

from __future__ import annotations

import gzip
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path

from reversibility.bundle.findings import Finding
from reversibility.errors import CartableError
from reversibility.records.git import SETTINGS, environment, repository_root
from reversibility.records.git import git as run_git

REPOSITORY, ARCHIVE = "depot.bundle", "depot.tar.gz"
# What of a project that is no Git repository is its own; the rest (records, environments, caches) is not.
PROJECT_PARTS = (
    "ansible.cfg", "galaxy.yml", "pyproject.toml", "constraints.txt", "README.md", "LICENSE", "CHANGELOG.md",
    "meta", "playbooks", "roles", "plugins", "reversibility", "scripts", "tests", "docs", "changelogs",
    "inventories",
)  # fmt: skip
NOT_ARCHIVED = frozenset({"__pycache__", ".mypy_cache", ".pytest_cache", ".ruff_cache"})


def copy_project(folder: Path, project: Path, market: str) -> list[Finding]:
    """Write the project as a Git bundle with its history, or as an archive where there is none; returns findings.

    The inventories of other markets are left out of both, in all of the history: they are somebody else's.
    """
    findings: list[Finding] = []
    if git(project, "rev-parse", "--show-toplevel").strip():
        findings += _bundle_repository(folder, project, market)
    if not (folder / REPOSITORY).exists():
        _archive(project, folder / ARCHIVE, market)
        findings.append(
            Finding(
                f"{project} is not a Git repository with its whole history, so the bundle has the files as they are "
                f"({ARCHIVE}) and no history; hand over from a full clone.",
                f"Le projet n’a pas d’historique Git complet\u00a0: ses fichiers sont remis tels quels ({ARCHIVE}).",
            )
        )
    return findings


def other_markets(project: Path, market: str) -> list[str]:
    """The folders of ``inventories/`` that the project's history has and that are not this market's."""
    listed = git(
        project, "log", "--format=", "--name-only", "--no-renames", "--relative", "HEAD", "--", "inventories"
    )
    parts = (name.split("/") for name in listed.splitlines())
    return sorted({words[1] for words in parts if len(words) > 2} - {market})


def _bundle_repository(folder: Path, project: Path, market: str) -> list[Finding]:
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
        return [
            Finding(
                f"{len(changed)} changes in {project} are not committed and not in the bundle: {names}.",
                f"Modifications du projet non enregistrées dans Git, donc non remises ({len(changed)})\u00a0: {names}.",
            )
        ]
    return []


def _filter(project: Path, bare: Path, branch: str, left_out: Sequence[str]) -> None:
    """Write the history up to HEAD without some paths into the new repository ``bare``; its commits are new ones."""
    name = branch or "remise"
    settings = [part for key, value in SETTINGS.items() for part in ("-c", f"{key}={value}")]
    subprocess.run(
        ["git", *settings, "init", "--quiet", "--bare", f"--initial-branch={name}", str(bare)],
        check=True,
        env=environment(),
    )
    export = ["fast-export", "--signed-tags=strip", "--tag-of-filtered-object=rewrite", "--reencode=yes"]
    source = [
        *export,
        *(() if branch else (f"--refspec=HEAD:refs/heads/{name}",)),
        branch or "HEAD",
        "--tags",
    ]
    trusted = ["-c", f"safe.directory={repository_root(project)}"]
    with subprocess.Popen(
        ["git", *settings, *trusted, "-C", str(project), *source, "--", ":/", *left_out],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(),
    ) as exported:
        subprocess.run(
            ["git", *settings, "-C", str(bare), "fast-import", "--quiet"],
            stdin=exported.stdout,
            stderr=subprocess.DEVNULL,
            check=False,
            env=environment(),
        )
    if exported.returncode != 0:
        raise CartableError(
            f"The history of {project} cannot be read by git fast-export; check it with git fsck."
        )


def _archive(project: Path, target: Path, market: str) -> None:
    """Archive the project's own files: those of the last commit, or where there is no Git, the folders of a project.

    Never what merely lies in the folder: a vault, a holder's key or records may (``reversibility open … --output``).
    """
    others = [name for name in _folders(project / "inventories") if name != market]
    at_root = (
        git(project, "rev-parse", "--show-toplevel")
        and not git(project, "rev-parse", "--show-prefix").strip()
    )
    left_out = [f":(exclude)inventories/{name}" for name in others]
    committed = (
        git_bytes(project, "archive", "--format=tar", "--prefix=cartable/", "HEAD", "--", ".", *left_out)
        if at_root
        else b""
    )

    def wanted(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        folders = [f"cartable/inventories/{name}" for name in others]
        strange = any(member.name == other or member.name.startswith(f"{other}/") for other in folders)
        return None if strange or NOT_ARCHIVED & set(member.name.split("/")) else member

    try:
        if committed:
            target.write_bytes(gzip.compress(committed, compresslevel=6, mtime=0))
            return
        with tarfile.open(target, "w:gz", compresslevel=6) as archive:
            for name in PROJECT_PARTS:
                if os.path.lexists(project / name):
                    archive.add(project / name, f"cartable/{name}", filter=wanted)
    except OSError as error:
        raise CartableError(
            f"{project} cannot be archived into the bundle ({error}); check its files."
        ) from error


def _folders(path: Path) -> list[str]:
    return [entry.name for entry in path.iterdir() if entry.is_dir()] if path.is_dir() else []


def git_bytes(project: Path, *arguments: str) -> bytes:
    """What Git says of the project; empty when it fails or is not there (no repository, no commit, another owner)."""
    try:
        done = run_git(project, *arguments, settings={"core.fsync": "none"}, tracked_settings=True)
    except CartableError:
        return b""
    return done.stdout if done.returncode == 0 else b""


def git(project: Path, *arguments: str) -> str:
    """The same, as text."""
    return git_bytes(project, *arguments).decode("utf-8", "surrogateescape")


def first_line(*command: str) -> str | None:
    """Return the first line that a command says of itself; None when it is not there."""
    try:
        done = subprocess.run(command, capture_output=True, check=False, text=True)
    except FileNotFoundError:
        return None
    return next(iter((done.stdout or done.stderr).splitlines()), None)
