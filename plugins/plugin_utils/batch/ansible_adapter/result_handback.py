# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hand-back of a batch's effects to the play: variables and notified handlers.

A strategy ignores notifications and facts of a failed result; with 2.20 also its registered variables, and all but one
kind of variables of a success. The callback of the batch, which the strategy calls with the result, hands these back.
"""

from __future__ import annotations

import inspect
from typing import Any

from ansible.errors import AnsibleError
from ansible.executor.play_iterator import IteratingStates
from ansible.playbook.task import Task
from ansible.template import trust_as_template
from ansible.utils.display import Display

from . import versions
from .caller_locals import find_caller_locals
from .outcome import Effects

LEFT = "_ansible_cartable_batch"  # key in a result (2.20); Ansible hides keys with this prefix from callbacks
callback_is_enabled = False  # set before the play forks


def enable_callback() -> None:
    """Tell the worker processes that the callback is enabled."""
    global callback_is_enabled
    callback_is_enabled = True


def check_callback() -> None:
    """Raise AnsibleError if the callback is required and not enabled."""
    if versions.TaskContext is None and not callback_is_enabled:
        raise AnsibleError(
            "With ansible-core 2.20 a batch needs the callback cartable.fleet.batch (callbacks_enabled)."
        )


# In the worker -------------------------------------------------------------------------------------------------------


def hand_back(task: Task, effects: Effects, *, failed: bool = False) -> dict[str, Any]:
    """Store the effects where the strategy finds them, and return those that go into the result."""
    own = [] if failed else task.notify or []
    task.notify = list(dict.fromkeys([*own, *effects.notified])) or None
    if versions.TaskContext is not None:
        _hand_back_in_context(task, effects)
        return {}
    lasting = (
        effects.lasting if failed else {**effects.rescued, **effects.lasting}
    )  # a rescue around it has its own
    return {LEFT: {"facts": effects.facts, "included": effects.included, "lasting": lasting}}


def _hand_back_in_context(task: Task, effects: Effects) -> None:
    current = versions.TaskContext.current()
    layers = current.pending_changes.register_host_variables
    for layer, values in (
        (versions.VariableLayer.CACHEABLE_FACT, effects.facts),
        (versions.VariableLayer.INCLUDE_VARS, effects.included),
        (versions.VariableLayer.REGISTER_VARS, {**effects.rescued, **effects.lasting}),
    ):
        if values:
            layers[layer] = dict(values)
    if effects.lasting:
        current.update_task_vars({"cartable_batch_registers": effects.lasting})
        named = {name: trust_as_template(f"cartable_batch_registers[{name!r}]") for name in effects.lasting}
        task.register = named | (task.register or {})


# In the callback -----------------------------------------------------------------------------------------------------


def take_effects(*, failed: bool) -> None:
    """Apply the effects in a result, except those that the strategy applies itself."""
    if not failed and versions.TaskContext is not None:
        return
    strategy, iterator, result = find_caller_locals("self", "iterator", "task_result")
    notified, facts, included, lasting = _left_in(result)
    variables = strategy._variable_manager
    for host in strategy.get_task_hosts(iterator, result.host, result.task):  # all, with run_once
        if lasting:
            variables.set_nonpersistent_facts(host, dict(lasting))
        if facts:
            variables.set_host_facts(host, dict(facts))
        for name, value in included.items():
            variables.set_host_variable(host, name, value)
    for name in notified if failed else []:
        _notify(strategy, iterator, result.host, name)


def _left_in(result: Any) -> tuple[Any, ...]:
    """Notified handlers, facts, included and registered variables that the strategy does not apply."""
    if versions.TaskContext is not None:
        layers = result.utr.pending_changes.register_host_variables
        facts = layers.get(versions.VariableLayer.CACHEABLE_FACT, {})
        included = layers.get(versions.VariableLayer.INCLUDE_VARS, {})
        return result.utr.notify or [], dict(facts), dict(included), {}
    data = result._return_data
    left = data.pop(LEFT, {})  # a rescue must not see it
    return data.get("_ansible_notify") or [], *(
        left.get(kind, {}) for kind in ("facts", "included", "lasting")
    )


def _notify(strategy: Any, iterator: Any, host: Any, name: str) -> None:
    """Notify a handler as a strategy does."""
    found = False
    for handler in strategy.search_handlers_by_notification(name, iterator):
        found = True
        if iterator.get_state_for_host(host.name).run_state != IteratingStates.HANDLERS:
            iterator.add_notification(host.name, name)
            break
        if handler.notify_host(host):
            manager = strategy._tqm  # the strategy holds the lock of its send_callback
            inspect.unwrap(type(manager).send_callback)(manager, "v2_playbook_on_notify", handler, host)
    if not found:
        Display().warning(f"The requested handler '{name}', notified in a batch that failed, was not found.")
