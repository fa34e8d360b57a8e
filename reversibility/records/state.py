"""The state: what was seen, in a directory that is its own Git repository.

``<site>/<asset>/<name>`` holds the records of one asset. What changes with every run lies in
``<site>/<asset>/volatile.json``, which Git ignores, so that two runs over an unchanged fleet make no
difference. ``journal/<controller>/`` is the journal's and is committed along.
"""

from __future__ import annotations

import contextlib
import difflib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any

from reversibility.errors import CartableError
from reversibility.records.atomic import make_folder, remove_leftovers, write_atomically
from reversibility.records.json_text import read_json, whole_characters
from reversibility.records.locking import file_lock
from reversibility.records.state_git import StateRepository

VOLATILE = "volatile.json"
MOVED = "moved.json"  # in a folder that its asset has left
FORMER = "former.json"  # the tags that an asset had
RECIPIENT = "age-recipient.txt"
SCRATCH = ".tmp"
LOCK = ".lock"
JOURNAL = "journal"  # the folder with the journal's chains
AUTHORITY = "authority"  # the folder with the certificate and the revocation list of the market's authority
NOT_SITES = frozenset({JOURNAL, AUTHORITY})
FOLDER_NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")
IGNORED = f"""\
# Written by reversibility/records/state.py: what changes with every run, locks, and unfinished files.
/*/*/{VOLATILE}
/{SCRATCH}/
/{LOCK}
/.volatile.lock
/.authority.lock
/journal/*/.lock
/journal/**/.*.tmp
"""
AGE_HEADER = b"age-encryption.org/v1\n"

Content = Mapping[str, Any] | Sequence[Any] | str | bytes


def encode(content: Content) -> bytes:
    """Give the bytes of a record: JSON with sorted keys for data, UTF-8 for text, bytes as they are.

    Lists keep the order of their writer, who must make it stable.
    """
    if isinstance(content, bytes):
        return content
    if isinstance(content, str):
        return content.encode("utf-8", "surrogateescape")
    try:
        text = json.dumps(content, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError, RecursionError) as error:
        raise CartableError(f"A record cannot be kept as JSON ({error}).") from error
    return whole_characters(text, "\\\\").encode() + b"\n"


class State:
    """The records below ``directory``; several processes may use them at once. Opening creates nothing."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.repository = StateRepository(directory)

    @classmethod
    def create(cls, directory: Path) -> State:
        """Open the state, making its folder and its Git repository where they are missing."""
        state = cls(directory)
        try:
            make_folder(directory)
        except OSError as error:
            raise CartableError(
                f"The state's folder {directory} cannot be made ({error.strerror}); check the rights "
                "above it."
            ) from error
        ignore = directory / ".gitignore"
        if state.repository.exists() and ignore.is_file() and ignore.read_text() == IGNORED:
            return state
        with file_lock(directory / LOCK) as lock:
            state.repository.initialise(lock)
            state._write(ignore, IGNORED.encode())
        return state

    # -- records ----

    def write(self, site: str, asset: str, name: str, content: Content) -> bool:
        """Write one record atomically; True when that changed it.

        ``name`` is relative to the asset's folder, such as ``inventory.json`` or ``config/etc/hostname``.
        """
        path, data = self._path(site, asset, name), encode(content)
        if self._read(path) == data:
            return False
        self._write(path, data)
        return True

    def would_change(self, site: str, asset: str, name: str, content: Content) -> bool:
        """Tell whether ``write`` would change anything; writes nothing."""
        return self._read(self._path(site, asset, name)) != encode(content)

    def diff(self, site: str, asset: str, name: str, content: Content) -> dict[str, str]:
        """Give what ``write`` would change in the shape of Ansible's ``--diff``; long texts as a unified
        diff.
        """
        before, after = self._read(self._path(site, asset, name)) or b"", encode(content)
        header = f"{site}/{asset}/{name}"
        if b"\0" in before + after or (before + after).find(AGE_HEADER) >= 0:
            return {"prepared": f"{header}: {len(before)} bytes -> {len(after)} bytes\n"}
        old, new = (text.decode("utf-8", "replace").splitlines(keepends=True) for text in (before, after))
        return {
            "prepared": "".join(difflib.unified_diff(old, new, f"before: {header}", f"after: {header}", n=3))
        }

    def remove(self, site: str, asset: str, name: str) -> bool:
        """Remove one record; True when it was there. Git keeps what it was."""
        path = self._path(site, asset, name)
        try:
            path.unlink()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return False
        with contextlib.suppress(OSError):  # until a folder that is not empty, in which another may write
            for folder in list(path.parents)[: len(PurePosixPath(name).parts) - 1]:
                folder.rmdir()
        return True

    def read_json(self, site: str, asset: str, name: str) -> Any | None:
        """Read one JSON record; None when there is none. Raises CartableError when it is not JSON."""
        data = self.read_bytes(site, asset, name)
        if data is None:
            return None
        try:
            return read_json(data)
        except ValueError as error:
            raise CartableError(
                f"{self._path(site, asset, name)} is not JSON ({error}); restore it with git checkout."
            ) from error

    def read_bytes(self, site: str, asset: str, name: str) -> bytes | None:
        """Read one record as it is; None when there is none."""
        return self._read(self._path(site, asset, name))

    def files(self, site: str, asset: str) -> list[str]:
        """List the names of an asset's records, sorted, without the volatile one."""
        folder = self._folder(site, asset)
        names = (
            (Path(parent) / name).relative_to(folder).as_posix()
            for parent, _, names in os.walk(folder)
            for name in names
        )
        return sorted(name for name in names if name != VOLATILE)

    def assets(self) -> Iterator[tuple[str, str]]:
        """List the (site, asset) that have a folder, sorted; those that an asset has left are not among them."""
        for site in _folders(self.directory):
            if site not in NOT_SITES:
                for asset in _folders(self.directory / site):
                    if not (self.directory / site / asset / MOVED).exists():
                        yield site, asset

    def find(self, asset: str) -> tuple[str, str] | None:
        """Find the folder of an asset by its tag alone."""
        return next((pair for pair in self.assets() if pair[1] == asset), None)

    def moved_to(self, asset: str) -> str | None:
        """Where the records of an asset went that has left its folder; the last part is its tag."""
        for site in _folders(self.directory):
            if site not in NOT_SITES and (self.directory / site / asset / MOVED).is_file():
                content = self.read_json(site, asset, MOVED)
                if isinstance(content, dict) and isinstance(content.get("to"), str):
                    return str(content["to"])
        return None

    def former_tags(self, site: str, asset: str) -> list[str]:
        """The tags that an asset had before, the oldest first."""
        content = self.read_json(site, asset, FORMER)
        tags = content.get("tags") if isinstance(content, dict) else None
        return (
            [tag for tag in tags if isinstance(tag, str) and FOLDER_NAME.match(tag)]
            if isinstance(tags, list)
            else []
        )

    # -- what changes with every run ----

    def note_seen(self, site: str, asset: str, when: datetime, reachable: bool, detail: str = "") -> None:
        """Note an attempt to reach an asset; its records stay as they are when it was not reachable."""
        moment = when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        attempt: dict[str, Any] = {"time": moment, "reachable": reachable}
        if detail:
            attempt["detail"] = detail
        self.note_volatile(
            site, asset, {"last_attempt": attempt, **({"last_seen": moment} if reachable else {})}
        )

    def note_volatile(self, site: str, asset: str, values: Mapping[str, Any]) -> None:
        """Merge ``values`` into what is known but not compared: times, free space, uptime."""
        with file_lock(self.directory / ".volatile.lock"):
            self._write(self._path(site, asset, VOLATILE), encode({**self.volatile(site, asset), **values}))

    def volatile(self, site: str, asset: str) -> dict[str, Any]:
        """Read what is known of an asset but not compared; empty when nothing is."""
        content = self.read_json(site, asset, VOLATILE)
        return content if isinstance(content, dict) else {}

    # -- the key of the restorable configurations ----

    def recipient(self) -> str | None:
        """Read the public age key to which restorable configurations are encrypted; None before the first
        run.
        """
        data = self._read(self.directory / RECIPIENT)
        return data.decode("ascii").strip() if data else None

    def write_recipient(self, recipient: str) -> bool:
        """Keep the public age key, so that observing needs no vault; True when that changed it."""
        if self.recipient() == recipient.strip():
            return False
        self._write(self.directory / RECIPIENT, recipient.strip().encode("ascii") + b"\n")
        return True

    # -- what the market's certificate authority publishes ----

    def authority_lock(self) -> AbstractContextManager[int]:
        """Keep other processes from publishing at the same time."""
        return file_lock(self.directory / ".authority.lock")

    def read_authority(self, name: str) -> bytes | None:
        """Read a published file; None when there is none."""
        return self._read(self.directory / AUTHORITY / name)

    def write_authority(self, name: str, content: bytes) -> None:
        """Publish a file; the caller holds the lock."""
        if self.read_authority(name) != content:
            self._write(self.directory / AUTHORITY / name, content)

    # -- history ----

    def commit(self, message: str) -> str | None:
        """Commit all that was written, also by runs that were killed; the commit's id, None when nothing
        changed.

        Under the state's lock, which also tells whether the lock files that Git left behind are stale.
        """
        with file_lock(self.directory / LOCK, timeout=600.0) as lock:
            remove_leftovers(self.directory / SCRATCH)
            for chain in (self.directory / JOURNAL).glob("*/"):
                remove_leftovers(chain)
            return self.repository.commit_all(message, lock)

    def verify(self) -> list[str]:
        """Look for damage: JSON that does not parse, empty or unencrypted ``.age`` files, what git fsck
        says.
        """
        problems: list[str] = []
        for site, asset in self.assets():
            folder = self._folder(site, asset)
            for name in [*self.files(site, asset), VOLATILE]:
                path = folder / name
                if path.is_file():
                    problems += [f"{site}/{asset}/{name}: {problem}" for problem in _damage(path)]
        return problems + self.repository.check()

    # -- paths ----

    def _folder(self, site: str, asset: str) -> Path:
        for part in (site, asset):
            if not FOLDER_NAME.match(part) or part in NOT_SITES:
                raise CartableError(f"{part!r} cannot be a folder of the state; use letters and digits.")
        return self.directory / site / asset

    def _path(self, site: str, asset: str, name: str) -> Path:
        parts = PurePosixPath(name).parts
        unsafe = any(part in ("..", ".") or part.startswith(".git") for part in parts)
        if not parts or name.startswith("/") or "\0" in name or unsafe:
            raise CartableError(f"{name!r} cannot be a record of {asset}; name a file below its folder.")
        return self._folder(site, asset).joinpath(*parts)

    def _write(self, path: Path, data: bytes) -> None:
        write_atomically(path, data, scratch=self.directory / SCRATCH)

    @staticmethod
    def _read(path: Path) -> bytes | None:
        try:
            return path.read_bytes()
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except OSError as error:
            raise CartableError(f"{path} cannot be read ({error.strerror}); check its rights.") from error


def _folders(parent: Path) -> list[str]:
    if not parent.is_dir():
        return []
    with os.scandir(parent) as entries:
        return sorted(
            e.name for e in entries if not e.name.startswith(".") and e.is_dir(follow_symlinks=False)
        )


def _damage(path: Path) -> list[str]:
    if path.suffix == ".json":
        try:
            read_json(path.read_bytes())
        except ValueError as error:
            return [f"is not JSON ({error}); restore it with git checkout"]
    if path.suffix == ".age":
        with path.open("rb") as file:
            if file.read(len(AGE_HEADER)) != AGE_HEADER:
                return ["is not an age file; restore it with git checkout"]
    return []
