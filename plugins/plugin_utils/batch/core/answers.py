# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An action plugin is gone on with: its modules are answered with what the target has said."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.actions import (
    WRAPPERS,
    hook_inner_actions,
    kind_of,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import BatchError
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.jobs import Job

if TYPE_CHECKING:
    from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.executor import InnerExecutor
    from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host


class Replay:
    """Hooks that answer an action plugin's modules with what the target has said."""

    def __init__(self, host: Host, jobs: Sequence[Job | None]) -> None:
        self.host = host
        self.jobs = list(jobs)
        self.item = -1

    def execute(self, executor: InnerExecutor, *arguments: Any, **named: Any) -> Any:
        """Execute the task or the next item of its loop."""
        self.item += 1
        return executor.execute_now(*arguments, **named)

    def bind(self, handler: ActionBase) -> None:
        """Hook an action plugin where the item has an answer; otherwise, and when it is tried again, it runs as ever."""
        job = self.jobs[self.item] if self.item < len(self.jobs) else None
        if job is None or job.answer is None:
            return
        self.jobs[self.item] = None
        runs = iter(job.answer)
        answer_modules(self.host, handler, runs, [])
        if kind_of(handler) in WRAPPERS:
            hook_inner_actions(handler, lambda inner: answer_modules(self.host, inner, runs, []))


def answer_modules(
    host: Host, handler: ActionBase, runs: Iterator[dict[str, Any]], configured: list[str]
) -> None:
    """Let the modules of an action plugin, ``configured`` or to come, find what the target has said: ``runs``."""

    def configure(
        module_name: str, module_args: dict[str, Any], task_vars: dict[str, Any]
    ) -> tuple[Any, str]:
        configured.append(module_name)
        module = host.module(handler, module_name, module_args, task_vars)
        return module.bits, module.path

    def answer(*_: Any, **__: Any) -> dict[str, Any]:
        run = next(runs, None)
        if run is None or run["module"] != configured[-1]:
            raise BatchError(
                f"{configured[-1]} is wanted, but the target has run {run['module'] if run else 'nothing'}"
            )
        if run["timed_out"]:
            signal.raise_signal(signal.SIGALRM)  # as the executor's own alarm for the keyword timeout
        out, err = run["stdout"], run["stderr"]
        return {
            "rc": run["rc"],
            "stdout": out,
            "stdout_lines": out.splitlines(),
            "stderr": err,
            "stderr_lines": err.splitlines(),
        }

    handler._configure_module = configure
    handler._low_level_execute_command = answer
    handler._is_pipelining_enabled = lambda *_, **__: True
    handler._early_needs_tmp_path = lambda: False
    handler._transfer_file = lambda _, path: path
    handler._fixup_perms2 = lambda *_, **__: None
    handler._remove_tmp_path = lambda *_, **__: None
    handler._remote_expand_user = lambda path, *_, **__: path
    handler._connection = _WithShell(handler._connection, handler._connection._shell)


class _WithShell:
    """A connection whose shell has a temporary folder, which nothing uses: the target had its own."""

    def __init__(self, connection: Any, shell: Any) -> None:
        self.__dict__["_real"] = connection
        self.__dict__["_shell"] = _Shell(shell)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class _Shell:
    tmpdir = "/nonexistent"

    def __init__(self, shell: Any) -> None:
        self._real = shell

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)
