# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refusal, with file and line, of what a batch cannot do, before anything runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.playbook.block import Block
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task

from .ansible_adapter.tasks import BATCH, INCLUDES, META, role_imports

BATCH_NAMES = frozenset({BATCH, BATCH.rpartition(".")[2]})
_KEYWORDS = {
    "run_once": "one host cannot act for the others here; the documentation of the batch says when the play runs the file instead",
    "throttle": "the play counts the hosts",
    "any_errors_fatal": "other hosts cannot be stopped from here",
    "debugger": "a worker has no terminal",
    "delegate_facts": "facts of another host cannot be handed back",
}
_CHANGES_INVENTORY = "it changes the inventory of the play"
# Keys in a result with which an action changes the play.
_RESULTS = {
    **dict.fromkeys(("add_host", "add_group"), _CHANGES_INVENTORY),
    "ansible_stats": "statistics are the play's",
}
# On the batch itself. include_tasks refuses them too, or does not pass them on to the tasks of its file.
_NOT_ON_THE_BATCH = frozenset(
    {
        "async", "become", "become_exe", "become_flags", "become_method", "become_user", "changed_when", "check_mode",
        "connection", "delegate_facts", "delegate_to", "diff", "environment", "failed_when", "ignore_errors",
        "ignore_unreachable", "loop", "module_defaults", "no_log", "port", "remote_user", "retries", "timeout", "until",
    }
)  # fmt: skip


def _named(*names: str) -> list[str]:
    return [prefix + name for prefix in ("", "ansible.builtin.", "ansible.legacy.") for name in names]


_ACTIONS = {
    **dict.fromkeys(META, "it acts on the play"),
    **dict.fromkeys(_named("add_host", "group_by"), _CHANGES_INVENTORY),
    **dict.fromkeys(_named("set_stats"), "statistics are the play's"),
    **dict.fromkeys(_named("pause"), "it is done once for all hosts; wait_for with a timeout waits for one"),
}


def check_batch(batch: Task) -> None:
    """Raise AnsibleParserError for a keyword on the batch itself that belongs on the tasks of its file."""
    given = batch.get_ds() or {}
    if found := _not_on_a_batch(given):
        said = f"A batch takes no {' and no '.join(found)}; put it on the tasks of its file, or on a block around the batch."
        raise AnsibleParserError(said, obj=given)


def _not_on_a_batch(given: Mapping[str, Any]) -> list[str]:
    return sorted(
        key for key in given if isinstance(key, str) and (key in _NOT_ON_THE_BATCH or key.startswith("with_"))
    )


def first_run_once(tasks: Sequence[Task], batch: Task) -> str:
    """File, line and name of the first task with a ``run_once`` that is not inherited from around the batch; else ""."""
    return next((_place(task) for task in tasks if task.run_once and _differs(task, batch, "run_once")), "")


def check(blocks: Sequence[Block], batch: Task) -> None:
    """Raise AnsibleParserError with every task that a batch cannot run.

    Ansible checks keywords inherited from around the ``batch``.
    """
    found = list(dict.fromkeys(sentence for entry in blocks for sentence in _refused(entry, batch)))
    if found:
        said = "A batch cannot run these; put them before or after it, or include the file instead:\n"
        raise AnsibleParserError(said + "\n".join(found))


def check_result(task: Task, result: Mapping[str, Any]) -> None:
    """Raise AnsibleParserError if the ``result`` of ``task`` would change the play (``add_host``, for example)."""
    items = result.get("results")  # of a loop, or a module's own key with this name
    every = [result, *(items if isinstance(items, list) else ())]
    for key, why in _RESULTS.items():
        if any(isinstance(one, Mapping) and one.get(key) for one in every):
            said = f"A batch cannot do this; put it before or after it: {_place(task)}: {why}."
            raise AnsibleParserError(said)


def _refused(entry: Task | Block, batch: Task) -> Iterator[str]:
    if isinstance(entry, Block):
        for inner in [*entry.block, *entry.rescue, *entry.always]:
            yield from _refused(inner, batch)
        return
    for imported in role_imports(entry, batch):
        yield f"{_place(imported)}: import_role: its variables and handlers are the play's; include_role may do."
        return
    if not entry.implicit:
        yield from (f"{_place(entry)}: {reason}." for reason in _reasons(entry, batch))


def _reasons(task: Task, batch: Task) -> Iterator[str]:
    why = next((_ACTIONS[name] for name in (task.action, task.resolved_action) if name in _ACTIONS), None)
    if why is not None:
        yield f"{task.action}: {why}"
    given = task.get_ds() or {}
    if task.action in INCLUDES:
        if not given.keys().isdisjoint(BATCH_NAMES):  # a batch in a batch
            yield from (
                f"{key}: a batch takes none; put it on the tasks of its file"
                for key in _not_on_a_batch(given)
            )
        if task.register:
            yield "register: what an include returns is the play's"
    if isinstance(task, IncludeRole):
        if task.public:
            yield "public: the play does not see the variables of a role that a batch includes"
        if not task.allow_duplicates:
            yield "allow_duplicates: the play counts which roles have run"
    yield from (f"{keyword}: {why}" for keyword, why in _KEYWORDS.items() if _differs(task, batch, keyword))


def _differs(entry: Task, batch: Task, keyword: str) -> bool:
    """Whether the task itself sets the keyword, even if only to override an inherited one."""
    return (getattr(entry, keyword) or None) != (getattr(batch, keyword) or None)


def _place(entry: Task) -> str:
    path, _, line = entry.get_path().rpartition(":")
    return f'{path}, line {line}, "{entry.get_name()}"'
