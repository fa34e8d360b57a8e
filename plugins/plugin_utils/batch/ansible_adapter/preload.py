# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Preloading of plugins, encoders, packed modules, role files and templates, before the play forks its workers.

It only saves time and memory.
"""

from __future__ import annotations

from ansible.module_utils.common.json import Direction, get_module_encoder
from ansible.playbook.task import Task
from ansible.plugins.loader import action_loader, connection_loader
from ansible.template import Templar, trust_as_template

from .. import refusals
from . import actions, batch_enabled, loading, module_cache, results, tasks
from .ansible_caches import CACHES
from .include_instead import include_instead, path_of
from .parse_cache import PARSED

_checked: set[tuple[str, str]] = set()  # the task of a batch and its file
_has_loaded = False


def prepare(batch: Task) -> None:
    """Preload for ``batch``, or let the play run its tasks: if no host enables the batch, or a task has ``run_once``.

    Raises any error; the workers will find the same error again.
    """
    global _has_loaded
    if batch_enabled.is_disabled_for_all(batch):
        leave_to_play(batch)
        return
    path, found = path_of(batch), list[Task]()
    if (batch._uuid, path) not in _checked:
        _checked.add((batch._uuid, path))
        CACHES.forget_files()
        with CACHES.used(), loading.undone(tasks.play_of(batch), batch.get_loader()):
            found = list(tasks.each(loading.load_batch(batch, path)))
            once = refusals.first_run_once(found, batch)
        if once:
            leave_to_play(batch)
            results.warn(
                "The tasks of a batch run one by one, since one of them is done once for all hosts, which wait for it: "
                f"{once}."
            )
            return
    with PARSED.used():
        if not _has_loaded:
            _has_loaded = True
            _load_plugins(batch)
            module_cache.fetch()
        PARSED.fill(found, batch.get_loader())


def leave_to_play(batch: Task) -> None:
    """Let the play include the batch's file. Raises ValueError and AnsibleParserError."""
    refusals.check_batch(batch)
    include_instead(batch, path_of(batch))


def _load_plugins(batch: Task) -> None:
    Templar(loader=batch.get_loader()).template(
        trust_as_template("{{ '' | default('') }}{{ '' is defined }}")
    )
    for direction in (Direction.CONTROLLER_TO_MODULE, Direction.MODULE_TO_CONTROLLER):
        get_module_encoder("legacy", direction)
    connection_loader.get(batch.connection, class_only=True)
    for kind in actions.ONE_MODULE | actions.FILES | actions.CALCULATING:
        action_loader.get(f"ansible.legacy.{kind}", class_only=True)
