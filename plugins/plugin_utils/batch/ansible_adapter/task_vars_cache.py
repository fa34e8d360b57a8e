# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cache of the variables of a batch's tasks, updated with the variables that tasks set."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Protocol

from ansible.playbook.task import Task

from .. import dependencies
from . import versions

MOST = 20  # sets of variables, each of the tasks with the same role, vars and include parameters
OF_ROLES = ("ansible_role_names", "ansible_play_role_names", "ansible_dependent_role_names", "role_names")


class HasVariables(Protocol):
    """The host whose variables they are."""

    host: Any
    play: Any
    variable_manager: Any


def key_of(task: Task) -> tuple[Any, ...]:
    """Key of the variables of ``task``: equal for tasks with the same variables on one host of one play."""
    return id(task._role), task.get_vars(), task.get_include_params()


def magic_variables(host: HasVariables, task: Task) -> Mapping[str, Any]:
    """Variables that no task can set."""
    found: Mapping[str, Any] = host.variable_manager._get_magic_variables(
        play=host.play, host=host.host, task=task, include_hostvars=True
    )
    return found


class TaskVars:
    """Variables of the tasks that have the same ``key``."""

    def __init__(self, host: HasVariables, task: Task, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.key = key_of(task)
        self._host, self._task = host, task

    @functools.cached_property
    def _above(self) -> frozenset[str]:
        """Names that take precedence over any variable that a task sets."""
        found = {*magic_variables(self._host, self._task), "environment", *self._task.get_include_params()}
        if self._task._role is not None:
            found |= set(self._task._role.get_role_params(self._task.get_dep_chain()))
        return frozenset(found)

    @functools.cached_property
    def reader(self) -> dependencies.Reader:
        """Reader of names through these variables."""
        return dependencies.Reader(self.variables)

    @functools.cached_property
    def read_for_connection(self) -> frozenset[str]:
        """Names that are read to connect to the host."""
        return self.reader.names(
            [
                value
                for name, value in self.variables.items()
                if name.startswith("ansible_") and isinstance(value, str)
            ]
        )

    def set(self, lasting: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        """Store variables that a task has set, unless ``extra`` variables or parameters take precedence."""
        found = {name: value for name, value in lasting.items() if name not in self._above | extra.keys()}
        self.variables.update(found)
        if isinstance(inner := self.variables.get("vars"), dict):
            inner.update((name, versions.tagged_for_vars(value)) for name, value in found.items())
        for name in ("reader", "read_for_connection"):
            vars(self).pop(name, None)
