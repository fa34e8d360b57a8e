# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Coroutine in a thread: a function that can pause at any depth, also inside third-party code."""

from __future__ import annotations

import threading
from collections.abc import Callable


class Cancelled(BaseException):
    """The function is not resumed; not an Exception, so that nothing swallows it."""


class ThreadCoroutine[Asked, Given, Result]:
    """Runs ``function`` in a thread that alternates with its owner: the two never run at the same time.

    The function calls ``ask`` to pause; ``ask`` returns the value that the owner passes to ``resume``.
    """

    def __init__(self, function: Callable[[], Result]) -> None:
        self.asked: Asked | None = None  # None once it has ended
        self._function = function
        self._given: Given | None = None
        self._result: Result
        self._error: BaseException | None = None
        self._cancelled = False
        # The waiting side acquires it, the other side releases it.
        self._owner, self._inner = threading.Lock(), threading.Lock()
        self._owner.acquire()
        self._inner.acquire()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        """Run the function until it asks or ends; raises its exceptions."""
        self._thread.start()
        self._wait()

    def ask(self, asked: Asked) -> Given:
        """Pause until the owner resumes; called by the function."""
        self.asked = asked
        self._owner.release()
        self._inner.acquire()
        self.asked = None
        if self._cancelled:
            raise Cancelled
        return self._given  # type: ignore[return-value]  # set by resume

    def resume(self, given: Given) -> None:
        """Run the function until it asks again or ends; raises its exceptions."""
        self._given = given
        self._inner.release()
        self._wait()

    def cancel(self) -> None:
        """End it where it is."""
        if self.asked is not None:
            self._cancelled = True
            self._inner.release()
            self._thread.join()

    def result(self) -> Result:
        """What it returned; only once it has ended."""
        return self._result

    def _run(self) -> None:
        try:
            self._result = self._function()
        except BaseException as error:  # raised again by the owner
            self._error = error
        self._owner.release()

    def _wait(self) -> None:
        self._owner.acquire()
        if self._error is not None:
            raise self._error
