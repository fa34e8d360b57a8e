# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Interactive program on the target: one execution for many segments.

Ansible's connection executes it in a thread that pauses after each piece of output until the next one is read. In
between, its owner may do other things, also over the same connection.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import copy_context
from typing import Any

from ansible.errors import AnsibleConnectionFailure

from ..payload import with_length
from ..thread_coroutine import ThreadCoroutine
from .ssh_stream import streamed

END_TIMEOUT = 5.0  # seconds to end after its input is closed; then ssh is terminated
# What an executor sets on a connection for a task, and what that keeps for the password of a login.
OF_A_TASK = ("become", "_play_context", "_options", "shm", "sshpass_pipe")

Execute = Callable[[AbstractContextManager[None]], Mapping[str, Any]]  # within the given context


class Program:
    """Program executed over an ssh ``connection`` with its current settings; ``stays``: its input stays open."""

    def __init__(
        self, connection: Any, execute: Execute, may_start: Callable[[], None], *, stays: bool
    ) -> None:
        self.keeps_input = stays
        self.ended: Mapping[str, Any] | None = None  # rc, stdout and stderr
        self._connection = connection
        self._settings = self._current_settings()
        self._may_start = may_start
        self._started_once = False
        self._process: subprocess.Popen[bytes] | None = None
        self._input: Any = None
        context = copy_context()
        self._thread: ThreadCoroutine[bytes, None, Mapping[str, Any]] = ThreadCoroutine(
            lambda: context.run(lambda: execute(streamed(connection, self)))
        )
        with self._own_settings():
            self._thread.start()

    def pieces(self) -> Iterator[bytes]:
        """Its output, until it has ended or the caller stops. Raises what its execution raises."""
        while (piece := self._thread.asked) is not None:
            yield piece
            self._resume()
        self.ended = self._thread.result()

    def ask(self, message: bytes) -> bool:
        """Send it a message; False if it has ended and ran no job of the message."""
        if not self.keeps_input or self._thread.asked is None or self._process is None:
            return False
        if self._process.poll() is not None:
            return False
        self._started_once = True
        try:
            self._input.write(with_length(message))
            self._input.flush()
        except OSError:
            return False  # it ignores a message that is shorter than its length
        self._resume()
        return True

    def hide_output(self) -> None:
        """Hide its output at ``-vvv``; once it has started, since ssh would not say why it cannot connect."""
        self._settings["_play_context"].no_log = True

    def end(self) -> None:
        """End it and drop its remaining output."""
        self._started_once = True
        if self._thread.asked is None:
            return
        if self.keeps_input and self._process is not None:
            with suppress(OSError):
                self._input.close()
            try:
                self._process.wait(END_TIMEOUT)
            except subprocess.TimeoutExpired:
                self._process.terminate()
        with suppress(Exception):
            for _ in self.pieces():
                pass

    def _resume(self) -> None:
        with self._own_settings():
            self._thread.resume(None)

    @contextmanager
    def _own_settings(self) -> Iterator[None]:
        """Set up the connection for the program: tasks set it up for themselves in between."""
        kept = self._current_settings()
        vars(self._connection).update(self._settings)
        try:
            yield
        finally:
            self._settings = self._current_settings()
            vars(self._connection).update(kept)

    def _current_settings(self) -> dict[str, Any]:
        return {name: getattr(self._connection, name, None) for name in OF_A_TASK}

    # Listener of the connection, in its thread -----------------------------------------------------------------------

    def before_start(self) -> None:
        """Refuse a second start (reconnection_retries), which would do again what was done."""
        if self._started_once:
            raise AnsibleConnectionFailure("The connection was lost while the tasks ran.")
        self._may_start()

    def started(self, process: subprocess.Popen[bytes]) -> None:
        self._process, self._input = process, process.stdin

    def receive(self, piece: bytes) -> None:
        self._thread.ask(piece)
