# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a task file of the role in as few executions on the target as are correct."""

from __future__ import annotations

from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import refusals
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import BatchError, fault
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.engine import Batch
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.memory import keep_small


class ActionModule(ActionBase):
    """The action ``cartable.fleet.batch``; see the module of the same name for its documentation."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the file; the result lists its tasks."""
        super().run(tmp, task_vars)
        keep_small()
        _, args = self.validate_argument_spec(argument_spec={"tasks_from": {"type": "str", "required": True}})
        refusals.check_batch(self._task)
        path = self._find_needle("tasks", args["tasks_from"])
        try:
            return Batch(Host(self, task_vars or {})).run(path)
        except BatchError as error:
            raise fault(error) from error
