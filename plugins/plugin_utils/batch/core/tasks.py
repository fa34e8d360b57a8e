# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be told of a task before it is evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ansible import constants as C
from ansible.playbook.block import Block
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import versions
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.actions import FILES
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import BatchError
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.dependencies import EVERYTHING

BATCH = "cartable.fleet.batch"
META = frozenset(C._ACTION_META)
INCLUDES = frozenset(C._ACTION_ALL_INCLUDE_ROLE_TASKS)
# Attributes that are rendered before a task runs. Not changed_when and failed_when, which come after.
READ_BEFORE = (
    "name", "action", "args", "loop", "loop_control", "environment", "check_mode", "diff", "become", "become_user", "become_method",
    "become_flags", "become_exe", "connection", "remote_user", "delegate_to", "ignore_errors", "ignore_unreachable", "no_log",
    "notify", "timeout", "vars", "module_defaults", "port", "async_val", "poll", "delay", "retries",
)  # fmt: skip


def is_action(task: Task, name: str) -> bool:
    """Whether ``name``, with its collection, is the action of ``task``, however the task names it."""
    # Without the underscore it warns where it is not known yet.
    return name in (task.action, task._resolved_action)


def has_loop(task: Task) -> bool:
    """Whether the task has a loop, ``with_…`` included."""
    return task.loop is not None or bool(task.loop_with)


def registers(task: Task) -> set[str]:
    """The variables that ``task`` registers or sets; EVERYTHING where that cannot be told."""
    named = task.register or ()
    names = {named} if isinstance(named, str) else set(named)
    if task.action in C._ACTION_SET_FACT:
        told = all(name.isidentifier() and not name.startswith("_") for name in task.args)
        names |= set(task.args) if told else {EVERYTHING}
    return names


def caches_facts(task: Task) -> bool:
    """Whether ``set_fact`` sets facts as a module would."""
    return task.action in C._ACTION_SET_FACT and "cacheable" in task.args


def copies_file(task: Task) -> bool:
    """Whether the task brings a file of the controller's to the target."""
    return task.action.rpartition(".")[2] in FILES and "src" in task.args


def projects(task: Task) -> bool:
    """Whether an expression makes what ``task`` registers, and not just its result is kept (ansible-core 2.21)."""
    if versions.TaskContext is None:
        return False
    return any(value != versions.POLYMORPHIC_RESULT_EXPRESSION for value in (task.register or {}).values())


def expressions(task: Task) -> list[Any]:
    """What of ``task`` is an expression without its being in braces: conditions, and the name that ``debug`` shows."""
    bare = {"assert": "that", "debug": "var"}.get(task.action.rpartition(".")[2])
    return [task.when, *([task.args.get(bare)] if bare else [])]


def read_before(task: Task) -> tuple[list[Any], list[Any]]:
    """What of a task is rendered before it runs: values with templates, and bare expressions."""
    loops = task.loop_control
    of_loop = [loops.label, loops.loop_var] if loops else []
    values = [*(getattr(task, name, None) for name in READ_BEFORE), task.get_vars(), *of_loop]
    return values, expressions(task)


def read_after(task: Task) -> list[Any]:
    """What of a task is an expression that is read after it ran."""
    given = [task.failed_when, task.changed_when]
    return [one for value in given for one in (value if isinstance(value, list) else [value])]


def resolved(task: Task) -> Task:
    """A copy of ``task`` that has the keywords of the blocks around it for its own, as an executor needs it."""
    inner = task.copy(exclude_parent=True, exclude_tasks=True)
    inner._parent = task._parent
    inner.squash()
    return inner


def each(entries: Sequence[Task | Block]) -> Iterator[Task]:
    """All tasks, also those of blocks, in their order."""
    for entry in entries:
        if isinstance(entry, Block):
            yield from each([*entry.block, *entry.rescue, *entry.always])
        else:
            yield entry


def parents(entry: Any) -> Iterator[Any]:
    """What is around a task or block, innermost first."""
    while entry._parent is not None:
        entry = entry._parent
        yield entry


def role_imports(task: Task, batch: Task) -> Iterator[IncludeRole]:
    """The ``import_role`` that brought ``task``, innermost first, without those around the ``batch``."""
    around = {parent._uuid for parent in parents(batch)}
    for parent in parents(task):
        if isinstance(parent, IncludeRole) and parent.statically_loaded and parent._uuid not in around:
            yield parent


def play_of(task: Task) -> Any:
    """The play to which ``task`` belongs."""
    for parent in parents(task):
        play = getattr(parent, "_play", None)
        if play is not None:
            return play
    raise BatchError("the task belongs to no play")
