# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch leaves to the play and a strategy does not take from its result: the callback of the batch takes it in.

From a failure a strategy takes no notifications and no facts, and before ansible-core 2.21 no registered variables; from a
success, before 2.21, variables of one kind. The callback is called where the strategy is at the result.
"""

from __future__ import annotations

import inspect
from typing import Any

from ansible.executor.play_iterator import IteratingStates
from ansible.utils.display import Display
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import versions
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Brought
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.strategy import at_hand

LEFT = "_ansible_cartable_batch"  # in a result with 2.19 and 2.20; no callback is shown what begins like this
is_taken_in = False  # there is the callback; known before the play forks


def expect() -> None:
    """Let the processes for the hosts know that what they leave is taken in."""
    global is_taken_in
    is_taken_in = True


def left_in_result(brought: Brought, *, failed: bool) -> dict[str, Any]:
    """What belongs into the result for it, where it has no other place (ansible-core 2.19 and 2.20)."""
    if not is_taken_in or versions.TaskContext is not None:
        return {}
    # What a rescue around a failed batch is told of, is the batch.
    lasting = brought.lasting if failed else {**brought.rescued, **brought.lasting}
    return {LEFT: {"facts": brought.facts, "included": brought.included, "lasting": lasting}}


def take_in(*, failed: bool) -> None:
    """Take in what the result has with which the strategy is calling the callbacks."""
    if not failed and versions.TaskContext is not None:
        return  # the strategy has taken all
    strategy, iterator, result = at_hand("self", "iterator", "task_result")
    notified, facts, included, lasting = _left(result)
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


def _left(result: Any) -> tuple[Any, ...]:
    """Names of handlers; facts; variables by include_vars; what was registered, where Ansible has not taken it."""
    if versions.TaskContext is not None:
        layers = result.utr.pending_changes.register_host_variables
        facts = layers.get(versions.VariableLayer.CACHEABLE_FACT, {})
        included = layers.get(versions.VariableLayer.INCLUDE_VARS, {})
        return result.utr.notify or [], dict(facts), dict(included), {}
    data = result._return_data
    left = data.pop(LEFT, {})  # out of what a rescue is told
    variables = (left.get(kind, {}) for kind in ("facts", "included", "lasting"))
    return data.get("_ansible_notify") or [], *variables


def _notify(strategy: Any, iterator: Any, host: Any, name: str) -> None:
    """Notify a handler as a strategy does."""
    found = False
    for handler in strategy.search_handlers_by_notification(name, iterator):
        found = True
        if iterator.get_state_for_host(host.name).run_state != IteratingStates.HANDLERS:
            iterator.add_notification(host.name, name)
            break
        if handler.notify_host(host):
            manager = strategy._tqm  # whose lock is held, since it is calling the callbacks
            inspect.unwrap(type(manager).send_callback)(manager, "v2_playbook_on_notify", handler, host)
    if not found:
        Display().warning(f"The requested handler '{name}', notified in a batch that failed, was not found.")
