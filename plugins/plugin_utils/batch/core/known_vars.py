# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variables that tasks of a batch have, kept up to date with what tasks set."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Protocol

from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import dependencies
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import versions

MOST = 20  # sets of variables that are kept, each of some tasks
OF_ROLES = ("ansible_role_names", "ansible_play_role_names", "ansible_dependent_role_names", "role_names")


class HasVariables(Protocol):
    """A host of a play."""

    host: Any
    play: Any
    variable_manager: Any


def deciding(task: Task) -> tuple[Any, ...]:
    """What decides which variables ``task`` has on one host of one play."""
    return id(task._role), task.get_vars(), task.get_include_params()


def magic_variables(host: HasVariables, task: Task) -> Mapping[str, Any]:
    """What no task can set."""
    found: Mapping[str, Any] = host.variable_manager._get_magic_variables(
        play=host.play, host=host.host, task=task, include_hostvars=True
    )
    return found


class KnownVars:
    """The variables of tasks, and what decides that these tasks have them."""

    def __init__(self, host: HasVariables, task: Task, variables: dict[str, Any]) -> None:
        self.variables = variables
        self.decides = deciding(task)
        self._host, self._task = host, task

    @functools.cached_property
    def _parameters(self) -> frozenset[str]:
        """What stands above all that a task can set."""
        found = {*magic_variables(self._host, self._task), "environment", *self._task.get_include_params()}
        if self._task._role is not None:
            found |= set(self._task._role.get_role_params(self._task.get_dep_chain()))
        return frozenset(found)

    @functools.cached_property
    def reader(self) -> dependencies.Reader:
        """What follows names through them."""
        return dependencies.Reader(self.variables)

    @functools.cached_property
    def read_to_reach(self) -> frozenset[str]:
        """The names that are read to know how the host is reached."""
        told = [
            value
            for name, value in self.variables.items()
            if name.startswith("ansible_") and isinstance(value, str)
        ]
        return self.reader.names(told)

    def set(self, lasting: Mapping[str, Any], extra: Mapping[str, Any]) -> None:
        """Set what a task has registered or set, but for what stands above it: ``extra`` variables and parameters."""
        told = {name: value for name, value in lasting.items() if name not in self._parameters | extra.keys()}
        self.variables.update(told)
        if isinstance(inner := self.variables.get("vars"), dict):
            inner.update((name, versions.of_vars(value)) for name, value in told.items())
        for found in ("reader", "read_to_reach"):
            vars(self).pop(found, None)
