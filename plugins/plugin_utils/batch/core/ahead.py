# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all hosts of a batch share, made once where the play runs, before it forks for them."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ansible import constants as C
from ansible.errors import AnsibleError
from ansible.module_utils.common.json import Direction, get_module_encoder
from ansible.playbook.task import Task
from ansible.plugins.loader import action_loader, connection_loader, lookup_loader, module_loader
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import dependencies, packed
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import (
    following,
    loading,
    packing,
    tasks,
    versions,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.actions import FILES
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.strategy import at_hand
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.templates import compile_ahead

MODULES_OF_FILES = tuple(f"ansible.legacy.{name}" for name in ("stat", "copy", "file", "slurp"))
MOST_PREPARED = 4  # batches: with the strategy "free", hosts may be at several


@dataclass(frozen=True)
class Prepared:
    """What is the same for all hosts of a batch: its file, loaded, what that includes, and a copy of each task as an
    executor needs it."""

    path: str
    file: following.Included
    included: dict[following.Key, following.Included]  # what its includes name
    copies: dict[str, Task]  # by the task's _uuid

    def holds(self, path: str) -> bool:
        """Whether ``path`` is the file, and has not been changed since."""
        return self.path == path and self.file.is_as_it_was()


PREPARED: dict[str, Prepared] = {}  # by the _uuid of the batch's task


def prepared(batch: Task, path: str) -> Prepared | None:
    """What is prepared of the batch, if that is of this file; given once, since tasks are rendered in place."""
    found = PREPARED.get(batch._uuid)
    return PREPARED.pop(batch._uuid) if found is not None and found.holds(path) else None


def path_of(batch: Task) -> str:
    """The file of a batch; where its name is a template, that of the first host: one that finds another file loads that."""
    name = batch.args["tasks_from"]
    if "{" in name:
        [templar] = at_hand("templar")
        name = templar.template(name)
    return loading.place_of(batch, name)


def forget(batch: Task) -> None:
    """Drop what is prepared for a batch."""
    PREPARED.pop(batch._uuid, None)


def is_ready(batch: Task) -> bool:
    """Whether all is done for the batch: it has come to another group of hosts, or with the strategy "free" to another one."""
    found = PREPARED.get(batch._uuid)
    return found is not None and found.holds(path_of(batch))


def load_ahead(batch: Task) -> list[following.Group]:
    """Load the file of a batch where the play runs, before it forks for the hosts, and what its includes name.

    Its tasks, resolved; those of each include for themselves. It only saves time: whatever is wrong may be raised, since the
    hosts will say so.
    """
    while len(PREPARED) >= MOST_PREPARED:
        del PREPARED[next(iter(PREPARED))]
    path = path_of(batch)
    states, play = {Path(path): following.state_of(Path(path))}, tasks.play_of(batch)
    with loading.as_it_was(play, batch.get_loader()) as brought_roles:
        blocks = loading.load(
            path,
            loading.including(batch, path),
            batch._role,
            play,
            batch.get_variable_manager(),
            batch.get_loader(),
        )
    if brought_roles():
        return []  # the play would have them before a host is there: each host's process loads them for itself
    group = following.Group(list(tasks.each(blocks)), variables())
    found = following.Followed(groups=[group])
    with suppress(LookupError):
        [host] = at_hand("host")
        found = following.follow(group, batch, host)
    copies = {task._uuid: tasks.resolved(task) for one in found.groups for task in one.tasks}
    PREPARED[batch._uuid] = Prepared(path, following.Included(blocks, states), found.included, copies)
    return [
        following.Group([copies[task._uuid] for task in one.tasks], one.variables) for one in found.groups
    ]


def variables() -> Mapping[str, Any]:
    """The variables of the first host, as they are written; none where no strategy is calling."""
    with suppress(LookupError):
        [templar] = at_hand("templar")
        return dict(templar.available_variables)
    return {}


def import_ahead(planned: Sequence[Task], templates: Iterable[str], conditions: Iterable[str]) -> None:
    """Import what each host's process would: the filters and tests of ``templates``, the action plugins of ``planned``.

    And compile the templates and ``conditions``, and unpack the modules that the tasks are likely to run, as far as they are kept.
    """
    # Ansible's own filters are imported together, with the first that is used; the conditions around a batch use some.
    texts = list(dict.fromkeys(["{{ '' | default('') }}{{ '' is defined }}", *templates]))
    compile_ahead(texts, dict.fromkeys(conditions), planned[0].get_loader())
    for direction in (Direction.CONTROLLER_TO_MODULE, Direction.MODULE_TO_CONTROLLER):
        get_module_encoder("legacy", direction)
    if versions.TaskContext is not None and any(task.loop is not None for task in planned):
        # As Ansible does where a loop has no items; where each module is from, Python finds out once.
        inspect.stack()
    connections = dict.fromkeys(task.connection for task in planned)
    for loader, named in (
        (connection_loader, [*connections, *(f"ansible.builtin.{name}" for name in connections)]),
        (lookup_loader, dependencies.lookups(texts)),
    ):
        for name in named:
            with suppress(Exception):  # its documentation is read, which says what its options are
                loader.get(name, class_only=True)
    names = dict.fromkeys((task.action, *(task.collections or ())) for task in planned)
    names |= {("ansible.legacy.normal",): None}
    if any(name.rpartition(".")[2] in FILES for name, *_ in names):
        importlib.import_module("ansible.plugins.action.copy")
        names |= dict.fromkeys((name,) for name in MODULES_OF_FILES)
    for name, *collections in names:
        with suppress(AnsibleError, OSError, packed.NotKept, ValueError, TypeError):
            action_loader.get(name, class_only=True, collection_list=collections)
            found = module_loader.find_plugin_with_context(name, collection_list=collections)
            if found.resolved:
                _unpack_ahead(name, found.plugin_resolved_path)


def _unpack_ahead(name: str, path: str) -> None:
    decides = name, path, C.DEFAULT_MODULE_COMPRESSION
    place = packing.place_of(*decides)
    if place.exists() or packed.bring(packing.packing_of(*decides), place):
        packing.load(str(place))
