# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Conversion of a batch into the ``include_tasks`` that does the same, one task after the other.

It uses few internals of ansible-core, because it is the fallback where the batch cannot be used.
"""

from __future__ import annotations

from ansible.playbook.handler import Handler
from ansible.playbook.task import Task
from ansible.playbook.task_include import TaskInclude

from .caller_locals import find_caller_locals


def include_instead(batch: Task, path: str) -> None:
    """Turn the task of a batch into ``include_tasks``, before the play (or a batch around it) runs it.

    ``path``: of its file, for the first host. Where its name is a template, each host renders it.
    Raises ValueError if the task is a handler or has a keyword with another meaning on an include, or if its name is a
    template and an include would search for the file elsewhere.
    """
    taken = TaskInclude.VALID_INCLUDE_KEYWORDS - {"register"}
    others = [key for key in batch.get_ds() or {} if key not in taken and key != batch.action]
    is_template = "{" in batch.args["tasks_from"]
    if others or isinstance(batch, Handler) or (is_template and batch._role is None):
        why = (
            f"it takes no {others}"
            if others
            else "it is a handler, or has a template for a name outside a role"
        )
        raise ValueError(f"include_tasks cannot stand in the place of this batch ({why})")
    include = including(batch, path)
    batch.__class__ = TaskInclude
    batch.action = batch._resolved_action = include.action
    batch.args = include.args if is_template else {"_raw_params": path}
    batch.statically_loaded = False


def including(batch: Task, path: str) -> TaskInclude:
    """The ``include_tasks`` that replaces a batch. Outside a role, it searches files in its folder."""
    include = TaskInclude(block=batch._parent, role=batch._role)
    include.action = "ansible.builtin.include_tasks"
    include.args = {"_raw_params": batch.args["tasks_from"] if batch._role else path}
    include.vars = batch.vars
    return include


def path_of(batch: Task) -> str:
    """The file of a batch; if its name is a template, the file for the first host. Raises AnsibleFileNotFound."""
    name = batch.args["tasks_from"]
    if "{" in name:
        [templar] = find_caller_locals("templar")
        name = templar.template(name)
    return place_of(batch, name)


def place_of(batch: Task, name: str) -> str:
    """Where the file of a batch is. Raises AnsibleFileNotFound."""
    return str(batch.get_loader().path_dwim_relative_stack(batch.get_search_path(), "tasks", name))
