# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A function that can be left in the middle, however deep in other people's code, and gone on with later."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Left(BaseException):
    """The function is not gone on with; not an Exception, so that nothing swallows it."""


class Turns[Asked, Given, Result]:
    """Runs ``function`` in a thread that takes turns with its owner: never do both run.

    The function calls ``ask`` to be left; it returns what the owner gives to ``go_on``.
    """

    def __init__(self, function: Callable[[], Result]) -> None:
        self.asked: Asked | None = None  # what it waits for; None once it has ended
        self._function = function
        self._given: Given | None = None
        self._result: Result
        self._error: BaseException | None = None
        self._left = False
        # Taken by who waits, given back by the other: a semaphore would make a lock for each wait besides.
        self._owner, self._inner = threading.Lock(), threading.Lock()
        self._owner.acquire()
        self._inner.acquire()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Run it until it asks or ends; raises what it raises."""
        self._thread.start()
        self._wait()

    def ask(self, asked: Asked) -> Given:
        """Called by the function: wait until the owner gives something."""
        self.asked = asked
        self._owner.release()
        self._inner.acquire()
        self.asked = None
        if self._left:
            raise Left
        return self._given  # type: ignore[return-value]  # set by go_on

    def go_on(self, given: Given) -> None:
        """Give it what it asked for, and run it until it asks again or ends; raises what it raises."""
        self._given = given
        self._inner.release()
        self._wait()

    def leave(self) -> None:
        """End it where it is."""
        if self.asked is not None:
            self._left = True
            self._inner.release()
            self._thread.join()

    def result(self) -> Result:
        """What it returned; only once it has ended."""
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:  # handed to the owner
            self._error = error
        self._owner.release()

    def _wait(self) -> None:
        self._owner.acquire()
        if self._error is not None:
            raise self._error
