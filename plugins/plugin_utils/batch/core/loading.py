# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Task files and roles, loaded as ``include_tasks`` and a strategy would load them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleError, AnsibleFileNotFound, AnsibleParserError
from ansible.playbook.block import Block
from ansible.playbook.handler import Handler
from ansible.playbook.helpers import load_list_of_blocks
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task
from ansible.playbook.task_include import TaskInclude
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import tasks


def including(batch: Task, path: str) -> TaskInclude:
    """What ``include_tasks`` would be at the batch's place; ``path``: of its file.

    Outside a role, what the file includes is looked for beside it.
    """
    include = TaskInclude(block=batch._parent, role=batch._role)
    include.action = "ansible.builtin.include_tasks"
    include.args = {"_raw_params": batch.args["tasks_from"] if batch._role else path}
    include.vars = batch.vars
    return include


def include_instead(batch: Task, path: str) -> None:
    """Let who is about to run the task of a batch, the play or a batch around it, find the ``include_tasks`` that it stands for.

    ``path``: of its file, for the host that is first. Where its name is a template, the others render it for themselves.
    Raises ValueError where the task has a keyword that would mean something else there, or is a handler; or where the
    name is a template, and an include would look for the file elsewhere.
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


def load(
    path: str, include: TaskInclude, role: Any, play: Any, variable_manager: Any, loader: Any
) -> list[Block]:
    """Load a task file at the place of ``include``. Raises AnsibleError."""
    # Nobody else is given what is read, so that Ansible need not copy it.
    data = loader.load_from_file(path, cache="none", unsafe=True, trusted_as_template=True)
    if data is None:
        return []
    if not isinstance(data, list):
        raise AnsibleError("included task files must contain a list of tasks", obj=data)
    blocks: list[Block] = load_list_of_blocks(
        data,
        play=play,
        parent_block=include.build_parent_block(),
        role=role,
        use_handlers=False,
        variable_manager=variable_manager,
        loader=loader,
    )
    include_inner(blocks)
    return blocks


def include_inner(entries: Sequence[Task | Block]) -> None:
    """Let each batch in what a batch has loaded be a part of it. Raises AnsibleParserError as for a batch by itself."""
    for task in tasks.each(entries):
        if not tasks.is_action(task, tasks.BATCH):
            continue
        name = task.args.get("tasks_from")
        if not isinstance(name, str) or task.args.keys() != {"tasks_from"}:
            raise AnsibleParserError("A batch takes tasks_from, the name of a task file.", obj=task.get_ds())
        try:
            include_instead(task, name if task._role or "{" in name else _as_found(task, name))
        except ValueError as error:
            raise AnsibleParserError(
                f"A batch in a batch is a part of it: {error}.", obj=task.get_ds()
            ) from error


def _as_found(batch: Task, name: str) -> str:
    """Where the file of a batch is, or its name: where it is missing, the include says so when its turn comes."""
    try:
        return place_of(batch, name)
    except AnsibleFileNotFound:
        return name


def place_of(batch: Task, name: str) -> str:
    """Where the file of a batch is. Raises AnsibleFileNotFound."""
    return str(batch.get_loader().path_dwim_relative_stack(batch.get_search_path(), "tasks", name))


@contextmanager
def as_it_was(play: Any, loader: Any) -> Iterator[Callable[[], list[Any]]]:
    """Take out of ``play`` what is loaded meanwhile: roles, which the function tells, handlers, and the content of files."""
    roles, handlers, files = list(play.roles), play.handlers, dict(loader._FILE_CACHE)
    cache = {path: list(found) for path, found in play.role_cache.items()}
    brought: list[Any] = []
    try:
        yield lambda: brought or play.roles[len(roles) :]
    finally:
        brought += play.roles[len(roles) :]
        play.roles[:] = roles
        play.handlers = handlers
        for kept, before in ((play.role_cache, cache), (loader._FILE_CACHE, files)):
            kept.clear()
            kept.update(before)


def load_role(include: IncludeRole, play: Any, variable_manager: Any, loader: Any) -> list[Block]:
    """Load the tasks of an included role. Raises AnsibleError."""
    blocks, handlers = include.get_block_list(play=play, variable_manager=variable_manager, loader=loader)
    if handlers:  # this process is a worker: the play never hears of them
        raise AnsibleParserError(
            f'A batch cannot include the role "{include._role_name}", which has handlers; put it before or after the '
            "batch.",
            obj=include.get_ds(),
        )
    include_inner(blocks)
    return list(blocks)
