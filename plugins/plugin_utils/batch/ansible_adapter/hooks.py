# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hooks of one task: it pauses with a job where its action plugin would run a module on the target."""

from __future__ import annotations

import base64
import copy
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase

from ..thread_coroutine import ThreadCoroutine
from .actions import CALCULATING, FILES, ONE_MODULE, WRAPPERS, hook_inner_action, kind_of
from .errors import NotBatchable
from .jobs import Job
from .modules import Module, call_of

if TYPE_CHECKING:
    from .host import Host

# Variables that Python and the dynamic loader read at their start. A fork does not read them again.
READ_AT_START = ("PYTHON", "LD_")
OF_CONNECTION = ("become", "_play_context", "_options")  # attributes that an executor sets on it for a task
LARGEST_FILE = 256 * 1024  # bytes; larger files are transferred the ordinary way, not in a job


class _RunOrdinary(BaseException):
    """The action plugin continues with the connection, without hooks."""


class Hooks:
    """Hooks of one task. ``depends`` says whether a template file's text may read results that are not known yet."""

    def __init__(
        self, host: Host, depends: Callable[[str], bool], coroutine: ThreadCoroutine[Job, Any, Any]
    ) -> None:
        self.host = host
        self._depends = depends
        self._coroutine = coroutine
        self._has_asked = False

    def bind(self, handler: ActionBase) -> None:
        """Hook an action plugin. Raises NotBatchable for one that works on the controller or reaches another target."""
        task, kind = handler._task, kind_of(type(handler))
        if task.async_val or task.delegate_to or task.ignore_unreachable:
            self._refuse()
        elif kind in CALCULATING:
            return
        elif (
            kind not in ONE_MODULE | FILES
            or not self.host.target.is_own(handler._connection)
            or any(name.startswith(READ_AT_START) for name in _environment(handler))
        ):
            self._refuse()
        else:
            if kind in WRAPPERS:
                hook_inner_action(handler, self.bind)
            _HookedAction(self, handler, kind)

    def _refuse(self) -> None:
        """Refuse the task. If it has begun (for example in a loop), its plugin continues without hooks instead."""
        if not self._has_asked:
            raise NotBatchable

    def check_text(self, text: str) -> None:
        """Raise NotBatchable if a template file with ``text`` may read results that are not known yet."""
        if not self._has_asked and self._depends(text):
            raise NotBatchable

    def module(
        self, handler: ActionBase, name: str, args: dict[str, Any], task_vars: dict[str, Any]
    ) -> Module:
        """Pack a module. Refuses one that is not in Python."""
        try:
            return self.host.module(handler, name, args, task_vars)
        except NotBatchable:
            self._refuse()
            raise _RunOrdinary from None

    def ask(
        self, handler: ActionBase, connection: Any, module: Module, wire: dict[str, Any]
    ) -> dict[str, Any]:
        """Pause until the job is done; returns the module's run. Raises _RunOrdinary if it was not done."""
        task = handler._task
        always_fails = task.failed_when and not any(value is not False for value in task.failed_when)
        wire |= {
            "environment": _environment(handler),
            "continue_after_failure": bool(task.ignore_errors) or bool(always_fails),
        }
        kept = {name: getattr(connection, name) for name in OF_CONNECTION}
        self._has_asked = True
        answer = self._coroutine.ask(Job(wire, connection.become, module, secret=bool(task.no_log)))
        if isinstance(answer, AnsibleError):
            raise answer
        if answer is None:
            vars(connection).update(kept)
            raise _RunOrdinary
        run: dict[str, Any] = answer
        return run


def _environment(handler: ActionBase) -> dict[str, str]:
    found: dict[str, Any] = {}
    handler._compute_environment_string(found)
    return {str(name): str(value) for name, value in found.items()}


class _HookedAction:
    """An action plugin whose methods that work on the target are replaced."""

    def __init__(self, hooks: Hooks, handler: ActionBase, kind: str) -> None:
        self._hooks, self._handler = hooks, handler
        self._connection = handler._connection
        self._current: tuple[Module, dict[str, Any]]
        self._files: dict[str, str] = {}  # to be written before the next module runs
        self._execute_module, self._find_needle = handler._execute_module, handler._find_needle
        self._replaced: dict[str, Any] = {
            "_execute_module": self.execute_module,
            "_configure_module": self.configure_module,
            "_low_level_execute_command": self.run_module,
            "_is_pipelining_enabled": lambda *_, **__: True,
            "_early_needs_tmp_path": lambda: False,
        }
        if kind == "template":
            self._replaced["_find_needle"] = self.find_template
        elif kind == "copy":
            self._replaced |= self._of_copy(handler)
        vars(handler).update(self._replaced)

    def _of_copy(self, handler: ActionBase) -> dict[str, Any]:
        """The temporary folder exists only while the job runs that needs it."""
        self._copy_file = handler._copy_file
        connection, shell = copy.copy(self._connection), copy.copy(self._connection._shell)
        connection._shell, shell.tmpdir = shell, f"/tmp/cartable-batch-{secrets.token_hex(16)}"
        return {
            "_connection": connection,
            "_copy_file": self.copy_file,
            "_transfer_file": self.transfer_file,
            "_fixup_perms2": lambda *_, **__: None,
            "_remove_tmp_path": lambda *_, **__: None,
            "_remote_expand_user": self.expand_user,
        }

    def unhook(self) -> None:
        """Let the plugin work with the connection."""
        for name in self._replaced:
            vars(self._handler).pop(name, None)
        self._handler._connection = self._connection
        if self._handler._early_needs_tmp_path() and self._connection._shell.tmpdir is None:
            self._handler._make_tmp_path()

    def execute_module(self, *arguments: Any, **named: Any) -> Any:
        try:
            return self._execute_module(*arguments, **named)
        except _RunOrdinary:
            self.unhook()
            return self._execute_module(*arguments, **named)

    def configure_module(
        self, module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]
    ) -> tuple[Any, str]:
        if module_name == "ansible.legacy.stat" and "_copy_file" in self._replaced:
            module_args |= {"get_mime": False, "get_attributes": False}  # ``copy`` does not read it
        module = self._hooks.module(self._handler, module_name, module_args, task_vars)
        self._current = module, call_of(module, module_args)
        return module.bits, module.path

    def run_module(self, *_: Any, **__: Any) -> dict[str, Any]:
        module, call = self._current
        files, self._files = self._files, {}
        run = self._hooks.ask(self._handler, self._connection, module, {"call": call, "files": files})
        lines = {f"{stream}_lines": run[stream].splitlines() for stream in ("stdout", "stderr")}
        return run | lines

    def find_template(self, folder: str, name: str) -> str:
        path: str = self._find_needle(folder, name)
        text = self._hooks.host.loader.get_text_file_contents(path)
        if text.startswith("#jinja2:") or any(
            option.endswith("_string") for option in self._handler._task.args
        ):
            text = "{{ vars }}"  # with other markers, anything may be read
        self._hooks.check_text(text)
        return path

    def copy_file(self, *arguments: Any, **named: Any) -> Any:
        try:
            return self._copy_file(*arguments, **named)
        except _RunOrdinary:
            self.unhook()
            return self._copy_file(*arguments, **named)

    def transfer_file(self, local: str, remote: str) -> str:
        """Let the next job write the file. Raises _RunOrdinary for a large one, and for one that is not temporary."""
        if Path(local).stat().st_size > LARGEST_FILE or not remote.startswith(
            self._handler._connection._shell.tmpdir
        ):
            raise _RunOrdinary
        self._files[remote] = base64.b64encode(Path(local).read_bytes()).decode()
        return remote

    def expand_user(self, path: str, *arguments: Any, **named: Any) -> str:
        if not str(path).startswith("~"):
            return path
        self._hooks.check_text("{{ vars }}")  # an earlier task may create the user
        self.unhook()
        found: str = self._handler._remote_expand_user(path, *arguments, **named)
        return found
