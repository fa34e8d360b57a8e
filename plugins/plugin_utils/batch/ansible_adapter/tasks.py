# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Properties of a task that are known before it is evaluated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from types import NoneType
from typing import Any

from ansible import constants as C
from ansible.playbook.block import Block
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task

from ..dependencies import EVERYTHING
from . import versions
from .actions import FILES
from .errors import BatchError

BATCH = "cartable.fleet.batch"
META = frozenset(C._ACTION_META)
INCLUDES = frozenset(C._ACTION_ALL_INCLUDE_ROLE_TASKS)
# Attributes that are rendered before a task runs; changed_when and failed_when come after.
READ_BEFORE = (
    "name", "action", "args", "loop", "loop_control", "environment", "check_mode", "diff", "become", "become_user", "become_method",
    "become_flags", "become_exe", "connection", "remote_user", "delegate_to", "ignore_errors", "ignore_unreachable", "no_log",
    "notify", "timeout", "vars", "module_defaults", "port", "async_val", "poll", "delay", "retries",
)  # fmt: skip


def is_action(task: Task, name: str) -> bool:
    """Whether ``name``, with its collection, is the action of ``task``, however the task writes it."""
    return name in (
        task.action,
        task._resolved_action,
    )  # the property without underscore warns where it is unset


def has_loop(task: Task) -> bool:
    """Whether the task has a loop, ``with_…`` included."""
    return task.loop is not None or bool(task.loop_with)


def has_more_modules(task: Task) -> bool:
    """Whether the task may run several modules."""
    return has_loop(task) or task.action.rpartition(".")[2] in FILES


def is_retried(task: Task) -> bool:
    """Whether the task may be tried more than once."""
    return bool(task.until or task.retries)


def registers(task: Task) -> set[str]:
    """The variables that ``task`` registers or sets; EVERYTHING where they are unknown."""
    named = task.register or ()
    names = {named} if isinstance(named, str) else set(named)
    if task.action in C._ACTION_SET_FACT:
        known = all(name.isidentifier() and not name.startswith("_") for name in task.args)
        names |= set(task.args) if known else {EVERYTHING}
    return names


def caches_facts(task: Task) -> bool:
    """Whether ``set_fact`` sets facts as a module would."""
    return task.action in C._ACTION_SET_FACT and "cacheable" in task.args


def reads_controller_file(task: Task) -> bool:
    """Whether the task copies or includes a file of the controller."""
    is_copy = task.action.rpartition(".")[2] in FILES and "src" in task.args
    return is_copy or task.action in INCLUDES


def read_before(task: Task) -> tuple[list[Any], list[Any]]:
    """Values with templates, and bare expressions, that are evaluated before the task runs."""
    bare = {"assert": "that", "debug": "var"}.get(task.action.rpartition(".")[2])
    loops = task.loop_control
    of_loop = [loops.label, loops.loop_var] if loops else []
    values = [*(getattr(task, name, None) for name in READ_BEFORE), task.get_vars(), *of_loop]
    return values, [task.when, *([task.args.get(bare)] if bare else [])]


def read_after(task: Task) -> list[Any]:
    """Bare expressions that are evaluated after the task ran and decide whether it failed."""
    found = []
    for value in (task.failed_when, task.changed_when, task.until):
        found += [
            one
            for one in (value if isinstance(value, list) else [value])
            if not isinstance(one, (bool, NoneType))
        ]
    if isinstance(task.register, dict):  # 2.21: register may be an expression
        found += [
            value for value in task.register.values() if value != versions.POLYMORPHIC_RESULT_EXPRESSION
        ]
    return found


def squashed(task: Task) -> Task:
    """A copy of ``task`` with the inherited keywords of its blocks, as an executor needs it."""
    copied = task.copy(exclude_parent=True, exclude_tasks=True)
    copied._parent = task._parent
    copied.squash()
    return copied


def each(entries: Sequence[Task | Block]) -> Iterator[Task]:
    """All tasks in order, including those in blocks."""
    for entry in entries:
        if isinstance(entry, Block):
            yield from each([*entry.block, *entry.rescue, *entry.always])
        else:
            yield entry


def parents(entry: Any) -> Iterator[Any]:
    """The entries around a task or block, innermost first."""
    while entry._parent is not None:
        entry = entry._parent
        yield entry


def role_imports(task: Task, batch: Task) -> Iterator[IncludeRole]:
    """The ``import_role`` around ``task``, innermost first, without those around the ``batch``."""
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
