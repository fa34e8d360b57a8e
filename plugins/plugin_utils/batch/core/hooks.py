# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where an action plugin would reach for the target, its task is left, with the job that it wants done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.actions import (
    CALCULATING,
    FILES,
    ONE_MODULE,
    WRAPPERS,
    hook_inner_actions,
    kind_of,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.answers import answer_modules
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.copying import copying
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import NotBatchable
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.jobs import Captured, Job
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.modules import Module, call_of
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.turns import Turns

if TYPE_CHECKING:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.executor import InnerExecutor
    from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host

# Variables that Python and the loader look at when they start, and a fork never.
READ_AT_START = ("PYTHON", "LD_")


class Capture:
    """Hooks that end a task where it would run a module, with the job for the target."""

    twice = True  # the task is evaluated again afterwards

    def __init__(self, host: Host, blocked: Callable[[str], bool]) -> None:
        self.host = host
        self.blocked = blocked
        self.jobs: list[Job | None] = []

    def execute(self, executor: InnerExecutor, *arguments: Any, **named: Any) -> Any:
        """Execute the task or the next item of its loop, as far as it goes."""
        self.jobs.append(None)
        try:
            return executor.execute_now(*arguments, **named)
        except Captured as captured:
            self.jobs[-1] = captured.job
            return executor.placeholder()

    def bind(self, handler: ActionBase) -> None:
        """Hook an action plugin, or raise NotBatchable for one that has work of its own on the controller."""
        kind = kind_of(handler)
        if handler._task.async_val or handler._task.delegate_to or handler._task.ignore_unreachable:
            raise NotBatchable
        if kind in CALCULATING:
            return
        if kind not in ONE_MODULE | FILES:
            raise NotBatchable
        if not self.host.target.is_own(handler._connection):
            raise NotBatchable
        if kind in WRAPPERS:
            hook_inner_actions(handler, self.bind)
        self._hook(handler)
        if kind == "template":
            self._hook_template(handler)
        elif kind == "copy":
            self._hook_copy(handler)

    def _hook(self, handler: ActionBase) -> None:
        handler._is_pipelining_enabled = lambda *_, **__: True
        handler._early_needs_tmp_path = lambda: False

        def configure(
            module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]
        ) -> tuple[Any, str]:
            module = self.host.module(handler, module_name, module_args, task_vars)
            if self.twice and handler._discovered_interpreter_key:
                task_vars["ansible_facts"].pop(handler._discovered_interpreter_key)
                raise NotBatchable  # which Python was found, and what was warned of, is for the task's own result to say
            handler.cartable_call = call_of(module, module_name, module_args)
            handler.cartable_module = module
            return module.bits, module.path

        def reach(*arguments: Any, **named: Any) -> Any:
            wire, module = {"kind": "module", "module": handler.cartable_call}, handler.cartable_module
            self.reached(handler, self.job(handler, wire, [module]), [module.name])
            return handler._low_level_execute_command(*arguments, **named)

        handler._configure_module = configure
        handler._low_level_execute_command = reach

    def reached(self, handler: ActionBase, job: Job, configured: list[str]) -> None:
        """The task has come to the point where it would run a module."""
        raise Captured(job)

    def job(self, handler: ActionBase, wire: dict[str, Any], modules: Sequence[Module]) -> Job:
        """Complete a job with what holds for any of them."""
        task = handler._task
        environment: dict[str, Any] = {}
        handler._compute_environment_string(environment)
        if any(str(name).startswith(READ_AT_START) for name in environment):
            raise NotBatchable
        always = task.failed_when and not any(value is not False for value in task.failed_when)
        go_on = bool(task.ignore_errors) or (
            bool(always) and not task.timeout
        )  # which fails whatever failed_when says
        wire |= {
            "environment": {str(name): str(value) for name, value in environment.items()},
            "timeout": task.timeout or 0,
            "go_on_after_failure": go_on,
        }
        return Job(
            wire=wire,
            become=handler._connection.become,
            shebang=modules[0].shebang,
            modules=tuple(modules),
            profile=modules[0].call["profile"],
        )

    def _hook_template(self, handler: ActionBase) -> None:
        find = handler._find_needle

        def find_and_read(folder: str, name: str) -> str:
            path = find(folder, name)
            text = self.host.loader.get_text_file_contents(path)
            if text.startswith("#jinja2:") or any(
                option.endswith("_string") for option in handler._task.args
            ):
                text = "{{ vars }}"  # with other markers, anything may be read
            if self.blocked(text):
                raise NotBatchable
            return path

        handler._find_needle = find_and_read

    def _hook_copy(self, handler: ActionBase) -> None:
        args = handler._task.args
        if args.get("src") and not boolean(args.get("remote_src", False), strict=False):
            try:
                if Path(handler._find_needle("files", args["src"])).is_dir():
                    raise NotBatchable
            except AnsibleError:  # the action itself will say what is wrong with it
                pass

        def expand(path: str, *_: Any, **__: Any) -> str:
            if str(path).startswith("~"):
                raise NotBatchable
            return path

        real = handler._copy_file

        def copy_file(
            source_full: str,
            source_rel: str,
            content: Any,
            content_tempfile: Any,
            dest: str,
            task_vars: Any,
            follow: bool,
        ) -> Any:
            try:
                wire, modules = copying(self.host, handler, source_full, source_rel, dest, task_vars, follow)
                job = self.job(handler, wire, modules)
                self.reached(handler, job, [])
            except BaseException:
                handler._remove_tempfile_if_content_defined(content, content_tempfile)
                raise
            return real(source_full, source_rel, content, content_tempfile, dest, task_vars, follow)

        handler._remote_expand_user = expand
        handler._copy_file = copy_file


class Pause(Capture):
    """Hooks that leave a task where it would run a module, and then answer its modules with what the target has said."""

    twice = False

    def __init__(self, host: Host, blocked: Callable[[str], bool], turns: Turns[Job, Any, Any]) -> None:
        super().__init__(host, blocked)
        self._turns = turns

    def reached(self, handler: ActionBase, job: Job, configured: list[str]) -> None:
        """Wait for the target."""
        told = self._turns.ask(job)
        if isinstance(told, AnsibleError):
            raise told
        answer_modules(self.host, handler, iter(told), configured)
