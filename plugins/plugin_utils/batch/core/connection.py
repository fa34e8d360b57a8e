# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The batch's own connection to the target."""

from __future__ import annotations

import copy
import functools
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any, Protocol

from ansible.plugins.action import ActionBase
from ansible.utils.path import unfrackpath
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import NotBatchable
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.hearing import is_ssh
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.jobs import identity
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.memos import Memos
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.program import Program
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.payload import (
    START,
    Answers,
    answers,
    behind_length,
    program,
)

LOGIN = 5  # seconds: a login that takes longer is left to Ansible, which says what is wrong with it
SOON = 0.5  # seconds: a guess of what most take in a local network
OVER_THE_CONNECTION = ("_low_level_execute_command", "exec_command", "put_file", "fetch_file")


class Asking(Protocol):
    """Who asks something of the target."""

    def may_begin(self) -> None:
        """Raise AnsibleConnectionFailure where a program must not be started, since some of what it is asked was done."""

    def hear(self, told: list[dict[str, Any]]) -> None:
        """Hear some answers."""


class Target:
    """The machine on which the tasks run, as the action plugin of the batch reaches it."""

    def __init__(self, action: ActionBase, memos: Memos) -> None:
        self._action = action
        self._memos = memos
        self.connection = action._connection
        self._options = dict(self.connection._options)
        self._play_context = self.connection._play_context
        self._login: subprocess.Popen[bytes] | None = None
        self.executions = 0  # of programs, so far
        self._program: Program | None = None  # that waits for more
        self._whose: Any = None  # which Python of which user runs it

    @property
    def is_controller(self) -> bool:
        """Whether the target is this machine, where lookups see what modules write."""
        return bool(self.connection.transport == "local")

    @contextmanager
    def shared(self) -> Iterator[None]:
        """Let all inner tasks use the batch's own connection, which an executor closes when its task ends."""
        self.connection._connect()
        self.connection.close = lambda: None
        become = self.connection.become
        with suppress(Exception):  # Ansible's own login will say what is wrong
            self._login = self._log_in_ahead()
        try:
            yield
        finally:
            self.end_login()
            del self.connection.close
            self.connection.set_become_plugin(become)

    def _log_in_ahead(self) -> subprocess.Popen[bytes] | None:
        """Log in by ssh while the first tasks are being evaluated, where the connection is kept for what comes.

        It only saves time: where it fails, Ansible's own login says why. So nobody is asked for anything here.
        """
        connection = self.connection
        if not is_ssh(connection):
            return None
        if connection._play_context.password or any(
            map(connection.get_option, ("password", "pkcs11_provider"))
        ):
            return None
        connection.host = connection.get_option("host") or connection._play_context.remote_addr
        program, quietly = connection.get_option("ssh_executable"), ("-o", "BatchMode=yes")
        command = connection._build_command(program, "ssh", *quietly, connection.host, "true")
        if not connection.control_path:
            return None  # it is not kept, or where the user says
        if Path(connection.control_path % {"directory": unfrackpath(connection.control_path_dir)}).exists():
            return None
        nothing = subprocess.DEVNULL
        return subprocess.Popen(
            command, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
        )

    def login_soon_over(self) -> None:
        """Wait a moment for the login ahead."""
        if self._login is not None:
            with suppress(subprocess.TimeoutExpired):
                self._login.wait(timeout=SOON)

    def end_login(self) -> None:
        """Let the login ahead come to its end; one that takes long is dropped."""
        if self._login is None:
            return
        try:
            self._login.wait(timeout=LOGIN)
        except subprocess.TimeoutExpired:
            self._login.terminate()
            self._login.wait()
        self._login = None

    @contextmanager
    def not_reached(self) -> Iterator[None]:
        """While a task is only looked at, an action plugin that wants to work on the target is not batchable."""

        def refuse(*_: Any, **__: Any) -> Any:
            raise NotBatchable

        vars(self.connection).update(dict.fromkeys(OVER_THE_CONNECTION[1:], refuse))
        try:
            yield
        finally:
            for name in OVER_THE_CONNECTION[1:]:
                vars(self.connection).pop(name, None)

    @contextmanager
    def reached(self, action: ActionBase) -> Iterator[None]:
        """What packs a module may have to find the target's Python, also while a task is only looked at.

        The login ahead goes on meanwhile, unless it does.
        """
        kept = [
            (where, name)
            for where in (vars(action), vars(self.connection))
            for name in OVER_THE_CONNECTION
            if name in where
        ]
        hooks = [(where, name, where.pop(name)) for where, name in kept]
        over = vars(self.connection)
        over.update(
            {name: self._after_login(getattr(self.connection, name)) for name in OVER_THE_CONNECTION[1:]}
        )
        try:
            yield
        finally:
            for name in OVER_THE_CONNECTION[1:]:
                del over[name]
            for where, name, hook in hooks:
                where[name] = hook

    def _after_login(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def wait_and_call(*arguments: Any, **named: Any) -> Any:
            self.end_login()
            return function(*arguments, **named)

        return wait_and_call

    def is_own(self, connection: Any) -> bool:
        """Whether ``connection`` is the batch's, with its settings: not another user, port or host of some task."""
        if connection is not self.connection:
            return False
        return all(connection._options.get(name, value) == value for name, value in self._options.items())

    def ask(
        self, shebang: str, become: Any, message: bytes, asking: Asking, *, secret: bool
    ) -> Mapping[str, Any] | None:
        """Have a Python on the target do what ``message`` asks, as the user that the become plugin says.

        ``asking`` hears the answers, by ssh while the program runs. The program may stay and wait for more; where it has
        ended: ``rc``, ``stdout`` and ``stderr``. What is ``secret`` is not shown with ``-vvv`` either.
        """
        self.end_login()
        if self.is_controller:
            self._memos.forget_files()
        whose = shebang, identity(become)
        running, self._program = self._program, None
        if running is None or self._whose != whose or not running.ask(message):
            if running is not None:
                running.end()
            started = self._start(shebang, become, message, asking)
            if not isinstance(started, Program):
                return started
            running, self._whose = started, whose
        try:
            told = self._heard_of(running, asking, secret)
        except BaseException:
            running.end()
            raise
        if "stale" in told:
            running.end()
            return self.ask(shebang, become, message, asking, secret=secret)
        if running.keeps_input and told:
            self._program = running
            return None
        return running.said

    @staticmethod
    def _heard_of(running: Program, asking: Asking, secret: bool) -> set[str]:
        """Let ``asking`` hear a program until it has done what it was asked; how that is told, nothing where it has ended."""
        heard = Answers()
        for piece in running.pieces():
            if secret:
                running.hide()
            told = list(heard.in_piece(piece))
            asking.hear(told)
            ends = {name for answer in told for name in answer if name in ("end", "missing", "stale")}
            if ends and running.keeps_input:
                return ends
        return set()

    def end_program(self) -> None:
        """Let the program that waits for more end, where there is one."""
        if self._program is not None:
            self._program.end()
            self._program = None

    def _start(
        self, shebang: str, become: Any, message: bytes, asking: Asking
    ) -> Program | Mapping[str, Any]:
        """Start a program, which is heard while it runs; over another connection than ssh, what it has said in the end."""
        self.executions += 1
        action, connection = self._action, self.connection
        connection._options, connection._play_context = dict(self._options), copy.copy(self._play_context)
        connection.set_become_plugin(become)
        by_ssh = is_ssh(connection)
        pipelines = bool(action._is_pipelining_enabled("new"))
        execute = self._pipeline if pipelines else self._transfer
        stays = by_ssh and pipelines
        started = functools.partial(execute, shebang, program(message, stays=stays), stays)
        if by_ssh:
            return Program(connection, started, asking.may_begin, stays=stays)
        said = started(nullcontext())
        asking.hear(list(answers(said["stdout"])))
        return said

    def _pipeline(
        self, shebang: str, script: bytes, stays: bool, hearing: AbstractContextManager[None]
    ) -> Mapping[str, Any]:
        command = self.connection._shell.build_module_command("", shebang, "").strip()
        if stays:
            command, script = f"{command} -c {shlex.quote(START)}", behind_length(script)
        with hearing:
            said: Mapping[str, Any] = self._action._low_level_execute_command(command, in_data=script)
        return said

    def _transfer(
        self, shebang: str, script: bytes, _stays: bool, hearing: AbstractContextManager[None]
    ) -> Mapping[str, Any]:
        action, shell = self._action, self.connection._shell
        action._make_tmp_path()
        folder = shell.tmpdir
        try:
            path = shell.join_path(folder, "batch.py")
            action._transfer_data(path, script)
            action._fixup_perms2((folder, path))
            command = shell.build_module_command("", shebang, path).strip()
            with hearing:
                said: Mapping[str, Any] = action._low_level_execute_command(command)
            return said
        finally:
            action._remove_tmp_path(folder, force=True)
