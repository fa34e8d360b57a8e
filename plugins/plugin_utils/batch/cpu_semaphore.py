# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Semaphore that limits how many hosts are evaluated at once to the controller's processors.

With fifty at once, all targets would start together and late, and all worker processes would be at their largest then.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Seconds to wait before continuing without a token: the holder may wait for this host, or may have been killed.
LONGEST_WAIT = 120.0


class CpuSemaphore:
    """Tokens in a pipe, shared by all processes that are forked from the one that made it."""

    def __init__(self, tokens: int, longest_wait: float = LONGEST_WAIT) -> None:
        self._longest_wait = longest_wait
        self._free, self._back = os.pipe()
        os.set_blocking(self._free, False)
        os.write(self._back, b"." * tokens)
        self._has_token = False

    @contextmanager
    def acquired(self, seconds: float | None = None) -> Iterator[bool]:
        """Hold a token during the block; yields False if none was free in time."""
        self._acquire(self._longest_wait if seconds is None else seconds)
        try:
            yield self._has_token
        finally:
            self._release()

    @contextmanager
    def released(self) -> Iterator[None]:
        """Give the token back while the block waits for something; blocks may be nested."""
        had_token = self._has_token
        self._release()
        try:
            yield
        finally:
            if had_token:
                self._acquire(self._longest_wait)

    def _acquire(self, seconds: float) -> None:
        end, ready = time.monotonic() + seconds, select.poll()
        ready.register(self._free, select.POLLIN)
        while (remaining := end - time.monotonic()) > 0:
            ready.poll(remaining * 1000)
            with suppress(BlockingIOError):  # another process was faster
                self._has_token = bool(os.read(self._free, 1))
                return

    def _release(self) -> None:
        if self._has_token:
            self._has_token = False
            os.write(self._back, b".")


# Created in the process that forks: a strategy imports each action plugin there.
CPUS = CpuSemaphore(os.cpu_count() or 1)
