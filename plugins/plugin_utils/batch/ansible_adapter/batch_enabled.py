# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The variable ``cartable_batch``: whether the tasks of a batch run together."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.playbook.task import Task
from ansible.template import Templar

from .caller_locals import find_caller_locals

VARIABLE = "cartable_batch"


def is_enabled(templar: Any) -> bool:
    """Whether the host whose variables ``templar`` has runs its tasks together; true unless the variable says otherwise.

    Raises AnsibleError where the variable is not a boolean.
    """
    value = templar.template(templar.available_variables.get(VARIABLE, True))
    try:
        return bool(boolean(value))
    except TypeError as error:
        raise AnsibleError(f"The variable {VARIABLE} is to be true or false, and is {value!r}") from error


def is_disabled_for_all(batch: Task) -> bool:
    """Whether no host of the play runs the tasks together; called while a strategy starts the task of the batch."""
    first, hosts, iterator = find_caller_locals("templar", "hosts_left", "iterator")
    if is_enabled(first):
        return False
    manager, loader = batch.get_variable_manager(), batch.get_loader()
    variables = (manager.get_vars(play=iterator._play, host=host, task=batch) for host in hosts)
    return not any(is_enabled(Templar(loader=loader, variables=one)) for one in variables)
