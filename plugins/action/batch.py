# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a task file of the role in as few executions on the target as are correct."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import cpu_semaphore, support


class ActionModule(ActionBase):
    """The action ``cartable.fleet.batch``; see the module of the same name for its documentation."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_async = False
    cpus = cpu_semaphore.CPUS  # created before the play forks its workers

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Run the file; the result lists its tasks."""
        super().run(tmp, task_vars)
        _, args = self.validate_argument_spec(argument_spec={"tasks_from": {"type": "str", "required": True}})
        if why := support.problem():
            raise AnsibleError(
                f"A batch cannot run here: {why}. Enable the callback cartable.fleet.batch (callbacks_enabled), which "
                "then includes the tasks the ordinary way."
            )
        # Imported late: with another ansible-core this may fail.
        from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import engine, refusals
        from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.ansible_adapter import (
            errors,
            host,
            result_handback,
        )

        result_handback.check_callback()
        refusals.check_batch(self._task)
        path = self._find_needle("tasks", args["tasks_from"])
        try:
            return engine.Batch(host.Host(self, task_vars or {})).run(path)
        except errors.BatchError as error:
            raise errors.as_ansible_error(error) from error
