# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a batch does not do is refused before anything runs, with file and line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.playbook.block import Block
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.tasks import (
    BATCH,
    INCLUDES,
    META,
    role_imports,
)

BATCH_NAMES = frozenset({BATCH, BATCH.rpartition(".")[2]})
_WHY = {
    "run_once": "one host cannot act for the others here; the documentation of the batch says when the play runs the file instead",
    "throttle": "the hosts of a play are counted outside",
    "any_errors_fatal": "other hosts cannot be stopped from here",
    "debugger": "a worker has no terminal",
    "delegate_facts": "facts of another host cannot be handed back",
}
# What the result of an action asks of the play, whatever the action's name.
_ASKED = {
    **dict.fromkeys(("add_host", "add_group"), "it changes the inventory of the play"),
    "ansible_stats": "statistics are the play's",
}
# On the batch itself, where include_tasks refuses them too or does not hand them on to the tasks of its file.
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
    **dict.fromkeys(_named("add_host", "group_by"), "it changes the inventory of the play"),
    **dict.fromkeys(_named("set_stats"), "statistics are the play's"),
    **dict.fromkeys(_named("pause"), "it is done once for all hosts; wait_for with a timeout waits for one"),
}


def check_batch(batch: Task) -> None:
    """Raise AnsibleParserError for a keyword of the batch's own task that its file's tasks would have to have."""
    given = batch.get_ds() or {}
    found = _not_on_a_batch(given)
    if found:
        raise AnsibleParserError(
            f"A batch takes no {' and no '.join(found)}; put it on the tasks of its file, or on a block around the batch.",
            obj=given,
        )


def _not_on_a_batch(given: Mapping[str, Any]) -> list[str]:
    return sorted(
        key for key in given if key in _NOT_ON_THE_BATCH or (isinstance(key, str) and key.startswith("with_"))
    )


def done_once(tasks: Sequence[Task], batch: Task) -> str:
    """The first of ``tasks`` that has ``run_once``, and not from around the batch: its file, line and name. Else ""."""
    return next((_where(task) for task in tasks if task.run_once and _differs(task, batch, "run_once")), "")


def check(blocks: Sequence[Block], batch: Task) -> None:
    """Raise AnsibleParserError that names every task that a batch cannot run.

    What the tasks inherit from around the ``batch`` holds for the batch as a whole, and Ansible sees to it there.
    """
    found = list(dict.fromkeys(sentence for entry in blocks for sentence in _of(entry, batch)))
    if found:
        raise AnsibleParserError(
            "A batch cannot run these; put them before or after it, or include the file instead:\n"
            + "\n".join(found)
        )


def check_done(task: Task, result: Mapping[str, Any]) -> None:
    """Raise AnsibleParserError where the ``result`` of ``task`` asks something of the play, which would not hear of it."""
    items = result.get("results")  # of a loop; or whatever a module calls so
    for one in (
        result,
        *(item for item in (items if isinstance(items, list) else ()) if isinstance(item, Mapping)),
    ):
        for asked, why in _ASKED.items():
            if one.get(asked):
                raise AnsibleParserError(
                    f"A batch cannot do this; put it before or after it: {_where(task)}: {why}."
                )


def _of(entry: Task | Block, batch: Task) -> Iterator[str]:
    if isinstance(entry, Block):
        for part in (entry.block, entry.rescue, entry.always):
            for inner in part:
                yield from _of(inner, batch)
        return
    for imported in role_imports(entry, batch):
        yield f"{_where(imported)}: import_role: its variables and handlers are the play's; include_role may do."
        return
    if entry.implicit:
        return
    for name in (entry.action, entry.resolved_action):
        if name in _ACTIONS:
            yield f"{_where(entry)}: {entry.action}: {_ACTIONS[name]}."
            break
    given = entry.get_ds() or {}
    if entry.action in INCLUDES and not given.keys().isdisjoint(BATCH_NAMES):  # one in a batch is an include
        for key in _not_on_a_batch(given):
            yield f"{_where(entry)}: {key}: a batch takes none; put it on the tasks of its file."
    if entry.register and entry.action in INCLUDES:
        yield f"{_where(entry)}: register: what an include returns is the play's."
    if isinstance(entry, IncludeRole):
        if entry.public:
            yield f"{_where(entry)}: public: the play does not see the variables of a role that a batch includes."
        if not entry.allow_duplicates:
            yield f"{_where(entry)}: allow_duplicates: which roles have run is counted outside."
    for keyword, why in _WHY.items():
        if _differs(entry, batch, keyword):
            yield f"{_where(entry)}: {keyword}: {why}."


def _differs(entry: Task, batch: Task, keyword: str) -> bool:
    """Whether the task has the keyword of its own, be it to take back what it would inherit."""
    return (getattr(entry, keyword) or None) != (getattr(batch, keyword) or None)


def _where(entry: Task) -> str:
    path, _, line = entry.get_path().rpartition(":")
    return f'{path}, line {line}, "{entry.get_name()}"'
