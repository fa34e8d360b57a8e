# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the tasks of a batch are to run together: the variable ``cartable_batch``."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.playbook.task import Task
from ansible.template import Templar
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.strategy import at_hand

VARIABLE = "cartable_batch"


def together(templar: Any) -> bool:
    """Whether a host, whose variables ``templar`` has, wants them together, as it does unless told otherwise.

    Raises AnsibleError where the variable is neither true nor false.
    """
    value = templar.template(templar.available_variables.get(VARIABLE, True))
    try:
        return bool(boolean(value))
    except TypeError as error:
        raise AnsibleError(f"The variable {VARIABLE} is to be true or false, and is {value!r}") from error


def none_together(batch: Task) -> bool:
    """Whether no host of the play wants them together; asked where the play is about to run the task of the batch."""
    first, hosts, iterator = at_hand("templar", "hosts_left", "iterator")
    if together(first):
        return False
    known, loader = batch.get_variable_manager(), batch.get_loader()
    each = (known.get_vars(play=iterator._play, host=host, task=batch) for host in hosts)
    return not any(together(Templar(loader=loader, variables=variables)) for variables in each)
