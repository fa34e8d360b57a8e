# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Planning of segments: which of the next tasks run together on the target.

A segment ends before a task that reads a variable set in the segment, before one that works on the controller, before a
change of user, after a task of several modules (a loop, a copy), and after one whose success only the controller can
determine (``failed_when``, ``changed_when``). An include is replaced by its tasks.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Sequence
from contextlib import nullcontext

from ansible.errors import AnsibleError
from ansible.playbook.block import Block
from ansible.playbook.task import Task

from . import dependencies, refusals
from .ansible_adapter import actions
from .ansible_adapter import tasks as properties
from .ansible_adapter.errors import Includes, NotBatchable
from .ansible_adapter.host import Host
from .ansible_adapter.jobs import EvaluatedTask
from .ansible_adapter.outcome import Outcome
from .cpu_semaphore import CPUS
from .report import Forwarder, Report
from .segment import Segment

MOST_JOBS = 100  # tasks in a segment, since each has a thread
BATCHABLE = actions.ONE_MODULE | actions.FILES | actions.CALCULATING | {"include"}


class Planner:
    """Planner of one host's segments."""

    def __init__(self, host: Host, report: Report) -> None:
        self.host = host
        self.report = report

    def wanted(self, tasks: Sequence[Task]) -> Iterator[Task]:
        """The tasks that the tags select."""
        return (task for task in tasks if self.host.is_wanted(task))

    def segment(self, tasks: list[Task]) -> Segment:
        """The first of ``tasks`` that run together, evaluated; none if the first one runs the ordinary way.

        An include among them is replaced in ``tasks`` by its tasks.
        """
        segment = Segment()
        while self.host.enabled and len(segment.tasks) < len(tasks):
            task, jobs = tasks[len(segment.tasks)], segment.jobs
            if len(jobs) >= MOST_JOBS:
                break
            squashed = properties.squashed(task)
            names = self._names(squashed)
            if self._runs_ordinary(squashed) or self._depends(squashed, names, segment):
                break
            decided_later = bool(properties.read_after(squashed)) or properties.is_retried(squashed)
            try:
                evaluated = self._evaluate(task, squashed, names, segment)
            except Includes as includes:
                found = self._included(includes.outcome)
                if found is None:
                    break
                tasks[len(segment.tasks) : len(segment.tasks) + 1] = found
                continue
            except NotBatchable:
                break
            job = evaluated.job
            if (job is not None and jobs and not job.goes_with(jobs[0])) or (
                evaluated.failed and segment.tasks
            ):
                evaluated.cancel()  # another user, or an error that the earlier tasks may remove
                break
            segment.tasks.append(evaluated)
            segment.registers |= properties.registers(task)
            segment.facts |= properties.caches_facts(task) or (
                job is not None and job.module.may_return_facts
            )
            if evaluated.failed or decided_later or (job is not None and properties.has_more_modules(task)):
                break
        return segment

    def _evaluate(self, task: Task, squashed: Task, names: frozenset[str], segment: Segment) -> EvaluatedTask:
        # A lookup may wait, as retries and the items of a loop do.
        loop = squashed.loop_control
        waits = bool(
            dependencies.EVERYTHING in names or properties.is_retried(squashed) or (loop and loop.pause)
        )
        depends = functools.partial(self._text_depends, task, segment)
        with CPUS.released() if waits else nullcontext():
            return self.host.evaluate(task, squashed, depends, Forwarder(self.report, task), waits=waits)

    @staticmethod
    def _runs_ordinary(task: Task) -> bool:
        """Whether the task certainly runs the ordinary way, before its evaluation."""
        if (
            "{{" in task.action or "{%" in task.action or task.timeout
        ):  # signal alarms work in the main thread only
            return True
        if task.delegate_to or task.async_val or task.ignore_unreachable:
            return True
        return actions.kind_of_task(task) not in BATCHABLE

    def _included(self, outcome: Outcome) -> list[Task] | None:
        """The tasks of an include; None if it has to run the ordinary way, which reports the error."""
        try:
            blocks = self.host.included(outcome)
            refusals.check(blocks, self.host.task)
        except AnsibleError:
            return None
        found = list(flat(blocks))
        if any(isinstance(entry, Block) for entry in found):
            return None
        return list(self.wanted([entry for entry in found if isinstance(entry, Task)]))

    def _names(self, task: Task) -> frozenset[str]:
        """The variables and files that the task may read before it runs."""
        names = self.host.reader_of(task).names(*properties.read_before(task))
        # No task writes the data of a lookup for the connection, such as a password store.
        names |= self.host.read_for_connection(task) - {dependencies.EVERYTHING}
        is_pure = not task.loop_with or dependencies.is_pure(task.loop_with)
        return names if is_pure else names | {dependencies.EVERYTHING}

    def _depends(self, task: Task, names: frozenset[str], segment: Segment) -> bool:
        """Whether ``task``, which reads ``names`` before it runs, may depend on a task of the segment."""
        if not segment.tasks:
            return False
        if self.host.target.is_controller and properties.reads_controller_file(task):
            return True
        after = self.host.reader_of(task).names([], properties.read_after(task))
        return self._changes(segment, names | after)

    def _text_depends(self, task: Task, segment: Segment, text: str) -> bool:
        """Whether a template file with ``text`` may depend on a task of the segment."""
        return bool(segment.tasks) and self._changes(segment, self.host.reader_of(task).template_names(text))

    @staticmethod
    def _changes(segment: Segment, names: frozenset[str]) -> bool:
        if dependencies.EVERYTHING in names:
            return True
        if any(name.startswith("ansible_") for name in segment.registers):
            return True  # connection and become settings, which need no template
        if names and (segment.facts or dependencies.EVERYTHING in segment.registers):
            return True  # facts may have any name, and take precedence over a role's defaults
        return not names.isdisjoint(segment.registers)


def flat(entries: Sequence[Task | Block]) -> Iterator[Task | Block]:
    """Tasks, and blocks with a rescue; other blocks are replaced by their tasks, which inherit the keywords."""
    for entry in entries:
        if isinstance(entry, Task) and entry.implicit:
            continue  # "role_complete": the play counts which roles have run
        if isinstance(entry, Block) and not entry.rescue and not entry.always:
            yield from flat(entry.block)
        else:
            yield entry
