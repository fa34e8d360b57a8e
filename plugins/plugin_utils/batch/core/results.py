# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible, and the callbacks, are told of the tasks of a batch."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from ansible.errors import AnsibleError, AnsibleFileNotFound
from ansible.playbook.task import Task
from ansible.template import trust_as_template
from ansible.utils.display import Display
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import taking_in, versions
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Brought, Outcome

# What is told of a result that is hidden (ansible-core 2.19 and 2.20).
KEPT = (
    "changed", "failed", "skipped", "attempts", "retries", "exception", "warnings", "deprecations", "_ansible_delegated_vars",
)  # fmt: skip
CENSORED = "the output has been hidden due to the fact that 'no_log: true' was specified for this result"


def warn(text: str) -> None:
    """Show a warning, as one of the batch."""
    Display().warning(text)


class Items:
    """Shows results of tasks to the callbacks, as items of the batch's own ``task``."""

    def __init__(self, host: Any, task: Task) -> None:
        self._host, self._task = host, task
        # The same for all items, but asked for with each. Each says for itself whether it is secret: with no_log around the
        # batch, not even the tasks' names would be shown.
        fields = {**task.dump_attrs(), "no_log": False}
        self._sent = SimpleNamespace(_uuid=task._uuid, dump_attrs=lambda: fields)

    def show(self, event: str, result: Any, label: str, *, hidden: bool) -> None:
        """Show one, an inner task's own or that of an item of its loop; with nothing of its content where it is ``hidden``."""
        queue = Display()._final_q
        if versions.TaskContext is not None:
            item = _censored(result) if hidden else copy.copy(result)
            item.loop_results = None
            item.loop_var, item.loop_item, item.loop_item_label = "item", label, label
            queue.send_callback(event, self._host, self._sent, item)
            return
        unwanted = ("results", result.get("ansible_loop_var"))
        item = {key: value for key, value in result.items() if key not in unwanted}
        item.pop("_ansible_no_log", None)
        if hidden:
            item = {key: item[key] for key in KEPT if key in item} | {"censored": CENSORED}
        item |= {
            "item": label,
            "ansible_loop_var": "item",
            "_ansible_item_label": label,
            "_ansible_item_result": True,
        }
        fields = self._sent.dump_attrs()
        queue.send_callback(
            event,
            versions._RawTaskResult(host=self._host, task=self._task, return_data=item, task_fields=fields),
        )


def _censored(result: Any) -> Any:
    """A result without its content; Ansible would drop the item's label too, which names the task."""
    kept = versions.UnifiedTaskResult.from_action_result_dict(
        {"changed": result.changed, "censored": CENSORED}
    )
    kept.failed, kept.exception = result.failed, result.exception
    kept.skipped, kept.attempts, kept.retries = result.skipped, result.attempts, result.retries
    kept._warnings, kept._deprecations = result._warnings, result._deprecations
    return kept


def hand_back(
    task: Task, brought: Brought, summary: Mapping[str, Any], *, failed: bool = False
) -> dict[str, Any]:
    """Let the play see what the batch registered, set and notified; returns what belongs into the result.

    ``summary`` is the result otherwise, in which nothing is secret.

    After a failure Ansible itself takes only registered variables, and 2.19 and 2.20 not even those: see ``taking_in``.
    """
    own = [] if failed else task.notify or []
    task.notify = list(dict.fromkeys([*own, *brought.notified])) or None
    if versions.TaskContext is not None:
        current = versions.TaskContext.current()
        layers = current.pending_changes.register_host_variables
        for layer, values in (
            (versions.VariableLayer.CACHEABLE_FACT, brought.facts),
            (versions.VariableLayer.INCLUDE_VARS, brought.included),
            (versions.VariableLayer.REGISTER_VARS, {**brought.rescued, **brought.lasting}),
        ):
            if values:
                layers[layer] = dict(values)
        if brought.lasting:
            current.update_task_vars({"cartable_batch_registers": brought.lasting})
            named = {
                name: trust_as_template(f"cartable_batch_registers[{name!r}]") for name in brought.lasting
            }
            task.register = named | (task.register or {})
        return {}
    if failed or taking_in.is_taken_in:
        return taking_in.left_in_result(brought, failed=failed)
    # An older strategy takes variables of one kind from a result: those of set_fact, an item each.
    lasting = {**brought.included, **brought.rescued, **brought.lasting}
    if not (lasting or brought.facts):
        return {}
    task.action = "ansible.builtin.set_fact"
    task.loop = ["batch"]
    items = [{"ansible_facts": lasting}] if lasting else []
    items += (
        [{"ansible_facts": dict(brought.facts), "_ansible_facts_cacheable": True}] if brought.facts else []
    )
    if task.notify:
        items.append({"_ansible_notify": task.notify})
    if not brought.secret:
        return {"results": items}
    # Every callback is given the variables with the result: none of them may be told, but the summary may.
    hidden = [{**item, "_ansible_no_log": True} for item in items]
    return {"_ansible_no_log": True, "results": [*hidden, dict(summary)]}


def item_of_callback(task: Task, arguments: tuple[Any, ...]) -> tuple[Any, str, str, bool]:
    """What an executor says to its queue: the result, the item's label ("" where it is a secret), the task's name, and
    whether nothing of it may be told: before a further attempt only the task knows."""
    if versions.TaskContext is not None:
        _, said_of, result = arguments
        hidden = bool(said_of.no_log or result.no_log)
        return result, _label(result.loop_item_label, hidden), said_of.get_name(), hidden
    [result] = arguments
    data = result._return_data
    hidden = bool(result.task.no_log is True or data.get("_ansible_no_log"))
    return data, _label(data.get("_ansible_item_label"), hidden), task.get_name(), hidden


def _label(label: Any, hidden: bool) -> str:
    return "" if label is None or hidden else str(label)


def of_error(host: Any, task: Task, error: AnsibleError) -> dict[str, Any]:
    """The result that Ansible makes of an error of an action, with the place that it points to."""
    if versions.TaskContext is None:
        return dict(versions.result_dict_from_exception(error))
    with versions.TaskContext.create(task=task, task_vars={}, host_name=host.name):
        return dict(versions.UnifiedTaskResult.create_from_action_exception(error).as_result_dict())


def failure(host: Any, outcome: Outcome, why: AnsibleError) -> Outcome:
    """The outcome of a task that went well, but whose files cannot be included, which no ``ignore_errors`` forgives."""
    outcome.task.ignore_errors = False
    if versions.TaskContext is None:
        if isinstance(why, AnsibleFileNotFound):
            said = AnsibleError(f"Could not find or access '{why.file_name}' on the Ansible Controller.")
            said.__cause__ = why
            why = said
        failed = {**outcome.raw, "failed": True, "reason": str(why)}
        return Outcome(outcome.task, failed, failed, is_told=False)
    with versions.TaskContext.create(task=outcome.task, task_vars={}, host_name=host.name):
        result = versions.UnifiedTaskResult.create_from_action_exception(why)
    return Outcome(outcome.task, result.as_result_dict(), result, is_told=False)
