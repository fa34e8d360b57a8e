# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Results of tasks as Ansible and the callbacks get them."""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any

from ansible.errors import AnsibleError, AnsibleFileNotFound
from ansible.playbook.task import Task
from ansible.utils.display import Display

from . import versions
from .outcome import Outcome

# Keys that stay in a hidden result (2.20).
KEPT = (
    "changed", "failed", "skipped", "attempts", "retries", "exception", "warnings", "deprecations", "_ansible_delegated_vars",
)  # fmt: skip
CENSORED = "the output has been hidden due to the fact that 'no_log: true' was specified for this result"


def warn(text: str) -> None:
    """Show a warning of the batch."""
    Display().warning(text)


class Items:
    """Sender of results to the callbacks, as items of the batch's own ``task``."""

    def __init__(self, host: Any, task: Task) -> None:
        self._host, self._task = host, task
        # Each item has its own no_log: with no_log on the batch, not even task names would be shown.
        self._fields = {**task.dump_attrs(), "no_log": False}
        self._shown_task = SimpleNamespace(_uuid=task._uuid, dump_attrs=lambda: self._fields)

    def show(self, event: str, result: Any, label: str, *, hidden: bool) -> None:
        """Show the result of an inner task or of an item of its loop; without its content if it is ``hidden``."""
        queue = Display()._final_q
        if versions.TaskContext is not None:
            item = _censored(result) if hidden else copy.copy(result)
            item.loop_results = None
            item.loop_var, item.loop_item, item.loop_item_label = "item", label, label
            queue.send_callback(event, self._host, self._shown_task, item)
            return
        unwanted = ("results", "_ansible_no_log", result.get("ansible_loop_var"))
        item = {key: value for key, value in result.items() if key not in unwanted}
        if hidden:
            item = {key: item[key] for key in KEPT if key in item} | {"censored": CENSORED}
        of_loop = {"ansible_loop_var": "item", "_ansible_item_label": label, "_ansible_item_result": True}
        given = {"host": self._host, "task": self._task, "task_fields": self._fields}
        queue.send_callback(
            event, versions._RawTaskResult(return_data=item | {"item": label} | of_loop, **given)
        )


def _censored(result: Any) -> Any:
    """A result without its content; Ansible would drop the item's label too, which names the task."""
    kept = versions.UnifiedTaskResult.from_action_result_dict(
        {"changed": result.changed, "censored": CENSORED}
    )
    for name in ("failed", "exception", "skipped", "attempts", "retries", "_warnings", "_deprecations"):
        setattr(kept, name, getattr(result, name))
    return kept


def callback_item(task: Task, arguments: tuple[Any, ...]) -> tuple[Any, str, str, bool]:
    """What an executor sends to its queue: the result, the item's label ("" where it is hidden), the task's name, and
    whether the result is hidden; before a further attempt only the task says so.
    """
    if versions.TaskContext is not None:
        _, sender, result = arguments
        hidden = bool(sender.no_log or result.no_log)
        return result, _label(result.loop_item_label, hidden), sender.get_name(), hidden
    [result] = arguments
    data = result._return_data
    hidden = bool(result.task.no_log is True or data.get("_ansible_no_log"))
    return data, _label(data.get("_ansible_item_label"), hidden), task.get_name(), hidden


def _label(label: Any, hidden: bool) -> str:
    return "" if label is None or hidden else str(label)


def of_error(host: Any, task: Task, error: AnsibleError) -> dict[str, Any]:
    """The result that Ansible makes of an error of an action, with the place of the error."""
    if versions.TaskContext is None:
        return dict(versions.result_dict_from_exception(error))
    with versions.TaskContext.create(task=task, task_vars={}, host_name=host.name):
        return dict(versions.UnifiedTaskResult.create_from_action_exception(error).as_result_dict())


def of_failed_include(host: Any, outcome: Outcome, error: AnsibleError) -> Outcome:
    """The outcome of an include whose files cannot be loaded, which ``ignore_errors`` does not ignore."""
    outcome.task.ignore_errors = False
    if versions.TaskContext is None:
        if isinstance(error, AnsibleFileNotFound):
            said = AnsibleError(f"Could not find or access '{error.file_name}' on the Ansible Controller.")
            said.__cause__ = error
            error = said
        failed = {**outcome.raw, "failed": True, "reason": str(error)}
        return Outcome(outcome.task, failed, failed, sets_failed_task=False)
    with versions.TaskContext.create(task=outcome.task, task_vars={}, host_name=host.name):
        result = versions.UnifiedTaskResult.create_from_action_exception(error)
    return Outcome(outcome.task, result.as_result_dict(), result, sets_failed_task=False)
