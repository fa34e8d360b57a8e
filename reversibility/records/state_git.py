"""Git, as the state uses it: one commit a run, undisturbed by the operator's own Git settings."""

from __future__ import annotations

import io
import socket
import subprocess
from collections.abc import Iterable
from pathlib import Path

from reversibility.errors import CartableError
from reversibility.records.git import git, require_trust
from reversibility.records.origin import user_name


class StateRepository:
    """The Git repository in ``directory``. Methods that write want ``lock``, the descriptor of the state's
    lock.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def exists(self) -> bool:
        """Tell whether there is a whole repository; ``git init`` makes HEAD last but one and refs before
        it.
        """
        return (self.directory / ".git" / "HEAD").is_file() and (self.directory / ".git" / "objects").is_dir()

    def initialise(self, lock: int) -> None:
        """Make the repository where it is missing, or complete one whose making was interrupted."""
        self._remove_stale_locks()
        require_trust(self.directory)
        self.run("init", "--quiet", lock=lock)

    def commit_all(self, message: str, lock: int) -> str | None:
        """Commit everything in the work tree; None when that is what the last commit holds already."""
        if not self.exists():
            raise CartableError(
                f"{self.directory} is not a state; run playbooks/observe.yml, which makes it."
            )
        self._remove_stale_locks()
        self.run("add", "--all", lock=lock)
        if self.has_commits() and not self.run("diff", "--cached", "--name-only", "-z", lock=lock):
            return None
        self.run("commit", "--quiet", "--allow-empty-message", "--file=-", lock=lock, text=message)
        return self.run("rev-parse", "HEAD").strip()

    def has_commits(self) -> bool:
        """Tell whether anything was ever committed. Raises CartableError when Git does not say."""
        result = self._call("rev-parse", "--quiet", "--verify", "HEAD")
        if result.returncode == 1 and not result.stderr:
            return False
        self._require_success(result, "rev-parse")
        return True

    def is_whole(self) -> bool:
        """Tell whether the history goes back to its beginning: neither shallow nor partial."""
        git_folder = self.directory / ".git"
        return (
            not (git_folder / "shallow").exists()
            and not (git_folder / "objects" / "info" / "alternates").exists()
        )

    def check(self) -> list[str]:
        """Ask ``git fsck``; its lines are the problems."""
        if not self.exists():
            return [f"{self.directory}: there is no Git repository"]
        result = self._call("fsck", "--full", "--no-dangling", "--no-progress")
        if result.returncode == 0:
            return []
        lines = _decoded(result.stderr + result.stdout).splitlines()
        return [f".git: {line}" for line in lines if line.strip()]

    def blobs(self, identifiers: Iterable[str]) -> dict[str, bytes]:
        """Read what Git keeps under many identifiers, with one process. Raises CartableError when it fails."""
        wanted = sorted(identifiers)
        if not wanted:
            return {}
        text = "".join(f"{identifier}\n" for identifier in wanted)
        output = io.BytesIO(self._checked("cat-file", "--batch", text=text))
        found = {}
        for identifier in wanted:
            size = output.readline().rpartition(b" ")[2]  # "<identifier> blob <bytes>"
            found[identifier] = output.read(int(size))
            output.read(1)  # the line's end that Git adds
        return found

    def run(self, *arguments: str, lock: int | None = None, text: str = "") -> str:
        """Run Git and return what it prints.

        With ``lock``, Git inherits the descriptor, and so goes on holding the state's lock when we are
        killed and it is not. Raises CartableError with Git's last line when it fails.
        """
        return _decoded(self._checked(*arguments, lock=lock, text=text))

    def _checked(self, *arguments: str, lock: int | None = None, text: str = "") -> bytes:
        result = self._call(*arguments, lock=lock, text=text)
        self._require_success(result, arguments[0])
        return result.stdout

    def _require_success(self, result: subprocess.CompletedProcess[bytes], command: str) -> None:
        if result.returncode != 0:
            reason = (_decoded(result.stderr).strip().splitlines() or [f"status {result.returncode}"])[-1]
            raise CartableError(
                f"git {command} failed in the state {self.directory} ({reason}); "
                "see what reversibility state verify says."
            )

    def _call(
        self, *arguments: str, lock: int | None = None, text: str = "", is_new: bool = False
    ) -> subprocess.CompletedProcess[bytes]:
        user = user_name()
        return git(
            self.directory,
            *arguments,
            text=text,
            settings={"user.name": user, "user.email": f"{user}@{socket.gethostname()}"},
            descriptors=() if lock is None else (lock,),
            is_new=is_new,
        )

    def _remove_stale_locks(self) -> None:
        """Remove the lock files of Git processes that were killed.

        Only ours write here, each while holding the state's lock, which we hold now: whoever made them is
        dead.
        """
        git = self.directory / ".git"
        names = (
            "index.lock",
            "HEAD.lock",
            "config.lock",
            "packed-refs.lock",
            "shallow.lock",
            "gc.pid.lock",
            "gc.pid",
        )
        for stale in [*(git / name for name in names), *(git / "refs").rglob("*.lock")]:
            stale.unlink(missing_ok=True)


def _decoded(output: bytes) -> str:
    return output.decode("utf-8", "surrogateescape")
