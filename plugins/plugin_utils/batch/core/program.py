# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A program on the target that is heard while it runs, and may be asked more: one execution for many segments.

Ansible's connection executes it, in a thread that is left whenever the program has said something and gone on with when
somebody wants to hear more. So whoever has asked it can do anything else in between, also over that connection.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from contextvars import copy_context
from typing import Any

from ansible.errors import AnsibleConnectionFailure
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.hearing import heard
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.payload import behind_length
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.turns import Turns

ENDING = 5.0  # seconds, from when nobody asks any more; then the connection is ended
# What an executor sets on a connection, and what that keeps for the password of a login.
OF_A_TASK = ("become", "_play_context", "_options", "shm", "sshpass_pipe")

# Executes a program, which is heard within the given context.
Execute = Callable[[AbstractContextManager[None]], Mapping[str, Any]]


class Program:
    """Executed over a ``connection`` by ssh, as that is set up now. It ``stays`` where its input is kept open."""

    def __init__(
        self, connection: Any, execute: Execute, may_begin: Callable[[], None], *, stays: bool
    ) -> None:
        self.keeps_input = stays
        self.said: Mapping[str, Any] | None = None  # once it has ended: rc, stdout and stderr
        self._connection = connection
        self._settings = self._settings_now()
        self._may_begin = may_begin
        self._again = False  # was asked more, or is to end
        self._process: subprocess.Popen[bytes] | None = None
        self._input: Any = None
        context = copy_context()
        self._turns: Turns[bytes, None, Mapping[str, Any]] = Turns(
            lambda: context.run(lambda: execute(heard(connection, self)))
        )
        with self._own_settings():
            self._turns.start()

    def pieces(self) -> Iterator[bytes]:
        """What it prints, until it has ended or nobody wants to hear more. Raises what its execution raises."""
        while (piece := self._turns.asked) is not None:
            yield piece
            self._go_on()
        self.said = self._turns.result()

    def ask(self, message: bytes) -> bool:
        """Ask it more; whether it is still there. Where it is not, nothing of the message was done."""
        if not self.keeps_input or self._turns.asked is None or self._process is None:
            return False
        if self._process.poll() is not None:
            return False
        self._again = True
        try:
            self._input.write(behind_length(message))
            self._input.flush()
        except OSError:
            return False  # it had the length, and so knows that something is missing
        self._go_on()
        return True

    def hide(self) -> None:
        """Show nothing of what it prints with ``-vvv``. Not before it has begun: ssh would not say why it cannot connect."""
        self._settings["_play_context"].no_log = True

    def end(self) -> None:
        """Let it end, since nobody will ask it more, or hear what it still prints."""
        self._again = True
        if self._turns.asked is None:
            return
        if self.keeps_input and self._process is not None:
            with suppress(OSError):
                self._input.close()
            try:
                self._process.wait(ENDING)
            except subprocess.TimeoutExpired:
                self._process.terminate()
        with suppress(Exception):  # nobody asked for what it has to say
            for _ in self.pieces():
                pass

    def _go_on(self) -> None:
        with self._own_settings():
            self._turns.go_on(None)

    @contextmanager
    def _own_settings(self) -> Iterator[None]:
        """Have the connection as the program needs it: tasks set it up for themselves in between."""
        kept = self._settings_now()
        vars(self._connection).update(self._settings)
        try:
            yield
        finally:
            self._settings = self._settings_now()
            vars(self._connection).update(kept)

    def _settings_now(self) -> dict[str, Any]:
        return {name: getattr(self._connection, name, None) for name in OF_A_TASK}

    # What its connection tells, in its thread ------------------------------------------------------------------------

    def begin(self) -> None:
        """Ansible starts it, perhaps once more (reconnection_retries), which would do again what was done."""
        if self._again:
            raise AnsibleConnectionFailure("The connection was lost while the tasks ran.")
        self._may_begin()

    def begun(self, process: subprocess.Popen[bytes]) -> None:
        """It is started."""
        self._process, self._input = process, process.stdin

    def hear(self, piece: bytes) -> None:
        """It has printed something: leave it until somebody wants to hear more."""
        self._turns.ask(piece)
