"""Atomic file replacement: a reader sees the old content or the new one."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
from pathlib import Path

from reversibility.errors import CartableError

TEMPORARY_SUFFIX = ".tmp"


def write_atomically(path: Path, data: bytes, mode: int = 0o644, *, scratch: Path | None = None) -> None:
    """Replace the content of ``path`` by ``data`` atomically.

    A temporary file is written, synchronised to the disk and renamed, and the folder is synchronised as
    well, so that the new content also survives a power cut once this returns. Missing parent folders are
    made.

    The temporary file lies beside ``path``, or in ``scratch`` (same file system), where a killed writer's
    left-overs are found without walking a whole tree (see ``remove_leftovers``).

    Raises CartableError when the file cannot be written.
    """
    folder = scratch or path.parent
    try:
        for needed in {folder, path.parent}:
            make_folder(needed)
        while not _write_once(path, data, mode, folder):
            pass
        sync_folder(path.parent)
    except OSError as error:
        raise CartableError(
            f"{path} cannot be written ({error.strerror or error}); check the disk's space and the "
            "folder's rights."
        ) from error


def _write_once(path: Path, data: bytes, mode: int, folder: Path) -> bool:
    """Write and rename one temporary file; False if a cleaner removed it before it was locked."""
    temporary = folder / f".{path.name[:100]}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        # The lock tells a cleaner that the writer is alive; the kernel drops it when the writer dies.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        view = memoryview(data)
        while view:
            view = view[os.write(descriptor, view) :]
        os.fchmod(descriptor, mode)
        os.fsync(descriptor)
        try:
            temporary.rename(path)
        except FileNotFoundError:
            if path.parent.is_dir():
                return False
            raise
        return True
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink()
        raise
    finally:
        os.close(descriptor)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and its parents for their owner alone, and synchronise the parents, so that they survive a
    power cut as well.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    with contextlib.suppress(FileExistsError):  # another process created it meanwhile
        folder.mkdir(mode=0o700)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Synchronise a folder's entries (a rename, a new file) to the disk."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_leftovers(folder: Path) -> int:
    """Remove the temporary files in ``folder`` whose writer is dead; return how many there were.

    A living writer holds a lock on its file. One that made its file but has not locked it yet may lose it; it
    notices at the rename and writes again.
    """
    removed = 0
    if not folder.is_dir():
        return removed
    for leftover in folder.glob(f".*{TEMPORARY_SUFFIX}"):
        try:
            descriptor = os.open(leftover, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:  # renamed meanwhile by its writer
            continue
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            leftover.unlink()
            removed += 1
        except OSError:  # its writer lives, or has just renamed it
            continue
        finally:
            os.close(descriptor)
    return removed
