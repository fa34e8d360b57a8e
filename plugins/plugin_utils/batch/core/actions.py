# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugins: which of Ansible's own they are, and those that run another one."""

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

# By which name a built-in action plugin is imported depends on what was imported before it.
BUILT_IN = frozenset({"ansible.plugins.action", "ansible_collections.ansible.builtin.plugins.action"})
ONE_MODULE = frozenset(
    {"normal", "command", "shell"}
)  # action plugins that run one module and hand its result on
FILES = frozenset({"copy", "template"})
# Action plugins that only calculate: looked at once, they have done nothing, and where they fail is known before.
CALCULATING = frozenset({"assert", "debug", "fail", "set_fact", "validate_argument_spec"})
WRAPPERS = frozenset({"shell", "template"})  # action plugins that run another one, "command" and "copy"


def kind_of(handler: ActionBase) -> str:
    """The name of a built-in action plugin, "" for any other."""
    package, _, name = type(handler).__module__.rpartition(".")
    own = Path(inspect.getfile(type(handler))).parent == Path(inspect.getfile(actions)).parent
    return (
        name if package in BUILT_IN and own else ""
    )  # an action plugin of the user's may be called the same


def reaches_target(task: Task) -> bool:
    """Whether the action of a task wants a connection, be it to another machine; one that is not known does."""
    if task.action in C._ACTION_ALL_INCLUDE_ROLE_TASKS:
        return False
    found = None
    with suppress(AnsibleError):  # the task itself will say so
        found = action_loader.get(task.action, class_only=True, collection_list=task.collections)
    return bool(getattr(found, "_requires_connection", True))


def hook_inner_actions(handler: ActionBase, bind: Callable[[ActionBase], None]) -> None:
    """``template`` renders, then runs the action ``copy``: hook that one as well."""
    real = handler._shared_loader_obj

    class Actions:
        @staticmethod
        def get(*arguments: Any, **named: Any) -> Any:
            inner = real.action_loader.get(*arguments, **named)
            bind(inner)
            return inner

    class Loaders:
        action_loader = Actions
        module_loader = real.module_loader

    handler._shared_loader_obj = Loaders
