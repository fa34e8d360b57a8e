# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Target of a batch: the machine on which the tasks run, reached over the connection of the batch's action plugin."""

from __future__ import annotations

import copy
import functools
import shlex
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any, Protocol

from ansible.plugins.action import ActionBase

from ..payload import START, AnswerReader, answers, program, with_length
from .jobs import Job, identity
from .program import Program
from .ssh_stream import is_ssh


class Listener(Protocol):
    """Receiver of the target's answers."""

    def may_start(self) -> None:
        """Raise AnsibleConnectionFailure if jobs were already done, so that no second program may start."""

    def receive(self, received: list[dict[str, Any]]) -> None:
        """Receive some answers."""


class Target:
    """The target, and the program on it that waits for more jobs."""

    def __init__(self, action: ActionBase) -> None:
        self._action = action
        self.connection = action._connection
        self._options = dict(self.connection._options)
        self._play_context = self.connection._play_context
        self.executions = 0  # of programs, so far
        self._program: Program | None = None
        self._identity: Any = None  # of the user and the Python that run it

    @property
    def is_controller(self) -> bool:
        """Whether the target is this machine, where lookups see what modules write."""
        return bool(self.connection.transport == "local")

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Share this connection between all tasks, although an executor closes it when its task ends."""
        self.connection._connect()
        self.connection.close = lambda: None
        become = self.connection.become
        try:
            yield
        finally:
            del self.connection.close
            self.connection.set_become_plugin(become)

    def is_own(self, connection: Any) -> bool:
        """Whether ``connection`` is the batch's, with the same user, port and host."""
        if connection is not self.connection:
            return False
        return all(connection._options.get(name, value) == value for name, value in self._options.items())

    def ask(self, job: Job, message: bytes, listener: Listener, *, secret: bool) -> Mapping[str, Any] | None:
        """Run ``message`` in a Python on the target, as the user and with the interpreter of ``job``.

        Returns None if the program stays, else its ``rc``, ``stdout`` and ``stderr``. Over ssh, ``listener`` receives
        the
        answers while it runs. ``secret`` output is not shown at ``-vvv``. Raises AnsibleError.
        """
        shebang, become = job.module.shebang, job.become
        wanted = shebang, identity(become)
        running, self._program = self._program, None
        if running is None or self._identity != wanted or not running.ask(message):
            if running is not None:
                running.end()
            started = self._start(shebang, become, message, listener)
            if not isinstance(started, Program):
                return started
            running, self._identity = started, wanted
        try:
            last = self._receive(running, listener, secret)
        except BaseException:
            running.end()
            raise
        if last == "stale":  # it runs under a Python that has been replaced
            running.end()
            return self.ask(job, message, listener, secret=secret)
        if running.keeps_input and last:
            self._program = running
            return None
        return running.ended

    @staticmethod
    def _receive(running: Program, listener: Listener, secret: bool) -> str:
        """Pass answers on until the message is done; returns the last answer's name, "" if the program has ended."""
        reader = AnswerReader()
        for piece in running.pieces():
            if secret:
                running.hide_output()
            received = list(reader.read(piece))
            listener.receive(received)
            last = [name for answer in received for name in answer if name in ("end", "missing", "stale")]
            if last and running.keeps_input:
                return last[0]
        return ""

    def end_program(self) -> None:
        """End the waiting program, if there is one."""
        if self._program is not None:
            self._program.end()
            self._program = None

    def _start(
        self, shebang: str, become: Any, message: bytes, listener: Listener
    ) -> Program | Mapping[str, Any]:
        """Start a program; over connections other than ssh, wait for its end and return its output."""
        self.executions += 1
        action, connection = self._action, self.connection
        connection._options, connection._play_context = dict(self._options), copy.copy(self._play_context)
        connection.set_become_plugin(become)
        by_ssh, pipelines = is_ssh(connection), bool(action._is_pipelining_enabled("new"))
        stays = by_ssh and pipelines
        execute = self._pipeline if pipelines else self._transfer
        execution = functools.partial(execute, shebang, program(message, stays=stays), stays)
        if by_ssh:
            return Program(connection, execution, listener.may_start, stays=stays)
        ended = execution(nullcontext())
        listener.receive(list(answers(ended["stdout"])))
        return ended

    def _pipeline(
        self, shebang: str, script: bytes, stays: bool, streaming: AbstractContextManager[None]
    ) -> Mapping[str, Any]:
        command = self.connection._shell.build_module_command("", shebang, "").strip()
        if stays:
            command, script = f"{command} -c {shlex.quote(START)}", with_length(script)
        with streaming:
            ended: Mapping[str, Any] = self._action._low_level_execute_command(command, in_data=script)
        return ended

    def _transfer(
        self, shebang: str, script: bytes, _stays: bool, streaming: AbstractContextManager[None]
    ) -> Mapping[str, Any]:
        action, shell = self._action, self.connection._shell
        action._make_tmp_path()
        folder = shell.tmpdir
        try:
            path = shell.join_path(folder, "batch.py")
            action._transfer_data(path, script)
            action._fixup_perms2((folder, path))
            command = shell.build_module_command("", shebang, path).strip()
            with streaming:
                ended: Mapping[str, Any] = action._low_level_execute_command(command)
            return ended
        finally:
            action._remove_tmp_path(folder, force=True)
