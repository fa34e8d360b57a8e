# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the next tasks run on the target in one go.

A segment ends before a task that reads what a task of the segment registers, before one that has work on the controller,
before a change of the user, and after one whose success only the controller can tell (``failed_when``, ``changed_when``).
What an include names is planned in its place.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from types import NoneType

from ansible.errors import AnsibleError
from ansible.playbook.block import Block
from ansible.playbook.task import Task
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch import dependencies, refusals
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.errors import Includes, NotBatchable
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.host import Host
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.outcomes import Outcome
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.core.tasks import (
    INCLUDES,
    caches_facts,
    copies_file,
    has_loop,
    projects,
    read_after,
    read_before,
    registers,
)
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.pace import PACE
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.report import Relay, Report
from ansible_collections.cartable.fleet.plugins.plugin_utils.batch.segment import Segment

MOST_JOBS = 500  # of a segment: a loop over thousands of items stays within memory
MOST_BYTES = 16 * 1024 * 1024  # of the files of a segment
MOST_LEFT = 100  # jobs of a segment; from there on no task is left in the middle, which takes a thread


class Planner:
    """Plans the segments of one host."""

    def __init__(self, host: Host, report: Report) -> None:
        self.host = host
        self.report = report

    def wanted(self, tasks: Sequence[Task]) -> Iterator[Task]:
        """The tasks that the tags let run."""
        return (task for task in tasks if self.host.wanted(task))

    def segment(self, tasks: list[Task]) -> Segment:
        """The first of ``tasks``, evaluated as far as they run in one go; none where the first runs the ordinary way.

        An include among them is replaced in ``tasks`` by what it includes.
        """
        segment = Segment()
        while self.host.together and len(segment.planned) < len(tasks):
            task = tasks[len(segment.planned)]
            jobs = segment.jobs
            if len(jobs) >= MOST_JOBS or sum(job.size for job in jobs) >= MOST_BYTES:
                break
            resolved = self.host.resolve(task)
            names = self._names(resolved)
            if self._goes_alone(resolved, names) or self._reads(resolved, names, segment):
                break
            is_left = len(jobs) < MOST_LEFT and self._may_be_left(resolved, segment)
            once = is_left and not has_loop(resolved)
            if not once and dependencies.may_differ(names):
                break  # it would be evaluated twice
            blocked = functools.partial(self._text_reads, task, segment, once=once)
            relay = Relay(self.report, task)
            decided_here = _decided_here(resolved)
            # A lookup that looks further than at variables and files may wait, which is no work here.
            waits = dependencies.WORLD in names
            try:
                with PACE.aside() if waits else nullcontext():
                    taken = self.host.take(task, resolved, blocked, relay, is_left=is_left)
            except Includes as includes:
                found = self._included(includes.outcome)
                if found is None:
                    break
                tasks[len(segment.planned) : len(segment.planned) + 1] = found
                continue
            except NotBatchable:
                break
            if waits:
                taken = dataclasses.replace(taken, finish=PACE.aside()(taken.finish))
            own = [job for job in taken.jobs if job is not None]
            facts = any(job.may_bring_facts for job in own)
            first = [*segment.jobs, *own][:1]
            if not all(job.goes_with(first[0]) for job in own) or (facts and len(taken.jobs) > 1):
                taken.leave()
                break  # another user, of its own items even, or facts that its next item may read
            if taken.failed and segment.planned:
                taken.leave()
                break  # it may go well once the tasks before it have run
            segment.planned.append((taken, relay))
            segment.registers |= registers(task)
            segment.facts |= facts or caches_facts(task)
            if taken.failed or decided_here:
                break
        return segment

    def _reads(self, task: Task, names: frozenset[str], segment: Segment) -> bool:
        """Whether ``task``, which reads ``names``, may read something that the segment has yet to bring."""
        if not segment.planned:
            return False
        if self.host.target.is_controller and (copies_file(task) or task.action in INCLUDES):
            return True  # which a module may have written
        return self._meets(names, segment)

    def _goes_alone(self, task: Task, names: frozenset[str]) -> bool:
        """Whether what the task is, or one item of its loop, may depend on what became of the items before it."""
        if "{{" in task.action or "{%" in task.action:
            return True
        if not has_loop(task):
            return False
        if task.loop_control and (task.loop_control.pause or task.loop_control.break_when):
            return True
        if task.until or task.retries:
            return True
        if self.host.target.is_controller and copies_file(task):
            return True
        looked_at = names | self.host.reader_of(task).names([], read_after(task))
        if dependencies.WORLD in looked_at or (
            dependencies.FILES in looked_at and self.host.target.is_controller
        ):
            return True
        if "_task" in names:
            return True  # which has the results of the items so far
        own = registers(task)
        return bool(own) and not (own | {dependencies.EVERYTHING}).isdisjoint(names)

    def _included(self, outcome: Outcome) -> list[Task] | None:
        """What an include names, in its place; None where it has to run the ordinary way: what is wrong is said there."""
        try:
            blocks = self.host.included(outcome)
            refusals.check(blocks, self.host.task)
        except AnsibleError:
            return None
        found: list[Task] = []
        for entry in flat(blocks):
            if isinstance(entry, Block):
                self.host.not_used()
                return None
            found.append(entry)
        return list(self.wanted(found))

    def _may_be_left(self, task: Task, segment: Segment) -> bool:
        """Whether the task, left where it would run a module, can simply be gone on with.

        Not one that is tried again; nor one whose end reads variables that the tasks before it may bring in the meantime; nor
        one with an alarm, which rings in the main thread only.
        """
        if task.timeout or task.until or task.retries or (has_loop(task) and projects(task)):
            return False
        if not segment.planned or not _decided_here(task):
            return True
        read = self.host.reader_of(task).names([], read_after(task))
        return not (projects(task) or self._meets(read, segment))

    def _names(self, task: Task) -> frozenset[str]:
        """The variables that the task may read before it runs, and what else it may look at."""
        names = self.host.reader_of(task).names(*read_before(task))
        # How the host is reached; what a lookup for it looks at, such as a store of passwords, no task writes.
        names |= self.host.read_to_reach(task) - dependencies.NO_NAMES
        return names | dependencies.read_by_lookup(task.loop_with) if task.loop_with else names

    def _text_reads(self, task: Task, segment: Segment, text: str, *, once: bool) -> bool:
        """Whether the template file with ``text`` may read something that the segment has yet to bring.

        Or is to be rendered a second time (not ``once``), and may be something else then.
        """
        if once and not segment.planned:
            return False
        names = self.host.reader_of(task).template_names(text)
        if not once and dependencies.may_differ(names):
            return True
        return bool(segment.planned) and self._meets(names, segment)

    def _meets(self, read: frozenset[str], segment: Segment) -> bool:
        """Whether something of what is ``read`` is yet to be brought by the segment."""
        if dependencies.WORLD in read or (dependencies.FILES in read and self.host.target.is_controller):
            return True
        if any(name.startswith("ansible_") for name in segment.registers):
            return True  # how the host is reached, or one becomes another user, without any template
        names = read - dependencies.NO_NAMES
        if dependencies.EVERYTHING in names:
            return bool(segment.registers or segment.facts)
        if dependencies.EVERYTHING in segment.registers and names:
            return True
        if segment.facts and names:
            return True  # facts may have any name, and stand above a role's defaults
        return not names.isdisjoint(segment.registers)


def flat(entries: Sequence[Task | Block]) -> Iterator[Task | Block]:
    """Tasks, and the blocks that rescue something; the others only lend their keywords to their tasks."""
    for entry in entries:
        if isinstance(entry, Task) and entry.implicit:
            continue  # "role_complete": which roles have run is counted outside
        if isinstance(entry, Block) and not entry.rescue and not entry.always:
            yield from flat(entry.block)
        else:
            yield entry


def _decided_here(task: Task) -> bool:
    """Whether only the controller can tell if the task has failed, so that nothing may run after it before that."""
    if task.until or task.retries or projects(task):
        return True
    return any(not isinstance(value, (bool, NoneType)) for value in read_after(task))
