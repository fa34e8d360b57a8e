# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the includes of a batch name, loaded where the play runs, before it forks for the hosts.

It saves time: an include whose file or role is not found here, or has changed since, is loaded by the host's process. So are
a role that is in no collection, since loading it brings its plugins to the play; one that has dependencies or a template
among its arguments; and a file whose name looks at anything but variables.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ansible.playbook.block import Block
from ansible.playbook.role_include import IncludeRole
from ansible.playbook.task import Task
from ansible.template import Templar
from ansible.utils.collection_loader import AnsibleCollectionRef
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import dependencies
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import loading, tasks

MOST = 50  # includes that are followed: a file may include itself
OF_A_ROLE = ("tasks", "defaults", "vars", "meta")

Key = tuple[Any, ...]


@dataclass(frozen=True)
class Included:
    """What an include names."""

    blocks: list[Block]
    states: Mapping[Path, tuple[int, ...]]  # of the files that were read
    roles: Sequence[Any] = ()  # that the play has then

    def is_as_it_was(self) -> bool:
        """Whether none of them has been changed since."""
        try:
            return all(state_of(path) == state for path, state in self.states.items())
        except OSError:
            return False


@dataclass(frozen=True)
class Group:
    """Tasks of one file or role, and the variables that they have on the first host, as they are written."""

    tasks: list[Task]
    variables: Mapping[str, Any]
    within: frozenset[Any] = frozenset()  # the files and roles around


@dataclass
class Followed:
    """What was found."""

    included: dict[Key, Included] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)


def state_of(path: Path) -> tuple[int, ...]:
    """What differs once a file has been changed. Raises OSError."""
    found = path.stat()
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def key_of_file(include: Task, path: str) -> Key:
    """By what the file of an include is found again."""
    return include._uuid, path


def key_of_role(include: IncludeRole) -> Key:
    """By what the role of an include is found again."""
    return include._uuid, include._role_name, tuple(sorted(include._from_files.items()))


def follow(group: Group, batch: Task, host: Any) -> Followed:
    """Load what the includes among the tasks of ``group`` name on ``host``, and those among what these name."""
    found, waiting, play = Followed(), [group], tasks.play_of(batch)
    while waiting:
        current = waiting.pop(0)
        found.groups.append(current)
        for include in current.tasks:
            if include.action not in tasks.INCLUDES or tasks.has_loop(include) or len(found.included) >= MOST:
                continue
            with suppress(Exception):  # whose process meets it says what is wrong
                key = _key(include, current.variables)
                if key[1:] in current.within:
                    continue
                included = _load(include, key, play)
                inner = list(tasks.each(included.blocks))
                if any(True for task in inner for _ in tasks.role_imports(task, batch)):
                    continue
                found.included[key] = included
                waiting.append(Group(inner, _variables(play, inner, host), current.within | {key[1:]}))
    return found


def _key(include: Task, variables: Mapping[str, Any]) -> Key:
    """What it names. Raises ValueError where that cannot be told without doing more than to look."""
    if isinstance(include, IncludeRole):
        if any(dependencies.templates(include.args)) or not AnsibleCollectionRef.is_valid_fqcr(
            include._role_name
        ):
            raise ValueError("it is not certain which role it is, or it would bring its plugins")
        return key_of_role(include)
    others = {name: value for name, value in include.args.items() if name != "_raw_params"}
    name, reader = include.args["_raw_params"], dependencies.Reader({**variables, **include.vars})
    if any(dependencies.templates(others)) or not dependencies.NO_NAMES.isdisjoint(reader.names([name])):
        raise ValueError("its name is more than variables")
    name = Templar(loader=include.get_loader(), variables={**variables, **include.vars}).template(name)
    return key_of_file(include, _place(include, name))


def _load(include: Task, key: Key, play: Any) -> Included:
    parent: Any = include.copy(exclude_parent=True)
    parent._parent = include._parent
    manager, loader = include.get_variable_manager(), include.get_loader()
    with loading.as_it_was(play, loader) as brought_roles:
        if isinstance(parent, IncludeRole):
            blocks = loading.load_role(parent, play, manager, loader)
            if any(role.get_all_dependencies() for role in brought_roles()):
                raise ValueError("the role has dependencies")
            folders = [Path(parent._role_path, name) for name in OF_A_ROLE]
            files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
        else:
            blocks = loading.load(key[1], parent, include._role, play, manager, loader)
            files = {Path(key[1])}
    files |= {Path(task.get_path().rpartition(":")[0]) for task in tasks.each(blocks) if task.get_ds()}
    return Included(blocks, {path: state_of(path) for path in files}, brought_roles())


def _place(include: Task, name: str) -> str:
    """Where Ansible looks first for the file of an include."""
    loader = include.get_loader()
    if include._role is None:
        return str(Path(include.get_path().rpartition(":")[0]).parent / name)
    return str(loader.path_dwim_relative(include._role._role_path, "tasks", name, is_role=True))


def _variables(play: Any, inner: Sequence[Task], host: Any) -> Mapping[str, Any]:
    if not inner:
        return {}
    found: Mapping[str, Any] = inner[0].get_variable_manager().get_vars(play=play, host=host, task=inner[0])
    return found


def texts_of_templates(groups: Sequence[Group]) -> Iterator[str]:
    """The templates that the roles of some tasks have, and these may render: what is in their folders for them."""
    roles = {
        task._role._role_path: task.get_loader() for group in groups for task in group.tasks if task._role
    }
    for folder, loader in roles.items():
        for path in sorted(Path(folder, "templates").glob("*.j2")):
            with suppress(Exception):
                yield loader.get_text_file_contents(str(path))
