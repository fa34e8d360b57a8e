# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lets as many hosts be worked out at a time as the controller has processors.

Fifty at once would all be ready at the same late moment, when fifty targets begin together; each worker would be at its
largest at that moment, too.
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

# Seconds. What a host works out may wait for what another one does, and a worker that is killed gives nothing back.
LONGEST = 120.0


class Pace:
    """Turns that processes take, forked from the one that made it; a turn may be set aside while something is awaited."""

    def __init__(self, turns: int, longest: float = LONGEST) -> None:
        self._longest = longest
        self._left, self._back = os.pipe()
        os.set_blocking(self._left, False)
        os.write(self._back, b"." * turns)
        self._has_turn = False

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, at most ``longest`` seconds, and have it until the block ends."""
        with self.turn_within(self._longest):
            yield

    @contextmanager
    def turn_within(self, seconds: float) -> Iterator[bool]:
        """Wait for a turn, at most so long, and have it until the block ends; whether there is one."""
        self._take(seconds)
        try:
            yield self._has_turn
        finally:
            self._give()

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Let another one have the turn while the block waits for something."""
        self._give()
        try:
            yield
        finally:
            self._take(self._longest)

    def _take(self, seconds: float) -> None:
        end, ready = time.monotonic() + seconds, select.poll()
        ready.register(self._left, select.POLLIN)
        while (remaining := end - time.monotonic()) > 0:
            ready.poll(remaining * 1000)
            with suppress(BlockingIOError):  # another one was faster
                self._has_turn = bool(os.read(self._left, 1))
                return

    def _give(self) -> None:
        if self._has_turn:
            self._has_turn = False
            os.write(self._back, b".")


# Made where the play is run, before it forks: the strategy imports an action plugin to look at its class.
PACE = Pace(os.cpu_count() or 1)
