"""Locks of the lab: one ``up`` or ``down`` at a time, and any number of users of podman's namespace."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.shell import LabError


@contextmanager
def exclusive(path: Path, what: str, patience: float = 600) -> Iterator[None]:
    """Hold ``path`` alone; wait up to ``patience`` seconds for whoever holds it.

    The kernel lets go of it when the holder dies, however it dies. Programs started meanwhile do not inherit it.
    """
    descriptor = _open(path)
    try:
        deadline = time.monotonic() + patience
        while not _try(descriptor, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise LabError(
                    f"Another {what} has been running for {patience:.0f} s; wait for it or end it."
                )
            time.sleep(0.1)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def shared(path: Path) -> Iterator[None]:
    """Hold ``path`` together with others."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


def in_use(path: Path) -> bool:
    """Whether anybody holds ``path``."""
    descriptor = _open(path)
    try:
        return not _try(descriptor, fcntl.LOCK_EX)
    finally:
        os.close(descriptor)


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
