# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Host of a batch: its variables and connection in Ansible, and the evaluation of its tasks."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import suppress
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

from ansible import context
from ansible.errors import AnsibleError
from ansible.playbook.block import Block
from ansible.playbook.included_file import IncludedFile
from ansible.playbook.task import Task
from ansible.plugins.action import ActionBase
from ansible.template import Templar

from .. import dependencies
from ..thread_coroutine import ThreadCoroutine
from . import actions, batch_enabled, loading, task_vars_cache, tasks, versions
from .ansible_caches import CACHES
from .errors import Includes, NotBatchable
from .executor import InnerExecutor, calling_executor
from .hooks import Hooks
from .jobs import EvaluatedTask, Job
from .modules import Module, unpack
from .outcome import Outcome
from .parse_cache import PARSED
from .target import Target

OF_THE_PLAY = ("ansible_play_hosts", "ansible_play_batch", "play_hosts", "ansible_play_hosts_all")


class Host:
    """The host for which an action plugin runs a batch."""

    def __init__(self, action: ActionBase, task_vars: dict[str, Any]) -> None:
        self.task: Task = action._task
        self.executor = calling_executor()
        self.host = self.executor._host
        self.variable_manager = self.executor._variable_manager
        self.loader = action._loader
        self.play = tasks.play_of(self.task)
        self.caches = CACHES
        self.parsed = PARSED
        self.target = Target(action)
        self.enabled = batch_enabled.is_enabled(action._templar)
        self.modules: dict[Any, Module] = {}
        # On the command line it also applies to a task with "diff: false" whose module returns a diff anyway.
        self.shows_diffs = bool(context.CLIARGS.get("diff"))
        self._tags = context.CLIARGS.get("tags") or (), context.CLIARGS.get("skip_tags") or ()
        self._base = {key: value for key, value in task_vars.items() if key != "_task"}
        self._cached_vars = [task_vars_cache.TaskVars(self, self.task, self._base)]  # the batch's own first
        signal.alarm(0)  # a timeout of the batch applies to each of its tasks
        signal.signal(signal.SIGALRM, signal.SIG_DFL)

    # Tasks and variables -----------------------------------------------------------------------------------------

    def load(self, path: str) -> list[Block]:
        """Load a task file as ``include_tasks`` would at the batch's place."""
        return loading.load_batch(self.task, path)

    @staticmethod
    def is_include(outcome: Outcome) -> bool:
        """Whether the task is an include."""
        return (
            outcome.task.action in tasks.INCLUDES and not outcome.failed and not outcome.result.get("skipped")
        )

    def included(self, outcome: Outcome) -> list[Block]:
        """Load the files or roles that an include names, each with the variables of its item, as a strategy does."""
        if versions.TaskContext is not None:
            result = versions.HostTaskResult(host=self.host, task=outcome.task, utr=outcome.raw)
        else:
            given = {"host": self.host, "task": outcome.task, "return_data": outcome.raw, "task_fields": {}}
            result = versions._RawTaskResult(**given)
        iterator, blocks = SimpleNamespace(_play=self.play), list[Block]()
        for file in IncludedFile.process_include_results(
            [result], iterator, self.loader, self.variable_manager
        ):
            parent = file._task.copy(exclude_parent=True)
            parent._parent = file._task._parent
            parent.vars = parent.vars | file._vars
            if file._is_role:
                blocks += loading.load_role(parent, self.play, self.variable_manager, self.loader)
                self._update_role_names()
            else:
                known = (self.play, self.variable_manager, self.loader)
                blocks += loading.load(str(file._filename), parent, file._task._role, *known)
        return blocks

    def _update_role_names(self) -> None:
        magic = task_vars_cache.magic_variables(self, self.task)
        for cached in self._cached_vars:
            cached.variables.update((name, magic[name]) for name in task_vars_cache.OF_ROLES if name in magic)

    def rescue(self, outcome: Outcome) -> dict[str, Any]:
        """Set and return the variables with the failed task, for a rescue."""
        failed = {"ansible_failed_task": outcome.task.dump_attrs(), "ansible_failed_result": outcome.result}
        self.variable_manager.set_nonpersistent_facts(self.host.name, failed)
        self._base |= failed
        self._forget_vars()
        return failed

    @property
    def play_goes_on_after_failure(self) -> bool:
        """Whether the play continues with the host after a failed batch: in a rescue around it, or with handlers."""
        entries = [self.task, *tasks.parents(self.task)]
        for inner, outer in pairwise(entries):
            if isinstance(outer, Block) and (outer.rescue or outer.always):
                after = {one._uuid for one in [*outer.rescue, *outer.always]}
                if inner._uuid not in after:
                    return True
        return bool(self.play.force_handlers)

    def is_wanted(self, task: Task) -> bool:
        """Whether ``--tags`` and ``--skip-tags`` let the task run."""
        return bool(task.evaluate_tags(*self._tags, all_vars=self.vars_of(task)))

    def vars_of(self, task: Task) -> dict[str, Any]:
        """The variables of ``task``, not rendered, as a strategy gives them to a worker."""
        return {**self._cached(task).variables, "environment": task.environment}

    def reader_of(self, task: Task) -> dependencies.Reader:
        """Reader of the names in the templates of ``task``."""
        return self._cached(task).reader

    def read_for_connection(self, task: Task) -> frozenset[str]:
        """Names that are read to connect to the host."""
        return self._cached(task).read_for_connection

    def _cached(self, task: Task) -> task_vars_cache.TaskVars:
        key = task_vars_cache.key_of(task)
        cached = next((cached for cached in self._cached_vars if cached.key == key), None)
        if cached is None:
            del self._cached_vars[1 : len(self._cached_vars) - task_vars_cache.MOST]
            found = self.variable_manager.get_vars(play=self.play, host=self.host, task=task)
            found.update((name, self._base[name]) for name in OF_THE_PLAY if name in self._base)
            cached = task_vars_cache.TaskVars(self, task, found)
            self._cached_vars.append(cached)
        return cached

    def remember(self, outcome: Outcome) -> None:
        """Make the variables that a task has registered or set visible to later tasks."""
        lasting = {**outcome.set_facts, **outcome.registered}
        if lasting:
            self.variable_manager.set_nonpersistent_facts(self.host.name, lasting)
        if outcome.facts:
            self.variable_manager.set_host_facts(self.host.name, dict(outcome.facts))
        for name, value in outcome.included.items():
            self.variable_manager.set_host_variable(self.host.name, name, value)
        if outcome.facts or outcome.included:
            self._base |= self.variable_manager.get_vars(play=self.play, host=self.host, task=self.task)
            self._forget_vars()
        elif lasting:
            for cached in self._cached_vars:
                cached.set(lasting, self.variable_manager.extra_vars)

    def _forget_vars(self) -> None:
        self._cached_vars = [task_vars_cache.TaskVars(self, self.task, self._base)]

    # Evaluation --------------------------------------------------------------------------------------------------

    def evaluate(
        self, task: Task, squashed: Task, depends: Callable[[str], bool], forwarder: Any, *, waits: bool
    ) -> EvaluatedTask:
        """Evaluate ``task`` up to its first module; ``squashed`` is a copy of it that is used up.

        ``depends`` says whether a template file's text may read results that are not known yet. Raises
        NotBatchable, and Includes for an include without a loop.
        """
        self._render_name(task)
        squashed.name = task.name
        executor = self._executor(squashed, forwarder)
        coroutine: ThreadCoroutine[Job, Any, Outcome] = ThreadCoroutine(executor.outcome)
        executor.hooks = Hooks(self, depends, coroutine)
        coroutine.start()
        if coroutine.asked is None and self.is_include(coroutine.result()):
            raise NotBatchable if tasks.has_loop(task) else Includes(coroutine.result())
        return EvaluatedTask(task, coroutine, forwarder, waits)

    def run(self, task: Task, forwarder: Any) -> Outcome:
        """Run ``task`` the ordinary way, with its own connection if it needs one."""
        self._render_name(task)
        executor = self._executor(tasks.squashed(task), forwarder)
        if actions.needs_connection(task):
            self.target.end_program()  # the task may switch the target off, or change the conditions of a login
            executor._connection, executor.shares_connection = None, False
        outcome = executor.outcome()
        self.caches.forget_files()
        return outcome

    def _render_name(self, task: Task) -> None:
        """Render the name for the callbacks, before the task begins, as a strategy does."""
        if isinstance(task.name, str) and "{" in task.name:  # YAML's true is a name, too
            with suppress(AnsibleError):  # shown unrendered
                templar = Templar(loader=self.loader, variables=self.vars_of(task))._engine
                task.post_validate_attribute("name", templar=templar)

    def _executor(self, squashed: Task, queue: Any) -> InnerExecutor:
        return InnerExecutor.make(self, squashed, self.vars_of(squashed), queue)

    def module(
        self, action: ActionBase, name: str, args: dict[str, Any], task_vars: dict[str, Any]
    ) -> Module:
        """Pack a module as Ansible does, once; discovers the target's Python if needed. Raises NotBatchable."""
        settings = ("ansible_python_interpreter", "ansible_python_module_rlimit_nofile")
        decides = [action._templar.template(task_vars.get(one)) for one in settings]
        key = (name, *map(str, decides), *(action._task.collections or ()))
        if key not in self.modules:
            hook = vars(action).pop("_low_level_execute_command", None)  # for the interpreter discovery
            try:
                bits, path = ActionBase._configure_module(
                    action, module_name=name, module_args=args, task_vars=task_vars
                )
            finally:
                if hook is not None:
                    action._low_level_execute_command = hook
            self.modules[key] = unpack(name, bits, path)
        return self.modules[key]
