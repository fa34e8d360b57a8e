# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Built-in action plugins that can run in a batch, and their detection."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.playbook.task import Task
from ansible.plugins import action as actions
from ansible.plugins.action import ActionBase
from ansible.plugins.loader import action_loader

# The package under which a built-in action plugin is imported depends on what was imported before it.
BUILT_IN = frozenset({"ansible.plugins.action", "ansible_collections.ansible.builtin.plugins.action"})
ONE_MODULE = frozenset({"normal", "command", "shell"})  # they run one module and return its result
FILES = frozenset({"copy", "template"})
CALCULATING = frozenset(
    {"assert", "debug", "fail", "set_fact", "validate_argument_spec"}
)  # they run no module
WRAPPERS = frozenset({"shell", "template"})  # they run the action "command" or "copy"


def kind_of(plugin: type[ActionBase]) -> str:
    """The name of a built-in action plugin, "" for any other."""
    package, _, name = plugin.__module__.rpartition(".")
    own = Path(inspect.getfile(plugin)).parent == Path(inspect.getfile(actions)).parent
    return name if package in BUILT_IN and own else ""  # a user's plugin may have the same name


def kind_of_task(task: Task) -> str:
    """The same for the action of a task; an include's is "include"."""
    if task.action in C._ACTION_ALL_INCLUDE_ROLE_TASKS:
        return "include"
    plugin = _plugin_of(task)
    return "normal" if plugin is None else kind_of(plugin)


def needs_connection(task: Task) -> bool:
    """Whether the action of a task needs a connection, perhaps to another machine; true for an unknown action."""
    if task.action in C._ACTION_ALL_INCLUDE_ROLE_TASKS:
        return False
    return bool(getattr(_plugin_of(task), "_requires_connection", True))


def _plugin_of(task: Task) -> Any:
    with suppress(AnsibleError):  # which the task itself will raise
        return action_loader.get(task.action, class_only=True, collection_list=task.collections)
    return None


def hook_inner_action(handler: ActionBase, bind: Callable[[ActionBase], None]) -> None:
    """Call ``bind`` with the action plugin that a wrapper such as ``template`` loads."""
    real = handler._shared_loader_obj

    class ActionLoader:
        @staticmethod
        def get(*arguments: Any, **named: Any) -> Any:
            inner = real.action_loader.get(*arguments, **named)
            bind(inner)
            return inner

    class Loaders:
        action_loader = ActionLoader
        module_loader = real.module_loader

    handler._shared_loader_obj = Loaders
