# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Does once, where the play runs, what is the same for all hosts of a batch."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import dependencies, refusals
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core import (
    ahead,
    choice,
    following,
    loading,
    results,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.tasks import read_after, read_before


def prepare(batch: Task) -> None:
    """Do once, where the play runs, what is the same for all hosts of ``batch``: the processes for them find it done.

    A file is left to the play where no host wants its tasks together, or where one is to be done once for all hosts.
    Whatever is wrong may be raised: the hosts say so.
    """
    if choice.none_together(batch):
        _leave_to_play(batch)
        return
    if ahead.is_ready(batch):
        return
    groups = ahead.load_ahead(batch)
    if not any(group.tasks for group in groups):
        return
    if once := refusals.done_once(groups[0].tasks, batch):
        _leave_to_play(batch)
        ahead.forget(batch)
        results.warn(
            f"The tasks of a batch run one by one, since one of them is done once for all hosts, which wait for it: {once}."
        )
        return
    tasks = [task for group in groups for task in group.tasks]
    read = [_read(group) for group in groups]
    templates = chain(following.texts_of_templates(groups), *(templates for templates, _ in read))
    ahead.import_ahead(tasks, templates, chain(*(conditions for _, conditions in read)))


def _read(group: following.Group) -> tuple[Iterator[str], Iterator[str]]:
    """The templates that the tasks read, those behind the first host's variables included; the conditions."""
    values = [read_before(task) for task in group.tasks]
    reader = dependencies.Reader(group.variables)
    behind = reader.templates_behind({name for one in values for name in reader.names(*one)})
    conditions = [[bare for _, bare in values], [read_after(task) for task in group.tasks]]
    return chain(dependencies.templates(values), behind), dependencies.texts(conditions)


def _leave_to_play(batch: Task) -> None:
    refusals.check_batch(batch)
    loading.include_instead(batch, ahead.path_of(batch))
