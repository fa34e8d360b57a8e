"""File locks between processes; the kernel releases them when their holder dies."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import time
from collections.abc import Iterator
from pathlib import Path

from reversibility.errors import CartableError
from reversibility.records.atomic import make_folder

FIRST_PAUSE = 0.002
LONGEST_PAUSE = 0.1


@contextlib.contextmanager
def file_lock(path: Path, timeout: float = 60.0) -> Iterator[int]:
    """Hold the exclusive lock of the file ``path`` (made where it is missing, never removed).

    Yields the file descriptor that carries the lock: a child process that inherits it (``pass_fds``) keeps
    the lock for as long as it lives, even when we are killed. ``timeout`` is in seconds.

    Raises CartableError when another process holds the lock for longer, or when the file cannot be opened.
    """
    try:
        make_folder(path.parent)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise CartableError(
            f"The lock {path} cannot be opened ({error.strerror}); check the folder's rights and its disk."
        ) from error
    try:
        _wait_for_lock(descriptor, path, timeout)
        yield descriptor
    finally:
        os.close(descriptor)  # which drops the lock, unless a child still has it


def _wait_for_lock(descriptor: int, path: Path, timeout: float) -> None:
    """Take the lock by polling: flock() has no time limit, and alarms work in main threads only."""
    deadline = time.monotonic() + timeout
    pause = FIRST_PAUSE
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except OSError as error:
            if error.errno not in (errno.EWOULDBLOCK, errno.EINTR):
                raise CartableError(
                    f"{path} cannot be locked ({error.strerror}); keep the records on a local disk."
                ) from error
        if time.monotonic() > deadline:
            raise CartableError(
                f"Another process has held {path} for {timeout:.0f} s; wait for it to end "
                f"(fuser {path} names it) and run again."
            )
        time.sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)
