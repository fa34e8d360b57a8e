# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ansible's own task executor, for one task of a batch."""

from __future__ import annotations

import inspect
from contextvars import Context
from typing import TYPE_CHECKING, Any

from ansible import constants as C
from ansible.executor.task_executor import TaskExecutor
from ansible.playbook.task import Task

from . import versions
from .errors import BatchError
from .outcome import Outcome

if TYPE_CHECKING:
    from .hooks import Hooks
    from .host import Host


class InnerExecutor(TaskExecutor):
    """Executor of one task, with ``hooks`` for its action plugin or without."""

    hooks: Hooks | None = None
    shares_connection = True  # the batch's
    owner: Host
    inner_task: Task
    inner_vars: dict[str, Any]

    @classmethod
    def make(cls, owner: Host, task: Task, task_vars: dict[str, Any], queue: Any) -> InnerExecutor:
        """Create an executor as a worker process does."""
        outer = owner.executor
        common = {
            "host": owner.host,
            "play_context": outer._play_context.copy(),
            "loader": owner.loader,
            "shared_loader_obj": outer._shared_loader_obj,
            "final_q": queue,
            "variable_manager": owner.variable_manager,
        }
        made = cls(task=task, job_vars=task_vars, **common) if versions.TaskContext is None else cls(**common)
        made.owner, made.inner_task, made.inner_vars = owner, task, task_vars
        made._connection = owner.target.connection
        return made

    def outcome(self) -> Outcome:
        """Run the task in its own context, as in a worker, which separates its warnings from the batch's."""
        return Context().run(self._outcome)

    def _outcome(self) -> Outcome:
        if versions.TaskContext is None:
            with versions.OlderContext(self._task):
                return self._outcome_of_dict(self.run())
        with versions.TaskContext.create(
            task=self.inner_task, task_vars=self.inner_vars, host_name=self.owner.host.name
        ):
            result = self.run()
            result.finalize_registered_values()
        self.inner_task.ignore_errors = result.ignore_errors
        self.inner_task.ignore_unreachable = result.ignore_unreachable
        registered = dict(result.registered_values or {})
        found = Outcome(self.inner_task, result.as_result_dict(), result, registered)
        if result.failed or result.unreachable or result.skipped:
            return found  # a strategy takes no more from these
        places = {
            versions.VariableLayer.CACHEABLE_FACT: found.facts,
            versions.VariableLayer.INCLUDE_VARS: found.included,
        }
        for item in result.loop_results if result.loop_results else [result]:
            for layer, variables in sorted(item.pending_changes.register_host_variables.items()):
                places.get(layer, found.set_facts).update(variables)
            if item.notify and result.changed:
                found.notified += item.notify
        return found

    def _outcome_of_dict(self, result: dict[str, Any]) -> Outcome:
        task = self._task
        found = Outcome(task, result, result)
        if task.register:
            clean = versions.strip_internal_keys(versions.module_response_deepcopy(result))
            clean.pop("invocation", None)
            found.registered[task.register] = clean
        if result.get("failed") or result.get("unreachable") or result.get("skipped"):
            return found
        for item in result.get("results", []) if task.loop or task.loop_with else [result]:
            if not isinstance(item, dict):
                continue
            facts = item.get("ansible_facts")
            if facts and task.action not in C._ACTION_DEBUG:
                if task.action in C._ACTION_INCLUDE_VARS:
                    found.included.update(facts)
                elif task.action in C._ACTION_SET_FACT:
                    found.set_facts.update(facts)
                if task.action not in C._ACTION_WITH_CLEAN_FACTS or item.get("_ansible_facts_cacheable"):
                    found.facts.update(facts)
            if item.get("_ansible_notify") and result.get("changed"):
                found.notified += item["_ansible_notify"]
        return found

    def _get_connection(self, variables: Any, templar: Any, name: str) -> Any:
        """The batch's connection, if the task uses it too (ssh never reports that it is connected)."""
        shared = self.owner.target.connection
        same_address = self._play_context.remote_addr == shared._play_context.remote_addr
        if not self.shares_connection or not shared.matches_name([name]) or not same_address:
            return super()._get_connection(variables, templar, name)
        self._play_context.connection = name
        self._set_become_plugin(variables, templar, shared)
        self._play_context.set_attributes_from_plugin(shared)
        return shared

    def _get_action_handler_with_module_context(self, *arguments: Any, **named: Any) -> Any:
        handler, module = super()._get_action_handler_with_module_context(*arguments, **named)
        if self.hooks is not None:
            self.hooks.bind(handler)
        return handler, module


def calling_executor() -> TaskExecutor:
    """The executor that runs the batch's own action; no other object has both the host and the variable manager."""
    frame = inspect.currentframe()
    while frame is not None:
        found = frame.f_locals.get("self")
        if isinstance(found, TaskExecutor):
            return found
        frame = frame.f_back
    raise BatchError("no TaskExecutor has called this action")
