# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Loading of task files and roles, as ``include_tasks`` and a strategy do it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleError, AnsibleFileNotFound, AnsibleParserError
from ansible.playbook.block import Block
from ansible.playbook.helpers import load_list_of_blocks
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task
from ansible.playbook.task_include import TaskInclude

from . import tasks
from .include_instead import include_instead, including, place_of


def load(
    path: str, include: TaskInclude, role: Any, play: Any, variable_manager: Any, loader: Any
) -> list[Block]:
    """Load a task file at the place of ``include``. Raises AnsibleError."""
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


def load_batch(batch: Task, path: str) -> list[Block]:
    """Load the task file of a batch."""
    manager, loader = batch.get_variable_manager(), batch.get_loader()
    return load(path, including(batch, path), batch._role, tasks.play_of(batch), manager, loader)


def load_role(include: IncludeRole, play: Any, variable_manager: Any, loader: Any) -> list[Block]:
    """Load the tasks of an included role. Raises AnsibleError."""
    blocks, handlers = include.get_block_list(play=play, variable_manager=variable_manager, loader=loader)
    if handlers:  # this process is a worker, whose handlers the play does not see
        raise AnsibleParserError(
            f'A batch cannot include the role "{include._role_name}", which has handlers; put it before or after the '
            "batch.",
            obj=include.get_ds(),
        )
    include_inner(blocks)
    return list(blocks)


def include_inner(entries: Sequence[Task | Block]) -> None:
    """Turn each batch among a batch's tasks into an include. Raises AnsibleParserError as for an outer batch."""
    for task in tasks.each(entries):
        if not tasks.is_action(task, tasks.BATCH):
            continue
        name = task.args.get("tasks_from")
        if not isinstance(name, str) or task.args.keys() != {"tasks_from"}:
            raise AnsibleParserError("A batch takes tasks_from, the name of a task file.", obj=task.get_ds())
        try:
            include_instead(task, name if task._role or "{" in name else _found(task, name))
        except ValueError as error:
            said = f"A batch in a batch is a part of it: {error}."
            raise AnsibleParserError(said, obj=task.get_ds()) from error


def _found(batch: Task, name: str) -> str:
    try:
        return place_of(batch, name)
    except AnsibleFileNotFound:  # reported when the include runs
        return name


@contextmanager
def undone(play: Any, loader: Any) -> Iterator[Callable[[], list[Any]]]:
    """Undo, after the block, what loading adds to ``play`` and ``loader``; the function returns the added roles."""
    roles, handlers, files = list(play.roles), play.handlers, dict(loader._FILE_CACHE)
    cache = {path: list(found) for path, found in play.role_cache.items()}
    try:
        yield lambda: play.roles[len(roles) :]
    finally:
        play.roles[:] = roles
        play.handlers = handlers
        for kept, before in ((play.role_cache, cache), (loader._FILE_CACHE, files)):
            kept.clear()
            kept.update(before)
